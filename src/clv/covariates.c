/*
 * covariates.c: what is known of customers, keys with numbers or with text of some
 * levels, and what a model makes of a customer's own.
 */
#include "postgres.h"

#include <math.h>

#include "clv/covariates.h"
#include "pg/document.h"
#include "utils/builtins.h"

/* Reads the covariates there are from bytes; NULL or what is wrong with them. */
const char *
cv_read_covariates(const char *bytes, Size size, cv_covariates *all)
{
	const char *end = bytes + size;
	const char *at = bytes;

	all->keys = all->columns = 0;
	if (size > 0 && end[-1] != '\0')
		return "The covariates are not terminated.";
	while (at < end)
	{
		cv_covariate *covariate = &all->covariate[all->keys];
		const char *before = NULL;

		if (all->keys == CV_MOST_COVARIATES || (*at != 'n' && *at != 's'))
			return "The covariates are corrupt.";
		covariate->key = at + 1;
		covariate->level = NULL;
		covariate->levels = 0;
		covariate->column = all->columns;
		if (all->keys > 0 && strcmp(covariate[-1].key, covariate->key) >= 0)
			return "The covariates are not in order.";
		all->keys++;
		if (*at == 'n')
		{
			all->columns++;
			at += strlen(at) + 1;
			continue;
		}
		at += strlen(at) + 1;
		covariate->level = at + 1;
		for (; at < end && *at == '='; at += strlen(at) + 1)
		{
			if (before && strcmp(before, at + 1) >= 0)
				return "The levels of a covariate are not in order.";
			before = at + 1;
			if (covariate->levels++ == CV_MOST_LEVELS)
				return "A covariate has too many levels.";
		}
		if (covariate->levels == 0)
			return "A covariate has no levels.";
		all->columns += covariate->levels - 1;
	}
	return NULL;
}

/* The index of a level; -1 if there is none of the name. */
int
cv_covariate_level(const cv_covariate *covariate, const char *text, int length)
{
	const char *level = covariate->level;
	int i;

	for (i = 0; i < covariate->levels; i++, level = cv_next_level(level))
		if (strncmp(level, text, length) == 0 && level[length] == '\0')
			return i;
	return -1;
}

/* The name of a coefficient: the key, or KEY=LEVEL. */
const char *
cv_covariate_column(const cv_covariates *all, int column)
{
	const cv_covariate *covariate = &all->covariate[all->keys - 1];
	const char *level;
	int i;

	while (covariate->column > column)
		covariate--;
	if (covariate->levels == 0)
		return covariate->key;
	/* a text of one level has no column, and the next key has the same one */
	level = covariate->level;
	for (i = covariate->column; i <= column; i++)
		level = cv_next_level(level);
	return psprintf("%s=%s", covariate->key, level);
}

/* A key may look like KEY=LEVEL; NULL or that two columns have one name. */
const char *
cv_covariates_alike(const cv_covariates *all)
{
	int i;
	int j;
	int k;

	for (i = 0; i < all->keys; i++)
	{
		const cv_covariate *covariate = &all->covariate[i];
		int end = i + 1 < all->keys ? covariate[1].column : all->columns;

		if (strchr(covariate->key, '=') == NULL)
			continue;
		for (j = covariate->column; j < end; j++)
		{
			const char *name = cv_covariate_column(all, j);

			for (k = 0; k < all->columns; k++)
				if (k != j && strcmp(name, cv_covariate_column(all, k)) == 0)
					return psprintf("Two covariates make a parameter \"%s\".", name);
		}
	}
	return NULL;
}

/* A value from JSON; true and false are levels of these names. */
void
cv_covariate_value_of(const char *key, const JsonbValue *json, cv_covariate_value *value)
{
	value->is_text = true;
	switch (json->type)
	{
		case jbvString:
			value->text = json->val.string.val;
			value->length = json->val.string.len;
			break;
		case jbvBool:
			value->text = json->val.boolean ? "true" : "false";
			value->length = strlen(value->text);
			break;
		case jbvNumeric:
			value->is_text = false;
			/* no -0 */
			value->number = DatumGetFloat8(DirectFunctionCall1(
								numeric_float8_no_overflow, NumericGetDatum(json->val.numeric))) +
							0.0;
			if (!isfinite(value->number))
				ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
								errmsg("covariate \"%s\" is out of range", key),
								errdetail("Its absolute value is above 1.8e308.")));
			break;
		case jbvNull:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION), errmsg("covariate \"%s\" is null", key),
					 errhint("Leave the customer out, or make what is unknown a level of "
							 "its own, such as \"unknown\".")));
			break;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("covariate \"%s\" must be a number, a string, true or false", key)));
	}
}

/* Covariates must be an object. */
void
cv_check_covariates(Jsonb *covariates)
{
	if (!JB_ROOT_IS_OBJECT(covariates))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("covariates must be a JSON object"),
						errdetail("An example is {\"channel\": \"web\", \"age\": 42}.")));
}

/* A customer's value of a key; false if there is none. */
bool
cv_find_covariate(Jsonb *covariates, const char *key, cv_covariate_value *value)
{
	JsonbValue json;

	if (getKeyJsonValueFromContainer(&covariates->root, key, strlen(key), &json) == NULL)
		return false;
	cv_covariate_value_of(key, &json, value);
	return true;
}

/* The key of a customer's covariates that a model does not know, if there is one. */
static void
refuse_unknown_key(const cv_covariates *all, Jsonb *covariates)
{
	JsonbIterator *members = JsonbIteratorInit(&covariates->root);
	JsonbValue name;
	JsonbValue value;
	int i;

	while (cv_next_member(&members, &name, &value))
	{
		char *key = pnstrdup(name.val.string.val, name.val.string.len);

		for (i = 0; i < all->keys; i++)
			if (strcmp(all->covariate[i].key, key) == 0)
				break;
		if (i == all->keys)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the model knows no covariate \"%s\"", key),
					 all->keys == 0 ? errdetail("It has no covariates.") : 0,
					 errhint("Give the keys that the model was fitted with, and no other.")));
	}
}

/* The levels of a covariate for a message. */
static char *
list_levels(const cv_covariate *covariate)
{
	StringInfoData text;
	const char *level = covariate->level;
	int i;

	initStringInfo(&text);
	for (i = 0; i < covariate->levels && i < 10; i++, level = cv_next_level(level))
		appendStringInfo(&text, "%s\"%s\"", i > 0 ? ", " : "", level);
	if (i < covariate->levels)
		appendStringInfo(&text, " and %d more", covariate->levels - i);
	return text.data;
}

/*
 * A customer's covariates as the columns z of the coefficients: a number as it is, a
 * level other than the first as a 1 in its column.  All keys must be there, and no
 * other; levels must be known.  covariates may be NULL, which is an empty object.
 */
void
cv_covariate_row(const cv_covariates *all, Jsonb *covariates, double *z)
{
	int i;

	if (covariates)
		cv_check_covariates(covariates);
	if (all->columns > 0)
		memset(z, 0, sizeof(double) * all->columns);
	for (i = 0; i < all->keys; i++)
	{
		const cv_covariate *covariate = &all->covariate[i];
		cv_covariate_value value;
		int level;

		if (covariates == NULL || !cv_find_covariate(covariates, covariate->key, &value))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("covariate \"%s\" is missing", covariate->key),
							errdetail("The model was fitted with it."),
							errhint("Give the argument covariates with all keys of the model.")));
		if (value.is_text != (covariate->levels > 0))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("covariate \"%s\" must be %s", covariate->key,
								   value.is_text ? "a number" : "text"),
							errdetail("The model was fitted with %s.",
									  value.is_text ? "numbers" : "text")));
		if (!value.is_text)
		{
			z[covariate->column] = value.number;
			continue;
		}
		level = cv_covariate_level(covariate, value.text, value.length);
		if (level < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("covariate \"%s\" has no level \"%s\" in the model", covariate->key,
							pnstrdup(value.text, value.length)),
					 errdetail("Its levels are %s.", list_levels(covariate)),
					 errhint("Fit the model to customers of that level too, or map it to one "
							 "that the model knows.")));
		if (level > 0)
			z[covariate->column + level - 1] = 1;
	}
	if (covariates && JB_ROOT_COUNT(covariates) > (uint32) all->keys)
		refuse_unknown_key(all, covariates);
}

/*
 * A customer's own parameters: the family's, with alpha, and beta or b, as the
 * covariates make them.  "parameter" are all parameters of the model, its own or a
 * draw of them; p has room for CV_BUYING_NUMBERS.  With the result every function
 * of cv_buying_family is the customer's.  Errors as cv_covariate_row(), and for
 * covariates so far from those of the fit that a parameter is 0 or infinite.
 */
void
cv_customer_parameters(const cv_model *model, const double *parameter, Jsonb *covariates, double *p)
{
	const cv_buying_family *family = cv_buying_family_of(model->family);
	cv_covariates all;
	double z[CV_MAX_PARAMETERS];
	int i;

	cv_read_covariates(cv_model_design(model), model->design_size, &all);
	cv_covariate_row(&all, covariates, z);
	cv_covariate_apply(family, parameter, all.columns, z, p);
	p[CV_BUYING_K] = model->k;
	for (i = 0; i < family->parameters; i++)
		if (!(p[i] > 0 && isfinite(p[i])))
			ereport(
				ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("parameter %s is out of range for these covariates", family->parameter[i]),
				 errhint("Compare the covariates with those that the model was fitted to.")));
}
