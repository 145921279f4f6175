/*
 * numeric.c: reads numeric values where they lie.
 *
 * PostgreSQL keeps the layout to itself and offers text or more numerics as ways out, each
 * several times as slow as all else that happens to an amount.  But it is the form on disk, the
 * same from 9.1 on, that pg_upgrade relies on:
 *
 *   short  uint16  10 sign dscale[6] weight[7, two's complement], then the digits
 *   long   uint16  0 sign dscale[14], int16 weight, then the digits
 *   else   uint16  1100 NaN, 1101 infinity, 1111 -infinity
 *
 * Digits are int16 in base 10000, the first one counting 10000^weight.
 */
#include "postgres.h"

#include "pg/pg.h"

#define BASE 10000

#define IS_SHORT(header) (((header) &0xC000) == 0x8000)
#define IS_SPECIAL(header) (((header) &0xC000) == 0xC000)

static inline uint16
read_short(const char *from)
{
	uint16 value;

	memcpy(&value, from, sizeof(value));
	return value;
}

/*
 * A numeric in whole millionths, finer decimals rounded half to even; negative tells its sign
 * before rounding.  False: not a number, infinite, or beyond 9.2e12.
 */
bool
cv_numeric_millionths(Datum numeric, int64 *millionths, bool *negative)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(numeric);
	const char *from = VARDATA_ANY(value);
	const char *end = from + VARSIZE_ANY_EXHDR(value);
	uint16 header = read_short(from);
	uint64 whole = 0;
	int hundredths = 0; /* of a millionth */
	bool finer = false; /* something is left below them */
	int weight;

	from += sizeof(uint16);
	if (IS_SPECIAL(header))
		return false;
	if (IS_SHORT(header))
	{
		*negative = (header & 0x2000) != 0;
		weight = (header & 0x3F) - (header & 0x40);
	}
	else
	{
		*negative = (header & 0x4000) != 0;
		weight = (int16) read_short(from);
		from += sizeof(int16);
	}
	if (from < end && (weight > 3 || (weight == 3 && read_short(from) > 9)))
		return false;
	for (; from < end && weight >= -2; from += sizeof(int16), weight--)
	{
		uint64 digit = read_short(from);

		if (weight >= -1)
			whole = whole * BASE + digit;
		else
		{
			whole = whole * 100 + digit / 100;
			hundredths = digit % 100;
		}
	}
	finer = from < end;
	/* the digits end at the last that is not 0 */
	for (; weight >= -2; weight--)
		whole *= weight >= -1 ? BASE : 100;
	if (hundredths > 50 || (hundredths == 50 && (finer || (whole & 1))))
		whole++;
	if (whole > UINT64CONST(9200000000000000000))
		return false;
	*millionths = *negative ? -(int64) whole : (int64) whole;
	return true;
}
