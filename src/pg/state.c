/*
 * state.c: summaries are flat, versioned varlenas from their first row on: the
 * aggregate's state is the stored value with some spare room.  So they travel
 * between workers and nodes as they are, and a changed pointer tells the
 * executor to copy the grown state into the aggregate's memory.
 */
#include "postgres.h"

#include "pg/pg.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/*
 * Allocates a zeroed state in the current context: "fixed" bytes and room for
 * "capacity" elements.  Refuses before allocating what would pass 1 GB.
 */
void *
cv_state_alloc(Size fixed, int64 capacity, Size element, const char *type, uint8 flags)
{
	cv_header *state;
	Size size;

	if (capacity < 0 || (uint64) capacity > (MaxAllocSize - fixed) / element)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("%s would exceed 1 GB", type),
				 errdetail("It would have to hold %lld entries of %zu bytes.", (long long) capacity,
						   element),
				 errhint("Aggregate fewer rows at a time, for example by GROUP BY.")));
	size = fixed + (Size) capacity * element;
	state = palloc(size);
	memset(state, 0, size); /* in wider steps than palloc0 takes for a few hundred bytes */
	SET_VARSIZE(state, size);
	state->version = CV_FORMAT_VERSION;
	state->flags = flags;
	return state;
}

/*
 * A summary argument, detoasted only if need be and checked as far as any reader
 * relies on: its size, version and flags.
 */
void *
cv_value_arg(FunctionCallInfo fcinfo, int argument, const char *type, Size smallest,
			 uint8 known_flags)
{
	cv_header *value = (cv_header *) PG_DETOAST_DATUM(PG_GETARG_DATUM(argument));

	if (VARSIZE(value) < smallest)
		cv_corrupt_binary(type, "The value is shorter than its header.");
	if (value->version != CV_FORMAT_VERSION)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("unknown version %d of type %s", value->version, type),
			 errhint("The value was written by a newer customer_value: upgrade the extension.")));
	if (value->flags & ~known_flags || value->reserved != 0)
		cv_corrupt_binary(type, "Reserved bits are set.");
	return value;
}

/* Transition functions change their state in place, which only an aggregate allows. */
void
cv_require_aggregate(FunctionCallInfo fcinfo)
{
	if (!AggCheckCallContext(fcinfo, NULL))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("function %s was called outside an aggregate",
							   get_func_name(fcinfo->flinfo->fn_oid)),
						errhint("Call the aggregate that it belongs to.")));
}

/* A count of what a state holds has come to the end of its range. */
void
cv_too_many(const char *what)
{
	ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					errmsg("more than %lld %s", (long long) PG_INT64_MAX, what)));
}
