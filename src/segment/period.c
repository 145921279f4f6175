/*
 * period.c: periods of the calendar as parameters and as keys of tallies.
 */
#include "postgres.h"

#include "segment/segment.h"
#include "utils/builtins.h"

/* A period argument: its kind. */
cv_period
cv_period_arg(FunctionCallInfo fcinfo, int argument)
{
	text *name = PG_GETARG_TEXT_PP(argument);
	const char *letters = VARDATA_ANY(name);
	Size length = VARSIZE_ANY_EXHDR(name);
	int period;

	for (period = 0; period < CV_PERIODS; period++)
	{
		const char *known = cv_period_name[period];
		Size same = 0;

		while (same < length && known[same] == letters[same] && known[same] != '\0')
			same++;
		if (same == length && known[same] == '\0')
			return period;
	}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("unknown period \"%s\"", text_to_cstring(name)),
					errhint("Periods are day, week, month, quarter and year.")));
}

/* All rows of a group are of one period. */
void
cv_period_must_equal(cv_period before, cv_period now)
{
	if (before != now)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("period must not change between rows"),
						errdetail("It was \"%s\" and is \"%s\".", cv_period_name[before],
								  cv_period_name[now]),
						errhint("Use one period for all rows of a group.")));
}

/* The number of the period of a date parameter, which must be a day. */
int64
cv_period_of_parameter(cv_period period, const char *name, DateADT day)
{
	return cv_period_of(period, cv_check_day(name, day));
}

/* See cv_period_check_first. */
void
cv_period_refuse_first(cv_period period, DateADT day)
{
	if (cv_period_start(period, cv_period_of(period, day)) < CV_FIRST_DAY)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("a period would begin before 4714-11-24 BC"),
				 errdetail("The %s of %s does, and that is the first day that a date can be.",
						   cv_period_name[period],
						   DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(day))))));
}

/* ---- as keys and label of a tally ---- */

/* append_key of a period: the day on which it begins. */
void
cv_period_append_key(StringInfo text, const cv_tally *tally, int which, uint64 key)
{
	cv_append_day(text, (DateADT) cv_period_start(tally->label, cv_whole_of(key)));
}

/* A day as yet: the period may stand behind the entries. */
uint64
cv_period_read_key(cv_json *json, int which, const char *token, JsonTokenType kind)
{
	return cv_whole_image(cv_read_day(json, token, kind));
}

/* append_label: the kind of period, such as "month". */
void
cv_period_append_label(StringInfo text, const cv_tally *tally)
{
	appendStringInfo(text, "\"%s\"", cv_period_name[tally->label]);
}

/* read_label, the reverse. */
int32
cv_period_read_label(cv_json *json, const char *token, JsonTokenType kind)
{
	int32 period;

	if (kind == JSON_TOKEN_STRING)
		for (period = 0; period < CV_PERIODS; period++)
			if (strcmp(token, cv_period_name[period]) == 0)
				return period;
	cv_malformed(json->type, "The period is day, week, month, quarter or year, not \"%s\".",
				 token ? token : "");
}

/* check_label: is it a kind of period? */
bool
cv_period_check_label(int32 label)
{
	return label >= 0 && label < CV_PERIODS;
}

/* Makes the number of a period out of its first day; what is wrong with it, or NULL. */
const char *
cv_period_settle_key(const cv_tally *tally, uint64 *key)
{
	int64 day = cv_whole_of(*key);
	int64 number = cv_period_of(tally->label, (int32) day);

	if (cv_period_start(tally->label, number) != day)
		return "A date is not the first day of a period.";
	*key = cv_whole_image(number);
	return NULL;
}

/* What is wrong with the number of a period, or NULL. */
const char *
cv_period_check_key(const cv_tally *tally, uint64 key)
{
	int64 number = cv_whole_of(key);
	int64 start;

	if (number < PG_INT32_MIN || number > PG_INT32_MAX)
		return "A period is out of range.";
	start = cv_period_start(tally->label, number);
	if (start < CV_FIRST_DAY || start > PG_INT32_MAX || !IS_VALID_DATE((DateADT) start))
		return "A period is out of range.";
	return NULL;
}
