/*
 * window_funnel.c: window_funnel(within, mode, at, steps...), a funnel on conditions of
 * rows: the depth of the deepest chain (mode exact), or the level as ClickHouse's
 * windowFunnel() has it (core/funnel.h).
 */
#include "postgres.h"

#include "core/funnel.h"
#include "journey/condition.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#define ST_SORT sort_rows
#define ST_ELEMENT_TYPE cv_funnel_row
#define ST_COMPARE(a, b) ((a)->at < (b)->at ? -1 : (a)->at > (b)->at)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

PG_FUNCTION_INFO_V1(cv_window_funnel_trans);
PG_FUNCTION_INFO_V1(cv_window_funnel_final);

static void
check_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* Reads a mode: exact, perhaps with strict_increase, or a list of ClickHouse's. */
int
cv_read_modes(const char *text, int32 length)
{
	static const struct
	{
		const char *name;
		int mode;
	} known[] = { { "exact", CV_MODE_EXACT },
				  { "strict_order", CV_FUNNEL_STRICT_ORDER },
				  { "strict_deduplication", CV_FUNNEL_STRICT_DEDUPLICATION },
				  { "strict_increase", CV_FUNNEL_STRICT_INCREASE },
				  { "strict_once", CV_FUNNEL_STRICT_ONCE },
				  { "allow_reentry", CV_FUNNEL_ALLOW_REENTRY } };
	const char *end = text + length;
	const char *c = text;
	int modes = 0;

	while (c < end)
	{
		const char *word;
		const char *comma;
		int32 size;
		size_t i;

		while (c < end && *c == ' ')
			c++;
		word = c;
		comma = memchr(c, ',', end - c);
		c = comma ? comma : end;
		size = (int32) (c - word);
		while (size > 0 && word[size - 1] == ' ')
			size--;
		for (i = 0; i < lengthof(known); i++)
			if ((int32) strlen(known[i].name) == size && memcmp(known[i].name, word, size) == 0)
				break;
		if (i == lengthof(known))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("unknown mode \"%s\"", pnstrdup(word, size)),
					 errdetail("A mode is exact, or exact,strict_increase, or empty, or a list of "
							   "strict_order, strict_deduplication, strict_increase, strict_once "
							   "and allow_reentry.")));
		modes |= known[i].mode;
		if (comma)
		{
			c++;
			if (c == end)
				ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
								errmsg("mode \"%s\" ends with a comma", pnstrdup(text, length))));
		}
	}
	if (modes & CV_MODE_EXACT && modes & ~(CV_MODE_EXACT | CV_FUNNEL_STRICT_INCREASE))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("mode exact goes with strict_increase only, not \"%s\"",
							   pnstrdup(text, length))));
	if (modes & CV_FUNNEL_ALLOW_REENTRY && !(modes & CV_FUNNEL_STRICT_ORDER))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("mode allow_reentry needs strict_order"),
						errdetail("It skips steps that come too early, which only strict_order "
								  "minds.")));
	return modes;
}

/*
 * The state of a row's call with its parameters: a new one, or the one there is, of
 * which they must be the same.
 */
static cv_condition_log *
state_of(cv_condition_log *log, int64 within, const char *mode, int32 length, int steps)
{
	if (log == NULL)
	{
		int64 setup = steps | (int64) cv_read_modes(mode, length) << 8;

		return cv_condition_rule(cv_condition_new(cv_condition_log_type, within, setup), mode,
								 length);
	}
	cv_check_same_within(log, within);
	cv_check_same_rule(log, "mode", mode, length);
	cv_check_same_conditions(log, "steps", steps);
	return log;
}

/* What the transition does with anything unusual: the first row, NULLs, a full log, errors. */
static pg_noinline Datum
add_unusual_row(FunctionCallInfo fcinfo)
{
	cv_condition_log *log = NULL;
	TimestampTz at;
	uint32 conditions;
	int64 within;
	text *mode;
	int steps;

	cv_require_aggregate(fcinfo);
	if (!PG_ARGISNULL(0))
		log = cv_condition_log_arg(fcinfo, 0, cv_condition_log_type);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3) || PG_ARGISNULL(4))
		return cv_state_result(fcinfo, log);
	within = cv_span_arg(fcinfo, 1, "within");
	mode = PG_GETARG_TEXT_PP(2);
	at = cv_check_instant("the instant of a row", PG_GETARG_TIMESTAMPTZ(3));
	conditions = cv_conditions_arg(fcinfo, 4, "steps", CV_FUNNEL_STEPS, &steps);
	log = state_of(log, within, VARDATA_ANY(mode), (int32) VARSIZE_ANY_EXHDR(mode), steps);
	/* only strict_order minds a row that meets nothing */
	if (conditions != 0 || cv_condition_modes(log) & CV_FUNNEL_STRICT_ORDER)
		log = cv_condition_add(log, cv_condition_log_type, at, conditions);
	PG_RETURN_POINTER(log);
}

/* window_funnel(within, mode, at, steps...): a row with a NULL but in its steps is ignored. */
Datum
cv_window_funnel_trans(PG_FUNCTION_ARGS)
{
	cv_condition_log *log = cv_plain_condition_log(fcinfo, 5);
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(3);
	uint32 conditions;

	/* most rows come with the parameters of the first */
	if (log != NULL &&
		cv_plain_span(PG_GETARG_INTERVAL_P(1)) == log->parameter[CV_CONDITION_WITHIN] &&
		cv_is_rule(log, PG_GETARG_DATUM(2)) && !TIMESTAMP_NOT_FINITE(at) &&
		cv_plain_conditions(log, PG_GETARG_DATUM(4), &conditions))
	{
		if (conditions == 0 && !(cv_condition_modes(log) & CV_FUNNEL_STRICT_ORDER))
			PG_RETURN_POINTER(log);
		if (cv_condition_append(log, at, conditions))
			PG_RETURN_POINTER(log);
	}
	return add_unusual_row(fcinfo);
}

/* The log's rows as the funnel takes them: sorted by instant, those of one in any order. */
static void
take_rows(const cv_condition_log *log, cv_funnel_row *row)
{
	const cv_journey_entry *entry = cv_journey_entries(log);
	TimestampTz last = PG_INT64_MIN;
	bool in_order = true;
	int32 count = log->count;
	int32 i;

	for (i = 0; i < count; i++)
	{
		in_order &= entry[i].at >= last;
		last = entry[i].at;
		row[i].at = last;
		row[i].meets = entry[i].conditions;
	}
	if (!in_order)
		sort_rows(row, count);
}

/* The depth of the deepest chain, or the level. */
Datum
cv_window_funnel_final(PG_FUNCTION_ARGS)
{
	const cv_condition_log *log;
	cv_funnel_row few[64];
	cv_funnel_row *row = few;
	cv_funnel funnel;
	int modes;
	int level;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	log = cv_condition_log_arg(fcinfo, 0, cv_condition_log_type);
	modes = cv_condition_modes(log);
	funnel.steps = cv_condition_count(log);
	funnel.within = (uint64) log->parameter[CV_CONDITION_WITHIN];
	funnel.strict = (modes & CV_FUNNEL_STRICT_INCREASE) != 0;
	funnel.check = check_interrupts;
	if (log->count > (int32) lengthof(few))
		row = palloc_extended(log->count * sizeof(cv_funnel_row), MCXT_ALLOC_HUGE);
	take_rows(log, row);
	level = modes & CV_MODE_EXACT ? cv_funnel_depth(&funnel, row, log->count)
								  : cv_funnel_level(&funnel, row, log->count, modes);
	if (row != few)
		pfree(row);
	PG_RETURN_INT32(level);
}
