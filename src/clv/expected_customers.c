/*
 * expected_customers.c: expected_customers(), how many customers of a base a model
 * expects to have bought a number of times, each within their own age.
 *
 * A sum over customers of P(N(age) = n), where N counts the repeat purchases of a
 * customer just acquired.  It depends on the age alone, so customers are counted by age
 * first; ages are added in their order, so the sum is the same to the last bit for
 * equal bases.
 */
#include "postgres.h"

#include <math.h>

#include "clv/clv.h"
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

/* The base's customers by age, sorted. */
static age_table
ages_of(const cv_customer_base *base)
{
	age_table table = { NULL, 0, 0 };
	uint32 n = 0;
	uint32 i;
	int64 at;

	for (at = 0; at < base->count; at++)
	{
		if (at % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		add_age(&table, base->entry[at].age, base->entry[at].customers);
	}
	for (i = 0; i < table.size; i++)
		if (table.slot[i].customers > 0)
			table.slot[n++] = table.slot[i];
	sort_ages(table.slot, n);
	return table;
}

/* expected_customers(model, base, purchases) */
Datum
cv_expected_customers(PG_FUNCTION_ARGS)
{
	const cv_model *model = cv_model_arg(fcinfo, 0, &cv_buying_models);
	const cv_buying_family *family = cv_buying_family_of(model->family);
	const cv_customer_base *base = cv_base_arg(fcinfo, 1);
	int32 purchases = PG_GETARG_INT32(2);
	double alive = cv_buying_p_alive(family, model->parameter, 0, 0, 0);
	double dead = purchases == 0 ? cv_buying_p_dead(family, model->parameter, 0, 0, 0) : 0;
	age_table ages;
	double sum = 0;
	uint32 i;

	if (purchases < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("purchases must be at least 0, not %d", purchases)));
	ages = ages_of(base);
	for (i = 0; i < ages.used; i++)
	{
		double probability =
			alive * family->probability(model->parameter, 0, 0, ages.slot[i].age / model->unit_days,
										purchases) +
			dead;

		CHECK_FOR_INTERRUPTS();
		sum += ages.slot[i].customers * Min(probability, 1);
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
