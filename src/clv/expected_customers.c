/*
 * expected_customers.c: expected_customers(), how many customers of a base a model
 * expects to have bought a number of times, each within their own age.
 *
 * A sum over customers of P(N(age) = n), where N counts the repeat purchases of a
 * customer just acquired.  It depends on the age alone, and on the covariates where the
 * model has some, so customers are counted by age first; ages are added in their order,
 * so the sum is the same to the last bit for equal bases.
 */
#include "postgres.h"

#include <math.h>

#include "clv/covariates.h"
#include "miscadmin.h"

PG_FUNCTION_INFO_V1(cv_expected_customers);

/* Customers of one age; of no customers: an empty slot. */
typedef struct age_count
{
	double age;
	double customers;
} age_count;

typedef struct age_table
{
	age_count *slot;
	uint32 size; /* a power of two */
	uint32 used;
} age_table;

#define ST_SORT sort_ages
#define ST_ELEMENT_TYPE age_count
#define ST_COMPARE(a, b) ((a)->age < (b)->age ? -1 : (a)->age > (b)->age)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static void add_age(age_table *table, double age, double customers);

static void
grow(age_table *table)
{
	age_table old = *table;
	uint32 i;

	table->size = Max(256, old.size * 2);
	table->used = 0;
	table->slot =
		palloc_extended(sizeof(age_count) * table->size, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (i = 0; i < old.size; i++)
		if (old.slot[i].customers > 0)
			add_age(table, old.slot[i].age, old.slot[i].customers);
	if (old.slot)
		pfree(old.slot);
}

static void
add_age(age_table *table, double age, double customers)
{
	uint64 bits;
	uint32 at;

	if (table->used * 2 >= table->size)
		grow(table);
	memcpy(&bits, &age, sizeof(bits));
	at = (uint32) ((bits * UINT64CONST(0x9e3779b97f4a7c15)) >> 32);
	while (table->slot[at & (table->size - 1)].customers > 0 &&
		   table->slot[at & (table->size - 1)].age != age)
		at++;
	at &= table->size - 1;
	table->used += table->slot[at].customers == 0;
	table->slot[at].age = age;
	table->slot[at].customers += customers;
}

/* Customers of some entries by age, sorted. */
static age_table
count_ages(const cv_base_entry *entry, int64 entries)
{
	age_table table = { NULL, 0, 0 };
	uint32 n = 0;
	uint32 i;
	int64 at;

	for (at = 0; at < entries; at++)
	{
		if (at % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		add_age(&table, entry[at].age, entry[at].customers);
	}
	for (i = 0; i < table.size; i++)
		if (table.slot[i].customers > 0)
			table.slot[n++] = table.slot[i];
	sort_ages(table.slot, n);
	return table;
}

/* The sum over some entries' customers, who share the parameters p. */
static double
expected_among(const cv_buying_family *family, const double *p, double unit_days,
			   const cv_base_entry *entry, int64 entries, int32 purchases)
{
	age_table ages = count_ages(entry, entries);
	double alive = cv_buying_p_alive(family, p, 0, 0, 0);
	double dead = purchases == 0 ? cv_buying_p_dead(family, p, 0, 0, 0) : 0;
	double sum = 0;
	uint32 i;

	for (i = 0; i < ages.used; i++)
	{
		double age = ages.slot[i].age / unit_days;
		double none;
		double probability;

		if (family->discrete)
			cv_whole_opportunities(unit_days, 0, 0, ages.slot[i].age, &none, &age);
		probability = alive * family->probability(p, 0, 0, 0, age, purchases) + dead;
		CHECK_FOR_INTERRUPTS();
		/* fmin() would make a number of NaN */
		sum += ages.slot[i].customers * (probability > 1 ? 1 : probability);
	}
	if (ages.slot)
		pfree(ages.slot);
	return sum;
}

/* ---- bases with covariates ---- */

/* For each level of a base's covariate its column of the model's, -1 for the first level. */
static int *
columns_of_levels(const cv_covariate *ours, const cv_covariate *theirs)
{
	int *column = palloc(sizeof(int) * (theirs->levels + 1));
	const char *name = theirs->level;
	int i;

	for (i = 0; i < theirs->levels; i++, name = cv_next_level(name))
	{
		int level = cv_covariate_level(ours, name, strlen(name));

		if (level < 0)
			ereport(
				ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("covariate \"%s\" has no level \"%s\" in the model", ours->key, name),
				 errhint("Use the base that the model was fitted to, or fit one to this base.")));
		column[i] = level > 0 ? ours->column + level - 1 : -1;
	}
	return column;
}

/* The model and the base must know the same covariates. */
static void
match_covariates(const cv_covariates *ours, const cv_covariates *theirs, int **columns)
{
	int i;

	for (i = 0; i < ours->keys || i < theirs->keys; i++)
	{
		const cv_covariate *own = &ours->covariate[i];
		const cv_covariate *other = &theirs->covariate[i];
		int order = i >= ours->keys ? 1 : i >= theirs->keys ? -1 : strcmp(own->key, other->key);

		if (order != 0)
			ereport(
				ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 order < 0
					 ? errmsg("covariate \"%s\" of the model is missing in the base", own->key)
					 : errmsg("covariate \"%s\" of the base is unknown to the model", other->key),
				 errhint("Use the base that the model was fitted to, or fit one to this base.")));
		if ((own->levels > 0) != (other->levels > 0))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("covariate \"%s\" is %s in the model and %s in the base",
								   own->key, own->levels > 0 ? "text" : "a number",
								   own->levels > 0 ? "a number" : "text")));
		columns[i] = other->levels > 0 ? columns_of_levels(own, other) : NULL;
	}
}

/* The sum over a base's vectors of covariates, each with parameters of its own. */
static double
expected_by_covariates(const cv_model *model, const cv_customer_base *base, int32 purchases)
{
	const cv_buying_family *family = cv_buying_family_of(model->family);
	const cv_base_tail *tail = cv_base_tail_of(base);
	const cv_base_entry *entry = base->entry;
	cv_covariates ours;
	cv_covariates theirs = { 0 };
	int *columns[CV_MOST_COVARIATES];
	double sum = 0;
	int64 v;
	int k;

	cv_read_covariates(cv_model_design(model), model->design_size, &ours);
	if (base->header.flags & CV_BASE_COVARIATES)
		cv_read_covariates(cv_base_covariate_bytes(tail), tail->size, &theirs);
	match_covariates(&ours, &theirs, columns);
	for (v = 0; v < tail->vectors; v++)
	{
		const cv_cell *row = cv_base_vector(tail, v);
		double z[CV_MAX_PARAMETERS] = { 0 };
		double p[CV_BUYING_PARAMETERS];

		for (k = 0; k < ours.keys; k++)
			if (columns[k] == NULL)
				z[ours.covariate[k].column] = row[1 + k].number;
			else if (columns[k][row[1 + k].level] >= 0)
				z[columns[k][row[1 + k].level]] = 1;
		cv_covariate_apply(family, model->parameter, ours.columns, z, p);
		for (k = 0; k < family->parameters; k++)
			if (!(p[k] > 0 && isfinite(p[k])))
				return NAN;
		sum += expected_among(family, p, model->unit_days, entry, row[0].level, purchases);
		entry += row[0].level;
	}
	return sum;
}

/* expected_customers(model, base, purchases) */
Datum
cv_expected_customers(PG_FUNCTION_ARGS)
{
	const cv_model *model = cv_model_arg(fcinfo, 0, &cv_buying_models);
	const cv_customer_base *base = cv_base_arg(fcinfo, 1);
	int32 purchases = PG_GETARG_INT32(2);
	double sum;

	if (purchases < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("purchases must be at least 0, not %d", purchases)));
	if (model->design_size > 0)
		sum = expected_by_covariates(model, base, purchases);
	else
	{
		double p[CV_BUYING_NUMBERS];

		cv_buying_numbers(model, p);
		sum = expected_among(cv_buying_family_of(model->family), p, model->unit_days, base->entry,
							 base->count, purchases);
	}
	if (!isfinite(sum))
		ereport(
			ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s is out of range for this model and base", "expected_customers"),
			 errhint(
				 "Check the model's parameters and unit, and that the histories are in days.")));
	PG_RETURN_FLOAT8(sum);
}
