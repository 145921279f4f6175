/*
 * retention_fit.c: fits on a retention base, what they tell about themselves, and
 * what a model answers: survival, retention rate, lifetime value.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "clv/retention.h"
#include "core/matrix.h"
#include "miscadmin.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(cv_fit_retention_model);
PG_FUNCTION_INFO_V1(cv_retention_model_parameters);
PG_FUNCTION_INFO_V1(cv_retention_goodness);
PG_FUNCTION_INFO_V1(cv_survival);
PG_FUNCTION_INFO_V1(cv_retention_rate);
PG_FUNCTION_INFO_V1(cv_clv_contract);

static void
check_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* The data say too little for any model of retention. */
static void
cannot_fit(const char *detail, const char *hint)
{
	ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("cannot fit a retention model"),
					errdetail_internal("%s", detail), errhint("%s", hint)));
}

/*
 * Where the logarithm of a parameter is uncertain beyond this, the data say nothing
 * about it, however small the gradient: its 95 % interval spans 8 orders of magnitude.
 */
#define MOST_UNCERTAIN 5.0

/* The result of a minimisation as a model; may take back that it converged. */
static cv_retention_model *
make_model(int family, double customers, double log_likelihood, cv_minimum *minimum)
{
	cv_retention_model *model = cv_retention_model_new(family);
	int n = cv_retention_parameters(family);
	double lower[CV_RETENTION_PARAMETERS * CV_RETENTION_PARAMETERS];
	int i;

	for (i = 0; i < n; i++)
		model->parameter[i] = exp(minimum->theta[i]);
	model->customers = (int64) customers;
	model->log_likelihood = log_likelihood;
	model->gradient = minimum->gradient;
	model->iterations = minimum->iterations;
	model->header.flags = CV_RETENTION_FITTED;
	if (minimum->status != CV_FIT_CONVERGED)
		return model;
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
			memset(model->covariance, 0, sizeof(model->covariance));
			return model;
		}
	model->header.flags |= CV_RETENTION_CONVERGED | CV_RETENTION_COVARIANCE;
	return model;
}

/* Says as a warning why a fit is not to be trusted, and what can be done. */
static void
warn_of(const cv_retention_model *model, const cv_minimum *minimum)
{
	const char *parameter = cv_retention_parameter(minimum->culprit);
	const char *why = "";
	const char *hint;

	if (minimum->status == CV_FIT_CONVERGED)
		return;
	if (minimum->status == CV_FIT_RUNAWAY)
		why = psprintf(": parameter %s grows without limit towards %s", parameter,
					   minimum->theta[minimum->culprit] > 0 ? "infinity" : "zero");
	else if (minimum->status == CV_FIT_FLAT)
		why = psprintf(": the likelihood is flat in parameter %s", parameter);
	if (model->parameter[0] < 1000 || model->parameter[1] < 1000)
		hint = "Use more customers or a longer observation.";
	else if (model->family == CV_SBG_MODEL)
		hint = "Retention does not rise with tenure in these data: customers seem all alike, or "
			   "tire with time. Use the family bdw, or one retention rate for all.";
	else
		hint = "Customers seem all alike in these data. Use more customers or a longer "
			   "observation.";
	ereport(WARNING, (errmsg("the fit of %s did not converge%s",
							 cv_retention_family_name(model->family), why),
					  errdetail("After %d iterations the largest gradient is %.3g.",
								minimum->iterations, minimum->gradient),
					  errhint("%s", hint)));
}

/* fit_retention(base, family): maximum likelihood. */
Datum
cv_fit_retention_model(PG_FUNCTION_ARGS)
{
	const cv_retention_base *base = cv_retention_base_arg(fcinfo, 0);
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	cv_retention_cell *cell =
		palloc_extended(Max(1, base->count) * sizeof(cv_retention_cell), MCXT_ALLOC_HUGE);
	cv_retention_model *model;
	cv_minimum minimum;
	double log_likelihood;
	double customers = 0;
	double lost = 0;
	int32 longest = 0;
	int family = 0;
	int n = 0;
	int i;

	while (family < CV_RETENTION_FAMILIES && strcmp(name, cv_retention_family_name(family)) != 0)
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
	if (base->customers > CV_RETENTION_MOST_CUSTOMERS)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("cannot fit a retention model to more than %lld customers",
							   (long long) CV_RETENTION_MOST_CUSTOMERS)));
	if (lost == 0)
		cannot_fit(n == 0 ? "No customer of the base was observed for a period."
						  : "No customer of the base was lost.",
				   "Observe for longer: without losses nothing tells how likely they are.");
	if (longest < cv_retention_parameters(family))
		cannot_fit(
			psprintf("The customers were observed for %d period%s, and %s has %d parameters.",
					 longest, longest == 1 ? "" : "s", name, cv_retention_parameters(family)),
			"Observe for longer, or count shorter periods.");
	if (n == 1)
		cannot_fit(customers == 1
					   ? "The base holds one customer."
					   : psprintf("All %.0f customers were lost in period %d.", customers, longest),
				   "A model of how customers differ needs customers that do.");
	log_likelihood =
		cv_fit_retention(cell, n, cv_retention_parameters(family), check_interrupts, &minimum);
	if (!isfinite(log_likelihood))
		cannot_fit("The likelihood is not finite on these tenures.",
				   "Check the base for absurdly long tenures.");
	model = make_model(family, customers, log_likelihood, &minimum);
	warn_of(model, &minimum);
	PG_RETURN_POINTER(model);
}

/* parameters(model): rows (name, estimate, standard_error, low, high). */
Datum
cv_retention_model_parameters(PG_FUNCTION_ARGS)
{
	const cv_retention_model *model = cv_retention_model_arg(fcinfo, 0);
	int n = cv_retention_parameters(model->family);
	int i;

	InitMaterializedSRF(fcinfo, 0);
	for (i = 0; i < n; i++)
	{
		Datum values[5] = { 0 };
		bool nulls[5] = { false, false, true, true, true };
		double estimate = model->parameter[i];

		values[0] = CStringGetTextDatum(cv_retention_parameter(i));
		values[1] = Float8GetDatum(estimate);
		if (model->header.flags & CV_RETENTION_COVARIANCE)
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
	return (Datum) 0;
}

/* goodness(model): how the fit went; NULLs for parameters typed in. */
Datum
cv_retention_goodness(PG_FUNCTION_ARGS)
{
	static const Oid types[] = { INT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID,
								 INT4OID, FLOAT8OID, BOOLOID,	JSONBOID };
	const cv_retention_model *model = cv_retention_model_arg(fcinfo, 0);
	Datum values[8] = { 0 };
	bool nulls[8] = { true, true, true, true, true, true, true, true };

	if (model->header.flags & CV_RETENTION_FITTED)
	{
		int n = cv_retention_parameters(model->family);
		double twice = 2 * model->log_likelihood;

		memset(nulls, false, 7 * sizeof(bool));
		values[0] = Int64GetDatum(model->customers);
		values[1] = Float8GetDatum(model->log_likelihood);
		values[2] = Float8GetDatum(2 * n - twice);
		values[3] = Float8GetDatum(n * log((double) model->customers) - twice);
		values[4] = Int32GetDatum((int32) model->iterations);
		values[5] = Float8GetDatum(model->gradient);
		values[6] = BoolGetDatum((model->header.flags & CV_RETENTION_CONVERGED) != 0);
	}
	return cv_row(fcinfo, values, nulls, "of goodness()", 8, types);
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
	const cv_retention_model *model = cv_retention_model_arg(fcinfo, 0);
	double t = periods_arg(fcinfo, 1, "t", 0);

	PG_RETURN_FLOAT8(exp(cv_log_survival(model->parameter, 0, t)));
}

/* retention_rate(model, t): of those there after t - 1 periods the share there after t. */
Datum
cv_retention_rate(PG_FUNCTION_ARGS)
{
	const cv_retention_model *model = cv_retention_model_arg(fcinfo, 0);
	double t = periods_arg(fcinfo, 1, "t", 1);

	PG_RETURN_FLOAT8(exp(cv_log_survival(model->parameter, t - 1, 1)));
}

/*
 * clv(model, margin, discount_rate, renewals): the margin times the sum over j >= 0
 * of S(n + 1 + j) / S(n) (1 + d)^-j.
 */
Datum
cv_clv_contract(PG_FUNCTION_ARGS)
{
	const cv_retention_model *model = cv_retention_model_arg(fcinfo, 0);
	double margin = cv_check_range("margin", PG_GETARG_FLOAT8(1), -INFINITY, INFINITY);
	double rate = cv_check_range("discount_rate", PG_GETARG_FLOAT8(2), 0, INFINITY);
	double renewals = periods_arg(fcinfo, 3, "renewals", 0);
	const double *p = model->parameter;
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
