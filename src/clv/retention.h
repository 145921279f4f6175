/*
 * retention.h: customers with a contract: their tenures and the models of them.
 */
#ifndef CV_CLV_RETENTION_H
#define CV_CLV_RETENTION_H

#include "clv/model.h"
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

typedef enum cv_retention_number
{
	CV_SBG_MODEL,
	CV_BDW_MODEL
} cv_retention_number;

#define CV_RETENTION_FAMILIES 2

extern const cv_model_kind cv_retention_models;

#endif
