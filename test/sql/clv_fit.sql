-- fit_buying() and fit_spending() on simulated customers whose truth is known.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET extra_float_digits = 0;
SET max_parallel_workers_per_gather = 0;

CREATE TEMP TABLE truth AS
SELECT document::jsonb ->> 'family' AS family, document::cv_buying_model AS model
FROM (VALUES ('{"family": "nbd", "unit": "7 days", "r": 0.8, "alpha": 9}'),
             ('{"family": "bg/nbd", "unit": "7 days", "r": 0.6, "alpha": 5, "a": 0.8, "b": 2.5}'),
             ('{"family": "mbg/nbd", "unit": "7 days", "r": 0.6, "alpha": 5, "a": 0.9, "b": 1.6}'),
             ('{"family": "pareto/nbd", "unit": "7 days", "r": 0.6, "alpha": 8, "s": 0.7, "beta": 9}')) AS t(document);
CREATE TEMP TABLE histories AS
SELECT family, purchase_history(activity_log(at, amount), '2026-12-31') AS history
FROM truth, simulate_purchases(model, '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}', 1500, '2026-12-31', '2026-01-01', '2026-06-30', 20)
GROUP BY family, customer_id;
CREATE TEMP TABLE bases AS SELECT family, customer_base(history) AS base FROM histories GROUP BY family;
CREATE TEMP TABLE fits AS SELECT family, fit_buying(base, family) AS fit FROM bases;

SELECT family, name, round(estimate::numeric, 4) AS estimate, round(standard_error::numeric, 4) AS standard_error,
       round(low::numeric, 4) AS low, round(high::numeric, 4) AS high
FROM fits, parameters(fit) ORDER BY family, name;
SELECT family, customers, round(log_likelihood::numeric, 5) AS log_likelihood, round(aic::numeric, 5) AS aic, round(bic::numeric, 5) AS bic,
       iterations BETWEEN 1 AND 100 AS iterations, gradient < 1e-8 AS gradient, converged, compared
FROM fits, goodness(fit) ORDER BY family;
-- the truth lies within the intervals
SELECT family, count(*), bool_and((model::jsonb ->> name)::float8 BETWEEN low AND high) AS within
FROM fits JOIN truth USING (family), parameters(fit) GROUP BY family ORDER BY family;
-- low and high are the estimate times and divided by one factor
SELECT bool_and(abs(low * high / estimate ^ 2 - 1) < 1e-12 AND abs(ln(high / estimate) - 1.959963984540054 * standard_error / estimate) < 1e-12) AS agrees
FROM fits, parameters(fit);
-- criteria
SELECT bool_and(abs(aic - (2 * k - 2 * log_likelihood)) < 1e-9 AND abs(bic - (k * ln(customers) - 2 * log_likelihood)) < 1e-9) AS agrees
FROM fits, goodness(fit), LATERAL (SELECT count(*) AS k FROM parameters(fit)) AS p;
-- the log-likelihood is that of the customers one by one
SELECT family, abs(sum(log_likelihood(fit, history)) / min(g.log_likelihood) - 1) < 1e-11 AS agrees
FROM fits JOIN histories USING (family), goodness(fit) AS g GROUP BY family ORDER BY family;
-- and the highest there is: any other parameters have less
SELECT family, count(*), max(other) < min(own) AS highest
FROM (SELECT family, name, factor, sum(log_likelihood(moved, history)) AS other, min((goodness(fit)).log_likelihood) AS own
      FROM (SELECT family, fit, name, factor, jsonb_set(fit::jsonb - 'fit', ARRAY[name], to_jsonb(estimate * factor))::cv_buying_model AS moved
            FROM fits, parameters(fit), unnest(ARRAY[0.99, 1.01]::float8[]) AS factor) AS m
      JOIN histories USING (family) GROUP BY family, name, factor) AS t
GROUP BY family ORDER BY family;
-- with customers observed equally long the NBD's mean rate is the observed one
SELECT abs((f ->> 'r')::float8 / (f ->> 'alpha')::float8 - 0.14) < 1e-9 AS agrees
FROM (SELECT fit_buying(customer_base(ROW(x, CASE WHEN x > 0 THEN 60 ELSE 0 END, 70, 1, 1)::cv_purchase_history), 'nbd')::jsonb AS f
      FROM unnest(ARRAY[0, 0, 0, 0, 0, 1, 1, 2, 3, 7]) AS x) AS t;

-- defaults, names, and the same fit again to the last bit, whatever the order of the rows
SELECT fit_buying(base)::text = fit_buying(base, 'mbg/nbd', '7 days', 0)::text AS defaults,
       fit_buying(base => base, penalty => 0, unit => '1 week', family => 'mbg/nbd')::text = fit_buying(base)::text AS named,
       fit_buying((SELECT customer_base(history ORDER BY history DESC) FROM histories WHERE family = 'mbg/nbd'))::text = fit_buying(base)::text AS order,
       fit_buying(base::text::cv_customer_base)::text = fit_buying(base)::text AS text
FROM bases WHERE family = 'mbg/nbd';
SELECT fit_buying(NULL) IS NULL AS base, fit_buying(base, NULL) IS NULL AS family, fit_buying(base, 'nbd', NULL) IS NULL AS unit,
       fit_buying(base, 'nbd', '7 days', NULL) IS NULL AS penalty, fit_spending(NULL) IS NULL AS spending, fit_spending(base, NULL) IS NULL AS spending_penalty
FROM bases WHERE family = 'nbd';

-- a fitted model is its text: it reads back to the same and predicts the same; jsonb and binary too
SELECT family, fit::text::cv_buying_model::text = fit::text AS text,
       cv_buying_model_send(fit::text::cv_buying_model) = cv_buying_model_send(fit) AS binary,
       cv_buying_model_send(fit::jsonb::cv_buying_model) = cv_buying_model_send(fit) AS jsonb,
       (SELECT bool_and(expected_purchases(fit, history, '1 year') = expected_purchases(fit::text::cv_buying_model, history, '1 year')
                        AND p_alive(fit, history) = p_alive(fit::text::cv_buying_model, history))
        FROM histories AS h WHERE h.family = fits.family AND (history).frequency < 4) AS predicts,
       (SELECT array_agg(p) FROM parameters(fit) AS p) = (SELECT array_agg(p) FROM parameters(fit::text::cv_buying_model) AS p) AS parameters,
       goodness(fit) IS NOT DISTINCT FROM goodness(fit::text::cv_buying_model) AS goodness
FROM fits ORDER BY family;
CREATE TEMP TABLE received (LIKE fits);
\copy fits TO 'results/clv_fit.bin' (FORMAT binary)
\copy received FROM 'results/clv_fit.bin' (FORMAT binary)
SELECT count(*), bool_and(f.fit::text = r.fit::text) AS same FROM fits AS f JOIN received AS r USING (family);

-- the unit changes how parameters are told, not what they mean
SELECT family, round(g.log_likelihood::numeric, 4) = round((w.log_likelihood - ln(7) * x)::numeric, 4) AS log_likelihood,
       abs((d ->> 'r')::float8 / (f ->> 'r')::float8 - 1) < 1e-7 AS r, abs((d ->> 'alpha')::float8 / (f ->> 'alpha')::float8 / 7 - 1) < 1e-7 AS alpha,
       coalesce(abs((d ->> 'a')::float8 / (f ->> 'a')::float8 - 1) < 1e-7, abs((d ->> 'beta')::float8 / (f ->> 'beta')::float8 / 7 - 1) < 1e-7) AS a_or_beta,
       d ->> 'unit' AS unit
FROM (SELECT family, fit::jsonb AS f, fit_buying(base, family, '1 day')::jsonb AS d, (SELECT sum((history).frequency) FROM histories AS h WHERE h.family = fits.family) AS x
      FROM fits JOIN bases USING (family)) AS t, goodness(d::cv_buying_model) AS g, goodness(f::cv_buying_model) AS w ORDER BY family;

-- best: the lowest BIC of all families
CREATE TEMP TABLE best AS SELECT family AS truth, base, fit_buying(base, 'best') AS best FROM bases WHERE family IN ('mbg/nbd', 'pareto/nbd');
CREATE TEMP TABLE compared AS
SELECT truth, c ->> 'family' AS family, (c ->> 'bic')::float8 AS bic, (c ->> 'log_likelihood')::float8 AS log_likelihood, c -> 'converged' AS converged,
       fit_buying(base, c ->> 'family') AS fit
FROM best, jsonb_array_elements((goodness(best)).compared) AS c;
SELECT truth, best::jsonb ->> 'family' AS best, (goodness(best)).bic = (SELECT min(bic) FROM compared AS c WHERE c.truth = best.truth) AS lowest FROM best ORDER BY truth;
SELECT truth, family, abs(c.bic - g.bic) < 1e-9 AS bic, abs(c.log_likelihood - g.log_likelihood) < 1e-9 AS log_likelihood, c.converged
FROM compared AS c, goodness(fit) AS g ORDER BY truth, family COLLATE "C";
-- what best compared survives text, jsonb and binary as well
SELECT truth, best::text::cv_buying_model::text = best::text AS text, best::jsonb::cv_buying_model::text = best::text AS jsonb,
       cv_buying_model_send(best::text::cv_buying_model) = cv_buying_model_send(best) AS binary
FROM best ORDER BY truth;

-- a penalty draws the parameters to zero: it minimises -mean log-likelihood + penalty * sum of squares
CREATE TEMP TABLE penalised AS SELECT family, fit_buying(base, family, '7 days', 0.01) AS fit FROM bases;
SELECT family, name, round(estimate::numeric, 4) AS estimate FROM penalised, parameters(fit) ORDER BY family, name;
SELECT family, count(*), min(other) > min(own) AS lowest
FROM (SELECT family, name, factor, -avg(log_likelihood(moved, history)) + 0.01 * min(square) AS other, -avg(log_likelihood(fit, history)) + 0.01 * min(own_square) AS own
      FROM (SELECT family, fit, name, factor, jsonb_set(fit::jsonb - 'fit', ARRAY[name], to_jsonb(estimate * factor))::cv_buying_model AS moved,
                   (SELECT sum((CASE WHEN q.name = p.name THEN factor ELSE 1 END * q.estimate) ^ 2) FROM parameters(fit) AS q) AS square,
                   (SELECT sum(q.estimate ^ 2) FROM parameters(fit) AS q) AS own_square
            FROM penalised, parameters(fit) AS p, unnest(ARRAY[0.99, 1.01]::float8[]) AS factor) AS m
      JOIN histories USING (family) GROUP BY family, name, factor) AS t
GROUP BY family ORDER BY family;
SELECT bool_and((p.fit::jsonb -> 'fit' ->> 'penalty')::float8 = 0.01 AND (goodness(p.fit)).log_likelihood < (goodness(f.fit)).log_likelihood AND (goodness(p.fit)).converged) AS agrees
FROM penalised AS p JOIN fits AS f USING (family);

-- spending
CREATE TEMP TABLE spending AS SELECT fit_spending(base) AS fit FROM bases WHERE family = 'nbd';
SELECT name, round(estimate::numeric, 4) AS estimate, round(standard_error::numeric, 4) AS standard_error, round(low::numeric, 4) AS low, round(high::numeric, 4) AS high
FROM spending, parameters(fit) ORDER BY name;
SELECT customers, round(log_likelihood::numeric, 5) AS log_likelihood, round(aic::numeric, 5) AS aic, round(bic::numeric, 5) AS bic,
       iterations BETWEEN 1 AND 100 AS iterations, gradient < 1e-8 AS gradient, converged, compared
FROM spending, goodness(fit);
SELECT count(*) AS repeat_customers, abs(sum(log_likelihood(fit, history)) / min((goodness(fit)).log_likelihood) - 1) < 1e-11 AS log_likelihood
FROM spending, histories WHERE family = 'nbd' AND (history).frequency > 0;
SELECT bool_and(truth BETWEEN low AND high) AS within
FROM spending, parameters(fit) JOIN (VALUES ('p', 6.25), ('q', 3.74), ('gamma', 15.44)) AS t(name, truth) USING (name);
SELECT max(other) < min(own) AS highest, count(*)
FROM (SELECT name, factor, sum(log_likelihood(jsonb_set(fit::jsonb - 'fit', ARRAY[name], to_jsonb(estimate * factor))::cv_spending_model, history)) AS other,
             min((goodness(fit)).log_likelihood) AS own
      FROM spending, parameters(fit), unnest(ARRAY[0.99, 1.01]::float8[]) AS factor, histories
      WHERE family = 'nbd' GROUP BY name, factor) AS t;
SELECT fit::text::cv_spending_model::text = fit::text AS text, cv_spending_model_send(fit::jsonb::cv_spending_model) = cv_spending_model_send(fit) AS jsonb,
       expected_spend(fit, ROW(3, 10, 20, 30, 5)) = expected_spend(fit::text::cv_spending_model, ROW(3, 10, 20, 30, 5)) AS predicts
FROM spending;
SELECT name, round(estimate::numeric, 4) AS estimate FROM bases, parameters(fit_spending(base, penalty => 0.001)) WHERE family = 'nbd' ORDER BY name;
