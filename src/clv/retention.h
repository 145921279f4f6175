/*
 * retention.h: customers with a contract: their tenures and the models of them.
 */
#ifndef CV_CLV_RETENTION_H
#define CV_CLV_RETENTION_H

#include "core/retention.h"
#include "pg/pg.h"

/* ---- retention_base.c ---- */

/* Customers of one tenure; 16 bytes. */
typedef struct cv_retention_entry
{
	int32 tenure;
	int32 lost;		 /* 1: lost in the period "tenure", 0: still there after it */
	int64 customers; /* above 0 */
} cv_retention_entry;

/*
 * Tenures counted.  The first "sorted" entries are in order and distinct; a state
 * collects new tenures behind them and has spare room, a stored base has neither.
 */
typedef struct cv_retention_base
{
	cv_header header;
	int64 customers; /* of all entries */
	int32 sorted;
	int32 count;
	cv_retention_entry entry[FLEXIBLE_ARRAY_MEMBER];
} cv_retention_base;

extern const cv_retention_base *cv_retention_base_arg(FunctionCallInfo fcinfo, int argument);

/* ---- retention_model.c ---- */

typedef enum cv_retention_family
{
	CV_SBG_MODEL,
	CV_BDW_MODEL
} cv_retention_family;

#define CV_RETENTION_FAMILIES 2

/* A fit counts in floating point; up to here whole numbers are exact. */
#define CV_RETENTION_MOST_CUSTOMERS INT64CONST(9007199254740992)

#define CV_RETENTION_FITTED 0x01 /* the fields about the fit are meant */
#define CV_RETENTION_CONVERGED 0x02
#define CV_RETENTION_COVARIANCE 0x04 /* covariance is meant */
#define CV_RETENTION_FLAGS (CV_RETENTION_FITTED | CV_RETENTION_CONVERGED | CV_RETENTION_COVARIANCE)

/* A model of retention: parameters, and how they were found. */
typedef struct cv_retention_model
{
	cv_header header;
	uint8 family; /* cv_retention_family */
	uint8 padding[7];
	double parameter[CV_RETENTION_PARAMETERS]; /* alpha, beta, c; c is 1 in sbg */
	int64 customers;						   /* used by the fit */
	double log_likelihood;
	double gradient; /* largest, of the mean, in logarithms */
	int64 iterations;
	/* of the logarithms of the parameters, row by row */
	double covariance[CV_RETENTION_PARAMETERS * CV_RETENTION_PARAMETERS];
} cv_retention_model;

extern int cv_retention_parameters(int family);
extern const char *cv_retention_parameter(int parameter);
extern const char *cv_retention_family_name(int family);
extern cv_retention_model *cv_retention_model_new(int family);
extern const cv_retention_model *cv_retention_model_arg(FunctionCallInfo fcinfo, int argument);

#endif
