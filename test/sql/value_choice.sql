-- Conjoint from choices: fits against plain SQL, readers, invariants.
\set SHOW_CONTEXT never
SET extra_float_digits = 0;
SET client_min_messages = warning;

-- 90 respondents choose 8 times among three of four brands: utility + Gumbel noise, with what each respondent likes besides
CREATE FUNCTION pg_temp.draw(key text) RETURNS float8 LANGUAGE sql IMMUTABLE AS
$$ SELECT ((('x' || substr(md5(key), 1, 8))::bit(32)::bigint & 2147483647) + 0.5) / 2147483648.0::float8 $$;
CREATE TABLE value_choice_rows AS
SELECT respondent, choice_set, brand, price, organic, utility = max(utility) OVER (PARTITION BY respondent, choice_set) AS chosen,
       jsonb_build_object('brand', brand, 'price', price, 'organic', organic) AS attributes, row_number() OVER (ORDER BY respondent, choice_set, brand) AS n
FROM (SELECT *, (CASE brand WHEN 'alpha' THEN 0.9 WHEN 'beta' THEN 0.4 WHEN 'gamma' THEN -0.3 ELSE 0 END) - 0.55 * price + 0.7 * organic::integer
                + 4 * (pg_temp.draw('taste' || respondent || brand) - 0.5) - ln(-ln(pg_temp.draw('noise' || respondent || ' ' || choice_set || brand))) AS utility
      FROM (SELECT respondent, choice_set, brand, 2 + floor(8 * pg_temp.draw('price' || respondent || ' ' || choice_set || brand)) / 2 AS price,
                   pg_temp.draw('organic' || respondent || ' ' || choice_set || brand) < 0.4 AS organic
            FROM generate_series(1, 90) AS respondent, generate_series(1, 8) AS choice_set, unnest(ARRAY['alpha', 'beta', 'gamma', 'delta']) AS brand
            WHERE brand <> (ARRAY['alpha', 'beta', 'gamma', 'delta'])[1 + (respondent + choice_set) % 4]) AS offers) AS felt;
SELECT count(*), count(*) FILTER (WHERE chosen) AS chosen, count(DISTINCT attributes) AS profiles FROM value_choice_rows;

CREATE TEMP TABLE data AS
SELECT choice_data(respondent * 100 + choice_set, chosen, attributes) AS plain, choice_data(choice_set, chosen, attributes, respondent) AS clustered,
       choice_data(choice_set, chosen, attributes, respondent, 1 + respondent % 3) AS weighted,
       choice_data(choice_set, chosen, attributes, respondent, 2.5) AS evenly FROM value_choice_rows;
CREATE TEMP TABLE models AS
SELECT fit_choice(plain) AS plain, fit_choice(clustered) AS clustered, fit_choice(weighted) AS weighted, fit_choice(evenly) AS evenly FROM data;
SELECT name, round(estimate::numeric, 8) AS estimate, round(standard_error::numeric, 8) AS standard_error, round(low::numeric, 6) AS low, round(high::numeric, 6) AS high, reference
FROM models, parameters(plain);
SELECT p.name, p.estimate = c.estimate AS same, round((c.standard_error / p.standard_error)::numeric, 6) AS ratio
FROM models, parameters(plain) AS p JOIN LATERAL parameters(clustered) AS c USING (name);
SELECT observations, choices, respondents, round(log_likelihood::numeric, 8) AS log_likelihood, round(log_likelihood_null::numeric, 8) AS log_likelihood_null,
       abs(log_likelihood_null + 720 * ln(3)) < 1e-9 AS equal_shares, abs(aic - (10 - 2 * log_likelihood)) < 1e-9 AS aic, abs(bic - (5 * ln(720) - 2 * log_likelihood)) < 1e-9 AS bic,
       abs(r_squared - (1 - log_likelihood / log_likelihood_null)) < 1e-12 AS r_squared, iterations < 10 AS soon, gradient < 1e-12 AS gradient, converged, skipped, residual_error
FROM models, goodness(clustered);
SELECT respondents FROM models, goodness(plain);

-- in plain SQL: log-likelihood, gradient and Hessian at the estimates, and the sandwich of the respondents' scores
CREATE TEMP TABLE shares AS
SELECT r.*, utility(plain, attributes) AS utility, exp(utility(plain, attributes)) / sum(exp(utility(plain, attributes))) OVER (PARTITION BY respondent, choice_set) AS share
FROM value_choice_rows AS r, models;
CREATE TEMP TABLE terms AS
SELECT respondent, choice_set, chosen, share, name, x - sum(share * x) OVER (PARTITION BY respondent, choice_set, name) AS deviation
FROM shares, LATERAL (VALUES ('brand=beta', (brand = 'beta')::integer::float8), ('brand=delta', (brand = 'delta')::integer), ('brand=gamma', (brand = 'gamma')::integer),
                             ('organic=true', organic::integer), ('price', price)) AS t(name, x);
SELECT abs((SELECT sum(ln(share)) FROM shares WHERE chosen) - log_likelihood) < 1e-9 AS log_likelihood,
       (SELECT max(abs(g)) < 1e-9 FROM (SELECT sum(deviation) AS g FROM terms WHERE chosen GROUP BY name) AS g) AS gradient
FROM models, goodness(plain);
CREATE TEMP TABLE hessian AS
SELECT a.name AS a, b.name AS b, sum(a.share * a.deviation * b.deviation) AS h
FROM (SELECT *, row_number() OVER (PARTITION BY name, respondent, choice_set ORDER BY share, deviation) AS i FROM terms) AS a
JOIN (SELECT *, row_number() OVER (PARTITION BY name, respondent, choice_set ORDER BY share, deviation) AS i FROM terms) AS b USING (respondent, choice_set, share)
GROUP BY a.name, b.name;
CREATE TEMP TABLE covariance AS
WITH listed AS (SELECT m.which, e.value::float8 AS value, e.ordinality AS at FROM models, LATERAL (VALUES ('plain', plain), ('clustered', clustered)) AS m(which, model),
                jsonb_array_elements_text(m.model::jsonb -> 'fit' -> 'covariance') WITH ORDINALITY AS e),
     names AS (SELECT name, row_number() OVER () AS k FROM models, parameters(plain))
SELECT which, a.name AS a, b.name AS b, value FROM names AS a, names AS b, listed WHERE at = CASE WHEN a.k >= b.k THEN a.k * (a.k - 1) / 2 + b.k ELSE b.k * (b.k - 1) / 2 + a.k END;
-- Hessian times covariance is the identity; with clusters it is covariance = V meat V
SELECT bool_and(abs(product - (a = b)::integer) < 1e-8) AS inverse, count(*)
FROM (SELECT h.a, v.b, sum(h.h * v.value) AS product FROM hessian AS h JOIN covariance AS v ON v.which = 'plain' AND v.a = h.b GROUP BY h.a, v.b) AS p;
WITH score AS (SELECT respondent, name, sum(deviation) AS g FROM terms WHERE chosen GROUP BY respondent, name),
     meat AS (SELECT x.name AS a, y.name AS b, sum(x.g * y.g) AS m FROM score AS x JOIN score AS y USING (respondent) GROUP BY x.name, y.name),
     v AS (SELECT a, b, value FROM covariance WHERE which = 'plain'),
     sandwich AS (SELECT l.a, r.b, sum(l.value * m.m * r.value) AS value FROM v AS l JOIN meat AS m ON m.a = l.b JOIN v AS r ON r.a = m.b GROUP BY l.a, r.b)
SELECT bool_and(abs(s.value / c.value - 1) < 1e-7) AS sandwich, count(*) FROM sandwich AS s JOIN covariance AS c ON c.which = 'clustered' AND c.a = s.a AND c.b = s.b;

-- shares of brands, organic or not, come out as observed; the mean price too
SELECT brand, count(*) FILTER (WHERE chosen) AS observed, round(sum(share)::numeric, 8) AS predicted FROM shares GROUP BY brand ORDER BY brand;
SELECT count(*) FILTER (WHERE chosen AND organic) AS organic, round(sum(share) FILTER (WHERE organic)::numeric, 8) AS predicted,
       round(sum(price) FILTER (WHERE chosen)::numeric, 4) AS paid, round(sum(share * price)::numeric, 4) AS predicted_paid FROM shares;

-- units, offsets, attributes' order, what the levels are called and the order of the rows leave the likelihood alone
SELECT round(max(g.log_likelihood)::numeric, 9) = round(min(g.log_likelihood)::numeric, 9) AS same_likelihood, count(*)
FROM (SELECT fit_choice(choice_data(choice_set, chosen, jsonb_build_object('brand', brand, 'price', price * factor + shift, 'organic', organic), respondent)) AS m
      FROM value_choice_rows, (VALUES (1, 0), (100, 0), (1e-6, 0), (1e9, 5e9), (1, 1000), (-1, 3)) AS u(factor, shift) GROUP BY factor, shift
      UNION ALL SELECT fit_choice(choice_data(choice_set, chosen, jsonb_build_object('Z', brand || ' ', 'aa', price, 'organic', CASE WHEN organic THEN 'yes' ELSE 'a no' END), respondent)) FROM value_choice_rows) AS s, goodness(m) AS g;
SELECT bool_and(fit_choice(d)::text = fit_choice(clustered)::text) AS same_fit, bool_and(d::text = clustered::text) AS same_data, bool_and(cv_choice_data_send(d) = cv_choice_data_send(clustered)) AS same_bytes, count(*)
FROM data, LATERAL (SELECT choice_data(choice_set, chosen, attributes, respondent ORDER BY n DESC) AS d FROM value_choice_rows
      UNION ALL SELECT choice_data(choice_set, chosen, attributes, respondent ORDER BY md5(n::text)) FROM value_choice_rows
      -- sets cut apart, levels met in another order in each part, parts of one row
      UNION ALL SELECT rollup(p ORDER BY k DESC) FROM (SELECT n % 7 AS k, choice_data(choice_set, chosen, attributes, respondent) AS p FROM value_choice_rows GROUP BY 1) AS a
      UNION ALL SELECT rollup(p::text::cv_choice_data) FROM (SELECT brand, choice_data(choice_set, chosen, attributes, respondent) AS p FROM value_choice_rows GROUP BY 1) AS b
      UNION ALL SELECT rollup(p ORDER BY md5(k::text)) FROM (SELECT n AS k, choice_data(choice_set, chosen, attributes, respondent) AS p FROM value_choice_rows GROUP BY 1 UNION ALL SELECT 0, NULL) AS c
      UNION ALL SELECT rollup(q) FROM (SELECT rollup(p) AS q FROM (SELECT n % 30 AS k, choice_data(choice_set, chosen, attributes, respondent) AS p FROM value_choice_rows GROUP BY 1) AS e GROUP BY k % 5) AS f) AS v;

-- weights: the same as rows repeated under other numbers; a common factor changes standard errors only
SELECT bool_and(abs(w.estimate - r.estimate) < 1e-10) AS weighted_as_repeated, bool_and(abs(w.standard_error - r.standard_error) < 1e-10) AS and_clustered
FROM models, parameters(weighted) AS w
JOIN LATERAL (SELECT (parameters(fit_choice(choice_data(choice_set * 10 + copy, chosen, attributes, respondent)))).* FROM value_choice_rows, generate_series(1, 1 + respondent % 3) AS copy) AS r USING (name);
SELECT bool_and(abs(a.estimate - b.estimate) < 1e-12) AS estimates, bool_and(abs(a.standard_error - b.standard_error) < 1e-12) AS clustered_errors,
       bool_and(abs(fa.log_likelihood * 2.5 - fb.log_likelihood) < 1e-9) AS log_likelihood
FROM models, parameters(clustered) AS a JOIN LATERAL parameters(evenly) AS b USING (name), goodness(clustered) AS fa, goodness(evenly) AS fb;

-- independence of irrelevant alternatives: a lower price of one takes from the others in proportion
WITH offers AS (SELECT factor, brand, exp(utility(plain, jsonb_build_object('brand', brand, 'price', CASE brand WHEN 'alpha' THEN 4 * factor ELSE 4 END, 'organic', false))) AS odds
                FROM models, unnest(ARRAY[1, 0.9]) AS factor, unnest(ARRAY['alpha', 'beta', 'gamma', 'delta']) AS brand),
     share AS (SELECT factor, brand, odds / sum(odds) OVER (PARTITION BY factor) AS share FROM offers)
SELECT a.brand, round(a.share::numeric, 6) AS share, round(b.share::numeric, 6) AS cheaper_alpha, round((b.share / a.share)::numeric, 9) AS ratio
FROM share AS a JOIN share AS b USING (brand) WHERE a.factor = 1 AND b.factor = 0.9 ORDER BY brand;

-- willingness to pay by the delta method, from the published formula in plain SQL
SELECT w.name, round(w.estimate::numeric, 6) AS estimate, round(w.standard_error::numeric, 6) AS standard_error, round(w.low::numeric, 4) AS low, round(w.high::numeric, 4) AS high,
       abs(w.estimate + p.estimate / price.estimate) < 1e-12 AS ratio,
       abs(w.standard_error ^ 2 - (bb.value + 2 * w.estimate * bp.value + w.estimate ^ 2 * pp.value) / price.estimate ^ 2) < 1e-12 AS delta
FROM models, willingness_to_pay(clustered, 'price') AS w JOIN LATERAL parameters(clustered) AS p USING (name)
JOIN LATERAL parameters(clustered) AS price ON price.name = 'price'
JOIN covariance AS bb ON bb.which = 'clustered' AND bb.a = p.name AND bb.b = p.name
JOIN covariance AS bp ON bp.which = 'clustered' AND bp.a = p.name AND bp.b = 'price'
JOIN covariance AS pp ON pp.which = 'clustered' AND pp.a = 'price' AND pp.b = 'price' ORDER BY w.name;

-- importance: ranges of part-worths, of a slope times the range in the data
SELECT attribute, round(importance::numeric, 6) AS importance FROM models, importance(plain);
SELECT round(sum(importance)::numeric, 9) AS total, bool_and(abs(importance - by_hand) < 1e-9) AS by_hand
FROM (SELECT importance, 100 * r / sum(r) OVER () AS by_hand
      FROM models, importance(plain)
      JOIN LATERAL (SELECT 'brand' AS attribute, greatest(0, max(estimate)) - least(0, min(estimate)) AS r FROM parameters(plain) WHERE name ~ 'brand'
                    UNION ALL SELECT 'organic', abs(estimate) FROM parameters(plain) WHERE name = 'organic=true'
                    UNION ALL SELECT 'price', abs(estimate) * 3.5 FROM parameters(plain) WHERE name = 'price') AS ranges USING (attribute)) AS i;

-- constants only: part-worths are logarithms of shares
SELECT name, round(estimate::numeric, 10) AS estimate, round(standard_error::numeric, 10) AS standard_error, reference
FROM parameters((SELECT fit_choice(choice_data(id, alternative = chosen, jsonb_build_object('a', alternative)))
                 FROM (SELECT row_number() OVER () AS id, c AS chosen FROM (VALUES ('x', 50), ('y', 30), ('z', 20)) AS v(c, n), generate_series(1, n)) AS s, unnest(ARRAY['x', 'y', 'z']) AS alternative));
SELECT round(ln(30 / 50.0), 10) AS y, round(ln(20 / 50.0), 10) AS z, round(sqrt(1 / 30.0 + 1 / 50.0), 10) AS se_y, round(sqrt(1 / 20.0 + 1 / 50.0), 10) AS se_z;

-- a choice of two is a logit; with one 0/1 column it has a closed form
SELECT name, round(estimate::numeric, 10) AS estimate, round(standard_error::numeric, 10) AS standard_error
FROM parameters((SELECT fit_choice(choice_data(id, leaves = (alternative = 1), jsonb_build_object('intercept', alternative, 'contract', alternative * contract)))
                 FROM (SELECT row_number() OVER () AS id, contract, leaves FROM (VALUES (0, true, 40), (0, false, 60), (1, true, 10), (1, false, 90)) AS v(contract, leaves, n), generate_series(1, n)) AS s, unnest(ARRAY[0, 1]) AS alternative));
SELECT round(ln(40 / 60.0), 10) AS intercept, round(ln(10 / 90.0) - ln(40 / 60.0), 10) AS contract, round(sqrt(1 / 40.0 + 1 / 60.0), 10) AS se_intercept, round(sqrt(1 / 40.0 + 1 / 60.0 + 1 / 10.0 + 1 / 90.0), 10) AS se_contract;

-- by segment, and whether they differ: twice the sum of log-likelihoods less the common one
SELECT round((2 * (sum(g.log_likelihood) - min(p.log_likelihood)))::numeric, 6) AS likelihood_ratio, (count(*) - 1) * 5 AS degrees_of_freedom
FROM (SELECT respondent % 2 AS segment, fit_choice(choice_data(choice_set, chosen, attributes, respondent)) AS m FROM value_choice_rows GROUP BY 1) AS s, goodness(m) AS g, models, goodness(plain) AS p;
-- a level that one segment never saw is not in its model
SELECT segment, string_agg(name, ' ' ORDER BY name) AS names, min(reference) AS reference
FROM (SELECT respondent % 2 AS segment, fit_choice(choice_data(choice_set, chosen, attributes, respondent)) AS m
      FROM value_choice_rows AS r WHERE NOT (respondent % 2 = 0 AND EXISTS (SELECT FROM value_choice_rows AS d WHERE d.respondent = r.respondent AND d.choice_set = r.choice_set AND brand = 'alpha')) GROUP BY 1) AS s,
     parameters(m) GROUP BY segment ORDER BY segment;
-- each respondent alone has plain standard errors: one respondent is no sample of respondents
SELECT bool_and(c.standard_error = p.standard_error) AS plain, count(*)
FROM (SELECT fit_choice(choice_data(choice_set, chosen, jsonb_build_object('price', price), respondent)) AS clustered, fit_choice(choice_data(choice_set, chosen, jsonb_build_object('price', price))) AS plain
      FROM value_choice_rows WHERE respondent IN (3, 4, 7, 8) GROUP BY respondent) AS s, parameters(clustered) AS c JOIN LATERAL parameters(plain) AS p USING (name);

-- two alternatives of a set may be alike, and share its odds
SELECT round(estimate::numeric, 10) AS estimate, round((-ln(60 / 40.0 / 2))::numeric, 10) AS by_hand
FROM parameters((SELECT fit_choice(choice_data(id, alternative = 1 AND id <= 60 OR alternative = 3 AND id > 60, jsonb_build_object('x', (alternative = 3)::integer))) FROM generate_series(1, 100) AS id, generate_series(1, 3) AS alternative));

-- in parallel
ANALYZE value_choice_rows;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT choice_data(choice_set, chosen, attributes, respondent) FROM value_choice_rows;
SELECT (SELECT choice_data(choice_set, chosen, attributes, respondent) FROM value_choice_rows)::text = clustered::text AS same_data,
       (SELECT fit_choice(choice_data(choice_set, chosen, attributes, respondent)) FROM value_choice_rows)::text = (SELECT models.clustered::text FROM models) AS same_fit FROM data;
DROP TABLE value_choice_rows;
