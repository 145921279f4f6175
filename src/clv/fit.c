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
	bool known = (base->header.flags & CV_BASE_COVARIATES) != 0;
	cv_covariate_data *data = NULL;
	const char *fault = NULL;
	const char *chosen_fault = NULL;
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
		while (first < CV_BUYING_FAMILIES && strcmp(name, cv_buying_models.family(first)) != 0)
			first++;
		if (first == CV_BUYING_FAMILIES)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("unknown family of buying models \"%s\"", name),
							errhint("Families are nbd, bg/nbd, mbg/nbd, pareto/nbd and best.")));
		last = first;
	}
	if (known && !best && cv_buying_models.processes(first) == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the family %s takes no covariates", name),
						errhint("Build the base without covariates, or use another family.")));
	if (known)
	{
		data = cv_covariate_data_of(base, unit_days);
		group = data->merged;
		n = data->merged_count;
	}
	else
		group = groups_of(base, unit_days, &n);
	for (i = 0; i < n; i++)
	{
		repeats += group[i].x * group[i].customers;
		longest = Max(longest, group[i].T);
	}
	if (repeats == 0)
		cv_cannot_fit(
			"a buying model", "No customer of the base bought a second time.",
			"Observe for longer: without repeat purchases nothing tells rate and dropping out apart.");
	if (n == 1)
		cv_cannot_fit("a buying model",
					  base->customers == 1 ? "The base holds one customer."
										   : psprintf("All %lld customers have the same history.",
													  (long long) base->customers),
					  "A model of how customers differ needs customers that do.");

	if (known)
		cv_check_covariate_data(base, data, penalty);

	initStringInfo(&compared);
	scratch = palloc_extended(n * sizeof(cv_group), MCXT_ALLOC_HUGE);
	for (family = first; family <= last; family++)
	{
		double log_likelihood;
		cv_model *model;

		if (known && cv_buying_models.processes(family) == 0)
			continue;
		if (known)
		{
			model = cv_fit_covariate_model(data, family, unit_days, base->customers, penalty,
										   &minimum, &fault);
			log_likelihood = model->log_likelihood;
		}
		else
		{
			memcpy(scratch, group, n * sizeof(cv_group));
			log_likelihood = cv_fit_buying(cv_buying_family_of(family), scratch, n, penalty,
										   cv_check_interrupts, &minimum);
			if (!isfinite(log_likelihood))
				cv_cannot_fit("a buying model",
							  psprintf("The likelihood of %s is not finite on these histories.",
									   cv_buying_models.family(family)),
							  "Check the histories for absurdly long or short times.");
			model = cv_model_new(&cv_buying_models, family, unit_days, "");
			cv_model_set_fit(&cv_buying_models, model, base->customers, log_likelihood, penalty,
							 &minimum);
		}
		appendStringInfo(&compared,
						 "%s{\"family\": \"%s\", \"log_likelihood\": ", chosen ? ", " : "[",
						 cv_buying_models.family(family));
		cv_append_number(&compared, log_likelihood);
		appendStringInfoString(&compared, ", \"bic\": ");
		cv_append_number(&compared, cv_model_bic(model));
		appendStringInfo(&compared, ", \"converged\": %s}",
						 model->header.flags & CV_MODEL_CONVERGED ? "true" : "false");

		/* a fit that converged beats one that did not, then the lower BIC */
		if (chosen == NULL ||
			(model->header.flags & CV_MODEL_CONVERGED) >
				(chosen->header.flags & CV_MODEL_CONVERGED) ||
			((model->header.flags & CV_MODEL_CONVERGED) ==
				 (chosen->header.flags & CV_MODEL_CONVERGED) &&
			 cv_model_bic(model) < cv_model_bic(chosen)))
		{
			chosen = model;
			chosen_minimum = minimum;
			chosen_fault = fault;
		}
	}
	appendStringInfoChar(&compared, ']');
	if (chosen_fault)
		cv_cannot_fit(
			"a buying model", chosen_fault,
			"Leave the covariate out, join rare levels, or use a penalty such as 0.00001.");
	cv_warn_of_fit(&cv_buying_models, chosen, &chosen_minimum,
				   advice(&cv_buying_models, chosen, &chosen_minimum));
	if (best)
		chosen = cv_model_with_compared(chosen, cv_canonical_json(compared.data));
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
