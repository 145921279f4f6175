/*
 * retention.c: retention(conditions...), which conditions a customer ever meets, each
 * after the first counted only for who meets the first one: r1 = any(c1),
 * ri = any(c1) and any(ci).  The order in time plays no part (ClickHouse's retention()).
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "journey/condition.h"
#include "libpq/pqformat.h"
#include "utils/array.h"

#define MOST 32

/* Which of so many conditions some row has met. */
typedef struct cv_condition_union
{
	cv_header header;
	int32 conditions;
	uint32 met; /* bit k: condition k + 1 */
} cv_condition_union;

static const char type_name[] = "cv_condition_union";

PG_FUNCTION_INFO_V1(cv_retention_trans);
PG_FUNCTION_INFO_V1(cv_retention_combine);
PG_FUNCTION_INFO_V1(cv_retention_final);
PG_FUNCTION_INFO_V1(cv_condition_union_in);
PG_FUNCTION_INFO_V1(cv_condition_union_out);
PG_FUNCTION_INFO_V1(cv_condition_union_recv);
PG_FUNCTION_INFO_V1(cv_condition_union_send);

static bool
is_possible(int64 conditions, int64 met)
{
	return conditions >= 1 && conditions <= MOST && met >= 0 && met >> conditions == 0;
}

static cv_condition_union *
read_union(FunctionCallInfo fcinfo, int argument)
{
	cv_condition_union *state =
		cv_value_arg(fcinfo, argument, type_name, sizeof(cv_condition_union), 0);

	if (!is_possible(state->conditions, state->met))
		cv_corrupt_binary(type_name, "The conditions are out of range.");
	return state;
}

static cv_condition_union *
new_union(int conditions, uint32 met)
{
	cv_condition_union *state = cv_state_alloc(sizeof(cv_condition_union), 0, 1, type_name, 0);

	state->conditions = conditions;
	state->met = met;
	return state;
}

static void
check_same(const cv_condition_union *state, int conditions)
{
	if (state->conditions != conditions)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the number of conditions must not change between rows"),
						errdetail("It was %d and is %d.", state->conditions, conditions)));
}

/* retention(conditions...): NULL conditions are false. */
Datum
cv_retention_trans(PG_FUNCTION_ARGS)
{
	cv_condition_union *state = PG_ARGISNULL(0) ? NULL : read_union(fcinfo, 0);
	uint32 met;
	int conditions;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(1))
		return cv_state_result(fcinfo, state);
	met = cv_conditions_arg(fcinfo, 1, "conditions", MOST, &conditions);
	if (state == NULL)
		state = new_union(conditions, 0);
	check_same(state, conditions);
	state->met |= met;
	PG_RETURN_POINTER(state);
}

/* Merges two states. */
Datum
cv_retention_combine(PG_FUNCTION_ARGS)
{
	cv_condition_union *state;
	cv_condition_union *other;

	CV_RETURN_UNLESS_BOTH(state, other, read_union);
	check_same(state, other->conditions);
	state->met |= other->met;
	PG_RETURN_POINTER(state);
}

/* An array of 1 and 0. */
Datum
cv_retention_final(PG_FUNCTION_ARGS)
{
	const cv_condition_union *state;
	Datum retained[MOST];
	int i;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = read_union(fcinfo, 0);
	for (i = 0; i < state->conditions; i++)
		retained[i] = Int32GetDatum(state->met & 1 && state->met & UINT32_C(1) << i);
	PG_RETURN_ARRAYTYPE_P(
		construct_array(retained, state->conditions, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

/* ---- text: [conditions, met] ---- */

static void
read_scalar(cv_json *json, char *token, JsonTokenType kind)
{
	int64 *number = json->context;

	number[json->index[json->depth]] = cv_json_integer(json, token, kind);
}

Datum
cv_condition_union_in(PG_FUNCTION_ARGS)
{
	int64 number[2] = { 0, 0 };
	cv_json json = { 0 };

	json.type = type_name;
	json.form = "[conditions, met]";
	json.shape = "[";
	json.width = 2;
	json.scalar = read_scalar;
	json.context = number;
	cv_json_read(&json, PG_GETARG_CSTRING(0));
	if (!is_possible(number[0], number[1]))
		cv_malformed(type_name, "The conditions are out of range.");
	PG_RETURN_POINTER(new_union((int) number[0], (uint32) number[1]));
}

Datum
cv_condition_union_out(PG_FUNCTION_ARGS)
{
	const cv_condition_union *state = read_union(fcinfo, 0);

	PG_RETURN_CSTRING(psprintf("[%d, %u]", state->conditions, state->met));
}

Datum
cv_condition_union_recv(PG_FUNCTION_ARGS)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	int conditions;
	uint32 met;

	cv_receive_begin(buffer, type_name, 0);
	conditions = (int) pq_getmsgint(buffer, 4);
	met = pq_getmsgint(buffer, 4);
	if (!is_possible(conditions, met))
		cv_corrupt_binary(type_name, "The conditions are out of range.");
	PG_RETURN_POINTER(new_union(conditions, met));
}

Datum
cv_condition_union_send(PG_FUNCTION_ARGS)
{
	const cv_condition_union *state = read_union(fcinfo, 0);
	StringInfoData buffer;

	cv_send_begin(&buffer, 0);
	pq_sendint32(&buffer, state->conditions);
	pq_sendint32(&buffer, state->met);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
