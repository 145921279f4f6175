/*
 * sequence.c: sequence_match(pattern, at, conditions...) and sequence_count(), patterns
 * of rows (core/sequence.h).  Rows that meet no condition are not looked at.
 */
#include "postgres.h"

#include "core/sequence.h"
#include "journey/condition.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(cv_sequence_trans);
PG_FUNCTION_INFO_V1(cv_sequence_match_final);
PG_FUNCTION_INFO_V1(cv_sequence_count_final);

static void
check_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* Takes a pattern apart; an error tells what is wrong with it and where. */
static void
parse(const char *text, int32 length, int conditions, cv_sequence *pattern)
{
	size_t place;
	const char *wrong = cv_sequence_parse(text, length, pattern, &place);

	if (wrong)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid sequence pattern \"%s\"", pnstrdup(text, length)),
				 (int32) place < length ? errdetail("%s, at character %d before \"%s\".", wrong,
													pg_mbstrlen_with_len(text, (int) place) + 1,
													pnstrdup(text + place, length - place))
										: errdetail("%s, at its end.", wrong),
				 errhint("A pattern is made of (?N), a row that meets condition N, (?t<=N), a time "
						 "in seconds, . for any row and .* for any number of rows.")));
	if (pattern->conditions > conditions)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("sequence pattern \"%s\" speaks of condition %d, but there are %d",
							   pnstrdup(text, length), pattern->conditions, conditions)));
}

/* A pattern must be one, and speak of conditions that there are. */
void
cv_check_pattern(const char *text, int32 length, int conditions)
{
	cv_sequence pattern;

	parse(text, length, conditions, &pattern);
}

/* What the transition does with anything unusual: the first row, NULLs, a full log, errors. */
static pg_noinline Datum
add_unusual_row(FunctionCallInfo fcinfo)
{
	cv_condition_log *log = NULL;
	const char *rule;
	TimestampTz at;
	uint32 conditions;
	text *pattern;
	int32 length;
	int count;

	cv_require_aggregate(fcinfo);
	if (!PG_ARGISNULL(0))
		log = cv_condition_log_arg(fcinfo, 0, cv_condition_log_type);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		return cv_state_result(fcinfo, log);
	pattern = PG_GETARG_TEXT_PP(1);
	rule = VARDATA_ANY(pattern);
	length = (int32) VARSIZE_ANY_EXHDR(pattern);
	at = cv_check_instant("the instant of a row", PG_GETARG_TIMESTAMPTZ(2));
	conditions = cv_conditions_arg(fcinfo, 3, "conditions", CV_SEQUENCE_CONDITIONS, &count);
	if (log == NULL)
	{
		cv_check_pattern(rule, length, count);
		log = cv_condition_rule(cv_condition_new(cv_condition_log_type, CV_WITHIN_SEQUENCE, count),
								rule, length);
	}
	cv_check_same_rule(log, "pattern", rule, length);
	cv_check_same_conditions(log, "conditions", count);
	if (conditions != 0)
		log = cv_condition_add(log, cv_condition_log_type, at, conditions);
	PG_RETURN_POINTER(log);
}

/* sequence_match(pattern, at, conditions...): a row with a NULL but in these is ignored. */
Datum
cv_sequence_trans(PG_FUNCTION_ARGS)
{
	cv_condition_log *log = cv_plain_condition_log(fcinfo, 4);
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(2);
	uint32 conditions;

	/* most rows come with the pattern of the first */
	if (log != NULL && log->parameter[CV_CONDITION_WITHIN] == CV_WITHIN_SEQUENCE &&
		cv_is_rule(log, PG_GETARG_DATUM(1)) && !TIMESTAMP_NOT_FINITE(at) &&
		cv_plain_conditions(log, PG_GETARG_DATUM(3), &conditions) &&
		(conditions == 0 || cv_condition_append(log, at, conditions)))
		PG_RETURN_POINTER(log);
	return add_unusual_row(fcinfo);
}

/* What a call site keeps: the pattern of the last call, taken apart. */
typedef struct sequence_site
{
	int conditions;
	int32 length;
	char *text;
	cv_sequence pattern;
} sequence_site;

static const cv_sequence *
pattern_of(FunctionCallInfo fcinfo, const cv_condition_log *log)
{
	sequence_site *site = fcinfo->flinfo->fn_extra;
	int32 length;
	const char *text = cv_named_text(log, 0, &length);

	if (site == NULL)
		fcinfo->flinfo->fn_extra = site =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(sequence_site));
	if (site->text == NULL || site->length != length ||
		site->conditions != cv_condition_count(log) || memcmp(site->text, text, length) != 0)
	{
		if (site->text)
			pfree(site->text);
		site->text = NULL;
		parse(text, length, cv_condition_count(log), &site->pattern);
		site->conditions = cv_condition_count(log);
		site->length = length;
		site->text = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, length + 1);
		memcpy(site->text, text, length);
	}
	return &site->pattern;
}

/* How often the pattern matches, at most "most" times. */
static int64
matches(FunctionCallInfo fcinfo, int64 most)
{
	const cv_condition_log *log = cv_journey_sorted(
		cv_condition_log_arg(fcinfo, 0, cv_condition_log_type), cv_condition_log_type);
	const cv_journey_entry *entry = cv_journey_entries(log);
	cv_sequence_search search = { 0 };
	cv_sequence_row few[64];
	cv_sequence_row *row = few;
	int64 memory;
	int64 count = 0;
	int32 at = 0;
	int32 i;

	search.pattern = pattern_of(fcinfo, log);
	memory = cv_sequence_memory(search.pattern, log->count);
	if (memory > CV_SEQUENCE_WORK)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a sequence pattern with times is too much work on %d rows", log->count),
				 errdetail("Its %d places to skip rows times the rows pass %lld.",
						   search.pattern->choices, (long long) CV_SEQUENCE_WORK),
				 errhint("Search fewer rows at a time, or a pattern without times.")));
	if (log->count > (int32) lengthof(few))
		row = palloc_extended(log->count * sizeof(cv_sequence_row), MCXT_ALLOC_HUGE);
	for (i = 0; i < log->count; i++)
	{
		row[i].at = entry[i].at;
		row[i].meets = entry[i].conditions;
	}
	search.row = row;
	search.rows = log->count;
	search.skip = memory > 0 ? palloc(memory * sizeof(int32)) : NULL;
	search.check = check_interrupts;
	cv_sequence_begin(&search);
	while (count < most && cv_sequence_match(&search, &at))
		count++;
	if (search.skip)
		pfree(search.skip);
	if (row != few)
		pfree(row);
	return count;
}

Datum
cv_sequence_match_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_BOOL(matches(fcinfo, 1) > 0);
}

Datum
cv_sequence_count_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_INT64(matches(fcinfo, PG_INT64_MAX));
}
