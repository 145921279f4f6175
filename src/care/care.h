/*
 * care.h: business time, tickets of support.
 */
#ifndef CV_CARE_H
#define CV_CARE_H

#include "pg/instant.h"
#include "utils/date.h"

/* ---- calendar.c ---- */

#define CV_WEEKDAYS 7
#define CV_MINUTES_PER_DAY 1440

/* Working time of a day, in minutes of the clock from midnight. */
typedef struct cv_opening
{
	uint16 from;
	uint16 to; /* exclusive, at most 1440 */
} cv_opening;

typedef struct cv_holiday
{
	DateADT day;
	int32 lost; /* working minutes that the holidays before this one cost */
} cv_holiday;

/*
 * A calendar: a zone, spans of each weekday, holidays.  Behind the fields stand the
 * spans, then the holidays and one that never comes, with what all of them cost, then
 * the name of the zone with its NUL.  The same calendar always has the same bytes.
 */
typedef struct cv_business_calendar
{
	cv_header header;
	int32 holidays;
	int32 opened[CV_WEEKDAYS + 1];		/* minutes of a week before weekday d, 0 = Monday */
	uint16 first_span[CV_WEEKDAYS + 1]; /* of weekday d; the last one: number of spans */
	uint16 zone_size;					/* with the NUL */
	uint16 padding;
} cv_business_calendar;

#define CV_MOST_HOLIDAYS 1000000

static inline const cv_opening *
cv_openings(const cv_business_calendar *calendar)
{
	return (const cv_opening *) (calendar + 1);
}

static inline const cv_holiday *
cv_holidays(const cv_business_calendar *calendar)
{
	return (const cv_holiday *) (cv_openings(calendar) + calendar->first_span[CV_WEEKDAYS]);
}

static inline const char *
cv_zone_name(const cv_business_calendar *calendar)
{
	return (const char *) (cv_holidays(calendar) + calendar->holidays + 1);
}

/* What a calendar is made of, while it is read. */
typedef struct cv_calendar_parts
{
	char *zone;
	int from; /* of the span being read */
	int spans[CV_WEEKDAYS];
	cv_opening span[CV_WEEKDAYS][CV_MINUTES_PER_DAY / 2];
	int holidays;
	int room;
	DateADT *holiday;
} cv_calendar_parts;

extern const char cv_calendar_type[];
extern const char *const cv_weekday_name[CV_WEEKDAYS + 1];

extern const cv_business_calendar *cv_calendar_arg(FunctionCallInfo fcinfo, int argument);
extern const char *cv_calendar_add_span(cv_calendar_parts *parts, int weekday, int from, int to);
extern const char *cv_calendar_add_holiday(cv_calendar_parts *parts, DateADT day);
extern cv_business_calendar *cv_calendar_make(cv_calendar_parts *parts, const char **fault);

/* ---- calendar_io.c ---- */

extern void cv_calendar_open(cv_json_stream *stream, int base);
extern void cv_calendar_close(cv_json_stream *stream, int base);
extern int cv_calendar_member(cv_json_stream *stream, char *name, int base);
extern void cv_calendar_scalar(cv_json_stream *stream, cv_calendar_parts *parts, int base,
							   char *token, JsonTokenType kind);
extern cv_business_calendar *cv_calendar_read(const char *type, cv_calendar_parts *parts);
extern void cv_append_calendar(StringInfo text, const cv_business_calendar *calendar);
extern cv_business_calendar *cv_calendar_receive(StringInfo buffer, const char *type);
extern void cv_calendar_send(StringInfo buffer, const cv_business_calendar *calendar);

/* ---- business_time.c ---- */

extern int64
cv_business_time(const cv_business_calendar *calendar, TimestampTz from, TimestampTz to);

/* ---- support.c ---- */

#define CV_SUPPORT_UNSORTED 0x01 /* a state: durations in any order */

/*
 * Tickets as of an instant.  Behind the fields stand the calendar, if there is one,
 * padded to 8 bytes, and the durations in microseconds of business time, 8 bytes
 * each: a first reply's as it is, a resolution's as its complement (-1 - duration), so
 * that both grow and sort as one list.  A state has spare room.
 */
typedef struct cv_support_summary
{
	cv_header header;
	TimestampTz as_of;
	int64 reply_within; /* microseconds; negative: nothing was promised */
	int64 tickets;		/* created by as_of */
	int64 solved;		/* by as_of */
	int64 met;
	int64 breached;
	int64 contact_known; /* solved ones of which it is known whether ... */
	int64 first_contact; /* ... one contact and no reopening solved them */
	int64 reopen_known;	 /* solved ones whose reopenings are known */
	int64 reopened;
	int64 durations;	 /* in use */
	int32 calendar_size; /* padded; 0: wall clock */
	int32 padding;
} cv_support_summary;

static inline const cv_business_calendar *
cv_support_calendar(const cv_support_summary *summary)
{
	return summary->calendar_size > 0 ? (const cv_business_calendar *) (summary + 1) : NULL;
}

static inline int64 *
cv_support_durations(const cv_support_summary *summary)
{
	return (int64 *) ((char *) (summary + 1) + summary->calendar_size);
}

extern const char cv_support_type[];

extern cv_support_summary *cv_support_new(const cv_business_calendar *calendar, int64 durations);
extern const cv_support_summary *cv_support_arg(FunctionCallInfo fcinfo, int argument);

#endif
