/*
 * journey_log.c: the journey log, its aggregate and what it answers.
 *
 * A log is a multiset of rows (instant, stage), sorted by instant and within one
 * instant by stage in C order, so that it is the same to the last bit in whatever
 * order and partition its rows came.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "journey/journey.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

const char cv_journey_log_type[] = "cv_journey_log";

static inline int
compare_entries(const cv_journey_entry *a, const cv_journey_entry *b)
{
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (a->stage != b->stage)
		return a->stage < b->stage ? -1 : 1;
	return a->conditions < b->conditions ? -1 : a->conditions > b->conditions;
}

#define ST_SORT sort_entries
#define ST_ELEMENT_TYPE cv_journey_entry
#define ST_COMPARE(a, b) compare_entries(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

PG_FUNCTION_INFO_V1(cv_journey_log_trans);
PG_FUNCTION_INFO_V1(cv_journey_log_combine);
PG_FUNCTION_INFO_V1(cv_journey_log_final);
PG_FUNCTION_INFO_V1(cv_journey_log_entries);
PG_FUNCTION_INFO_V1(cv_stages);

/* A state of the given type with entries of a journey. */
cv_journey_log *
cv_journey_state_arg(FunctionCallInfo fcinfo, int argument, const char *type)
{
	return cv_named_arg(fcinfo, argument, type, CV_JOURNEY_ENTRY);
}

/* The state as stored: sorted, of exact size; the argument itself where it is so. */
const cv_journey_log *
cv_journey_sorted(const cv_journey_log *log, const char *type)
{
	const cv_journey_entry *from = cv_journey_entries(log);
	const cv_journey_entry *end = from + log->count;
	const uint32 names = (uint32) log->names;
	TimestampTz last = PG_INT64_MIN;
	bool in_order = true;
	cv_journey_log *stored;
	cv_journey_entry *to;
	int32 few[CV_NAMED_LINEAR];
	int32 *rank;

	if (!(log->header.flags & CV_NAMED_OPEN))
		return log;
	rank = cv_named_ranks(log, few);
	stored = cv_named_frame(log, CV_JOURNEY_ENTRY, type, rank);
	for (to = cv_named_entries(stored); from < end; from++, to++)
	{
		uint32 stage = (uint32) from->stage;

		if (unlikely(stage >= names))
			cv_corrupt_binary(type, "A stage is out of range.");
		in_order &= from->at > last;
		last = from->at;
		to->at = last;
		to->stage = rank[stage];
		to->conditions = from->conditions;
	}
	if (rank != few)
		pfree(rank);
	if (!in_order)
		sort_entries(cv_named_entries(stored), stored->count);
	return stored;
}

/* A journey log argument, its entries in order. */
const cv_journey_log *
cv_journey_log_arg(FunctionCallInfo fcinfo, int argument)
{
	return cv_journey_sorted(cv_journey_state_arg(fcinfo, argument, cv_journey_log_type),
							 cv_journey_log_type);
}

/* Adds a row where there is room. */
static inline void
append_entry(cv_journey_log *log, TimestampTz at, int32 stage, uint32 conditions)
{
	cv_journey_entry *entry = (cv_journey_entry *) cv_named_entries(log) + log->count++;

	entry->at = at;
	entry->stage = stage;
	entry->conditions = conditions;
}

/*
 * Adds a row to a state (NULL: a new one); returns the state, which has moved if it had
 * to grow.
 */
cv_journey_log *
cv_journey_add(cv_journey_log *log, const char *type, const char *name, int32 length,
			   TimestampTz at, uint32 conditions)
{
	int32 stage;

	if (log == NULL)
		log = cv_named_new(type, CV_JOURNEY_ENTRY, CV_JOURNEY_SMALLEST, 4);
	log = cv_named_intern(log, CV_JOURNEY_ENTRY, type, name, length, &stage);
	log = cv_named_room(log, CV_JOURNEY_ENTRY, type, 1);
	append_entry(log, at, stage, conditions);
	return log;
}

/* Adds all rows of another log to a state. */
cv_journey_log *
cv_journey_merge(cv_journey_log *log, const char *type, const cv_journey_log *other)
{
	const cv_journey_entry *from = cv_journey_entries(other);
	cv_journey_entry *entry;
	int32 *stage = palloc(Max(1, other->names) * sizeof(int32));
	int32 i;

	for (i = 0; i < other->names; i++)
	{
		int32 length;
		const char *name = cv_named_text(other, i, &length);

		if ((uint64) other->name[i].offset + other->name[i].length > (uint64) other->bytes)
			cv_corrupt_binary(type, "A name lies beyond the names.");
		log = cv_named_intern(log, CV_JOURNEY_ENTRY, type, name, length, &stage[i]);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	log = cv_named_room(log, CV_JOURNEY_ENTRY, type, other->count);
	entry = (cv_journey_entry *) cv_named_entries(log) + log->count;
	for (i = 0; i < other->count; i++)
	{
		if (from[i].stage < 0 || from[i].stage >= other->names)
			cv_corrupt_binary(type, "A stage is out of range.");
		entry[i] = from[i];
		entry[i].stage = stage[from[i].stage];
	}
	log->count += other->count;
	pfree(stage);
	return log;
}

/* What the transition does with anything unusual: NULLs, many names, a full or a stored log. */
static pg_noinline Datum
add_unusual_row(FunctionCallInfo fcinfo)
{
	cv_journey_log *log = NULL;
	text *stage;
	TimestampTz at;

	cv_require_aggregate(fcinfo);
	if (!PG_ARGISNULL(0))
		log = cv_journey_state_arg(fcinfo, 0, cv_journey_log_type);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return cv_state_result(fcinfo, log);
	at = cv_check_instant("the instant of a stage", PG_GETARG_TIMESTAMPTZ(1));
	stage = PG_GETARG_TEXT_PP(2);
	PG_RETURN_POINTER(cv_journey_add(log, cv_journey_log_type, VARDATA_ANY(stage),
									 (int32) VARSIZE_ANY_EXHDR(stage), at, 0));
}

/* Adds a row of a stage that an open log does not have yet. */
static pg_noinline Datum
add_new_stage(cv_journey_log *log, const char *name, int32 length, TimestampTz at)
{
	log = cv_named_append(log, CV_JOURNEY_ENTRY, cv_journey_log_type, name, length);
	log = cv_named_room(log, CV_JOURNEY_ENTRY, cv_journey_log_type, 1);
	append_entry(log, at, log->names - 1, 0);
	PG_RETURN_POINTER(log);
}

/*
 * journey_log(at, stage): a row with any NULL is ignored.  Most rows have a stage that was
 * met before and find room: they take no call, and no step that is not theirs.
 */
Datum
cv_journey_log_trans(PG_FUNCTION_ARGS)
{
	cv_journey_log *log = (cv_journey_log *) DatumGetPointer(PG_GETARG_DATUM(0));
	const char *stage = DatumGetPointer(PG_GETARG_DATUM(2));
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(1);
	const char *name;
	int32 length;
	char *bytes;
	cv_journey_entry *entry;
	int32 id;

	if (!cv_has_state(fcinfo) || !cv_is_plain(log, CV_NAMED_OPEN) || PG_ARGISNULL(1) ||
		PG_ARGISNULL(2) || TIMESTAMP_NOT_FINITE(at))
		return add_unusual_row(fcinfo);
	if (VARATT_IS_1B(stage) && !VARATT_IS_1B_E(stage))
	{
		name = VARDATA_1B(stage);
		length = VARSIZE_1B(stage) - VARHDRSZ_SHORT;
	}
	else if (VARATT_IS_4B_U(stage))
	{
		name = VARDATA_4B(stage);
		length = VARSIZE_4B(stage) - VARHDRSZ;
	}
	else
		return add_unusual_row(fcinfo);

	/* without an index the entries follow the bytes of the names */
	bytes = cv_named_bytes(log);
	entry = (cv_journey_entry *) (bytes + log->bytes_capacity) + log->count;
	if (log->index_capacity > 0 || (char *) (entry + 1) > (char *) log + VARSIZE(log))
		return add_unusual_row(fcinfo);
	for (id = 0; id < log->names; id++)
		if (log->name[id].length == (uint32) length &&
			cv_same_bytes(bytes + log->name[id].offset, name, length))
		{
			entry->at = at;
			entry->stage = id;
			entry->conditions = 0;
			log->count++;
			PG_RETURN_POINTER(log);
		}
	return add_new_stage(log, name, length, at);
}

/* Merges two logs; also the transition of rollup(journey_log). */
Datum
cv_journey_log_combine(PG_FUNCTION_ARGS)
{
	cv_journey_log *log;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(0))
	{
		if (PG_ARGISNULL(1))
			PG_RETURN_NULL();
		PG_RETURN_POINTER(cv_journey_state_arg(fcinfo, 1, cv_journey_log_type));
	}
	log = cv_journey_state_arg(fcinfo, 0, cv_journey_log_type);
	if (!PG_ARGISNULL(1))
		log = cv_journey_merge(log, cv_journey_log_type,
							   cv_journey_state_arg(fcinfo, 1, cv_journey_log_type));
	PG_RETURN_POINTER(log);
}

/* The log as it is stored. */
Datum
cv_journey_log_final(PG_FUNCTION_ARGS)
{
	const cv_journey_log *log = cv_plain_state(fcinfo, CV_NAMED_OPEN);

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (log == NULL)
		log = cv_journey_state_arg(fcinfo, 0, cv_journey_log_type);
	PG_RETURN_POINTER(cv_journey_sorted(log, cv_journey_log_type));
}

/* The names of a log's stages as text values, by their numbers. */
static Datum *
stage_texts(const cv_journey_log *log)
{
	Datum *texts = palloc(Max(1, log->names) * sizeof(Datum));
	int32 i;

	for (i = 0; i < log->names; i++)
	{
		int32 length;
		const char *name = cv_named_text(log, i, &length);

		texts[i] = PointerGetDatum(cstring_to_text_with_len(name, length));
	}
	return texts;
}

/* entries(log): the rows (at, stage). */
Datum
cv_journey_log_entries(PG_FUNCTION_ARGS)
{
	const cv_journey_log *log = cv_journey_log_arg(fcinfo, 0);
	const cv_journey_entry *entry = cv_journey_entries(log);
	Datum *texts = stage_texts(log);
	bool nulls[2] = { false, false };
	int32 i;

	InitMaterializedSRF(fcinfo, 0);
	for (i = 0; i < log->count; i++)
	{
		Datum values[2];

		values[0] = TimestampTzGetDatum(entry[i].at);
		values[1] = texts[entry[i].stage];
		cv_emit(fcinfo, values, nulls);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	return (Datum) 0;
}

/* stages(log, collapse): the stages in order; with collapse, repetitions in a row are one. */
Datum
cv_stages(PG_FUNCTION_ARGS)
{
	const cv_journey_log *log = cv_journey_log_arg(fcinfo, 0);
	const cv_journey_entry *entry = cv_journey_entries(log);
	bool collapse = PG_GETARG_BOOL(1);
	Datum *texts = stage_texts(log);
	Datum *path;
	int32 length = 0;
	int32 i;

	if (log->count == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(TEXTOID));
	if ((Size) log->count > MaxAllocSize / sizeof(Datum))
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("an array of %d stages would exceed 1 GB", log->count),
						errhint("Read the log with entries().")));
	path = palloc(log->count * sizeof(Datum));
	for (i = 0; i < log->count; i++)
		if (!collapse || i == 0 || entry[i].stage != entry[i - 1].stage)
			path[length++] = texts[entry[i].stage];
	PG_RETURN_ARRAYTYPE_P(construct_array(path, length, TEXTOID, -1, false, TYPALIGN_INT));
}
