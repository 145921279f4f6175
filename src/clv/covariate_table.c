/*
 * covariate_table.c: the state of a customer base with covariates.
 *
 * An open-addressing hash table like that of a base without covariates, each slot followed
 * by a cell for every key; texts are kept once and counted off as levels in the order in
 * which they came.
 */
#include "postgres.h"

#include "clv/covariate_table.h"
#include "miscadmin.h"

#define LEAST_ROOM 256

/* The keys of a state; returns what follows them. */
const char *
cv_table_keys(const cv_covariate_slots *slots, cv_vocabulary *words)
{
	const char *at = cv_slot_bytes(slots);
	int i;

	words->keys = slots->keys;
	for (i = 0; i < slots->keys; i++, at += strlen(at) + 1)
	{
		words->is_text[i] = *at == 's';
		words->key[i] = at + 1;
	}
	return at;
}

/* What is wrong with a state; NULL if nothing is. */
const char *
cv_covariate_table_fault(const cv_customer_base *base)
{
	const cv_covariate_slots *slots = cv_slots_of(base);
	int64 left =
		(int64) VARSIZE(base) - (int64) (CV_BASE_HEAD + offsetof(cv_covariate_slots, data));
	const char *bytes;
	const char *end;
	const char *at;
	int keys = 0;

	if (left < 0 || slots->keys < 1 || slots->keys > CV_MOST_COVARIATES ||
		slots->capacity < CV_LEAST_CAPACITY || (slots->capacity & (slots->capacity - 1)) != 0 ||
		slots->capacity > left || slots->room < slots->size || slots->room > left ||
		slots->capacity * (int64) cv_slot_stride(slots->keys) + slots->room != left ||
		base->count < 0 || base->count >= slots->capacity || slots->size < 1)
		return "The number of entries does not fit the length.";
	bytes = cv_slot_bytes(slots);
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

/* A state without customers; keys in C order. */
cv_customer_base *
cv_covariate_table(const char *const *key, const bool *is_text, int keys, int64 capacity)
{
	cv_customer_base *base;
	cv_covariate_slots *slots;
	int64 room = LEAST_ROOM;
	char *at;
	int i;

	for (i = 0; i < keys; i++)
		room += strlen(key[i]) + 2;
	base = cv_state_alloc(CV_BASE_HEAD + offsetof(cv_covariate_slots, data) + room, capacity,
						  cv_slot_stride(keys), CV_BASE_TYPE, CV_BASE_TABLE | CV_BASE_COVARIATES);
	slots = cv_slots_of(base);
	slots->keys = keys;
	slots->capacity = capacity;
	slots->room = room;
	at = cv_slot_bytes(slots);
	for (i = 0; i < keys; i++)
	{
		*at = is_text[i] ? 's' : 'n';
		strcpy(at + 1, key[i]);
		at += strlen(at) + 1;
	}
	slots->size = at - cv_slot_bytes(slots);
	return base;
}

/* Whether a state has that many keys, of these kinds unless is_text is NULL. */
bool
cv_covariate_table_has(const cv_customer_base *base, const bool *is_text, int keys)
{
	cv_vocabulary words;

	cv_table_keys(cv_slots_of(base), &words);
	return words.keys == keys &&
		   (is_text == NULL || memcmp(words.is_text, is_text, keys * sizeof(bool)) == 0);
}

/* The slot of an entry with cells: its own, or the empty one where it belongs. */
static cv_base_entry *
find_slot(const cv_covariate_slots *slots, const cv_base_entry *entry, const cv_cell *cell)
{
	uint64 hash = cv_hash_entry(entry);
	cv_base_entry *slot;
	int i;

	for (i = 0; i < slots->keys; i++)
		hash = cv_mix(hash ^ (uint64) cell[i].level);
	for (;; hash++)
	{
		slot = cv_slot_at(slots, hash & (slots->capacity - 1));
		if (slot->customers == 0 ||
			(cv_compare_entries(slot, entry) == 0 &&
			 memcmp(cv_cells_of(slot), cell, slots->keys * sizeof(cv_cell)) == 0))
			return slot;
	}
}

/* The same state with other room. */
static cv_customer_base *
resize(const cv_customer_base *base, int64 capacity, int64 room)
{
	const cv_covariate_slots *from = cv_slots_of(base);
	cv_customer_base *result = cv_state_alloc(
		CV_BASE_HEAD + offsetof(cv_covariate_slots, data) + room, capacity,
		cv_slot_stride(from->keys), CV_BASE_TYPE, CV_BASE_TABLE | CV_BASE_COVARIATES);
	cv_covariate_slots *to = cv_slots_of(result);
	int64 i;

	memcpy((char *) result + sizeof(cv_header), (char *) base + sizeof(cv_header),
		   CV_BASE_HEAD - sizeof(cv_header));
	to->keys = from->keys;
	to->size = from->size;
	to->capacity = capacity;
	to->room = room;
	memcpy(cv_slot_bytes(to), cv_slot_bytes(from), from->size);
	for (i = 0; i < from->capacity; i++)
	{
		const cv_base_entry *slot = cv_slot_at(from, i);

		if (slot->customers != 0)
			memcpy(find_slot(to, slot, cv_cells_of(slot)), slot, cv_slot_stride(from->keys));
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
	cv_covariate_slots *slots = cv_slots_of(base);
	const char *end = cv_slot_bytes(slots) + slots->size;
	const char *at = cv_slot_bytes(slots);
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
		cv_vocabulary words;

		cv_table_keys(slots, &words);
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("covariate \"%s\" has more than %d levels", words.key[key], CV_MOST_LEVELS),
				 errhint("Group rare levels into one, or give a number.")));
	}
	if (slots->size + (int64) length + 2 > slots->room)
	{
		base = resize(base, slots->capacity, 2 * (slots->room + length));
		slots = cv_slots_of(base);
	}
	to = cv_slot_bytes(slots) + slots->size;
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
	cv_covariate_slots *slots = cv_slots_of(base);
	cv_base_entry *slot = find_slot(slots, entry, cell);

	if (slot->customers == 0)
	{
		if ((base->count + 1) * 4 > slots->capacity * 3)
		{
			base = resize(base, slots->capacity * 2, slots->room);
			slots = cv_slots_of(base);
			slot = find_slot(slots, entry, cell);
		}
		*slot = *entry;
		memcpy(cv_cells_of(slot), cell, slots->keys * sizeof(cv_cell));
		base->count++;
	}
	else
		cv_count_customers(slot, entry->customers);
	base->customers += entry->customers;
	return base;
}
