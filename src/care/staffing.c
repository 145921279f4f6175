/*
 * staffing.c: how many agents answer how many calls: erlang_b, erlang_c, erlang_a,
 * service_level, agents_needed.  The mathematics is in core/erlang.c.
 */
#include "postgres.h"

#include <limits.h>
#include <math.h>

#include "care/care.h"
#include "catalog/pg_type.h"
#include "core/erlang.h"
#include "miscadmin.h"

PG_FUNCTION_INFO_V1(cv_staffing_erlang_b);
PG_FUNCTION_INFO_V1(cv_staffing_erlang_c);
PG_FUNCTION_INFO_V1(cv_staffing_erlang_a);
PG_FUNCTION_INFO_V1(cv_staffing_service_level);
PG_FUNCTION_INFO_V1(cv_staffing_agents_needed);

static void
check_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

static double
load_arg(FunctionCallInfo fcinfo)
{
	return cv_check_range("load", PG_GETARG_FLOAT8(0), 0, INFINITY);
}

static int
agents_arg(FunctionCallInfo fcinfo, int argument)
{
	int agents = PG_GETARG_INT32(argument);

	if (agents < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("agents must be at least 0, not %d", agents)));
	return agents;
}

/* erlang_b(load, agents). */
Datum
cv_staffing_erlang_b(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(cv_erlang_b(load_arg(fcinfo), agents_arg(fcinfo, 1)));
}

/* erlang_c(load, agents). */
Datum
cv_staffing_erlang_c(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(cv_erlang_c(load_arg(fcinfo), agents_arg(fcinfo, 1)));
}

/* erlang_a(load, agents, patience). */
Datum
cv_staffing_erlang_a(PG_FUNCTION_ARGS)
{
	static const Oid types[2] = { FLOAT8OID, FLOAT8OID };
	double load = load_arg(fcinfo);
	int agents = agents_arg(fcinfo, 1);
	double patience = PG_GETARG_FLOAT8(2);
	double abandonment;
	Datum values[2];
	bool nulls[2] = { false, false };

	if (!(patience > 0 && patience <= 1e6))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("patience must lie above 0 and up to 1e+06, not %g", patience),
				 errdetail("It is the mean patience of callers divided by the mean handle time."),
				 errhint("Where nobody hangs up, erlang_c() has the answer.")));
	values[0] = Float8GetDatum(cv_erlang_a(load, agents, patience, &abandonment, check_interrupts));
	values[1] = Float8GetDatum(abandonment);
	PG_RETURN_DATUM(cv_row(fcinfo, values, nulls, "erlang_a", 2, types));
}

/* An interval argument in seconds, which is at least 0, or must be above. */
static double
seconds_arg(FunctionCallInfo fcinfo, int argument, const char *name, bool above)
{
	int64 time = cv_span_arg(fcinfo, argument, name);

	if (time == 0 && above)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must be above 0", name)));
	return time / (double) USECS_PER_SEC;
}

/* The load in Erlangs of calls within a period, arguments 0 to 2; the handle time. */
static double
load_of_calls(FunctionCallInfo fcinfo, double *handle_time)
{
	double calls = cv_check_range("calls", PG_GETARG_FLOAT8(0), 0, INFINITY);
	double period = seconds_arg(fcinfo, 1, "period", true);
	double load;

	*handle_time = seconds_arg(fcinfo, 2, "handle_time", true);
	load = calls * *handle_time / period;
	if (isinf(load))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("the load is out of range at calls %g", calls)));
	return load;
}

/* service_level(calls, period, handle_time, agents, within). */
Datum
cv_staffing_service_level(PG_FUNCTION_ARGS)
{
	double handle_time;
	double load = load_of_calls(fcinfo, &handle_time);
	int agents = agents_arg(fcinfo, 3);
	double within = seconds_arg(fcinfo, 4, "within", false);

	PG_RETURN_FLOAT8(cv_service_level(load, agents, within / handle_time));
}

/* agents_needed(calls, period, handle_time, target, within, shrinkage). */
Datum
cv_staffing_agents_needed(PG_FUNCTION_ARGS)
{
	double handle_time;
	double load = load_of_calls(fcinfo, &handle_time);
	double target = PG_GETARG_FLOAT8(3);
	double within = seconds_arg(fcinfo, 4, "within", false);
	double shrinkage = PG_GETARG_FLOAT8(5);
	double scheduled;

	if (!(target > 0 && target < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("target must lie above 0 and below 1, not %g", target),
				 errhint("It is a share: 80 %% is 0.8.  No number of agents answers every call "
						 "in time.")));
	if (!(shrinkage >= 0 && shrinkage < 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("shrinkage must be at least 0 and below 1, not %g", shrinkage),
						errhint("It is the share of paid time in which an agent takes no calls: "
								"30 %% is 0.3.")));
	scheduled = cv_agents_needed(load, target, within / handle_time);
	if (scheduled < INT_MAX)
		/* a whole number that rounding has put just above itself stays what it is */
		scheduled = ceil(scheduled / (1 - shrinkage) * (1 - 1e-14));
	if (scheduled >= INT_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("more than %d agents are needed at a load of %g", INT_MAX - 1, load)));
	PG_RETURN_INT32((int32) scheduled);
}
