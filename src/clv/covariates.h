/*
 * covariates.h: what is known of customers besides their history, and the bases and
 * models that know it.
 */
#ifndef CV_CLV_COVARIATES_H
#define CV_CLV_COVARIATES_H

#include "clv/clv.h"
#include "core/covariates.h"
#include "utils/jsonb.h"

/* ---- covariates.c ---- */

/* Each makes at least one parameter of each process. */
#define CV_MOST_COVARIATES ((CV_MAX_PARAMETERS - CV_BUYING_PARAMETERS) / 2)
#define CV_MOST_LEVELS 1000 /* of one key in a base */

/* A key of the customers' covariates: a number, or text with its levels. */
typedef struct cv_covariate
{
	const char *key;
	const char *level; /* the first one, see cv_next_level(); NULL of a number */
	int levels;		   /* 0 of a number */
	int column;		   /* its first coefficient; the first level has none */
} cv_covariate;

/*
 * The covariates there are: keys in C order, levels of a key in C order.  As bytes
 * they are "nKEY\0" for a number, and "sKEY\0=LEVEL\0=LEVEL\0.." for text.
 */
typedef struct cv_covariates
{
	int keys;
	int columns; /* coefficients of one process */
	cv_covariate covariate[CV_MOST_COVARIATES];
} cv_covariates;

/* One customer's value of a key. */
typedef struct cv_covariate_value
{
	bool is_text;
	int length;
	const char *text; /* not terminated */
	double number;
} cv_covariate_value;

/* The level after this one. */
static inline const char *
cv_next_level(const char *level)
{
	return level + strlen(level) + 2;
}

extern const char *cv_read_covariates(const char *bytes, Size size, cv_covariates *all);
extern const char *cv_covariates_alike(const cv_covariates *all);
extern int cv_covariate_level(const cv_covariate *covariate, const char *text, int length);
extern const char *cv_covariate_column(const cv_covariates *all, int column);
extern void
cv_covariate_value_of(const char *key, const JsonbValue *json, cv_covariate_value *value);
extern bool cv_find_covariate(Jsonb *covariates, const char *key, cv_covariate_value *value);
extern void cv_check_covariates(Jsonb *covariates);
extern void cv_covariate_row(const cv_covariates *all, Jsonb *covariates, double *z);
extern void cv_customer_parameters(const cv_model *model, const double *parameter,
								   Jsonb *covariates, double *p);

/* ---- covariate_base.c ---- */

/* A cell of a vector of covariates: a number, or the index of a level. */
typedef union cv_cell
{
	int64 level;
	double number;
} cv_cell;

/*
 * A base with covariates as stored is a base whose entries are sorted by vector of
 * covariates, then by history.  Behind the entries stand this, "vectors" rows of a
 * number of entries and a cell for each key, and the covariates as bytes.
 */
typedef struct cv_base_tail
{
	int32 keys;
	int32 size; /* of the covariates' bytes */
	int64 vectors;
	cv_cell cell[FLEXIBLE_ARRAY_MEMBER];
} cv_base_tail;

static inline const cv_base_tail *
cv_base_tail_of(const cv_customer_base *base)
{
	return (const cv_base_tail *) &base->entry[base->count];
}

/* The row of a vector: cell[0].level is its number of entries, then a cell for each key. */
static inline const cv_cell *
cv_base_vector(const cv_base_tail *tail, int64 vector)
{
	return tail->cell + vector * (1 + tail->keys);
}

static inline const char *
cv_base_covariate_bytes(const cv_base_tail *tail)
{
	return (const char *) cv_base_vector(tail, tail->vectors);
}

extern const char *cv_covariate_base_fault(const cv_customer_base *base);
extern cv_customer_base *
cv_covariate_base_add(cv_customer_base *base, const cv_base_entry *entry, Jsonb *covariates);
extern cv_customer_base *
cv_covariate_base_merge(cv_customer_base *base, const cv_customer_base *other);
CV_NORETURN extern void cv_base_without_covariates(const cv_customer_base *base);

/* ---- covariate_table.c ---- */

extern cv_customer_base *
cv_covariate_table(const char *const *key, const bool *is_text, int keys, int64 capacity);
extern bool cv_covariate_table_has(const cv_customer_base *base, const bool *is_text, int keys);
extern cv_customer_base *cv_covariate_table_level(cv_customer_base *base, int key, const char *text,
												  int length, cv_cell *cell);
extern cv_customer_base *
cv_covariate_table_add(cv_customer_base *base, const cv_base_entry *entry, const cv_cell *cell);

/* ---- covariate_stored.c ---- */

extern const cv_customer_base *
cv_covariate_base_stored(const cv_customer_base *base, const char *const *names);

/* ---- covariate_fit.c ---- */

/* A base made ready for fits with covariates; times in model units. */
typedef struct cv_covariate_data
{
	cv_covariates all;
	const char *bytes; /* of the covariates */
	int size;
	cv_design design;
	const double *customers; /* of each vector */
	cv_group *group;		 /* by vectors */
	int n;
	cv_group *merged; /* as if without covariates, sorted */
	int merged_count;
	cv_group *scratch; /* room for n */
} cv_covariate_data;

extern cv_covariate_data *cv_covariate_data_of(const cv_customer_base *base, double unit_days);
extern void cv_check_covariate_data(const cv_customer_base *base, const cv_covariate_data *data,
									double penalty);
extern cv_model *
cv_fit_covariate_model(const cv_covariate_data *data, int family, double unit_days,
					   double customers, double penalty, cv_minimum *minimum, const char **fault);

#endif
