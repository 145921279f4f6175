/*
 * base.c: the customer base, sufficient statistics of many histories.
 *
 * Models see a customer only through the history, so customers with the same
 * one are counted.  The state is an open-addressing hash table; the stored form
 * is sorted by frequency, recency, age and monetary, so that a base is the same
 * to the last bit, and so are the fits on it, in whatever order its rows came.
 * Of log_gaps only the sum matters; it is kept in fixed point, which adds exactly.
 */
#include "postgres.h"

#include <math.h>

#include "clv/clv.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"

static const char type_name[] = "cv_customer_base";

#define SMALLEST offsetof(cv_customer_base, entry)
#define CAPACITY(base) ((int64) ((VARSIZE(base) - SMALLEST) / sizeof(cv_base_entry)))
#define GAP_UNIT 1099511627776.0 /* 2^40 */
#define MOST_GAPS ((int128) INT64CONST(1000000000000000) * INT64CONST(1000000000000000) - 1)

PG_FUNCTION_INFO_V1(cv_customer_base_trans);
PG_FUNCTION_INFO_V1(cv_customer_base_combine);
PG_FUNCTION_INFO_V1(cv_customer_base_final);
PG_FUNCTION_INFO_V1(cv_customers);
PG_FUNCTION_INFO_V1(cv_customer_base_in);
PG_FUNCTION_INFO_V1(cv_customer_base_out);
PG_FUNCTION_INFO_V1(cv_customer_base_recv);
PG_FUNCTION_INFO_V1(cv_customer_base_send);

/* -1, 0, 1 by frequency, recency, age, monetary. */
static inline int
compare_entries(const cv_base_entry *a, const cv_base_entry *b)
{
	if (a->frequency != b->frequency)
		return a->frequency < b->frequency ? -1 : 1;
	if (a->recency != b->recency)
		return a->recency < b->recency ? -1 : 1;
	if (a->age != b->age)
		return a->age < b->age ? -1 : 1;
	if (a->monetary != b->monetary)
		return a->monetary < b->monetary ? -1 : 1;
	return 0;
}

#define ST_SORT sort_entries
#define ST_ELEMENT_TYPE cv_base_entry
#define ST_COMPARE(a, b) compare_entries(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static cv_customer_base *
read_base(FunctionCallInfo fcinfo, int argument)
{
	cv_customer_base *base = cv_value_arg(fcinfo, argument, type_name, SMALLEST, CV_BASE_TABLE);
	int64 capacity = CAPACITY(base);

	if (base->count < 0 || base->count > capacity ||
		(base->header.flags & CV_BASE_TABLE &&
		 (base->count >= capacity || (capacity & (capacity - 1)) != 0)))
		cv_corrupt_binary(type_name, "The number of entries does not fit the length.");
	return base;
}

static int128
gaps_of(const cv_customer_base *base)
{
	return ((int128) base->gaps_high << 64) | base->gaps_low;
}

/* Sum of ln(days between purchases) over all customers. */
double
cv_base_log_gaps(const cv_customer_base *base)
{
	return (double) gaps_of(base) / GAP_UNIT;
}

static void
set_gaps(cv_customer_base *base, int128 gaps)
{
	base->gaps_high = (int64) (gaps >> 64);
	base->gaps_low = (uint64) gaps;
}

/* The finaliser of MurmurHash3: every bit of the input moves every bit of the result. */
static inline uint64
mix(uint64 hash)
{
	hash = (hash ^ (hash >> 33)) * UINT64CONST(0xff51afd7ed558ccd);
	hash = (hash ^ (hash >> 33)) * UINT64CONST(0xc4ceb9fe1a85ec53);
	return hash ^ (hash >> 33);
}

static inline uint64
hash_entry(const cv_base_entry *entry)
{
	uint64 bits[3];
	uint64 hash;

	memcpy(bits, entry, sizeof(bits));
	hash = mix(bits[0] ^ ((uint64) entry->frequency << 32));
	hash = mix(hash ^ bits[1]);
	return mix(hash ^ bits[2]);
}

/* The entry's slot in a table: its own or the empty one where it belongs. */
static cv_base_entry *
find_slot(cv_customer_base *base, int64 mask, const cv_base_entry *entry)
{
	uint64 at = hash_entry(entry) & mask;

	while (base->entry[at].customers != 0 && compare_entries(&base->entry[at], entry) != 0)
		at = (at + 1) & mask;
	return &base->entry[at];
}

/* A table of at least the given capacity with the contents of "base". */
static cv_customer_base *
make_table(const cv_customer_base *base, int64 capacity)
{
	cv_customer_base *table;
	int64 filled = base->header.flags & CV_BASE_TABLE ? CAPACITY(base) : base->count;
	int64 i;

	table = cv_state_alloc(SMALLEST, capacity, sizeof(cv_base_entry), type_name, CV_BASE_TABLE);
	table->customers = base->customers;
	table->gapless = base->gapless;
	table->gaps_high = base->gaps_high;
	table->gaps_low = base->gaps_low;
	table->count = base->count;
	for (i = 0; i < filled; i++)
	{
		if (base->entry[i].customers != 0)
			*find_slot(table, capacity - 1, &base->entry[i]) = base->entry[i];
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	return table;
}

/* Counts customers with one history; returns the table, moved if it had to grow. */
static cv_customer_base *
add_entry(cv_customer_base *base, const cv_base_entry *entry)
{
	int64 capacity = CAPACITY(base);
	cv_base_entry *slot = find_slot(base, capacity - 1, entry);

	if (slot->customers == 0)
	{
		if ((base->count + 1) * 4 > capacity * 3)
		{
			base = make_table(base, capacity * 2);
			slot = find_slot(base, capacity * 2 - 1, entry);
		}
		*slot = *entry;
		base->count++;
	}
	else
	{
		if (slot->customers > PG_UINT32_MAX - entry->customers)
			ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
							errmsg("more than %u customers with one history", PG_UINT32_MAX)));
		slot->customers += entry->customers;
	}
	base->customers += entry->customers;
	return base;
}

/* customer_base(history): a history that is NULL is ignored. */
Datum
cv_customer_base_trans(PG_FUNCTION_ARGS)
{
	cv_customer_base *base;
	cv_base_entry entry;
	cv_history history;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(1) || !cv_history_arg(fcinfo, 1, &history))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	if (PG_ARGISNULL(0))
		base = cv_state_alloc(SMALLEST, 16, sizeof(cv_base_entry), type_name, CV_BASE_TABLE);
	else
	{
		base = read_base(fcinfo, 0);
		if (!(base->header.flags & CV_BASE_TABLE))
			base = make_table(base, Max(16, (int64) pg_nextpower2_64(base->count * 2 + 1)));
	}
	entry.recency = history.recency;
	entry.age = history.age;
	entry.monetary = history.frequency == 0 ? 0
					 : history.has_monetary ? history.monetary
											: CV_NO_MONETARY;
	entry.frequency = history.frequency;
	entry.customers = 1;
	base = add_entry(base, &entry);
	if (history.frequency > 0)
	{
		if (history.has_log_gaps)
			set_gaps(base, gaps_of(base) + (int128) rint(history.log_gaps * GAP_UNIT));
		else
			base->gapless++;
	}
	PG_RETURN_POINTER(base);
}

/* Merges two bases; also the transition of rollup(customer_base). */
Datum
cv_customer_base_combine(PG_FUNCTION_ARGS)
{
	cv_customer_base *base;
	cv_customer_base *other;
	int64 filled;
	int64 i;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(read_base(fcinfo, 1));
	base = read_base(fcinfo, 0);
	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(base);
	other = read_base(fcinfo, 1);
	if (!(base->header.flags & CV_BASE_TABLE))
		base = make_table(base, Max(16, (int64) pg_nextpower2_64(base->count * 2 + 1)));
	filled = other->header.flags & CV_BASE_TABLE ? CAPACITY(other) : other->count;
	for (i = 0; i < filled; i++)
	{
		/*
		 * In the order of its slots one table would fill another from one end,
		 * with ever longer searches there: so walk it in another order.
		 */
		int64 at =
			other->header.flags & CV_BASE_TABLE ? (i * INT64CONST(0x9e3779b1)) & (filled - 1) : i;

		if (other->entry[at].customers != 0)
			base = add_entry(base, &other->entry[at]);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	base->gapless += other->gapless;
	set_gaps(base, gaps_of(base) + gaps_of(other));
	PG_RETURN_POINTER(base);
}

/* The base as stored: sorted and of exact size; the argument where it is so. */
static const cv_customer_base *
sorted_base(const cv_customer_base *base)
{
	cv_customer_base *sorted;
	int64 kept = 0;
	int64 i;

	if (!(base->header.flags & CV_BASE_TABLE))
		return base;
	sorted = cv_state_alloc(SMALLEST, base->count, sizeof(cv_base_entry), type_name, 0);
	sorted->customers = base->customers;
	sorted->gapless = base->gapless;
	sorted->gaps_high = base->gaps_high;
	sorted->gaps_low = base->gaps_low;
	sorted->count = base->count;
	for (i = 0; i < CAPACITY(base); i++)
		if (base->entry[i].customers != 0)
		{
			if (kept == base->count)
				cv_corrupt_binary(type_name, "The number of entries is wrong.");
			sorted->entry[kept++] = base->entry[i];
		}
	sort_entries(sorted->entry, kept);
	return sorted;
}

/* A base argument in its stored form. */
const cv_customer_base *
cv_base_arg(FunctionCallInfo fcinfo, int argument)
{
	return sorted_base(read_base(fcinfo, argument));
}

/* The base as it is stored. */
Datum
cv_customer_base_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(cv_base_arg(fcinfo, 0));
}

/* Number of customers in a base. */
Datum
cv_customers(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(read_base(fcinfo, 0)->customers);
}

/* ---- text: {"log_gaps": .., "gapless": .., "histories": [[x, t_x, T, m, customers], ..]} ---- */

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
	else if (previous && compare_entries(previous, entry) >= 0)
		detail = "The histories are not in order.";
	if (detail && binary)
		cv_corrupt_binary(type_name, detail);
	if (detail)
		cv_malformed(type_name, "%s", detail);
}

typedef struct base_reader
{
	cv_customer_base *base;
	cv_base_entry entry;
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
read_scalar(cv_json *json, char *token, JsonTokenType kind)
{
	base_reader *reader = json->context;
	cv_base_entry *entry = &reader->entry;

	if (json->depth == 1)
	{
		if (strcmp(json->key, "log_gaps") == 0)
			set_gaps(reader->base, cv_json_large(json, token, kind));
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
		default:
			entry->customers = (uint32) read_count(json, token, kind, 1, PG_UINT32_MAX);
			append_entry(reader);
	}
}

Datum
cv_customer_base_in(PG_FUNCTION_ARGS)
{
	base_reader reader = { 0 };
	cv_json json = { 0 };

	reader.base = cv_state_alloc(SMALLEST, 16, sizeof(cv_base_entry), type_name, 0);
	json.type = type_name;
	json.form = "{\"log_gaps\": .., \"gapless\": .., \"histories\": [[frequency, recency, age, "
				"monetary, customers], ...]}";
	json.shape = "{[[";
	json.width = 5;
	json.keys[0] = "histories";
	json.keys[1] = "log_gaps";
	json.keys[2] = "gapless";
	json.scalar = read_scalar;
	json.context = &reader;
	cv_json_read(&json, PG_GETARG_CSTRING(0));
	if (reader.base->gapless > reader.base->customers)
		cv_malformed(type_name, "gapless is out of range.");
	SET_VARSIZE(reader.base, SMALLEST + (Size) reader.base->count * sizeof(cv_base_entry));
	PG_RETURN_POINTER(reader.base);
}

Datum
cv_customer_base_out(PG_FUNCTION_ARGS)
{
	const cv_customer_base *base = cv_base_arg(fcinfo, 0);
	StringInfoData text;
	int64 i;

	initStringInfo(&text);
	appendStringInfoString(&text, "{\"log_gaps\": ");
	cv_append_large(&text, gaps_of(base));
	appendStringInfo(&text, ", \"gapless\": %lld, \"histories\": [", (long long) base->gapless);
	for (i = 0; i < base->count; i++)
	{
		const cv_base_entry *entry = &base->entry[i];

		appendStringInfo(&text, "%s[%d, ", i > 0 ? ", " : "", entry->frequency);
		cv_append_number(&text, entry->recency);
		appendStringInfoString(&text, ", ");
		cv_append_number(&text, entry->age);
		appendStringInfoString(&text, ", ");
		if (entry->frequency == 0 || entry->monetary == CV_NO_MONETARY)
			appendStringInfoString(&text, "null");
		else
			cv_append_number(&text, entry->monetary);
		appendStringInfo(&text, ", %u]", entry->customers);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoString(&text, "]}");
	PG_RETURN_CSTRING(text.data);
}

Datum
cv_customer_base_recv(PG_FUNCTION_ARGS)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	cv_customer_base *base;
	int64 gapless;
	int64 high;
	uint64 low;
	int64 count;
	int64 i;

	cv_receive_begin(buffer, type_name, 0);
	gapless = pq_getmsgint64(buffer);
	high = pq_getmsgint64(buffer);
	low = (uint64) pq_getmsgint64(buffer);
	count = cv_receive_count(buffer, type_name, sizeof(cv_base_entry));
	base = cv_state_alloc(SMALLEST, count, sizeof(cv_base_entry), type_name, 0);
	base->gapless = gapless;
	base->gaps_high = high;
	base->gaps_low = low;
	base->count = count;
	for (i = 0; i < count; i++)
	{
		cv_base_entry *entry = &base->entry[i];

		entry->frequency = (int32) pq_getmsgint(buffer, 4);
		entry->recency = pq_getmsgfloat8(buffer) + 0.0;
		entry->age = pq_getmsgfloat8(buffer) + 0.0;
		entry->monetary = pq_getmsgfloat8(buffer) + 0.0;
		entry->customers = (uint32) pq_getmsgint(buffer, 4);
		check_entry(entry, i > 0 ? &base->entry[i - 1] : NULL, true);
		base->customers += entry->customers;
	}
	if (gapless < 0 || gapless > base->customers || gaps_of(base) > MOST_GAPS ||
		gaps_of(base) < -MOST_GAPS)
		cv_corrupt_binary(type_name, "gapless or log_gaps is out of range.");
	PG_RETURN_POINTER(base);
}

Datum
cv_customer_base_send(PG_FUNCTION_ARGS)
{
	const cv_customer_base *base = cv_base_arg(fcinfo, 0);
	StringInfoData buffer;
	int64 i;

	cv_send_begin(&buffer, 0);
	pq_sendint64(&buffer, base->gapless);
	pq_sendint64(&buffer, base->gaps_high);
	pq_sendint64(&buffer, base->gaps_low);
	pq_sendint64(&buffer, base->count);
	for (i = 0; i < base->count; i++)
	{
		pq_sendint32(&buffer, base->entry[i].frequency);
		pq_sendfloat8(&buffer, base->entry[i].recency);
		pq_sendfloat8(&buffer, base->entry[i].age);
		pq_sendfloat8(&buffer, base->entry[i].monetary);
		pq_sendint32(&buffer, base->entry[i].customers);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
