/*
 * base.c: the customer base, sufficient statistics of many histories.
 *
 * Models see a customer only through the history, so customers with the same
 * one are counted.  The state is an open-addressing hash table; the stored form
 * is sorted by frequency, recency, age and monetary, so that a base is the same
 * to the last bit, and so are the fits on it, in whatever order its rows came.
 * Of log_gaps only the sum matters; it is kept in fixed point, which adds exactly.
 */
#include "postgres.h"

#include <math.h>

#include "clv/covariates.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"

static const char type_name[] = "cv_customer_base";

#define SMALLEST offsetof(cv_customer_base, entry)
#define CAPACITY(base) ((int64) ((VARSIZE(base) - SMALLEST) / sizeof(cv_base_entry)))
#define GAP_UNIT 1099511627776.0 /* 2^40 */

PG_FUNCTION_INFO_V1(cv_customer_base_trans);
PG_FUNCTION_INFO_V1(cv_customer_base_combine);
PG_FUNCTION_INFO_V1(cv_customer_base_final);
PG_FUNCTION_INFO_V1(cv_customers);

#define ST_SORT sort_entries
#define ST_ELEMENT_TYPE cv_base_entry
#define ST_COMPARE(a, b) cv_compare_entries(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static cv_customer_base *
read_base(FunctionCallInfo fcinfo, int argument)
{
	cv_customer_base *base =
		cv_value_arg(fcinfo, argument, type_name, SMALLEST, CV_BASE_TABLE | CV_BASE_COVARIATES);
	int64 capacity = CAPACITY(base);

	if (base->header.flags & CV_BASE_COVARIATES)
	{
		const char *fault = cv_covariate_base_fault(base);

		if (fault)
			cv_corrupt_binary(type_name, fault);
		return base;
	}
	if (base->count < 0 || base->count > capacity ||
		(base->header.flags & CV_BASE_TABLE &&
		 (base->count >= capacity || (capacity & (capacity - 1)) != 0)))
		cv_corrupt_binary(type_name, "The number of entries does not fit the length.");
	return base;
}

/* The entry's slot in a table: its own or the empty one where it belongs. */
static cv_base_entry *
find_slot(cv_customer_base *base, int64 mask, const cv_base_entry *entry)
{
	uint64 at = cv_hash_entry(entry) & mask;

	while (base->entry[at].customers != 0 && cv_compare_entries(&base->entry[at], entry) != 0)
		at = (at + 1) & mask;
	return &base->entry[at];
}

/* A table of at least the given capacity with the contents of "base". */
static cv_customer_base *
make_table(const cv_customer_base *base, int64 capacity)
{
	cv_customer_base *table;
	int64 filled = base->header.flags & CV_BASE_TABLE ? CAPACITY(base) : base->count;
	int64 i;

	table = cv_state_alloc(SMALLEST, capacity, sizeof(cv_base_entry), type_name, CV_BASE_TABLE);
	table->customers = base->customers;
	table->gapless = base->gapless;
	table->gaps_high = base->gaps_high;
	table->gaps_low = base->gaps_low;
	table->count = base->count;
	for (i = 0; i < filled; i++)
	{
		if (base->entry[i].customers != 0)
			*find_slot(table, capacity - 1, &base->entry[i]) = base->entry[i];
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	return table;
}

/* Counts customers with one history; returns the table, moved if it had to grow. */
static cv_customer_base *
add_entry(cv_customer_base *base, const cv_base_entry *entry)
{
	int64 capacity = CAPACITY(base);
	cv_base_entry *slot = find_slot(base, capacity - 1, entry);

	if (slot->customers == 0)
	{
		if ((base->count + 1) * 4 > capacity * 3)
		{
			base = make_table(base, capacity * 2);
			slot = find_slot(base, capacity * 2 - 1, entry);
		}
		*slot = *entry;
		base->count++;
	}
	else
		cv_count_customers(slot, entry->customers);
	base->customers += entry->customers;
	return base;
}

/* Customers are a state of the right kind and size to be added to. */
static cv_customer_base *
plain_table(cv_customer_base *base)
{
	if (base == NULL)
		return cv_state_alloc(SMALLEST, 16, sizeof(cv_base_entry), type_name, CV_BASE_TABLE);
	if (base->header.flags & CV_BASE_COVARIATES)
		cv_base_without_covariates(base);
	if (!(base->header.flags & CV_BASE_TABLE))
		return make_table(base, Max(16, (int64) pg_nextpower2_64(base->count * 2 + 1)));
	return base;
}

/*
 * customer_base(history, covariates): a history that is NULL is ignored; covariates
 * that are not given, NULL or {} are none.
 */
Datum
cv_customer_base_trans(PG_FUNCTION_ARGS)
{
	cv_customer_base *base;
	Jsonb *covariates = NULL;
	cv_base_entry entry;
	cv_history history;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(1) || !cv_history_arg(fcinfo, 1, &history))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	base = PG_ARGISNULL(0) ? NULL : read_base(fcinfo, 0);
	if (PG_NARGS() > 2 && !PG_ARGISNULL(2))
	{
		covariates = PG_GETARG_JSONB_P(2);
		cv_check_covariates(covariates);
		if (JB_ROOT_COUNT(covariates) == 0)
			covariates = NULL;
	}
	entry.recency = history.recency;
	entry.age = history.age;
	entry.monetary = history.frequency == 0 ? 0
					 : history.has_monetary ? history.monetary
											: CV_NO_MONETARY;
	entry.frequency = history.frequency;
	entry.customers = 1;
	base = covariates ? cv_covariate_base_add(base, &entry, covariates)
					  : add_entry(plain_table(base), &entry);
	if (history.frequency > 0)
	{
		if (history.has_log_gaps)
			cv_set_base_gaps(base, cv_base_gaps(base) + (int128) rint(history.log_gaps * GAP_UNIT));
		else
			base->gapless++;
	}
	PG_RETURN_POINTER(base);
}

/* Merges two bases; also the transition of rollup(customer_base). */
Datum
cv_customer_base_combine(PG_FUNCTION_ARGS)
{
	cv_customer_base *base;
	cv_customer_base *other;
	int64 filled;
	int64 i;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(read_base(fcinfo, 1));
	base = read_base(fcinfo, 0);
	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(base);
	other = read_base(fcinfo, 1);
	if ((base->header.flags | other->header.flags) & CV_BASE_COVARIATES)
		PG_RETURN_POINTER(cv_covariate_base_merge(base, other));
	base = plain_table(base);
	filled = other->header.flags & CV_BASE_TABLE ? CAPACITY(other) : other->count;
	for (i = 0; i < filled; i++)
	{
		/*
		 * In the order of its slots one table would fill another from one end,
		 * with ever longer searches there: so walk it in another order.
		 */
		int64 at =
			other->header.flags & CV_BASE_TABLE ? (i * INT64CONST(0x9e3779b1)) & (filled - 1) : i;

		if (other->entry[at].customers != 0)
			base = add_entry(base, &other->entry[at]);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	base->gapless += other->gapless;
	cv_set_base_gaps(base, cv_base_gaps(base) + cv_base_gaps(other));
	PG_RETURN_POINTER(base);
}

/* The base as stored: sorted and of exact size; the argument where it is so. */
static const cv_customer_base *
sorted_base(const cv_customer_base *base)
{
	cv_customer_base *sorted;
	int64 kept = 0;
	int64 i;

	if (base->header.flags & CV_BASE_COVARIATES)
		return cv_covariate_base_stored(base, NULL);
	if (!(base->header.flags & CV_BASE_TABLE))
		return base;
	sorted = cv_state_alloc(SMALLEST, base->count, sizeof(cv_base_entry), type_name, 0);
	sorted->customers = base->customers;
	sorted->gapless = base->gapless;
	sorted->gaps_high = base->gaps_high;
	sorted->gaps_low = base->gaps_low;
	sorted->count = base->count;
	for (i = 0; i < CAPACITY(base); i++)
		if (base->entry[i].customers != 0)
		{
			if (kept == base->count)
				cv_corrupt_binary(type_name, "The number of entries is wrong.");
			sorted->entry[kept++] = base->entry[i];
		}
	sort_entries(sorted->entry, kept);
	return sorted;
}

/* A base argument in its stored form. */
const cv_customer_base *
cv_base_arg(FunctionCallInfo fcinfo, int argument)
{
	return sorted_base(read_base(fcinfo, argument));
}

/* The base as it is stored. */
Datum
cv_customer_base_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(cv_base_arg(fcinfo, 0));
}

/* Number of customers in a base. */
Datum
cv_customers(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(read_base(fcinfo, 0)->customers);
}
