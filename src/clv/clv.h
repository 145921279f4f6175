/*
 * clv.h: customer lifetime value: histories, their statistics, models.
 */
#ifndef CV_CLV_H
#define CV_CLV_H

#include "clv/model.h"
#include "core/buying.h"
#include "pg/pg.h"
#include "utils/date.h"

/* ---- history.c ---- */

/* cv_purchase_history; times in days */
typedef struct cv_history
{
	int32 frequency;
	double recency;
	double age;
	double monetary;
	double log_gaps;
	bool has_monetary;
	bool has_log_gaps;
} cv_history;

extern bool cv_history_arg(FunctionCallInfo fcinfo, int argument, cv_history *history);
extern void cv_check_same_as_of(DateADT before, DateADT now);

/* ---- base.c ---- */

/* Customers with one history; 32 bytes. */
typedef struct cv_base_entry
{
	double recency;
	double age;
	double monetary; /* 0 where frequency is 0; CV_NO_MONETARY */
	int32 frequency;
	uint32 customers; /* 0: empty slot of a state with covariates */
} cv_base_entry;

#define CV_NO_MONETARY (-HUGE_VAL) /* frequency > 0, mean spend unknown */

#define CV_BASE_TABLE 0x01		/* a state: an unsorted list with a hash index */
#define CV_BASE_COVARIATES 0x02 /* with covariates: see covariates.h */
#define CV_BASE_LIST 0x04		/* a state: an unsorted list that may hold a history twice */

typedef struct cv_customer_base
{
	cv_header header;
	int64 customers;
	int64 gapless;	 /* repeat customers without log_gaps */
	int64 gaps_high; /* sum of log_gaps in units of 2^-40 */
	uint64 gaps_low;
	int64 count; /* entries in use */
	cv_base_entry entry[FLEXIBLE_ARRAY_MEMBER];
} cv_customer_base;

extern const cv_customer_base *cv_base_arg(FunctionCallInfo fcinfo, int argument);
extern double cv_base_log_gaps(const cv_customer_base *base);

/* -1, 0, 1 by frequency, recency, age, monetary. */
static inline int
cv_compare_entries(const cv_base_entry *a, const cv_base_entry *b)
{
	if (a->frequency != b->frequency)
		return a->frequency < b->frequency ? -1 : 1;
	if (a->recency != b->recency)
		return a->recency < b->recency ? -1 : 1;
	if (a->age != b->age)
		return a->age < b->age ? -1 : 1;
	if (a->monetary != b->monetary)
		return a->monetary < b->monetary ? -1 : 1;
	return 0;
}

/* The finaliser of MurmurHash3: every bit of the input moves every bit of the result. */
static inline uint64
cv_mix(uint64 hash)
{
	hash = (hash ^ (hash >> 33)) * UINT64CONST(0xff51afd7ed558ccd);
	hash = (hash ^ (hash >> 33)) * UINT64CONST(0xc4ceb9fe1a85ec53);
	return hash ^ (hash >> 33);
}

static inline uint64
cv_hash_entry(const cv_base_entry *entry)
{
	uint64 bits[3];
	uint64 hash;

	memcpy(bits, entry, sizeof(bits));
	hash = cv_mix(bits[0] ^ ((uint64) entry->frequency << 32));
	hash = cv_mix(hash ^ bits[1]);
	return cv_mix(hash ^ bits[2]);
}

/* Adds to the number of customers of an entry. */
static inline void
cv_count_customers(cv_base_entry *entry, uint32 customers)
{
	if (entry->customers > PG_UINT32_MAX - customers)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("more than %u customers with one history", PG_UINT32_MAX)));
	entry->customers += customers;
}

static inline int128
cv_base_gaps(const cv_customer_base *base)
{
	return ((int128) base->gaps_high << 64) | base->gaps_low;
}

static inline void
cv_set_base_gaps(cv_customer_base *base, int128 gaps)
{
	base->gaps_high = (int64) (gaps >> 64);
	base->gaps_low = (uint64) gaps;
}

/* ---- buying_model.c ---- */

typedef enum cv_buying_number
{
	CV_NBD_MODEL,
	CV_BG_NBD_MODEL,
	CV_MBG_NBD_MODEL,
	CV_PARETO_NBD_MODEL,
	CV_BG_CNBD_MODEL,
	CV_MBG_CNBD_MODEL,
	CV_BG_BB_MODEL
} cv_buying_number;

#define CV_BUYING_FAMILIES 7

extern const cv_model_kind cv_buying_models;
extern const cv_model_kind cv_spending_models;
extern const cv_buying_family *cv_buying_family_of(int family);
extern void cv_buying_numbers(const cv_model *model, double *p);
extern void cv_whole_opportunities(double unit_days, double frequency, double recency, double age,
								   double *t_x, double *n);

#endif
