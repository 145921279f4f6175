/*
 * csat.c: customer satisfaction, the share of answers at or above a threshold, 0 to 100.
 *
 * Scales differ (3 to 10 points), so the caller names the lowest satisfied answer: 4 on
 * the scale from 1 to 5 is the "top two boxes".
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "core/normal.h"
#include "libpq/pqformat.h"
#include "voice/voice.h"

/* Answers counted, those at or above the threshold among them. */
typedef struct cv_csat_summary
{
	cv_header header;
	int64 responses;
	int64 satisfied;
	double satisfied_from;
} cv_csat_summary;

static const char type_name[] = "cv_csat_summary";

PG_FUNCTION_INFO_V1(cv_csat_trans);
PG_FUNCTION_INFO_V1(cv_csat_combine);
PG_FUNCTION_INFO_V1(cv_csat_final);
PG_FUNCTION_INFO_V1(cv_csat_responses);
PG_FUNCTION_INFO_V1(cv_csat_satisfied);
PG_FUNCTION_INFO_V1(cv_csat_interval);
PG_FUNCTION_INFO_V1(cv_csat_summary_in);
PG_FUNCTION_INFO_V1(cv_csat_summary_out);
PG_FUNCTION_INFO_V1(cv_csat_summary_recv);
PG_FUNCTION_INFO_V1(cv_csat_summary_send);

/* ---- state ---- */

static cv_csat_summary *
new_summary(double satisfied_from)
{
	cv_csat_summary *summary = cv_state_alloc(sizeof(cv_csat_summary), 0, 1, type_name, 0);

	summary->satisfied_from = satisfied_from + 0.0; /* no -0 */
	return summary;
}

static cv_csat_summary *
read_summary(FunctionCallInfo fcinfo, int argument)
{
	return cv_value_arg(fcinfo, argument, type_name, sizeof(cv_csat_summary), 0);
}

/* All answers of a group are judged alike. */
static void
check_same(const cv_csat_summary *summary, double satisfied_from)
{
	if (summary->satisfied_from != satisfied_from)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("satisfied_from must not change between rows"),
				 errdetail("It was %.15g and is %.15g.", summary->satisfied_from, satisfied_from),
				 errhint("Use one satisfied_from for all rows of a group.")));
}

/* csat(score, satisfied_from), csat_summary(..): a row with a NULL is ignored. */
Datum
cv_csat_trans(PG_FUNCTION_ARGS)
{
	cv_csat_summary *summary = cv_plain_state(fcinfo, 0);
	double score;
	double satisfied_from;

	if (summary == NULL)
	{
		cv_require_aggregate(fcinfo);
		if (!PG_ARGISNULL(0))
			summary = read_summary(fcinfo, 0);
	}
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return cv_state_result(fcinfo, summary);
	score = PG_GETARG_FLOAT8(1);
	satisfied_from = PG_GETARG_FLOAT8(2);
	if (unlikely(!isfinite(score)))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("score must be a finite number, not %g", score)));
	if (summary == NULL)
		summary =
			new_summary(cv_check_range("satisfied_from", satisfied_from, -INFINITY, INFINITY));
	check_same(summary, satisfied_from);
	cv_count(&summary->responses, 1, "answers");
	summary->satisfied += score >= satisfied_from;
	PG_RETURN_POINTER(summary);
}

/* Merges two summaries; also the transition of rollup(csat_summary). */
Datum
cv_csat_combine(PG_FUNCTION_ARGS)
{
	cv_csat_summary *summary;
	const cv_csat_summary *other;

	CV_RETURN_UNLESS_BOTH(summary, other, read_summary);
	check_same(summary, other->satisfied_from);
	cv_count(&summary->responses, other->responses, "answers");
	summary->satisfied += other->satisfied;
	PG_RETURN_POINTER(summary);
}

/* ---- answers ---- */

/* The share of satisfied answers, also of csat(csat_summary); NULL without answers. */
Datum
cv_csat_final(PG_FUNCTION_ARGS)
{
	const cv_csat_summary *summary;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	summary = read_summary(fcinfo, 0);
	if (summary->responses == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(100 * (double) summary->satisfied / (double) summary->responses);
}

/* responses(summary): the answers. */
Datum
cv_csat_responses(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(read_summary(fcinfo, 0)->responses);
}

/* satisfied(summary): those of satisfied_from and above. */
Datum
cv_csat_satisfied(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(read_summary(fcinfo, 0)->satisfied);
}

/* csat_interval(summary, confidence): Wilson's limits, 0 to 100. */
Datum
cv_csat_interval(PG_FUNCTION_ARGS)
{
	static const Oid types[] = { FLOAT8OID, FLOAT8OID };
	const cv_csat_summary *summary = read_summary(fcinfo, 0);
	double z = -cv_normal_quantile((1 - cv_confidence_arg(fcinfo, 1)) / 2);
	Datum values[2];
	bool nulls[2] = { false, false };
	double low;
	double high;

	if (summary->responses == 0)
		PG_RETURN_NULL();
	cv_wilson((double) summary->satisfied, (double) summary->responses, z, &low, &high);
	values[0] = Float8GetDatum(100 * low);
	values[1] = Float8GetDatum(100 * high);
	return cv_row(fcinfo, values, nulls, "csat_interval", 2, types);
}

/* ---- text: {"satisfied_from": 4, "satisfied": 85, "responses": 100} ---- */

Datum
cv_csat_summary_in(PG_FUNCTION_ARGS)
{
	cv_document document = cv_document_open(
		PG_GETARG_CSTRING(0), type_name,
		"{\"satisfied_from\": number, \"satisfied\": number, \"responses\": number}");
	cv_csat_summary *summary = new_summary(cv_document_number(&document, "satisfied_from"));

	summary->responses = cv_document_integer(&document, "responses", 0, PG_INT64_MAX);
	summary->satisfied = cv_document_integer(&document, "satisfied", 0, summary->responses);
	cv_document_close(&document);
	PG_RETURN_POINTER(summary);
}

Datum
cv_csat_summary_out(PG_FUNCTION_ARGS)
{
	const cv_csat_summary *summary = read_summary(fcinfo, 0);
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, "{\"satisfied_from\": ");
	cv_append_number(&text, summary->satisfied_from);
	appendStringInfo(&text, ", \"satisfied\": %lld, \"responses\": %lld}",
					 (long long) summary->satisfied, (long long) summary->responses);
	PG_RETURN_CSTRING(text.data);
}

/* ---- binary ---- */

Datum
cv_csat_summary_recv(PG_FUNCTION_ARGS)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	cv_csat_summary *summary;

	cv_receive_begin(buffer, type_name, 0);
	summary = new_summary(pq_getmsgfloat8(buffer));
	summary->satisfied = pq_getmsgint64(buffer);
	summary->responses = pq_getmsgint64(buffer);
	if (!isfinite(summary->satisfied_from))
		cv_corrupt_binary(type_name, "satisfied_from is not a finite number.");
	if (summary->satisfied < 0 || summary->satisfied > summary->responses)
		cv_corrupt_binary(type_name, "A number of answers is out of range.");
	PG_RETURN_POINTER(summary);
}

Datum
cv_csat_summary_send(PG_FUNCTION_ARGS)
{
	const cv_csat_summary *summary = read_summary(fcinfo, 0);
	StringInfoData buffer;

	cv_send_begin(&buffer, 0);
	pq_sendfloat8(&buffer, summary->satisfied_from);
	pq_sendint64(&buffer, summary->satisfied);
	pq_sendint64(&buffer, summary->responses);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
