/*
 * parameter.c: parameters with their ranges, and durations in days.
 */
#include "postgres.h"

#include <math.h>

#include "compat.h"
#include "pg/pg.h"
#include "utils/timestamp.h"

/*
 * An interval in days as extract(epoch) / 86400 has it: a year is 365.25 days,
 * a month beyond whole years 30.
 */
double
cv_interval_days(const Interval *span)
{
	return (span->month / MONTHS_PER_YEAR) * 365.25 +
		   (span->month % MONTHS_PER_YEAR) * (double) DAYS_PER_MONTH + span->day +
		   span->time / (double) USECS_PER_DAY;
}

/* An interval argument that must be finite and not negative, in days. */
double
cv_duration_arg(FunctionCallInfo fcinfo, int argument, const char *name)
{
	Interval *span = PG_GETARG_INTERVAL_P(argument);
	double days;

	if (!CV_INTERVAL_IS_FINITE(span))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must be finite", name)));
	days = cv_interval_days(span);
	if (days < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("%s must not be negative, not %g days", name, days)));
	return days;
}

/* A parameter that must lie in [low, high]; infinite bounds mean "finite". */
double
cv_check_range(const char *name, double value, double low, double high)
{
	if (!(value >= low && value <= high) || isinf(value))
	{
		if (isinf(low) && isinf(high))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("%s must be a finite number, not %g", name, value)));
		if (isinf(high))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("%s must be a finite number of at least %g, not %g", name, low,
								   value)));
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("%s must lie between %g and %g, not %g", name, low, high, value)));
	}
	return value;
}
