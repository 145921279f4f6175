/*
 * support.c: tickets of support as of an instant, and their metrics.
 *
 * What has not happened by as_of has not happened yet: a ticket without a reply runs,
 * and once it is past due it has broken its promise, whether or not it will ever be
 * answered.  Counting answered tickets only would flatter.  Durations are kept one by
 * one, as exact percentiles need them: 8 bytes for each reply and each resolution.
 */
#include "postgres.h"

#include <math.h>

#include "care/care.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

const char cv_support_type[] = "cv_support_summary";

#define SMALLEST sizeof(cv_support_summary)

#define ST_SORT sort_durations
#define ST_ELEMENT_TYPE int64
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

PG_FUNCTION_INFO_V1(cv_support_summary_trans);
PG_FUNCTION_INFO_V1(cv_support_summary_combine);
PG_FUNCTION_INFO_V1(cv_support_summary_final);
PG_FUNCTION_INFO_V1(cv_support_metrics);

/* ---- state ---- */

static Size
fixed_size(const cv_support_summary *summary)
{
	return SMALLEST + summary->calendar_size;
}

static int64
capacity_of(const cv_support_summary *summary)
{
	return (int64) ((VARSIZE(summary) - fixed_size(summary)) / sizeof(int64));
}

static cv_support_summary *
read_summary(FunctionCallInfo fcinfo, int argument)
{
	cv_support_summary *summary =
		cv_value_arg(fcinfo, argument, cv_support_type, SMALLEST, CV_SUPPORT_UNSORTED);

	if (summary->calendar_size < 0 || summary->calendar_size % 8 != 0 ||
		VARSIZE(summary) < fixed_size(summary) || summary->durations < 0 ||
		summary->durations > capacity_of(summary))
		cv_corrupt_binary(cv_support_type, "The number of durations does not fit the length.");
	if (summary->calendar_size > 0 &&
		VARSIZE(cv_support_calendar(summary)) > summary->calendar_size)
		cv_corrupt_binary(cv_support_type, "The calendar does not fit the length.");
	return summary;
}

/* An empty summary with a calendar, which may be NULL, and room for so many durations. */
cv_support_summary *
cv_support_new(const cv_business_calendar *calendar, int64 durations)
{
	int32 size = calendar ? TYPEALIGN(8, VARSIZE(calendar)) : 0;
	cv_support_summary *summary =
		cv_state_alloc(SMALLEST + size, durations, sizeof(int64), cv_support_type, 0);

	summary->calendar_size = size;
	if (calendar)
		memcpy(summary + 1, calendar, VARSIZE(calendar));
	return summary;
}

/* A copy with room for so many durations. */
static cv_support_summary *
copy_summary(const cv_support_summary *summary, int64 capacity)
{
	cv_support_summary *copy = cv_state_alloc(fixed_size(summary), capacity, sizeof(int64),
											  cv_support_type, summary->header.flags);

	memcpy((char *) copy + sizeof(cv_header), (const char *) summary + sizeof(cv_header),
		   fixed_size(summary) - sizeof(cv_header) + summary->durations * sizeof(int64));
	return copy;
}

/* A summary argument in its stored form: sorted, of exact size. */
const cv_support_summary *
cv_support_arg(FunctionCallInfo fcinfo, int argument)
{
	cv_support_summary *summary = read_summary(fcinfo, argument);

	if (!(summary->header.flags & CV_SUPPORT_UNSORTED) &&
		capacity_of(summary) == summary->durations)
		return summary;
	summary = copy_summary(summary, summary->durations);
	sort_durations(cv_support_durations(summary), summary->durations);
	summary->header.flags &= ~CV_SUPPORT_UNSORTED;
	return summary;
}

/* Room for so many more durations; returns the state, moved if it had to grow. */
static cv_support_summary *
make_room(cv_support_summary *summary, int64 more)
{
	int64 needed = summary->durations + more;

	if (needed <= capacity_of(summary))
		return summary;
	return copy_summary(summary, Max(needed, capacity_of(summary) * 2));
}

static void
changed(const char *name, const char *was, const char *is)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("%s must not change between rows", name),
					errdetail_internal("It was %s and is %s.", was, is),
					errhint("Use one %s for all rows of a group.", name)));
}

static const char *
instant_text(TimestampTz at)
{
	return pstrdup(timestamptz_to_str(at));
}

static const char *
promise_text(int64 time)
{
	Interval span = { 0 };

	if (time < 0)
		return "NULL";
	span.time = time;
	return DatumGetCString(DirectFunctionCall1(interval_out, IntervalPGetDatum(&span)));
}

static const char *
calendar_text(const cv_business_calendar *calendar)
{
	StringInfoData text;

	if (calendar == NULL)
		return "NULL";
	initStringInfo(&text);
	cv_append_calendar(&text, calendar);
	return text.data;
}

/* All rows of a group are told as of one instant, by one promise and one calendar. */
static void
check_same(const cv_support_summary *summary, TimestampTz as_of, int64 reply_within,
		   const cv_business_calendar *calendar)
{
	const cv_business_calendar *own = cv_support_calendar(summary);

	if (summary->as_of != as_of)
		changed("as_of", instant_text(summary->as_of), instant_text(as_of));
	if (summary->reply_within != reply_within)
		changed("reply_within", promise_text(summary->reply_within), promise_text(reply_within));
	if ((own == NULL) != (calendar == NULL) ||
		(own &&
		 (VARSIZE(own) != VARSIZE(calendar) || memcmp(own, calendar, VARSIZE(calendar)) != 0)))
		changed("calendar", calendar_text(own), calendar_text(calendar));
}

/* ---- aggregate ---- */

/* Business time, or the clock's where there is no calendar. */
static int64
elapsed(const cv_business_calendar *calendar, TimestampTz from, TimestampTz to)
{
	if (calendar)
		return cv_business_time(calendar, from, to);
	if (to > PG_INT64_MAX + Min(from, 0))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("time between the instants is out of range")));
	return to - from;
}

/* When something happened to a ticket; false if not by as_of. */
static bool
happened(FunctionCallInfo fcinfo, int argument, const char *name, TimestampTz created,
		 TimestampTz as_of, TimestampTz *at)
{
	if (PG_ARGISNULL(argument))
		return false;
	*at = PG_GETARG_TIMESTAMPTZ(argument);
	cv_check_instant(name, *at);
	if (*at < created)
		ereport(
			ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("%s lies before created", name),
			 errdetail("created is %s, %s is %s.", instant_text(created), name, instant_text(*at)),
			 errhint("Correct the ticket, or leave it out.")));
	return *at <= as_of;
}

/* A count of a ticket's; -1 where it is not known. */
static int32
count_arg(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		return -1;
	if (PG_GETARG_INT32(argument) < 0)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("%s must be at least 0, not %d", name, PG_GETARG_INT32(argument))));
	return PG_GETARG_INT32(argument);
}

/*
 * support_summary(created, first_reply, solved, contacts, reopens, as_of, reply_within,
 * calendar): a row without created or as_of is ignored.
 */
Datum
cv_support_summary_trans(PG_FUNCTION_ARGS)
{
	cv_support_summary *summary = PG_ARGISNULL(0) ? NULL : read_summary(fcinfo, 0);
	const cv_business_calendar *calendar = PG_ARGISNULL(8) ? NULL : cv_calendar_arg(fcinfo, 8);
	int64 reply_within = -1;
	TimestampTz created;
	TimestampTz as_of;
	TimestampTz replied_at;
	TimestampTz solved_at;
	bool replied;
	bool solved;
	int32 contacts;
	int32 reopens;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(6))
		return cv_state_result(fcinfo, summary);
	created = PG_GETARG_TIMESTAMPTZ(1);
	as_of = PG_GETARG_TIMESTAMPTZ(6);
	cv_check_instant("created", created);
	cv_check_instant("as_of", as_of);
	replied = happened(fcinfo, 2, "first_reply", created, as_of, &replied_at);
	solved = happened(fcinfo, 3, "solved", created, as_of, &solved_at);
	contacts = count_arg(fcinfo, 4, "contacts");
	reopens = count_arg(fcinfo, 5, "reopens");
	if (!PG_ARGISNULL(7))
		reply_within = cv_span_arg(fcinfo, 7, "reply_within");

	if (summary == NULL)
	{
		summary = cv_support_new(calendar, 32);
		summary->as_of = as_of;
		summary->reply_within = reply_within;
	}
	check_same(summary, as_of, reply_within, calendar);
	if (created > as_of)
		PG_RETURN_POINTER(summary);

	cv_count(&summary->tickets, 1, "tickets");
	summary = make_room(summary, 2);
	if (replied || reply_within >= 0)
	{
		int64 time = elapsed(calendar, created, replied ? replied_at : as_of);

		if (reply_within >= 0)
		{
			summary->met += replied && time <= reply_within;
			summary->breached += time > reply_within;
		}
		if (replied)
			cv_support_durations(summary)[summary->durations++] = time;
	}
	if (solved)
	{
		cv_support_durations(summary)[summary->durations++] =
			-1 - elapsed(calendar, created, solved_at);
		summary->solved++;
		/* more contacts or a reopening settle it, even where the other is not known */
		if (contacts > 1 || contacts == 0 || reopens > 0)
			summary->contact_known++;
		else if (contacts == 1 && reopens == 0)
		{
			summary->contact_known++;
			summary->first_contact++;
		}
		summary->reopen_known += reopens >= 0;
		summary->reopened += reopens > 0;
	}
	summary->header.flags |= CV_SUPPORT_UNSORTED;
	PG_RETURN_POINTER(summary);
}

/* Merges two summaries; also the transition of rollup(support_summary). */
Datum
cv_support_summary_combine(PG_FUNCTION_ARGS)
{
	cv_support_summary *summary;
	cv_support_summary *other;

	CV_RETURN_UNLESS_BOTH(summary, other, read_summary);
	check_same(summary, other->as_of, other->reply_within, cv_support_calendar(other));
	summary = make_room(summary, other->durations);
	memcpy(cv_support_durations(summary) + summary->durations, cv_support_durations(other),
		   other->durations * sizeof(int64));
	summary->durations += other->durations;
	cv_count(&summary->tickets, other->tickets, "tickets");
	summary->solved += other->solved;
	summary->met += other->met;
	summary->breached += other->breached;
	summary->contact_known += other->contact_known;
	summary->first_contact += other->first_contact;
	summary->reopen_known += other->reopen_known;
	summary->reopened += other->reopened;
	summary->header.flags |= CV_SUPPORT_UNSORTED;
	PG_RETURN_POINTER(summary);
}

/* The summary as it is stored. */
Datum
cv_support_summary_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(cv_support_arg(fcinfo, 0));
}

/* ---- metrics ---- */

static Datum
interval_datum(int64 time)
{
	Interval *span = palloc0(sizeof(Interval));

	span->time = time;
	return IntervalPGetDatum(span);
}

/* The mean of durations that sort upwards, or of complements that sort downwards. */
static Datum
mean_of(const int64 *duration, int64 count, bool complements)
{
	int128 sum = 0;
	int64 i;

	for (i = 0; i < count; i++)
		sum += complements ? -1 - duration[i] : duration[i];
	return interval_datum((int64) ((2 * sum + count) / (2 * (int128) count)));
}

/* A percentile as percentile_cont() interpolates it. */
static Datum
percentile_of(const int64 *duration, int64 count, bool complements, double fraction)
{
	double place = fraction * (double) (count - 1);
	int64 below = (int64) floor(place);
	int64 above = (int64) ceil(place);
	int64 low = complements ? -1 - duration[count - 1 - below] : duration[below];
	int64 high = complements ? -1 - duration[count - 1 - above] : duration[above];

	return interval_datum(low + (int64) rint((high - low) * (place - below)));
}

static void
set_share(Datum *value, bool *null, int64 part, int64 whole)
{
	*null = whole == 0;
	if (whole > 0)
		*value = Float8GetDatum((double) part / (double) whole);
}

#define METRICS 15

/* support_metrics(summary). */
Datum
cv_support_metrics(PG_FUNCTION_ARGS)
{
	static const Oid types[METRICS] = { INT8OID,	 INT8OID,	  INT8OID,	   INTERVALOID,
										INTERVALOID, INTERVALOID, INTERVALOID, INTERVALOID,
										INTERVALOID, FLOAT8OID,	  FLOAT8OID,   FLOAT8OID,
										INT8OID,	 INT8OID,	  INT8OID };
	const cv_support_summary *summary = cv_support_arg(fcinfo, 0);
	const int64 *resolution = cv_support_durations(summary);
	const int64 *reply = resolution + summary->solved;
	int64 replied = summary->durations - summary->solved;
	Datum values[METRICS] = { 0 };
	bool nulls[METRICS] = { false };

	values[0] = Int64GetDatum(summary->tickets);
	values[1] = Int64GetDatum(summary->solved);
	values[2] = Int64GetDatum(summary->tickets - summary->solved);
	nulls[3] = nulls[4] = nulls[5] = replied == 0;
	if (replied > 0)
	{
		values[3] = mean_of(reply, replied, false);
		values[4] = percentile_of(reply, replied, false, 0.5);
		values[5] = percentile_of(reply, replied, false, 0.9);
	}
	nulls[6] = nulls[7] = nulls[8] = summary->solved == 0;
	if (summary->solved > 0)
	{
		values[6] = mean_of(resolution, summary->solved, true);
		values[7] = percentile_of(resolution, summary->solved, true, 0.5);
		values[8] = percentile_of(resolution, summary->solved, true, 0.9);
	}
	set_share(&values[9], &nulls[9], summary->met, summary->met + summary->breached);
	set_share(&values[10], &nulls[10], summary->first_contact, summary->contact_known);
	set_share(&values[11], &nulls[11], summary->reopened, summary->reopen_known);
	values[12] = Int64GetDatum(replied);
	values[13] = Int64GetDatum(summary->met);
	values[14] = Int64GetDatum(summary->breached);
	nulls[13] = nulls[14] = summary->reply_within < 0;
	PG_RETURN_DATUM(cv_row(fcinfo, values, nulls, "support_metrics", METRICS, types));
}
