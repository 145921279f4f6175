/*
 * rating_data.c: ratings of described profiles, rating_data(rating, attributes,
 * respondent).  Equal ratings of one profile by one respondent are counted.
 */
#include "postgres.h"

#include "value/value.h"

PG_FUNCTION_INFO_V1(cv_rating_data_trans);
PG_FUNCTION_INFO_V1(cv_rating_data_combine);
PG_FUNCTION_INFO_V1(cv_rating_data_final);
PG_FUNCTION_INFO_V1(cv_rating_data_in);
PG_FUNCTION_INFO_V1(cv_rating_data_out);
PG_FUNCTION_INFO_V1(cv_rating_data_recv);
PG_FUNCTION_INFO_V1(cv_rating_data_send);

/* A row with any NULL is ignored. */
Datum
cv_rating_data_trans(PG_FUNCTION_ARGS)
{
	cv_answers *answers = PG_ARGISNULL(0) ? NULL : cv_answers_arg(fcinfo, 0, CV_RATINGS);
	uint8 flags = PG_NARGS() > 3 ? CV_RESPONDENTS : 0;
	cv_answer row;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || (flags && PG_ARGISNULL(3)))
		return cv_state_result(fcinfo, answers);
	memset(&row, 0, sizeof(row));
	row.value = cv_check_observation("rating", PG_GETARG_FLOAT8(1)) + 0.0;
	row.respondent = flags ? PG_GETARG_INT64(3) : 0;
	PG_RETURN_POINTER(cv_answers_add(fcinfo, answers, 2, CV_RATINGS | flags, &row));
}

Datum
cv_rating_data_combine(PG_FUNCTION_ARGS)
{
	return cv_answers_combine(fcinfo, CV_RATINGS);
}

Datum
cv_rating_data_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(cv_answers_stored(cv_answers_arg(fcinfo, 0, CV_RATINGS)));
}

Datum
cv_rating_data_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(cv_answers_read(PG_GETARG_CSTRING(0), CV_RATINGS));
}

Datum
cv_rating_data_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(cv_answers_write(cv_answers_stored(cv_answers_arg(fcinfo, 0, CV_RATINGS))));
}

Datum
cv_rating_data_recv(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(cv_answers_receive((StringInfo) PG_GETARG_POINTER(0), CV_RATINGS));
}

Datum
cv_rating_data_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(cv_answers_send(cv_answers_stored(cv_answers_arg(fcinfo, 0, CV_RATINGS))));
}
