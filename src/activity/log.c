/*
 * log.c: the activity log and its growth.
 *
 * A row with amount >= 0 is a purchase, one with amount < 0 a return, which
 * lowers that day's amount.  Amounts are whole millionths, so that a log is the
 * same to the last bit in whatever order and partition its rows came.
 */
#include "postgres.h"

#include <math.h>

#include "activity/activity.h"
#include "common/int.h"

const char cv_activity_log_type[] = "cv_activity_log";
const char cv_purchase_log_type[] = "cv_purchase_log";

#define ST_SORT sort_entries
#define ST_ELEMENT_TYPE cv_activity
#define ST_COMPARE(a, b) ((a)->day < (b)->day ? -1 : (a)->day > (b)->day)
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* A log argument; its entry count is checked against its size. */
cv_activity_log *
cv_log_arg(FunctionCallInfo fcinfo, int argument, const char *type)
{
	cv_activity_log *log =
		cv_value_arg(fcinfo, argument, type, offsetof(cv_activity_log, entry), CV_LOG_FLAGS);

	if (log->count < 0 || log->count > CV_LOG_CAPACITY(log))
		cv_corrupt_binary(type, "The number of entries does not fit the length.");
	return log;
}

/* A date argument that must be a day. */
DateADT
cv_check_day(const char *name, DateADT day)
{
	if (DATE_NOT_FINITE(day))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("%s must be a finite date, not %sinfinity", name,
							   DATE_IS_NOBEGIN(day) ? "-" : "")));
	return day;
}

/* An amount that a log cannot hold. */
void
cv_amount_out_of_range(double amount)
{
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					errmsg("amount %.15g is out of range", amount),
					errdetail("Amounts are finite numbers between -9.2e12 and 9.2e12.")));
}

/* Adds what happened on the same day. */
static void
merge_day(cv_activity *into, int64 amount, int32 events)
{
	if (unlikely(pg_add_s64_overflow(into->amount, amount, &into->amount)))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("amounts of one day add up to more than 9.2e12")));
	if (unlikely(pg_add_s32_overflow(into->events, events, &into->events)))
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("more than %d purchases on one day", PG_INT32_MAX)));
}

/* Sorts a state in place and makes one entry of each day. */
static void
sort_log(cv_activity_log *log)
{
	int32 kept = 0;
	int32 i;

	sort_entries(log->entry, log->count);
	for (i = 1; i < log->count; i++)
	{
		if (log->entry[i].day == log->entry[kept].day)
			merge_day(&log->entry[kept], log->entry[i].amount, log->entry[i].events);
		else
			log->entry[++kept] = log->entry[i];
	}
	log->count = log->count > 0 ? kept + 1 : 0;
	log->header.flags &= ~CV_LOG_UNSORTED;
}

/* The log as stored: sorted, of exact size; the argument itself where it is so. */
const cv_activity_log *
cv_log_sorted(const cv_activity_log *log)
{
	cv_activity_log *copy;
	Size size = offsetof(cv_activity_log, entry) + (Size) log->count * sizeof(cv_activity);

	if (!(log->header.flags & CV_LOG_UNSORTED) && VARSIZE(log) == size)
		return log;
	copy = palloc(size);
	memcpy(copy, log, size);
	if (copy->header.flags & CV_LOG_UNSORTED)
		sort_log(copy);
	SET_VARSIZE(copy, offsetof(cv_activity_log, entry) + (Size) copy->count * sizeof(cv_activity));
	return copy;
}

/*
 * Makes room for one more entry.  Capacities are 2^k - 1, so that header and
 * entries fill the allocator's power-of-two chunks.
 */
static cv_activity_log *
make_room(cv_activity_log *log)
{
	cv_activity_log *larger;
	int32 capacity = CV_LOG_CAPACITY(log);

	/* a long one may hold the same days again and again */
	if (log->header.flags & CV_LOG_UNSORTED && capacity > 60)
	{
		sort_log(log);
		if (log->count <= capacity / 2)
			return log;
	}
	larger = cv_state_alloc(offsetof(cv_activity_log, entry), capacity * (int64) 2 + 1,
							sizeof(cv_activity), cv_activity_log_type, log->header.flags);
	larger->count = log->count;
	larger->as_of = log->as_of;
	memcpy(larger->entry, log->entry, log->count * sizeof(cv_activity));
	return larger;
}

/*
 * Adds one entry to a state (NULL: a new one with "flags"); returns the state,
 * which has moved if it had to grow.
 */
cv_activity_log *
cv_log_add(cv_activity_log *log, DateADT day, int64 amount, int32 events, uint8 flags)
{
	cv_activity *last;

	if (log == NULL)
	{
		log = cv_state_alloc(offsetof(cv_activity_log, entry), CV_LOG_SMALLEST, sizeof(cv_activity),
							 cv_activity_log_type, flags);
		last = log->entry;
	}
	else
	{
		if (log->count > 0)
		{
			last = &log->entry[log->count - 1];
			if (last->day == day)
			{
				merge_day(last, amount, events);
				return log;
			}
			if (day < last->day)
				log->header.flags |= CV_LOG_UNSORTED;
		}
		if (log->count == CV_LOG_CAPACITY(log))
		{
			log = make_room(log);
			/* sorting may have moved the latest day to the end */
			if (log->count > 0 && log->entry[log->count - 1].day >= day)
				log->header.flags |= CV_LOG_UNSORTED;
		}
		last = &log->entry[log->count];
	}
	last->day = day;
	last->amount = amount;
	last->events = events;
	log->count++;
	return log;
}

/* Adds all entries of another log to a state (not NULL). */
cv_activity_log *
cv_log_merge(cv_activity_log *log, const cv_activity_log *other)
{
	int32 i;

	for (i = 0; i < other->count; i++)
		log =
			cv_log_add(log, other->entry[i].day, other->entry[i].amount, other->entry[i].events, 0);
	return log;
}
