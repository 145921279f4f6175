-- With parallel workers: partial aggregates, and the serial answers to the last bit.
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';
SET client_min_messages = warning;
\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

CREATE TABLE segment_parallel_logs AS
SELECT n % 2000 AS customer, n % 3 AS segment, activity_log(date '2024-01-01' + (('x' || substr(md5(n::text), 1, 4))::bit(16)::integer % 500),
       (('x' || substr(md5(n::text), 5, 6))::bit(24)::integer - 2000000) / 12345.0::float8) AS log
FROM generate_series(1, 12000) AS n GROUP BY 1, 2;
ANALYZE segment_parallel_logs;

CREATE VIEW pg_temp.answers AS
SELECT segment, segment_cohort(log, 'month') AS cohorts, segment_cohort(log, 'day') AS days, revenue_table(log, 'week') AS flows,
       survival_summary(last_on(log) - first_on(log), last_on(log) < '2025-03-01') AS stays, ranking_summary(events(log), total(log)) AS ranks, rfm_scale(rfm_value(log, '2025-12-31')) AS scale
FROM segment_parallel_logs GROUP BY segment;
SET max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE serial AS SELECT * FROM pg_temp.answers;

SET max_parallel_workers_per_gather = 2;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET parallel_leader_participation = off;
SET enable_sort = off;
SELECT * FROM pg_temp.plan_of($$SELECT * FROM pg_temp.answers$$);
SELECT * FROM pg_temp.plan_of($$SELECT c.* FROM (SELECT segment_cohort(log, 'month') AS cells FROM segment_parallel_logs) AS s, cohorts(cells, '2025-12-31') AS c$$);
CREATE TEMP TABLE parallel AS SELECT * FROM pg_temp.answers;
SELECT count(*), bool_and(s.cohorts::text = p.cohorts::text) AS cohorts, bool_and(s.days::text = p.days::text) AS days, bool_and(s.flows::text = p.flows::text) AS flows,
       bool_and(s.stays::text = p.stays::text) AS stays, bool_and(s.ranks::text = p.ranks::text) AS ranks, bool_and(s.scale::text = p.scale::text) AS scale
FROM serial AS s JOIN parallel AS p USING (segment);
SELECT (SELECT rollup(cohorts)::text FROM serial) = (SELECT segment_cohort(log, 'month')::text FROM segment_parallel_logs) AS cohorts,
       (SELECT rollup(flows)::text FROM serial) = (SELECT revenue_table(log, 'week')::text FROM segment_parallel_logs) AS flows,
       (SELECT rollup(scale)::text FROM serial) = (SELECT rfm_scale(rfm_value(log, '2025-12-31'))::text FROM segment_parallel_logs) AS scale;
-- the questions are parallel safe too
SELECT * FROM pg_temp.plan_of($$SELECT (rfm_score((SELECT scale FROM serial WHERE segment = 0), rfm_value(log, '2025-12-31'))).score, count(*) FROM segment_parallel_logs GROUP BY 1$$);
CREATE TABLE segment_parallel_scale AS SELECT rollup(scale) AS scale FROM serial;
SELECT * FROM pg_temp.plan_of($$SELECT rfm_segment(rfm_score((SELECT scale FROM segment_parallel_scale), rfm_value(log, '2025-12-31'))), count(*) FROM segment_parallel_logs GROUP BY 1$$);
CREATE TEMP TABLE named AS SELECT rfm_segment(rfm_score((SELECT scale FROM segment_parallel_scale), rfm_value(log, '2025-12-31'))) AS segment, count(*) FROM segment_parallel_logs GROUP BY 1;
SET max_parallel_workers_per_gather = 0;
SELECT count(*) AS different FROM (SELECT * FROM named EXCEPT SELECT rfm_segment(rfm_score((SELECT scale FROM segment_parallel_scale), rfm_value(log, '2025-12-31'))) AS segment, count(*) FROM segment_parallel_logs GROUP BY 1) AS d;

DROP VIEW pg_temp.answers;
DROP TABLE segment_parallel_logs, segment_parallel_scale;
