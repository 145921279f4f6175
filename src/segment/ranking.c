/*
 * ranking.c: how well a score ranks customers by what they did later.
 *
 * Rows with the same score and outcome are counted, and every figure is a sum over the
 * sorted pairs: the same to the last bit in whatever order and partition the rows came.
 * Customers of one score share its places evenly.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "segment/segment.h"

PG_FUNCTION_INFO_V1(cv_ranking_summary_trans);
PG_FUNCTION_INFO_V1(cv_auc);
PG_FUNCTION_INFO_V1(cv_gini);
PG_FUNCTION_INFO_V1(cv_lift);
PG_FUNCTION_INFO_V1(cv_gains);

/* An entry of the tally. */
typedef struct ranked
{
	uint64 score; /* as images */
	uint64 outcome;
	int64 customers;
} ranked;

static const char *check(const cv_tally *tally, const uint64 *entry);

const cv_tally_kind cv_ranking_kind = {
	.type = "cv_ranking_summary",
	.keys = 2,
	.counts = 1,
	.form = "[[score, outcome, customers], ...]",
	.append_key = cv_tally_append_number,
	.read_key = cv_tally_read_number,
	.check = check,
};

CV_TALLY_FUNCTIONS(cv_ranking_summary, cv_ranking_kind);

/* What is wrong with a pair, or NULL. */
static const char *
check(const cv_tally *tally, const uint64 *entry)
{
	const ranked *pair = (const ranked *) entry;

	if (!cv_tally_is_number(pair->score) || !cv_tally_is_number(pair->outcome))
		return "A score or an outcome is not finite.";
	if (fabs(cv_number_of(pair->outcome)) > 1e200)
		return "An outcome is out of range.";
	if (pair->customers == 0)
		return "A pair has no customers.";
	return NULL;
}

/* ranking_summary(score, outcome): a row with any NULL is ignored. */
Datum
cv_ranking_summary_trans(PG_FUNCTION_ARGS)
{
	cv_tally *tally = cv_tally_state(fcinfo, &cv_ranking_kind);
	double score;
	double outcome;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return cv_state_result(fcinfo, tally);
	score = PG_GETARG_FLOAT8(1);
	outcome = PG_GETARG_FLOAT8(2);
	if (!isfinite(score))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("score must be a finite number, not %g", score)));
	if (!(fabs(outcome) <= 1e200))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("outcome must lie between -1e200 and 1e200, not %g", outcome)));
	if (tally == NULL)
		tally = cv_tally_new(&cv_ranking_kind, 0);
	((ranked *) cv_tally_find(&cv_ranking_kind, &tally, cv_number_image(score),
							  cv_number_image(outcome)))
		->customers++;
	cv_tally_raise(&cv_ranking_kind, tally, 1);
	PG_RETURN_POINTER(tally);
}

/* The customers of one score, or of one outcome. */
typedef struct rank_group
{
	double customers;
	double outcome; /* their sum */
} rank_group;

#define ST_SORT sort_by_outcome
#define ST_ELEMENT_TYPE ranked
#define ST_COMPARE(a, b) ((a)->outcome != (b)->outcome ? ((a)->outcome < (b)->outcome ? -1 : 1) : 0)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * The next group of equal scores, or of equal outcomes, from the best downwards; "at" is
 * the number of pairs not yet told.  False at the end.
 */
static bool
next_group(const ranked *pair, bool by_outcome, int64 *at, rank_group *group)
{
	uint64 key;

	if (*at == 0)
		return false;
	key = by_outcome ? pair[*at - 1].outcome : pair[*at - 1].score;
	group->customers = group->outcome = 0;
	while (*at > 0 && (by_outcome ? pair[*at - 1].outcome : pair[*at - 1].score) == key)
	{
		(*at)--;
		group->customers += (double) pair[*at].customers;
		group->outcome += (double) pair[*at].customers * cv_number_of(pair[*at].outcome);
	}
	return true;
}

static double
total_outcome(const cv_tally *tally)
{
	const ranked *pair = (const ranked *) tally->word;
	int64 at = tally->count;
	double total = 0;
	rank_group group;

	while (next_group(pair, false, &at, &group))
		total += group.outcome;
	return total;
}

/*
 * Twice the area between the curve of gains and the diagonal; times customers and total
 * outcome, by which it is not divided here.
 */
static double
gains_area(const ranked *pair, int64 count, bool by_outcome, double customers, double total)
{
	int64 at = count;
	double area = 0;
	double before = 0;
	rank_group group;

	while (next_group(pair, by_outcome, &at, &group))
	{
		area += group.customers * (2 * before + group.outcome);
		before += group.outcome;
	}
	return area - customers * total;
}

/* Are all outcomes 0 or 1?  If not, one that is neither. */
static bool
is_binary(const cv_tally *tally, double *other)
{
	const ranked *pair = (const ranked *) tally->word;
	int64 i;

	for (i = 0; i < tally->count; i++)
	{
		*other = cv_number_of(pair[i].outcome);
		if (*other != 0 && *other != 1)
			return false;
	}
	return true;
}

/*
 * The probability that of a customer with outcome 1 and one with 0 the former has the
 * higher score, a tie counting half (Mann and Whitney); false where there are no such pairs.
 */
static bool
mann_whitney(const cv_tally *tally, double *auc)
{
	const ranked *pair = (const ranked *) tally->word;
	int64 negatives = 0;
	int64 positives = 0;
	int128 twice = 0; /* pairs won, a tie one, else two */
	int64 at = 0;

	while (at < tally->count)
	{
		uint64 score = pair[at].score;
		int64 lost = 0;
		int64 won = 0;

		for (; at < tally->count && pair[at].score == score; at++)
		{
			if (cv_number_of(pair[at].outcome) == 1)
				won += pair[at].customers;
			else
				lost += pair[at].customers;
		}
		twice += (int128) won * negatives * 2 + (int128) won * lost;
		negatives += lost;
		positives += won;
	}
	if (negatives == 0 || positives == 0)
		return false;
	*auc = (double) twice / ((double) negatives * (double) positives * 2);
	return true;
}

/* auc(s) */
Datum
cv_auc(PG_FUNCTION_ARGS)
{
	const cv_tally *tally = cv_tally_sorted(fcinfo, 0, &cv_ranking_kind);
	double other;
	double auc;

	if (!is_binary(tally, &other))
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
						errmsg("auc needs outcomes of 0 and 1, not %g", other),
						errhint("Use gini(), lift() or gains() for amounts, or rank by whether the "
								"amount is above 0.")));
	if (!mann_whitney(tally, &auc))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(auc);
}

/*
 * gini(s): the area between the curve of gains and the diagonal, as a share of that of the
 * best ranking there can be.  For outcomes of 0 and 1 that is 2 AUC - 1.
 */
Datum
cv_gini(PG_FUNCTION_ARGS)
{
	const cv_tally *tally = cv_tally_sorted(fcinfo, 0, &cv_ranking_kind);
	const ranked *pair = (const ranked *) tally->word;
	double total;
	double best;
	ranked *sorted;
	double other;
	double auc;

	if (is_binary(tally, &other))
	{
		if (!mann_whitney(tally, &auc))
			PG_RETURN_NULL();
		PG_RETURN_FLOAT8(2 * auc - 1);
	}
	total = total_outcome(tally);
	sorted = MemoryContextAllocHuge(CurrentMemoryContext, (Size) tally->count * sizeof(ranked));
	memcpy(sorted, pair, tally->count * sizeof(ranked));
	sort_by_outcome(sorted, tally->count);
	best = gains_area(sorted, tally->count, true, (double) tally->total, total);
	pfree(sorted);
	if (!(best > 0))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(gains_area(pair, tally->count, false, (double) tally->total, total) / best);
}

/* Walks down the ranking: how much of the outcome the best customers have. */
typedef struct gains_walk
{
	const ranked *pair;
	int64 at;
	double customers; /* passed in full */
	double outcome;
	rank_group group; /* the next one, in part */
} gains_walk;

static void
gains_begin(gains_walk *walk, const cv_tally *tally)
{
	memset(walk, 0, sizeof(*walk));
	walk->pair = (const ranked *) tally->word;
	walk->at = tally->count;
	next_group(walk->pair, false, &walk->at, &walk->group);
}

/* The outcome of so many customers from the best down; the number never falls. */
static double
gains_until(gains_walk *walk, double customers)
{
	while (walk->customers + walk->group.customers < customers)
	{
		walk->customers += walk->group.customers;
		walk->outcome += walk->group.outcome;
		if (!next_group(walk->pair, false, &walk->at, &walk->group))
		{
			walk->group.customers = walk->group.outcome = 0;
			break;
		}
	}
	if (!(walk->group.customers > 0))
		return walk->outcome;
	return walk->outcome +
		   walk->group.outcome * Min(1, (customers - walk->customers) / walk->group.customers);
}

/* lift(s, fraction): the share of the outcome that the best fraction has, by the fraction. */
Datum
cv_lift(PG_FUNCTION_ARGS)
{
	const cv_tally *tally = cv_tally_sorted(fcinfo, 0, &cv_ranking_kind);
	double fraction = PG_GETARG_FLOAT8(1);
	double total = total_outcome(tally);
	gains_walk walk;

	if (!(fraction > 0 && fraction <= 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("fraction must be above 0 and at most 1, not %g", fraction)));
	if (!(total > 0))
		PG_RETURN_NULL();
	gains_begin(&walk, tally);
	PG_RETURN_FLOAT8(gains_until(&walk, fraction * (double) tally->total) / total / fraction);
}

#define MOST_BINS 10000

/* gains(s, bins): the share of the outcome in the best 1/bins, 2/bins, ... of the customers. */
Datum
cv_gains(PG_FUNCTION_ARGS)
{
	const cv_tally *tally = cv_tally_sorted(fcinfo, 0, &cv_ranking_kind);
	int32 bins = PG_GETARG_INT32(1);
	double total = total_outcome(tally);
	gains_walk walk;
	int32 bin;

	if (bins < 1 || bins > MOST_BINS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("bins must lie between 1 and %d, not %d", MOST_BINS, bins)));
	InitMaterializedSRF(fcinfo, 0);
	gains_begin(&walk, tally);
	for (bin = 1; bin <= bins; bin++)
	{
		double fraction = (double) bin / bins;
		bool none = !(total > 0);
		bool nulls[3] = { false, none, none };
		double share = none ? 0 : gains_until(&walk, (double) tally->total * bin / bins) / total;
		Datum values[3];

		values[0] = Float8GetDatum(fraction);
		values[1] = Float8GetDatum(share);
		values[2] = Float8GetDatum(share / fraction);
		cv_emit(fcinfo, values, nulls);
	}
	return (Datum) 0;
}
