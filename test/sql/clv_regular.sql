-- Regular buyers: BG/CNBD-k and MBG/CNBD-k, as values, in fits and in predictions.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET extra_float_digits = 0;

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

-- typed in: BTYDplus's fit to CDNOW, and others
CREATE TEMP TABLE models (id integer, model cv_buying_model);
INSERT INTO models VALUES
    (1, '{"family": "mbg/cnbd-k", "unit": "7 days", "k": 2, "r": 0.579908037498, "alpha": 2.288199491265, "a": 1.134330776941, "b": 1.584778574681}'),
    (2, '{"family": "bg/cnbd-k", "k": 3, "unit": "7 days", "r": 1.5, "alpha": 4, "a": 0.8, "b": 2.4}'),
    (3, '{"b": 0.7, "a": 1.3, "alpha": 9, "r": 3, "unit": "1 day", "k": 12, "family": "mbg/cnbd-k"}');
SELECT model FROM models ORDER BY id;
SELECT id, p.* FROM models, parameters(model) AS p WHERE id = 1;
SELECT g.* FROM models, goodness(model) AS g WHERE id = 1;
SELECT bool_and(model::text::cv_buying_model::text = model::text) AS text, bool_and(model::jsonb::cv_buying_model::text = model::text) AS jsonb FROM models;
CREATE TEMP TABLE copied (id integer, model cv_buying_model);
\copy (SELECT * FROM models) TO 'results/clv_regular.bin' WITH (FORMAT binary)
\copy copied FROM 'results/clv_regular.bin' WITH (FORMAT binary)
SELECT bool_and(c.model::text = m.model::text) AS binary FROM models AS m JOIN copied AS c USING (id);

-- what is no model
SELECT model || ' | ' || pg_temp.error_of(format('SELECT %L::cv_buying_model', model)) AS error FROM (VALUES
    ('{"family": "mbg/cnbd-k", "unit": "7 days", "r": 1, "alpha": 1, "a": 1, "b": 1}'),
    ('{"family": "mbg/cnbd-k", "unit": "7 days", "k": 0, "r": 1, "alpha": 1, "a": 1, "b": 1}'),
    ('{"family": "mbg/cnbd-k", "unit": "7 days", "k": 2.5, "r": 1, "alpha": 1, "a": 1, "b": 1}'),
    ('{"family": "mbg/cnbd-k", "unit": "7 days", "k": 101, "r": 1, "alpha": 1, "a": 1, "b": 1}'),
    ('{"family": "mbg/cnbd-k", "unit": "7 days", "k": -1e300, "r": 1, "alpha": 1, "a": 1, "b": 1}'),
    ('{"family": "mbg/cnbd-k", "unit": "7 days", "k": "2", "r": 1, "alpha": 1, "a": 1, "b": 1}'),
    ('{"family": "mbg/cnbd-2", "unit": "7 days", "r": 1, "alpha": 1, "a": 1, "b": 1}'),
    ('{"family": "mbg/nbd", "unit": "7 days", "k": 2, "r": 1, "alpha": 1, "a": 1, "b": 1}'),
    ('{"family": "mbg/cnbd-k", "unit": "7 days", "k": 2, "r": 1, "alpha": 1, "a": 1, "b": 1, "fit": {"customers": 1, "log_likelihood": -1, "penalty": 0, "gradient": 0, "iterations": 1, "converged": true, "k_chosen": 1}}'),
    ('{"family": "mbg/nbd", "unit": "7 days", "r": 1, "alpha": 1, "a": 1, "b": 1, "fit": {"customers": 1, "log_likelihood": -1, "penalty": 0, "gradient": 0, "iterations": 1, "converged": true, "k_chosen": true}}')) AS v(model);

-- with k = 1 all is MBG/NBD
CREATE TEMP TABLE one AS SELECT
    '{"family": "mbg/cnbd-k", "unit": "7 days", "k": 1, "r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}'::cv_buying_model AS regular,
    '{"family": "mbg/nbd", "unit": "7 days", "r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}'::cv_buying_model AS plain;
CREATE TEMP TABLE histories (id integer, h cv_purchase_history);
INSERT INTO histories VALUES (1, (0, 0, 0, NULL, NULL)), (2, (0, 0, 272, NULL, 0)), (3, (1, 12, 272, 10, ln(12))), (4, (7, 206, 272, 10, 7 * ln(206 / 7.0))), (5, (40, 270, 272, 10, 30));
SELECT id, abs(log_likelihood(regular, h) / log_likelihood(plain, h) - 1) < 1e-12 AS log_likelihood, abs(p_alive(regular, h, '30 days') / p_alive(plain, h, '30 days') - 1) < 1e-12 AS p_alive,
       abs(expected_purchases(regular, h, '1 year') / expected_purchases(plain, h, '1 year') - 1) < 1e-12 AS expected,
       abs(discounted_purchases(regular, h, 0.1, '2 years') / discounted_purchases(plain, h, 0.1, '2 years') - 1) < 1e-12 AS discounted,
       abs(discounted_purchases(regular, h, 0.1) / discounted_purchases(plain, h, 0.1) - 1) < 1e-12 AS for_ever,
       abs(purchase_probability(regular, h, '1 year', 2) / purchase_probability(plain, h, '1 year', 2) - 1) < 1e-12 AS probability
FROM histories, one WHERE id > 1 ORDER BY id;

-- predictions; customers 3 and 6 differ in the day of their last purchase only, and so do their futures
INSERT INTO histories VALUES (6, (1, 250, 272, 10, ln(250)));
SELECT model.id AS model, h.id, round(log_likelihood(model, h)::numeric, 10) AS log_likelihood, round(p_alive(model, h)::numeric, 10) AS p_alive,
       round(p_alive(model, h, '26 weeks')::numeric, 10) AS later, round(expected_purchases(model, h, '39 weeks')::numeric, 8) AS next_39,
       round(discounted_purchases(model, h, 0.1, '39 weeks')::numeric, 8) AS discounted, round(discounted_purchases(model, h, 0.1)::numeric, 8) AS for_ever
FROM models AS model, histories AS h ORDER BY model.id, h.id;
SELECT h.id, n, round(purchase_probability(model, h, '20 weeks', n)::numeric, 10) AS probability
FROM models AS model, histories AS h, generate_series(0, 3) AS n WHERE model.id = 2 AND h.id IN (1, 3, 6) ORDER BY h.id, n;
SELECT id, round(expected_purchases(model, '1 year')::numeric, 8) AS newcomer, round(purchase_probability(model, '1 year', 0)::numeric, 8) AS nothing,
       abs(expected_purchases(model, '1 year') - expected_purchases(model, (0, 0, 0, NULL, NULL)::cv_purchase_history, '1 year')) < 1e-15 AS same
FROM models ORDER BY id;
-- probabilities add up to 1, their mean is the expected number
SELECT id, abs(sum(p) - 1) < 1e-12 AS adds_up, abs(sum(n * p) / min(expected) - 1) < 1e-10 AS mean
FROM (SELECT m.id, n, purchase_probability(model, h, '1 year', n) AS p, expected_purchases(model, h, '1 year') AS expected
      FROM models AS m, histories AS h, generate_series(0, 400) AS n WHERE h.id = 4) AS s GROUP BY id ORDER BY id;
-- a lifetime value is margin * spend * discounted purchases
SELECT m.id, abs(clv(model, '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}', h, '1 year', 0.1, 0.5)
       / (0.5 * expected_spend('{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}', h) * discounted_purchases(model, h, 0.1, '1 year')) - 1) < 1e-14 AS value
FROM models AS m, histories AS h WHERE h.id = 4 ORDER BY m.id;
-- the unit does not matter: days are as good as weeks
SELECT abs(p_alive(week, h) / p_alive(day, h) - 1) < 1e-12 AS p_alive, abs(expected_purchases(week, h, '1 year') / expected_purchases(day, h, '1 year') - 1) < 1e-12 AS expected,
       abs(log_likelihood(week, h) - (h).frequency * ln(7) - log_likelihood(day, h)) < 1e-9 AS density
FROM (SELECT '{"family": "bg/cnbd-k", "k": 3, "unit": "7 days", "r": 1.5, "alpha": 4, "a": 0.8, "b": 2.4}'::cv_buying_model AS week,
             '{"family": "bg/cnbd-k", "k": 3, "unit": "1 day", "r": 1.5, "alpha": 28, "a": 0.8, "b": 2.4}'::cv_buying_model AS day) AS m, histories WHERE id = 4;
-- the likelihood needs the times between purchases: NULL where they are unknown
SELECT log_likelihood(model, (2, 30, 60, 5, NULL)::cv_purchase_history) IS NULL AS unknown, log_likelihood(model, (0, 0, 60, NULL, NULL)::cv_purchase_history) IS NULL AS no_gaps,
       log_likelihood(regular, (2, 30, 60, 5, NULL)::cv_purchase_history) IS NULL AS one
FROM models, one WHERE id = 1;
-- for ever and undiscounted
SELECT discounted_purchases(model, h, 0) FROM models, histories AS h WHERE models.id = 2 AND h.id = 4;
SELECT round(discounted_purchases(model, h, 0)::numeric, 8) AS forever FROM models, histories AS h WHERE models.id = 3 AND h.id = 4;
-- far corners end soon, with a number
SELECT k, x, horizon, e >= 0 AND e < 'Infinity' AS finite, d >= 0 AND d <= e AS discounted, p >= 0 AND p <= 1 AS alive
FROM (VALUES (2, 5000, '1 year'), (12, 5000, '100 years'), (100, 3, '1000 years'), (3, 0, '1000 years'), (100, 5000, '1 day')) AS v(k, x, horizon),
     LATERAL (SELECT format('{"family": "bg/cnbd-k", "k": %s, "unit": "7 days", "r": 0.5, "alpha": 0.001, "a": 0.3, "b": 0.5}', k)::cv_buying_model AS m, (x, CASE WHEN x > 0 THEN 700 ELSE 0 END, 700, 1, 0)::cv_purchase_history AS h) AS s,
     LATERAL (SELECT expected_purchases(m, h, horizon::interval) AS e, discounted_purchases(m, h, 0.1, horizon::interval) AS d, p_alive(m, h, horizon::interval) AS p) AS t;

-- fits
CREATE TEMP TABLE bought AS SELECT customer_id, activity_log(at, amount) AS log
    FROM simulate_purchases('{"family": "mbg/cnbd-k", "unit": "7 days", "k": 3, "r": 2, "alpha": 12, "a": 0.8, "b": 2.4}', '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}',
                            4000, '2025-12-31', '2024-01-01', '2024-12-31', 42) GROUP BY customer_id;
CREATE TEMP TABLE base AS SELECT customer_base(purchase_history(log, '2025-12-31')) AS base FROM bought;
CREATE TEMP TABLE fits AS SELECT family, fit_buying(base, family) AS fit FROM base, unnest('{mbg/nbd,mbg/cnbd-1,mbg/cnbd-3,mbg/cnbd-k,bg/cnbd-k,best}'::text[]) AS family;
SELECT f.family, fit::jsonb ->> 'family' AS is, fit::jsonb ->> 'k' AS k, fit::jsonb #>> '{fit,k_chosen}' AS chosen, round(log_likelihood::numeric, 4) AS log_likelihood,
       round(((aic + 2 * log_likelihood) / 2)::numeric, 6) AS parameters, round(((bic + 2 * log_likelihood) / ln(customers))::numeric, 6) AS parameters, converged
FROM fits AS f, goodness(fit) AS g ORDER BY f.family COLLATE "C";
-- what was tried, and that survives text, jsonb and binary
SELECT f.family, c ->> 'family' AS tried, c -> 'k' AS k, round((c ->> 'log_likelihood')::numeric, 3) AS log_likelihood, round((c ->> 'bic')::numeric, 3) AS bic, c -> 'converged' AS converged
FROM fits AS f, goodness(fit) AS g, jsonb_array_elements(compared) AS c ORDER BY f.family COLLATE "C", c ->> 'family' COLLATE "C", c -> 'k';
SELECT bool_and(fit::text::cv_buying_model::text = fit::text) AS text, bool_and(fit::jsonb::cv_buying_model::text = fit::text) AS jsonb, bool_and((goodness(fit::text::cv_buying_model)).bic = (goodness(fit)).bic) AS bic FROM fits;
CREATE TEMP TABLE copied_fits (family text, fit cv_buying_model);
\copy (SELECT * FROM fits) TO 'results/clv_regular.bin' WITH (FORMAT binary)
\copy copied_fits FROM 'results/clv_regular.bin' WITH (FORMAT binary)
SELECT bool_and(c.fit::text = f.fit::text) AS binary FROM fits AS f JOIN copied_fits AS c USING (family);
SELECT name, round(estimate::numeric, 5) AS estimate, round(standard_error::numeric, 5) AS standard_error, round(low::numeric, 5) AS low, round(high::numeric, 5) AS high
FROM fits, parameters(fit) WHERE family = 'mbg/cnbd-k';
-- with k = 1 it is the same fit; the log-likelihood is the sum over the customers, whatever the unit
SELECT abs(a.log_likelihood - b.log_likelihood) < 1e-6 AS likelihood, (SELECT bool_and(abs(p.estimate / q.estimate - 1) < 1e-6) FROM parameters(one.fit) AS p JOIN parameters(plain.fit) AS q USING (name)) AS parameters
FROM fits AS one, fits AS plain, goodness(one.fit) AS a, goodness(plain.fit) AS b WHERE one.family = 'mbg/cnbd-1' AND plain.family = 'mbg/nbd';
SELECT unit, abs((SELECT sum(log_likelihood(fit, purchase_history(log, '2025-12-31'))) FROM bought) / (goodness(fit)).log_likelihood - 1) < 1e-12 AS likelihood, fit::jsonb -> 'k' AS k
FROM (SELECT unit, fit_buying(base, 'mbg/cnbd-k', unit) AS fit FROM base, unnest('{1 day,30 days}'::interval[]) AS unit OFFSET 0) AS f ORDER BY unit;
-- a fit is the same for the rolled up parts
SELECT fit_buying(rollup(part), 'mbg/cnbd-k')::text = (SELECT fit::text FROM fits WHERE family = 'mbg/cnbd-k') AS same
FROM (SELECT customer_base(purchase_history(log, '2025-12-31')) AS part FROM bought GROUP BY customer_id % 7) AS p;

-- names
SELECT family || ' | ' || pg_temp.error_of(format('SELECT fit_buying(base, %L) FROM base', family)) AS error
FROM unnest('{mbg/cnbd-,mbg/cnbd-0,mbg/cnbd-01,mbg/cnbd-+2,mbg/cnbd-2.5,mbg/cnbd-101,mbg/cnbd-99999999999,cnbd-k,bg/cnbd-2k,mbg/cnbd--2}'::text[]) AS family;

-- unknown or impossible times between purchases: no fit of these families, and best says why it left them out
CREATE TEMP TABLE gapless AS SELECT customer_base(ROW(n % 4, n % 4 * 20 + n % 7 * (n % 4), 300 + n, NULL, NULL)::cv_purchase_history) AS base FROM generate_series(1, 200) AS n;
SELECT fit_buying(base, 'mbg/cnbd-k') FROM gapless;
SELECT fit_buying(base, 'bg/cnbd-2') FROM gapless;
SELECT fit_buying(base, 'bg/cnbd-1')::jsonb ->> 'k' AS k FROM gapless;
SELECT c ->> 'family' AS tried, c ->> 'skipped' AS skipped, c ? 'bic' AS fitted FROM gapless, jsonb_array_elements((goodness(fit_buying(base, 'best'))).compared) AS c ORDER BY c ->> 'family' COLLATE "C";
SELECT fit_buying(customer_base(ROW(n % 4, n % 4 * 20 + n % 7 * (n % 4), 300 + n, NULL, n % 4 * 5)::cv_purchase_history), 'mbg/cnbd-k') FROM generate_series(1, 200) AS n;

-- who buys at equal distances has no largest k: 12 is where the choice ends
SET client_min_messages = error;
SELECT fit_buying(customer_base(ROW(n % 6, n % 6 * g, n % 6 * g + n % 25, NULL, n % 6 * ln(g))::cv_purchase_history), 'bg/cnbd-k')::jsonb -> 'k' AS k
FROM (SELECT n, 20 + n % 21 AS g FROM generate_series(1, 500) AS n) AS s;
RESET client_min_messages;
