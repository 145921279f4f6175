/*
 * driver_summary.c: the moments of an outcome and what may drive it, and their text and
 * binary forms.
 *
 * Every row has the same drivers, by name; a row with a null among them is not complete
 * and is ignored.
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "voice/drivers.h"

const char cv_driver_summary_type[] = "cv_driver_summary";

PG_FUNCTION_INFO_V1(cv_driver_trans);
PG_FUNCTION_INFO_V1(cv_driver_combine);
PG_FUNCTION_INFO_V1(cv_driver_final);
PG_FUNCTION_INFO_V1(cv_driver_responses);
PG_FUNCTION_INFO_V1(cv_driver_summary_in);
PG_FUNCTION_INFO_V1(cv_driver_summary_out);
PG_FUNCTION_INFO_V1(cv_driver_summary_recv);
PG_FUNCTION_INFO_V1(cv_driver_summary_send);

/* ---- state ---- */

/* The order of keys in a jsonb object. */
static int
compare_names(const char *a, int a_length, const char *b, int b_length)
{
	if (a_length != b_length)
		return a_length < b_length ? -1 : 1;
	return memcmp(a, b, a_length);
}

/* A summary without responses; names in order and distinct. */
static cv_driver_summary *
new_summary(int drivers, const char *const *name, const int *length)
{
	cv_driver_summary *summary;
	int64 names = 0;
	char *end;
	int i;

	for (i = 0; i < drivers; i++)
		names += length[i] + 1;
	summary = cv_state_alloc(CV_DRIVER_SMALLEST + CV_MOMENTS(drivers + 1) * sizeof(cv_sum), names,
							 1, cv_driver_summary_type, 0);
	summary->drivers = drivers;
	summary->names = (int32) names;
	end = CV_DRIVER_NAMES(summary);
	for (i = 0; i < drivers; i++)
	{
		memcpy(end, name[i], length[i]);
		end += length[i] + 1;
	}
	return summary;
}

/* A driver summary argument, checked as far as its readers rely on. */
cv_driver_summary *
cv_driver_arg(FunctionCallInfo fcinfo, int argument)
{
	cv_driver_summary *summary =
		cv_value_arg(fcinfo, argument, cv_driver_summary_type, CV_DRIVER_SMALLEST, 0);
	const char *names;
	int ends = 0;
	int32 i;

	if (summary->drivers < 1 || summary->drivers > CV_MOST_DRIVERS || summary->names < 1 ||
		VARSIZE(summary) < CV_DRIVER_SMALLEST + CV_MOMENTS(summary->drivers + 1) * sizeof(cv_sum) +
							   (Size) summary->names)
		cv_corrupt_binary(cv_driver_summary_type, "The number of drivers does not fit the length.");
	names = CV_DRIVER_NAMES(summary);
	for (i = 0; i < summary->names; i++)
		ends += names[i] == '\0';
	if (ends != summary->drivers || names[summary->names - 1] != '\0')
		cv_corrupt_binary(cv_driver_summary_type, "The names do not fit the drivers.");
	return summary;
}

/* Rows or summaries whose drivers differ. */
CV_NORETURN static void
other_drivers(const char *name, int length)
{
	ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
					errmsg("driver \"%.*s\" is not in all rows", length, name),
					errdetail("All rows of a group have the same drivers."),
					errhint("Give a driver without an answer as null; such rows are ignored.")));
}

/* The drivers of a row must be those of the summary; both are in the same order. */
static void
check_same(const cv_driver_summary *summary, int drivers, const char *const *name,
		   const int *length)
{
	const char *own = CV_DRIVER_NAMES(summary);
	int i;

	for (i = 0; i < drivers || i < summary->drivers; i++)
	{
		int own_length = i < summary->drivers ? (int) strlen(own) : 0;
		int order;

		if (i >= summary->drivers)
			other_drivers(name[i], length[i]);
		if (i >= drivers)
			other_drivers(own, own_length);
		order = compare_names(own, own_length, name[i], length[i]);
		if (order < 0)
			other_drivers(own, own_length);
		if (order > 0)
			other_drivers(name[i], length[i]);
		own += own_length + 1;
	}
}

/* One row's drivers. */
typedef struct driver_row
{
	int drivers;
	const char *name[CV_MOST_DRIVERS];
	int length[CV_MOST_DRIVERS];
	JsonbValue value[CV_MOST_DRIVERS];
} driver_row;

/* Reads a row; false if it is not complete. */
static bool
read_row(Jsonb *drivers, driver_row *row)
{
	JsonbIterator *members;
	JsonbValue key;
	bool complete = true;

	if (!JB_ROOT_IS_OBJECT(drivers) || JB_ROOT_COUNT(drivers) == 0)
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
						errmsg("drivers must be a JSON object of at least one number"),
						errhint("Make it by jsonb_build_object('name', value, ...).")));
	if (JB_ROOT_COUNT(drivers) > CV_MOST_DRIVERS)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("%d drivers are more than %d", (int) JB_ROOT_COUNT(drivers),
							   CV_MOST_DRIVERS)));
	row->drivers = 0;
	members = JsonbIteratorInit(&drivers->root);
	while (cv_next_member(&members, &key, row->value + row->drivers))
	{
		row->name[row->drivers] = key.val.string.val;
		row->length[row->drivers] = key.val.string.len;
		if (row->value[row->drivers++].type == jbvNull)
			complete = false;
	}
	return complete;
}

/* driver_summary(outcome, drivers): a row that is not complete is ignored. */
Datum
cv_driver_trans(PG_FUNCTION_ARGS)
{
	cv_driver_summary *summary = PG_ARGISNULL(0) ? NULL : cv_driver_arg(fcinfo, 0);
	double value[CV_MOST_DRIVERS + 1];
	driver_row row;
	int i;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || !read_row(PG_GETARG_JSONB_P(2), &row))
		return cv_state_result(fcinfo, summary);
	value[0] = PG_GETARG_FLOAT8(1);
	cv_moments_check("the outcome", value[0]);
	for (i = 0; i < row.drivers; i++)
	{
		double number;

		if (row.value[i].type != jbvNumeric)
			ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
							errmsg("driver \"%.*s\" must be a number", row.length[i], row.name[i]),
							errhint("Turn categories into numbers, 0 and 1 for example.")));
		number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
													NumericGetDatum(row.value[i].val.numeric)));
		if (number != 0 && !(fabs(number) >= CV_VOICE_SMALLEST && fabs(number) <= CV_VOICE_LARGEST))
			cv_moments_check(psprintf("driver \"%.*s\"", row.length[i], row.name[i]), number);
		value[i + 1] = number;
	}
	if (summary == NULL)
		summary = new_summary(row.drivers, row.name, row.length);
	check_same(summary, row.drivers, row.name, row.length);
	cv_count(&summary->responses, 1, "answers");
	cv_moments_add(summary->moment, summary->drivers + 1, value);
	PG_RETURN_POINTER(summary);
}

/* The names of a summary as arrays. */
static void
names_of(const cv_driver_summary *summary, const char **name, int *length)
{
	const char *names = CV_DRIVER_NAMES(summary);
	int i;

	for (i = 0; i < summary->drivers; i++)
	{
		name[i] = names;
		length[i] = (int) strlen(names);
		names += length[i] + 1;
	}
}

/* Merges two summaries; also the transition of rollup(driver_summary). */
Datum
cv_driver_combine(PG_FUNCTION_ARGS)
{
	cv_driver_summary *summary;
	const cv_driver_summary *other;
	const char *name[CV_MOST_DRIVERS];
	int length[CV_MOST_DRIVERS];

	CV_RETURN_UNLESS_BOTH(summary, other, cv_driver_arg);
	names_of(other, name, length);
	check_same(summary, other->drivers, name, length);
	cv_count(&summary->responses, other->responses, "answers");
	cv_moments_merge(summary->moment, other->moment, summary->drivers + 1);
	PG_RETURN_POINTER(summary);
}

/* The summary as it is stored: sums in normal form. */
static cv_driver_summary *
normal_summary(const cv_driver_summary *summary)
{
	cv_driver_summary *copy = palloc(VARSIZE(summary));

	memcpy(copy, summary, VARSIZE(summary));
	cv_moments_normalize(copy->moment, copy->drivers + 1);
	return copy;
}

Datum
cv_driver_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(normal_summary(cv_driver_arg(fcinfo, 0)));
}

/* responses(summary): the complete rows. */
Datum
cv_driver_responses(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(cv_driver_arg(fcinfo, 0)->responses);
}

/* ---- text: {"responses": 30, "drivers": ["raises"], "moments": [y, x, yy, yx, xx]} ---- */

Datum
cv_driver_summary_in(PG_FUNCTION_ARGS)
{
	cv_document document = cv_document_open(
		PG_GETARG_CSTRING(0), cv_driver_summary_type,
		"{\"responses\": number, \"drivers\": [string, ...], \"moments\": [sum, ...]}");
	JsonbContainer *list = cv_document_array(&document, "drivers");
	const char *name[CV_MOST_DRIVERS];
	int length[CV_MOST_DRIVERS];
	int drivers = (int) JsonContainerSize(list);
	cv_driver_summary *summary;
	int i;

	if (drivers < 1 || drivers > CV_MOST_DRIVERS)
		cv_malformed(cv_driver_summary_type, "\"drivers\" must hold from 1 to %d names.",
					 CV_MOST_DRIVERS);
	for (i = 0; i < drivers; i++)
	{
		JsonbValue *value = getIthJsonbValueFromContainer(list, i);

		if (value->type != jbvString)
			cv_malformed(cv_driver_summary_type, "A driver's name must be a string.");
		name[i] = value->val.string.val;
		length[i] = value->val.string.len;
		if (i > 0 && compare_names(name[i - 1], length[i - 1], name[i], length[i]) >= 0)
			cv_malformed(cv_driver_summary_type,
						 "The drivers are not in order, by length and then by bytes.");
	}
	summary = new_summary(drivers, name, length);
	summary->responses = cv_document_integer(&document, "responses", 0, PG_INT64_MAX);
	cv_read_moments(&document, "moments", summary->moment, drivers + 1);
	cv_document_close(&document);
	PG_RETURN_POINTER(summary);
}

Datum
cv_driver_summary_out(PG_FUNCTION_ARGS)
{
	const cv_driver_summary *summary = normal_summary(cv_driver_arg(fcinfo, 0));
	const char *name[CV_MOST_DRIVERS];
	int length[CV_MOST_DRIVERS];
	StringInfoData text;
	int i;

	names_of(summary, name, length);
	initStringInfo(&text);
	appendStringInfo(&text, "{\"responses\": %lld, \"drivers\": [", (long long) summary->responses);
	for (i = 0; i < summary->drivers; i++)
	{
		appendStringInfoString(&text, i > 0 ? ", " : "");
		escape_json(&text, name[i]);
	}
	appendStringInfoString(&text, "], \"moments\": ");
	cv_append_moments(&text, summary->moment, summary->drivers + 1);
	appendStringInfoChar(&text, '}');
	PG_RETURN_CSTRING(text.data);
}

/* ---- binary ---- */

Datum
cv_driver_summary_recv(PG_FUNCTION_ARGS)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	const char *name[CV_MOST_DRIVERS];
	int length[CV_MOST_DRIVERS];
	cv_driver_summary *summary;
	const char *fault;
	int64 responses;
	int drivers;
	int64 i;

	cv_receive_begin(buffer, cv_driver_summary_type, 0);
	responses = pq_getmsgint64(buffer);
	drivers = (int32) pq_getmsgint(buffer, 4);
	if (responses < 0)
		cv_corrupt_binary(cv_driver_summary_type, "The number of answers is negative.");
	if (drivers < 1 || drivers > CV_MOST_DRIVERS)
		cv_corrupt_binary(cv_driver_summary_type, "The number of drivers is out of range.");
	for (i = 0; i < drivers; i++)
	{
		name[i] = pq_getmsgstring(buffer);
		length[i] = (int) strlen(name[i]);
		if (i > 0 && compare_names(name[i - 1], length[i - 1], name[i], length[i]) >= 0)
			cv_corrupt_binary(cv_driver_summary_type, "The drivers are not in order.");
	}
	summary = new_summary(drivers, name, length);
	summary->responses = responses;
	for (i = 0; i < CV_MOMENTS(drivers + 1); i++)
		cv_receive_sum(buffer, cv_driver_summary_type, &summary->moment[i]);
	fault = cv_moments_fault(summary->moment, drivers + 1);
	if (fault)
		cv_corrupt_binary(cv_driver_summary_type, fault);
	PG_RETURN_POINTER(summary);
}

Datum
cv_driver_summary_send(PG_FUNCTION_ARGS)
{
	const cv_driver_summary *summary = normal_summary(cv_driver_arg(fcinfo, 0));
	const char *name[CV_MOST_DRIVERS];
	int length[CV_MOST_DRIVERS];
	StringInfoData buffer;
	int64 i;

	names_of(summary, name, length);
	cv_send_begin(&buffer, 0);
	pq_sendint64(&buffer, summary->responses);
	pq_sendint32(&buffer, summary->drivers);
	for (i = 0; i < summary->drivers; i++)
		pq_sendstring(&buffer, name[i]);
	for (i = 0; i < CV_MOMENTS(summary->drivers + 1); i++)
		cv_send_sum(&buffer, &summary->moment[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
