/*
 * model.c: models of every kind as values.
 *
 * Text: {"family": "bg/nbd", "unit": "7 days", "r": 0.243, "alpha": 4.414, ...},
 * after a fit with a member "fit" that tells how it went; published parameters
 * can be typed in.  A model of times carries the unit of its parameters, so that
 * nobody can mix weeks with months.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "clv/model.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

static Size
size_without_text(int parameters)
{
	return offsetof(cv_model, parameter) +
		   ((Size) parameters + (Size) parameters * parameters) * sizeof(double);
}

/* The flags that a model of the kind can have. */
static uint8
flags_of(const cv_model_kind *kind)
{
	return kind->most_k ? CV_MODEL_FLAGS : CV_MODEL_FLAGS & ~CV_MODEL_K_CHOSEN;
}

/* A zeroed model; "compared" is JSON text or empty. */
cv_model *
cv_model_new(const cv_model_kind *kind, int family, double unit_days, const char *compared)
{
	int n = kind->parameters(family);
	Size size = size_without_text(n) + strlen(compared) + 1;
	cv_model *model = palloc0(size);

	SET_VARSIZE(model, size);
	model->header.version = CV_FORMAT_VERSION;
	model->family = (uint8) family;
	model->parameters = n;
	model->unit_days = unit_days;
	strcpy(cv_model_compared(model), compared);
	return model;
}

/* The same model with another text of what was compared. */
cv_model *
cv_model_with_compared(const cv_model *model, const char *compared)
{
	Size fixed = size_without_text(model->parameters);
	Size size = fixed + strlen(compared) + 1;
	cv_model *result = palloc0(size);

	memcpy(result, model, fixed);
	SET_VARSIZE(result, size);
	strcpy(cv_model_compared(result), compared);
	return result;
}

/* Name of a parameter. */
const char *
cv_model_parameter_name(const cv_model_kind *kind, const cv_model *model, int parameter)
{
	return kind->parameter(model->family, parameter);
}

/* What any source of a model must satisfy; NULL or what is wrong. */
static const char *
find_fault(const cv_model_kind *kind, const cv_model *model)
{
	int n = model->parameters;
	int i;

	if (model->family >= kind->families)
		return kind->family_rule;
	if (n != kind->parameters(model->family) || model->reserved != 0)
		return "The parameters are not those of the family.";
	if (model->k < Min(1, cv_model_most_k(kind, model)) || model->k > cv_model_most_k(kind, model))
		return model->k == 0 ? "\"k\" is missing." : "\"k\" must be a whole number from 1 to 100.";
	if (kind->has_unit ? !(model->unit_days > 0 && isfinite(model->unit_days))
					   : model->unit_days != 0)
		return "The unit of a buying model is a positive interval such as \"7 days\".";
	for (i = 0; i < n; i++)
		if (!isfinite(model->parameter[i]) ||
			(cv_model_is_logarithmic(model, i) && !(model->parameter[i] > 0)))
			return "Every parameter is a finite number above 0.";
	return NULL;
}

/* What a fit cannot have said; NULL or what is wrong. */
static const char *
find_fit_fault(const cv_model *model)
{
	const double *covariance = cv_model_covariance(model);
	int n = model->parameters;
	int i;

	if (!(model->header.flags & CV_MODEL_FITTED))
		return model->header.flags == 0 ? NULL : "The flags do not fit each other.";
	if (model->header.flags & CV_MODEL_K_CHOSEN && model->k == 0)
		return "The flags do not fit each other.";
	if (model->customers < 1 || model->customers > CV_MODEL_MOST_CUSTOMERS ||
		!(fabs(model->log_likelihood) <= DBL_MAX / 4) || !(model->penalty >= 0) ||
		!isfinite(model->penalty) || !(model->gradient >= 0) || !isfinite(model->gradient) ||
		model->iterations < 0 || model->iterations > PG_INT32_MAX)
		return "The results of the fit are out of range.";
	for (i = 0; i < n * n; i++)
		if (!isfinite(covariance[i]) || (i % (n + 1) == 0 && covariance[i] < 0))
			return "The covariance is out of range.";
	return NULL;
}

/* A model argument, checked as far as its readers rely on. */
const cv_model *
cv_model_arg(FunctionCallInfo fcinfo, int argument, const cv_model_kind *kind)
{
	cv_model *model = cv_value_arg(fcinfo, argument, kind->type, offsetof(cv_model, parameter) + 1,
								   flags_of(kind));
	const char *fault = NULL;

	if (model->parameters < 1 || model->parameters > CV_MAX_PARAMETERS ||
		VARSIZE(model) <= size_without_text(model->parameters))
		cv_corrupt_binary(kind->type, "The number of parameters does not fit the length.");
	fault = find_fault(kind, model);
	if (fault == NULL)
		fault = find_fit_fault(model);
	if (fault)
		cv_corrupt_binary(kind->type, fault);
	if (((char *) model)[VARSIZE(model) - 1] != '\0')
		cv_corrupt_binary(kind->type, "The text at its end is not terminated.");
	return model;
}

/* ---- text ---- */

static void
append_member(StringInfo text, const char *key, double value)
{
	appendStringInfo(text, ", \"%s\": ", key);
	cv_append_number(text, value);
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
		append_member(&text, cv_model_parameter_name(kind, model, i), model->parameter[i]);
	if (model->header.flags & CV_MODEL_FITTED)
		append_fit(kind, model, &text);
	appendStringInfoChar(&text, '}');
	return text.data;
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

/* A whole number, as far as doubles hold them; out of range it fails the checks. */
static int64
count_of(const JsonbValue *value, const char *type, const char *key)
{
	return (int64) Max(-1, Min(9e18, number_of(value, type, key)));
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
				number_of(getIthJsonbValueFromContainer(list, at++), type, "log_covariance");
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
			model->log_likelihood = number_of(&value, type, key);
		else if (strcmp(key, "penalty") == 0 && kind->has_penalty)
			model->penalty = number_of(&value, type, key);
		else if (strcmp(key, "gradient") == 0)
			model->gradient = number_of(&value, type, key);
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
	model = cv_model_new(
		kind, read_family(kind, getKeyJsonValueFromContainer(&document->root, "family", 6, NULL)),
		0, "");
	n = model->parameters;
	members = JsonbIteratorInit(&document->root);
	while ((key = next_member(&members, &value)) != NULL)
	{
		if (strcmp(key, "family") == 0)
			continue;
		if (strcmp(key, "unit") == 0 && kind->has_unit)
		{
			model->unit_days = read_unit(string_of(&value, type, key));
			continue;
		}
		if (strcmp(key, "k") == 0 && cv_model_most_k(kind, model) > 0)
		{
			double k = number_of(&value, type, key);

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
		model->parameter[i] = number_of(&value, type, key);
		known[i] = true;
	}
	for (i = 0; i < n; i++)
		if (!known[i])
			cv_malformed(type, "\"%s\" is missing.", cv_model_parameter_name(kind, model, i));
	fault = find_fault(kind, model);
	if (fault)
		cv_malformed(type, "%s", fault);
	if (fit)
		compared = read_fit(kind, model, fit);
	fault = find_fit_fault(model);
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

/* ---- binary ---- */

/* A model from its binary form. */
cv_model *
cv_model_receive(const cv_model_kind *kind, StringInfo buffer)
{
	uint8 flags = cv_receive_begin(buffer, kind->type, flags_of(kind));
	int family = pq_getmsgbyte(buffer) - kind->first_number;
	cv_model *model;
	double *covariance;
	const char *compared;
	const char *fault;
	int n;
	int i;
	int j;

	if (family < 0 || family >= kind->families)
		cv_corrupt_binary(kind->type, "The family is unknown.");
	model = cv_model_new(kind, family, 0, "");
	n = model->parameters;
	covariance = cv_model_covariance(model);
	model->header.flags = flags;
	if (kind->has_unit)
		model->unit_days = pq_getmsgfloat8(buffer);
	if (cv_model_most_k(kind, model) > 0)
		model->k = (int32) pq_getmsgint(buffer, 4);
	for (i = 0; i < n; i++)
		model->parameter[i] = pq_getmsgfloat8(buffer) + 0.0; /* no -0 */
	model->customers = pq_getmsgint64(buffer);
	model->log_likelihood = pq_getmsgfloat8(buffer) + 0.0;
	if (kind->has_penalty)
		model->penalty = pq_getmsgfloat8(buffer) + 0.0;
	model->gradient = pq_getmsgfloat8(buffer) + 0.0;
	model->iterations = pq_getmsgint64(buffer);
	for (i = 0; i < n; i++)
		for (j = 0; j <= i; j++)
			covariance[i * n + j] = covariance[j * n + i] = pq_getmsgfloat8(buffer) + 0.0;
	fault = find_fault(kind, model);
	if (fault == NULL)
		fault = find_fit_fault(model);
	if (fault)
		cv_corrupt_binary(kind->type, fault);
	if (!kind->has_compared)
		return model;
	compared = pq_getmsgstring(buffer);
	if (compared[0] == '\0')
		return model;
	compared = cv_canonical_json(compared);
	if (compared[0] != '[')
		cv_corrupt_binary(kind->type, "The list of compared families is no array.");
	return cv_model_with_compared(model, compared);
}

/* The binary form of a model. */
bytea *
cv_model_send(const cv_model_kind *kind, const cv_model *model)
{
	const double *covariance = cv_model_covariance(model);
	StringInfoData buffer;
	int n = model->parameters;
	int i;
	int j;

	cv_send_begin(&buffer, model->header.flags);
	pq_sendbyte(&buffer, kind->first_number + model->family);
	if (kind->has_unit)
		pq_sendfloat8(&buffer, model->unit_days);
	if (model->k > 0)
		pq_sendint32(&buffer, model->k);
	for (i = 0; i < n; i++)
		pq_sendfloat8(&buffer, model->parameter[i]);
	pq_sendint64(&buffer, model->customers);
	pq_sendfloat8(&buffer, model->log_likelihood);
	if (kind->has_penalty)
		pq_sendfloat8(&buffer, model->penalty);
	pq_sendfloat8(&buffer, model->gradient);
	pq_sendint64(&buffer, model->iterations);
	for (i = 0; i < n; i++)
		for (j = 0; j <= i; j++)
			pq_sendfloat8(&buffer, covariance[i * n + j]);
	if (kind->has_compared)
		pq_sendstring(&buffer, cv_model_compared(model));
	return pq_endtypsend(&buffer);
}
