/*
 * covariate_table.h: the state of a customer base with covariates while rows come in.
 */
#ifndef CV_COVARIATE_TABLE_H
#define CV_COVARIATE_TABLE_H

#include "clv/covariates.h"

#define CV_BASE_TYPE "cv_customer_base"
#define CV_BASE_HEAD offsetof(cv_customer_base, entry)
#define CV_LEAST_CAPACITY 16

/* What a state has in place of entries. */
typedef struct cv_covariate_slots
{
	int32 keys;
	int32 size;		/* bytes of keys and levels in use */
	int64 capacity; /* slots, a power of two */
	int64 room;		/* bytes for keys and levels */
	char data[FLEXIBLE_ARRAY_MEMBER];
} cv_covariate_slots;

/*
 * The bytes of a state are "nKEY\0" or "sKEY\0" for each key, in C order, and then
 * "#LEVEL\0" for each level, where # is the byte 1 + the number of the key.
 */

static inline cv_covariate_slots *
cv_slots_of(const cv_customer_base *base)
{
	return (cv_covariate_slots *) base->entry;
}

static inline Size
cv_slot_stride(int keys)
{
	return sizeof(cv_base_entry) + keys * sizeof(cv_cell);
}

static inline cv_base_entry *
cv_slot_at(const cv_covariate_slots *slots, int64 at)
{
	return (cv_base_entry *) (slots->data + at * cv_slot_stride(slots->keys));
}

static inline cv_cell *
cv_cells_of(const cv_base_entry *slot)
{
	return (cv_cell *) (slot + 1);
}

static inline char *
cv_slot_bytes(const cv_covariate_slots *slots)
{
	return (char *) slots->data + slots->capacity * cv_slot_stride(slots->keys);
}

/* A base's keys and levels, whatever its form. */
typedef struct cv_vocabulary
{
	int keys;
	const char *key[CV_MOST_COVARIATES];
	bool is_text[CV_MOST_COVARIATES];
	int levels[CV_MOST_COVARIATES];
	const char **level[CV_MOST_COVARIATES];
} cv_vocabulary;

extern const char *cv_table_keys(const cv_covariate_slots *slots, cv_vocabulary *words);
extern const char *cv_covariate_table_fault(const cv_customer_base *base);

/* ---- covariate_base.c ---- */

extern void cv_base_vocabulary(const cv_customer_base *base, cv_vocabulary *words);

#endif
