/*
 * revenue.c: where revenue came from and where it went, period by period.
 *
 * A customer's revenue in a period is the net amount if it is positive, else none.  From
 * one period to the next it is new, reactivated, more, less or gone:
 *
 *     closing = opening + new + reactivated + expansion - contraction - churned
 *
 * and NRR = (opening + expansion - contraction - churned) / opening, GRR the same without
 * expansion, which is sum min(s, e) / sum s over the customers of the period before.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "segment/segment.h"

PG_FUNCTION_INFO_V1(cv_revenue_table_trans);
PG_FUNCTION_INFO_V1(cv_revenue_retention);

/* An entry of the tally: customers whose revenue changed, and by how much. */
typedef struct revenue_flow
{
	uint64 period;
	int64 new_customers;
	int64 reactivated_customers;
	int64 churned_customers;
	int128 new_amount; /* millionths, all at least 0 */
	int128 reactivated;
	int128 expansion;
	int128 contraction;
	int128 churned;
} revenue_flow;

static const char *settle(const cv_tally *tally, uint64 *entry);
static const char *check(const cv_tally *tally, const uint64 *entry);

const cv_tally_kind cv_revenue_kind = {
	.type = "cv_revenue_table",
	.keys = 1,
	.counts = 3,
	.amounts = 5,
	.dense = true,
	CV_PERIOD_TALLY,
	.form = "{\"period\": .., \"flows\": [[period, new_customers, reactivated_customers, "
			"churned_customers, new, reactivated, expansion, contraction, churned], ...]}",
	.list = "flows",
	.settle = settle,
	.check = check,
};

CV_TALLY_FUNCTIONS(cv_revenue_table, cv_revenue_kind);

static const char *
settle(const cv_tally *tally, uint64 *entry)
{
	return cv_period_settle_key(tally, entry);
}

/* What is wrong with a period's flows, or NULL. */
static const char *
check(const cv_tally *tally, const uint64 *entry)
{
	const revenue_flow *flow = (const revenue_flow *) entry;
	const char *fault = cv_period_check_key(tally, flow->period);

	if (fault)
		return fault;
	if (flow->new_amount < 0 || flow->reactivated < 0 || flow->expansion < 0 ||
		flow->contraction < 0 || flow->churned < 0)
		return "A flow of revenue is negative.";
	if ((flow->new_customers > 0) != (flow->new_amount > 0) ||
		(flow->reactivated_customers > 0) != (flow->reactivated > 0) ||
		(flow->churned_customers > 0) != (flow->churned > 0))
		return "A flow of revenue and its customers do not go together.";
	return NULL;
}

static revenue_flow *
flow_of(cv_tally **table, int64 period)
{
	uint64 key = cv_whole_image(period);

	return (revenue_flow *) cv_tally_find(&cv_revenue_kind, table, key, key);
}

/* Adds one customer to a table. */
static void
add_customer(cv_tally **table, const cv_log_walk *walk)
{
	int128 before = 0; /* revenue of the last period with any */
	int64 last = 0;
	int64 added = 0;
	int32 i;

	for (i = 0; i < walk->count; i++)
	{
		int128 now = walk->at[i].amount;
		int64 period = walk->at[i].number;
		revenue_flow *flow;

		if (now <= 0)
			continue;
		if (before > 0 && period > last + 1)
		{
			flow = flow_of(table, last + 1);
			flow->churned += before;
			flow->churned_customers++;
			added++;
		}
		if (before == 0 || period > last + 1)
		{
			flow = flow_of(table, period);
			if (before == 0)
			{
				flow->new_amount += now;
				flow->new_customers++;
			}
			else
			{
				flow->reactivated += now;
				flow->reactivated_customers++;
			}
			added++;
		}
		else if (now > before)
			flow_of(table, period)->expansion += now - before;
		else if (now < before)
			flow_of(table, period)->contraction += before - now;
		before = now;
		last = period;
	}
	if (before > 0)
	{
		revenue_flow *flow = flow_of(table, last + 1);

		flow->churned += before;
		flow->churned_customers++;
		added++;
	}
	cv_tally_raise(&cv_revenue_kind, *table, added);
}

/* revenue_table(log, period): a row with any NULL is ignored. */
Datum
cv_revenue_table_trans(PG_FUNCTION_ARGS)
{
	cv_tally *table = cv_tally_state(fcinfo, &cv_revenue_kind);
	cv_log_entries entries;
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
		table = cv_tally_new(&cv_revenue_kind, period);
	cv_period_must_equal(table->label, period);
	entries = cv_log_entries_arg(fcinfo, 1, period);
	cv_log_walk_periods(entries, period, &walk);
	add_customer(&table, &walk);
	PG_RETURN_POINTER(table);
}

/* A rate, NULL where nothing is divided among. */
static void
set_rate(Datum *values, bool *nulls, int at, int128 part, int128 whole)
{
	nulls[at] = whole <= 0;
	if (!nulls[at])
		values[at] = Float8GetDatum((double) part / (double) whole);
}

static Datum
amount_datum(int128 amount)
{
	return Float8GetDatum((double) amount / CV_MILLION);
}

/*
 * revenue_retention(flows [, as_of]): from the first period with revenue to the last one,
 * or to that of as_of.  Of the period after the last revenue nothing is known but that
 * all of it is gone if as_of says so.
 */
Datum
cv_revenue_retention(PG_FUNCTION_ARGS)
{
	const cv_tally *table = cv_tally_sorted(fcinfo, 0, &cv_revenue_kind);
	const revenue_flow *flow = (const revenue_flow *) table->word;
	int128 opening = 0;
	int128 closing;
	int64 customers = 0;
	int64 at = 0;
	int64 until;
	int64 period;

	if (PG_NARGS() > 1)
		until = cv_period_of_parameter(table->label, "as_of", PG_GETARG_DATEADT(1));
	else
		until = table->count > 0 ? cv_whole_of(flow[table->count - 1].period) - 1 : 0;
	InitMaterializedSRF(fcinfo, 0);
	if (table->count == 0)
		return (Datum) 0;
	for (period = cv_whole_of(flow[0].period); period <= until; period++)
	{
		static const revenue_flow none = { 0 };
		const revenue_flow *now = &none;
		Datum values[12] = { 0 };
		bool nulls[12] = { false };

		if (at < table->count && cv_whole_of(flow[at].period) == period)
			now = &flow[at++];
		closing = opening + now->new_amount + now->reactivated + now->expansion - now->contraction -
				  now->churned;
		values[0] = cv_period_date(table->label, period);
		values[1] = amount_datum(opening);
		values[2] = amount_datum(now->new_amount);
		values[3] = amount_datum(now->reactivated);
		values[4] = amount_datum(now->expansion);
		values[5] = amount_datum(now->contraction);
		values[6] = amount_datum(now->churned);
		values[7] = amount_datum(closing);
		set_rate(values, nulls, 8, closing - now->new_amount - now->reactivated, opening);
		set_rate(values, nulls, 9, opening - now->contraction - now->churned, opening);
		set_rate(values, nulls, 10, customers - now->churned_customers, customers);
		set_rate(values, nulls, 11, now->new_amount + now->reactivated + now->expansion,
				 now->contraction + now->churned);
		cv_emit(fcinfo, values, nulls);
		opening = closing;
		customers += now->new_customers + now->reactivated_customers - now->churned_customers;
		CHECK_FOR_INTERRUPTS();
	}
	return (Datum) 0;
}
