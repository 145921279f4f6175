/*
 * flow.h: passages between stages, counted, with the times that they took.
 */
#ifndef CV_FLOW_H
#define CV_FLOW_H

#include "pg/instant.h"
#include "pg/named.h"

/* Passages from one place to another that took the same time. */
typedef struct cv_flow
{
	int64 gap; /* in microseconds */
	int32 from;
	int32 to;
	uint32 count;
	uint32 customers; /* whose first such passage is among them, by their shortest one */
} cv_flow;

/*
 * Flows in a named state (named.h), sorted by from, to and gap, none twice; while it
 * grows (CV_NAMED_OPEN) in any order and repeated.
 */
#define CV_FLOW sizeof(cv_flow)

/* Of a run of flows between the same places. */
typedef struct cv_flow_run
{
	const cv_flow *flow;
	int32 flows;
	int64 count;
	int64 customers;
} cv_flow_run;

static inline cv_flow *
cv_flows(const cv_named *state)
{
	return (cv_flow *) cv_named_entries(state);
}

extern int32 cv_flow_collapse(cv_flow *flow, int32 count);
extern cv_named *cv_flow_add(cv_named *state, const char *type, const cv_flow *flow);
extern cv_named *
cv_flow_merge(cv_named *state, const char *type, const cv_named *other, const int32 *id);
extern int32 cv_flow_next(const cv_named *state, int32 at, cv_flow_run *run);
extern Datum cv_flow_percentile(const cv_flow_run *run, double share);

#endif
