/*
 * log_walk.c: a log by periods of the calendar, in one walk over its entries.
 */
#include "postgres.h"

#include "segment/segment.h"

/*
 * The log as it lies, without a copy but for a short one, which is not aligned where it
 * lies: "room" takes it.
 */
static const cv_activity_log *
log_in_place(FunctionCallInfo fcinfo, int argument, uint64 *room, Size size)
{
	struct varlena *raw = (struct varlena *) DatumGetPointer(PG_GETARG_DATUM(argument));
	cv_activity_log *log;

	if (!VARATT_IS_EXTERNAL(raw) && VARATT_IS_SHORT(raw) &&
		VARSIZE_SHORT(raw) - VARHDRSZ_SHORT + VARHDRSZ <= size &&
		VARSIZE_SHORT(raw) - VARHDRSZ_SHORT + VARHDRSZ >= offsetof(cv_activity_log, entry))
	{
		log = (cv_activity_log *) room;
		memcpy((char *) log + VARHDRSZ, VARDATA_SHORT(raw), VARSIZE_SHORT(raw) - VARHDRSZ_SHORT);
		SET_VARSIZE(log, VARSIZE_SHORT(raw) - VARHDRSZ_SHORT + VARHDRSZ);
		if (log->header.version == CV_FORMAT_VERSION && log->header.flags == 0 &&
			log->header.reserved == 0 && log->count >= 0 && log->count <= CV_LOG_CAPACITY(log))
			return log;
	}
	return cv_log_sorted(cv_log_arg(fcinfo, argument, cv_activity_log_type));
}

/* What a customer did, period by period: those with an entry, in the order of time. */
void
cv_log_walk_periods(FunctionCallInfo fcinfo, int argument, cv_period period, cv_log_walk *walk)
{
	uint64 room[16];
	const cv_activity_log *log = log_in_place(fcinfo, argument, room, sizeof(room));
	cv_period_activity *current = walk->room - 1;
	int32 i;

	walk->at = walk->room;
	if (log->count > CV_WALK_ROOM)
	{
		walk->at = MemoryContextAllocHuge(CurrentMemoryContext,
										  (Size) log->count * sizeof(cv_period_activity));
		current = walk->at - 1;
	}
	if (log->count > 0)
		cv_period_check_first(period, log->entry[0].day);
	for (i = 0; i < log->count; i++)
	{
		const cv_activity *entry = &log->entry[i];
		int64 number = cv_period_of(period, entry->day);

		if (current < walk->at || current->number != number)
		{
			current++;
			current->number = number;
			current->amount = 0;
			current->active = false;
		}
		current->amount += entry->amount;
		current->active |= entry->events > 0;
	}
	walk->count = (int32) (current - walk->at + 1);
}
