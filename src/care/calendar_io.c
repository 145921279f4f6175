/*
 * calendar_io.c: text and binary forms of business calendars.
 *
 * Text: {"zone": "Europe/Berlin", "hours": {"mon": [["09:00", "17:00"]], ..},
 * "holidays": ["2026-12-25", ..]}.  Weekdays without hours are left out, spans and
 * holidays stand in order.
 */
#include "postgres.h"

#include "activity/activity.h"
#include "care/care.h"
#include "libpq/pqformat.h"
#include "utils/json.h"

PG_FUNCTION_INFO_V1(cv_business_calendar_in);
PG_FUNCTION_INFO_V1(cv_business_calendar_out);
PG_FUNCTION_INFO_V1(cv_business_calendar_recv);
PG_FUNCTION_INFO_V1(cv_business_calendar_send);

static const char form[] = "{\"zone\": \"Europe/Berlin\", \"hours\": {\"mon\": [[\"09:00\", "
						   "\"17:00\"], ...], ...}, \"holidays\": [\"2026-12-25\", ...]}";

static const char *const members[] = { "zone", "hours", "holidays", NULL };

enum
{
	ZONE,
	HOURS,
	HOLIDAYS
};

/* ---- text; "base" is the level of the calendar's own object ---- */

/* A bracket has been opened. */
void
cv_calendar_open(cv_json_stream *stream, int base)
{
	int level = stream->depth - 1;
	int member = level > base ? stream->level[base].at : -1;
	char wanted;

	switch (level - base)
	{
		case 0:
			wanted = '{';
			break;
		case 1:
			wanted = member == HOURS ? '{' : member == HOLIDAYS ? '[' : '\0';
			break;
		case 2:
		case 3:
			wanted = member == HOURS ? '[' : '\0';
			break;
		default:
			wanted = '\0';
	}
	if (stream->level[level].bracket != wanted)
		cv_json_wrong_form(stream);
}

/* A bracket is about to be closed. */
void
cv_calendar_close(cv_json_stream *stream, int base)
{
	int level = stream->depth - 1;

	if (level == base)
		cv_json_require(stream, members, HOLIDAYS);
	else if (level == base + 3 && stream->level[level].at != 1)
		cv_malformed(stream->json.type, "A span is a pair such as [\"09:00\", \"17:00\"].");
}

/* The number of a member: of the calendar itself, or of a weekday in "hours". */
int
cv_calendar_member(cv_json_stream *stream, char *name, int base)
{
	return cv_json_member(stream->depth - 1 == base ? members : cv_weekday_name, name);
}

/* A time of day in minutes; "24:00" may end a span. */
static int
read_minutes(cv_json_stream *stream, const char *token, JsonTokenType kind)
{
	int hour;
	int minute;

	if (kind == JSON_TOKEN_STRING && strlen(token) == 5 && token[2] == ':' &&
		strspn(token, "0123456789") == 2 && strspn(token + 3, "0123456789") == 2)
	{
		hour = (token[0] - '0') * 10 + token[1] - '0';
		minute = (token[3] - '0') * 10 + token[4] - '0';
		if (minute < 60 && hour * 60 + minute <= CV_MINUTES_PER_DAY)
			return hour * 60 + minute;
	}
	cv_malformed(stream->json.type,
				 "A time of day such as \"09:00\" was expected, up to \"24:00\", not \"%s\".",
				 token ? token : "null");
}

/* A scalar in its place. */
void
cv_calendar_scalar(cv_json_stream *stream, cv_calendar_parts *parts, int base, char *token,
				   JsonTokenType kind)
{
	cv_json_level *level = stream->level;
	int depth = stream->depth - 1 - base;
	int member = level[base].at;
	const char *fault = NULL;

	if (depth == 0 && member == ZONE && kind == JSON_TOKEN_STRING)
		parts->zone = pstrdup(token);
	else if (depth == 1 && member == HOLIDAYS)
		fault = cv_calendar_add_holiday(parts, cv_read_day(&stream->json, token, kind));
	else if (depth == 3 && level[base + 3].at == 0)
		parts->from = read_minutes(stream, token, kind);
	else if (depth == 3 && level[base + 3].at == 1)
		fault = cv_calendar_add_span(parts, level[base + 1].at, parts->from,
									 read_minutes(stream, token, kind));
	else
		cv_json_wrong_form(stream);
	if (fault)
		cv_malformed(stream->json.type, "%s", fault);
}

/* The calendar of the parts read. */
cv_business_calendar *
cv_calendar_read(const char *type, cv_calendar_parts *parts)
{
	const char *fault;
	cv_business_calendar *calendar = cv_calendar_make(parts, &fault);

	if (fault)
		cv_malformed(type, "%s", fault);
	return calendar;
}

static void
on_open(cv_json_stream *stream)
{
	cv_calendar_open(stream, 0);
}

static void
on_close(cv_json_stream *stream)
{
	cv_calendar_close(stream, 0);
}

static int
on_member(cv_json_stream *stream, char *name)
{
	return cv_calendar_member(stream, name, 0);
}

static void
on_scalar(cv_json_stream *stream, char *token, JsonTokenType kind)
{
	cv_calendar_scalar(stream, stream->context, 0, token, kind);
}

Datum
cv_business_calendar_in(PG_FUNCTION_ARGS)
{
	cv_calendar_parts *parts = palloc0(sizeof(cv_calendar_parts));
	cv_json_stream stream = { 0 };

	stream.json.type = cv_calendar_type;
	stream.json.form = form;
	stream.open = on_open;
	stream.close = on_close;
	stream.member = on_member;
	stream.scalar = on_scalar;
	stream.context = parts;
	cv_json_stream_read(&stream, PG_GETARG_CSTRING(0));
	PG_RETURN_POINTER(cv_calendar_read(cv_calendar_type, parts));
}

static void
append_minutes(StringInfo text, int minutes)
{
	appendStringInfo(text, "\"%02d:%02d\"", minutes / 60, minutes % 60);
}

/* Appends a calendar's text form. */
void
cv_append_calendar(StringInfo text, const cv_business_calendar *calendar)
{
	const cv_opening *span = cv_openings(calendar);
	const char *comma = "";
	int d;
	int i;

	appendStringInfoString(text, "{\"zone\": ");
	escape_json(text, cv_zone_name(calendar));
	appendStringInfoString(text, ", \"hours\": {");
	for (d = 0; d < CV_WEEKDAYS; d++)
	{
		if (calendar->first_span[d] == calendar->first_span[d + 1])
			continue;
		appendStringInfo(text, "%s\"%s\": [", comma, cv_weekday_name[d]);
		for (i = calendar->first_span[d]; i < calendar->first_span[d + 1]; i++)
		{
			appendStringInfoString(text, i > calendar->first_span[d] ? ", [" : "[");
			append_minutes(text, span[i].from);
			appendStringInfoString(text, ", ");
			append_minutes(text, span[i].to);
			appendStringInfoChar(text, ']');
		}
		appendStringInfoChar(text, ']');
		comma = ", ";
	}
	appendStringInfoString(text, "}, \"holidays\": [");
	for (i = 0; i < calendar->holidays; i++)
	{
		if (i > 0)
			appendStringInfoString(text, ", ");
		cv_append_day(text, cv_holidays(calendar)[i].day);
	}
	appendStringInfoString(text, "]}");
}

Datum
cv_business_calendar_out(PG_FUNCTION_ARGS)
{
	StringInfoData text;

	initStringInfo(&text);
	cv_append_calendar(&text, cv_calendar_arg(fcinfo, 0));
	PG_RETURN_CSTRING(text.data);
}

/* ---- binary: zone; spans of each weekday; holidays ---- */

/* Reads a calendar's fields; "type" is the type that they belong to. */
cv_business_calendar *
cv_calendar_receive(StringInfo buffer, const char *type)
{
	cv_calendar_parts *parts = palloc0(sizeof(cv_calendar_parts));
	cv_business_calendar *calendar;
	const char *fault = NULL;
	int64 count;
	int length = pq_getmsgint(buffer, 2);
	int d;

	parts->zone = pnstrdup(pq_getmsgbytes(buffer, length), length);
	/* a zone's name is ASCII; nothing else goes into a message */
	for (d = 0; d < length; d++)
		if (parts->zone[d] < ' ' || parts->zone[d] > '~')
			cv_corrupt_binary(type, "The name of the time zone is not ASCII.");
	for (d = 0; d < CV_WEEKDAYS; d++)
		for (count = pq_getmsgint(buffer, 2); count > 0 && !fault; count--)
		{
			int from = pq_getmsgint(buffer, 2);

			fault = cv_calendar_add_span(parts, d, from, pq_getmsgint(buffer, 2));
		}
	for (count = cv_receive_count(buffer, type, 4); count > 0 && !fault; count--)
		fault = cv_calendar_add_holiday(parts, (DateADT) pq_getmsgint(buffer, 4));
	if (fault)
		cv_corrupt_binary(type, fault);
	calendar = cv_calendar_make(parts, &fault);
	if (fault)
		cv_corrupt_binary(type, fault);
	return calendar;
}

Datum
cv_business_calendar_recv(PG_FUNCTION_ARGS)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);

	cv_receive_begin(buffer, cv_calendar_type, 0);
	PG_RETURN_POINTER(cv_calendar_receive(buffer, cv_calendar_type));
}

/* Appends a calendar's fields. */
void
cv_calendar_send(StringInfo buffer, const cv_business_calendar *calendar)
{
	const cv_opening *span = cv_openings(calendar);
	int d;
	int i;

	pq_sendint16(buffer, calendar->zone_size - 1);
	pq_sendbytes(buffer, cv_zone_name(calendar), calendar->zone_size - 1);
	for (d = 0; d < CV_WEEKDAYS; d++)
	{
		pq_sendint16(buffer, calendar->first_span[d + 1] - calendar->first_span[d]);
		for (i = calendar->first_span[d]; i < calendar->first_span[d + 1]; i++)
		{
			pq_sendint16(buffer, span[i].from);
			pq_sendint16(buffer, span[i].to);
		}
	}
	pq_sendint64(buffer, calendar->holidays);
	for (i = 0; i < calendar->holidays; i++)
		pq_sendint32(buffer, cv_holidays(calendar)[i].day);
}

Datum
cv_business_calendar_send(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;

	cv_send_begin(&buffer, 0);
	cv_calendar_send(&buffer, cv_calendar_arg(fcinfo, 0));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
