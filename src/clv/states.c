/*
 * states.c: customers who move between states, clv(transition, reward,
 * discount_rate, periods), and the counts that tell how they move.
 *
 * The Markov chain model of Pfeifer and Carraway (2000): with the probabilities
 * P of moving from state to state in one period and the reward R of being in a
 * state, received at the start of the period,
 *
 *   V = sum of (P / (1 + d))^t R over t = 0..periods,
 *   V = (I - P / (1 + d))^-1 R for ever.
 *
 * What a row of P lacks to 1 are customers who leave for good.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "core/linear.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "pg/pg.h"
#include "utils/array.h"

/*
 * Counted transitions.  A state of the aggregate has room for more states than
 * have been seen; the stored form has stride = states.
 */
typedef struct cv_transition_matrix
{
	cv_header header;
	int32 states; /* the largest state seen */
	int32 stride; /* states there is room for */
	int64 count[FLEXIBLE_ARRAY_MEMBER];
} cv_transition_matrix;

#define MOST_STATES 1000
#define ROUNDING 1e-9 /* by which a sum of typed probabilities may pass 1 */

static const char type_name[] = "cv_transition_matrix";

#define SMALLEST offsetof(cv_transition_matrix, count)
#define CELL(matrix, from, to) ((matrix)->count[(int64) (from) * (matrix)->stride + (to)])

PG_FUNCTION_INFO_V1(cv_transition_matrix_trans);
PG_FUNCTION_INFO_V1(cv_transition_matrix_combine);
PG_FUNCTION_INFO_V1(cv_transition_matrix_final);
PG_FUNCTION_INFO_V1(cv_transition_matrix_in);
PG_FUNCTION_INFO_V1(cv_transition_matrix_out);
PG_FUNCTION_INFO_V1(cv_transition_matrix_recv);
PG_FUNCTION_INFO_V1(cv_transition_matrix_send);
PG_FUNCTION_INFO_V1(cv_probabilities);
PG_FUNCTION_INFO_V1(cv_clv_states);

/* ---- counting ---- */

static cv_transition_matrix *
read_matrix(FunctionCallInfo fcinfo, int argument)
{
	cv_transition_matrix *matrix = cv_value_arg(fcinfo, argument, type_name, SMALLEST, 0);

	if (matrix->states < 1 || matrix->states > matrix->stride || matrix->stride > MOST_STATES ||
		VARSIZE(matrix) != SMALLEST + (Size) matrix->stride * matrix->stride * sizeof(int64))
		cv_corrupt_binary(type_name, "The number of states does not fit the length.");
	return matrix;
}

/* A matrix of "stride" states with the counts of another one (or NULL), of "states". */
static cv_transition_matrix *
new_matrix(int32 states, int32 stride, const cv_transition_matrix *other)
{
	cv_transition_matrix *matrix =
		cv_state_alloc(SMALLEST, (int64) stride * stride, sizeof(int64), type_name, 0);
	int32 i;

	matrix->states = states;
	matrix->stride = stride;
	for (i = 0; other && i < other->states; i++)
		memcpy(&CELL(matrix, i, 0), &CELL(other, i, 0), other->states * sizeof(int64));
	return matrix;
}

/* Makes room for so many states; returns the matrix, moved if it had to grow. */
static cv_transition_matrix *
make_room(cv_transition_matrix *matrix, int32 states)
{
	if (matrix == NULL || states > matrix->stride)
		matrix = new_matrix(states, Min(MOST_STATES, Max(4, states + states / 2)), matrix);
	matrix->states = Max(matrix->states, states);
	return matrix;
}

static int32
check_state(const char *name, int32 state)
{
	if (state < 1)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("%s must be at least 1, not %d", name, state),
						errdetail("States are numbered from 1.")));
	if (state > MOST_STATES)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("%s is %d, beyond the limit of %d states", name, state, MOST_STATES),
						errhint("Number the states from 1 without gaps, for example by "
								"dense_rank(), or use fewer.")));
	return state;
}

/* transition_matrix(from_state, to_state): a row with a NULL is ignored. */
Datum
cv_transition_matrix_trans(PG_FUNCTION_ARGS)
{
	cv_transition_matrix *matrix = PG_ARGISNULL(0) ? NULL : read_matrix(fcinfo, 0);
	int32 from;
	int32 to;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return cv_state_result(fcinfo, matrix);
	from = check_state("from_state", PG_GETARG_INT32(1));
	to = check_state("to_state", PG_GETARG_INT32(2));
	matrix = make_room(matrix, Max(from, to));
	cv_count(&CELL(matrix, from - 1, to - 1), 1, "transitions between two states");
	PG_RETURN_POINTER(matrix);
}

/* Merges two matrices; also the transition of rollup(transition_matrix). */
Datum
cv_transition_matrix_combine(PG_FUNCTION_ARGS)
{
	cv_transition_matrix *matrix;
	cv_transition_matrix *other;
	int32 i;
	int32 j;

	CV_RETURN_UNLESS_BOTH(matrix, other, read_matrix);
	matrix = make_room(matrix, other->states);
	for (i = 0; i < other->states; i++)
		for (j = 0; j < other->states; j++)
			cv_count(&CELL(matrix, i, j), CELL(other, i, j), "transitions between two states");
	PG_RETURN_POINTER(matrix);
}

/* The matrix as it is stored. */
Datum
cv_transition_matrix_final(PG_FUNCTION_ARGS)
{
	cv_transition_matrix *matrix;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	matrix = read_matrix(fcinfo, 0);
	if (matrix->stride > matrix->states)
		matrix = new_matrix(matrix->states, matrix->states, matrix);
	PG_RETURN_POINTER(matrix);
}

/* ---- text: {"states": 3, "transitions": [[from, to, count], ..]}, without those of count 0 ---- */

typedef struct matrix_reader
{
	cv_transition_matrix *matrix;
	int64 cell[3]; /* from, to, count */
	int64 last;	   /* pair of states read before */
	int64 states;
} matrix_reader;

/* Every entry from outside passes here; the pair of states must come after the one before. */
static void
check_cell(const int64 *cell, int64 *last, int64 states, bool binary)
{
	const char *detail = NULL;

	if (cell[0] < 1 || cell[1] < 1 || cell[0] > states || cell[1] > states)
		detail = "A state is out of range.";
	else if (cell[2] < 1)
		detail = "A number of transitions is not positive.";
	else if (cell[0] * (MOST_STATES + 1) + cell[1] <= *last)
		detail = "The transitions are not in order.";
	if (detail && binary)
		cv_corrupt_binary(type_name, detail);
	if (detail)
		cv_malformed(type_name, "%s", detail);
	*last = cell[0] * (MOST_STATES + 1) + cell[1];
}

static void
read_scalar(cv_json *json, char *token, JsonTokenType kind)
{
	matrix_reader *reader = json->context;
	int64 number = cv_json_integer(json, token, kind);

	if (json->depth == 1)
	{
		if (number < 1 || number > MOST_STATES)
			cv_malformed(type_name, "The number of states must lie between 1 and %d.", MOST_STATES);
		reader->states = number;
		return;
	}
	reader->cell[json->index[json->depth]] = number;
	if (json->index[json->depth] < 2)
		return;
	check_cell(reader->cell, &reader->last, MOST_STATES, false);
	reader->matrix = make_room(reader->matrix, (int32) Max(reader->cell[0], reader->cell[1]));
	CELL(reader->matrix, reader->cell[0] - 1, reader->cell[1] - 1) = reader->cell[2];
}

Datum
cv_transition_matrix_in(PG_FUNCTION_ARGS)
{
	matrix_reader reader = { 0 };
	cv_json json = { 0 };

	json.type = type_name;
	json.form = "{\"states\": number, \"transitions\": [[from, to, count], ...]}";
	json.shape = "{[[";
	json.width = 3;
	json.keys[0] = "transitions";
	json.keys[1] = "states";
	json.scalar = read_scalar;
	json.context = &reader;
	cv_json_read(&json, PG_GETARG_CSTRING(0));
	if (reader.matrix && reader.matrix->states > reader.states)
		cv_malformed(type_name, "A state is out of range.");
	PG_RETURN_POINTER(new_matrix((int32) reader.states, (int32) reader.states, reader.matrix));
}

Datum
cv_transition_matrix_out(PG_FUNCTION_ARGS)
{
	const cv_transition_matrix *matrix = read_matrix(fcinfo, 0);
	const char *separator = "";
	StringInfoData text;
	int32 i;
	int32 j;

	initStringInfo(&text);
	appendStringInfo(&text, "{\"states\": %d, \"transitions\": [", matrix->states);
	for (i = 0; i < matrix->states; i++)
		for (j = 0; j < matrix->states; j++)
			if (CELL(matrix, i, j) > 0)
			{
				appendStringInfo(&text, "%s[%d, %d, %lld]", separator, i + 1, j + 1,
								 (long long) CELL(matrix, i, j));
				separator = ", ";
			}
	appendStringInfoString(&text, "]}");
	PG_RETURN_CSTRING(text.data);
}

Datum
cv_transition_matrix_recv(PG_FUNCTION_ARGS)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	cv_transition_matrix *matrix;
	int32 states;
	int64 last = 0;
	int64 count;
	int64 i;

	cv_receive_begin(buffer, type_name, 0);
	states = (int32) pq_getmsgint(buffer, 4);
	if (states < 1 || states > MOST_STATES)
		cv_corrupt_binary(type_name, "The number of states is out of range.");
	count = cv_receive_count(buffer, type_name, 16);
	matrix = new_matrix(states, states, NULL);
	for (i = 0; i < count; i++)
	{
		int64 cell[3];

		cell[0] = (int32) pq_getmsgint(buffer, 4);
		cell[1] = (int32) pq_getmsgint(buffer, 4);
		cell[2] = pq_getmsgint64(buffer);
		check_cell(cell, &last, states, true);
		CELL(matrix, cell[0] - 1, cell[1] - 1) = cell[2];
	}
	PG_RETURN_POINTER(matrix);
}

Datum
cv_transition_matrix_send(PG_FUNCTION_ARGS)
{
	const cv_transition_matrix *matrix = read_matrix(fcinfo, 0);
	StringInfoData buffer;
	int64 count = 0;
	int32 i;
	int32 j;

	for (i = 0; i < matrix->states; i++)
		for (j = 0; j < matrix->states; j++)
			count += CELL(matrix, i, j) > 0;
	cv_send_begin(&buffer, 0);
	pq_sendint32(&buffer, matrix->states);
	pq_sendint64(&buffer, count);
	for (i = 0; i < matrix->states; i++)
		for (j = 0; j < matrix->states; j++)
			if (CELL(matrix, i, j) > 0)
			{
				pq_sendint32(&buffer, i + 1);
				pq_sendint32(&buffer, j + 1);
				pq_sendint64(&buffer, CELL(matrix, i, j));
			}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* ---- probabilities ---- */

/* probabilities(matrix): each row's counts by their sum; a state never left is absorbing. */
Datum
cv_probabilities(PG_FUNCTION_ARGS)
{
	const cv_transition_matrix *matrix = read_matrix(fcinfo, 0);
	int32 n = matrix->states;
	Datum *element = palloc((Size) n * n * sizeof(Datum));
	int sizes[2] = { n, n };
	int lower[2] = { 1, 1 };
	int32 i;
	int32 j;

	for (i = 0; i < n; i++)
	{
		int128 total = 0;

		for (j = 0; j < n; j++)
			total += CELL(matrix, i, j);
		for (j = 0; j < n; j++)
			element[(int64) i * n + j] =
				Float8GetDatum(total == 0 ? i == j : (double) CELL(matrix, i, j) / (double) total);
	}
	PG_RETURN_ARRAYTYPE_P(construct_md_array(element, NULL, 2, sizes, lower, FLOAT8OID,
											 sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* ---- value ---- */

static void
check_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* Refuses a NULL element of a vector (columns 0) or matrix. */
static void
check_nulls(ArrayType *array, const char *name, int columns)
{
	uint8 *bitmap = ARR_NULLBITMAP(array);
	int count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	int i;

	for (i = 0; bitmap && i < count; i++)
	{
		if (bitmap[i / 8] & (1 << (i % 8)))
			continue;
		if (columns > 0)
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
							errmsg("%s must not contain NULL: row %d, column %d", name,
								   i / columns + 1, i % columns + 1)));
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("%s must not contain NULL: element %d", name, i + 1)));
	}
}

/*
 * Probabilities of moving, n * n in a copy, and what of each row leaves for good.
 * A sum that passes 1 by rounding is scaled to 1, one that misses it by rounding
 * lacks nothing.
 */
static double *
transition_arg(FunctionCallInfo fcinfo, int argument, int *n, double **leaving)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(argument);
	double *transition;
	int i;
	int j;

	if (ARR_NDIM(array) != 2 || ARR_DIMS(array)[0] != ARR_DIMS(array)[1])
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 ARR_NDIM(array) == 2
					 ? errmsg("transition must be a square matrix, not %d by %d",
							  ARR_DIMS(array)[0], ARR_DIMS(array)[1])
					 : errmsg("transition must have two dimensions, not %d", ARR_NDIM(array)),
				 errdetail("It has a row and a column for every state.")));
	*n = ARR_DIMS(array)[0];
	check_nulls(array, "transition", *n);
	transition = palloc((Size) *n * *n * sizeof(double));
	memcpy(transition, ARR_DATA_PTR(array), (Size) *n * *n * sizeof(double));
	*leaving = palloc(*n * sizeof(double));
	for (i = 0; i < *n; i++)
	{
		double *row = transition + (Size) i * *n;
		double sum = 0;

		for (j = 0; j < *n; j++)
		{
			if (!(row[j] >= 0 && row[j] <= 1 + ROUNDING))
				ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
								errmsg("transition must hold probabilities, not %.15g in row %d, "
									   "column %d",
									   row[j], i + 1, j + 1),
								errdetail("Probabilities lie between 0 and 1.")));
			sum += row[j];
		}
		if (!(sum <= 1 + ROUNDING))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("row %d of transition adds up to %.15g, which is above 1", i + 1, sum),
					 errdetail("Its entries are the probabilities of moving from state %d. Sums up "
							   "to 1 + %g pass for 1.",
							   i + 1, ROUNDING)));
		for (j = 0; sum > 1 && j < *n; j++)
			row[j] /= sum;
		(*leaving)[i] = 1 - sum > *n * DBL_EPSILON ? 1 - sum : 0;
	}
	return transition;
}

/* clv(transition, reward, discount_rate, periods): NULL periods are infinitely many. */
Datum
cv_clv_states(PG_FUNCTION_ARGS)
{
	ArrayType *rewards;
	double *transition;
	double *leaving;
	double *reward;
	double *value;
	Datum *element;
	double rate;
	int n;
	int i;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	transition = transition_arg(fcinfo, 0, &n, &leaving);
	rewards = PG_GETARG_ARRAYTYPE_P(1);
	if (ARR_NDIM(rewards) != 1 || ARR_DIMS(rewards)[0] != n)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						ARR_NDIM(rewards) <= 1
							? errmsg("reward has %d elements for %d states",
									 ARR_NDIM(rewards) == 1 ? ARR_DIMS(rewards)[0] : 0, n)
							: errmsg("reward must have one dimension, not %d", ARR_NDIM(rewards)),
						errdetail("It has one element for every row of transition.")));
	check_nulls(rewards, "reward", 0);
	reward = (double *) ARR_DATA_PTR(rewards);
	for (i = 0; i < n; i++)
		if (!isfinite(reward[i]))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("reward must hold finite numbers, not %.15g in element %d",
								   reward[i], i + 1)));
	rate = cv_check_range("discount_rate", PG_GETARG_FLOAT8(2), 0, INFINITY);
	value = palloc(n * sizeof(double));
	if (PG_ARGISNULL(3))
	{
		if (rate == 0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("infinitely many periods need a discount_rate above 0"),
							errhint("Give a number of periods or a discount_rate.")));
		/* ((1 + d) I - P) V = (1 + d) R, whose row sums are what leaves plus d */
		for (i = 0; i < n; i++)
		{
			leaving[i] += rate;
			value[i] = reward[i] * (1 + rate);
		}
		cv_chain_value(n, transition, leaving, value, check_interrupts);
	}
	else
	{
		if (PG_GETARG_INT32(3) < 0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("periods must not be negative, not %d", PG_GETARG_INT32(3)),
							errhint("NULL, the default, stands for infinitely many periods.")));
		for (i = 0; i < n * n; i++)
			transition[i] /= 1 + rate;
		/* leaving is no longer needed and serves as scratch */
		cv_chain_sum(n, transition, reward, PG_GETARG_INT32(3), value, leaving, check_interrupts);
	}
	element = palloc(n * sizeof(Datum));
	for (i = 0; i < n; i++)
	{
		if (!isfinite(value[i]))
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
							errmsg("clv of state %d is out of range", i + 1)));
		element[i] = Float8GetDatum(value[i]);
	}
	PG_RETURN_ARRAYTYPE_P(
		construct_array(element, n, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}
