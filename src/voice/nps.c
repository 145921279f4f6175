/*
 * nps.c: the Net Promoter Score (Reichheld 2003), 100 (promoters - detractors) / answers.
 *
 * Answers from 0 to 10: 9 and 10 are promoters, 7 and 8 passives, 0 to 6 detractors.  A
 * summary counts them; with weights it has the sums of the weights and of their squares
 * too, exact and so the same in any order.
 */
#include "postgres.h"

#include <math.h>

#include "common/int.h"
#include "utils/builtins.h"
#include "voice/voice.h"

const char cv_nps_summary_type[] = "cv_nps_summary";

PG_FUNCTION_INFO_V1(cv_nps_trans);
PG_FUNCTION_INFO_V1(cv_nps_integer_trans);
PG_FUNCTION_INFO_V1(cv_nps_numeric_trans);
PG_FUNCTION_INFO_V1(cv_nps_weighted_trans);
PG_FUNCTION_INFO_V1(cv_nps_combine);
PG_FUNCTION_INFO_V1(cv_nps_final);
PG_FUNCTION_INFO_V1(cv_nps_summary_final);
PG_FUNCTION_INFO_V1(cv_nps_counts);
PG_FUNCTION_INFO_V1(cv_nps_promoters);
PG_FUNCTION_INFO_V1(cv_nps_passives);
PG_FUNCTION_INFO_V1(cv_nps_detractors);
PG_FUNCTION_INFO_V1(cv_nps_responses_of);

/* ---- state ---- */

/* An empty summary, of counts alone or with weights. */
cv_nps_summary *
cv_nps_new(bool weighted)
{
	return cv_state_alloc(CV_NPS_PLAIN_SIZE, weighted ? 1 : 0,
						  CV_NPS_WEIGHTED_SIZE - CV_NPS_PLAIN_SIZE, cv_nps_summary_type,
						  weighted ? CV_NPS_WEIGHTED : 0);
}

/* What is wrong with a summary from outside, or NULL. */
const char *
cv_nps_fault(const cv_nps_summary *summary)
{
	int64 responses = 0;
	int i;

	for (i = 0; i < CV_NPS_CLASSES; i++)
		if (summary->count[i] < 0 || pg_add_s64_overflow(responses, summary->count[i], &responses))
			return "A number of answers is out of range.";
	if (!(summary->header.flags & CV_NPS_WEIGHTED))
		return NULL;
	for (i = 0; i < CV_NPS_CLASSES; i++)
	{
		double weight = summary->sums[0].weight[i].part[0];
		double square = summary->sums[0].square[i].part[0];

		if (!(weight >= 0 && weight <= 1e120 && square >= 0 && square <= 1e220) ||
			(weight > 0) != (square > 0) || (weight > 0 && summary->count[i] == 0) ||
			(weight > 0 && weight < 0.5 * CV_VOICE_SMALLEST) ||
			(square > 0 && square < 0.5 * CV_VOICE_SMALLEST * CV_VOICE_SMALLEST) ||
			square > weight * weight * (1 + 1e-9) ||
			weight * weight > square * (double) summary->count[i] * (1 + 1e-9))
			return "The sums of weights cannot be those of the answers.";
	}
	return NULL;
}

cv_nps_summary *
cv_nps_arg(FunctionCallInfo fcinfo, int argument)
{
	cv_nps_summary *summary =
		cv_value_arg(fcinfo, argument, cv_nps_summary_type, CV_NPS_PLAIN_SIZE, CV_NPS_WEIGHTED);

	if (summary->header.flags & CV_NPS_WEIGHTED && VARSIZE(summary) < CV_NPS_WEIGHTED_SIZE)
		cv_corrupt_binary(cv_nps_summary_type, "The value is shorter than its header.");
	return summary;
}

/* A copy with weights, 1 for each answer where there were none. */
static cv_nps_summary *
with_weights(const cv_nps_summary *summary)
{
	cv_nps_summary *copy = cv_nps_new(true);
	int i;

	memcpy(copy->count, summary->count, sizeof(copy->count));
	if (summary->header.flags & CV_NPS_WEIGHTED)
		copy->sums[0] = summary->sums[0];
	else
		for (i = 0; i < CV_NPS_CLASSES; i++)
		{
			/* a double holds only 53 bits of a count */
			double high = (double) (summary->count[i] >> 32) * 4294967296.0;
			double low = (double) (summary->count[i] & 0xffffffff);

			cv_sum_add(&copy->sums[0].weight[i], high);
			cv_sum_add(&copy->sums[0].weight[i], low);
			copy->sums[0].square[i] = copy->sums[0].weight[i];
		}
	return copy;
}

/* The summary as it is stored: sums in normal form. */
cv_nps_summary *
cv_nps_normal(cv_nps_summary *summary)
{
	cv_nps_summary *copy;
	int i;

	if (!(summary->header.flags & CV_NPS_WEIGHTED))
		return summary;
	copy = with_weights(summary);
	for (i = 0; i < CV_NPS_CLASSES; i++)
	{
		cv_sum_normalize(&copy->sums[0].weight[i]);
		cv_sum_normalize(&copy->sums[0].square[i]);
	}
	return copy;
}

/* ---- rows ---- */

/* What is no answer on the scale. */
CV_NORETURN static void
off_scale(const char *score)
{
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					errmsg("score %s is not a whole number from 0 to 10", score),
					errdetail("The Net Promoter Score is defined on the scale from 0 to 10."),
					errhint("Leave out answers on another scale, or use NULL for no answer.")));
}

/* The class of an answer on the scale. */
static inline int
class_of(int score)
{
	return (score >= 7) + (score >= 9);
}

static inline int
class_of_float8(double score)
{
	/* false for NaN */
	if (likely(score >= 0 && score <= 10))
	{
		int whole = (int) score;

		if (likely(whole == score))
			return class_of(whole);
	}
	off_scale(psprintf("%.15g", score));
}

static inline int
class_of_integer(int32 score)
{
	if (unlikely(score < 0 || score > 10))
		off_scale(psprintf("%d", score));
	return class_of(score);
}

/* By its digits, which is exact and shorter than the way to float8. */
static inline int
class_of_numeric(Datum datum)
{
	char *text = DatumGetCString(DirectFunctionCall1(numeric_out, datum));
	const char *c = text;
	int whole = 0;

	for (; *c >= '0' && *c <= '9' && whole <= 10; c++)
		whole = whole * 10 + (*c - '0');
	if (c > text && *c == '.')
		c += 1 + strspn(c + 1, "0");
	if (unlikely(c == text || *c != '\0' || whole > 10))
		off_scale(text);
	return class_of(whole);
}

static inline void
count_answer(cv_nps_summary *summary, int class)
{
	cv_count(&summary->count[class], 1, "answers");
}

/* A row where the state is not a plain one of counts: the first one, mostly. */
static pg_noinline Datum
take_first(FunctionCallInfo fcinfo, int class)
{
	cv_nps_summary *summary;

	cv_require_aggregate(fcinfo);
	summary = PG_ARGISNULL(0) ? NULL : cv_nps_arg(fcinfo, 0);
	if (class >= 0)
	{
		if (summary == NULL)
			summary = cv_nps_new(false);
		count_answer(summary, class);
		if (summary->header.flags & CV_NPS_WEIGHTED)
		{
			cv_sum_add(&summary->sums[0].weight[class], 1);
			cv_sum_add(&summary->sums[0].square[class], 1);
		}
	}
	if (summary == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(summary);
}

/* Counts an answer of a class, -1 for none. */
static inline Datum
take_answer(FunctionCallInfo fcinfo, int class)
{
	cv_nps_summary *summary = cv_plain_state(fcinfo, 0);

	if (unlikely(summary == NULL))
		return take_first(fcinfo, class);
	if (likely(class >= 0))
		count_answer(summary, class);
	PG_RETURN_POINTER(summary);
}

/* nps(score), nps_summary(score) for float8, integer and numeric: NULLs are ignored. */
Datum
cv_nps_trans(PG_FUNCTION_ARGS)
{
	return take_answer(fcinfo, PG_ARGISNULL(1) ? -1 : class_of_float8(PG_GETARG_FLOAT8(1)));
}

Datum
cv_nps_integer_trans(PG_FUNCTION_ARGS)
{
	return take_answer(fcinfo, PG_ARGISNULL(1) ? -1 : class_of_integer(PG_GETARG_INT32(1)));
}

Datum
cv_nps_numeric_trans(PG_FUNCTION_ARGS)
{
	return take_answer(fcinfo, PG_ARGISNULL(1) ? -1 : class_of_numeric(PG_GETARG_DATUM(1)));
}

/* nps(score, weight), nps_summary(score, weight): a row with a NULL is ignored. */
Datum
cv_nps_weighted_trans(PG_FUNCTION_ARGS)
{
	cv_nps_summary *summary = cv_plain_state(fcinfo, CV_NPS_WEIGHTED);
	double weight;
	int class;

	if (summary == NULL)
	{
		cv_require_aggregate(fcinfo);
		if (!PG_ARGISNULL(0))
			summary = cv_nps_arg(fcinfo, 0);
	}
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return cv_state_result(fcinfo, summary);
	class = class_of_float8(PG_GETARG_FLOAT8(1));
	weight = PG_GETARG_FLOAT8(2);
	if (!(weight == 0 || (weight >= CV_VOICE_SMALLEST && weight <= CV_VOICE_LARGEST)))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("weight %.15g is out of range", weight),
						errdetail("Weights are 0 or lie between 1e-100 and 1e100.")));
	if (summary == NULL)
		summary = cv_nps_new(true);
	else if (!(summary->header.flags & CV_NPS_WEIGHTED))
		summary = with_weights(summary);
	count_answer(summary, class);
	cv_sum_add(&summary->sums[0].weight[class], weight);
	cv_sum_add_product(&summary->sums[0].square[class], weight, weight);
	PG_RETURN_POINTER(summary);
}

/* Merges two summaries; also the transition of rollup(nps_summary). */
Datum
cv_nps_combine(PG_FUNCTION_ARGS)
{
	cv_nps_summary *summary;
	cv_nps_summary *other;
	int i;

	CV_RETURN_UNLESS_BOTH(summary, other, cv_nps_arg);
	if ((summary->header.flags | other->header.flags) & CV_NPS_WEIGHTED)
	{
		if (!(summary->header.flags & CV_NPS_WEIGHTED))
			summary = with_weights(summary);
		if (!(other->header.flags & CV_NPS_WEIGHTED))
			other = with_weights(other);
		for (i = 0; i < CV_NPS_CLASSES; i++)
		{
			cv_sum_add_sum(&summary->sums[0].weight[i], &other->sums[0].weight[i]);
			cv_sum_add_sum(&summary->sums[0].square[i], &other->sums[0].square[i]);
		}
	}
	for (i = 0; i < CV_NPS_CLASSES; i++)
		cv_count(&summary->count[i], other->count[i], "answers");
	if (cv_nps_responses(summary) < 0)
		cv_too_many("answers");
	PG_RETURN_POINTER(summary);
}

/* The summary as it is stored. */
Datum
cv_nps_summary_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(cv_nps_normal(cv_nps_arg(fcinfo, 0)));
}

/* nps_summary(promoters, passives, detractors), counts kept elsewhere. */
Datum
cv_nps_counts(PG_FUNCTION_ARGS)
{
	static const char *const name[] = { "promoters", "passives", "detractors" };
	cv_nps_summary *summary = cv_nps_new(false);
	int i;

	for (i = 0; i < CV_NPS_CLASSES; i++)
	{
		int64 count = PG_GETARG_INT64(i);

		if (count < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s must not be negative, not %lld", name[i], (long long) count)));
		summary->count[CV_PROMOTERS - i] = count;
	}
	if (cv_nps_fault(summary))
		cv_too_many("answers");
	PG_RETURN_POINTER(summary);
}

/* ---- answers ---- */

/* Number of answers; below 0 if that is more than an int64 holds. */
int64
cv_nps_responses(const cv_nps_summary *summary)
{
	int64 responses;

	if (pg_add_s64_overflow(summary->count[0], summary->count[1], &responses) ||
		pg_add_s64_overflow(responses, summary->count[2], &responses))
		return -1;
	return responses;
}

/*
 * The sums of weights and of their squares by class, 1 for each answer without weights;
 * false if they are 0 and tell nothing.
 */
bool
cv_nps_weights(const cv_nps_summary *summary, double *weight, double *square)
{
	double total = 0;
	int i;

	for (i = 0; i < CV_NPS_CLASSES; i++)
	{
		weight[i] = square[i] = (double) summary->count[i];
		if (summary->header.flags & CV_NPS_WEIGHTED)
		{
			weight[i] = cv_sum_round(&summary->sums[0].weight[i]);
			square[i] = cv_sum_round(&summary->sums[0].square[i]);
		}
		total += weight[i];
	}
	return total > 0;
}

/* The score, also of nps(nps_summary); NULL without answers or with weights of 0 only. */
Datum
cv_nps_final(PG_FUNCTION_ARGS)
{
	const cv_nps_summary *summary;
	double weight[CV_NPS_CLASSES];
	double square[CV_NPS_CLASSES];

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	summary = cv_nps_arg(fcinfo, 0);
	if (!cv_nps_weights(summary, weight, square))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(100 * (weight[CV_PROMOTERS] - weight[CV_DETRACTORS]) /
					 (weight[CV_PROMOTERS] + weight[CV_DETRACTORS] + weight[CV_PASSIVES]));
}

Datum
cv_nps_promoters(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(cv_nps_arg(fcinfo, 0)->count[CV_PROMOTERS]);
}

Datum
cv_nps_passives(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(cv_nps_arg(fcinfo, 0)->count[CV_PASSIVES]);
}

Datum
cv_nps_detractors(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(cv_nps_arg(fcinfo, 0)->count[CV_DETRACTORS]);
}

Datum
cv_nps_responses_of(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(cv_nps_responses(cv_nps_arg(fcinfo, 0)));
}
