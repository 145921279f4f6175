-- Net Promoter Score: classes, weights, intervals, differences, sample sizes.
\set SHOW_CONTEXT never
SET extra_float_digits = 1;

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

-- every answer in its class
SELECT score, nps(score), promoters(nps_summary(score)) AS promoters, passives(nps_summary(score)) AS passives, detractors(nps_summary(score)) AS detractors
FROM generate_series(0, 10) AS score GROUP BY score ORDER BY score;
SELECT nps(score), nps(score::float8) AS float8, nps(score::numeric) AS "numeric", nps(score::numeric(5, 2)) AS scaled, nps(score::smallint) AS "smallint",
       nps(score::bigint) AS "bigint", nps(score::real) AS "real", nps(score, 1) AS weighted
FROM generate_series(0, 10) AS score;
SELECT nps(score), nps_summary(score), responses(nps_summary(score)) FROM unnest('{10, NULL, 9, 8, NULL, 3}'::float8[]) AS score;
SELECT nps('-0'::float8), nps(7.000);

-- one pass for both: they share the transition and leave the state as it is
SELECT pg_get_function_identity_arguments(aggfnoid) AS arguments, count(*) AS faces, count(DISTINCT (aggtransfn, aggtranstype, agginitval)) AS transitions, bool_and(aggfinalmodify = 'r') AS read_only
FROM pg_aggregate WHERE aggfnoid::regproc::text IN ('nps', 'nps_summary') GROUP BY 1 ORDER BY 1;

-- no rows, NULLs only
SELECT nps(score) IS NULL AS nps, nps_summary(score) IS NULL AS summary, nps(score, score) IS NULL AS weighted, nps_summary(score, score) IS NULL AS weighted_summary,
       rollup(nps_summary(1, 2, 3)) FILTER (WHERE false) IS NULL AS rolled
FROM unnest('{}'::float8[]) AS score;
SELECT nps(score) IS NULL AS nps, nps_summary(score) IS NULL AS summary, nps(10, score) IS NULL AS weight, nps(score, 1) IS NULL AS weighted, nps(score::int) IS NULL AS "integer", nps(score::numeric) IS NULL AS "numeric"
FROM unnest('{NULL, NULL}'::float8[]) AS score;
-- an empty summary
SELECT nps(s), promoters(s), passives(s), detractors(s), responses(s), (SELECT rollup(x) FROM (VALUES (s)) AS v(x)), nps_interval(s), nps_difference(s, s), nps_difference(s, nps_summary(1, 2, 3)) FROM (SELECT nps_summary(0, 0, 0) AS s) AS t;
SELECT nps(NULL::cv_nps_summary), nps_interval(NULL), nps_difference(NULL, nps_summary(1, 2, 3)), nps_summary(NULL, 2, 3);

-- off the scale
\pset format unaligned
SELECT call, pg_temp.error_of('SELECT ' || call) AS error
FROM unnest(ARRAY['nps(11)', 'nps(-1)', 'nps(2147483647)', 'nps(10.5)', 'nps(9.5::float8)', 'nps(11::float8)', 'nps(-1e-9::float8)', 'nps(1e308::float8)', $$nps('NaN'::float8)$$, $$nps('Infinity'::float8)$$,
    $$nps('-Infinity'::float8)$$, $$nps('NaN'::numeric)$$, $$nps('Infinity'::numeric)$$, 'nps(-9.0)', 'nps(1e-20)', 'nps(1e40)', 'nps(10.0000000000000000000001)', 'nps_summary(11)', 'nps_summary(3.14)', 'nps(11, 1)', 'nps(10.5, 1)', 'nps(9, -1)', $$nps(9, 'NaN')$$, $$nps(9, 'Infinity')$$, 'nps(9, 1e-101)', 'nps(9, 1e101)']) WITH ORDINALITY AS c(call, n) ORDER BY n;

-- parameters
SELECT call, pg_temp.error_of('SELECT ' || replace(call, '$', 'nps_summary(45, 30, 25)')) AS error
FROM unnest(ARRAY['nps_interval($, 0)', 'nps_interval($, 1)', 'nps_interval($, 95)', $c$nps_interval($, 'NaN')$c$, $c$nps_interval($, method => 'Wald')$c$, $c$nps_interval($, method => '')$c$,
    'nps_interval($, population => 99)', 'nps_interval($, population => -1)', 'nps_difference($, $, 1.5)', $c$nps_difference($, $, method => 'score')$c$,
    'nps_sample_size(0)', 'nps_sample_size(-5)', 'nps_sample_size(201)', $c$nps_sample_size('NaN')$c$, 'nps_sample_size(5, 1)', 'nps_sample_size(5, variance => 1.1)', 'nps_sample_size(5, variance => -0.1)', $c$nps_sample_size(5, variance => 'NaN')$c$,
    'nps_sample_size(5, population => 0)', 'nps_sample_size(1e-9)',
    'nps_summary(-1, 0, 0)', 'nps_summary(0, -2, 0)', 'nps_summary(0, 0, -3)', 'nps_summary(9223372036854775807, 1, 0)',
    'nps_trans(NULL, 9)', 'nps_trans(NULL, 9, 1)', 'nps_trans($, 9.0)', 'nps_trans($, 9::float8)', 'nps_combine($, $)']) WITH ORDINALITY AS c(call, n) ORDER BY n;
SELECT pg_temp.error_of('SELECT rollup(s) FROM (VALUES (nps_summary(9223372036854775807, 0, 0)), (nps_summary(0, 1, 0))) AS v (s)') AS error;
SELECT pg_temp.error_of('SELECT rollup(s) FROM (VALUES (nps_summary(9223372036854775807, 0, 0)), (nps_summary(1, 0, 0))) AS v (s)') AS error;
\pset format aligned

-- the worked table: published and separately computed limits
CREATE TEMP TABLE worked (promoters bigint, passives bigint, detractors bigint, nps float8, method text, low float8, high float8);
INSERT INTO worked VALUES
    (45, 30, 25, 20, 'wald', 4.0772, 35.9228), (45, 30, 25, 20, 'adjusted-wald', 3.7703, 35.0647), (45, 30, 25, 20, 'score', 3.6478, 35.1904), (45, 30, 25, 20, 't', 3.7989, 36.2011),
    (7, 2, 1, 60, 'wald', 18.8874, 101.1126), (7, 2, 1, 60, 'adjusted-wald', 7.0394, 85.2683), (7, 2, 1, 60, 'score', 4.8924, 85.8858), (7, 2, 1, 60, 't', 9.9818, 110.0182),
    (25, 8, 7, 45, 'wald', 21.0455, 68.9545), (25, 8, 7, 45, 'adjusted-wald', 18.6344, 65.0865), (25, 8, 7, 45, 'score', 18.1010, 65.1528), (25, 8, 7, 45, 't', 19.9639, 70.0361),
    (70, 20, 10, 60, 'wald', 46.9991, 73.0009), (70, 20, 10, 60, 'adjusted-wald', 45.2698, 71.2351), (70, 20, 10, 60, 'score', 45.2167, 71.2768), (70, 20, 10, 60, 't', 46.7719, 73.2281),
    (10, 0, 0, 100, 'wald', 100, 100), (10, 0, 0, 100, 'adjusted-wald', 47.5036, 100), (10, 0, 0, 100, 'score', 44.4934, 100), (10, 0, 0, 100, 't', 100, 100),
    (600, 250, 150, 45, 'wald', 40.4139, 49.5861), (600, 250, 150, 45, 'adjusted-wald', 40.2843, 49.4465), (600, 250, 150, 45, 'score', 40.2828, 49.4509), (600, 250, 150, 45, 't', 40.4061, 49.5939);
SELECT count(*), bool_and(nps(s) = w.nps) AS same_score, bool_and(abs(i.low - w.low) < 6e-5 AND abs(i.high - w.high) < 6e-5) AS same_limits
FROM worked AS w, nps_summary(promoters, passives, detractors) AS s, nps_interval(s, method => method) AS i;
-- the same to the last digits, from the formulas in plain SQL; the quantiles of the normal and of t with 99 degrees are published
SELECT method, abs(i.low - e.low) < 1e-9 AND abs(i.high - e.high) < 1e-9 AS same
FROM nps_summary(45, 30, 25) AS s,
     (VALUES ('wald', 100 * (0.2 - 1.959963984540054 * sqrt(0.66 / 100)), 100 * (0.2 + 1.959963984540054 * sqrt(0.66 / 100))),
             ('t', 100 * (0.2 - 1.984216951586416 * sqrt(0.66 / 99)), 100 * (0.2 + 1.984216951586416 * sqrt(0.66 / 99))),
             ('adjusted-wald', 100 * (20 / 103.0 - 1.959963984540054 * sqrt((71.5 / 103 - (20 / 103.0) ^ 2) / 103)), 100 * (20 / 103.0 + 1.959963984540054 * sqrt((71.5 / 103 - (20 / 103.0) ^ 2) / 103))))
         AS e (method, low, high), nps_interval(s, 0.95, e.method) AS i ORDER BY method;
SELECT confidence, round(i.low::numeric, 6) AS low, round(i.high::numeric, 6) AS high FROM unnest('{0.01, 0.5, 0.9, 0.99, 0.999999}'::float8[]) AS confidence, nps_interval(nps_summary(45, 30, 25), confidence) AS i ORDER BY confidence;

-- the two intervals to trust never leave the scale and never have zero width, those of exchanged sides mirror each other, and the score interval holds the score
CREATE TEMP TABLE many AS SELECT p, a, d, nps_summary(p, a, d) AS s FROM generate_series(0, 9, 3) AS p, generate_series(0, 8, 4) AS a, generate_series(0, 10, 5) AS d WHERE p + a + d > 0
UNION ALL SELECT p, a, d, nps_summary(p, a, d) FROM (VALUES (1, 0, 0), (0, 1, 0), (0, 0, 1), (1000000000000, 0, 0), (0, 5000000000000000000, 4000000000000000000)) AS v(p, a, d);
SELECT method, count(*), bool_and(i.low >= -100 AND i.high <= 100) AS on_the_scale, bool_and(i.high > i.low) AS some_width, bool_and(nps(s) BETWEEN i.low - 1e-12 AND i.high + 1e-12 OR method = 'adjusted-wald') AS holds_the_score,
       bool_and(abs(i.low + o.high) < 1e-10 AND abs(i.high + o.low) < 1e-10) AS mirrored
FROM many, unnest('{adjusted-wald, score}'::text[]) AS method, nps_interval(s, method => method) AS i, nps_summary(d, a, p) AS other, nps_interval(other, method => method) AS o GROUP BY method ORDER BY method;
SELECT method, nps_interval(nps_summary(1, 0, 0), method => method) AS one_answer FROM unnest('{wald, t}'::text[]) AS method;

-- a finite population: the factor sqrt((N - n) / (N - 1)), limits that close around the score, and all of it
SELECT round(((i.high - i.low) / 2 / 1.959963984540054)::numeric, 4) AS standard_error, population FROM unnest('{NULL, 500, 100}'::bigint[]) AS population, nps_interval(nps_summary(45, 30, 25), 0.95, 'wald', population) AS i;
SELECT method, population, round(i.low::numeric, 6) AS low, round(i.high::numeric, 6) AS high
FROM unnest('{wald, t, adjusted-wald, score}'::text[]) WITH ORDINALITY AS m(method, n), unnest('{100, 101, 500, 9223372036854775807, NULL}'::bigint[]) WITH ORDINALITY AS p(population, o), nps_interval(nps_summary(45, 30, 25), 0.95, method, population) AS i ORDER BY m.n, o;
SELECT nps_interval(nps_summary(1, 0, 0), population => 1) AS everybody;

-- how often the intervals hold the truth, exactly, over all outcomes of 20 answers: the default keeps what it promises where wald does not
WITH outcomes AS (SELECT p, d, nps_summary(p, 20 - p - d, d) AS s, factorial(20) / factorial(p) / factorial(d) / factorial(20 - p - d) AS ways FROM generate_series(0, 20) AS p, generate_series(0, 20) AS d WHERE p + d <= 20),
     limits AS (SELECT method, p, d, ways, low, high FROM outcomes, unnest('{wald, t, adjusted-wald, score}'::text[]) AS method, nps_interval(s, method => method))
SELECT method, round(min(coverage), 3) AS least, round(avg(coverage), 3) AS mean
FROM (SELECT method, sum(CASE WHEN 100 * (tp - td) BETWEEN low - 1e-9 AND high + 1e-9 THEN ways * tp ^ p * td ^ d * (1 - tp - td) ^ (20 - p - d) ELSE 0 END) AS coverage
      FROM limits, (VALUES (0.5, 0.2), (0.7, 0.1), (0.85, 0.05), (0.3, 0.3), (0.1, 0.45), (0.05, 0.05)) AS truth(tp, td) GROUP BY method, tp, td) AS c GROUP BY method ORDER BY method;
-- of a population of 40 of whom 30 have answered
WITH outcomes AS (SELECT kp, kd, p, d, nps_summary(p, 30 - p - d, d) AS s, factorial(kp) / factorial(p) / factorial(kp - p) * factorial(kd) / factorial(d) / factorial(kd - d) * factorial(40 - kp - kd) / factorial(30 - p - d) / factorial(10 - kp - kd + p + d) / (factorial(40) / factorial(30) / factorial(10)) AS probability
                  FROM (VALUES (20, 8), (30, 4), (34, 2), (12, 12), (4, 18), (38, 1)) AS truth(kp, kd), generate_series(0, kp) AS p, generate_series(0, kd) AS d WHERE p + d BETWEEN kp + kd - 10 AND 30)
SELECT method, round(min(coverage), 3) AS least, round(avg(coverage), 3) AS mean
FROM (SELECT method, kp, kd, sum(CASE WHEN 2.5 * (kp - kd) BETWEEN low - 1e-9 AND high + 1e-9 THEN probability ELSE 0 END) AS coverage
      FROM outcomes, unnest('{wald, adjusted-wald, score}'::text[]) AS method, nps_interval(s, 0.95, method, 40) GROUP BY method, kp, kd) AS c GROUP BY method ORDER BY method;

-- differences: wald, t and adjusted; one by hand
SELECT method, round(difference::numeric, 6) AS difference, round(standard_error::numeric, 4) AS standard_error, round(low::numeric, 3) AS low, round(high::numeric, 3) AS high, round(p_value::numeric, 5) AS p_value
FROM unnest('{wald, t, adjusted-wald}'::text[]) WITH ORDINALITY AS m(method, n), nps_difference(nps_summary(45, 30, 25), nps_summary(30, 35, 35), method => method) ORDER BY n;
SELECT method, round(difference::numeric, 4) AS difference, round(p_value::numeric, 4) AS p_value
FROM unnest('{wald, t, adjusted-wald}'::text[]) WITH ORDINALITY AS m(method, n), nps_difference(nps_summary(25, 8, 7), nps_summary(18, 10, 12), method => method) ORDER BY n;
SELECT abs(standard_error - 100 * sqrt(0.66 / 100 + (0.65 - 0.0025) / 100)) < 1e-12 AS by_hand
FROM nps_difference(nps_summary(45, 30, 25), nps_summary(30, 35, 35), method => 'wald');
SELECT method, d.* FROM unnest('{wald, t, adjusted-wald}'::text[]) WITH ORDINALITY AS m(method, n), nps_difference(nps_summary(5, 0, 0), nps_summary(0, 0, 5), method => method) AS d ORDER BY n;
SELECT method, d.* FROM unnest('{wald, t}'::text[]) WITH ORDINALITY AS m(method, n), nps_difference(nps_summary(5, 0, 0), nps_summary(7, 0, 0), method => method) AS d ORDER BY n;
SELECT nps_difference(nps_summary(1, 0, 0), nps_summary(45, 30, 25), method => 't') AS one_answer;
-- the other way round
SELECT count(*), bool_and(a.difference = -b.difference AND a.standard_error = b.standard_error AND a.low = -b.high AND a.high = -b.low AND a.p_value = b.p_value) AS mirrored
FROM many AS x, many AS y, nps_difference(x.s, y.s) AS a, nps_difference(y.s, x.s) AS b WHERE (x.p + x.a + y.d) % 5 = 0;

-- sample sizes
SELECT nps_sample_size(5, variance => 0.66) AS "5", nps_sample_size(5, variance => 0.66, population => 2000) AS of_2000, nps_sample_size(5, variance => 0.66, population => 10000) AS of_10000,
       nps_sample_size(10, variance => 0.66) AS "10", nps_sample_size(10, variance => 0.66, population => 500) AS of_500, nps_sample_size(5) AS worst, nps_sample_size(5, 0.99) AS surer,
       nps_sample_size(200) AS coarse, nps_sample_size(5, variance => 0) AS alike, nps_sample_size(5, population => 1) AS of_1, nps_sample_size(0.001, population => 12) AS of_12, nps_sample_size(NULL) AS unknown;

-- weights: the linearised standard error, Kish's number of answers
CREATE TEMP TABLE weighted (score integer, weight float8);
INSERT INTO weighted VALUES (10, 2), (9, 1), (8, 1), (6, 0.5), (3, 1.5), (10, 1), (7, 2);
SELECT nps_summary(score, weight), round(nps(score, weight)::numeric, 10) AS nps, responses(nps_summary(score, weight)), promoters(nps_summary(score, weight)) FROM weighted;
-- the same in plain SQL; 2.4469 is the quantile of t with 6 degrees
WITH answers AS (SELECT weight, CASE WHEN score >= 9 THEN 1 WHEN score <= 6 THEN -1 ELSE 0 END AS x FROM weighted),
     means AS (SELECT sum(weight * x) / sum(weight) AS m, sum(weight) ^ 2 / sum(weight ^ 2) AS n, sum(weight) AS total,
                      sum(weight) FILTER (WHERE x = 1) / sum(weight) AS p, sum(weight) FILTER (WHERE x = -1) / sum(weight) AS d FROM answers),
     errors AS (SELECT sqrt(sum((weight * (x - m)) ^ 2)) / max(total) AS linearised, max(sqrt((p + d - m * m) / n)) AS kish FROM answers, means),
     adjusted AS (SELECT (n * p + 0.75) / (n + 3) AS p, (n * d + 0.75) / (n + 3) AS d, n + 3 AS n FROM means)
SELECT round((100 * m)::numeric, 4) AS nps, round(means.n::numeric, 10) AS answers, round((100 * kish)::numeric, 3) AS kish, round((100 * linearised)::numeric, 3) AS linearised,
       abs(wald.high - 100 * (m + 1.959963984540054 * linearised)) < 1e-9 AS wald,
       abs(student.high - 100 * (m + 2.446911851144969 * linearised * sqrt(7 / 6.0))) < 1e-9 AS t,
       abs(best.high - 100 * (adjusted.p - adjusted.d + 1.959963984540054 * sqrt((adjusted.p + adjusted.d - (adjusted.p - adjusted.d) ^ 2) / adjusted.n))) < 1e-9 AS adjusted_wald
FROM means, errors, adjusted, (SELECT nps_summary(score, weight) AS s FROM weighted) AS summary, nps_interval(s, 0.95, 'wald') AS wald, nps_interval(s, 0.95, 't') AS student, nps_interval(s) AS best;
-- the score interval: |m - t| is z standard errors by the largest variance that the data allow at t
SELECT words, bool_and(abs((m - t) ^ 2 * n / (2 * x + t - t * t) - 1.959963984540054 ^ 2) < 1e-9) AS at_the_limits
FROM (SELECT 'counts' AS words, nps_summary(45, 30, 25) AS s, 0.45 AS p, 0.25 AS d, 100 AS n
      UNION ALL SELECT 'weights', nps_summary(score, weight), 4 / 9.0, 2 / 9.0, 6 FROM weighted
      UNION ALL SELECT 'few', nps_summary(7, 2, 1), 0.7, 0.1, 10) AS v, nps_interval(s, 0.95, 'score') AS i,
     LATERAL (VALUES (i.low / 100), (i.high / 100)) AS l(t), LATERAL (SELECT p - d AS m, (2 - p + d) * t - p - d AS b) AS c, LATERAL (SELECT (sqrt(b * b + 8 * d * t * (1 - t)) - b) / 4 AS x) AS r
GROUP BY words ORDER BY words;
-- equal weights are none; weights of 0 are answers that count for nothing
SELECT method, bool_and(abs(a.low - b.low) < 1e-9 AND abs(a.high - b.high) < 1e-9) AS same
FROM (SELECT nps_summary(score) AS plain, nps_summary(score, 0.37) AS weighted FROM weighted) AS s, unnest('{wald, t, adjusted-wald, score}'::text[]) AS method, nps_interval(plain, method => method) AS a, nps_interval(weighted, method => method) AS b
GROUP BY method ORDER BY method;
SELECT nps(10, 0) IS NULL AS nothing, nps_summary(10, 0), nps_interval(nps_summary(10, 0)), nps_difference(nps_summary(10, 0), nps_summary(10, 0));
SELECT nps(score, weight), responses(nps_summary(score, weight)) FROM (VALUES (10, 1), (0, 0), (NULL, 5), (8, NULL)) AS v(score, weight);
-- weights of any size
SELECT nps(score, weight), nps_interval(nps_summary(score, weight)) FROM (VALUES (10, 1e-100), (0, 1e100), (7, 1)) AS v(score, weight);
SELECT bool_and(abs(nps(s) - 100 / 3.0) < 1e-12 AND abs((nps_interval(s)).low - (nps_interval(nps_summary(2, 0, 1))).low) < 1e-9) AS same FROM (SELECT nps_summary(score, scale) AS s FROM unnest('{9, 10, 2}'::int[]) AS score, unnest('{1e-100, 1e-30, 1, 1e100}'::float8[]) AS scale GROUP BY scale) AS t;
-- answers with and without weights together
SELECT rollup(s), nps(rollup(s)) FROM (VALUES (nps_summary(2, 1, 1)), ((SELECT nps_summary(score, weight) FROM weighted)), ('{"promoters": 0, "passives": 0, "detractors": 0}')) AS v(s);

-- as a window function
SELECT score, nps(score) OVER w AS so_far, nps_summary(score) OVER w AS summary FROM unnest('{10, 3, 8, 9}'::int[]) WITH ORDINALITY AS v(score, n) WINDOW w AS (ORDER BY n) ORDER BY n;
