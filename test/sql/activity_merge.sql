-- One log, however its rows were ordered, divided and merged.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';
SET max_parallel_workers_per_gather = 0;

-- 4,000 orders of 20 customers; returns, repeated days and rows of no use among them
CREATE TEMP TABLE orders AS
SELECT n,
       n * 7919 % 20 AS customer,
       CASE WHEN n % 97 = 0 THEN NULL
            ELSE date '2024-01-01' + (('x' || substr(md5(n::text), 1, 4))::bit(16)::integer % 400) END AS at,
       CASE WHEN n % 89 = 0 THEN NULL
            ELSE (('x' || substr(md5(n::text), 5, 6))::bit(24)::integer - 4000000) / 12345.0 END::float8 AS amount,
       ('x' || substr(md5(n::text), 11, 6))::bit(24)::integer AS shuffle
FROM generate_series(1, 4000) AS n;
CREATE TEMP TABLE whole AS
SELECT customer, activity_log(at, amount) AS log FROM orders GROUP BY customer;

-- any order
SELECT bool_and(w.log::text = o.log::text) AS same
FROM whole AS w
JOIN (SELECT customer, activity_log(at, amount ORDER BY shuffle) AS log FROM orders GROUP BY customer) AS o
    USING (customer);
SELECT bool_and(w.log::text = o.log::text) AS same
FROM whole AS w
JOIN (SELECT customer, activity_log(at, amount ORDER BY at DESC, shuffle) AS log FROM orders GROUP BY customer) AS o
    USING (customer);

-- any partition, with text between
SELECT parts, bool_and(w.log::text = r.log::text) AS same, count(*)
FROM whole AS w
JOIN (SELECT parts, customer, rollup(log::text::cv_activity_log ORDER BY md5(part::text)) AS log
      FROM (SELECT parts, customer, shuffle % parts AS part, activity_log(at, amount) AS log
            FROM orders, unnest(ARRAY[1, 2, 3, 7, 50]) AS parts GROUP BY 1, 2, 3) AS pieces
      GROUP BY parts, customer) AS r
    USING (customer)
GROUP BY parts ORDER BY parts;

-- merging is the same as summing the entries
SELECT bool_and(s.amount = e.amount AND s.events = e.events) AS same, count(*) = count(s.at) AS all_days
FROM (SELECT customer, e.* FROM whole, entries(log) AS e) AS e
FULL JOIN (SELECT customer, at, sum(round(amount::numeric, 6)) AS amount, count(*) FILTER (WHERE amount >= 0) AS events
           FROM orders WHERE at IS NOT NULL AND amount IS NOT NULL GROUP BY customer, at) AS s
    ON s.customer = e.customer AND s.at = e.at AND s.amount::float8 = e.amount;

-- very many rows on few days, one of them with nothing but a return of nothing
WITH rows AS (
    SELECT at, amount, shuffle, customer FROM orders
    UNION ALL VALUES (date '2024-02-01', -1e-9, 5000000, 3), ('2025-02-28', -1e-9, 12000000, 3)
), one AS (
    SELECT activity_log(at, amount ORDER BY shuffle) AS log FROM rows
), sums AS (
    SELECT at, sum(round(amount::numeric, 6))::float8 AS amount, count(*) FILTER (WHERE amount >= 0) AS events
    FROM rows WHERE at IS NOT NULL AND amount IS NOT NULL GROUP BY at
)
SELECT (SELECT count(*) FROM rows) > 9 * (SELECT count(*) FROM sums) AS many,
       (SELECT jsonb_agg(jsonb_build_array(at, amount, events) ORDER BY at) FROM sums)
       = (SELECT jsonb_agg(jsonb_build_array(at, amount, events)) FROM one, entries(log)) AS same,
       (SELECT events FROM one, entries(log) WHERE at = '2025-02-28') AS events,
       (SELECT rollup(log ORDER BY customer DESC)::text FROM (SELECT customer, activity_log(at, amount) AS log FROM rows GROUP BY customer) AS logs)
       = (SELECT log::text FROM one) AS same_rolled_up;

-- NULLs and empty logs change nothing
SELECT (SELECT rollup(log) FROM whole WHERE customer = 3)::text
     = (SELECT rollup(log) FROM (SELECT log FROM whole WHERE customer = 3 UNION ALL
                                 VALUES (NULL), ('[]'::cv_activity_log)) AS t)::text AS same;
SELECT rollup(NULL::cv_activity_log) FROM generate_series(1, 2);
SELECT rollup(log) FROM (VALUES (NULL), ('[]'::cv_activity_log)) AS t(log);

-- yesterday's log with the stored one: what is stored stays as it was
CREATE TEMP TABLE stored AS SELECT '[["2026-01-05", 1, 1]]'::cv_activity_log AS log;
SELECT rollup(log) FROM (SELECT log FROM stored UNION ALL
                         SELECT activity_log('2026-01-05', 2) UNION ALL
                         SELECT activity_log('2026-01-04', 2)) AS t;
SELECT log FROM stored;

-- windows: running logs equal logs made anew
WITH running AS (
    SELECT n, activity_log(at, amount) OVER (ORDER BY n) AS log FROM orders WHERE n <= 200)
SELECT bool_and(log::text IS NOT DISTINCT FROM
                (SELECT activity_log(at, amount) FROM orders AS o WHERE o.n <= running.n)::text) AS same
FROM running;
WITH running AS (
    SELECT n, activity_log(at, amount) OVER (ORDER BY n ROWS BETWEEN 3 PRECEDING AND 2 FOLLOWING) AS log
    FROM orders WHERE n <= 200)
SELECT bool_and(log::text IS NOT DISTINCT FROM
                (SELECT activity_log(at, amount) FROM orders AS o
                 WHERE o.n BETWEEN running.n - 3 AND running.n + 2 AND o.n <= 200)::text) AS same
FROM running;
WITH pieces AS (
    SELECT n, activity_log(at, amount) AS log FROM orders WHERE n <= 100 GROUP BY n),
running AS (SELECT n, rollup(log) OVER (ORDER BY n) AS log FROM pieces)
SELECT bool_and(log::text IS NOT DISTINCT FROM
                (SELECT activity_log(at, amount) FROM orders AS o WHERE o.n <= running.n)::text) AS same
FROM running;
-- the log of a running window is not changed by later rows
SELECT n, activity_log(date '2026-01-10' - n, n) OVER (ORDER BY n) AS log
FROM generate_series(1, 4) AS n ORDER BY n;

-- aggregates of one's own out of the support functions
CREATE AGGREGATE pg_temp.merged(cv_activity_log) (
    SFUNC = activity_log_combine, STYPE = cv_activity_log);
CREATE AGGREGATE pg_temp.log_from(date, float8) (
    SFUNC = activity_log_trans, STYPE = cv_activity_log,
    INITCOND = '[["2000-01-01", 100, 1]]');
CREATE AGGREGATE pg_temp.total_of(date, float8) (
    SFUNC = activity_log_trans, STYPE = cv_activity_log, FINALFUNC = total);
CREATE AGGREGATE pg_temp.log_of(date) (
    SFUNC = activity_log_trans, STYPE = cv_activity_log, INITCOND = '[]');

-- a state that no final function has sorted is as good
CREATE TEMP TABLE states AS
SELECT customer, pg_temp.log_from(at, amount) AS state FROM orders GROUP BY customer;
SELECT bool_and(state::text = again::text AND first_on(state) = first_on(again)
                AND last_on(state) = last_on(again) AND active_days(state) = active_days(again)
                AND events(state) = events(again) AND total(state) = total(again)
                AND cv_activity_log_send(state) = cv_activity_log_send(again)
                AND purchase_history(state, '2025-01-01') = purchase_history(again, '2025-01-01')
                AND (SELECT array_agg(e) FROM entries(state) AS e) = (SELECT array_agg(e) FROM entries(again) AS e)) AS same,
       bool_and(first_on(state) = '2000-01-01') AS from_initcond
FROM (SELECT (array_agg(state))[1] AS state, rollup(log) AS again
      FROM (SELECT customer, state, log FROM states JOIN whole USING (customer) UNION ALL
            SELECT customer, state, '[["2000-01-01", 100, 1]]' FROM states) AS t
      GROUP BY customer) AS both_ways;
SELECT bool_and(merged = log) AS same
FROM (SELECT customer, pg_temp.merged(state)::text AS merged, rollup(state)::text AS log
      FROM states, generate_series(1, 3) GROUP BY customer) AS t;
SELECT pg_temp.total_of(at, amount) = total(activity_log(at, amount)) AS same FROM orders;
SELECT pg_temp.total_of(at, amount) AS nothing, pg_temp.log_of(at) AS initial, pg_temp.log_from(at, amount) AS initial_too
FROM orders WHERE false;
SELECT pg_temp.log_of(at)::text = activity_log(at)::text AS same FROM orders WHERE at IS NOT NULL;

-- the support functions are of no use by themselves, and do no harm
DO $$
DECLARE
    call text;
BEGIN
    FOREACH call IN ARRAY ARRAY[
        'activity_log_trans(NULL, NULL::date)', 'activity_log_trans(NULL, date ''2026-01-01'')',
        'activity_log_trans(NULL, date ''2026-01-01'', 1)',
        'activity_log_trans(''[]''::cv_activity_log, date ''2026-01-01'', 1)',
        'activity_log_combine(NULL, NULL)', 'activity_log_combine(''[]'', NULL)',
        'activity_log_combine(''[]'', ''[]'')',
        'activity_log_final(NULL)', 'activity_log_final(''[]'')']
    LOOP
        BEGIN
            EXECUTE 'SELECT ' || call;
            RAISE INFO '%: no error', call;
        EXCEPTION WHEN feature_not_supported THEN
            RAISE INFO '%: % %', call, SQLSTATE, regexp_replace(SQLERRM, '\d+', 'N');
        END;
    END LOOP;
END $$;
