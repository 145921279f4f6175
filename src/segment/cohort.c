/*
 * cohort.c: cohorts and how many of them come back.
 *
 * A cell (s, t) of the table counts customers with a purchase in period s who have one in
 * the later or same period t, and their net amount in t; apart from all, those for whom s
 * is the first period, and those for whom t is the last.  That is enough for the four
 * kinds of retention: in the period or later ("unbounded"), of those who came for the
 * first time or of all who came ("recurring").
 */
#include "postgres.h"

#include "miscadmin.h"
#include "segment/cohort.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(cv_segment_cohort_trans);

static const char *settle(const cv_tally *tally, uint64 *entry);
static const char *check(const cv_tally *tally, const uint64 *entry);

const cv_tally_kind cv_cohort_kind = {
	.type = "cv_cohort_table",
	.keys = 2,
	.counts = 4,
	.amounts = 2,
	CV_PERIOD_TALLY,
	.form = "{\"period\": .., \"cells\": [[cohort, period, first_active, first_last, active, "
			"last, first_amount, amount], ...]}",
	.list = "cells",
	.settle = settle,
	.check = check,
};

CV_TALLY_FUNCTIONS(cv_cohort_table, cv_cohort_kind);

static const char *
settle(const cv_tally *tally, uint64 *entry)
{
	const char *fault = cv_period_settle_key(tally, &entry[0]);

	return fault ? fault : cv_period_settle_key(tally, &entry[1]);
}

/* What is wrong with a cell, or NULL. */
static const char *
check(const cv_tally *tally, const uint64 *entry)
{
	const cv_cohort_cell *cell = (const cv_cohort_cell *) entry;
	const char *fault = cv_period_check_key(tally, cell->cohort);

	if (fault == NULL)
		fault = cv_period_check_key(tally, cell->period);
	if (fault)
		return fault;
	if (cell->period < cell->cohort)
		return "A cohort is later than what it did.";
	if (cell->first_active > cell->active || cell->first_last > cell->first_active ||
		cell->last > cell->active || cell->first_last > cell->last)
		return "A cell has more customers of a kind than there are.";
	if (cell->active == 0 && (cell->amount >= 0 || cell->period == cell->cohort))
		return "A cell has neither customers nor returns.";
	return NULL;
}

/*
 * Leaves of what a customer did the periods that count: from the first purchase on, those
 * with purchases or returns.  Returns how many there are, and the place of the last active.
 */
static int32
keep_counting(cv_log_walk *walk, int32 *last)
{
	int32 kept = 0;
	int32 i;

	for (i = 0; i < walk->count; i++)
	{
		if (!walk->at[i].active && (kept == 0 || walk->at[i].amount == 0))
			continue;
		if (walk->at[i].active)
			*last = kept;
		if (kept < i)
			walk->at[kept] = walk->at[i];
		kept++;
	}
	return kept;
}

/*
 * Adds what a customer did from one active period on to the row of that cohort; most cells
 * are at their place in the table's grid.
 */
static pg_attribute_always_inline void
add_row(cv_tally **table, const cv_period_activity *from, const cv_period_activity *end,
		const cv_period_activity *last, bool first)
{
	cv_cohort_cell *cells = (cv_cohort_cell *) (*table)->word;
	uint64 cohort = cv_whole_image(from->number);
	uint64 row = cv_tally_place(*table, cohort, cohort);
	uint64 mask = (*table)->mask;
	const cv_period_activity *now;

	for (now = from; now < end; now++)
	{
		uint64 period = cv_whole_image(now->number);
		cv_cohort_cell *cell = &cells[(row + (period - cohort)) & mask];

		if (unlikely(cell->cohort != cohort || cell->period != period))
		{
			cell = (cv_cohort_cell *) cv_tally_find(&cv_cohort_kind, table, cohort, period);
			cells = (cv_cohort_cell *) (*table)->word;
			row = cv_tally_place(*table, cohort, cohort);
			mask = (*table)->mask;
		}
		cell->active += now->active;
		cell->amount += now->amount;
		if (first)
		{
			cell->first_active += now->active;
			cell->first_amount += now->amount;
		}
		if (now == last)
		{
			cell->last++;
			cell->first_last += first;
		}
	}
}

/* Adds one customer to a table. */
static void
add_customer(cv_tally **table, cv_log_walk *walk)
{
	int32 last = 0;
	int32 count = keep_counting(walk, &last);
	const cv_period_activity *at = walk->at;
	int64 active = 0;
	int32 i;

	if (count == 0)
		return;
	add_row(table, at, at + count, at + last, true);
	for (i = 0; i < count; i++)
	{
		active += at[i].active;
		if (i > 0 && at[i].active)
			add_row(table, at + i, at + count, at + last, false);
		if (count > CV_WALK_ROOM)
			CHECK_FOR_INTERRUPTS();
	}
	/* in first_active, first_last, active and last */
	cv_tally_raise(&cv_cohort_kind, *table, active + 1 + active * (active + 1) / 2 + active);
}

/* segment_cohort(log, period): a row with any NULL is ignored. */
Datum
cv_segment_cohort_trans(PG_FUNCTION_ARGS)
{
	cv_tally *table = cv_tally_state(fcinfo, &cv_cohort_kind);
	cv_log_walk walk;
	cv_period period;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (table == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(table);
	}
	period = cv_period_arg(fcinfo, 2);
	if (table == NULL)
		table = cv_tally_new(&cv_cohort_kind, period);
	cv_period_must_equal(table->label, period);
	cv_log_walk_periods(fcinfo, 1, period, &walk);
	add_customer(&table, &walk);
	PG_RETURN_POINTER(table);
}
