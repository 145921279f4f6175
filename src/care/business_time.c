/*
 * business_time.c: business_interval(from_at, to_at, calendar) and its inverse,
 * business_due(from_at, work, calendar).
 *
 * Between two changes of the zone's clock, local time is UTC plus a constant, and the
 * business time of such a stretch is W(local end) - W(local begin), where W counts
 * the working time of the calendar's weeks up to a local time, less holidays.  So the
 * cost depends on the number of clock changes between the two instants, not on the
 * days, and an hour that the clock skips or repeats counts as often as it passes.
 */
#include "postgres.h"

#include "care/care.h"
#include "common/int.h"
#include "miscadmin.h"
#include "pgtime.h"

PG_FUNCTION_INFO_V1(cv_business_interval);
PG_FUNCTION_INFO_V1(cv_business_due);

#define MONDAY 2 /* 2000-01-03, counted from 2000-01-01 */
#define UNIX_EPOCH_SECONDS ((POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (pg_time_t) SECS_PER_DAY)

static inline int64
floor_divide(int64 a, int64 b)
{
	return a / b - (a % b < 0);
}

/* ---- local time ---- */

/* The first holiday not before a day. */
static const cv_holiday *
holiday_from(const cv_business_calendar *calendar, int64 day)
{
	const cv_holiday *low = cv_holidays(calendar);
	const cv_holiday *high = low + calendar->holidays;

	while (low < high)
	{
		const cv_holiday *middle = low + (high - low) / 2;

		if (middle->day < day)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* W: working time up to a local time, in microseconds from some Monday on. */
static int64
worked(const cv_business_calendar *calendar, int64 local)
{
	int64 day = floor_divide(local, USECS_PER_DAY);
	int64 clock = local - day * USECS_PER_DAY;
	int64 week = floor_divide(day - MONDAY, CV_WEEKDAYS);
	int weekday = (int) (day - MONDAY - week * CV_WEEKDAYS);
	const cv_holiday *holiday = holiday_from(calendar, day);
	const cv_opening *span = cv_openings(calendar) + calendar->first_span[weekday];
	const cv_opening *end = cv_openings(calendar) + calendar->first_span[weekday + 1];
	int64 time =
		(week * calendar->opened[CV_WEEKDAYS] + calendar->opened[weekday] - holiday->lost) *
		USECS_PER_MINUTE;

	if (holiday->day == day)
		return time;
	for (; span < end && span->from * USECS_PER_MINUTE < clock; span++)
		time += Min(clock, span->to * USECS_PER_MINUTE) - span->from * USECS_PER_MINUTE;
	return time;
}

/* The spans of a day that is no holiday. */
static int
spans_of(const cv_business_calendar *calendar, int64 day, const cv_opening **span)
{
	int weekday = (int) (day - MONDAY - floor_divide(day - MONDAY, CV_WEEKDAYS) * CV_WEEKDAYS);

	*span = cv_openings(calendar) + calendar->first_span[weekday];
	return calendar->first_span[weekday + 1] - calendar->first_span[weekday];
}

/* The earliest local time with W = target, which is above W(local). */
static int64
local_after(const cv_business_calendar *calendar, int64 local, int64 target)
{
	int64 low = floor_divide(local, USECS_PER_DAY) - 1; /* W at its end is below target */
	int64 step = 1;
	int64 high;
	const cv_opening *span;

	while (worked(calendar, (low + step + 1) * USECS_PER_DAY) < target)
	{
		low += step;
		step *= 2;
	}
	high = low + step;
	while (high - low > 1)
	{
		int64 middle = low + (high - low) / 2;

		if (worked(calendar, (middle + 1) * USECS_PER_DAY) < target)
			low = middle;
		else
			high = middle;
	}
	target -= worked(calendar, high * USECS_PER_DAY);
	for (spans_of(calendar, high, &span);; span++)
	{
		int64 length = (span->to - span->from) * USECS_PER_MINUTE;

		if (target <= length)
			return high * USECS_PER_DAY + span->from * USECS_PER_MINUTE + target;
		target -= length;
	}
}

/* The latest local time with W = target, which is below W(local). */
static int64
local_before(const cv_business_calendar *calendar, int64 local, int64 target)
{
	int64 high = floor_divide(local, USECS_PER_DAY) + 1; /* W at its begin is above target */
	int64 step = 1;
	int64 low;
	const cv_opening *span;
	int spans;

	while (worked(calendar, (high - step) * USECS_PER_DAY) > target)
	{
		high -= step;
		step *= 2;
	}
	low = high - step;
	while (high - low > 1)
	{
		int64 middle = low + (high - low) / 2;

		if (worked(calendar, middle * USECS_PER_DAY) > target)
			high = middle;
		else
			low = middle;
	}
	target = worked(calendar, (low + 1) * USECS_PER_DAY) - target;
	spans = spans_of(calendar, low, &span);
	for (span += spans - 1;; span--)
	{
		int64 length = (span->to - span->from) * USECS_PER_MINUTE;

		if (target <= length)
			return low * USECS_PER_DAY + span->to * USECS_PER_MINUTE - target;
		target -= length;
	}
}

/* ---- the zone's clock ---- */

static pg_tz *
zone_of(const cv_business_calendar *calendar)
{
	pg_tz *zone = pg_tzset(cv_zone_name(calendar));

	if (zone == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("time zone \"%s\" not recognized", cv_zone_name(calendar)),
						errhint("The calendar comes from a server with other time zone data.")));
	return zone;
}

/* What the clock adds to UTC at an instant, and until when; at most to the end of time. */
static void
clock_at(const pg_tz *zone, TimestampTz at, int64 *offset, TimestampTz *until)
{
	pg_time_t second = floor_divide(at, USECS_PER_SEC) + UNIX_EPOCH_SECONDS;
	pg_time_t boundary;
	long before;
	long after;
	int before_is_summer;
	int after_is_summer;
	int found = pg_next_dst_boundary(&second, &before, &before_is_summer, &boundary, &after,
									 &after_is_summer, zone);

	if (found < 0)
		elog(ERROR, "no clock of time zone at " INT64_FORMAT, at);
	*offset = before * USECS_PER_SEC;
	if (found > 0 && boundary - UNIX_EPOCH_SECONDS < END_TIMESTAMP / USECS_PER_SEC)
		*until = (boundary - UNIX_EPOCH_SECONDS) * USECS_PER_SEC;
	else
		*until = END_TIMESTAMP;
}

/* What the clock adds to UTC just before an instant, and since when at least. */
static void
clock_before(const pg_tz *zone, TimestampTz at, int64 *offset, TimestampTz *since)
{
	TimestampTz until;

	*since = Max(MIN_TIMESTAMP, at - 366 * USECS_PER_DAY);
	for (;;)
	{
		clock_at(zone, *since, offset, &until);
		if (until >= at)
			break;
		*since = until;
	}
}

/* ---- between instants ---- */

/* Business time from an instant to another, in microseconds; negative backwards. */
int64
cv_business_time(const cv_business_calendar *calendar, TimestampTz from, TimestampTz to)
{
	pg_tz *zone = zone_of(calendar);
	bool backwards = from > to;
	int64 time = 0;

	if (backwards)
	{
		TimestampTz swap = from;

		from = to;
		to = swap;
	}
	if (to > PG_INT64_MAX + Min(from, 0))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("business time between the instants is out of range"),
						errdetail("It may not pass 292271 years.")));
	while (from < to)
	{
		TimestampTz until;
		int64 offset;

		clock_at(zone, from, &offset, &until);
		until = Min(until, to);
		time += worked(calendar, until + offset) - worked(calendar, from + offset);
		from = until;
		CHECK_FOR_INTERRUPTS();
	}
	return backwards ? -time : time;
}

/* business_interval(from_at, to_at, calendar): an interval of hours, minutes and seconds. */
Datum
cv_business_interval(PG_FUNCTION_ARGS)
{
	TimestampTz from = PG_GETARG_TIMESTAMPTZ(0);
	TimestampTz to = PG_GETARG_TIMESTAMPTZ(1);
	Interval *result = palloc0(sizeof(Interval));

	cv_check_instant("from_at", from);
	cv_check_instant("to_at", to);
	result->time = cv_business_time(cv_calendar_arg(fcinfo, 2), from, to);
	PG_RETURN_INTERVAL_P(result);
}

/* Work in microseconds, as extract(epoch) has it; it may be negative. */
static int64
work_arg(FunctionCallInfo fcinfo, int argument)
{
	const Interval *span = PG_GETARG_INTERVAL_P(argument);
	int128 time;

	if (!CV_INTERVAL_IS_FINITE(span))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("work must be finite")));
	time = (int128) (span->month / MONTHS_PER_YEAR) * (36525 * (USECS_PER_DAY / 100)) +
		   (int128) (span->month % MONTHS_PER_YEAR * DAYS_PER_MONTH + (int64) span->day) *
			   USECS_PER_DAY +
		   span->time;
	/* beyond the time that there is, all work is the same */
	return (int64) Max(Min(time, (int128) PG_INT64_MAX), -(int128) PG_INT64_MAX);
}

/* business_due(from_at, work, calendar): the nearest instant with that business time. */
Datum
cv_business_due(PG_FUNCTION_ARGS)
{
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(0);
	int64 work = work_arg(fcinfo, 1);
	const cv_business_calendar *calendar = cv_calendar_arg(fcinfo, 2);
	pg_tz *zone = zone_of(calendar);
	TimestampTz other;
	int64 offset;
	int64 time;

	cv_check_instant("from_at", at);
	while (work > 0 && at < END_TIMESTAMP)
	{
		clock_at(zone, at, &offset, &other);
		time = worked(calendar, at + offset);
		if (worked(calendar, other + offset) - time >= work)
			PG_RETURN_TIMESTAMPTZ(local_after(calendar, at + offset, time + work) - offset);
		work -= worked(calendar, other + offset) - time;
		at = other;
		CHECK_FOR_INTERRUPTS();
	}
	while (work < 0 && at > MIN_TIMESTAMP)
	{
		clock_before(zone, at, &offset, &other);
		time = worked(calendar, at + offset);
		if (time - worked(calendar, other + offset) >= -work)
			PG_RETURN_TIMESTAMPTZ(local_before(calendar, at + offset, time + work) - offset);
		work += time - worked(calendar, other + offset);
		at = other;
		CHECK_FOR_INTERRUPTS();
	}
	if (work != 0)
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("the due time is out of range"),
						errdetail("It would lie beyond what a timestamp can hold.")));
	PG_RETURN_TIMESTAMPTZ(at);
}
