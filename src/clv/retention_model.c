/*
 * retention_model.c: models of retention as values.
 *
 * Text: {"family": "sbg", "alpha": 0.668, "beta": 3.806}, after a fit with a
 * member "fit" that tells how it went; published parameters can be typed in.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "clv/retention.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

static const char type_name[] = "cv_retention_model";

PG_FUNCTION_INFO_V1(cv_retention_model_in);
PG_FUNCTION_INFO_V1(cv_retention_model_out);
PG_FUNCTION_INFO_V1(cv_retention_model_recv);
PG_FUNCTION_INFO_V1(cv_retention_model_send);

/* Number of parameters of a family. */
int
cv_retention_parameters(int family)
{
	return family == CV_SBG_MODEL ? 2 : 3;
}

/* Name of a parameter, the same in all families. */
const char *
cv_retention_parameter(int parameter)
{
	static const char *const name[CV_RETENTION_PARAMETERS] = { "alpha", "beta", "c" };

	return name[parameter];
}

/* Name of a family. */
const char *
cv_retention_family_name(int family)
{
	static const char *const name[CV_RETENTION_FAMILIES] = { "sbg", "bdw" };

	return name[family];
}

/* A model without parameters but a c of 1. */
cv_retention_model *
cv_retention_model_new(int family)
{
	cv_retention_model *model = palloc0(sizeof(cv_retention_model));

	SET_VARSIZE(model, sizeof(cv_retention_model));
	model->header.version = CV_FORMAT_VERSION;
	model->family = (uint8) family;
	model->parameter[2] = 1;
	return model;
}

/* What any source of a model must satisfy; NULL or what is wrong. */
static const char *
find_fault(const cv_retention_model *model)
{
	int n;
	int i;

	if (model->family >= CV_RETENTION_FAMILIES)
		return "The family of a retention model is sbg or bdw.";
	n = cv_retention_parameters(model->family);
	for (i = 0; i < n; i++)
		if (!(model->parameter[i] > 0 && isfinite(model->parameter[i])))
			return "Every parameter is a finite number above 0.";
	for (; i < CV_RETENTION_PARAMETERS; i++)
		if (model->parameter[i] != 1)
			return "A parameter that the family does not have is not 1.";
	if (!(model->header.flags & CV_RETENTION_FITTED))
		return model->header.flags == 0 ? NULL : "The flags do not fit each other.";
	if (model->customers < 1 || model->customers > CV_RETENTION_MOST_CUSTOMERS ||
		!(fabs(model->log_likelihood) <= DBL_MAX / 4) || !(model->gradient >= 0) ||
		!isfinite(model->gradient) || model->iterations < 0 || model->iterations > PG_INT32_MAX)
		return "The results of the fit are out of range.";
	for (i = 0; i < n * n; i++)
		if (!isfinite(model->covariance[i]) || (i % (n + 1) == 0 && model->covariance[i] < 0))
			return "The covariance is out of range.";
	return NULL;
}

/* A model argument, checked as far as its readers rely on. */
const cv_retention_model *
cv_retention_model_arg(FunctionCallInfo fcinfo, int argument)
{
	cv_retention_model *model =
		cv_value_arg(fcinfo, argument, type_name, sizeof(cv_retention_model), CV_RETENTION_FLAGS);
	const char *fault = find_fault(model);

	if (fault)
		cv_corrupt_binary(type_name, fault);
	return model;
}

/* ---- text ---- */

static void
append_member(StringInfo text, const char *key, double value)
{
	appendStringInfo(text, ", \"%s\": ", key);
	cv_append_number(text, value);
}

Datum
cv_retention_model_out(PG_FUNCTION_ARGS)
{
	const cv_retention_model *model = cv_retention_model_arg(fcinfo, 0);
	StringInfoData text;
	int n = cv_retention_parameters(model->family);
	int i;
	int j;

	initStringInfo(&text);
	appendStringInfo(&text, "{\"family\": \"%s\"", cv_retention_family_name(model->family));
	for (i = 0; i < n; i++)
		append_member(&text, cv_retention_parameter(i), model->parameter[i]);
	if (model->header.flags & CV_RETENTION_FITTED)
	{
		appendStringInfo(&text, ", \"fit\": {\"customers\": %lld", (long long) model->customers);
		append_member(&text, "log_likelihood", model->log_likelihood);
		append_member(&text, "gradient", model->gradient);
		appendStringInfo(&text, ", \"iterations\": %lld, \"converged\": %s",
						 (long long) model->iterations,
						 model->header.flags & CV_RETENTION_CONVERGED ? "true" : "false");
		if (model->header.flags & CV_RETENTION_COVARIANCE)
		{
			appendStringInfoString(&text, ", \"log_covariance\": [");
			for (i = 0; i < n; i++)
				for (j = 0; j <= i; j++)
				{
					appendStringInfoString(&text, i > 0 ? ", " : "");
					cv_append_number(&text, model->covariance[i * n + j]);
				}
			appendStringInfoChar(&text, ']');
		}
		appendStringInfoChar(&text, '}');
	}
	appendStringInfoChar(&text, '}');
	PG_RETURN_CSTRING(text.data);
}

static double
number_of(const JsonbValue *value, const char *key)
{
	if (value->type != jbvNumeric)
		cv_malformed(type_name, "\"%s\" must be a number.", key);
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8, NumericGetDatum(value->val.numeric)));
}

/* A whole number, as far as doubles hold them. */
static int64
count_of(const JsonbValue *value, const char *key)
{
	double number = number_of(value, key);

	if (!(number >= 0 && number <= 9e18))
		cv_malformed(type_name, "\"%s\" is out of range.", key);
	return (int64) number;
}

/* The next member of an object: its key, NULL at the end. */
static char *
next_member(JsonbIterator **members, JsonbValue *value)
{
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(members, value, true)) != WJB_DONE)
		if (token == WJB_KEY)
		{
			char *key = pnstrdup(value->val.string.val, value->val.string.len);

			(void) JsonbIteratorNext(members, value, true);
			return key;
		}
	return NULL;
}

static void
read_covariance(cv_retention_model *model, const JsonbValue *value)
{
	JsonbContainer *list = value->type == jbvBinary ? value->val.binary.data : NULL;
	int n = cv_retention_parameters(model->family);
	int at = 0;
	int i;
	int j;

	if (list == NULL || !JsonContainerIsArray(list) || JsonContainerSize(list) != n * (n + 1) / 2)
		cv_malformed(type_name, "\"log_covariance\" must be an array of %d numbers.",
					 n * (n + 1) / 2);
	for (i = 0; i < n; i++)
		for (j = 0; j <= i; j++)
			model->covariance[i * n + j] = model->covariance[j * n + i] =
				number_of(getIthJsonbValueFromContainer(list, at++), "log_covariance");
	model->header.flags |= CV_RETENTION_COVARIANCE;
}

/* Reads the member "fit" into a model whose family is known. */
static void
read_fit(cv_retention_model *model, JsonbContainer *fit)
{
	JsonbIterator *members = JsonbIteratorInit(fit);
	JsonbValue value;
	const char *key;
	int known = 0;

	while ((key = next_member(&members, &value)) != NULL)
	{
		known++;
		if (strcmp(key, "customers") == 0)
			model->customers = count_of(&value, key);
		else if (strcmp(key, "log_likelihood") == 0)
			model->log_likelihood = number_of(&value, key);
		else if (strcmp(key, "gradient") == 0)
			model->gradient = number_of(&value, key);
		else if (strcmp(key, "iterations") == 0)
			model->iterations = count_of(&value, key);
		else if (strcmp(key, "converged") == 0)
		{
			if (value.type != jbvBool)
				cv_malformed(type_name, "\"converged\" must be true or false.");
			if (value.val.boolean)
				model->header.flags |= CV_RETENTION_CONVERGED;
		}
		else if (strcmp(key, "log_covariance") == 0)
		{
			read_covariance(model, &value);
			known--;
		}
		else
			cv_malformed(type_name, "\"fit\" has no member \"%s\".", key);
	}
	if (known != 5)
		cv_malformed(
			type_name,
			"\"fit\" must have customers, log_likelihood, gradient, iterations and converged.");
	model->header.flags |= CV_RETENTION_FITTED;
}

static int
family_of(const JsonbValue *value)
{
	int family;

	if (value == NULL)
		cv_malformed(type_name, "\"family\" is missing.");
	if (value->type != jbvString)
		cv_malformed(type_name, "\"family\" must be a string.");
	for (family = 0; family < CV_RETENTION_FAMILIES; family++)
		if (strlen(cv_retention_family_name(family)) == (size_t) value->val.string.len &&
			memcmp(cv_retention_family_name(family), value->val.string.val,
				   value->val.string.len) == 0)
			return family;
	cv_malformed(type_name, "There is no family \"%s\".",
				 pnstrdup(value->val.string.val, value->val.string.len));
}

Datum
cv_retention_model_in(PG_FUNCTION_ARGS)
{
	Jsonb *document = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, PG_GETARG_DATUM(0)));
	JsonbContainer *fit = NULL;
	JsonbIterator *members;
	JsonbValue value;
	cv_retention_model *model;
	const char *key;
	const char *fault;
	int known = 0;
	int n;
	int i;

	if (!JB_ROOT_IS_OBJECT(document))
		cv_malformed(type_name, "A model must be a JSON object.");
	model = cv_retention_model_new(
		family_of(getKeyJsonValueFromContainer(&document->root, "family", 6, NULL)));
	n = cv_retention_parameters(model->family);
	members = JsonbIteratorInit(&document->root);
	while ((key = next_member(&members, &value)) != NULL)
	{
		if (strcmp(key, "family") == 0)
			continue;
		if (strcmp(key, "fit") == 0)
		{
			if (value.type != jbvBinary || !JsonContainerIsObject(value.val.binary.data))
				cv_malformed(type_name, "\"fit\" must be an object.");
			fit = value.val.binary.data;
			continue;
		}
		for (i = 0; i < n; i++)
			if (strcmp(key, cv_retention_parameter(i)) == 0)
				break;
		if (i == n)
			cv_malformed(type_name, "A model of family \"%s\" has no member \"%s\".",
						 cv_retention_family_name(model->family), key);
		model->parameter[i] = number_of(&value, key);
		known |= 1 << i;
	}
	for (i = 0; i < n; i++)
		if (!(known & 1 << i))
			cv_malformed(type_name, "\"%s\" is missing.", cv_retention_parameter(i));
	if (fit)
		read_fit(model, fit);
	fault = find_fault(model);
	if (fault)
		cv_malformed(type_name, "%s", fault);
	PG_RETURN_POINTER(model);
}

/* ---- binary ---- */

Datum
cv_retention_model_recv(PG_FUNCTION_ARGS)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	cv_retention_model *model = cv_retention_model_new(0);
	const char *fault;
	int n;
	int i;
	int j;

	model->header.flags = cv_receive_begin(buffer, type_name, CV_RETENTION_FLAGS);
	model->family = (uint8) pq_getmsgbyte(buffer);
	if (model->family >= CV_RETENTION_FAMILIES)
		cv_corrupt_binary(type_name, "The family is unknown.");
	n = cv_retention_parameters(model->family);
	for (i = 0; i < n; i++)
		model->parameter[i] = pq_getmsgfloat8(buffer);
	model->customers = pq_getmsgint64(buffer);
	model->log_likelihood = pq_getmsgfloat8(buffer);
	model->gradient = pq_getmsgfloat8(buffer);
	model->iterations = pq_getmsgint64(buffer);
	for (i = 0; i < n; i++)
		for (j = 0; j <= i; j++)
			model->covariance[i * n + j] = model->covariance[j * n + i] = pq_getmsgfloat8(buffer);
	fault = find_fault(model);
	if (fault)
		cv_corrupt_binary(type_name, fault);
	PG_RETURN_POINTER(model);
}

Datum
cv_retention_model_send(PG_FUNCTION_ARGS)
{
	const cv_retention_model *model = cv_retention_model_arg(fcinfo, 0);
	StringInfoData buffer;
	int n = cv_retention_parameters(model->family);
	int i;
	int j;

	cv_send_begin(&buffer, model->header.flags);
	pq_sendbyte(&buffer, model->family);
	for (i = 0; i < n; i++)
		pq_sendfloat8(&buffer, model->parameter[i]);
	pq_sendint64(&buffer, model->customers);
	pq_sendfloat8(&buffer, model->log_likelihood);
	pq_sendfloat8(&buffer, model->gradient);
	pq_sendint64(&buffer, model->iterations);
	for (i = 0; i < n; i++)
		for (j = 0; j <= i; j++)
			pq_sendfloat8(&buffer, model->covariance[i * n + j]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
