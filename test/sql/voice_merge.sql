-- The same to the last bit in any order, partition and number of workers.
\set SHOW_CONTEXT never
SET client_min_messages = error;

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

-- weights and answers that no double holds exactly, of very different sizes
CREATE TABLE voice_merge AS
SELECT n, h % 11 AS score, CASE WHEN h % 17 = 0 THEN NULL ELSE (h % 1000 + 1) / 700.0 * 10.0 ^ (h % 9 - 4) END::float8 AS weight,
       ARRAY[h % 5 / 3.0, (h / 7 % 7) * 0.1, CASE WHEN h % 97 = 0 THEN NULL ELSE (h / 11 % 9) * 1e6 + 1 / 3.0 END]::float8[] AS items,
       CASE WHEN h % 31 > 0 THEN (h % 13) / 7.0 + h % 5 END::float8 AS outcome,
       jsonb_build_object('a', h % 5 / 3.0, 'b', CASE WHEN h % 89 > 0 THEN (h / 7 % 7) * 0.1 END, 'c', (h / 11 % 9) * 1e6 + 1 / 3.0) AS drivers
FROM (SELECT n, abs(hashint4(n)::bigint) AS h FROM generate_series(1, 6000) AS n) AS t;
ANALYZE voice_merge;

SET max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE whole AS
SELECT nps_summary(score) AS plain, nps_summary(score, weight) AS weighted, csat_summary(score, 7) AS csat, item_summary(items) AS items, driver_summary(outcome, drivers) AS drivers,
       nps(score) AS nps, nps(score, weight) AS weighted_nps, csat(score, 7) AS csat_of, cronbach_alpha(items) AS alpha FROM voice_merge;
CREATE FUNCTION pg_temp.bytes(plain cv_nps_summary, weighted cv_nps_summary, csat cv_csat_summary, items cv_item_summary, drivers cv_driver_summary) RETURNS bytea LANGUAGE sql AS
$$ SELECT cv_nps_summary_send(plain) || cv_nps_summary_send(weighted) || cv_csat_summary_send(csat) || cv_item_summary_send(items) || cv_driver_summary_send(drivers) $$;
SELECT responses(plain), responses(weighted) AS weighted, responses(csat) AS csat, responses(items) AS items, responses(drivers) AS drivers FROM whole;

-- other orders of the rows
SELECT count(*), bool_and(pg_temp.bytes(w.plain, w.weighted, w.csat, w.items, w.drivers) = bytes) AS same, bool_and(w.nps = o.nps AND w.weighted_nps = o.weighted_nps AND w.csat_of = o.csat AND w.alpha = o.alpha) AS same_faces
FROM whole AS w, generate_series(1, 5) AS seed,
     LATERAL (SELECT pg_temp.bytes(nps_summary(score), nps_summary(score, weight), csat_summary(score, 7), item_summary(items), driver_summary(outcome, drivers)) AS bytes,
                     nps(score) AS nps, nps(score, weight) AS weighted_nps, csat(score, 7) AS csat, cronbach_alpha(items) AS alpha
              FROM (SELECT * FROM voice_merge ORDER BY hashint8(n * 1000 + seed)) AS s) AS o (bytes, nps, weighted_nps, csat, alpha);

-- random partitions, merged in random order, some of the parts by way of text and of another level
CREATE FUNCTION pg_temp.merged(seed integer, parts integer) RETURNS bytea LANGUAGE sql AS $$
WITH part AS (SELECT hashint8(n * 77 + seed) % parts AS part, nps_summary(score) AS plain, nps_summary(score, weight) AS weighted, csat_summary(score, 7) AS csat, item_summary(items) AS items, driver_summary(outcome, drivers) AS drivers FROM voice_merge GROUP BY 1),
     level AS (SELECT part / 3 AS part, rollup(plain::text::cv_nps_summary) AS plain, rollup(weighted::text::cv_nps_summary) AS weighted, rollup(csat::text::cv_csat_summary) AS csat, rollup(items::text::cv_item_summary) AS items, rollup(drivers::text::cv_driver_summary) AS drivers
               FROM (SELECT * FROM part ORDER BY hashint8(part + seed * 31)) AS s GROUP BY part / 3)
SELECT pg_temp.bytes(rollup(plain), rollup(weighted), rollup(csat), rollup(items), rollup(drivers)) FROM (SELECT * FROM level ORDER BY hashint8(part * 5 + seed)) AS s $$;
SELECT parts, count(*), bool_and(pg_temp.merged(seed, parts) = pg_temp.bytes(plain, weighted, csat, items, drivers)) AS same
FROM whole, unnest('{1, 2, 3, 7, 64}'::int[]) AS parts, generate_series(1, 4) AS seed GROUP BY parts ORDER BY parts;
-- with empty summaries and NULLs among them
SELECT nps(rollup(s)) = (SELECT nps FROM whole) AS same FROM (SELECT plain FROM whole UNION ALL VALUES (NULL), (nps_summary(0, 0, 0))) AS v(s);
-- sums of weights against numeric ones
SELECT abs(weighted_nps - (SELECT 100 * (sum(weight::numeric) FILTER (WHERE score >= 9) - sum(weight::numeric) FILTER (WHERE score <= 6)) / sum(weight::numeric) FROM voice_merge)) < 1e-11 AS same FROM whole;

-- workers
SET max_parallel_workers_per_gather = 2;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET parallel_leader_participation = off;
SELECT * FROM pg_temp.plan_of('SELECT nps(score), nps(score, weight), csat(score, 7), cronbach_alpha(items), driver_summary(outcome, drivers) FROM voice_merge');
SELECT * FROM pg_temp.plan_of('SELECT score, nps_summary(score) FROM voice_merge GROUP BY score');
SELECT * FROM pg_temp.plan_of('SELECT maturity_level(score::int, weight > 1) FROM voice_merge WHERE score > 0');
CREATE TEMP TABLE parallel AS
SELECT nps_summary(score) AS plain, nps_summary(score, weight) AS weighted, csat_summary(score, 7) AS csat, item_summary(items) AS items, driver_summary(outcome, drivers) AS drivers,
       nps(score) AS nps, nps(score, weight) AS weighted_nps, csat(score, 7) AS csat_of, cronbach_alpha(items) AS alpha FROM voice_merge;
SELECT pg_temp.bytes(w.plain, w.weighted, w.csat, w.items, w.drivers) = pg_temp.bytes(p.plain, p.weighted, p.csat, p.items, p.drivers) AS same, (w.nps, w.weighted_nps, w.csat_of, w.alpha) = (p.nps, p.weighted_nps, p.csat_of, p.alpha) AS same_faces FROM whole AS w, parallel AS p;
-- partitions cut across the groups
CREATE TABLE voice_parted (LIKE voice_merge) PARTITION BY RANGE (n);
CREATE TABLE voice_parted_1 PARTITION OF voice_parted FOR VALUES FROM (MINVALUE) TO (2000);
CREATE TABLE voice_parted_2 PARTITION OF voice_parted FOR VALUES FROM (2000) TO (MAXVALUE);
INSERT INTO voice_parted SELECT * FROM voice_merge;
ANALYZE voice_parted;
SET enable_partitionwise_aggregate = on;
SELECT pg_temp.bytes(plain, weighted, csat, items, drivers) = (SELECT pg_temp.bytes(nps_summary(score), nps_summary(score, weight), csat_summary(score, 7), item_summary(items), driver_summary(outcome, drivers)) FROM voice_parted) AS same FROM whole;
RESET enable_partitionwise_aggregate;
SET jit = on;
SET jit_above_cost = 0;
SELECT nps(score) = (SELECT nps FROM whole) AS nps, nps(score, weight) = (SELECT weighted_nps FROM whole) AS weighted, cronbach_alpha(items) = (SELECT alpha FROM whole) AS alpha FROM voice_merge;
SET max_parallel_workers_per_gather = 0;
SELECT sum(same::int) AS groups FROM (SELECT nps(score) = 100.0 * (count(*) FILTER (WHERE score >= 9) - count(*) FILTER (WHERE score <= 6)) / count(*) AS same FROM voice_merge GROUP BY n % 40) AS s;
DROP TABLE voice_merge, voice_parted;
