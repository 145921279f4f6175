/*
 * predict.c: what a buying and a spending model say of one customer.
 *
 * Given that a customer is alive, the future depends on (x, T) only, and a
 * million customers share some thousand pairs.  So a call site keeps the model
 * it was called with last, and the answers for the pairs met so far; P(alive),
 * which needs t_x too, is computed for each row.
 */
#include "postgres.h"

#include <math.h>

#include "clv/clv.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
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

#define MEMO_SIZE 8192 /* power of two */

typedef struct memo_entry
{
	double x;
	double T;
	double value;
	uint64 generation; /* valid if equal to the predictor's */
} memo_entry;

/* A buying model made ready, kept in fn_extra. */
typedef struct predictor
{
	struct varlena *model; /* the argument's bytes, to recognise it */
	Size model_size;
	const cv_buying_family *family;
	double parameter[CV_BUYING_PARAMETERS];
	double unit_days;

	/* what the memo's values were computed for */
	double horizon;
	double delta;
	double purchases;
	uint64 generation;
	memo_entry *memo;
} predictor;

/* The predictor of this call site, for the model that is argument 0. */
static predictor *
predictor_for(FunctionCallInfo fcinfo)
{
	predictor *self = fcinfo->flinfo->fn_extra;
	struct varlena *raw = (struct varlena *) DatumGetPointer(PG_GETARG_DATUM(0));
	const cv_model *model;
	MemoryContext caller;

	if (self && !VARATT_IS_EXTERNAL(raw) && VARSIZE_ANY(raw) == self->model_size &&
		memcmp(raw, self->model, self->model_size) == 0)
		return self;

	model = cv_model_arg(fcinfo, 0, cv_buying_model_type);
	caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	if (self == NULL)
	{
		self = palloc0(sizeof(predictor));
		fcinfo->flinfo->fn_extra = self;
	}
	else if (self->model)
	{
		pfree(self->model);
		self->model = NULL;
	}
	self->family = cv_buying_family_of(model->family);
	memcpy(self->parameter, model->parameter, sizeof(self->parameter));
	self->unit_days = model->unit_days;
	self->generation++;
	self->model_size = 0;
	if (!VARATT_IS_EXTERNAL(raw))
	{
		Size size = VARSIZE_ANY(raw);

		self->model = palloc(size);
		memcpy(self->model, raw, size);
		self->model_size = size;
	}
	MemoryContextSwitchTo(caller);
	return self;
}

/* The memo's place for (x, T); "found" tells whether it holds the answer. */
static memo_entry *
memo_lookup(FunctionCallInfo fcinfo, predictor *self, double x, double T, double horizon,
			double delta, double purchases, bool *found)
{
	uint64 bits[2];
	uint64 hash;
	memo_entry *entry;

	if (self->memo == NULL)
		self->memo =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, MEMO_SIZE * sizeof(memo_entry));
	if (self->horizon != horizon || self->delta != delta || self->purchases != purchases)
	{
		self->horizon = horizon;
		self->delta = delta;
		self->purchases = purchases;
		self->generation++;
	}
	memcpy(&bits[0], &x, sizeof(double));
	memcpy(&bits[1], &T, sizeof(double));
	hash = (bits[0] ^ (bits[1] >> 7)) * UINT64CONST(0x9e3779b97f4a7c15);
	hash = (hash ^ (hash >> 32) ^ bits[1]) * UINT64CONST(0xff51afd7ed558ccd);
	entry = &self->memo[(hash >> 40) & (MEMO_SIZE - 1)];
	*found = entry->generation == self->generation && entry->x == x && entry->T == T;
	if (!*found)
	{
		entry->generation = 0;
		entry->x = x;
		entry->T = T;
	}
	return entry;
}

/* Discounted purchases of a living customer, from the memo where known. */
static double
living_purchases(FunctionCallInfo fcinfo, predictor *self, double x, double T, double horizon,
				 double delta)
{
	bool found;
	memo_entry *entry = memo_lookup(fcinfo, self, x, T, horizon, delta, 0, &found);

	if (!found)
	{
		entry->value = self->family->purchases(self->parameter, x, T, horizon, delta);
		entry->generation = self->generation;
	}
	if (isinf(entry->value) && isinf(horizon) && delta == 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("purchases over an infinite horizon add up to infinity without discounting"),
			 errhint("Give a horizon, or a discount_rate above 0.")));
	return entry->value;
}

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

/* Future purchases of a customer over a horizon in days (infinite allowed). */
static double
future_purchases(FunctionCallInfo fcinfo, predictor *self, const cv_history *history,
				 double horizon_days, double rate)
{
	double x = history->frequency;
	double t_x = history->recency / self->unit_days;
	double T = history->age / self->unit_days;
	/* an annual rate, continuously: (1 + rate)^-years = e^(-delta t) */
	double delta = log1p(rate) * self->unit_days / 365.25;

	return checked(cv_buying_p_alive(self->family, self->parameter, x, t_x, T) *
					   living_purchases(fcinfo, self, x, T, horizon_days / self->unit_days, delta),
				   "the number of purchases");
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

/* p_alive(model, history, ahead): P(alive at as_of + ahead). */
Datum
cv_p_alive(PG_FUNCTION_ARGS)
{
	predictor *self;
	cv_history history;
	double ahead = cv_duration_arg(fcinfo, 2, "ahead");
	double x;
	double T;
	double alive;

	if (!cv_history_arg(fcinfo, 1, &history))
		PG_RETURN_NULL();
	self = predictor_for(fcinfo);
	x = history.frequency;
	T = history.age / self->unit_days;
	alive =
		cv_buying_p_alive(self->family, self->parameter, x, history.recency / self->unit_days, T);
	if (ahead > 0)
	{
		bool found;
		memo_entry *entry = memo_lookup(fcinfo, self, x, T, ahead, 0, 0, &found);

		if (!found)
		{
			entry->value = self->family->survival(self->parameter, x, T, ahead / self->unit_days);
			entry->generation = self->generation;
		}
		alive *= entry->value;
	}
	PG_RETURN_FLOAT8(checked(alive, "p_alive"));
}

/* expected_purchases(model, history, horizon) */
Datum
cv_expected_purchases(PG_FUNCTION_ARGS)
{
	cv_history history;
	double horizon = cv_duration_arg(fcinfo, 2, "horizon");

	if (!cv_history_arg(fcinfo, 1, &history))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(future_purchases(fcinfo, predictor_for(fcinfo), &history, horizon, 0));
}

/* expected_purchases(model, horizon): repeat purchases of a customer just acquired. */
Datum
cv_expected_purchases_new(PG_FUNCTION_ARGS)
{
	cv_history newcomer = { 0 };

	PG_RETURN_FLOAT8(future_purchases(fcinfo, predictor_for(fcinfo), &newcomer,
									  cv_duration_arg(fcinfo, 1, "horizon"), 0));
}

/* discounted_purchases(model, history, discount_rate, horizon), horizon NULL = for ever */
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
	PG_RETURN_FLOAT8(future_purchases(fcinfo, predictor_for(fcinfo), &history, horizon, rate));
}

/* P(exactly "purchases" within the horizon). */
static double
purchase_probability(FunctionCallInfo fcinfo, const cv_history *history, double horizon_days,
					 int32 purchases)
{
	predictor *self = predictor_for(fcinfo);
	double x = history->frequency;
	double T = history->age / self->unit_days;
	double t_x = history->recency / self->unit_days;
	double alive = cv_buying_p_alive(self->family, self->parameter, x, t_x, T);
	double dead = cv_buying_p_dead(self->family, self->parameter, x, t_x, T);
	memo_entry *entry;
	bool found;

	if (purchases < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("purchases must be at least 0, not %d", purchases)));
	entry = memo_lookup(fcinfo, self, x, T, horizon_days, 0, purchases, &found);
	if (!found)
	{
		entry->value = self->family->probability(self->parameter, x, T,
												 horizon_days / self->unit_days, purchases);
		entry->generation = self->generation;
	}
	return checked(alive * entry->value + (purchases == 0 ? dead : 0), "purchase_probability");
}

/* purchase_probability(model, history, horizon, purchases) */
Datum
cv_purchase_probability(PG_FUNCTION_ARGS)
{
	cv_history history;
	double horizon = cv_duration_arg(fcinfo, 2, "horizon");

	if (!cv_history_arg(fcinfo, 1, &history))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(purchase_probability(fcinfo, &history, horizon, PG_GETARG_INT32(3)));
}

/* purchase_probability(model, horizon, purchases): of a customer just acquired */
Datum
cv_purchase_probability_new(PG_FUNCTION_ARGS)
{
	cv_history newcomer = { 0 };

	PG_RETURN_FLOAT8(purchase_probability(fcinfo, &newcomer, cv_duration_arg(fcinfo, 1, "horizon"),
										  PG_GETARG_INT32(2)));
}

/*
 * Expected amount of a customer's next purchase.  The model knows positive
 * amounts only; a mean below zero (more returned than bought) counts as zero.
 */
static double
expected_spend(const cv_model *model, const cv_history *history)
{
	double mean = cv_gamma_gamma_mean(model->parameter, history->frequency,
									  history->frequency > 0 ? Max(history->monetary, 0) : 0);

	if (!isfinite(mean))
		ereport(
			ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg(
				 "expected spend is infinite for a customer with %d repeat purchases at p = %g, q = %g",
				 history->frequency, model->parameter[0], model->parameter[1]),
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
	PG_RETURN_FLOAT8(expected_spend(cv_model_arg(fcinfo, 0, cv_spending_model_type), &history));
}

/* log_likelihood(buying model, history), time in the model's unit */
Datum
cv_buying_log_likelihood(PG_FUNCTION_ARGS)
{
	cv_history history;
	predictor *self;

	if (!cv_history_arg(fcinfo, 1, &history))
		PG_RETURN_NULL();
	self = predictor_for(fcinfo);
	PG_RETURN_FLOAT8(checked(self->family->log_likelihood(self->parameter, history.frequency,
														  history.recency / self->unit_days,
														  history.age / self->unit_days),
							 "log_likelihood"));
}

/* log_likelihood(spending model, history); NULL for a customer the model does not see */
Datum
cv_spending_log_likelihood(PG_FUNCTION_ARGS)
{
	const cv_model *model = cv_model_arg(fcinfo, 0, cv_spending_model_type);
	cv_history history;

	if (!cv_history_arg(fcinfo, 1, &history) || history.frequency == 0 || !history.has_monetary ||
		history.monetary <= 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(checked(
		cv_gamma_gamma_log_likelihood(model->parameter, history.frequency, history.monetary),
		"log_likelihood"));
}

/*
 * clv(buying, spending, history, horizon, discount_rate, margin) =
 * margin * expected spend * discounted purchases
 */
Datum
cv_clv(PG_FUNCTION_ARGS)
{
	cv_history history;
	double horizon;
	double rate;
	double margin;

	if (any_null(fcinfo, 0, 2) || any_null(fcinfo, 4, 5) || !cv_history_arg(fcinfo, 2, &history) ||
		(history.frequency > 0 && !history.has_monetary))
		PG_RETURN_NULL();
	horizon = horizon_arg(fcinfo, 3);
	rate = check_discount_rate(PG_GETARG_FLOAT8(4));
	margin = cv_check_range("margin", PG_GETARG_FLOAT8(5), -INFINITY, INFINITY);
	PG_RETURN_FLOAT8(
		checked(margin * expected_spend(cv_model_arg(fcinfo, 1, cv_spending_model_type), &history) *
					future_purchases(fcinfo, predictor_for(fcinfo), &history, horizon, rate),
				"clv"));
}
