-- segment: recency, frequency and monetary value

-- values
CREATE TYPE cv_rfm_value AS (
    recency integer,
    frequency bigint,
    monetary float8
);
COMMENT ON TYPE cv_rfm_value IS
'Recency, frequency and monetary value of a customer as of a day.';
COMMENT ON COLUMN cv_rfm_value.recency IS 'Days since the last purchase.';
COMMENT ON COLUMN cv_rfm_value.frequency IS 'Number of orders.';
COMMENT ON COLUMN cv_rfm_value.monetary IS 'Net amount of all orders and returns.';

CREATE TYPE cv_rfm_score AS (
    recency integer,
    frequency integer,
    monetary integer,
    score integer
);
COMMENT ON TYPE cv_rfm_score IS
'The class of a customer by recency, frequency and monetary value; the highest is best.';
COMMENT ON COLUMN cv_rfm_score.recency IS 'Class by recency: the highest for those who bought last.';
COMMENT ON COLUMN cv_rfm_score.frequency IS 'Class by frequency: the highest for those with most orders.';
COMMENT ON COLUMN cv_rfm_score.monetary IS 'Class by monetary value: the highest for those who spent most.';
COMMENT ON COLUMN cv_rfm_score.score IS '100 recency + 10 frequency + monetary.';

CREATE FUNCTION rfm_value(log cv_activity_log, as_of date) RETURNS cv_rfm_value
    AS 'MODULE_PATHNAME', 'cv_rfm_value' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_value(cv_activity_log, date) IS
'Recency, frequency and monetary value of a customer as of a day: days since the last purchase, number of orders, net amount. Later activity is not looked at; NULL when the first purchase is after as_of. Errors: 22008 for an infinite as_of.';

-- classes
CREATE TYPE cv_rfm_scale;
COMMENT ON TYPE cv_rfm_scale IS
'How recency, frequency and monetary value are distributed among customers: how many have each value, 24 bytes for each distinct one. Made by rfm_scale(), merged by rollup(), at most 1 GB. Text form: [["recency", value, customers], ...], sorted by measure and value, exact and valid JSON.';

CREATE FUNCTION cv_rfm_scale_in(cstring) RETURNS cv_rfm_scale
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_rfm_scale_in(cstring) IS
'Reads an RFM scale from text. Errors: 22P02 for a malformed text, an unknown measure or values out of order.';
CREATE FUNCTION cv_rfm_scale_out(cv_rfm_scale) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_rfm_scale_out(cv_rfm_scale) IS
'Writes an RFM scale as text that reads back exactly.';
CREATE FUNCTION cv_rfm_scale_recv(internal) RETURNS cv_rfm_scale
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_rfm_scale_recv(internal) IS
'Reads an RFM scale from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_rfm_scale_send(cv_rfm_scale) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_rfm_scale_send(cv_rfm_scale) IS
'Writes an RFM scale in binary: version, flags, label, entries, big-endian.';
CREATE TYPE cv_rfm_scale (
    INPUT = cv_rfm_scale_in,
    OUTPUT = cv_rfm_scale_out,
    RECEIVE = cv_rfm_scale_recv,
    SEND = cv_rfm_scale_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
CREATE CAST (cv_rfm_scale AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_rfm_scale AS jsonb) IS 'The text form as jsonb (up to 256 MB).';

CREATE FUNCTION rfm_scale_trans(cv_rfm_scale, cv_rfm_value) RETURNS cv_rfm_scale
    AS 'MODULE_PATHNAME', 'cv_rfm_scale_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_scale_trans(cv_rfm_scale, cv_rfm_value) IS
'Transition of rfm_scale(); of no use elsewhere.';
CREATE FUNCTION rfm_scale_combine(cv_rfm_scale, cv_rfm_scale) RETURNS cv_rfm_scale
    AS 'MODULE_PATHNAME', 'cv_rfm_scale_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_scale_combine(cv_rfm_scale, cv_rfm_scale) IS
'Merges two states of rfm_scale(); of no use elsewhere.';
CREATE FUNCTION rfm_scale_final(cv_rfm_scale) RETURNS cv_rfm_scale
    AS 'MODULE_PATHNAME', 'cv_rfm_scale_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_scale_final(cv_rfm_scale) IS
'Final function of rfm_scale(); of no use elsewhere.';

CREATE AGGREGATE rfm_scale(value cv_rfm_value) (
    SFUNC = rfm_scale_trans,
    STYPE = cv_rfm_scale,
    SSPACE = 1024,
    FINALFUNC = rfm_scale_final,
    COMBINEFUNC = rfm_scale_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rfm_scale(cv_rfm_value) IS
'The scale of a group of customers, by which they are divided into classes. A value that is NULL is ignored; no rows give NULL. Errors: 22003 for a negative recency, a frequency below 1 or a monetary value that is not finite, 22004 for a value of which only some attributes are known.';

CREATE AGGREGATE rollup(scale cv_rfm_scale) (
    SFUNC = rfm_scale_combine,
    STYPE = cv_rfm_scale,
    SSPACE = 1024,
    FINALFUNC = rfm_scale_final,
    COMBINEFUNC = rfm_scale_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cv_rfm_scale) IS
'Merges scales, for example of shops. Same as the scale of all their customers. NULLs are ignored; no rows give NULL.';

CREATE FUNCTION rfm_cuts(scale cv_rfm_scale, bins integer DEFAULT 5, method text DEFAULT 'quantile', OUT measure text, OUT class integer, OUT lower float8, OUT upper float8) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_rfm_cuts_rows' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 15;
COMMENT ON FUNCTION rfm_cuts(cv_rfm_scale, integer, text) IS
'The classes of each measure, 1 to bins, the highest is best (the fewest days for recency). quantile: cut at the quantiles 1/bins, 2/bins, ... (type 7, that of R and of percentile_cont); a class is 1 + the number of cuts below the value, so it holds the values in (lower, upper], the outermost reach to infinity, equal values are never divided and classes do not change with the unit. r_rfm: as the R package rfm has it, cuts at these quantiles + 1, whatever the unit, classes [lower, upper) from the least value to the largest + 1. Errors: 22023 for bins outside 2..9 or an unknown method.';

CREATE FUNCTION rfm_score(scale cv_rfm_scale, value cv_rfm_value, bins integer DEFAULT 5, method text DEFAULT 'quantile') RETURNS cv_rfm_score
    AS 'MODULE_PATHNAME', 'cv_rfm_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score(cv_rfm_scale, cv_rfm_value, integer, text) IS
'The classes of a customer among those of a scale, see rfm_cuts(). Customers who are not of the scale can be scored too. NULL for a value of NULLs or an empty scale. Errors: 22023 for bins outside 2..9 or an unknown method, 22003 and 22004 for an impossible value.';

CREATE FUNCTION rfm_segment(score cv_rfm_score, scheme text DEFAULT 'default') RETURNS text
    AS 'MODULE_PATHNAME', 'cv_rfm_segment' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_segment(cv_rfm_score, text) IS
'The name of the segment of a score of five classes. default: by recency and the sum of frequency and monetary, so that every score is in exactly one of Champions, Loyal Customers, Potential Loyalists, New Customers, Promising, Need Attention, About To Sleep, Can''t Lose Them, At Risk, Hibernating, Lost. r_rfm: the published map of the R package rfm, the first segment that matches, else Others. Errors: 22003 for a class outside 1..5, 22023 for an unknown scheme.';
