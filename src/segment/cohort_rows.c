/*
 * cohort_rows.c: what a cohort table answers: retention in its four kinds, and the
 * counts of the lifecycle.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "segment/cohort.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(cv_cohorts);
PG_FUNCTION_INFO_V1(cv_lifecycle_counts);

typedef enum retention_kind
{
	FIRST_TIME,
	RECURRING,
	UNBOUNDED,
	RECURRING_UNBOUNDED
} retention_kind;

static const char *const kind_name[] = { "first-time", "recurring", "unbounded",
										 "recurring-unbounded" };

static retention_kind
kind_arg(FunctionCallInfo fcinfo, int argument)
{
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(argument));
	int kind;

	for (kind = 0; kind < (int) lengthof(kind_name); kind++)
		if (strcmp(name, kind_name[kind]) == 0)
			return kind;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown kind of retention \"%s\"", name),
			 errhint("Kinds are first-time, recurring, unbounded and recurring-unbounded.")));
}

static const cv_cohort_cell *
cells_of(const cv_tally *table)
{
	return (const cv_cohort_cell *) table->word;
}

/* The last period in which anybody was active; false without one. */
static bool
last_active_period(const cv_tally *table, int64 *last)
{
	const cv_cohort_cell *cell = cells_of(table);
	bool found = false;
	int64 i;

	for (i = 0; i < table->count; i++)
		if (cell[i].active > 0 && (!found || cv_whole_of(cell[i].period) > *last))
		{
			*last = cv_whole_of(cell[i].period);
			found = true;
		}
	return found;
}

/* The rows of one cohort, whose cells are first ... end - 1. */
static void
emit_cohort(FunctionCallInfo fcinfo, const cv_tally *table, retention_kind kind, int64 until,
			int64 first, int64 end)
{
	const cv_cohort_cell *cell = cells_of(table);
	bool all = kind == RECURRING || kind == RECURRING_UNBOUNDED;
	bool unbounded = kind == UNBOUNDED || kind == RECURRING_UNBOUNDED;
	int64 cohort = cv_whole_of(cell[first].cohort);
	int64 customers = 0;
	int64 still = 0; /* active in this period or later */
	int128 opening = 0;
	int64 at = first;
	int64 period;

	if (cell[first].period == cell[first].cohort)
	{
		customers = all ? cell[first].active : cell[first].first_active;
		opening = all ? cell[first].amount : cell[first].first_amount;
	}
	if (customers == 0)
		return;
	if (unbounded)
	{
		int64 i;

		for (i = first; i < end; i++)
			still += all ? cell[i].last : cell[i].first_last;
	}
	for (period = cohort; period <= until; period++)
	{
		Datum values[7] = { 0 };
		bool nulls[7] = { false, false, false, false, false, unbounded, unbounded || opening <= 0 };
		int64 active = 0;
		int64 ended = 0;
		int128 amount = 0;

		if (at < end && cv_whole_of(cell[at].period) == period)
		{
			active = all ? cell[at].active : cell[at].first_active;
			ended = all ? cell[at].last : cell[at].first_last;
			amount = all ? cell[at].amount : cell[at].first_amount;
			at++;
		}
		if (unbounded)
		{
			active = still;
			still -= ended;
		}
		values[0] = cv_period_date(table->label, cohort);
		values[1] = Int32GetDatum((int32) (period - cohort));
		values[2] = Int64GetDatum(customers);
		values[3] = Int64GetDatum(active);
		values[4] = Float8GetDatum((double) active / (double) customers);
		if (!nulls[5])
			values[5] = Float8GetDatum((double) amount / CV_MILLION);
		if (!nulls[6])
			values[6] = Float8GetDatum((double) amount / (double) opening);
		cv_emit(fcinfo, values, nulls);
		CHECK_FOR_INTERRUPTS();
	}
}

/* cohorts(cells, as_of, kind) */
Datum
cv_cohorts(PG_FUNCTION_ARGS)
{
	const cv_tally *table = cv_tally_sorted(fcinfo, 0, &cv_cohort_kind);
	const cv_cohort_cell *cell = cells_of(table);
	DateADT as_of = PG_GETARG_DATEADT(1);
	int64 until = cv_period_of_parameter(table->label, "as_of", as_of);
	retention_kind kind = kind_arg(fcinfo, 2);
	int64 first;
	int64 end;
	int64 last = 0;

	if ((kind == UNBOUNDED || kind == RECURRING_UNBOUNDED) && last_active_period(table, &last) &&
		last > until)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as_of must not be before the last active period for kind \"%s\"",
						kind_name[kind]),
				 errdetail("The last active %s begins on %s.", cv_period_name[table->label],
						   DatumGetCString(
							   DirectFunctionCall1(date_out, cv_period_date(table->label, last)))),
				 errhint("Who was active later is no longer told apart: give a later as_of, or "
						 "make the table of activity up to as_of.")));
	InitMaterializedSRF(fcinfo, 0);
	for (first = 0; first < table->count; first = end)
	{
		for (end = first + 1; end < table->count && cell[end].cohort == cell[first].cohort; end++)
			;
		if (cv_whole_of(cell[first].cohort) > until)
			break;
		emit_cohort(fcinfo, table, kind, until, first, end);
	}
	return (Datum) 0;
}

/* The customers of a cohort who are active in a period; NULL where there are none. */
static const cv_cohort_cell *
find_cell(const cv_tally *table, int64 cohort, int64 period)
{
	const cv_cohort_cell *cell = cells_of(table);
	uint64 wanted[2] = { cv_whole_image(cohort), cv_whole_image(period) };
	int64 low = 0;
	int64 high = table->count;

	while (low < high)
	{
		int64 middle = low + (high - low) / 2;

		if (cell[middle].cohort < wanted[0] ||
			(cell[middle].cohort == wanted[0] && cell[middle].period < wanted[1]))
			low = middle + 1;
		else
			high = middle;
	}
	if (low < table->count && cell[low].cohort == wanted[0] && cell[low].period == wanted[1])
		return &cell[low];
	return NULL;
}

/*
 * lifecycle(cells, from_date, to_date): the states of all customers, counted.  Of those
 * active in a period the returning were so in the one before too.
 */
Datum
cv_lifecycle_counts(PG_FUNCTION_ARGS)
{
	const cv_tally *table = cv_tally_sorted(fcinfo, 0, &cv_cohort_kind);
	int64 from = cv_period_of_parameter(table->label, "from_date", PG_GETARG_DATEADT(1));
	int64 to = cv_period_of_parameter(table->label, "to_date", PG_GETARG_DATEADT(2));
	bool nulls[6] = { false };
	const cv_cohort_cell *cell;
	int64 before;
	int64 period;

	if (PG_GETARG_DATEADT(1) > PG_GETARG_DATEADT(2))
		cv_refuse_range(PG_GETARG_DATEADT(1), PG_GETARG_DATEADT(2));
	cv_period_check_first(table->label, PG_GETARG_DATEADT(1));
	InitMaterializedSRF(fcinfo, 0);
	cell = find_cell(table, from - 1, from - 1);
	before = cell ? cell->active : 0;
	for (period = from; period <= to; period++)
	{
		Datum values[6];
		int64 active;
		int64 created;
		int64 returning;

		cell = find_cell(table, period, period);
		active = cell ? cell->active : 0;
		created = cell ? cell->first_active : 0;
		cell = find_cell(table, period - 1, period);
		returning = cell ? cell->active : 0;
		values[0] = cv_period_date(table->label, period);
		values[1] = Int64GetDatum(active);
		values[2] = Int64GetDatum(created);
		values[3] = Int64GetDatum(returning);
		values[4] = Int64GetDatum(active - created - returning);
		values[5] = Int64GetDatum(before - returning);
		cv_emit(fcinfo, values, nulls);
		before = active;
		CHECK_FOR_INTERRUPTS();
	}
	return (Datum) 0;
}
