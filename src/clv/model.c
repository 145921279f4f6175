/*
 * model.c: buying and spending models as values.
 *
 * Text: {"family": "bg/nbd", "unit": "7 days", "r": 0.243, "alpha": 4.414, ...},
 * after a fit with a member "fit" that tells how it went; published parameters
 * can be typed in.  A buying model carries the unit of its parameters, so that
 * nobody can mix weeks with months.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "clv/clv.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

const char cv_buying_model_type[] = "cv_buying_model";
const char cv_spending_model_type[] = "cv_spending_model";

/* Whole numbers that JSON numbers hold exactly. */
#define MOST_CUSTOMERS (INT64CONST(1) << 53)

static const char *const gamma_gamma_parameter[] = { "p", "q", "gamma" };

PG_FUNCTION_INFO_V1(cv_buying_model_in);
PG_FUNCTION_INFO_V1(cv_buying_model_out);
PG_FUNCTION_INFO_V1(cv_buying_model_recv);
PG_FUNCTION_INFO_V1(cv_buying_model_send);
PG_FUNCTION_INFO_V1(cv_spending_model_in);
PG_FUNCTION_INFO_V1(cv_spending_model_out);
PG_FUNCTION_INFO_V1(cv_spending_model_recv);
PG_FUNCTION_INFO_V1(cv_spending_model_send);

/* A buying family's mathematics. */
const cv_buying_family *
cv_buying_family_of(int family)
{
	static const cv_buying_family *const families[CV_BUYING_FAMILIES] = { &cv_nbd, &cv_bg_nbd,
																		  &cv_mbg_nbd,
																		  &cv_pareto_nbd };

	Assert(family >= 0 && family < CV_BUYING_FAMILIES);
	return families[family];
}

/* Number of parameters of any family. */
int
cv_model_parameters(int family)
{
	return family == CV_GAMMA_GAMMA_MODEL ? lengthof(gamma_gamma_parameter)
										  : cv_buying_family_of(family)->parameters;
}

/* Name of a parameter. */
const char *
cv_model_parameter(int family, int parameter)
{
	return family == CV_GAMMA_GAMMA_MODEL ? gamma_gamma_parameter[parameter]
										  : cv_buying_family_of(family)->parameter[parameter];
}

/* Name of a family. */
const char *
cv_model_family_name(int family)
{
	return family == CV_GAMMA_GAMMA_MODEL ? "gamma-gamma" : cv_buying_family_of(family)->name;
}

/* A zeroed model; "compared" is JSON text or empty. */
cv_model *
cv_model_new(int family, double unit_days, const char *compared)
{
	Size size = offsetof(cv_model, compared) + strlen(compared) + 1;
	cv_model *model = palloc0(size);

	SET_VARSIZE(model, size);
	model->header.version = CV_FORMAT_VERSION;
	model->family = (uint8) family;
	model->unit_days = unit_days;
	strcpy(model->compared, compared);
	return model;
}

/* What a user can get wrong about a model; NULL or what is wrong. */
static const char *
find_fault(const cv_model *model, const char *type)
{
	bool spending = type == cv_spending_model_type;
	int i;

	if (spending ? model->family != CV_GAMMA_GAMMA_MODEL : model->family >= CV_BUYING_FAMILIES)
		return spending
				   ? "The family of a spending model is gamma-gamma."
				   : "The family of a buying model is one of nbd, bg/nbd, mbg/nbd, pareto/nbd.";
	if (!spending && !(model->unit_days > 0 && isfinite(model->unit_days)))
		return "The unit of a buying model is a positive interval such as \"7 days\".";
	for (i = 0; i < cv_model_parameters(model->family); i++)
		if (!(model->parameter[i] > 0 && isfinite(model->parameter[i])))
			return "Every parameter is a finite number above 0.";
	return NULL;
}

/* What a fit cannot have said; NULL or what is wrong. */
static const char *
find_fit_fault(const cv_model *model)
{
	int n = cv_model_parameters(model->family);
	int i;

	if (!(model->header.flags & CV_MODEL_FITTED))
		return model->header.flags == 0 ? NULL : "The flags do not fit each other.";
	if (model->customers < 1 || model->customers > MOST_CUSTOMERS ||
		!(fabs(model->log_likelihood) <= DBL_MAX / 4) || !(model->penalty >= 0) ||
		!isfinite(model->penalty) || !(model->gradient >= 0) || !isfinite(model->gradient) ||
		model->iterations < 0 || model->iterations > PG_INT32_MAX)
		return "The results of the fit are out of range.";
	for (i = 0; i < n * n; i++)
		if (!isfinite(model->covariance[i]) || (i % (n + 1) == 0 && model->covariance[i] < 0))
			return "The covariance is out of range.";
	return NULL;
}

/* A model argument, checked as far as its readers rely on. */
const cv_model *
cv_model_arg(FunctionCallInfo fcinfo, int argument, const char *type)
{
	cv_model *model =
		cv_value_arg(fcinfo, argument, type, offsetof(cv_model, compared) + 1, CV_MODEL_FLAGS);
	const char *fault = find_fault(model, type);

	if (fault)
		cv_corrupt_binary(type, fault);
	if (((char *) model)[VARSIZE(model) - 1] != '\0')
		cv_corrupt_binary(type, "The text at its end is not terminated.");
	return model;
}

/* ---- text ---- */

static void
append_member(StringInfo text, const char *key, double value)
{
	appendStringInfo(text, ", \"%s\": ", key);
	cv_append_number(text, value);
}

static char *
model_out(const cv_model *model)
{
	StringInfoData text;
	int n = cv_model_parameters(model->family);
	int i;
	int j;

	initStringInfo(&text);
	appendStringInfo(&text, "{\"family\": \"%s\"", cv_model_family_name(model->family));
	if (model->family != CV_GAMMA_GAMMA_MODEL)
	{
		appendStringInfoString(&text, ", \"unit\": \"");
		cv_append_number(&text, model->unit_days);
		appendStringInfoString(&text, model->unit_days == 1 ? " day\"" : " days\"");
	}
	for (i = 0; i < n; i++)
		append_member(&text, cv_model_parameter(model->family, i), model->parameter[i]);
	if (model->header.flags & CV_MODEL_FITTED)
	{
		appendStringInfo(&text, ", \"fit\": {\"customers\": %lld", (long long) model->customers);
		append_member(&text, "log_likelihood", model->log_likelihood);
		append_member(&text, "penalty", model->penalty);
		append_member(&text, "gradient", model->gradient);
		appendStringInfo(&text, ", \"iterations\": %lld, \"converged\": %s",
						 (long long) model->iterations,
						 model->header.flags & CV_MODEL_CONVERGED ? "true" : "false");
		if (model->header.flags & CV_MODEL_COVARIANCE)
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
		if (model->compared[0])
			appendStringInfo(&text, ", \"compared\": %s", model->compared);
		appendStringInfoChar(&text, '}');
	}
	appendStringInfoChar(&text, '}');
	return text.data;
}

static char *
string_of(const JsonbValue *value, const char *type, const char *key)
{
	if (value->type != jbvString)
		cv_malformed(type, "\"%s\" must be a string.", key);
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static double
number_of(const JsonbValue *value, const char *type, const char *key)
{
	double number;

	if (value->type != jbvNumeric)
		cv_malformed(type, "\"%s\" must be a number.", key);
	number = DatumGetFloat8(
		DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
	if (!isfinite(number))
		cv_malformed(type, "\"%s\" is too large.", key);
	return number;
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
family_named(const char *name, const char *type)
{
	int family;

	for (family = 0; family <= CV_GAMMA_GAMMA_MODEL; family++)
		if (strcmp(name, cv_model_family_name(family)) == 0)
			return family;
	cv_malformed(type, "There is no family \"%s\".", name);
}

/* Reads the member "fit" into a model whose family is known. */
static cv_model *
read_fit(cv_model *model, JsonbContainer *fit, const char *type)
{
	JsonbIterator *members = JsonbIteratorInit(fit);
	int n = cv_model_parameters(model->family);
	JsonbIteratorToken token;
	JsonbValue value;
	const char *compared = "";
	cv_model *result;
	const char *fault;
	int known = 0;

	while ((token = JsonbIteratorNext(&members, &value, true)) != WJB_DONE)
	{
		char *key;

		if (token != WJB_KEY)
			continue;
		key = pnstrdup(value.val.string.val, value.val.string.len);
		(void) JsonbIteratorNext(&members, &value, true);
		known++;
		if (strcmp(key, "customers") == 0)
			model->customers = (int64) Max(-1, Min(9e18, number_of(&value, type, key)));
		else if (strcmp(key, "log_likelihood") == 0)
			model->log_likelihood = number_of(&value, type, key);
		else if (strcmp(key, "penalty") == 0)
			model->penalty = number_of(&value, type, key);
		else if (strcmp(key, "gradient") == 0)
			model->gradient = number_of(&value, type, key);
		else if (strcmp(key, "iterations") == 0)
			model->iterations = (int64) Max(-1, Min(9e18, number_of(&value, type, key)));
		else if (strcmp(key, "converged") == 0)
		{
			if (value.type != jbvBool)
				cv_malformed(type, "\"converged\" must be true or false.");
			if (value.val.boolean)
				model->header.flags |= CV_MODEL_CONVERGED;
		}
		else if (strcmp(key, "log_covariance") == 0)
		{
			JsonbContainer *list = value.type == jbvBinary ? value.val.binary.data : NULL;
			int at = 0;
			int i;
			int j;

			known--;
			if (list == NULL || !JsonContainerIsArray(list) ||
				JsonContainerSize(list) != n * (n + 1) / 2)
				cv_malformed(type, "\"log_covariance\" must be an array of %d numbers.",
							 n * (n + 1) / 2);
			for (i = 0; i < n; i++)
				for (j = 0; j <= i; j++)
					model->covariance[i * n + j] = model->covariance[j * n + i] =
						number_of(getIthJsonbValueFromContainer(list, at++), type, key);
			model->header.flags |= CV_MODEL_COVARIANCE;
		}
		else if (strcmp(key, "compared") == 0)
		{
			known--;
			if (value.type != jbvBinary || !JsonContainerIsArray(value.val.binary.data))
				cv_malformed(type, "\"compared\" must be an array.");
			compared = JsonbToCString(NULL, value.val.binary.data, value.val.binary.len);
		}
		else
			cv_malformed(type, "\"fit\" has no member \"%s\".", key);
	}
	if (known != 6)
		cv_malformed(
			type,
			"\"fit\" must have customers, log_likelihood, penalty, gradient, iterations and converged.");
	model->header.flags |= CV_MODEL_FITTED;
	fault = find_fit_fault(model);
	if (fault)
		cv_malformed(type, "%s", fault);
	result = cv_model_new(model->family, model->unit_days, compared);
	memcpy((char *) result + sizeof(int32), (char *) model + sizeof(int32),
		   offsetof(cv_model, compared) - sizeof(int32));
	return result;
}

/* A model from its JSON form. */
static cv_model *
model_from_jsonb(Jsonb *document, const char *type)
{
	JsonbIterator *members;
	JsonbIteratorToken token;
	JsonbValue value;
	JsonbContainer *fit = NULL;
	cv_model *model;
	JsonbValue *named;
	uint32 known = 0;
	int n;
	int i;
	const char *fault;

	if (!JB_ROOT_IS_OBJECT(document))
		cv_malformed(type, "A model must be a JSON object.");
	named = getKeyJsonValueFromContainer(&document->root, "family", 6, NULL);
	if (named == NULL)
		cv_malformed(type, "\"family\" is missing.");
	model = cv_model_new(family_named(string_of(named, type, "family"), type), 0, "");
	n = cv_model_parameters(model->family);
	members = JsonbIteratorInit(&document->root);
	while ((token = JsonbIteratorNext(&members, &value, true)) != WJB_DONE)
	{
		char *key;

		if (token != WJB_KEY)
			continue;
		key = pnstrdup(value.val.string.val, value.val.string.len);
		(void) JsonbIteratorNext(&members, &value, true);
		if (strcmp(key, "family") == 0)
			continue;
		if (strcmp(key, "unit") == 0 && model->family != CV_GAMMA_GAMMA_MODEL)
		{
			model->unit_days = read_unit(string_of(&value, type, key));
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
			if (strcmp(key, cv_model_parameter(model->family, i)) == 0)
				break;
		if (i == n)
			cv_malformed(type, "A model of family \"%s\" has no member \"%s\".",
						 cv_model_family_name(model->family), key);
		model->parameter[i] = number_of(&value, type, key);
		known |= 1u << i;
	}
	for (i = 0; i < n; i++)
		if (!(known & 1u << i))
			cv_malformed(type, "\"%s\" is missing.", cv_model_parameter(model->family, i));
	fault = find_fault(model, type);
	if (fault)
		cv_malformed(type, "%s", fault);
	return fit ? read_fit(model, fit, type) : model;
}

static cv_model *
model_in(char *text, const char *type)
{
	return model_from_jsonb(DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text))),
							type);
}

/* ---- binary ---- */

static cv_model *
model_receive(StringInfo buffer, const char *type)
{
	cv_model fixed;
	cv_model *model;
	const char *compared;
	const char *fault;
	int n;
	int i;
	int j;

	memset(&fixed, 0, sizeof(fixed));
	fixed.header.flags = cv_receive_begin(buffer, type, CV_MODEL_FLAGS);
	fixed.header.version = CV_FORMAT_VERSION;
	fixed.family = (uint8) pq_getmsgbyte(buffer);
	if (fixed.family > CV_GAMMA_GAMMA_MODEL)
		cv_corrupt_binary(type, "The family is unknown.");
	fixed.unit_days = pq_getmsgfloat8(buffer);
	n = cv_model_parameters(fixed.family);
	for (i = 0; i < n; i++)
		fixed.parameter[i] = pq_getmsgfloat8(buffer);
	fixed.customers = pq_getmsgint64(buffer);
	fixed.log_likelihood = pq_getmsgfloat8(buffer) + 0.0;
	fixed.penalty = pq_getmsgfloat8(buffer) + 0.0;
	fixed.gradient = pq_getmsgfloat8(buffer) + 0.0;
	fixed.iterations = pq_getmsgint64(buffer);
	for (i = 0; i < n; i++)
		for (j = 0; j <= i; j++)
			fixed.covariance[i * n + j] = fixed.covariance[j * n + i] =
				pq_getmsgfloat8(buffer) + 0.0; /* no -0 */
	compared = pq_getmsgstring(buffer);
	fault = find_fault(&fixed, type);
	if (fault)
		cv_corrupt_binary(type, fault);
	fault = find_fit_fault(&fixed);
	if (fault)
		cv_corrupt_binary(type, fault);
	if (compared[0])
	{
		compared = cv_canonical_json(compared);
		if (compared[0] != '[')
			cv_corrupt_binary(type, "The list of compared families is no array.");
	}
	model = cv_model_new(fixed.family, fixed.unit_days, compared);
	memcpy((char *) model + sizeof(int32), (char *) &fixed + sizeof(int32),
		   offsetof(cv_model, compared) - sizeof(int32));
	return model;
}

static bytea *
model_send(const cv_model *model)
{
	StringInfoData buffer;
	int n = cv_model_parameters(model->family);
	int i;
	int j;

	cv_send_begin(&buffer, model->header.flags);
	pq_sendbyte(&buffer, model->family);
	pq_sendfloat8(&buffer, model->unit_days);
	for (i = 0; i < n; i++)
		pq_sendfloat8(&buffer, model->parameter[i]);
	pq_sendint64(&buffer, model->customers);
	pq_sendfloat8(&buffer, model->log_likelihood);
	pq_sendfloat8(&buffer, model->penalty);
	pq_sendfloat8(&buffer, model->gradient);
	pq_sendint64(&buffer, model->iterations);
	for (i = 0; i < n; i++)
		for (j = 0; j <= i; j++)
			pq_sendfloat8(&buffer, model->covariance[i * n + j]);
	pq_sendstring(&buffer, model->compared);
	return pq_endtypsend(&buffer);
}

/* The same four functions for both types. */
#define MODEL_TYPE(name)                                                                       \
	Datum cv_##name##_in(PG_FUNCTION_ARGS)                                                     \
	{                                                                                          \
		PG_RETURN_POINTER(model_in(PG_GETARG_CSTRING(0), cv_##name##_type));                   \
	}                                                                                          \
	Datum cv_##name##_out(PG_FUNCTION_ARGS)                                                    \
	{                                                                                          \
		PG_RETURN_CSTRING(model_out(cv_model_arg(fcinfo, 0, cv_##name##_type)));               \
	}                                                                                          \
	Datum cv_##name##_recv(PG_FUNCTION_ARGS)                                                   \
	{                                                                                          \
		PG_RETURN_POINTER(model_receive((StringInfo) PG_GETARG_POINTER(0), cv_##name##_type)); \
	}                                                                                          \
	Datum cv_##name##_send(PG_FUNCTION_ARGS)                                                   \
	{                                                                                          \
		PG_RETURN_BYTEA_P(model_send(cv_model_arg(fcinfo, 0, cv_##name##_type)));              \
	}

MODEL_TYPE(buying_model)
MODEL_TYPE(spending_model)
