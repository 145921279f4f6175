/*
 * json_stream.c: JSON text of any shape, read as a stream by PostgreSQL's own
 * parser: the reader is told of each bracket, member and scalar in its place.
 * json.c has, on top of it, the simpler way for lists of rows; document.c reads small
 * objects whose members may be asked for by name.
 */
#include "postgres.h"

#include "pg/pg.h"
#include "utils/builtins.h"

/* The next value of the innermost level begins. */
static void
next_value(cv_json_stream *stream)
{
	cv_json_level *level;

	if (stream->depth == 0)
		return;
	level = &stream->level[stream->depth - 1];
	if (level->bracket == '[')
		level->at++;
}

static void
open_bracket(cv_json_stream *stream, char bracket)
{
	cv_json_level *level;

	if (stream->depth == CV_JSON_DEEPEST)
		cv_json_wrong_form(stream);
	next_value(stream);
	level = &stream->level[stream->depth++];
	level->bracket = bracket;
	level->at = -1;
	level->seen = 0;
	stream->open(stream);
}

static CV_JSON_ACTION
on_array(void *state)
{
	open_bracket(state, '[');
	CV_JSON_DONE;
}

static CV_JSON_ACTION
on_object(void *state)
{
	open_bracket(state, '{');
	CV_JSON_DONE;
}

static CV_JSON_ACTION
on_end(void *state)
{
	cv_json_stream *stream = state;

	if (stream->close)
		stream->close(stream);
	stream->depth--;
	CV_JSON_DONE;
}

static CV_JSON_ACTION
on_field(void *state, char *name, bool isnull)
{
	cv_json_stream *stream = state;
	cv_json_level *level = &stream->level[stream->depth - 1];

	level->at = stream->member(stream, name);
	if (level->at < 0)
		cv_malformed(stream->json.type, "It has no member \"%s\".", name);
	if (level->seen & 1 << level->at)
		cv_malformed(stream->json.type, "\"%s\" stands twice.", name);
	level->seen |= 1 << level->at;
	CV_JSON_DONE;
}

static CV_JSON_ACTION
on_scalar(void *state, char *token, JsonTokenType kind)
{
	cv_json_stream *stream = state;

	if (stream->depth == 0)
		cv_json_wrong_form(stream);
	next_value(stream);
	stream->scalar(stream, token, kind);
	if (token)
		pfree(token);
	CV_JSON_DONE;
}

/* The text is not of the form expected. */
void
cv_json_wrong_form(cv_json_stream *stream)
{
	cv_malformed(stream->json.type, "It must be of the form %s.", stream->json.form);
}

/* The place of a name in a list that ends with NULL; -1 where it is not there. */
int
cv_json_member(const char *const *names, const char *name)
{
	int i;

	for (i = 0; names[i]; i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	return -1;
}

/* Refuses an object of which a member is missing. */
void
cv_json_require(cv_json_stream *stream, const char *const *names, int required)
{
	int i;

	for (i = 0; i < required; i++)
		if (!(stream->level[stream->depth - 1].seen & 1 << i))
			cv_malformed(stream->json.type, "\"%s\" is missing.", names[i]);
}

/* Reads a text form. */
void
cv_json_stream_read(cv_json_stream *stream, char *text)
{
	JsonSemAction actions;

	memset(&actions, 0, sizeof(actions));
	actions.semstate = stream;
	actions.object_start = on_object;
	actions.object_end = on_end;
	actions.array_start = on_array;
	actions.array_end = on_end;
	actions.object_field_start = on_field;
	actions.scalar = on_scalar;
	stream->depth = 0;
	pg_parse_json_or_ereport(cv_json_lexer(text, strlen(text)), &actions);
}
