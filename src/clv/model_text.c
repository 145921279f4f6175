/*
 * model_text.c: models as text.
 *
 * {"family": "bg/nbd", "unit": "7 days", "r": 0.243, "alpha": 4.414, ...}, after a fit
 * with a member "fit" that tells how it went; published parameters can be typed in.
 */
#include "postgres.h"

#include <math.h>

#include "clv/model_fault.h"
#include "pg/document.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

static void
append_member(StringInfo text, const char *key, double value)
{
	appendStringInfoString(text, ", ");
	escape_json(text, key);
	appendStringInfoString(text, ": ");
	cv_append_number(text, value);
}

/* {"KEY": "number", "KEY": ["LEVEL", ..], ..} */
static void
append_covariates(StringInfo text, const cv_model *model)
{
	cv_covariates all;
	int i;
	int j;

	cv_read_covariates(cv_model_design(model), model->design_size, &all);
	appendStringInfoString(text, ", \"covariates\": {");
	for (i = 0; i < all.keys; i++)
	{
		const char *level = all.covariate[i].level;

		appendStringInfoString(text, i > 0 ? ", " : "");
		escape_json(text, all.covariate[i].key);
		appendStringInfoString(text, all.covariate[i].levels == 0 ? ": \"number\"" : ": [");
		for (j = 0; j < all.covariate[i].levels; j++, level = cv_next_level(level))
		{
			appendStringInfoString(text, j > 0 ? ", " : "");
			escape_json(text, level);
		}
		appendStringInfoString(text, all.covariate[i].levels == 0 ? "" : "]");
	}
	appendStringInfoChar(text, '}');
}

static void
append_fit(const cv_model_kind *kind, const cv_model *model, StringInfo text)
{
	const double *covariance = cv_model_covariance(model);
	int n = model->parameters;
	int i;
	int j;

	appendStringInfo(text, ", \"fit\": {\"customers\": %lld", (long long) model->customers);
	append_member(text, "log_likelihood", model->log_likelihood);
	if (kind->has_penalty)
		append_member(text, "penalty", model->penalty);
	append_member(text, "gradient", model->gradient);
	appendStringInfo(text, ", \"iterations\": %lld, \"converged\": %s",
					 (long long) model->iterations,
					 model->header.flags & CV_MODEL_CONVERGED ? "true" : "false");
	if (model->k > 0)
		appendStringInfo(text, ", \"k_chosen\": %s",
						 model->header.flags & CV_MODEL_K_CHOSEN ? "true" : "false");
	if (model->header.flags & CV_MODEL_COVARIANCE)
	{
		appendStringInfoString(text, ", \"log_covariance\": [");
		for (i = 0; i < n; i++)
			for (j = 0; j <= i; j++)
			{
				appendStringInfoString(text, i > 0 ? ", " : "");
				cv_append_number(text, covariance[i * n + j]);
			}
		appendStringInfoChar(text, ']');
	}
	if (cv_model_compared(model)[0])
		appendStringInfo(text, ", \"compared\": %s", cv_model_compared(model));
	appendStringInfoChar(text, '}');
}

/* The JSON text of a model. */
char *
cv_model_out(const cv_model_kind *kind, const cv_model *model)
{
	StringInfoData text;
	int i;

	initStringInfo(&text);
	appendStringInfo(&text, "{\"family\": \"%s\"", kind->family(model->family));
	if (kind->has_unit)
	{
		appendStringInfoString(&text, ", \"unit\": \"");
		cv_append_number(&text, model->unit_days);
		appendStringInfoString(&text, model->unit_days == 1 ? " day\"" : " days\"");
	}
	if (model->k > 0)
		appendStringInfo(&text, ", \"k\": %d", model->k);
	for (i = 0; i < model->parameters; i++)
	{
		if (i == model->own)
			append_covariates(&text, model);
		append_member(&text, cv_model_parameter_name(kind, model, i), model->parameter[i]);
	}
	if (model->header.flags & CV_MODEL_FITTED)
		append_fit(kind, model, &text);
	appendStringInfoChar(&text, '}');
	return text.data;
}

/* The next member of an object: its key, NULL at the end. */
static char *
next_member(JsonbIterator **members, JsonbValue *value)
{
	JsonbValue key;

	if (!cv_next_member(members, &key, value))
		return NULL;
	return pnstrdup(key.val.string.val, key.val.string.len);
}

static char *
string_of(const JsonbValue *value, const char *type, const char *key)
{
	if (value->type != jbvString)
		cv_malformed(type, "\"%s\" must be a string.", key);
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/* A whole number, as far as doubles hold them; out of range it fails the checks. */
static int64
count_of(const JsonbValue *value, const char *type, const char *key)
{
	return (int64) Max(-1, Min(9e18, cv_member_number(value, type, key)));
}

static bool
bool_of(const JsonbValue *value, const char *type, const char *key)
{
	if (value->type != jbvBool)
		cv_malformed(type, "\"%s\" must be true or false.", key);
	return value->val.boolean;
}

/* A unit in days: a number of days as a model prints it, or any interval. */
static double
read_unit(const char *text)
{
	char *end;
	double days = strtod(text, &end);

	if (end != text && (strcmp(end, " days") == 0 || strcmp(end, " day") == 0))
		return days;
	return cv_interval_days(DatumGetIntervalP(DirectFunctionCall3(
		interval_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1))));
}

static int
read_family(const cv_model_kind *kind, const JsonbValue *value)
{
	const char *name;
	int family;

	if (value == NULL)
		cv_malformed(kind->type, "\"family\" is missing.");
	name = string_of(value, kind->type, "family");
	for (family = 0; family < kind->families; family++)
		if (strcmp(name, kind->family(family)) == 0)
			return family;
	cv_malformed(kind->type, "There is no family \"%s\". %s", name, kind->family_rule);
}

static void
read_covariance(const char *type, cv_model *model, const JsonbValue *value)
{
	JsonbContainer *list = value->type == jbvBinary ? value->val.binary.data : NULL;
	double *covariance = cv_model_covariance(model);
	int n = model->parameters;
	int at = 0;
	int i;
	int j;

	if (list == NULL || !JsonContainerIsArray(list) || JsonContainerSize(list) != n * (n + 1) / 2)
		cv_malformed(type, "\"log_covariance\" must be an array of %d numbers.", n * (n + 1) / 2);
	for (i = 0; i < n; i++)
		for (j = 0; j <= i; j++)
			covariance[i * n + j] = covariance[j * n + i] =
				cv_member_number(getIthJsonbValueFromContainer(list, at++), type, "log_covariance");
	model->header.flags |= CV_MODEL_COVARIANCE;
}

/* Reads the member "fit" into a model; returns the text of what was compared. */
static const char *
read_fit(const cv_model_kind *kind, cv_model *model, JsonbContainer *fit)
{
	JsonbIterator *members = JsonbIteratorInit(fit);
	const char *type = kind->type;
	const char *compared = "";
	const char *key;
	JsonbValue value;
	int required = 0;

	while ((key = next_member(&members, &value)) != NULL)
	{
		required++;
		if (strcmp(key, "customers") == 0)
			model->customers = count_of(&value, type, key);
		else if (strcmp(key, "log_likelihood") == 0)
			model->log_likelihood = cv_member_number(&value, type, key);
		else if (strcmp(key, "penalty") == 0 && kind->has_penalty)
			model->penalty = cv_member_number(&value, type, key);
		else if (strcmp(key, "gradient") == 0)
			model->gradient = cv_member_number(&value, type, key);
		else if (strcmp(key, "iterations") == 0)
			model->iterations = count_of(&value, type, key);
		else if (strcmp(key, "converged") == 0)
		{
			if (bool_of(&value, type, key))
				model->header.flags |= CV_MODEL_CONVERGED;
		}
		else if (strcmp(key, "k_chosen") == 0 && model->k > 0)
		{
			required--;
			if (bool_of(&value, type, key))
				model->header.flags |= CV_MODEL_K_CHOSEN;
		}
		else if (strcmp(key, "log_covariance") == 0)
		{
			required--;
			read_covariance(type, model, &value);
		}
		else if (strcmp(key, "compared") == 0 && kind->has_compared)
		{
			required--;
			if (value.type != jbvBinary || !JsonContainerIsArray(value.val.binary.data))
				cv_malformed(type, "\"compared\" must be an array.");
			compared = JsonbToCString(NULL, value.val.binary.data, value.val.binary.len);
		}
		else
			cv_malformed(type, "\"fit\" has no member \"%s\".", key);
	}
	if (required != (kind->has_penalty ? 6 : 5))
		cv_malformed(
			type,
			"\"fit\" must have customers, log_likelihood, %sgradient, iterations and converged.",
			kind->has_penalty ? "penalty, " : "");
	model->header.flags |= CV_MODEL_FITTED;
	return compared;
}

static int
compare_strings(const void *left, const void *right)
{
	return strcmp(*(char *const *) left, *(char *const *) right);
}

/* Appends the levels of a text covariate, which are given as an array of strings. */
static void
read_levels(const char *type, const char *key, const JsonbValue *value, StringInfo bytes)
{
	JsonbContainer *list = value->type == jbvBinary ? value->val.binary.data : NULL;
	char **level;
	int n;
	int i;

	if (list == NULL || !JsonContainerIsArray(list) || JsonContainerSize(list) == 0)
		cv_malformed(type, "Covariate \"%s\" must be \"number\" or an array of its levels.", key);
	n = JsonContainerSize(list);
	level = palloc(n * sizeof(char *));
	for (i = 0; i < n; i++)
		level[i] = string_of(getIthJsonbValueFromContainer(list, i), type, key);
	qsort(level, n, sizeof(char *), compare_strings);
	for (i = 0; i < n; i++)
	{
		appendStringInfoChar(bytes, '=');
		appendBinaryStringInfo(bytes, level[i], strlen(level[i]) + 1);
	}
}

/* Reads the member "covariates" of a model into bytes. */
static void
read_design(const cv_model_kind *kind, int family, const JsonbValue *value, StringInfo bytes)
{
	JsonbContainer *object = value->type == jbvBinary ? value->val.binary.data : NULL;
	JsonbIterator *members;
	JsonbValue member;
	cv_covariates all;
	const char *fault;
	char **key;
	int n = 0;
	int i;

	if (object == NULL || !JsonContainerIsObject(object))
		cv_malformed(kind->type, "\"covariates\" must be an object.");
	key = palloc((JsonContainerSize(object) + 1) * sizeof(char *));
	members = JsonbIteratorInit(object);
	while ((key[n] = next_member(&members, &member)) != NULL)
		n++;
	qsort(key, n, sizeof(char *), compare_strings);
	for (i = 0; i < n; i++)
	{
		JsonbValue *described = getKeyJsonValueFromContainer(object, key[i], strlen(key[i]), NULL);
		bool number = described->type == jbvString && described->val.string.len == 6 &&
					  memcmp(described->val.string.val, "number", 6) == 0;

		appendStringInfoChar(bytes, number ? 'n' : 's');
		appendBinaryStringInfo(bytes, key[i], strlen(key[i]) + 1);
		if (!number)
			read_levels(kind->type, key[i], described, bytes);
	}
	fault = cv_model_design_fault(kind, family, bytes->data, bytes->len, &all);
	if (fault)
		cv_malformed(kind->type, "%s", fault);
}

/* A zeroed model of the family and with the covariates of a document. */
static cv_model *
model_described(const cv_model_kind *kind, Jsonb *document)
{
	int family =
		read_family(kind, getKeyJsonValueFromContainer(&document->root, "family", 6, NULL));
	JsonbValue *covariates =
		kind->processes ? getKeyJsonValueFromContainer(&document->root, "covariates", 10, NULL)
						: NULL;
	StringInfoData bytes;

	if (covariates == NULL)
		return cv_model_new(kind, family, 0, "");
	initStringInfo(&bytes);
	read_design(kind, family, covariates, &bytes);
	return cv_model_with_design(kind, family, 0, bytes.data, bytes.len);
}

/* A model from its JSON form. */
static cv_model *
model_from_jsonb(const cv_model_kind *kind, Jsonb *document)
{
	const char *type = kind->type;
	const char *compared = "";
	JsonbContainer *fit = NULL;
	JsonbIterator *members;
	JsonbValue value;
	cv_model *model;
	const char *key;
	const char *fault;
	bool known[CV_MAX_PARAMETERS] = { false };
	int n;
	int i;

	if (!JB_ROOT_IS_OBJECT(document))
		cv_malformed(type, "A model must be a JSON object.");
	model = model_described(kind, document);
	n = model->parameters;
	members = JsonbIteratorInit(&document->root);
	while ((key = next_member(&members, &value)) != NULL)
	{
		if (strcmp(key, "family") == 0 || (strcmp(key, "covariates") == 0 && kind->processes))
			continue;
		if (strcmp(key, "unit") == 0 && kind->has_unit)
		{
			model->unit_days = read_unit(string_of(&value, type, key));
			continue;
		}
		if (strcmp(key, "k") == 0 && cv_model_most_k(kind, model) > 0)
		{
			double k = cv_member_number(&value, type, key);

			/* -1 fails the checks */
			model->k = k >= 1 && k <= PG_INT32_MAX && k == floor(k) ? (int32) k : -1;
			continue;
		}
		if (strcmp(key, "fit") == 0)
		{
			if (value.type != jbvBinary || !JsonContainerIsObject(value.val.binary.data))
				cv_malformed(type, "\"fit\" must be an object.");
			fit = value.val.binary.data;
			continue;
		}
		for (i = 0; i < n; i++)
			if (strcmp(key, cv_model_parameter_name(kind, model, i)) == 0)
				break;
		if (i == n)
			cv_malformed(type, "A model of family \"%s\" has no member \"%s\".",
						 kind->family(model->family), key);
		model->parameter[i] = cv_member_number(&value, type, key);
		known[i] = true;
	}
	for (i = 0; i < n; i++)
		if (!known[i])
			cv_malformed(type, "\"%s\" is missing.", cv_model_parameter_name(kind, model, i));
	fault = cv_model_fault(kind, model);
	if (fault)
		cv_malformed(type, "%s", fault);
	if (fit)
		compared = read_fit(kind, model, fit);
	fault = cv_model_fit_fault(model);
	if (fault)
		cv_malformed(type, "%s", fault);
	return compared[0] ? cv_model_with_compared(model, compared) : model;
}

/* A model from text. */
cv_model *
cv_model_in(const cv_model_kind *kind, char *text)
{
	return model_from_jsonb(kind,
							DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text))));
}
