/*
 * base.c: the customer base, sufficient statistics of many histories.
 *
 * Models see a customer only through the history, so customers with the same
 * one are counted.  The stored form is sorted by frequency, recency, age and
 * monetary, so that a base is the same to the last bit, and so are the fits on it,
 * in whatever order its rows came.  Of log_gaps only the sum matters; it is kept in
 * fixed point, which adds exactly.
 *
 * As a state the entries stand in the order in which they came, with room for a power
 * of two, and behind that room is a hash index of two slots for each: seven bits of the
 * hash, and the place of the entry counted from 1; 0 is free.  The index of half a million
 * histories has 4 MB and so stays near the processor, where a hash table of the entries
 * themselves would have 32; a new entry goes to the end; and growing, merging and sorting
 * read and write one entry after the other.
 *
 * Two states with many histories each, as parallel workers send them, are not looked up
 * in each other but put one behind the other, to a list without an index.  What such a list
 * holds twice is put together when it is sorted, or before anything small is added to it.
 */
#include "postgres.h"

#include <math.h>

#include "clv/covariates.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"

static const char type_name[] = "cv_customer_base";

#define SMALLEST offsetof(cv_customer_base, entry)
#define GAP_UNIT 1099511627776.0 /* 2^40 */

#define LEAST_CAPACITY 16
#define ENTRY_AND_SLOTS (sizeof(cv_base_entry) + 2 * sizeof(uint32))
#define CAPACITY(table) ((int64) ((VARSIZE(table) - SMALLEST) / ENTRY_AND_SLOTS))
#define PLACE_BITS 25	   /* enough for what 1 GB can hold */
#define AHEAD 16		   /* entries; fetching their slots in time takes a quarter off a merge */
#define FEWEST_JOINED 4096 /* entries: below this a table is small enough to be looked up in */
#define MOST_JOINED (1 << 24)
#define FEWEST_DEALT 256
#define LARGEST_DEALT (1 << 22)
#define DIGIT_BITS 11
#define PARTS 3
#define PLACE(slot) ((slot) & ((1u << PLACE_BITS) - 1))

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

/* Is a base that says so a table as far as its size tells? */
static inline bool
is_table(const cv_customer_base *base)
{
	int64 capacity = CAPACITY(base);

	return capacity >= LEAST_CAPACITY && (capacity & (capacity - 1)) == 0 &&
		   VARSIZE(base) == SMALLEST + capacity * ENTRY_AND_SLOTS && base->count >= 0 &&
		   base->count <= capacity;
}

static cv_customer_base *
read_base(FunctionCallInfo fcinfo, int argument)
{
	cv_customer_base *base = cv_value_arg(fcinfo, argument, type_name, SMALLEST,
										  CV_BASE_TABLE | CV_BASE_COVARIATES | CV_BASE_LIST);
	bool table = (base->header.flags & CV_BASE_TABLE) != 0;

	if (base->header.flags & CV_BASE_COVARIATES)
	{
		const char *fault = cv_covariate_base_fault(base);

		if (fault)
			cv_corrupt_binary(type_name, fault);
		return base;
	}
	if (table ? !is_table(base)
			  : base->count < 0 ||
					base->count > (int64) ((VARSIZE(base) - SMALLEST) / sizeof(cv_base_entry)))
		cv_corrupt_binary(type_name, "The number of entries does not fit the length.");
	return base;
}

/* Sum of ln(days between purchases) over all customers. */
double
cv_base_log_gaps(const cv_customer_base *base)
{
	return (double) cv_base_gaps(base) / GAP_UNIT;
}

static inline bool
same_history(const cv_base_entry *a, const cv_base_entry *b)
{
	return a->monetary == b->monetary && a->recency == b->recency && a->age == b->age &&
		   a->frequency == b->frequency;
}

/* The slot of an entry's history in a table, or the free one where it belongs. */
static inline uint32 *
find_slot(cv_customer_base *table, int64 capacity, const cv_base_entry *entry, uint64 hash)
{
	uint32 *slots = (uint32 *) (table->entry + capacity);
	uint32 tag = (uint32) (hash >> 32);
	uint64 at = hash & (2 * capacity - 1);

	while (slots[at] != 0 && ((slots[at] ^ tag) >> PLACE_BITS != 0 || PLACE(slots[at]) > capacity ||
							  !same_history(&table->entry[PLACE(slots[at]) - 1], entry)))
		at = (at + 1) & (2 * capacity - 1);
	return &slots[at];
}

/* What marks the entry at a place, counted from 0. */
static inline uint32
slot_of(int64 place, uint64 hash)
{
	uint32 tag = (uint32) (hash >> 32);

	return (tag & ~((1u << PLACE_BITS) - 1)) | (uint32) (place + 1);
}

/* Has the slot of a history that will be looked for soon fetched from memory. */
static inline void
expect(const cv_customer_base *table, int64 capacity, const cv_base_entry *entry)
{
	const uint32 *slots = (const uint32 *) (table->entry + capacity);

	__builtin_prefetch(&slots[cv_hash_entry(entry) & (2 * capacity - 1)]);
}

/* A base with the sums of another, and room for entries of the size given. */
static cv_customer_base *
new_base(const cv_customer_base *sums, int64 capacity, Size element, uint8 flags)
{
	cv_customer_base *base = cv_state_alloc_bare(SMALLEST, capacity, element, type_name, flags);

	base->customers = sums->customers;
	base->gapless = sums->gapless;
	base->gaps_high = sums->gaps_high;
	base->gaps_low = sums->gaps_low;
	return base;
}

/* A table of the given capacity with the contents of "base", whose entries are all different. */
static cv_customer_base *
make_table(const cv_customer_base *base, int64 capacity)
{
	cv_customer_base *table = new_base(base, capacity, ENTRY_AND_SLOTS, CV_BASE_TABLE);
	uint32 *slots = (uint32 *) (table->entry + capacity);
	int64 i;

	table->count = base->count;
	memcpy(table->entry, base->entry, base->count * sizeof(cv_base_entry));
	memset(slots, 0, 2 * capacity * sizeof(uint32));
	for (i = 0; i < base->count; i++)
	{
		uint64 hash = cv_hash_entry(&table->entry[i]);
		uint64 at = hash & (2 * capacity - 1);

		if (i + AHEAD < base->count)
			expect(table, capacity, &table->entry[i + AHEAD]);
		while (slots[at] != 0)
			at = (at + 1) & (2 * capacity - 1);
		slots[at] = slot_of(i, hash);
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
	uint64 hash = cv_hash_entry(entry);
	uint32 *slot = find_slot(base, capacity, entry, hash);

	if (*slot != 0)
		cv_count_customers(&base->entry[PLACE(*slot) - 1], entry->customers);
	else
	{
		if (base->count == capacity)
		{
			base = make_table(base, capacity * 2);
			slot = find_slot(base, capacity * 2, entry, hash);
		}
		*slot = slot_of(base->count, hash);
		base->entry[base->count++] = *entry;
	}
	base->customers += entry->customers;
	return base;
}

/* Adds entries that another base counts. */
static cv_customer_base *
add_entries(cv_customer_base *base, const cv_base_entry *entry, int64 n)
{
	int64 i;

	for (i = 0; i < n; i++)
	{
		if (i + AHEAD < n)
			expect(base, CAPACITY(base), &entry[i + AHEAD]);
		base = add_entry(base, &entry[i]);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	return base;
}

/* Customers are a state of the right kind and size to be added to. */
static cv_customer_base *
plain_table(cv_customer_base *base)
{
	cv_customer_base *table;

	if (base == NULL)
		return cv_state_alloc(SMALLEST, LEAST_CAPACITY, ENTRY_AND_SLOTS, type_name, CV_BASE_TABLE);
	if (base->header.flags & CV_BASE_COVARIATES)
		cv_base_without_covariates(base);
	if (base->header.flags & CV_BASE_TABLE)
		return base;
	if (!(base->header.flags & CV_BASE_LIST))
		return make_table(base,
						  Max(LEAST_CAPACITY, (int64) pg_nextpower2_64((uint64) base->count + 1)));
	table = cv_state_alloc(SMALLEST, LEAST_CAPACITY, ENTRY_AND_SLOTS, type_name, CV_BASE_TABLE);
	table->gapless = base->gapless;
	cv_set_base_gaps(table, cv_base_gaps(base));
	return add_entries(table, base->entry, base->count);
}

/*
 * Are two states to be joined to a list?  Not if one is small beside the state that it is
 * added to: so a list is at most five times as long as what was joined to it last, however
 * often the same histories come.
 */
static bool
are_many(const cv_customer_base *base, const cv_customer_base *other)
{
	return other->count >= FEWEST_JOINED && base->count >= FEWEST_JOINED &&
		   base->count / 4 <= other->count && base->count + other->count <= MOST_JOINED;
}

/* The entries of both bases, one behind the other. */
static cv_customer_base *
join_lists(const cv_customer_base *base, const cv_customer_base *other)
{
	cv_customer_base *list =
		new_base(base, base->count + other->count, sizeof(cv_base_entry), CV_BASE_LIST);

	list->customers += other->customers;
	list->count = base->count + other->count;
	memcpy(list->entry, base->entry, base->count * sizeof(cv_base_entry));
	memcpy(list->entry + base->count, other->entry, other->count * sizeof(cv_base_entry));
	return list;
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

	base = cv_plain_state(fcinfo, CV_BASE_TABLE);
	if (base == NULL || !(base->header.flags & CV_BASE_TABLE) || !is_table(base))
	{
		cv_require_aggregate(fcinfo);
		base = PG_ARGISNULL(0) ? NULL : read_base(fcinfo, 0);
	}
	if (PG_ARGISNULL(1) || !cv_history_arg(fcinfo, 1, &history))
	{
		if (base == NULL)
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
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

	CV_RETURN_UNLESS_BOTH(base, other, read_base);
	if ((base->header.flags | other->header.flags) & CV_BASE_COVARIATES)
		PG_RETURN_POINTER(cv_covariate_base_merge(base, other));
	base = are_many(base, other) ? join_lists(base, other)
								 : add_entries(plain_table(base), other->entry, other->count);
	base->gapless += other->gapless;
	cv_set_base_gaps(base, cv_base_gaps(base) + cv_base_gaps(other));
	PG_RETURN_POINTER(base);
}

/* ---- the stored form ---- */

/* A count of purchases or a whole number of days that can be sorted by its digits. */
static inline uint32
part_of(const cv_base_entry *entry, int part)
{
	return (uint32) (part == 0 ? entry->age : part == 1 ? entry->recency : entry->frequency);
}

/* Moves entries to where they belong by one digit of one part, in the order they have. */
static void
deal_out(cv_base_entry *to, const cv_base_entry *from, int64 n, int part, int shift)
{
	uint32 next[1 << DIGIT_BITS] = { 0 };
	uint32 before = 0;
	int64 i;

	for (i = 0; i < n; i++)
		next[part_of(&from[i], part) >> shift & ((1 << DIGIT_BITS) - 1)]++;
	for (i = 0; i < (int64) lengthof(next); i++)
	{
		uint32 count = next[i];

		next[i] = before;
		before += count;
	}
	for (i = 0; i < n; i++)
		to[next[part_of(&from[i], part) >> shift & ((1 << DIGIT_BITS) - 1)]++] = from[i];
	CHECK_FOR_INTERRUPTS();
}

/* Are the entries many, and in whole days?  Tells the largest number of each part. */
static bool
can_be_dealt(const cv_base_entry *entry, int64 n, uint32 *most)
{
	int64 i;
	int part;

	for (i = 0; i < n; i++)
	{
		if (!(entry[i].age < LARGEST_DEALT && entry[i].recency <= entry[i].age &&
			  entry[i].recency >= 0 && entry[i].frequency >= 0) ||
			entry[i].frequency >= LARGEST_DEALT || entry[i].age != (uint32) entry[i].age ||
			entry[i].recency != (uint32) entry[i].recency)
			return false;
		for (part = 0; part < PARTS; part++)
			most[part] = Max(most[part], part_of(&entry[i], part));
	}
	return n >= FEWEST_DEALT;
}

/*
 * A sorted copy of entries.  Histories in whole days are many on few numbers: they are dealt
 * out by the digits of age, then recency, then frequency, and only those that have all three in
 * common are compared; measured, in a third of the time of comparing all of them.
 */
static void
sort_histories(cv_base_entry *sorted, const cv_base_entry *entry, int64 n)
{
	uint32 most[PARTS] = { 0 };
	const cv_base_entry *from = entry;
	cv_base_entry *room;
	cv_base_entry *to;
	int digits = 0;
	int64 run;
	int64 i;
	int part;
	int shift;

	if (can_be_dealt(entry, n, most))
		for (part = 0; part < PARTS; part++)
			for (shift = 0; most[part] >> shift != 0; shift += DIGIT_BITS)
				digits++;
	if (digits == 0)
	{
		memcpy(sorted, entry, n * sizeof(cv_base_entry));
		sort_entries(sorted, n);
		return;
	}
	/* to and fro, so that the last one ends where it should */
	room = palloc_extended(n * sizeof(cv_base_entry), MCXT_ALLOC_HUGE);
	to = digits % 2 == 1 ? sorted : room;
	for (part = 0; part < PARTS; part++)
		for (shift = 0; most[part] >> shift != 0; shift += DIGIT_BITS)
		{
			deal_out(to, from, n, part, shift);
			from = to;
			to = to == sorted ? room : sorted;
		}
	pfree(room);
	for (i = 0; i < n; i += run)
	{
		for (run = 1; i + run < n && sorted[i + run].frequency == sorted[i].frequency &&
					  sorted[i + run].recency == sorted[i].recency &&
					  sorted[i + run].age == sorted[i].age;)
			run++;
		if (run > 1)
			sort_entries(sorted + i, run);
	}
}

/* Counts what a sorted list holds twice in one entry; returns how many entries are left. */
static int64
count_same(cv_base_entry *entry, int64 n)
{
	int64 last = 0;
	int64 i;

	for (i = 1; i < n; i++)
		if (same_history(&entry[last], &entry[i]))
			cv_count_customers(&entry[last], entry[i].customers);
		else
			entry[++last] = entry[i];
	return n > 0 ? last + 1 : 0;
}

/* The base as stored: sorted and of exact size; the argument where it is so. */
static const cv_customer_base *
sorted_base(const cv_customer_base *base)
{
	cv_customer_base *sorted;

	if (base->header.flags & CV_BASE_COVARIATES)
		return cv_covariate_base_stored(base, NULL);
	if (!(base->header.flags & (CV_BASE_TABLE | CV_BASE_LIST)))
		return base;
	sorted = new_base(base, base->count, sizeof(cv_base_entry), 0);
	sorted->count = base->count;
	sort_histories(sorted->entry, base->entry, base->count);
	if (base->header.flags & CV_BASE_LIST)
	{
		sorted->count = count_same(sorted->entry, base->count);
		SET_VARSIZE(sorted, SMALLEST + sorted->count * sizeof(cv_base_entry));
	}
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
