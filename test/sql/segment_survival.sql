-- Survival: published curves, the three intervals, the median, the log-rank test.
\set SHOW_CONTEXT never
SET extra_float_digits = 0;
SET timezone = 'UTC';

-- Freireich and others (1963): remission in weeks, 21 patients each, the treated partly censored
CREATE TEMP TABLE remission AS
SELECT 'treated' AS arm, t::float8 AS t, true AS lost FROM unnest(ARRAY[6, 6, 6, 7, 10, 13, 16, 22, 23]) AS t
UNION ALL SELECT 'treated', t, false FROM unnest(ARRAY[6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]) AS t
UNION ALL SELECT 'placebo', t, true FROM unnest(ARRAY[1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]) AS t;
CREATE TEMP TABLE arms AS SELECT arm, survival_summary(t, lost) AS s FROM remission GROUP BY arm;
SELECT arm, s, median_survival(s) FROM arms ORDER BY arm;
SELECT time, at_risk, events, censored, round(survival::numeric, 4) AS survival, round(standard_error::numeric, 4) AS error, round(low::numeric, 4) AS low, round(high::numeric, 4) AS high
FROM arms, survival_curve(s) WHERE arm = 'treated' ORDER BY time;
SELECT time, round(survival::numeric, 4) AS survival, round(standard_error::numeric, 4) AS error, low, high FROM arms, survival_curve(s) WHERE arm = 'placebo' AND time > 15 ORDER BY time;
SELECT method, time, round(low::numeric, 4) AS low, round(high::numeric, 4) AS high
FROM arms, unnest(ARRAY['plain', 'log', 'log-log']) AS method, survival_curve(s, 0.95, method) WHERE arm = 'treated' AND time IN (6, 7, 23, 35) ORDER BY method, time;
-- chi-square 16.79
SELECT round(chi_square::numeric, 4) AS chi_square, p_value < 5e-5 AND p_value > 4e-5 AS p_value FROM arms AS a, arms AS b, log_rank(a.s, b.s) WHERE a.arm = 'treated' AND b.arm = 'placebo';
SELECT a.arm, b.arm, round(chi_square::numeric, 4) AS chi_square FROM arms AS a, arms AS b, log_rank(a.s, b.s) ORDER BY 1, 2;

-- against plain SQL, with many ties
CREATE TEMP TABLE stays AS
SELECT n % 2 AS g, (('x' || substr(md5(n::text), 1, 4))::bit(16)::integer % 40) / 4.0::float8 AS t, ('x' || substr(md5(n::text), 5, 2))::bit(8)::integer % 3 > 0 AS lost FROM generate_series(1, 500) AS n;
CREATE FUNCTION pg_temp.plain(of_group integer) RETURNS TABLE (t float8, n bigint, d bigint, c bigint, survival float8, error float8) LANGUAGE sql AS $$
WITH times AS (SELECT t, count(*) FILTER (WHERE lost) AS d, count(*) FILTER (WHERE NOT lost) AS c FROM stays WHERE g = of_group GROUP BY t),
risk AS (SELECT times.*, (SELECT count(*) FROM stays WHERE g = of_group AND stays.t >= times.t) AS n FROM times)
SELECT t, n, d, c, exp(sum(ln(1 - d / n::float8)) FILTER (WHERE d < n) OVER w),
       exp(sum(ln(1 - d / n::float8)) FILTER (WHERE d < n) OVER w) * sqrt(sum(d / (n * (n - d))::float8) FILTER (WHERE d < n) OVER w) FROM risk WINDOW w AS (ORDER BY t)
$$;
SELECT g, count(*), bool_and((k.at_risk, k.events, k.censored) = (p.n, p.d, p.c)) AS counts, bool_and(abs(k.survival - p.survival) < 1e-12 OR k.survival = 0) AS curve,
       bool_and(abs(k.standard_error - p.error) < 1e-12 OR k.survival = 0) AS errors, bool_and(low <= k.survival AND k.survival <= high AND low >= 0 AND high <= 1 OR k.survival = 0) AS inside
FROM (SELECT g, survival_summary(t, lost) AS s FROM stays GROUP BY g) AS s, survival_curve(s) AS k, pg_temp.plain(g) AS p WHERE p.t = k.time GROUP BY g ORDER BY g;
WITH times AS (SELECT t, count(*) FILTER (WHERE lost) AS d, count(*) FILTER (WHERE lost AND g = 0) AS d0 FROM stays GROUP BY t),
risk AS (SELECT d, d0, (SELECT count(*) FROM stays WHERE stays.t >= times.t)::float8 AS n, (SELECT count(*) FROM stays WHERE stays.t >= times.t AND g = 0)::float8 AS n0 FROM times)
SELECT abs(l.chi_square - r.chi_square) < 1e-9 AS chi_square
FROM (SELECT sum(d0 - d * n0 / n) ^ 2 / sum(CASE WHEN n > 1 THEN d * n0 / n * (1 - n0 / n) * (n - d) / (n - 1) ELSE 0 END) AS chi_square FROM risk) AS r,
     (SELECT survival_summary(t, lost) FILTER (WHERE g = 0) AS a, survival_summary(t, lost) FILTER (WHERE g = 1) AS b FROM stays) AS s, log_rank(a, b) AS l;

-- the p-value is that of a chi-square with one degree of freedom: 0.317310508 at 1 (below), 0.05 at 3.841459
SELECT round(chi_square::numeric, 6) AS chi_square, round(p_value::numeric, 6) AS p_value FROM log_rank('[[1, 3, 0], [2, 1, 2], [5, 0, 4]]', '[[2, 1, 1], [7, 2, 5]]');
-- nothing to compare
SELECT l.* FROM log_rank('[]', '[[1, 1, 0]]') AS l UNION ALL SELECT l.* FROM log_rank('[[1, 0, 5]]', '[[1, 0, 1]]') AS l UNION ALL SELECT l.* FROM log_rank('[[1, 1, 0]]', '[[2, 1, 0]]') AS l;

-- edges: nobody lost, all lost at once, a loss at 0, one row, the exact half
SELECT c.*, median_survival(s) FROM (VALUES ('[[3, 0, 2]]'::cv_survival_summary), ('[[3, 2, 0]]'), ('[[0, 1, 0], [1, 0, 1]]'), ('[[0.5, 1, 0]]'), ('[[1, 1, 0], [2, 1, 0], [3, 1, 0], [4, 1, 0], [5, 1, 0], [6, 0, 1]]')) AS v(s), survival_curve(s) AS c;
SELECT count(*) FROM survival_curve('[]');
SELECT median_survival('[]') IS NULL AS none, median_survival('[[1, 1, 0], [2, 1, 0], [3, 0, 2]]') AS half, median_survival('[[1, 1, 0], [2, 0, 3]]') IS NULL AS more_left;
-- at the same time losses come before those who were last seen
SELECT time, at_risk, survival FROM survival_curve('[[1, 1, 1], [2, 1, 0], [3, 0, 1]]');
-- other confidences
SELECT round(low::numeric, 5) AS low, round(high::numeric, 5) AS high FROM unnest(ARRAY[0.5, 0.9, 0.99, 0.999999]) AS confidence, survival_curve('[[1, 3, 0], [2, 0, 7]]', confidence) WHERE time = 1;

SELECT survival_summary(NULL, true) IS NULL AS a, survival_summary(1, NULL) IS NULL AS b, survival_summary(1, true) FILTER (WHERE false) IS NULL AS c, rollup(NULL::cv_survival_summary) IS NULL AS d;
SELECT survival_summary(t, lost) FROM (VALUES (1::float8, true), (NULL, true), (2, NULL), ('-0', false), (0, true)) AS v(t, lost);
SELECT survival_summary(-1, true);
SELECT survival_summary('NaN', true);
SELECT survival_summary('Infinity', true);
SELECT survival_curve('[]', 1);
SELECT survival_curve('[]', 0);
SELECT survival_curve('[]', 'NaN');
SELECT survival_curve('[]', 0.95, 'logit');
SELECT survival_summary_trans(NULL, 1, true);
