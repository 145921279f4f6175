/*
 * log_walk.c: a log by periods of the calendar, in one walk over its entries.
 */
#include "postgres.h"

#include "segment/segment.h"

/* The entries of a log: where they lie is aligned to nothing in a short varlena. */
typedef struct log_entries
{
	int32 count;
	const char *at;
} log_entries;

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

/* The entries of a log as it lies, without a copy of a sorted one that is not compressed. */
static inline log_entries
entries_arg(FunctionCallInfo fcinfo, int argument)
{
	struct varlena *raw = (struct varlena *) DatumGetPointer(PG_GETARG_DATUM(argument));
	const cv_activity_log *log;
	log_entries entries;

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
			return entries;
	}
	log = cv_log_sorted(cv_log_arg(fcinfo, argument, cv_activity_log_type));
	entries.count = log->count;
	entries.at = (const char *) log->entry;
	return entries;
}

static inline cv_activity
entry_at(const log_entries *entries, int32 i)
{
	cv_activity entry;

	memcpy(&entry, entries->at + (Size) i * sizeof(entry), sizeof(entry));
	return entry;
}

/*
 * Sums entries, of which there is one at least, by periods; returns how many there are.
 * Without a branch on whether another one begins, which nobody could guess.
 */
static pg_attribute_always_inline int32
sum_by(cv_period period, const log_entries *entries, cv_period_activity *at)
{
	cv_activity entry = entry_at(entries, 0);
	cv_period_activity *current = at;
	cv_period_activity sum = { entry.amount, cv_period_of(period, entry.day), entry.events > 0 };
	int32 i;

	*current = sum;
	for (i = 1; i < entries->count; i++)
	{
		int64 number;
		int64 same;

		entry = entry_at(entries, i);
		number = cv_period_of(period, entry.day);
		same = -(int64) (number == sum.number);
		sum.amount = (sum.amount & same) + entry.amount;
		sum.number = number;
		sum.active = (sum.active & same) | (entry.events > 0);
		current += 1 + same;
		*current = sum;
	}
	return (int32) (current - at + 1);
}

/* What a customer did, period by period: those with an entry, in the order of time. */
void
cv_log_walk_periods(FunctionCallInfo fcinfo, int argument, cv_period period, cv_log_walk *walk)
{
	log_entries entries = entries_arg(fcinfo, argument);

	walk->at = walk->room;
	walk->count = 0;
	if (entries.count == 0)
		return;
	if (entries.count > CV_WALK_ROOM)
		walk->at = MemoryContextAllocHuge(CurrentMemoryContext,
										  (Size) entries.count * sizeof(cv_period_activity));
	cv_period_check_first(period, entry_at(&entries, 0).day);
	if (period == CV_MONTH)
		walk->count = sum_by(CV_MONTH, &entries, walk->at);
	else
		walk->count = sum_by(period, &entries, walk->at);
}
