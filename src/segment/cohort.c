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

/*
 * What a customer adds to a cell, and a place of the panel: all that are added between two
 * times that the panel is unloaded fit.
 */
typedef struct cohort_sum
{
	int64 amount;  /* net, millionths */
	uint64 counts; /* active, and in the upper half those for whom it is the last period */
} cohort_sum;

#define ONE_ACTIVE UINT64CONST(1)
#define ONE_LAST (UINT64CONST(1) << 32)

/*
 * The panel: first the sums of those whose first period is the cohort's, then of the others
 * with a purchase in it, both cohort by cohort.
 */
typedef struct cohort_panel
{
	uint64 filled; /* bounds each amount in it and, by ONE_LAST for each customer, each count */
	uint64 unused;
	cohort_sum sum[FLEXIBLE_ARRAY_MEMBER];
} cohort_panel;

#define FULL (UINT64CONST(1) << 62)

static const char *settle(const cv_tally *tally, uint64 *entry);
static const char *check(const cv_tally *tally, const uint64 *entry);
static void unload(cv_tally **into, const cv_tally *from);

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
	.panel_head = offsetof(cohort_panel, sum),
	.panel_place = 2 * sizeof(cohort_sum),
	.unload = unload,
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

/* Adds what a panel holds to entries. */
static void
unload(cv_tally **into, const cv_tally *from)
{
	const cohort_panel *panel = cv_tally_panel(&cv_cohort_kind, from);
	int64 places = (int64) from->rows * from->stride;
	int64 added = 0;
	int64 i;

	for (i = 0; i < places; i++)
	{
		const cohort_sum *first = &panel->sum[i];
		const cohort_sum *later = &panel->sum[places + i];
		uint64 cohort = from->base + (uint64) (i / from->stride);
		cv_cohort_cell *cell;

		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
		if ((first->counts | later->counts | (uint64) first->amount | (uint64) later->amount) == 0)
			continue;
		cell = (cv_cohort_cell *) cv_tally_find(&cv_cohort_kind, into, cohort,
												cohort + (uint64) (i % from->stride));
		cell->first_active += first->counts % ONE_LAST;
		cell->first_last += first->counts / ONE_LAST;
		cell->first_amount += first->amount;
		cell->active += first->counts % ONE_LAST + later->counts % ONE_LAST;
		cell->last += first->counts / ONE_LAST + later->counts / ONE_LAST;
		cell->amount += (int128) first->amount + later->amount;
		added += 2 * (first->counts % ONE_LAST + first->counts / ONE_LAST) +
				 later->counts % ONE_LAST + later->counts / ONE_LAST;
	}
	cv_tally_raise(&cv_cohort_kind, *into, added);
}

/* What one customer did in a period. */
typedef struct cohort_step
{
	int64 place; /* its number, from the panel's first row on, in bytes of sums */
	cohort_sum sum;
} cohort_step;

/*
 * Sums a log's entries, of which there is one at least, by periods, without a branch on whether
 * another one begins, which nobody could guess.  Returns how many there are, the number of
 * entries with a purchase, and a bound of the size of each amount.
 */
static pg_attribute_always_inline int32
sum_by(cv_period period, cv_log_entries entries, int64 base, cohort_step *step, int32 *purchases,
	   uint64 *size)
{
	int64 number = cv_period_of(period, cv_log_entry(entries, 0).day);
	cohort_step *now = step;
	cohort_sum sum = { 0 };
	uint64 bits = 0;
	int32 active = 0;
	int32 i;

	for (i = 0; i < entries.count; i++)
	{
		cv_activity entry = cv_log_entry(entries, i);
		int64 before = number;
		int64 same;

		number = cv_period_of(period, entry.day);
		same = -(int64) (number == before);
		now += 1 + same;
		sum.amount = (int64) ((uint64) (sum.amount & same) + (uint64) entry.amount);
		sum.counts = (sum.counts & (uint64) same) | (entry.events > 0);
		active += entry.events > 0;
		bits |= (uint64) (entry.amount ^ (entry.amount >> 63)); /* of one below 0, less 1 */
		now->place = (number - base) * (int64) sizeof(cohort_sum);
		now->sum = sum;
	}
	*purchases = active;
	*size = bits + 1;
	return (int32) (now - step + 1);
}

/* Leaves the steps that count and returns how many, as keep_counting. */
static int32
keep_steps(cohort_step *step, int32 count, int32 *last)
{
	int32 kept = 0;
	int32 i;

	for (i = 0; i < count; i++)
	{
		if (step[i].sum.counts == 0 && (kept == 0 || step[i].sum.amount == 0))
			continue;
		if (step[i].sum.counts > 0)
			*last = kept;
		step[kept++] = step[i];
	}
	return kept;
}

/*
 * Adds one customer to the panel, if it reaches that far and the amounts are none too large;
 * false leaves everything to add_to_entries.
 */
static bool
add_to_panel(cv_tally *table, cv_log_entries entries)
{
	const int64 width = sizeof(cohort_sum);
	cohort_step room[CV_WALK_ROOM];
	cohort_step *step = room;
	cohort_panel *panel = cv_tally_panel(&cv_cohort_kind, table);
	char *plane = (char *) panel->sum;
	int64 base = cv_whole_of(table->base);
	int64 rows = table->rows;
	int64 stride = table->stride;
	int32 purchases;
	uint64 size;
	int32 count;
	int32 last;
	int32 i;
	int32 j;

	if (entries.count == 0)
		return true;
	if (rows == 0)
		return false;
	if (entries.count > CV_WALK_ROOM)
		step = palloc_extended((Size) entries.count * sizeof(cohort_step), MCXT_ALLOC_HUGE);
	if (table->label == CV_MONTH)
		count = sum_by(CV_MONTH, entries, base, step, &purchases, &size);
	else
		count = sum_by(table->label, entries, base, step, &purchases, &size);
	last = count - 1;
	if (purchases < entries.count)
		count = keep_steps(step, count, &last);
	if (count == 0)
		return true;
	if (step[0].place < 0 || step[last].place >= rows * width ||
		step[count - 1].place - step[0].place >= stride * width ||
		pg_mul_u64_overflow(size, (uint64) entries.count, &size) || size >= FULL - ONE_LAST ||
		panel->filled > FULL - ONE_LAST - size)
		return false;
	panel->filled += ONE_LAST + size;
	step[last].sum.counts += ONE_LAST;
	for (i = 0; i <= last; i++)
	{
		/* where the row's own period would be, if all began at the first one */
		char *row = plane + step[i].place * (stride - 1);

		if (step[i].sum.counts == 0)
			continue;
		for (j = i; j < count; j++)
		{
			cohort_sum *to = (cohort_sum *) (row + step[j].place);
			cohort_sum more = step[j].sum;

			to->amount += more.amount;
			to->counts += more.counts;
		}
		plane = (char *) (panel->sum + rows * stride); /* no longer the first period */
		if (count > CV_WALK_ROOM)
			CHECK_FOR_INTERRUPTS();
	}
	return true;
}

/* Adds what a customer did from one active period on to the entries of that cohort. */
static void
add_row(cv_tally **table, const cv_period_activity *from, const cv_period_activity *end,
		const cv_period_activity *last, bool first)
{
	uint64 cohort = cv_whole_image(from->number);
	const cv_period_activity *now;

	for (now = from; now < end; now++)
	{
		cv_cohort_cell *cell = (cv_cohort_cell *) cv_tally_find(&cv_cohort_kind, table, cohort,
																cv_whole_image(now->number));

		cell->active += now->active;
		cell->amount += now->amount;
		cell->last += now == last;
		if (first)
		{
			cell->first_active += now->active;
			cell->first_amount += now->amount;
			cell->first_last += now == last;
		}
	}
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

/* Adds one customer to the entries. */
static void
add_to_entries(cv_tally **table, cv_log_entries entries)
{
	cv_log_walk walk;
	const cv_period_activity *at;
	int64 active = 0;
	int32 last = 0;
	int32 count;
	int32 i;

	cv_log_walk_periods(entries, (*table)->label, &walk);
	count = keep_counting(&walk, &last);
	at = walk.at;
	if (count == 0)
		return;
	for (i = 0; i < count; i++)
	{
		if (at[i].active)
			add_row(table, at + i, at + count, at + last, i == 0);
		active += at[i].active;
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
	cv_log_entries entries;
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
	entries = cv_log_entries_arg(fcinfo, 1, period);
	if (!add_to_panel(table, entries))
	{
		add_to_entries(&table, entries);
		if (++table->strays > table->count / 8 + 8)
			table = cv_tally_lay_panel(&cv_cohort_kind, table);
	}
	PG_RETURN_POINTER(table);
}
