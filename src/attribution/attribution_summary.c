/*
 * attribution_summary.c: the summary of journeys that attribution() reads.
 *
 * Journeys alike are counted, not repeated.  Conversions, values and nulls are summed
 * in whole units of 10^-18, so that a summary is the same to the last bit in whatever
 * order and partition its rows came.
 */
#include "postgres.h"

#include <math.h>

#include "attribution/attribution.h"
#include "catalog/pg_type.h"
#include "journey/journey.h"
#include "miscadmin.h"
#include "utils/array.h"

const char cv_attribution_type[] = "cv_attribution_summary";

PG_FUNCTION_INFO_V1(cv_attribution_summary_trans);
PG_FUNCTION_INFO_V1(cv_attribution_summary_log_trans);
PG_FUNCTION_INFO_V1(cv_attribution_summary_combine);
PG_FUNCTION_INFO_V1(cv_attribution_summary_final);

/* ---- sums ---- */

/* A number of at least 0 in units of 10^-18. */
int128
cv_exact_amount(const char *name, double amount)
{
	double whole;

	if (!(amount >= 0 && amount <= 9.2e12))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("%s %.15g is out of range", name, amount),
						errdetail("It must be a number between 0 and 9.2e12.")));
	whole = floor(amount);
	return (int128) (int64) whole * CV_EXACT_UNIT +
		   (int64) rint((amount - whole) * (double) CV_EXACT_UNIT);
}

double
cv_exact_number(int128 sum)
{
	return (double) (sum / CV_EXACT_UNIT) +
		   (double) (int64) (sum % CV_EXACT_UNIT) / (double) CV_EXACT_UNIT;
}

static void
add_sums(cv_path *path, const int128 *sum)
{
	int i;

	for (i = 0; i < CV_SUMS; i++)
	{
		int128 total;

		if (__builtin_add_overflow(cv_exact_get(path->sum[i]), sum[i], &total))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("conversions or values of one path add up to more than 1.7e20")));
		path->sum[i] = cv_exact_set(total);
	}
}

/* ---- paths ---- */

static cv_attribution_summary *
read_summary(FunctionCallInfo fcinfo, int argument)
{
	return cv_named_arg(fcinfo, argument, cv_attribution_type, CV_WORD);
}

/* The path at a place among the words, which moves behind it; NULL at the end. */
const cv_path *
cv_next_path(const cv_attribution_summary *summary, int64 *at)
{
	const cv_path *path = (const cv_path *) ((char *) cv_named_entries(summary) + *at * CV_WORD);
	int64 left = summary->count - *at;

	if (left == 0)
		return NULL;
	if (left < (int64) (sizeof(cv_path) / CV_WORD) || path->touches < 0 ||
		(path->flags & ~CV_PATH_AGES) != 0 || cv_path_words(path->touches, path->flags) > left)
		cv_corrupt_binary(cv_attribution_type, "A path does not fit the length.");
	*at += cv_path_words(path->touches, path->flags);
	return path;
}

/* By channels, a path before those that it begins, then by ages. */
static int
compare_paths(const cv_path *a, const cv_path *b)
{
	const int32 *a_channel = cv_path_channels(a);
	const int32 *b_channel = cv_path_channels(b);
	int32 i;

	for (i = 0; i < a->touches && i < b->touches; i++)
		if (a_channel[i] != b_channel[i])
			return a_channel[i] < b_channel[i] ? -1 : 1;
	if (a->touches != b->touches)
		return a->touches < b->touches ? -1 : 1;
	if (a->flags != b->flags)
		return a->flags < b->flags ? -1 : 1;
	if (a->flags & CV_PATH_AGES)
		for (i = 0; i < a->touches; i++)
			if (cv_path_ages(a)[i] != cv_path_ages(b)[i])
				return cv_path_ages(a)[i] < cv_path_ages(b)[i] ? -1 : 1;
	return 0;
}

typedef cv_path *path_place;

#define ST_SORT sort_paths
#define ST_ELEMENT_TYPE path_place
#define ST_COMPARE(a, b) compare_paths(*(a), *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Puts the paths in order by the channels' numbers and makes one of those alike. */
static void
sort_summary(cv_attribution_summary *summary)
{
	const cv_path *path;
	path_place *list;
	char *words;
	int64 used = 0;
	int64 paths = 0;
	int64 at = 0;
	int64 i;

	while (cv_next_path(summary, &at))
		paths++;
	list = palloc_extended((paths + 1) * sizeof(path_place), MCXT_ALLOC_HUGE);
	words = palloc_extended(Max(1, summary->count) * (Size) CV_WORD, MCXT_ALLOC_HUGE);
	for (at = 0, i = 0; (path = cv_next_path(summary, &at)) != NULL; i++)
		list[i] = (cv_path *) path;
	sort_paths(list, paths);
	for (i = 0, at = -1; i < paths; i++)
	{
		Size size = cv_path_words(list[i]->touches, list[i]->flags) * CV_WORD;
		cv_path *last = (cv_path *) (words + Max(at, 0));

		if (at >= 0 && compare_paths(last, list[i]) == 0)
		{
			int128 sum[CV_SUMS];
			int k;

			for (k = 0; k < CV_SUMS; k++)
				sum[k] = cv_exact_get(list[i]->sum[k]);
			add_sums(last, sum);
			continue;
		}
		memcpy(words + used, list[i], size);
		at = used;
		used += size;
	}
	memcpy(cv_named_entries(summary), words, used);
	summary->count = (int32) (used / CV_WORD);
	pfree(list);
	pfree(words);
}

/*
 * Adds journeys along a path to a state, where the path's channels have their numbers;
 * age may be NULL.  Returns the state, which has moved if it had to grow.
 */
cv_attribution_summary *
cv_attribution_add(cv_attribution_summary *summary, int32 touches, const int32 *channel,
				   const int64 *age, const int128 *sum)
{
	int32 flags = age ? CV_PATH_AGES : 0;
	int64 words = cv_path_words(touches, flags);
	cv_path *path;
	int32 *channels;

	if (summary->count + words > cv_named_capacity(summary, CV_WORD) && summary->count > 1024)
	{
		/* many may be alike; where they are not, sort again when there are twice as many */
		sort_summary(summary);
		if (summary->count > cv_named_capacity(summary, CV_WORD) / 2)
			summary =
				cv_named_room(summary, CV_WORD, cv_attribution_type, Max(words, summary->count));
	}
	summary = cv_named_room(summary, CV_WORD, cv_attribution_type, words);
	path = (cv_path *) ((char *) cv_named_entries(summary) + (Size) summary->count * CV_WORD);
	memset(path, 0, words * CV_WORD);
	path->touches = touches;
	path->flags = flags;
	channels = cv_path_channels(path);
	if (touches > 0)
		memcpy(channels, channel, touches * sizeof(int32));
	if (age && touches > 0)
		memcpy(cv_path_ages(path), age, touches * sizeof(int64));
	add_sums(path, sum);
	summary->count += (int32) words;
	return summary;
}

/* The summary as stored: channels in C order, paths sorted, of exact size. */
const cv_attribution_summary *
cv_attribution_stored(const cv_attribution_summary *summary)
{
	cv_attribution_summary *stored;
	const cv_path *path;
	int32 few[CV_NAMED_LINEAR];
	int32 *rank;
	int64 at = 0;

	if (!(summary->header.flags & CV_NAMED_OPEN))
		return summary;
	rank = cv_named_ranks(summary, few);
	stored = cv_named_stored(summary, CV_WORD, cv_attribution_type, rank);
	while ((path = cv_next_path(stored, &at)) != NULL)
	{
		int32 *channel = cv_path_channels(path);
		int32 i;

		for (i = 0; i < path->touches; i++)
		{
			if (channel[i] < 0 || channel[i] >= stored->names)
				cv_corrupt_binary(cv_attribution_type, "A channel is out of range.");
			channel[i] = rank[channel[i]];
		}
	}
	if (rank != few)
		pfree(rank);
	sort_summary(stored);
	cv_named_close(stored, CV_WORD);
	return stored;
}

/* A summary argument in its stored form: the way in for every reader. */
const cv_attribution_summary *
cv_attribution_arg(FunctionCallInfo fcinfo, int argument)
{
	return cv_attribution_stored(read_summary(fcinfo, argument));
}

/* ---- aggregates ---- */

/* A number of a row; NULL is none. */
static int128
amount_arg(FunctionCallInfo fcinfo, int argument, const char *name)
{
	return PG_ARGISNULL(argument) ? 0 : cv_exact_amount(name, PG_GETARG_FLOAT8(argument));
}

/* attribution_summary(path, conversions, value, nulls): a row without a path is ignored. */
Datum
cv_attribution_summary_trans(PG_FUNCTION_ARGS)
{
	cv_attribution_summary *summary = PG_ARGISNULL(0) ? NULL : read_summary(fcinfo, 0);
	ArrayType *path;
	Datum *touch;
	bool *null;
	int128 sum[CV_SUMS];
	int32 *channel;
	int32 touches = 0;
	int count;
	int i;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(1))
	{
		if (summary == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(summary);
	}
	path = PG_GETARG_ARRAYTYPE_P(1);
	if (ARR_NDIM(path) > 1)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("path must have one dimension, not %d", ARR_NDIM(path))));
	sum[CV_CONVERSIONS] = amount_arg(fcinfo, 2, "conversions");
	sum[CV_VALUE] = amount_arg(fcinfo, 3, "value");
	sum[CV_NULLS] = amount_arg(fcinfo, 4, "nulls");
	if (sum[CV_VALUE] > 0 && sum[CV_CONVERSIONS] == 0)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("value %.15g of a path without conversions",
							   cv_exact_number(sum[CV_VALUE])),
						errhint("Give the conversions that the value belongs to.")));
	if (summary == NULL)
		summary = cv_named_new(cv_attribution_type, CV_WORD, 64, 4);
	deconstruct_array(path, TEXTOID, -1, false, TYPALIGN_INT, &touch, &null, &count);
	channel = palloc((count + 1) * sizeof(int32));
	for (i = 0; i < count; i++)
	{
		text *name;

		if (null[i])
			continue;
		name = DatumGetTextPP(touch[i]);
		summary = cv_named_intern(summary, CV_WORD, cv_attribution_type, VARDATA_ANY(name),
								  (int32) VARSIZE_ANY_EXHDR(name), &channel[touches++]);
	}
	PG_RETURN_POINTER(cv_attribution_add(summary, touches, channel, NULL, sum));
}

/*
 * attribution_summary(log, converted_at, value): one journey; converted_at NULL is one
 * without a conversion.  Touches after the conversion are ignored, and so is a row
 * without a log.
 */
Datum
cv_attribution_summary_log_trans(PG_FUNCTION_ARGS)
{
	cv_attribution_summary *summary = PG_ARGISNULL(0) ? NULL : read_summary(fcinfo, 0);
	bool converted = !PG_ARGISNULL(2);
	TimestampTz converted_at = 0;
	const cv_journey_log *log;
	const cv_journey_entry *entry;
	int128 sum[CV_SUMS] = { 0 };
	int32 *channel;
	int32 *number;
	int64 *age;
	int32 touches = 0;
	int32 i;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(1))
	{
		if (summary == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(summary);
	}
	log = cv_journey_log_arg(fcinfo, 1);
	entry = cv_journey_entries(log);
	if (converted)
	{
		converted_at = cv_check_instant("converted_at", PG_GETARG_TIMESTAMPTZ(2));
		sum[CV_CONVERSIONS] = CV_EXACT_UNIT;
		sum[CV_VALUE] = amount_arg(fcinfo, 3, "value");
	}
	else
		sum[CV_NULLS] = CV_EXACT_UNIT;
	if (summary == NULL)
		summary = cv_named_new(cv_attribution_type, CV_WORD, 64, 4);
	channel = palloc((log->count + 1) * sizeof(int32));
	age = palloc((log->count + 1) * sizeof(int64));
	number = palloc((log->names + 1) * sizeof(int32));
	for (i = 0; i < log->names; i++)
		number[i] = -1;
	for (i = 0; i < log->count && !(converted && entry[i].at > converted_at); i++)
	{
		int32 stage = entry[i].stage;

		if (stage < 0 || stage >= log->names)
			cv_corrupt_binary(cv_journey_log_type, "A stage is out of range.");
		if (number[stage] < 0)
		{
			int32 length;
			const char *name = cv_named_text(log, stage, &length);

			summary = cv_named_intern(summary, CV_WORD, cv_attribution_type, name, length,
									  &number[stage]);
		}
		channel[touches] = number[stage];
		if (converted)
			age[touches] = (int64) Min(cv_span(entry[i].at, converted_at), (uint64) PG_INT64_MAX);
		touches++;
	}
	PG_RETURN_POINTER(cv_attribution_add(summary, touches, channel, converted ? age : NULL, sum));
}

/* Merges two summaries; also the transition of rollup(attribution_summary). */
Datum
cv_attribution_summary_combine(PG_FUNCTION_ARGS)
{
	cv_attribution_summary *summary;
	const cv_attribution_summary *other;
	const cv_path *path;
	int32 *number;
	int32 *channel = NULL;
	int32 room = 0;
	int64 at = 0;
	int32 i;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(read_summary(fcinfo, 1));
	summary = read_summary(fcinfo, 0);
	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(summary);
	other = cv_attribution_stored(read_summary(fcinfo, 1));
	number = palloc((other->names + 1) * sizeof(int32));
	for (i = 0; i < other->names; i++)
	{
		int32 length;
		const char *name = cv_named_text(other, i, &length);

		summary = cv_named_intern(summary, CV_WORD, cv_attribution_type, name, length, &number[i]);
	}
	while ((path = cv_next_path(other, &at)) != NULL)
	{
		int128 sum[CV_SUMS];
		int k;

		if (path->touches >= room)
		{
			room = path->touches + 64;
			channel =
				channel ? repalloc(channel, room * sizeof(int32)) : palloc(room * sizeof(int32));
		}
		for (i = 0; i < path->touches; i++)
		{
			int32 own = cv_path_channels(path)[i];

			if (own < 0 || own >= other->names)
				cv_corrupt_binary(cv_attribution_type, "A channel is out of range.");
			channel[i] = number[own];
		}
		for (k = 0; k < CV_SUMS; k++)
			sum[k] = cv_exact_get(path->sum[k]);
		summary = cv_attribution_add(summary, path->touches, channel,
									 path->flags & CV_PATH_AGES ? cv_path_ages(path) : NULL, sum);
		CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_POINTER(summary);
}

/* The summary as it is stored. */
Datum
cv_attribution_summary_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(cv_attribution_arg(fcinfo, 0));
}
