/*
 * answers_io.c: text and binary forms of choice and rating data.
 *
 * {"respondents": true,
 *  "profiles": [["brand", "own", "price", 4.99], ..],
 *  "choices": [[respondent, choice_set, profile, chosen, times, weight], ..]}
 *
 * A profile is a list of names and values, without those that are missing; a row
 * names it by its number, from 1.  Ratings have rows "ratings" of [respondent,
 * profile, rating, times].  What is read passes through the same functions as what
 * is aggregated, in any order.
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "value/value.h"

/* ---- text ---- */

typedef struct answers_reader
{
	const char *type;
	cv_answers *answers;
	double *profile; /* being read */
	int32 column;
	cv_attribute_value value; /* its name has been read */
	int32 *number;			  /* of each profile read so far */
	int64 profiles;
	int64 room;
	cv_answer row;
	bool has_respondent;
	bool rows_have_respondent;
	bool respondents;
} answers_reader;

static void
read_profile_scalar(cv_json *json, answers_reader *reader, char *token, JsonTokenType kind)
{
	cv_attribute_value *value = &reader->value;

	if (reader->profile == NULL)
	{
		reader->profile = cv_answers_blank(reader->answers);
		reader->column = -1;
	}
	if (json->index[json->depth] % 2 == 0)
	{
		if (kind != JSON_TOKEN_STRING)
			cv_malformed(reader->type, "A name of an attribute must be a string.");
		value->name = pstrdup(token);
		value->length = (int) strlen(token);
		return;
	}
	value->is_level = kind != JSON_TOKEN_NUMBER;
	if (kind == JSON_TOKEN_NUMBER)
		value->number = cv_json_number(json, token, kind) + 0.0;
	else if (kind == JSON_TOKEN_STRING)
	{
		value->level = token;
		value->level_length = (int) strlen(token);
	}
	else
		cv_malformed(reader->type, "A value of an attribute must be a number or a string.");
	reader->answers = cv_answers_value(reader->answers, value, &reader->profile, &reader->column);
}

static int64
read_whole(cv_json *json, const char *token, JsonTokenType kind, int64 least, int64 most)
{
	int64 number = cv_json_integer(json, token, kind);

	if (number < least || number > most)
		cv_malformed(json->type, "%lld is out of range.", (long long) number);
	return number;
}

static void
read_row_scalar(cv_json *json, answers_reader *reader, const char *token, JsonTokenType kind)
{
	bool ratings = (reader->answers->header.flags & CV_RATINGS) != 0;
	int at = json->index[json->depth];
	cv_answer *row = &reader->row;

	/* a rating has neither a choice set nor a choice, and its value comes third */
	static const int rating_place[] = { 0, 2, 5, 4 };

	if (at >= (ratings ? 4 : 6))
		cv_malformed(reader->type, "It must be of the form %s.", json->form);
	switch (ratings ? rating_place[at] : at)
	{
		case 0:
			memset(row, 0, sizeof(*row));
			reader->has_respondent = kind != JSON_TOKEN_NULL;
			if (reader->has_respondent)
				row->respondent = cv_json_integer(json, token, kind);
			break;
		case 1:
			row->choice_set = cv_json_integer(json, token, kind);
			break;
		case 2:
			row->profile = (int32) read_whole(json, token, kind, 1, PG_INT32_MAX) - 1;
			break;
		case 3:
			if (kind != JSON_TOKEN_TRUE && kind != JSON_TOKEN_FALSE)
				cv_malformed(reader->type, "Whether a profile was chosen is true or false.");
			row->chosen = kind == JSON_TOKEN_TRUE;
			break;
		case 4:
			row->times = (uint32) read_whole(json, token, kind, 1, PG_INT32_MAX);
			break;
		default:
			if (kind == JSON_TOKEN_NULL && !ratings)
				row->value = CV_MISSING;
			else
				row->value = cv_json_number(json, token, kind) + 0.0;
			if (!ratings && !(row->value >= 0))
				cv_malformed(reader->type, "A weight is negative.");
	}
}

static void
read_scalar(cv_json *json, char *token, JsonTokenType kind)
{
	answers_reader *reader = json->context;

	if (json->depth > 1 && strcmp(json->key, "profiles") == 0)
		read_profile_scalar(json, reader, token, kind);
	else if (json->depth > 1)
		read_row_scalar(json, reader, token, kind);
	else if (kind == JSON_TOKEN_TRUE || kind == JSON_TOKEN_FALSE)
		reader->respondents = kind == JSON_TOKEN_TRUE;
	else
		cv_malformed(reader->type, "\"respondents\" must be true or false.");
}

static void
read_end(cv_json *json, int width)
{
	answers_reader *reader = json->context;

	if (strcmp(json->key, "profiles") != 0)
	{
		if (width != (reader->answers->header.flags & CV_RATINGS ? 4 : 6))
			cv_malformed(reader->type, "It must be of the form %s.", json->form);
		if (reader->answers->used[CV_ROWS] > 0 &&
			reader->rows_have_respondent != reader->has_respondent)
			cv_malformed(reader->type, "Some rows have a respondent and some have not.");
		reader->rows_have_respondent = reader->has_respondent;
		reader->answers = cv_answers_row(reader->answers, &reader->row);
		return;
	}
	if (width % 2 != 0)
		cv_malformed(reader->type, "An attribute has no value.");
	if (reader->profiles == reader->room)
	{
		reader->room = 2 * reader->room + 16;
		reader->number =
			reader->number ? repalloc_huge(reader->number, (Size) reader->room * sizeof(int32))
						   : palloc_extended((Size) reader->room * sizeof(int32), MCXT_ALLOC_HUGE);
	}
	if (reader->profile == NULL)
		reader->profile = cv_answers_blank(reader->answers);
	reader->answers =
		cv_answers_profile(reader->answers, reader->profile, &reader->number[reader->profiles++]);
	reader->profile = NULL;
}

/* Reads the text form. */
cv_answers *
cv_answers_read(char *text, uint8 kind)
{
	answers_reader reader = { 0 };
	cv_json json = { 0 };
	cv_answers *answers;
	int64 i;

	reader.type = cv_answers_type(kind);
	reader.answers = cv_answers_new(kind, 0);
	json.type = reader.type;
	json.form =
		kind & CV_RATINGS
			? "{\"respondents\": boolean, \"profiles\": [[name, value, ...], ...], "
			  "\"ratings\": [[respondent, profile, rating, times], ...]}"
			: "{\"respondents\": boolean, \"profiles\": [[name, value, ...], ...], "
			  "\"choices\": [[respondent, choice_set, profile, chosen, times, weight], ...]}";
	json.shape = "{[[";
	json.keys[0] = "profiles";
	json.keys[1] = kind & CV_RATINGS ? "ratings" : "choices";
	json.keys[2] = "respondents";
	json.lists = 2;
	json.scalar = read_scalar;
	json.row = read_end;
	json.context = &reader;
	cv_json_read(&json, text);
	answers = reader.answers;
	if (answers->used[CV_ROWS] > 0 && reader.rows_have_respondent != reader.respondents)
		cv_malformed(reader.type, "\"respondents\" does not say what the rows have.");
	for (i = 0; i < answers->used[CV_ROWS]; i++)
	{
		cv_answer *row = &CV_ROW(answers)[i];

		if (row->profile >= reader.profiles)
			cv_malformed(reader.type, "There is no profile %d.", row->profile + 1);
		row->profile = reader.number[row->profile];
	}
	if (reader.respondents)
		answers->header.flags |= CV_RESPONDENTS;
	return (cv_answers *) cv_answers_stored(answers);
}

/* Appends a name as a JSON string. */
static void
append_name(StringInfo text, const char *name, int length)
{
	char *terminated = pnstrdup(name, length);

	escape_json(text, terminated);
	pfree(terminated);
}

/* Writes the text form of stored answers. */
char *
cv_answers_write(const cv_answers *answers)
{
	bool ratings = (answers->header.flags & CV_RATINGS) != 0;
	bool respondents = (answers->header.flags & CV_RESPONDENTS) != 0;
	StringInfoData text;
	int64 i;
	int32 j;

	initStringInfo(&text);
	appendStringInfo(&text, "{\"respondents\": %s, \"profiles\": [",
					 respondents ? "true" : "false");
	for (i = 0; i < answers->used[CV_PROFILES]; i++)
	{
		const char *separator = "";

		appendStringInfoString(&text, i > 0 ? ", [" : "[");
		for (j = 0; j < answers->used[CV_ATTRIBUTES]; j++)
		{
			const cv_attribute *attribute = &CV_ATTRIBUTE(answers)[j];
			double value = CV_PROFILE(answers, i)[j];

			if (value == CV_MISSING)
				continue;
			appendStringInfoString(&text, separator);
			append_name(&text, CV_NAME(answers) + attribute->name, attribute->length);
			appendStringInfoString(&text, ", ");
			if (attribute->levels == 0)
				cv_append_number(&text, value);
			else
				append_name(&text, CV_NAME(answers) + CV_LEVEL(answers)[(int32) value].name,
							CV_LEVEL(answers)[(int32) value].length);
			separator = ", ";
		}
		appendStringInfoChar(&text, ']');
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	appendStringInfo(&text, "], \"%s\": [", ratings ? "ratings" : "choices");
	for (i = 0; i < answers->used[CV_ROWS]; i++)
	{
		const cv_answer *row = &CV_ROW(answers)[i];

		appendStringInfoString(&text, i > 0 ? ", [" : "[");
		if (respondents)
			appendStringInfo(&text, "%lld, ", (long long) row->respondent);
		else
			appendStringInfoString(&text, "null, ");
		if (!ratings)
			appendStringInfo(&text, "%lld, %d, %s, %u, ", (long long) row->choice_set,
							 row->profile + 1, row->chosen ? "true" : "false", row->times);
		else
			appendStringInfo(&text, "%d, ", row->profile + 1);
		if (row->value == CV_MISSING)
			appendStringInfoString(&text, "null");
		else
			cv_append_number(&text, row->value);
		if (ratings)
			appendStringInfo(&text, ", %u", row->times);
		appendStringInfoChar(&text, ']');
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoString(&text, "]}");
	return text.data;
}

/* ---- binary ---- */

/*
 * Attributes with their levels, profiles as numbers (a level by its place in its
 * attribute, -1: missing), rows; a rating's choice set and choice are 0.
 */

typedef struct received_attribute
{
	cv_attribute_value value;
	int64 levels;
	const char **level;
} received_attribute;

/* Reads the binary form. */
cv_answers *
cv_answers_receive(StringInfo buffer, uint8 kind)
{
	const char *type = cv_answers_type(kind);
	uint8 flags = cv_receive_begin(buffer, type, CV_RESPONDENTS);
	cv_answers *answers = cv_answers_new(kind | flags, 0);
	int64 attributes = cv_receive_count(buffer, type, 9);
	received_attribute *attribute = palloc0(Max(1, attributes) * sizeof(received_attribute));
	int64 profiles;
	int32 *number;
	int64 rows;
	int64 i;
	int64 j;

	for (i = 0; i < attributes; i++)
	{
		attribute[i].value.name = pq_getmsgstring(buffer);
		attribute[i].value.length = (int) strlen(attribute[i].value.name);
		attribute[i].levels = cv_receive_count(buffer, type, 1);
		attribute[i].level =
			palloc_extended(Max(1, attribute[i].levels) * sizeof(char *), MCXT_ALLOC_HUGE);
		for (j = 0; j < attribute[i].levels; j++)
			attribute[i].level[j] = pq_getmsgstring(buffer);
	}
	/* a profile without attributes takes no byte: there is at most one */
	profiles = cv_receive_count(buffer, type, attributes > 0 ? attributes * 9 : 1);
	if (attributes == 0 && profiles > 1)
		cv_corrupt_binary(type, "Profiles are repeated.");
	number = palloc_extended(Max(1, profiles) * sizeof(int32), MCXT_ALLOC_HUGE);
	for (i = 0; i < profiles; i++)
	{
		double *profile = cv_answers_blank(answers);
		int32 column = -1;

		for (j = 0; j < attributes; j++)
		{
			cv_attribute_value *value = &attribute[j].value;
			bool missing = pq_getmsgbyte(buffer) != 0;
			double stored = pq_getmsgfloat8(buffer) + 0.0;

			if (missing)
				continue;
			value->is_level = attribute[j].levels > 0;
			value->number = stored;
			if (!isfinite(stored) ||
				(value->is_level && !(stored >= 0 && stored < attribute[j].levels)))
				cv_corrupt_binary(type, "A value is out of range.");
			if (value->is_level)
			{
				value->level = attribute[j].level[(int64) stored];
				value->level_length = (int) strlen(value->level);
			}
			answers = cv_answers_value(answers, value, &profile, &column);
		}
		answers = cv_answers_profile(answers, profile, &number[i]);
		pfree(profile);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	rows = cv_receive_count(buffer, type, 33);
	for (i = 0; i < rows; i++)
	{
		cv_answer row;
		uint32 profile;
		uint32 times;
		bool missing;

		memset(&row, 0, sizeof(row));
		row.respondent = pq_getmsgint64(buffer);
		row.choice_set = pq_getmsgint64(buffer);
		profile = pq_getmsgint(buffer, 4);
		times = pq_getmsgint(buffer, 4);
		missing = pq_getmsgbyte(buffer) != 0;
		row.value = pq_getmsgfloat8(buffer) + 0.0;
		row.chosen = times & 1;
		row.times = times >> 1;
		if (profile >= profiles || row.times == 0 || !isfinite(row.value) ||
			(!(flags & CV_RESPONDENTS) && row.respondent != 0) ||
			(kind & CV_RATINGS ? missing || row.choice_set != 0 || row.chosen != 0 : row.value < 0))
			cv_corrupt_binary(type, "A row is out of range.");
		if (missing)
			row.value = CV_MISSING;
		row.profile = number[profile];
		answers = cv_answers_row(answers, &row);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	return (cv_answers *) cv_answers_stored(answers);
}

static void
send_name(StringInfo buffer, const cv_answers *answers, int32 name, int32 length)
{
	char *terminated = pnstrdup(CV_NAME(answers) + name, length);

	pq_sendstring(buffer, terminated);
	pfree(terminated);
}

/* Writes the binary form of stored answers. */
bytea *
cv_answers_send(const cv_answers *answers)
{
	int64 attributes = answers->used[CV_ATTRIBUTES];
	StringInfoData buffer;
	int64 i;
	int64 j;

	cv_send_begin(&buffer, answers->header.flags & CV_RESPONDENTS);
	pq_sendint64(&buffer, attributes);
	for (i = 0; i < attributes; i++)
	{
		const cv_attribute *attribute = &CV_ATTRIBUTE(answers)[i];

		send_name(&buffer, answers, attribute->name, attribute->length);
		pq_sendint64(&buffer, attribute->levels);
		for (j = 0; j < attribute->levels; j++)
		{
			const cv_level *level = &CV_LEVEL(answers)[attribute->first + j];

			send_name(&buffer, answers, level->name, level->length);
		}
	}
	pq_sendint64(&buffer, answers->used[CV_PROFILES]);
	for (i = 0; i < answers->used[CV_PROFILES]; i++)
		for (j = 0; j < attributes; j++)
		{
			const cv_attribute *attribute = &CV_ATTRIBUTE(answers)[j];
			double value = CV_PROFILE(answers, i)[j];
			bool missing = value == CV_MISSING;

			pq_sendbyte(&buffer, missing);
			if (missing)
				value = 0;
			else if (attribute->levels > 0)
				value -= attribute->first;
			pq_sendfloat8(&buffer, value);
		}
	pq_sendint64(&buffer, answers->used[CV_ROWS]);
	for (i = 0; i < answers->used[CV_ROWS]; i++)
	{
		const cv_answer *row = &CV_ROW(answers)[i];
		bool missing = row->value == CV_MISSING;

		pq_sendint64(&buffer, row->respondent);
		pq_sendint64(&buffer, row->choice_set);
		pq_sendint32(&buffer, row->profile);
		pq_sendint32(&buffer, (uint32) row->times << 1 | row->chosen);
		pq_sendbyte(&buffer, missing);
		pq_sendfloat8(&buffer, missing ? 0 : row->value);
	}
	return pq_endtypsend(&buffer);
}
