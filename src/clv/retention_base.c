/*
 * retention_base.c: the retention base, counts of tenures.
 *
 * Models of retention see of a customer only how many periods they stayed and
 * whether they are lost, so customers alike in both are counted.  Counts are whole
 * numbers and the stored form is sorted: a base is the same in whatever order and
 * partition its rows came, and whether they came one customer or one survivor
 * table at a time.
 */
#include "postgres.h"

#include <math.h>

#include "clv/retention.h"
#include "common/int.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/memutils.h"

static const char type_name[] = "cv_retention_base";

#define SMALLEST offsetof(cv_retention_base, entry)
#define CAPACITY(base) ((int64) ((VARSIZE(base) - SMALLEST) / sizeof(cv_retention_entry)))

PG_FUNCTION_INFO_V1(cv_retention_base_trans);
PG_FUNCTION_INFO_V1(cv_retention_base_combine);
PG_FUNCTION_INFO_V1(cv_retention_base_final);
PG_FUNCTION_INFO_V1(cv_retention_customers);
PG_FUNCTION_INFO_V1(cv_retention_base_in);
PG_FUNCTION_INFO_V1(cv_retention_base_out);
PG_FUNCTION_INFO_V1(cv_retention_base_recv);
PG_FUNCTION_INFO_V1(cv_retention_base_send);

/* By tenure, the lost before those still there. */
static inline int
compare_entries(const cv_retention_entry *a, const cv_retention_entry *b)
{
	if (a->tenure != b->tenure)
		return a->tenure < b->tenure ? -1 : 1;
	return b->lost - a->lost;
}

#define ST_SORT sort_entries
#define ST_ELEMENT_TYPE cv_retention_entry
#define ST_COMPARE(a, b) compare_entries(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static cv_retention_base *
read_base(FunctionCallInfo fcinfo, int argument)
{
	cv_retention_base *base = cv_value_arg(fcinfo, argument, type_name, SMALLEST, 0);

	if (base->sorted < 0 || base->sorted > base->count || base->count > CAPACITY(base))
		cv_corrupt_binary(type_name, "The number of entries does not fit the length.");
	return base;
}

static cv_retention_base *
new_base(int64 capacity)
{
	return cv_state_alloc(SMALLEST, capacity, sizeof(cv_retention_entry), type_name, 0);
}

/* A copy with room for so many entries. */
static cv_retention_base *
copy_base(const cv_retention_base *base, int64 capacity)
{
	cv_retention_base *copy = new_base(capacity);

	memcpy((char *) copy + sizeof(cv_header), (char *) base + sizeof(cv_header),
		   SMALLEST - sizeof(cv_header) + (Size) base->count * sizeof(cv_retention_entry));
	return copy;
}

/* Sorts a base in place and makes one entry of each tenure. */
static void
sort_base(cv_retention_base *base)
{
	int32 kept = 0;
	int32 i;

	if (base->sorted == base->count)
		return;
	sort_entries(base->entry, base->count);
	for (i = 1; i < base->count; i++)
	{
		if (compare_entries(&base->entry[i], &base->entry[kept]) == 0)
			base->entry[kept].customers += base->entry[i].customers;
		else
			base->entry[++kept] = base->entry[i];
	}
	base->sorted = base->count = kept + 1;
}

/* The sorted entry of a tenure, or NULL. */
static cv_retention_entry *
find_entry(cv_retention_base *base, const cv_retention_entry *entry)
{
	int32 low = 0;
	int32 high = base->sorted;

	while (low < high)
	{
		int32 middle = low + (high - low) / 2;
		int order = compare_entries(&base->entry[middle], entry);

		if (order == 0)
			return &base->entry[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* Counts customers of a tenure; returns the state, moved if it had to grow. */
static cv_retention_base *
add_entry(cv_retention_base *base, const cv_retention_entry *entry)
{
	cv_retention_entry *same;

	/* the sum bounds every count */
	cv_count(&base->customers, entry->customers, "customers");
	same = find_entry(base, entry);
	if (same == NULL && base->count > base->sorted &&
		compare_entries(&base->entry[base->count - 1], entry) == 0)
		same = &base->entry[base->count - 1];
	if (same)
	{
		same->customers += entry->customers;
		return base;
	}
	if (base->count == CAPACITY(base))
	{
		sort_base(base);
		if (base->count > CAPACITY(base) / 2)
			base = copy_base(base, Max(16, (int64) base->count * 2));
	}
	base->entry[base->count++] = *entry;
	return base;
}

/* retention_base(tenure, churned [, customers]): a row with a NULL is ignored. */
Datum
cv_retention_base_trans(PG_FUNCTION_ARGS)
{
	cv_retention_base *base = PG_ARGISNULL(0) ? NULL : read_base(fcinfo, 0);
	bool counted = PG_NARGS() > 3;
	cv_retention_entry entry;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || (counted && PG_ARGISNULL(3)))
		return cv_state_result(fcinfo, base);
	entry.tenure = PG_GETARG_INT32(1);
	entry.lost = PG_GETARG_BOOL(2) ? 1 : 0;
	entry.customers = counted ? PG_GETARG_INT64(3) : 1;
	if (entry.tenure < 0)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("tenure must be at least 0, not %d", entry.tenure),
						errdetail("It is the number of periods that the customer stayed.")));
	if (entry.lost && entry.tenure == 0)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("tenure of a lost customer must be at least 1, not 0"),
						errdetail("It is the number of the period in which the customer was "
								  "lost; the first one is 1.")));
	if (entry.customers < 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("customers must be at least 0, not %lld", (long long) entry.customers)));
	if (base == NULL)
		base = new_base(16);
	if (entry.customers > 0)
		base = add_entry(base, &entry);
	PG_RETURN_POINTER(base);
}

/* Merges two bases; also the transition of rollup(retention_base). */
Datum
cv_retention_base_combine(PG_FUNCTION_ARGS)
{
	cv_retention_base *base;
	const cv_retention_base *other;
	int32 i;

	CV_RETURN_UNLESS_BOTH(base, other, read_base);
	for (i = 0; i < other->count; i++)
	{
		base = add_entry(base, &other->entry[i]);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_POINTER(base);
}

/* A base argument in its stored form: sorted, of exact size. */
const cv_retention_base *
cv_retention_base_arg(FunctionCallInfo fcinfo, int argument)
{
	cv_retention_base *base = read_base(fcinfo, argument);

	if (base->sorted == base->count && CAPACITY(base) == base->count)
		return base;
	base = copy_base(base, base->count);
	sort_base(base);
	SET_VARSIZE(base, SMALLEST + (Size) base->count * sizeof(cv_retention_entry));
	return base;
}

/* The base as it is stored. */
Datum
cv_retention_base_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(cv_retention_base_arg(fcinfo, 0));
}

/* Number of customers in a base. */
Datum
cv_retention_customers(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(read_base(fcinfo, 0)->customers);
}

/* Every entry from outside passes here; what is wrong, or NULL. */
static const char *
append_entry(cv_retention_base *base, const cv_retention_entry *entry)
{
	if (entry->tenure < entry->lost || entry->lost < 0 || entry->lost > 1)
		return "A tenure is impossible.";
	if (entry->customers < 1 ||
		pg_add_s64_overflow(base->customers, entry->customers, &base->customers))
		return "A number of customers is out of range.";
	if (base->count > 0 && compare_entries(&base->entry[base->count - 1], entry) >= 0)
		return "The tenures are not in order.";
	base->entry[base->count++] = *entry;
	base->sorted = base->count;
	return NULL;
}

/* ---- text: [[tenure, churned, customers], ..] ---- */

typedef struct base_reader
{
	cv_retention_base *base;
	cv_retention_entry entry;
} base_reader;

static void
read_scalar(cv_json *json, char *token, JsonTokenType kind)
{
	base_reader *reader = json->context;
	cv_retention_entry *entry = &reader->entry;
	const char *fault;
	int64 tenure;

	switch (json->index[json->depth])
	{
		case 0:
			tenure = cv_json_integer(json, token, kind);
			if (tenure < 0 || tenure > PG_INT32_MAX)
				cv_malformed(type_name, "A tenure is impossible.");
			entry->tenure = (int32) tenure;
			break;
		case 1:
			if (kind != JSON_TOKEN_TRUE && kind != JSON_TOKEN_FALSE)
				cv_malformed(type_name, "Whether customers churned is true or false, not \"%s\".",
							 token);
			entry->lost = kind == JSON_TOKEN_TRUE ? 1 : 0;
			break;
		default:
			entry->customers = cv_json_integer(json, token, kind);
			if (reader->base->count == CAPACITY(reader->base))
				reader->base = copy_base(reader->base, (int64) reader->base->count * 2);
			fault = append_entry(reader->base, entry);
			if (fault)
				cv_malformed(type_name, "%s", fault);
	}
}

Datum
cv_retention_base_in(PG_FUNCTION_ARGS)
{
	base_reader reader = { 0 };
	cv_json json = { 0 };

	reader.base = new_base(16);
	json.type = type_name;
	json.form = "[[tenure, churned, customers], ...]";
	json.shape = "[[";
	json.width = 3;
	json.scalar = read_scalar;
	json.context = &reader;
	cv_json_read(&json, PG_GETARG_CSTRING(0));
	SET_VARSIZE(reader.base, SMALLEST + (Size) reader.base->count * sizeof(cv_retention_entry));
	PG_RETURN_POINTER(reader.base);
}

Datum
cv_retention_base_out(PG_FUNCTION_ARGS)
{
	const cv_retention_base *base = cv_retention_base_arg(fcinfo, 0);
	StringInfoData text;
	int32 i;

	initStringInfo(&text);
	appendStringInfoChar(&text, '[');
	for (i = 0; i < base->count; i++)
	{
		appendStringInfo(&text, "%s[%d, %s, %lld]", i > 0 ? ", " : "", base->entry[i].tenure,
						 base->entry[i].lost ? "true" : "false",
						 (long long) base->entry[i].customers);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoChar(&text, ']');
	PG_RETURN_CSTRING(text.data);
}

/* ---- binary ---- */

#define ENTRY_ON_THE_WIRE 13

Datum
cv_retention_base_recv(PG_FUNCTION_ARGS)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	cv_retention_base *base;
	int64 count;
	int64 i;

	cv_receive_begin(buffer, type_name, 0);
	count = cv_receive_count(buffer, type_name, ENTRY_ON_THE_WIRE);
	base = new_base(count);
	for (i = 0; i < count; i++)
	{
		cv_retention_entry entry;
		const char *fault;

		entry.tenure = (int32) pq_getmsgint(buffer, 4);
		entry.lost = pq_getmsgbyte(buffer);
		entry.customers = pq_getmsgint64(buffer);
		fault = append_entry(base, &entry);
		if (fault)
			cv_corrupt_binary(type_name, fault);
	}
	PG_RETURN_POINTER(base);
}

Datum
cv_retention_base_send(PG_FUNCTION_ARGS)
{
	const cv_retention_base *base = cv_retention_base_arg(fcinfo, 0);
	StringInfoData buffer;
	int32 i;

	cv_send_begin(&buffer, 0);
	pq_sendint64(&buffer, base->count);
	for (i = 0; i < base->count; i++)
	{
		pq_sendint32(&buffer, base->entry[i].tenure);
		pq_sendbyte(&buffer, base->entry[i].lost);
		pq_sendint64(&buffer, base->entry[i].customers);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
