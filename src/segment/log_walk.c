/*
 * log_walk.c: a log by periods of the calendar, in one walk over its entries.
 */
#include "postgres.h"

#include "segment/segment.h"

/* What a log begins with, after its length. */
typedef struct log_head
{
	uint8 version;
	uint8 flags;
	uint16 reserved;
	int32 count;
	DateADT as_of;
} log_head;

StaticAssertDecl(VARHDRSZ + sizeof(log_head) == offsetof(cv_activity_log, entry),
				 "a log's entries follow its head");

/* See cv_log_entries_arg: the periods of all its days are ones that can be told. */
static inline cv_log_entries
checked(cv_log_entries entries, cv_period period)
{
	if (entries.count > 0)
		cv_period_check_first(period, cv_log_entry(entries, 0).day);
	return entries;
}

/*
 * A log argument to be walked by periods: its entries as they lie, without a copy unless it is
 * compressed or unsorted.
 */
cv_log_entries
cv_log_entries_arg(FunctionCallInfo fcinfo, int argument, cv_period period)
{
	struct varlena *raw = (struct varlena *) DatumGetPointer(PG_GETARG_DATUM(argument));
	const cv_activity_log *log;
	cv_log_entries entries;

	if (!VARATT_IS_EXTERNAL(raw) && !VARATT_IS_COMPRESSED(raw) &&
		VARSIZE_ANY_EXHDR(raw) >= sizeof(log_head))
	{
		log_head head;

		memcpy(&head, VARDATA_ANY(raw), sizeof(head));
		entries.count = head.count;
		entries.at = VARDATA_ANY(raw) + sizeof(head);
		if (head.version == CV_FORMAT_VERSION && head.flags == 0 && head.reserved == 0 &&
			head.count >= 0 &&
			(Size) head.count <= (VARSIZE_ANY_EXHDR(raw) - sizeof(head)) / sizeof(cv_activity))
			return checked(entries, period);
	}
	log = cv_log_sorted(cv_log_arg(fcinfo, argument, cv_activity_log_type));
	entries.count = log->count;
	entries.at = (const char *) log->entry;
	return checked(entries, period);
}

/*
 * What a customer did, period by period: those with an entry, in the order of time.  Without a
 * branch on whether another period begins, which nobody could guess.
 */
void
cv_log_walk_periods(cv_log_entries entries, cv_period period, cv_log_walk *walk)
{
	cv_period_activity *current;
	cv_period_activity sum = { 0 };
	int32 i;

	walk->at = walk->room;
	if (entries.count > CV_WALK_ROOM)
		walk->at = MemoryContextAllocHuge(CurrentMemoryContext,
										  (Size) entries.count * sizeof(cv_period_activity));
	current = walk->at;
	for (i = 0; i < entries.count; i++)
	{
		cv_activity entry = cv_log_entry(entries, i);
		int64 number = cv_period_of(period, entry.day);
		bool same = number == sum.number && i > 0;

		sum.amount = (sum.amount & -(int64) same) + entry.amount;
		sum.number = number;
		sum.active = (sum.active & same) | (entry.events > 0);
		current += !same && i > 0;
		*current = sum;
	}
	walk->count = entries.count > 0 ? (int32) (current - walk->at + 1) : 0;
}
