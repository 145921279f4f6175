/*
 * utility_json.c: the text form of utility models,
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

#include <math.h>

#include "pg/document.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "value/value.h"

static const char *const family_name[CV_UTILITY_FAMILIES] = { "choice", "rating" };

/* ---- writing ---- */

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

/* Writes the JSON form. */
char *
cv_utility_model_write(const cv_utility_model *model)
{
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
	return text.data;
}

/* ---- reading ---- */

static double
number_of(const JsonbValue *value, const char *key)
{
	return cv_member_number(value, cv_utility_model_type, key);
}

static int64
count_of(const JsonbValue *value, const char *key)
{
	double number = number_of(value, key);

	if (!(number >= 0 && number <= CV_MOST_COUNT) || number != floor(number))
		cv_malformed(cv_utility_model_type, "\"%s\" must be a whole number of at least 0.", key);
	return (int64) number;
}

/* The next member of an object: its key, terminated, and its value. */
static bool
next_member(JsonbIterator **members, char **key, int *length, JsonbValue *value)
{
	JsonbValue name;

	if (!cv_next_member(members, &name, value))
		return false;
	*length = name.val.string.len;
	*key = pnstrdup(name.val.string.val, *length);
	return true;
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

/* Reads the JSON form. */
cv_utility_model *
cv_utility_model_read(Jsonb *document)
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
			intercept = number_of(&value, key);
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
	fault = cv_utility_model_fault(model);
	if (fault)
		cv_malformed(cv_utility_model_type, "%s", fault);
	return model;
}
