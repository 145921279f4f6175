/*
 * rfm.c: recency, frequency, monetary value of a customer; scores and segments.
 */
#include "postgres.h"

#include <math.h>

#include "access/detoast.h"
#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "pg/row_arg.h"
#include "segment/rfm.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(cv_rfm_value);
PG_FUNCTION_INFO_V1(cv_rfm_score);
PG_FUNCTION_INFO_V1(cv_rfm_segment);

static const Oid value_types[3] = { INT4OID, INT8OID, FLOAT8OID };
static const Oid score_types[4] = { INT4OID, INT4OID, INT4OID, INT4OID };

/* rfm_value(log, as_of): later activity is not looked at; NULL before the first purchase. */
Datum
cv_rfm_value(PG_FUNCTION_ARGS)
{
	const cv_activity_log *log = cv_log_sorted(cv_log_arg(fcinfo, 0, cv_activity_log_type));
	DateADT as_of = cv_check_day("as_of", PG_GETARG_DATEADT(1));
	bool nulls[3] = { false, false, false };
	Datum values[3];
	int64 orders = 0;
	int128 total = 0;
	DateADT last = 0;
	int32 i;

	for (i = 0; i < log->count && log->entry[i].day <= as_of; i++)
	{
		if (log->entry[i].events > 0)
			last = log->entry[i].day;
		orders += log->entry[i].events;
		total += log->entry[i].amount;
	}
	if (orders == 0)
		PG_RETURN_NULL();
	values[0] = Int32GetDatum(as_of - last);
	values[1] = Int64GetDatum(orders);
	values[2] = Float8GetDatum((double) total / CV_MILLION);
	return cv_row(fcinfo, values, nulls, "cv_rfm_value", 3, value_types);
}

/* Reads a cv_rfm_value argument as three numbers; false for one of NULLs. */
bool
cv_rfm_value_arg(FunctionCallInfo fcinfo, int argument, double *value)
{
	static cv_row_form form = { "cv_rfm_value", 3, value_types, InvalidOid, 0 };
	cv_row_field field[3];

	if (!cv_row_arg(fcinfo, argument, &form, field))
		return false;
	value[0] = (double) field[0].whole;
	value[1] = (double) field[1].whole;
	value[2] = field[2].number;
	if (field[0].whole < 0 || field[1].whole < 1)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("impossible RFM value: recency %lld, frequency %lld",
							   (long long) field[0].whole, (long long) field[1].whole),
						errdetail("recency is at least 0 days, frequency at least 1 order.")));
	if (!isfinite(value[2]))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("monetary of an RFM value must be finite, not %g", value[2])));
	return true;
}

/* ---- scores ---- */

/* What a call site keeps: the cuts of the scale that it was called with last. */
typedef struct score_memo
{
	TupleDesc shape; /* of the result */
	uint64 mark;	 /* of the scale; 0: nothing is kept */
	int64 count;
	Oid toast_table; /* and where it was stored, if it was */
	Oid toast_value;
	cv_rfm_cuts cuts;
} score_memo;

/* Where a stored value lies that is too large for its row. */
static bool
stored_outside(Datum datum, Oid *table, Oid *value)
{
	struct varlena *raw = (struct varlena *) DatumGetPointer(datum);
	struct varatt_external pointer;

	if (!VARATT_IS_EXTERNAL_ONDISK(raw))
		return false;
	VARATT_EXTERNAL_GET_POINTER(pointer, raw);
	*table = pointer.va_toastrelid;
	*value = pointer.va_valueid;
	return true;
}

static score_memo *
memo_of(FunctionCallInfo fcinfo)
{
	score_memo *memo = fcinfo->flinfo->fn_extra;
	MemoryContext caller;
	TupleDesc shape;

	if (memo)
		return memo;
	caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	if (get_call_result_type(fcinfo, NULL, &shape) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "function %u does not return a row", fcinfo->flinfo->fn_oid);
	cv_check_shape(shape, "cv_rfm_score", 4, score_types);
	memo = palloc0(sizeof(score_memo));
	memo->shape = BlessTupleDesc(shape);
	fcinfo->flinfo->fn_extra = memo;
	MemoryContextSwitchTo(caller);
	return memo;
}

/* The cuts of a scale, which is large: they are found once for all rows of a query. */
static const cv_rfm_cuts *
cuts_for(FunctionCallInfo fcinfo, score_memo *memo, int32 bins, cv_rfm_method method)
{
	Oid table = InvalidOid;
	Oid value = InvalidOid;
	bool outside = stored_outside(PG_GETARG_DATUM(0), &table, &value);
	const cv_tally *scale;

	if (memo->mark != 0 && memo->cuts.bins == bins && memo->cuts.method == method)
	{
		struct varlena *raw = (struct varlena *) DatumGetPointer(PG_GETARG_DATUM(0));

		if (outside && memo->toast_value == value && memo->toast_table == table)
			return &memo->cuts;
		if (VARATT_IS_4B_U(raw) && VARSIZE(raw) >= CV_TALLY_SMALLEST)
		{
			scale = (const cv_tally *) raw;
			if (scale->mark == memo->mark && scale->count == memo->count &&
				scale->header.version == CV_FORMAT_VERSION && scale->header.flags == 0)
				return &memo->cuts;
		}
	}
	scale = cv_tally_sorted(fcinfo, 0, &cv_rfm_kind);
	memo->mark = 0;
	cv_rfm_find_cuts(scale, bins, method, &memo->cuts);
	memo->count = scale->count;
	memo->toast_table = table;
	memo->toast_value = value;
	memo->mark = scale->mark;
	if ((const void *) scale != (const void *) DatumGetPointer(PG_GETARG_DATUM(0)))
		pfree((void *) scale);
	return &memo->cuts;
}

/* rfm_score(scale, value, bins, method) */
Datum
cv_rfm_score(PG_FUNCTION_ARGS)
{
	int32 bins = cv_rfm_bins_arg(fcinfo, 2);
	cv_rfm_method method = cv_rfm_method_arg(fcinfo, 3);
	const cv_rfm_cuts *cuts;
	score_memo *memo;
	bool nulls[4] = { false, false, false, false };
	double value[CV_RFM_MEASURES];
	Datum values[4];
	int32 score = 0;
	int m;

	if (!cv_rfm_value_arg(fcinfo, 1, value))
		PG_RETURN_NULL();
	memo = memo_of(fcinfo);
	cuts = cuts_for(fcinfo, memo, bins, method);
	if (cuts->empty)
		PG_RETURN_NULL();
	for (m = 0; m < CV_RFM_MEASURES; m++)
	{
		int32 class = cv_rfm_class(cuts, m, value[m]);

		score = score * 10 + class;
		values[m] = Int32GetDatum(class);
	}
	values[3] = Int32GetDatum(score);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(memo->shape, values, nulls)));
}

/* ---- segments ---- */

#define SCORES 5

/*
 * The default scheme: recency (down, from 5) against frequency + monetary (across: 9 to
 * 10, 7 to 8, 5 to 6, 4, 2 to 3).  Every combination is in exactly one segment.
 */
static const char *const default_segment[SCORES][SCORES] = {
	{ "Champions", "Loyal Customers", "Potential Loyalists", "Potential Loyalists",
	  "New Customers" },
	{ "Champions", "Loyal Customers", "Potential Loyalists", "Potential Loyalists", "Promising" },
	{ "Loyal Customers", "Loyal Customers", "Need Attention", "About To Sleep", "About To Sleep" },
	{ "Can't Lose Them", "At Risk", "At Risk", "Hibernating", "Hibernating" },
	{ "Can't Lose Them", "At Risk", "At Risk", "Lost", "Lost" },
};
static const int8 column_of_sum[2 * SCORES + 1] = { 0, 0, 4, 4, 3, 2, 2, 1, 1, 0, 0 };

static const char *
default_segment_of(const cv_row_field *score)
{
	return default_segment[SCORES - score[0].whole][column_of_sum[score[1].whole + score[2].whole]];
}

/* The map of the R package rfm: the first that matches, else "Others". */
static const struct
{
	const char *name;
	int8 low[CV_RFM_MEASURES];
	int8 high[CV_RFM_MEASURES];
} r_rfm_segment[] = {
	{ "Champions", { 5, 5, 5 }, { 5, 5, 5 } },
	{ "Potential Loyalist", { 3, 3, 2 }, { 5, 5, 5 } },
	{ "Loyal Customers", { 2, 2, 2 }, { 4, 4, 4 } },
	{ "Promising", { 3, 1, 3 }, { 4, 3, 5 } },
	{ "New Customers", { 4, 1, 1 }, { 5, 3, 5 } },
	{ "Can't Lose Them", { 1, 3, 4 }, { 2, 4, 5 } },
	{ "At Risk", { 1, 2, 4 }, { 2, 5, 5 } },
	{ "Need Attention", { 1, 3, 3 }, { 3, 5, 5 } },
	{ "About To Sleep", { 2, 1, 1 }, { 3, 3, 4 } },
	{ "Lost", { 1, 1, 1 }, { 1, 5, 5 } },
};

static const char *
r_rfm_segment_of(const cv_row_field *score)
{
	int i;
	int m;

	for (i = 0; i < (int) lengthof(r_rfm_segment); i++)
	{
		for (m = 0; m < CV_RFM_MEASURES; m++)
			if (score[m].whole < r_rfm_segment[i].low[m] ||
				score[m].whole > r_rfm_segment[i].high[m])
				break;
		if (m == CV_RFM_MEASURES)
			return r_rfm_segment[i].name;
	}
	return "Others";
}

/* rfm_segment(score, scheme) */
Datum
cv_rfm_segment(PG_FUNCTION_ARGS)
{
	static cv_row_form form = { "cv_rfm_score", 4, score_types, InvalidOid, 0 };
	char *scheme = text_to_cstring(PG_GETARG_TEXT_PP(1));
	bool is_default = strcmp(scheme, "default") == 0;
	cv_row_field score[4];
	int m;

	if (!is_default && strcmp(scheme, "r_rfm") != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("unknown scheme of segments \"%s\"", scheme),
						errhint("Schemes are default and r_rfm; a scheme of one's own is a join "
								"with a table of scores.")));
	if (!cv_row_arg(fcinfo, 0, &form, score))
		PG_RETURN_NULL();
	for (m = 0; m < CV_RFM_MEASURES; m++)
		if (score[m].whole < 1 || score[m].whole > SCORES)
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
							errmsg("%s score must lie between 1 and 5 to name a segment, not %lld",
								   cv_rfm_measure[m], (long long) score[m].whole),
							errhint("Score with bins => 5, or join with a table of segments.")));
	PG_RETURN_TEXT_P(
		cstring_to_text(is_default ? default_segment_of(score) : r_rfm_segment_of(score)));
}
