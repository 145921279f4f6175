-- clv: customer lifetime value from the buying history

CREATE TYPE cv_purchase_history AS (
    frequency integer,
    recency float8,
    age float8,
    monetary float8,
    log_gaps float8
);
COMMENT ON TYPE cv_purchase_history IS
'What buying models know of a customer: the field''s x, t_x, T and m. Times are in days. A prospect is ROW(0, 0, 0, NULL, NULL).';
COMMENT ON COLUMN cv_purchase_history.frequency IS 'Repeat purchase days: days with a purchase after the first one.';
COMMENT ON COLUMN cv_purchase_history.recency IS 'Days from the first purchase to the last one; 0 without repeat purchases.';
COMMENT ON COLUMN cv_purchase_history.age IS 'Days from the first purchase to the day the history is told as of.';
COMMENT ON COLUMN cv_purchase_history.monetary IS 'Mean net amount of a repeat purchase day; NULL where frequency is 0.';
COMMENT ON COLUMN cv_purchase_history.log_gaps IS 'Sum of ln(days between consecutive purchase days), the measure of regularity that bg/cnbd-k and mbg/cnbd-k need.';

CREATE FUNCTION purchase_history(log cv_activity_log, as_of date) RETURNS cv_purchase_history
    AS 'MODULE_PATHNAME', 'cv_purchase_history' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history(cv_activity_log, date) IS
'A customer''s purchase history as of a day; later activity is ignored, so one log gives calibration and holdout. Purchases of one day count once; returns lower their day''s amount. NULL if the first purchase is after as_of. Errors: 22008 for an infinite as_of.';

-- the state of purchase_history(at, amount, as_of)
CREATE TYPE cv_purchase_log;
COMMENT ON TYPE cv_purchase_log IS
'State of the aggregate purchase_history(): an activity log with its as_of. Text form: {"as_of": "2026-03-31", "log": [...]}.';

CREATE FUNCTION cv_purchase_log_in(cstring) RETURNS cv_purchase_log
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_purchase_log_in(cstring) IS 'Reads a state of purchase_history() from text.';
CREATE FUNCTION cv_purchase_log_out(cv_purchase_log) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_purchase_log_out(cv_purchase_log) IS 'Writes a state of purchase_history() as text.';
CREATE FUNCTION cv_purchase_log_recv(internal) RETURNS cv_purchase_log
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_purchase_log_recv(internal) IS 'Reads a state of purchase_history() from binary.';
CREATE FUNCTION cv_purchase_log_send(cv_purchase_log) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_purchase_log_send(cv_purchase_log) IS 'Writes a state of purchase_history() in binary.';
CREATE TYPE cv_purchase_log (
    INPUT = cv_purchase_log_in,
    OUTPUT = cv_purchase_log_out,
    RECEIVE = cv_purchase_log_recv,
    SEND = cv_purchase_log_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);

CREATE FUNCTION purchase_history_trans(cv_purchase_log, date, float8, date) RETURNS cv_purchase_log
    AS 'MODULE_PATHNAME', 'cv_purchase_history_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_trans(cv_purchase_log, date, float8, date) IS
'Transition of purchase_history(); of no use elsewhere.';
CREATE FUNCTION purchase_history_trans(cv_purchase_log, date, numeric, date) RETURNS cv_purchase_log
    AS 'MODULE_PATHNAME', 'cv_purchase_history_numeric_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_trans(cv_purchase_log, date, numeric, date) IS
'Transition of purchase_history(); of no use elsewhere.';
CREATE FUNCTION purchase_history_combine(cv_purchase_log, cv_purchase_log) RETURNS cv_purchase_log
    AS 'MODULE_PATHNAME', 'cv_purchase_history_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_combine(cv_purchase_log, cv_purchase_log) IS
'Merges two states of purchase_history(); of no use elsewhere.';
CREATE FUNCTION purchase_history_final(cv_purchase_log) RETURNS cv_purchase_history
    AS 'MODULE_PATHNAME', 'cv_purchase_history_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_final(cv_purchase_log) IS
'Final function of purchase_history(); of no use elsewhere.';

CREATE AGGREGATE purchase_history(at date, amount float8, as_of date) (
    SFUNC = purchase_history_trans,
    STYPE = cv_purchase_log,
    SSPACE = 208,
    FINALFUNC = purchase_history_final,
    COMBINEFUNC = purchase_history_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_history(date, float8, date) IS
'A customer''s purchase history straight from orders: the same as purchase_history(activity_log(at, amount), as_of). A row with any NULL is ignored. Errors: 22023 if as_of changes between rows, 22008 for an infinite date, 22003 for an amount that is NaN, infinite or beyond 9.2e12.';

CREATE AGGREGATE purchase_history(at date, amount numeric, as_of date) (
    SFUNC = purchase_history_trans,
    STYPE = cv_purchase_log,
    SSPACE = 208,
    FINALFUNC = purchase_history_final,
    COMBINEFUNC = purchase_history_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_history(date, numeric, date) IS
'The same as purchase_history(date, float8, date) for numeric amounts, which it reads without a cast: exact to the millionth, and faster.';

-- customer bases
CREATE TYPE cv_customer_base;
COMMENT ON TYPE cv_customer_base IS
'Sufficient statistics of many purchase histories: identical ones are counted, 32 bytes for each distinct one. Made by customer_base(), merged by rollup(), at most 1 GB; with covariates, 32 bytes for each distinct history and vector of covariates, and 8 + 8 * keys for each distinct vector. Text form: {"log_gaps": .., "gapless": .., "histories": [[frequency, recency, age, monetary, customers], ..]}, with covariates a member "covariates": [key, ..] and their values behind customers, exact and valid JSON; log_gaps is the sum in units of 2^-40, gapless the number of repeat customers whose log_gaps is unknown.';

CREATE FUNCTION cv_customer_base_in(cstring) RETURNS cv_customer_base
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_customer_base_in(cstring) IS
'Reads a customer base from text. Errors: 22P02 for a malformed text or an impossible history.';
CREATE FUNCTION cv_customer_base_out(cv_customer_base) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_customer_base_out(cv_customer_base) IS
'Writes a customer base as text that reads back exactly.';
CREATE FUNCTION cv_customer_base_recv(internal) RETURNS cv_customer_base
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_customer_base_recv(internal) IS
'Reads a customer base from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_customer_base_send(cv_customer_base) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_customer_base_send(cv_customer_base) IS
'Writes a customer base in binary: version, flags, sums, entries, big-endian.';
CREATE TYPE cv_customer_base (
    INPUT = cv_customer_base_in,
    OUTPUT = cv_customer_base_out,
    RECEIVE = cv_customer_base_recv,
    SEND = cv_customer_base_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
CREATE CAST (cv_customer_base AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_customer_base AS jsonb) IS 'The base''s text form as jsonb (up to 256 MB).';

CREATE FUNCTION customer_base_trans(cv_customer_base, cv_purchase_history) RETURNS cv_customer_base
    AS 'MODULE_PATHNAME', 'cv_customer_base_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_base_trans(cv_customer_base, cv_purchase_history) IS
'Transition of customer_base(); of no use elsewhere.';
CREATE FUNCTION customer_base_combine(cv_customer_base, cv_customer_base) RETURNS cv_customer_base
    AS 'MODULE_PATHNAME', 'cv_customer_base_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_base_combine(cv_customer_base, cv_customer_base) IS
'Merges two states of customer_base(); of no use elsewhere.';
CREATE FUNCTION customer_base_final(cv_customer_base) RETURNS cv_customer_base
    AS 'MODULE_PATHNAME', 'cv_customer_base_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_base_final(cv_customer_base) IS
'Final function of customer_base(); of no use elsewhere.';

CREATE AGGREGATE customer_base(history cv_purchase_history) (
    SFUNC = customer_base_trans,
    STYPE = cv_customer_base,
    SSPACE = 65536,
    FINALFUNC = customer_base_final,
    COMBINEFUNC = customer_base_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_base(cv_purchase_history) IS
'Sufficient statistics of customers'' histories for the fits. NULLs (customers not yet acquired) are ignored; no rows give NULL. Errors: 22003 for an impossible history, 22004 for one that is half NULL, 54000 beyond 1 GB.';

CREATE AGGREGATE rollup(base cv_customer_base) (
    SFUNC = customer_base_combine,
    STYPE = cv_customer_base,
    SSPACE = 65536,
    FINALFUNC = customer_base_final,
    COMBINEFUNC = customer_base_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cv_customer_base) IS
'Merges customer bases, for example of regions. Same as the base of all their histories. NULLs are ignored; no rows give NULL.';

CREATE FUNCTION customers(base cv_customer_base) RETURNS bigint
    AS 'MODULE_PATHNAME', 'cv_customers' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customers(cv_customer_base) IS 'Number of customers in a base.';

-- models
CREATE TYPE cv_buying_model;
COMMENT ON TYPE cv_buying_model IS
'A model of how often customers buy and when they drop out, with the unit of its parameters and, after fit_buying(), how the fit went. Text form: {"family": "bg/nbd", "unit": "7 days", "r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}; published parameters can be typed in. Families and parameters: nbd (r, alpha), bg/nbd and mbg/nbd (r, alpha, a, b), pareto/nbd (r, alpha, s, beta), bg/cnbd-k and mbg/cnbd-k (k, a whole number from 1 to 100, and r, alpha, a, b), bg/bb (alpha, beta, gamma, delta), all above 0. With covariates members "covariates": {KEY: "number", KEY: [LEVEL, ..], ..} and a coefficient "purchase:KEY" or "purchase:KEY=LEVEL" for each number and each level but the first in C order, and the same with "dropout:" in families that know dropping out: alpha is multiplied by exp(-sum of purchase coefficients times covariates), beta of pareto/nbd and b of the others by exp(-sum of dropout coefficients times covariates).';

CREATE FUNCTION cv_buying_model_in(cstring) RETURNS cv_buying_model
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_buying_model_in(cstring) IS
'Reads a buying model from JSON text. Errors: 22P02 naming what is missing, unknown or out of range.';
CREATE FUNCTION cv_buying_model_out(cv_buying_model) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_buying_model_out(cv_buying_model) IS 'Writes a buying model as JSON text that reads back exactly.';
CREATE FUNCTION cv_buying_model_recv(internal) RETURNS cv_buying_model
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_buying_model_recv(internal) IS
'Reads a buying model from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_buying_model_send(cv_buying_model) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_buying_model_send(cv_buying_model) IS 'Writes a buying model in binary.';
CREATE TYPE cv_buying_model (
    INPUT = cv_buying_model_in,
    OUTPUT = cv_buying_model_out,
    RECEIVE = cv_buying_model_recv,
    SEND = cv_buying_model_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = main
);
CREATE CAST (cv_buying_model AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_buying_model AS jsonb) IS 'The model''s JSON text as jsonb.';
CREATE CAST (jsonb AS cv_buying_model) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (jsonb AS cv_buying_model) IS 'A buying model from its JSON form.';

CREATE TYPE cv_spending_model;
COMMENT ON TYPE cv_spending_model IS
'A model of how much customers spend per purchase day and, after fit_spending(), how the fit went. Text form: {"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}, all above 0; gamma is in the unit of the amounts.';

CREATE FUNCTION cv_spending_model_in(cstring) RETURNS cv_spending_model
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_spending_model_in(cstring) IS
'Reads a spending model from JSON text. Errors: 22P02 naming what is missing, unknown or out of range.';
CREATE FUNCTION cv_spending_model_out(cv_spending_model) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_spending_model_out(cv_spending_model) IS 'Writes a spending model as JSON text that reads back exactly.';
CREATE FUNCTION cv_spending_model_recv(internal) RETURNS cv_spending_model
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_spending_model_recv(internal) IS
'Reads a spending model from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_spending_model_send(cv_spending_model) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_spending_model_send(cv_spending_model) IS 'Writes a spending model in binary.';
CREATE TYPE cv_spending_model (
    INPUT = cv_spending_model_in,
    OUTPUT = cv_spending_model_out,
    RECEIVE = cv_spending_model_recv,
    SEND = cv_spending_model_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = plain
);
CREATE CAST (cv_spending_model AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_spending_model AS jsonb) IS 'The model''s JSON text as jsonb.';
CREATE CAST (jsonb AS cv_spending_model) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (jsonb AS cv_spending_model) IS 'A spending model from its JSON form.';

-- fits
CREATE FUNCTION fit_buying(base cv_customer_base, family text DEFAULT 'mbg/nbd', unit interval DEFAULT '7 days',
                           penalty float8 DEFAULT 0) RETURNS cv_buying_model
    AS 'MODULE_PATHNAME', 'cv_fit_buying_model' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION fit_buying(cv_customer_base, text, interval, float8) IS
'Fits a buying model by maximum likelihood: the minimum of -mean log-likelihood + penalty * sum of squared parameters. family: nbd (Ehrenberg 1959), bg/nbd (Fader, Hardie and Lee 2005), mbg/nbd (Batislam, Denizel and Filiztekin 2007), pareto/nbd (Schmittlein, Morrison and Colombo 1987), bg/cnbd-k and mbg/cnbd-k (regular buying, Platzer and Reutterer 2016) with k from 1 to 12 chosen by the likelihood or given in place of the letter (mbg/cnbd-3, up to 100), bg/bb (one purchase at most at each of recency / unit and age / unit opportunities, rounded; Fader, Hardie and Shang 2010), or best, the one with the lowest BIC but for bg/bb, whose likelihood is of another kind. A k that was chosen counts as a parameter. A base with covariates gives a model of nbd, bg/nbd, mbg/nbd or pareto/nbd with covariates, its coefficients in the units of the covariates and part of the penalty. unit: the time unit of the parameters, above 0. penalty: at least 0. Errors: 22000 if nobody bought again, all histories are the same, or a covariate does not vary, follows from others, separates buyers from others or is not identified, or a k above 1 is wanted and log_gaps of a repeat customer is unknown (best then skips these families and says so), 22003 if bg/bb finds more purchases than opportunities, 22023 for a parameter out of range, 54000 for more than 30 coefficients in a process; a fit that does not converge is a warning that says why, and goodness(model).converged is false.';

CREATE FUNCTION fit_spending(base cv_customer_base, penalty float8 DEFAULT 0) RETURNS cv_spending_model
    AS 'MODULE_PATHNAME', 'cv_fit_spending_model' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION fit_spending(cv_customer_base, float8) IS
'Fits the Gamma-Gamma model of spending (Fader and Hardie 2013) to customers with repeat purchases and a positive mean spend; a notice tells how many have none. penalty as in fit_buying(). Errors: 22000 if no customer is usable or all spend the same; a warning if the fit does not converge or the mean over all customers is infinite (q at most 1).';

-- what a fit tells of itself
CREATE FUNCTION parameters(model cv_buying_model, OUT name text, OUT estimate float8, OUT standard_error float8,
                           OUT low float8, OUT high float8) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_buying_parameters' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 4;
COMMENT ON FUNCTION parameters(cv_buying_model) IS
'The model''s parameters, alpha and beta in the model''s unit, but those of bg/bb, which have none. k of bg/cnbd-k and mbg/cnbd-k comes first and has no error. standard_error on the natural scale (delta method, from the exact Hessian in logarithms), low and high bound a 95 % interval from the log scale; all three are NULL for typed-in parameters and for a fit that did not converge. Coefficients of covariates, purchase:KEY and dropout:KEY (KEY=LEVEL for text, against the first level in C order), are not logarithms: their interval is symmetric.';

CREATE FUNCTION parameters(model cv_spending_model, OUT name text, OUT estimate float8, OUT standard_error float8,
                           OUT low float8, OUT high float8) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_spending_parameters' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 3;
COMMENT ON FUNCTION parameters(cv_spending_model) IS
'The model''s parameters, gamma in the unit of the amounts; standard_error, low and high as for buying models.';

CREATE FUNCTION goodness(model cv_buying_model, OUT customers bigint, OUT log_likelihood float8, OUT aic float8,
                         OUT bic float8, OUT iterations integer, OUT gradient float8, OUT converged boolean,
                         OUT compared jsonb)
    AS 'MODULE_PATHNAME', 'cv_buying_goodness' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION goodness(cv_buying_model) IS
'How the fit went: customers used, log-likelihood (time in the model''s unit), AIC, BIC, Newton iterations, largest gradient of the mean log-likelihood in logarithms of the parameters, whether it converged (gradient about 0 and Hessian positive definite), and what family => ''best'' compared, or every k that was tried where one was chosen. A k that was chosen counts as a parameter in AIC and BIC. All NULL for typed-in parameters.';

CREATE FUNCTION goodness(model cv_spending_model, OUT customers bigint, OUT log_likelihood float8, OUT aic float8,
                         OUT bic float8, OUT iterations integer, OUT gradient float8, OUT converged boolean,
                         OUT compared jsonb)
    AS 'MODULE_PATHNAME', 'cv_spending_goodness' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION goodness(cv_spending_model) IS
'How the fit went, as for buying models; customers counts those with repeat purchases and positive mean spend, compared is NULL.';

-- predictions
CREATE FUNCTION p_alive(model cv_buying_model, history cv_purchase_history, ahead interval DEFAULT '0',
                        covariates jsonb DEFAULT NULL) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_p_alive' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION p_alive(cv_buying_model, cv_purchase_history, interval, jsonb) IS
'Probability, 0 to 1, that the customer has not dropped out by the day of the history plus ahead. By bg/nbd a customer without repeat purchases is surely alive, by nbd everybody is. bg/bb: 0 ahead is the last opportunity, a unit ahead the next. NULL for a NULL model, history or ahead. covariates: the customer''s, with all keys of a model that was fitted with some, and no other; NULL or {} for a model without. Errors: 22023 if ahead is negative, a covariate missing or a level unknown, 22003 for an impossible history.';

CREATE FUNCTION expected_purchases(model cv_buying_model, history cv_purchase_history, horizon interval,
                                   covariates jsonb DEFAULT NULL) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_expected_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION expected_purchases(cv_buying_model, cv_purchase_history, interval, jsonb) IS
'Expected number of purchase days within the horizon after the day of the history, P(alive) included; by bg/bb at its whole opportunities. NULL for a NULL model, history or horizon. covariates as in p_alive(). Errors: 22023 if horizon is negative or infinite, a covariate missing or a level unknown.';

CREATE FUNCTION expected_purchases(model cv_buying_model, horizon interval, covariates jsonb DEFAULT NULL) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_expected_purchases_new' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION expected_purchases(cv_buying_model, interval, jsonb) IS
'Expected number of repeat purchases of a new customer within the horizon after the first purchase. NULL for a NULL model or horizon. covariates as in p_alive().';

CREATE FUNCTION discounted_purchases(model cv_buying_model, history cv_purchase_history, discount_rate float8,
                                     horizon interval DEFAULT NULL, covariates jsonb DEFAULT NULL) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_discounted_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION discounted_purchases(cv_buying_model, cv_purchase_history, float8, interval, jsonb) IS
'Expected purchases after the day of the history, each discounted continuously at ln(1 + discount_rate) a year of 365.25 days; horizon NULL means for ever (DERT); by bg/bb the j-th opportunity ahead by j units. discount_rate is annual and at least 0. covariates as in p_alive(). Errors: 22023 for a rate or horizon out of range, a covariate missing or a level unknown, and where an undiscounted infinite sum diverges.';

CREATE FUNCTION purchase_probability(model cv_buying_model, history cv_purchase_history, horizon interval,
                                     purchases integer, covariates jsonb DEFAULT NULL) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_purchase_probability' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION purchase_probability(cv_buying_model, cv_purchase_history, interval, integer, jsonb) IS
'Probability, 0 to 1, of exactly that many purchases within the horizon after the day of the history. NULL for a NULL model, history, horizon or purchases. covariates as in p_alive(). Errors: 22023 if purchases or horizon is negative, a covariate missing or a level unknown.';

CREATE FUNCTION purchase_probability(model cv_buying_model, horizon interval, purchases integer,
                                     covariates jsonb DEFAULT NULL) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_purchase_probability_new' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION purchase_probability(cv_buying_model, interval, integer, jsonb) IS
'Probability, 0 to 1, of exactly that many repeat purchases of a new customer within the horizon after the first purchase. NULL for a NULL model, horizon or purchases. covariates as in p_alive().';

CREATE FUNCTION expected_spend(model cv_spending_model, history cv_purchase_history) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_expected_spend' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION expected_spend(cv_spending_model, cv_purchase_history) IS
'Expected amount of the customer''s next purchase day: p (gamma + m x) / (p x + q - 1), the mean of all customers without repeat purchases. A negative monetary counts as 0; NULL where frequency is above 0 and monetary unknown. Errors: 22003 where the mean is infinite (p x + q at most 1).';

CREATE FUNCTION log_likelihood(model cv_buying_model, history cv_purchase_history, covariates jsonb DEFAULT NULL)
    RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_buying_log_likelihood' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION log_likelihood(cv_buying_model, cv_purchase_history, jsonb) IS
'One customer''s log-likelihood, time measured in the model''s unit; bg/cnbd-k and mbg/cnbd-k include (k - 1) * log_gaps and give NULL where that is unknown. NULL for a NULL model or history. covariates as in p_alive().';

CREATE FUNCTION log_likelihood(model cv_spending_model, history cv_purchase_history) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_spending_log_likelihood' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION log_likelihood(cv_spending_model, cv_purchase_history) IS
'One customer''s log-likelihood of the mean spend; NULL for customers the model does not see (no repeat purchases, mean spend not positive).';

CREATE FUNCTION clv(buying cv_buying_model, spending cv_spending_model, history cv_purchase_history,
                    horizon interval DEFAULT NULL, discount_rate float8 DEFAULT 0.10, margin float8 DEFAULT 1,
                    covariates jsonb DEFAULT NULL) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_clv' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION clv(cv_buying_model, cv_spending_model, cv_purchase_history, interval, float8, float8, jsonb) IS
'Customer lifetime value: margin * expected_spend() * discounted_purchases(), the discounted margin expected of the customer after the day of the history, in the unit of the amounts. horizon NULL means for ever; discount_rate is annual, applied continuously; margin is the share of the amount that is earned. A prospect is the history ROW(0, 0, 0, NULL, NULL). covariates as in p_alive(). NULL if buying, spending, history, discount_rate or margin is NULL, or the customer''s mean spend is unknown. Errors: those of the functions it is made of.';

CREATE FUNCTION simulate_purchases(buying cv_buying_model, spending cv_spending_model, customers integer, until date,
                                   acquired_from date, acquired_to date, seed bigint,
                                   covariates jsonb DEFAULT NULL,
                                   OUT customer_id bigint, OUT at date, OUT amount float8) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_simulate_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100000 ROWS 10000;
COMMENT ON FUNCTION simulate_purchases(cv_buying_model, cv_spending_model, integer, date, date, date, bigint, jsonb) IS
'Orders of made-up customers as the two models have them: acquired uniformly from acquired_from to acquired_to, observed until the day until, amounts in cents. The same seed gives the same rows everywhere; a customer does not depend on how many there are. All have the covariates given, for a model that was fitted with some. No rows if any other argument is NULL. Errors: 22023 if the dates are not in order or customers is negative.';
