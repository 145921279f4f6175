/*
 * calendar.c: where periods begin.
 */
#include "core/calendar.h"

const char *const cv_period_name[CV_PERIODS] = { "day", "week", "month", "quarter", "year" };

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
