/*
 * attribution_io.c: text and binary forms of summaries of journeys.
 *
 * Text: [[["search", "email"], conversions, value, nulls], ..], and where the times of
 * the touches are known [[..], conversions, value, nulls, [age, ..]], ages before the
 * conversion in microseconds; numbers have at most 18 decimals.
 */
#include "postgres.h"

#include "attribution/attribution.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"

PG_FUNCTION_INFO_V1(cv_attribution_summary_in);
PG_FUNCTION_INFO_V1(cv_attribution_summary_out);
PG_FUNCTION_INFO_V1(cv_attribution_summary_recv);
PG_FUNCTION_INFO_V1(cv_attribution_summary_send);

/* Every path from outside passes here; what is wrong, or NULL. */
static const char *
check_path(int32 touches, const int64 *age, const int128 *sum)
{
	int32 i;

	for (i = 0; i < CV_SUMS; i++)
		if (sum[i] < 0)
			return "A number is negative.";
	if (sum[CV_VALUE] > 0 && sum[CV_CONVERSIONS] == 0)
		return "A path without conversions has a value.";
	if (age && sum[CV_CONVERSIONS] == 0)
		return "A path without conversions has ages.";
	for (i = 0; age && i < touches; i++)
		if (age[i] < 0 || (i > 0 && age[i] > age[i - 1]))
			return "The ages of a path are negative or grow.";
	return NULL;
}

/* ---- text ---- */

typedef struct summary_reader
{
	cv_attribution_summary *summary;
	int128 sum[CV_SUMS];
	int32 touches;
	int32 ages;
	int32 room; /* of both lists */
	int32 *channel;
	int64 *age;
} summary_reader;

static void
on_open(cv_json_stream *stream)
{
	summary_reader *reader = stream->context;
	int at = stream->depth == 3 ? stream->level[1].at : 0;

	if (stream->depth > 3 || stream->level[stream->depth - 1].bracket != '[' ||
		(at != 0 && at != CV_SUMS + 1))
		cv_json_wrong_form(stream);
	if (stream->depth == 2)
		reader->touches = reader->ages = 0;
}

static void
on_close(cv_json_stream *stream)
{
	summary_reader *reader = stream->context;
	int elements = stream->level[1].at + 1;
	bool has_ages = elements == CV_SUMS + 2;
	const char *fault;

	if (stream->depth != 2)
		return;
	if (elements < CV_SUMS + 1)
		cv_json_wrong_form(stream);
	if (has_ages && reader->ages != reader->touches)
		cv_malformed(stream->json.type, "A path has %d touches and %d ages.", reader->touches,
					 reader->ages);
	fault = check_path(reader->touches, has_ages ? reader->age : NULL, reader->sum);
	if (fault)
		cv_malformed(stream->json.type, "%s", fault);
	reader->summary = cv_attribution_add(reader->summary, reader->touches, reader->channel,
										 has_ages ? reader->age : NULL, reader->sum);
}

static int
on_member(cv_json_stream *stream, char *name)
{
	return -1;
}

/* A decimal number of at most 18 decimals, below 1.7e20, in units of 10^-18. */
static int128
read_exact(cv_json_stream *stream, const char *token, JsonTokenType kind)
{
	const char *c = token;
	int128 sum = 0;
	int decimals = -1;
	bool good = kind == JSON_TOKEN_NUMBER;

	for (; good && *c; c++)
	{
		if (*c == '.')
			decimals = 0;
		else if (*c < '0' || *c > '9' || decimals >= 18)
			good = false;
		else
		{
			good = !__builtin_mul_overflow(sum, (int128) 10, &sum) &&
				   !__builtin_add_overflow(sum, (int128) (*c - '0'), &sum);
			decimals += decimals >= 0;
		}
	}
	for (decimals = Max(decimals, 0); good && decimals < 18; decimals++)
		good = !__builtin_mul_overflow(sum, (int128) 10, &sum);
	if (!good)
		cv_malformed(stream->json.type,
					 "A number from 0 to 1.7e20 of at most 18 decimals was expected, not \"%s\".",
					 token);
	return sum;
}

static void
on_scalar(cv_json_stream *stream, char *token, JsonTokenType kind)
{
	summary_reader *reader = stream->context;
	int at = stream->level[1].at;

	if (stream->depth == 3)
	{
		if (Max(reader->touches, reader->ages) == reader->room)
		{
			reader->room *= 2;
			reader->channel = repalloc(reader->channel, reader->room * sizeof(int32));
			reader->age = repalloc(reader->age, reader->room * sizeof(int64));
		}
		if (at > 0)
			reader->age[reader->ages++] = cv_json_integer(&stream->json, token, kind);
		else if (kind == JSON_TOKEN_STRING)
			reader->summary =
				cv_named_intern(reader->summary, CV_WORD, cv_attribution_type, token,
								(int32) strlen(token), &reader->channel[reader->touches++]);
		else
			cv_malformed(stream->json.type, "The name of a channel was expected, not \"%s\".",
						 token);
	}
	else if (stream->depth == 2 && at >= 1 && at <= CV_SUMS)
		reader->sum[at - 1] = read_exact(stream, token, kind);
	else
		cv_json_wrong_form(stream);
}

Datum
cv_attribution_summary_in(PG_FUNCTION_ARGS)
{
	summary_reader reader = { 0 };
	cv_json_stream stream = { 0 };

	reader.summary = cv_named_new(cv_attribution_type, CV_WORD, 64, 4);
	reader.room = 64;
	reader.channel = palloc(reader.room * sizeof(int32));
	reader.age = palloc(reader.room * sizeof(int64));
	stream.json.type = cv_attribution_type;
	stream.json.form = "[[[channel, ...], conversions, value, nulls], ...], with ages in a fifth "
					   "place or not";
	stream.open = on_open;
	stream.close = on_close;
	stream.member = on_member;
	stream.scalar = on_scalar;
	stream.context = &reader;
	cv_json_stream_read(&stream, PG_GETARG_CSTRING(0));
	PG_RETURN_POINTER(cv_attribution_stored(reader.summary));
}

/* Appends a sum as a decimal number. */
static void
append_exact(StringInfo text, int128 sum)
{
	int64 fraction = (int64) (sum % CV_EXACT_UNIT);

	cv_append_large(text, sum / CV_EXACT_UNIT);
	if (fraction != 0)
	{
		char digits[24];
		int length = 18;

		snprintf(digits, sizeof(digits), "%018lld", (long long) fraction);
		while (digits[length - 1] == '0')
			length--;
		appendStringInfo(text, ".%.*s", length, digits);
	}
}

Datum
cv_attribution_summary_out(PG_FUNCTION_ARGS)
{
	const cv_attribution_summary *summary = cv_attribution_arg(fcinfo, 0);
	const cv_path *path;
	StringInfoData text;
	int64 at = 0;
	int32 i;

	initStringInfo(&text);
	appendStringInfoChar(&text, '[');
	while ((path = cv_next_path(summary, &at)) != NULL)
	{
		appendStringInfoString(&text, text.len > 1 ? ", [[" : "[[");
		for (i = 0; i < path->touches; i++)
		{
			int32 channel = cv_path_channels(path)[i];

			if (channel < 0 || channel >= summary->names)
				cv_corrupt_binary(cv_attribution_type, "A channel is out of range.");
			if (i > 0)
				appendStringInfoString(&text, ", ");
			cv_append_name(&text, summary, channel);
		}
		appendStringInfoChar(&text, ']');
		for (i = 0; i < CV_SUMS; i++)
		{
			appendStringInfoString(&text, ", ");
			append_exact(&text, cv_exact_get(path->sum[i]));
		}
		if (path->flags & CV_PATH_AGES)
		{
			for (i = 0; i < path->touches; i++)
				appendStringInfo(&text, "%s" INT64_FORMAT, i > 0 ? ", " : ", [",
								 cv_path_ages(path)[i]);
			appendStringInfoString(&text, path->touches > 0 ? "]" : ", []");
		}
		appendStringInfoChar(&text, ']');
		CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoChar(&text, ']');
	PG_RETURN_CSTRING(text.data);
}

/* ---- binary: channels; paths ---- */

#define SMALLEST_ON_THE_WIRE 53

Datum
cv_attribution_summary_recv(PG_FUNCTION_ARGS)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	cv_attribution_summary *summary = cv_named_new(cv_attribution_type, CV_WORD, 64, 4);
	int32 *number;
	int64 channels;
	bool *used;
	int64 paths;
	int64 i;

	cv_receive_begin(buffer, cv_attribution_type, 0);
	number = cv_receive_names(buffer, &summary, CV_WORD, cv_attribution_type, &channels);
	used = palloc0(channels + 1);
	paths = cv_receive_count(buffer, cv_attribution_type, SMALLEST_ON_THE_WIRE);
	for (i = 0; i < paths; i++)
	{
		int32 touches = (int32) pq_getmsgint(buffer, 4);
		int flags = pq_getmsgbyte(buffer);
		int128 sum[CV_SUMS];
		int32 *channel;
		int64 *age = NULL;
		const char *fault;
		int32 k;

		if (touches < 0 || touches > (buffer->len - buffer->cursor) / 4 ||
			(flags & ~CV_PATH_AGES) != 0)
			cv_corrupt_binary(cv_attribution_type, "A path does not fit the length.");
		for (k = 0; k < CV_SUMS; k++)
		{
			cv_exact halves;

			halves.high = pq_getmsgint64(buffer);
			halves.low = (uint64) pq_getmsgint64(buffer);
			sum[k] = cv_exact_get(halves);
		}
		channel = palloc((touches + 1) * sizeof(int32));
		for (k = 0; k < touches; k++)
		{
			uint32 id = pq_getmsgint(buffer, 4);

			if (id >= (uint64) channels)
				cv_corrupt_binary(cv_attribution_type, "A channel is out of range.");
			channel[k] = number[id];
			used[id] = true;
		}
		if (flags & CV_PATH_AGES)
		{
			age = palloc((touches + 1) * sizeof(int64));
			for (k = 0; k < touches; k++)
				age[k] = pq_getmsgint64(buffer);
		}
		fault = check_path(touches, age, sum);
		if (fault)
			cv_corrupt_binary(cv_attribution_type, fault);
		summary = cv_attribution_add(summary, touches, channel, age, sum);
		pfree(channel);
		if (age)
			pfree(age);
		CHECK_FOR_INTERRUPTS();
	}
	for (i = 0; i < channels; i++)
		if (!used[i])
			cv_corrupt_binary(cv_attribution_type, "A channel is in no path.");
	PG_RETURN_POINTER(cv_attribution_stored(summary));
}

Datum
cv_attribution_summary_send(PG_FUNCTION_ARGS)
{
	const cv_attribution_summary *summary = cv_attribution_arg(fcinfo, 0);
	const cv_path *path;
	StringInfoData buffer;
	int64 paths = 0;
	int64 at = 0;
	int32 i;

	cv_send_begin(&buffer, 0);
	cv_send_names(&buffer, summary);
	while (cv_next_path(summary, &at))
		paths++;
	pq_sendint64(&buffer, paths);
	for (at = 0; (path = cv_next_path(summary, &at)) != NULL;)
	{
		pq_sendint32(&buffer, path->touches);
		pq_sendbyte(&buffer, path->flags);
		for (i = 0; i < CV_SUMS; i++)
		{
			pq_sendint64(&buffer, path->sum[i].high);
			pq_sendint64(&buffer, path->sum[i].low);
		}
		for (i = 0; i < path->touches; i++)
			pq_sendint32(&buffer, cv_path_channels(path)[i]);
		for (i = 0; path->flags & CV_PATH_AGES && i < path->touches; i++)
			pq_sendint64(&buffer, cv_path_ages(path)[i]);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
