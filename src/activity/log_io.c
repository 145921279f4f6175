/*
 * log_io.c: text and binary forms of logs.
 *
 * Text: [["2026-01-05", 19.99, 1], ...], day, net amount, purchases, sorted by
 * day; the state of purchase_history() carries its as_of in front:
 * {"as_of": "2026-03-31", "log": [...]}.
 */
#include "postgres.h"

#include "activity/activity.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"

/* Appends a day in ISO form, whatever DateStyle says. */
void
cv_append_day(StringInfo text, DateADT day)
{
	struct pg_tm tm;
	char buffer[MAXDATELEN + 1];

	memset(&tm, 0, sizeof(tm));
	j2date(day + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	EncodeDateOnly(&tm, USE_ISO_DATES, buffer);
	appendStringInfo(text, "\"%s\"", buffer);
}

/* Appends an amount in millionths as a decimal number. */
void
cv_append_amount(StringInfo text, int64 amount)
{
	uint64 size = amount < 0 ? 0 - (uint64) amount : (uint64) amount;
	int fraction = (int) (size % CV_MILLION);

	appendStringInfo(text, "%s%llu", amount < 0 ? "-" : "",
					 (unsigned long long) (size / CV_MILLION));
	if (fraction != 0)
	{
		char digits[8];
		int length = 6;

		snprintf(digits, sizeof(digits), "%06d", fraction);
		while (digits[length - 1] == '0')
			length--;
		appendStringInfo(text, ".%.*s", length, digits);
	}
}

/* Reads a decimal number of at most six decimals as millionths, exactly. */
int64
cv_read_amount(cv_json *json, const char *token, JsonTokenType kind)
{
	const char *c = token;
	bool negative = *c == '-';
	uint64 size = 0;
	int decimals = -1;

	if (kind != JSON_TOKEN_NUMBER)
		cv_malformed(json->type, "An amount was expected, not \"%s\".", token);
	if (negative)
		c++;
	for (; *c; c++)
	{
		if (*c == '.')
			decimals = 0;
		else if (*c < '0' || *c > '9' || decimals >= 6 || size > PG_INT64_MAX / 10)
			cv_malformed(json->type,
						 "\"%s\" is not an amount of at most six decimals below 9.2e12.", token);
		else
		{
			size = size * 10 + (*c - '0');
			decimals += decimals >= 0;
		}
	}
	for (decimals = Max(decimals, 0); decimals < 6; decimals++)
	{
		if (size > PG_INT64_MAX / 10)
			cv_malformed(json->type,
						 "\"%s\" is not an amount of at most six decimals below 9.2e12.", token);
		size *= 10;
	}
	if (size > (uint64) PG_INT64_MAX + negative)
		cv_malformed(json->type, "\"%s\" is not an amount of at most six decimals below 9.2e12.",
					 token);
	return negative ? (int64) (0 - size) : (int64) size;
}

/* Reads a day in ISO form, whatever DateStyle says. */
DateADT
cv_read_day(cv_json *json, const char *token, JsonTokenType kind)
{
	DateADT day;
	size_t year = token ? strspn(token, "0123456789") : 0;

	/* nothing but this form reads the same everywhere and always */
	if (kind != JSON_TOKEN_STRING || year < 4 || year > 7 || token[year] != '-' ||
		strspn(token + year + 1, "0123456789") != 2 || token[year + 3] != '-' ||
		strspn(token + year + 4, "0123456789") != 2 ||
		(token[year + 6] != '\0' && strcmp(token + year + 6, " BC") != 0))
		cv_malformed(json->type, "A date such as \"2026-01-05\" was expected, not \"%s\".",
					 token ? token : "");
	day = DatumGetDateADT(DirectFunctionCall1(date_in, CStringGetDatum(token)));
	return cv_check_day("the date of a log entry", day);
}

/* Every entry, from whatever source, passes here. */
static void
check_entry(const char *type, const cv_activity *entry, const cv_activity *previous, bool binary)
{
	const char *detail = NULL;

	if (DATE_NOT_FINITE(entry->day) || !IS_VALID_DATE(entry->day))
		detail = "A date is out of range.";
	else if (entry->events < 0)
		detail = "A number of purchases is negative.";
	else if (entry->events == 0 && entry->amount > 0)
		detail = "A day without purchases has a positive amount.";
	else if (previous && previous->day >= entry->day)
		detail = "The days are not in order.";
	if (detail && binary)
		cv_corrupt_binary(type, detail);
	if (detail)
		cv_malformed(type, "%s", detail);
}

typedef struct log_reader
{
	cv_activity_log *log;
	cv_activity entry;
	DateADT as_of;
} log_reader;

static void
read_scalar(cv_json *json, char *token, JsonTokenType kind)
{
	log_reader *reader = json->context;
	cv_activity_log *log = reader->log;
	int64 events;

	if (json->depth == 1)
	{
		reader->as_of = cv_read_day(json, token, kind);
		return;
	}
	switch (json->index[json->depth])
	{
		case 0:
			reader->entry.day = cv_read_day(json, token, kind);
			break;
		case 1:
			reader->entry.amount = cv_read_amount(json, token, kind);
			break;
		default:
			events = cv_json_integer(json, token, kind);
			if (events < 0 || events > PG_INT32_MAX)
				cv_malformed(json->type, "A number of purchases is out of range.");
			reader->entry.events = (int32) events;
			check_entry(json->type, &reader->entry,
						log->count > 0 ? &log->entry[log->count - 1] : NULL, false);
			reader->log =
				cv_log_add(log, reader->entry.day, reader->entry.amount, reader->entry.events);
	}
}

static Datum
log_in(char *text, const char *type, bool has_as_of)
{
	log_reader reader = { 0 };
	cv_json json = { 0 };

	reader.log = cv_state_alloc(offsetof(cv_activity_log, entry), 1, sizeof(cv_activity), type,
								has_as_of ? CV_LOG_HAS_AS_OF : 0);
	json.type = type;
	json.form = has_as_of ? "{\"as_of\": date, \"log\": [[date, amount, purchases], ...]}"
						  : "[[date, amount, purchases], ...]";
	json.shape = has_as_of ? "{[[" : "[[";
	json.width = 3;
	if (has_as_of)
	{
		json.keys[0] = "log";
		json.keys[1] = "as_of";
	}
	json.scalar = read_scalar;
	json.context = &reader;
	cv_json_read(&json, text);
	reader.log->as_of = reader.as_of;
	return PointerGetDatum(cv_log_sorted(reader.log));
}

static char *
log_out(const cv_activity_log *log)
{
	StringInfoData text;
	bool has_as_of = log->header.flags & CV_LOG_HAS_AS_OF;
	int32 i;

	log = cv_log_sorted(log);
	initStringInfo(&text);
	if (has_as_of)
	{
		appendStringInfoString(&text, "{\"as_of\": ");
		cv_append_day(&text, log->as_of);
		appendStringInfoString(&text, ", \"log\": ");
	}
	appendStringInfoChar(&text, '[');
	for (i = 0; i < log->count; i++)
	{
		appendStringInfoString(&text, i > 0 ? ", [" : "[");
		cv_append_day(&text, log->entry[i].day);
		appendStringInfoString(&text, ", ");
		cv_append_amount(&text, log->entry[i].amount);
		appendStringInfo(&text, ", %d]", log->entry[i].events);
	}
	appendStringInfoString(&text, has_as_of ? "]}" : "]");
	return text.data;
}

static Datum
log_receive(StringInfo buffer, const char *type, uint8 flags)
{
	cv_activity_log *log;
	DateADT as_of = 0;
	int64 count;
	int64 i;

	if (cv_receive_begin(buffer, type, flags) != flags)
		cv_corrupt_binary(type, "The flags do not fit the type.");
	if (flags & CV_LOG_HAS_AS_OF)
	{
		as_of = (DateADT) pq_getmsgint(buffer, 4);
		if (DATE_NOT_FINITE(as_of) || !IS_VALID_DATE(as_of))
			cv_corrupt_binary(type, "A date is out of range.");
	}
	count = cv_receive_count(buffer, type, 16);
	log = cv_state_alloc(offsetof(cv_activity_log, entry), count, sizeof(cv_activity), type, flags);
	log->as_of = as_of;
	log->count = (int32) count;
	for (i = 0; i < count; i++)
	{
		log->entry[i].day = (DateADT) pq_getmsgint(buffer, 4);
		log->entry[i].amount = pq_getmsgint64(buffer);
		log->entry[i].events = (int32) pq_getmsgint(buffer, 4);
		check_entry(type, &log->entry[i], i > 0 ? &log->entry[i - 1] : NULL, true);
	}
	return PointerGetDatum(log);
}

static bytea *
log_send(const cv_activity_log *log)
{
	StringInfoData buffer;
	int32 i;

	log = cv_log_sorted(log);
	cv_send_begin(&buffer, log->header.flags);
	if (log->header.flags & CV_LOG_HAS_AS_OF)
		pq_sendint32(&buffer, log->as_of);
	pq_sendint64(&buffer, log->count);
	for (i = 0; i < log->count; i++)
	{
		pq_sendint32(&buffer, log->entry[i].day);
		pq_sendint64(&buffer, log->entry[i].amount);
		pq_sendint32(&buffer, log->entry[i].events);
	}
	return pq_endtypsend(&buffer);
}

PG_FUNCTION_INFO_V1(cv_activity_log_in);
PG_FUNCTION_INFO_V1(cv_activity_log_out);
PG_FUNCTION_INFO_V1(cv_activity_log_recv);
PG_FUNCTION_INFO_V1(cv_activity_log_send);
PG_FUNCTION_INFO_V1(cv_purchase_log_in);
PG_FUNCTION_INFO_V1(cv_purchase_log_out);
PG_FUNCTION_INFO_V1(cv_purchase_log_recv);
PG_FUNCTION_INFO_V1(cv_purchase_log_send);

Datum
cv_activity_log_in(PG_FUNCTION_ARGS)
{
	return log_in(PG_GETARG_CSTRING(0), cv_activity_log_type, false);
}

Datum
cv_activity_log_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(log_out(cv_log_arg(fcinfo, 0, cv_activity_log_type)));
}

Datum
cv_activity_log_recv(PG_FUNCTION_ARGS)
{
	return log_receive((StringInfo) PG_GETARG_POINTER(0), cv_activity_log_type, 0);
}

Datum
cv_activity_log_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(log_send(cv_log_arg(fcinfo, 0, cv_activity_log_type)));
}

Datum
cv_purchase_log_in(PG_FUNCTION_ARGS)
{
	return log_in(PG_GETARG_CSTRING(0), cv_purchase_log_type, true);
}

Datum
cv_purchase_log_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(log_out(cv_log_arg(fcinfo, 0, cv_purchase_log_type)));
}

Datum
cv_purchase_log_recv(PG_FUNCTION_ARGS)
{
	return log_receive((StringInfo) PG_GETARG_POINTER(0), cv_purchase_log_type, CV_LOG_HAS_AS_OF);
}

Datum
cv_purchase_log_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(log_send(cv_log_arg(fcinfo, 0, cv_purchase_log_type)));
}
