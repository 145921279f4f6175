/*
 * condition_io.c: text and binary forms of the states that hold conditions.
 *
 * A funnel or a sequence: {"rule": "exact", "within": 604800000000, "conditions": 3,
 * "rows": [["2026-01-05 10:30:00+00", 5], ...]} with the mode or the pattern as the
 * rule, the window in microseconds (null of a sequence), and each row's conditions as a
 * binary number.  sequence_next_node(): {"rule": "forward head", "conditions": 2,
 * "rows": [["2026-01-05 10:30:00+00", "node", 5], ...]}; base_condition is bit 31.
 */
#include "postgres.h"

#include "core/funnel.h"
#include "journey/condition.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/json.h"

PG_FUNCTION_INFO_V1(cv_condition_log_in);
PG_FUNCTION_INFO_V1(cv_condition_log_out);
PG_FUNCTION_INFO_V1(cv_condition_log_recv);
PG_FUNCTION_INFO_V1(cv_condition_log_send);
PG_FUNCTION_INFO_V1(cv_node_log_in);
PG_FUNCTION_INFO_V1(cv_node_log_out);
PG_FUNCTION_INFO_V1(cv_node_log_recv);
PG_FUNCTION_INFO_V1(cv_node_log_send);

static bool
is_node(const char *type)
{
	return type == cv_node_log_type;
}

/*
 * Gives a log that has been read its rule, and checks it and all rows as a transition
 * would; what is wrong is an error of the rule's.  Returns the stored form.
 */
static const cv_condition_log *
finish(cv_condition_log *log, const char *type, const char *rule, int64 within, int64 conditions,
	   bool binary)
{
	int32 length = (int32) strlen(rule);
	const char *detail = NULL;
	bool may_meet_nothing = is_node(type);
	uint32 known = UINT32_C(0xffffffff);
	int32 i;

	if (conditions >= 1 && conditions < CV_FUNNEL_STEPS)
		known >>= CV_FUNNEL_STEPS - conditions;
	if (conditions < 1 || conditions > (is_node(type) ? 31 : CV_FUNNEL_STEPS))
		detail = "The number of conditions is out of range.";
	else if (!is_node(type) && within < 0 && within != CV_WITHIN_SEQUENCE)
		detail = "The window is negative.";
	else if (is_node(type))
	{
		const char *space = strchr(rule, ' ');

		if (space == NULL)
			space = rule + length;
		within = cv_read_node_rule(rule, (int32) (space - rule), *space ? space + 1 : space,
								   (int32) strlen(*space ? space + 1 : space));
	}
	else if (within == CV_WITHIN_SEQUENCE)
		cv_check_pattern(rule, length, (int) conditions);
	else
	{
		int modes = cv_read_modes(rule, length);

		may_meet_nothing = (modes & CV_FUNNEL_STRICT_ORDER) != 0;
		conditions |= (int64) modes << 8;
	}
	log->parameter[CV_CONDITION_WITHIN] = within;
	log->parameter[CV_CONDITION_SETUP] = conditions;
	for (i = 0; detail == NULL && i < log->count; i++)
	{
		uint32 bits = cv_journey_entries(log)[i].conditions;

		if ((bits & ~(known | (is_node(type) ? CV_NODE_IS_BASE : 0))) != 0)
			detail = "A row meets conditions that there are not.";
		else if (bits == 0 && !may_meet_nothing)
			detail = "A row meets no condition.";
	}
	if (detail && binary)
		cv_corrupt_binary(type, detail);
	if (detail)
		cv_malformed(type, "%s", detail);
	if (!is_node(type))
		log = cv_condition_rule(log, rule, length);
	return cv_journey_sorted(log, type);
}

/* ---- text ---- */

typedef struct condition_reader
{
	cv_condition_log *log;
	TimestampTz at;
	char *node;
	char *rule;
	int64 within;
	int64 conditions;
} condition_reader;

static void
read_parameter(cv_json *json, char *token, JsonTokenType kind)
{
	condition_reader *reader = json->context;

	if (strcmp(json->key, "rule") == 0)
	{
		if (kind != JSON_TOKEN_STRING)
			cv_malformed(json->type, "The rule must be a text.");
		reader->rule = pstrdup(token);
	}
	else if (strcmp(json->key, "conditions") == 0)
		reader->conditions = cv_json_integer(json, token, kind);
	else if (kind == JSON_TOKEN_NULL)
		reader->within = CV_WITHIN_SEQUENCE;
	else
	{
		reader->within = cv_json_integer(json, token, kind);
		if (reader->within < 0)
			cv_malformed(json->type, "The window is negative.");
	}
}

static void
read_scalar(cv_json *json, char *token, JsonTokenType kind)
{
	condition_reader *reader = json->context;
	int place = json->index[json->depth];
	int64 bits;

	if (json->depth == 1)
		read_parameter(json, token, kind);
	else if (place == 0)
		reader->at = cv_read_instant(json, token, kind);
	else if (place + 1 < json->width)
	{
		if (kind != JSON_TOKEN_STRING)
			cv_malformed(json->type, "The name of a node was expected, not \"%s\".",
						 token ? token : "null");
		if (reader->node)
			pfree(reader->node);
		reader->node = pstrdup(token);
	}
	else
	{
		bits = cv_json_integer(json, token, kind);
		if (bits < 0 || bits > PG_UINT32_MAX)
			cv_malformed(json->type, "\"%s\" is no set of conditions.", token);
		if (json->width == 2)
			reader->log = cv_condition_add(reader->log, json->type, reader->at, (uint32) bits);
		else
			reader->log = cv_journey_add(reader->log, json->type, reader->node,
										 (int32) strlen(reader->node), reader->at, (uint32) bits);
	}
}

static Datum
log_in(FunctionCallInfo fcinfo, const char *type)
{
	condition_reader reader = { 0 };
	cv_json json = { 0 };

	reader.log = cv_condition_new(type, 0, 1);
	json.type = type;
	json.shape = "{[[";
	json.keys[0] = "rows";
	json.keys[1] = "rule";
	json.keys[2] = "conditions";
	if (is_node(type))
	{
		json.form = "{\"rule\": text, \"conditions\": number, \"rows\": [[instant, node, "
					"number], ...]}";
		json.width = 3;
	}
	else
	{
		json.form = "{\"rule\": text, \"within\": number, \"conditions\": number, \"rows\": "
					"[[instant, number], ...]}";
		json.width = 2;
		json.keys[3] = "within";
	}
	json.scalar = read_scalar;
	json.context = &reader;
	cv_json_read(&json, PG_GETARG_CSTRING(0));
	PG_RETURN_POINTER(
		finish(reader.log, type, reader.rule, reader.within, reader.conditions, false));
}

static char *
rule_of(const cv_condition_log *log, const char *type)
{
	int rule = (int) log->parameter[CV_CONDITION_WITHIN];
	int32 length;
	const char *text;

	if (is_node(type))
		return psprintf("%s %s", cv_node_direction(rule), cv_node_base(rule));
	text = cv_named_text(log, 0, &length);
	return pnstrdup(text, length);
}

static Datum
log_out(FunctionCallInfo fcinfo, const char *type)
{
	const cv_condition_log *log = cv_journey_sorted(cv_condition_log_arg(fcinfo, 0, type), type);
	const cv_journey_entry *entry = cv_journey_entries(log);
	StringInfoData text;
	int32 i;

	initStringInfo(&text);
	appendStringInfoString(&text, "{\"rule\": ");
	escape_json(&text, rule_of(log, type));
	if (!is_node(type) && log->parameter[CV_CONDITION_WITHIN] == CV_WITHIN_SEQUENCE)
		appendStringInfoString(&text, ", \"within\": null");
	else if (!is_node(type))
		appendStringInfo(&text, ", \"within\": %lld",
						 (long long) log->parameter[CV_CONDITION_WITHIN]);
	appendStringInfo(&text, ", \"conditions\": %d, \"rows\": [", cv_condition_count(log));
	for (i = 0; i < log->count; i++)
	{
		appendStringInfoString(&text, i > 0 ? ", [" : "[");
		cv_append_instant(&text, entry[i].at);
		if (is_node(type))
		{
			appendStringInfoString(&text, ", ");
			cv_append_name(&text, log, entry[i].stage);
		}
		appendStringInfo(&text, ", %u]", entry[i].conditions);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoString(&text, "]}");
	PG_RETURN_CSTRING(text.data);
}

/* ---- binary: rule, window, conditions, nodes, rows ---- */

static Datum
log_receive(FunctionCallInfo fcinfo, const char *type)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	cv_condition_log *log = cv_condition_new(type, 0, 1);
	int32 *node = NULL;
	int64 nodes = 0;
	int64 within;
	int64 conditions;
	int64 count;
	int64 i;
	char *rule;
	int length;

	cv_receive_begin(buffer, type, 0);
	length = (int) pq_getmsgint(buffer, 4);
	if (length < 0 || length > buffer->len - buffer->cursor)
		cv_corrupt_binary(type, "The rule does not fit the length.");
	rule = pq_getmsgtext(buffer, length, &length);
	if ((int) strlen(rule) != length)
		cv_corrupt_binary(type, "The rule has a zero byte.");
	within = pq_getmsgint64(buffer);
	conditions = pq_getmsgint64(buffer);
	if (is_node(type))
		node = cv_receive_names(buffer, &log, CV_JOURNEY_ENTRY, type, &nodes);
	count = cv_receive_count(buffer, type, is_node(type) ? 16 : 12);
	log = cv_named_room(log, CV_JOURNEY_ENTRY, type, count);
	for (i = 0; i < count; i++)
	{
		TimestampTz at = cv_receive_instant(buffer, type);
		cv_journey_entry *entry;
		uint32 number = 0;

		if (is_node(type))
		{
			number = pq_getmsgint(buffer, 4);
			if (number >= nodes)
				cv_corrupt_binary(type, "A node is out of range.");
		}
		log = cv_condition_add(log, type, at, pq_getmsgint(buffer, 4));
		entry = (cv_journey_entry *) cv_named_entries(log) + i;
		entry->stage = node ? node[number] : 0;
	}
	PG_RETURN_POINTER(finish(log, type, rule, within, conditions, true));
}

static Datum
log_send(FunctionCallInfo fcinfo, const char *type)
{
	const cv_condition_log *log = cv_journey_sorted(cv_condition_log_arg(fcinfo, 0, type), type);
	const cv_journey_entry *entry = cv_journey_entries(log);
	const char *rule = rule_of(log, type);
	StringInfoData buffer;
	int32 i;

	cv_send_begin(&buffer, 0);
	cv_send_counted_text(&buffer, rule, (int) strlen(rule));
	pq_sendint64(&buffer, is_node(type) ? 0 : log->parameter[CV_CONDITION_WITHIN]);
	pq_sendint64(&buffer, cv_condition_count(log));
	if (is_node(type))
		cv_send_names(&buffer, log);
	pq_sendint64(&buffer, log->count);
	for (i = 0; i < log->count; i++)
	{
		pq_sendint64(&buffer, entry[i].at);
		if (is_node(type))
			pq_sendint32(&buffer, entry[i].stage);
		pq_sendint32(&buffer, entry[i].conditions);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

Datum
cv_condition_log_in(PG_FUNCTION_ARGS)
{
	return log_in(fcinfo, cv_condition_log_type);
}

Datum
cv_condition_log_out(PG_FUNCTION_ARGS)
{
	return log_out(fcinfo, cv_condition_log_type);
}

Datum
cv_condition_log_recv(PG_FUNCTION_ARGS)
{
	return log_receive(fcinfo, cv_condition_log_type);
}

Datum
cv_condition_log_send(PG_FUNCTION_ARGS)
{
	return log_send(fcinfo, cv_condition_log_type);
}

Datum
cv_node_log_in(PG_FUNCTION_ARGS)
{
	return log_in(fcinfo, cv_node_log_type);
}

Datum
cv_node_log_out(PG_FUNCTION_ARGS)
{
	return log_out(fcinfo, cv_node_log_type);
}

Datum
cv_node_log_recv(PG_FUNCTION_ARGS)
{
	return log_receive(fcinfo, cv_node_log_type);
}

Datum
cv_node_log_send(PG_FUNCTION_ARGS)
{
	return log_send(fcinfo, cv_node_log_type);
}
