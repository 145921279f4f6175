/*
 * covariate_stored.c: customer bases with covariates as stored.
 *
 * The levels are in C order and the entries sorted by vector of covariates, each of
 * them kept once, so that a base is the same to the last bit in whatever order and partition
 * its rows came.
 */
#include "postgres.h"

#include "clv/covariate_table.h"
#include "miscadmin.h"

static int
compare_rows(const char *left, const char *right, const cv_vocabulary *words)
{
	const cv_base_entry *a = (const cv_base_entry *) left;
	const cv_base_entry *b = (const cv_base_entry *) right;
	const cv_cell *x = cv_cells_of(a);
	const cv_cell *y = cv_cells_of(b);
	int i;

	for (i = 0; i < words->keys; i++)
		if (words->is_text[i])
		{
			if (x[i].level != y[i].level)
				return x[i].level < y[i].level ? -1 : 1;
		}
		else if (x[i].number != y[i].number)
			return x[i].number < y[i].number ? -1 : 1;
	return cv_compare_entries(a, b);
}

typedef char *row_pointer;

#define ST_SORT sort_rows
#define ST_ELEMENT_TYPE row_pointer
#define ST_COMPARE(a, b, words) compare_rows(*(a), *(b), words)
#define ST_COMPARE_ARG_TYPE const cv_vocabulary
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

typedef struct ranked_level
{
	const char *level;
	int64 index;
} ranked_level;

static int
compare_ranked(const void *left, const void *right)
{
	return strcmp(((const ranked_level *) left)->level, ((const ranked_level *) right)->level);
}

/* The covariates' bytes as stored, and the rank of every level. */
static char *
sorted_bytes(const cv_vocabulary *words, const char *const *names, int64 **rank, int32 *size)
{
	StringInfoData bytes;
	int i;
	int j;

	initStringInfo(&bytes);
	for (i = 0; i < words->keys; i++)
	{
		const char *name = names ? names[i] : words->key[i];
		ranked_level *list = palloc(Max(1, words->levels[i]) * sizeof(ranked_level));

		appendStringInfoChar(&bytes, words->is_text[i] ? 's' : 'n');
		appendBinaryStringInfo(&bytes, name, strlen(name) + 1);
		for (j = 0; j < words->levels[i]; j++)
		{
			list[j].level = words->level[i][j];
			list[j].index = j;
		}
		qsort(list, words->levels[i], sizeof(ranked_level), compare_ranked);
		rank[i] = palloc(Max(1, words->levels[i]) * sizeof(int64));
		for (j = 0; j < words->levels[i]; j++)
		{
			rank[i][list[j].index] = j;
			appendStringInfoChar(&bytes, '=');
			appendBinaryStringInfo(&bytes, list[j].level, strlen(list[j].level) + 1);
		}
	}
	*size = bytes.len;
	return bytes.data;
}

static inline bool
same_cells(const char *left, const char *right, int keys)
{
	return memcmp(left + sizeof(cv_base_entry), right + sizeof(cv_base_entry),
				  keys * sizeof(cv_cell)) == 0;
}

/*
 * A base with covariates as stored; the argument where it is so.  "names" are other
 * names of the keys, in C order too; NULL for those that they have.
 */
const cv_customer_base *
cv_covariate_base_stored(const cv_customer_base *base, const char *const *names)
{
	const cv_covariate_slots *slots = cv_slots_of(base);
	cv_vocabulary words;
	int64 *rank[CV_MOST_COVARIATES];
	cv_customer_base *stored;
	cv_base_tail *tail;
	cv_cell *cell;
	char *copy;
	row_pointer *row;
	char *bytes;
	int64 vectors = 1;
	int64 n = 0;
	int64 i;
	int32 size;
	Size stride;
	int k;

	if (!(base->header.flags & CV_BASE_TABLE))
		return base;
	cv_base_vocabulary(base, &words);
	bytes = sorted_bytes(&words, names, rank, &size);
	stride = cv_slot_stride(slots->keys);
	copy = palloc_extended((base->count + 1) * stride, MCXT_ALLOC_HUGE);
	row = palloc_extended((base->count + 1) * sizeof(row_pointer), MCXT_ALLOC_HUGE);
	for (i = 0; i < slots->capacity; i++)
	{
		const cv_base_entry *slot = cv_slot_at(slots, i);

		if (slot->customers == 0)
			continue;
		if (n == base->count)
			cv_corrupt_binary(CV_BASE_TYPE, "The number of entries is wrong.");
		row[n] = copy + n * stride;
		memcpy(row[n], slot, stride);
		cell = cv_cells_of((cv_base_entry *) row[n]);
		for (k = 0; k < slots->keys; k++)
			if (words.is_text[k])
			{
				if (cell[k].level < 0 || cell[k].level >= words.levels[k])
					cv_corrupt_binary(CV_BASE_TYPE, "A level is out of range.");
				cell[k].level = rank[k][cell[k].level];
			}
		n++;
	}
	sort_rows(row, n, &words);
	for (i = 1; i < n; i++)
		vectors += !same_cells(row[i - 1], row[i], slots->keys);

	stored = cv_state_alloc(
		CV_BASE_HEAD + n * sizeof(cv_base_entry) + offsetof(cv_base_tail, cell) + size, vectors,
		(1 + slots->keys) * sizeof(cv_cell), CV_BASE_TYPE, CV_BASE_COVARIATES);
	memcpy((char *) stored + sizeof(cv_header), (char *) base + sizeof(cv_header),
		   CV_BASE_HEAD - sizeof(cv_header));
	stored->count = n;
	tail = (cv_base_tail *) cv_base_tail_of(stored);
	tail->keys = slots->keys;
	tail->size = size;
	tail->vectors = vectors;
	cell = tail->cell - (1 + slots->keys);
	for (i = 0; i < n; i++)
	{
		memcpy(&stored->entry[i], row[i], sizeof(cv_base_entry));
		if (i == 0 || !same_cells(row[i - 1], row[i], slots->keys))
		{
			cell += 1 + slots->keys;
			memcpy(cell + 1, row[i] + sizeof(cv_base_entry), slots->keys * sizeof(cv_cell));
		}
		cell[0].level++;
	}
	memcpy((char *) cv_base_covariate_bytes(tail), bytes, size);
	pfree(copy);
	pfree(row);
	return stored;
}
