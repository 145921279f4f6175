/*
 * perceived_value.c: what a customer gets less what it costs them.
 *
 *   benefits = sum of weight * score over the benefits
 *   costs    = sum of weight * score over the costs (price, time, effort, ..)
 *   perceived value = benefits - costs, value ratio = benefits / costs
 *
 * the customer-perceived value of Kotler and Keller and of Smith and Colgate
 * (2007).  Weights are used as they are.  The sums are exact (core/exact_sum.c),
 * so the answer is the same to the last bit in any order and partition of the rows,
 * as long as the terms are within some twenty orders of magnitude of each other.
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "value/value.h"

static const char type_name[] = "cv_perceived_value_summary";

#define MOST_TERM 1e290 /* so that no sum of terms can leave the range of double on its way */
#define MOST_SUM 1e300

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

static cv_perceived_value_summary *
new_summary(void)
{
	return cv_state_alloc(sizeof(cv_perceived_value_summary), 0, 1, type_name, 0);
}

/* A summary argument. */
cv_perceived_value_summary *
cv_value_summary_arg(FunctionCallInfo fcinfo, int argument)
{
	cv_perceived_value_summary *summary =
		cv_value_arg(fcinfo, argument, type_name, sizeof(cv_perceived_value_summary), 0);

	if (VARSIZE(summary) != sizeof(cv_perceived_value_summary))
		cv_corrupt_binary(type_name, "The value is longer than it can be.");
	return summary;
}

/* The state of a transition; a new one where there is none. */
cv_perceived_value_summary *
cv_value_summary_state(FunctionCallInfo fcinfo)
{
	cv_perceived_value_summary *summary = cv_plain_state(fcinfo, 0);

	if (summary && VARSIZE(summary) == sizeof(cv_perceived_value_summary))
		return summary;
	cv_require_aggregate(fcinfo);
	return PG_ARGISNULL(0) ? new_summary() : cv_value_summary_arg(fcinfo, 0);
}

/* Adds a term to one side. */
void
cv_value_summary_add(cv_perceived_value_summary *summary, int side, double term)
{
	cv_sum_add(&summary->sum[side], term);
	if (unlikely(!(fabs(summary->sum[side].part[0]) < MOST_SUM)))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("perceived value is out of range")));
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
	cv_perceived_value_summary *summary;
	double score;
	double weight;
	double term;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
	{
		cv_require_aggregate(fcinfo);
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	summary = cv_value_summary_state(fcinfo);
	score = PG_GETARG_FLOAT8(1);
	weight = PG_GETARG_FLOAT8(2);
	term = weight * score;
	if (unlikely(!(fabs(term) <= MOST_TERM) || !(weight >= 0) || isinf(weight)))
	{
		cv_check_observation("score", score);
		cv_check_weight(weight);
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("weight * score must not pass 1e290: %g * %g", weight, score)));
	}
	cv_value_summary_add(summary, PG_GETARG_BOOL(3) ? CV_COSTS : CV_BENEFITS, term);
	cv_count(&summary->responses, 1, "responses");
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

	CV_RETURN_UNLESS_BOTH(summary, other, cv_value_summary_arg);
	for (side = 0; side < 2; side++)
		for (i = 0; i < CV_SUM_PARTS; i++)
			cv_value_summary_add(summary, side, other->sum[side].part[i]);
	cv_count(&summary->responses, other->responses, "responses");
	PG_RETURN_POINTER(summary);
}

/* The summary as stored: its bytes depend on nothing but the sums. */
static cv_perceived_value_summary *
stored_form(const cv_perceived_value_summary *summary)
{
	cv_perceived_value_summary *copy = new_summary();

	*copy = *summary;
	cv_sum_normalize(&copy->sum[CV_BENEFITS]);
	cv_sum_normalize(&copy->sum[CV_COSTS]);
	return copy;
}

Datum
cv_perceived_value_summary_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(stored_form(cv_value_summary_arg(fcinfo, 0)));
}

/* ---- answers ---- */

/*
 * perceived_value(score, weight, is_cost), and perceived_value(summary): benefits less
 * costs as one sum, so that what they have in common is not rounded.
 */
Datum
cv_perceived_value_final(PG_FUNCTION_ARGS)
{
	const cv_perceived_value_summary *summary;
	cv_sum net;
	int i;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	summary = cv_value_summary_arg(fcinfo, 0);
	net = summary->sum[CV_BENEFITS];
	for (i = 0; i < CV_SUM_PARTS; i++)
		cv_sum_add(&net, -summary->sum[CV_COSTS].part[i]);
	PG_RETURN_FLOAT8(cv_sum_round(&net) + 0.0);
}

/* benefits(summary): the sum of weight * score of what is for an offer. */
Datum
cv_benefits(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(cv_sum_round(&cv_value_summary_arg(fcinfo, 0)->sum[CV_BENEFITS]) + 0.0);
}

/* costs(summary): the sum of weight * score of what is against it. */
Datum
cv_costs(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(cv_sum_round(&cv_value_summary_arg(fcinfo, 0)->sum[CV_COSTS]) + 0.0);
}

/* value_ratio(summary): NULL when costs are 0. */
Datum
cv_value_ratio(PG_FUNCTION_ARGS)
{
	const cv_perceived_value_summary *summary = cv_value_summary_arg(fcinfo, 0);
	double benefits = cv_sum_round(&summary->sum[CV_BENEFITS]);
	double costs = cv_sum_round(&summary->sum[CV_COSTS]);
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
	cv_perceived_value_summary *summary = json->context;
	double number;

	if (json->depth == 1)
	{
		summary->responses = cv_json_integer(json, token, kind);
		if (summary->responses < 0)
			cv_malformed(type_name, "The number of responses is negative.");
		return;
	}
	number = cv_json_number(json, token, kind);
	cv_value_summary_add(summary, strcmp(json->key, "costs") == 0 ? CV_COSTS : CV_BENEFITS, number);
}

Datum
cv_perceived_value_summary_in(PG_FUNCTION_ARGS)
{
	cv_perceived_value_summary *summary = new_summary();
	cv_json json = { 0 };

	json.type = type_name;
	json.form = "{\"responses\": number, \"benefits\": [number, ...], \"costs\": [number, ...]}";
	json.shape = "{[";
	json.keys[0] = "benefits";
	json.keys[1] = "costs";
	json.keys[2] = "responses";
	json.lists = 2;
	json.scalar = read_scalar;
	json.context = summary;
	cv_json_read(&json, PG_GETARG_CSTRING(0));
	PG_RETURN_POINTER(stored_form(summary));
}

static void
append_side(StringInfo text, const char *name, const cv_perceived_value_summary *summary, int side)
{
	int i;

	appendStringInfo(text, ", \"%s\": [", name);
	for (i = 0; i < CV_SUM_PARTS && summary->sum[side].part[i] != 0; i++)
	{
		appendStringInfoString(text, i > 0 ? ", " : "");
		cv_append_number(text, summary->sum[side].part[i]);
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
	cv_perceived_value_summary *summary = new_summary();
	int side;
	int i;

	cv_receive_begin(buffer, type_name, 0);
	summary->responses = pq_getmsgint64(buffer);
	if (summary->responses < 0)
		cv_corrupt_binary(type_name, "The number of responses is negative.");
	for (side = 0; side < 2; side++)
		for (i = 0; i < CV_SUM_PARTS; i++)
		{
			double part = pq_getmsgfloat8(buffer);

			if (!(fabs(part) < MOST_SUM))
				cv_corrupt_binary(type_name, "A part of a sum is out of range.");
			cv_value_summary_add(summary, side, part);
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
		for (i = 0; i < CV_SUM_PARTS; i++)
			pq_sendfloat8(&buffer, summary->sum[side].part[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
