-- value: surveys of prices and features

CREATE TYPE cv_price_sensitivity;
COMMENT ON TYPE cv_price_sensitivity IS
'How often each price was named as too cheap, cheap, expensive and too expensive by respondents whose four prices rise, and how many others there were: 40 bytes for each distinct price. Made by price_sensitivity(), merged by rollup(). Text form: {"invalid": 3, "prices": [[price, too_cheap, cheap, expensive, too_expensive], ...]}, sorted, exact and valid JSON.';

CREATE FUNCTION cv_price_sensitivity_in(cstring) RETURNS cv_price_sensitivity
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_price_sensitivity_in(cstring) IS
'Reads a price survey from text. Errors: 22P02 for a malformed text, prices out of order or answers that no respondents can have given.';
CREATE FUNCTION cv_price_sensitivity_out(cv_price_sensitivity) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_price_sensitivity_out(cv_price_sensitivity) IS
'Writes a price survey as text that reads back exactly.';
CREATE FUNCTION cv_price_sensitivity_recv(internal) RETURNS cv_price_sensitivity
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_price_sensitivity_recv(internal) IS
'Reads a price survey from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_price_sensitivity_send(cv_price_sensitivity) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_price_sensitivity_send(cv_price_sensitivity) IS
'Writes a price survey in binary: version, flags, invalid, prices with their answers, big-endian.';
CREATE TYPE cv_price_sensitivity (
    INPUT = cv_price_sensitivity_in,
    OUTPUT = cv_price_sensitivity_out,
    RECEIVE = cv_price_sensitivity_recv,
    SEND = cv_price_sensitivity_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
CREATE CAST (cv_price_sensitivity AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_price_sensitivity AS jsonb) IS 'The survey''s text form as jsonb.';

CREATE FUNCTION price_sensitivity_trans(cv_price_sensitivity, float8, float8, float8, float8) RETURNS cv_price_sensitivity
    AS 'MODULE_PATHNAME', 'cv_price_sensitivity_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION price_sensitivity_trans(cv_price_sensitivity, float8, float8, float8, float8) IS
'Transition of price_sensitivity(); of no use elsewhere.';
CREATE FUNCTION price_sensitivity_combine(cv_price_sensitivity, cv_price_sensitivity) RETURNS cv_price_sensitivity
    AS 'MODULE_PATHNAME', 'cv_price_sensitivity_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION price_sensitivity_combine(cv_price_sensitivity, cv_price_sensitivity) IS
'Merges two states of price_sensitivity(); of no use elsewhere.';
CREATE FUNCTION price_sensitivity_final(cv_price_sensitivity) RETURNS cv_price_sensitivity
    AS 'MODULE_PATHNAME', 'cv_price_sensitivity_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION price_sensitivity_final(cv_price_sensitivity) IS
'Final function of price_sensitivity(); of no use elsewhere.';

CREATE AGGREGATE price_sensitivity(too_cheap float8, cheap float8, expensive float8, too_expensive float8) (
    SFUNC = price_sensitivity_trans,
    STYPE = cv_price_sensitivity,
    SSPACE = -1,
    FINALFUNC = price_sensitivity_final,
    COMBINEFUNC = price_sensitivity_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE price_sensitivity(float8, float8, float8, float8) IS
'Collects the answers to van Westendorps (1976) four questions, a row for each respondent: at which price the offer is too cheap to trust, cheap, expensive, too expensive. Respondents whose prices do not rise strictly are counted as invalid and not used otherwise. A row with any NULL is ignored; no rows give NULL. The same to the last bit in any order of the rows. Errors: 22003 for a price that is negative or not finite.';

CREATE AGGREGATE rollup(survey cv_price_sensitivity) (
    SFUNC = price_sensitivity_combine,
    STYPE = cv_price_sensitivity,
    SSPACE = -1,
    FINALFUNC = price_sensitivity_final,
    COMBINEFUNC = price_sensitivity_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cv_price_sensitivity) IS
'Merges price surveys. Same as the survey of all their respondents. NULLs are ignored; no rows give NULL.';

CREATE FUNCTION price_points(survey cv_price_sensitivity, OUT marginal_cheapness float8, OUT marginal_expensiveness float8, OUT indifference_price float8,
    OUT optimal_price float8, OUT valid bigint, OUT invalid bigint) RETURNS record
    AS 'MODULE_PATHNAME', 'cv_price_points' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION price_points(cv_price_sensitivity) IS
'The four prices where the curves of van Westendorps price sensitivity meter cross: too cheap with not cheap, too expensive with not expensive, cheap with expensive, too cheap with too expensive; between the first two lies the range of acceptable prices. Falling curves are shares above a price; crossings are interpolated linearly, of several the lowest price counts: as the R package pricesensitivitymeter 1.3.3. Then the numbers of respondents with and without rising prices. Prices are NULL where nobodys rise.';

CREATE TYPE cv_kano_summary;
COMMENT ON TYPE cv_kano_summary IS
'Answers about a feature, counted by the six categories of Kano (1984): 56 bytes. Made by kano_summary(), merged by rollup(). Text form: {"counts": [attractive, one_dimensional, must_be, indifferent, reverse, questionable]}, valid JSON.';

CREATE FUNCTION cv_kano_summary_in(cstring) RETURNS cv_kano_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_kano_summary_in(cstring) IS
'Reads a Kano summary from text. Errors: 22P02 for a malformed text or a negative number.';
CREATE FUNCTION cv_kano_summary_out(cv_kano_summary) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_kano_summary_out(cv_kano_summary) IS
'Writes a Kano summary as text that reads back exactly.';
CREATE FUNCTION cv_kano_summary_recv(internal) RETURNS cv_kano_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_kano_summary_recv(internal) IS
'Reads a Kano summary from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_kano_summary_send(cv_kano_summary) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_kano_summary_send(cv_kano_summary) IS
'Writes a Kano summary in binary: version, flags, the six counts, big-endian.';
CREATE TYPE cv_kano_summary (
    INPUT = cv_kano_summary_in,
    OUTPUT = cv_kano_summary_out,
    RECEIVE = cv_kano_summary_recv,
    SEND = cv_kano_summary_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
CREATE CAST (cv_kano_summary AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_kano_summary AS jsonb) IS 'The summary''s text form as jsonb.';

CREATE FUNCTION kano_summary_trans(cv_kano_summary, integer, integer) RETURNS cv_kano_summary
    AS 'MODULE_PATHNAME', 'cv_kano_summary_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION kano_summary_trans(cv_kano_summary, integer, integer) IS
'Transition of kano_summary(); of no use elsewhere.';
CREATE FUNCTION kano_summary_combine(cv_kano_summary, cv_kano_summary) RETURNS cv_kano_summary
    AS 'MODULE_PATHNAME', 'cv_kano_summary_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION kano_summary_combine(cv_kano_summary, cv_kano_summary) IS
'Merges two states of kano_summary(); of no use elsewhere.';
CREATE FUNCTION kano_summary_final(cv_kano_summary) RETURNS cv_kano_summary
    AS 'MODULE_PATHNAME', 'cv_kano_summary_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION kano_summary_final(cv_kano_summary) IS
'Final function of kano_summary(); of no use elsewhere.';

CREATE AGGREGATE kano_summary(functional integer, dysfunctional integer) (
    SFUNC = kano_summary_trans,
    STYPE = cv_kano_summary,
    SSPACE = 56,
    FINALFUNC = kano_summary_final,
    COMBINEFUNC = kano_summary_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE kano_summary(integer, integer) IS
'Counts answers about a feature by category, a row for each respondent: how they feel with it (functional) and without it (dysfunctional), each 1 like, 2 must be, 3 neutral, 4 can live with, 5 dislike, evaluated by the table of Kano (1984) and Berger et al. (1993). A row with a NULL is ignored; no rows give NULL. Errors: 22003 for an answer outside 1 to 5.';

CREATE AGGREGATE rollup(summary cv_kano_summary) (
    SFUNC = kano_summary_combine,
    STYPE = cv_kano_summary,
    SSPACE = 56,
    FINALFUNC = kano_summary_final,
    COMBINEFUNC = kano_summary_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cv_kano_summary) IS
'Merges Kano summaries of one feature. Same as the summary of all their respondents. NULLs are ignored; no rows give NULL.';

CREATE FUNCTION kano(summary cv_kano_summary, OUT category text, OUT better float8, OUT worse float8, OUT attractive bigint, OUT one_dimensional bigint,
    OUT must_be bigint, OUT indifferent bigint, OUT reverse bigint, OUT questionable bigint) RETURNS record
    AS 'MODULE_PATHNAME', 'cv_kano' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION kano(cv_kano_summary) IS
'The category of a feature, the one counted most often (ties: must-be before one-dimensional, attractive, indifferent, reverse, questionable); better, how much satisfaction it can gain, (A+O)/(A+O+M+I) from 0 to 1; worse, how much its absence costs, -(O+M)/(A+O+M+I) from -1 to 0, both NULL where none of these was counted; and the six counts.';
