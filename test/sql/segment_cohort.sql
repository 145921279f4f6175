-- Cohorts: the four kinds of retention against plain SQL, the worked cases, what is absent.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';
SET extra_float_digits = 1;

-- three customers, one back on day 1, one on day 5
CREATE TEMP TABLE three AS
SELECT customer, activity_log(date '2026-01-05' + day) AS log
FROM (VALUES (1, 0), (2, 0), (3, 0), (2, 1), (3, 5)) AS v(customer, day) GROUP BY customer;
SELECT kind, string_agg(round(100 * retention)::text, ',' ORDER BY period_number) AS percent
FROM (SELECT segment_cohort(log, 'day') AS cells FROM three) AS s,
     unnest(ARRAY['first-time', 'unbounded', 'recurring', 'recurring-unbounded']) AS kind,
     cohorts(cells, '2026-01-11', kind) WHERE cohort = '2026-01-05' GROUP BY kind ORDER BY kind;
SELECT c.* FROM (SELECT segment_cohort(log, 'day') AS cells FROM three) AS s, cohorts(cells, '2026-01-11', 'recurring') AS c WHERE period_number < 2;

-- heads and money of one small shop
CREATE TEMP TABLE shop (customer integer, at date, amount numeric);
INSERT INTO shop VALUES
    (1, '2026-01-10', 100), (1, '2026-02-10', 50), (1, '2026-04-01', 25),
    (2, '2026-01-20', 60), (2, '2026-01-31', -60),           -- all sent back
    (3, '2026-02-01', 10), (3, '2026-03-05', -4),            -- a return in a month without purchases
    (4, '2026-02-28', 0), (4, '2026-03-31', 30),             -- a free order is an order
    (5, '2026-01-15', -20), (5, '2026-03-01', 80),           -- a return before the first purchase
    (6, '2026-03-03', -5);                                   -- never bought
CREATE TEMP TABLE shop_cells AS
SELECT segment_cohort(log, 'month') AS cells FROM (SELECT activity_log(at, amount) AS log FROM shop GROUP BY customer) AS l;
SELECT cells FROM shop_cells;
SELECT c.* FROM shop_cells, cohorts(cells, '2026-04-30') AS c;
SELECT c.* FROM shop_cells, cohorts(cells, '2026-02-01') AS c;
SELECT c.* FROM shop_cells, cohorts(cells, '2026-05-01', 'recurring') AS c;
SELECT cohort, period_number, active, amount, amount_retention FROM shop_cells, cohorts(cells, '2026-04-30', 'unbounded') AS c;
SELECT count(*) AS before_everything FROM shop_cells, cohorts(cells, '2025-12-31');
SELECT count(*) AS nobody FROM cohorts('{"period": "day", "cells": []}', '2025-12-31');
SELECT count(*) AS nobody FROM cohorts('{"period": "day", "cells": []}', '2025-12-31', 'unbounded');

-- a cohort that earned nothing at first has no ratio of amounts
SELECT cohort, period_number, amount, amount_retention
FROM (SELECT segment_cohort(log, 'month') AS cells FROM (VALUES ('[["2026-01-05", 0, 1], ["2026-02-05", 10, 1]]'::cv_activity_log)) AS v(log)) AS s,
     cohorts(cells, '2026-02-28');

-- against plain SQL: 60 customers, returns and repeated days among the rows
CREATE TEMP TABLE orders AS
SELECT n % 60 AS customer, date '2023-11-20' + (('x' || substr(md5(n::text), 1, 4))::bit(16)::integer % 900) AS at,
       ((('x' || substr(md5(n::text), 5, 6))::bit(24)::integer - 3000000) / 1000)::numeric / 100 AS amount
FROM generate_series(1, 700) AS n WHERE n % 60 <> 7 OR n % 3 = 0;
CREATE FUNCTION pg_temp.plain(period text, as_of date, kind text)
RETURNS TABLE (cohort date, period_number integer, customers bigint, active bigint, retention float8, amount float8, amount_retention float8) LANGUAGE sql AS $$
WITH step AS (SELECT CASE period WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || period)::interval END AS one),
did AS (SELECT customer, date_trunc(period, at)::date AS t, bool_or(amount >= 0) AS is_active, sum(amount) AS amount FROM orders GROUP BY 1, 2),
span AS (SELECT customer, min(t) FILTER (WHERE is_active) AS first_t, max(t) FILTER (WHERE is_active) AS last_t FROM did GROUP BY customer),
member AS (SELECT customer, t AS cohort, last_t FROM did JOIN span USING (customer) WHERE is_active AND (kind LIKE 'recurring%' OR t = first_t)),
cohort_size AS (SELECT member.cohort, count(*) AS customers FROM member GROUP BY 1),
cell AS (SELECT c.cohort, c.customers, g::date AS t, (row_number() OVER (PARTITION BY c.cohort ORDER BY g) - 1)::integer AS k
         FROM cohort_size AS c, step, generate_series(c.cohort::timestamp, as_of::timestamp, one) AS g),
counted AS (SELECT cell.cohort, cell.k, cell.customers,
                   count(*) FILTER (WHERE CASE WHEN kind LIKE '%unbounded' THEN member.last_t >= cell.t ELSE did.is_active END) AS active,
                   coalesce(sum(did.amount), 0) AS amount
            FROM cell JOIN member ON member.cohort = cell.cohort LEFT JOIN did ON did.customer = member.customer AND did.t = cell.t GROUP BY 1, 2, 3)
SELECT counted.cohort, k, counted.customers, counted.active, counted.active::float8 / counted.customers,
       CASE WHEN kind NOT LIKE '%unbounded' THEN counted.amount::float8 END,
       CASE WHEN kind NOT LIKE '%unbounded' AND zero.amount > 0 THEN (counted.amount * 1000000)::float8 / (zero.amount * 1000000)::float8 END
FROM counted JOIN (SELECT counted.cohort, counted.amount FROM counted WHERE k = 0) AS zero ON zero.cohort = counted.cohort
$$;
CREATE TEMP TABLE tables AS
SELECT period, segment_cohort(log, period) AS cells FROM (SELECT activity_log(at, amount) AS log FROM orders GROUP BY customer) AS l,
       unnest(ARRAY['day', 'week', 'month', 'quarter', 'year']) AS period GROUP BY period;
SELECT period, kind, as_of,
       (SELECT count(*) FROM cohorts(cells, as_of, kind)) AS rows,
       (SELECT count(*) FROM (SELECT * FROM cohorts(cells, as_of, kind) EXCEPT SELECT * FROM pg_temp.plain(period, as_of, kind)) AS d) AS ours_only,
       (SELECT count(*) FROM (SELECT * FROM pg_temp.plain(period, as_of, kind) EXCEPT SELECT * FROM cohorts(cells, as_of, kind)) AS d) AS plain_only
FROM tables, unnest(ARRAY['first-time', 'recurring', 'unbounded', 'recurring-unbounded']) AS kind, unnest(ARRAY[date '2024-12-31', '2026-05-31']) AS as_of
WHERE NOT (as_of = '2024-12-31' AND kind LIKE '%unbounded') AND NOT (period = 'day' AND as_of = '2026-05-31')
ORDER BY period, kind, as_of;
SELECT kind, count(*) AS rows,
       count(*) FILTER (WHERE (c.customers, c.active) IS DISTINCT FROM (p.customers, p.active)) AS different
FROM tables, unnest(ARRAY['unbounded', 'recurring-unbounded']) AS kind, cohorts(cells, '2026-05-31', kind) AS c
LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE t = c.cohort AND is_active) AS customers, count(*) FILTER (WHERE t = c.cohort AND is_active AND last_t >= c.cohort + c.period_number) AS active
                   FROM (SELECT customer, at AS t, bool_or(amount >= 0) AS is_active, (SELECT max(at) FROM orders AS o WHERE o.customer = orders.customer AND amount >= 0) AS last_t,
                                (SELECT min(at) FROM orders AS o WHERE o.customer = orders.customer AND amount >= 0) AS first_t
                         FROM orders WHERE at = c.cohort GROUP BY 1, 2) AS d
                   WHERE kind = 'recurring-unbounded' OR t = first_t) AS p ON true
WHERE period = 'day' AND c.cohort BETWEEN '2024-03-01' AND '2024-03-10' GROUP BY kind ORDER BY kind;

-- properties: the first cell is the cohort, unbounded never rises, and never lies below the exact kind
SELECT period, bool_and(e.period_number > 0 OR e.active = e.customers) AS begins_whole, bool_and(u.active >= e.active) AS not_below,
       bool_and(u.active <= coalesce(b.active, u.active)) AS falls, count(*) = count(u.active) AS same_cells
FROM tables, cohorts(cells, '2026-05-31') AS e
LEFT JOIN LATERAL (SELECT * FROM cohorts(cells, '2026-05-31', 'unbounded')) AS u ON (u.cohort, u.period_number) = (e.cohort, e.period_number)
LEFT JOIN LATERAL (SELECT * FROM cohorts(cells, '2026-05-31', 'unbounded')) AS b ON (b.cohort, b.period_number) = (e.cohort, e.period_number - 1)
WHERE period IN ('quarter', 'year') GROUP BY period ORDER BY period;
SELECT period, sum(customers) = (SELECT count(*) FROM (SELECT customer FROM orders GROUP BY customer HAVING bool_or(amount >= 0)) AS c) AS everybody_once
FROM tables, cohorts(cells, '2026-05-31') WHERE period_number = 0 GROUP BY period ORDER BY period;

-- ISO weeks begin on Monday, also around the turn of the year
SELECT at, cohort, extract(isodow FROM cohort) AS weekday
FROM (SELECT at, segment_cohort(log, 'week') AS cells
      FROM (SELECT at, activity_log(at) AS log
            FROM unnest(ARRAY[date '2024-12-29', '2024-12-30', '2025-01-05', '2000-01-02', '2000-01-03', '1899-12-31', '1900-01-01', '0001-01-01']) AS at GROUP BY at) AS l GROUP BY at) AS s,
     cohorts(cells, at) ORDER BY at;
-- leap years, centuries, years before Christ
SELECT count(*) AS days, count(*) FILTER (WHERE c.cohort IS DISTINCT FROM date_trunc(period, at)::date) AS different
FROM (SELECT period, at, segment_cohort(log, period) AS cells
      FROM (SELECT at, activity_log(at) AS log
            FROM (SELECT date '0404-12-20 BC' + n * 37 AS at FROM generate_series(0, 45000, 23) AS n
                  UNION SELECT date '1999-12-25' + n FROM generate_series(0, 1600, 7) AS n
                  UNION SELECT date '1969-12-28' + n FROM generate_series(0, 8) AS n
                  UNION SELECT date '2099-12-28' + n FROM generate_series(0, 8) AS n
                  UNION SELECT date '294276-12-31' - n FROM generate_series(0, 800, 31) AS n) AS d GROUP BY at) AS l,
           unnest(ARRAY['day', 'week', 'month', 'quarter', 'year']) AS period GROUP BY period, at) AS s, cohorts(cells, at) AS c;
SELECT period, segment_cohort(log, period) FROM (SELECT activity_log(date '5874897-12-31') AS log) AS l, unnest(ARRAY['day', 'week', 'month', 'quarter', 'year']) AS period GROUP BY period ORDER BY period;

-- a log of many days; a log that a state of one's own has left unsorted
SELECT sum(active) AS all_pairs FROM (SELECT segment_cohort(log, 'week') AS cells FROM (SELECT activity_log(date '2020-01-06' + n) AS log FROM generate_series(0, 1399) AS n) AS l) AS s,
       cohorts(cells, '2023-12-31', 'recurring');
CREATE AGGREGATE pg_temp.unsorted(date, float8) (SFUNC = activity_log_trans, STYPE = cv_activity_log);
SELECT segment_cohort(u, 'month')::text = segment_cohort(s, 'month')::text AS same
FROM (SELECT pg_temp.unsorted(at, amount::float8 ORDER BY customer, amount) AS u, activity_log(at, amount) AS s FROM orders) AS l;

-- what is kept is 80 bytes for each pair of periods that occurs, however far apart they are
SELECT pg_column_size(segment_cohort(log, 'day')) - 64 AS bytes
FROM (VALUES ('[["4714-11-24 BC", 1, 1], ["5874897-12-31", 1, 1]]'::cv_activity_log), ('[["2026-01-01", 1, 1]]'), ('[["2026-01-01", 5, 2]]')) AS v(log);

-- NULLs are ignored, no rows give NULL, logs without purchases an empty table
SELECT segment_cohort(NULL, 'month') IS NULL AS a, segment_cohort('[]', NULL) IS NULL AS b, segment_cohort('[]', 'month') FILTER (WHERE false) IS NULL AS c,
       segment_cohort('[["2026-01-01", -5, 0]]', 'month') AS returns_only, rollup(NULL::cv_cohort_table) IS NULL AS d,
       segment_cohort(log, 'month') FROM (VALUES (NULL::cv_activity_log), ('[["2026-01-01", 5, 1]]')) AS v(log);

-- what is no question
SELECT segment_cohort(log, 'fortnight') FROM three;
SELECT segment_cohort(log, 'MONTH') FROM three;
SELECT segment_cohort(log, '') FROM three;
SELECT segment_cohort(log, CASE customer WHEN 2 THEN 'week' ELSE 'month' END ORDER BY customer) FROM three;
SELECT rollup(cells) FROM tables;
SELECT count(*) FROM shop_cells, cohorts(cells, 'infinity');
SELECT count(*) FROM shop_cells, cohorts(cells, '-infinity');
SELECT count(*) FROM shop_cells, cohorts(cells, '2026-04-30', 'rolling');
SELECT count(*) FROM shop_cells, cohorts(cells, '2026-03-31', 'unbounded');
SELECT count(*) FROM shop_cells, cohorts(cells, '2026-03-31', 'recurring-unbounded');
SELECT segment_cohort('[["4714-11-24 BC", 1, 1]]', 'month');
SELECT segment_cohort('[["4714-11-24 BC", 1, 1]]', 'year');
SELECT segment_cohort('[["4714-11-24 BC", 1, 1]]', 'week'), segment_cohort('[["4714-11-24 BC", 1, 1]]', 'day');
SELECT segment_cohort_trans(NULL, '[]', 'month');
