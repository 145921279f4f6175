/*
 * clv.h: customer lifetime value: histories, their statistics, models.
 */
#ifndef CV_CLV_H
#define CV_CLV_H

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

/* ---- model.c ---- */

typedef enum cv_model_family
{
	CV_NBD_MODEL,
	CV_BG_NBD_MODEL,
	CV_MBG_NBD_MODEL,
	CV_PARETO_NBD_MODEL,
	CV_GAMMA_GAMMA_MODEL
} cv_model_family;

#define CV_BUYING_FAMILIES 4
#define CV_MODEL_PARAMETERS CV_BUYING_PARAMETERS

#define CV_MODEL_FITTED 0x01 /* the fields about the fit are meant */
#define CV_MODEL_CONVERGED 0x02
#define CV_MODEL_COVARIANCE 0x04 /* covariance is meant */
#define CV_MODEL_FLAGS (CV_MODEL_FITTED | CV_MODEL_CONVERGED | CV_MODEL_COVARIANCE)

/* A buying or spending model: parameters, and how they were found. */
typedef struct cv_model
{
	cv_header header;
	uint8 family; /* cv_model_family */
	uint8 padding[7];
	double unit_days; /* of the parameters; 0 in a spending model */
	double parameter[CV_MODEL_PARAMETERS];
	int64 customers; /* used by the fit */
	double log_likelihood;
	double penalty;
	double gradient; /* largest, of the mean, in logarithms */
	int64 iterations;
	/* of the logarithms of the parameters, row by row */
	double covariance[CV_MODEL_PARAMETERS * CV_MODEL_PARAMETERS];
	/* what "best" compared, as JSON text; empty without */
	char compared[FLEXIBLE_ARRAY_MEMBER];
} cv_model;

extern const char cv_buying_model_type[];
extern const char cv_spending_model_type[];

extern int cv_model_parameters(int family);
extern const char *cv_model_parameter(int family, int parameter);
extern const char *cv_model_family_name(int family);
extern const cv_buying_family *cv_buying_family_of(int family);
extern cv_model *cv_model_new(int family, double unit_days, const char *compared);
extern const cv_model *cv_model_arg(FunctionCallInfo fcinfo, int argument, const char *type);

#endif
