/*
 * retention_model.c: the families of retention models, and their type.
 */
#include "postgres.h"

#include "clv/retention.h"

static const char *
family_name(int family)
{
	static const char *const name[CV_RETENTION_FAMILIES] = { "sbg", "bdw" };

	return name[family];
}

static int
parameters(int family)
{
	return family == CV_SBG_MODEL ? 2 : 3;
}

static const char *
parameter_name(int family, int parameter)
{
	static const char *const name[CV_RETENTION_PARAMETERS] = { "alpha", "beta", "c" };

	return name[parameter];
}

const cv_model_kind cv_retention_models = { .type = "cv_retention_model",
											.family_rule =
												"The family of a retention model is sbg or bdw.",
											.families = CV_RETENTION_FAMILIES,
											.first_number = 200,
											.family = family_name,
											.parameters = parameters,
											.parameter = parameter_name };

CV_MODEL_TYPE(retention_model, &cv_retention_models)
