/*
 * buying_model.c: the families of buying and spending models, and their types.
 */
#include "postgres.h"

#include <math.h>

#include "clv/covariates.h"
#include "core/renewal.h"

/* A buying family's mathematics. */
const cv_buying_family *
cv_buying_family_of(int family)
{
	static const cv_buying_family *const families[CV_BUYING_FAMILIES] = {
		&cv_nbd, &cv_bg_nbd, &cv_mbg_nbd, &cv_pareto_nbd, &cv_bg_cnbd, &cv_mbg_cnbd, &cv_bg_bb
	};

	Assert(family >= 0 && family < CV_BUYING_FAMILIES);
	return families[family];
}

/* What the mathematics read of a model: its parameters and its k; CV_BUYING_NUMBERS of them. */
void
cv_buying_numbers(const cv_model *model, double *p)
{
	memset(p, 0, sizeof(double) * CV_BUYING_NUMBERS);
	memcpy(p, model->parameter, sizeof(double) * model->own);
	if (model->k > 0)
		p[CV_BUYING_K] = model->k;
}

#define MOST_OPPORTUNITIES 1000000

/* Opportunities of bg/bb up to the last purchase and in all, rounded to whole ones. */
void
cv_whole_opportunities(double unit_days, double frequency, double recency, double age, double *t_x,
					   double *n)
{
	*t_x = rint(recency / unit_days);
	*n = rint(age / unit_days);
	if (frequency > *t_x)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("frequency %.0f is more than the opportunities of bg/bb up to the last "
						"purchase, %.0f",
						frequency, *t_x),
				 errdetail("They are recency / unit, %g / %g days, rounded, and each holds one "
						   "purchase at most.",
						   recency, unit_days),
				 errhint("Build the log from dates truncated to the unit.")));
	if (*n > MOST_OPPORTUNITIES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%.0f opportunities are more than bg/bb takes, %d", *n, MOST_OPPORTUNITIES),
				 errhint("Use a longer unit, or a family of continuous time.")));
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

static int
buying_most_k(int family)
{
	return cv_buying_family_of(family)->k > 0 ? CV_MOST_STAGES : 0;
}

const cv_model_kind cv_buying_models = {
	.type = "cv_buying_model",
	.family_rule = "The family of a buying model is one of nbd, bg/nbd, mbg/nbd, pareto/nbd, "
				   "bg/cnbd-k, mbg/cnbd-k, bg/bb.",
	.families = CV_BUYING_FAMILIES,
	.family = buying_name,
	.parameters = buying_parameters,
	.parameter = buying_parameter,
	.processes = buying_processes,
	.process = process_name,
	.most_k = buying_most_k,
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
	return CV_SPENDING_PARAMETERS;
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
