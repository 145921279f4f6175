/*
 * journey.h: what stages a customer went through, and when.
 */
#ifndef CV_JOURNEY_H
#define CV_JOURNEY_H

#include "pg/instant.h"
#include "pg/named.h"

/*
 * One row of a journey.  A journey log has the stage's number among the names; rows of
 * conditions, as window_funnel() and the sequences take them, the conditions met.
 */
typedef struct cv_journey_entry
{
	TimestampTz at;
	int32 stage;
	uint32 conditions; /* bit k: condition k + 1; 0 in a journey log */
} cv_journey_entry;

/*
 * A customer's log: the entries sorted by instant, within one instant by stage in C
 * order; equal ones stand as often as they happened.  As an aggregate's state
 * (CV_NAMED_OPEN) it is in any order.
 */
typedef cv_named cv_journey_log;

#define CV_JOURNEY_ENTRY sizeof(cv_journey_entry)
#define CV_JOURNEY_SMALLEST 20 /* entries of a new state at least, which then fills 512 bytes */

extern const char cv_journey_log_type[];

/* The log of an argument, in its stored form: the way in for every reader. */
extern const cv_journey_log *cv_journey_log_arg(FunctionCallInfo fcinfo, int argument);

/* log->count entries in their order. */
static inline const cv_journey_entry *
cv_journey_entries(const cv_journey_log *log)
{
	return (const cv_journey_entry *) cv_named_entries(log);
}

/*
 * log->names stages, numbered from 0 in C order: cv_named_text(log, stage, &length) is
 * the name of one, cv_named_find(log, name, length) the number of one or -1.
 */

/* journey_log.c, for the states of this folder */
extern cv_journey_log *
cv_journey_state_arg(FunctionCallInfo fcinfo, int argument, const char *type);
extern const cv_journey_log *cv_journey_sorted(const cv_journey_log *log, const char *type);
extern cv_journey_log *cv_journey_add(cv_journey_log *log, const char *type, const char *name,
									  int32 length, TimestampTz at, uint32 conditions);
extern cv_journey_log *
cv_journey_merge(cv_journey_log *log, const char *type, const cv_journey_log *other);

#endif
