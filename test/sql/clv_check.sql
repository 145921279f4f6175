-- expected_customers(): how many customers should have bought how often.
\set SHOW_CONTEXT never
SET extra_float_digits = 0;
SET client_min_messages = warning;

CREATE FUNCTION pg_temp.close(a float8, b float8, tolerance float8 DEFAULT 1e-9) RETURNS boolean LANGUAGE sql AS $$
SELECT a = b OR abs(a - b) <= tolerance * greatest(abs(a), abs(b)) $$;
CREATE TEMP TABLE models AS
SELECT id, document::cv_buying_model AS model
FROM (VALUES
    (1, '{"family": "nbd", "unit": "7 days", "r": 0.385, "alpha": 12.072}'),
    (2, '{"family": "bg/nbd", "unit": "7 days", "r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}'),
    (3, '{"family": "mbg/nbd", "unit": "7 days", "r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}'),
    (4, '{"family": "pareto/nbd", "unit": "7 days", "r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}')) AS t(id, document);

-- published and recomputed figures of BG/NBD: one customer of 39, 2 and 30 weeks
SELECT n, weeks, round(expected_customers(model, base, n)::numeric, 12) AS expected
FROM models, (VALUES (0, 39), (10, 2), (11, 30), (12, 30), (13, 30), (14, 30), (15, 30), (16, 30), (17, 30), (18, 30), (19, 30), (20, 30)) AS t(n, weeks),
     LATERAL (SELECT customer_base(h) AS base FROM (SELECT ROW(0, 0, weeks * 7, NULL, NULL)::cv_purchase_history AS h) AS r) AS b
WHERE id = 2 ORDER BY weeks DESC, n;

-- a base of many ages: what each customer's probabilities add up to, whatever they bought
CREATE TEMP TABLE histories AS
SELECT n, ROW(n % 5, CASE WHEN n % 5 > 0 THEN n % 97 ELSE 0 END, 97 + n % 53 + CASE WHEN n % 7 = 0 THEN 0.5 ELSE 0 END, CASE WHEN n % 5 > 0 THEN n % 11 END, NULL)::cv_purchase_history AS history
FROM generate_series(0, 799) AS n;
CREATE TEMP TABLE base AS SELECT customer_base(history) AS base FROM histories;
SELECT m.id, count(*), bool_and(pg_temp.close(expected_customers(model, base, purchases), s)) AS agrees
FROM models AS m, base, generate_series(0, 3) AS purchases,
     LATERAL (SELECT sum(purchase_probability(model, make_interval(secs => (history).age * 86400), purchases)) AS s FROM histories) AS by_hand
GROUP BY m.id ORDER BY m.id;
-- all of them buy some number of times, and on average as often as expected
SELECT m.id, pg_temp.close(sum(e), 800) AS everybody, pg_temp.close(sum(e * n), min(mean), 1e-6) AS mean
FROM models AS m, base, generate_series(0, 120) AS n, LATERAL (SELECT expected_customers(model, base, n) AS e) AS e,
     (SELECT id, sum(expected_purchases(model, make_interval(secs => (history).age * 86400))) AS mean FROM models, histories GROUP BY id) AS by_hand
WHERE by_hand.id = m.id GROUP BY m.id ORDER BY m.id;
-- the same base in another order, in parts, and with other purchases at the same ages
SELECT m.id, bool_and(expected_customers(model, base.base, n) = expected_customers(model, other, n)) AS same
FROM models AS m, base, generate_series(0, 5) AS n,
     (SELECT customer_base(history ORDER BY n DESC) AS other FROM histories
      UNION ALL SELECT rollup(part) FROM (SELECT customer_base(history) AS part FROM histories GROUP BY n % 13) AS p
      UNION ALL SELECT customer_base(ROW(0, 0, (history).age, NULL, NULL)::cv_purchase_history) FROM histories) AS o
GROUP BY m.id ORDER BY m.id;
-- the model's unit does not matter
SELECT pg_temp.close(expected_customers('{"family": "bg/nbd", "unit": "1 day", "r": 0.243, "alpha": 30.898, "a": 0.793, "b": 2.426}', base, 2), expected_customers(model, base, 2), 1e-12) AS same
FROM models, base WHERE id = 2;

-- nobody has had time on the first day; in mbg/nbd some have left by then, which is no purchase either
SELECT id, n, expected_customers(model, base, n) AS expected
FROM models, (SELECT customer_base(ROW(0, 0, 0, NULL, NULL)::cv_purchase_history) AS base FROM generate_series(1, 8)) AS b, generate_series(0, 1) AS n ORDER BY id, n;
-- many purchases, long ages
SELECT id, expected_customers(model, b, 2147483647) AS never FROM models, (SELECT customer_base(ROW(0, 0, 36525, NULL, NULL)::cv_purchase_history) AS b) AS t ORDER BY id;
SELECT id, expected_customers(model, b, 0) BETWEEN 0 AND 1 AS none, expected_customers(model, b, 3) BETWEEN 0 AND 1 AS three
FROM models, (SELECT customer_base(ROW(0, 0, 1e12, NULL, NULL)::cv_purchase_history) AS b) AS t ORDER BY id;

-- simulated customers: the counts are as expected, chi squared of 6 degrees of freedom
SELECT id, round(sum((actual - expected) ^ 2 / expected)::numeric, 1) < 35 AS fits
FROM (SELECT m.id, n, coalesce(max(actual), 0) AS actual, CASE WHEN n < 6 THEN min(e) ELSE 2000 - sum(min(e)) FILTER (WHERE n < 6) OVER (PARTITION BY m.id) END AS expected
      FROM (VALUES (1, '{"family": "nbd", "unit": "7 days", "r": 0.9, "alpha": 18}'::cv_buying_model),
                   (2, '{"family": "bg/nbd", "unit": "7 days", "r": 0.8, "alpha": 16, "a": 0.9, "b": 2.5}'),
                   (3, '{"family": "mbg/nbd", "unit": "7 days", "r": 0.8, "alpha": 16, "a": 0.9, "b": 2.5}'),
                   (4, '{"family": "pareto/nbd", "unit": "7 days", "r": 0.9, "alpha": 18, "s": 0.8, "beta": 20}')) AS m(id, model),
           LATERAL (SELECT array_agg(history) AS histories, customer_base(history) AS base
                    FROM (SELECT purchase_history(at, amount, '2021-12-31') AS history
                          FROM simulate_purchases(model, '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}', 2000, '2021-12-31', '2021-01-01', '2021-06-30', 5) GROUP BY customer_id) AS s) AS s,
           generate_series(0, 6) AS n,
           LATERAL (SELECT count(*) FILTER (WHERE least(frequency, 6) = n) AS actual FROM unnest(histories)) AS a,
           LATERAL (SELECT expected_customers(model, base, n) AS e) AS e
      GROUP BY m.id, n) AS t
GROUP BY id ORDER BY id;

-- NULLs, names, errors
SELECT expected_customers(NULL, base, 1) AS a, expected_customers(model, NULL, 1) AS b, expected_customers(model, base, NULL) AS c FROM models, base WHERE id = 2;
SELECT expected_customers(model => model, base => base, purchases => 1) = expected_customers(model, base, 1) AS same FROM models, base WHERE id = 2;
SELECT expected_customers(model, base, -1) FROM models, base WHERE id = 2;
SELECT expected_customers(model, '{}', 1) FROM models WHERE id = 2;

-- covariates: every customer by their own parameters
CREATE TEMP TABLE covariate_models AS
SELECT id, ('{"family": "' || family || '", "unit": "7 days", "r": 0.525, "alpha": 6.183, ' || rest || ', "covariates": {"age": "number", "channel": ["mail", "shop", "web"]}, '
            || '"purchase:age": 0.01, "purchase:channel=shop": -0.2, "purchase:channel=web": 0.3, "dropout:age": -0.01, "dropout:channel=shop": 0.1, "dropout:channel=web": 0.2}')::cv_buying_model AS model
FROM (VALUES (2, 'bg/nbd', '"a": 0.891, "b": 1.614'), (3, 'mbg/nbd', '"a": 0.891, "b": 1.614'), (4, 'pareto/nbd', '"s": 0.6, "beta": 11')) AS t(id, family, rest);
CREATE TEMP TABLE covariate_histories AS
SELECT history, jsonb_build_object('age', 20 + n % 7, 'channel', (ARRAY['web', 'mail'])[1 + n % 2]) AS covariates FROM histories WHERE n < 300;
CREATE TEMP TABLE covariate_base AS SELECT customer_base(history, covariates) AS base FROM covariate_histories;
SELECT m.id, bool_and(pg_temp.close(expected_customers(model, base, purchases), s)) AS agrees
FROM covariate_models AS m, covariate_base, generate_series(0, 3) AS purchases,
     LATERAL (SELECT sum(purchase_probability(model, make_interval(secs => (history).age * 86400), purchases, covariates)) AS s FROM covariate_histories) AS by_hand
GROUP BY m.id ORDER BY m.id;
-- a model without covariates sees none
SELECT m.id, bool_and(pg_temp.close(expected_customers(model, c.base, purchases), expected_customers(model, p.base, purchases), 1e-12)) AS same
FROM models AS m, covariate_base AS c, (SELECT customer_base(history) AS base FROM covariate_histories) AS p, generate_series(0, 3) AS purchases GROUP BY m.id ORDER BY m.id;
-- what does not fit each other
SELECT expected_customers(model, base.base, 1) FROM covariate_models, base WHERE id = 3;
SELECT expected_customers(model, (SELECT customer_base(history, covariates - 'age') FROM covariate_histories), 1) FROM covariate_models WHERE id = 3;
SELECT expected_customers(model, (SELECT customer_base(history, covariates - 'channel' || '{"city": "Bonn"}') FROM covariate_histories), 1) FROM covariate_models WHERE id = 3;
SELECT expected_customers(model, (SELECT customer_base(history, covariates || '{"zip": 53111}') FROM covariate_histories), 1) FROM covariate_models WHERE id = 3;
SELECT expected_customers(model, (SELECT customer_base(history, covariates || '{"age": "old"}') FROM covariate_histories), 1) FROM covariate_models WHERE id = 3;
SELECT expected_customers(model, (SELECT customer_base(history, covariates || '{"channel": "phone"}') FROM covariate_histories), 1) FROM covariate_models WHERE id = 3;
SELECT expected_customers(model, (SELECT customer_base(history, covariates || '{"age": 1e6}') FROM covariate_histories), 1) FROM covariate_models WHERE id = 3;
