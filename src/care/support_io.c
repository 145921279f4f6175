/*
 * support_io.c: text and binary forms of summaries of support.
 *
 * Text: {"as_of": "2026-03-04 00:00:00+00", "reply_within": 3600000000, "calendar":
 * {..}, "tickets": 6, "met": 4, "breached": 2, "contact_known": 4, "first_contact": 3,
 * "reopen_known": 4, "reopened": 1, "first_replies": [..], "resolutions": [..]},
 * durations in microseconds from the shortest to the longest; reply_within and
 * calendar may be null.
 */
#include "postgres.h"

#include "care/care.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"

PG_FUNCTION_INFO_V1(cv_support_summary_in);
PG_FUNCTION_INFO_V1(cv_support_summary_out);
PG_FUNCTION_INFO_V1(cv_support_summary_recv);
PG_FUNCTION_INFO_V1(cv_support_summary_send);

static const char *const members[] = { "as_of",
									   "reply_within",
									   "calendar",
									   "tickets",
									   "met",
									   "breached",
									   "contact_known",
									   "first_contact",
									   "reopen_known",
									   "reopened",
									   "first_replies",
									   "resolutions",
									   NULL };

enum
{
	AS_OF,
	REPLY_WITHIN,
	CALENDAR,
	TICKETS,
	MET,
	BREACHED,
	CONTACT_KNOWN,
	FIRST_CONTACT,
	REOPEN_KNOWN,
	REOPENED,
	FIRST_REPLIES,
	RESOLUTIONS,
	MEMBERS
};

/* A list of durations in the order of the text. */
typedef struct duration_list
{
	int64 count;
	int64 room;
	int64 *duration;
} duration_list;

typedef struct support_reader
{
	cv_support_summary fields;
	cv_calendar_parts *parts; /* NULL: no calendar */
	duration_list list[2];	  /* first_replies, resolutions */
} support_reader;

/* A summary's counts that cannot be; what is wrong, or NULL. */
static const char *
check_fields(const cv_support_summary *fields, int64 replied)
{
	if (fields->tickets < 0 || fields->solved > fields->tickets || replied > fields->tickets ||
		fields->met < 0 || fields->breached < 0 || fields->met > replied ||
		fields->breached > fields->tickets - fields->met ||
		(fields->reply_within < 0 ? fields->met + fields->breached != 0
								  : replied - fields->met > fields->breached))
		return "The numbers of tickets do not fit together.";
	if (fields->first_contact < 0 || fields->first_contact > fields->contact_known ||
		fields->contact_known > fields->solved || fields->reopened < 0 ||
		fields->reopened > fields->reopen_known || fields->reopen_known > fields->solved)
		return "The numbers of solved tickets do not fit together.";
	return NULL;
}

/* ---- text ---- */

static void
on_open(cv_json_stream *stream)
{
	support_reader *reader = stream->context;
	int level = stream->depth - 1;
	int member = level > 0 ? stream->level[0].at : -1;
	char wanted = level == 0 ? '{' : level == 1 && member >= FIRST_REPLIES ? '[' : '\0';

	if (member == CALENDAR)
	{
		if (reader->parts == NULL)
			reader->parts = palloc0(sizeof(cv_calendar_parts));
		cv_calendar_open(stream, 1);
	}
	else if (stream->level[level].bracket != wanted)
		cv_json_wrong_form(stream);
}

static void
on_close(cv_json_stream *stream)
{
	if (stream->depth == 1)
		cv_json_require(stream, members, MEMBERS);
	else if (stream->level[0].at == CALENDAR)
		cv_calendar_close(stream, 1);
}

static int
on_member(cv_json_stream *stream, char *name)
{
	if (stream->depth > 1)
		return cv_calendar_member(stream, name, 1);
	return cv_json_member(members, name);
}

static void
add_duration(cv_json_stream *stream, duration_list *list, int64 duration)
{
	if (list->count == list->room)
	{
		list->room = list->room > 0 ? list->room * 2 : 64;
		list->duration = list->duration ? repalloc_huge(list->duration, list->room * sizeof(int64))
										: palloc(list->room * sizeof(int64));
	}
	if (duration < 0)
		cv_malformed(stream->json.type, "A duration is negative.");
	if (list->count > 0 && list->duration[list->count - 1] > duration)
		cv_malformed(stream->json.type, "The durations are not in order.");
	list->duration[list->count++] = duration;
}

static void
on_scalar(cv_json_stream *stream, char *token, JsonTokenType kind)
{
	support_reader *reader = stream->context;
	cv_support_summary *fields = &reader->fields;
	int member = stream->level[0].at;

	if (member == CALENDAR && stream->depth > 1)
		cv_calendar_scalar(stream, reader->parts, 1, token, kind);
	else if (member >= FIRST_REPLIES && stream->depth == 2)
		add_duration(stream, &reader->list[member - FIRST_REPLIES],
					 cv_json_integer(&stream->json, token, kind));
	else if (member == AS_OF)
		fields->as_of = cv_read_instant(&stream->json, token, kind);
	else if (member == CALENDAR && kind == JSON_TOKEN_NULL)
		;
	else if (member == REPLY_WITHIN && kind == JSON_TOKEN_NULL)
		fields->reply_within = -1;
	else if (member >= FIRST_REPLIES || member == CALENDAR)
		cv_json_wrong_form(stream);
	else
	{
		int64 number = cv_json_integer(&stream->json, token, kind);

		if (number < 0)
			cv_malformed(stream->json.type, "\"%s\" is negative.", members[member]);
		switch (member)
		{
			case REPLY_WITHIN:
				fields->reply_within = number;
				break;
			case TICKETS:
				fields->tickets = number;
				break;
			case MET:
				fields->met = number;
				break;
			case BREACHED:
				fields->breached = number;
				break;
			case CONTACT_KNOWN:
				fields->contact_known = number;
				break;
			case FIRST_CONTACT:
				fields->first_contact = number;
				break;
			case REOPEN_KNOWN:
				fields->reopen_known = number;
				break;
			default:
				fields->reopened = number;
		}
	}
}

/* The summary of what has been read, apart from its durations. */
static cv_support_summary *
with_fields(const cv_support_summary *fields, const cv_business_calendar *calendar, int64 durations)
{
	cv_support_summary *summary = cv_support_new(calendar, durations);

	summary->as_of = fields->as_of;
	summary->reply_within = fields->reply_within;
	summary->tickets = fields->tickets;
	summary->solved = fields->solved;
	summary->met = fields->met;
	summary->breached = fields->breached;
	summary->contact_known = fields->contact_known;
	summary->first_contact = fields->first_contact;
	summary->reopen_known = fields->reopen_known;
	summary->reopened = fields->reopened;
	summary->durations = durations;
	return summary;
}

Datum
cv_support_summary_in(PG_FUNCTION_ARGS)
{
	support_reader reader = { 0 };
	duration_list *replies = &reader.list[0];
	duration_list *resolutions = &reader.list[1];
	cv_json_stream stream = { 0 };
	cv_support_summary *summary;
	const char *fault;
	int64 *duration;
	int64 i;

	stream.json.type = cv_support_type;
	stream.json.form = "{\"as_of\": \"2026-03-04 00:00:00+00\", \"reply_within\": microseconds, "
					   "\"calendar\": {...}, \"tickets\": number, ..., \"first_replies\": "
					   "[microseconds, ...], \"resolutions\": [microseconds, ...]}";
	stream.open = on_open;
	stream.close = on_close;
	stream.member = on_member;
	stream.scalar = on_scalar;
	stream.context = &reader;
	cv_json_stream_read(&stream, PG_GETARG_CSTRING(0));
	reader.fields.solved = resolutions->count;
	fault = check_fields(&reader.fields, replies->count);
	if (fault)
		cv_malformed(cv_support_type, "%s", fault);
	summary = with_fields(&reader.fields,
						  reader.parts ? cv_calendar_read(cv_support_type, reader.parts) : NULL,
						  replies->count + resolutions->count);
	duration = cv_support_durations(summary);
	for (i = resolutions->count - 1; i >= 0; i--)
		*duration++ = -1 - resolutions->duration[i];
	if (replies->count > 0)
		memcpy(duration, replies->duration, replies->count * sizeof(int64));
	PG_RETURN_POINTER(summary);
}

Datum
cv_support_summary_out(PG_FUNCTION_ARGS)
{
	const cv_support_summary *summary = cv_support_arg(fcinfo, 0);
	const cv_business_calendar *calendar = cv_support_calendar(summary);
	const int64 *duration = cv_support_durations(summary);
	StringInfoData text;
	int64 i;

	initStringInfo(&text);
	appendStringInfoString(&text, "{\"as_of\": ");
	cv_append_instant(&text, summary->as_of);
	if (summary->reply_within >= 0)
		appendStringInfo(&text, ", \"reply_within\": " INT64_FORMAT, summary->reply_within);
	else
		appendStringInfoString(&text, ", \"reply_within\": null");
	appendStringInfoString(&text, ", \"calendar\": ");
	if (calendar)
		cv_append_calendar(&text, calendar);
	else
		appendStringInfoString(&text, "null");
	appendStringInfo(&text,
					 ", \"tickets\": " INT64_FORMAT ", \"met\": " INT64_FORMAT
					 ", \"breached\": " INT64_FORMAT ", \"contact_known\": " INT64_FORMAT
					 ", \"first_contact\": " INT64_FORMAT ", \"reopen_known\": " INT64_FORMAT
					 ", \"reopened\": " INT64_FORMAT ", \"first_replies\": [",
					 summary->tickets, summary->met, summary->breached, summary->contact_known,
					 summary->first_contact, summary->reopen_known, summary->reopened);
	for (i = summary->solved; i < summary->durations; i++)
	{
		appendStringInfo(&text, "%s" INT64_FORMAT, i > summary->solved ? ", " : "", duration[i]);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoString(&text, "], \"resolutions\": [");
	for (i = summary->solved - 1; i >= 0; i--)
	{
		appendStringInfo(&text, "%s" INT64_FORMAT, i < summary->solved - 1 ? ", " : "",
						 -1 - duration[i]);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoString(&text, "]}");
	PG_RETURN_CSTRING(text.data);
}

/* ---- binary: the fields, the calendar, resolutions and replies as they are stored ---- */

#define HAS_CALENDAR 0x02 /* a flag of the wire only */

Datum
cv_support_summary_recv(PG_FUNCTION_ARGS)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	cv_business_calendar *calendar = NULL;
	cv_support_summary fields;
	cv_support_summary *summary;
	const char *fault;
	int64 *duration;
	int64 count;
	int64 i;
	uint8 flags = cv_receive_begin(buffer, cv_support_type, HAS_CALENDAR);

	memset(&fields, 0, sizeof(fields));
	fields.as_of = cv_receive_instant(buffer, cv_support_type);
	fields.reply_within = pq_getmsgint64(buffer);
	fields.tickets = pq_getmsgint64(buffer);
	fields.solved = pq_getmsgint64(buffer);
	fields.met = pq_getmsgint64(buffer);
	fields.breached = pq_getmsgint64(buffer);
	fields.contact_known = pq_getmsgint64(buffer);
	fields.first_contact = pq_getmsgint64(buffer);
	fields.reopen_known = pq_getmsgint64(buffer);
	fields.reopened = pq_getmsgint64(buffer);
	if (flags & HAS_CALENDAR)
		calendar = cv_calendar_receive(buffer, cv_support_type);
	count = cv_receive_count(buffer, cv_support_type, sizeof(int64));
	if (fields.reply_within < -1 || fields.solved < 0 || fields.solved > count)
		cv_corrupt_binary(cv_support_type, "A number is out of range.");
	fault = check_fields(&fields, count - fields.solved);
	if (fault)
		cv_corrupt_binary(cv_support_type, fault);
	summary = with_fields(&fields, calendar, count);
	duration = cv_support_durations(summary);
	for (i = 0; i < count; i++)
	{
		duration[i] = pq_getmsgint64(buffer);
		if ((duration[i] < 0) != (i < fields.solved) || (i > 0 && duration[i - 1] > duration[i]))
			cv_corrupt_binary(cv_support_type, "The durations are not in order.");
	}
	PG_RETURN_POINTER(summary);
}

Datum
cv_support_summary_send(PG_FUNCTION_ARGS)
{
	const cv_support_summary *summary = cv_support_arg(fcinfo, 0);
	const cv_business_calendar *calendar = cv_support_calendar(summary);
	StringInfoData buffer;
	int64 i;

	cv_send_begin(&buffer, calendar ? HAS_CALENDAR : 0);
	pq_sendint64(&buffer, summary->as_of);
	pq_sendint64(&buffer, summary->reply_within);
	pq_sendint64(&buffer, summary->tickets);
	pq_sendint64(&buffer, summary->solved);
	pq_sendint64(&buffer, summary->met);
	pq_sendint64(&buffer, summary->breached);
	pq_sendint64(&buffer, summary->contact_known);
	pq_sendint64(&buffer, summary->first_contact);
	pq_sendint64(&buffer, summary->reopen_known);
	pq_sendint64(&buffer, summary->reopened);
	if (calendar)
		cv_calendar_send(&buffer, calendar);
	pq_sendint64(&buffer, summary->durations);
	for (i = 0; i < summary->durations; i++)
		pq_sendint64(&buffer, cv_support_durations(summary)[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
