-- Customer satisfaction and the reliability of scales.
\set SHOW_CONTEXT never
SET extra_float_digits = 1;

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

-- satisfaction: the top two boxes of five, the top box, a scale of ten with halves
SELECT csat(score, 4), csat(score, 5) AS top_box, csat_summary(score, 4), csat(csat_summary(score, 4)) AS of_summary, satisfied(csat_summary(score, 4)), responses(csat_summary(score, 4))
FROM unnest('{5, 4, 4, 3, 1, NULL, 2, 5}'::int[]) AS score;
SELECT csat(score, 7.5) FROM unnest('{7.4, 7.5, 10, -3}'::numeric[]) AS score;
SELECT csat(score, 4) IS NULL AS csat, csat_summary(score, 4) IS NULL AS summary, csat(3, score) IS NULL AS threshold FROM unnest('{NULL}'::float8[]) AS score;
SELECT csat(s), satisfied(s), responses(s), csat_interval(s) FROM (SELECT '{"satisfied_from": 4, "satisfied": 0, "responses": 0}'::cv_csat_summary AS s) AS t;
SELECT csat_interval(NULL);
EXPLAIN (VERBOSE, COSTS OFF) SELECT csat(score, 4), csat_summary(score, 4) FROM unnest('{1}'::float8[]) AS score;
-- Wilson's limits: Newcombe 1998, table I, method 3, and others
SELECT satisfied, responses, round(i.low::numeric, 3) AS low, round(i.high::numeric, 3) AS high
FROM (VALUES (81, 263), (15, 148), (0, 20), (1, 29), (85, 100), (9, 10), (20, 20), (1, 1), (0, 1)) AS v(satisfied, responses),
     LATERAL (SELECT format('{"satisfied_from": 4, "satisfied": %s, "responses": %s}', satisfied, responses)::cv_csat_summary AS s) AS t, csat_interval(s) AS i;
-- the same in plain SQL
SELECT count(*), bool_and(abs(i.low - 100 * greatest(0, (x::float8 / n + z * z / (2 * n) - z * sqrt(x::float8 / n * (1 - x::float8 / n) / n + z * z / (4.0 * n * n))) / (1 + z * z / n))) < 1e-9
                          AND abs(i.high - 100 * least(1, (x::float8 / n + z * z / (2 * n) + z * sqrt(x::float8 / n * (1 - x::float8 / n) / n + z * z / (4.0 * n * n))) / (1 + z * z / n))) < 1e-9) AS same,
       bool_and(i.low >= 0 AND i.high <= 100 AND i.low < i.high AND csat(s) BETWEEN i.low AND i.high) AS proper
FROM generate_series(1, 40, 3) AS n, generate_series(0, 40) AS x, (VALUES (0.9, 1.6448536269514722::float8), (0.95, 1.959963984540054), (0.99, 2.5758293035489004)) AS c(confidence, z),
     LATERAL (SELECT format('{"satisfied_from": 1, "satisfied": %s, "responses": %s}', x, n)::cv_csat_summary AS s) AS t, csat_interval(s, confidence) AS i WHERE x <= n;
\pset format unaligned
SELECT call, pg_temp.error_of('SELECT ' || call) AS error
FROM unnest(ARRAY[$$csat('NaN', 4)$$, $$csat('-Infinity', 4)$$, $$csat(3, 'NaN')$$, $$csat(3, 'Infinity')$$, 'csat(x, x) FROM generate_series(3, 4) AS x', $$csat_summary(x, x) FROM generate_series(3, 4) AS x$$,
    $$rollup(s) FROM (VALUES ('{"satisfied_from": 4, "satisfied": 1, "responses": 2}'::cv_csat_summary), ('{"satisfied_from": 5, "satisfied": 1, "responses": 2}')) AS v(s)$$,
    $$rollup(s) FROM (VALUES ('{"satisfied_from": 4, "satisfied": 1, "responses": 9223372036854775807}'::cv_csat_summary), ('{"satisfied_from": 4, "satisfied": 1, "responses": 2}')) AS v(s)$$,
    $$csat_interval('{"satisfied_from": 4, "satisfied": 1, "responses": 2}', 0)$$, $$csat_interval('{"satisfied_from": 4, "satisfied": 1, "responses": 2}', 95)$$,
    'csat_trans(NULL, 5, 4)', $$csat_combine(NULL, NULL)$$]) WITH ORDINALITY AS c(call, n) ORDER BY n;
\pset format aligned

-- reliability: five answers of 200 people to items of one scale, against variances in plain SQL
CREATE TEMP TABLE answers AS
SELECT n, ARRAY[a + (n * 7 % 5), a + (n * 11 % 4) * 1.5, 2 * a + (n * 13 % 7), 10 - a + (n * 3 % 6), 1000000 + a * 0.1 + (n * 17 % 9) / 3.0]::float8[] AS items
FROM (SELECT n, n * n % 11 AS a FROM generate_series(1, 200) AS n) AS t;
SELECT round(cronbach_alpha(items)::numeric, 10) AS alpha, abs(cronbach_alpha(items) - cronbach_alpha(item_summary(items))) < 1e-15 AS of_summary FROM answers;
WITH long AS (SELECT n, i, x FROM answers, unnest(items) WITH ORDINALITY AS u(x, i)),
     variances AS (SELECT sum(v) AS items FROM (SELECT var_samp(x::numeric) AS v FROM long GROUP BY i) AS s),
     total AS (SELECT var_samp(t) AS total FROM (SELECT sum(x::numeric) AS t FROM long GROUP BY n) AS s)
SELECT abs(cronbach_alpha - 5 / 4.0 * (1 - items / total)) < 1e-9 AS by_variances FROM variances, total, (SELECT cronbach_alpha(items) FROM answers) AS s;
WITH long AS (SELECT n, i, x FROM answers, unnest(items) WITH ORDINALITY AS u(x, i)),
     correlations AS (SELECT avg(r) AS r FROM (SELECT corr(a.x, b.x) AS r FROM long AS a JOIN long AS b USING (n) WHERE a.i < b.i GROUP BY a.i, b.i) AS s)
SELECT abs(cronbach_alpha(s, true) - 5 * r / (1 + 4 * r)) < 1e-9 AS standardized FROM correlations, (SELECT item_summary(items) AS s FROM answers) AS t;
WITH long AS (SELECT n, i, x FROM answers, unnest(items) WITH ORDINALITY AS u(x, i)),
     expected AS (SELECT k, (SELECT avg(x) FROM long WHERE i = k) AS mean, (SELECT stddev_samp(x) FROM long WHERE i = k) AS deviation,
                         (SELECT corr(x, rest) FROM (SELECT n, sum(x) FILTER (WHERE i = k) AS x, sum(x) FILTER (WHERE i <> k) AS rest FROM long GROUP BY n) AS s) AS r,
                         (SELECT cronbach_alpha(rest) FROM (SELECT array_agg(x ORDER BY i) AS rest FROM long WHERE i <> k GROUP BY n) AS s) AS alpha FROM generate_series(1, 5) AS k)
SELECT item, round(s.mean::numeric, 6) AS mean, abs(s.mean / e.mean - 1) < 1e-12 AND abs(standard_deviation / deviation - 1) < 1e-9 AND abs(rest_correlation - r) < 1e-9 AND abs(alpha_if_dropped - alpha) < 1e-12 AS same
FROM (SELECT item_summary(items) AS s FROM answers) AS t, item_statistics(t.s) AS s (item, mean, standard_deviation, rest_correlation, alpha_if_dropped) JOIN expected AS e ON k = item ORDER BY item;
SELECT responses(item_summary(items)) FROM answers;
-- incomplete answers are ignored, whatever their number
SELECT cronbach_alpha(items) = (SELECT cronbach_alpha(items) FROM answers) AS same FROM (SELECT items FROM answers UNION ALL VALUES (NULL::float8[]), ('{1, NULL, 3, 4, 5}'), ('{NULL}'), ('{{1, NULL}}')) AS t;
SELECT cronbach_alpha(items) IS NULL AS nothing, item_summary(items) IS NULL AS summary FROM (VALUES (NULL::float8[]), ('{1, NULL}')) AS v(items);
-- nothing varies, one answer, items that cancel, two items, one item that does not vary
SELECT words, cronbach_alpha(items), cronbach_alpha(item_summary(items), true) AS standardized
FROM (VALUES ('constant', '{1, 2, 3}'::float8[]), ('constant', '{1, 2, 3}'), ('one', '{1, 2}'), ('cancel', '{1, 9}'), ('cancel', '{2, 8}'), ('cancel', '{4, 6}'), ('two', '{1, 2}'), ('two', '{3, 3}'), ('two', '{4, 6}'),
             ('one constant', '{1, 5, 2}'), ('one constant', '{2, 5, 2}'), ('one constant', '{4, 5, 3}'), ('equal', '{1, 1, 1}'), ('equal', '{7, 7, 7}'), ('integers', ARRAY[1, 2]::int[]), ('integers', ARRAY[2, 3]::int[])) AS v(words, items)
GROUP BY words ORDER BY words;
SELECT words, s.* FROM (SELECT words, item_summary(items) AS summary FROM (VALUES ('one answer', '{1, 2}'::float8[]), ('one constant', '{1, 5, 2}'), ('one constant', '{2, 5, 2}'), ('cancel', '{1, 9}'), ('cancel', '{2, 8}')) AS v(words, items) GROUP BY words) AS t, item_statistics(summary) AS s ORDER BY words, item;
-- far means and tiny spreads lose nothing
SELECT bool_and(abs(a - b) < 1e-12) AS same FROM (SELECT cronbach_alpha(ARRAY[x + 1e12, y + 1e12, z]) AS a, cronbach_alpha(ARRAY[x, y, z]) AS b FROM (SELECT n % 5, n % 7, n % 3 FROM generate_series(1, 100) AS n) AS v(x, y, z)) AS t;
SELECT cronbach_alpha(ARRAY[0.1, 0.1]) IS NULL AS constant FROM generate_series(1, 1000);
\pset format unaligned
SELECT call, pg_temp.error_of('SELECT ' || call) AS error
FROM unnest(ARRAY[$$cronbach_alpha('{}'::float8[])$$, $$cronbach_alpha('{1}'::float8[])$$, $$cronbach_alpha('{{1, 2}, {3, 4}}'::float8[])$$, $$cronbach_alpha('{1, NaN}'::float8[])$$, $$cronbach_alpha('{1, Infinity}'::float8[])$$, $$cronbach_alpha('{1, 1e101}'::float8[])$$, $$cronbach_alpha('{1, 1e-101}'::float8[])$$,
    $$cronbach_alpha(x) FROM (VALUES ('{1, 2}'::float8[]), ('{1, 2, 3}')) AS v(x)$$, $$rollup(x) FROM (SELECT item_summary(x) AS x FROM (VALUES (1, '{1, 2}'::float8[]), (2, '{1, 2, 3}')) AS v(n, x) GROUP BY n) AS t$$,
    $$cronbach_alpha(array_fill(1::float8, '{201}'))$$, $$item_trans(NULL, '{1, 2}')$$, $$item_combine(NULL, NULL)$$]) WITH ORDINALITY AS c(call, n) ORDER BY n;
\pset format aligned
SELECT cronbach_alpha(array_fill(n::float8, '{200}')) AS two_hundred FROM generate_series(1, 3) AS n;
