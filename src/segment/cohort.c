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
	.grid = true,
	.labelled = true,
	.form = "{\"period\": .., \"cells\": [[cohort, period, first_active, first_last, active, "
			"last, first_amount, amount], ...]}",
	.label = "period",
	.list = "cells",
	.append_key = cv_period_append_key,
	.read_key = cv_period_read_key,
	.append_label = cv_period_append_label,
	.read_label = cv_period_read_label,
	.check_label = cv_period_check_label,
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

/* Adds one customer to a table. */
static void
add_customer(cv_tally **table, const cv_log_walk *walk)
{
	int64 added = 0;
	int32 first = 0;
	int32 last = walk->count - 1;
	int32 s;
	int32 t;

	while (first < walk->count && !walk->at[first].active)
		first++;
	while (last > first && !walk->at[last].active)
		last--;
	for (s = first; s < walk->count; s++)
	{
		uint64 cohort = cv_whole_image(walk->at[s].number);

		if (!walk->at[s].active)
			continue;
		for (t = s; t < walk->count; t++)
		{
			const cv_period_activity *now = &walk->at[t];
			cv_cohort_cell *cell;

			if (!now->active && now->amount == 0)
				continue;
			cell = (cv_cohort_cell *) cv_tally_find(&cv_cohort_kind, table, cohort,
													cv_whole_image(now->number));
			cell->active += now->active;
			cell->amount += now->amount;
			cell->last += t == last;
			if (s == first)
			{
				cell->first_active += now->active;
				cell->first_amount += now->amount;
				cell->first_last += t == last;
			}
			added += (now->active + (t == last)) << (s == first);
		}
		if (walk->count > CV_WALK_ROOM)
			CHECK_FOR_INTERRUPTS();
	}
	cv_tally_raise(&cv_cohort_kind, *table, added);
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
