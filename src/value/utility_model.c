/*
 * utility_model.c: utility models, the part-worths of conjoint analysis, as values.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "value/value.h"

const char cv_utility_model_type[] = "cv_utility_model";

#define SMALLEST offsetof(cv_utility_model, data)

PG_FUNCTION_INFO_V1(cv_utility_model_in);
PG_FUNCTION_INFO_V1(cv_utility_model_out);
PG_FUNCTION_INFO_V1(cv_utility_model_recv);
PG_FUNCTION_INFO_V1(cv_utility_model_send);

/* ---- building ---- */

static int
compare_parts(const void *a, const void *b)
{
	const cv_part_input *x = a;
	const cv_part_input *y = b;

	return cv_compare_names(x->name, x->length, y->name, y->length);
}

static int
compare_levels(const void *a, const void *b)
{
	const cv_level_input *x = a;
	const cv_level_input *y = b;

	return cv_compare_names(x->name, x->length, y->name, y->length);
}

/* Sorts the parts and adds up their sizes; NULL or what is wrong with them. */
static const char *
measure(cv_part_input *part, int attributes, int64 *levels, int64 *names)
{
	int i;
	int j;

	qsort(part, attributes, sizeof(cv_part_input), compare_parts);
	*levels = *names = 0;
	for (i = 0; i < attributes; i++)
	{
		cv_level_input *level = part[i].level;

		if (i > 0 && compare_parts(&part[i - 1], &part[i]) == 0)
			return "An attribute stands twice.";
		*levels += part[i].levels;
		*names += part[i].length;
		qsort(level, part[i].levels, sizeof(cv_level_input), compare_levels);
		for (j = 0; j < part[i].levels; j++)
		{
			if (j > 0 && compare_levels(&level[j - 1], &level[j]) == 0)
				return "A level stands twice.";
			if (!isfinite(level[j].worth))
				return "A part-worth is not a finite number.";
			*names += level[j].length;
		}
		if (part[i].levels == 0 && !isfinite(part[i].slope))
			return "A part-worth is not a finite number.";
		if (part[i].low != CV_MISSING &&
			!(isfinite(part[i].low) && isfinite(part[i].high) && part[i].low <= part[i].high))
			return "A range does not go from a finite number to one that is not lower.";
	}
	return NULL;
}

/*
 * A model of these parts, everything else zero, with room for a covariance if
 * asked; NULL and the fault where they cannot be.
 */
cv_utility_model *
cv_utility_model_new(int family, cv_part_input *part, int attributes, bool covariance,
					 const char **fault)
{
	cv_utility_model *model;
	int64 levels;
	int64 names;
	int64 parameters = family == CV_RATING_MODEL ? 1 : 0;
	int64 words;
	char *name;
	int level = 0;
	int i;
	int j;

	*fault = measure(part, attributes, &levels, &names);
	if (*fault)
		return NULL;
	for (i = 0; i < attributes; i++)
		parameters += part[i].levels == 0 ? 1
					  : family == CV_CHOICE_MODEL && part[i].level[0].worth == 0
						  ? part[i].levels - 1
						  : part[i].levels;
	words =
		(attributes * (int64) sizeof(cv_part) + levels * (int64) sizeof(cv_worth) + names + 7) / 8 +
		(covariance ? parameters * parameters : 0);
	model = cv_state_alloc(SMALLEST, words, 8, cv_utility_model_type,
						   covariance ? CV_UTILITY_COVARIANCE : 0);
	model->family = family;
	model->attributes = attributes;
	model->levels = (int32) levels;
	model->parameters = (int32) parameters;
	model->names = (int32) names;
	model->choices = model->respondents = -1;
	model->log_likelihood = model->log_likelihood_null = model->r_squared = model->residual_error =
		CV_MISSING;
	parameters = family == CV_RATING_MODEL ? 1 : 0;
	name = CV_MODEL_NAMES(model);
	for (i = 0; i < attributes; i++)
	{
		cv_part *to = &CV_PARTS(model)[i];

		to->name = (int32) (name - CV_MODEL_NAMES(model));
		to->length = part[i].length;
		memcpy(name, part[i].name, part[i].length);
		name += part[i].length;
		to->first = level;
		to->levels = part[i].levels;
		to->parameter = -1;
		to->low = to->high = CV_MISSING;
		if (part[i].levels == 0)
		{
			to->slope = part[i].slope + 0.0;
			to->parameter = (int32) parameters++;
			to->low = part[i].low + 0.0;
			to->high = part[i].low == CV_MISSING ? CV_MISSING : part[i].high + 0.0;
		}
		for (j = 0; j < part[i].levels; j++)
		{
			cv_worth *worth = &CV_WORTHS(model)[level++];

			worth->name = (int32) (name - CV_MODEL_NAMES(model));
			worth->length = part[i].level[j].length;
			memcpy(name, part[i].level[j].name, part[i].level[j].length);
			name += part[i].level[j].length;
			worth->worth = part[i].level[j].worth + 0.0;
			worth->parameter = family == CV_CHOICE_MODEL && j == 0 && worth->worth == 0
								   ? -1
								   : (int32) parameters++;
		}
	}
	return model;
}

/* A model argument, checked as far as its readers rely on. */
const cv_utility_model *
cv_utility_model_arg(FunctionCallInfo fcinfo, int argument)
{
	cv_utility_model *model =
		cv_value_arg(fcinfo, argument, cv_utility_model_type, SMALLEST, CV_UTILITY_FLAGS);
	uint64 size;

	if (model->family < 0 || model->family >= CV_UTILITY_FAMILIES || model->attributes < 0 ||
		model->levels < 0 || model->parameters < 0 || model->names < 0)
		cv_corrupt_binary(cv_utility_model_type, "The number of parameters is wrong.");
	size = SMALLEST + model->attributes * (uint64) sizeof(cv_part) +
		   model->levels * (uint64) sizeof(cv_worth) + model->names +
		   (model->header.flags & CV_UTILITY_COVARIANCE
				? (uint64) model->parameters * model->parameters * sizeof(double)
				: 0);
	if (MAXALIGN(size) != MAXALIGN(VARSIZE(model)))
		cv_corrupt_binary(cv_utility_model_type, "The number of parameters is wrong.");
	return model;
}

/* What a fit cannot have said; NULL or what is wrong. */
const char *
cv_utility_model_fault(const cv_utility_model *model)
{
	const double *covariance = CV_COVARIANCE_OF(model);
	int64 n = model->parameters;
	int64 i;

	if (!(model->header.flags & CV_UTILITY_FITTED))
		return model->header.flags == 0 ? NULL : "The flags do not fit each other.";
	if (model->observations < 1 || model->observations > CV_MOST_COUNT || model->choices < -1 ||
		model->choices == 0 || model->choices > CV_MOST_COUNT || model->respondents < -1 ||
		model->respondents > CV_MOST_COUNT || model->skipped < 0 ||
		model->skipped > CV_MOST_COUNT || model->iterations < 0 ||
		model->iterations > PG_INT32_MAX || !(model->gradient >= 0) || isinf(model->gradient) ||
		!(model->log_likelihood == CV_MISSING || fabs(model->log_likelihood) <= DBL_MAX / 4) ||
		!(model->log_likelihood_null == CV_MISSING ||
		  fabs(model->log_likelihood_null) <= DBL_MAX / 4) ||
		!(model->r_squared == CV_MISSING || isfinite(model->r_squared)) ||
		!(model->residual_error >= 0) ||
		(model->family == CV_RATING_MODEL) != (model->choices == -1))
		return "The results of the fit are out of range.";
	if (!(model->header.flags & CV_UTILITY_COVARIANCE))
		return NULL;
	for (i = 0; i < n * n; i++)
		if (!isfinite(covariance[i]) || (i % (n + 1) == 0 && covariance[i] < 0))
			return "The covariance is out of range.";
	return NULL;
}

/* ---- text and binary ---- */

Datum
cv_utility_model_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(
		cv_utility_model_read(DatumGetJsonbP(DirectFunctionCall1(jsonb_in, PG_GETARG_DATUM(0)))));
}

Datum
cv_utility_model_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(cv_utility_model_write(cv_utility_model_arg(fcinfo, 0)));
}

/* A count that may be -1, and a number that may be missing, are sent with that. */

Datum
cv_utility_model_recv(PG_FUNCTION_ARGS)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	uint8 flags = cv_receive_begin(buffer, cv_utility_model_type, CV_UTILITY_FLAGS);
	int family = pq_getmsgbyte(buffer);
	double intercept = pq_getmsgfloat8(buffer) + 0.0;
	int64 attributes = cv_receive_count(buffer, cv_utility_model_type, 33);
	cv_part_input *part = palloc0(Max(1, attributes) * sizeof(cv_part_input));
	cv_utility_model *model;
	const char *fault;
	int64 i;
	int64 j;

	if (family >= CV_UTILITY_FAMILIES || !isfinite(intercept) ||
		(family == CV_CHOICE_MODEL && intercept != 0))
		cv_corrupt_binary(cv_utility_model_type, "The family or the intercept is out of range.");
	for (i = 0; i < attributes; i++)
	{
		part[i].name = pq_getmsgstring(buffer);
		part[i].length = (int) strlen(part[i].name);
		part[i].slope = pq_getmsgfloat8(buffer);
		part[i].low = pq_getmsgfloat8(buffer);
		part[i].high = pq_getmsgfloat8(buffer);
		part[i].levels = (int) cv_receive_count(buffer, cv_utility_model_type, 9);
		part[i].level =
			palloc_extended(Max(1, part[i].levels) * sizeof(cv_level_input), MCXT_ALLOC_HUGE);
		for (j = 0; j < part[i].levels; j++)
		{
			part[i].level[j].name = pq_getmsgstring(buffer);
			part[i].level[j].length = (int) strlen(part[i].level[j].name);
			part[i].level[j].worth = pq_getmsgfloat8(buffer);
		}
	}
	if (flags & CV_UTILITY_COVARIANCE)
	{
		int64 least = family == CV_RATING_MODEL ? 1 : 0;

		/* refused before it is allocated: a triangle of so many numbers cannot follow */
		for (i = 0; i < attributes; i++)
			least += part[i].levels == 0 ? 1 : part[i].levels - 1;
		if (least * (least + 1) / 2 > (buffer->len - buffer->cursor) / 8)
			cv_corrupt_binary(cv_utility_model_type, "The covariance does not fit the length.");
	}
	model = cv_utility_model_new(family, part, (int) attributes,
								 (flags & CV_UTILITY_COVARIANCE) != 0, &fault);
	if (model == NULL)
		cv_corrupt_binary(cv_utility_model_type, fault);
	model->intercept = intercept;
	model->header.flags = flags;
	if (flags & CV_UTILITY_FITTED)
	{
		model->observations = pq_getmsgint64(buffer);
		model->choices = pq_getmsgint64(buffer);
		model->respondents = pq_getmsgint64(buffer);
		model->skipped = pq_getmsgint64(buffer);
		model->iterations = pq_getmsgint64(buffer);
		model->gradient = pq_getmsgfloat8(buffer) + 0.0;
		model->log_likelihood = pq_getmsgfloat8(buffer) + 0.0;
		model->log_likelihood_null = pq_getmsgfloat8(buffer) + 0.0;
		model->r_squared = pq_getmsgfloat8(buffer) + 0.0;
		model->residual_error = pq_getmsgfloat8(buffer) + 0.0;
	}
	if (flags & CV_UTILITY_COVARIANCE)
	{
		double *covariance = CV_COVARIANCE_OF(model);
		int64 n = model->parameters;

		for (i = 0; i < n; i++)
			for (j = 0; j <= i; j++)
				covariance[i * n + j] = covariance[j * n + i] = pq_getmsgfloat8(buffer) + 0.0;
	}
	fault = cv_utility_model_fault(model);
	if (fault)
		cv_corrupt_binary(cv_utility_model_type, fault);
	PG_RETURN_POINTER(model);
}

static void
send_name(StringInfo buffer, const cv_utility_model *model, int32 name, int32 length)
{
	char *terminated = pnstrdup(CV_MODEL_NAMES(model) + name, length);

	pq_sendstring(buffer, terminated);
	pfree(terminated);
}

Datum
cv_utility_model_send(PG_FUNCTION_ARGS)
{
	const cv_utility_model *model = cv_utility_model_arg(fcinfo, 0);
	const double *covariance = CV_COVARIANCE_OF(model);
	StringInfoData buffer;
	int64 n = model->parameters;
	int64 i;
	int64 j;

	cv_send_begin(&buffer, model->header.flags);
	pq_sendbyte(&buffer, model->family);
	pq_sendfloat8(&buffer, model->intercept);
	pq_sendint64(&buffer, model->attributes);
	for (i = 0; i < model->attributes; i++)
	{
		const cv_part *part = &CV_PARTS(model)[i];

		send_name(&buffer, model, part->name, part->length);
		pq_sendfloat8(&buffer, part->slope);
		pq_sendfloat8(&buffer, part->low);
		pq_sendfloat8(&buffer, part->high);
		pq_sendint64(&buffer, part->levels);
		for (j = 0; j < part->levels; j++)
		{
			const cv_worth *worth = &CV_WORTHS(model)[part->first + j];

			send_name(&buffer, model, worth->name, worth->length);
			pq_sendfloat8(&buffer, worth->worth);
		}
	}
	if (model->header.flags & CV_UTILITY_FITTED)
	{
		pq_sendint64(&buffer, model->observations);
		pq_sendint64(&buffer, model->choices);
		pq_sendint64(&buffer, model->respondents);
		pq_sendint64(&buffer, model->skipped);
		pq_sendint64(&buffer, model->iterations);
		pq_sendfloat8(&buffer, model->gradient);
		pq_sendfloat8(&buffer, model->log_likelihood);
		pq_sendfloat8(&buffer, model->log_likelihood_null);
		pq_sendfloat8(&buffer, model->r_squared);
		pq_sendfloat8(&buffer, model->residual_error);
	}
	if (model->header.flags & CV_UTILITY_COVARIANCE)
		for (i = 0; i < n; i++)
			for (j = 0; j <= i; j++)
				pq_sendfloat8(&buffer, covariance[i * n + j]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
