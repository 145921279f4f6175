/*
 * choice_data.c: choices among described alternatives, choice_data(choice_set,
 * chosen, attributes, respondent, weight).
 *
 * A row is an alternative.  A choice set is known by its number together with the
 * respondent where there is one, so that numbers may begin anew for each.  A row
 * with a NULL in chosen, attributes or weight makes its set incomplete; only where
 * the set itself or the respondent is NULL the row belongs to nothing and is ignored.
 */
#include "postgres.h"

#include <math.h>

#include "value/value.h"

PG_FUNCTION_INFO_V1(cv_choice_data_trans);
PG_FUNCTION_INFO_V1(cv_choice_data_combine);
PG_FUNCTION_INFO_V1(cv_choice_data_final);
PG_FUNCTION_INFO_V1(cv_choice_data_in);
PG_FUNCTION_INFO_V1(cv_choice_data_out);
PG_FUNCTION_INFO_V1(cv_choice_data_recv);
PG_FUNCTION_INFO_V1(cv_choice_data_send);

Datum
cv_choice_data_trans(PG_FUNCTION_ARGS)
{
	cv_answers *answers = PG_ARGISNULL(0) ? NULL : cv_answers_arg(fcinfo, 0, 0);
	uint8 flags = PG_NARGS() > 4 ? CV_RESPONDENTS : 0;
	cv_answer row;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(1) || (flags && PG_ARGISNULL(4)))
		return cv_state_result(fcinfo, answers);
	memset(&row, 0, sizeof(row));
	row.choice_set = PG_GETARG_INT64(1);
	row.respondent = flags ? PG_GETARG_INT64(4) : 0;
	row.chosen = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);
	row.value = 1;
	if (PG_NARGS() > 5 && !PG_ARGISNULL(5))
		row.value = cv_check_weight(PG_GETARG_FLOAT8(5)) + 0.0;
	if (PG_ARGISNULL(2) || PG_ARGISNULL(3) || (PG_NARGS() > 5 && PG_ARGISNULL(5)))
		row.value = CV_MISSING;
	PG_RETURN_POINTER(cv_answers_add(fcinfo, answers, 3, flags, &row));
}

Datum
cv_choice_data_combine(PG_FUNCTION_ARGS)
{
	return cv_answers_combine(fcinfo, 0);
}

Datum
cv_choice_data_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(cv_answers_stored(cv_answers_arg(fcinfo, 0, 0)));
}

Datum
cv_choice_data_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(cv_answers_read(PG_GETARG_CSTRING(0), 0));
}

Datum
cv_choice_data_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(cv_answers_write(cv_answers_stored(cv_answers_arg(fcinfo, 0, 0))));
}

Datum
cv_choice_data_recv(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(cv_answers_receive((StringInfo) PG_GETARG_POINTER(0), 0));
}

Datum
cv_choice_data_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(cv_answers_send(cv_answers_stored(cv_answers_arg(fcinfo, 0, 0))));
}
