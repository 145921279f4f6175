-- care: business time, support tickets, staffing

-- calendars
CREATE TYPE cv_business_calendar;
COMMENT ON TYPE cv_business_calendar IS
'Business hours: a time zone, spans of working time for each weekday, holidays. Text form: {"zone": "Europe/Berlin", "hours": {"mon": [["09:00", "17:00"]], "sat": [["09:00", "12:00"], ["13:00", "16:00"]]}, "holidays": ["2026-12-25"]}; weekdays without hours may be left out, "holidays" too; "24:00" may end a span. An instant is business time when the zone''s clock shows a time within a span of that weekday and the date is no holiday.';

CREATE FUNCTION cv_business_calendar_in(cstring) RETURNS cv_business_calendar
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_business_calendar_in(cstring) IS
'Reads a calendar from JSON text. Errors: 22P02 naming an unknown key or time zone, overlapping spans, a time or date that is none, a calendar without working hours.';
CREATE FUNCTION cv_business_calendar_out(cv_business_calendar) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_business_calendar_out(cv_business_calendar) IS
'Writes a calendar as JSON text, always the same for the same calendar: weekdays, spans and holidays in order.';
CREATE FUNCTION cv_business_calendar_recv(internal) RETURNS cv_business_calendar
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_business_calendar_recv(internal) IS
'Reads a calendar from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_business_calendar_send(cv_business_calendar) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_business_calendar_send(cv_business_calendar) IS
'Writes a calendar in binary: version, flags, zone, spans, holidays, big-endian.';
CREATE TYPE cv_business_calendar (
    INPUT = cv_business_calendar_in,
    OUTPUT = cv_business_calendar_out,
    RECEIVE = cv_business_calendar_recv,
    SEND = cv_business_calendar_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
CREATE CAST (cv_business_calendar AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_business_calendar AS jsonb) IS 'The calendar''s text form as jsonb.';
CREATE CAST (jsonb AS cv_business_calendar) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (jsonb AS cv_business_calendar) IS 'A calendar from its JSON form.';

CREATE FUNCTION business_interval(from_at timestamptz, to_at timestamptz, calendar cv_business_calendar) RETURNS interval
    AS 'MODULE_PATHNAME', 'cv_business_interval' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION business_interval(timestamptz, timestamptz, cv_business_calendar) IS
'Business time from one instant to another, exact to the microsecond, as hours, minutes and seconds: a week of 40 hours is 40:00:00. Negative where from_at is after to_at. An hour that the clock skips or repeats at a change of daylight saving time counts as often as it passes. Errors: 22008 for an infinite instant.';

CREATE FUNCTION business_due(from_at timestamptz, work interval, calendar cv_business_calendar) RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'cv_business_due' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION business_due(timestamptz, interval, cv_business_calendar) IS
'The instant at which that much business time has passed since from_at: the earliest t with business_interval(from_at, t, calendar) = work. Negative work gives the latest such instant before from_at, and none gives from_at. A day of work is 24 hours of business time, a month 30 days: give work in hours. Errors: 22008 for an infinite instant or one beyond the range of timestamps, 22023 for infinite work.';

-- support
CREATE TYPE cv_support_summary;
COMMENT ON TYPE cv_support_summary IS
'Support tickets as of an instant: counts, and every first reply''s and resolution''s duration, 8 bytes each, for exact percentiles. Made by support_summary(), merged by rollup(), at most 1 GB, that is some 67 million tickets. Text form: {"as_of": "2026-03-04 00:00:00+00", "reply_within": 3600000000, "calendar": {...}, "tickets": 6, "met": 4, "breached": 2, ..., "first_replies": [...], "resolutions": [...]}, durations in microseconds, exact and valid JSON.';

CREATE FUNCTION cv_support_summary_in(cstring) RETURNS cv_support_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_support_summary_in(cstring) IS
'Reads a support summary from text. Errors: 22P02 for a malformed text, numbers that do not fit together, durations out of order.';
CREATE FUNCTION cv_support_summary_out(cv_support_summary) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_support_summary_out(cv_support_summary) IS
'Writes a support summary as text that reads back exactly, whatever DateStyle and TimeZone say.';
CREATE FUNCTION cv_support_summary_recv(internal) RETURNS cv_support_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_support_summary_recv(internal) IS
'Reads a support summary from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_support_summary_send(cv_support_summary) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_support_summary_send(cv_support_summary) IS
'Writes a support summary in binary: version, flags, counts, calendar, durations, big-endian.';
CREATE TYPE cv_support_summary (
    INPUT = cv_support_summary_in,
    OUTPUT = cv_support_summary_out,
    RECEIVE = cv_support_summary_recv,
    SEND = cv_support_summary_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
CREATE CAST (cv_support_summary AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_support_summary AS jsonb) IS 'The summary''s text form as jsonb.';

CREATE FUNCTION support_summary_trans(cv_support_summary, timestamptz, timestamptz, timestamptz, integer, integer, timestamptz, interval, cv_business_calendar) RETURNS cv_support_summary
    AS 'MODULE_PATHNAME', 'cv_support_summary_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION support_summary_trans(cv_support_summary, timestamptz, timestamptz, timestamptz, integer, integer, timestamptz, interval, cv_business_calendar) IS
'Transition of support_summary(); of no use elsewhere.';
CREATE FUNCTION support_summary_combine(cv_support_summary, cv_support_summary) RETURNS cv_support_summary
    AS 'MODULE_PATHNAME', 'cv_support_summary_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION support_summary_combine(cv_support_summary, cv_support_summary) IS
'Merges two states of support_summary(); of no use elsewhere.';
CREATE FUNCTION support_summary_final(cv_support_summary) RETURNS cv_support_summary
    AS 'MODULE_PATHNAME', 'cv_support_summary_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION support_summary_final(cv_support_summary) IS
'Final function of support_summary(); of no use elsewhere.';

CREATE AGGREGATE support_summary(created timestamptz, first_reply timestamptz, solved timestamptz, contacts integer, reopens integer, as_of timestamptz, reply_within interval, calendar cv_business_calendar) (
    SFUNC = support_summary_trans,
    STYPE = cv_support_summary,
    SSPACE = 2048,
    FINALFUNC = support_summary_final,
    COMBINEFUNC = support_summary_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE support_summary(timestamptz, timestamptz, timestamptz, integer, integer, timestamptz, interval, cv_business_calendar) IS
'Summarises support tickets as they stood at as_of. What happened later has not happened yet: a later first_reply or solved counts as none, a ticket created later does not count at all. reply_within is the promised time to the first reply (NULL: nothing was promised). Times are business time by the calendar, wall clock where it is NULL. contacts is the number of contacts with an agent, reopens that of reopenings; either may be NULL. A row without created or as_of is ignored; no rows give NULL. as_of, reply_within and calendar may not change within a group. Errors: 22003 for a reply or solution before created or a negative count, 22008 for an infinite instant, 22023 for a changed parameter or a negative reply_within.';

CREATE AGGREGATE rollup(summary cv_support_summary) (
    SFUNC = support_summary_combine,
    STYPE = cv_support_summary,
    SSPACE = 2048,
    FINALFUNC = support_summary_final,
    COMBINEFUNC = support_summary_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cv_support_summary) IS
'Merges support summaries, for example of channels. Same as the summary of all their tickets. NULLs are ignored; no rows give NULL. Errors: 22023 where as_of, reply_within or calendar differ.';

CREATE FUNCTION support_metrics(summary cv_support_summary, OUT tickets bigint, OUT solved bigint, OUT backlog bigint, OUT first_reply_mean interval, OUT first_reply_median interval, OUT first_reply_p90 interval, OUT resolution_mean interval, OUT resolution_median interval, OUT resolution_p90 interval, OUT sla_attainment float8, OUT first_contact_resolution float8, OUT reopen_rate float8, OUT replied bigint, OUT sla_met bigint, OUT sla_breached bigint) RETURNS record
    AS 'MODULE_PATHNAME', 'cv_support_metrics' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION support_metrics(cv_support_summary) IS
'Metrics of support tickets. tickets: created by as_of; solved: of these; backlog: the others. first_reply_*: from creation to the first reply, over tickets replied to; resolution_*: from creation to the solution, over solved ones; percentiles interpolate as percentile_cont does. sla_attainment: sla_met / (sla_met + sla_breached), 0 to 1; met: replied to within reply_within; breached: replied to later, or not at all although due; tickets not yet due are neither. first_contact_resolution: share of solved tickets with one contact and no reopening; reopen_rate: share of solved tickets that were reopened; both over those of which it is known. What cannot be computed is NULL.';

-- staffing
CREATE FUNCTION erlang_b(load float8, agents integer) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_staffing_erlang_b' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION erlang_b(float8, integer) IS
'Erlang B: the probability, 0 to 1, that a call finds all agents busy where nobody waits (Erlang 1917). load in Erlangs: calls in a period times mean handle time, divided by the period. Errors: 22023 for a negative or infinite load or negative agents.';

CREATE FUNCTION erlang_c(load float8, agents integer) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_staffing_erlang_c' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION erlang_c(float8, integer) IS
'Erlang C: the probability, 0 to 1, that a call has to wait where everybody waits until answered; 1 where the load reaches the agents. The mean wait is erlang_c * handle time / (agents - load). Errors: 22023 for a negative or infinite load or negative agents.';

CREATE FUNCTION erlang_a(load float8, agents integer, patience float8, OUT wait_probability float8, OUT abandonment float8) RETURNS record
    AS 'MODULE_PATHNAME', 'cv_staffing_erlang_a' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION erlang_a(float8, integer, float8) IS
'Erlang A, the queue M/M/n+M (Palm 1943): the probability that a call has to wait, and the share of all calls whose caller hangs up, where callers wait for exponential times. patience: their mean divided by the mean handle time, above 0 and up to 1e6. The mean wait of all callers is abandonment * mean patience. Errors: 22023 for a negative or infinite load, negative agents, patience out of range.';

CREATE FUNCTION service_level(calls float8, period interval, handle_time interval, agents integer, within interval) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_staffing_service_level' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION service_level(float8, interval, interval, integer, interval) IS
'The share, 0 to 1, of calls answered within so much time, by Erlang C: 1 - C exp(-(agents - load) within / handle_time), with load = calls * handle_time / period; 0 where the load reaches the agents. Errors: 22023 for negative or infinite calls, negative agents, a period or handle_time of 0 or less, a negative within.';

CREATE FUNCTION agents_needed(calls float8, period interval, handle_time interval, target float8, within interval, shrinkage float8 DEFAULT 0) RETURNS integer
    AS 'MODULE_PATHNAME', 'cv_staffing_agents_needed' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION agents_needed(float8, interval, interval, float8, interval, float8) IS
'The fewest agents with service_level() of at least target, divided by 1 - shrinkage and rounded up. shrinkage: the share of paid time in which agents take no calls. Errors: 22023 for a target not above 0 and below 1, a shrinkage not from 0 to below 1, and as service_level(); 22003 for more than 2147483646 agents.';
