/*
 * covariate_base.c: customer bases that know covariates.
 *
 * Customers are counted by history and covariates, in a table (covariate_table.c), and
 * kept in order (covariate_stored.c).
 */
#include "postgres.h"

#include <math.h>

#include "clv/covariate_table.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"

/* The keys and levels of a base in either form. */
void
cv_base_vocabulary(const cv_customer_base *base, cv_vocabulary *words)
{
	int i;

	memset(words->levels, 0, sizeof(words->levels));
	if (base->header.flags & CV_BASE_TABLE)
	{
		const cv_covariate_slots *slots = cv_slots_of(base);
		const char *levels = cv_table_keys(slots, words);
		const char *end = cv_slot_bytes(slots) + slots->size;
		const char *at;

		for (at = levels; at < end; at += strlen(at) + 1)
			words->levels[*at - 1]++;
		for (i = 0; i < words->keys; i++)
		{
			words->level[i] = palloc(Max(1, words->levels[i]) * sizeof(char *));
			words->levels[i] = 0;
		}
		for (at = levels; at < end; at += strlen(at) + 1)
			words->level[*at - 1][words->levels[*at - 1]++] = at + 1;
	}
	else
	{
		const cv_base_tail *tail = cv_base_tail_of(base);
		cv_covariates all;

		cv_read_covariates(cv_base_covariate_bytes(tail), tail->size, &all);
		words->keys = all.keys;
		for (i = 0; i < all.keys; i++)
		{
			const char *level = all.covariate[i].level;
			int j;

			words->key[i] = all.covariate[i].key;
			words->is_text[i] = all.covariate[i].levels > 0;
			words->levels[i] = all.covariate[i].levels;
			words->level[i] = palloc(Max(1, words->levels[i]) * sizeof(char *));
			for (j = 0; j < words->levels[i]; j++, level = cv_next_level(level))
				words->level[i][j] = level;
		}
	}
}

static const char *
stored_fault(const cv_customer_base *base)
{
	int64 left = (int64) VARSIZE(base) - (int64) CV_BASE_HEAD;
	const cv_base_tail *tail;
	const char *fault;
	cv_covariates all;
	int64 entries = 0;
	int64 v;
	int i;

	if (base->count < 1 || base->count > left / (int64) sizeof(cv_base_entry))
		return "The number of entries does not fit the length.";
	left -= base->count * (int64) sizeof(cv_base_entry) + (int64) offsetof(cv_base_tail, cell);
	tail = cv_base_tail_of(base);
	if (left < 0 || tail->keys < 1 || tail->keys > CV_MOST_COVARIATES || tail->vectors < 1 ||
		tail->vectors > left || tail->size < 1 ||
		tail->vectors * (1 + tail->keys) * (int64) sizeof(cv_cell) + tail->size != left)
		return "The number of covariates does not fit the length.";
	fault = cv_read_covariates(cv_base_covariate_bytes(tail), tail->size, &all);
	if (fault || all.keys != tail->keys)
		return fault ? fault : "The covariates are corrupt.";
	for (v = 0; v < tail->vectors; v++)
	{
		const cv_cell *row = cv_base_vector(tail, v);

		if (row[0].level < 1 || row[0].level > base->count - entries)
			return "The number of entries with the same covariates is wrong.";
		entries += row[0].level;
		for (i = 0; i < all.keys; i++)
			if (all.covariate[i].levels > 0
					? row[1 + i].level < 0 || row[1 + i].level >= all.covariate[i].levels
					: !isfinite(row[1 + i].number))
				return "A covariate is out of range.";
	}
	return entries == base->count ? NULL : "The number of entries with covariates is wrong.";
}

/* What is wrong with a base that says it has covariates; NULL if nothing is. */
const char *
cv_covariate_base_fault(const cv_customer_base *base)
{
	return base->header.flags & CV_BASE_TABLE ? cv_covariate_table_fault(base) : stored_fault(base);
}

/* Bases count all customers with the same keys. */
static void
keys_differ(const char *key)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("covariate \"%s\" is given for some customers and not for others", key),
			 errhint("Give every customer the same keys; what is unknown can be a level of its "
					 "own, such as \"unknown\".")));
}

static void
kinds_differ(const char *key)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("covariate \"%s\" is a number for some customers and text for others", key),
			 errhint("Make it the same for all, for example with to_jsonb(value::text).")));
}

/* A customer without covariates does not belong in this base. */
void
cv_base_without_covariates(const cv_customer_base *base)
{
	cv_vocabulary words;

	cv_base_vocabulary(base, &words);
	keys_differ(words.key[0]);
	pg_unreachable();
}

typedef struct named_value
{
	char *key;
	cv_covariate_value value;
} named_value;

static int
compare_named(const void *left, const void *right)
{
	return strcmp(((const named_value *) left)->key, ((const named_value *) right)->key);
}

/* A customer's covariates in C order of the keys. */
static named_value *
list_values(Jsonb *covariates, int *count)
{
	named_value *list = palloc(JB_ROOT_COUNT(covariates) * sizeof(named_value));
	JsonbIterator *members = JsonbIteratorInit(&covariates->root);
	JsonbIteratorToken token;
	JsonbValue json;
	int n = 0;

	while ((token = JsonbIteratorNext(&members, &json, true)) != WJB_DONE)
	{
		if (token != WJB_KEY)
			continue;
		list[n].key = pnstrdup(json.val.string.val, json.val.string.len);
		(void) JsonbIteratorNext(&members, &json, true);
		cv_covariate_value_of(list[n].key, &json, &list[n].value);
		n++;
	}
	qsort(list, n, sizeof(named_value), compare_named);
	*count = n;
	return list;
}

/* A state for customers who have these keys. */
static cv_customer_base *
table_for(Jsonb *covariates)
{
	const char *key[CV_MOST_COVARIATES];
	bool is_text[CV_MOST_COVARIATES];
	named_value *list;
	int n;
	int i;

	if (JB_ROOT_COUNT(covariates) > CV_MOST_COVARIATES)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("more than %d covariates", CV_MOST_COVARIATES),
						errhint("Give the few that may matter.")));
	list = list_values(covariates, &n);
	for (i = 0; i < n; i++)
	{
		key[i] = list[i].key;
		is_text[i] = list[i].value.is_text;
	}
	return cv_covariate_table(key, is_text, n, CV_LEAST_CAPACITY);
}

/* Refuses customers whose keys, or their kinds, are not those of the base. */
static void
check_same_keys(const cv_vocabulary *words, const char *const *key, const bool *is_text, int keys)
{
	int i;

	for (i = 0; i < words->keys || i < keys; i++)
	{
		int order = i == words->keys ? 1 : i == keys ? -1 : strcmp(words->key[i], key[i]);

		if (order != 0)
			keys_differ(order < 0 ? words->key[i] : key[i]);
		if (words->is_text[i] != is_text[i])
			kinds_differ(key[i]);
	}
}

/*
 * Adds a customer with covariates, an object that is not empty, to a state; base may
 * be NULL, or one without customers.
 */
cv_customer_base *
cv_covariate_base_add(cv_customer_base *base, const cv_base_entry *entry, Jsonb *covariates)
{
	cv_vocabulary words;
	cv_cell cell[CV_MOST_COVARIATES];
	bool same;
	int i;

	if (base == NULL || base->customers == 0)
		base = table_for(covariates);
	if (!(base->header.flags & CV_BASE_COVARIATES))
	{
		int n;

		keys_differ(list_values(covariates, &n)[0].key);
	}
	if (!(base->header.flags & CV_BASE_TABLE))
		base = cv_covariate_base_merge(NULL, base);
	cv_table_keys(cv_slots_of(base), &words);
	same = JB_ROOT_COUNT(covariates) == (uint32) words.keys;
	for (i = 0; same && i < words.keys; i++)
	{
		cv_covariate_value value;

		same = cv_find_covariate(covariates, words.key[i], &value);
		if (!same)
			break;
		if (value.is_text != words.is_text[i])
			kinds_differ(words.key[i]);
		if (value.is_text)
			base = cv_covariate_table_level(base, i, value.text, value.length, &cell[i]);
		else
			cell[i].number = value.number;
	}
	if (!same)
	{
		int n;
		named_value *list = list_values(covariates, &n);
		const char **key = palloc(n * sizeof(char *));
		bool *is_text = palloc(n * sizeof(bool));

		for (i = 0; i < n; i++)
		{
			key[i] = list[i].key;
			is_text[i] = list[i].value.is_text;
		}
		check_same_keys(&words, key, is_text, n);
		elog(ERROR, "covariates differ, and do not");
	}
	return cv_covariate_table_add(base, entry, cell);
}

/* Adds entries of "other" to a table with the same keys, levels translated. */
static cv_customer_base *
add_entries(cv_customer_base *base, const cv_base_entry *entry, int64 count, const cv_cell *row,
			const cv_vocabulary *words, cv_cell *const *level)
{
	cv_cell cell[CV_MOST_COVARIATES];
	int64 i;
	int k;

	for (k = 0; k < words->keys; k++)
	{
		if (words->is_text[k] && (row[k].level < 0 || row[k].level >= words->levels[k]))
			cv_corrupt_binary(CV_BASE_TYPE, "A level is out of range.");
		cell[k] = words->is_text[k] ? level[k][row[k].level] : row[k];
	}
	for (i = 0; i < count; i++)
		base = cv_covariate_table_add(base, &entry[i], cell);
	return base;
}

/*
 * Merges a base with covariates into another, which may be NULL or, like the other,
 * without covariates if it is without customers; base may change.
 */
cv_customer_base *
cv_covariate_base_merge(cv_customer_base *base, const cv_customer_base *other)
{
	cv_vocabulary words;
	cv_cell *level[CV_MOST_COVARIATES];
	int64 i;
	int j;
	int k;

	if (base && !(base->header.flags & CV_BASE_COVARIATES))
	{
		if (base->customers > 0)
			cv_base_without_covariates(other);
		base = NULL;
	}
	if (!(other->header.flags & CV_BASE_COVARIATES))
	{
		if (other->customers > 0)
			cv_base_without_covariates(base);
		return base;
	}
	if (base && !(base->header.flags & CV_BASE_TABLE))
		base = cv_covariate_base_merge(NULL, base);

	cv_base_vocabulary(other, &words);
	if (base == NULL)
		base = cv_covariate_table(
			words.key, words.is_text, words.keys,
			Max(CV_LEAST_CAPACITY, (int64) pg_nextpower2_64(other->count * 2 + 1)));
	else
	{
		cv_vocabulary own;

		cv_table_keys(cv_slots_of(base), &own);
		check_same_keys(&own, words.key, words.is_text, words.keys);
	}
	for (k = 0; k < words.keys; k++)
	{
		level[k] = palloc(Max(1, words.levels[k]) * sizeof(cv_cell));
		for (j = 0; j < words.levels[k]; j++)
			base = cv_covariate_table_level(base, k, words.level[k][j], strlen(words.level[k][j]),
											&level[k][j]);
	}
	if (other->header.flags & CV_BASE_TABLE)
	{
		const cv_covariate_slots *slots = cv_slots_of(other);

		for (i = 0; i < slots->capacity; i++)
		{
			/* in another order than that of the slots, which would fill base from one end */
			const cv_base_entry *slot =
				cv_slot_at(slots, (i * INT64CONST(0x9e3779b1)) & (slots->capacity - 1));

			if (slot->customers != 0)
				base = add_entries(base, slot, 1, cv_cells_of(slot), &words, level);
			if (i % 4096 == 0)
				CHECK_FOR_INTERRUPTS();
		}
	}
	else
	{
		const cv_base_tail *tail = cv_base_tail_of(other);
		const cv_base_entry *entry = other->entry;

		for (i = 0; i < tail->vectors; i++)
		{
			const cv_cell *row = cv_base_vector(tail, i);

			base = add_entries(base, entry, row[0].level, row + 1, &words, level);
			entry += row[0].level;
			if (i % 4096 == 0)
				CHECK_FOR_INTERRUPTS();
		}
	}
	base->gapless += other->gapless;
	cv_set_base_gaps(base, cv_base_gaps(base) + cv_base_gaps(other));
	return base;
}
