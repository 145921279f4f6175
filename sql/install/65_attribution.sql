-- attribution: which channels conversions are owed to

CREATE TYPE cv_attribution_summary;
COMMENT ON TYPE cv_attribution_summary IS
'Journeys by the channels that they touched: distinct paths, with conversions, their value, journeys without a conversion (nulls) and, where made from journey logs, the touches'' ages at the conversion. Each channel''s name is stored once; a path takes 56 bytes, 4 for each touch and 8 for each age. Made by attribution_summary(), merged by rollup(), at most 1 GB. Text form: [[["search", "email"], conversions, value, nulls], ...], a list of ages in microseconds in a fifth place where they are known; exact and valid JSON.';

CREATE FUNCTION cv_attribution_summary_in(cstring) RETURNS cv_attribution_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_attribution_summary_in(cstring) IS
'Reads an attribution summary from text, paths in any order. Errors: 22P02 for a malformed text, a negative number, a value without conversions.';
CREATE FUNCTION cv_attribution_summary_out(cv_attribution_summary) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_attribution_summary_out(cv_attribution_summary) IS
'Writes an attribution summary as text that reads back exactly.';
CREATE FUNCTION cv_attribution_summary_recv(internal) RETURNS cv_attribution_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_attribution_summary_recv(internal) IS
'Reads an attribution summary from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_attribution_summary_send(cv_attribution_summary) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_attribution_summary_send(cv_attribution_summary) IS
'Writes an attribution summary in binary: version, flags, channels, paths, big-endian.';
CREATE TYPE cv_attribution_summary (
    INPUT = cv_attribution_summary_in,
    OUTPUT = cv_attribution_summary_out,
    RECEIVE = cv_attribution_summary_recv,
    SEND = cv_attribution_summary_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
CREATE CAST (cv_attribution_summary AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_attribution_summary AS jsonb) IS 'The summary''s text form as jsonb.';

CREATE FUNCTION attribution_summary_trans(cv_attribution_summary, text[], float8, float8, float8) RETURNS cv_attribution_summary
    AS 'MODULE_PATHNAME', 'cv_attribution_summary_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION attribution_summary_trans(cv_attribution_summary, text[], float8, float8, float8) IS
'Transition of attribution_summary(); of no use elsewhere.';
CREATE FUNCTION attribution_summary_trans(cv_attribution_summary, cv_journey_log, timestamptz, float8) RETURNS cv_attribution_summary
    AS 'MODULE_PATHNAME', 'cv_attribution_summary_log_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION attribution_summary_trans(cv_attribution_summary, cv_journey_log, timestamptz, float8) IS
'Transition of attribution_summary(); of no use elsewhere.';
CREATE FUNCTION attribution_summary_combine(cv_attribution_summary, cv_attribution_summary) RETURNS cv_attribution_summary
    AS 'MODULE_PATHNAME', 'cv_attribution_summary_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION attribution_summary_combine(cv_attribution_summary, cv_attribution_summary) IS
'Merges two states of attribution_summary(); of no use elsewhere.';
CREATE FUNCTION attribution_summary_final(cv_attribution_summary) RETURNS cv_attribution_summary
    AS 'MODULE_PATHNAME', 'cv_attribution_summary_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION attribution_summary_final(cv_attribution_summary) IS
'Final function of attribution_summary(); of no use elsewhere.';

CREATE AGGREGATE attribution_summary(path text[], conversions float8, value float8, nulls float8) (
    SFUNC = attribution_summary_trans,
    STYPE = cv_attribution_summary,
    SSPACE = 65536,
    FINALFUNC = attribution_summary_final,
    COMBINEFUNC = attribution_summary_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE attribution_summary(text[], float8, float8, float8) IS
'Counts journeys by their path, the channels touched in order: how many converted, the value of these conversions, how many did not. NULL numbers count as 0, NULL channels in a path are left out, a NULL path is ignored; no rows give NULL. Numbers are kept to 18 decimals. Errors: 22003 for a number that is negative, NaN or beyond 9.2e12, for a value without conversions and for a path of more than one dimension.';

CREATE AGGREGATE attribution_summary(log cv_journey_log, converted_at timestamptz, value float8) (
    SFUNC = attribution_summary_trans,
    STYPE = cv_attribution_summary,
    SSPACE = 65536,
    FINALFUNC = attribution_summary_final,
    COMBINEFUNC = attribution_summary_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE attribution_summary(cv_journey_log, timestamptz, float8) IS
'Counts journeys from their logs, a conversion or a journey without one (converted_at NULL) a row. Stages are the channels; every touch counts, repeated ones too; touches after converted_at are ignored, one at that very instant is not. value is that of the conversion; without a conversion it is not looked at. A NULL value counts as 0, a NULL log is ignored; no rows give NULL. Keeps the touches'' ages, which time-decay needs. Errors: 22003 for a value that is negative, NaN or beyond 9.2e12, 22008 for an infinite converted_at.';

CREATE AGGREGATE rollup(summary cv_attribution_summary) (
    SFUNC = attribution_summary_combine,
    STYPE = cv_attribution_summary,
    SSPACE = 65536,
    FINALFUNC = attribution_summary_final,
    COMBINEFUNC = attribution_summary_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cv_attribution_summary) IS
'Merges attribution summaries, for example of months. Same as the summary of all their rows. NULLs are ignored; no rows give NULL.';

CREATE FUNCTION attribution(summary cv_attribution_summary, method text DEFAULT 'markov', markov_order integer DEFAULT 1, position_weights float8[] DEFAULT '{0.4,0.2,0.4}', half_life interval DEFAULT '7 days', OUT channel text, OUT conversions float8, OUT value float8, OUT share float8, OUT removal_effect float8) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_attribution' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000 ROWS 10;
COMMENT ON FUNCTION attribution(cv_attribution_summary, text, integer, float8[], interval) IS
'Shares conversions and their value among the channels, a row each in C order; conversions without any touch before stand in a row with channel NULL, so that all rows add up to what went in. method: first, last, linear (each touch alike), position (position_weights for the first touch, all between, and the last; of two touches the ends only), time-decay (a touch counts half for each half_life of its age; from journey logs only), shapley (each channel of a journey alike), markov (by removal effect in a chain that remembers markov_order touches). share: of all conversions; removal_effect, 0 to 1: the share of conversions that the chain loses without the channel, NULL by other methods. Errors: 22023 for an unknown method, a markov_order below 1, weights or a half_life out of range, and for time-decay of paths without times; 22003 for totals beyond 1.7e20, 54000 by markov for distinct paths of more than 5.3e8 touches together.';
