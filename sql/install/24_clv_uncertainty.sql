-- clv_uncertainty: what a value may really come to, and whether a model fits

CREATE FUNCTION clv_interval(buying cv_buying_model, spending cv_spending_model, history cv_purchase_history,
                             horizon interval, discount_rate float8 DEFAULT 0.10, margin float8 DEFAULT 1,
                             confidence float8 DEFAULT 0.95, draws integer DEFAULT 1000, seed bigint DEFAULT 1,
                             covariates jsonb DEFAULT NULL, OUT low float8, OUT median float8, OUT high float8)
    AS 'MODULE_PATHNAME', 'cv_clv_interval' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20000;
COMMENT ON FUNCTION clv_interval(cv_buying_model, cv_spending_model, cv_purchase_history, interval, float8, float8, float8, integer, bigint, jsonb) IS
'What this one customer may really be worth: bounds and median of the discounted margin that will be realised within the horizon after the day of the history, by draws from the customer''s own posterior; clv() is its mean. Each purchase has an amount of its own. The value is below low with a probability of at most (1 - confidence) / 2, and above high likewise, given the models; parameter_draws() tells what they themselves are uncertain by. confidence is at least 0 and below 1 and needs at least 2 / (1 - confidence) - 1 draws, at most 1000000. horizon NULL means for ever; discount_rate and margin as in clv(), covariates as in p_alive(). The same seed and history give the same answer everywhere, whatever other rows there are. NULL if another argument than horizon and covariates is NULL or the customer''s mean spend is unknown. Errors: 22023 for a parameter out of range or purchases without end, 22003 where a bound is infinite, 54000 for a horizon of more than 1000000 opportunities of bg/bb, 0A000 for a family that cannot be drawn from.';

CREATE FUNCTION parameter_draws(model cv_buying_model, draws integer, seed bigint DEFAULT 1,
                                OUT draw integer, OUT name text, OUT value float8) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_buying_parameter_draws' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 1000;
COMMENT ON FUNCTION parameter_draws(cv_buying_model, integer, bigint) IS
'Parameters of models as likely as the fitted one, for the error of estimation in anything computed from a model: draws from the normal distribution that the fit has asymptotically, in logarithms of the parameters, coefficients of covariates as they are. Draw i does not depend on how many there are, and draws of buying, spending and retention models are independent of each other at one seed. Errors: 22023 for a model without a covariance (typed in, or the fit did not converge) or if draws is negative, 22000 if the covariance is not positive definite.';

CREATE FUNCTION parameter_draws(model cv_spending_model, draws integer, seed bigint DEFAULT 1,
                                OUT draw integer, OUT name text, OUT value float8) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_spending_parameter_draws' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 1000;
COMMENT ON FUNCTION parameter_draws(cv_spending_model, integer, bigint) IS
'Parameters of spending models as likely as the fitted one, as for buying models.';

CREATE FUNCTION parameter_draws(model cv_retention_model, draws integer, seed bigint DEFAULT 1,
                                OUT draw integer, OUT name text, OUT value float8) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_retention_parameter_draws' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 1000;
COMMENT ON FUNCTION parameter_draws(cv_retention_model, integer, bigint) IS
'Parameters of retention models as likely as the fitted one, as for buying models.';

CREATE FUNCTION expected_customers(model cv_buying_model, base cv_customer_base, purchases integer) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_expected_customers' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION expected_customers(cv_buying_model, cv_customer_base, integer) IS
'How many customers of the base the model expects to have made exactly that many repeat purchases, each within his or her own age and with his or her own covariates: the sum of purchase_probability(model, age, purchases, covariates). Beside the base''s actual counts it shows whether the model fits. Errors: 22023 if purchases is negative or model and base differ in their covariates.';
