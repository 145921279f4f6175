/*
 * segment.h: groups of customers over time: cohorts, revenue, survival, RFM, ranking.
 */
#ifndef CV_SEGMENT_H
#define CV_SEGMENT_H

#include "activity/activity.h"
#include "core/calendar.h"
#include "pg/tally.h"

/* ---- period.c ---- */

extern cv_period cv_period_arg(FunctionCallInfo fcinfo, int argument);
extern void cv_period_must_equal(cv_period before, cv_period now);
extern int64 cv_period_of_parameter(cv_period period, const char *name, DateADT day);
extern void cv_period_refuse_first(cv_period period, DateADT day) pg_attribute_cold;
extern void cv_period_append_key(StringInfo text, const cv_tally *tally, int which, uint64 key);
extern uint64 cv_period_read_key(cv_json *json, int which, const char *token, JsonTokenType kind);
extern void cv_period_append_label(StringInfo text, const cv_tally *tally);
extern int32 cv_period_read_label(cv_json *json, const char *token, JsonTokenType kind);
extern bool cv_period_check_label(int32 label);
extern const char *cv_period_settle_key(const cv_tally *tally, uint64 *key);
extern const char *cv_period_check_key(const cv_tally *tally, uint64 key);

static inline Datum
cv_period_date(cv_period period, int64 number)
{
	return DateADTGetDatum((DateADT) cv_period_start(period, number));
}

/* The first day that a date can be, 4714-11-24 BC: earlier no period may begin. */
#define CV_FIRST_DAY (-POSTGRES_EPOCH_JDATE)

/* Refuses a day whose period begins before there are dates. */
static inline void
cv_period_check_first(cv_period period, DateADT day)
{
	if (unlikely(day < CV_FIRST_DAY + 366))
		cv_period_refuse_first(period, day);
}

/* What tallies by period have in common. */
#define CV_PERIOD_TALLY                                                      \
	.labelled = true, .label = "period", .append_key = cv_period_append_key, \
	.read_key = cv_period_read_key, .append_label = cv_period_append_label,  \
	.read_label = cv_period_read_label, .check_label = cv_period_check_label

/* ---- log_walk.c ---- */

/* The entries of a sorted log: where they lie is aligned to nothing in a short varlena. */
typedef struct cv_log_entries
{
	int32 count;
	const char *at;
} cv_log_entries;

static inline cv_activity
cv_log_entry(cv_log_entries entries, int32 i)
{
	cv_activity entry;

	memcpy(&entry, entries.at + (Size) i * sizeof(entry), sizeof(entry));
	return entry;
}

/* What a customer did in one period. */
typedef struct cv_period_activity
{
	int128 amount; /* net, millionths */
	int64 number;  /* of the period */
	bool active;   /* was there a purchase? */
} cv_period_activity;

#define CV_WALK_ROOM 48

typedef struct cv_log_walk
{
	int32 count;
	cv_period_activity *at; /* in the order of time */
	cv_period_activity room[CV_WALK_ROOM];
} cv_log_walk;

extern cv_log_entries cv_log_entries_arg(FunctionCallInfo fcinfo, int argument, cv_period period);
extern void cv_log_walk_periods(cv_log_entries entries, cv_period period, cv_log_walk *walk);

/* ---- lifecycle.c ---- */

CV_NORETURN extern void cv_refuse_range(DateADT from, DateADT to);

#endif
