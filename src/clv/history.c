/*
 * history.c: from activity to a purchase history (frequency, recency, age,
 * monetary: the field's x, t_x, T and m).
 *
 * Purchases of one day are one.  frequency counts purchase days after the first;
 * recency is the time from the first to the last of them, age the time from the
 * first to as_of, both in days; monetary is the mean net amount of the repeat
 * purchase days; log_gaps the sum of ln(days between purchases).
 */
#include "postgres.h"

#include <math.h>

#include "activity/activity.h"
#include "catalog/pg_type.h"
#include "clv/clv.h"
#include "pg/row_arg.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(cv_purchase_history);
PG_FUNCTION_INFO_V1(cv_purchase_history_trans);
PG_FUNCTION_INFO_V1(cv_purchase_history_numeric_trans);
PG_FUNCTION_INFO_V1(cv_purchase_history_combine);
PG_FUNCTION_INFO_V1(cv_purchase_history_final);

/* ln of a whole number of days; the common ones are computed once in a process. */
static double
log_days(int32 days)
{
	static double known[1024];

	if (days >= (int32) lengthof(known))
		return log((double) days);
	if (known[days] == 0 && days > 1)
		known[days] = log((double) days);
	return known[days];
}

static const Oid history_types[5] = { INT4OID, FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID };

/* What a call site keeps: the first row without repeat purchases and the first with some. */
typedef struct history_site
{
	TupleDesc shape;
	HeapTupleHeader first[2];
} history_site;

/*
 * A row of frequency, recency, age, monetary (unless frequency is 0) and log_gaps: a copy of
 * the first one of its kind, which takes a sixth of the time off purchase_history(log, as_of).
 */
static Datum
make_history(FunctionCallInfo fcinfo, int32 frequency, const double *number)
{
	history_site *site = fcinfo->flinfo->fn_extra;
	int repeat = frequency > 0;
	HeapTupleHeader row;
	char *to;

	if (site == NULL)
	{
		site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(history_site));
		site->shape = cv_result_shape(fcinfo, "cv_purchase_history", 5, history_types);
		fcinfo->flinfo->fn_extra = site;
	}
	if (site->first[repeat] == NULL)
	{
		Datum zero = Float8GetDatum(0);
		Datum values[5] = { Int32GetDatum(0), zero, zero, zero, zero };
		bool nulls[5] = { false, false, false, !repeat, false };

		site->first[repeat] = cv_first_row(fcinfo, site->shape, values, nulls);
	}
	row = cv_copy_row(site->first[repeat]);
	to = (char *) row + row->t_hoff;
	memcpy(to, &frequency, sizeof(int32));
	to += MAXALIGN(sizeof(int32));
	memcpy(to, number, 2 * sizeof(double));
	to += 2 * sizeof(double);
	if (repeat)
		memcpy(to, number + 2, 2 * sizeof(double));
	else
		memcpy(to, number + 3, sizeof(double));
	return PointerGetDatum(row);
}

/* The history of a sorted log as of a day, NULL before the first purchase. */
static Datum
history_of(FunctionCallInfo fcinfo, const cv_activity_log *activity, DateADT as_of)
{
	double number[4];
	DateADT first = 0;
	DateADT last = 0;
	int32 days = 0;
	int128 repeat_amount = 0;
	double log_gaps = 0;
	int32 i;

	for (i = 0; i < activity->count && activity->entry[i].day <= as_of; i++)
	{
		const cv_activity *entry = &activity->entry[i];

		if (entry->events == 0)
			continue;
		if (days == 0)
			first = entry->day;
		else
		{
			repeat_amount += entry->amount;
			log_gaps += log_days(entry->day - last);
		}
		last = entry->day;
		days++;
	}
	if (days == 0)
		PG_RETURN_NULL();
	number[0] = (double) last - first;
	number[1] = (double) as_of - first;
	number[2] = days == 1 ? 0 : (double) repeat_amount / CV_MILLION / (days - 1);
	number[3] = log_gaps;
	return make_history(fcinfo, days - 1, number);
}

/* purchase_history(log, as_of): activity after as_of is not looked at. */
Datum
cv_purchase_history(PG_FUNCTION_ARGS)
{
	const cv_activity_log *log = cv_log_days(cv_log_arg(fcinfo, 0, cv_activity_log_type));

	return history_of(fcinfo, log, cv_check_day("as_of", PG_GETARG_DATEADT(1)));
}

/* The day that a group's rows are told of must be one. */
void
cv_check_same_as_of(DateADT before, DateADT now)
{
	if (before != now)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as_of must not change between rows"),
				 errdetail("It was %s and is %s.",
						   DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(before))),
						   DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(now)))),
				 errhint("Use one as_of for all rows of a group.")));
}

/* The transition of any row; the state is a log that remembers as_of. */
static pg_noinline Datum
add_row(FunctionCallInfo fcinfo, bool numeric)
{
	cv_activity_log *log = cv_plain_state(fcinfo, CV_LOG_FLAGS);
	DateADT day;
	DateADT as_of;
	int64 amount;
	bool purchase;

	if (log == NULL)
	{
		cv_require_aggregate(fcinfo);
		if (!PG_ARGISNULL(0))
			log = cv_log_arg(fcinfo, 0, cv_purchase_log_type);
	}
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		return cv_state_result(fcinfo, log);
	day = cv_check_day("the date of a purchase", PG_GETARG_DATEADT(1));
	amount = cv_amount_arg(fcinfo, 2, numeric, &purchase);
	as_of = cv_check_day("as_of", PG_GETARG_DATEADT(3));
	if (log == NULL)
	{
		log = cv_log_new(fcinfo, cv_purchase_log_type, CV_LOG_HAS_AS_OF);
		log->as_of = as_of;
	}
	if (log->as_of != as_of)
		cv_check_same_as_of(log->as_of, as_of);
	if (day <= as_of && !cv_log_append(log, day, amount, purchase))
		log = cv_log_add(log, day, amount, purchase);
	PG_RETURN_POINTER(log);
}

/* purchase_history(at, amount float8, as_of): a row with any NULL is ignored. */
Datum
cv_purchase_history_trans(PG_FUNCTION_ARGS)
{
	cv_activity_log *log = cv_plain_state(fcinfo, CV_LOG_FLAGS);
	DateADT as_of = PG_GETARG_DATEADT(3);

	if (likely(log != NULL && !PG_ARGISNULL(3) && log->as_of == as_of &&
			   PG_GETARG_DATEADT(1) <= as_of && cv_log_append_usual(fcinfo, log)))
		PG_RETURN_POINTER(log);
	return add_row(fcinfo, false);
}

/* purchase_history(at, amount numeric, as_of) */
Datum
cv_purchase_history_numeric_trans(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, true);
}

/* Merges two states. */
Datum
cv_purchase_history_combine(PG_FUNCTION_ARGS)
{
	cv_activity_log *log;
	cv_activity_log *other;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(cv_log_arg(fcinfo, 1, cv_purchase_log_type));
	log = cv_log_arg(fcinfo, 0, cv_purchase_log_type);
	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(log);
	other = cv_log_arg(fcinfo, 1, cv_purchase_log_type);
	cv_check_same_as_of(log->as_of, other->as_of);
	PG_RETURN_POINTER(cv_log_merge(log, other));
}

/* The history that the rows amount to. */
Datum
cv_purchase_history_final(PG_FUNCTION_ARGS)
{
	const cv_activity_log *log;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	log = cv_log_days(cv_log_arg(fcinfo, 0, cv_purchase_log_type));
	return history_of(fcinfo, log, log->as_of);
}

/* Reads a cv_purchase_history argument; false for a history of NULLs. */
bool
cv_history_arg(FunctionCallInfo fcinfo, int argument, cv_history *history)
{
	static cv_row_form form = { "cv_purchase_history", 5, history_types, InvalidOid, 0 };
	cv_row_field field[5];
	bool known[5];

	cv_row_fields(fcinfo, argument, &form, field, known);
	if (!known[0] && !known[1] && !known[2])
		return false;
	if (!known[0] || !known[1] || !known[2])
		ereport(
			ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("frequency, recency and age of a purchase history must be known together")));
	history->frequency = (int32) field[0].whole;
	history->recency = field[1].number + 0.0; /* no -0 */
	history->age = field[2].number + 0.0;
	history->monetary = field[3].number + 0.0;
	history->log_gaps = field[4].number;
	history->has_monetary = known[3];
	history->has_log_gaps = known[4];
	if (!(history->frequency >= 0 && history->recency >= 0 && history->recency <= history->age) ||
		isinf(history->age) || (history->frequency == 0 && history->recency > 0))
		ereport(
			ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("impossible purchase history: frequency %d, recency %g, age %g",
					history->frequency, history->recency, history->age),
			 errdetail(
				 "frequency is at least 0, recency lies between 0 and age in days and is 0 without repeat purchases.")));
	if (known[3] && !isfinite(history->monetary))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("monetary of a purchase history must be finite, not %g",
							   history->monetary)));
	if (known[4] && !(fabs(history->log_gaps) <= 4e6))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("log_gaps of a purchase history is out of range: %.15g",
							   history->log_gaps)));
	return true;
}
