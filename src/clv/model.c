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

#include "clv/covariates.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

static Size
size_without_text(int parameters)
{
	return offsetof(cv_model, parameter) +
		   ((Size) parameters + (Size) parameters * parameters) * sizeof(double);
}

static cv_model *
allocate(const cv_model_kind *kind, int family, int parameters, int design_size, Size text_size)
{
	Size size = size_without_text(parameters) + design_size + text_size + 1;
	cv_model *model = palloc0(size);

	SET_VARSIZE(model, size);
	model->header.version = CV_FORMAT_VERSION;
	model->header.flags = design_size > 0 ? CV_MODEL_COVARIATES : 0;
	model->family = (uint8) family;
	model->own = (uint8) kind->parameters(family);
	model->parameters = parameters;
	model->design_size = design_size;
	return model;
}

/* A zeroed model; "compared" is JSON text or empty. */
cv_model *
cv_model_new(const cv_model_kind *kind, int family, double unit_days, const char *compared)
{
	cv_model *model = allocate(kind, family, kind->parameters(family), 0, strlen(compared));

	model->unit_days = unit_days;
	strcpy(cv_model_compared(model), compared);
	return model;
}

/* A zeroed model with covariates; they and the family must be known to fit. */
cv_model *
cv_model_with_design(const cv_model_kind *kind, int family, double unit_days, const char *design,
					 int design_size)
{
	cv_covariates all;
	cv_model *model;

	cv_read_covariates(design, design_size, &all);
	model = allocate(kind, family, kind->parameters(family) + kind->processes(family) * all.columns,
					 design_size, 0);
	model->unit_days = unit_days;
	memcpy(cv_model_design(model), design, design_size);
	return model;
}

/* The same model with another text of what was compared. */
cv_model *
cv_model_with_compared(const cv_model *model, const char *compared)
{
	Size fixed = size_without_text(model->parameters) + model->design_size;
	Size size = fixed + strlen(compared) + 1;
	cv_model *result = palloc0(size);

	memcpy(result, model, fixed);
	SET_VARSIZE(result, size);
	strcpy(cv_model_compared(result), compared);
	return result;
}

/* Name of a parameter: the family's, or PROCESS:KEY, or PROCESS:KEY=LEVEL. */
const char *
cv_model_parameter_name(const cv_model_kind *kind, const cv_model *model, int parameter)
{
	cv_covariates all;
	int coefficient = parameter - model->own;

	if (coefficient < 0)
		return kind->parameter(model->family, parameter);
	cv_read_covariates(cv_model_design(model), model->design_size, &all);
	return psprintf("%s:%s", kind->process(coefficient / all.columns),
					cv_covariate_column(&all, coefficient % all.columns));
}

/* What is wrong with covariates of a family; NULL if nothing is. */
static const char *
find_design_fault(const cv_model_kind *kind, int family, const char *design, int size,
				  cv_covariates *all)
{
	int processes = kind->processes ? kind->processes(family) : 0;
	const char *fault = cv_read_covariates(design, size, all);

	if (fault)
		return fault;
	if (processes == 0)
		return "The family takes no covariates.";
	if (all->columns < 1)
		return "The covariates have no coefficients.";
	if (all->columns > (CV_MAX_PARAMETERS - kind->parameters(family)) / processes)
		return "The covariates have too many levels.";
	return cv_covariates_alike(all);
}

/* What any source of a model must satisfy; NULL or what is wrong. */
static const char *
find_fault(const cv_model_kind *kind, const cv_model *model)
{
	int n = model->parameters;
	int i;

	if (model->family >= kind->families)
		return kind->family_rule;
	if (model->own != kind->parameters(model->family) || model->k != 0)
		return "The parameters are not those of the family.";
	if ((model->design_size > 0) != ((model->header.flags & CV_MODEL_COVARIATES) != 0))
		return "The flags do not fit each other.";
	if (model->design_size > 0)
	{
		cv_covariates all;
		const char *fault = find_design_fault(kind, model->family, cv_model_design(model),
											  model->design_size, &all);

		if (fault)
			return fault;
		if (n != model->own + kind->processes(model->family) * all.columns)
			return "The parameters are not those of the covariates.";
	}
	else if (n != model->own)
		return "The parameters are not those of the family.";
	if (kind->has_unit ? !(model->unit_days > 0 && isfinite(model->unit_days))
					   : model->unit_days != 0)
		return "The unit of a buying model is a positive interval such as \"7 days\".";
	for (i = 0; i < n; i++)
	{
		if (!cv_model_is_logarithmic(model, i) && !isfinite(model->parameter[i]))
			return "Every coefficient is a finite number.";
		if (cv_model_is_logarithmic(model, i) &&
			!(model->parameter[i] > 0 && isfinite(model->parameter[i])))
			return "Every parameter is a finite number above 0.";
	}
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
		return model->header.flags & ~CV_MODEL_COVARIATES ? "The flags do not fit each other."
														  : NULL;
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
								   CV_MODEL_FLAGS);
	const char *fault = NULL;

	if (model->parameters < 1 || model->parameters > CV_MAX_PARAMETERS || model->design_size < 0 ||
		model->own > model->parameters ||
		VARSIZE(model) <= size_without_text(model->parameters) + (Size) model->design_size)
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
			if (value.type != jbvBool)
				cv_malformed(type, "\"converged\" must be true or false.");
			if (value.val.boolean)
				model->header.flags |= CV_MODEL_CONVERGED;
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
	fault = find_design_fault(kind, family, bytes->data, bytes->len, &all);
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

/* A zeroed model with covariates from their binary form. */
static cv_model *
receive_design(const cv_model_kind *kind, int family, StringInfo buffer)
{
	cv_covariates all;
	const char *fault;
	StringInfoData bytes;
	int count = (int) pq_getmsgint(buffer, 4);
	int i;

	/* a string is a byte at least */
	if (count < 1 || count > buffer->len - buffer->cursor)
		cv_corrupt_binary(kind->type, "The number of covariates is out of range.");
	initStringInfo(&bytes);
	for (i = 0; i < count; i++)
	{
		const char *string = pq_getmsgstring(buffer);

		appendBinaryStringInfo(&bytes, string, strlen(string) + 1);
	}
	fault = find_design_fault(kind, family, bytes.data, bytes.len, &all);
	if (fault)
		cv_corrupt_binary(kind->type, fault);
	return cv_model_with_design(kind, family, 0, bytes.data, bytes.len);
}

/* The covariates: the number of strings in their bytes, and these. */
static void
send_design(StringInfo buffer, const cv_model *model)
{
	const char *end = cv_model_compared(model);
	const char *at;
	int count = 0;

	for (at = cv_model_design(model); at < end; at += strlen(at) + 1)
		count++;
	pq_sendint32(buffer, count);
	for (at = cv_model_design(model); at < end; at += strlen(at) + 1)
		pq_sendstring(buffer, at);
}

/* Of equal models the bytes are equal: fields that the flags do not mean are zero. */
static void
forget_what_is_not_meant(cv_model *model)
{
	if (!(model->header.flags & CV_MODEL_FITTED))
	{
		model->customers = model->iterations = 0;
		model->log_likelihood = model->penalty = model->gradient = 0;
	}
	if (!(model->header.flags & CV_MODEL_COVARIANCE))
		memset(cv_model_covariance(model), 0,
			   sizeof(double) * model->parameters * model->parameters);
}

/* A model from its binary form. */
cv_model *
cv_model_receive(const cv_model_kind *kind, StringInfo buffer)
{
	uint8 flags = cv_receive_begin(buffer, kind->type, CV_MODEL_FLAGS);
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
	if (flags & CV_MODEL_COVARIATES)
		model = receive_design(kind, family, buffer);
	else
		model = cv_model_new(kind, family, 0, "");
	n = model->parameters;
	covariance = cv_model_covariance(model);
	model->header.flags = flags;
	if (kind->has_unit)
		model->unit_days = pq_getmsgfloat8(buffer);
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
	forget_what_is_not_meant(model);
	if (!kind->has_compared)
		return model;
	compared = pq_getmsgstring(buffer);
	if (compared[0] == '\0')
		return model;
	compared = cv_canonical_json(compared);
	if (compared[0] != '[')
		cv_corrupt_binary(kind->type, "The list of compared families is no array.");
	return flags & CV_MODEL_FITTED ? cv_model_with_compared(model, compared) : model;
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
	if (model->header.flags & CV_MODEL_COVARIATES)
		send_design(&buffer, model);
	if (kind->has_unit)
		pq_sendfloat8(&buffer, model->unit_days);
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
