/*
 * retention_fit.c: fits on a retention base, and what a model answers: survival,
 * retention rate, lifetime value.
 */
#include "postgres.h"

#include <math.h>

#include "clv/retention.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(cv_fit_retention_model);
PG_FUNCTION_INFO_V1(cv_retention_model_parameters);
PG_FUNCTION_INFO_V1(cv_retention_goodness);
PG_FUNCTION_INFO_V1(cv_survival);
PG_FUNCTION_INFO_V1(cv_retention_rate);
PG_FUNCTION_INFO_V1(cv_clv_contract);

/* What a user can do about a fit that did not converge. */
static const char *
advice(const cv_model *model)
{
	if (model->parameter[0] < 1000 || model->parameter[1] < 1000)
		return "Use more customers or a longer observation.";
	if (model->family == CV_SBG_MODEL)
		return "Retention does not rise with tenure in these data: customers seem all alike, or "
			   "tire with time. Use the family bdw, or one retention rate for all.";
	return "Customers seem all alike in these data. Use more customers or a longer observation.";
}

/* The parameters alpha, beta, c of either family. */
static const double *
parameters_of(const cv_model *model, double *p)
{
	p[2] = 1;
	memcpy(p, model->parameter, sizeof(double) * model->parameters);
	return p;
}

/* fit_retention(base, family): maximum likelihood. */
Datum
cv_fit_retention_model(PG_FUNCTION_ARGS)
{
	const cv_retention_base *base = cv_retention_base_arg(fcinfo, 0);
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	cv_retention_cell *cell =
		palloc_extended(Max(1, base->count) * sizeof(cv_retention_cell), MCXT_ALLOC_HUGE);
	cv_model *model;
	cv_minimum minimum;
	double log_likelihood;
	double customers = 0;
	double lost = 0;
	int32 longest = 0;
	int family = 0;
	int n = 0;
	int i;

	while (family < CV_RETENTION_FAMILIES && strcmp(name, cv_retention_models.family(family)) != 0)
		family++;
	if (family == CV_RETENTION_FAMILIES)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("unknown family of retention models \"%s\"", name),
						errhint("Families are sbg and bdw.")));
	for (i = 0; i < base->count; i++)
	{
		const cv_retention_entry *entry = &base->entry[i];

		/* who has just come tells nothing yet */
		if (entry->tenure == 0)
			continue;
		cell[n].tenure = entry->tenure;
		cell[n].lost = entry->lost;
		cell[n].customers = (double) entry->customers;
		customers += cell[n].customers;
		lost += entry->lost ? cell[n].customers : 0;
		longest = entry->tenure;
		n++;
	}
	if (base->customers > CV_MODEL_MOST_CUSTOMERS)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("cannot fit a retention model to more than %lld customers",
							   (long long) CV_MODEL_MOST_CUSTOMERS)));
	if (lost == 0)
		cv_cannot_fit("a retention model",
					  n == 0 ? "No customer of the base was observed for a period."
							 : "No customer of the base was lost.",
					  "Observe for longer: without losses nothing tells how likely they are.");
	if (longest < cv_retention_models.parameters(family))
		cv_cannot_fit(
			"a retention model",
			psprintf("The customers were observed for %d period%s, and %s has %d parameters.",
					 longest, longest == 1 ? "" : "s", name,
					 cv_retention_models.parameters(family)),
			"Observe for longer, or count shorter periods.");
	if (n == 1)
		cv_cannot_fit("a retention model",
					  customers == 1 ? "The base holds one customer."
									 : psprintf("All %.0f customers were lost in period %d.",
												customers, longest),
					  "A model of how customers differ needs customers that do.");
	log_likelihood = cv_fit_retention(cell, n, cv_retention_models.parameters(family),
									  cv_check_interrupts, &minimum);
	if (!isfinite(log_likelihood))
		cv_cannot_fit("a retention model", "The likelihood is not finite on these tenures.",
					  "Check the base for absurdly long tenures.");
	model = cv_model_new(&cv_retention_models, family, 0, "");
	cv_model_set_fit(&cv_retention_models, model, customers, log_likelihood, 0, &minimum);
	cv_warn_of_fit(&cv_retention_models, model, &minimum, advice(model));
	PG_RETURN_POINTER(model);
}

Datum
cv_retention_model_parameters(PG_FUNCTION_ARGS)
{
	return cv_emit_parameters(fcinfo, &cv_retention_models,
							  cv_model_arg(fcinfo, 0, &cv_retention_models));
}

Datum
cv_retention_goodness(PG_FUNCTION_ARGS)
{
	return cv_goodness_row(fcinfo, cv_model_arg(fcinfo, 0, &cv_retention_models));
}

/* A number of periods. */
static double
periods_arg(FunctionCallInfo fcinfo, int argument, const char *name, int32 least)
{
	int32 periods = PG_GETARG_INT32(argument);

	if (periods < least)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("%s must be at least %d, not %d", name, least, periods)));
	return periods;
}

/* survival(model, t): the share still there after t periods. */
Datum
cv_survival(PG_FUNCTION_ARGS)
{
	const cv_model *model = cv_model_arg(fcinfo, 0, &cv_retention_models);
	double t = periods_arg(fcinfo, 1, "t", 0);
	double p[CV_RETENTION_PARAMETERS];

	PG_RETURN_FLOAT8(exp(cv_log_survival(parameters_of(model, p), 0, t)));
}

/* retention_rate(model, t): of those there after t - 1 periods the share there after t. */
Datum
cv_retention_rate(PG_FUNCTION_ARGS)
{
	const cv_model *model = cv_model_arg(fcinfo, 0, &cv_retention_models);
	double t = periods_arg(fcinfo, 1, "t", 1);
	double p[CV_RETENTION_PARAMETERS];

	PG_RETURN_FLOAT8(exp(cv_log_survival(parameters_of(model, p), t - 1, 1)));
}

/*
 * clv(model, margin, discount_rate, renewals): the margin times the sum over j >= 0
 * of S(n + 1 + j) / S(n) (1 + d)^-j.
 */
Datum
cv_clv_contract(PG_FUNCTION_ARGS)
{
	const cv_model *model = cv_model_arg(fcinfo, 0, &cv_retention_models);
	double margin = cv_check_range("margin", PG_GETARG_FLOAT8(1), -INFINITY, INFINITY);
	double rate = cv_check_range("discount_rate", PG_GETARG_FLOAT8(2), 0, INFINITY);
	double renewals = periods_arg(fcinfo, 3, "renewals", 0);
	double all[CV_RETENTION_PARAMETERS];
	const double *p = parameters_of(model, all);
	double periods;
	double value;

	if (rate == 0 && p[0] * p[2] <= 1)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("renewals for ever add up to infinity without discounting"),
			 errdetail(model->family == CV_SBG_MODEL
						   ? "The expected number of renewals is finite where alpha is above 1, "
							 "and alpha is %g."
						   : "The expected number of renewals is finite where alpha * c is above "
							 "1, and it is %g.",
					   p[0] * p[2]),
			 errhint("Give a discount_rate above 0.")));
	periods = cv_residual_lifetime(p, renewals, rate);
	value = margin * periods;
	if (!isfinite(value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("clv is out of range at margin %g, discount_rate %g", margin, rate)));
	PG_RETURN_FLOAT8(value + 0.0);
}
