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
	uint32 customers; /* 0: empty slot of a state */
} cv_base_entry;

#define CV_NO_MONETARY (-HUGE_VAL) /* frequency > 0, mean spend unknown */

#define CV_BASE_TABLE 0x01 /* a state: a hash table, not a sorted list */

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

/* ---- buying_model.c ---- */

typedef enum cv_buying_number
{
	CV_NBD_MODEL,
	CV_BG_NBD_MODEL,
	CV_MBG_NBD_MODEL,
	CV_PARETO_NBD_MODEL
} cv_buying_number;

#define CV_BUYING_FAMILIES 4

extern const cv_model_kind cv_buying_models;
extern const cv_model_kind cv_spending_models;
extern const cv_buying_family *cv_buying_family_of(int family);

#endif
