-- clv: customers with a contract, who stay until they leave

-- retention bases
CREATE TYPE cv_retention_base;
COMMENT ON TYPE cv_retention_base IS
'Customers with a contract, counted by how many periods they stayed and whether they are lost: 16 bytes for each distinct pair. Made by retention_base(), merged by rollup(), at most 1 GB. Text form: [[tenure, churned, customers], ...], sorted, exact and valid JSON.';

CREATE FUNCTION cv_retention_base_in(cstring) RETURNS cv_retention_base
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_retention_base_in(cstring) IS
'Reads a retention base from text. Errors: 22P02 for a malformed text, an impossible tenure or tenures out of order.';
CREATE FUNCTION cv_retention_base_out(cv_retention_base) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_retention_base_out(cv_retention_base) IS
'Writes a retention base as text that reads back exactly.';
CREATE FUNCTION cv_retention_base_recv(internal) RETURNS cv_retention_base
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_retention_base_recv(internal) IS
'Reads a retention base from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_retention_base_send(cv_retention_base) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_retention_base_send(cv_retention_base) IS
'Writes a retention base in binary: version, flags, entries, big-endian.';
CREATE TYPE cv_retention_base (
    INPUT = cv_retention_base_in,
    OUTPUT = cv_retention_base_out,
    RECEIVE = cv_retention_base_recv,
    SEND = cv_retention_base_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
CREATE CAST (cv_retention_base AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_retention_base AS jsonb) IS 'The base''s text form as jsonb.';

CREATE FUNCTION retention_base_trans(cv_retention_base, integer, boolean) RETURNS cv_retention_base
    AS 'MODULE_PATHNAME', 'cv_retention_base_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION retention_base_trans(cv_retention_base, integer, boolean) IS
'Transition of retention_base(); of no use elsewhere.';
CREATE FUNCTION retention_base_trans(cv_retention_base, integer, boolean, bigint) RETURNS cv_retention_base
    AS 'MODULE_PATHNAME', 'cv_retention_base_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION retention_base_trans(cv_retention_base, integer, boolean, bigint) IS
'Transition of retention_base(); of no use elsewhere.';
CREATE FUNCTION retention_base_combine(cv_retention_base, cv_retention_base) RETURNS cv_retention_base
    AS 'MODULE_PATHNAME', 'cv_retention_base_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION retention_base_combine(cv_retention_base, cv_retention_base) IS
'Merges two states of retention_base(); of no use elsewhere.';
CREATE FUNCTION retention_base_final(cv_retention_base) RETURNS cv_retention_base
    AS 'MODULE_PATHNAME', 'cv_retention_base_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION retention_base_final(cv_retention_base) IS
'Final function of retention_base(); of no use elsewhere.';

CREATE AGGREGATE retention_base(tenure integer, churned boolean) (
    SFUNC = retention_base_trans,
    STYPE = cv_retention_base,
    SSPACE = 1024,
    FINALFUNC = retention_base_final,
    COMBINEFUNC = retention_base_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_base(integer, boolean) IS
'Counts customers with a contract by tenure, a row each: churned true with the number of the period in which the customer was lost (1, 2, ...), churned false with the number of periods after which the customer is still there (0, 1, ...). A row with any NULL is ignored; no rows give NULL. Errors: 22003 for a negative tenure or a lost customer of tenure 0.';

CREATE AGGREGATE retention_base(tenure integer, churned boolean, customers bigint) (
    SFUNC = retention_base_trans,
    STYPE = cv_retention_base,
    SSPACE = 1024,
    FINALFUNC = retention_base_final,
    COMBINEFUNC = retention_base_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_base(integer, boolean, bigint) IS
'As retention_base(tenure, churned), with the number of customers that a row stands for, for survivor tables. The base is the same as that of one row each. A row with any NULL is ignored. Errors: 22003 for a negative tenure or number of customers or a lost customer of tenure 0; 54000 for more than 9.2e18 customers.';

CREATE AGGREGATE rollup(base cv_retention_base) (
    SFUNC = retention_base_combine,
    STYPE = cv_retention_base,
    SSPACE = 1024,
    FINALFUNC = retention_base_final,
    COMBINEFUNC = retention_base_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cv_retention_base) IS
'Merges retention bases, for example of cohorts. Same as the base of all their customers. NULLs are ignored; no rows give NULL.';

CREATE FUNCTION customers(base cv_retention_base) RETURNS bigint
    AS 'MODULE_PATHNAME', 'cv_retention_customers' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customers(cv_retention_base) IS 'Number of customers in a retention base.';

-- models
CREATE TYPE cv_retention_model;
COMMENT ON TYPE cv_retention_model IS
'A model of how long customers with a contract stay and, after fit_retention(), how the fit went. Text form: {"family": "sbg", "alpha": 0.668, "beta": 3.806}; published parameters can be typed in. Families and parameters: sbg (alpha, beta), bdw (alpha, beta, c), all above 0; time is counted in renewal periods.';

CREATE FUNCTION cv_retention_model_in(cstring) RETURNS cv_retention_model
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_retention_model_in(cstring) IS
'Reads a retention model from JSON text. Errors: 22P02 naming what is missing, unknown or out of range.';
CREATE FUNCTION cv_retention_model_out(cv_retention_model) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_retention_model_out(cv_retention_model) IS
'Writes a retention model as JSON text that reads back exactly.';
CREATE FUNCTION cv_retention_model_recv(internal) RETURNS cv_retention_model
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_retention_model_recv(internal) IS
'Reads a retention model from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_retention_model_send(cv_retention_model) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_retention_model_send(cv_retention_model) IS 'Writes a retention model in binary.';
CREATE TYPE cv_retention_model (
    INPUT = cv_retention_model_in,
    OUTPUT = cv_retention_model_out,
    RECEIVE = cv_retention_model_recv,
    SEND = cv_retention_model_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = plain
);
CREATE CAST (cv_retention_model AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_retention_model AS jsonb) IS 'The model''s JSON text as jsonb.';
CREATE CAST (jsonb AS cv_retention_model) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (jsonb AS cv_retention_model) IS 'A retention model from its JSON form.';

CREATE FUNCTION fit_retention(base cv_retention_base, family text DEFAULT 'sbg') RETURNS cv_retention_model
    AS 'MODULE_PATHNAME', 'cv_fit_retention_model' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION fit_retention(cv_retention_base, text) IS
'Fits a model of retention by maximum likelihood. family: sbg, the shifted beta geometric (Fader and Hardie 2007), in which retention rises with tenure because those who leave easily leave first, or bdw, the beta discrete Weibull (Fader, Hardie, Liu, Davin and Steenburgh 2018), in which moreover every customer''s own retention falls (c above 1) or rises (c below 1) with tenure. Customers of tenure 0 tell nothing and are not used. Errors: 22000 if nobody was lost, all were lost in the same period or there are fewer periods than parameters, 22023 for an unknown family, 54000 for more than 9e15 customers; a fit that does not converge is a warning that says why, and goodness(model).converged is false.';

CREATE FUNCTION parameters(model cv_retention_model, OUT name text, OUT estimate float8, OUT standard_error float8,
                           OUT low float8, OUT high float8) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_retention_model_parameters' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 2;
COMMENT ON FUNCTION parameters(cv_retention_model) IS
'The model''s parameters; standard_error, low and high as for buying models.';

CREATE FUNCTION goodness(model cv_retention_model, OUT customers bigint, OUT log_likelihood float8, OUT aic float8,
                         OUT bic float8, OUT iterations integer, OUT gradient float8, OUT converged boolean,
                         OUT compared jsonb)
    AS 'MODULE_PATHNAME', 'cv_retention_goodness' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION goodness(cv_retention_model) IS
'How the fit went, as for buying models; customers counts those observed for at least one period, compared is NULL.';

-- predictions
CREATE FUNCTION survival(model cv_retention_model, t integer) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_survival' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION survival(cv_retention_model, integer) IS
'Share of customers, 0 to 1, who are still there after t periods: B(alpha, beta + t^c) / B(alpha, beta), with c = 1 in the family sbg. Errors: 22023 if t is negative.';

CREATE FUNCTION retention_rate(model cv_retention_model, t integer) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_retention_rate' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION retention_rate(cv_retention_model, integer) IS
'Share of those there after t - 1 periods, 0 to 1, who are there after t: survival(t) / survival(t - 1), by the family sbg (beta + t - 1) / (alpha + beta + t - 1). Errors: 22023 if t is below 1.';

CREATE FUNCTION clv(model cv_retention_model, margin float8, discount_rate float8, renewals integer DEFAULT 0)
    RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_clv_contract' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION clv(cv_retention_model, float8, float8, integer) IS
'Expected discounted margin of a customer with a contract who has renewed so many times, from the next renewal on, seen just before it falls due: margin * sum over j >= 0 of survival(n + 1 + j) / survival(n) * (1 + discount_rate)^-j with n = renewals (discounted expected residual lifetime, Fader and Hardie 2010). margin is that of one period, discount_rate, at least 0, that of one renewal period. The value at acquisition is margin + clv(model, margin, discount_rate) / (1 + discount_rate). Errors: 22023 for a rate or renewals out of range, and where the sum diverges: without discounting if alpha * c is at most 1; 22003 for a value beyond float8.';
