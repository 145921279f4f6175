/*
 * condition_log.c: rows of an instant and the conditions that they meet, gathered.
 *
 * Rows are a multiset, sorted by instant and within one instant by their conditions as
 * binary numbers (condition 1 is the lowest bit), so that no answer depends on the
 * order or partition in which they came.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "core/funnel.h"
#include "journey/condition.h"
#include "utils/builtins.h"

const char cv_condition_log_type[] = "cv_condition_log";
const char cv_node_log_type[] = "cv_node_log";

PG_FUNCTION_INFO_V1(cv_condition_log_combine);
PG_FUNCTION_INFO_V1(cv_node_log_combine);

/* A state argument, its parameters checked. */
cv_condition_log *
cv_condition_log_arg(FunctionCallInfo fcinfo, int argument, const char *type)
{
	cv_condition_log *log = cv_journey_state_arg(fcinfo, argument, type);
	bool is_node = type == cv_node_log_type;

	if (cv_condition_count(log) < 1 || cv_condition_count(log) > CV_FUNNEL_STEPS ||
		cv_condition_modes(log) < 0 || cv_condition_modes(log) > CV_MODES ||
		(!is_node && log->names != 1))
		cv_corrupt_binary(type, "The parameters are out of range.");
	return log;
}

/* A new state with its parameters; one of a rule needs it from cv_condition_rule(). */
cv_condition_log *
cv_condition_new(const char *type, int64 within, int64 setup)
{
	cv_condition_log *log =
		cv_named_new(type, CV_JOURNEY_ENTRY, 7, type == cv_node_log_type ? 4 : 1);

	log->parameter[CV_CONDITION_WITHIN] = within;
	log->parameter[CV_CONDITION_SETUP] = setup;
	return log;
}

/* Gives a new state its rule; returns the state, which may have moved. */
cv_condition_log *
cv_condition_rule(cv_condition_log *log, const char *rule, int32 length)
{
	int32 id;

	return cv_named_intern(log, CV_JOURNEY_ENTRY, cv_condition_log_type, rule, length, &id);
}

/* Adds a row of no node; returns the state, which has moved if it had to grow. */
cv_condition_log *
cv_condition_add(cv_condition_log *log, const char *type, TimestampTz at, uint32 conditions)
{
	log = cv_named_room(log, CV_JOURNEY_ENTRY, type, 1);
	cv_condition_append(log, at, conditions);
	return log;
}

/*
 * A boolean[] argument as bits, the first condition the lowest; NULLs are false.  The
 * array is built anew for each row, so it is read where it lies.
 */
uint32
cv_conditions_arg(FunctionCallInfo fcinfo, int argument, const char *what, int most, int *count)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(argument);
	const bool *value = (const bool *) ARR_DATA_PTR(array);
	const uint8 *present = ARR_NULLBITMAP(array);
	uint32 conditions = 0;
	int i;

	*count = ARR_NDIM(array) == 1 ? ARR_DIMS(array)[0] : 0;
	if (ARR_NDIM(array) > 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("%s must have one dimension, not %d", what, ARR_NDIM(array))));
	if (*count < 1 || *count > most)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("there must be 1 to %d %s, not %d", most, what, *count)));
	for (i = 0; i < *count; i++)
		if (present == NULL || present[i / 8] & 1 << (i % 8))
			conditions |= (uint32) (*value++ != 0) << i;
	return conditions;
}

/* All rows of a group have as many conditions. */
void
cv_check_same_conditions(const cv_condition_log *log, const char *what, int count)
{
	if (cv_condition_count(log) != count)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the number of %s must not change between rows", what),
						errdetail("It was %d and is %d.", cv_condition_count(log), count)));
}

/* All rows of a group are told of one mode or pattern. */
void
cv_check_same_rule(const cv_condition_log *log, const char *what, const char *rule, int32 length)
{
	int32 before_length;
	const char *before = cv_named_text(log, 0, &before_length);

	if (before_length != length || memcmp(before, rule, length) != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("%s must not change between rows", what),
						errdetail("It was \"%s\" and is \"%s\".", pnstrdup(before, before_length),
								  pnstrdup(rule, length)),
						errhint("Use one %s for all rows of a group.", what)));
}

/* All rows of a group are told of one window. */
void
cv_check_same_within(const cv_condition_log *log, int64 within)
{
	int64 before = log->parameter[CV_CONDITION_WITHIN];

	if (before != within)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("within must not change between rows"),
				 errdetail("It was %s and is %s.",
						   DatumGetCString(DirectFunctionCall1(
							   interval_out, PointerGetDatum(cv_span_interval((double) before)))),
						   DatumGetCString(DirectFunctionCall1(
							   interval_out, PointerGetDatum(cv_span_interval((double) within))))),
				 errhint("Use one within for all rows of a group.")));
}

/* Two states must be of one rule, with one window and as many conditions. */
static void
check_same(const cv_condition_log *log, const cv_condition_log *other, const char *type)
{
	int32 length;
	const char *rule;

	if (type == cv_node_log_type)
	{
		int64 before = log->parameter[CV_CONDITION_WITHIN];
		int64 now = other->parameter[CV_CONDITION_WITHIN];

		if (before != now)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("direction and base must not change between rows")));
	}
	else
	{
		bool is_sequence = log->parameter[CV_CONDITION_WITHIN] == CV_WITHIN_SEQUENCE;

		if (is_sequence != (other->parameter[CV_CONDITION_WITHIN] == CV_WITHIN_SEQUENCE))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("states of a funnel and of a sequence cannot be merged")));
		cv_check_same_within(log, other->parameter[CV_CONDITION_WITHIN]);
		rule = cv_named_text(other, 0, &length);
		cv_check_same_rule(log, is_sequence ? "pattern" : "mode", rule, length);
	}
	cv_check_same_conditions(log, "conditions", cv_condition_count(other));
}

static Datum
combine(FunctionCallInfo fcinfo, const char *type)
{
	cv_condition_log *log;
	cv_condition_log *other;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(cv_condition_log_arg(fcinfo, 1, type));
	log = cv_condition_log_arg(fcinfo, 0, type);
	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(log);
	other = cv_condition_log_arg(fcinfo, 1, type);
	check_same(log, other, type);
	PG_RETURN_POINTER(cv_journey_merge(log, type, other));
}

/* Merges two states of window_funnel(), or of a sequence. */
Datum
cv_condition_log_combine(PG_FUNCTION_ARGS)
{
	return combine(fcinfo, cv_condition_log_type);
}

/* Merges two states of sequence_next_node(). */
Datum
cv_node_log_combine(PG_FUNCTION_ARGS)
{
	return combine(fcinfo, cv_node_log_type);
}
