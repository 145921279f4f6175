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
#include "nodes/execnodes.h"
#include "utils/fmgrprotos.h"

const char cv_activity_log_type[] = "cv_activity_log";
const char cv_purchase_log_type[] = "cv_purchase_log";

/* Entries that a new state has room for. */
#define ROOM_ALONE 31
#define ROOM_AMONG_MANY 7

/* Entries that are sorted by counting. */
#define MOST_COUNTED 64

/* Days that are added up in a table. */
#define MOST_GATHERED INT64CONST(1048576)

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

/* What should be a day and is infinite. */
void
cv_day_not_finite(const char *name, DateADT day)
{
	ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					errmsg("%s must be a finite date, not %sinfinity", name,
						   DATE_IS_NOBEGIN(day) ? "-" : "")));
}

/* An amount that a log cannot hold. */
void
cv_amount_out_of_range(const char *amount)
{
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					errmsg("amount %s is out of range", amount),
					errdetail("Amounts are finite numbers between -9.2e12 and 9.2e12.")));
}

/* A numeric amount that a log cannot hold; one of very many digits is told in short. */
void
cv_numeric_out_of_range(Datum amount)
{
	char *text = DatumGetCString(DirectFunctionCall1(numeric_out, amount));

	cv_amount_out_of_range(strlen(text) <= 40 ? text : psprintf("%g", strtod(text, NULL)));
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

/*
 * Copies entries in the order of their days.  A few are put in their places by counting those
 * that come before: more steps than a sort takes, but none that depends on a guessed branch,
 * and the compiler takes several at once.
 */
static void
copy_sorted(cv_activity *to, const cv_activity *from, int32 count)
{
	int32 key[MOST_COUNTED]; /* days since the first, then the place among the rows */
	int32 padded = TYPEALIGN(4, count);
	DateADT first = from[0].day;
	DateADT last = from[0].day;
	int32 i;
	int32 j;

	for (i = 1; i < count; i++)
	{
		first = Min(first, from[i].day);
		last = Max(last, from[i].day);
	}
	if (count > MOST_COUNTED || (int64) last - first >= PG_INT32_MAX / MOST_COUNTED)
	{
		memcpy(to, from, count * sizeof(cv_activity));
		sort_entries(to, count);
		return;
	}
	for (i = 0; i < count; i++)
		key[i] = (from[i].day - first) * MOST_COUNTED + i;
	for (; i < padded; i++)
		key[i] = PG_INT32_MAX;
	for (i = 0; i < count; i++)
	{
		int32 before = 0;

		for (j = 0; j < padded; j++)
			before += key[j] < key[i];
		to[before] = from[i];
	}
}

/* Makes one entry of each day in a sorted state. */
static void
merge_days(cv_activity_log *log)
{
	int32 kept = 0;
	int32 i;

	while (kept + 1 < log->count && log->entry[kept].day != log->entry[kept + 1].day)
		kept++;
	for (i = kept + 1; i < log->count; i++)
	{
		if (log->entry[i].day == log->entry[kept].day)
			merge_day(&log->entry[kept], log->entry[i].amount, log->entry[i].events);
		else
			log->entry[++kept] = log->entry[i];
	}
	log->count = log->count > 0 ? kept + 1 : 0;
	log->header.flags &= ~CV_LOG_UNSORTED;
}

/*
 * Makes one entry of each day in a state that is sorted thereby, if its days lie close
 * together: as one log of very many customers has them.  Measured, rollup() of all logs takes
 * half of the time that it takes with a sort.
 */
static bool
gather_days(cv_activity_log *log)
{
	DateADT first = log->entry[0].day;
	DateADT last = log->entry[0].day;
	cv_activity *sum;
	int64 days;
	int32 kept = 0;
	int32 i;

	for (i = 1; i < log->count; i++)
	{
		first = Min(first, log->entry[i].day);
		last = Max(last, log->entry[i].day);
	}
	days = (int64) last - first + 1;
	if (days > Min((int64) log->count, MOST_GATHERED))
		return false;
	sum = palloc0(days * sizeof(cv_activity));
	for (i = 0; i < log->count; i++)
	{
		const cv_activity *entry = &log->entry[i];

		sum[entry->day - first].day = 1; /* there is one */
		merge_day(&sum[entry->day - first], entry->amount, entry->events);
	}
	for (i = 0; i < days; i++)
		if (sum[i].day != 0)
		{
			log->entry[kept] = sum[i];
			log->entry[kept++].day = first + i;
		}
	pfree(sum);
	log->count = kept;
	log->header.flags &= ~CV_LOG_UNSORTED;
	return true;
}

/* A copy of exactly the entries in use. */
static cv_activity_log *
copy_log(const cv_activity_log *log)
{
	Size size = offsetof(cv_activity_log, entry) + (Size) log->count * sizeof(cv_activity);
	cv_activity_log *copy = palloc(size);

	if (log->header.flags & CV_LOG_UNSORTED)
	{
		memcpy(copy, log, offsetof(cv_activity_log, entry));
		copy_sorted(copy->entry, log->entry, log->count);
		merge_days(copy);
	}
	else
		memcpy(copy, log, size);
	SET_VARSIZE(copy, offsetof(cv_activity_log, entry) + (Size) copy->count * sizeof(cv_activity));
	return copy;
}

/* The log with sorted days, to be read; the argument itself where it is so. */
const cv_activity_log *
cv_log_days(const cv_activity_log *log)
{
	return log->header.flags & CV_LOG_UNSORTED ? copy_log(log) : log;
}

/* The log as stored: sorted and without spare room; the argument itself where it is so. */
const cv_activity_log *
cv_log_sorted(const cv_activity_log *log)
{
	if (!(log->header.flags & CV_LOG_UNSORTED) &&
		VARSIZE(log) == offsetof(cv_activity_log, entry) + (Size) log->count * sizeof(cv_activity))
		return log;
	return copy_log(log);
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
		if (!gather_days(log))
		{
			sort_entries(log->entry, log->count);
			merge_days(log);
		}
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
 * A new state.  Where groups come one after the other there is only one at a time: it gets room
 * that most customers do not outgrow.
 */
cv_activity_log *
cv_log_new(FunctionCallInfo fcinfo, const char *type, uint8 flags)
{
	bool alone = fcinfo->context && IsA(fcinfo->context, AggState) &&
				 ((AggState *) fcinfo->context)->aggstrategy == AGG_SORTED;

	return cv_state_alloc(offsetof(cv_activity_log, entry), alone ? ROOM_ALONE : ROOM_AMONG_MANY,
						  sizeof(cv_activity), type, flags);
}

/* Adds one entry to a state; returns the state, which has moved if it had to grow. */
cv_activity_log *
cv_log_add(cv_activity_log *log, DateADT day, int64 amount, int32 events)
{
	cv_activity *last;

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
	last = &log->entry[log->count++];
	last->day = day;
	last->amount = amount;
	last->events = events;
	return log;
}

/* Adds all entries of another log to a state (not NULL). */
cv_activity_log *
cv_log_merge(cv_activity_log *log, const cv_activity_log *other)
{
	int32 i;

	for (i = 0; i < other->count; i++)
	{
		const cv_activity *entry = &other->entry[i];

		if (!cv_log_append(log, entry->day, entry->amount, entry->events))
			log = cv_log_add(log, entry->day, entry->amount, entry->events);
	}
	return log;
}
