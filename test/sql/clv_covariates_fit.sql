-- Fits with covariates: simulated truth, the optimum by differences, invariance, and data that do not identify.
\set SHOW_CONTEXT never
SET extra_float_digits = 0;

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

-- published by nobody, typed in
CREATE TEMP TABLE truths (family text, model cv_buying_model);
INSERT INTO truths VALUES
    ('nbd', '{"family": "nbd", "unit": "7 days", "r": 0.9, "alpha": 35, "covariates": {"age": "number", "channel": ["app", "store", "web"]}, "purchase:age": 0.01, "purchase:channel=store": 0.5, "purchase:channel=web": -0.4}'),
    ('bg/nbd', '{"family": "bg/nbd", "unit": "7 days", "r": 0.9, "alpha": 35, "a": 0.9, "b": 3, "covariates": {"age": "number", "channel": ["app", "store", "web"]}, "purchase:age": 0.01, "purchase:channel=store": 0.5, "purchase:channel=web": -0.4, "dropout:age": -0.02, "dropout:channel=store": 0.6, "dropout:channel=web": -0.5}'),
    ('mbg/nbd', '{"family": "mbg/nbd", "unit": "7 days", "r": 0.9, "alpha": 35, "a": 0.9, "b": 3, "covariates": {"age": "number", "channel": ["app", "store", "web"]}, "purchase:age": 0.01, "purchase:channel=store": 0.5, "purchase:channel=web": -0.4, "dropout:age": -0.02, "dropout:channel=store": 0.6, "dropout:channel=web": -0.5}'),
    ('pareto/nbd', '{"family": "pareto/nbd", "unit": "7 days", "r": 0.9, "alpha": 35, "s": 0.8, "beta": 20, "covariates": {"age": "number", "channel": ["app", "store", "web"]}, "purchase:age": 0.01, "purchase:channel=store": 0.5, "purchase:channel=web": -0.4, "dropout:age": -0.02, "dropout:channel=store": 0.6, "dropout:channel=web": -0.5}');
CREATE TEMP TABLE customers AS
SELECT family, c.covariates, purchase_history(s.at, s.amount, '2024-12-31') AS history
FROM truths,
     (SELECT channel, age, jsonb_build_object('channel', channel, 'age', age) AS covariates FROM unnest('{app,store,web}'::text[]) AS channel, unnest('{20,35,50,70}'::integer[]) AS age) AS c,
     simulate_purchases(model, '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}', 700, '2024-12-31', '2021-01-01', '2021-12-31', 1000 + ascii(channel) + age, covariates) AS s
GROUP BY family, c.covariates, s.customer_id;
CREATE TEMP TABLE bases AS SELECT family, customer_base(history, covariates) AS base, customer_base(history) AS plain FROM customers GROUP BY family;
CREATE TEMP TABLE fits AS SELECT family, base, plain, fit_buying(base, family) AS fit FROM bases;

-- the truth is within its 99.9 % intervals, whose 95 % part is told; coefficients lie in the middle of theirs
SELECT family, count(*) AS parameters, bool_and(abs(CASE WHEN t.name LIKE '%:%' THEN p.estimate - t.estimate ELSE ln(p.estimate / t.estimate) END)
       < 3.3 * CASE WHEN t.name LIKE '%:%' THEN p.standard_error ELSE p.standard_error / p.estimate END) AS found,
       bool_and(t.name NOT LIKE '%:%' OR abs((p.low + p.high) / 2 - p.estimate) < 1e-12) AS symmetric,
       bool_and(t.name NOT LIKE '%:%' OR abs((p.high - p.low) / p.standard_error - 2 * 1.9599639845400545) < 1e-12) AS wide,
       string_agg(p.name, ' ' ORDER BY p.ordinality) FILTER (WHERE family IN ('nbd', 'pareto/nbd')) AS names
FROM fits JOIN truths USING (family), parameters(fit) WITH ORDINALITY AS p JOIN LATERAL parameters(model) AS t USING (name) GROUP BY family ORDER BY family;
SELECT family, customers, converged, iterations BETWEEN 1 AND 30 AS quick, gradient < 1e-8 AS flat, round((aic + 2 * log_likelihood)::numeric, 6) AS twice_parameters,
       round(((bic + 2 * log_likelihood) / ln(customers))::numeric, 6) AS parameters, compared
FROM fits, goodness(fit) ORDER BY family;
-- its likelihood is the sum over customers, not below that of the truth, and above that of the model without
CREATE TEMP TABLE grouped AS SELECT family, history, covariates, count(*) AS customers FROM customers GROUP BY 1, 2, 3;
SELECT family, abs((goodness(fit)).log_likelihood / at_fit - 1) < 1e-12 AS sum, at_fit >= at_truth AS best, at_fit > (goodness(fit_buying(plain, family))).log_likelihood + 100 AS more
FROM fits JOIN (SELECT family, sum(customers * log_likelihood(fit, history, covariates)) AS at_fit, sum(customers * log_likelihood(model, history, covariates)) AS at_truth
                FROM grouped JOIN fits USING (family) JOIN truths USING (family) GROUP BY family) AS s USING (family) ORDER BY family;
-- central differences of that sum vanish in every parameter; their curvature is what the standard errors' inverse has at least
CREATE TEMP TABLE moved AS
SELECT family, name, step, direction, 1 / spread ^ 2 AS precision_of,
       (fit::jsonb - 'fit' || jsonb_build_object(name, CASE WHEN name LIKE '%:%' THEN estimate + direction * step ELSE estimate * exp(direction * step) END))::cv_buying_model AS model
FROM fits, LATERAL (SELECT *, CASE WHEN name LIKE '%:%' THEN standard_error ELSE standard_error / estimate END AS spread FROM parameters(fit)) AS p,
     LATERAL (SELECT 0.1 * spread AS step) AS s, generate_series(-1, 1) AS direction WHERE family IN ('mbg/nbd', 'pareto/nbd');
CREATE TEMP TABLE likelihoods AS SELECT family, name, direction, sum(likelihood) AS likelihood
FROM moved JOIN LATERAL (SELECT customers * log_likelihood(model, history, covariates) AS likelihood FROM grouped WHERE grouped.family = moved.family) AS l ON true GROUP BY family, name, direction;
SELECT family, count(*) AS parameters, bool_and(abs(up - down) / abs(up + down - 2 * middle) < 0.01) AS flat, bool_and(2 * middle - up - down >= 0.999 * step * step * precision_of) AS curved
FROM (SELECT family, name, step, precision_of, max(likelihood) FILTER (WHERE direction = 1) AS up, max(likelihood) FILTER (WHERE direction = 0) AS middle, max(likelihood) FILTER (WHERE direction = -1) AS down
      FROM moved JOIN likelihoods USING (family, name, direction) GROUP BY family, name, step, precision_of) AS s GROUP BY family ORDER BY family;

-- another zero, another unit: the coefficients move as they must, and so does alpha
SELECT f.family, bool_and(abs((goodness(moved)).log_likelihood / (goodness(fit)).log_likelihood - 1) < 1e-11) AS as_likely,
       bool_and(abs(m.estimate - CASE WHEN m.name LIKE '%:age' THEN p.estimate * 10
                                      WHEN m.name = 'alpha' THEN p.estimate * exp(-40 * (fit::jsonb ->> 'purchase:age')::float8)
                                      WHEN m.name IN ('b', 'beta') THEN p.estimate * exp(-40 * (fit::jsonb ->> 'dropout:age')::float8)
                                      ELSE p.estimate END) < 1e-6 * (abs(m.estimate) + 0.01)) AS moved,
       bool_and(m.name IN ('alpha', 'b', 'beta') OR abs(m.standard_error / (p.standard_error * CASE WHEN m.name LIKE '%:age' THEN 10 ELSE 1 END) - 1) < 1e-5) AS as_uncertain,
       bool_or(m.name = 'alpha' AND m.standard_error / m.estimate < 0.8 * p.standard_error / p.estimate) AS alpha_surer_at_40
FROM fits AS f JOIN (SELECT family, fit_buying(customer_base(history, jsonb_set(covariates, '{age}', to_jsonb(((covariates ->> 'age')::float8 - 40) / 10))), family) AS moved FROM customers GROUP BY family) AS b USING (family),
     parameters(fit) AS p JOIN LATERAL parameters(moved) AS m USING (name) GROUP BY f.family, fit::text, moved::text ORDER BY f.family;
-- another name of the reference level: the other levels against it
SELECT abs((goodness(renamed)).log_likelihood / (goodness(fit)).log_likelihood - 1) < 1e-12 AS as_likely,
       round(((renamed::jsonb ->> 'purchase:channel=z app')::numeric + (fit::jsonb ->> 'purchase:channel=store')::numeric), 7) AS opposite,
       (renamed::jsonb -> 'covariates' -> 'channel') AS levels
FROM fits, (SELECT fit_buying(customer_base(history, CASE covariates ->> 'channel' WHEN 'app' THEN jsonb_set(covariates, '{channel}', '"z app"') ELSE covariates END), 'mbg/nbd') AS renamed
            FROM customers WHERE family = 'mbg/nbd') AS r WHERE family = 'mbg/nbd';
-- no covariates: the plain model to the last bit
SELECT family, fit_buying(customer_base(history, '{}'), family)::text = fit_buying(customer_base(history), family)::text AS same FROM customers GROUP BY family ORDER BY family;
-- a covariate that has nothing to do with anything: its coefficients are about 0, and BIC prefers to do without
SELECT bool_and(abs(estimate) < 3.3 * standard_error) FILTER (WHERE name LIKE '%noise') AS none, bool_and((goodness(fit)).bic > (goodness(without)).bic) AS not_worth_it,
       bool_and((goodness(fit)).log_likelihood >= (goodness(without)).log_likelihood) AS nested
FROM (SELECT fit_buying(customer_base(history, covariates || jsonb_build_object('noise', hashtext(history::text) % 1000)), 'bg/nbd') AS fit, fit_buying(customer_base(history, covariates), 'bg/nbd') AS without
      FROM customers WHERE family = 'bg/nbd') AS n, parameters(fit);
-- the best family
SELECT best::jsonb ->> 'family' AS family, (SELECT string_agg(c ->> 'family', ' ' ORDER BY c ->> 'family') FROM jsonb_array_elements((goodness(best)).compared) AS c) AS compared, best::jsonb - 'fit' = fit::jsonb - 'fit' AS same
FROM (SELECT fit, fit_buying(base, 'best') AS best FROM fits WHERE family = 'pareto/nbd') AS b;
-- spending does not look at covariates
SELECT abs((goodness(fit_spending(base))).log_likelihood / (goodness(fit_spending(plain))).log_likelihood - 1) < 1e-12 AS same FROM bases WHERE family = 'nbd';

-- a penalty: smaller coefficients, and nowhere near is the penalised likelihood higher
CREATE TEMP TABLE penalised AS SELECT fit_buying(customer_base(history, covariates - 'age'), 'bg/nbd', '7 days', 0.05) AS fit, fit_buying(customer_base(history, covariates - 'age'), 'bg/nbd') AS free
FROM customers WHERE family = 'bg/nbd';
SELECT bool_and((goodness(fit)).converged) AS converged, bool_and(abs(p.estimate) < abs(f.estimate)) AS smaller FROM penalised, parameters(fit) AS p JOIN LATERAL parameters(free) AS f USING (name) WHERE p.name LIKE '%:%';
CREATE FUNCTION pg_temp.objective(model cv_buying_model) RETURNS float8 LANGUAGE sql AS $$
SELECT -sum(customers * log_likelihood(model, history, covariates - 'age')) / sum(customers) + 0.05 * (SELECT sum(estimate ^ 2) FROM parameters(model)) FROM grouped WHERE family = 'bg/nbd' $$;
SELECT name, pg_temp.objective((fit::jsonb - 'fit' || jsonb_build_object(name, estimate * 1.001))::cv_buying_model) > pg_temp.objective(fit) AS above,
       pg_temp.objective((fit::jsonb - 'fit' || jsonb_build_object(name, estimate * 0.999))::cv_buying_model) > pg_temp.objective(fit) AS below
FROM penalised, parameters(fit) ORDER BY name;

-- what tells nothing, or nothing new
\set query 'SELECT pg_temp.error_of(format(''SELECT fit_buying(customer_base(history, %s), ''''mbg/nbd'''', ''''7 days'''', %s) FROM customers WHERE family = ''''mbg/nbd'''''', covariates, penalty)) AS error FROM (VALUES'
\pset format unaligned
:query ($$jsonb_build_object('a', 7)$$, 0)) AS v(covariates, penalty);
:query ($$jsonb_build_object('a', 'x')$$, 0)) AS v(covariates, penalty);
:query ($$jsonb_build_object('a', 0) || covariates$$, 0.1)) AS v(covariates, penalty);
:query ($$covariates || jsonb_build_object('months', (covariates ->> 'age')::integer * 12)$$, 0)) AS v(covariates, penalty);
:query ($$covariates || jsonb_build_object('chain', upper(covariates ->> 'channel'))$$, 0)) AS v(covariates, penalty);
:query ($$covariates || jsonb_build_object('sum', (covariates ->> 'age')::integer + 3 * (covariates ->> 'channel' = 'web')::integer)$$, 0)) AS v(covariates, penalty);
:query ($$jsonb_build_object('loyal', (history).frequency > 0)$$, 0)) AS v(covariates, penalty);
:query ($$jsonb_build_object('active', (history).recency = (history).age)$$, 0)) AS v(covariates, penalty);
:query ($$jsonb_build_object('id', 'c' || abs(hashtext(history::text)) % 32)$$, 0)) AS v(covariates, penalty);
:query ($$jsonb_build_object('channel=web', (covariates ->> 'age')::integer, 'channel', covariates ->> 'channel')$$, 0)) AS v(covariates, penalty);
:query ($$jsonb_build_object('year', 1e6 + (covariates ->> 'age')::integer)$$, 0)) AS v(covariates, penalty);
\pset format aligned
-- a penalty holds what separates
SELECT (goodness(fit)).converged, round((fit::jsonb ->> 'purchase:loyal=true')::numeric, 2) AS purchase, round((fit::jsonb ->> 'dropout:loyal=true')::numeric, 2) AS dropout
FROM (SELECT fit_buying(customer_base(history, jsonb_build_object('loyal', (history).frequency > 0)), 'mbg/nbd', '7 days', 0.001) AS fit FROM customers WHERE family = 'mbg/nbd') AS f;
-- thirty coefficients can be fitted
SELECT converged, (aic + 2 * log_likelihood)::numeric(6, 2) AS twice_parameters FROM (SELECT fit_buying(customer_base(history, jsonb_build_object('id', 'c' || abs(hashtext(history::text)) % 31)), 'nbd') AS fit
FROM customers WHERE family = 'nbd') AS f, goodness(fit);
-- nobody bought again
SELECT fit_buying(customer_base(ROW(0, 0, n, NULL, 0), jsonb_build_object('a', n))) FROM generate_series(1, 9) AS n;
