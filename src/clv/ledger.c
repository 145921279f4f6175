/*
 * ledger.c: net present value of dated flows, clv(amount, at, as_of,
 * discount_rate) and clv(flows, as_of, discount_rate):
 *
 *   sum of amount * (1 + discount_rate)^((as_of - at) / 365.25)
 *
 * Past flows compound, future ones are discounted, in years of 365.25 days; the
 * past half is the past customer value of Kumar and Reinartz.  The aggregate's
 * state keeps the net amount of each day in whole millionths and is summed in
 * order of the days, so that the answer is the same to the last bit in whatever
 * order and partition the rows came.
 */
#include "postgres.h"

#include <math.h>

#include "activity/activity.h"
#include "clv/clv.h"
#include "common/int.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"

/*
 * A state: as_of, the rate, and flows by day.  It may be unsorted, with days
 * repeated, and has room for more flows than it holds.  Of an entry only day and
 * amount are meant; events is 0.
 */
typedef struct cv_flow_log
{
	cv_header header;
	int32 count; /* flows in use */
	DateADT as_of;
	double discount_rate; /* a year */
	cv_activity flow[FLEXIBLE_ARRAY_MEMBER];
} cv_flow_log;

#define CV_FLOWS_UNSORTED 0x01 /* days in any order and repeated */

static const char type_name[] = "cv_flow_log";

#define SMALLEST offsetof(cv_flow_log, flow)
#define CAPACITY(log) ((int32) ((VARSIZE(log) - SMALLEST) / sizeof(cv_activity)))

#define ST_SORT sort_flows
#define ST_ELEMENT_TYPE cv_activity
#define ST_COMPARE(a, b) ((a)->day < (b)->day ? -1 : (a)->day > (b)->day)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

PG_FUNCTION_INFO_V1(cv_clv_trans);
PG_FUNCTION_INFO_V1(cv_clv_combine);
PG_FUNCTION_INFO_V1(cv_clv_final);
PG_FUNCTION_INFO_V1(cv_clv_flows);
PG_FUNCTION_INFO_V1(cv_flow_log_in);
PG_FUNCTION_INFO_V1(cv_flow_log_out);
PG_FUNCTION_INFO_V1(cv_flow_log_recv);
PG_FUNCTION_INFO_V1(cv_flow_log_send);

/* ---- value ---- */

/* Net present value of flows in order of their days, by compensated summation (Neumaier 1974). */
static double
present_value(const cv_activity *flow, int32 count, DateADT as_of, double discount_rate)
{
	double force = log1p(discount_rate);
	double sum = 0;
	double rest = 0;
	int32 i;

	for (i = 0; i < count; i++)
	{
		double years = ((double) as_of - flow[i].day) / 365.25;
		double term = 0;
		double next;

		if (flow[i].amount != 0)
			term = (double) flow[i].amount / CV_MILLION * exp(years * force);
		next = sum + term;
		rest += fabs(sum) >= fabs(term) ? (sum - next) + term : (term - next) + sum;
		sum = next;
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	if (!isfinite(sum + rest))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("clv is out of range: a flow of the distant past compounds to "
							   "infinity at discount_rate %.15g",
							   discount_rate),
						errhint("Check the dates, and that the rate is a share: 10 %% is 0.10.")));
	return sum + rest;
}

static double
check_rate(double rate)
{
	return cv_check_range("discount_rate", rate, 0, INFINITY);
}

/* clv(flows, as_of, discount_rate): the storable form, over an activity log. */
Datum
cv_clv_flows(PG_FUNCTION_ARGS)
{
	const cv_activity_log *log = cv_log_days(cv_log_arg(fcinfo, 0, cv_activity_log_type));
	DateADT as_of = cv_check_day("as_of", PG_GETARG_DATEADT(1));

	PG_RETURN_FLOAT8(present_value(log->entry, log->count, as_of, check_rate(PG_GETARG_FLOAT8(2))));
}

/* ---- state ---- */

static cv_flow_log *
read_flows(FunctionCallInfo fcinfo, int argument)
{
	cv_flow_log *log = cv_value_arg(fcinfo, argument, type_name, SMALLEST, CV_FLOWS_UNSORTED);

	if (log->count < 0 || log->count > CAPACITY(log))
		cv_corrupt_binary(type_name, "The number of flows does not fit the length.");
	return log;
}

static cv_flow_log *
new_flows(int64 capacity, DateADT as_of, double discount_rate)
{
	cv_flow_log *log = cv_state_alloc(SMALLEST, capacity, sizeof(cv_activity), type_name, 0);

	log->as_of = as_of;
	log->discount_rate = discount_rate;
	return log;
}

static void
merge_amount(cv_activity *into, int64 amount)
{
	if (unlikely(pg_add_s64_overflow(into->amount, amount, &into->amount)))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("amounts of one day add up to more than 9.2e12")));
}

/* Sorts a state in place and makes one flow of each day. */
static void
sort_state(cv_flow_log *log)
{
	int32 kept = 0;
	int32 i;

	if (!(log->header.flags & CV_FLOWS_UNSORTED))
		return;
	sort_flows(log->flow, log->count);
	for (i = 1; i < log->count; i++)
	{
		if (log->flow[i].day == log->flow[kept].day)
			merge_amount(&log->flow[kept], log->flow[i].amount);
		else
			log->flow[++kept] = log->flow[i];
	}
	log->count = log->count > 0 ? kept + 1 : 0;
	log->header.flags &= ~CV_FLOWS_UNSORTED;
}

/* The state with its days in order; a copy where they are not, the argument untouched. */
static const cv_flow_log *
sorted_flows(const cv_flow_log *log)
{
	cv_flow_log *copy;
	Size size = SMALLEST + (Size) log->count * sizeof(cv_activity);

	if (!(log->header.flags & CV_FLOWS_UNSORTED))
		return log;
	copy = palloc(size);
	memcpy(copy, log, size);
	SET_VARSIZE(copy, size);
	sort_state(copy);
	return copy;
}

/* Adds one flow; returns the state, which has moved if it had to grow. */
static cv_flow_log *
add_flow(cv_flow_log *log, DateADT day, int64 amount)
{
	if (log->count > 0 && log->flow[log->count - 1].day == day)
	{
		merge_amount(&log->flow[log->count - 1], amount);
		return log;
	}
	if (log->count == CAPACITY(log))
	{
		sort_state(log);
		if (log->count * (int64) 2 >= CAPACITY(log))
		{
			cv_flow_log *larger =
				new_flows(CAPACITY(log) * (int64) 2 + 2, log->as_of, log->discount_rate);

			larger->count = log->count;
			memcpy(larger->flow, log->flow, log->count * sizeof(cv_activity));
			log = larger;
		}
	}
	if (log->count > 0 && day <= log->flow[log->count - 1].day)
		log->header.flags |= CV_FLOWS_UNSORTED;
	log->flow[log->count].day = day;
	log->flow[log->count].amount = amount;
	log->flow[log->count].events = 0;
	log->count++;
	return log;
}

/* All rows of a group are told of one day at one rate. */
static void
check_same(const cv_flow_log *log, DateADT as_of, double discount_rate)
{
	cv_check_same_as_of(log->as_of, as_of);
	if (log->discount_rate != discount_rate)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("discount_rate must not change between rows"),
						errdetail("It was %.15g and is %.15g.", log->discount_rate, discount_rate),
						errhint("Use one discount_rate for all rows of a group.")));
}

/* clv(amount, at, as_of, discount_rate): a row with any NULL is ignored. */
Datum
cv_clv_trans(PG_FUNCTION_ARGS)
{
	cv_flow_log *log = PG_ARGISNULL(0) ? NULL : read_flows(fcinfo, 0);
	DateADT day;
	DateADT as_of;
	int64 amount;
	double rate;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3) || PG_ARGISNULL(4))
		return cv_state_result(fcinfo, log);
	amount = cv_millionths(PG_GETARG_FLOAT8(1));
	day = cv_check_day("the date of a flow", PG_GETARG_DATEADT(2));
	as_of = cv_check_day("as_of", PG_GETARG_DATEADT(3));
	rate = check_rate(PG_GETARG_FLOAT8(4));
	if (log == NULL)
		log = new_flows(2, as_of, rate);
	check_same(log, as_of, rate);
	PG_RETURN_POINTER(add_flow(log, day, amount));
}

/* Merges two states. */
Datum
cv_clv_combine(PG_FUNCTION_ARGS)
{
	cv_flow_log *log;
	cv_flow_log *other;
	int32 i;

	CV_RETURN_UNLESS_BOTH(log, other, read_flows);
	check_same(log, other->as_of, other->discount_rate);
	for (i = 0; i < other->count; i++)
	{
		log = add_flow(log, other->flow[i].day, other->flow[i].amount);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_POINTER(log);
}

/* The net present value of the rows. */
Datum
cv_clv_final(PG_FUNCTION_ARGS)
{
	const cv_flow_log *log;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	log = sorted_flows(read_flows(fcinfo, 0));
	PG_RETURN_FLOAT8(present_value(log->flow, log->count, log->as_of, log->discount_rate));
}

/* ---- text: {"as_of": "2026-03-31", "discount_rate": 0.1, "flows": [["2026-01-05", -50], ..]} ---- */

typedef struct flow_reader
{
	cv_flow_log *log;
	DateADT day;
} flow_reader;

static void
read_scalar(cv_json *json, char *token, JsonTokenType kind)
{
	flow_reader *reader = json->context;
	cv_flow_log *log = reader->log;

	if (json->depth == 1 && strcmp(json->key, "as_of") == 0)
		log->as_of = cv_read_day(json, token, kind);
	else if (json->depth == 1)
	{
		log->discount_rate = cv_json_number(json, token, kind) + 0.0;
		if (!(log->discount_rate >= 0))
			cv_malformed(type_name, "discount_rate is negative.");
	}
	else if (json->index[json->depth] == 0)
	{
		reader->day = cv_read_day(json, token, kind);
		if (log->count > 0 && log->flow[log->count - 1].day >= reader->day)
			cv_malformed(type_name, "The days are not in order.");
	}
	else
		reader->log = add_flow(log, reader->day, cv_read_amount(json, token, kind));
}

Datum
cv_flow_log_in(PG_FUNCTION_ARGS)
{
	flow_reader reader = { 0 };
	cv_json json = { 0 };

	reader.log = new_flows(2, 0, 0);
	json.type = type_name;
	json.form = "{\"as_of\": date, \"discount_rate\": number, \"flows\": [[date, amount], ...]}";
	json.shape = "{[[";
	json.width = 2;
	json.keys[0] = "flows";
	json.keys[1] = "as_of";
	json.keys[2] = "discount_rate";
	json.scalar = read_scalar;
	json.context = &reader;
	cv_json_read(&json, PG_GETARG_CSTRING(0));
	SET_VARSIZE(reader.log, SMALLEST + (Size) reader.log->count * sizeof(cv_activity));
	PG_RETURN_POINTER(reader.log);
}

Datum
cv_flow_log_out(PG_FUNCTION_ARGS)
{
	const cv_flow_log *log = sorted_flows(read_flows(fcinfo, 0));
	StringInfoData text;
	int32 i;

	initStringInfo(&text);
	appendStringInfoString(&text, "{\"as_of\": ");
	cv_append_day(&text, log->as_of);
	appendStringInfoString(&text, ", \"discount_rate\": ");
	cv_append_number(&text, log->discount_rate);
	appendStringInfoString(&text, ", \"flows\": [");
	for (i = 0; i < log->count; i++)
	{
		appendStringInfoString(&text, i > 0 ? ", [" : "[");
		cv_append_day(&text, log->flow[i].day);
		appendStringInfoString(&text, ", ");
		cv_append_amount(&text, log->flow[i].amount);
		appendStringInfoChar(&text, ']');
	}
	appendStringInfoString(&text, "]}");
	PG_RETURN_CSTRING(text.data);
}

static DateADT
receive_day(StringInfo buffer)
{
	DateADT day = (DateADT) pq_getmsgint(buffer, 4);

	if (DATE_NOT_FINITE(day) || !IS_VALID_DATE(day))
		cv_corrupt_binary(type_name, "A date is out of range.");
	return day;
}

Datum
cv_flow_log_recv(PG_FUNCTION_ARGS)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	cv_flow_log *log;
	DateADT as_of;
	double rate;
	int64 count;
	int64 i;

	cv_receive_begin(buffer, type_name, 0);
	as_of = receive_day(buffer);
	rate = pq_getmsgfloat8(buffer) + 0.0;
	if (!(rate >= 0) || isinf(rate))
		cv_corrupt_binary(type_name, "discount_rate is out of range.");
	count = cv_receive_count(buffer, type_name, 12);
	log = new_flows(count, as_of, rate);
	log->count = (int32) count;
	for (i = 0; i < count; i++)
	{
		log->flow[i].day = receive_day(buffer);
		log->flow[i].amount = pq_getmsgint64(buffer);
		if (i > 0 && log->flow[i - 1].day >= log->flow[i].day)
			cv_corrupt_binary(type_name, "The days are not in order.");
	}
	PG_RETURN_POINTER(log);
}

Datum
cv_flow_log_send(PG_FUNCTION_ARGS)
{
	const cv_flow_log *log = sorted_flows(read_flows(fcinfo, 0));
	StringInfoData buffer;
	int32 i;

	cv_send_begin(&buffer, 0);
	pq_sendint32(&buffer, log->as_of);
	pq_sendfloat8(&buffer, log->discount_rate);
	pq_sendint64(&buffer, log->count);
	for (i = 0; i < log->count; i++)
	{
		pq_sendint32(&buffer, log->flow[i].day);
		pq_sendint64(&buffer, log->flow[i].amount);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
