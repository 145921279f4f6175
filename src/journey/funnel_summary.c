/*
 * funnel_summary.c: the funnels of many customers: how many reach each step, and how
 * long they take from the step before.
 *
 * The state counts passages (flow.h): to step 1 with a gap of 0, to step k with the time
 * since step k - 1.  Its parameters are the number of customers and of steps.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "core/funnel.h"
#include "journey/flow.h"
#include "journey/funnel.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "pg/row_arg.h"
#include "utils/array.h"
#include "utils/timestamp.h"

static const char type_name[] = "cv_funnel_summary";

#define CUSTOMERS 0
#define STEPS 1

PG_FUNCTION_INFO_V1(cv_funnel_summary_trans);
PG_FUNCTION_INFO_V1(cv_funnel_summary_combine);
PG_FUNCTION_INFO_V1(cv_funnel_summary_final);
PG_FUNCTION_INFO_V1(cv_funnel_customers);
PG_FUNCTION_INFO_V1(cv_funnel_steps);
PG_FUNCTION_INFO_V1(cv_funnel_summary_in);
PG_FUNCTION_INFO_V1(cv_funnel_summary_out);
PG_FUNCTION_INFO_V1(cv_funnel_summary_recv);
PG_FUNCTION_INFO_V1(cv_funnel_summary_send);

static cv_named *
read_summary(FunctionCallInfo fcinfo, int argument)
{
	cv_named *summary = cv_named_arg(fcinfo, argument, type_name, CV_FLOW);

	if (summary->parameter[STEPS] < 0 || summary->parameter[STEPS] > CV_FUNNEL_STEPS ||
		summary->parameter[CUSTOMERS] < 0)
		cv_corrupt_binary(type_name, "The number of steps is out of range.");
	return summary;
}

/* The summary as stored: sorted and collapsed; the argument where it is so. */
static const cv_named *
sorted_summary(const cv_named *summary)
{
	cv_named *stored;
	int32 few[CV_NAMED_LINEAR];
	int32 *rank;

	if (!(summary->header.flags & CV_NAMED_OPEN))
		return summary;
	rank = cv_named_ranks(summary, few);
	stored = cv_named_stored(summary, CV_FLOW, type_name, rank);
	stored->count = cv_flow_collapse(cv_flows(stored), stored->count);
	cv_named_close(stored, CV_FLOW);
	if (rank != few)
		pfree(rank);
	return stored;
}

static void
impossible_result(const char *detail)
{
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("impossible funnel result"),
					errdetail_internal("%s", detail), errhint("Results come from funnel().")));
}

/*
 * Reads a funnel result: the steps reached, their instants, the number of steps.  False
 * for one of NULLs.
 */
static bool
read_result(FunctionCallInfo fcinfo, int argument, int *reached, const TimestampTz **times,
			int *steps)
{
	static cv_row_form form = { "cv_funnel_result", 3, cv_funnel_result_types, InvalidOid, 0 };
	cv_row_field field[3];
	bool known[3];
	ArrayType *array;
	int i;

	cv_row_fields(fcinfo, argument, &form, field, known);
	if (!known[0])
		return false;
	*reached = (int) field[0].whole;
	*times = NULL;
	*steps = 0;
	if (known[2])
	{
		array = DatumGetArrayTypeP(field[2].array);
		*steps = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
		*times = (const TimestampTz *) ARR_DATA_PTR(array);
		if (ARR_NDIM(array) > 1 || *steps > CV_FUNNEL_STEPS)
			impossible_result("step_times has one element for each of at most 32 steps.");
		for (i = 0; ARR_HASNULL(array) && i < Min(*reached, *steps); i++)
			if (!(ARR_NULLBITMAP(array)[i / 8] & 1 << (i % 8)))
				impossible_result("step_times has a NULL for a step that was reached.");
	}
	if (*reached < 0 || *reached > *steps)
		impossible_result("reached lies between 0 and the number of step_times.");
	for (i = 0; i < *reached; i++)
		if (TIMESTAMP_NOT_FINITE((*times)[i]) || (i > 0 && (*times)[i] < (*times)[i - 1]))
			impossible_result("step_times are finite and none is before the one in front of it.");
	return true;
}

/* funnel_summary(result): a result that is NULL is ignored. */
Datum
cv_funnel_summary_trans(PG_FUNCTION_ARGS)
{
	cv_named *summary = PG_ARGISNULL(0) ? NULL : read_summary(fcinfo, 0);
	const TimestampTz *times;
	int reached;
	int steps;
	int i;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(1) || !read_result(fcinfo, 1, &reached, &times, &steps))
	{
		if (summary == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(summary);
	}
	if (summary == NULL)
		summary = cv_named_new(type_name, CV_FLOW, 30, 4);
	for (i = 0; i < reached; i++)
	{
		cv_flow flow;

		flow.gap = i == 0 ? 0 : (int64) Min(cv_span(times[i - 1], times[i]), PG_INT64_MAX);
		flow.from = 0;
		flow.to = i + 1;
		flow.count = 1;
		flow.customers = 1;
		summary = cv_flow_add(summary, type_name, &flow);
	}
	cv_count(&summary->parameter[CUSTOMERS], 1, "customers");
	summary->parameter[STEPS] = Max(summary->parameter[STEPS], steps);
	PG_RETURN_POINTER(summary);
}

/* Merges two summaries; also the transition of rollup(funnel_summary). */
Datum
cv_funnel_summary_combine(PG_FUNCTION_ARGS)
{
	cv_named *summary;
	cv_named *other;

	CV_RETURN_UNLESS_BOTH(summary, other, read_summary);
	summary = cv_flow_merge(summary, type_name, other, NULL);
	cv_count(&summary->parameter[CUSTOMERS], other->parameter[CUSTOMERS], "customers");
	summary->parameter[STEPS] = Max(summary->parameter[STEPS], other->parameter[STEPS]);
	PG_RETURN_POINTER(summary);
}

/* The summary as it is stored. */
Datum
cv_funnel_summary_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(sorted_summary(read_summary(fcinfo, 0)));
}

/* Customers whose funnels were counted, those who did not enter included. */
Datum
cv_funnel_customers(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(read_summary(fcinfo, 0)->parameter[CUSTOMERS]);
}

/* funnel_steps(summary): one row for each step. */
Datum
cv_funnel_steps(PG_FUNCTION_ARGS)
{
	const cv_named *summary = sorted_summary(read_summary(fcinfo, 0));
	cv_flow_run run[CV_FUNNEL_STEPS + 1] = { 0 };
	int steps = (int) summary->parameter[STEPS];
	int32 at = 0;
	int step;

	while (at < summary->count)
	{
		cv_flow_run next;

		at = cv_flow_next(summary, at, &next);
		if (next.flow->to < 1 || next.flow->to > steps)
			cv_corrupt_binary(type_name, "A step is out of range.");
		run[next.flow->to - 1] = next;
	}
	InitMaterializedSRF(fcinfo, 0);
	for (step = 0; step < steps; step++)
	{
		Datum values[7];
		bool nulls[7] = { false };
		int64 before = run[step > 0 ? step - 1 : 0].count;

		values[0] = Int32GetDatum(step + 1);
		values[1] = Int64GetDatum(run[step].count);
		nulls[2] = run[0].count == 0;
		values[2] = Float8GetDatum(nulls[2] ? 0 : (double) run[step].count / (double) run[0].count);
		nulls[3] = before == 0;
		values[3] = Float8GetDatum(nulls[3] ? 0 : (double) run[step].count / (double) before);
		nulls[4] = nulls[5] = step == 0 || run[step].count == 0;
		values[4] = nulls[4] ? (Datum) 0 : cv_flow_percentile(&run[step], 0.5);
		values[5] = nulls[5] ? (Datum) 0 : cv_flow_percentile(&run[step], 0.9);
		values[6] = Int64GetDatum(step + 1 < steps ? run[step].count - run[step + 1].count : 0);
		cv_emit(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

/* ---- text: {"customers": 9, "steps": 3, "gaps": [[step, microseconds, customers], ..]} ---- */

/* Every entry from outside passes here. */
static void
check_flow(const cv_flow *flow, int64 steps, bool binary)
{
	const char *detail = NULL;

	if (flow->to < 1 || flow->to > steps)
		detail = "A step is out of range.";
	else if (flow->gap < 0 || (flow->to == 1 && flow->gap != 0))
		detail = "A gap is negative, or one before the first step.";
	else if (flow->count == 0)
		detail = "A number of customers is not positive.";
	if (detail && binary)
		cv_corrupt_binary(type_name, detail);
	if (detail)
		cv_malformed(type_name, "%s", detail);
}

/* No step has more customers than the one before it, and the first no more than there are. */
static void
check_totals(const cv_named *summary, bool binary)
{
	int64 total[CV_FUNNEL_STEPS + 1] = { 0 };
	int32 i;

	total[0] = summary->parameter[CUSTOMERS];
	for (i = 0; i < summary->count; i++)
		total[cv_flows(summary)[i].to] += cv_flows(summary)[i].count;
	for (i = 1; i <= CV_FUNNEL_STEPS; i++)
	{
		if (total[i] <= total[i - 1])
			continue;
		if (binary)
			cv_corrupt_binary(type_name, "A step has more customers than the one before.");
		cv_malformed(type_name, "Step %d has more customers than the one before.", i);
	}
}

typedef struct summary_reader
{
	cv_named *summary;
	cv_flow flow;
} summary_reader;

static void
read_scalar(cv_json *json, char *token, JsonTokenType kind)
{
	summary_reader *reader = json->context;
	int64 number = cv_json_integer(json, token, kind);

	if (json->depth == 1)
	{
		bool is_steps = strcmp(json->key, "steps") == 0;

		if (number < 0 || (is_steps && number > CV_FUNNEL_STEPS))
			cv_malformed(type_name, "\"%s\" is out of range.", json->key);
		reader->summary->parameter[is_steps ? STEPS : CUSTOMERS] = number;
		return;
	}
	if (number < 0 || (json->index[json->depth] != 1 && number > PG_UINT32_MAX))
		cv_malformed(type_name, "\"%s\" is out of range.", token);
	switch (json->index[json->depth])
	{
		case 0:
			reader->flow.to = (int32) Min(number, PG_INT32_MAX);
			break;
		case 1:
			reader->flow.gap = number;
			break;
		default:
			reader->flow.count = reader->flow.customers = (uint32) number;
			check_flow(&reader->flow, CV_FUNNEL_STEPS, false);
			reader->summary = cv_flow_add(reader->summary, type_name, &reader->flow);
	}
}

Datum
cv_funnel_summary_in(PG_FUNCTION_ARGS)
{
	summary_reader reader = { 0 };
	cv_json json = { 0 };
	const cv_named *summary;
	int32 i;

	reader.summary = cv_named_new(type_name, CV_FLOW, 0, 4);
	json.type = type_name;
	json.form = "{\"customers\": number, \"steps\": number, \"gaps\": [[step, microseconds, "
				"customers], ...]}";
	json.shape = "{[[";
	json.width = 3;
	json.keys[0] = "gaps";
	json.keys[1] = "customers";
	json.keys[2] = "steps";
	json.scalar = read_scalar;
	json.context = &reader;
	cv_json_read(&json, PG_GETARG_CSTRING(0));
	summary = sorted_summary(reader.summary);
	for (i = 0; i < summary->count; i++)
		check_flow(&cv_flows(summary)[i], summary->parameter[STEPS], false);
	check_totals(summary, false);
	PG_RETURN_POINTER(summary);
}

Datum
cv_funnel_summary_out(PG_FUNCTION_ARGS)
{
	const cv_named *summary = sorted_summary(read_summary(fcinfo, 0));
	const cv_flow *flow = cv_flows(summary);
	StringInfoData text;
	int32 i;

	initStringInfo(&text);
	appendStringInfo(&text, "{\"customers\": %lld, \"steps\": %d, \"gaps\": [",
					 (long long) summary->parameter[CUSTOMERS], (int) summary->parameter[STEPS]);
	for (i = 0; i < summary->count; i++)
	{
		appendStringInfo(&text, "%s[%d, %lld, %u]", i > 0 ? ", " : "", flow[i].to,
						 (long long) flow[i].gap, flow[i].count);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoString(&text, "]}");
	PG_RETURN_CSTRING(text.data);
}

Datum
cv_funnel_summary_recv(PG_FUNCTION_ARGS)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	cv_named *summary = cv_named_new(type_name, CV_FLOW, 0, 4);
	const cv_named *stored;
	int64 count;
	int64 i;

	cv_receive_begin(buffer, type_name, 0);
	summary->parameter[CUSTOMERS] = pq_getmsgint64(buffer);
	summary->parameter[STEPS] = pq_getmsgint64(buffer);
	if (summary->parameter[CUSTOMERS] < 0 || summary->parameter[STEPS] < 0 ||
		summary->parameter[STEPS] > CV_FUNNEL_STEPS)
		cv_corrupt_binary(type_name, "The number of steps is out of range.");
	count = cv_receive_count(buffer, type_name, 16);
	for (i = 0; i < count; i++)
	{
		cv_flow flow = { 0 };

		flow.to = (int32) pq_getmsgint(buffer, 4);
		flow.gap = pq_getmsgint64(buffer);
		flow.count = flow.customers = pq_getmsgint(buffer, 4);
		check_flow(&flow, summary->parameter[STEPS], true);
		summary = cv_flow_add(summary, type_name, &flow);
	}
	stored = sorted_summary(summary);
	check_totals(stored, true);
	PG_RETURN_POINTER(stored);
}

Datum
cv_funnel_summary_send(PG_FUNCTION_ARGS)
{
	const cv_named *summary = sorted_summary(read_summary(fcinfo, 0));
	const cv_flow *flow = cv_flows(summary);
	StringInfoData buffer;
	int32 i;

	cv_send_begin(&buffer, 0);
	pq_sendint64(&buffer, summary->parameter[CUSTOMERS]);
	pq_sendint64(&buffer, summary->parameter[STEPS]);
	pq_sendint64(&buffer, summary->count);
	for (i = 0; i < summary->count; i++)
	{
		pq_sendint32(&buffer, flow[i].to);
		pq_sendint64(&buffer, flow[i].gap);
		pq_sendint32(&buffer, flow[i].count);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
