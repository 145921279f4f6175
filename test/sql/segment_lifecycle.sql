-- The lifecycle: new, returning, resurrecting, dormant, with its two identities.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';

-- one customer: two months, a pause of three, two months, gone
CREATE TEMP TABLE one AS
SELECT activity_log(at::date, 1) AS log FROM unnest(ARRAY['2025-01-31', '2025-02-01', '2025-06-15', '2025-07-15', '2025-07-20']) AS at;
SELECT l.* FROM one, lifecycle(log, 'month', '2024-11-01', '2025-12-31') AS l;
-- whole periods, whatever the days within them; new only once, though the range begins later
SELECT l.* FROM one, lifecycle(log, 'month', '2025-02-28', '2025-06-01') AS l;
SELECT l.* FROM one, lifecycle(log, 'month', '2025-03-15', '2025-03-15') AS l;
SELECT count(*) FROM one, lifecycle(log, 'month', '2025-04-01', '2025-05-31') AS l;
SELECT l.* FROM one, lifecycle(log, 'quarter', '2025-01-01', '2025-12-31') AS l;
SELECT l.* FROM one, lifecycle(log, 'year', '2025-01-01', '2027-12-31') AS l;
-- returns make nobody active
SELECT l.* FROM lifecycle('[["2025-01-05", -3, 0], ["2025-02-05", 9, 1], ["2025-03-05", -9, 0]]', 'month', '2025-01-01', '2025-12-31') AS l;
SELECT count(*) FROM lifecycle('[["2025-01-05", -3, 0]]', 'month', '2025-01-01', '2025-12-31') AS l;
SELECT count(*) FROM lifecycle('[]', 'month', '2025-01-01', '2025-12-31') AS l;

-- against plain SQL, for every period, and counted from the cohort table
CREATE TEMP TABLE orders AS
SELECT n % 80 AS customer, date '2023-11-20' + (('x' || substr(md5(n::text), 1, 4))::bit(16)::integer % 500) AS at,
       (('x' || substr(md5(n::text), 5, 6))::bit(24)::integer - 3000000)::float8 / 1000 AS amount
FROM generate_series(1, 900) AS n;
CREATE TEMP TABLE logs AS SELECT customer, activity_log(at, amount) AS log FROM orders GROUP BY customer;
CREATE FUNCTION pg_temp.plain(unit text) RETURNS TABLE (customer integer, period date, state text) LANGUAGE sql AS $$
WITH step AS (SELECT CASE unit WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || unit)::interval END AS one),
did AS (SELECT DISTINCT customer, date_trunc(unit, at)::date AS t FROM orders WHERE amount >= 0)
SELECT customer, t, CASE WHEN t = (SELECT min(t) FROM did AS f WHERE f.customer = did.customer) THEN 'new'
                         WHEN EXISTS (SELECT FROM did AS b WHERE b.customer = did.customer AND b.t = (did.t - one)::date) THEN 'returning'
                         ELSE 'resurrecting' END FROM did, step
UNION ALL
SELECT customer, (t + one)::date, 'dormant' FROM did, step
WHERE NOT EXISTS (SELECT FROM did AS a WHERE a.customer = did.customer AND a.t = (did.t + one)::date)
$$;
CREATE TEMP TABLE states AS
SELECT unit, customer, l.* FROM logs, unnest(ARRAY['day', 'week', 'month', 'quarter', 'year']) AS unit, lifecycle(log, unit, '2023-01-01', '2026-12-31') AS l;
SELECT unit, count(*), (SELECT count(*) FROM (SELECT customer, period, state FROM states AS s WHERE s.unit = states.unit EXCEPT SELECT * FROM pg_temp.plain(unit)) AS d) AS ours_only,
       (SELECT count(*) FROM (SELECT * FROM pg_temp.plain(unit) EXCEPT SELECT customer, period, state FROM states AS s WHERE s.unit = states.unit) AS d) AS plain_only
FROM states GROUP BY unit ORDER BY unit;

-- the identities, where counting the rows and asking the cohort table must agree
CREATE TEMP TABLE counted AS
SELECT unit, period, count(*) FILTER (WHERE state = 'new') AS new, count(*) FILTER (WHERE state = 'returning') AS retained,
       count(*) FILTER (WHERE state = 'resurrecting') AS resurrected, count(*) FILTER (WHERE state = 'dormant') AS dormant
FROM states GROUP BY unit, period;
CREATE TEMP TABLE asked AS
SELECT unit, l.* FROM (SELECT unit, segment_cohort(log, unit) AS cells FROM logs, unnest(ARRAY['day', 'week', 'month', 'quarter', 'year']) AS unit GROUP BY unit) AS s,
       lifecycle(cells, '2023-01-01', '2026-12-31') AS l;
SELECT unit, count(*) AS periods, bool_and((coalesce(c.new, 0), coalesce(c.retained, 0), coalesce(c.resurrected, 0), coalesce(c.dormant, 0)) = (a.new, a.retained, a.resurrected, a.dormant)) AS same
FROM asked AS a LEFT JOIN counted AS c USING (unit, period) GROUP BY unit ORDER BY unit;
SELECT unit, bool_and(active = new + retained + resurrected) AS first_identity,
       bool_and(active = before + new + resurrected - dormant) AS second_identity
FROM (SELECT *, coalesce(lag(active) OVER (PARTITION BY unit ORDER BY period), 0) AS before FROM asked) AS a GROUP BY unit ORDER BY unit;
SELECT bool_and(a.active = (SELECT count(DISTINCT customer) FROM orders WHERE amount >= 0 AND date_trunc('month', at) = a.period)) AS active_too FROM asked AS a WHERE unit = 'month';
-- a range that begins within the data looks one period back
SELECT l.* FROM (SELECT segment_cohort(log, 'quarter') AS cells FROM logs) AS s, lifecycle(cells, '2024-05-05', '2024-10-01') AS l;
SELECT count(*) AS rows, sum(active) AS active, sum(dormant) AS dormant FROM (SELECT segment_cohort(log, 'month') AS cells FROM logs) AS s, lifecycle(cells, '2030-01-01', '2030-12-31') AS l;

-- stickiness: customers by the number of periods with a purchase
SELECT periods, count(*) AS customers FROM (SELECT customer, count(*) FILTER (WHERE state <> 'dormant') AS periods FROM states WHERE unit = 'quarter' GROUP BY customer) AS s GROUP BY periods ORDER BY periods;

SELECT lifecycle(log, 'weeks', '2025-01-01', '2025-12-31') FROM one;
SELECT lifecycle(log, 'week', '2025-12-31', '2025-01-01') FROM one;
SELECT lifecycle(log, 'week', '-infinity', '2025-01-01') FROM one;
SELECT lifecycle(log, 'week', '2025-12-31', 'infinity') FROM one;
SELECT lifecycle('{"period": "week", "cells": []}'::cv_cohort_table, '2025-12-31', '2025-01-01');
SELECT lifecycle('{"period": "week", "cells": []}'::cv_cohort_table, '-infinity', '2025-01-01');
SELECT lifecycle('{"period": "week", "cells": []}'::cv_cohort_table, '2025-12-31', 'infinity');
SELECT lifecycle('{"period": "month", "cells": []}'::cv_cohort_table, '4714-11-30 BC', '4714-12-31 BC');
SELECT count(*) FROM lifecycle(NULL::cv_activity_log, 'month', '2025-01-01', '2025-12-31');
