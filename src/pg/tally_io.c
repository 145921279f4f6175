/*
 * tally_io.c: text and binary forms of tallies.
 *
 * Text: an entry is an array of keys, counts and amounts, [[..], ..]; with a label
 * {"label": .., "list": [[..], ..]}.  Binary: version, flags, label, number of entries,
 * their words.
 */
#include "postgres.h"

#include <math.h>

#include "common/int.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "pg/tally.h"

#define MILLION 1000000
#define MOST_AMOUNT ((int128) INT64CONST(1000000000000000) * INT64CONST(1000000000000000))

/* Refuses an amount of more than 1e30 millionths, so that no sum of a billion overflows. */
void
cv_tally_check_amount(int128 amount, const char *type)
{
	if (unlikely(amount > MOST_AMOUNT || amount < -MOST_AMOUNT))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("amounts of %s add up to more than 1e24", type)));
}

/* ---- keys that are numbers ---- */

/* append_key of keys that are images of numbers. */
void
cv_tally_append_number(StringInfo text, const cv_tally *tally, int which, uint64 key)
{
	cv_append_number(text, cv_number_of(key));
}

/* read_key of such keys. */
uint64
cv_tally_read_number(cv_json *json, int which, const char *token, JsonTokenType kind)
{
	return cv_number_image(cv_json_number(json, token, kind));
}

/* Is this the image of a finite number? */
bool
cv_tally_is_number(uint64 key)
{
	double number = cv_number_of(key);

	return isfinite(number) && cv_number_image(number) == key;
}

/* ---- amounts: decimal numbers, exact ---- */

static void
append_millionths(StringInfo text, int128 amount)
{
	int128 size = amount < 0 ? -amount : amount;
	int fraction = (int) (size % MILLION);

	if (amount < 0)
		appendStringInfoChar(text, '-');
	cv_append_large(text, size / MILLION);
	if (fraction != 0)
	{
		char digits[8];
		int length = 6;

		snprintf(digits, sizeof(digits), "%06d", fraction);
		while (digits[length - 1] == '0')
			length--;
		appendStringInfo(text, ".%.*s", length, digits);
	}
}

static int128
read_millionths(cv_json *json, const char *token, JsonTokenType kind)
{
	const char *c = token;
	bool negative = token && *c == '-';
	int decimals = -1;
	int128 size = 0;

	if (kind != JSON_TOKEN_NUMBER)
		cv_malformed(json->type, "An amount was expected, not \"%s\".", token);
	for (c += negative; *c; c++)
	{
		if (*c == '.')
			decimals = 0;
		else if (*c < '0' || *c > '9' || decimals >= 6 || size > MOST_AMOUNT)
			break;
		else
		{
			size = size * 10 + (*c - '0');
			decimals += decimals >= 0;
		}
	}
	for (decimals = Max(decimals, 0); decimals < 6 && size <= MOST_AMOUNT; decimals++)
		size *= 10;
	if (*c || size > MOST_AMOUNT)
		cv_malformed(json->type, "\"%s\" is not an amount of at most six decimals up to 1e24.",
					 token);
	return negative ? -size : size;
}

/* ---- what comes from outside ---- */

/*
 * Every entry passes here, in its order: what is wrong with it, or NULL.
 */
static const char *
take_entry(const cv_tally_kind *kind, cv_tally *list, int64 at)
{
	int words = cv_tally_words(kind);
	const uint64 *entry = list->word + at * words;
	const uint64 *previous = entry - words;
	const char *fault;
	int i;

	for (i = 0; i < kind->counts; i++)
	{
		int64 count = cv_tally_count(kind, entry, i);

		if (count < 0 || pg_add_s64_overflow(list->total, count, &list->total))
			return "A count is out of range.";
	}
	for (i = 0; i < kind->amounts; i++)
	{
		int128 amount = cv_tally_amount(kind, entry, i);

		if (amount > MOST_AMOUNT || amount < -MOST_AMOUNT)
			return "An amount is out of range.";
	}
	fault = kind->check(list, entry);
	if (fault)
		return fault;
	if (at > 0 && (entry[0] < previous[0] ||
				   (entry[0] == previous[0] && (kind->keys == 1 || entry[1] <= previous[1]))))
		return "The entries are not in order.";
	return NULL;
}

/* ---- text ---- */

typedef struct tally_reader
{
	const cv_tally_kind *kind;
	cv_tally *list;
	int64 capacity;
} tally_reader;

static void
read_scalar(cv_json *json, char *token, JsonTokenType token_kind)
{
	tally_reader *reader = json->context;
	const cv_tally_kind *kind = reader->kind;
	int words = cv_tally_words(kind);
	cv_tally *list = reader->list;
	int field = json->index[json->depth];
	uint64 *entry;

	if (kind->labelled && json->depth == 1)
	{
		list->label = kind->read_label(json, token, token_kind);
		return;
	}
	if (list->count == reader->capacity)
	{
		reader->capacity *= 2;
		reader->list = cv_state_alloc(CV_TALLY_SMALLEST, reader->capacity, words * sizeof(uint64),
									  kind->type, 0);
		reader->list->label = list->label;
		reader->list->count = list->count;
		memcpy(reader->list->word, list->word, list->count * words * sizeof(uint64));
		pfree(list);
		list = reader->list;
	}
	entry = list->word + list->count * words;
	if (field < kind->keys)
		entry[field] = kind->read_key(json, field, token, token_kind);
	else if (field < kind->keys + kind->counts)
		entry[field] = (uint64) cv_json_integer(json, token, token_kind);
	else
	{
		int128 amount = read_millionths(json, token, token_kind);

		field -= kind->keys + kind->counts;
		memcpy(entry + kind->keys + kind->counts + 2 * field, &amount, sizeof(amount));
	}
	if (json->index[json->depth] == json->width - 1)
		list->count++;
}

Datum
cv_tally_in(FunctionCallInfo fcinfo, const cv_tally_kind *kind)
{
	int words = cv_tally_words(kind);
	tally_reader reader = { kind, NULL, 8 };
	cv_json json = { 0 };
	cv_tally *list;
	int64 i;

	reader.list =
		cv_state_alloc(CV_TALLY_SMALLEST, reader.capacity, words * sizeof(uint64), kind->type, 0);
	json.type = kind->type;
	json.form = kind->form;
	json.shape = kind->labelled ? "{[[" : "[[";
	json.width = kind->keys + kind->counts + kind->amounts;
	if (kind->labelled)
	{
		json.keys[0] = kind->list;
		json.keys[1] = kind->label;
	}
	json.scalar = read_scalar;
	json.context = &reader;
	cv_json_read(&json, PG_GETARG_CSTRING(0));
	list = reader.list;
	for (i = 0; i < list->count; i++)
	{
		const char *fault = kind->settle ? kind->settle(list, list->word + i * words) : NULL;

		if (fault == NULL)
			fault = take_entry(kind, list, i);
		if (fault)
			cv_malformed(kind->type, "%s", fault);
	}
	SET_VARSIZE(list, CV_TALLY_SMALLEST + (Size) list->count * words * sizeof(uint64));
	cv_tally_seal(kind, list);
	PG_RETURN_POINTER(list);
}

Datum
cv_tally_out(FunctionCallInfo fcinfo, const cv_tally_kind *kind)
{
	const cv_tally *list = cv_tally_sorted(fcinfo, 0, kind);
	int words = cv_tally_words(kind);
	StringInfoData text;
	int64 i;
	int f;

	initStringInfo(&text);
	if (kind->labelled)
	{
		appendStringInfo(&text, "{\"%s\": ", kind->label);
		kind->append_label(&text, list);
		appendStringInfo(&text, ", \"%s\": ", kind->list);
	}
	appendStringInfoChar(&text, '[');
	for (i = 0; i < list->count; i++)
	{
		const uint64 *entry = list->word + i * words;

		appendStringInfoString(&text, i > 0 ? ", [" : "[");
		for (f = 0; f < kind->keys; f++)
		{
			if (f > 0)
				appendStringInfoString(&text, ", ");
			kind->append_key(&text, list, f, entry[f]);
		}
		for (f = 0; f < kind->counts; f++)
			appendStringInfo(&text, ", %lld", (long long) cv_tally_count(kind, entry, f));
		for (f = 0; f < kind->amounts; f++)
		{
			appendStringInfoString(&text, ", ");
			append_millionths(&text, cv_tally_amount(kind, entry, f));
		}
		appendStringInfoChar(&text, ']');
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoString(&text, kind->labelled ? "]}" : "]");
	PG_RETURN_CSTRING(text.data);
}

/* ---- binary ---- */

/* Reads the binary form: the label, the number of entries, then their words. */
Datum
cv_tally_receive(FunctionCallInfo fcinfo, const cv_tally_kind *kind)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	int words = cv_tally_words(kind);
	cv_tally *list;
	int32 label;
	int64 count;
	int64 i;
	int w;

	cv_receive_begin(buffer, kind->type, 0);
	label = (int32) pq_getmsgint(buffer, 4);
	if (kind->labelled ? !kind->check_label(label) : label != 0)
		cv_corrupt_binary(kind->type, "The label is out of range.");
	count = cv_receive_count(buffer, kind->type, words * sizeof(uint64));
	list = cv_state_alloc(CV_TALLY_SMALLEST, count, words * sizeof(uint64), kind->type, 0);
	list->label = label;
	list->count = count;
	for (i = 0; i < count; i++)
	{
		uint64 *entry = list->word + i * words;
		const char *fault;

		for (w = 0; w < kind->keys + kind->counts; w++)
			entry[w] = (uint64) pq_getmsgint64(buffer);
		for (; w < words; w += 2)
		{
			int128 amount = pq_getmsgint64(buffer);

			amount = (int128) ((uint128) amount << 64) | (uint64) pq_getmsgint64(buffer);
			memcpy(entry + w, &amount, sizeof(amount));
		}
		fault = take_entry(kind, list, i);
		if (fault)
			cv_corrupt_binary(kind->type, fault);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	cv_tally_seal(kind, list);
	PG_RETURN_POINTER(list);
}

Datum
cv_tally_send(FunctionCallInfo fcinfo, const cv_tally_kind *kind)
{
	const cv_tally *list = cv_tally_sorted(fcinfo, 0, kind);
	int words = cv_tally_words(kind);
	StringInfoData buffer;
	int64 i;
	int w;

	cv_send_begin(&buffer, 0);
	pq_sendint32(&buffer, list->label);
	pq_sendint64(&buffer, list->count);
	for (i = 0; i < list->count; i++)
	{
		const uint64 *entry = list->word + i * words;

		for (w = 0; w < kind->keys + kind->counts; w++)
			pq_sendint64(&buffer, entry[w]);
		for (; w < words; w += 2)
		{
			int128 amount;

			memcpy(&amount, entry + w, sizeof(amount));
			pq_sendint64(&buffer, (uint64) (amount >> 64));
			pq_sendint64(&buffer, (uint64) amount);
		}
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
