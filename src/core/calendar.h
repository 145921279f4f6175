/*
 * calendar.h: days, ISO weeks, months, quarters and years as whole numbers.
 */
#ifndef CV_CORE_CALENDAR_H
#define CV_CORE_CALENDAR_H

#include <stdint.h>

typedef enum cv_period
{
	CV_DAY,
	CV_WEEK, /* ISO: from Monday to Sunday */
	CV_MONTH,
	CV_QUARTER,
	CV_YEAR
} cv_period;

#define CV_PERIODS 5

extern const char *const cv_period_name[CV_PERIODS];

extern int64_t cv_period_start(cv_period period, int64_t number);

static inline int64_t
cv_floor_divide(int64_t dividend, int64_t divisor)
{
	return dividend / divisor - (dividend % divisor < 0);
}

/*
 * The month of a day, 0 for January 2000, in the proleptic Gregorian calendar.  A year
 * that begins in March has its leap day at its end: the days before its month m (0 for
 * March) are (153 m + 2) / 5 (Hinnant, "chrono-compatible low-level date algorithms").
 */
static inline int64_t
cv_month_of(int32_t day)
{
	int64_t days = (int64_t) day - 60; /* since 2000-03-01 */
	int64_t era = cv_floor_divide(days, 146097);
	uint32_t of_era = (uint32_t) (days - era * 146097);
	uint32_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	uint32_t of_year = of_era - (365 * year + year / 4 - year / 100);

	return (era * 400 + year) * 12 + (5 * of_year + 2) / 153 + 2;
}

/*
 * The number of the period that a day belongs to; days and numbers count from 0 for
 * 2000-01-01 and its period.
 */
static inline int64_t
cv_period_of(cv_period period, int32_t day)
{
	switch (period)
	{
		case CV_DAY:
			return day;
		case CV_WEEK:
			/* 2000-01-01 was a Saturday */
			return cv_floor_divide((int64_t) day + 5, 7);
		case CV_MONTH:
			return cv_month_of(day);
		case CV_QUARTER:
			return cv_floor_divide(cv_month_of(day), 3);
		default:
			return cv_floor_divide(cv_month_of(day), 12);
	}
}

#endif
