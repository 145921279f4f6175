/*
 * condition.h: rows of an instant and the conditions that they meet, the state of
 * window_funnel(), sequence_match(), sequence_count() and sequence_next_node().
 */
#ifndef CV_CONDITION_H
#define CV_CONDITION_H

#include "journey/journey.h"
#include "utils/array.h"

/*
 * Such a state is a journey log (journey.h) whose entries have conditions.  Of a funnel
 * and of a sequence the only name is the rule, the mode or the pattern, and all entries
 * belong to it; of sequence_next_node() the names are the nodes.
 */
typedef cv_named cv_condition_log;

/* The log's parameters. */
#define CV_CONDITION_WITHIN 0 /* a funnel's window in microseconds, or what else it is: */
#define CV_CONDITION_SETUP 1  /* the number of conditions, and a funnel's modes << 8 */

#define CV_WITHIN_SEQUENCE (-1) /* a sequence has no window */

#define CV_MODE_EXACT 0x20 /* beside those of core/funnel.h */
#define CV_MODES 0x3f

/* Directions and bases of sequence_next_node(), its parameter[CV_CONDITION_WITHIN]. */
#define CV_NODE_BACKWARD 0x01
#define CV_NODE_TAIL 0x02
#define CV_NODE_FIRST_MATCH 0x04
#define CV_NODE_LAST_MATCH 0x06
#define CV_NODE_BASE 0x06 /* without one of its bits: head */

#define CV_NODE_IS_BASE UINT32_C(0x80000000) /* among an entry's conditions */

extern const char cv_condition_log_type[];
extern const char cv_node_log_type[];

static inline int
cv_condition_count(const cv_condition_log *log)
{
	return (int) (log->parameter[CV_CONDITION_SETUP] & 0xff);
}

static inline int
cv_condition_modes(const cv_condition_log *log)
{
	return (int) (log->parameter[CV_CONDITION_SETUP] >> 8);
}

/*
 * The open state of an aggregate's call with so many arguments, none of which is NULL: what most
 * rows come with.  NULL in any other case.
 */
static inline cv_condition_log *
cv_plain_condition_log(FunctionCallInfo fcinfo, int arguments)
{
	cv_condition_log *log = (cv_condition_log *) DatumGetPointer(PG_GETARG_DATUM(0));
	int i;

	if (!cv_has_state(fcinfo) || !cv_is_plain(log, CV_NAMED_OPEN))
		return NULL;
	for (i = 1; i < arguments; i++)
		if (PG_ARGISNULL(i))
			return NULL;
	return log;
}

/* Is a text the log's rule?  False also where it has to be detoasted. */
static inline bool
cv_is_rule(const cv_condition_log *log, Datum text)
{
	const char *rule = DatumGetPointer(text);
	const cv_name *name = &log->name[0];

	if (VARATT_IS_EXTERNAL(rule) || VARATT_IS_COMPRESSED(rule))
		return false;
	return name->length == VARSIZE_ANY_EXHDR(rule) &&
		   cv_same_bytes(cv_named_bytes(log) + name->offset, VARDATA_ANY(rule),
						 (int32) name->length);
}

/*
 * Reads a boolean[] of as many conditions as the log has, the first the lowest bit.  False
 * for any other array, and where it has NULLs or has to be detoasted.
 */
static inline bool
cv_plain_conditions(const cv_condition_log *log, Datum array, uint32 *conditions)
{
	const ArrayType *plain = (const ArrayType *) DatumGetPointer(array);
	int count = cv_condition_count(log);
	const char *value;
	uint32 bits = 0;

	if (!VARATT_IS_4B_U(plain) || ARR_NDIM(plain) != 1 || ARR_DIMS(plain)[0] != count ||
		ARR_HASNULL(plain))
		return false;
	for (value = ARR_DATA_PTR(plain) + count; count > 0; count--)
		bits = bits * 2 + (*--value != 0);
	*conditions = bits;
	return true;
}

/* Adds a row of no node to an open log; false where there is no room. */
static inline bool
cv_condition_append(cv_condition_log *log, TimestampTz at, uint32 conditions)
{
	cv_journey_entry *entry = (cv_journey_entry *) cv_named_entries(log) + log->count;

	if ((char *) (entry + 1) > (char *) log + VARSIZE(log))
		return false;
	entry->at = at;
	entry->stage = 0;
	entry->conditions = conditions;
	log->count++;
	return true;
}

/* condition_log.c */
extern cv_condition_log *
cv_condition_log_arg(FunctionCallInfo fcinfo, int argument, const char *type);
extern cv_condition_log *
cv_condition_add(cv_condition_log *log, const char *type, TimestampTz at, uint32 conditions);
extern cv_condition_log *cv_condition_new(const char *type, int64 within, int64 setup);
extern cv_condition_log *cv_condition_rule(cv_condition_log *log, const char *rule, int32 length);
extern uint32
cv_conditions_arg(FunctionCallInfo fcinfo, int argument, const char *what, int most, int *count);
extern void cv_check_same_conditions(const cv_condition_log *log, const char *what, int count);
extern void
cv_check_same_rule(const cv_condition_log *log, const char *what, const char *rule, int32 length);
extern void cv_check_same_within(const cv_condition_log *log, int64 within);

/* window_funnel.c, sequence.c and next_node.c: what a rule may be */
extern int cv_read_modes(const char *text, int32 length);
extern void cv_check_pattern(const char *text, int32 length, int conditions);
extern int cv_read_node_rule(const char *direction, int32 direction_length, const char *base,
							 int32 base_length);
extern const char *cv_node_direction(int rule);
extern const char *cv_node_base(int rule);

#endif
