/*
 * lifecycle.c: what a customer is in each period: new, returning, resurrecting, dormant.
 */
#include "postgres.h"

#include "segment/segment.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(cv_lifecycle);

/* A range of dates that runs backwards. */
void
cv_refuse_range(DateADT from, DateADT to)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("from_date must not be after to_date"),
			 errdetail("They are %s and %s.",
					   DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(from))),
					   DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(to))))));
}

/*
 * lifecycle(log, period, from_date, to_date): in a period with a purchase the customer is
 * new if it is the first one ever, returning after a purchase in the period before, else
 * resurrecting; in the first period without one, dormant.
 */
Datum
cv_lifecycle(PG_FUNCTION_ARGS)
{
	cv_period period = cv_period_arg(fcinfo, 1);
	int64 from = cv_period_of_parameter(period, "from_date", PG_GETARG_DATEADT(2));
	int64 to = cv_period_of_parameter(period, "to_date", PG_GETARG_DATEADT(3));
	bool nulls[2] = { false, false };
	bool seen = false;
	int64 before = 0;
	cv_log_entries entries;
	cv_log_walk walk;
	int32 i;

	if (PG_GETARG_DATEADT(2) > PG_GETARG_DATEADT(3))
		cv_refuse_range(PG_GETARG_DATEADT(2), PG_GETARG_DATEADT(3));
	entries = cv_log_entries_arg(fcinfo, 0, period);
	cv_log_walk_periods(entries, period, &walk);
	InitMaterializedSRF(fcinfo, 0);
	for (i = 0; i <= walk.count; i++)
	{
		bool ended = i == walk.count;
		Datum values[2];
		int64 now;

		if (!ended && !walk.at[i].active)
			continue;
		now = ended ? 0 : walk.at[i].number;
		if (seen && (ended || now > before + 1) && before + 1 >= from && before + 1 <= to)
		{
			values[0] = cv_period_date(period, before + 1);
			values[1] = CStringGetTextDatum("dormant");
			cv_emit(fcinfo, values, nulls);
		}
		if (ended || now > to)
			break;
		if (now >= from)
		{
			values[0] = cv_period_date(period, now);
			values[1] = CStringGetTextDatum(!seen				? "new"
											: now == before + 1 ? "returning"
																: "resurrecting");
			cv_emit(fcinfo, values, nulls);
		}
		seen = true;
		before = now;
	}
	return (Datum) 0;
}
