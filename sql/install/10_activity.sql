-- activity: what a customer did, by day

CREATE TYPE cv_activity_log;
COMMENT ON TYPE cv_activity_log IS
'One customer''s dated activity: for each day the net amount, in whole millionths, and the number of purchases (rows with an amount of at least 0), sorted by day. Made by activity_log(), merged by rollup(), at most 1 GB. Text form: [["2026-01-05", 19.99, 1], ...], exact and valid JSON.';

CREATE FUNCTION cv_activity_log_in(cstring) RETURNS cv_activity_log
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_activity_log_in(cstring) IS
'Reads an activity log from text. Errors: 22P02 for a malformed text, a date out of order, a positive amount on a day without purchases.';

CREATE FUNCTION cv_activity_log_out(cv_activity_log) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_activity_log_out(cv_activity_log) IS
'Writes an activity log as text that reads back exactly, whatever DateStyle says.';

CREATE FUNCTION cv_activity_log_recv(internal) RETURNS cv_activity_log
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_activity_log_recv(internal) IS
'Reads an activity log from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';

CREATE FUNCTION cv_activity_log_send(cv_activity_log) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_activity_log_send(cv_activity_log) IS
'Writes an activity log in binary: version, flags, count, entries, big-endian.';

CREATE TYPE cv_activity_log (
    INPUT = cv_activity_log_in,
    OUTPUT = cv_activity_log_out,
    RECEIVE = cv_activity_log_recv,
    SEND = cv_activity_log_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);

CREATE CAST (cv_activity_log AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_activity_log AS jsonb) IS
'The log''s text form as jsonb: an array of [day, amount, purchases].';

CREATE FUNCTION activity_log_trans(cv_activity_log, date) RETURNS cv_activity_log
    AS 'MODULE_PATHNAME', 'cv_activity_log_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION activity_log_trans(cv_activity_log, date) IS
'Transition of activity_log(date); of no use elsewhere.';

CREATE FUNCTION activity_log_trans(cv_activity_log, date, float8) RETURNS cv_activity_log
    AS 'MODULE_PATHNAME', 'cv_activity_log_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION activity_log_trans(cv_activity_log, date, float8) IS
'Transition of activity_log(date, float8); of no use elsewhere.';

CREATE FUNCTION activity_log_trans(cv_activity_log, date, numeric) RETURNS cv_activity_log
    AS 'MODULE_PATHNAME', 'cv_activity_log_numeric_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION activity_log_trans(cv_activity_log, date, numeric) IS
'Transition of activity_log(date, numeric); of no use elsewhere.';

CREATE FUNCTION activity_log_combine(cv_activity_log, cv_activity_log) RETURNS cv_activity_log
    AS 'MODULE_PATHNAME', 'cv_activity_log_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION activity_log_combine(cv_activity_log, cv_activity_log) IS
'Merges two states of activity_log(); of no use elsewhere.';

CREATE FUNCTION activity_log_final(cv_activity_log) RETURNS cv_activity_log
    AS 'MODULE_PATHNAME', 'cv_activity_log_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION activity_log_final(cv_activity_log) IS
'Final function of activity_log(); of no use elsewhere.';

CREATE AGGREGATE activity_log(at date) (
    SFUNC = activity_log_trans,
    STYPE = cv_activity_log,
    SSPACE = 208,
    FINALFUNC = activity_log_final,
    COMBINEFUNC = activity_log_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE activity_log(date) IS
'One customer''s activity log from the days of events, each with the amount 0. NULLs are ignored; no rows give NULL. Errors: 22008 for an infinite date.';

CREATE AGGREGATE activity_log(at date, amount float8) (
    SFUNC = activity_log_trans,
    STYPE = cv_activity_log,
    SSPACE = 208,
    FINALFUNC = activity_log_final,
    COMBINEFUNC = activity_log_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE activity_log(date, float8) IS
'One customer''s activity log from orders and returns. An amount of at least 0 is a purchase (0 included), a negative one a return, which lowers that day''s amount. Amounts are kept in whole millionths. A row with any NULL is ignored; no rows give NULL. Errors: 22008 for an infinite date, 22003 for an amount that is NaN, infinite or beyond 9.2e12, 54000 beyond 1 GB.';

CREATE AGGREGATE activity_log(at date, amount numeric) (
    SFUNC = activity_log_trans,
    STYPE = cv_activity_log,
    SSPACE = 208,
    FINALFUNC = activity_log_final,
    COMBINEFUNC = activity_log_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE activity_log(date, numeric) IS
'The same as activity_log(date, float8) for numeric amounts, which it reads without a cast: exact to the millionth, and faster.';

CREATE AGGREGATE rollup(log cv_activity_log) (
    SFUNC = activity_log_combine,
    STYPE = cv_activity_log,
    SSPACE = 208,
    FINALFUNC = activity_log_final,
    COMBINEFUNC = activity_log_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cv_activity_log) IS
'Merges activity logs, for example yesterday''s with the stored one. Same as the log of all their rows. NULLs are ignored; no rows give NULL.';

CREATE FUNCTION first_on(log cv_activity_log) RETURNS date
    AS 'MODULE_PATHNAME', 'cv_first_on' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION first_on(cv_activity_log) IS
'First day with a purchase; NULL if the log has returns only.';

CREATE FUNCTION last_on(log cv_activity_log) RETURNS date
    AS 'MODULE_PATHNAME', 'cv_last_on' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION last_on(cv_activity_log) IS
'Last day with a purchase; NULL if the log has returns only.';

CREATE FUNCTION active_days(log cv_activity_log) RETURNS bigint
    AS 'MODULE_PATHNAME', 'cv_active_days' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION active_days(cv_activity_log) IS
'Number of days with a purchase.';

CREATE FUNCTION events(log cv_activity_log) RETURNS bigint
    AS 'MODULE_PATHNAME', 'cv_events' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION events(cv_activity_log) IS
'Number of purchases (rows with an amount of at least 0).';

CREATE FUNCTION events(log cv_activity_log, from_date date, to_date date) RETURNS bigint
    AS 'MODULE_PATHNAME', 'cv_events' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION events(cv_activity_log, date, date) IS
'Number of purchases from from_date to to_date, both days included; infinite dates leave an end open.';

CREATE FUNCTION total(log cv_activity_log) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_total' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION total(cv_activity_log) IS
'Net amount of all days, purchases less returns, in the unit of the amounts.';

CREATE FUNCTION total(log cv_activity_log, from_date date, to_date date) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_total' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION total(cv_activity_log, date, date) IS
'Net amount from from_date to to_date, both days included; infinite dates leave an end open.';

CREATE FUNCTION entries(log cv_activity_log, OUT at date, OUT amount float8, OUT events integer) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_entries' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION entries(cv_activity_log) IS
'The log as rows, one a day in order: at, net amount, number of purchases (0 on a day with returns only).';

