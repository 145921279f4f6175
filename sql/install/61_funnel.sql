-- funnel: how far customers go through steps, and how long they take

CREATE TYPE cv_funnel_result AS (
    reached integer,
    entered_at timestamptz,
    step_times timestamptz[]
);
COMMENT ON TYPE cv_funnel_result IS
'How far one customer went through the steps of a funnel, by funnel().';
COMMENT ON COLUMN cv_funnel_result.reached IS
'The number of steps of the deepest chain: 0 for who never entered, the number of steps for who completed.';
COMMENT ON COLUMN cv_funnel_result.entered_at IS
'The instant of the chain''s first step; NULL for who never entered.';
COMMENT ON COLUMN cv_funnel_result.step_times IS
'The instants of the chain''s steps, one element for each step of the funnel, NULL where it was not reached.';

CREATE FUNCTION funnel(log cv_journey_log, steps text[], within interval, strict boolean DEFAULT false) RETURNS cv_funnel_result
    AS 'MODULE_PATHNAME', 'cv_funnel_of_log' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION funnel(cv_journey_log, text[], interval, boolean) IS
'How far a journey goes through the steps, exactly: the deepest chain of rows, each of another row, in order of time, the last within the given time from the first (both ends included). Rows of one instant are taken in the order that helps; with strict each step must be later than the one before. Of several deepest chains the one that enters first, then is at each next step first. 1 to 32 steps, which may repeat; linear in the rows. within is extract(epoch) long: a year is 365.25 days, a month 30. Errors: 22023 for a within that is negative, and for another number of steps; 22004 for a NULL step.';

CREATE TYPE cv_funnel_summary;
COMMENT ON TYPE cv_funnel_summary IS
'Funnels of many customers: how many there are, how many reach each step, and the gaps between steps in microseconds, equal ones counted. Made by funnel_summary(), merged by rollup(), at most 1 GB: 24 bytes for each different gap of a step, at least 22 million of them. Text form: {"customers": 9, "steps": 2, "gaps": [[1, 0, 5], [2, 60000000, 3]]}, the step, the gap, the customers; exact and valid JSON.';

CREATE FUNCTION cv_funnel_summary_in(cstring) RETURNS cv_funnel_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_funnel_summary_in(cstring) IS
'Reads a funnel summary from text. Errors: 22P02 for a malformed text, a step with more customers than the one before.';

CREATE FUNCTION cv_funnel_summary_out(cv_funnel_summary) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_funnel_summary_out(cv_funnel_summary) IS
'Writes a funnel summary as text that reads back exactly.';

CREATE FUNCTION cv_funnel_summary_recv(internal) RETURNS cv_funnel_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_funnel_summary_recv(internal) IS
'Reads a funnel summary from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';

CREATE FUNCTION cv_funnel_summary_send(cv_funnel_summary) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_funnel_summary_send(cv_funnel_summary) IS
'Writes a funnel summary in binary: version, flags, customers, steps, gaps, big-endian.';

CREATE TYPE cv_funnel_summary (
    INPUT = cv_funnel_summary_in,
    OUTPUT = cv_funnel_summary_out,
    RECEIVE = cv_funnel_summary_recv,
    SEND = cv_funnel_summary_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);

CREATE CAST (cv_funnel_summary AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_funnel_summary AS jsonb) IS
'The summary''s text form as jsonb.';

CREATE FUNCTION funnel_summary_trans(cv_funnel_summary, cv_funnel_result) RETURNS cv_funnel_summary
    AS 'MODULE_PATHNAME', 'cv_funnel_summary_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION funnel_summary_trans(cv_funnel_summary, cv_funnel_result) IS
'Transition of funnel_summary(); of no use elsewhere.';

CREATE FUNCTION funnel_summary_combine(cv_funnel_summary, cv_funnel_summary) RETURNS cv_funnel_summary
    AS 'MODULE_PATHNAME', 'cv_funnel_summary_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION funnel_summary_combine(cv_funnel_summary, cv_funnel_summary) IS
'Merges two states of funnel_summary(); of no use elsewhere.';

CREATE FUNCTION funnel_summary_final(cv_funnel_summary) RETURNS cv_funnel_summary
    AS 'MODULE_PATHNAME', 'cv_funnel_summary_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION funnel_summary_final(cv_funnel_summary) IS
'Final function of funnel_summary(); of no use elsewhere.';

CREATE AGGREGATE funnel_summary(result cv_funnel_result) (
    SFUNC = funnel_summary_trans,
    STYPE = cv_funnel_summary,
    SSPACE = 1040,
    FINALFUNC = funnel_summary_final,
    COMBINEFUNC = funnel_summary_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE funnel_summary(cv_funnel_result) IS
'Summary of the funnels of many customers, one result of funnel() each. NULLs are ignored; no rows give NULL. Errors: 22003 for an impossible result, 54000 beyond 1 GB.';

CREATE AGGREGATE rollup(summary cv_funnel_summary) (
    SFUNC = funnel_summary_combine,
    STYPE = cv_funnel_summary,
    SSPACE = 1040,
    FINALFUNC = funnel_summary_final,
    COMBINEFUNC = funnel_summary_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cv_funnel_summary) IS
'Merges funnel summaries of different customers. Same as the summary of all their results. NULLs are ignored; no rows give NULL.';

CREATE FUNCTION customers(summary cv_funnel_summary) RETURNS bigint
    AS 'MODULE_PATHNAME', 'cv_funnel_customers' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customers(cv_funnel_summary) IS
'Number of customers whose funnels were counted, those who never entered included.';

CREATE FUNCTION funnel_steps(summary cv_funnel_summary, OUT step integer, OUT customers bigint, OUT conversion float8, OUT step_conversion float8, OUT median_gap interval, OUT p90_gap interval, OUT dropped bigint) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_funnel_steps' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 5;
COMMENT ON FUNCTION funnel_steps(cv_funnel_summary) IS
'One row for each step: customers who reached it; conversion, their share of those who entered; step_conversion, their share of those at the step before (1 at the first step, NULL where there is nobody to convert); median and 90 percent point of the time since the step before, interpolated as percentile_cont() and exact; dropped, customers who got here and no further.';

CREATE TYPE cv_condition_log;
COMMENT ON TYPE cv_condition_log IS
'State of window_funnel(), sequence_match() and sequence_count(): a rule (mode or pattern), and rows of an instant and the conditions that it meets, as a binary number with the first condition as its lowest bit, sorted; 16 bytes a row, at most 1 GB. Text form: {"rule": "exact", "within": 604800000000, "conditions": 3, "rows": [["2026-01-05 10:30:00+00", 5], ...]}; within is in microseconds, null of a pattern.';

CREATE FUNCTION cv_condition_log_in(cstring) RETURNS cv_condition_log
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_condition_log_in(cstring) IS
'Reads a state of window_funnel() or of a sequence from text, rows in any order. Errors: 22P02 for a malformed text, 22023 for an unknown mode or a bad pattern.';

CREATE FUNCTION cv_condition_log_out(cv_condition_log) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_condition_log_out(cv_condition_log) IS
'Writes such a state as text that reads back exactly, whatever DateStyle and TimeZone say.';

CREATE FUNCTION cv_condition_log_recv(internal) RETURNS cv_condition_log
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_condition_log_recv(internal) IS
'Reads such a state from its binary form. Errors: 22P03 for corrupt bytes or an unknown version, 22023 for an unknown mode or a bad pattern.';

CREATE FUNCTION cv_condition_log_send(cv_condition_log) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_condition_log_send(cv_condition_log) IS
'Writes such a state in binary: version, flags, rule, window, number of conditions, rows, big-endian.';

CREATE TYPE cv_condition_log (
    INPUT = cv_condition_log_in,
    OUTPUT = cv_condition_log_out,
    RECEIVE = cv_condition_log_recv,
    SEND = cv_condition_log_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);

CREATE FUNCTION condition_log_combine(cv_condition_log, cv_condition_log) RETURNS cv_condition_log
    AS 'MODULE_PATHNAME', 'cv_condition_log_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION condition_log_combine(cv_condition_log, cv_condition_log) IS
'Merges two states of window_funnel() or of a sequence; of no use elsewhere.';

CREATE FUNCTION window_funnel_trans(cv_condition_log, interval, text, timestamptz, boolean[]) RETURNS cv_condition_log
    AS 'MODULE_PATHNAME', 'cv_window_funnel_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION window_funnel_trans(cv_condition_log, interval, text, timestamptz, boolean[]) IS
'Transition of window_funnel(); of no use elsewhere.';

CREATE FUNCTION window_funnel_final(cv_condition_log) RETURNS integer
    AS 'MODULE_PATHNAME', 'cv_window_funnel_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION window_funnel_final(cv_condition_log) IS
'Final function of window_funnel(); of no use elsewhere.';

CREATE AGGREGATE window_funnel(within interval, mode text, at timestamptz, VARIADIC steps boolean[]) (
    SFUNC = window_funnel_trans,
    STYPE = cv_condition_log,
    SSPACE = 272,
    FINALFUNC = window_funnel_final,
    COMBINEFUNC = condition_log_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE window_funnel(interval, text, timestamptz, VARIADIC boolean[]) IS
'How many steps of a funnel one customer''s rows reach, each step a condition of the row, the last within the given time from the first (included). Mode exact is right: the deepest chain, each row at most one step, rows of one instant together; exact,strict_increase wants each step later than the one before. The empty mode and lists of strict_order, strict_deduplication, strict_increase, strict_once and allow_reentry (which needs strict_order) give ClickHouse''s documented answers. 1 to 32 steps; a NULL condition is false; a row with another NULL is ignored; no rows give NULL. The order of the rows does not matter. Errors: 22023 for an unknown mode, a negative within, another number of steps, or if one of them changes between rows; 22008 for an infinite instant.';
