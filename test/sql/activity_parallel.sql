-- With parallel workers: partial aggregates, and the serial answers to the last bit.
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';
SET client_min_messages = warning;
\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

CREATE TABLE activity_parallel_orders AS
SELECT n % 50 AS customer,
       date '2024-01-01' + (('x' || substr(md5(n::text), 1, 4))::bit(16)::integer % 500) AS at,
       (('x' || substr(md5(n::text), 5, 6))::bit(24)::integer - 2000000) / 12345.0::float8 AS amount
FROM generate_series(1, 20000) AS n;
CREATE TABLE activity_parallel_logs AS
SELECT customer, activity_log(at, amount) AS log
FROM activity_parallel_orders GROUP BY customer, at ORDER BY customer, at;
ANALYZE activity_parallel_orders, activity_parallel_logs;

SET max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE serial AS
SELECT customer, activity_log(at, amount) AS log, activity_log(at) AS days
FROM activity_parallel_orders GROUP BY customer;

SET max_parallel_workers_per_gather = 2;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET parallel_leader_participation = off;
SET enable_sort = off;

SELECT * FROM pg_temp.plan_of($$SELECT customer, activity_log(at, amount), activity_log(at) FROM activity_parallel_orders GROUP BY customer$$);
SELECT * FROM pg_temp.plan_of($$SELECT customer, rollup(log) FROM activity_parallel_logs GROUP BY customer$$);
SELECT * FROM pg_temp.plan_of($$SELECT rollup(log) FROM activity_parallel_logs$$);

CREATE TEMP TABLE parallel AS
SELECT customer, activity_log(at, amount) AS log, activity_log(at) AS days
FROM activity_parallel_orders GROUP BY customer;
CREATE TEMP TABLE rolled AS
SELECT customer, rollup(log) AS log FROM activity_parallel_logs GROUP BY customer;
SELECT count(*), bool_and(s.log::text = p.log::text) AS same, bool_and(s.days::text = p.days::text) AS same_days,
       bool_and(s.log::text = r.log::text) AS same_rolled
FROM serial AS s JOIN parallel AS p USING (customer) JOIN rolled AS r USING (customer);
SELECT (SELECT rollup(log)::text FROM activity_parallel_logs)
     = (SELECT rollup(log)::text FROM serial) AS same;

DROP TABLE activity_parallel_orders, activity_parallel_logs;
