/*
 * attribution.c: attribution(summary, method, markov_order, position_weights, half_life).
 *
 * first, last, linear, position and time-decay share each conversion among the touches
 * of its journey.  shapley is the value of the game in which a coalition of channels
 * wins the conversions of the journeys that stay within it: an even share for each
 * channel of the journey, however often touched (Zhao, Mahboobi and Bagheri 2018,
 * simplified method), so no coalition need be enumerated.  markov shares all conversions
 * in proportion to the channels' removal effects (core/markov_attribution.c).
 */
#include "postgres.h"

#include <math.h>

#include "attribution/attribution.h"
#include "catalog/pg_type.h"
#include "core/markov_attribution.h"
#include "miscadmin.h"
#include "pg/instant.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(cv_attribution);

typedef enum attribution_method
{
	FIRST,
	LAST,
	LINEAR,
	POSITION,
	TIME_DECAY,
	MARKOV,
	SHAPLEY,
	METHODS
} attribution_method;

static const char *const method_name[METHODS] = { "first",		"last",	  "linear", "position",
												  "time-decay", "markov", "shapley" };

typedef struct parameters
{
	attribution_method method;
	int order;
	double position[3]; /* of the first, all middle and the last touch */
	double half_life;	/* microseconds */
} parameters;

/* A compensated sum (Neumaier 1974). */
typedef struct neumaier
{
	double sum;
	double rest;
} neumaier;

typedef struct channel_sums
{
	neumaier conversions;
	neumaier value;
} channel_sums;

static void
add(neumaier *total, double term)
{
	double next = total->sum + term;

	total->rest +=
		fabs(total->sum) >= fabs(term) ? (total->sum - next) + term : (term - next) + total->sum;
	total->sum = next;
}

/* ---- parameters ---- */

static attribution_method
method_arg(FunctionCallInfo fcinfo, int argument)
{
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(argument));
	int i;

	for (i = 0; i < METHODS; i++)
		if (strcmp(name, method_name[i]) == 0)
			return (attribution_method) i;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown method \"%s\"", name),
					errhint("Methods are \"first\", \"last\", \"linear\", \"position\", "
							"\"time-decay\", \"markov\" and \"shapley\".")));
}

static void
read_parameters(FunctionCallInfo fcinfo, parameters *p)
{
	ArrayType *weights = PG_GETARG_ARRAYTYPE_P(3);
	double total = 0;
	int i;

	p->method = method_arg(fcinfo, 1);
	p->order = PG_GETARG_INT32(2);
	if (p->order < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("markov_order must be at least 1, not %d", p->order)));
	if (ARR_NDIM(weights) != 1 || ARR_DIMS(weights)[0] != 3 || array_contains_nulls(weights))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("position_weights must be three numbers"),
						errdetail("They are the weights of the first touch, of all touches "
								  "between, and of the last one.")));
	for (i = 0; i < 3; i++)
	{
		p->position[i] =
			cv_check_range("a position weight", ((double *) ARR_DATA_PTR(weights))[i], 0, INFINITY);
		total += p->position[i];
	}
	if (!(total > 0) || isinf(total))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("position_weights must have a finite sum above 0, not %g", total)));
	p->half_life = (double) cv_span_arg(fcinfo, 4, "half_life");
	if (p->half_life == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("half_life must be above 0")));
}

/* ---- shares of the touches of a journey ---- */

/* The weights of the touches by place: alone all, two of them the ends only. */
static void
weigh_positions(const parameters *p, int32 touches, double *weight)
{
	double ends = p->position[0] + p->position[2];
	double total = touches > 2 ? ends + p->position[1] : ends;
	int32 i;

	if (touches <= 2 && total == 0)
	{
		for (i = 0; i < touches; i++)
			weight[i] = 1.0 / touches;
		return;
	}
	for (i = 1; i < touches - 1; i++)
		weight[i] = p->position[1] / total / (touches - 2);
	weight[0] = p->position[0] / total;
	weight[touches - 1] = touches > 1 ? p->position[2] / total : 1;
}

/* The weights of the touches by age: half for each half_life. */
static void
weigh_ages(const parameters *p, const cv_path *path, double *weight)
{
	const int64 *age = cv_path_ages(path);
	double total = 0;
	int32 i;

	if (!(path->flags & CV_PATH_AGES))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("method \"time-decay\" needs the times of the touches"),
						errhint("Build the summary from journey logs: attribution_summary(log, "
								"converted_at, value).")));
	/* the last touch is the youngest; against it nothing vanishes that has a weight */
	for (i = 0; i < path->touches; i++)
	{
		weight[i] = exp2(-((double) (age[i] - age[path->touches - 1]) / p->half_life));
		total += weight[i];
	}
	for (i = 0; i < path->touches; i++)
		weight[i] /= total;
}

/* The weights of a journey's touches, which sum to 1. */
static void
weigh(const parameters *p, const cv_path *path, int64 *seen, int64 journey, double *weight)
{
	const int32 *channel = cv_path_channels(path);
	int32 touches = path->touches;
	int32 distinct = 0;
	int32 i;

	memset(weight, 0, touches * sizeof(double));
	switch (p->method)
	{
		case FIRST:
			weight[0] = 1;
			break;
		case LAST:
			weight[touches - 1] = 1;
			break;
		case LINEAR:
			for (i = 0; i < touches; i++)
				weight[i] = 1.0 / touches;
			break;
		case POSITION:
			weigh_positions(p, touches, weight);
			break;
		case TIME_DECAY:
			weigh_ages(p, path, weight);
			break;
		default:
			/* shapley: the first touch of each channel stands for it */
			for (i = 0; i < touches; i++)
				if (seen[channel[i]] != journey)
				{
					seen[channel[i]] = journey;
					weight[i] = 1;
					distinct++;
				}
			for (i = 0; i < touches; i++)
				weight[i] /= distinct;
	}
}

static void
share_by_touches(const parameters *p, const cv_attribution_summary *summary, channel_sums *sums)
{
	int64 *seen = palloc0((summary->names + 1) * sizeof(int64));
	const cv_path *path;
	double *weight = NULL;
	int32 room = 0;
	int64 journey = 0;
	int64 at = 0;

	while ((path = cv_next_path(summary, &at)) != NULL)
	{
		double conversions = cv_exact_number(cv_exact_get(path->sum[CV_CONVERSIONS]));
		double value = cv_exact_number(cv_exact_get(path->sum[CV_VALUE]));
		int32 i;

		journey++;
		if (journey % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
		if (path->touches == 0 || conversions == 0)
			continue;
		if (path->touches > room)
		{
			room = path->touches + 64;
			if (weight)
				pfree(weight);
			weight = palloc_extended(room * sizeof(double), MCXT_ALLOC_HUGE);
		}
		weigh(p, path, seen, journey, weight);
		for (i = 0; i < path->touches; i++)
			if (weight[i] > 0)
			{
				channel_sums *channel = &sums[cv_path_channels(path)[i]];

				add(&channel->conversions, conversions * weight[i]);
				add(&channel->value, value * weight[i]);
			}
	}
}

/* ---- removal effects ---- */

static void *
allocate(size_t size)
{
	return palloc_extended(size, MCXT_ALLOC_HUGE);
}

static void
check_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

static double
sum_of(const double *effect, int n)
{
	neumaier total = { 0, 0 };
	int i;

	for (i = 0; i < n; i++)
		add(&total, effect[i]);
	return total.sum + total.rest;
}

/* Shares what journeys with touches have won by removal effect, which is returned. */
static double *
share_by_removal(const parameters *p, const cv_attribution_summary *summary, double conversions,
				 double value, channel_sums *sums)
{
	cv_markov markov = { 0 };
	cv_markov_path *list;
	const cv_path *path;
	double *effect = palloc((summary->names + 1) * sizeof(double));
	double *value_effect = palloc((summary->names + 1) * sizeof(double));
	double total;
	double value_total;
	MemoryContext work =
		AllocSetContextCreate(CurrentMemoryContext, "attribution", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(work);
	int64 paths = 0;
	int64 at = 0;
	int32 i;

	while (cv_next_path(summary, &at))
		paths++;
	list = allocate((paths + 1) * sizeof(cv_markov_path));
	for (at = 0; (path = cv_next_path(summary, &at)) != NULL;)
	{
		cv_markov_path *own = &list[markov.paths];

		if (path->touches == 0)
			continue;
		own->channel = cv_path_channels(path);
		own->touches = path->touches;
		own->conversions = cv_exact_get(path->sum[CV_CONVERSIONS]);
		own->value = cv_exact_get(path->sum[CV_VALUE]);
		own->nulls = cv_exact_get(path->sum[CV_NULLS]);
		markov.paths++;
	}
	markov.channels = summary->names;
	markov.order = p->order;
	markov.path = list;
	markov.unit = (double) CV_EXACT_UNIT;
	markov.most_dense = CV_MARKOV_DENSE;
	markov.allocate = allocate;
	markov.check = check_interrupts;
	if (cv_markov_removal(&markov, effect, value_effect) < 0)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("more than %d touches in distinct journeys", PG_INT32_MAX / 4)));
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(work);

	total = sum_of(effect, summary->names);
	value_total = sum_of(value_effect, summary->names);
	for (i = 0; i < summary->names; i++)
	{
		if (total > 0)
			sums[i].conversions.sum = conversions * (effect[i] / total);
		if (value_total > 0)
			sums[i].value.sum = value * (value_effect[i] / value_total);
	}
	return conversions > 0 ? effect : NULL;
}

/* ---- result ---- */

#define COLUMNS 5

/* A row; "all" is what all rows share. */
static void
emit_row(FunctionCallInfo fcinfo, Datum channel, bool no_channel, double conversions, double value,
		 double all, const double *effect)
{
	Datum values[COLUMNS] = { 0 };
	bool nulls[COLUMNS] = { false };

	values[0] = channel;
	nulls[0] = no_channel;
	values[1] = Float8GetDatum(conversions);
	values[2] = Float8GetDatum(value);
	nulls[3] = !(all > 0);
	if (all > 0)
		values[3] = Float8GetDatum(conversions / all);
	nulls[4] = effect == NULL;
	if (effect)
		values[4] = Float8GetDatum(*effect);
	cv_emit(fcinfo, values, nulls);
}

/* attribution(summary, method, markov_order, position_weights, half_life). */
Datum
cv_attribution(PG_FUNCTION_ARGS)
{
	const cv_attribution_summary *summary = cv_attribution_arg(fcinfo, 0);
	int128 total[2][2] = { { 0 } }; /* conversions, value; with and without touches */
	channel_sums *sums = palloc0((summary->names + 1) * sizeof(channel_sums));
	double *effect = NULL;
	double all;
	const cv_path *path;
	parameters p;
	int64 at = 0;
	int32 i;

	read_parameters(fcinfo, &p);
	while ((path = cv_next_path(summary, &at)) != NULL)
	{
		for (i = 0; i < path->touches; i++)
			if (cv_path_channels(path)[i] < 0 || cv_path_channels(path)[i] >= summary->names)
				cv_corrupt_binary(cv_attribution_type, "A channel is out of range.");
		for (i = 0; i < 2; i++)
			if (__builtin_add_overflow(total[i][path->touches == 0], cv_exact_get(path->sum[i]),
									   &total[i][path->touches == 0]))
				ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
								errmsg("conversions or values add up to more than 1.7e20")));
	}
	if (p.method == MARKOV)
		effect = share_by_removal(&p, summary, cv_exact_number(total[CV_CONVERSIONS][0]),
								  cv_exact_number(total[CV_VALUE][0]), sums);
	else
		share_by_touches(&p, summary, sums);

	all = cv_exact_number(total[CV_CONVERSIONS][0] + total[CV_CONVERSIONS][1]);
	InitMaterializedSRF(fcinfo, 0);
	for (i = 0; i < summary->names; i++)
	{
		int32 length;
		const char *name = cv_named_text(summary, i, &length);

		emit_row(fcinfo, PointerGetDatum(cstring_to_text_with_len(name, length)), false,
				 sums[i].conversions.sum + sums[i].conversions.rest,
				 sums[i].value.sum + sums[i].value.rest, all, effect ? &effect[i] : NULL);
	}
	/* conversions that no channel was seen before */
	if (total[CV_CONVERSIONS][1] > 0)
		emit_row(fcinfo, (Datum) 0, true, cv_exact_number(total[CV_CONVERSIONS][1]),
				 cv_exact_number(total[CV_VALUE][1]), all, NULL);
	PG_RETURN_NULL();
}
