-- journey: what stages a customer went through, and when

CREATE TYPE cv_journey_log;
COMMENT ON TYPE cv_journey_log IS
'One customer''s journey: rows of an instant and a stage, sorted by instant, rows of one instant by stage in C order; equal rows stand as often as they happened. Each stage''s name is stored once. Made by journey_log(), merged by rollup(), at most 1 GB (16 bytes a row). Text form: [["2026-01-05 10:30:00+00", "visit"], ...], instants in UTC, exact and valid JSON.';

CREATE FUNCTION cv_journey_log_in(cstring) RETURNS cv_journey_log
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_journey_log_in(cstring) IS
'Reads a journey log from text, rows in any order. Instants carry their offset from UTC. Errors: 22P02 for a malformed text.';

CREATE FUNCTION cv_journey_log_out(cv_journey_log) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_journey_log_out(cv_journey_log) IS
'Writes a journey log as text that reads back exactly, whatever DateStyle and TimeZone say.';

CREATE FUNCTION cv_journey_log_recv(internal) RETURNS cv_journey_log
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_journey_log_recv(internal) IS
'Reads a journey log from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';

CREATE FUNCTION cv_journey_log_send(cv_journey_log) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_journey_log_send(cv_journey_log) IS
'Writes a journey log in binary: version, flags, names, rows, big-endian.';

CREATE TYPE cv_journey_log (
    INPUT = cv_journey_log_in,
    OUTPUT = cv_journey_log_out,
    RECEIVE = cv_journey_log_recv,
    SEND = cv_journey_log_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);

CREATE CAST (cv_journey_log AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_journey_log AS jsonb) IS
'The log''s text form as jsonb: an array of [instant, stage].';

CREATE FUNCTION journey_log_trans(cv_journey_log, timestamptz, text) RETURNS cv_journey_log
    AS 'MODULE_PATHNAME', 'cv_journey_log_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION journey_log_trans(cv_journey_log, timestamptz, text) IS
'Transition of journey_log(timestamptz, text); of no use elsewhere.';

CREATE FUNCTION journey_log_combine(cv_journey_log, cv_journey_log) RETURNS cv_journey_log
    AS 'MODULE_PATHNAME', 'cv_journey_log_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION journey_log_combine(cv_journey_log, cv_journey_log) IS
'Merges two states of journey_log(); of no use elsewhere.';

CREATE FUNCTION journey_log_final(cv_journey_log) RETURNS cv_journey_log
    AS 'MODULE_PATHNAME', 'cv_journey_log_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION journey_log_final(cv_journey_log) IS
'Final function of journey_log(); of no use elsewhere.';

CREATE AGGREGATE journey_log(at timestamptz, stage text) (
    SFUNC = journey_log_trans,
    STYPE = cv_journey_log,
    SSPACE = 528,
    FINALFUNC = journey_log_final,
    COMBINEFUNC = journey_log_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE journey_log(timestamptz, text) IS
'One customer''s journey from rows of an instant and a stage, in any order. Equal rows count as often as they happen. A row with a NULL is ignored; no rows give NULL. Errors: 22008 for an infinite instant, 54000 beyond 1 GB.';

CREATE AGGREGATE rollup(log cv_journey_log) (
    SFUNC = journey_log_combine,
    STYPE = cv_journey_log,
    SSPACE = 528,
    FINALFUNC = journey_log_final,
    COMBINEFUNC = journey_log_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cv_journey_log) IS
'Merges journey logs, for example yesterday''s with the stored one. Same as the log of all their rows. NULLs are ignored; no rows give NULL.';

CREATE FUNCTION entries(log cv_journey_log, OUT at timestamptz, OUT stage text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_journey_log_entries' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION entries(cv_journey_log) IS
'The log as rows in order of their instants, rows of one instant by stage in C order: at, stage.';

CREATE FUNCTION stages(log cv_journey_log, collapse boolean DEFAULT true) RETURNS text[]
    AS 'MODULE_PATHNAME', 'cv_stages' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION stages(cv_journey_log, boolean) IS
'The stages in order of their instants, rows of one instant by stage in C order. With collapse, the default, a stage that repeats without another between stands once; without it each row counts.';
