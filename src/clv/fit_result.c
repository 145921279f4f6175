/*
 * fit_result.c: what a fit says about itself, the same for every kind of models:
 * whether it can be, its results, why it is not to be trusted, and the answers of
 * parameters() and goodness().
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "clv/model.h"
#include "core/matrix.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

/* The data say too little for any model of the kind. */
void
cv_cannot_fit(const char *what, const char *detail, const char *hint)
{
	ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("cannot fit %s", what),
					errdetail_internal("%s", detail), errhint("%s", hint)));
}

/* For the fits of src/core, which know nothing of PostgreSQL. */
void
cv_check_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

/*
 * Where the logarithm of a parameter is uncertain beyond this, the data say nothing
 * about it, however small the gradient: its 95 % interval spans 8 orders of magnitude.
 * So does a coefficient's effect.
 */
#define MOST_UNCERTAIN 5.0

/* Sets a model to the result of a minimisation; may take back that it converged. */
void
cv_model_set_fit(const cv_model_kind *kind, cv_model *model, double customers,
				 double log_likelihood, double penalty, cv_minimum *minimum)
{
	int n = model->parameters;
	double *covariance = cv_model_covariance(model);
	double lower[CV_MAX_PARAMETERS * CV_MAX_PARAMETERS];
	int i;

	if (!isfinite(minimum->gradient))
		cv_cannot_fit(kind->family(model->family),
					  "The likelihood has no finite gradient on these data.",
					  "Check the data for absurdly long or short times, and the penalty.");
	for (i = 0; i < n; i++)
		model->parameter[i] =
			cv_model_is_logarithmic(model, i) ? exp(minimum->theta[i]) : minimum->theta[i];
	model->customers = (int64) customers;
	model->log_likelihood = log_likelihood;
	model->penalty = penalty;
	model->gradient = minimum->gradient;
	model->iterations = minimum->iterations;
	model->header.flags |= CV_MODEL_FITTED;
	if (minimum->status != CV_FIT_CONVERGED)
		return;
	if (cv_cholesky(n, minimum->hessian, lower) != 0)
		elog(ERROR, "Hessian of a converged fit is not positive definite");
	cv_cholesky_inverse(n, lower, covariance);
	for (i = 0; i < n * n; i++)
		covariance[i] /= customers;
	for (i = 0; i < n; i++)
		if (!(sqrt(covariance[i * n + i]) <= MOST_UNCERTAIN))
		{
			minimum->status = CV_FIT_FLAT;
			minimum->culprit = i;
			memset(covariance, 0, sizeof(double) * n * n);
			return;
		}
	model->header.flags |= CV_MODEL_CONVERGED | CV_MODEL_COVARIANCE;
}

/* Says once, as a warning, why a fit is not to be trusted, and what can be done. */
void
cv_warn_of_fit(const cv_model_kind *kind, const cv_model *model, const cv_minimum *minimum,
			   const char *hint)
{
	const char *parameter = cv_model_parameter_name(kind, model, minimum->culprit);
	const char *why = "";

	if (minimum->status == CV_FIT_CONVERGED)
		return;
	if (minimum->status == CV_FIT_RUNAWAY)
		why = psprintf(": parameter %s grows without limit towards %s", parameter,
					   minimum->theta[minimum->culprit] > 0 ? "infinity" : "zero");
	else if (minimum->status == CV_FIT_FLAT)
		why = psprintf(": the likelihood is flat in parameter %s", parameter);
	ereport(WARNING, (errmsg("the fit of %s did not converge%s", kind->family(model->family), why),
					  errdetail("After %d iterations the largest gradient is %.3g.",
								minimum->iterations, minimum->gradient),
					  errhint("%s", hint)));
}

/* The number of parameters that the data chose, as AIC and BIC count them. */
static int
degrees_of(const cv_model *model)
{
	return model->parameters + (model->header.flags & CV_MODEL_K_CHOSEN ? 1 : 0);
}

/* Schwarz's criterion: parameters * ln customers - 2 ln L. */
double
cv_model_bic(const cv_model *model)
{
	return degrees_of(model) * log((double) model->customers) - 2 * model->log_likelihood;
}

/*
 * parameters(model): rows (name, estimate, standard_error, low, high), the error by
 * the delta method, the 95 % interval from the scale on which it was estimated.
 */
Datum
cv_emit_parameters(FunctionCallInfo fcinfo, const cv_model_kind *kind, const cv_model *model)
{
	const double *covariance = cv_model_covariance(model);
	int n = model->parameters;
	int i;

	InitMaterializedSRF(fcinfo, 0);
	if (model->k > 0)
	{
		Datum values[5] = { CStringGetTextDatum("k"), Float8GetDatum(model->k) };
		bool nulls[5] = { false, false, true, true, true };

		cv_emit(fcinfo, values, nulls);
	}
	for (i = 0; i < n; i++)
	{
		Datum values[5] = { 0 };
		bool nulls[5] = { false, false, true, true, true };
		double estimate = model->parameter[i];

		values[0] = CStringGetTextDatum(cv_model_parameter_name(kind, model, i));
		values[1] = Float8GetDatum(estimate);
		if (model->header.flags & CV_MODEL_COVARIANCE)
		{
			double spread = sqrt(covariance[i * n + i]);
			double reach = 1.9599639845400545 * spread;
			bool logarithmic = cv_model_is_logarithmic(model, i);

			values[2] = Float8GetDatum(logarithmic ? Min(estimate * spread, DBL_MAX) : spread);
			values[3] = Float8GetDatum(logarithmic ? estimate * exp(-reach) : estimate - reach);
			values[4] = Float8GetDatum(logarithmic ? Min(estimate * exp(reach), DBL_MAX)
												   : estimate + reach);
			nulls[2] = nulls[3] = nulls[4] = false;
		}
		cv_emit(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

/* goodness(model): how the fit went; NULLs for parameters typed in. */
Datum
cv_goodness_row(FunctionCallInfo fcinfo, const cv_model *model)
{
	static const Oid types[8] = { INT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID,
								  INT4OID, FLOAT8OID, BOOLOID,	 JSONBOID };
	Datum values[8] = { 0 };
	bool nulls[8] = { true, true, true, true, true, true, true, true };

	if (model->header.flags & CV_MODEL_FITTED)
	{
		const char *compared = cv_model_compared(model);

		memset(nulls, false, sizeof(nulls));
		values[0] = Int64GetDatum(model->customers);
		values[1] = Float8GetDatum(model->log_likelihood);
		values[2] = Float8GetDatum(2 * degrees_of(model) - 2 * model->log_likelihood);
		values[3] = Float8GetDatum(cv_model_bic(model));
		values[4] = Int32GetDatum((int32) model->iterations);
		values[5] = Float8GetDatum(model->gradient);
		values[6] = BoolGetDatum((model->header.flags & CV_MODEL_CONVERGED) != 0);
		nulls[7] = compared[0] == '\0';
		if (!nulls[7])
			values[7] = DirectFunctionCall1(jsonb_in, CStringGetDatum(compared));
	}
	return cv_row(fcinfo, values, nulls, "of goodness()", 8, types);
}
