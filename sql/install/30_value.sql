-- value: perceived value, economic value, the value stick

CREATE TYPE cv_perceived_value_summary;
COMMENT ON TYPE cv_perceived_value_summary IS
'The sums of weighted scores of benefits and of costs, kept exactly, and the number of responses: 80 bytes. Made by perceived_value_summary(), merged by rollup(). Text form: {"responses": 5, "benefits": [26.5], "costs": [11]}, exact and valid JSON; where a sum is no float8, it is written as several numbers that add up to it, the largest first.';

CREATE FUNCTION cv_perceived_value_summary_in(cstring) RETURNS cv_perceived_value_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_perceived_value_summary_in(cstring) IS
'Reads a summary of perceived value from text. Errors: 22P02 for a malformed text or a negative number of responses, 22003 for a sum beyond float8.';
CREATE FUNCTION cv_perceived_value_summary_out(cv_perceived_value_summary) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_perceived_value_summary_out(cv_perceived_value_summary) IS
'Writes a summary of perceived value as text that reads back exactly.';
CREATE FUNCTION cv_perceived_value_summary_recv(internal) RETURNS cv_perceived_value_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_perceived_value_summary_recv(internal) IS
'Reads a summary of perceived value from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_perceived_value_summary_send(cv_perceived_value_summary) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_perceived_value_summary_send(cv_perceived_value_summary) IS
'Writes a summary of perceived value in binary: version, flags, responses, the parts of both sums, big-endian.';
CREATE TYPE cv_perceived_value_summary (
    INPUT = cv_perceived_value_summary_in,
    OUTPUT = cv_perceived_value_summary_out,
    RECEIVE = cv_perceived_value_summary_recv,
    SEND = cv_perceived_value_summary_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
CREATE CAST (cv_perceived_value_summary AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_perceived_value_summary AS jsonb) IS 'The summary''s text form as jsonb.';

CREATE FUNCTION perceived_value_trans(cv_perceived_value_summary, float8, float8, boolean) RETURNS cv_perceived_value_summary
    AS 'MODULE_PATHNAME', 'cv_perceived_value_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION perceived_value_trans(cv_perceived_value_summary, float8, float8, boolean) IS
'Transition of perceived_value() and perceived_value_summary(); of no use elsewhere.';
CREATE FUNCTION perceived_value_combine(cv_perceived_value_summary, cv_perceived_value_summary) RETURNS cv_perceived_value_summary
    AS 'MODULE_PATHNAME', 'cv_perceived_value_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION perceived_value_combine(cv_perceived_value_summary, cv_perceived_value_summary) IS
'Merges two states of perceived_value() and its kin; of no use elsewhere.';
CREATE FUNCTION perceived_value_final(cv_perceived_value_summary) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_perceived_value_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION perceived_value_final(cv_perceived_value_summary) IS
'Final function of perceived_value(); of no use elsewhere.';
CREATE FUNCTION perceived_value_summary_final(cv_perceived_value_summary) RETURNS cv_perceived_value_summary
    AS 'MODULE_PATHNAME', 'cv_perceived_value_summary_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION perceived_value_summary_final(cv_perceived_value_summary) IS
'Final function of perceived_value_summary(); of no use elsewhere.';

CREATE AGGREGATE perceived_value(score float8, weight float8, is_cost boolean) (
    SFUNC = perceived_value_trans,
    STYPE = cv_perceived_value_summary,
    SSPACE = 80,
    FINALFUNC = perceived_value_final,
    COMBINEFUNC = perceived_value_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE perceived_value(float8, float8, boolean) IS
'Perceived value: the sum of weight * score over the benefits less that over the costs (is_cost true: price, time, effort, risk), as the customer-perceived value of Kotler and Keller. Weights are used as they are, not normalised. A row with any NULL is ignored; no rows give NULL. The sums are exact (for products within twenty orders of magnitude of each other), so the same to the last bit in any order of the rows. Errors: 22003 for a score that is not finite, a weight that is not finite or negative, a product beyond 1e290.';

CREATE AGGREGATE perceived_value_summary(score float8, weight float8, is_cost boolean) (
    SFUNC = perceived_value_trans,
    STYPE = cv_perceived_value_summary,
    SSPACE = 80,
    FINALFUNC = perceived_value_summary_final,
    COMBINEFUNC = perceived_value_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE perceived_value_summary(float8, float8, boolean) IS
'The sums behind perceived_value(), to be stored, merged by rollup() and asked by benefits(), costs(), perceived_value(), value_ratio(), responses(). A row with any NULL is ignored; no rows give NULL. The sums are exact (for products within twenty orders of magnitude of each other), so the same to the last bit in any order of the rows. Errors: 22003 for a score that is not finite, a weight that is not finite or negative, a product beyond 1e290.';

CREATE AGGREGATE rollup(summary cv_perceived_value_summary) (
    SFUNC = perceived_value_combine,
    STYPE = cv_perceived_value_summary,
    SSPACE = 80,
    FINALFUNC = perceived_value_summary_final,
    COMBINEFUNC = perceived_value_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cv_perceived_value_summary) IS
'Merges summaries of perceived value, for example of months or segments. Same as the summary of all their rows. NULLs are ignored; no rows give NULL.';

CREATE FUNCTION benefits(summary cv_perceived_value_summary) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_benefits' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION benefits(cv_perceived_value_summary) IS
'The sum of weight * score over the benefits, in the unit of scores times weights; 0 without benefits.';

CREATE FUNCTION costs(summary cv_perceived_value_summary) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_costs' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION costs(cv_perceived_value_summary) IS
'The sum of weight * score over the costs, in the unit of scores times weights; 0 without costs.';

CREATE FUNCTION perceived_value(summary cv_perceived_value_summary) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_perceived_value_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION perceived_value(cv_perceived_value_summary) IS
'Benefits less costs of a summary, rounded once.';

CREATE FUNCTION value_ratio(summary cv_perceived_value_summary) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_value_ratio' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION value_ratio(cv_perceived_value_summary) IS
'Benefits divided by costs, 1 where they are equal; NULL when costs are 0. Errors: 22003 for a ratio beyond float8.';

CREATE FUNCTION responses(summary cv_perceived_value_summary) RETURNS bigint
    AS 'MODULE_PATHNAME', 'cv_value_responses' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION responses(cv_perceived_value_summary) IS
'Number of rows that a summary of perceived value was made of.';

CREATE FUNCTION perceived_value(benefits float8, costs float8) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_perceived_value_scalar' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION perceived_value(float8, float8) IS
'Benefits less costs, where the totals are known. Errors: 22023 for an argument that is not finite, 22003 for a difference beyond float8.';

-- an offer against a reference
CREATE FUNCTION relative_value_trans(cv_perceived_value_summary, float8, float8, float8) RETURNS cv_perceived_value_summary
    AS 'MODULE_PATHNAME', 'cv_relative_value_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION relative_value_trans(cv_perceived_value_summary, float8, float8, float8) IS
'Transition of relative_value(); of no use elsewhere.';
CREATE FUNCTION relative_value_final(cv_perceived_value_summary) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_relative_value_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION relative_value_final(cv_perceived_value_summary) IS
'Final function of relative_value(); of no use elsewhere.';

CREATE AGGREGATE relative_value(own float8, reference float8, weight float8) (
    SFUNC = relative_value_trans,
    STYPE = cv_perceived_value_summary,
    SSPACE = 80,
    FINALFUNC = relative_value_final,
    COMBINEFUNC = perceived_value_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE relative_value(float8, float8, float8) IS
'Relative value of an offer, the market-perceived quality or price ratio of Gale (1994): the sum of weight * own / reference divided by the sum of the weights, a row for each attribute; 1 is parity, no ratio is rounded. A row with any NULL is ignored; no rows and weights that are all 0 give NULL. The same to the last bit in any order of the rows. Errors: 22003 for a reference that is not above 0, a weight that is negative, anything not finite.';

-- value in money

CREATE FUNCTION economic_value(reference_price float8, positive_differentiation float8, negative_differentiation float8) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_economic_value' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION economic_value(float8, float8, float8) IS
'Economic value to the customer (Forbis and Mehta 1981): reference_price + positive_differentiation - negative_differentiation, all in one currency: the price at which offer and reference are worth the same. Differentiations are amounts; the sign is the arguments. Errors: 22023 for an argument that is negative or not finite.';

CREATE FUNCTION value_stick(willingness_to_pay float8, price float8, cost float8, willingness_to_sell float8,
    OUT customer_delight float8, OUT firm_margin float8, OUT supplier_surplus float8, OUT total_value float8) RETURNS record
    AS 'MODULE_PATHNAME', 'cv_value_stick' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION value_stick(float8, float8, float8, float8) IS
'The value stick of Brandenburger and Stuart (1996): customer_delight = willingness_to_pay - price, firm_margin = price - cost, supplier_surplus = cost - willingness_to_sell, total_value = their sum, all in one currency. A part may be negative and is shown so. NULL for a NULL argument. Errors: 22023 for an argument that is not finite, 22003 for a difference beyond float8.';
