/*
 * json.c: text forms are JSON, read as a stream by PostgreSQL's own parser (a
 * jsonb value would end at 256 MB), numbers written in the shortest form that
 * reads back exactly.
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "compat.h"
#include "pg/pg.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/jsonb.h"

/* Refuses a text form; the detail says what is wrong with it. */
void
cv_malformed(const char *type, const char *detail, ...)
{
	StringInfoData text;
	va_list arguments;

	initStringInfo(&text);
	for (;;)
	{
		int more;

		va_start(arguments, detail);
		more = appendStringInfoVA(&text, detail, arguments);
		va_end(arguments);
		if (more == 0)
			break;
		enlargeStringInfo(&text, more);
	}
	ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("invalid input syntax for type %s", type),
					errdetail_internal("%s", text.data)));
}

/* The form is not the one expected. */
static void
wrong_form(cv_json *json)
{
	cv_malformed(json->type, "It must be of the form %s.", json->form);
}

/* Within the list of names, which has one level. */
static bool
in_names(const cv_json *json)
{
	return json->names && json->depth > 0 && json->key == json->names;
}

static bool
is_innermost(const cv_json *json)
{
	return json->depth == (in_names(json) ? 2 : (int) strlen(json->shape));
}

/* Within an outermost object: is its last key one of a list? */
static bool
is_list(const cv_json *json)
{
	int i;

	for (i = 0; i < Max(1, json->lists); i++)
		if (json->key == json->keys[i])
			return true;
	return in_names(json);
}

static void
open_level(cv_json *json, char opener)
{
	if (is_innermost(json) || json->shape[json->depth] != opener ||
		(json->depth == 1 && json->shape[0] == '{' && !is_list(json)))
		wrong_form(json);
	json->depth++;
	json->index[json->depth] = -1;
}

static CV_JSON_ACTION
on_array(void *state)
{
	open_level(state, '[');
	CV_JSON_DONE;
}

static CV_JSON_ACTION
on_object(void *state)
{
	open_level(state, '{');
	CV_JSON_DONE;
}

static CV_JSON_ACTION
on_array_end(void *state)
{
	cv_json *json = state;

	if (is_innermost(json) && !in_names(json))
	{
		if (json->width > 0 && json->index[json->depth] + 1 != json->width)
			wrong_form(json);
		if (json->row)
			json->row(json, json->index[json->depth] + 1);
	}
	json->depth--;
	CV_JSON_DONE;
}

static CV_JSON_ACTION
on_object_end(void *state)
{
	((cv_json *) state)->depth--;
	CV_JSON_DONE;
}

static CV_JSON_ACTION
on_field(void *state, char *name, bool isnull)
{
	cv_json *json = state;
	int i;

	for (i = 0; i < (int) lengthof(json->keys) && json->keys[i]; i++)
		if (strcmp(name, json->keys[i]) == 0)
			break;
	if (i == (int) lengthof(json->keys) || json->keys[i] == NULL)
		cv_malformed(json->type, "It has no member \"%s\".", name);
	if (json->seen & 1 << i)
		cv_malformed(json->type, "\"%s\" stands twice.", name);
	json->seen |= 1 << i;
	json->key = json->keys[i];
	CV_JSON_DONE;
}

static CV_JSON_ACTION
on_element(void *state, bool isnull)
{
	cv_json *json = state;

	json->index[json->depth]++;
	if (is_innermost(json) && !in_names(json) && json->width > 0 &&
		json->index[json->depth] >= json->width)
		wrong_form(json);
	CV_JSON_DONE;
}

static CV_JSON_ACTION
on_scalar(void *state, char *token, JsonTokenType kind)
{
	cv_json *json = state;

	if (!is_innermost(json) && !(json->depth == 1 && json->shape[0] == '{' && !is_list(json)))
		wrong_form(json);
	json->scalar(json, token, kind);
	if (token)
		pfree(token);
	CV_JSON_DONE;
}

/* Reads a text form, calling json->scalar for every scalar in its place. */
void
cv_json_read(cv_json *json, char *text)
{
	JsonSemAction actions;
	int i;

	memset(&actions, 0, sizeof(actions));
	actions.semstate = json;
	actions.object_start = on_object;
	actions.object_end = on_object_end;
	actions.array_start = on_array;
	actions.array_end = on_array_end;
	actions.object_field_start = on_field;
	actions.array_element_start = on_element;
	actions.scalar = on_scalar;
	json->depth = 0;
	json->key = NULL;
	json->seen = 0;
	pg_parse_json_or_ereport(cv_json_lexer(text, strlen(text)), &actions);
	for (i = 0; i < (int) lengthof(json->keys) && json->keys[i]; i++)
		if (!(json->seen & 1 << i) && json->keys[i] != json->names)
			cv_malformed(json->type, "\"%s\" is missing.", json->keys[i]);
}

/* A scalar that must be a finite number. */
double
cv_json_number(cv_json *json, const char *token, JsonTokenType kind)
{
	char *end;
	double value;

	if (kind != JSON_TOKEN_NUMBER)
		cv_malformed(json->type, "A number was expected, not \"%s\".", token);
	errno = 0;
	value = strtod(token, &end);
	if (*end != '\0' || !isfinite(value))
		cv_malformed(json->type, "\"%s\" is not a finite number.", token);
	return value;
}

/* A scalar that must be a whole number. */
int64
cv_json_integer(cv_json *json, const char *token, JsonTokenType kind)
{
	char *end;
	int64 value;

	if (kind != JSON_TOKEN_NUMBER)
		cv_malformed(json->type, "A whole number was expected, not \"%s\".", token);
	errno = 0;
	value = strtoll(token, &end, 10);
	if (*end != '\0' || errno != 0)
		cv_malformed(json->type, "\"%s\" is not a whole number in range.", token);
	return value;
}

/* A scalar that must be a whole number of at most 30 digits. */
int128
cv_json_large(cv_json *json, const char *token, JsonTokenType kind)
{
	bool negative = *token == '-';
	const char *c = token + negative;
	int128 value = 0;

	if (kind != JSON_TOKEN_NUMBER || strspn(c, "0123456789") != strlen(c) || strlen(c) > 30)
		cv_malformed(json->type, "\"%s\" is not a whole number of at most 30 digits.", token);
	for (; *c; c++)
		value = value * 10 + (*c - '0');
	return negative ? -value : value;
}

/* Appends a whole number of at most 30 digits. */
void
cv_append_large(StringInfo text, int128 value)
{
	char digits[48];
	int at = sizeof(digits) - 1;
	bool negative = value < 0;

	if (negative)
		value = -value;
	digits[at] = '\0';
	do
		digits[--at] = '0' + (int) (value % 10);
	while ((value /= 10) > 0);
	if (negative)
		digits[--at] = '-';
	appendStringInfoString(text, digits + at);
}

/* JSON text as jsonb prints it, so that it does not change any more. */
char *
cv_canonical_json(const char *text)
{
	Jsonb *document = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));

	return JsonbToCString(NULL, &document->root, VARSIZE(document));
}

/* Appends a finite number so that it reads back to the same bits. */
void
cv_append_number(StringInfo text, double value)
{
	char digits[DOUBLE_SHORTEST_DECIMAL_LEN];

	double_to_shortest_decimal_buf(value, digits);
	appendStringInfoString(text, digits);
}
