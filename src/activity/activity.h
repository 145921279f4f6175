/*
 * activity.h: what a customer did, by day.
 */
#ifndef CV_ACTIVITY_H
#define CV_ACTIVITY_H

#include "pg/pg.h"
#include "utils/date.h"

/* One day: net amount in millionths, and the number of purchases (0: returns only). */
typedef struct cv_activity
{
	int64 amount;
	DateADT day;
	int32 events;
} cv_activity;

#define CV_LOG_UNSORTED 0x01  /* a state: days in any order and repeated */
#define CV_LOG_HAS_AS_OF 0x02 /* a purchase_history state: as_of is meant */
#define CV_LOG_FLAGS (CV_LOG_UNSORTED | CV_LOG_HAS_AS_OF)

/*
 * A customer's log: sorted, one entry a day.  As an aggregate's state it may be
 * unsorted and has room for more entries than it holds.
 */
typedef struct cv_activity_log
{
	cv_header header;
	int32 count;   /* entries in use */
	DateADT as_of; /* 0 without CV_LOG_HAS_AS_OF */
	cv_activity entry[FLEXIBLE_ARRAY_MEMBER];
} cv_activity_log;

#define CV_LOG_CAPACITY(log) \
	((int32) ((VARSIZE(log) - offsetof(cv_activity_log, entry)) / sizeof(cv_activity)))

#define CV_MILLION 1000000

extern const char cv_activity_log_type[];
extern const char cv_purchase_log_type[];

extern cv_activity_log *cv_log_arg(FunctionCallInfo fcinfo, int argument, const char *type);
extern const cv_activity_log *cv_log_days(const cv_activity_log *log);
extern const cv_activity_log *cv_log_sorted(const cv_activity_log *log);
extern cv_activity_log *cv_log_new(FunctionCallInfo fcinfo, const char *type, uint8 flags);
extern cv_activity_log *cv_log_add(cv_activity_log *log, DateADT day, int64 amount, int32 events);
extern cv_activity_log *cv_log_merge(cv_activity_log *log, const cv_activity_log *other);
CV_NORETURN extern void cv_amount_out_of_range(const char *amount) pg_attribute_cold;
CV_NORETURN extern void cv_numeric_out_of_range(Datum amount) pg_attribute_cold;
extern void cv_day_not_finite(const char *name, DateADT day) pg_attribute_cold;
extern void cv_append_day(StringInfo text, DateADT day);
extern void cv_append_amount(StringInfo text, int64 amount);
extern int64 cv_read_amount(cv_json *json, const char *token, JsonTokenType kind);
extern DateADT cv_read_day(cv_json *json, const char *token, JsonTokenType kind);

/* A date argument that must be a day. */
static inline DateADT
cv_check_day(const char *name, DateADT day)
{
	if (unlikely(DATE_NOT_FINITE(day)))
		cv_day_not_finite(name, day);
	return day;
}

/*
 * An amount of usual size in millionths, finer decimals rounded half to even; false leaves all
 * others to cv_millionths.
 */
static inline bool
cv_usual_millionths(double amount, int64 *millionths)
{
	const double shift = 6755399441055744.0; /* 3 * 2^51: its last bit counts ones */
	double exact = amount * CV_MILLION;

	if (!(exact > -2e15 && exact < 2e15))
		return false;
	*millionths = (int64) ((exact + shift) - shift);
	return true;
}

/* An amount in millionths, finer decimals rounded half to even. */
static inline int64
cv_millionths(double amount)
{
	double millionths = amount * CV_MILLION;
	double rest;
	int64 whole;

	if (likely(cv_usual_millionths(amount, &whole)))
		return whole;
	if (unlikely(!(amount >= -9.2e12 && amount <= 9.2e12)))
		cv_amount_out_of_range(psprintf("%.15g", amount));
	whole = (int64) millionths;
	rest = millionths - (double) whole;
	if (rest > 0.5 || (rest == 0.5 && (whole & 1)))
		whole++;
	else if (rest < -0.5 || (rest == -0.5 && (whole & 1)))
		whole--;
	return whole;
}

/*
 * Appends to a state the common case, another day than the last one, if there is room;
 * false leaves everything else to cv_log_add.
 */
static inline bool
cv_log_append(cv_activity_log *log, DateADT day, int64 amount, int32 events)
{
	cv_activity *entry;

	if (log->count <= 0 || log->count >= CV_LOG_CAPACITY(log) ||
		log->entry[log->count - 1].day == day)
		return false;
	/* without a branch: days in random order would mislead the processor every other time */
	log->header.flags |= (day < log->entry[log->count - 1].day) * CV_LOG_UNSORTED;
	entry = &log->entry[log->count++];
	entry->amount = amount;
	entry->day = day;
	entry->events = events;
	return true;
}

/*
 * Appends a row of (state, day, float8 amount) where nothing about it is unusual, as in most
 * rows: in line, without a call.  False leaves it to whoever takes any row.
 */
static inline bool
cv_log_append_usual(FunctionCallInfo fcinfo, cv_activity_log *log)
{
	int64 amount;

	return !PG_ARGISNULL(1) && !PG_ARGISNULL(2) && !DATE_NOT_FINITE(PG_GETARG_DATEADT(1)) &&
		   cv_usual_millionths(PG_GETARG_FLOAT8(2), &amount) &&
		   cv_log_append(log, PG_GETARG_DATEADT(1), amount, !(PG_GETARG_FLOAT8(2) < 0));
}

/* A float8 or numeric argument in millionths; whether it is one of a purchase (at least 0). */
static inline int64
cv_amount_arg(FunctionCallInfo fcinfo, int argument, bool numeric, bool *purchase)
{
	int64 amount;
	bool negative;

	if (!numeric)
	{
		*purchase = !(PG_GETARG_FLOAT8(argument) < 0);
		return cv_millionths(PG_GETARG_FLOAT8(argument));
	}
	if (unlikely(!cv_numeric_millionths(PG_GETARG_DATUM(argument), &amount, &negative)))
		cv_numeric_out_of_range(PG_GETARG_DATUM(argument));
	*purchase = !negative;
	return amount;
}

#endif
