/*
 * covariate_fit.c: fits of buying models to bases with covariates.
 *
 * Numbers are standardised for the fit, levels other than the first are columns of 0
 * and 1.  What would make a coefficient meaningless is an error that names it: a
 * covariate that does not vary, one that follows from others, a level whose customers
 * never came back, a coefficient that the data do not hold.
 */
#include "postgres.h"

#include <math.h>

#include "clv/covariates.h"
#include "miscadmin.h"

#define MODEL "a buying model"

static int
compare_groups(const cv_group *a, const cv_group *b)
{
	if (a->x != b->x)
		return a->x < b->x ? -1 : 1;
	if (a->t_x != b->t_x)
		return a->t_x < b->t_x ? -1 : 1;
	return a->T < b->T ? -1 : a->T > b->T;
}

#define ST_SORT sort_groups
#define ST_ELEMENT_TYPE cv_group
#define ST_COMPARE(a, b) compare_groups(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Adds an entry's customers to the last group, if it is theirs, or to a new one. */
static int
add_to_groups(cv_group *group, int first, int n, const cv_group *one)
{
	if (n > first && compare_groups(&group[n - 1], one) == 0)
		group[n - 1].customers += one->customers;
	else
		group[n++] = *one;
	return n;
}

/* The base's histories by vectors of covariates, and the columns of each vector. */
static void
read_groups(const cv_customer_base *base, double unit_days, cv_covariate_data *data,
			double *customers, double *value, int *end)
{
	const cv_base_tail *tail = cv_base_tail_of(base);
	const cv_base_entry *entry = base->entry;
	int columns = data->all.columns;
	int64 v;
	int64 i;
	int k;

	for (v = 0; v < tail->vectors; v++)
	{
		const cv_cell *row = cv_base_vector(tail, v);
		double *z = value + v * columns;
		int first = data->n;

		for (i = 0; i < row[0].level; i++, entry++)
		{
			cv_group one = { entry->frequency, entry->recency / unit_days, entry->age / unit_days,
							 entry->customers };

			customers[v] += entry->customers;
			data->n = add_to_groups(data->group, first, data->n, &one);
		}
		end[v] = data->n;
		for (k = 0; k < data->all.keys; k++)
		{
			const cv_covariate *covariate = &data->all.covariate[k];

			if (covariate->levels == 0)
				z[covariate->column] = row[1 + k].number;
			else if (row[1 + k].level > 0)
				z[covariate->column + row[1 + k].level - 1] = 1;
		}
		if (v % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

/* Standardises the columns of numbers; refuses one that does not vary. */
static void
standardise(cv_covariate_data *data, const double *customers, double *value, double *mean,
			double *spread)
{
	int columns = data->all.columns;
	int vectors = data->design.vectors;
	int k;
	int v;

	for (k = 0; k < data->all.keys; k++)
	{
		const cv_covariate *covariate = &data->all.covariate[k];
		int c = covariate->column;
		double total = 0;
		double sum = 0;
		double scale = 0;

		if (covariate->levels == 1)
			cv_cannot_fit(MODEL,
						  psprintf("Covariate \"%s\" is \"%s\" for all customers.", covariate->key,
								   covariate->level),
						  "Leave it out: it tells no customer from another.");
		if (covariate->levels > 0)
			continue;
		/* against the largest, so that no square overflows */
		for (v = 0; v < vectors; v++)
			scale = Max(scale, fabs(value[(int64) v * columns + c]));
		for (v = 0; v < vectors; v++)
		{
			total += customers[v];
			mean[c] += customers[v] * (scale > 0 ? value[(int64) v * columns + c] / scale : 0);
		}
		mean[c] = mean[c] / total * scale;
		for (v = 0; v < vectors; v++)
		{
			double off = scale > 0 ? (value[(int64) v * columns + c] - mean[c]) / scale : 0;

			sum += customers[v] * off * off;
		}
		spread[c] = sqrt(sum / total) * scale;
		if (!(spread[c] > 1e-12 * scale))
			cv_cannot_fit(
				MODEL,
				psprintf("Covariate \"%s\" is %g for all customers.", covariate->key, mean[c]),
				"Leave it out: it tells no customer from another.");
		for (v = 0; v < vectors; v++)
			value[(int64) v * columns + c] = (value[(int64) v * columns + c] - mean[c]) / spread[c];
	}
}

/* Refuses a level whose customers never bought again: their rate would go to 0. */
static void
check_levels(const cv_customer_base *base, const cv_covariate_data *data)
{
	const cv_base_tail *tail = cv_base_tail_of(base);
	int k;

	for (k = 0; k < data->all.keys; k++)
	{
		const cv_covariate *covariate = &data->all.covariate[k];
		bool *returned = palloc0(covariate->levels + 1);
		const cv_base_entry *entry = base->entry;
		const char *level = covariate->level;
		int64 v;
		int64 i;

		if (covariate->levels == 0)
			continue;
		for (v = 0; v < tail->vectors; v++)
		{
			const cv_cell *row = cv_base_vector(tail, v);

			/* entries of a vector are sorted: the last one bought most often */
			if (entry[row[0].level - 1].frequency > 0)
				returned[row[1 + k].level] = true;
			entry += row[0].level;
		}
		for (i = 0; i < covariate->levels; i++, level = cv_next_level(level))
			if (!returned[i])
				cv_cannot_fit(MODEL,
							  psprintf("No customer with covariate \"%s\" = \"%s\" bought a second "
									   "time, so the level separates buyers from others.",
									   covariate->key, level),
							  "Join the level with another one, leave the covariate out, or use a "
							  "penalty such as 0.00001.");
	}
}

/* A base with covariates made ready for fits; its covariates vary. */
cv_covariate_data *
cv_covariate_data_of(const cv_customer_base *base, double unit_days)
{
	const cv_base_tail *tail = cv_base_tail_of(base);
	cv_covariate_data *data = palloc0(sizeof(cv_covariate_data));
	double *customers;
	const char *fault;
	double *value;
	double *mean;
	double *spread;
	int *end;
	int columns;
	int c;
	int i;

	customers = palloc_extended(tail->vectors * sizeof(double), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	data->customers = customers;
	data->bytes = cv_base_covariate_bytes(tail);
	data->size = tail->size;
	cv_read_covariates(data->bytes, data->size, &data->all);
	columns = data->all.columns;
	if (columns > CV_MOST_COVARIATES)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("the covariates have %d coefficients in each process, more than %d",
							   columns, CV_MOST_COVARIATES),
						errdetail("A number has one, a text one for each level but the first."),
						errhint("Join rare levels, or leave covariates out.")));
	fault = cv_covariates_alike(&data->all);
	if (fault)
		cv_cannot_fit(MODEL, fault, "Rename a key.");
	value = palloc_extended(Max(1, tail->vectors * columns) * sizeof(double),
							MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	end = palloc_extended(tail->vectors * sizeof(int), MCXT_ALLOC_HUGE);
	mean = palloc0(Max(1, columns) * sizeof(double));
	spread = palloc(Max(1, columns) * sizeof(double));
	for (c = 0; c < columns; c++)
		spread[c] = 1;
	data->group = palloc_extended(base->count * sizeof(cv_group), MCXT_ALLOC_HUGE);
	data->scratch = palloc_extended(base->count * sizeof(cv_group), MCXT_ALLOC_HUGE);
	data->merged = palloc_extended(base->count * sizeof(cv_group), MCXT_ALLOC_HUGE);
	read_groups(base, unit_days, data, customers, value, end);
	data->design = (cv_design){ columns, (int) tail->vectors, value, end, mean, spread };
	standardise(data, customers, value, mean, spread);

	memcpy(data->scratch, data->group, data->n * sizeof(cv_group));
	sort_groups(data->scratch, data->n);
	for (i = 0; i < data->n; i++)
		data->merged_count = add_to_groups(data->merged, 0, data->merged_count, &data->scratch[i]);
	return data;
}

/* Refuses covariates of which one follows from others, or separates buyers from others. */
void
cv_check_covariate_data(const cv_customer_base *base, const cv_covariate_data *data, double penalty)
{
	int columns = data->design.columns;
	int c = cv_collinear_column(&data->design, data->customers,
								palloc((columns + 2 * columns * columns) * sizeof(double)),
								cv_check_interrupts);

	if (c >= 0)
		cv_cannot_fit(MODEL,
					  psprintf("Covariate \"%s\" follows from the others: it is a linear "
							   "combination of those before it.",
							   cv_covariate_column(&data->all, c)),
					  "Leave it out, or what it follows from.");
	if (penalty == 0)
		check_levels(base, data);
}

/*
 * Fits a family; "fault" becomes what is wrong with a coefficient, NULL if nothing
 * is.  The model says that it did not converge then.
 */
cv_model *
cv_fit_covariate_model(const cv_covariate_data *data, int family, double unit_days,
					   double customers, double penalty, cv_minimum *minimum, const char **fault)
{
	const cv_buying_family *mathematics = cv_buying_family_of(family);
	cv_model *model =
		cv_model_with_design(&cv_buying_models, family, unit_days, data->bytes, data->size);
	double log_likelihood;
	int i;

	*fault = NULL;
	memcpy(data->scratch, data->merged, data->merged_count * sizeof(cv_group));
	cv_fit_buying(mathematics, data->scratch, data->merged_count, penalty, cv_check_interrupts,
				  minimum);
	memcpy(data->scratch, data->group, data->n * sizeof(cv_group));
	log_likelihood = cv_fit_covariates(mathematics, data->scratch, data->n, &data->design, penalty,
									   minimum->theta, cv_check_interrupts, minimum);
	if (!isfinite(log_likelihood))
		cv_cannot_fit(
			MODEL,
			psprintf("The likelihood of %s is not finite on these histories.", mathematics->name),
			"Check the histories for absurdly long or short times.");
	cv_model_set_fit(&cv_buying_models, model, customers, log_likelihood, penalty, minimum);
	if ((minimum->status == CV_FIT_RUNAWAY || minimum->status == CV_FIT_FLAT) &&
		minimum->culprit >= model->own)
		*fault = psprintf("The data do not identify %s: %s.",
						  cv_model_parameter_name(&cv_buying_models, model, minimum->culprit),
						  minimum->status == CV_FIT_RUNAWAY
							  ? "the likelihood rises without limit along it"
							  : "the likelihood is flat along it");
	cv_covariates_unscale(mathematics, &data->design, minimum->theta, cv_model_covariance(model));
	for (i = 0; i < model->parameters; i++)
	{
		model->parameter[i] =
			cv_model_is_logarithmic(model, i) ? exp(minimum->theta[i]) : minimum->theta[i];
		if (!isfinite(model->parameter[i]) ||
			(cv_model_is_logarithmic(model, i) && model->parameter[i] == 0))
			cv_cannot_fit(MODEL,
						  psprintf("Parameter %s is out of range for a customer whose numbers are "
								   "all 0.",
								   cv_model_parameter_name(&cv_buying_models, model, i)),
						  "Subtract a typical value from the numbers that are far from 0.");
	}
	return model;
}
