/*
 * wire.c: the binary form of the types.  Big-endian fields behind a version and
 * a flags byte; every count is checked against what is left to read.
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "pg/pg.h"

/* Begins a binary form. */
void
cv_send_begin(StringInfo buffer, uint8 flags)
{
	pq_begintypsend(buffer);
	pq_sendbyte(buffer, CV_FORMAT_VERSION);
	pq_sendbyte(buffer, flags);
}

/* Reads version and flags; returns the flags. */
uint8
cv_receive_begin(StringInfo buffer, const char *type, uint8 known_flags)
{
	int version = pq_getmsgbyte(buffer);
	int flags = pq_getmsgbyte(buffer);

	if (version != CV_FORMAT_VERSION)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("unknown version %d of type %s", version, type),
			 errhint("The value was written by a newer customer_value: upgrade the extension.")));
	if (flags & ~known_flags)
		cv_corrupt_binary(type, "Reserved bits are set.");
	return (uint8) flags;
}

/* Reads the number of elements that follow, "element" bytes each on the wire. */
int64
cv_receive_count(StringInfo buffer, const char *type, Size element)
{
	int64 count = pq_getmsgint64(buffer);

	if (count < 0 || (uint64) count > (uint64) (buffer->len - buffer->cursor) / element)
		cv_corrupt_binary(type, "The number of entries does not fit the length.");
	return count;
}

/* Refuses a binary form or a stored value whose bytes cannot be right. */
void
cv_corrupt_binary(const char *type, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid binary form of type %s", type), errdetail_internal("%s", detail)));
}
