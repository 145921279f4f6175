/*
 * interval.c: clv_interval(), what a customer may really be worth.
 *
 * Draws from the customer's own posterior (core/posterior.h) give the predictive
 * distribution of the discounted margin that will be realised over the horizon.  With
 * n draws and the k-th of them in order, a further one, such as reality, is below the
 * k-th with a probability of at most k / (n + 1), whatever the distribution and its
 * ties.  So with k = floor((n + 1) (1 - confidence) / 2) the k-th from below and the
 * k-th from above are bounds that hold at least as often as they say, each on its own.
 *
 * The random stream of a draw comes from the seed, the history and the draw's number:
 * a customer's answer does not hang on other rows, and changing the horizon, rate or
 * margin compares the same fates.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "clv/covariates.h"
#include "core/posterior.h"
#include "miscadmin.h"

PG_FUNCTION_INFO_V1(cv_clv_interval);

#define MOST_DRAWS 1000000
#define MOST_OPPORTUNITIES 1000000 /* of bg/bb that are played one by one */

#define ST_SORT sort_values
#define ST_ELEMENT_TYPE double
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* The first part of the number of a customer's streams: what a model sees of the history. */
static uint64
stream_of(const cv_history *history)
{
	uint64 word;
	uint64 stream = cv_random_stream(0, (uint64) history->frequency);

	memcpy(&word, &history->recency, sizeof(word));
	stream = cv_random_stream(stream, word);
	memcpy(&word, &history->age, sizeof(word));
	stream = cv_random_stream(stream, word);
	memcpy(&word, &history->monetary, sizeof(word));
	return cv_random_stream(stream, history->has_monetary ? word : 0);
}

/* The number of draws beyond each bound, at least 1. */
static int
draws_beyond(int draws, double confidence)
{
	double beyond;

	if (draws < 1 || draws > MOST_DRAWS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("draws must lie between 1 and %d, not %d", MOST_DRAWS, draws)));
	if (!(confidence >= 0 && confidence < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("confidence must be at least 0 and below 1, not %.15g", confidence)));
	/* what should be a whole number may miss it by rounding */
	beyond = floor((draws + 1.0) * (1 - confidence) / 2 + 1e-9);
	if (beyond < 1)
	{
		double enough = ceil(2 / (1 - confidence) - 1e-9) - 1;

		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("%d draws are too few for an interval of confidence %.15g", draws,
							   confidence),
						enough <= MOST_DRAWS ? errhint("Use at least %.0f draws.", enough)
											 : errhint("Use less confidence: %d draws allow %g.",
													   MOST_DRAWS, 1 - 2 / (MOST_DRAWS + 1.0))));
	}
	return (int) beyond;
}

/* The k-th smallest, counted from 1, of sorted positive values and zeros before them. */
static double
ordered(const double *value, int zeros, int k)
{
	return k <= zeros ? 0 : value[k - zeros - 1];
}

/* No NaN leaves this file: absurd parameters or histories are an error. */
static double
checked(double value)
{
	if (!isfinite(value))
		ereport(
			ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s is out of range for this model and history", "clv_interval"),
			 errhint("Check the model's parameters and unit, and that the history is in days.")));
	return value;
}

/* A bound as a margin, without a minus before 0. */
static Datum
margin_of(double value, double margin)
{
	return Float8GetDatum(checked(value * margin + 0.0));
}

/*
 * clv_interval(buying, spending, history, horizon, discount_rate, margin, confidence,
 * draws, seed, covariates) -> (low, median, high); horizon NULL = for ever
 */
Datum
cv_clv_interval(PG_FUNCTION_ARGS)
{
	static const Oid types[3] = { FLOAT8OID, FLOAT8OID, FLOAT8OID };
	const cv_model *buying;
	const cv_model *spending;
	cv_history history;
	const cv_buying_family *family;
	cv_posterior posterior;
	double parameter[CV_BUYING_NUMBERS];
	double t_x;
	double T;
	Datum result[3];
	bool nulls[3] = { false, false, false };
	double horizon;
	double rate;
	double margin;
	double delta;
	double *value;
	uint64 seed;
	uint64 stream;
	int draws;
	int beyond;
	int positive = 0;
	int zeros;
	int i;

	for (i = 0; i <= 8; i++)
		if (i != 3 && PG_ARGISNULL(i))
			PG_RETURN_NULL();
	horizon = PG_ARGISNULL(3) ? INFINITY : cv_duration_arg(fcinfo, 3, "horizon");
	rate = cv_check_range("discount_rate", PG_GETARG_FLOAT8(4), 0, INFINITY);
	margin = cv_check_range("margin", PG_GETARG_FLOAT8(5), -INFINITY, INFINITY);
	draws = PG_GETARG_INT32(7);
	beyond = draws_beyond(draws, PG_GETARG_FLOAT8(6));
	seed = (uint64) PG_GETARG_INT64(8);
	buying = cv_model_arg(fcinfo, 0, &cv_buying_models);
	spending = cv_model_arg(fcinfo, 1, &cv_spending_models);
	if (!cv_history_arg(fcinfo, 2, &history) || (history.frequency > 0 && !history.has_monetary))
		PG_RETURN_NULL();

	cv_customer_parameters(buying, buying->parameter, PG_ARGISNULL(9) ? NULL : PG_GETARG_JSONB_P(9),
						   parameter);
	family = cv_buying_family_of(buying->family);
	t_x = history.recency / buying->unit_days;
	T = history.age / buying->unit_days;
	if (family->discrete)
		cv_whole_opportunities(buying->unit_days, history.frequency, history.recency, history.age,
							   &t_x, &T);
	if (!cv_posterior_init(&posterior, family, parameter, history.frequency, t_x, T))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("clv_interval() does not know the family %s",
							   cv_buying_models.family(buying->family))));
	/* the model knows positive amounts only; a mean below zero counts as zero */
	cv_posterior_spending(&posterior, spending->parameter, history.frequency,
						  history.frequency > 0 ? Max(history.monetary, 0) : 0);
	checked(posterior.alive);
	checked(posterior.shape + posterior.scale);
	if (isinf(horizon) && rate == 0 && buying->family == CV_NBD_MODEL)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("purchases over an infinite horizon add up to infinity without discounting"),
			 errhint("Give a horizon, or a discount_rate above 0.")));
	horizon /= buying->unit_days;
	delta = log1p(rate) * buying->unit_days / 365.25;
	if (family->discrete && Min(horizon, CV_FAINT / delta) > MOST_OPPORTUNITIES)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("clv_interval takes a horizon of at most %d opportunities, not %.0f",
							   MOST_OPPORTUNITIES, horizon),
						errhint("Give a horizon, a discount_rate, or use a longer unit.")));

	value = palloc(sizeof(double) * draws);
	stream = stream_of(&history);
	for (i = 0; i < draws; i++)
	{
		cv_random random;
		cv_future future;

		if (i % 16 == 0)
			CHECK_FOR_INTERRUPTS();
		cv_random_seed(&random, seed, cv_random_stream(stream, (uint64) i));
		cv_posterior_draw(&posterior, horizon, delta, &random, &future);
		if (!(future.value <= 0))
			value[positive++] = future.value;
	}
	sort_values(value, positive);
	zeros = draws - positive;
	result[0] = margin_of(ordered(value, zeros, beyond), margin);
	result[1] = margin_of(
		(ordered(value, zeros, (draws + 1) / 2) + ordered(value, zeros, draws / 2 + 1)) / 2,
		margin);
	result[2] = margin_of(ordered(value, zeros, draws + 1 - beyond), margin);
	if (margin < 0)
	{
		Datum swap = result[0];

		result[0] = result[2];
		result[2] = swap;
	}
	pfree(value);
	return cv_row(fcinfo, result, nulls, "of clv_interval()", 3, types);
}
