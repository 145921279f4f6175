-- Revenue retention: the worked examples, the identities, against plain SQL.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';
SET extra_float_digits = 0;

-- a 100 > 120, b 200 > 150, c 50 > 0, d 80 > 80, e new 60
CREATE TEMP TABLE five (customer text, at date, amount float8);
INSERT INTO five VALUES ('a', '2026-01-03', 100), ('a', '2026-02-03', 120), ('b', '2026-01-03', 200), ('b', '2026-02-03', 150),
    ('c', '2026-01-03', 50), ('d', '2026-01-03', 80), ('d', '2026-02-03', 80), ('e', '2026-02-03', 60);
SELECT r.*, round(330 / 430.0, 6) AS grr_expected, round(350 / 430.0, 6) AS nrr_expected
FROM (SELECT revenue_table(log, 'month') AS flows FROM (SELECT activity_log(at, amount) AS log FROM five GROUP BY customer) AS l) AS t, revenue_retention(flows) AS r;

-- opening 10,000; new 1,500; reactivated 150; expansion 700; contraction 300; churned 900; 8 of 100 logos lost
CREATE TEMP TABLE hundred AS
SELECT n AS customer, CASE WHEN n = 8 THEN 200 WHEN n >= 99 THEN 50 ELSE 100 END AS before,
       CASE WHEN n <= 8 THEN 0 WHEN n <= 15 THEN 200 WHEN n <= 20 THEN 40 WHEN n >= 99 THEN 50 ELSE 100 END AS after FROM generate_series(1, 100) AS n;
CREATE TEMP TABLE hundred_orders AS
SELECT customer, date '2026-02-05' AS at, before AS amount FROM hundred
UNION ALL SELECT customer, '2026-03-05', after FROM hundred WHERE after > 0
UNION ALL SELECT 200 + n, '2026-03-05', 500 FROM generate_series(1, 3) AS n
UNION ALL SELECT 300, '2026-01-05', 70 UNION ALL SELECT 300, '2026-03-05', 150;
SELECT period, opening, new, reactivated, expansion, contraction, churned, closing, nrr, grr, round(logo_retention::numeric, 6) AS logos, quick_ratio
FROM (SELECT revenue_table(log, 'month') AS flows FROM (SELECT activity_log(at, amount) AS log FROM hundred_orders GROUP BY customer) AS l) AS t, revenue_retention(flows);
-- the same from published flows; a year of monthly churn of 8 %
SELECT period, opening, closing, nrr, grr, logo_retention, round(quick_ratio::numeric, 4) AS quick_ratio, round((1 - logo_retention ^ 12)::numeric, 4) AS annual_churn
FROM revenue_retention('{"period": "month", "flows": [["2026-01-01", 100, 0, 0, 10000, 0, 0, 0, 0], ["2026-02-01", 15, 2, 8, 1500, 150, 700, 300, 900]]}'::cv_revenue_table, '2026-02-28');

-- returns: what is not above 0 is no revenue; days without a purchase count as money
SELECT r.* FROM (SELECT revenue_table(log, 'month') AS flows FROM (VALUES
    ('[["2026-01-05", 50, 1], ["2026-02-05", -50, 0], ["2026-03-05", 20, 1], ["2026-03-06", -30, 0], ["2026-04-01", 40, 1]]'::cv_activity_log),
    ('[["2026-01-05", 0, 1], ["2026-02-05", -1, 0]]'), ('[["2026-02-05", 10, 1], ["2026-03-05", 10, 1]]')) AS v(log)) AS t, revenue_retention(flows) AS r;

-- to as_of: the loss after the last revenue shows, and nothing after that
CREATE TEMP TABLE gone AS SELECT revenue_table('[["2026-01-05", 50, 1]]', 'month') AS flows;
SELECT flows FROM gone;
SELECT r.* FROM gone, revenue_retention(flows) AS r;
SELECT period, opening, churned, closing, nrr, grr, logo_retention, quick_ratio FROM gone, revenue_retention(flows, '2026-03-15');
SELECT count(*) AS before_everything FROM gone, revenue_retention(flows, '2025-12-31');

-- against plain SQL
CREATE TEMP TABLE orders AS
SELECT n % 70 AS customer, date '2023-11-20' + (('x' || substr(md5(n::text), 1, 4))::bit(16)::integer % 600) AS at,
       ((('x' || substr(md5(n::text), 5, 6))::bit(24)::integer - 4000000) / 1000)::numeric / 100 AS amount
FROM generate_series(1, 900) AS n;
CREATE FUNCTION pg_temp.plain(unit text) RETURNS TABLE (period date, opening float8, new float8, reactivated float8, expansion float8, contraction float8, churned float8, closing float8, logo_retention float8) LANGUAGE sql AS $$
WITH step AS (SELECT CASE unit WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || unit)::interval END AS one),
revenue AS (SELECT customer, date_trunc(unit, at)::date AS t, sum(amount) AS r FROM orders GROUP BY 1, 2 HAVING sum(amount) > 0),
span AS (SELECT customer, min(t) AS first_t FROM revenue GROUP BY 1),
grid AS (SELECT customer, first_t, g::date AS t, (g - one)::date AS before_t
         FROM span, step, generate_series((SELECT min(t) FROM revenue)::timestamp, (SELECT max(t) FROM revenue)::timestamp, one) AS g),
pair AS (SELECT grid.*, coalesce(b.r, 0) AS s, coalesce(n.r, 0) AS e FROM grid LEFT JOIN revenue AS b ON b.customer = grid.customer AND b.t = before_t
         LEFT JOIN revenue AS n ON n.customer = grid.customer AND n.t = grid.t)
SELECT t, sum(s)::float8, sum(e) FILTER (WHERE t = first_t)::float8, sum(e) FILTER (WHERE s = 0 AND t > first_t)::float8, sum(e - s) FILTER (WHERE s > 0 AND e > s)::float8,
       sum(s - e) FILTER (WHERE e > 0 AND e < s)::float8, sum(s) FILTER (WHERE e = 0)::float8, sum(e)::float8,
       count(*) FILTER (WHERE s > 0 AND e > 0)::float8 / nullif(count(*) FILTER (WHERE s > 0), 0)
FROM pair GROUP BY t
$$;
CREATE TEMP TABLE flows AS
SELECT unit, revenue_table(log, unit) AS flows FROM (SELECT activity_log(at, amount) AS log FROM orders GROUP BY customer) AS l, unnest(ARRAY['day', 'week', 'month', 'quarter', 'year']) AS unit GROUP BY unit;
SELECT unit, count(*) AS periods, count(p.period) = count(*) AS same_periods,
       bool_and((r.opening, r.new, r.reactivated, r.expansion, r.contraction, r.churned, r.closing) =
                (p.opening, coalesce(p.new, 0), coalesce(p.reactivated, 0), coalesce(p.expansion, 0), coalesce(p.contraction, 0), coalesce(p.churned, 0), p.closing)) AS same_amounts,
       bool_and(r.logo_retention IS NOT DISTINCT FROM p.logo_retention) AS same_logos
FROM flows, revenue_retention(flows) AS r FULL JOIN (SELECT u, p.* FROM unnest(ARRAY['day', 'week', 'month', 'quarter', 'year']) AS u, pg_temp.plain(u) AS p) AS p ON p.period = r.period
WHERE p.u = unit GROUP BY unit ORDER BY unit;

-- identities
SELECT unit, bool_and(abs(opening + new + reactivated + expansion - contraction - churned - closing) < 1e-6) AS adds_up,
       bool_and(opening = before) AS goes_on, bool_and(grr BETWEEN 0 AND 1) AS gross_is_a_share,
       bool_and(abs(nrr - grr - expansion / nullif(opening, 0)) < 1e-12) AS net_is_gross_and_expansion,
       bool_and((opening = 0) = (nrr IS NULL) AND (opening = 0) = (grr IS NULL) AND (opening = 0) = (logo_retention IS NULL)) AS null_without_opening,
       bool_and(coalesce(abs(quick_ratio - (new + reactivated + expansion) / nullif(contraction + churned, 0)) < 1e-9, quick_ratio IS NULL AND contraction + churned = 0)) AS quick
FROM (SELECT unit, r.*, lag(closing, 1, 0::float8) OVER (PARTITION BY unit ORDER BY period) AS before FROM flows, revenue_retention(flows) AS r) AS r GROUP BY unit ORDER BY unit;

-- amounts beyond one log's
SELECT opening, closing, nrr FROM (SELECT revenue_table(log, 'year') AS flows FROM (SELECT '[["2025-01-01", 9200000000000, 1], ["2025-01-02", 9200000000000, 1], ["2026-01-01", 9200000000000, 1]]'::cv_activity_log AS log FROM generate_series(1, 1000)) AS l) AS t,
       revenue_retention(flows);

SELECT revenue_table(NULL, 'month') IS NULL AS a, revenue_table('[]', NULL) IS NULL AS b, revenue_table('[]', 'month') FILTER (WHERE false) IS NULL AS c, revenue_table('[]', 'month') AS empty, rollup(NULL::cv_revenue_table) IS NULL AS d;
SELECT count(*) FROM revenue_retention('{"period": "month", "flows": []}');
SELECT count(*) FROM revenue_retention('{"period": "month", "flows": []}', '2026-01-01');
SELECT revenue_table('[]', 'decade');
SELECT revenue_table('[]', period) FROM (VALUES ('month'), ('year')) AS v(period);
SELECT rollup(flows) FROM flows;
SELECT revenue_retention(flows, 'infinity') FROM gone;
SELECT revenue_table('[["4714-11-24 BC", 1, 1]]', 'quarter');
SELECT revenue_table_trans(NULL, '[]', 'month');
