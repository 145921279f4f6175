/*
 * closed_form.c: clv(margin, retention, discount_rate, growth, periods, timing).
 *
 * The formulas and their sources are in core/closed_form.c.
 */
#include "postgres.h"

#include <math.h>

#include "core/closed_form.h"
#include "pg/pg.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(cv_clv_closed_form);

static cv_timing
timing_arg(FunctionCallInfo fcinfo, int argument)
{
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(argument));
	int i;

	for (i = 0; i < CV_TIMINGS; i++)
		if (strcmp(name, cv_timing_name[i]) == 0)
			return (cv_timing) i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown timing \"%s\"", name),
			 errdetail("The first payment is now (today, certain), at the end of the first "
					   "period (certain), or at the first renewal (if the customer is retained)."),
			 errhint("Timings are \"now\", \"end\" and \"renewal\".")));
}

/* Periods are NULL for infinitely many; any other NULL gives NULL. */
Datum
cv_clv_closed_form(PG_FUNCTION_ARGS)
{
	double margin;
	double retention;
	double discount_rate;
	double growth;
	double periods = INFINITY;
	double value;
	cv_timing timing;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3) || PG_ARGISNULL(5))
		PG_RETURN_NULL();
	margin = cv_check_range("margin", PG_GETARG_FLOAT8(0), -INFINITY, INFINITY);
	retention = cv_check_range("retention", PG_GETARG_FLOAT8(1), 0, 1);
	discount_rate = cv_check_range("discount_rate", PG_GETARG_FLOAT8(2), 0, INFINITY);
	growth = cv_check_range("growth", PG_GETARG_FLOAT8(3), -1, INFINITY);
	timing = timing_arg(fcinfo, 5);
	if (!PG_ARGISNULL(4))
	{
		if (PG_GETARG_INT32(4) < 0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("periods must not be negative, not %d", PG_GETARG_INT32(4)),
							errhint("NULL, the default, stands for infinitely many periods.")));
		periods = PG_GETARG_INT32(4);
	}
	else if (!(cv_closed_form_loss(retention, discount_rate, growth) > 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the value over infinitely many periods is infinite: retention * (1 + "
						"growth) = %.15g is not below 1 + discount_rate = %.15g",
						retention * (1 + growth), 1 + discount_rate),
				 errdetail("retention is %.15g, growth %.15g, discount_rate %.15g.", retention,
						   growth, discount_rate),
				 errhint("Give a number of periods or a higher discount_rate.")));
	value = cv_closed_form(margin, retention, discount_rate, growth, periods, timing);
	if (!isfinite(value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("clv is out of range at margin %.15g, growth %.15g, discount_rate %.15g",
						margin, growth, discount_rate)));
	PG_RETURN_FLOAT8(value);
}
