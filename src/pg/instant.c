/*
 * instant.c: instants and spans of time in whole microseconds.
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "pg/instant.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

/* An instant that must be finite. */
TimestampTz
cv_check_instant(const char *name, TimestampTz at)
{
	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("%s must be finite, not %sinfinity", name,
							   TIMESTAMP_IS_NOBEGIN(at) ? "-" : "")));
	return at;
}

/* Appends an instant in ISO form in UTC, whatever DateStyle and TimeZone say. */
void
cv_append_instant(StringInfo text, TimestampTz at)
{
	char buffer[MAXDATELEN + 1];
	struct pg_tm tm;
	fsec_t fraction;

	if (timestamp2tm(at, NULL, &tm, &fraction, NULL, NULL) != 0)
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("an instant is out of range")));
	tm.tm_isdst = 0; /* the offset is known */
	EncodeDateTime(&tm, fraction, true, 0, NULL, USE_ISO_DATES, buffer);
	appendStringInfo(text, "\"%s\"", buffer);
}

/* The length of so many digits at least and at most at a place, 0 without them. */
static size_t
digits(const char *c, size_t least, size_t most)
{
	size_t n = strspn(c, "0123456789");

	return n >= least && n <= most ? n : 0;
}

/* Is it YYYY-MM-DD HH:MM:SS[.ffffff] with an offset from UTC? */
static bool
is_instant(const char *c)
{
	size_t n = digits(c, 4, 6);

	if (n == 0 || c[n] != '-' || digits(c + n + 1, 2, 2) == 0 || c[n + 3] != '-' ||
		digits(c + n + 4, 2, 2) == 0)
		return false;
	c += n + 6;
	if ((*c != ' ' && *c != 'T') || digits(c + 1, 2, 2) == 0 || c[3] != ':' ||
		digits(c + 4, 2, 2) == 0 || c[6] != ':' || digits(c + 7, 2, 2) == 0)
		return false;
	c += 9;
	if (*c == '.')
	{
		n = digits(c + 1, 1, 6);
		if (n == 0)
			return false;
		c += n + 1;
	}
	if (*c == 'Z')
		c++;
	else
	{
		if ((*c != '+' && *c != '-') || digits(c + 1, 2, 2) == 0)
			return false;
		c += 3;
		if (*c == ':')
		{
			if (digits(c + 1, 2, 2) == 0)
				return false;
			c += 3;
		}
	}
	return *c == '\0' || strcmp(c, " BC") == 0;
}

/* Reads an instant in ISO form; only with an offset it is the same in every time zone. */
TimestampTz
cv_read_instant(cv_json *json, const char *token, JsonTokenType kind)
{
	if (kind != JSON_TOKEN_STRING || !is_instant(token))
		cv_malformed(json->type,
					 "An instant such as \"2026-01-05 10:30:00+00\" was expected, not \"%s\".",
					 token ? token : "");
	return DatumGetTimestampTz(DirectFunctionCall3(
		timestamptz_in, CStringGetDatum(token), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

/* Reads an instant from a binary form. */
TimestampTz
cv_receive_instant(StringInfo buffer, const char *type)
{
	TimestampTz at = pq_getmsgint64(buffer);

	if (TIMESTAMP_NOT_FINITE(at) || !IS_VALID_TIMESTAMP(at))
		cv_corrupt_binary(type, "An instant is out of range.");
	return at;
}

/*
 * An interval argument that must be finite and not negative, in microseconds as
 * extract(epoch) has it: a year is 365.25 days, a month beyond whole years 30.
 */
int64
cv_span_arg(FunctionCallInfo fcinfo, int argument, const char *name)
{
	Interval *span = PG_GETARG_INTERVAL_P(argument);
	int128 length = cv_plain_span(span);

	if (length != CV_SPAN_UNUSUAL)
		return (int64) length;
	if (!CV_INTERVAL_IS_FINITE(span))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must be finite", name)));
	length = (int128) (span->month / MONTHS_PER_YEAR) * (36525 * (USECS_PER_DAY / 100)) +
			 (int128) (span->month % MONTHS_PER_YEAR * DAYS_PER_MONTH + (int64) span->day) *
				 USECS_PER_DAY +
			 span->time;
	if (length < 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s must not be negative, not %s", name,
					DatumGetCString(DirectFunctionCall1(interval_out, PointerGetDatum(span))))));
	/* beyond the time that there is, all spans are the same */
	return (int64) Min(length, (int128) PG_INT64_MAX);
}

/* A span as the difference of two instants has it, in days and a time; rounded half to even. */
Interval *
cv_span_interval(double microseconds)
{
	Interval *span = palloc0(sizeof(Interval));
	double whole = rint(microseconds);

	span->day = (int32) (whole / USECS_PER_DAY);
	span->time = (int64) (whole - span->day * (double) USECS_PER_DAY);
	return span;
}
