/*
 * tally.c: sums by key: growth, merging, the stored form.
 */
#include "postgres.h"

#include "common/int.h"
#include "miscadmin.h"
#include "pg/tally.h"
#include "port/pg_bitutils.h"

#define SMALLEST_TABLE 16
#define LARGEST_PANEL UINT64CONST(1048576) /* places, unless there are as many slots */

/* Most entries have two keys and a count, or a key and two counts. */
typedef struct three_words
{
	uint64 word[3];
} three_words;

#define ST_SORT sort_three_words
#define ST_ELEMENT_TYPE three_words
#define ST_COMPARE(a, b)                                                     \
	((a)->word[0] != (b)->word[0]	? ((a)->word[0] < (b)->word[0] ? -1 : 1) \
	 : (a)->word[1] != (b)->word[1] ? ((a)->word[1] < (b)->word[1] ? -1 : 1) \
									: 0)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Of entries with one key the second word is a count, which decides nothing. */
#define ST_SORT sort_words
#define ST_ELEMENT_TYPE_VOID
#define ST_COMPARE(a, b)                                                    \
	(((const uint64 *) (a))[0] != ((const uint64 *) (b))[0]                 \
		 ? (((const uint64 *) (a))[0] < ((const uint64 *) (b))[0] ? -1 : 1) \
	 : ((const uint64 *) (a))[1] != ((const uint64 *) (b))[1]               \
		 ? (((const uint64 *) (a))[1] < ((const uint64 *) (b))[1] ? -1 : 1) \
		 : 0)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* An empty table; "panel" tells the reach of one to be laid, if any. */
static cv_tally *
new_table(const cv_tally_kind *kind, uint64 capacity, const cv_tally *panel)
{
	cv_tally reach = { 0 };
	cv_tally *tally;

	if (panel)
		reach = *panel;
	reach.mask = PG_UINT64_MAX; /* no slots */
	tally = cv_state_alloc(cv_tally_table_size(kind, &reach), (int64) capacity,
						   cv_tally_words(kind) * sizeof(uint64), kind->type, CV_TALLY_TABLE);
	tally->mask = capacity - 1;
	tally->base = reach.base;
	tally->rows = reach.rows;
	tally->stride = reach.stride;
	return tally;
}

/* An empty tally, to be filled. */
cv_tally *
cv_tally_new(const cv_tally_kind *kind, int32 label)
{
	cv_tally *tally = new_table(kind, SMALLEST_TABLE, NULL);

	tally->label = label;
	return tally;
}

static uint64
slots_of(const cv_tally *tally)
{
	return tally->header.flags & CV_TALLY_TABLE ? tally->mask + 1 : (uint64) tally->count;
}

/* The free slot where a new key belongs. */
static uint64 *
free_slot(const cv_tally_kind *kind, cv_tally *table, uint64 first, uint64 second)
{
	int words = cv_tally_words(kind);
	uint64 at = cv_tally_place(kind, first, second) & table->mask;

	while (table->word[at * words] != 0)
		at = (at + 1) & table->mask;
	return table->word + at * words;
}

/*
 * A table with the entries of "tally" and room for twice as many, and an empty panel of the
 * reach of "panel", if any.
 */
static cv_tally *
make_table(const cv_tally_kind *kind, const cv_tally *tally, const cv_tally *panel)
{
	int words = cv_tally_words(kind);
	uint64 capacity = Max(SMALLEST_TABLE, pg_nextpower2_64((uint64) tally->count * 2 + 1));
	cv_tally *table = new_table(kind, capacity, panel);
	uint64 i;

	table->count = tally->count;
	table->total = tally->total;
	table->label = tally->label;
	for (i = 0; i < slots_of(tally); i++)
	{
		const uint64 *entry = tally->word + i * words;

		if (entry[0] != 0)
			memcpy(free_slot(kind, table, entry[0], entry[kind->keys - 1]), entry,
				   words * sizeof(uint64));
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	return table;
}

/* A table without a panel, which holds what "tally" and its panel do. */
static cv_tally *
unload(const cv_tally_kind *kind, const cv_tally *tally)
{
	cv_tally *table = make_table(kind, tally, NULL);

	kind->unload(&table, tally);
	return table;
}

/* The least number of keys of a panel for so many, with some to spare at each side. */
#define WITH_MARGIN(extent) ((extent) + (extent) / 4 + 4)

/* The reach of a panel for the keys of a table, if they fill enough of one. */
static bool
plan_panel(const cv_tally_kind *kind, const cv_tally *table, cv_tally *panel)
{
	int words = cv_tally_words(kind);
	uint64 most = Min((uint64) table->count * 16, Max(table->mask + 1, LARGEST_PANEL));
	uint64 lowest = PG_UINT64_MAX;
	uint64 highest = 0;
	uint64 width = 0;
	uint64 height;
	uint64 i;

	for (i = 0; i <= table->mask; i++)
	{
		const uint64 *entry = table->word + i * words;

		if (entry[0] == 0)
			continue;
		lowest = Min(lowest, entry[0]);
		highest = Max(highest, entry[0]);
		width = Max(width, entry[1] - entry[0] + 1);
	}
	height = highest - lowest + 1;
	if (height >= most || width >= most || WITH_MARGIN(height) * WITH_MARGIN(width) > most)
		return false;
	panel->base = lowest - (WITH_MARGIN(height) - height) / 2;
	panel->rows = (int32) WITH_MARGIN(height);
	panel->stride = (int32) WITH_MARGIN(width);
	return true;
}

/*
 * A table with all in its entries, and with an empty panel of the reach that they call for;
 * of the same reach as before if they are too far apart.
 */
cv_tally *
cv_tally_lay_panel(const cv_tally_kind *kind, cv_tally *tally)
{
	cv_tally *table = tally->rows > 0 ? unload(kind, tally) : tally;
	cv_tally panel = *tally;

	if (!plan_panel(kind, table, &panel) && tally->rows == 0)
	{
		tally->strays = 0;
		return tally;
	}
	return make_table(kind, table, &panel);
}

/* A summary argument in either form, checked as far as its readers rely on. */
static cv_tally *
tally_arg(FunctionCallInfo fcinfo, int argument, const cv_tally_kind *kind)
{
	cv_tally *tally = cv_value_arg(fcinfo, argument, kind->type, CV_TALLY_SMALLEST, CV_TALLY_TABLE);
	uint64 most = VARSIZE(tally);
	bool good = tally->count >= 0 && (uint64) tally->count <= most && tally->total >= 0;

	if (tally->header.flags & CV_TALLY_TABLE)
		good = good && tally->mask < most && (tally->mask & (tally->mask + 1)) == 0 &&
			   (uint64) tally->count <= tally->mask && tally->rows >= 0 && tally->stride >= 0 &&
			   (uint64) tally->rows * (uint64) tally->stride <= most &&
			   cv_tally_table_size(kind, tally) == most;
	else
		good = good &&
			   CV_TALLY_SMALLEST + (uint64) tally->count * cv_tally_words(kind) * sizeof(uint64) <=
				   most;
	if (!good || (kind->labelled && !kind->check_label(tally->label)))
		cv_corrupt_binary(kind->type, "The number of entries does not fit the length.");
	if (tally->header.flags & CV_TALLY_TABLE && tally->rows > 0)
		return unload(kind, tally);
	return tally;
}

/* The first state of a transition, and one that is no plain table yet. */
cv_tally *
cv_tally_unusual_state(FunctionCallInfo fcinfo, const cv_tally_kind *kind)
{
	cv_tally *tally;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(0))
		return NULL;
	tally = tally_arg(fcinfo, 0, kind);
	return tally->header.flags & CV_TALLY_TABLE ? tally : make_table(kind, tally, NULL);
}

/* A table with more slots and the same panel. */
static cv_tally *
grow(const cv_tally_kind *kind, const cv_tally *tally)
{
	cv_tally *table = make_table(kind, tally, tally);

	if (table->rows > 0)
		memcpy(cv_tally_panel(kind, table), cv_tally_panel(kind, tally),
			   VARSIZE(tally) - ((char *) cv_tally_panel(kind, tally) - (char *) tally));
	table->strays = tally->strays;
	return table;
}

/* A new entry; the table moves if it has to grow. */
uint64 *
cv_tally_insert(const cv_tally_kind *kind, cv_tally **tally, uint64 first, uint64 second)
{
	uint64 *entry;

	if (((uint64) (*tally)->count + 1) * 4 > ((*tally)->mask + 1) * 3)
		*tally = grow(kind, *tally);
	entry = free_slot(kind, *tally, first, second);
	entry[0] = first;
	if (kind->keys == 2)
		entry[1] = second;
	(*tally)->count++;
	return entry;
}

/* Counts how much the counts of a tally's entries have grown. */
void
cv_tally_raise(const cv_tally_kind *kind, cv_tally *tally, int64 more)
{
	if (unlikely(pg_add_s64_overflow(tally->total, more, &tally->total)))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s would count more than %lld", kind->type, (long long) PG_INT64_MAX)));
}

/* Merges two summaries; also the transition of rollup(). */
Datum
cv_tally_combine(FunctionCallInfo fcinfo, const cv_tally_kind *kind)
{
	int words = cv_tally_words(kind);
	cv_tally *tally;
	cv_tally *other;
	uint64 slots;
	uint64 i;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(tally_arg(fcinfo, 1, kind));
	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(tally_arg(fcinfo, 0, kind));
	tally = cv_tally_unusual_state(fcinfo, kind);
	other = tally_arg(fcinfo, 1, kind);
	if (kind->labelled && tally->label != other->label)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("%s must not change between rows", kind->label),
						errdetail("Summaries of different kinds cannot be merged."),
						errhint("Group by what differs, or make the summaries with one %s.",
								kind->label)));
	cv_tally_raise(kind, tally, other->total);
	slots = slots_of(other);
	for (i = 0; i < slots; i++)
	{
		/*
		 * In the order of its slots one table would fill another from one end, with ever
		 * longer searches there: so walk it in another order.
		 */
		uint64 at =
			other->header.flags & CV_TALLY_TABLE ? (i * UINT64CONST(0x9e3779b1)) & other->mask : i;
		const uint64 *from = other->word + at * words;
		uint64 *into;
		int w;

		if (from[0] == 0)
			continue;
		into = cv_tally_find(kind, &tally, from[0], from[kind->keys - 1]);
		for (w = kind->keys; w < kind->keys + kind->counts; w++)
			into[w] += from[w];
		for (w = 0; w < kind->amounts; w++)
		{
			int128 sum = cv_tally_amount(kind, into, w) + cv_tally_amount(kind, from, w);

			cv_tally_check_amount(sum, kind->type);
			memcpy(into + kind->keys + kind->counts + 2 * w, &sum, sizeof(sum));
		}
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_POINTER(tally);
}

/* A hash of the entries of a stored form, never 0. */
static uint64
mark_of(const cv_tally *list, int words)
{
	uint64 mark = (uint64) list->count;
	uint64 i;

	for (i = 0; i < (uint64) list->count * words; i++)
		mark = cv_mix(mark ^ list->word[i]);
	return mark | 1;
}

/* Makes a list that is sorted and of exact size ready to be stored. */
void
cv_tally_seal(const cv_tally_kind *kind, cv_tally *list)
{
	list->mark = mark_of(list, cv_tally_words(kind));
}

/* A summary argument in its stored form: sorted, of exact size. */
const cv_tally *
cv_tally_sorted(FunctionCallInfo fcinfo, int argument, const cv_tally_kind *kind)
{
	const cv_tally *tally = tally_arg(fcinfo, argument, kind);
	int words = cv_tally_words(kind);
	cv_tally *list;
	int64 kept = 0;
	uint64 i;
	int a;

	if (!(tally->header.flags & CV_TALLY_TABLE))
		return tally;
	list = cv_state_alloc(CV_TALLY_SMALLEST, tally->count, words * sizeof(uint64), kind->type, 0);
	list->count = tally->count;
	list->total = tally->total;
	list->label = tally->label;
	for (i = 0; i <= tally->mask; i++)
	{
		const uint64 *entry = tally->word + i * words;

		if (entry[0] == 0)
			continue;
		if (kept == tally->count)
			cv_corrupt_binary(kind->type, "The number of entries is wrong.");
		for (a = 0; a < kind->amounts; a++)
			cv_tally_check_amount(cv_tally_amount(kind, entry, a), kind->type);
		memcpy(list->word + kept * words, entry, words * sizeof(uint64));
		kept++;
	}
	if (words == 3)
		sort_three_words((three_words *) list->word, kept);
	else
		sort_words(list->word, kept, words * sizeof(uint64));
	cv_tally_seal(kind, list);
	return list;
}

/* The summary as it is stored. */
Datum
cv_tally_final(FunctionCallInfo fcinfo, const cv_tally_kind *kind)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(cv_tally_sorted(fcinfo, 0, kind));
}
