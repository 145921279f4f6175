-- RFM: values, classes, scores, segments; the R package's rule beside ours.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';
SET extra_float_digits = 0;

-- values
CREATE TEMP TABLE one AS SELECT '[["2026-01-05", 30, 2], ["2026-02-01", 12.5, 1], ["2026-02-10", -2.5, 0], ["2026-03-01", 100, 1]]'::cv_activity_log AS log;
SELECT as_of, rfm_value(log, as_of) FROM one, unnest(ARRAY[date '2026-01-04', '2026-01-05', '2026-02-09', '2026-02-10', '2026-03-31', '5874897-12-31']) AS as_of;
SELECT rfm_value('[["2026-01-05", -3, 0]]', '2026-02-01') IS NULL AS returns_only, rfm_value('[]', '2026-02-01') IS NULL AS empty, rfm_value(NULL, '2026-02-01') IS NULL AS none;
SELECT (rfm_value('[["4714-11-24 BC", 1, 1]]', '5874897-12-31')).recency;

-- ten customers with values 1 to 10: cuts at 2.8, 4.6, 6.4, 8.2
CREATE TEMP TABLE ten AS SELECT n, ROW(n, n, n)::cv_rfm_value AS value FROM generate_series(1, 10) AS n;
CREATE TEMP TABLE scales AS SELECT rfm_scale(value) AS scale FROM ten;
SELECT c.* FROM scales, rfm_cuts(scale) AS c;
SELECT c.* FROM scales, rfm_cuts(scale, 2) AS c;
SELECT c.* FROM scales, rfm_cuts(scale, 5, 'r_rfm') AS c;
SELECT n, rfm_score(scale, value) AS quantile, rfm_score(scale, value, 9) AS of_nine, rfm_score(scale, value, 5, 'r_rfm') AS r_rfm FROM ten, scales ORDER BY n;
-- values in (lower, upper]; with r_rfm in [lower, upper)
SELECT method, bins, bool_and((s.score).monetary = c.class) AS monetary, bool_and((s.score).recency = r.class) AS recency, count(*)
FROM scales, unnest(ARRAY['quantile', 'r_rfm']) AS method, generate_series(2, 9) AS bins, ten, LATERAL (SELECT rfm_score(scale, value, bins, method) AS score) AS s,
     rfm_cuts(scale, bins, method) AS c, rfm_cuts(scale, bins, method) AS r
WHERE c.measure = 'monetary' AND CASE method WHEN 'quantile' THEN n > c.lower AND n <= c.upper ELSE n >= c.lower AND n < c.upper END
  AND r.measure = 'recency' AND CASE method WHEN 'quantile' THEN n > r.lower AND n <= r.upper ELSE n >= r.lower AND n < r.upper END
GROUP BY method, bins ORDER BY method, bins;

-- against percentile_cont, on values with many ties
CREATE TEMP TABLE many AS
SELECT n, ROW(('x' || substr(md5(n::text), 1, 4))::bit(16)::integer % 300, 1 + ('x' || substr(md5(n::text), 5, 2))::bit(8)::integer % 7, (('x' || substr(md5(n::text), 7, 6))::bit(24)::integer % 99991) / 100.0)::cv_rfm_value AS value
FROM generate_series(1, 1003) AS n;
CREATE TEMP TABLE many_scale AS SELECT rfm_scale(value) AS scale FROM many;
WITH cuts AS (
    SELECT bins, i, percentile_cont(i / bins::float8) WITHIN GROUP (ORDER BY (value).recency) AS r, percentile_cont(i / bins::float8) WITHIN GROUP (ORDER BY (value).frequency) AS f,
           percentile_cont(i / bins::float8) WITHIN GROUP (ORDER BY (value).monetary) AS m
    FROM many, generate_series(2, 9) AS bins, generate_series(1, bins - 1) AS i GROUP BY bins, i)
SELECT bins, bool_and(abs(r - (SELECT upper FROM many_scale, rfm_cuts(scale, bins) WHERE measure = 'recency' AND class = bins + 1 - i)) < 1e-9) AS recency,
       bool_and(abs(f - (SELECT upper FROM many_scale, rfm_cuts(scale, bins) WHERE measure = 'frequency' AND class = i)) < 1e-9) AS frequency,
       bool_and(abs(m - (SELECT upper FROM many_scale, rfm_cuts(scale, bins) WHERE measure = 'monetary' AND class = i)) < 1e-9) AS monetary
FROM cuts GROUP BY bins ORDER BY bins;
WITH cuts AS (SELECT measure AS m, upper AS cut FROM many_scale, rfm_cuts(scale) WHERE upper < 'Infinity')
SELECT count(*), bool_and((score).recency = 5 - (SELECT count(*) FROM cuts WHERE m = 'recency' AND cut < (value).recency)) AS recency,
       bool_and((score).frequency = 1 + (SELECT count(*) FROM cuts WHERE m = 'frequency' AND cut < (value).frequency)) AS frequency,
       bool_and((score).monetary = 1 + (SELECT count(*) FROM cuts WHERE m = 'monetary' AND cut < (value).monetary)) AS monetary,
       bool_and((score).score = 100 * (score).recency + 10 * (score).frequency + (score).monetary) AS together
FROM (SELECT value, rfm_score((SELECT scale FROM many_scale), value) AS score FROM many) AS s;

-- equal values are never divided, and classes do not change with the unit; the R package's do
SELECT method, unit, bool_and((a.score).monetary = (b.score).monetary) AS same_classes, count(DISTINCT (b.score).monetary) AS classes
FROM unnest(ARRAY['quantile', 'r_rfm']) AS method, unnest('{0.001, 0.013, 7, 1e9, 3e-300}'::float8[]) AS unit, LATERAL (
    SELECT many.n, rfm_score((SELECT scale FROM many_scale), value, 5, method) AS score FROM many) AS a, LATERAL (
    SELECT many.n, rfm_score((SELECT rfm_scale(ROW((value).recency, (value).frequency, (value).monetary * unit)::cv_rfm_value) FROM many),
                             ROW((value).recency, (value).frequency, (value).monetary * unit)::cv_rfm_value, 5, method) AS score FROM many) AS b
WHERE a.n = b.n GROUP BY method, unit ORDER BY method, unit;
SELECT max(classes) AS classes_of_one_value FROM (SELECT count(DISTINCT (rfm_score((SELECT scale FROM many_scale), value)).frequency) AS classes FROM many GROUP BY (value).frequency) AS c;
-- neighbours that no number lies between, the largest and the smallest numbers
SELECT bins, array_agg((rfm_score(scale, ROW(1, 1, m))).monetary ORDER BY m) AS of_five, array_agg((rfm_score(scale, ROW(1, 1, m), bins)).monetary ORDER BY m) AS classes
FROM generate_series(2, 4) AS bins, unnest('{1, 1.0000000000000002, 1.0000000000000004}'::float8[]) AS m,
     (SELECT rfm_scale(ROW(1, 1, m)::cv_rfm_value) AS scale FROM unnest('{1, 1.0000000000000002, 1.0000000000000004}'::float8[]) AS m) AS s GROUP BY bins ORDER BY bins;
SELECT (rfm_score(scale, ROW(1, 1, m))).monetary, m FROM (SELECT rfm_scale(ROW(1, 1, m)::cv_rfm_value) AS scale FROM unnest('{-1.7e308, 1.7e308}'::float8[]) AS m) AS s, unnest('{-1.7e308, 0, 1.7e308}'::float8[]) AS m ORDER BY 2;
-- one customer, and one who is not of the scale
SELECT rfm_score(scale, ROW(3, 1, 5)) AS itself, rfm_score(scale, ROW(1, 9, 50)) AS better, rfm_score(scale, ROW(30, 1, -5)) AS worse FROM (SELECT rfm_scale(ROW(3, 1, 5)::cv_rfm_value) AS scale) AS s;
SELECT c.* FROM rfm_cuts('[["recency", 3, 1], ["frequency", 1, 1], ["monetary", 5, 1]]', 3) AS c;
SELECT rfm_score('[]', ROW(3, 1, 5)) IS NULL AS no_scale, (SELECT count(*) FROM rfm_cuts('[]')) AS no_cuts;

-- one call site, several scales in turn: each customer by the scale of the row
CREATE TEMP TABLE groups AS SELECT n % 7 AS g, rfm_scale(value) AS scale FROM many GROUP BY 1;
CREATE TEMP TABLE by_group AS SELECT n, g, rfm_score(scale, value) AS score FROM many JOIN groups ON g = n % 7;
SELECT bool_and(b.score = (SELECT rfm_score(scale, value) FROM groups WHERE groups.g = b.g)) AS same, count(*) FROM by_group AS b JOIN many USING (n);
SELECT bool_and(a.score = b.score) AS in_any_order FROM (SELECT n, rfm_score(scale, value) AS score FROM (SELECT * FROM many JOIN groups ON g = n % 7 ORDER BY md5(n::text)) AS m) AS a JOIN by_group AS b USING (n);
-- a scale that is stored outside of its row, and one that is a state
CREATE TEMP TABLE large AS SELECT rfm_scale(ROW(n % 400, 1 + n % 20, n * 1.37)::cv_rfm_value) AS scale FROM generate_series(1, 30000) AS n;
SELECT count(DISTINCT (rfm_score(scale, value)).score) AS scores, sum((rfm_score(scale, value)).score) = sum((rfm_score(text::cv_rfm_scale, value)).score) AS same
FROM many, large, (SELECT scale::text AS text FROM large) AS t WHERE n <= 100;
CREATE AGGREGATE pg_temp.raw_scale(cv_rfm_value) (SFUNC = rfm_scale_trans, STYPE = cv_rfm_scale);
SELECT bool_and(rfm_score(raw, value) = rfm_score(scale, value)) AS same FROM many, many_scale, (SELECT pg_temp.raw_scale(value) AS raw FROM many) AS r;

-- segments: each of the 125 scores is in exactly one
CREATE TEMP TABLE scores AS SELECT ROW(r, f, m, 100 * r + 10 * f + m)::cv_rfm_score AS score, r, f, m FROM generate_series(1, 5) AS r, generate_series(1, 5) AS f, generate_series(1, 5) AS m;
SELECT rfm_segment(score) AS segment, count(*), min((score).score), max((score).score) FROM scores GROUP BY 1 ORDER BY 4 DESC, 3 DESC;
SELECT count(*), count(rfm_segment(score)) AS named, count(DISTINCT rfm_segment(score)) AS segments FROM scores;
-- by the grid of the documentation
SELECT bool_and(rfm_segment(score) = CASE
    WHEN r >= 4 AND fm >= 9 THEN 'Champions' WHEN r >= 3 AND fm >= 7 THEN 'Loyal Customers' WHEN r >= 4 AND fm >= 4 THEN 'Potential Loyalists'
    WHEN r = 5 THEN 'New Customers' WHEN r = 4 THEN 'Promising' WHEN r = 3 AND fm >= 5 THEN 'Need Attention' WHEN r = 3 THEN 'About To Sleep'
    WHEN fm >= 9 THEN 'Can''t Lose Them' WHEN fm >= 5 THEN 'At Risk' WHEN r = 2 THEN 'Hibernating' ELSE 'Lost' END) AS as_documented
FROM (SELECT *, f + m AS fm FROM scores) AS s;
-- the R package's map: first match of its table, else Others
CREATE TEMP TABLE r_map (n integer, segment text, r int4range, f int4range, m int4range);
INSERT INTO r_map VALUES (1, 'Champions', '[5,5]', '[5,5]', '[5,5]'), (2, 'Potential Loyalist', '[3,5]', '[3,5]', '[2,5]'), (3, 'Loyal Customers', '[2,4]', '[2,4]', '[2,4]'),
    (4, 'Promising', '[3,4]', '[1,3]', '[3,5]'), (5, 'New Customers', '[4,5]', '[1,3]', '[1,5]'), (6, 'Can''t Lose Them', '[1,2]', '[3,4]', '[4,5]'), (7, 'At Risk', '[1,2]', '[2,5]', '[4,5]'),
    (8, 'Need Attention', '[1,3]', '[3,5]', '[3,5]'), (9, 'About To Sleep', '[2,3]', '[1,3]', '[1,4]'), (10, 'Lost', '[1,1]', '[1,5]', '[1,5]');
SELECT count(*), bool_and(rfm_segment(score, 'r_rfm') = coalesce((SELECT segment FROM r_map WHERE scores.r <@ r_map.r AND scores.f <@ r_map.f AND scores.m <@ r_map.m ORDER BY n LIMIT 1), 'Others')) AS as_published,
       count(*) FILTER (WHERE rfm_segment(score, 'r_rfm') = 'Potential Loyalist') AS swallowed, count(*) FILTER (WHERE rfm_segment(score, 'r_rfm') = 'Others') AS others FROM scores;

-- NULLs
SELECT rfm_scale(NULL) IS NULL AS a, rfm_scale(ROW(NULL, NULL, NULL)::cv_rfm_value) IS NULL AS b, rfm_scale(ROW(1, 1, 1)::cv_rfm_value) FILTER (WHERE false) IS NULL AS c, rollup(NULL::cv_rfm_scale) IS NULL AS d;
SELECT rfm_score(scale, NULL) IS NULL AS a, rfm_score(scale, ROW(NULL, NULL, NULL)) IS NULL AS b, rfm_segment(NULL) IS NULL AS c, rfm_segment(ROW(NULL, NULL, NULL, NULL)) IS NULL AS d FROM scales;

-- what cannot be
SELECT rfm_value('[]', 'infinity');
SELECT rfm_scale(ROW(-1, 1, 1)::cv_rfm_value);
SELECT rfm_scale(ROW(1, 0, 1)::cv_rfm_value);
SELECT rfm_scale(ROW(1, 1, 'NaN')::cv_rfm_value);
SELECT rfm_scale(ROW(1, 1, '-Infinity')::cv_rfm_value);
SELECT rfm_scale(ROW(1, NULL, 1)::cv_rfm_value);
SELECT rfm_score(scale, ROW(1, 1, NULL)) FROM scales;
SELECT rfm_score(scale, ROW(1, 1, 'Infinity')) FROM scales;
SELECT rfm_score(scale, ROW(1, 1, 1), 1) FROM scales;
SELECT rfm_score(scale, ROW(1, 1, 1), 10) FROM scales;
SELECT rfm_score(scale, ROW(1, 1, 1), 5, 'ntile') FROM scales;
SELECT rfm_cuts(scale, 1) FROM scales;
SELECT rfm_cuts(scale, 5, 'Quantile') FROM scales;
SELECT rfm_segment(ROW(6, 1, 1, 611));
SELECT rfm_segment(ROW(5, 0, 1, 501));
SELECT rfm_segment(ROW(5, 5, NULL, 501));
SELECT rfm_segment(ROW(5, 5, 5, 555), 'mine');
SELECT rfm_scale_trans(NULL, ROW(1, 1, 1));
-- a type that its owner has changed
BEGIN;
ALTER TYPE cv_rfm_value ADD ATTRIBUTE extra integer;
SELECT rfm_scale(ROW(1, 1, 1, 1)::cv_rfm_value);
ROLLBACK;
BEGIN;
ALTER TYPE cv_rfm_score ADD ATTRIBUTE extra integer;
SELECT rfm_score(scale, ROW(1, 1, 1)) FROM scales;
ROLLBACK;
SELECT rfm_score(scale, ROW(1, 1, 1)) FROM scales;
