/*
 * model.c: models of every kind as values.  A model of times carries the unit of its
 * parameters, so that nobody can mix weeks with months.
 */
#include "postgres.h"

#include "clv/model_fault.h"

static Size
size_without_text(int parameters)
{
	return offsetof(cv_model, parameter) +
		   ((Size) parameters + (Size) parameters * parameters) * sizeof(double);
}

static cv_model *
allocate(const cv_model_kind *kind, int family, int parameters, int design_size, Size text_size)
{
	Size size = size_without_text(parameters) + design_size + text_size + 1;
	cv_model *model = palloc0(size);

	SET_VARSIZE(model, size);
	model->header.version = CV_FORMAT_VERSION;
	model->header.flags = design_size > 0 ? CV_MODEL_COVARIATES : 0;
	model->family = (uint8) family;
	model->own = (uint8) kind->parameters(family);
	model->parameters = parameters;
	model->design_size = design_size;
	return model;
}

/* A zeroed model; "compared" is JSON text or empty. */
cv_model *
cv_model_new(const cv_model_kind *kind, int family, double unit_days, const char *compared)
{
	cv_model *model = allocate(kind, family, kind->parameters(family), 0, strlen(compared));

	model->unit_days = unit_days;
	strcpy(cv_model_compared(model), compared);
	return model;
}

/* A zeroed model with covariates; they and the family must be known to fit. */
cv_model *
cv_model_with_design(const cv_model_kind *kind, int family, double unit_days, const char *design,
					 int design_size)
{
	cv_covariates all;
	cv_model *model;

	cv_read_covariates(design, design_size, &all);
	model = allocate(kind, family, kind->parameters(family) + kind->processes(family) * all.columns,
					 design_size, 0);
	model->unit_days = unit_days;
	memcpy(cv_model_design(model), design, design_size);
	return model;
}

/* The same model with another text of what was compared. */
cv_model *
cv_model_with_compared(const cv_model *model, const char *compared)
{
	Size fixed = size_without_text(model->parameters) + model->design_size;
	Size size = fixed + strlen(compared) + 1;
	cv_model *result = palloc0(size);

	memcpy(result, model, fixed);
	SET_VARSIZE(result, size);
	strcpy(cv_model_compared(result), compared);
	return result;
}

/* Name of a parameter: the family's, or PROCESS:KEY, or PROCESS:KEY=LEVEL. */
const char *
cv_model_parameter_name(const cv_model_kind *kind, const cv_model *model, int parameter)
{
	cv_covariates all;
	int coefficient = parameter - model->own;

	if (coefficient < 0)
		return kind->parameter(model->family, parameter);
	cv_read_covariates(cv_model_design(model), model->design_size, &all);
	return psprintf("%s:%s", kind->process(coefficient / all.columns),
					cv_covariate_column(&all, coefficient % all.columns));
}

/* A model argument, checked as far as its readers rely on. */
const cv_model *
cv_model_arg(FunctionCallInfo fcinfo, int argument, const cv_model_kind *kind)
{
	cv_model *model = cv_value_arg(fcinfo, argument, kind->type, offsetof(cv_model, parameter) + 1,
								   cv_model_flags_of(kind));
	const char *fault = NULL;

	if (model->parameters < 1 || model->parameters > CV_MAX_PARAMETERS || model->design_size < 0 ||
		model->own > model->parameters ||
		VARSIZE(model) <= size_without_text(model->parameters) + (Size) model->design_size)
		cv_corrupt_binary(kind->type, "The number of parameters does not fit the length.");
	fault = cv_model_fault(kind, model);
	if (fault == NULL)
		fault = cv_model_fit_fault(model);
	if (fault)
		cv_corrupt_binary(kind->type, fault);
	if (((char *) model)[VARSIZE(model) - 1] != '\0')
		cv_corrupt_binary(kind->type, "The text at its end is not terminated.");
	return model;
}
