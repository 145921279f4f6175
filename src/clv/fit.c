/*
 * fit.c: fits of buying and spending models on a customer base.
 */
#include "postgres.h"

#include <math.h>

#include "clv/covariates.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(cv_fit_buying_model);
PG_FUNCTION_INFO_V1(cv_fit_spending_model);
PG_FUNCTION_INFO_V1(cv_buying_parameters);
PG_FUNCTION_INFO_V1(cv_spending_parameters);
PG_FUNCTION_INFO_V1(cv_buying_goodness);
PG_FUNCTION_INFO_V1(cv_spending_goodness);

/* What a user can do about a fit that did not converge. */
static const char *
advice(const cv_model_kind *kind, const cv_model *model, const cv_minimum *minimum)
{
	StringInfoData text;
	bool to_zero = minimum->status == CV_FIT_RUNAWAY && minimum->theta[minimum->culprit] < 0;

	initStringInfo(&text);
	if (minimum->status != CV_FIT_STUCK)
		appendStringInfo(&text, "The data do not identify %s. ",
						 cv_model_parameter_name(kind, model, minimum->culprit));
	if (kind == &cv_spending_models)
		appendStringInfoString(&text, "Use more customers, look for a few extreme amounts");
	else
		appendStringInfoString(&text, "Use a family with fewer parameters, more customers or a "
									  "longer observation");
	/* a penalty holds large parameters down, not small ones up */
	if (!to_zero)
		appendStringInfo(&text, ", or a penalty such as %g",
						 model->penalty > 0 ? 10 * model->penalty : 0.001);
	appendStringInfoChar(&text, '.');
	return text.data;
}

/* -1, 0, 1 by x, T and, descending, t_x: the order in which bg/bb shares most work */
static int
compare_groups(const void *left, const void *right)
{
	const cv_group *a = left;
	const cv_group *b = right;

	if (a->x != b->x)
		return a->x < b->x ? -1 : 1;
	if (a->T != b->T)
		return a->T < b->T ? -1 : 1;
	return a->t_x > b->t_x ? -1 : a->t_x < b->t_x;
}

/*
 * The base's histories as groups in model units, monetary forgotten, in order; for a
 * discrete family in whole opportunities, which many share.
 */
static cv_group *
groups_of(const cv_customer_base *base, double unit_days, bool discrete, int *count)
{
	cv_group *group = palloc_extended(Max(1, base->count) * sizeof(cv_group), MCXT_ALLOC_HUGE);
	int n = 0;
	int64 i;

	for (i = 0; i < base->count; i++)
	{
		const cv_base_entry *entry = &base->entry[i];

		group[i].x = entry->frequency;
		if (discrete)
			cv_whole_opportunities(unit_days, entry->frequency, entry->recency, entry->age,
								   &group[i].t_x, &group[i].T);
		else
		{
			group[i].t_x = entry->recency / unit_days;
			group[i].T = entry->age / unit_days;
		}
		group[i].customers = entry->customers;
	}
	/* the base is in order, but not once it is rounded */
	if (discrete)
		qsort(group, base->count, sizeof(cv_group), compare_groups);
	for (i = 0; i < base->count; i++)
		if (n > 0 && compare_groups(&group[n - 1], &group[i]) == 0)
			group[n - 1].customers += group[i].customers;
		else
			group[n++] = group[i];
	*count = n;
	return group;
}

/* A call of fit_buying. */
typedef struct buying_fit
{
	const cv_customer_base *base;
	double unit_days;
	double penalty;
	cv_group *group;
	cv_group *scratch;
	int n;
	double repeats;			 /* purchases after the first, of all customers */
	cv_covariate_data *data; /* NULL without covariates */
	cv_model *chosen;		 /* the best one so far */
	cv_minimum minimum;		 /* of it */
	const char *fault;		 /* why its covariates cannot be told apart; NULL: they can */
	StringInfoData compared; /* JSON text, without the brackets */
} buying_fit;

/* Reads the base; what no family can be fitted to is an error. */
static void
prepare(buying_fit *fit, bool discrete)
{
	int i;

	if (fit->base->header.flags & CV_BASE_COVARIATES)
	{
		fit->data = cv_covariate_data_of(fit->base, fit->unit_days);
		fit->group = fit->data->merged;
		fit->n = fit->data->merged_count;
	}
	else
		fit->group = groups_of(fit->base, fit->unit_days, discrete, &fit->n);
	fit->scratch = palloc_extended(Max(1, fit->n) * sizeof(cv_group), MCXT_ALLOC_HUGE);
	for (i = 0; i < fit->n; i++)
		fit->repeats += fit->group[i].x * fit->group[i].customers;
	if (fit->repeats == 0)
		cv_cannot_fit(
			"a buying model", "No customer of the base bought a second time.",
			"Observe for longer: without repeat purchases nothing tells rate and dropping out apart.");
	if (fit->n == 1)
		cv_cannot_fit("a buying model",
					  fit->base->customers == 1
						  ? "The base holds one customer."
						  : psprintf("All %lld customers have the same history.",
									 (long long) fit->base->customers),
					  "A model of how customers differ needs customers that do.");
	if (fit->data)
		cv_check_covariate_data(fit->base, fit->data, fit->penalty);
	initStringInfo(&fit->compared);
}

/* A converged model before one that is not, then the lower BIC. */
static bool
is_better(const cv_model *model, const cv_model *than)
{
	bool converged = (model->header.flags & CV_MODEL_CONVERGED) != 0;
	bool other = (than->header.flags & CV_MODEL_CONVERGED) != 0;

	return converged != other ? converged : cv_model_bic(model) < cv_model_bic(than);
}

/* Tells of a model in "compared". */
static void
tell(buying_fit *fit, const cv_model *model)
{
	StringInfo text = &fit->compared;

	appendStringInfo(text, "%s{\"family\": \"%s\"", text->len > 0 ? ", " : "",
					 cv_buying_models.family(model->family));
	if (model->k > 0)
		appendStringInfo(text, ", \"k\": %d", model->k);
	appendStringInfoString(text, ", \"log_likelihood\": ");
	cv_append_number(text, model->log_likelihood);
	appendStringInfoString(text, ", \"bic\": ");
	cv_append_number(text, cv_model_bic(model));
	appendStringInfo(text, ", \"converged\": %s}",
					 model->header.flags & CV_MODEL_CONVERGED ? "true" : "false");
}

/* Fits a family that takes no covariates, or without them, with its k if it has one. */
static cv_model *
fit_plain(const buying_fit *fit, int number, int k, cv_minimum *minimum)
{
	cv_buying_family family = *cv_buying_family_of(number);
	cv_model *model;
	double log_likelihood;

	family.k = k;
	memcpy(fit->scratch, fit->group, fit->n * sizeof(cv_group));
	log_likelihood =
		cv_fit_buying(&family, fit->scratch, fit->n, fit->penalty, cv_check_interrupts, minimum);
	if (k > 1)
		log_likelihood +=
			(k - 1) * (cv_base_log_gaps(fit->base) - fit->repeats * log(fit->unit_days));
	if (!isfinite(log_likelihood))
		cv_cannot_fit(
			"a buying model",
			psprintf("The likelihood of %s is not finite on these histories.", family.name),
			"Check the histories for absurdly long or short times.");
	model = cv_model_new(&cv_buying_models, number, fit->unit_days, "");
	model->k = k;
	cv_model_set_fit(&cv_buying_models, model, fit->base->customers, log_likelihood, fit->penalty,
					 minimum);
	return model;
}

/* Fits a family and keeps it if it is the best so far. */
static cv_model *
fit_family(buying_fit *fit, int number, int k, bool k_chosen)
{
	cv_minimum minimum;
	const char *fault = NULL;
	cv_model *model =
		fit->data ? cv_fit_covariate_model(fit->data, number, fit->unit_days, fit->base->customers,
										   fit->penalty, &minimum, &fault)
				  : fit_plain(fit, number, k, &minimum);

	if (k_chosen)
		model->header.flags |= CV_MODEL_K_CHOSEN;
	if (fit->chosen == NULL || is_better(model, fit->chosen))
	{
		fit->chosen = model;
		fit->minimum = minimum;
		fit->fault = fault;
	}
	return model;
}

/*
 * Why the times between purchases cannot tell of regularity, or NULL.  Gaps that add up
 * to t_x have the largest sum of logarithms where all are alike: x ln(t_x / x).
 */
static const char *
gaps_fault(const cv_customer_base *base)
{
	double most = 0;
	int64 i;

	if (base->gapless > 0)
		return psprintf("log_gaps of %lld repeat customers is unknown", (long long) base->gapless);
	for (i = 0; i < base->count; i++)
		if (base->entry[i].frequency > 0)
			most += (double) base->entry[i].customers * base->entry[i].frequency *
					log(base->entry[i].recency / base->entry[i].frequency);
	if (cv_base_log_gaps(base) > most + 1e-9 * (fabs(most) + 1))
		return psprintf("log_gaps add up to %g, more than the recencies allow, %g",
						cv_base_log_gaps(base), most);
	return NULL;
}

#define LARGEST_CHOICE 12 /* of k */

/*
 * Fits a regular family with k = 1, 2, .. until the likelihood has fallen twice in a row.
 * Tells of every k or, among other families, of the best.
 */
static void
choose_k(buying_fit *fit, int number, bool every)
{
	const cv_model *best = NULL;
	double last = -INFINITY;
	int falls = 0;
	int k;

	for (k = 1; k <= LARGEST_CHOICE && falls < 2; k++)
	{
		const cv_model *model = fit_family(fit, number, k, true);

		falls = model->log_likelihood < last ? falls + 1 : 0;
		last = model->log_likelihood;
		if (best == NULL || is_better(model, best))
			best = model;
		if (every)
			tell(fit, model);
	}
	if (!every)
		tell(fit, best);
}

/* The number of a family, with the k behind a regular one's name; -1 for "best". */
static int
family_named(const char *name, int *k)
{
	int family;

	*k = 0;
	if (strcmp(name, "best") == 0)
		return -1;
	for (family = 0; family < CV_BUYING_FAMILIES; family++)
	{
		const char *known = cv_buying_models.family(family);
		Size prefix = strlen(known) - 1; /* "bg/cnbd-" */

		if (strcmp(name, known) == 0)
			return family;
		if (cv_buying_models.most_k(family) > 0 && strncmp(name, known, prefix) == 0 &&
			name[prefix] >= '1' && name[prefix] <= '9' &&
			strspn(name + prefix, "0123456789") == strlen(name + prefix))
		{
			*k = strlen(name + prefix) < 9 ? atoi(name + prefix) : PG_INT32_MAX;
			if (*k > cv_buying_models.most_k(family))
				ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
								errmsg("k of %s must be at most %d, not %s", known,
									   cv_buying_models.most_k(family), name + prefix)));
			return family;
		}
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown family of buying models \"%s\"", name),
			 errhint("Families are nbd, bg/nbd, mbg/nbd, pareto/nbd, bg/cnbd-k, mbg/cnbd-k, bg/bb "
					 "and best; a number in place of the letter k is the k to use.")));
}

/*
 * fit_buying(base, family, unit, penalty): maximum likelihood, or with a penalty
 * the minimum of -mean log-likelihood + penalty * sum of squared parameters.
 */
Datum
cv_fit_buying_model(PG_FUNCTION_ARGS)
{
	buying_fit fit = { 0 };
	const char *fault = NULL;
	int number;
	int first;
	int last;
	int k;

	fit.base = cv_base_arg(fcinfo, 0);
	fit.unit_days = cv_duration_arg(fcinfo, 2, "unit");
	fit.penalty = cv_check_range("penalty", PG_GETARG_FLOAT8(3), 0, INFINITY);
	if (!(fit.unit_days > 0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("unit must be longer than 0, not %g days", fit.unit_days)));
	number = family_named(text_to_cstring(PG_GETARG_TEXT_PP(1)), &k);
	if (fit.base->header.flags & CV_BASE_COVARIATES && number >= 0 &&
		cv_buying_models.processes(number) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the family %s takes no covariates", cv_buying_models.family(number)),
				 errhint("Build the base without covariates, or use another family.")));
	/* the likelihood of bg/bb is of another kind: of counts, not of times */
	first = number < 0 ? 0 : number;
	last = number < 0 ? CV_MBG_CNBD_MODEL : number;
	prepare(&fit, number == CV_BG_BB_MODEL);
	if (last >= CV_BG_CNBD_MODEL && last <= CV_MBG_CNBD_MODEL && k != 1)
		fault = gaps_fault(fit.base);
	if (fault && number >= 0)
		cv_cannot_fit(cv_buying_models.family(number), psprintf("%s.", fault),
					  "Make histories from dated purchases with purchase_history(), which knows "
					  "the days between them.");
	for (number = first; number <= last; number++)
		if (fit.data && cv_buying_models.processes(number) == 0)
			continue;
		else if (cv_buying_models.most_k(number) == 0 || k > 0)
			tell(&fit, fit_family(&fit, number, k, false));
		else if (fault == NULL)
			choose_k(&fit, number, first == last);
		else
			appendStringInfo(&fit.compared, ", {\"family\": \"%s\", \"skipped\": \"%s\"}",
							 cv_buying_models.family(number), fault);
	if (fit.fault)
		cv_cannot_fit(
			"a buying model", fit.fault,
			"Leave the covariate out, join rare levels, or use a penalty such as 0.00001.");
	cv_warn_of_fit(&cv_buying_models, fit.chosen, &fit.minimum,
				   advice(&cv_buying_models, fit.chosen, &fit.minimum));
	if (first != last || fit.chosen->header.flags & CV_MODEL_K_CHOSEN)
		fit.chosen = cv_model_with_compared(fit.chosen,
											cv_canonical_json(psprintf("[%s]", fit.compared.data)));
	PG_RETURN_POINTER(fit.chosen);
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
		cv_cannot_fit("a spending model",
					  "No customer has repeat purchases with a positive mean spend.",
					  "Build the logs with amounts, and observe until customers buy again.");
	if (!differ)
		cv_cannot_fit(
			"a spending model", psprintf("The mean spend of all %.0f customers is the same.", used),
			"A model of how spending differs needs customers that do; use the one amount instead.");
	log_likelihood = cv_fit_gamma_gamma(group, n, penalty, cv_check_interrupts, &minimum);
	if (!isfinite(log_likelihood))
		cv_cannot_fit("a spending model", "The likelihood is not finite on these histories.",
					  "Check the amounts for absurdly large or small ones.");
	model = cv_model_new(&cv_spending_models, 0, 0, "");
	cv_model_set_fit(&cv_spending_models, model, used, log_likelihood, penalty, &minimum);
	cv_warn_of_fit(&cv_spending_models, model, &minimum,
				   advice(&cv_spending_models, model, &minimum));
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

Datum
cv_buying_parameters(PG_FUNCTION_ARGS)
{
	return cv_emit_parameters(fcinfo, &cv_buying_models,
							  cv_model_arg(fcinfo, 0, &cv_buying_models));
}

Datum
cv_spending_parameters(PG_FUNCTION_ARGS)
{
	return cv_emit_parameters(fcinfo, &cv_spending_models,
							  cv_model_arg(fcinfo, 0, &cv_spending_models));
}

Datum
cv_buying_goodness(PG_FUNCTION_ARGS)
{
	return cv_goodness_row(fcinfo, cv_model_arg(fcinfo, 0, &cv_buying_models));
}

Datum
cv_spending_goodness(PG_FUNCTION_ARGS)
{
	return cv_goodness_row(fcinfo, cv_model_arg(fcinfo, 0, &cv_spending_models));
}
