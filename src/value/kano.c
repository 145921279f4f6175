/*
 * kano.c: what a feature does to satisfaction (Kano 1984; Berger et al. 1993).
 *
 * Two questions, how one feels with the feature and how without it, each answered 1
 * like, 2 must be, 3 neutral, 4 can live with, 5 dislike.  A pair of answers falls
 * into one of six categories; the one named most often is the feature's.
 *
 *   better = (A + O) / (A + O + M + I), worse = -(O + M) / (A + O + M + I)
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "pg/pg.h"
#include "utils/builtins.h"

typedef enum category
{
	ATTRACTIVE,
	ONE_DIMENSIONAL,
	MUST_BE,
	INDIFFERENT,
	REVERSE,
	QUESTIONABLE,
	CATEGORIES
} category;

static const char *const category_name[CATEGORIES] = { "attractive", "one-dimensional",
													   "must-be",	 "indifferent",
													   "reverse",	 "questionable" };

/* of two that were named as often the first one here */
static const category precedence[CATEGORIES] = { MUST_BE,	  ONE_DIMENSIONAL, ATTRACTIVE,
												 INDIFFERENT, REVERSE,		   QUESTIONABLE };

/* by the answer with the feature, then without */
static const category evaluation[5][5] = {
	{ QUESTIONABLE, ATTRACTIVE, ATTRACTIVE, ATTRACTIVE, ONE_DIMENSIONAL },
	{ REVERSE, INDIFFERENT, INDIFFERENT, INDIFFERENT, MUST_BE },
	{ REVERSE, INDIFFERENT, INDIFFERENT, INDIFFERENT, MUST_BE },
	{ REVERSE, INDIFFERENT, INDIFFERENT, INDIFFERENT, MUST_BE },
	{ REVERSE, REVERSE, REVERSE, REVERSE, QUESTIONABLE },
};

typedef struct cv_kano_summary
{
	cv_header header;
	int64 count[CATEGORIES];
} cv_kano_summary;

static const char type_name[] = "cv_kano_summary";

PG_FUNCTION_INFO_V1(cv_kano_summary_trans);
PG_FUNCTION_INFO_V1(cv_kano_summary_combine);
PG_FUNCTION_INFO_V1(cv_kano_summary_final);
PG_FUNCTION_INFO_V1(cv_kano_summary_in);
PG_FUNCTION_INFO_V1(cv_kano_summary_out);
PG_FUNCTION_INFO_V1(cv_kano_summary_recv);
PG_FUNCTION_INFO_V1(cv_kano_summary_send);
PG_FUNCTION_INFO_V1(cv_kano);

static cv_kano_summary *
read_summary(FunctionCallInfo fcinfo, int argument)
{
	cv_kano_summary *summary =
		cv_value_arg(fcinfo, argument, type_name, sizeof(cv_kano_summary), 0);

	if (VARSIZE(summary) != sizeof(cv_kano_summary))
		cv_corrupt_binary(type_name, "The value is longer than it can be.");
	return summary;
}

static cv_kano_summary *
new_summary(void)
{
	return cv_state_alloc(sizeof(cv_kano_summary), 0, 1, type_name, 0);
}

static int
check_answer(const char *name, int32 answer)
{
	if (answer < 1 || answer > 5)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("%s must lie between 1 and 5, not %d", name, answer),
						errdetail("Answers are 1 like, 2 must be, 3 neutral, 4 can live with, 5 "
								  "dislike.")));
	return answer - 1;
}

/* kano_summary(functional, dysfunctional): a row with a NULL is ignored. */
Datum
cv_kano_summary_trans(PG_FUNCTION_ARGS)
{
	cv_kano_summary *summary = PG_ARGISNULL(0) ? NULL : read_summary(fcinfo, 0);
	int functional;
	int dysfunctional;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return cv_state_result(fcinfo, summary);
	functional = check_answer("functional", PG_GETARG_INT32(1));
	dysfunctional = check_answer("dysfunctional", PG_GETARG_INT32(2));
	if (summary == NULL)
		summary = new_summary();
	cv_count(&summary->count[evaluation[functional][dysfunctional]], 1, "answers");
	PG_RETURN_POINTER(summary);
}

/* Merges two summaries; also the transition of rollup(). */
Datum
cv_kano_summary_combine(PG_FUNCTION_ARGS)
{
	cv_kano_summary *summary;
	cv_kano_summary *other;
	int i;

	CV_RETURN_UNLESS_BOTH(summary, other, read_summary);
	for (i = 0; i < CATEGORIES; i++)
		cv_count(&summary->count[i], other->count[i], "answers");
	PG_RETURN_POINTER(summary);
}

/* The state is the stored form. */
Datum
cv_kano_summary_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(read_summary(fcinfo, 0));
}

/* kano(summary): NULL category without answers, NULL shares where nobody counts. */
Datum
cv_kano(PG_FUNCTION_ARGS)
{
	static const Oid types[] = { TEXTOID, FLOAT8OID, FLOAT8OID, INT8OID, INT8OID,
								 INT8OID, INT8OID,	 INT8OID,	INT8OID };
	const cv_kano_summary *summary = read_summary(fcinfo, 0);
	const int64 *count = summary->count;
	double counted = (double) count[ATTRACTIVE] + (double) count[ONE_DIMENSIONAL] +
					 (double) count[MUST_BE] + (double) count[INDIFFERENT];
	Datum values[3 + CATEGORIES] = { 0 };
	bool nulls[3 + CATEGORIES] = { false };
	int most = -1;
	int i;

	for (i = 0; i < CATEGORIES; i++)
	{
		if (count[precedence[i]] > (most < 0 ? 0 : count[most]))
			most = precedence[i];
		values[3 + i] = Int64GetDatum(count[i]);
	}
	nulls[0] = most < 0;
	if (most >= 0)
		values[0] = CStringGetTextDatum(category_name[most]);
	nulls[1] = nulls[2] = !(counted > 0);
	if (counted > 0)
	{
		values[1] = Float8GetDatum(((double) count[ATTRACTIVE] + (double) count[ONE_DIMENSIONAL]) /
								   counted);
		values[2] = Float8GetDatum(
			0.0 - ((double) count[ONE_DIMENSIONAL] + (double) count[MUST_BE]) / counted);
	}
	return cv_row(fcinfo, values, nulls, "of kano()", 3 + CATEGORIES, types);
}

/* ---- text: {"counts": [attractive, one_dimensional, must_be, indifferent, reverse, questionable]} ---- */

static void
read_scalar(cv_json *json, char *token, JsonTokenType kind)
{
	cv_kano_summary *summary = json->context;
	int64 count = cv_json_integer(json, token, kind);

	if (count < 0)
		cv_malformed(type_name, "A number of answers is negative.");
	summary->count[json->index[json->depth]] = count;
}

Datum
cv_kano_summary_in(PG_FUNCTION_ARGS)
{
	cv_kano_summary *summary = new_summary();
	cv_json json = { 0 };

	json.type = type_name;
	json.form = "{\"counts\": [attractive, one_dimensional, must_be, indifferent, reverse, "
				"questionable]}";
	json.shape = "{[";
	json.keys[0] = "counts";
	json.scalar = read_scalar;
	json.width = CATEGORIES;
	json.context = summary;
	cv_json_read(&json, PG_GETARG_CSTRING(0));
	PG_RETURN_POINTER(summary);
}

Datum
cv_kano_summary_out(PG_FUNCTION_ARGS)
{
	const cv_kano_summary *summary = read_summary(fcinfo, 0);
	StringInfoData text;
	int i;

	initStringInfo(&text);
	appendStringInfoString(&text, "{\"counts\": [");
	for (i = 0; i < CATEGORIES; i++)
		appendStringInfo(&text, "%s%lld", i > 0 ? ", " : "", (long long) summary->count[i]);
	appendStringInfoString(&text, "]}");
	PG_RETURN_CSTRING(text.data);
}

Datum
cv_kano_summary_recv(PG_FUNCTION_ARGS)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	cv_kano_summary *summary = new_summary();
	int i;

	cv_receive_begin(buffer, type_name, 0);
	for (i = 0; i < CATEGORIES; i++)
	{
		summary->count[i] = pq_getmsgint64(buffer);
		if (summary->count[i] < 0)
			cv_corrupt_binary(type_name, "A number of answers is negative.");
	}
	PG_RETURN_POINTER(summary);
}

Datum
cv_kano_summary_send(PG_FUNCTION_ARGS)
{
	const cv_kano_summary *summary = read_summary(fcinfo, 0);
	StringInfoData buffer;
	int i;

	cv_send_begin(&buffer, 0);
	for (i = 0; i < CATEGORIES; i++)
		pq_sendint64(&buffer, summary->count[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
