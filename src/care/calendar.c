/*
 * calendar.c: the business calendar: a time zone, the working hours of each
 * weekday, holidays.
 *
 * An instant is business time when the zone's clock shows a time within a span of
 * that weekday and the date is no holiday.  Compiled, a calendar tells in a few
 * steps how many minutes are worked up to any local time.
 */
#include "postgres.h"

#include "care/care.h"
#include "pgtime.h"

const char cv_calendar_type[] = "cv_business_calendar";
const char *const cv_weekday_name[CV_WEEKDAYS + 1] = { "mon", "tue", "wed", "thu",
													   "fri", "sat", "sun", NULL };

/* A stored calendar, checked as far as its readers rely on. */
static const cv_business_calendar *
check_calendar(const void *value)
{
	const cv_business_calendar *calendar = value;
	Size size = sizeof(cv_business_calendar);
	int d;

	if (calendar->holidays < 0 || calendar->holidays > CV_MOST_HOLIDAYS || calendar->zone_size == 0)
		cv_corrupt_binary(cv_calendar_type, "A count is out of range.");
	size += calendar->first_span[CV_WEEKDAYS] * sizeof(cv_opening) +
			(calendar->holidays + (Size) 1) * sizeof(cv_holiday) + calendar->zone_size;
	if (VARSIZE(calendar) != size || ((const char *) calendar)[size - 1] != '\0')
		cv_corrupt_binary(cv_calendar_type, "The counts do not fit the length.");
	for (d = 0; d < CV_WEEKDAYS; d++)
		if (calendar->first_span[d] > calendar->first_span[d + 1])
			cv_corrupt_binary(cv_calendar_type, "The spans are not in order.");
	return calendar;
}

/* A calendar argument. */
const cv_business_calendar *
cv_calendar_arg(FunctionCallInfo fcinfo, int argument)
{
	return check_calendar(
		cv_value_arg(fcinfo, argument, cv_calendar_type, sizeof(cv_business_calendar), 0));
}

/*
 * A zone that PostgreSQL has a file of, under its own spelling, or NULL.  A POSIX form
 * such as UTC+2, which PostgreSQL reads too, means a zone two hours *west*: nobody who
 * writes it in a calendar wants that.  pg_tzset() spells such forms in capitals.
 */
static const char *
zone_spelling(const char *name)
{
	pg_tz *zone = pg_tzset(name);
	const char *spelling;
	pg_tzenum *files;
	bool found = false;

	if (zone == NULL || !pg_tz_acceptable(zone))
		return NULL;
	spelling = pg_get_timezone_name(zone);
	if (strpbrk(spelling, "abcdefghijklmnopqrstuvwxyz") || !strpbrk(spelling, "0123456789"))
		return spelling;
	files = pg_tzenumerate_start();
	while (!found && (zone = pg_tzenumerate_next(files)) != NULL)
		found = strcmp(pg_get_timezone_name(zone), spelling) == 0;
	pg_tzenumerate_end(files);
	return found ? spelling : NULL;
}

/* Adds a span of a weekday; what is wrong with it, or NULL. */
const char *
cv_calendar_add_span(cv_calendar_parts *parts, int weekday, int from, int to)
{
	cv_opening *span = parts->span[weekday];
	int at = parts->spans[weekday];

	if (from < 0 || to > CV_MINUTES_PER_DAY || from >= to)
		return "A span must end after it begins, within its day.";
	if (at == CV_MINUTES_PER_DAY / 2)
		return "A weekday has too many spans.";
	for (; at > 0 && span[at - 1].from >= from; at--)
		span[at] = span[at - 1];
	span[at].from = (uint16) from;
	span[at].to = (uint16) to;
	parts->spans[weekday]++;
	if ((at > 0 && span[at - 1].to > from) ||
		(at + 1 < parts->spans[weekday] && to > span[at + 1].from))
		return "Two spans of a weekday overlap.";
	return NULL;
}

/* Adds a holiday; what is wrong with it, or NULL. */
const char *
cv_calendar_add_holiday(cv_calendar_parts *parts, DateADT day)
{
	if (DATE_NOT_FINITE(day) || !IS_VALID_DATE(day))
		return "A holiday is out of range.";
	if (parts->holidays == CV_MOST_HOLIDAYS)
		return "There are more than 1000000 holidays.";
	if (parts->holidays == parts->room)
	{
		parts->room = Max(64, parts->room * 2);
		parts->holiday = parts->holiday ? repalloc(parts->holiday, parts->room * sizeof(DateADT))
										: palloc(parts->room * sizeof(DateADT));
	}
	parts->holiday[parts->holidays++] = day;
	return NULL;
}

static int
compare_days(const void *a, const void *b)
{
	DateADT x = *(const DateADT *) a;
	DateADT y = *(const DateADT *) b;

	return x < y ? -1 : x > y;
}

/* The weekday of a day, 0 = Monday; 2000-01-01, day 0, was a Saturday. */
static int
weekday_of(DateADT day)
{
	int weekday = (int) (((int64) day + 5) % CV_WEEKDAYS);

	return weekday < 0 ? weekday + CV_WEEKDAYS : weekday;
}

/* Compiles a calendar; NULL and what is wrong if it cannot be one. */
cv_business_calendar *
cv_calendar_make(cv_calendar_parts *parts, const char **fault)
{
	cv_business_calendar *calendar;
	const char *zone = parts->zone ? zone_spelling(parts->zone) : NULL;
	cv_opening *span;
	cv_holiday *holiday;
	Size size;
	int spans = 0;
	int days = 0;
	int32 lost = 0;
	int d;
	int i;

	for (d = 0; d < CV_WEEKDAYS; d++)
		spans += parts->spans[d];
	if (zone == NULL)
		*fault = psprintf("There is no time zone \"%s\"; pg_timezone_names lists them.",
						  parts->zone ? parts->zone : "");
	else if (spans == 0)
		*fault = "It has no working hours.";
	else
		*fault = NULL;
	if (*fault)
		return NULL;

	/* a set of days */
	if (parts->holidays > 1)
		qsort(parts->holiday, parts->holidays, sizeof(DateADT), compare_days);
	for (i = 0; i < parts->holidays; i++)
		if (i == 0 || parts->holiday[i] != parts->holiday[i - 1])
			parts->holiday[days++] = parts->holiday[i];
	parts->holidays = days;

	size = sizeof(cv_business_calendar) + spans * sizeof(cv_opening) +
		   (days + (Size) 1) * sizeof(cv_holiday) + strlen(zone) + 1;
	calendar = cv_state_alloc(size, 0, 1, cv_calendar_type, 0);
	calendar->holidays = days;
	calendar->zone_size = (uint16) (strlen(zone) + 1);
	span = (cv_opening *) (calendar + 1);
	for (d = 0; d < CV_WEEKDAYS; d++)
	{
		calendar->first_span[d + 1] = calendar->first_span[d] + parts->spans[d];
		calendar->opened[d + 1] = calendar->opened[d];
		for (i = 0; i < parts->spans[d]; i++)
		{
			*span++ = parts->span[d][i];
			calendar->opened[d + 1] += parts->span[d][i].to - parts->span[d][i].from;
		}
	}
	holiday = (cv_holiday *) span;
	for (i = 0; i < days; i++)
	{
		d = weekday_of(parts->holiday[i]);
		holiday[i].day = parts->holiday[i];
		holiday[i].lost = lost;
		lost += calendar->opened[d + 1] - calendar->opened[d];
	}
	holiday[days].day = PG_INT32_MAX;
	holiday[days].lost = lost;
	memcpy(holiday + days + 1, zone, calendar->zone_size);
	return calendar;
}
