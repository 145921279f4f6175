/*
 * calendar.c: where periods begin.
 */
#include "core/calendar.h"

const char *const cv_period_name[CV_PERIODS] = { "day", "week", "month", "quarter", "year" };

int16_t cv_known_month[CV_KNOWN_DAYS];

/*
 * The month of a day, 0 for January 2000, in the proleptic Gregorian calendar.  A year
 * that begins in March has its leap day at its end: the days before its month m (0 for
 * March) are (153 m + 2) / 5 (Hinnant, "chrono-compatible low-level date algorithms").
 */
int64_t
cv_month_computed(int32_t day)
{
	int64_t days = (int64_t) day - 60; /* since 2000-03-01 */
	int64_t era = cv_floor_divide(days, 146097);
	uint32_t of_era = (uint32_t) (days - era * 146097);
	uint32_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	uint32_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (era * 400 + year) * 12 + (5 * of_year + 2) / 153 + 2;
	uint32_t at = (uint32_t) day - (uint32_t) CV_KNOWN_FROM;

	if (at < CV_KNOWN_DAYS)
		cv_known_month[at] = (int16_t) (month + CV_KNOWN_MONTH);
	return month;
}

/* The first day of a month; both count from January 2000. */
static int64_t
month_start(int64_t month)
{
	int64_t since = month - 2; /* March 2000 */
	int64_t year = cv_floor_divide(since, 12);
	int64_t era = cv_floor_divide(year, 400);
	int64_t of_era = year - era * 400;
	int64_t of_year = (153 * (since - year * 12) + 2) / 5;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year + 60;
}

/* The first day of a period, in days since 2000-01-01. */
int64_t
cv_period_start(cv_period period, int64_t number)
{
	switch (period)
	{
		case CV_DAY:
			return number;
		case CV_WEEK:
			return number * 7 - 5;
		case CV_MONTH:
			return month_start(number);
		case CV_QUARTER:
			return month_start(number * 3);
		default:
			return month_start(number * 12);
	}
}
