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

static void
open_level(cv_json *json)
{
	json->depth++;
	if (json->depth >= (int) lengthof(json->index))
		cv_malformed(json->type, "It is nested too deeply.");
	json->index[json->depth] = -1;
}

static CV_JSON_ACTION
on_open(void *state)
{
	open_level(state);
	CV_JSON_DONE;
}

static CV_JSON_ACTION
on_close(void *state)
{
	((cv_json *) state)->depth--;
	CV_JSON_DONE;
}

static CV_JSON_ACTION
on_field(void *state, char *name, bool isnull)
{
	cv_json *json = state;

	if (json->depth == 1)
		json->key = name;
	CV_JSON_DONE;
}

static CV_JSON_ACTION
on_element(void *state, bool isnull)
{
	cv_json *json = state;

	json->index[json->depth]++;
	CV_JSON_DONE;
}

static CV_JSON_ACTION
on_scalar(void *state, char *token, JsonTokenType kind)
{
	cv_json *json = state;

	json->scalar(json, token, kind);
	if (token)
		pfree(token);
	CV_JSON_DONE;
}

/* Reads a text form, calling json->scalar for every scalar in it. */
void
cv_json_read(cv_json *json, char *text)
{
	JsonSemAction actions;

	memset(&actions, 0, sizeof(actions));
	actions.semstate = json;
	actions.object_start = on_open;
	actions.object_end = on_close;
	actions.array_start = on_open;
	actions.array_end = on_close;
	actions.object_field_start = on_field;
	actions.array_element_start = on_element;
	actions.scalar = on_scalar;
	json->depth = 0;
	json->key = NULL;
	pg_parse_json_or_ereport(cv_json_lexer(text, strlen(text)), &actions);
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

/* Appends a finite number so that it reads back to the same bits. */
void
cv_append_number(StringInfo text, double value)
{
	char digits[DOUBLE_SHORTEST_DECIMAL_LEN];

	double_to_shortest_decimal_buf(value, digits);
	appendStringInfoString(text, digits);
}
