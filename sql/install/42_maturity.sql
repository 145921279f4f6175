-- maturity: how far an organisation has come in creating value for customers

CREATE TYPE cv_maturity_summary;
COMMENT ON TYPE cv_maturity_summary IS
'What the maturity level depends on of the practices assessed: the highest level among them and the lowest one, from 2, that lacks a practice (0: none). Made by maturity_summary(), merged by rollup(). Text form: {"highest": 5, "lacking": 3}.';

CREATE FUNCTION cv_maturity_summary_in(cstring) RETURNS cv_maturity_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_maturity_summary_in(cstring) IS
'Reads a maturity summary from text. Errors: 22P02 naming what is missing, unknown or out of range.';
CREATE FUNCTION cv_maturity_summary_out(cv_maturity_summary) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_maturity_summary_out(cv_maturity_summary) IS
'Writes a maturity summary as text that reads back exactly.';
CREATE FUNCTION cv_maturity_summary_recv(internal) RETURNS cv_maturity_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_maturity_summary_recv(internal) IS
'Reads a maturity summary from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_maturity_summary_send(cv_maturity_summary) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_maturity_summary_send(cv_maturity_summary) IS
'Writes a maturity summary in binary: version, flags, the two levels, big-endian.';
CREATE TYPE cv_maturity_summary (
    INPUT = cv_maturity_summary_in,
    OUTPUT = cv_maturity_summary_out,
    RECEIVE = cv_maturity_summary_recv,
    SEND = cv_maturity_summary_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = plain
);
CREATE CAST (cv_maturity_summary AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_maturity_summary AS jsonb) IS 'The summary''s text form as jsonb.';

CREATE FUNCTION maturity_trans(cv_maturity_summary, integer, boolean) RETURNS cv_maturity_summary
    AS 'MODULE_PATHNAME', 'cv_maturity_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION maturity_trans(cv_maturity_summary, integer, boolean) IS
'Transition of maturity_level() and maturity_summary(); of no use elsewhere.';

CREATE FUNCTION maturity_combine(cv_maturity_summary, cv_maturity_summary) RETURNS cv_maturity_summary
    AS 'MODULE_PATHNAME', 'cv_maturity_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION maturity_combine(cv_maturity_summary, cv_maturity_summary) IS
'Merges two states of maturity_level() and maturity_summary(); of no use elsewhere.';

CREATE FUNCTION maturity_level_final(cv_maturity_summary) RETURNS integer
    AS 'MODULE_PATHNAME', 'cv_maturity_level' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION maturity_level_final(cv_maturity_summary) IS
'Final function of maturity_level(); of no use elsewhere.';

CREATE AGGREGATE maturity_level(level integer, achieved boolean) (
    SFUNC = maturity_trans,
    STYPE = cv_maturity_summary,
    SSPACE = 48,
    FINALFUNC = maturity_level_final,
    COMBINEFUNC = maturity_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE maturity_level(integer, boolean) IS
'Staged maturity level: the highest level such that every practice of it and of all levels from 2 below it is achieved. At least 1 (practices of level 1 have no effect), never above the highest level present; a level without practices is passed. By aspect it is the aspect''s level, over all aspects the minimum of theirs where each has practices at the highest level. NULL achieved, not assessed, is not satisfied; a row without a level is ignored; no rows give NULL. Errors: 22003 for a level below 1.';

CREATE AGGREGATE maturity_summary(level integer, achieved boolean) (
    SFUNC = maturity_trans,
    STYPE = cv_maturity_summary,
    SSPACE = 48,
    COMBINEFUNC = maturity_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE maturity_summary(integer, boolean) IS
'What maturity_level() depends on, to store and to merge. NULL achieved, not assessed, is not satisfied; a row without a level is ignored; no rows give NULL. Errors: 22003 for a level below 1.';

CREATE AGGREGATE rollup(summary cv_maturity_summary) (
    SFUNC = maturity_combine,
    STYPE = cv_maturity_summary,
    SSPACE = 48,
    COMBINEFUNC = maturity_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cv_maturity_summary) IS
'Merges maturity summaries, for example of aspects or of units. Same as the summary of all their practices. NULLs are ignored; no rows give NULL.';

CREATE FUNCTION maturity_level(summary cv_maturity_summary) RETURNS integer
    AS 'MODULE_PATHNAME', 'cv_maturity_level' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION maturity_level(cv_maturity_summary) IS
'Staged maturity level of the practices in a summary.';

CREATE FUNCTION maturity_practices(OUT aspect text, OUT level integer, OUT level_name text, OUT practice text)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_maturity_practices' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 30;
COMMENT ON FUNCTION maturity_practices() IS
'A model of maturity in creating value for customers: 30 practices of six aspects (customer research and feedback, product and service design, experience management, value proposition, engagement, continuous improvement) at the levels 1 ad-hoc, 2 initiating, 3 enabling, 4 optimizing and 5 leading. aspect is NULL where a practice is of the whole organisation; level 2 has none for continuous improvement.';
