/*
 * buying_model.c: the families of buying and spending models, and their types.
 */
#include "postgres.h"

#include "clv/covariates.h"

/* A buying family's mathematics. */
const cv_buying_family *
cv_buying_family_of(int family)
{
	static const cv_buying_family *const families[CV_BUYING_FAMILIES] = { &cv_nbd, &cv_bg_nbd,
																		  &cv_mbg_nbd,
																		  &cv_pareto_nbd };

	Assert(family >= 0 && family < CV_BUYING_FAMILIES);
	return families[family];
}

static const char *
buying_name(int family)
{
	return cv_buying_family_of(family)->name;
}

static int
buying_parameters(int family)
{
	return cv_buying_family_of(family)->parameters;
}

static const char *
buying_parameter(int family, int parameter)
{
	return cv_buying_family_of(family)->parameter[parameter];
}

static int
buying_processes(int family)
{
	return cv_covariate_processes(cv_buying_family_of(family));
}

static const char *
process_name(int process)
{
	return process == 0 ? "purchase" : "dropout";
}

const cv_model_kind cv_buying_models = {
	.type = "cv_buying_model",
	.family_rule = "The family of a buying model is one of nbd, bg/nbd, mbg/nbd, pareto/nbd.",
	.families = CV_BUYING_FAMILIES,
	.family = buying_name,
	.parameters = buying_parameters,
	.parameter = buying_parameter,
	.processes = buying_processes,
	.process = process_name,
	.has_unit = true,
	.has_penalty = true,
	.has_compared = true
};

static const char *
spending_name(int family)
{
	return "gamma-gamma";
}

static int
spending_parameters(int family)
{
	return 3;
}

static const char *
spending_parameter(int family, int parameter)
{
	static const char *const name[] = { "p", "q", "gamma" };

	return name[parameter];
}

const cv_model_kind cv_spending_models = { .type = "cv_spending_model",
										   .family_rule =
											   "The family of a spending model is gamma-gamma.",
										   .families = 1,
										   .first_number = 100,
										   .family = spending_name,
										   .parameters = spending_parameters,
										   .parameter = spending_parameter,
										   .has_penalty = true };

CV_MODEL_TYPE(buying_model, &cv_buying_models)
CV_MODEL_TYPE(spending_model, &cv_spending_models)
