/*
 * covariate_base.c: customer bases that know covariates.
 *
 * Customers are counted by history and covariates.  The state is an open-addressing
 * hash table of entries, the slots of which hold a cell for every key besides; texts are kept once and counted off as levels in the order in which they
 * came.  As stored the levels are in C order and the entries sorted by vector of
 * covariates, each of them kept once, so that a base is the same to the last bit in
 * whatever order and partition its rows came.
 */
#include "postgres.h"

#include <math.h>

#include "clv/covariates.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"

static const char type_name[] = "cv_customer_base";

#define HEAD offsetof(cv_customer_base, entry)
#define LEAST_CAPACITY 16
#define LEAST_ROOM 256

/* What a state has in place of entries. */
typedef struct covariate_slots
{
	int32 keys;
	int32 size;		/* bytes of keys and levels in use */
	int64 capacity; /* slots, a power of two */
	int64 room;		/* bytes for keys and levels */
	char data[FLEXIBLE_ARRAY_MEMBER];
} covariate_slots;

/*
 * The bytes of a state are "nKEY\0" or "sKEY\0" for each key, in C order, and then
 * "#LEVEL\0" for each level, where # is the byte 1 + the number of the key.
 */

static inline covariate_slots *
slots_of(const cv_customer_base *base)
{
	return (covariate_slots *) base->entry;
}

static inline Size
stride_of(int keys)
{
	return sizeof(cv_base_entry) + keys * sizeof(cv_cell);
}

static inline cv_base_entry *
slot_at(const covariate_slots *slots, int64 at)
{
	return (cv_base_entry *) (slots->data + at * stride_of(slots->keys));
}

static inline cv_cell *
cells_of(const cv_base_entry *slot)
{
	return (cv_cell *) (slot + 1);
}

static inline char *
bytes_of(const covariate_slots *slots)
{
	return (char *) slots->data + slots->capacity * stride_of(slots->keys);
}

/* A base's keys and levels, whatever its form. */
typedef struct vocabulary
{
	int keys;
	const char *key[CV_MOST_COVARIATES];
	bool is_text[CV_MOST_COVARIATES];
	int levels[CV_MOST_COVARIATES];
	const char **level[CV_MOST_COVARIATES];
} vocabulary;

/* The keys of a state; returns what follows them. */
static const char *
read_keys(const covariate_slots *slots, vocabulary *words)
{
	const char *at = bytes_of(slots);
	int i;

	words->keys = slots->keys;
	for (i = 0; i < slots->keys; i++, at += strlen(at) + 1)
	{
		words->is_text[i] = *at == 's';
		words->key[i] = at + 1;
	}
	return at;
}

static void
read_vocabulary(const cv_customer_base *base, vocabulary *words)
{
	int i;

	memset(words->levels, 0, sizeof(words->levels));
	if (base->header.flags & CV_BASE_TABLE)
	{
		const covariate_slots *slots = slots_of(base);
		const char *levels = read_keys(slots, words);
		const char *end = bytes_of(slots) + slots->size;
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

/* ---- checks ---- */

static const char *
table_fault(const cv_customer_base *base)
{
	const covariate_slots *slots = slots_of(base);
	int64 left = (int64) VARSIZE(base) - (int64) (HEAD + offsetof(covariate_slots, data));
	const char *bytes;
	const char *end;
	const char *at;
	int keys = 0;

	if (left < 0 || slots->keys < 1 || slots->keys > CV_MOST_COVARIATES ||
		slots->capacity < LEAST_CAPACITY || (slots->capacity & (slots->capacity - 1)) != 0 ||
		slots->capacity > left || slots->room < slots->size || slots->room > left ||
		slots->capacity * (int64) stride_of(slots->keys) + slots->room != left || base->count < 0 ||
		base->count >= slots->capacity || slots->size < 1)
		return "The number of entries does not fit the length.";
	bytes = bytes_of(slots);
	end = bytes + slots->size;
	if (end[-1] != '\0')
		return "The covariates are not terminated.";
	for (at = bytes; at < end && keys < slots->keys; at += strlen(at) + 1, keys++)
		if (*at != 'n' && *at != 's')
			return "The covariates are corrupt.";
	for (; at < end; at += strlen(at) + 1)
		if (*at < 1 || *at > slots->keys)
			return "The covariates are corrupt.";
	return keys == slots->keys ? NULL : "The covariates are corrupt.";
}

static const char *
stored_fault(const cv_customer_base *base)
{
	int64 left = (int64) VARSIZE(base) - (int64) HEAD;
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
	return base->header.flags & CV_BASE_TABLE ? table_fault(base) : stored_fault(base);
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
	vocabulary words;

	read_vocabulary(base, &words);
	keys_differ(words.key[0]);
	pg_unreachable();
}

/* ---- the state ---- */

/* A state without customers; keys in C order. */
cv_customer_base *
cv_covariate_table(const char *const *key, const bool *is_text, int keys, int64 capacity)
{
	cv_customer_base *base;
	covariate_slots *slots;
	int64 room = LEAST_ROOM;
	char *at;
	int i;

	for (i = 0; i < keys; i++)
		room += strlen(key[i]) + 2;
	base = cv_state_alloc(HEAD + offsetof(covariate_slots, data) + room, capacity, stride_of(keys),
						  type_name, CV_BASE_TABLE | CV_BASE_COVARIATES);
	slots = slots_of(base);
	slots->keys = keys;
	slots->capacity = capacity;
	slots->room = room;
	at = bytes_of(slots);
	for (i = 0; i < keys; i++)
	{
		*at = is_text[i] ? 's' : 'n';
		strcpy(at + 1, key[i]);
		at += strlen(at) + 1;
	}
	slots->size = at - bytes_of(slots);
	return base;
}

/* Whether a state has that many keys, of these kinds unless is_text is NULL. */
bool
cv_covariate_table_has(const cv_customer_base *base, const bool *is_text, int keys)
{
	vocabulary words;

	read_keys(slots_of(base), &words);
	return words.keys == keys &&
		   (is_text == NULL || memcmp(words.is_text, is_text, keys * sizeof(bool)) == 0);
}

/* The slot of an entry with cells: its own, or the empty one where it belongs. */
static cv_base_entry *
find_slot(const covariate_slots *slots, const cv_base_entry *entry, const cv_cell *cell)
{
	uint64 hash = cv_hash_entry(entry);
	cv_base_entry *slot;
	int i;

	for (i = 0; i < slots->keys; i++)
		hash = cv_mix(hash ^ (uint64) cell[i].level);
	for (;; hash++)
	{
		slot = slot_at(slots, hash & (slots->capacity - 1));
		if (slot->customers == 0 ||
			(cv_compare_entries(slot, entry) == 0 &&
			 memcmp(cells_of(slot), cell, slots->keys * sizeof(cv_cell)) == 0))
			return slot;
	}
}

/* The same state with other room. */
static cv_customer_base *
resize(const cv_customer_base *base, int64 capacity, int64 room)
{
	const covariate_slots *from = slots_of(base);
	cv_customer_base *result =
		cv_state_alloc(HEAD + offsetof(covariate_slots, data) + room, capacity,
					   stride_of(from->keys), type_name, CV_BASE_TABLE | CV_BASE_COVARIATES);
	covariate_slots *to = slots_of(result);
	int64 i;

	memcpy((char *) result + sizeof(cv_header), (char *) base + sizeof(cv_header),
		   HEAD - sizeof(cv_header));
	to->keys = from->keys;
	to->size = from->size;
	to->capacity = capacity;
	to->room = room;
	memcpy(bytes_of(to), bytes_of(from), from->size);
	for (i = 0; i < from->capacity; i++)
	{
		const cv_base_entry *slot = slot_at(from, i);

		if (slot->customers != 0)
			memcpy(find_slot(to, slot, cells_of(slot)), slot, stride_of(from->keys));
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	return result;
}

/* The cell of a text, which becomes a level if it is new; the state may move. */
cv_customer_base *
cv_covariate_table_level(cv_customer_base *base, int key, const char *text, int length,
						 cv_cell *cell)
{
	covariate_slots *slots = slots_of(base);
	const char *end = bytes_of(slots) + slots->size;
	const char *at = bytes_of(slots);
	int64 level = 0;
	char *to;
	int i;

	for (i = 0; i < slots->keys; i++)
		at += strlen(at) + 1;
	while (at < end)
	{
		int known = strlen(at);

		if (*at == key + 1)
		{
			if (known == length + 1 && memcmp(at + 1, text, length) == 0)
			{
				cell->level = level;
				return base;
			}
			level++;
		}
		at += known + 1;
	}
	if (level == CV_MOST_LEVELS)
	{
		vocabulary words;

		read_keys(slots, &words);
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("covariate \"%s\" has more than %d levels", words.key[key], CV_MOST_LEVELS),
				 errhint("Group rare levels into one, or give a number.")));
	}
	if (slots->size + (int64) length + 2 > slots->room)
	{
		base = resize(base, slots->capacity, 2 * (slots->room + length));
		slots = slots_of(base);
	}
	to = bytes_of(slots) + slots->size;
	*to = (char) (key + 1);
	memcpy(to + 1, text, length);
	to[1 + length] = '\0';
	slots->size += length + 2;
	cell->level = level;
	return base;
}

/* Counts customers with one history and covariates; the state may move. */
cv_customer_base *
cv_covariate_table_add(cv_customer_base *base, const cv_base_entry *entry, const cv_cell *cell)
{
	covariate_slots *slots = slots_of(base);
	cv_base_entry *slot = find_slot(slots, entry, cell);

	if (slot->customers == 0)
	{
		if ((base->count + 1) * 4 > slots->capacity * 3)
		{
			base = resize(base, slots->capacity * 2, slots->room);
			slots = slots_of(base);
			slot = find_slot(slots, entry, cell);
		}
		*slot = *entry;
		memcpy(cells_of(slot), cell, slots->keys * sizeof(cv_cell));
		base->count++;
	}
	else
		cv_count_customers(slot, entry->customers);
	base->customers += entry->customers;
	return base;
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
	return cv_covariate_table(key, is_text, n, LEAST_CAPACITY);
}

/* Refuses customers whose keys, or their kinds, are not those of the base. */
static void
check_same_keys(const vocabulary *words, const char *const *key, const bool *is_text, int keys)
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
	vocabulary words;
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
	read_keys(slots_of(base), &words);
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
			const vocabulary *words, cv_cell *const *level)
{
	cv_cell cell[CV_MOST_COVARIATES];
	int64 i;
	int k;

	for (k = 0; k < words->keys; k++)
	{
		if (words->is_text[k] && (row[k].level < 0 || row[k].level >= words->levels[k]))
			cv_corrupt_binary(type_name, "A level is out of range.");
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
	vocabulary words;
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

	read_vocabulary(other, &words);
	if (base == NULL)
		base =
			cv_covariate_table(words.key, words.is_text, words.keys,
							   Max(LEAST_CAPACITY, (int64) pg_nextpower2_64(other->count * 2 + 1)));
	else
	{
		vocabulary own;

		read_keys(slots_of(base), &own);
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
		const covariate_slots *slots = slots_of(other);

		for (i = 0; i < slots->capacity; i++)
		{
			/* in another order than that of the slots, which would fill base from one end */
			const cv_base_entry *slot =
				slot_at(slots, (i * INT64CONST(0x9e3779b1)) & (slots->capacity - 1));

			if (slot->customers != 0)
				base = add_entries(base, slot, 1, cells_of(slot), &words, level);
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

/* ---- as stored ---- */

static int
compare_rows(const char *left, const char *right, const vocabulary *words)
{
	const cv_base_entry *a = (const cv_base_entry *) left;
	const cv_base_entry *b = (const cv_base_entry *) right;
	const cv_cell *x = cells_of(a);
	const cv_cell *y = cells_of(b);
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
#define ST_COMPARE_ARG_TYPE const vocabulary
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
sorted_bytes(const vocabulary *words, const char *const *names, int64 **rank, int32 *size)
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
	const covariate_slots *slots = slots_of(base);
	vocabulary words;
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
	read_vocabulary(base, &words);
	bytes = sorted_bytes(&words, names, rank, &size);
	stride = stride_of(slots->keys);
	copy = palloc_extended((base->count + 1) * stride, MCXT_ALLOC_HUGE);
	row = palloc_extended((base->count + 1) * sizeof(row_pointer), MCXT_ALLOC_HUGE);
	for (i = 0; i < slots->capacity; i++)
	{
		const cv_base_entry *slot = slot_at(slots, i);

		if (slot->customers == 0)
			continue;
		if (n == base->count)
			cv_corrupt_binary(type_name, "The number of entries is wrong.");
		row[n] = copy + n * stride;
		memcpy(row[n], slot, stride);
		cell = cells_of((cv_base_entry *) row[n]);
		for (k = 0; k < slots->keys; k++)
			if (words.is_text[k])
			{
				if (cell[k].level < 0 || cell[k].level >= words.levels[k])
					cv_corrupt_binary(type_name, "A level is out of range.");
				cell[k].level = rank[k][cell[k].level];
			}
		n++;
	}
	sort_rows(row, n, &words);
	for (i = 1; i < n; i++)
		vectors += !same_cells(row[i - 1], row[i], slots->keys);

	stored =
		cv_state_alloc(HEAD + n * sizeof(cv_base_entry) + offsetof(cv_base_tail, cell) + size,
					   vectors, (1 + slots->keys) * sizeof(cv_cell), type_name, CV_BASE_COVARIATES);
	memcpy((char *) stored + sizeof(cv_header), (char *) base + sizeof(cv_header),
		   HEAD - sizeof(cv_header));
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
