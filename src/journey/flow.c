/*
 * flow.c: passages between places, counted, with the times that they took.
 *
 * Equal times are counted, not repeated, so percentiles are exact and a state grows with
 * the number of different times, 24 bytes each.
 */
#include "postgres.h"

#include <math.h>

#include "journey/flow.h"
#include "miscadmin.h"

static inline int
compare_flows(const cv_flow *a, const cv_flow *b)
{
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	if (a->to != b->to)
		return a->to < b->to ? -1 : 1;
	return a->gap < b->gap ? -1 : a->gap > b->gap;
}

#define ST_SORT sort_flows
#define ST_ELEMENT_TYPE cv_flow
#define ST_COMPARE(a, b) compare_flows(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Sorts flows in place and makes one of equal ones; returns how many remain. */
int32
cv_flow_collapse(cv_flow *flow, int32 count)
{
	int32 kept = 0;
	int32 i;

	sort_flows(flow, count);
	for (i = 1; i < count; i++)
	{
		if (compare_flows(&flow[kept], &flow[i]) != 0)
		{
			flow[++kept] = flow[i];
			continue;
		}
		if (flow[i].count > PG_UINT32_MAX - flow[kept].count)
			ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
							errmsg("more than %u passages took the same time", PG_UINT32_MAX)));
		flow[kept].count += flow[i].count;
		flow[kept].customers += flow[i].customers;
	}
	return count > 0 ? kept + 1 : 0;
}

/* Makes room for more flows in a state; returns the state, which has moved if it had to grow. */
static cv_named *
make_room(cv_named *state, const char *type, int32 more)
{
	if (state->header.flags & CV_NAMED_OPEN && state->count > 60 &&
		state->count + (int64) more > cv_named_capacity(state, CV_FLOW))
	{
		state->count = cv_flow_collapse(cv_flows(state), state->count);
		/* half of it free again: then collapsing takes little time for each flow */
		if (state->count + (int64) more <= cv_named_capacity(state, CV_FLOW) / 2)
			return state;
		return cv_named_room(state, CV_FLOW, type,
							 Max(more, cv_named_capacity(state, CV_FLOW) - state->count + 1));
	}
	return cv_named_room(state, CV_FLOW, type, more);
}

/* Adds a flow to a state. */
cv_named *
cv_flow_add(cv_named *state, const char *type, const cv_flow *flow)
{
	if (unlikely(!(state->header.flags & CV_NAMED_OPEN) ||
				 state->count >= cv_named_capacity(state, CV_FLOW)))
		state = make_room(state, type, 1);
	cv_flows(state)[state->count++] = *flow;
	return state;
}

/* Adds the flows of another state; id tells the places here of those there, if not the same. */
cv_named *
cv_flow_merge(cv_named *state, const char *type, const cv_named *other, const int32 *id)
{
	const cv_flow *from = cv_flows(other);
	int32 i;

	for (i = 0; i < other->count; i++)
	{
		cv_flow flow = from[i];

		if (id && flow.from >= 0 && flow.from < other->names)
			flow.from = id[flow.from];
		if (id && flow.to >= 0 && flow.to < other->names)
			flow.to = id[flow.to];
		state = cv_flow_add(state, type, &flow);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	return state;
}

/* The run of flows that begins at a place in a sorted state; returns where the next one begins. */
int32
cv_flow_next(const cv_named *state, int32 at, cv_flow_run *run)
{
	const cv_flow *flow = cv_flows(state) + at;

	run->flow = flow;
	run->flows = 0;
	run->count = 0;
	run->customers = 0;
	while (at < state->count && flow[run->flows].from == flow->from &&
		   flow[run->flows].to == flow->to)
	{
		run->count += flow[run->flows].count;
		run->customers += flow[run->flows].customers;
		run->flows++;
		at++;
	}
	return at;
}

/* The gap of the passage at a place, from 0, in the order of the gaps. */
static int64
gap_at(const cv_flow_run *run, int64 place)
{
	int32 i;

	for (i = 0; i < run->flows - 1 && place >= run->flow[i].count; i++)
		place -= run->flow[i].count;
	return run->flow[i].gap;
}

/* A percentile of the gaps as an interval, interpolated as percentile_cont() does. */
Datum
cv_flow_percentile(const cv_flow_run *run, double share)
{
	double place = share * (double) (run->count - 1);
	int64 low = gap_at(run, (int64) floor(place));
	int64 high = gap_at(run, (int64) ceil(place));

	return PointerGetDatum(
		cv_span_interval((double) low + (place - floor(place)) * ((double) high - (double) low)));
}
