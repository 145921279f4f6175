/*
 * fit.c: fits on a customer base, and what they tell about themselves.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "clv/clv.h"
#include "core/matrix.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(cv_fit_buying_model);
PG_FUNCTION_INFO_V1(cv_fit_spending_model);
PG_FUNCTION_INFO_V1(cv_buying_parameters);
PG_FUNCTION_INFO_V1(cv_spending_parameters);
PG_FUNCTION_INFO_V1(cv_buying_goodness);
PG_FUNCTION_INFO_V1(cv_spending_goodness);

static void
check_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* The data say too little for any model of the kind. */
static void
cannot_fit(const char *what, const char *detail, const char *hint)
{
	ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("cannot fit %s", what),
					errdetail_internal("%s", detail), errhint("%s", hint)));
}

/*
 * Where the logarithm of a parameter is uncertain beyond this, the data say nothing
 * about it, however small the gradient: its 95 % interval spans 8 orders of magnitude.
 */
#define MOST_UNCERTAIN 5.0

/* The result of a minimisation as a model; may take back that it converged. */
static cv_model *
make_model(int family, double unit_days, double customers, double log_likelihood, double penalty,
		   cv_minimum *minimum, const char *compared)
{
	cv_model *model = cv_model_new(family, unit_days, compared);
	int n = cv_model_parameters(family);
	double lower[CV_MODEL_PARAMETERS * CV_MODEL_PARAMETERS];
	int i;

	for (i = 0; i < n; i++)
		model->parameter[i] = exp(minimum->theta[i]);
	model->customers = (int64) customers;
	model->log_likelihood = log_likelihood;
	model->penalty = penalty;
	if (!isfinite(minimum->gradient))
		cannot_fit(cv_model_family_name(family),
				   "The likelihood has no finite gradient on these histories.",
				   "Check the histories for absurdly long or short times, and the penalty.");
	model->gradient = minimum->gradient;
	model->iterations = minimum->iterations;
	model->header.flags = CV_MODEL_FITTED;
	if (minimum->status == CV_FIT_CONVERGED)
	{
		model->header.flags |= CV_MODEL_CONVERGED | CV_MODEL_COVARIANCE;
		if (cv_cholesky(n, minimum->hessian, lower) != 0)
			elog(ERROR, "Hessian of a converged fit is not positive definite");
		cv_cholesky_inverse(n, lower, model->covariance);
		for (i = 0; i < n * n; i++)
			model->covariance[i] /= customers;
		for (i = 0; i < n; i++)
			if (!(sqrt(model->covariance[i * n + i]) <= MOST_UNCERTAIN))
			{
				minimum->status = CV_FIT_FLAT;
				minimum->culprit = i;
				model->header.flags = CV_MODEL_FITTED;
				memset(model->covariance, 0, sizeof(model->covariance));
				break;
			}
	}
	return model;
}

/* What a user can do about a fit that did not converge. */
static const char *
advice(int family, const cv_minimum *minimum, double penalty)
{
	StringInfoData text;
	bool to_zero = minimum->status == CV_FIT_RUNAWAY && minimum->theta[minimum->culprit] < 0;

	initStringInfo(&text);
	if (minimum->status != CV_FIT_STUCK)
		appendStringInfo(&text, "The data do not identify %s. ",
						 cv_model_parameter(family, minimum->culprit));
	if (family == CV_GAMMA_GAMMA_MODEL)
		appendStringInfoString(&text, "Use more customers, look for a few extreme amounts");
	else
		appendStringInfoString(&text, "Use a family with fewer parameters, more customers or a "
									  "longer observation");
	/* a penalty holds large parameters down, not small ones up */
	if (!to_zero)
		appendStringInfo(&text, ", or a penalty such as %g", penalty > 0 ? 10 * penalty : 0.001);
	appendStringInfoChar(&text, '.');
	return text.data;
}

/* Says once, as a warning, why a fit is not to be trusted. */
static void
warn_of(int family, const cv_minimum *minimum, double penalty)
{
	const char *name = cv_model_family_name(family);
	const char *parameter = cv_model_parameter(family, minimum->culprit);
	const char *why = "";

	if (minimum->status == CV_FIT_CONVERGED)
		return;
	if (minimum->status == CV_FIT_RUNAWAY)
		why = psprintf(": parameter %s grows without limit towards %s", parameter,
					   minimum->theta[minimum->culprit] > 0 ? "infinity" : "zero");
	else if (minimum->status == CV_FIT_FLAT)
		why = psprintf(": the likelihood is flat in parameter %s", parameter);
	ereport(WARNING, (errmsg("the fit of %s did not converge%s", name, why),
					  errdetail("After %d iterations the largest gradient is %.3g.",
								minimum->iterations, minimum->gradient),
					  errhint("%s", advice(family, minimum, penalty))));
}

/* Schwarz's criterion: parameters * ln customers - 2 ln L. */
static double
bic_of(const cv_model *model)
{
	return cv_model_parameters(model->family) * log((double) model->customers) -
		   2 * model->log_likelihood;
}

/*
 * The base's histories as groups in model units, monetary forgotten; the base is
 * sorted, so equal histories stand together.
 */
static cv_group *
groups_of(const cv_customer_base *base, double unit_days, int *count)
{
	cv_group *group = palloc_extended(Max(1, base->count) * sizeof(cv_group), MCXT_ALLOC_HUGE);
	int n = 0;
	int64 i;

	for (i = 0; i < base->count; i++)
	{
		const cv_base_entry *entry = &base->entry[i];

		if (i > 0 && entry[-1].frequency == entry->frequency &&
			entry[-1].recency == entry->recency && entry[-1].age == entry->age)
			group[n - 1].customers += entry->customers;
		else
		{
			group[n].x = entry->frequency;
			group[n].t_x = entry->recency / unit_days;
			group[n].T = entry->age / unit_days;
			group[n].customers = entry->customers;
			n++;
		}
	}
	*count = n;
	return group;
}

/*
 * fit_buying(base, family, unit, penalty): maximum likelihood, or with a penalty
 * the minimum of -mean log-likelihood + penalty * sum of squared parameters.
 */
Datum
cv_fit_buying_model(PG_FUNCTION_ARGS)
{
	const cv_customer_base *base = cv_base_arg(fcinfo, 0);
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	double unit_days = cv_duration_arg(fcinfo, 2, "unit");
	double penalty = cv_check_range("penalty", PG_GETARG_FLOAT8(3), 0, INFINITY);
	bool best = strcmp(name, "best") == 0;
	cv_group *group;
	cv_group *scratch;
	cv_minimum minimum;
	cv_minimum chosen_minimum;
	cv_model *chosen = NULL;
	StringInfoData compared;
	double repeats = 0;
	double longest = 0;
	int n;
	int family;
	int first = 0;
	int last = CV_BUYING_FAMILIES - 1;
	int i;

	if (!(unit_days > 0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("unit must be longer than 0, not %g days", unit_days)));
	if (!best)
	{
		while (first < CV_BUYING_FAMILIES && strcmp(name, cv_model_family_name(first)) != 0)
			first++;
		if (first == CV_BUYING_FAMILIES)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("unknown family of buying models \"%s\"", name),
							errhint("Families are nbd, bg/nbd, mbg/nbd, pareto/nbd and best.")));
		last = first;
	}
	group = groups_of(base, unit_days, &n);
	for (i = 0; i < n; i++)
	{
		repeats += group[i].x * group[i].customers;
		longest = Max(longest, group[i].T);
	}
	if (repeats == 0)
		cannot_fit(
			"a buying model", "No customer of the base bought a second time.",
			"Observe for longer: without repeat purchases nothing tells rate and dropping out apart.");
	if (n == 1)
		cannot_fit("a buying model",
				   base->customers == 1 ? "The base holds one customer."
										: psprintf("All %lld customers have the same history.",
												   (long long) base->customers),
				   "A model of how customers differ needs customers that do.");

	initStringInfo(&compared);
	scratch = palloc_extended(n * sizeof(cv_group), MCXT_ALLOC_HUGE);
	for (family = first; family <= last; family++)
	{
		double log_likelihood;
		cv_model *model;

		memcpy(scratch, group, n * sizeof(cv_group));
		log_likelihood = cv_fit_buying(cv_buying_family_of(family), scratch, n, penalty,
									   check_interrupts, &minimum);
		if (!isfinite(log_likelihood))
			cannot_fit("a buying model",
					   psprintf("The likelihood of %s is not finite on these histories.",
								cv_model_family_name(family)),
					   "Check the histories for absurdly long or short times.");
		model =
			make_model(family, unit_days, base->customers, log_likelihood, penalty, &minimum, "");
		appendStringInfo(&compared,
						 "%s{\"family\": \"%s\", \"log_likelihood\": ", family > first ? ", " : "[",
						 cv_model_family_name(family));
		cv_append_number(&compared, log_likelihood);
		appendStringInfoString(&compared, ", \"bic\": ");
		cv_append_number(&compared, bic_of(model));
		appendStringInfo(&compared, ", \"converged\": %s}",
						 model->header.flags & CV_MODEL_CONVERGED ? "true" : "false");

		/* a fit that converged beats one that did not, then the lower BIC */
		if (chosen == NULL ||
			(model->header.flags & CV_MODEL_CONVERGED) >
				(chosen->header.flags & CV_MODEL_CONVERGED) ||
			((model->header.flags & CV_MODEL_CONVERGED) ==
				 (chosen->header.flags & CV_MODEL_CONVERGED) &&
			 bic_of(model) < bic_of(chosen)))
		{
			chosen = model;
			chosen_minimum = minimum;
		}
	}
	appendStringInfoChar(&compared, ']');
	warn_of(chosen->family, &chosen_minimum, penalty);
	if (best)
		chosen = make_model(chosen->family, unit_days, base->customers, chosen->log_likelihood,
							penalty, &chosen_minimum, cv_canonical_json(compared.data));
	PG_RETURN_POINTER(chosen);
}

/* fit_spending(base, penalty): Gamma-Gamma on customers with repeat purchases and positive spend. */
Datum
cv_fit_spending_model(PG_FUNCTION_ARGS)
{
	const cv_customer_base *base = cv_base_arg(fcinfo, 0);
	double penalty = cv_check_range("penalty", PG_GETARG_FLOAT8(1), 0, INFINITY);
	cv_spend_group *group =
		palloc_extended(Max(1, base->count) * sizeof(cv_spend_group), MCXT_ALLOC_HUGE);
	cv_minimum minimum;
	cv_model *model;
	double log_likelihood;
	double used = 0;
	int64 unusable = 0;
	bool differ = false;
	int n = 0;
	int64 i;

	for (i = 0; i < base->count; i++)
	{
		const cv_base_entry *entry = &base->entry[i];

		if (entry->frequency == 0)
			continue;
		if (!(entry->monetary > 0))
		{
			unusable += entry->customers;
			continue;
		}
		group[n].x = entry->frequency;
		group[n].m = entry->monetary;
		group[n].customers = entry->customers;
		used += entry->customers;
		differ = differ || group[n].m != group[0].m;
		n++;
	}
	if (unusable > 0)
		ereport(
			NOTICE,
			(errmsg(
				"%lld of %.0f customers with repeat purchases have no positive mean spend and are not used",
				(long long) unusable, used + unusable)));
	if (n == 0)
		cannot_fit("a spending model",
				   "No customer has repeat purchases with a positive mean spend.",
				   "Build the logs with amounts, and observe until customers buy again.");
	if (!differ)
		cannot_fit(
			"a spending model", psprintf("The mean spend of all %.0f customers is the same.", used),
			"A model of how spending differs needs customers that do; use the one amount instead.");
	log_likelihood = cv_fit_gamma_gamma(group, n, penalty, check_interrupts, &minimum);
	if (!isfinite(log_likelihood))
		cannot_fit("a spending model", "The likelihood is not finite on these histories.",
				   "Check the amounts for absurdly large or small ones.");
	model = make_model(CV_GAMMA_GAMMA_MODEL, 0, used, log_likelihood, penalty, &minimum, "");
	warn_of(CV_GAMMA_GAMMA_MODEL, &minimum, penalty);
	if (model->parameter[1] <= 1)
		ereport(
			WARNING,
			(errmsg("mean spend over all customers is infinite at q = %g", model->parameter[1]),
			 errdetail(
				 "expected_spend() will refuse customers without repeat purchases; q must be above 1."),
			 errhint("Look for a few extreme amounts in the data, or use a penalty such as %g.",
					 penalty > 0 ? 10 * penalty : 0.001)));
	PG_RETURN_POINTER(model);
}

/* parameters(model): rows (name, estimate, standard_error, low, high). */
static void
emit_parameters(FunctionCallInfo fcinfo, const cv_model *model)
{
	int n = cv_model_parameters(model->family);
	int i;

	InitMaterializedSRF(fcinfo, 0);
	for (i = 0; i < n; i++)
	{
		Datum values[5];
		bool nulls[5] = { false, false, true, true, true };
		double estimate = model->parameter[i];

		values[0] = CStringGetTextDatum(cv_model_parameter(model->family, i));
		values[1] = Float8GetDatum(estimate);
		if (model->header.flags & CV_MODEL_COVARIANCE)
		{
			double spread = sqrt(model->covariance[i * n + i]);
			double reach = 1.9599639845400545 * spread;

			values[2] = Float8GetDatum(Min(estimate * spread, DBL_MAX));
			values[3] = Float8GetDatum(estimate * exp(-reach));
			values[4] = Float8GetDatum(Min(estimate * exp(reach), DBL_MAX));
			nulls[2] = nulls[3] = nulls[4] = false;
		}
		cv_emit(fcinfo, values, nulls);
	}
}

/* goodness(model): how the fit went; NULLs for parameters typed in. */
static Datum
goodness_row(FunctionCallInfo fcinfo, const cv_model *model)
{
	static const Oid types[8] = { INT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID,
								  INT4OID, FLOAT8OID, BOOLOID,	 JSONBOID };
	Datum values[8] = { 0 };
	bool nulls[8] = { true, true, true, true, true, true, true, true };

	if (model->header.flags & CV_MODEL_FITTED)
	{
		memset(nulls, false, sizeof(nulls));
		values[0] = Int64GetDatum(model->customers);
		values[1] = Float8GetDatum(model->log_likelihood);
		values[2] =
			Float8GetDatum(2 * cv_model_parameters(model->family) - 2 * model->log_likelihood);
		values[3] = Float8GetDatum(bic_of(model));
		values[4] = Int32GetDatum((int32) model->iterations);
		values[5] = Float8GetDatum(model->gradient);
		values[6] = BoolGetDatum((model->header.flags & CV_MODEL_CONVERGED) != 0);
		nulls[7] = model->compared[0] == '\0';
		if (!nulls[7])
			values[7] = DirectFunctionCall1(jsonb_in, CStringGetDatum(model->compared));
	}
	return cv_row(fcinfo, values, nulls, "of goodness()", 8, types);
}

Datum
cv_buying_parameters(PG_FUNCTION_ARGS)
{
	emit_parameters(fcinfo, cv_model_arg(fcinfo, 0, cv_buying_model_type));
	return (Datum) 0;
}

Datum
cv_spending_parameters(PG_FUNCTION_ARGS)
{
	emit_parameters(fcinfo, cv_model_arg(fcinfo, 0, cv_spending_model_type));
	return (Datum) 0;
}

Datum
cv_buying_goodness(PG_FUNCTION_ARGS)
{
	return goodness_row(fcinfo, cv_model_arg(fcinfo, 0, cv_buying_model_type));
}

Datum
cv_spending_goodness(PG_FUNCTION_ARGS)
{
	return goodness_row(fcinfo, cv_model_arg(fcinfo, 0, cv_spending_model_type));
}
