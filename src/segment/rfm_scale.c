/*
 * rfm_scale.c: what values recency, frequency and monetary have among customers, and
 * where these are cut into classes.
 *
 * quantile: the cuts are the quantiles i/bins of type 7 (Hyndman and Fan 1996); the class
 * is 1 + the number of cuts below the value.  A cut lies at a value or between two
 * neighbours, so classes depend on the order of the values only: they are the same in
 * cents and in millions, and equal values are never divided.
 *
 * r_rfm: the R package rfm adds 1 to each cut, whatever the unit, and takes the classes
 * as [lower, upper).
 */
#include "postgres.h"

#include <math.h>

#include "segment/rfm.h"
#include "utils/builtins.h"
#include "utils/float.h"

PG_FUNCTION_INFO_V1(cv_rfm_scale_trans);
PG_FUNCTION_INFO_V1(cv_rfm_cuts_rows);

const char *const cv_rfm_measure[CV_RFM_MEASURES] = { "recency", "frequency", "monetary" };

/* An entry of the tally: customers with one value of a measure. */
typedef struct scale_value
{
	uint64 measure; /* as images */
	uint64 value;
	int64 customers;
} scale_value;

static void append_key(StringInfo text, const cv_tally *tally, int which, uint64 key);
static uint64 read_key(cv_json *json, int which, const char *token, JsonTokenType kind);
static const char *check(const cv_tally *tally, const uint64 *entry);

const cv_tally_kind cv_rfm_kind = {
	.type = "cv_rfm_scale",
	.keys = 2,
	.counts = 1,
	.form = "[[measure, value, customers], ...]",
	.append_key = append_key,
	.read_key = read_key,
	.check = check,
};

CV_TALLY_FUNCTIONS(cv_rfm_scale, cv_rfm_kind);

static void
append_key(StringInfo text, const cv_tally *tally, int which, uint64 key)
{
	if (which == 0)
		appendStringInfo(text, "\"%s\"", cv_rfm_measure[cv_whole_of(key)]);
	else
		cv_append_number(text, cv_number_of(key));
}

static uint64
read_key(cv_json *json, int which, const char *token, JsonTokenType kind)
{
	int m;

	if (which == 1)
		return cv_tally_read_number(json, which, token, kind);
	if (kind == JSON_TOKEN_STRING)
		for (m = 0; m < CV_RFM_MEASURES; m++)
			if (strcmp(token, cv_rfm_measure[m]) == 0)
				return cv_whole_image(m);
	cv_malformed(json->type, "A measure is recency, frequency or monetary, not \"%s\".",
				 token ? token : "");
}

/* What is wrong with a value, or NULL. */
static const char *
check(const cv_tally *tally, const uint64 *entry)
{
	const scale_value *value = (const scale_value *) entry;
	int64 measure = cv_whole_of(value->measure);

	if (measure < 0 || measure >= CV_RFM_MEASURES)
		return "A measure is unknown.";
	if (!cv_tally_is_number(value->value))
		return "A value is not finite.";
	if (value->customers == 0)
		return "A value has no customers.";
	return NULL;
}

/* rfm_scale(value): a value that is NULL is ignored. */
Datum
cv_rfm_scale_trans(PG_FUNCTION_ARGS)
{
	cv_tally *scale = cv_tally_state(fcinfo, &cv_rfm_kind);
	double value[CV_RFM_MEASURES];
	int m;

	if (PG_ARGISNULL(1) || !cv_rfm_value_arg(fcinfo, 1, value))
		return cv_state_result(fcinfo, scale);
	if (scale == NULL)
		scale = cv_tally_new(&cv_rfm_kind, 0);
	for (m = 0; m < CV_RFM_MEASURES; m++)
		((scale_value *) cv_tally_find(&cv_rfm_kind, &scale, cv_whole_image(m),
									   cv_number_image(value[m])))
			->customers++;
	cv_tally_raise(&cv_rfm_kind, scale, CV_RFM_MEASURES);
	PG_RETURN_POINTER(scale);
}

/* An argument that is the number of classes of a measure. */
int32
cv_rfm_bins_arg(FunctionCallInfo fcinfo, int argument)
{
	int32 bins = PG_GETARG_INT32(argument);

	if (bins < CV_RFM_LEAST_BINS || bins > CV_RFM_MOST_BINS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("bins must lie between %d and %d, not %d", CV_RFM_LEAST_BINS,
							   CV_RFM_MOST_BINS, bins)));
	return bins;
}

/* An argument that names how classes are cut. */
cv_rfm_method
cv_rfm_method_arg(FunctionCallInfo fcinfo, int argument)
{
	text *name = PG_GETARG_TEXT_PP(argument);
	Size length = VARSIZE_ANY_EXHDR(name);

	if (length == 8 && memcmp(VARDATA_ANY(name), "quantile", 8) == 0)
		return CV_RFM_QUANTILE;
	if (length == 5 && memcmp(VARDATA_ANY(name), "r_rfm", 5) == 0)
		return CV_RFM_R_RFM;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("unknown method of RFM classes \"%s\"", text_to_cstring(name)),
					errhint("Methods are quantile and r_rfm.")));
}

/*
 * A number between two neighbouring values: at the lower one or above it, but never at the
 * higher one, however they round.
 */
static double
between(double low, double high, double share)
{
	double width = high - low;
	double cut = isfinite(width) ? low + width * share : low * (1 - share) + high * share;

	return cut < high ? Max(cut, low) : low;
}

/* The cuts of one measure, whose values are from ... end - 1. */
static void
cut_measure(const scale_value *from, const scale_value *end, int32 bins, double *cut)
{
	const scale_value *at;
	int64 customers = 0;
	int64 passed = 0;
	int32 i;

	for (at = from; at < end; at++)
		customers += at->customers;
	at = from;
	for (i = 1; i < bins; i++)
	{
		/* the quantile lies at this place of the sorted values, from 0, and that share beyond */
		int128 scaled = (int128) (customers - 1) * i;
		int64 place = (int64) (scaled / bins);
		int32 rest = (int32) (scaled % bins);

		while (passed + at->customers <= place)
			passed += (at++)->customers;
		cut[i - 1] = cv_number_of(at->value);
		if (rest > 0 && passed + at->customers == place + 1)
			cut[i - 1] =
				between(cut[i - 1], cv_number_of(at[1].value), (double) rest / (double) bins);
	}
}

/* The cuts of all measures. */
void
cv_rfm_find_cuts(const cv_tally *scale, int32 bins, cv_rfm_method method, cv_rfm_cuts *cuts)
{
	const scale_value *value = (const scale_value *) scale->word;
	const scale_value *end = value + scale->count;
	int32 i;
	int m;

	memset(cuts, 0, sizeof(*cuts));
	cuts->bins = bins;
	cuts->method = method;
	for (m = 0; m < CV_RFM_MEASURES; m++)
	{
		const scale_value *from = value;

		while (value < end && cv_whole_of(value->measure) == m)
			value++;
		if (value == from)
		{
			cuts->empty = true;
			return;
		}
		cut_measure(from, value, bins, cuts->cut[m]);
		cuts->low[m] = cv_number_of(from->value);
		cuts->high[m] = cv_number_of(value[-1].value);
		if (method == CV_RFM_R_RFM)
			for (i = 0; i < bins - 1; i++)
				cuts->cut[m][i] += 1;
	}
}

/* The class of a value: 1 to bins, the best one bins. */
int32
cv_rfm_class(const cv_rfm_cuts *cuts, int measure, double value)
{
	int32 class = 1;
	int32 i;

	for (i = 0; i < cuts->bins - 1; i++)
		class += cuts->method == CV_RFM_R_RFM ? cuts->cut[measure][i] <= value
											  : cuts->cut[measure][i] < value;
	return measure == 0 ? cuts->bins + 1 - class : class;
}

/* rfm_cuts(scale, bins, method): the classes of each measure and their bounds. */
Datum
cv_rfm_cuts_rows(PG_FUNCTION_ARGS)
{
	const cv_tally *scale = cv_tally_sorted(fcinfo, 0, &cv_rfm_kind);
	int32 bins = cv_rfm_bins_arg(fcinfo, 1);
	cv_rfm_method method = cv_rfm_method_arg(fcinfo, 2);
	bool nulls[4] = { false, false, false, false };
	cv_rfm_cuts cuts;
	int32 class;
	int m;

	InitMaterializedSRF(fcinfo, 0);
	cv_rfm_find_cuts(scale, bins, method, &cuts);
	if (cuts.empty)
		return (Datum) 0;
	for (m = 0; m < CV_RFM_MEASURES; m++)
		for (class = 1; class <= bins; class ++)
		{
			int32 at = m == 0 ? bins - class : class - 1; /* from the lowest values up */
			bool open = method == CV_RFM_QUANTILE;
			double lower = open ? -get_float8_infinity() : cuts.low[m];
			double upper = open ? get_float8_infinity() : cuts.high[m] + 1;
			Datum values[4];

			if (at > 0)
				lower = cuts.cut[m][at - 1];
			if (at < bins - 1)
				upper = cuts.cut[m][at];
			values[0] = CStringGetTextDatum(cv_rfm_measure[m]);
			values[1] = Int32GetDatum(class);
			values[2] = Float8GetDatum(lower);
			values[3] = Float8GetDatum(upper);
			cv_emit(fcinfo, values, nulls);
		}
	return (Datum) 0;
}
