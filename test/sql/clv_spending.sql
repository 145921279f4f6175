-- Gamma-Gamma: what a customer is expected to spend.
\set SHOW_CONTEXT never
SET extra_float_digits = 0;

CREATE FUNCTION pg_temp.spend(x integer, m float8) RETURNS cv_purchase_history LANGUAGE sql AS $$
SELECT ROW(x, x, 100, m, NULL)::cv_purchase_history $$;
CREATE TEMP TABLE models AS
SELECT '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}'::cv_spending_model AS model;

SELECT x, m, round(expected_spend(model, pg_temp.spend(x, m))::numeric, 10) AS expected_spend,
       abs(expected_spend(model, pg_temp.spend(x, m)) / expected - 1) < 1e-11 AS agrees
FROM models, (VALUES
    (0, NULL, 35.2189781022), (4, 30, 30.5155010815), (1, 11.77, 18.9168520578)) AS e(x, m, expected)
ORDER BY x, m;
-- p (gamma + m x) / (p x + q - 1)
SELECT bool_and(abs(expected_spend(model, pg_temp.spend(x, m)) / (6.25 * (15.44 + m * x) / (6.25 * x + 2.74)) - 1) < 1e-13) AS agrees
FROM models, generate_series(1, 50) AS x, unnest(ARRAY[0, 0.01, 1, 35, 1e6, 9.2e12]) AS m;
-- the mean of all where nothing is known, whatever monetary says without repeat purchases
SELECT DISTINCT expected_spend(model, h) = expected_spend(model, ROW(0, 0, 0, NULL, NULL)) AS same
FROM models, unnest(ARRAY[ROW(0, 0, 50, NULL, 0), ROW(0, 0, 50, 7, 0), ROW(0, 0, 0, -7, NULL)]::cv_purchase_history[]) AS h;
-- more returned than bought counts as zero; unknown stays unknown
SELECT expected_spend(model, pg_temp.spend(2, -5)) = expected_spend(model, pg_temp.spend(2, 0)) AS negative_is_zero,
       expected_spend(model, pg_temp.spend(2, NULL)) AS unknown,
       expected_spend(model, NULL) AS no_history,
       expected_spend(NULL, pg_temp.spend(2, 5)) AS no_model,
       expected_spend(model, ROW(NULL, NULL, NULL, NULL, NULL)) AS nulls
FROM models;
SELECT expected_spend(model => model, history => ROW(4, 10, 20, 30, 5)) = expected_spend(model, pg_temp.spend(4, 30)) AS same FROM models;

-- the mean exists only where p x + q > 1
CREATE TEMP TABLE wild AS SELECT '{"family": "gamma-gamma", "p": 0.5, "q": 0.4, "gamma": 10}'::cv_spending_model AS model;
SELECT expected_spend(model, pg_temp.spend(2, 5)) FROM wild;
SELECT expected_spend(model, pg_temp.spend(0, NULL)) FROM wild;
SELECT expected_spend(model, pg_temp.spend(1, 5)) FROM wild;
SELECT expected_spend('{"family": "gamma-gamma", "p": 6.25, "q": 1, "gamma": 15.44}', pg_temp.spend(0, NULL));

-- impossible histories
SELECT expected_spend(model, ROW(-1, 0, 0, NULL, NULL)) FROM models;
SELECT expected_spend(model, ROW(1, 1, 2, 'NaN', NULL)) FROM models;
SELECT expected_spend(model, ROW(1, NULL, 2, 5, NULL)) FROM models;

-- one customer's log-likelihood; the density of the mean of x amounts
SELECT x, m, round(log_likelihood(model, pg_temp.spend(x, m))::numeric, 10) AS log_likelihood,
       abs(log_likelihood(model, pg_temp.spend(x, m)) - expected) < 1e-9 AS agrees
FROM models, (VALUES (1, 11.77, -3.7377096787408313), (4, 30, -3.7885742405874794)) AS e(x, m, expected)
ORDER BY x, m;
SELECT log_likelihood(model, pg_temp.spend(0, NULL)) AS no_repeats, log_likelihood(model, pg_temp.spend(1, 0)) AS nothing,
       log_likelihood(model, pg_temp.spend(1, -1)) AS negative, log_likelihood(model, pg_temp.spend(1, NULL)) AS unknown
FROM models;
-- the densities add up to one: the trapezoidal rule over ln m
SELECT x, round(sum(exp(log_likelihood(model, pg_temp.spend(x, exp(u))) + u) * 0.01)::numeric, 9) AS integral
FROM models, unnest(ARRAY[1, 3]) AS x, (SELECT n * 0.01::float8 AS u FROM generate_series(-800, 1500) AS n) AS grid
GROUP BY x ORDER BY x;
