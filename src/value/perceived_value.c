/*
 * perceived_value.c: what a customer gets less what it costs them.
 *
 *   benefits = sum of weight * score over the benefits
 *   costs    = sum of weight * score over the costs (price, time, effort, ..)
 *   perceived value = benefits - costs, value ratio = benefits / costs
 *
 * the customer-perceived value of Kotler and Keller and of Smith and Colgate
 * (2007).  Weights are used as they are.  The sums are exact (core/exact_sum.c),
 * so the answer is the same to the last bit in any order and partition of the rows.
 */
#include "postgres.h"

#include <math.h>

#include "common/int.h"
#include "core/expansion.h"
#include "libpq/pqformat.h"
#include "value/value.h"

static const char type_name[] = "cv_perceived_value_summary";

#define SMALLEST offsetof(cv_perceived_value_summary, part)
#define SIDE(summary, side) ((summary)->part + (Size) (side) * (summary)->room)
#define MOST_TERM 1e290 /* so that no sum of terms can leave the range of double on its way */

PG_FUNCTION_INFO_V1(cv_perceived_value_trans);
PG_FUNCTION_INFO_V1(cv_perceived_value_combine);
PG_FUNCTION_INFO_V1(cv_perceived_value_final);
PG_FUNCTION_INFO_V1(cv_perceived_value_summary_final);
PG_FUNCTION_INFO_V1(cv_perceived_value_summary_in);
PG_FUNCTION_INFO_V1(cv_perceived_value_summary_out);
PG_FUNCTION_INFO_V1(cv_perceived_value_summary_recv);
PG_FUNCTION_INFO_V1(cv_perceived_value_summary_send);
PG_FUNCTION_INFO_V1(cv_benefits);
PG_FUNCTION_INFO_V1(cv_costs);
PG_FUNCTION_INFO_V1(cv_value_ratio);
PG_FUNCTION_INFO_V1(cv_value_responses);
PG_FUNCTION_INFO_V1(cv_perceived_value_scalar);

/* ---- the summary ---- */

/* A summary argument; NULL as the first argument of a transition is none. */
cv_perceived_value_summary *
cv_value_summary_arg(FunctionCallInfo fcinfo, int argument)
{
	cv_perceived_value_summary *summary = cv_value_arg(fcinfo, argument, type_name, SMALLEST, 0);

	if (summary->room < 0 || summary->room > CV_EXACT_MOST_PARTS || summary->parts[0] < 0 ||
		summary->parts[0] > summary->room || summary->parts[1] < 0 ||
		summary->parts[1] > summary->room ||
		VARSIZE(summary) != SMALLEST + 2 * (Size) summary->room * sizeof(double))
		cv_corrupt_binary(type_name, "The number of parts does not fit the length.");
	return summary;
}

/* A summary with room for so many parts on each side, and the contents of another one or NULL. */
static cv_perceived_value_summary *
new_summary(int32 room, const cv_perceived_value_summary *other)
{
	cv_perceived_value_summary *summary =
		cv_state_alloc(SMALLEST, 2 * (int64) room, sizeof(double), type_name, 0);
	int side;

	summary->room = room;
	for (side = 0; other && side < 2; side++)
	{
		summary->parts[side] = other->parts[side];
		memcpy(SIDE(summary, side), SIDE(other, side), other->parts[side] * sizeof(double));
	}
	if (other)
		summary->responses = other->responses;
	return summary;
}

/* Adds a term to one side; returns the summary, moved if it had to grow. */
cv_perceived_value_summary *
cv_value_summary_add(cv_perceived_value_summary *summary, int side, double term)
{
	int parts;

	if (summary == NULL)
		summary = new_summary(4, NULL);
	else if (summary->parts[side] == summary->room && summary->room < CV_EXACT_MOST_PARTS)
		summary = new_summary(Min(2 * summary->room + 2, CV_EXACT_MOST_PARTS), summary);
	parts = cv_exact_add(SIDE(summary, side), summary->parts[side], term);
	if (parts < 0)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("perceived value is out of range")));
	summary->parts[side] = parts;
	return summary;
}

/* One side's sum, rounded once. */
double
cv_value_summary_side(const cv_perceived_value_summary *summary, int side)
{
	return cv_exact_value(SIDE(summary, side), summary->parts[side]) + 0.0;
}

/* An observation that must be a finite number. */
double
cv_check_observation(const char *name, double value)
{
	if (!isfinite(value))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("%s must be a finite number, not %g", name, value)));
	return value;
}

/* A weight: finite and not negative. */
double
cv_check_weight(double weight)
{
	if (!(weight >= 0) || isinf(weight))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("weight must be a finite number of at least 0, not %g", weight)));
	return weight;
}

/*
 * perceived_value(score, weight, is_cost) and perceived_value_summary(..): a row
 * with any NULL is ignored.
 */
Datum
cv_perceived_value_trans(PG_FUNCTION_ARGS)
{
	cv_perceived_value_summary *summary = PG_ARGISNULL(0) ? NULL : cv_value_summary_arg(fcinfo, 0);
	double score;
	double weight;
	double term;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
	{
		if (summary == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(summary);
	}
	score = cv_check_observation("score", PG_GETARG_FLOAT8(1));
	weight = cv_check_weight(PG_GETARG_FLOAT8(2));
	term = weight * score;
	if (!(fabs(term) <= MOST_TERM))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("weight * score must not pass 1e290: %g * %g", weight, score)));
	summary = cv_value_summary_add(summary, PG_GETARG_BOOL(3) ? CV_COSTS : CV_BENEFITS, term);
	summary->responses++;
	PG_RETURN_POINTER(summary);
}

/* Merges two summaries; also the transition of rollup(). */
Datum
cv_perceived_value_combine(PG_FUNCTION_ARGS)
{
	cv_perceived_value_summary *summary;
	cv_perceived_value_summary *other;
	int side;
	int i;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(cv_value_summary_arg(fcinfo, 1));
	summary = cv_value_summary_arg(fcinfo, 0);
	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(summary);
	other = cv_value_summary_arg(fcinfo, 1);
	for (side = 0; side < 2; side++)
		for (i = 0; i < other->parts[side]; i++)
			summary = cv_value_summary_add(summary, side, SIDE(other, side)[i]);
	if (pg_add_s64_overflow(summary->responses, other->responses, &summary->responses))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("more than %lld responses", (long long) PG_INT64_MAX)));
	PG_RETURN_POINTER(summary);
}

/* The summary as stored: its bytes depend on nothing but the sums. */
static cv_perceived_value_summary *
stored_form(const cv_perceived_value_summary *summary)
{
	cv_perceived_value_summary *copy = new_summary(summary->room, summary);
	int side;

	for (side = 0; side < 2; side++)
		copy->parts[side] = cv_exact_canonical(SIDE(copy, side), copy->parts[side]);
	return new_summary(Max(copy->parts[0], copy->parts[1]), copy);
}

Datum
cv_perceived_value_summary_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(stored_form(cv_value_summary_arg(fcinfo, 0)));
}

/* ---- answers ---- */

/* Benefits less costs as one sum, so that what they have in common is not rounded. */
static double
net_value(const cv_perceived_value_summary *summary)
{
	double part[CV_EXACT_MOST_PARTS];
	int n = summary->parts[CV_BENEFITS];
	int i;

	memcpy(part, SIDE(summary, CV_BENEFITS), n * sizeof(double));
	for (i = 0; n >= 0 && i < summary->parts[CV_COSTS]; i++)
		n = cv_exact_add(part, n, -SIDE(summary, CV_COSTS)[i]);
	if (n < 0)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("perceived value is out of range")));
	return cv_exact_value(part, n) + 0.0;
}

/* perceived_value(score, weight, is_cost), and perceived_value(summary). */
Datum
cv_perceived_value_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(net_value(cv_value_summary_arg(fcinfo, 0)));
}

Datum
cv_benefits(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(cv_value_summary_side(cv_value_summary_arg(fcinfo, 0), CV_BENEFITS));
}

Datum
cv_costs(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(cv_value_summary_side(cv_value_summary_arg(fcinfo, 0), CV_COSTS));
}

/* value_ratio(summary): NULL when costs are 0. */
Datum
cv_value_ratio(PG_FUNCTION_ARGS)
{
	const cv_perceived_value_summary *summary = cv_value_summary_arg(fcinfo, 0);
	double benefits = cv_value_summary_side(summary, CV_BENEFITS);
	double costs = cv_value_summary_side(summary, CV_COSTS);
	double ratio;

	if (costs == 0)
		PG_RETURN_NULL();
	ratio = benefits / costs;
	if (!isfinite(ratio))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("value ratio is out of range: benefits are %g, costs %g", benefits,
							   costs)));
	PG_RETURN_FLOAT8(ratio + 0.0);
}

Datum
cv_value_responses(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(cv_value_summary_arg(fcinfo, 0)->responses);
}

/* perceived_value(benefits, costs): totals that are known already. */
Datum
cv_perceived_value_scalar(PG_FUNCTION_ARGS)
{
	double benefits = cv_check_range("benefits", PG_GETARG_FLOAT8(0), -INFINITY, INFINITY);
	double costs = cv_check_range("costs", PG_GETARG_FLOAT8(1), -INFINITY, INFINITY);

	if (!isfinite(benefits - costs))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("perceived value is out of range: benefits are %g, costs %g",
							   benefits, costs)));
	PG_RETURN_FLOAT8(benefits - costs + 0.0);
}

/* ---- text: {"responses": 5, "benefits": [26.5], "costs": [11]} ---- */

static void
read_scalar(cv_json *json, char *token, JsonTokenType kind)
{
	cv_perceived_value_summary **summary = json->context;
	double number;

	if (json->depth == 1)
	{
		int64 responses = cv_json_integer(json, token, kind);

		if (responses < 0)
			cv_malformed(type_name, "The number of responses is negative.");
		if (*summary == NULL)
			*summary = new_summary(4, NULL);
		(*summary)->responses = responses;
		return;
	}
	number = cv_json_number(json, token, kind);
	*summary = cv_value_summary_add(
		*summary, strcmp(json->key, "costs") == 0 ? CV_COSTS : CV_BENEFITS, number);
}

Datum
cv_perceived_value_summary_in(PG_FUNCTION_ARGS)
{
	cv_perceived_value_summary *summary = NULL;
	cv_json json = { 0 };

	json.type = type_name;
	json.form = "{\"responses\": number, \"benefits\": [number, ...], \"costs\": [number, ...]}";
	json.shape = "{[";
	json.keys[0] = "benefits";
	json.keys[1] = "costs";
	json.keys[2] = "responses";
	json.lists = 2;
	json.scalar = read_scalar;
	json.context = &summary;
	cv_json_read(&json, PG_GETARG_CSTRING(0));
	PG_RETURN_POINTER(stored_form(summary));
}

static void
append_side(StringInfo text, const char *name, const cv_perceived_value_summary *summary, int side)
{
	int i;

	appendStringInfo(text, ", \"%s\": [", name);
	for (i = 0; i < summary->parts[side]; i++)
	{
		appendStringInfoString(text, i > 0 ? ", " : "");
		cv_append_number(text, SIDE(summary, side)[i]);
	}
	appendStringInfoChar(text, ']');
}

Datum
cv_perceived_value_summary_out(PG_FUNCTION_ARGS)
{
	const cv_perceived_value_summary *summary = stored_form(cv_value_summary_arg(fcinfo, 0));
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "{\"responses\": %lld", (long long) summary->responses);
	append_side(&text, "benefits", summary, CV_BENEFITS);
	append_side(&text, "costs", summary, CV_COSTS);
	appendStringInfoChar(&text, '}');
	PG_RETURN_CSTRING(text.data);
}

Datum
cv_perceived_value_summary_recv(PG_FUNCTION_ARGS)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	cv_perceived_value_summary *summary = new_summary(4, NULL);
	int side;

	cv_receive_begin(buffer, type_name, 0);
	summary->responses = pq_getmsgint64(buffer);
	if (summary->responses < 0)
		cv_corrupt_binary(type_name, "The number of responses is negative.");
	for (side = 0; side < 2; side++)
	{
		int64 count = cv_receive_count(buffer, type_name, sizeof(double));

		while (count-- > 0)
		{
			double part = pq_getmsgfloat8(buffer);

			if (!isfinite(part))
				cv_corrupt_binary(type_name, "A part is not a finite number.");
			summary = cv_value_summary_add(summary, side, part);
		}
	}
	PG_RETURN_POINTER(stored_form(summary));
}

Datum
cv_perceived_value_summary_send(PG_FUNCTION_ARGS)
{
	const cv_perceived_value_summary *summary = stored_form(cv_value_summary_arg(fcinfo, 0));
	StringInfoData buffer;
	int side;
	int i;

	cv_send_begin(&buffer, 0);
	pq_sendint64(&buffer, summary->responses);
	for (side = 0; side < 2; side++)
	{
		pq_sendint64(&buffer, summary->parts[side]);
		for (i = 0; i < summary->parts[side]; i++)
			pq_sendfloat8(&buffer, SIDE(summary, side)[i]);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
