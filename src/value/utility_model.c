/*
 * utility_model.c: utility models, the part-worths of conjoint analysis, as values.
 *
 * Text:
 *
 * {"family": "choice",
 *  "part_worths": {"brand": {"dannon": 0, "hiland": -3.7156}, "price": -0.3666},
 *  "ranges": {"price": [4.3, 12.2]}}
 *
 * after a fit with a member "fit" that tells how it went; published part-worths can
 * be typed in.  A number is a slope, an object has the part-worths of levels.  A
 * rating model has an "intercept" too.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "value/value.h"

const char cv_utility_model_type[] = "cv_utility_model";

#define MOST_COUNT (INT64CONST(1) << 53) /* what JSON numbers hold exactly */
#define SMALLEST offsetof(cv_utility_model, data)

static const char *const family_name[CV_UTILITY_FAMILIES] = { "choice", "rating" };

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
static const char *
find_fit_fault(const cv_utility_model *model)
{
	const double *covariance = CV_COVARIANCE_OF(model);
	int64 n = model->parameters;
	int64 i;

	if (!(model->header.flags & CV_UTILITY_FITTED))
		return model->header.flags == 0 ? NULL : "The flags do not fit each other.";
	if (model->observations < 0 || model->observations > MOST_COUNT || model->choices < -1 ||
		model->choices > MOST_COUNT || model->respondents < -1 || model->respondents > MOST_COUNT ||
		model->skipped < 0 || model->skipped > MOST_COUNT || model->iterations < 0 ||
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

/* ---- text ---- */

static void
append_name(StringInfo text, const cv_utility_model *model, int32 name, int32 length)
{
	char *terminated = pnstrdup(CV_MODEL_NAMES(model) + name, length);

	escape_json(text, terminated);
	appendStringInfoString(text, ": ");
	pfree(terminated);
}

static void
append_member(StringInfo text, const char *key, double value)
{
	if (value == CV_MISSING)
		return;
	appendStringInfo(text, ", \"%s\": ", key);
	cv_append_number(text, value);
}

static void
append_fit(StringInfo text, const cv_utility_model *model)
{
	const double *covariance = CV_COVARIANCE_OF(model);
	int64 n = model->parameters;
	int64 i;
	int64 j;

	appendStringInfo(text, ", \"fit\": {\"observations\": %lld", (long long) model->observations);
	if (model->choices >= 0)
		appendStringInfo(text, ", \"choices\": %lld", (long long) model->choices);
	if (model->respondents >= 0)
		appendStringInfo(text, ", \"respondents\": %lld", (long long) model->respondents);
	appendStringInfo(text, ", \"skipped\": %lld", (long long) model->skipped);
	append_member(text, "log_likelihood", model->log_likelihood);
	append_member(text, "log_likelihood_null", model->log_likelihood_null);
	append_member(text, "r_squared", model->r_squared);
	append_member(text, "residual_error", model->residual_error);
	append_member(text, "gradient", model->gradient);
	appendStringInfo(text, ", \"iterations\": %lld, \"converged\": %s",
					 (long long) model->iterations,
					 model->header.flags & CV_UTILITY_CONVERGED ? "true" : "false");
	if (model->header.flags & CV_UTILITY_COVARIANCE)
	{
		appendStringInfoString(text, ", \"covariance\": [");
		for (i = 0; i < n; i++)
			for (j = 0; j <= i; j++)
			{
				appendStringInfoString(text, i > 0 ? ", " : "");
				cv_append_number(text, covariance[i * n + j]);
			}
		appendStringInfoChar(text, ']');
	}
	appendStringInfoChar(text, '}');
}

Datum
cv_utility_model_out(PG_FUNCTION_ARGS)
{
	const cv_utility_model *model = cv_utility_model_arg(fcinfo, 0);
	const char *separator;
	StringInfoData text;
	int32 i;
	int32 j;

	initStringInfo(&text);
	appendStringInfo(&text, "{\"family\": \"%s\"", family_name[model->family]);
	if (model->family == CV_RATING_MODEL)
		append_member(&text, "intercept", model->intercept);
	appendStringInfoString(&text, ", \"part_worths\": {");
	for (i = 0; i < model->attributes; i++)
	{
		const cv_part *part = &CV_PARTS(model)[i];

		appendStringInfoString(&text, i > 0 ? ", " : "");
		append_name(&text, model, part->name, part->length);
		if (part->levels == 0)
		{
			cv_append_number(&text, part->slope);
			continue;
		}
		for (j = 0; j < part->levels; j++)
		{
			const cv_worth *worth = &CV_WORTHS(model)[part->first + j];

			appendStringInfoString(&text, j > 0 ? ", " : "{");
			append_name(&text, model, worth->name, worth->length);
			cv_append_number(&text, worth->worth);
		}
		appendStringInfoChar(&text, '}');
	}
	appendStringInfoChar(&text, '}');
	separator = ", \"ranges\": {";
	for (i = 0; i < model->attributes; i++)
	{
		const cv_part *part = &CV_PARTS(model)[i];

		if (part->low == CV_MISSING)
			continue;
		appendStringInfoString(&text, separator);
		append_name(&text, model, part->name, part->length);
		appendStringInfoChar(&text, '[');
		cv_append_number(&text, part->low);
		appendStringInfoString(&text, ", ");
		cv_append_number(&text, part->high);
		appendStringInfoChar(&text, ']');
		separator = ", ";
	}
	if (separator[2] == '\0')
		appendStringInfoChar(&text, '}');
	if (model->header.flags & CV_UTILITY_FITTED)
		append_fit(&text, model);
	appendStringInfoChar(&text, '}');
	PG_RETURN_CSTRING(text.data);
}

static double
number_of(const JsonbValue *value, const char *key)
{
	double number;

	if (value->type != jbvNumeric)
		cv_malformed(cv_utility_model_type, "\"%s\" must be a number.", key);
	number = DatumGetFloat8(
		DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
	if (!isfinite(number))
		cv_malformed(cv_utility_model_type, "\"%s\" is too large.", key);
	return number;
}

static int64
count_of(const JsonbValue *value, const char *key)
{
	double number = number_of(value, key);

	if (!(number >= 0 && number <= MOST_COUNT) || number != floor(number))
		cv_malformed(cv_utility_model_type, "\"%s\" must be a whole number of at least 0.", key);
	return (int64) number;
}

/* The next member of an object: its key, terminated, and its value. */
static bool
next_member(JsonbIterator **members, char **key, int *length, JsonbValue *value)
{
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(members, value, true)) != WJB_DONE)
		if (token == WJB_KEY)
		{
			*length = value->val.string.len;
			*key = pnstrdup(value->val.string.val, *length);
			(void) JsonbIteratorNext(members, value, true);
			return true;
		}
	return false;
}

static JsonbContainer *
object_of(const JsonbValue *value, const char *key)
{
	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		cv_malformed(cv_utility_model_type, "\"%s\" must be an object.", key);
	return value->val.binary.data;
}

/* Part-worths as they stand in the JSON form. */
static cv_part_input *
read_parts(JsonbContainer *object, int *attributes)
{
	cv_part_input *part = palloc0(Max(1, JsonContainerSize(object)) * sizeof(cv_part_input));
	JsonbIterator *members = JsonbIteratorInit(object);
	JsonbValue value;
	char *key;
	int length;

	*attributes = 0;
	while (next_member(&members, &key, &length, &value))
	{
		cv_part_input *to = &part[(*attributes)++];
		JsonbIterator *inner;
		JsonbContainer *levels;

		to->name = key;
		to->length = length;
		to->low = to->high = CV_MISSING;
		if (value.type == jbvNumeric)
		{
			to->slope = number_of(&value, key);
			continue;
		}
		if (value.type != jbvBinary || !JsonContainerIsObject(value.val.binary.data) ||
			JsonContainerSize(value.val.binary.data) == 0)
			cv_malformed(cv_utility_model_type,
						 "\"%s\" must be a number, the slope, or an object, the part-worths of its "
						 "levels.",
						 key);
		levels = value.val.binary.data;
		to->level = palloc(JsonContainerSize(levels) * sizeof(cv_level_input));
		inner = JsonbIteratorInit(levels);
		while (next_member(&inner, &key, &length, &value))
		{
			cv_level_input *level = &to->level[to->levels++];

			level->name = key;
			level->length = length;
			level->worth = number_of(&value, key);
		}
	}
	return part;
}

static void
read_ranges(JsonbContainer *object, cv_part_input *part, int attributes)
{
	JsonbIterator *members = JsonbIteratorInit(object);
	JsonbValue value;
	char *key;
	int length;
	int i;

	while (next_member(&members, &key, &length, &value))
	{
		JsonbContainer *list = value.type == jbvBinary ? value.val.binary.data : NULL;

		for (i = 0; i < attributes; i++)
			if (part[i].levels == 0 &&
				cv_compare_names(part[i].name, part[i].length, key, length) == 0)
				break;
		if (i == attributes)
			cv_malformed(cv_utility_model_type, "\"ranges\" has \"%s\", which is no slope.", key);
		if (list == NULL || !JsonContainerIsArray(list) || JsonContainerSize(list) != 2)
			cv_malformed(cv_utility_model_type,
						 "The range of \"%s\" must be an array of two numbers.", key);
		part[i].low = number_of(getIthJsonbValueFromContainer(list, 0), key);
		part[i].high = number_of(getIthJsonbValueFromContainer(list, 1), key);
	}
}

/* Reads the member "fit" into a model that has room for what it says. */
static void
read_fit(cv_utility_model *model, JsonbContainer *fit)
{
	JsonbIterator *members = JsonbIteratorInit(fit);
	JsonbValue value;
	char *key;
	int length;
	int known = 0;

	while (next_member(&members, &key, &length, &value))
	{
		known++;
		if (strcmp(key, "observations") == 0)
			model->observations = count_of(&value, key);
		else if (strcmp(key, "skipped") == 0)
			model->skipped = count_of(&value, key);
		else if (strcmp(key, "gradient") == 0)
			model->gradient = number_of(&value, key);
		else if (strcmp(key, "iterations") == 0)
			model->iterations = count_of(&value, key);
		else if (strcmp(key, "converged") == 0)
		{
			if (value.type != jbvBool)
				cv_malformed(cv_utility_model_type, "\"converged\" must be true or false.");
			if (value.val.boolean)
				model->header.flags |= CV_UTILITY_CONVERGED;
		}
		else
		{
			known--;
			if (strcmp(key, "choices") == 0)
				model->choices = count_of(&value, key);
			else if (strcmp(key, "respondents") == 0)
				model->respondents = count_of(&value, key);
			else if (strcmp(key, "log_likelihood") == 0)
				model->log_likelihood = number_of(&value, key);
			else if (strcmp(key, "log_likelihood_null") == 0)
				model->log_likelihood_null = number_of(&value, key);
			else if (strcmp(key, "r_squared") == 0)
				model->r_squared = number_of(&value, key);
			else if (strcmp(key, "residual_error") == 0)
				model->residual_error = number_of(&value, key);
			else if (strcmp(key, "covariance") == 0)
			{
				JsonbContainer *list = value.type == jbvBinary ? value.val.binary.data : NULL;
				double *covariance = CV_COVARIANCE_OF(model);
				int64 n = model->parameters;
				JsonbIterator *elements;
				int64 i = 0;
				int64 j = 0;

				if (list == NULL || !JsonContainerIsArray(list) ||
					JsonContainerSize(list) != n * (n + 1) / 2)
					cv_malformed(cv_utility_model_type,
								 "\"covariance\" must be an array of %lld numbers.",
								 (long long) (n * (n + 1) / 2));
				elements = JsonbIteratorInit(list);
				while (i < n && JsonbIteratorNext(&elements, &value, true) != WJB_DONE)
				{
					if (value.type == jbvArray)
						continue;
					covariance[i * n + j] = covariance[j * n + i] = number_of(&value, key);
					if (++j > i)
					{
						i++;
						j = 0;
					}
				}
			}
			else
				cv_malformed(cv_utility_model_type, "\"fit\" has no member \"%s\".", key);
		}
	}
	if (known != 5)
		cv_malformed(cv_utility_model_type, "\"fit\" must have observations, skipped, gradient, "
											"iterations and converged.");
	model->header.flags |= CV_UTILITY_FITTED;
}

/* A model from its JSON form. */
static cv_utility_model *
model_from_jsonb(Jsonb *document)
{
	cv_part_input *part = NULL;
	JsonbContainer *ranges = NULL;
	JsonbContainer *fit = NULL;
	JsonbIterator *members;
	JsonbValue value;
	cv_utility_model *model;
	const char *fault;
	double intercept = 0;
	bool has_intercept = false;
	bool covariance = false;
	char *key;
	int length;
	int attributes = 0;
	int family = -1;

	if (!JB_ROOT_IS_OBJECT(document))
		cv_malformed(cv_utility_model_type, "A model must be a JSON object.");
	members = JsonbIteratorInit(&document->root);
	while (next_member(&members, &key, &length, &value))
	{
		if (strcmp(key, "family") == 0)
		{
			for (family = 0; family < CV_UTILITY_FAMILIES; family++)
				if (value.type == jbvString &&
					cv_compare_names(value.val.string.val, value.val.string.len,
									 family_name[family], (int) strlen(family_name[family])) == 0)
					break;
			if (family == CV_UTILITY_FAMILIES)
				cv_malformed(cv_utility_model_type,
							 "The family of a utility model is \"choice\" or \"rating\".");
		}
		else if (strcmp(key, "part_worths") == 0)
			part = read_parts(object_of(&value, key), &attributes);
		else if (strcmp(key, "ranges") == 0)
			ranges = object_of(&value, key);
		else if (strcmp(key, "fit") == 0)
			fit = object_of(&value, key);
		else if (strcmp(key, "intercept") == 0)
		{
			intercept = number_of(&value, key) + 0.0;
			has_intercept = true;
		}
		else
			cv_malformed(cv_utility_model_type, "A utility model has no member \"%s\".", key);
	}
	if (family < 0)
		cv_malformed(cv_utility_model_type, "\"family\" is missing.");
	if (part == NULL)
		cv_malformed(cv_utility_model_type, "\"part_worths\" is missing.");
	if (has_intercept != (family == CV_RATING_MODEL))
		cv_malformed(cv_utility_model_type, has_intercept
												? "A choice model has no intercept."
												: "A rating model needs an \"intercept\".");
	if (ranges)
		read_ranges(ranges, part, attributes);
	if (fit)
		covariance = getKeyJsonValueFromContainer(fit, "covariance", 10, NULL) != NULL;
	model = cv_utility_model_new(family, part, attributes, covariance, &fault);
	if (model == NULL)
		cv_malformed(cv_utility_model_type, "%s", fault);
	model->intercept = intercept;
	if (fit)
		read_fit(model, fit);
	fault = find_fit_fault(model);
	if (fault)
		cv_malformed(cv_utility_model_type, "%s", fault);
	return model;
}

Datum
cv_utility_model_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(
		model_from_jsonb(DatumGetJsonbP(DirectFunctionCall1(jsonb_in, PG_GETARG_DATUM(0)))));
}

/* ---- binary ---- */

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
	fault = find_fit_fault(model);
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
