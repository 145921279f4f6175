/*
 * price_sensitivity.c: van Westendorp's (1976) price sensitivity meter.
 *
 * Four questions: at which price is the offer too cheap to trust, cheap, expensive,
 * too expensive?  Of the respondents whose answers rise strictly, F(p) is the share
 * of answers up to p.  The prices where curves cross, by linear interpolation between
 * the prices that were named:
 *
 *   marginal cheapness       1 - F too cheap = F cheap  ("not cheap")
 *   marginal expensiveness   F too expensive = 1 - F expensive  ("not expensive")
 *   indifference price       1 - F cheap = F expensive
 *   optimal price            1 - F too cheap = F too expensive
 *
 * The falling curves are shares above the price, and all curves run from 0 to 1 or
 * back, as in the R package pricesensitivitymeter 1.3.3; of several crossings the
 * lowest price counts.  Textbooks that count shares from the price on differ a little.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/int.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "value/value.h"

#define QUESTIONS 4

static const char *const question[QUESTIONS] = { "too_cheap", "cheap", "expensive",
												 "too_expensive" };

/* How often a price was named, by question. */
typedef struct named_price
{
	double price;
	int64 answers[QUESTIONS];
} named_price;

/* A state may be unsorted, with prices repeated, and has room for more than it holds. */
typedef struct cv_price_sensitivity
{
	cv_header header;
	int64 invalid; /* respondents whose prices do not rise */
	int64 count;   /* prices in use */
	named_price price[FLEXIBLE_ARRAY_MEMBER];
} cv_price_sensitivity;

#define CV_PRICES_UNSORTED 0x01

static const char type_name[] = "cv_price_sensitivity";

#define SMALLEST offsetof(cv_price_sensitivity, price)
#define CAPACITY(survey) ((int64) ((VARSIZE(survey) - SMALLEST) / sizeof(named_price)))

#define ST_SORT sort_prices
#define ST_ELEMENT_TYPE named_price
#define ST_COMPARE(a, b) ((a)->price < (b)->price ? -1 : (a)->price > (b)->price)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

PG_FUNCTION_INFO_V1(cv_price_sensitivity_trans);
PG_FUNCTION_INFO_V1(cv_price_sensitivity_combine);
PG_FUNCTION_INFO_V1(cv_price_sensitivity_final);
PG_FUNCTION_INFO_V1(cv_price_sensitivity_in);
PG_FUNCTION_INFO_V1(cv_price_sensitivity_out);
PG_FUNCTION_INFO_V1(cv_price_sensitivity_recv);
PG_FUNCTION_INFO_V1(cv_price_sensitivity_send);
PG_FUNCTION_INFO_V1(cv_price_points);

/* ---- the survey ---- */

static cv_price_sensitivity *
read_survey(FunctionCallInfo fcinfo, int argument)
{
	cv_price_sensitivity *survey =
		cv_value_arg(fcinfo, argument, type_name, SMALLEST, CV_PRICES_UNSORTED);

	if (survey->count < 0 || survey->count > CAPACITY(survey))
		cv_corrupt_binary(type_name, "The number of prices does not fit the length.");
	return survey;
}

static cv_price_sensitivity *
new_survey(int64 capacity, const cv_price_sensitivity *other)
{
	cv_price_sensitivity *survey =
		cv_state_alloc(SMALLEST, capacity, sizeof(named_price), type_name, 0);

	if (other)
	{
		survey->header.flags = other->header.flags;
		survey->invalid = other->invalid;
		survey->count = other->count;
		memcpy(survey->price, other->price, other->count * sizeof(named_price));
	}
	return survey;
}

static void
merge_answers(named_price *into, const named_price *from)
{
	int q;

	for (q = 0; q < QUESTIONS; q++)
		cv_count(&into->answers[q], from->answers[q], "respondents");
}

/* Sorts the prices in place and makes one entry of each. */
static void
sort_survey(cv_price_sensitivity *survey)
{
	int64 kept = 0;
	int64 i;

	if (!(survey->header.flags & CV_PRICES_UNSORTED))
		return;
	sort_prices(survey->price, survey->count);
	for (i = 1; i < survey->count; i++)
	{
		if (survey->price[i].price == survey->price[kept].price)
			merge_answers(&survey->price[kept], &survey->price[i]);
		else
			survey->price[++kept] = survey->price[i];
	}
	survey->count = survey->count > 0 ? kept + 1 : 0;
	survey->header.flags &= ~CV_PRICES_UNSORTED;
}

/* The survey as stored: sorted and of exact size; the argument where it is so. */
static const cv_price_sensitivity *
stored_survey(const cv_price_sensitivity *survey)
{
	cv_price_sensitivity *copy;

	if (!(survey->header.flags & CV_PRICES_UNSORTED) && survey->count == CAPACITY(survey))
		return survey;
	copy = new_survey(survey->count, survey);
	sort_survey(copy);
	SET_VARSIZE(copy, SMALLEST + (Size) copy->count * sizeof(named_price));
	return copy;
}

/* Adds how often a price was named; returns the survey, moved if it had to grow. */
static cv_price_sensitivity *
add_price(cv_price_sensitivity *survey, const named_price *price)
{
	if (survey->count == CAPACITY(survey))
	{
		sort_survey(survey);
		if (survey->count * 2 >= CAPACITY(survey))
			survey = new_survey(CAPACITY(survey) * 2 + 16, survey);
	}
	if (survey->count > 0 && price->price <= survey->price[survey->count - 1].price)
		survey->header.flags |= CV_PRICES_UNSORTED;
	survey->price[survey->count++] = *price;
	return survey;
}

/* price_sensitivity(too_cheap, cheap, expensive, too_expensive): a row with any NULL is ignored. */
Datum
cv_price_sensitivity_trans(PG_FUNCTION_ARGS)
{
	cv_price_sensitivity *survey = PG_ARGISNULL(0) ? NULL : read_survey(fcinfo, 0);
	double answer[QUESTIONS];
	bool rises = true;
	int q;

	cv_require_aggregate(fcinfo);
	for (q = 0; q < QUESTIONS; q++)
		if (PG_ARGISNULL(q + 1))
		{
			if (survey == NULL)
				PG_RETURN_NULL();
			PG_RETURN_POINTER(survey);
		}
	for (q = 0; q < QUESTIONS; q++)
	{
		answer[q] = PG_GETARG_FLOAT8(q + 1) + 0.0;
		if (!(answer[q] >= 0) || isinf(answer[q]))
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
							errmsg("%s must be a finite price of at least 0, not %g", question[q],
								   answer[q])));
		rises = rises && (q == 0 || answer[q - 1] < answer[q]);
	}
	if (survey == NULL)
		survey = new_survey(16, NULL);
	if (!rises)
	{
		cv_count(&survey->invalid, 1, "respondents");
		PG_RETURN_POINTER(survey);
	}
	for (q = 0; q < QUESTIONS; q++)
	{
		named_price price = { 0 };

		price.price = answer[q];
		price.answers[q] = 1;
		survey = add_price(survey, &price);
	}
	PG_RETURN_POINTER(survey);
}

/* Merges two surveys; also the transition of rollup(). */
Datum
cv_price_sensitivity_combine(PG_FUNCTION_ARGS)
{
	cv_price_sensitivity *survey;
	cv_price_sensitivity *other;
	int64 i;

	CV_RETURN_UNLESS_BOTH(survey, other, read_survey);
	cv_count(&survey->invalid, other->invalid, "respondents");
	for (i = 0; i < other->count; i++)
	{
		survey = add_price(survey, &other->price[i]);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_POINTER(survey);
}

Datum
cv_price_sensitivity_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(stored_survey(read_survey(fcinfo, 0)));
}

/* ---- price points ---- */

static int64
valid_answers(const cv_price_sensitivity *survey)
{
	int64 valid = 0;
	int64 i;

	for (i = 0; i < survey->count; i++)
		cv_count(&valid, survey->price[i].answers[0], "respondents");
	return valid;
}

/* The lowest price at which the share "rising" up to it reaches the share "falling" above it. */
static double
crossing(const cv_price_sensitivity *survey, int64 valid, int rising, int falling)
{
	int64 before = 0;
	int64 up_to = 0;
	int64 i;

	for (i = 0; i < survey->count; i++)
	{
		const named_price *price = &survey->price[i];
		int64 difference;

		up_to += price->answers[rising] + price->answers[falling];
		difference = up_to - valid;
		/* the curves begin at 0 and 1 and end at 1 and 0 */
		if (i == 0)
			difference = -valid;
		else if (i == survey->count - 1)
			difference = valid;
		if (difference == 0)
			return price->price;
		if (difference > 0)
			return price[-1].price + (price->price - price[-1].price) *
										 (-(double) before / ((double) difference - before));
		before = difference;
	}
	elog(ERROR, "price curves do not cross");
}

/* price_points(survey): NULL points where nobody's answers are valid. */
Datum
cv_price_points(PG_FUNCTION_ARGS)
{
	static const Oid types[] = { FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID, INT8OID, INT8OID };
	const cv_price_sensitivity *survey = stored_survey(read_survey(fcinfo, 0));
	int64 valid = valid_answers(survey);
	Datum values[6] = { 0 };
	bool nulls[6] = { true, true, true, true, false, false };

	if (valid > 0)
	{
		values[0] = Float8GetDatum(crossing(survey, valid, 1, 0));
		values[1] = Float8GetDatum(crossing(survey, valid, 3, 2));
		values[2] = Float8GetDatum(crossing(survey, valid, 2, 1));
		values[3] = Float8GetDatum(crossing(survey, valid, 3, 0));
		memset(nulls, false, sizeof(nulls));
	}
	values[4] = Int64GetDatum(valid);
	values[5] = Int64GetDatum(survey->invalid);
	return cv_row(fcinfo, values, nulls, "of price_points()", 6, types);
}

/* ---- text: {"invalid": 3, "prices": [[price, too_cheap, cheap, expensive, too_expensive], ..]} ---- */

/* Every survey from outside passes here; NULL or what is wrong with it. */
static const char *
find_fault(const cv_price_sensitivity *survey)
{
	int64 up_to[QUESTIONS] = { 0 };
	int64 i;
	int q;

	if (survey->invalid < 0)
		return "The number of invalid answers is negative.";
	for (i = 0; i < survey->count; i++)
	{
		const named_price *price = &survey->price[i];
		int64 below[QUESTIONS];
		bool named = false;

		memcpy(below, up_to, sizeof(below));
		if (!(price->price >= 0) || isinf(price->price))
			return "A price is out of range.";
		if (i > 0 && !(price[-1].price < price->price))
			return "The prices are not in order.";
		for (q = 0; q < QUESTIONS; q++)
		{
			if (price->answers[q] < 0 ||
				pg_add_s64_overflow(up_to[q], price->answers[q], &up_to[q]))
				return "A number of answers is out of range.";
			named = named || price->answers[q] > 0;
			if (q > 0 && up_to[q] > below[q - 1])
				return "The prices of some respondent cannot rise.";
		}
		if (!named)
			return "A price was never named.";
	}
	for (q = 1; q < QUESTIONS; q++)
		if (up_to[q] != up_to[0])
			return "The four questions have different numbers of answers.";
	return up_to[0] > PG_INT64_MAX / 2 ? "A number of answers is out of range." : NULL;
}

typedef struct survey_reader
{
	cv_price_sensitivity *survey;
	named_price price;
} survey_reader;

static void
read_scalar(cv_json *json, char *token, JsonTokenType kind)
{
	survey_reader *reader = json->context;
	int at = json->index[json->depth];

	if (json->depth == 1)
	{
		reader->survey->invalid = cv_json_integer(json, token, kind);
		return;
	}
	if (at == 0)
		reader->price.price = cv_json_number(json, token, kind) + 0.0;
	else
		reader->price.answers[at - 1] = cv_json_integer(json, token, kind);
	if (at < QUESTIONS)
		return;
	if (reader->survey->count > 0 &&
		!(reader->survey->price[reader->survey->count - 1].price < reader->price.price))
		cv_malformed(type_name, "The prices are not in order.");
	reader->survey = add_price(reader->survey, &reader->price);
}

Datum
cv_price_sensitivity_in(PG_FUNCTION_ARGS)
{
	survey_reader reader = { 0 };
	cv_json json = { 0 };
	const char *fault;

	reader.survey = new_survey(16, NULL);
	json.type = type_name;
	json.form = "{\"invalid\": number, \"prices\": [[price, too_cheap, cheap, expensive, "
				"too_expensive], ...]}";
	json.shape = "{[[";
	json.width = 1 + QUESTIONS;
	json.keys[0] = "prices";
	json.keys[1] = "invalid";
	json.scalar = read_scalar;
	json.context = &reader;
	cv_json_read(&json, PG_GETARG_CSTRING(0));
	fault = find_fault(reader.survey);
	if (fault)
		cv_malformed(type_name, "%s", fault);
	PG_RETURN_POINTER(stored_survey(reader.survey));
}

Datum
cv_price_sensitivity_out(PG_FUNCTION_ARGS)
{
	const cv_price_sensitivity *survey = stored_survey(read_survey(fcinfo, 0));
	StringInfoData text;
	int64 i;
	int q;

	initStringInfo(&text);
	appendStringInfo(&text, "{\"invalid\": %lld, \"prices\": [", (long long) survey->invalid);
	for (i = 0; i < survey->count; i++)
	{
		appendStringInfoString(&text, i > 0 ? ", [" : "[");
		cv_append_number(&text, survey->price[i].price);
		for (q = 0; q < QUESTIONS; q++)
			appendStringInfo(&text, ", %lld", (long long) survey->price[i].answers[q]);
		appendStringInfoChar(&text, ']');
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoString(&text, "]}");
	PG_RETURN_CSTRING(text.data);
}

Datum
cv_price_sensitivity_recv(PG_FUNCTION_ARGS)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	cv_price_sensitivity *survey;
	const char *fault;
	int64 invalid;
	int64 count;
	int64 i;
	int q;

	cv_receive_begin(buffer, type_name, 0);
	invalid = pq_getmsgint64(buffer);
	count = cv_receive_count(buffer, type_name, sizeof(named_price));
	survey = new_survey(count, NULL);
	survey->invalid = invalid;
	survey->count = count;
	for (i = 0; i < count; i++)
	{
		survey->price[i].price = pq_getmsgfloat8(buffer) + 0.0;
		for (q = 0; q < QUESTIONS; q++)
			survey->price[i].answers[q] = pq_getmsgint64(buffer);
	}
	fault = find_fault(survey);
	if (fault)
		cv_corrupt_binary(type_name, fault);
	PG_RETURN_POINTER(survey);
}

Datum
cv_price_sensitivity_send(PG_FUNCTION_ARGS)
{
	const cv_price_sensitivity *survey = stored_survey(read_survey(fcinfo, 0));
	StringInfoData buffer;
	int64 i;
	int q;

	cv_send_begin(&buffer, 0);
	pq_sendint64(&buffer, survey->invalid);
	pq_sendint64(&buffer, survey->count);
	for (i = 0; i < survey->count; i++)
	{
		pq_sendfloat8(&buffer, survey->price[i].price);
		for (q = 0; q < QUESTIONS; q++)
			pq_sendint64(&buffer, survey->price[i].answers[q]);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
