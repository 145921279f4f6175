/*
 * journey_io.c: text and binary forms of journey logs.
 *
 * Text: [["2026-01-05 10:30:00+00", "visit"], ...], sorted, instants in UTC.  Binary:
 * the names, each once, then the rows with the numbers of their stages.  Either is
 * read in any order, and sorted.
 */
#include "postgres.h"

#include "journey/journey.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"

PG_FUNCTION_INFO_V1(cv_journey_log_in);
PG_FUNCTION_INFO_V1(cv_journey_log_out);
PG_FUNCTION_INFO_V1(cv_journey_log_recv);
PG_FUNCTION_INFO_V1(cv_journey_log_send);

typedef struct journey_reader
{
	cv_journey_log *log;
	TimestampTz at;
} journey_reader;

static void
read_scalar(cv_json *json, char *token, JsonTokenType kind)
{
	journey_reader *reader = json->context;

	if (json->index[json->depth] == 0)
		reader->at = cv_read_instant(json, token, kind);
	else if (kind != JSON_TOKEN_STRING)
		cv_malformed(json->type, "The name of a stage was expected, not \"%s\".",
					 token ? token : "null");
	else
		reader->log =
			cv_journey_add(reader->log, json->type, token, (int32) strlen(token), reader->at, 0);
}

Datum
cv_journey_log_in(PG_FUNCTION_ARGS)
{
	journey_reader reader = { 0 };
	cv_json json = { 0 };

	reader.log = cv_named_new(cv_journey_log_type, CV_JOURNEY_ENTRY, 0, 4);
	json.type = cv_journey_log_type;
	json.form = "[[instant, stage], ...]";
	json.shape = "[[";
	json.width = 2;
	json.scalar = read_scalar;
	json.context = &reader;
	cv_json_read(&json, PG_GETARG_CSTRING(0));
	PG_RETURN_POINTER(cv_journey_sorted(reader.log, cv_journey_log_type));
}

Datum
cv_journey_log_out(PG_FUNCTION_ARGS)
{
	const cv_journey_log *log = cv_journey_log_arg(fcinfo, 0);
	const cv_journey_entry *entry = cv_journey_entries(log);
	StringInfoData text;
	int32 i;

	initStringInfo(&text);
	appendStringInfoChar(&text, '[');
	for (i = 0; i < log->count; i++)
	{
		appendStringInfoString(&text, i > 0 ? ", [" : "[");
		cv_append_instant(&text, entry[i].at);
		appendStringInfoString(&text, ", ");
		cv_append_name(&text, log, entry[i].stage);
		appendStringInfoChar(&text, ']');
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoChar(&text, ']');
	PG_RETURN_CSTRING(text.data);
}

Datum
cv_journey_log_recv(PG_FUNCTION_ARGS)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	cv_journey_log *log = cv_named_new(cv_journey_log_type, CV_JOURNEY_ENTRY, 0, 4);
	int32 *stage;
	int64 names;
	int64 count;
	int64 i;

	cv_receive_begin(buffer, cv_journey_log_type, 0);
	stage = cv_receive_names(buffer, &log, CV_JOURNEY_ENTRY, cv_journey_log_type, &names);
	count = cv_receive_count(buffer, cv_journey_log_type, 12);
	log = cv_named_room(log, CV_JOURNEY_ENTRY, cv_journey_log_type, count);
	for (i = 0; i < count; i++)
	{
		cv_journey_entry *entry = (cv_journey_entry *) cv_named_entries(log) + log->count++;
		uint32 number;

		entry->at = cv_receive_instant(buffer, cv_journey_log_type);
		number = pq_getmsgint(buffer, 4);
		if (number >= names)
			cv_corrupt_binary(cv_journey_log_type, "A stage is out of range.");
		entry->stage = stage[number];
	}
	PG_RETURN_POINTER(cv_journey_sorted(log, cv_journey_log_type));
}

Datum
cv_journey_log_send(PG_FUNCTION_ARGS)
{
	const cv_journey_log *log = cv_journey_log_arg(fcinfo, 0);
	const cv_journey_entry *entry = cv_journey_entries(log);
	StringInfoData buffer;
	int32 i;

	cv_send_begin(&buffer, 0);
	cv_send_names(&buffer, log);
	pq_sendint64(&buffer, log->count);
	for (i = 0; i < log->count; i++)
	{
		pq_sendint64(&buffer, entry[i].at);
		pq_sendint32(&buffer, entry[i].stage);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
