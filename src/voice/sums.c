/*
 * sums.c: exact sums as text and in binary.
 *
 * Text: a number where one is exact, else an array of the parts, large to small.
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "voice/voice.h"

/* Appends a sum in normal form. */
void
cv_append_sum(StringInfo text, const cv_sum *sum)
{
	int i;

	if (sum->part[1] == 0)
	{
		cv_append_number(text, sum->part[0]);
		return;
	}
	for (i = 0; i < CV_SUM_PARTS && sum->part[i] != 0; i++)
	{
		appendStringInfoString(text, i > 0 ? ", " : "[");
		cv_append_number(text, sum->part[i]);
	}
	appendStringInfoChar(text, ']');
}

/* Reads a sum, which must be in normal form. */
void
cv_read_sum(const JsonbValue *value, const char *type, const char *key, cv_sum *sum)
{
	uint32 i;

	memset(sum, 0, sizeof(*sum));
	if (value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data))
	{
		JsonbContainer *parts = value->val.binary.data;

		if (JsonContainerSize(parts) > CV_SUM_PARTS)
			cv_malformed(type, "A sum in \"%s\" has more than %d parts.", key, CV_SUM_PARTS);
		for (i = 0; i < JsonContainerSize(parts); i++)
			sum->part[i] = cv_member_number(getIthJsonbValueFromContainer(parts, i), type, key);
	}
	else
		sum->part[0] = cv_member_number(value, type, key);
	if (!cv_sum_is_normal(sum))
		cv_malformed(type, "A sum in \"%s\" is not in its normal form.", key);
}

/* Writes the parts of a sum, which is in normal form. */
void
cv_send_sum(StringInfo buffer, const cv_sum *sum)
{
	int i;

	for (i = 0; i < CV_SUM_PARTS; i++)
		pq_sendfloat8(buffer, sum->part[i]);
}

/* Reads the parts of a sum, which must be in normal form. */
void
cv_receive_sum(StringInfo buffer, const char *type, cv_sum *sum)
{
	int i;

	for (i = 0; i < CV_SUM_PARTS; i++)
		sum->part[i] = pq_getmsgfloat8(buffer);
	if (!cv_sum_is_normal(sum))
		cv_corrupt_binary(type, "A sum is not in its normal form.");
}
