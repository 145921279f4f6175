/*
 * predict.c: what a buying and a spending model say of one customer.
 */
#include "postgres.h"

#include <math.h>

#include "clv/predictor.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(cv_p_alive);
PG_FUNCTION_INFO_V1(cv_expected_purchases);
PG_FUNCTION_INFO_V1(cv_expected_purchases_new);
PG_FUNCTION_INFO_V1(cv_discounted_purchases);
PG_FUNCTION_INFO_V1(cv_purchase_probability);
PG_FUNCTION_INFO_V1(cv_purchase_probability_new);
PG_FUNCTION_INFO_V1(cv_expected_spend);
PG_FUNCTION_INFO_V1(cv_buying_log_likelihood);
PG_FUNCTION_INFO_V1(cv_spending_log_likelihood);
PG_FUNCTION_INFO_V1(cv_clv);

/* No NaN leaves this file: absurd parameters or histories are an error. */
static double
checked(double value, const char *what)
{
	if (!isfinite(value))
		ereport(
			ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s is out of range for this model and history", what),
			 errhint("Check the model's parameters and unit, and that the history is in days.")));
	return value;
}

#define MOST_OPPORTUNITIES 1000000 /* of bg/bb that are added up */

/* ---- questions ---- */

static void
survival(const cv_predictor *self, double x, double t_x, double T, double *answer)
{
	const cv_buying_family *family = self->family;
	double ahead = self->question.horizon;

	if (family->by_stage)
		family->by_stage->survival(self->parameter, x, T, ahead, answer);
	else
		*answer = family->survival(self->parameter, x, t_x, T, ahead);
}

static void
purchases(const cv_predictor *self, double x, double t_x, double T, double *answer)
{
	const cv_buying_family *family = self->family;
	double horizon = self->question.horizon;
	double delta = self->question.delta;

	if (family->by_stage)
		family->by_stage->purchases(self->parameter, x, T, horizon, delta, answer);
	else
		*answer = family->purchases(self->parameter, x, t_x, T, horizon, delta);
}

static void
probability(const cv_predictor *self, double x, double t_x, double T, double *answer)
{
	const cv_buying_family *family = self->family;
	double horizon = self->question.horizon;
	double n = self->question.purchases;

	if (family->by_stage)
		family->by_stage->probability(self->parameter, x, T, horizon, n, answer);
	else
		*answer = family->probability(self->parameter, x, t_x, T, horizon, n);
}

/* Future purchases of a customer over a horizon in days (infinite allowed). */
static double
future_purchases(FunctionCallInfo fcinfo, const cv_history *history, double horizon_days,
				 double rate, int covariates)
{
	cv_predictor *self = cv_predictor_for(fcinfo, covariates);
	cv_question question = { purchases, horizon_days / self->unit_days, 0, 0 };
	const cv_answer *answer;

	/* an annual rate, continuously: (1 + rate)^-years = e^(-delta t) */
	if (rate != self->rate)
	{
		self->log_rate = log1p(rate);
		self->rate = rate;
	}
	question.delta = self->log_rate * self->unit_days / 365.25;
	answer = cv_predict(fcinfo, self, history, &question);
	if (isinf(answer->value) && isinf(horizon_days) && rate == 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("purchases over an infinite horizon add up to infinity without discounting"),
			 errhint("Give a horizon, or a discount_rate above 0.")));
	return checked(answer->alive * answer->value, "the number of purchases");
}

static double
check_discount_rate(double rate)
{
	return cv_check_range("discount_rate", rate, 0, INFINITY);
}

/* A horizon argument in days, infinite where NULL. */
static double
horizon_arg(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? INFINITY : cv_duration_arg(fcinfo, argument, "horizon");
}

/* Of a call whose arguments from..to must not be NULL. */
static bool
any_null(FunctionCallInfo fcinfo, int from, int to)
{
	int i;

	for (i = from; i <= to; i++)
		if (PG_ARGISNULL(i))
			return true;
	return false;
}

/* p_alive(model, history, ahead, covariates): P(alive at as_of + ahead). */
Datum
cv_p_alive(PG_FUNCTION_ARGS)
{
	cv_predictor *self;
	cv_history history;
	cv_question question = { survival, 0, 0, 0 };
	const cv_answer *answer;

	if (any_null(fcinfo, 0, 2))
		PG_RETURN_NULL();
	question.horizon = cv_duration_arg(fcinfo, 2, "ahead");
	if (!cv_history_arg(fcinfo, 1, &history))
		PG_RETURN_NULL();
	self = cv_predictor_for(fcinfo, 3);
	question.horizon /= self->unit_days;
	answer = cv_predict(fcinfo, self, &history, &question);
	PG_RETURN_FLOAT8(checked(answer->alive * answer->value, "p_alive"));
}

/* expected_purchases(model, history, horizon, covariates) */
Datum
cv_expected_purchases(PG_FUNCTION_ARGS)
{
	cv_history history;
	double horizon;

	if (any_null(fcinfo, 0, 2))
		PG_RETURN_NULL();
	horizon = cv_duration_arg(fcinfo, 2, "horizon");
	if (!cv_history_arg(fcinfo, 1, &history))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(future_purchases(fcinfo, &history, horizon, 0, 3));
}

/* expected_purchases(model, horizon, covariates): repeat purchases of a customer just acquired. */
Datum
cv_expected_purchases_new(PG_FUNCTION_ARGS)
{
	cv_history newcomer = { 0 };

	if (any_null(fcinfo, 0, 1))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(
		future_purchases(fcinfo, &newcomer, cv_duration_arg(fcinfo, 1, "horizon"), 0, 2));
}

/* discounted_purchases(model, history, discount_rate, horizon, covariates), horizon NULL = for ever */
Datum
cv_discounted_purchases(PG_FUNCTION_ARGS)
{
	cv_history history;
	double rate;
	double horizon;

	if (any_null(fcinfo, 0, 2) || !cv_history_arg(fcinfo, 1, &history))
		PG_RETURN_NULL();
	rate = check_discount_rate(PG_GETARG_FLOAT8(2));
	horizon = horizon_arg(fcinfo, 3);
	PG_RETURN_FLOAT8(future_purchases(fcinfo, &history, horizon, rate, 4));
}

/* P(exactly n purchases within the horizon). */
static double
purchase_probability(FunctionCallInfo fcinfo, const cv_history *history, double horizon_days,
					 int32 n, int covariates)
{
	cv_predictor *self = cv_predictor_for(fcinfo, covariates);
	cv_question question = { probability, horizon_days / self->unit_days, 0, n };
	const cv_answer *answer;
	double dead = 0;

	if (n < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("purchases must be at least 0, not %d", n)));
	if (self->family->discrete && question.horizon > MOST_OPPORTUNITIES)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("purchase_probability takes a horizon of at most %d opportunities, "
							   "not %.0f",
							   MOST_OPPORTUNITIES, question.horizon)));
	answer = cv_predict(fcinfo, self, history, &question);
	if (n == 0)
		dead = cv_buying_p_dead(self->family, self->parameter, answer->x, answer->t_x, answer->T);
	return checked(Min(answer->alive * answer->value + dead, 1), "purchase_probability");
}

/* purchase_probability(model, history, horizon, purchases, covariates) */
Datum
cv_purchase_probability(PG_FUNCTION_ARGS)
{
	cv_history history;
	double horizon;

	if (any_null(fcinfo, 0, 3))
		PG_RETURN_NULL();
	horizon = cv_duration_arg(fcinfo, 2, "horizon");
	if (!cv_history_arg(fcinfo, 1, &history))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(purchase_probability(fcinfo, &history, horizon, PG_GETARG_INT32(3), 4));
}

/* purchase_probability(model, horizon, purchases, covariates): of a customer just acquired */
Datum
cv_purchase_probability_new(PG_FUNCTION_ARGS)
{
	cv_history newcomer = { 0 };

	if (any_null(fcinfo, 0, 2))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(purchase_probability(fcinfo, &newcomer, cv_duration_arg(fcinfo, 1, "horizon"),
										  PG_GETARG_INT32(2), 3));
}

/*
 * Expected amount of a customer's next purchase.  The model knows positive
 * amounts only; a mean below zero (more returned than bought) counts as zero.
 */
static double
expected_spend(const double *p, const cv_history *history)
{
	double mean = cv_gamma_gamma_mean(p, history->frequency,
									  history->frequency > 0 ? Max(history->monetary, 0) : 0);

	if (!isfinite(mean))
		ereport(
			ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg(
				 "expected spend is infinite for a customer with %d repeat purchases at p = %g, q = %g",
				 history->frequency, p[0], p[1]),
			 errdetail("The mean exists where p * frequency + q is above 1."),
			 errhint(
				 "Fit the spending model with a penalty such as 0.001, or without extreme amounts.")));
	return mean;
}

/* expected_spend(spending_model, history); NULL where the mean spend of repeat purchases is unknown */
Datum
cv_expected_spend(PG_FUNCTION_ARGS)
{
	cv_history history;

	if (!cv_history_arg(fcinfo, 1, &history) || (history.frequency > 0 && !history.has_monetary))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(
		expected_spend(cv_model_arg(fcinfo, 0, &cv_spending_models)->parameter, &history));
}

/*
 * log_likelihood(buying model, history, covariates), time in the model's unit; NULL where a
 * regular family needs the times between purchases and they are unknown
 */
Datum
cv_buying_log_likelihood(PG_FUNCTION_ARGS)
{
	cv_history history;
	cv_predictor *self;
	double t_x;
	double T;
	double gaps = 0;

	if (any_null(fcinfo, 0, 1) || !cv_history_arg(fcinfo, 1, &history))
		PG_RETURN_NULL();
	self = cv_predictor_for(fcinfo, 2);
	t_x = history.recency / self->unit_days;
	T = history.age / self->unit_days;
	if (self->family->discrete)
		cv_whole_opportunities(self->unit_days, history.frequency, history.recency, history.age,
							   &t_x, &T);
	if (self->parameter[CV_BUYING_K] > 1 && history.frequency > 0)
	{
		if (!history.has_log_gaps)
			PG_RETURN_NULL();
		gaps = (self->parameter[CV_BUYING_K] - 1) *
			   (history.log_gaps - history.frequency * log(self->unit_days));
	}
	PG_RETURN_FLOAT8(
		checked(self->family->log_likelihood(self->parameter, history.frequency, t_x, T) + gaps,
				"log_likelihood"));
}

/* log_likelihood(spending model, history); NULL for a customer the model does not see */
Datum
cv_spending_log_likelihood(PG_FUNCTION_ARGS)
{
	const cv_model *model = cv_model_arg(fcinfo, 0, &cv_spending_models);
	cv_history history;

	if (!cv_history_arg(fcinfo, 1, &history) || history.frequency == 0 || !history.has_monetary ||
		history.monetary <= 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(checked(
		cv_gamma_gamma_log_likelihood(model->parameter, history.frequency, history.monetary),
		"log_likelihood"));
}

/*
 * clv(buying, spending, history, horizon, discount_rate, margin, covariates) =
 * margin * expected spend * discounted purchases
 */
Datum
cv_clv(PG_FUNCTION_ARGS)
{
	cv_history history;
	double horizon;
	double rate;
	double margin;
	double bought;
	const double *spending;

	if (any_null(fcinfo, 0, 2) || any_null(fcinfo, 4, 5) || !cv_history_arg(fcinfo, 2, &history) ||
		(history.frequency > 0 && !history.has_monetary))
		PG_RETURN_NULL();
	horizon = horizon_arg(fcinfo, 3);
	rate = check_discount_rate(PG_GETARG_FLOAT8(4));
	margin = cv_check_range("margin", PG_GETARG_FLOAT8(5), -INFINITY, INFINITY);
	bought = future_purchases(fcinfo, &history, horizon, rate, 6);
	spending = cv_predictor_spending(fcinfo, fcinfo->flinfo->fn_extra, 1);
	PG_RETURN_FLOAT8(checked(margin * expected_spend(spending, &history) * bought, "clv"));
}
