/*
 * relative_value.c: an offer against a reference, attribute by attribute.
 *
 *   relative value = sum of weight * own / reference / sum of weight
 *
 * the market-perceived quality (or price) ratio of Gale (1994), 1 at parity.  It is
 * the weighted mean of ratios, not the ratio of weighted means, and no ratio is
 * rounded.  The state holds the two sums, exactly, as a summary of perceived value
 * does: so its value ratio is the answer.
 */
#include "postgres.h"

#include <math.h>

#include "value/value.h"

PG_FUNCTION_INFO_V1(cv_relative_value_trans);
PG_FUNCTION_INFO_V1(cv_relative_value_final);

/* relative_value(own, reference, weight): a row with any NULL is ignored. */
Datum
cv_relative_value_trans(PG_FUNCTION_ARGS)
{
	cv_perceived_value_summary *summary;
	double own;
	double reference;
	double weight;
	double term;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
	{
		cv_require_aggregate(fcinfo);
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	summary = cv_value_summary_state(fcinfo);
	own = cv_check_observation("own", PG_GETARG_FLOAT8(1));
	reference = PG_GETARG_FLOAT8(2);
	if (!(reference > 0) || isinf(reference))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("reference must be a finite number above 0, not %g", reference),
						errdetail("A ratio to it says nothing otherwise."),
						errhint("Leave such attributes out, or use a scale that begins above 0.")));
	weight = cv_check_weight(PG_GETARG_FLOAT8(3));
	term = weight * (own / reference);
	if (!(fabs(term) <= 1e290 && weight <= 1e290))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("weight and weight * own / reference must not pass 1e290: %g * %g / "
							   "%g",
							   weight, own, reference)));
	cv_value_summary_add(summary, CV_BENEFITS, term);
	cv_value_summary_add(summary, CV_COSTS, weight);
	cv_count(&summary->responses, 1, "responses");
	PG_RETURN_POINTER(summary);
}

/* The weighted mean of the ratios; NULL where all weights are 0. */
Datum
cv_relative_value_final(PG_FUNCTION_ARGS)
{
	const cv_perceived_value_summary *summary;
	double ratios;
	double weights;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	summary = cv_value_summary_arg(fcinfo, 0);
	ratios = cv_sum_round(&summary->sum[CV_BENEFITS]);
	weights = cv_sum_round(&summary->sum[CV_COSTS]);
	if (weights == 0)
		PG_RETURN_NULL();
	if (!isfinite(ratios / weights))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("relative value is out of range")));
	PG_RETURN_FLOAT8(ratios / weights + 0.0);
}
