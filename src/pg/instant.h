/*
 * instant.h: instants and spans of time in whole microseconds.
 */
#ifndef CV_INSTANT_H
#define CV_INSTANT_H

#include "pg/pg.h"
#include "utils/timestamp.h"

/* From one instant to a later one; all of them fit an unsigned number. */
static inline uint64
cv_span(TimestampTz from, TimestampTz to)
{
	return (uint64) to - (uint64) from;
}

#define CV_SPAN_UNUSUAL PG_INT64_MIN

/* An interval in microseconds where it is short, not negative and without months. */
static inline int64
cv_plain_span(const Interval *span)
{
	if (span->month != 0 || (uint32) span->day >= UINT32_C(1) << 24 ||
		(uint64) span->time >= UINT64CONST(1) << 60)
		return CV_SPAN_UNUSUAL;
	return span->day * USECS_PER_DAY + span->time;
}

extern TimestampTz cv_check_instant(const char *name, TimestampTz at);
extern void cv_append_instant(StringInfo text, TimestampTz at);
extern TimestampTz cv_read_instant(cv_json *json, const char *token, JsonTokenType kind);
extern TimestampTz cv_receive_instant(StringInfo buffer, const char *type);
extern int64 cv_span_arg(FunctionCallInfo fcinfo, int argument, const char *name);
extern Interval *cv_span_interval(double microseconds);

#endif
