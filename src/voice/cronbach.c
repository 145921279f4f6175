/*
 * cronbach.c: do the items of a scale measure one thing?  Cronbach's (1951) alpha of k
 * items, from complete answers:
 *
 *   alpha = k / (k - 1) (1 - sum of the items' variances / variance of their total)
 *
 * standardised k r / (1 + (k - 1) r) with the mean correlation r.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "voice/voice.h"

/* Moments of the items. */
typedef struct cv_item_summary
{
	cv_header header;
	int32 items;
	int32 reserved;
	int64 responses;
	cv_sum moment[FLEXIBLE_ARRAY_MEMBER]; /* CV_MOMENTS(items) */
} cv_item_summary;

#define MOST_ITEMS 200

/* Of the items' variation what the total has, below which it has none. */
#define TOTAL_VARIES 1e-13

static const char type_name[] = "cv_item_summary";

#define SMALLEST offsetof(cv_item_summary, moment)
#define SIZE(items) (SMALLEST + CV_MOMENTS(items) * sizeof(cv_sum))

PG_FUNCTION_INFO_V1(cv_item_trans);
PG_FUNCTION_INFO_V1(cv_item_combine);
PG_FUNCTION_INFO_V1(cv_item_summary_final);
PG_FUNCTION_INFO_V1(cv_cronbach_alpha);
PG_FUNCTION_INFO_V1(cv_item_responses);
PG_FUNCTION_INFO_V1(cv_item_statistics);
PG_FUNCTION_INFO_V1(cv_item_summary_in);
PG_FUNCTION_INFO_V1(cv_item_summary_out);
PG_FUNCTION_INFO_V1(cv_item_summary_recv);
PG_FUNCTION_INFO_V1(cv_item_summary_send);

/* ---- state ---- */

static cv_item_summary *
new_summary(int items)
{
	cv_item_summary *summary =
		cv_state_alloc(SMALLEST, CV_MOMENTS(items), sizeof(cv_sum), type_name, 0);

	summary->items = items;
	return summary;
}

static cv_item_summary *
read_summary(FunctionCallInfo fcinfo, int argument)
{
	cv_item_summary *summary = cv_value_arg(fcinfo, argument, type_name, SMALLEST, 0);

	if (summary->items < 2 || summary->items > MOST_ITEMS ||
		VARSIZE(summary) < SIZE(summary->items))
		cv_corrupt_binary(type_name, "The number of items does not fit the length.");
	return summary;
}

static void
check_same(const cv_item_summary *summary, int items)
{
	if (summary->items != items)
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
						errmsg("the number of items must not change between rows"),
						errdetail("It was %d and is %d.", summary->items, items),
						errhint("Use NULL for an item without an answer; such rows are ignored.")));
}

/* cronbach_alpha(items), item_summary(items): a row that is not complete is ignored. */
Datum
cv_item_trans(PG_FUNCTION_ARGS)
{
	cv_item_summary *summary = PG_ARGISNULL(0) ? NULL : read_summary(fcinfo, 0);
	ArrayType *items = PG_ARGISNULL(1) ? NULL : PG_GETARG_ARRAYTYPE_P(1);
	const double *answer;
	int n;
	int i;

	cv_require_aggregate(fcinfo);
	if (items == NULL || array_contains_nulls(items))
		return cv_state_result(fcinfo, summary);
	n = ArrayGetNItems(ARR_NDIM(items), ARR_DIMS(items));
	if (ARR_NDIM(items) > 1 || n < 2)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("items must be an array of one dimension and at least two answers")));
	if (n > MOST_ITEMS)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("%d items are more than %d", n, MOST_ITEMS)));
	answer = (const double *) ARR_DATA_PTR(items);
	for (i = 0; i < n; i++)
		cv_moments_check("an answer", answer[i]);
	if (summary == NULL)
		summary = new_summary(n);
	check_same(summary, n);
	cv_count(&summary->responses, 1, "answers");
	cv_moments_add(summary->moment, n, answer);
	PG_RETURN_POINTER(summary);
}

/* Merges two summaries; also the transition of rollup(item_summary). */
Datum
cv_item_combine(PG_FUNCTION_ARGS)
{
	cv_item_summary *summary;
	const cv_item_summary *other;

	CV_RETURN_UNLESS_BOTH(summary, other, read_summary);
	check_same(summary, other->items);
	cv_count(&summary->responses, other->responses, "answers");
	cv_moments_merge(summary->moment, other->moment, summary->items);
	PG_RETURN_POINTER(summary);
}

/* The summary as it is stored: sums in normal form. */
static cv_item_summary *
normal_summary(const cv_item_summary *summary)
{
	cv_item_summary *copy = new_summary(summary->items);

	copy->responses = summary->responses;
	memcpy(copy->moment, summary->moment, CV_MOMENTS(summary->items) * sizeof(cv_sum));
	cv_moments_normalize(copy->moment, copy->items);
	return copy;
}

Datum
cv_item_summary_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(normal_summary(read_summary(fcinfo, 0)));
}

/* ---- answers ---- */

/* responses(summary): the complete rows. */
Datum
cv_item_responses(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(read_summary(fcinfo, 0)->responses);
}

static double *
centred(const cv_item_summary *summary)
{
	double *matrix = palloc(sizeof(double) * summary->items * summary->items);

	cv_moments_centred(summary->moment, summary->items, summary->responses, matrix);
	return matrix;
}

/* Alpha of k items from the sum of their variances and that of the total; false without. */
static bool
alpha_of(int k, double items, double total, double *alpha)
{
	if (k < 2 || !(items > 0) || !(total > TOTAL_VARIES * items))
		return false;
	*alpha = k / (k - 1.0) * (1 - items / total);
	return true;
}

/*
 * cronbach_alpha, of the aggregate and of a summary; NULL without two answers that
 * differ.  A second argument asks for the standardised form.
 */
Datum
cv_cronbach_alpha(PG_FUNCTION_ARGS)
{
	const cv_item_summary *summary;
	const double *matrix;
	double items = 0;
	double total = 0;
	double alpha;
	bool standardized = PG_NARGS() > 1 && PG_GETARG_BOOL(1);
	int k;
	int i;
	int j;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	summary = normal_summary(read_summary(fcinfo, 0));
	k = summary->items;
	matrix = centred(summary);
	for (i = 0; i < k; i++)
	{
		if (standardized &&
			cv_moments_is_constant(summary->moment, k, i, summary->responses, matrix))
			PG_RETURN_NULL();
		for (j = 0; j < k; j++)
		{
			double entry = matrix[i * k + j];

			if (standardized)
				entry /= sqrt(matrix[i * k + i]) * sqrt(matrix[j * k + j]);
			total += entry;
			items += i == j ? entry : 0;
		}
	}
	if (!alpha_of(k, items, total, &alpha))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(alpha);
}

/*
 * item_statistics(summary): each item's mean and standard deviation, its correlation with
 * the total of the others, and alpha without it.
 */
Datum
cv_item_statistics(PG_FUNCTION_ARGS)
{
	const cv_item_summary *summary = normal_summary(read_summary(fcinfo, 0));
	int k = summary->items;
	double n = (double) summary->responses;
	const double *matrix = centred(summary);
	double *with_total = palloc0(sizeof(double) * k);
	double items = 0;
	double total = 0;
	int i;
	int j;

	InitMaterializedSRF(fcinfo, 0);
	if (summary->responses == 0)
		return (Datum) 0;
	for (i = 0; i < k; i++)
	{
		for (j = 0; j < k; j++)
			with_total[i] += matrix[i * k + j];
		items += matrix[i * k + i];
		total += with_total[i];
	}
	for (i = 0; i < k; i++)
	{
		Datum values[5] = { 0 };
		bool nulls[5] = { false, false, true, true, true };
		double own = matrix[i * k + i];
		double rest = total - 2 * with_total[i] + own;
		double alpha;

		values[0] = Int32GetDatum(i + 1);
		values[1] = Float8GetDatum(cv_sum_round(&summary->moment[i]) / n);
		if (summary->responses > 1)
		{
			values[2] = Float8GetDatum(sqrt(Max(0, own) / n / (n - 1)));
			nulls[2] = false;
		}
		if (!cv_moments_is_constant(summary->moment, k, i, summary->responses, matrix) &&
			rest > TOTAL_VARIES * (items - own))
		{
			values[3] = Float8GetDatum((with_total[i] - own) / (sqrt(own) * sqrt(rest)));
			nulls[3] = false;
		}
		if (alpha_of(k - 1, items - own, rest, &alpha))
		{
			values[4] = Float8GetDatum(alpha);
			nulls[4] = false;
		}
		cv_emit(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

/* ---- text: {"responses": 30, "items": 2, "moments": [x, y, xx, xy, yy]} ---- */

Datum
cv_item_summary_in(PG_FUNCTION_ARGS)
{
	cv_document document =
		cv_document_open(PG_GETARG_CSTRING(0), type_name,
						 "{\"responses\": number, \"items\": number, \"moments\": [sum, ...]}");
	cv_item_summary *summary =
		new_summary((int) cv_document_integer(&document, "items", 2, MOST_ITEMS));

	summary->responses = cv_document_integer(&document, "responses", 0, PG_INT64_MAX);
	cv_read_moments(&document, "moments", summary->moment, summary->items);
	cv_document_close(&document);
	PG_RETURN_POINTER(summary);
}

Datum
cv_item_summary_out(PG_FUNCTION_ARGS)
{
	const cv_item_summary *summary = normal_summary(read_summary(fcinfo, 0));
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "{\"responses\": %lld, \"items\": %d, \"moments\": ",
					 (long long) summary->responses, summary->items);
	cv_append_moments(&text, summary->moment, summary->items);
	appendStringInfoChar(&text, '}');
	PG_RETURN_CSTRING(text.data);
}

/* ---- binary ---- */

Datum
cv_item_summary_recv(PG_FUNCTION_ARGS)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	cv_item_summary *summary;
	const char *fault;
	int64 responses;
	int32 items;
	int64 i;

	cv_receive_begin(buffer, type_name, 0);
	responses = pq_getmsgint64(buffer);
	items = (int32) pq_getmsgint(buffer, 4);
	if (responses < 0)
		cv_corrupt_binary(type_name, "The number of answers is negative.");
	if (items < 2 || items > MOST_ITEMS)
		cv_corrupt_binary(type_name, "The number of items is out of range.");
	summary = new_summary(items);
	summary->responses = responses;
	for (i = 0; i < CV_MOMENTS(items); i++)
		cv_receive_sum(buffer, type_name, &summary->moment[i]);
	fault = cv_moments_fault(summary->moment, items);
	if (fault)
		cv_corrupt_binary(type_name, fault);
	PG_RETURN_POINTER(summary);
}

Datum
cv_item_summary_send(PG_FUNCTION_ARGS)
{
	const cv_item_summary *summary = normal_summary(read_summary(fcinfo, 0));
	StringInfoData buffer;
	int64 i;

	cv_send_begin(&buffer, 0);
	pq_sendint64(&buffer, summary->responses);
	pq_sendint32(&buffer, summary->items);
	for (i = 0; i < CV_MOMENTS(summary->items); i++)
		cv_send_sum(&buffer, &summary->moment[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
