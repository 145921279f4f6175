/*
 * moments.c: sums and sums of products of several variables, exact, so that what is
 * computed from them is the same in whatever order and partition the rows came, and no
 * digits are lost where the means are large.
 */
#include "postgres.h"

#include <math.h>

#include "voice/voice.h"

/* Of a sum of squares what is variation, below which it counts as none. */
#define VARIATION 1e-45

/* An observation that moments can hold. */
void
cv_moments_check(const char *what, double value)
{
	if (!(value == 0 || (fabs(value) >= CV_VOICE_SMALLEST && fabs(value) <= CV_VOICE_LARGEST)))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("%s is out of range: %.15g", what, value),
						errdetail("Values are 0 or lie between 1e-100 and 1e100 in size.")));
}

/* Adds one row. */
void
cv_moments_add(cv_sum *moment, int k, const double *value)
{
	cv_sum *product = moment + k;
	int i;
	int j;

	for (i = 0; i < k; i++)
	{
		cv_sum_add(&moment[i], value[i]);
		for (j = i; j < k; j++)
			cv_sum_add_product(product++, value[i], value[j]);
	}
}

/* Adds the sums of other observations. */
void
cv_moments_merge(cv_sum *moment, const cv_sum *other, int k)
{
	int64 i;

	for (i = 0; i < CV_MOMENTS(k); i++)
		cv_sum_add_sum(&moment[i], &other[i]);
}

/* Brings the sums into normal form, in which equal sums have equal bytes. */
void
cv_moments_normalize(cv_sum *moment, int k)
{
	int64 i;

	for (i = 0; i < CV_MOMENTS(k); i++)
		cv_sum_normalize(&moment[i]);
}

/* Fills a k * k matrix with n times the sums of products about the means. */
void
cv_moments_centred(const cv_sum *moment, int k, int64 observations, double *matrix)
{
	const cv_sum *product = moment + k;
	int i;
	int j;

	for (i = 0; i < k; i++)
		for (j = i; j < k; j++)
			matrix[(Size) i * k + j] = matrix[(Size) j * k + i] =
				cv_sum_centred(&moment[i], &moment[j], product++, (double) observations);
}

/* The sum of products of two variables i <= j. */
static const cv_sum *
product_of(const cv_sum *moment, int k, int i, int j)
{
	return &moment[k + (int64) i * k - (int64) i * (i - 1) / 2 + (j - i)];
}

/* Whether a variable has the same value in all rows. */
bool
cv_moments_is_constant(const cv_sum *moment, int k, int i, int64 observations, const double *matrix)
{
	return matrix[(Size) i * k + i] <=
		   VARIATION * (double) observations * product_of(moment, k, i, i)->part[0];
}

/* What is wrong with sums from outside, or NULL. */
const char *
cv_moments_fault(const cv_sum *moment, int k)
{
	int64 i;

	for (i = 0; i < CV_MOMENTS(k); i++)
		if (!(fabs(moment[i].part[0]) <= (i < k ? 1e120 : 1e220)))
			return "A moment is out of range.";
	for (i = 0; i < k; i++)
		if (!(product_of(moment, k, (int) i, (int) i)->part[0] >= 0))
			return "A sum of squares is negative.";
	return NULL;
}

/* Appends the sums as an array. */
void
cv_append_moments(StringInfo text, const cv_sum *moment, int k)
{
	int64 i;

	for (i = 0; i < CV_MOMENTS(k); i++)
	{
		appendStringInfoString(text, i > 0 ? ", " : "[");
		cv_append_sum(text, &moment[i]);
	}
	appendStringInfoChar(text, ']');
}

/* Reads a member that holds them. */
void
cv_read_moments(cv_document *document, const char *key, cv_sum *moment, int k)
{
	JsonbContainer *list = cv_document_array(document, key);
	const char *fault;
	uint32 i;

	if (JsonContainerSize(list) != CV_MOMENTS(k))
		cv_malformed(document->type, "\"%s\" must be an array of %lld sums.", key,
					 (long long) CV_MOMENTS(k));
	for (i = 0; i < JsonContainerSize(list); i++)
		cv_read_sum(getIthJsonbValueFromContainer(list, i), document->type, key, &moment[i]);
	fault = cv_moments_fault(moment, k);
	if (fault)
		cv_malformed(document->type, "%s", fault);
}
