/*
 * base_io.c: the text and binary forms of customer bases.
 *
 * {"log_gaps": .., "gapless": .., "histories": [[x, t_x, T, m, customers], ..]}, and
 * with covariates {.., "covariates": [key, ..], "histories": [[x, t_x, T, m,
 * customers, value, ..], ..]}, the values of each history in the order of the keys.
 */
#include "postgres.h"

#include <math.h>

#include "clv/covariates.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"

static const char type_name[] = "cv_customer_base";

#define SMALLEST offsetof(cv_customer_base, entry)
#define CAPACITY(base) ((int64) ((VARSIZE(base) - SMALLEST) / sizeof(cv_base_entry)))
#define MOST_GAPS ((int128) INT64CONST(1000000000000000) * INT64CONST(1000000000000000) - 1)
#define FIELDS 5 /* of a history without covariates */

PG_FUNCTION_INFO_V1(cv_customer_base_in);
PG_FUNCTION_INFO_V1(cv_customer_base_out);
PG_FUNCTION_INFO_V1(cv_customer_base_recv);
PG_FUNCTION_INFO_V1(cv_customer_base_send);

/* Every entry from outside passes here. */
static void
check_entry(const cv_base_entry *entry, const cv_base_entry *previous, bool binary)
{
	const char *detail = NULL;

	if (!(entry->frequency >= 0 && entry->recency >= 0 && entry->recency <= entry->age) ||
		isinf(entry->age) ||
		(entry->frequency == 0 && (entry->recency > 0 || entry->monetary != 0)) ||
		!(isfinite(entry->monetary) || entry->monetary == CV_NO_MONETARY))
		detail = "A history is impossible.";
	else if (entry->customers == 0)
		detail = "A history has no customers.";
	else if (previous && cv_compare_entries(previous, entry) >= 0)
		detail = "The histories are not in order.";
	if (detail && binary)
		cv_corrupt_binary(type_name, detail);
	if (detail)
		cv_malformed(type_name, "%s", detail);
}

/* ---- text ---- */

typedef struct base_reader
{
	cv_customer_base *base;	 /* without covariates */
	cv_customer_base *table; /* with covariates; NULL before the first history */
	cv_base_entry entry;
	int values;
	cv_covariate_value value[CV_MOST_COVARIATES];
	int names;
	const char *name[CV_MOST_COVARIATES];
} base_reader;

/* Appends an entry to a list that grows. */
static void
append_entry(base_reader *reader)
{
	cv_customer_base *base = reader->base;

	check_entry(&reader->entry, base->count > 0 ? &base->entry[base->count - 1] : NULL, false);
	if (base->count == CAPACITY(base))
	{
		reader->base =
			cv_state_alloc(SMALLEST, base->count * 2, sizeof(cv_base_entry), type_name, 0);
		memcpy((char *) reader->base + sizeof(cv_header), (char *) base + sizeof(cv_header),
			   VARSIZE(base) - sizeof(cv_header));
		pfree(base);
		base = reader->base;
	}
	base->entry[base->count++] = reader->entry;
	base->customers += reader->entry.customers;
}

/*
 * Adds an entry with covariates.  The keys' names may stand behind the histories, so
 * for now they are "00", "01" and so on.
 */
static void
add_with_covariates(base_reader *reader)
{
	static const char digits[] = "0123456789";
	bool is_text[CV_MOST_COVARIATES] = { false };
	cv_cell cell[CV_MOST_COVARIATES];
	int n = reader->values;
	int i;

	check_entry(&reader->entry, NULL, false);
	for (i = 0; i < n; i++)
		is_text[i] = reader->value[i].is_text;
	if (reader->table == NULL)
	{
		char name[CV_MOST_COVARIATES][3];
		const char *key[CV_MOST_COVARIATES];

		for (i = 0; i < n; i++)
		{
			name[i][0] = digits[i / 10];
			name[i][1] = digits[i % 10];
			name[i][2] = '\0';
			key[i] = name[i];
		}
		reader->table = cv_covariate_table(key, is_text, n, 16);
	}
	if (!cv_covariate_table_has(reader->table, is_text, n))
		cv_malformed(type_name, "The histories differ in number or kind of their covariates.");
	for (i = 0; i < n; i++)
		if (is_text[i])
			reader->table = cv_covariate_table_level(reader->table, i, reader->value[i].text,
													 reader->value[i].length, &cell[i]);
		else
			cell[i].number = reader->value[i].number;
	reader->table = cv_covariate_table_add(reader->table, &reader->entry, cell);
}

/* The end of a history. */
static void
read_row(cv_json *json, int width)
{
	base_reader *reader = json->context;
	int i;

	if (width < FIELDS || (width == FIELDS ? reader->table != NULL : reader->base->count > 0))
		cv_malformed(type_name, "It must be of the form %s.", json->form);
	if (width == FIELDS)
		append_entry(reader);
	else
		add_with_covariates(reader);
	for (i = 0; i < reader->values; i++)
		if (reader->value[i].is_text)
			pfree((char *) reader->value[i].text);
	reader->values = 0;
}

/* A whole number from 0 or 1 to a limit. */
static int64
read_count(cv_json *json, const char *token, JsonTokenType kind, int64 least, int64 most)
{
	int64 number = cv_json_integer(json, token, kind);

	if (number < least || number > most)
		cv_malformed(type_name, "%lld is out of range.", (long long) number);
	return number;
}

static void
read_value(cv_json *json, const char *token, JsonTokenType kind)
{
	base_reader *reader = json->context;
	cv_covariate_value *value;

	if (reader->values == CV_MOST_COVARIATES)
		cv_malformed(type_name, "A history has more than %d covariates.", CV_MOST_COVARIATES);
	value = &reader->value[reader->values++];
	value->is_text = kind == JSON_TOKEN_STRING;
	if (value->is_text)
	{
		value->text = pstrdup(token);
		value->length = strlen(token);
	}
	else
		value->number = cv_json_number(json, token, kind) + 0.0;
}

static void
read_scalar(cv_json *json, char *token, JsonTokenType kind)
{
	base_reader *reader = json->context;
	cv_base_entry *entry = &reader->entry;

	if (json->depth == 2)
	{
		if (kind != JSON_TOKEN_STRING)
			cv_malformed(type_name, "The names of covariates must be strings.");
		if (reader->names == CV_MOST_COVARIATES)
			cv_malformed(type_name, "There are more than %d covariates.", CV_MOST_COVARIATES);
		reader->name[reader->names++] = pstrdup(token);
		return;
	}
	if (json->depth == 1)
	{
		if (strcmp(json->key, "log_gaps") == 0)
			cv_set_base_gaps(reader->base, cv_json_large(json, token, kind));
		else
			reader->base->gapless = read_count(json, token, kind, 0, PG_INT64_MAX);
		return;
	}
	switch (json->index[json->depth])
	{
		case 0:
			entry->frequency = (int32) read_count(json, token, kind, 0, PG_INT32_MAX);
			break;
		case 1:
			entry->recency = cv_json_number(json, token, kind) + 0.0;
			break;
		case 2:
			entry->age = cv_json_number(json, token, kind) + 0.0;
			break;
		case 3:
			if (kind == JSON_TOKEN_NULL)
				entry->monetary = entry->frequency == 0 ? 0 : CV_NO_MONETARY;
			else
				entry->monetary = cv_json_number(json, token, kind) + 0.0;
			break;
		case 4:
			entry->customers = (uint32) read_count(json, token, kind, 1, PG_UINT32_MAX);
			break;
		default:
			read_value(json, token, kind);
	}
}

/* A base with covariates from what was read. */
static const cv_customer_base *
name_covariates(base_reader *reader)
{
	int i;

	if (!cv_covariate_table_has(reader->table, NULL, reader->names))
		cv_malformed(type_name, "\"covariates\" must name the covariates of the histories.");
	for (i = 1; i < reader->names; i++)
		if (strcmp(reader->name[i - 1], reader->name[i]) >= 0)
			cv_malformed(type_name, "The covariates are not in order.");
	reader->table->gapless = reader->base->gapless;
	cv_set_base_gaps(reader->table, cv_base_gaps(reader->base));
	return cv_covariate_base_stored(reader->table, reader->name);
}

Datum
cv_customer_base_in(PG_FUNCTION_ARGS)
{
	base_reader reader = { 0 };
	cv_json json = { 0 };
	const cv_customer_base *base;

	reader.base = cv_state_alloc(SMALLEST, 16, sizeof(cv_base_entry), type_name, 0);
	json.type = type_name;
	json.form = "{\"log_gaps\": .., \"gapless\": .., \"histories\": [[frequency, recency, age, "
				"monetary, customers], ...]}";
	json.shape = "{[[";
	json.keys[0] = "histories";
	json.keys[1] = "log_gaps";
	json.keys[2] = "gapless";
	json.keys[3] = json.names = "covariates";
	json.scalar = read_scalar;
	json.row = read_row;
	json.context = &reader;
	cv_json_read(&json, PG_GETARG_CSTRING(0));
	if (reader.table == NULL && reader.names > 0 && reader.base->count > 0)
		cv_malformed(type_name, "\"covariates\" must name the covariates of the histories.");
	SET_VARSIZE(reader.base, SMALLEST + (Size) reader.base->count * sizeof(cv_base_entry));
	base = reader.table ? name_covariates(&reader) : reader.base;
	if (base->gapless > base->customers)
		cv_malformed(type_name, "gapless is out of range.");
	PG_RETURN_POINTER(base);
}

/* A history without its closing bracket. */
static void
append_history(StringInfo text, const cv_base_entry *entry)
{
	appendStringInfo(text, "[%d, ", entry->frequency);
	cv_append_number(text, entry->recency);
	appendStringInfoString(text, ", ");
	cv_append_number(text, entry->age);
	appendStringInfoString(text, ", ");
	if (entry->frequency == 0 || entry->monetary == CV_NO_MONETARY)
		appendStringInfoString(text, "null");
	else
		cv_append_number(text, entry->monetary);
	appendStringInfo(text, ", %u", entry->customers);
}

/* The texts of a vector of covariates, each behind a comma. */
static void
append_vector(StringInfo text, const cv_covariates *all, const cv_cell *cell)
{
	int i;
	int64 j;

	for (i = 0; i < all->keys; i++)
	{
		const char *level = all->covariate[i].level;

		appendStringInfoString(text, ", ");
		if (all->covariate[i].levels == 0)
			cv_append_number(text, cell[i].number);
		else
		{
			for (j = 0; j < cell[i].level; j++)
				level = cv_next_level(level);
			escape_json(text, level);
		}
	}
}

Datum
cv_customer_base_out(PG_FUNCTION_ARGS)
{
	const cv_customer_base *base = cv_base_arg(fcinfo, 0);
	bool known = (base->header.flags & CV_BASE_COVARIATES) != 0;
	const cv_base_tail *tail = known ? cv_base_tail_of(base) : NULL;
	cv_covariates all = { 0 };
	StringInfoData text;
	StringInfoData values;
	int64 vector = 0;
	int64 next = 0; /* entry with other covariates */
	int64 i;

	initStringInfo(&text);
	initStringInfo(&values);
	appendStringInfoString(&text, "{\"log_gaps\": ");
	cv_append_large(&text, cv_base_gaps(base));
	appendStringInfo(&text, ", \"gapless\": %lld, ", (long long) base->gapless);
	if (known)
	{
		cv_read_covariates(cv_base_covariate_bytes(tail), tail->size, &all);
		appendStringInfoString(&text, "\"covariates\": [");
		for (i = 0; i < all.keys; i++)
		{
			appendStringInfoString(&text, i > 0 ? ", " : "");
			escape_json(&text, all.covariate[i].key);
		}
		appendStringInfoString(&text, "], ");
	}
	appendStringInfoString(&text, "\"histories\": [");
	for (i = 0; i < base->count; i++)
	{
		if (known && i == next)
		{
			const cv_cell *row = cv_base_vector(tail, vector++);

			next += row[0].level;
			resetStringInfo(&values);
			append_vector(&values, &all, row + 1);
		}
		appendStringInfoString(&text, i > 0 ? ", " : "");
		append_history(&text, &base->entry[i]);
		appendBinaryStringInfo(&text, values.data, values.len);
		appendStringInfoChar(&text, ']');
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoString(&text, "]}");
	PG_RETURN_CSTRING(text.data);
}

/* ---- binary ---- */

/* Keys and levels as they are received. */
typedef struct wire_covariates
{
	int keys;
	const char *key[CV_MOST_COVARIATES];
	bool is_text[CV_MOST_COVARIATES];
	int levels[CV_MOST_COVARIATES];
	const char **level[CV_MOST_COVARIATES];
} wire_covariates;

static void
receive_covariates(StringInfo buffer, wire_covariates *all)
{
	int i;
	int j;

	all->keys = (int) pq_getmsgint(buffer, 4);
	if (all->keys < 1 || all->keys > CV_MOST_COVARIATES)
		cv_corrupt_binary(type_name, "The number of covariates is out of range.");
	for (i = 0; i < all->keys; i++)
	{
		int kind = pq_getmsgbyte(buffer);

		all->is_text[i] = kind == 's';
		if (kind != 's' && kind != 'n')
			cv_corrupt_binary(type_name, "A covariate is neither number nor text.");
		all->key[i] = pstrdup(pq_getmsgstring(buffer));
		if (i > 0 && strcmp(all->key[i - 1], all->key[i]) >= 0)
			cv_corrupt_binary(type_name, "The covariates are not in order.");
		if (kind == 'n')
			continue;
		all->levels[i] = (int) pq_getmsgint(buffer, 4);
		if (all->levels[i] < 1 || all->levels[i] > CV_MOST_LEVELS)
			cv_corrupt_binary(type_name, "The number of levels is out of range.");
		all->level[i] = palloc(all->levels[i] * sizeof(char *));
		for (j = 0; j < all->levels[i]; j++)
			all->level[i][j] = pstrdup(pq_getmsgstring(buffer));
	}
}

static void
receive_entry(StringInfo buffer, cv_base_entry *entry)
{
	entry->frequency = (int32) pq_getmsgint(buffer, 4);
	entry->recency = pq_getmsgfloat8(buffer) + 0.0;
	entry->age = pq_getmsgfloat8(buffer) + 0.0;
	entry->monetary = pq_getmsgfloat8(buffer) + 0.0;
	entry->customers = (uint32) pq_getmsgint(buffer, 4);
}

/* Entries with covariates, in any order. */
static cv_customer_base *
receive_with_covariates(StringInfo buffer, const wire_covariates *all, int64 count)
{
	cv_customer_base *base = cv_covariate_table(all->key, all->is_text, all->keys, 16);
	int64 i;
	int k;

	for (i = 0; i < count; i++)
	{
		cv_base_entry entry;
		cv_cell cell[CV_MOST_COVARIATES];

		receive_entry(buffer, &entry);
		check_entry(&entry, NULL, true);
		for (k = 0; k < all->keys; k++)
		{
			uint32 level;

			if (!all->is_text[k])
			{
				cell[k].number = pq_getmsgfloat8(buffer) + 0.0;
				if (!isfinite(cell[k].number))
					cv_corrupt_binary(type_name, "A covariate is not finite.");
				continue;
			}
			level = pq_getmsgint(buffer, 4);
			if (level >= (uint32) all->levels[k])
				cv_corrupt_binary(type_name, "A level is out of range.");
			base = cv_covariate_table_level(base, k, all->level[k][level],
											strlen(all->level[k][level]), &cell[k]);
		}
		base = cv_covariate_table_add(base, &entry, cell);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	if (count == 0)
		cv_corrupt_binary(type_name, "A base with covariates has no histories.");
	return base;
}

Datum
cv_customer_base_recv(PG_FUNCTION_ARGS)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	uint8 flags = cv_receive_begin(buffer, type_name, CV_BASE_COVARIATES);
	bool known = (flags & CV_BASE_COVARIATES) != 0;
	wire_covariates all;
	cv_customer_base *base;
	int64 gapless;
	int64 high;
	uint64 low;
	int64 count;
	int64 i;

	gapless = pq_getmsgint64(buffer);
	high = pq_getmsgint64(buffer);
	low = (uint64) pq_getmsgint64(buffer);
	if (known)
		receive_covariates(buffer, &all);
	count = cv_receive_count(buffer, type_name, sizeof(cv_base_entry));
	if (known)
		base = receive_with_covariates(buffer, &all, count);
	else
	{
		base = cv_state_alloc(SMALLEST, count, sizeof(cv_base_entry), type_name, 0);
		base->count = count;
		for (i = 0; i < count; i++)
		{
			receive_entry(buffer, &base->entry[i]);
			check_entry(&base->entry[i], i > 0 ? &base->entry[i - 1] : NULL, true);
			base->customers += base->entry[i].customers;
		}
	}
	base->gapless = gapless;
	base->gaps_high = high;
	base->gaps_low = low;
	if (gapless < 0 || gapless > base->customers || cv_base_gaps(base) > MOST_GAPS ||
		cv_base_gaps(base) < -MOST_GAPS)
		cv_corrupt_binary(type_name, "gapless or log_gaps is out of range.");
	PG_RETURN_POINTER(known ? cv_covariate_base_stored(base, NULL) : base);
}

static void
send_covariates(StringInfo buffer, const cv_covariates *all)
{
	int i;
	int j;

	pq_sendint32(buffer, all->keys);
	for (i = 0; i < all->keys; i++)
	{
		const cv_covariate *covariate = &all->covariate[i];
		const char *level = covariate->level;

		pq_sendbyte(buffer, covariate->levels > 0 ? 's' : 'n');
		pq_sendstring(buffer, covariate->key);
		if (covariate->levels == 0)
			continue;
		pq_sendint32(buffer, covariate->levels);
		for (j = 0; j < covariate->levels; j++, level = cv_next_level(level))
			pq_sendstring(buffer, level);
	}
}

Datum
cv_customer_base_send(PG_FUNCTION_ARGS)
{
	const cv_customer_base *base = cv_base_arg(fcinfo, 0);
	bool known = (base->header.flags & CV_BASE_COVARIATES) != 0;
	const cv_base_tail *tail = known ? cv_base_tail_of(base) : NULL;
	const cv_cell *row = NULL;
	cv_covariates all = { 0 };
	StringInfoData buffer;
	int64 vector = 0;
	int64 next = 0; /* entry with other covariates */
	int64 i;
	int k;

	cv_send_begin(&buffer, known ? CV_BASE_COVARIATES : 0);
	pq_sendint64(&buffer, base->gapless);
	pq_sendint64(&buffer, base->gaps_high);
	pq_sendint64(&buffer, base->gaps_low);
	if (known)
	{
		cv_read_covariates(cv_base_covariate_bytes(tail), tail->size, &all);
		send_covariates(&buffer, &all);
	}
	pq_sendint64(&buffer, base->count);
	for (i = 0; i < base->count; i++)
	{
		pq_sendint32(&buffer, base->entry[i].frequency);
		pq_sendfloat8(&buffer, base->entry[i].recency);
		pq_sendfloat8(&buffer, base->entry[i].age);
		pq_sendfloat8(&buffer, base->entry[i].monetary);
		pq_sendint32(&buffer, base->entry[i].customers);
		if (!known)
			continue;
		if (i == next)
		{
			row = cv_base_vector(tail, vector++);
			next += row[0].level;
		}
		for (k = 0; k < all.keys; k++)
			if (all.covariate[k].levels > 0)
				pq_sendint32(&buffer, (uint32) row[1 + k].level);
			else
				pq_sendfloat8(&buffer, row[1 + k].number);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
