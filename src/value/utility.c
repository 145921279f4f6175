/*
 * utility.c: what a utility model says: utility(), parameters(), goodness(),
 * importance(), willingness_to_pay().
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "core/normal.h"
#include "utils/builtins.h"
#include "value/value.h"

PG_FUNCTION_INFO_V1(cv_utility);
PG_FUNCTION_INFO_V1(cv_utility_parameters);
PG_FUNCTION_INFO_V1(cv_utility_goodness);
PG_FUNCTION_INFO_V1(cv_importance);
PG_FUNCTION_INFO_V1(cv_willingness_to_pay);

/* ---- names ---- */

static char *
name_of(const cv_utility_model *model, int32 name, int32 length)
{
	return pnstrdup(CV_MODEL_NAMES(model) + name, length);
}

static char *
level_name(const cv_utility_model *model, const cv_part *part, const cv_worth *worth)
{
	return psprintf("%s=%s", name_of(model, part->name, part->length),
					name_of(model, worth->name, worth->length));
}

/* Finds an attribute by name; NULL if there is none. */
static const cv_part *
find_part(const cv_utility_model *model, const char *name, int length)
{
	int low = 0;
	int high = model->attributes;

	while (low < high)
	{
		int middle = (low + high) / 2;
		const cv_part *part = &CV_PARTS(model)[middle];
		int order =
			cv_compare_names(name, length, CV_MODEL_NAMES(model) + part->name, part->length);

		if (order == 0)
			return part;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* Finds a level of an attribute; NULL if there is none. */
static const cv_worth *
find_worth(const cv_utility_model *model, const cv_part *part, const char *name, int length)
{
	int low = part->first;
	int high = part->first + part->levels;

	while (low < high)
	{
		int middle = (low + high) / 2;
		const cv_worth *worth = &CV_WORTHS(model)[middle];
		int order =
			cv_compare_names(name, length, CV_MODEL_NAMES(model) + worth->name, worth->length);

		if (order == 0)
			return worth;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* The levels of an attribute, at most ten of them, for a message. */
static char *
levels_of(const cv_utility_model *model, const cv_part *part)
{
	StringInfoData text;
	int i;

	initStringInfo(&text);
	for (i = 0; i < part->levels && i < 10; i++)
	{
		const cv_worth *worth = &CV_WORTHS(model)[part->first + i];

		appendStringInfo(&text, "%s\"%s\"", i > 0 ? ", " : "",
						 name_of(model, worth->name, worth->length));
	}
	if (part->levels > 10)
		appendStringInfoString(&text, ", ...");
	return text.data;
}

/* ---- utility ---- */

/* What a member of an attributes object is worth. */
static double
worth_of(const cv_utility_model *model, const cv_attribute_value *value)
{
	const cv_part *part = find_part(model, value->name, value->length);
	const cv_worth *worth;

	if (part == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the model has no attribute \"%.*s\"", value->length, value->name),
						errhint("Take it out: attributes - '%.*s'.", value->length, value->name)));
	if (value->is_level != (part->levels > 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("attribute \"%.*s\" must be a %s", value->length, value->name,
						value->is_level ? "number" : "string or boolean"),
				 value->is_level ? errdetail("The model has a slope for it.")
								 : errdetail("The model knows %s.", levels_of(model, part))));
	if (!value->is_level)
		return part->slope * value->number;
	worth = find_worth(model, part, value->level, value->level_length);
	if (worth == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the model has no part-worth of \"%.*s=%.*s\"", value->length,
							   value->name, value->level_length, value->level),
						errdetail("Of \"%.*s\" it knows %s.", value->length, value->name,
								  levels_of(model, part))));
	return worth->worth;
}

/* utility(model, attributes): the sum of the part-worths, and the intercept. */
Datum
cv_utility(PG_FUNCTION_ARGS)
{
	const cv_utility_model *model = cv_utility_model_arg(fcinfo, 0);
	JsonbIterator *members = cv_attributes_begin(PG_GETARG_JSONB_P(1));
	cv_attribute_value value;
	double utility = model->intercept;
	int known = 0;
	int i;

	while (cv_attributes_next(&members, &value))
	{
		utility += worth_of(model, &value);
		known++;
	}
	for (i = 0; known < model->attributes && i < model->attributes; i++)
	{
		const cv_part *part = &CV_PARTS(model)[i];
		bool found = false;

		members = cv_attributes_begin(PG_GETARG_JSONB_P(1));
		while (!found && cv_attributes_next(&members, &value))
			found = cv_compare_names(value.name, value.length, CV_MODEL_NAMES(model) + part->name,
									 part->length) == 0;
		if (!found)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("attribute \"%s\" is missing",
								   name_of(model, part->name, part->length)),
							errdetail("The model has a part-worth for it.")));
	}
	if (!isfinite(utility))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("utility is out of range")));
	PG_RETURN_FLOAT8(utility + 0.0);
}

/* ---- parameters ---- */

/* Parameters that are free to move: of effects one in each attribute is not. */
static double
free_parameters(const cv_utility_model *model)
{
	double parameters = model->parameters;
	int i;

	for (i = 0; model->family == CV_RATING_MODEL && i < model->attributes; i++)
		parameters -= CV_PARTS(model)[i].levels > 0;
	return parameters;
}

/*
 * Standard errors that the 95 % interval reaches to each side; 0 where there are none.
 * Errors from a residual variance have Student's distribution, all others the normal one.
 */
static double
reach_of(const cv_utility_model *model)
{
	double freedom = model->observations - free_parameters(model);

	if (!(model->header.flags & CV_UTILITY_COVARIANCE))
		return 0;
	if (model->family == CV_RATING_MODEL && model->respondents < 2 && freedom >= 1)
		return cv_student_quantile(0.975, freedom);
	return cv_normal_quantile(0.975);
}

/* Emits (name, estimate, standard_error, low, high[, reference]); reach 0: no errors. */
static void
emit_estimate(FunctionCallInfo fcinfo, const char *name, double estimate, double variance,
			  double reach, const char *reference)
{
	Datum values[6];
	bool nulls[6] = { false, false, true, true, true, true };

	values[0] = CStringGetTextDatum(name);
	values[1] = Float8GetDatum(estimate);
	if (reach > 0)
	{
		double error = sqrt(variance);

		values[2] = Float8GetDatum(error);
		values[3] = Float8GetDatum(estimate - reach * error);
		values[4] = Float8GetDatum(estimate + reach * error);
		nulls[2] = nulls[3] = nulls[4] = false;
	}
	if (reference)
	{
		values[5] = CStringGetTextDatum(reference);
		nulls[5] = false;
	}
	cv_emit(fcinfo, values, nulls);
}

/* The variance of a parameter, 0 where the model does not tell. */
static double
covariance_of(const cv_utility_model *model, int32 one, int32 other)
{
	if (!(model->header.flags & CV_UTILITY_COVARIANCE))
		return 0;
	return CV_COVARIANCE_OF(model)[(Size) one * model->parameters + other];
}

/* parameters(model): rows (name, estimate, standard_error, low, high, reference). */
Datum
cv_utility_parameters(PG_FUNCTION_ARGS)
{
	const cv_utility_model *model = cv_utility_model_arg(fcinfo, 0);
	double reach = reach_of(model);
	int i;
	int j;

	InitMaterializedSRF(fcinfo, 0);
	if (model->family == CV_RATING_MODEL)
		emit_estimate(fcinfo, "intercept", model->intercept, covariance_of(model, 0, 0), reach,
					  NULL);
	for (i = 0; i < model->attributes; i++)
	{
		const cv_part *part = &CV_PARTS(model)[i];
		const char *reference = NULL;

		if (part->levels == 0)
			emit_estimate(fcinfo, name_of(model, part->name, part->length), part->slope,
						  covariance_of(model, part->parameter, part->parameter), reach, NULL);
		for (j = 0; j < part->levels; j++)
		{
			const cv_worth *worth = &CV_WORTHS(model)[part->first + j];

			if (worth->parameter < 0)
				reference = name_of(model, worth->name, worth->length);
			else
				emit_estimate(fcinfo, level_name(model, part, worth), worth->worth,
							  covariance_of(model, worth->parameter, worth->parameter), reach,
							  reference);
		}
	}
	return (Datum) 0;
}

/* goodness(model): how the fit went; NULLs for part-worths typed in. */
Datum
cv_utility_goodness(PG_FUNCTION_ARGS)
{
	static const Oid types[] = { INT8OID,	INT8OID,   INT8OID,	  FLOAT8OID, FLOAT8OID,
								 FLOAT8OID, FLOAT8OID, FLOAT8OID, INT4OID,	 FLOAT8OID,
								 BOOLOID,	INT8OID,   FLOAT8OID };
	const cv_utility_model *model = cv_utility_model_arg(fcinfo, 0);
	bool fitted = (model->header.flags & CV_UTILITY_FITTED) != 0;
	Datum values[13] = { 0 };
	bool nulls[13];

	memset(nulls, !fitted, sizeof(nulls));
	if (fitted)
	{
		bool likely = model->log_likelihood != CV_MISSING;
		double twice = 2 * model->log_likelihood;
		double count = (double) (model->choices >= 0 ? model->choices : model->observations);
		/* the residual variance of a rating model is a parameter too */
		double parameters = free_parameters(model) + (model->family == CV_RATING_MODEL ? 1 : 0);

		values[0] = Int64GetDatum(model->observations);
		values[1] = Int64GetDatum(model->choices);
		nulls[1] = model->choices < 0;
		values[2] = Int64GetDatum(model->respondents);
		nulls[2] = model->respondents < 0;
		values[3] = Float8GetDatum(model->log_likelihood);
		values[4] = Float8GetDatum(model->log_likelihood_null);
		values[5] = Float8GetDatum(2 * parameters - twice);
		values[6] = Float8GetDatum(parameters * log(count) - twice);
		nulls[3] = nulls[5] = nulls[6] = !likely;
		nulls[4] = model->log_likelihood_null == CV_MISSING;
		values[7] = Float8GetDatum(model->r_squared);
		nulls[7] = model->r_squared == CV_MISSING;
		values[8] = Int32GetDatum((int32) model->iterations);
		values[9] = Float8GetDatum(model->gradient);
		values[10] = BoolGetDatum((model->header.flags & CV_UTILITY_CONVERGED) != 0);
		values[11] = Int64GetDatum(model->skipped);
		values[12] = Float8GetDatum(model->residual_error);
		nulls[12] = model->residual_error == CV_MISSING;
	}
	return cv_row(fcinfo, values, nulls, "of goodness()", 13, types);
}

/* ---- importance ---- */

/* How far apart an attribute's values can move the utility. */
static double
range_of(const cv_utility_model *model, const cv_part *part)
{
	double low = HUGE_VAL;
	double high = -HUGE_VAL;
	int i;

	if (part->levels == 0)
	{
		if (part->low == CV_MISSING)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the range of \"%s\" is not known",
							name_of(model, part->name, part->length)),
					 errdetail("The importance of a slope depends on how far its attribute goes."),
					 errhint("Add it to the model: {\"ranges\": {\"%s\": [lowest, highest]}}.",
							 name_of(model, part->name, part->length))));
		return fabs(part->slope) * (part->high - part->low);
	}
	for (i = 0; i < part->levels; i++)
	{
		low = Min(low, CV_WORTHS(model)[part->first + i].worth);
		high = Max(high, CV_WORTHS(model)[part->first + i].worth);
	}
	return high - low;
}

/* importance(model): rows (attribute, percent of the sum of all ranges). */
Datum
cv_importance(PG_FUNCTION_ARGS)
{
	const cv_utility_model *model = cv_utility_model_arg(fcinfo, 0);
	double sum = 0;
	int i;

	InitMaterializedSRF(fcinfo, 0);
	for (i = 0; i < model->attributes; i++)
		sum += range_of(model, &CV_PARTS(model)[i]);
	if (!isfinite(sum))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("importance is out of range")));
	for (i = 0; i < model->attributes; i++)
	{
		const cv_part *part = &CV_PARTS(model)[i];
		Datum values[2];
		bool nulls[2] = { false, sum == 0 };

		values[0] = CStringGetTextDatum(name_of(model, part->name, part->length));
		values[1] = Float8GetDatum(sum == 0 ? 0 : range_of(model, part) / sum * 100);
		cv_emit(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

/* ---- willingness to pay ---- */

static const cv_part *
price_arg(const cv_utility_model *model, const text *argument)
{
	const cv_part *part =
		find_part(model, VARDATA_ANY(argument), (int) VARSIZE_ANY_EXHDR(argument));
	char *name = text_to_cstring(argument);

	if (part == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the model has no attribute \"%s\"", name),
						errhint("Name the attribute that is the price.")));
	if (part->levels > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("attribute \"%s\" has levels, not a slope", name),
				 errdetail("Willingness to pay is what a term is worth in units of the price."),
				 errhint("Give the price as a number, not as a string.")));
	if (part->slope == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the slope of \"%s\" is 0", name),
				 errdetail("Willingness to pay is a ratio to it.")));
	return part;
}

/*
 * A term's worth in units of the price, w = -b / p, and by the delta method its
 * variance (var b + 2 w cov(b, p) + w^2 var p) / p^2.
 */
static void
emit_worth(FunctionCallInfo fcinfo, const cv_utility_model *model, const cv_part *price,
		   const char *name, double worth, int32 parameter)
{
	double ratio = -worth / price->slope + 0.0;
	double variance = (covariance_of(model, parameter, parameter) +
					   2 * ratio * covariance_of(model, parameter, price->parameter) +
					   ratio * ratio * covariance_of(model, price->parameter, price->parameter)) /
					  price->slope / price->slope;

	if (!isfinite(ratio) || !isfinite(variance))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("willingness to pay for \"%s\" is out of range", name)));
	emit_estimate(fcinfo, name, ratio, Max(0, variance), reach_of(model), NULL);
}

/* willingness_to_pay(model, price): rows (name, estimate, standard_error, low, high). */
Datum
cv_willingness_to_pay(PG_FUNCTION_ARGS)
{
	const cv_utility_model *model = cv_utility_model_arg(fcinfo, 0);
	const cv_part *price = price_arg(model, PG_GETARG_TEXT_PP(1));
	int i;
	int j;

	InitMaterializedSRF(fcinfo, 0);
	for (i = 0; i < model->attributes; i++)
	{
		const cv_part *part = &CV_PARTS(model)[i];

		if (part == price)
			continue;
		if (part->levels == 0)
			emit_worth(fcinfo, model, price, name_of(model, part->name, part->length), part->slope,
					   part->parameter);
		for (j = 0; j < part->levels; j++)
		{
			const cv_worth *worth = &CV_WORTHS(model)[part->first + j];

			if (worth->parameter >= 0)
				emit_worth(fcinfo, model, price, level_name(model, part, worth), worth->worth,
						   worth->parameter);
		}
	}
	return (Datum) 0;
}
