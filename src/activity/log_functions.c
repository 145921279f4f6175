/*
 * log_functions.c: aggregates over activity, and what a log answers.
 *
 * first_on, last_on and active_days speak of days with a purchase; a day with
 * returns only counts in amounts.
 */
#include "postgres.h"

#include <math.h>

#include "activity/activity.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(cv_activity_log_trans);
PG_FUNCTION_INFO_V1(cv_activity_log_numeric_trans);
PG_FUNCTION_INFO_V1(cv_activity_log_combine);
PG_FUNCTION_INFO_V1(cv_activity_log_final);
PG_FUNCTION_INFO_V1(cv_first_on);
PG_FUNCTION_INFO_V1(cv_last_on);
PG_FUNCTION_INFO_V1(cv_active_days);
PG_FUNCTION_INFO_V1(cv_events);
PG_FUNCTION_INFO_V1(cv_total);
PG_FUNCTION_INFO_V1(cv_entries);

/* The transition of any row; "numeric" is the type of amounts, if there are any. */
static pg_noinline Datum
add_row(FunctionCallInfo fcinfo, bool has_amount, bool numeric)
{
	cv_activity_log *log = cv_plain_state(fcinfo, CV_LOG_UNSORTED);
	int64 amount = 0;
	bool purchase = true;
	DateADT day;

	if (log == NULL)
	{
		cv_require_aggregate(fcinfo);
		if (!PG_ARGISNULL(0))
			log = cv_log_arg(fcinfo, 0, cv_activity_log_type);
	}
	if (PG_ARGISNULL(1) || (has_amount && PG_ARGISNULL(2)))
	{
		if (log == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(log);
	}
	day = cv_check_day("the date of a purchase", PG_GETARG_DATEADT(1));
	if (has_amount)
		amount = cv_amount_arg(fcinfo, 2, numeric, &purchase);
	if (log == NULL)
		log = cv_log_new(fcinfo, cv_activity_log_type, 0);
	if (!cv_log_append(log, day, amount, purchase))
		log = cv_log_add(log, day, amount, purchase);
	PG_RETURN_POINTER(log);
}

/*
 * activity_log(at date [, amount float8]): the state is a log with spare room.
 * A row with any NULL is ignored.
 */
Datum
cv_activity_log_trans(PG_FUNCTION_ARGS)
{
	cv_activity_log *log = cv_plain_state(fcinfo, CV_LOG_UNSORTED);

	if (likely(log != NULL && PG_NARGS() > 2 && cv_log_append_usual(fcinfo, log)))
		PG_RETURN_POINTER(log);
	return add_row(fcinfo, PG_NARGS() > 2, false);
}

/* activity_log(at date, amount numeric) */
Datum
cv_activity_log_numeric_trans(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, true, true);
}

/* Merges two logs; also the transition of rollup(activity_log). */
Datum
cv_activity_log_combine(PG_FUNCTION_ARGS)
{
	cv_activity_log *log;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(0))
	{
		if (PG_ARGISNULL(1))
			PG_RETURN_NULL();
		PG_RETURN_POINTER(cv_log_arg(fcinfo, 1, cv_activity_log_type));
	}
	log = cv_log_arg(fcinfo, 0, cv_activity_log_type);
	if (!PG_ARGISNULL(1))
		log = cv_log_merge(log, cv_log_arg(fcinfo, 1, cv_activity_log_type));
	PG_RETURN_POINTER(log);
}

/* The log as it is stored. */
Datum
cv_activity_log_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(cv_log_sorted(cv_log_arg(fcinfo, 0, cv_activity_log_type)));
}

/* A log argument with sorted days. */
static const cv_activity_log *
sorted_arg(FunctionCallInfo fcinfo)
{
	return cv_log_days(cv_log_arg(fcinfo, 0, cv_activity_log_type));
}

/* First day with a purchase, NULL without one. */
Datum
cv_first_on(PG_FUNCTION_ARGS)
{
	const cv_activity_log *log = sorted_arg(fcinfo);
	int32 i;

	for (i = 0; i < log->count; i++)
		if (log->entry[i].events > 0)
			PG_RETURN_DATEADT(log->entry[i].day);
	PG_RETURN_NULL();
}

/* Last day with a purchase, NULL without one. */
Datum
cv_last_on(PG_FUNCTION_ARGS)
{
	const cv_activity_log *log = sorted_arg(fcinfo);
	int32 i;

	for (i = log->count - 1; i >= 0; i--)
		if (log->entry[i].events > 0)
			PG_RETURN_DATEADT(log->entry[i].day);
	PG_RETURN_NULL();
}

/* Number of days with a purchase. */
Datum
cv_active_days(PG_FUNCTION_ARGS)
{
	const cv_activity_log *log = sorted_arg(fcinfo);
	int64 days = 0;
	int32 i;

	for (i = 0; i < log->count; i++)
		days += log->entry[i].events > 0;
	PG_RETURN_INT64(days);
}

/* The optional range [from_date, to_date] of events() and total(). */
static void
range_args(FunctionCallInfo fcinfo, DateADT *from, DateADT *to)
{
	*from = PG_NARGS() > 1 ? PG_GETARG_DATEADT(1) : DATEVAL_NOBEGIN;
	*to = PG_NARGS() > 1 ? PG_GETARG_DATEADT(2) : DATEVAL_NOEND;
}

/* Number of purchases, of all days or of a range with both ends. */
Datum
cv_events(PG_FUNCTION_ARGS)
{
	const cv_activity_log *log = sorted_arg(fcinfo);
	int64 events = 0;
	DateADT from;
	DateADT to;
	int32 i;

	range_args(fcinfo, &from, &to);
	for (i = 0; i < log->count; i++)
		if (log->entry[i].day >= from && log->entry[i].day <= to)
			events += log->entry[i].events;
	PG_RETURN_INT64(events);
}

/* Net amount, of all days or of a range with both ends. */
Datum
cv_total(PG_FUNCTION_ARGS)
{
	const cv_activity_log *log = sorted_arg(fcinfo);
	int128 total = 0;
	DateADT from;
	DateADT to;
	int32 i;

	range_args(fcinfo, &from, &to);
	for (i = 0; i < log->count; i++)
		if (log->entry[i].day >= from && log->entry[i].day <= to)
			total += log->entry[i].amount;
	PG_RETURN_FLOAT8((double) total / CV_MILLION);
}

/* The log's entries as rows (at, amount, events). */
Datum
cv_entries(PG_FUNCTION_ARGS)
{
	const cv_activity_log *log = sorted_arg(fcinfo);
	bool nulls[3] = { false, false, false };
	int32 i;

	InitMaterializedSRF(fcinfo, 0);
	for (i = 0; i < log->count; i++)
	{
		Datum values[3];

		values[0] = DateADTGetDatum(log->entry[i].day);
		values[1] = Float8GetDatum((double) log->entry[i].amount / CV_MILLION);
		values[2] = Int32GetDatum(log->entry[i].events);
		cv_emit(fcinfo, values, nulls);
	}
	return (Datum) 0;
}
