/*
 * json.c: text forms are JSON.  Those that grow with the data are lists of rows, read as
 * a stream (json_stream.c; a jsonb value would end at 256 MB); numbers are written in the
 * shortest form that reads back exactly.
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

/* A scalar beside the lists, in an outermost object. */
static bool
is_beside(const cv_json *json)
{
	return json->depth == 1 && json->shape[0] == '{' && !is_list(json);
}

static void
on_open(cv_json_stream *stream)
{
	cv_json *json = stream->context;

	if (is_innermost(json) || is_beside(json) ||
		json->shape[json->depth] != stream->level[stream->depth - 1].bracket)
		cv_json_wrong_form(stream);
	json->depth = stream->depth;
}

static void
on_close(cv_json_stream *stream)
{
	cv_json *json = stream->context;
	const cv_json_level *level = &stream->level[stream->depth - 1];
	int i;

	if (is_innermost(json) && !in_names(json))
	{
		if (json->width > 0 && level->at + 1 != json->width)
			cv_json_wrong_form(stream);
		if (json->row)
			json->row(json, level->at + 1);
	}
	for (i = 0; level->bracket == '{' && i < (int) lengthof(json->keys) && json->keys[i]; i++)
		if (!(level->seen & 1 << i) && json->keys[i] != json->names)
			cv_malformed(json->type, "\"%s\" is missing.", json->keys[i]);
	json->depth--;
}

static int
on_member(cv_json_stream *stream, char *name)
{
	cv_json *json = stream->context;
	int i;

	for (i = 0; i < (int) lengthof(json->keys) && json->keys[i]; i++)
		if (strcmp(name, json->keys[i]) == 0)
		{
			json->key = json->keys[i];
			return i;
		}
	return -1;
}

static void
on_scalar(cv_json_stream *stream, char *token, JsonTokenType kind)
{
	cv_json *json = stream->context;
	int at = stream->level[stream->depth - 1].at;

	if (!is_innermost(json) && !is_beside(json))
		cv_json_wrong_form(stream);
	if (is_innermost(json) && !in_names(json) && json->width > 0 && at >= json->width)
		cv_json_wrong_form(stream);
	json->index[json->depth] = at;
	json->scalar(json, token, kind);
}

/* Reads a text form of lists, calling json->scalar for every scalar in its place. */
void
cv_json_read(cv_json *json, char *text)
{
	cv_json_stream stream = { 0 };

	stream.json.type = json->type;
	stream.json.form = json->form;
	stream.open = on_open;
	stream.close = on_close;
	stream.member = on_member;
	stream.scalar = on_scalar;
	stream.context = json;
	json->depth = 0;
	json->key = NULL;
	cv_json_stream_read(&stream, text);
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
