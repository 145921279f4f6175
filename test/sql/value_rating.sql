-- Conjoint from ratings: fits against plain SQL, what is left out, what is refused.
\set SHOW_CONTEXT never
SET extra_float_digits = 0;

-- part-worths typed in, ratings made of them without noise, part-worths found again
CREATE TEMP TABLE perfect AS
SELECT brand, size, price, 5 + (CASE brand WHEN 'a' THEN 1.5 WHEN 'b' THEN -0.5 ELSE -1 END) + (CASE WHEN size = 'L' THEN 0.25 ELSE -0.25 END) - 0.5 * price AS rating
FROM unnest(ARRAY['a', 'b', 'c']) AS brand, unnest(ARRAY['L', 'S']) AS size, generate_series(1, 4) AS price;
CREATE TEMP TABLE perfect_model AS SELECT fit_rating(rating_data(rating, jsonb_build_object('brand', brand, 'size', size, 'price', price))) AS m FROM perfect;
SELECT name, round(estimate::numeric, 12) AS estimate, round(standard_error::numeric, 12) AS standard_error FROM perfect_model, parameters(m);
SELECT observations, choices, respondents, log_likelihood, aic, bic, round(r_squared::numeric, 12) AS r_squared, iterations, gradient < 1e-12 AS gradient, converged, skipped, residual_error FROM perfect_model, goodness(m);
SELECT max(abs(utility(m, jsonb_build_object('brand', brand, 'size', size, 'price', price)) - rating)) < 1e-12 AS utilities FROM perfect, perfect_model;
-- ranges 1.00, 0.47, 0.47 are 51.5, 24.2, 24.2 %
SELECT attribute, round(importance::numeric, 1) AS importance
FROM importance('{"family": "rating", "intercept": 3, "part_worths": {"a": {"x": 0.5, "y": -0.5}, "b": {"x": 0.235, "y": -0.235}, "c": {"x": 0.27, "y": -0.2, "z": -0.07}}}');

-- noisy ratings of 40 respondents
CREATE TABLE value_rating_rows AS
SELECT respondent, profile, brand, price, warm, round((5 + (CASE brand WHEN 'a' THEN 1 WHEN 'b' THEN 0 ELSE -1 END) - 0.4 * price + warm::integer
       + (('x' || substr(md5(respondent || ' '), 1, 4))::bit(16)::integer % 300) / 100.0 + (('x' || substr(md5(respondent || '-' || profile), 1, 4))::bit(16)::integer % 400) / 100.0)::numeric) AS rating,
       jsonb_build_object('brand', brand, 'price', price, 'warm', warm) AS attributes
FROM (SELECT row_number() OVER () AS profile, * FROM unnest(ARRAY['a', 'b', 'c']) AS brand, unnest(ARRAY[2, 3.5, 7]) AS price, unnest(ARRAY[true, false]) AS warm) AS profiles, generate_series(1, 40) AS respondent
WHERE (respondent + profile) % 5 <> 0;
CREATE TEMP TABLE models AS
SELECT fit_rating(rating_data(rating, attributes)) AS plain, fit_rating(rating_data(rating, attributes, respondent)) AS clustered FROM value_rating_rows;
SELECT p.name, round(p.estimate::numeric, 8) AS estimate, round(p.standard_error::numeric, 8) AS plain, round(c.standard_error::numeric, 8) AS clustered, p.reference,
       round(p.low::numeric, 5) AS low, round(p.high::numeric, 5) AS high
FROM models, parameters(plain) AS p JOIN LATERAL parameters(clustered) AS c USING (name);
SELECT observations, choices, respondents, round(log_likelihood::numeric, 6) AS log_likelihood, round(r_squared::numeric, 8) AS r_squared, round(residual_error::numeric, 8) AS residual_error,
       gradient < 1e-12 AS gradient, skipped FROM models, goodness(clustered);
-- in plain SQL: residuals add up to 0 with every column, their squares make R squared, error and likelihood
CREATE TEMP TABLE residuals AS SELECT r.*, rating - utility(plain, attributes) AS e FROM value_rating_rows AS r, models;
SELECT abs(sum(e)) < 1e-9 AS intercept, abs(sum(e * price)) < 1e-9 AS price, abs(sum(e) FILTER (WHERE brand = 'a')) < 1e-9 AS a, abs(sum(e) FILTER (WHERE brand = 'b')) < 1e-9 AS b, abs(sum(e) FILTER (WHERE warm)) < 1e-9 AS warm,
       abs(1 - sum(e * e) / sum((rating - mean) ^ 2) - min(g.r_squared)) < 1e-12 AS r_squared, abs(sqrt(sum(e * e) / (count(*) - 5)) - min(g.residual_error)) < 1e-12 AS residual_error,
       abs(-count(*) / 2.0 * (ln(2 * pi() * sum(e * e) / count(*)) + 1) - min(g.log_likelihood)) < 1e-9 AS log_likelihood,
       abs(-count(*) / 2.0 * (ln(2 * pi() * sum((rating - mean) ^ 2) / count(*)) + 1) - min(g.log_likelihood_null)) < 1e-9 AS log_likelihood_null,
       abs(2 * 6 - 2 * min(g.log_likelihood) - min(g.aic)) < 1e-9 AS aic, abs(6 * ln(count(*)) - 2 * min(g.log_likelihood) - min(g.bic)) < 1e-9 AS bic
FROM residuals, (SELECT avg(rating) AS mean FROM value_rating_rows) AS m, models, goodness(plain) AS g;
-- a slope alone is what regr_slope says, and its errors what the textbook says
SELECT abs(s.estimate - regr_slope(rating, price)) < 1e-12 AS slope, abs(i.estimate - regr_intercept(rating, price)) < 1e-12 AS intercept,
       abs(s.standard_error - sqrt((regr_syy(rating, price) - regr_slope(rating, price) * regr_sxy(rating, price)) / (count(*) - 2) / regr_sxx(rating, price))) < 1e-12 AS slope_error,
       abs(i.standard_error - s.standard_error * sqrt(regr_sxx(rating, price) / count(*) + avg(price) ^ 2)) < 1e-12 AS intercept_error
FROM value_rating_rows, (SELECT fit_rating(rating_data(rating, jsonb_build_object('price', price))) AS m FROM value_rating_rows) AS f, parameters(m) AS s, parameters(m) AS i
WHERE s.name = 'price' AND i.name = 'intercept' GROUP BY s.estimate, i.estimate, s.standard_error, i.standard_error;
-- intervals are Student's: 2.776445 at 4 degrees of freedom, 1.96 by respondents
SELECT name, round(((high - estimate) / standard_error)::numeric, 6) AS reach FROM parameters((SELECT fit_rating(rating_data(r, jsonb_build_object('x', x))) FROM (VALUES (3, 1), (5, 2), (4, 3), (8, 4), (6, 5), (9, 6)) AS v(r, x)));
SELECT DISTINCT round(((high - estimate) / standard_error)::numeric, 6) AS reach FROM models, parameters(clustered);
-- clustered errors with one attribute: the intercept is the mean of the levels' means, whose errors add up by respondent
WITH r AS (SELECT respondent, brand, rating - avg(rating) OVER (PARTITION BY brand) AS e, count(*) OVER (PARTITION BY brand) AS n FROM value_rating_rows)
SELECT abs(i.standard_error - (SELECT sqrt(sum(g * g)) FROM (SELECT sum(e / n / 3) AS g FROM r GROUP BY respondent) AS s)) < 1e-12 AS intercept_error,
       abs(c.standard_error - (SELECT sqrt(sum(g * g)) FROM (SELECT sum(e / n * (CASE brand WHEN 'c' THEN 2 ELSE -1 END) / 3) AS g FROM r GROUP BY respondent) AS s)) < 1e-12 AS last_level_error
FROM (SELECT fit_rating(rating_data(rating, jsonb_build_object('brand', brand), respondent)) AS m FROM value_rating_rows) AS f, parameters(m) AS i, parameters(m) AS c WHERE i.name = 'intercept' AND c.name = 'brand=c';

-- any order and partition; equal ratings are counted
SELECT bool_and(fit_rating(d)::text = clustered::text) AS same_fit, count(DISTINCT d::text) AS data, count(DISTINCT cv_rating_data_send(d)) AS bytes
FROM models, LATERAL (SELECT rating_data(rating, attributes, respondent) AS d FROM value_rating_rows
      UNION ALL SELECT rating_data(rating, attributes, respondent ORDER BY md5(profile || ' ' || respondent)) FROM value_rating_rows
      UNION ALL SELECT rollup(p ORDER BY k DESC) FROM (SELECT profile % 4 AS k, rating_data(rating, attributes, respondent) AS p FROM value_rating_rows GROUP BY 1) AS a
      UNION ALL SELECT rollup(p::text::cv_rating_data) FROM (SELECT respondent, brand, rating_data(rating, attributes, respondent) AS p FROM value_rating_rows GROUP BY 1, 2 UNION ALL SELECT 0, NULL, NULL) AS b) AS v;
SELECT rating_data(rating, attributes) AS counted FROM (SELECT n % 3 AS rating, '{"x": 1}'::jsonb AS attributes FROM generate_series(1, 10000) AS n) AS v;
SELECT pg_column_size(rating_data(rating, attributes)) < 8000 AS small FROM value_rating_rows, generate_series(1, 50);
SELECT observations, a.r_squared = b.r_squared OR abs(a.r_squared - b.r_squared) < 1e-12 AS same FROM goodness((SELECT fit_rating(rating_data(rating, attributes)) FROM value_rating_rows, generate_series(1, 50))) AS a
CROSS JOIN LATERAL (SELECT r_squared FROM models, goodness(plain)) AS b;
ANALYZE value_rating_rows;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT rating_data(rating, attributes, respondent) FROM value_rating_rows;
SELECT fit_rating((SELECT rating_data(rating, attributes, respondent) FROM value_rating_rows))::text = clustered::text AS parallel FROM models;
RESET max_parallel_workers_per_gather;

-- each respondent alone, and the mean of their importances
SELECT attribute, round(avg(importance)::numeric, 6) AS mean_importance, count(*) FROM (SELECT respondent, fit_rating(rating_data(rating, attributes)) AS m FROM value_rating_rows GROUP BY 1) AS s, importance(m) GROUP BY attribute ORDER BY attribute;
-- willingness to pay from a rating model
SELECT name, round(estimate::numeric, 6) AS estimate, round(standard_error::numeric, 6) AS standard_error FROM models, willingness_to_pay(plain, 'price');

-- left out and told; NULLs
SELECT observations, skipped FROM goodness((SELECT fit_rating(rating_data(rating, CASE WHEN profile = 3 THEN '{"brand": "a"}' WHEN profile = 4 THEN NULL ELSE attributes END)) FROM value_rating_rows));
SELECT rating_data(NULL, '{}') IS NULL AS a, rating_data(1, NULL) IS NULL AS b, rating_data(1, '{}', NULL) IS NULL AS c, rating_data(1, '{}') FILTER (WHERE false) IS NULL AS d, rollup(NULL::cv_rating_data) IS NULL AS e, fit_rating(NULL) IS NULL AS f;
-- no rating over after the parameters: no errors; all alike: no R squared, importance or likelihood
SELECT name, estimate, standard_error, low FROM parameters((SELECT fit_rating(rating_data(r, jsonb_build_object('x', x))) FROM (VALUES (3, 1), (5, 2)) AS v(r, x)));
SELECT observations, log_likelihood, round(log_likelihood_null::numeric, 6) AS null, r_squared, residual_error, converged FROM goodness((SELECT fit_rating(rating_data(r, jsonb_build_object('x', x))) FROM (VALUES (3, 1), (5, 2)) AS v(r, x)));
SELECT g.log_likelihood, g.log_likelihood_null, g.r_squared, g.residual_error, i.importance FROM (SELECT fit_rating(rating_data(4, jsonb_build_object('x', x))) AS m FROM generate_series(1, 5) AS x) AS f, goodness(m) AS g, importance(m) AS i;
-- a single respondent has plain errors
SELECT bool_and(a.standard_error = b.standard_error) AS plain FROM (SELECT fit_rating(rating_data(rating, attributes)) AS a, fit_rating(rating_data(rating, attributes, respondent)) AS b FROM value_rating_rows WHERE respondent = 9) AS f, parameters(a) AS a JOIN LATERAL parameters(b) AS b USING (name);

-- far from 0 the digits stay
SELECT name, round(estimate::numeric, 6) AS estimate FROM parameters((SELECT fit_rating(rating_data(1e9 + 3 * (x - 1e6) + x % 2, jsonb_build_object('x', x))) FROM generate_series(1000000, 1000100) AS x));
SELECT round(regr_slope(3 * (x - 1e6) + x % 2, x - 1e6)::numeric, 6) AS slope FROM generate_series(1000000, 1000100) AS x;

-- refused
SELECT fit_rating(rating_data(rating, '{}')) FROM value_rating_rows;
SELECT fit_rating(rating_data(rating, jsonb_build_object('x', 1, 'brand', brand))) FROM value_rating_rows;
SELECT fit_rating(rating_data(rating, jsonb_build_object('brand', 'a'))) FROM value_rating_rows;
SELECT fit_rating(rating_data(rating, jsonb_build_object('intercept', price))) FROM value_rating_rows;
SELECT fit_rating(rating_data(rating, jsonb_build_object('brand', brand, 'price', price, 'cents', 100 * price - 1))) FROM value_rating_rows;
SELECT fit_rating(rating_data(rating, jsonb_build_object('brand', brand, 'copy', upper(brand)))) FROM value_rating_rows;
SELECT fit_rating(rating_data(rating, attributes)) FROM value_rating_rows WHERE profile IN (1, 2);
SELECT fit_rating(rating_data(rating, jsonb_build_object('a' || profile, 1))) FROM value_rating_rows;
SELECT fit_rating('{"respondents": false, "profiles": [], "ratings": []}');
SELECT rating_data('NaN', '{}');
SELECT rating_data('Infinity', '{}');
SELECT rating_data(1, '[]');
SELECT fit_rating(rating_data(r, jsonb_build_object('x', r))) FROM unnest(ARRAY[1e200, -1e200, 3]) AS r;
SELECT fit_rating(rating_data(1.7e308 * (x % 2), jsonb_build_object('x', x))) FROM generate_series(1, 6) AS x;
SELECT rating_data_trans(NULL, 1, '{}');
SELECT rollup(d) FROM (SELECT rating_data(1, '{}') AS d UNION ALL SELECT rating_data(1, '{}', 1)) AS s;
DROP TABLE value_rating_rows;
