/*
 * next_node.c: sequence_next_node(direction, base, at, node, base_condition, steps...),
 * the node that follows a chain of rows in a row, or comes before it.
 */
#include "postgres.h"

#include "journey/condition.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#define MOST_STEPS 31 /* beside base_condition in 32 bits */

PG_FUNCTION_INFO_V1(cv_next_node_trans);
PG_FUNCTION_INFO_V1(cv_next_node_final);

static const char *const base_names[] = { "head", "tail", "first_match", "last_match" };

static bool
is_word(const char *text, int32 length, const char *word)
{
	return (int32) strlen(word) == length && memcmp(text, word, length) == 0;
}

/* The word for a rule's direction. */
const char *
cv_node_direction(int rule)
{
	return rule & CV_NODE_BACKWARD ? "backward" : "forward";
}

/* The word for a rule's base. */
const char *
cv_node_base(int rule)
{
	return base_names[(rule & CV_NODE_BASE) >> 1];
}

/* Reads direction and base. */
int
cv_read_node_rule(const char *direction, int32 direction_length, const char *base,
				  int32 base_length)
{
	int rule = 0;
	int i;

	if (is_word(direction, direction_length, "backward"))
		rule = CV_NODE_BACKWARD;
	else if (!is_word(direction, direction_length, "forward"))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("direction must be forward or backward, not \"%s\"",
							   pnstrdup(direction, direction_length))));
	for (i = 0; i < (int) lengthof(base_names); i++)
		if (is_word(base, base_length, base_names[i]))
			break;
	if (i == (int) lengthof(base_names))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("base must be head, tail, first_match or last_match, not \"%s\"",
							   pnstrdup(base, base_length))));
	rule |= i << 1;
	if (rule == CV_NODE_TAIL || rule == CV_NODE_BACKWARD)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("direction %s does not go with base %s", cv_node_direction(rule),
						cv_node_base(rule)),
				 errdetail("Nothing comes after the last row, and nothing before the first.")));
	return rule;
}

/* A row with a NULL but in its conditions is ignored. */
Datum
cv_next_node_trans(PG_FUNCTION_ARGS)
{
	cv_condition_log *log = cv_plain_state(fcinfo, CV_NAMED_OPEN);
	TimestampTz at;
	uint32 conditions;
	text *direction;
	text *base;
	text *node;
	int rule;
	int steps;

	if (log == NULL)
	{
		cv_require_aggregate(fcinfo);
		if (!PG_ARGISNULL(0))
			log = cv_condition_log_arg(fcinfo, 0, cv_node_log_type);
	}
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3) || PG_ARGISNULL(4) || PG_ARGISNULL(6))
		return cv_state_result(fcinfo, log);
	direction = PG_GETARG_TEXT_PP(1);
	base = PG_GETARG_TEXT_PP(2);
	at = cv_check_instant("the instant of a row", PG_GETARG_TIMESTAMPTZ(3));
	node = PG_GETARG_TEXT_PP(4);
	conditions = cv_conditions_arg(fcinfo, 6, "steps", MOST_STEPS, &steps);
	rule = cv_read_node_rule(VARDATA_ANY(direction), (int32) VARSIZE_ANY_EXHDR(direction),
							 VARDATA_ANY(base), (int32) VARSIZE_ANY_EXHDR(base));
	if (log == NULL)
		log = cv_condition_new(cv_node_log_type, rule, steps);
	if (log->parameter[CV_CONDITION_WITHIN] != rule)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("direction and base must not change between rows"),
						errdetail("They were %s and %s, and are %s and %s.",
								  cv_node_direction((int) log->parameter[CV_CONDITION_WITHIN]),
								  cv_node_base((int) log->parameter[CV_CONDITION_WITHIN]),
								  cv_node_direction(rule), cv_node_base(rule))));
	cv_check_same_conditions(log, "steps", steps);
	if (!PG_ARGISNULL(5) && PG_GETARG_BOOL(5))
		conditions |= CV_NODE_IS_BASE;
	PG_RETURN_POINTER(cv_journey_add(log, cv_node_log_type, VARDATA_ANY(node),
									 (int32) VARSIZE_ANY_EXHDR(node), at, conditions));
}

/* The row where the chain begins, or -1. */
static int32
find_base(const cv_journey_entry *entry, int32 count, int rule)
{
	uint32 wanted = CV_NODE_IS_BASE;
	int32 i;

	switch (rule & CV_NODE_BASE)
	{
		case CV_NODE_TAIL:
			return entry[count - 1].conditions & wanted ? count - 1 : -1;
		case CV_NODE_FIRST_MATCH:
			wanted |= 1;
			for (i = 0; i < count; i++)
				if ((entry[i].conditions & wanted) == wanted)
					return i;
			return -1;
		case CV_NODE_LAST_MATCH:
			wanted |= 1;
			for (i = count - 1; i >= 0; i--)
				if ((entry[i].conditions & wanted) == wanted)
					return i;
			return -1;
		default:
			return entry[0].conditions & wanted ? 0 : -1;
	}
}

/* The node next to the chain; NULL where there is no such chain or no such row. */
Datum
cv_next_node_final(PG_FUNCTION_ARGS)
{
	const cv_condition_log *log;
	const cv_journey_entry *entry;
	const char *name;
	int32 length;
	int32 at;
	int rule;
	int steps;
	int i;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	log = cv_journey_sorted(cv_condition_log_arg(fcinfo, 0, cv_node_log_type), cv_node_log_type);
	entry = cv_journey_entries(log);
	rule = (int) log->parameter[CV_CONDITION_WITHIN];
	steps = cv_condition_count(log);
	if (log->count <= steps)
		PG_RETURN_NULL();
	at = find_base(entry, log->count, rule);
	for (i = 0; i < steps; i++)
	{
		if (at < 0 || at >= log->count || !(entry[at].conditions & UINT32_C(1) << i))
			PG_RETURN_NULL();
		at += rule & CV_NODE_BACKWARD ? -1 : 1;
	}
	if (at < 0 || at >= log->count)
		PG_RETURN_NULL();
	name = cv_named_text(log, entry[at].stage, &length);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(name, length));
}
