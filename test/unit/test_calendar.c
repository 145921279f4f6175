/*
 * Periods of the calendar, day by day against a calendar that counts, and far away.
 */
#include "core/calendar.h"
#include "tap.h"

static int
is_leap(long year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int
days_in(long year, int month)
{
	static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month] + (month == 1 && is_leap(year));
}

/* Walks from 2000-01-01 through 800 years in a direction; how many days are wrong. */
static long
walk(int direction)
{
	long year = 2000;
	int month = 0;
	int day = 0;
	long wrong = 0;
	int32_t at;

	for (at = 0; at > -292194 && at < 292194; at += direction)
	{
		int64_t number = (year - 2000) * 12 + month;
		int round;

		/* the second time the month is known */
		for (round = 0; round < 2; round++)
		{
			wrong += cv_period_of(CV_MONTH, at) != number;
			wrong += cv_period_of(CV_QUARTER, at) != cv_floor_divide(number, 3);
			wrong += cv_period_of(CV_YEAR, at) != year - 2000;
		}
		wrong += cv_period_start(CV_MONTH, number) != at - day;
		wrong += month == 0 && day == 0 && cv_period_start(CV_YEAR, year - 2000) != at;
		wrong += month % 3 == 0 && day == 0 && cv_period_start(CV_QUARTER, number / 3) != at;
		day += direction;
		if (day < 0 || day == days_in(year, month))
		{
			month += direction;
			if (month < 0 || month == 12)
			{
				year += direction;
				month = month < 0 ? 11 : 0;
			}
			day = direction > 0 ? 0 : days_in(year, month) - 1;
		}
	}
	return wrong;
}

/* Each period begins on a day of its own, and the day before is of the one before. */
static long
edges(cv_period period, int64_t from, int64_t to, int64_t step)
{
	long wrong = 0;
	int64_t number;

	for (number = from; number < to; number += step)
	{
		int64_t start = cv_period_start(period, number);

		if (start - 1 < INT32_MIN || start > INT32_MAX)
			continue;
		wrong += cv_period_of(period, (int32_t) start) != number;
		wrong += cv_period_of(period, (int32_t) start - 1) != number - 1;
	}
	return wrong;
}

int
main(void)
{
	ok(walk(1) == 0, "800 years forward from 2000-01-01");
	ok(walk(-1) == 0, "800 years backward from 2000-01-01");
	ok(cv_period_start(CV_WEEK, 0) == -5, "the week of 2000-01-01 begins on Monday, 1999-12-27");
	ok(cv_period_of(CV_WEEK, 1) == 0 && cv_period_of(CV_WEEK, 2) == 1 &&
		   cv_period_of(CV_WEEK, -5) == 0 && cv_period_of(CV_WEEK, -6) == -1,
	   "Sunday ends a week, Monday begins one");
	ok(edges(CV_DAY, -2451545, 2145031948, 10007) == 0, "days");
	ok(edges(CV_WEEK, -350220, 306433000, 997) == 0, "weeks");
	ok(edges(CV_MONTH, -80560, 70474000, 101) == 0, "months");
	ok(edges(CV_QUARTER, -26850, 23490000, 37) == 0, "quarters");
	ok(edges(CV_YEAR, -6713, 5872898, 1) == 0, "years, from 4714 BC to 5874897");
	ok(cv_period_start(CV_YEAR, -2000) == -730485, "the year 0 begins on 0001-01-01 BC");
	return done();
}
