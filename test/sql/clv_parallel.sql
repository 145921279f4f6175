-- Bases and histories with parallel workers: partial aggregates, and the serial answers to the last bit.
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';
SET client_min_messages = error;

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

CREATE TABLE clv_parallel_orders AS
SELECT n % 1000 AS customer, n % 20 AS part, date '2025-01-01' + (('x' || substr(md5(n::text), 1, 4))::bit(16)::integer % 365) AS at,
       (('x' || substr(md5(n::text), 5, 6))::bit(24)::integer % 10000) / 100.0::float8 AS amount
FROM generate_series(1, 3500) AS n;
CREATE TABLE clv_parallel_logs AS SELECT customer, activity_log(at, amount) AS log FROM clv_parallel_orders GROUP BY customer;
CREATE TABLE clv_parallel_histories AS SELECT customer, customer % 3 AS segment, purchase_history(log, '2025-12-31') AS history FROM clv_parallel_logs;
CREATE TABLE clv_parallel_bases AS SELECT customer % 100 AS part, segment, customer_base(history) AS base FROM clv_parallel_histories GROUP BY 1, 2;
ANALYZE clv_parallel_orders, clv_parallel_logs, clv_parallel_histories, clv_parallel_bases;

SET max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE serial AS SELECT segment, customer_base(history) AS base FROM clv_parallel_histories GROUP BY segment;
CREATE TEMP TABLE serial_coarse AS SELECT part, purchase_history(at, amount, '2025-12-31') AS history FROM clv_parallel_orders GROUP BY part;
CREATE TEMP TABLE serial_histories AS SELECT customer, purchase_history(at, amount, '2025-12-31') AS history FROM clv_parallel_orders GROUP BY customer;
CREATE TEMP TABLE serial_fit AS SELECT fit_buying(customer_base(history)) AS fit FROM clv_parallel_histories;

SET max_parallel_workers_per_gather = 2;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET parallel_leader_participation = off;
SET enable_sort = off;

SELECT * FROM pg_temp.plan_of('SELECT customer_base(history) FROM clv_parallel_histories');
SELECT * FROM pg_temp.plan_of('SELECT segment, customer_base(history) FROM clv_parallel_histories GROUP BY segment');
SELECT * FROM pg_temp.plan_of('SELECT customer_base(purchase_history(log, date ''2025-12-31'')) FROM clv_parallel_logs');
SELECT * FROM pg_temp.plan_of('SELECT rollup(base) FROM clv_parallel_bases');
SELECT * FROM pg_temp.plan_of('SELECT part, purchase_history(at, amount, date ''2025-12-31'') FROM clv_parallel_orders GROUP BY part');

CREATE TEMP TABLE parallel AS SELECT segment, customer_base(history) AS base FROM clv_parallel_histories GROUP BY segment;
CREATE TEMP TABLE rolled AS SELECT segment, rollup(base) AS base FROM clv_parallel_bases GROUP BY segment;
CREATE TEMP TABLE parallel_histories AS SELECT customer, purchase_history(at, amount, '2025-12-31') AS history FROM clv_parallel_orders GROUP BY customer;
SELECT count(*), bool_and(s.base::text = p.base::text) AS same, bool_and(s.base::text = r.base::text) AS same_rolled
FROM serial AS s JOIN parallel AS p USING (segment) JOIN rolled AS r USING (segment);
SELECT count(*), bool_and(s.history IS NOT DISTINCT FROM p.history) AS same, bool_and(s.history IS NOT DISTINCT FROM h.history) AS both_faces
FROM serial_histories AS s JOIN parallel_histories AS p USING (customer) JOIN clv_parallel_histories AS h USING (customer);
SELECT count(*), bool_and(s.history = p.history) AS same
FROM serial_coarse AS s JOIN (SELECT part, purchase_history(at, amount, '2025-12-31') AS history FROM clv_parallel_orders GROUP BY part) AS p USING (part);
SELECT (SELECT fit_buying(customer_base(history))::text FROM clv_parallel_histories) = (SELECT fit::text FROM serial_fit) AS same_fit,
       (SELECT fit_buying(rollup(base))::text FROM clv_parallel_bases) = (SELECT fit::text FROM serial_fit) AS same_rolled_fit;

-- predictions in workers
SELECT * FROM pg_temp.plan_of('SELECT count(*) FROM clv_parallel_histories WHERE p_alive((SELECT fit FROM serial_fit), history) > 0.5')
WHERE plan_of LIKE '%Parallel%';
SET max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE serial_predictions AS
SELECT customer, clv('{"family": "mbg/nbd", "unit": "7 days", "r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}',
                     '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}', history, '1 year') AS clv FROM clv_parallel_histories;
SET max_parallel_workers_per_gather = 2;
CREATE TEMP TABLE parallel_predictions AS
SELECT customer, clv('{"family": "mbg/nbd", "unit": "7 days", "r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}',
                     '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}', history, '1 year') AS clv FROM clv_parallel_histories;
SELECT count(*), bool_and(s.clv IS NOT DISTINCT FROM p.clv) AS same FROM serial_predictions AS s JOIN parallel_predictions AS p USING (customer);

DROP TABLE clv_parallel_orders, clv_parallel_logs, clv_parallel_histories, clv_parallel_bases;
