-- voice: reliability of scales, and what drives an outcome

-- items of one scale

CREATE TYPE cv_item_summary;
COMMENT ON TYPE cv_item_summary IS
'Complete answers to the items of one scale: their number and the exact sums and sums of products of the items, at most 200. Made by item_summary(), merged by rollup(), the same in any order of the rows. Text form: {"responses": 2, "items": 2, "moments": [x, y, xx, xy, yy]}, a sum that no double holds exactly as an array of its parts.';

CREATE FUNCTION cv_item_summary_in(cstring) RETURNS cv_item_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_item_summary_in(cstring) IS
'Reads a summary of items from text. Errors: 22P02 naming what is missing, unknown or out of range.';
CREATE FUNCTION cv_item_summary_out(cv_item_summary) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_item_summary_out(cv_item_summary) IS
'Writes a summary of items as text that reads back exactly.';
CREATE FUNCTION cv_item_summary_recv(internal) RETURNS cv_item_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_item_summary_recv(internal) IS
'Reads a summary of items from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_item_summary_send(cv_item_summary) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_item_summary_send(cv_item_summary) IS
'Writes a summary of items in binary: version, flags, counts, sums, big-endian.';
CREATE TYPE cv_item_summary (
    INPUT = cv_item_summary_in,
    OUTPUT = cv_item_summary_out,
    RECEIVE = cv_item_summary_recv,
    SEND = cv_item_summary_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
CREATE CAST (cv_item_summary AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_item_summary AS jsonb) IS 'The summary''s text form as jsonb.';

CREATE FUNCTION item_trans(cv_item_summary, float8[]) RETURNS cv_item_summary
    AS 'MODULE_PATHNAME', 'cv_item_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION item_trans(cv_item_summary, float8[]) IS
'Transition of cronbach_alpha() and item_summary(); of no use elsewhere.';

CREATE FUNCTION item_combine(cv_item_summary, cv_item_summary) RETURNS cv_item_summary
    AS 'MODULE_PATHNAME', 'cv_item_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION item_combine(cv_item_summary, cv_item_summary) IS
'Merges two states of cronbach_alpha() and item_summary(); of no use elsewhere.';

CREATE FUNCTION item_summary_final(cv_item_summary) RETURNS cv_item_summary
    AS 'MODULE_PATHNAME', 'cv_item_summary_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION item_summary_final(cv_item_summary) IS
'Final function of item_summary(); of no use elsewhere.';

CREATE FUNCTION cronbach_alpha_final(cv_item_summary) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_cronbach_alpha' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cronbach_alpha_final(cv_item_summary) IS
'Final function of cronbach_alpha(); of no use elsewhere.';

CREATE AGGREGATE cronbach_alpha(items float8[]) (
    SFUNC = item_trans,
    STYPE = cv_item_summary,
    SSPACE = 2048,
    FINALFUNC = cronbach_alpha_final,
    COMBINEFUNC = item_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE cronbach_alpha(float8[]) IS
'Cronbach''s (1951) alpha of a scale, at most 1: k / (k - 1) (1 - sum of the items'' variances / variance of their total), from rows with an array of k answers each. NULL also where the total does not vary. A row with a NULL answer is ignored; no rows give NULL. Errors: 22000 for less than two items, for more than one dimension or where their number changes between rows, 22003 for an answer that is neither 0 nor between 1e-100 and 1e100 in size, 54000 for more than 200 items.';

CREATE AGGREGATE item_summary(items float8[]) (
    SFUNC = item_trans,
    STYPE = cv_item_summary,
    SSPACE = 2048,
    FINALFUNC = item_summary_final,
    COMBINEFUNC = item_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE item_summary(float8[]) IS
'Sums answers to the items of a scale, for cronbach_alpha() and item_statistics(). A row with a NULL answer is ignored; no rows give NULL. Errors: 22000 for less than two items, for more than one dimension or where their number changes between rows, 22003 for an answer that is neither 0 nor between 1e-100 and 1e100 in size, 54000 for more than 200 items.';

CREATE AGGREGATE rollup(summary cv_item_summary) (
    SFUNC = item_combine,
    STYPE = cv_item_summary,
    SSPACE = 2048,
    FINALFUNC = item_summary_final,
    COMBINEFUNC = item_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cv_item_summary) IS
'Merges summaries of the same items. Same as the summary of all their rows. NULLs are ignored; no rows give NULL. Errors: 22000 where the number of items differs.';

CREATE FUNCTION responses(summary cv_item_summary) RETURNS bigint
    AS 'MODULE_PATHNAME', 'cv_item_responses' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION responses(cv_item_summary) IS
'Number of complete answers.';

CREATE FUNCTION cronbach_alpha(summary cv_item_summary, standardized boolean DEFAULT false) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_cronbach_alpha' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cronbach_alpha(cv_item_summary, boolean) IS
'Cronbach''s alpha; standardised it is k r / (1 + (k - 1) r) with the mean correlation r of the items, as if all had the same variance. NULL where the total, or of the standardised form an item, does not vary.';

CREATE FUNCTION item_statistics(summary cv_item_summary, OUT item integer, OUT mean float8, OUT standard_deviation float8,
                                OUT rest_correlation float8, OUT alpha_if_dropped float8) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_item_statistics' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION item_statistics(cv_item_summary) IS
'The items of a scale, in order from 1: mean, standard deviation (n - 1), correlation with the total of the other items, and alpha of the scale without the item (NULL of two items).';

-- drivers of an outcome

CREATE TYPE cv_driver_summary;
COMMENT ON TYPE cv_driver_summary IS
'Complete rows of an outcome and its drivers: their number, the drivers'' names, and the exact sums and sums of products, at most 100 drivers. Made by driver_summary(), merged by rollup(), the same in any order of the rows. Text form: {"responses": 2, "drivers": ["price"], "moments": [y, x, yy, yx, xx]}, a sum that no double holds exactly as an array of its parts.';

CREATE FUNCTION cv_driver_summary_in(cstring) RETURNS cv_driver_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_driver_summary_in(cstring) IS
'Reads a summary of drivers from text. Errors: 22P02 naming what is missing, unknown or out of range.';
CREATE FUNCTION cv_driver_summary_out(cv_driver_summary) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_driver_summary_out(cv_driver_summary) IS
'Writes a summary of drivers as text that reads back exactly.';
CREATE FUNCTION cv_driver_summary_recv(internal) RETURNS cv_driver_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_driver_summary_recv(internal) IS
'Reads a summary of drivers from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_driver_summary_send(cv_driver_summary) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_driver_summary_send(cv_driver_summary) IS
'Writes a summary of drivers in binary: version, flags, counts, names, sums, big-endian.';
CREATE TYPE cv_driver_summary (
    INPUT = cv_driver_summary_in,
    OUTPUT = cv_driver_summary_out,
    RECEIVE = cv_driver_summary_recv,
    SEND = cv_driver_summary_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
CREATE CAST (cv_driver_summary AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_driver_summary AS jsonb) IS 'The summary''s text form as jsonb.';

CREATE FUNCTION driver_trans(cv_driver_summary, float8, jsonb) RETURNS cv_driver_summary
    AS 'MODULE_PATHNAME', 'cv_driver_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION driver_trans(cv_driver_summary, float8, jsonb) IS
'Transition of driver_summary(); of no use elsewhere.';

CREATE FUNCTION driver_combine(cv_driver_summary, cv_driver_summary) RETURNS cv_driver_summary
    AS 'MODULE_PATHNAME', 'cv_driver_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION driver_combine(cv_driver_summary, cv_driver_summary) IS
'Merges two states of driver_summary(); of no use elsewhere.';

CREATE FUNCTION driver_final(cv_driver_summary) RETURNS cv_driver_summary
    AS 'MODULE_PATHNAME', 'cv_driver_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION driver_final(cv_driver_summary) IS
'Final function of driver_summary(); of no use elsewhere.';

CREATE AGGREGATE driver_summary(outcome float8, drivers jsonb) (
    SFUNC = driver_trans,
    STYPE = cv_driver_summary,
    SSPACE = 2048,
    FINALFUNC = driver_final,
    COMBINEFUNC = driver_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE driver_summary(float8, jsonb) IS
'Sums an outcome and what may drive it, for drivers() and r_squared(): drivers is an object of numbers by name, jsonb_build_object(''price'', price, ...), with the same names in all rows. A row with any NULL, or a null among its drivers, is ignored; no rows give NULL. Errors: 22000 for drivers that are no object of numbers or not the same in all rows, 22003 for a number that is neither 0 nor between 1e-100 and 1e100 in size, 54000 for more than 100 drivers.';

CREATE AGGREGATE rollup(summary cv_driver_summary) (
    SFUNC = driver_combine,
    STYPE = cv_driver_summary,
    SSPACE = 2048,
    FINALFUNC = driver_final,
    COMBINEFUNC = driver_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cv_driver_summary) IS
'Merges summaries of the same drivers. Same as the summary of all their rows. NULLs are ignored; no rows give NULL. Errors: 22000 where the drivers differ.';

CREATE FUNCTION responses(summary cv_driver_summary) RETURNS bigint
    AS 'MODULE_PATHNAME', 'cv_driver_responses' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION responses(cv_driver_summary) IS
'Number of complete rows.';

CREATE FUNCTION r_squared(summary cv_driver_summary) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_driver_r_squared' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION r_squared(cv_driver_summary) IS
'Share of the outcome''s variance, 0 to 1, that the least squares regression on all drivers explains. Errors: 22000 naming a driver that does not vary or is a linear combination of others, for an outcome that does not vary, and for less rows than drivers + 2.';

CREATE FUNCTION drivers(summary cv_driver_summary, method text DEFAULT NULL, OUT driver text, OUT weight float8,
                        OUT share float8) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_drivers' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10;
COMMENT ON FUNCTION drivers(cv_driver_summary, text) IS
'How much each driver contributes to an outcome, largest first: weight is its part of r_squared(), share the same in proportion, which sums to 1. method: lmg, the gain in R squared averaged over all orders of the drivers (Lindeman, Merenda and Gold 1980), exact, at most 20 drivers; johnson, relative weights (Johnson 2000), a fast approximation; NULL is lmg up to 12 drivers, else johnson. Weights tell how drivers and outcome go together, not what causes what. Errors: 22000 naming a driver that does not vary or is a linear combination of others, for an outcome that does not vary, and for less rows than drivers + 2; 22023 for an unknown method, 54000 for lmg with more than 20 drivers.';
