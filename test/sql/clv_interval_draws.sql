-- parameter_draws(): models as likely as the fitted one.
\set SHOW_CONTEXT never
SET extra_float_digits = 0;
SET client_min_messages = warning;

CREATE TEMP TABLE models AS
SELECT fit_buying(base) AS buying, fit_spending(base) AS spending,
       (SELECT fit_retention(retention_base(t.tenure, t.churned, t.customers)) FROM (VALUES (1, true, 131), (2, true, 126), (3, true, 90), (4, true, 60), (7, false, 593)) AS t(tenure, churned, customers)) AS retention
FROM (SELECT customer_base(history) AS base
      FROM (SELECT purchase_history(at, amount, '2022-12-31') AS history
            FROM simulate_purchases('{"family": "mbg/nbd", "unit": "7 days", "r": 0.8, "alpha": 16, "a": 0.9, "b": 2.5}', '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}',
                                    4000, '2022-12-31', '2021-01-01', '2021-12-31', 11)
            GROUP BY customer_id) AS h) AS b;

-- the first ones, everywhere
SELECT draw, name, round(value::numeric, 5) AS value FROM models, parameter_draws(buying, 3);
SELECT draw, name, round(value::numeric, 5) AS value FROM models, parameter_draws(spending, 2, 42);
SELECT draw, name, round(value::numeric, 5) AS value FROM models, parameter_draws(model => retention, draws => 2, seed => -1);
-- how many there are does not matter
SELECT count(*) AS rows, count(DISTINCT (draw, name)) AS distinct_rows FROM models, parameter_draws(buying, 50);
SELECT count(*) AS rows, count(*) FILTER (WHERE a.value = b.value) AS same
FROM models, parameter_draws(buying, 5) AS a JOIN (SELECT d.* FROM models, parameter_draws(buying, 2000) AS d) AS b USING (draw, name);
SELECT count(*) FROM models, parameter_draws(buying, 0);
SELECT count(*) FROM parameter_draws(NULL::cv_buying_model, 5);

-- mean and standard deviation of the logarithms are the fit's
SELECT kind, name, abs(avg(ln(value)) - ln(min(estimate))) < 4.5 * stddev(ln(value)) / 100 AS mean, abs(stddev(ln(value)) / (min(standard_error) / min(estimate)) - 1) < 0.03 AS deviation
FROM (SELECT 'buying' AS kind, d.name, value, estimate, standard_error FROM models, parameter_draws(buying, 10000) AS d JOIN (SELECT p.* FROM models, parameters(buying) AS p) AS p USING (name)
      UNION ALL SELECT 'spending', d.name, value, estimate, standard_error FROM models, parameter_draws(spending, 10000) AS d JOIN (SELECT p.* FROM models, parameters(spending) AS p) AS p USING (name)
      UNION ALL SELECT 'retention', d.name, value, estimate, standard_error FROM models, parameter_draws(retention, 10000) AS d JOIN (SELECT p.* FROM models, parameters(retention) AS p) AS p USING (name)) AS t
GROUP BY kind, name ORDER BY kind, name;
-- so are their correlations: rows of the covariance, as the model's JSON has it (lower half: r; alpha, alpha; ..)
WITH draws AS (SELECT draw, max(ln(value)) FILTER (WHERE name = 'r') AS r, max(ln(value)) FILTER (WHERE name = 'alpha') AS alpha, max(ln(value)) FILTER (WHERE name = 'a') AS a,
                      max(ln(value)) FILTER (WHERE name = 'b') AS b
               FROM models, parameter_draws(buying, 10000) GROUP BY draw),
     c AS (SELECT buying::jsonb #> '{fit,log_covariance}' AS c FROM models)
SELECT abs(covar_samp(r, alpha) / min((c ->> 1)::float8) - 1) < 0.05 AS r_alpha, abs(covar_samp(a, b) / min((c ->> 8)::float8) - 1) < 0.05 AS a_b,
       abs(corr(r, alpha) - min((c ->> 1)::float8 / sqrt((c ->> 0)::float8 * (c ->> 2)::float8))) < 0.02 AS correlation
FROM draws, c;
-- kinds of models are independent of each other at one seed
SELECT max(abs(correlation)) < 0.045 AS independent
FROM (SELECT b.name, s.name AS other, corr(ln(b.value), ln(s.value)) AS correlation
      FROM (SELECT d.* FROM models, parameter_draws(buying, 10000) AS d) AS b JOIN (SELECT d.* FROM models, parameter_draws(spending, 10000) AS d) AS s USING (draw) GROUP BY 1, 2) AS t;

-- a model out of a draw: names and values of one draw beside family and unit
SELECT count(*) AS models, bool_and(expected_purchases(model, '1 year') BETWEEN 0.1 AND 10) AS plausible
FROM (SELECT draw, (min((buying::jsonb - 'fit')::text)::jsonb || jsonb_object_agg(name, value))::cv_buying_model AS model FROM models, parameter_draws(buying, 20) GROUP BY draw) AS t;

-- errors
SELECT * FROM parameter_draws('{"family": "nbd", "unit": "7 days", "r": 0.385, "alpha": 12.072}'::cv_buying_model, 10);
SELECT * FROM parameter_draws('{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}'::cv_spending_model, 10);
SELECT * FROM parameter_draws('{"family": "sbg", "alpha": 0.668, "beta": 3.806}'::cv_retention_model, 10);
SELECT d.* FROM models, parameter_draws(buying, -1) AS d;
SELECT * FROM parameter_draws('{"family": "nbd", "unit": "7 days", "r": 0.385, "alpha": 12, "fit": {"customers": 10, "log_likelihood": -9, "penalty": 0, "gradient": 0, "iterations": 3, "converged": true, "log_covariance": [0.1, 0.2, 0.1]}}'::cv_buying_model, 10);
SELECT * FROM parameter_draws('{}', 10);

-- coefficients of covariates are drawn as they are, the family's parameters as logarithms
CREATE TEMP TABLE covariate_model AS
SELECT fit_buying(customer_base(h, jsonb_build_object('channel', channel))) AS buying
FROM (SELECT channel, customer_id, purchase_history(at, amount, '2022-12-31') AS h
      FROM (VALUES ('mail', '{"family": "mbg/nbd", "unit": "7 days", "r": 0.8, "alpha": 16, "a": 0.9, "b": 2.5}', 1),
                   ('web', '{"family": "mbg/nbd", "unit": "7 days", "r": 0.8, "alpha": 10, "a": 0.9, "b": 2.5}', 2)) AS c(channel, model, seed),
           simulate_purchases(model::cv_buying_model, '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}', 2000, '2022-12-31', '2021-01-01', '2021-12-31', seed)
      GROUP BY channel, customer_id) AS t;
SELECT name, abs(avg(value) - min(estimate)) < 4.5 * stddev(value) / 100 AS mean, abs(stddev(value) / min(standard_error) - 1) < 0.03 AS deviation
FROM (SELECT d.name, value, estimate, standard_error FROM covariate_model, parameter_draws(buying, 10000) AS d JOIN (SELECT p.* FROM covariate_model, parameters(buying) AS p) AS p USING (name)) AS t
WHERE name LIKE '%:%' GROUP BY name ORDER BY name;
SELECT count(*) AS models, bool_and(expected_purchases(model, interval '1 year', '{"channel": "web"}') BETWEEN 0.1 AND 10) AS plausible
FROM (SELECT draw, (min((buying::jsonb - 'fit')::text)::jsonb || jsonb_object_agg(name, value))::cv_buying_model AS model FROM covariate_model, parameter_draws(buying, 20) GROUP BY draw) AS t;
