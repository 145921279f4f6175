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

extern int64_t cv_month_computed(int32_t day);

/* Months of the days that most data are of, 1 for January 1970; 0 where not yet known. */
#define CV_KNOWN_FROM (-10957) /* 1970-01-01 */
#define CV_KNOWN_DAYS 47482	   /* to the end of 2099 */
#define CV_KNOWN_MONTH 361	   /* January 2000 */

extern int16_t cv_known_month[CV_KNOWN_DAYS];

/* The month of a day, 0 for January 2000. */
static inline int64_t
cv_month_of(int32_t day)
{
	uint32_t at = (uint32_t) day - (uint32_t) CV_KNOWN_FROM;

	if (at < CV_KNOWN_DAYS && cv_known_month[at] != 0)
		return cv_known_month[at] - CV_KNOWN_MONTH;
	return cv_month_computed(day);
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
