/*
 * model_fault.c: what is wrong with a model, whatever it came from.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "clv/model_fault.h"

/* The flags that a model of the kind can have. */
uint8
cv_model_flags_of(const cv_model_kind *kind)
{
	return kind->most_k ? CV_MODEL_FLAGS : CV_MODEL_FLAGS & ~CV_MODEL_K_CHOSEN;
}

/* What is wrong with covariates of a family; NULL if nothing is. */
const char *
cv_model_design_fault(const cv_model_kind *kind, int family, const char *design, int size,
					  cv_covariates *all)
{
	int processes = kind->processes ? kind->processes(family) : 0;
	const char *fault = cv_read_covariates(design, size, all);

	if (fault)
		return fault;
	if (processes == 0)
		return "The family takes no covariates.";
	if (all->columns < 1)
		return "The covariates have no coefficients.";
	if (all->columns > (CV_MAX_PARAMETERS - kind->parameters(family)) / processes)
		return "The covariates have too many levels.";
	return cv_covariates_alike(all);
}

/* What any source of a model must satisfy; NULL or what is wrong. */
const char *
cv_model_fault(const cv_model_kind *kind, const cv_model *model)
{
	int n = model->parameters;
	int i;

	if (model->family >= kind->families)
		return kind->family_rule;
	if (model->own != kind->parameters(model->family))
		return "The parameters are not those of the family.";
	if ((model->design_size > 0) != ((model->header.flags & CV_MODEL_COVARIATES) != 0))
		return "The flags do not fit each other.";
	if (model->design_size > 0)
	{
		cv_covariates all;
		const char *fault = cv_model_design_fault(kind, model->family, cv_model_design(model),
												  model->design_size, &all);

		if (fault)
			return fault;
		if (n != model->own + kind->processes(model->family) * all.columns)
			return "The parameters are not those of the covariates.";
	}
	else if (n != model->own)
		return "The parameters are not those of the family.";
	if (model->k < Min(1, cv_model_most_k(kind, model)) || model->k > cv_model_most_k(kind, model))
		return model->k == 0 ? "\"k\" is missing." : "\"k\" must be a whole number from 1 to 100.";
	if (kind->has_unit ? !(model->unit_days > 0 && isfinite(model->unit_days))
					   : model->unit_days != 0)
		return "The unit of a buying model is a positive interval such as \"7 days\".";
	for (i = 0; i < n; i++)
	{
		if (!cv_model_is_logarithmic(model, i) && !isfinite(model->parameter[i]))
			return "Every coefficient is a finite number.";
		if (cv_model_is_logarithmic(model, i) &&
			!(model->parameter[i] > 0 && isfinite(model->parameter[i])))
			return "Every parameter is a finite number above 0.";
	}
	return NULL;
}

/* What a fit cannot have said; NULL or what is wrong. */
const char *
cv_model_fit_fault(const cv_model *model)
{
	const double *covariance = cv_model_covariance(model);
	int n = model->parameters;
	int i;

	if (!(model->header.flags & CV_MODEL_FITTED))
		return model->header.flags & ~CV_MODEL_COVARIATES ? "The flags do not fit each other."
														  : NULL;
	if (model->header.flags & CV_MODEL_K_CHOSEN && model->k == 0)
		return "The flags do not fit each other.";
	if (model->customers < 1 || model->customers > CV_MODEL_MOST_CUSTOMERS ||
		!(fabs(model->log_likelihood) <= DBL_MAX / 4) || !(model->penalty >= 0) ||
		!isfinite(model->penalty) || !(model->gradient >= 0) || !isfinite(model->gradient) ||
		model->iterations < 0 || model->iterations > PG_INT32_MAX)
		return "The results of the fit are out of range.";
	for (i = 0; i < n * n; i++)
		if (!isfinite(covariance[i]) || (i % (n + 1) == 0 && covariance[i] < 0))
			return "The covariance is out of range.";
	return NULL;
}
