/*
 * simulate.c: simulate_purchases(), orders of made-up customers as the models
 * would have them.
 *
 * Each customer is acquired at a random time of a random day and observed until
 * the same time of the last day, so dates tell neither more nor less than the
 * model's continuous times, on average.  Every customer has a random stream of
 * their own: more customers or a longer observation do not change the others.
 */
#include "postgres.h"

#include <math.h>

#include "activity/activity.h"
#include "clv/covariates.h"
#include "core/simulate.h"
#include "miscadmin.h"

PG_FUNCTION_INFO_V1(cv_simulate_purchases);

#define MOST_PURCHASES 1000000 /* of one customer */

/* An amount in whole cents, at least one. */
static double
draw_amount(const cv_model *spending, double rate, cv_random *random)
{
	double amount = cv_random_gamma(random, spending->parameter[0]) / rate;

	return Max(1, Min(rint(amount * 100), 9e14)) / 100;
}

/*
 * simulate_purchases(buying, spending, customers, until, acquired_from, acquired_to, seed,
 * covariates): all customers have these covariates.
 */
Datum
cv_simulate_purchases(PG_FUNCTION_ARGS)
{
	const cv_model *buying;
	const cv_model *spending;
	const cv_buying_family *family;
	double parameter[CV_BUYING_PARAMETERS];
	int32 customers;
	DateADT until;
	DateADT from;
	DateADT to;
	uint64 seed;
	bool nulls[3] = { false, false, false };
	int64 rows = 0;
	int32 id;
	int i;

	InitMaterializedSRF(fcinfo, 0);
	for (i = 0; i < 7; i++)
		if (PG_ARGISNULL(i))
			return (Datum) 0;
	buying = cv_model_arg(fcinfo, 0, &cv_buying_models);
	spending = cv_model_arg(fcinfo, 1, &cv_spending_models);
	family = cv_buying_family_of(buying->family);
	customers = PG_GETARG_INT32(2);
	until = cv_check_day("until", PG_GETARG_DATEADT(3));
	from = cv_check_day("acquired_from", PG_GETARG_DATEADT(4));
	to = cv_check_day("acquired_to", PG_GETARG_DATEADT(5));
	seed = (uint64) PG_GETARG_INT64(6);
	cv_customer_parameters(buying, buying->parameter, PG_ARGISNULL(7) ? NULL : PG_GETARG_JSONB_P(7),
						   parameter);
	if (customers < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("customers must be at least 0, not %d", customers)));
	if (from > to || to > until)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("acquired_from, acquired_to and until must follow each other in this order")));
	for (id = 1; id <= customers; id++)
	{
		cv_random random;
		cv_customer customer;
		double spend_rate;
		double time_of_day;
		double at = 0;
		int purchases = 0;
		DateADT acquired;

		cv_random_seed(&random, seed, (uint64) id);
		acquired = from + (DateADT) floor(cv_random_uniform(&random) * ((double) to - from + 1));
		time_of_day = cv_random_uniform(&random);
		cv_customer_draw(&customer, family, parameter, &random);
		/* a draw of a tiny shape may underflow to 0, an infinite amount */
		spend_rate =
			Max(cv_random_gamma(&random, spending->parameter[1]), 1e-300) / spending->parameter[2];
		while (at <= (double) until - acquired)
		{
			Datum values[3];

			values[0] = Int64GetDatum(id);
			values[1] = DateADTGetDatum(acquired + (DateADT) floor(time_of_day + at));
			values[2] = Float8GetDatum(draw_amount(spending, spend_rate, &random));
			cv_emit(fcinfo, values, nulls);
			if (rows++ % 1024 == 0)
				CHECK_FOR_INTERRUPTS();
			if (++purchases > MOST_PURCHASES)
				ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
								errmsg("simulated customer %d buys more than %d times", id,
									   MOST_PURCHASES),
								errhint("Check alpha and unit of the buying model.")));
			at = cv_customer_next(&customer, &random) * buying->unit_days;
		}
	}
	return (Datum) 0;
}
