/*
 * cohort.h: the cells of cohort tables.
 */
#ifndef CV_COHORT_H
#define CV_COHORT_H

#include "segment/segment.h"

/* An entry of the tally: customers with a purchase in a cohort's period. */
typedef struct cv_cohort_cell
{
	uint64 cohort; /* numbers of the two periods, as images */
	uint64 period;
	/* customers whose first purchase is in the cohort's period */
	int64 first_active; /* active in the period */
	int64 first_last;	/* and in no later one */
	/* all customers with a purchase in the cohort's period */
	int64 active;
	int64 last;
	int128 first_amount; /* their net amounts in the period, in millionths */
	int128 amount;
} cv_cohort_cell;

extern const cv_tally_kind cv_cohort_kind;

#endif
