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

extern TimestampTz cv_check_instant(const char *name, TimestampTz at);
extern void cv_append_instant(StringInfo text, TimestampTz at);
extern TimestampTz cv_read_instant(cv_json *json, const char *token, JsonTokenType kind);
extern TimestampTz cv_receive_instant(StringInfo buffer, const char *type);
extern int64 cv_span_arg(FunctionCallInfo fcinfo, int argument, const char *name);
extern Interval *cv_span_interval(double microseconds);

#endif
