-- Summaries of journeys: exact in any order and partition, from logs, as text and in binary.
\set SHOW_CONTEXT never
SET intervalstyle = 'postgres';
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET extra_float_digits = 0;
\pset null (null)
\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

-- tenths and thirds add up exactly, large to small
SELECT attribution_summary('{a}', c, v, n) FROM (VALUES (0.1::float8, 9.2e12::float8, 0.3::float8), (0.2, 0.000001, 0.6), (1 / 3.0, 1e-17, 0), (1e12, 0.1, 1e-18)) AS v(c, v, n);
SELECT attribution_summary('{a}', 1000000, 0.1, 0) FROM generate_series(1, 10);

CREATE TABLE attribution_rows AS
SELECT i, (SELECT array_agg('c' || pg_temp.draw('touch' || i || ' ' || n, 5 + i % 40) ORDER BY n) FROM generate_series(1, 1 + i % 4) AS n) AS path, i % 3 / 7.0::float8 AS conversions, CASE WHEN i % 3 > 0 THEN i / 11.0::float8 ELSE 0 END AS value, i % 5 / 3.0::float8 AS nulls
FROM generate_series(1, 4000) AS i;
CREATE TABLE attribution_logs AS
SELECT i, (SELECT journey_log('2026-01-01'::timestamptz + i * interval '1 hour' + pg_temp.draw('at' || i || ' ' || n, 2000000) * interval '1 second', 'c' || pg_temp.draw('touch' || i || ' ' || n, 9)) FROM generate_series(1, i % 7) AS n) AS log,
       CASE WHEN i % 3 > 0 THEN '2026-01-01'::timestamptz + i * interval '1 hour' + pg_temp.draw('converted' || i, 2000000) * interval '1 second' END AS converted_at, i / 13.0::float8 AS value
FROM generate_series(1, 2000) AS i;
ANALYZE attribution_rows, attribution_logs;
CREATE TEMP TABLE whole AS
SELECT 'paths' AS what, attribution_summary(path, conversions, value, nulls) AS summary FROM attribution_rows
UNION ALL SELECT 'logs', attribution_summary(log, converted_at, value) FROM attribution_logs;

-- in any order and partition, as a tree, as a window, in parallel: to the last bit
SELECT (SELECT summary::text FROM whole WHERE what = 'paths') = (SELECT attribution_summary(path, conversions, value, nulls ORDER BY md5(i::text))::text FROM attribution_rows) AS paths_shuffled,
       (SELECT summary::text FROM whole WHERE what = 'paths') = (SELECT attribution_summary(path, conversions, value, nulls ORDER BY i DESC)::text FROM attribution_rows) AS paths_backwards,
       (SELECT summary::text FROM whole WHERE what = 'logs') = (SELECT attribution_summary(log, converted_at, value ORDER BY md5(i::text))::text FROM attribution_logs) AS logs_shuffled,
       (SELECT cv_attribution_summary_send(summary) FROM whole WHERE what = 'logs') = (SELECT cv_attribution_summary_send(attribution_summary(log, converted_at, value ORDER BY i DESC)) FROM attribution_logs) AS logs_backwards;
SELECT parts, (SELECT summary::text FROM whole WHERE what = 'paths') = rollup(paths ORDER BY md5(part::text))::text AS paths, (SELECT summary::text FROM whole WHERE what = 'logs') = rollup(logs ORDER BY md5('x' || part::text))::text AS logs
FROM (SELECT parts, pg_temp.draw(parts || 'part' || i, parts) AS part, attribution_summary(path, conversions, r.value, nulls) AS paths, attribution_summary(log, converted_at, l.value) AS logs
      FROM unnest(ARRAY[1, 2, 7, 64, 1000]) AS parts, attribution_rows AS r LEFT JOIN attribution_logs AS l USING (i) GROUP BY 1, 2) AS p GROUP BY parts ORDER BY parts;
SELECT rollup(half)::text = (SELECT summary::text FROM whole WHERE what = 'logs') AS tree
FROM (SELECT rollup(part) AS half FROM (SELECT i % 16 AS r, attribution_summary(log, converted_at, value) AS part FROM attribution_logs GROUP BY 1) AS p GROUP BY r / 5) AS h;
SELECT bool_and(a.total = w.n) AS running FROM (SELECT row_number() OVER o AS n, attribution_summary(ARRAY['c' || i % 3, 'c' || i % 5], 1, 0, 0) OVER o AS s FROM attribution_rows WHERE i <= 200 WINDOW o AS (ORDER BY i)) AS w, LATERAL (SELECT round(sum(conversions)) AS total FROM attribution(s, 'last')) AS a;
SET min_parallel_table_scan_size = 0; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT attribution_summary(path, conversions, value, nulls) FROM attribution_rows;
EXPLAIN (COSTS OFF) SELECT attribution_summary(log, converted_at, value) FROM attribution_logs;
CREATE TEMP TABLE together AS SELECT attribution_summary(path, conversions, value, nulls) AS summary FROM attribution_rows;
INSERT INTO together SELECT attribution_summary(log, converted_at, value) FROM attribution_logs;
SET max_parallel_workers_per_gather = 0;
SELECT count(*) FROM whole JOIN together ON whole.summary::text = together.summary::text;
-- so answers are the same to the last bit
SELECT count(DISTINCT answer) FROM (SELECT (SELECT array_agg(a::text) FROM attribution(summary, markov_order => 2) AS a) AS answer FROM (SELECT summary FROM whole WHERE what = 'paths' UNION ALL SELECT summary FROM together) AS s) AS a WHERE cardinality(answer) > 20;

-- from logs: touches up to the conversion, that instant included; without a conversion all of them
CREATE TEMP TABLE journeys (customer integer, at timestamptz, stage text);
INSERT INTO journeys VALUES (1, '2026-03-01 10:00', 'search'), (1, '2026-03-03 10:00', 'email'), (1, '2026-03-05 10:00', 'search'), (1, '2026-03-06 10:00', 'direct'),
    (2, '2026-03-02 12:00', 'email'), (3, '2026-03-02 12:00', 'search'), (3, '2026-03-02 12:00', 'email'), (3, '2026-03-02 12:00', 'email'), (4, '2026-03-09 00:00', 'email');
CREATE TEMP TABLE conversions AS SELECT * FROM (VALUES (1, timestamptz '2026-03-05 10:00', 50.5), (2, NULL, 99), (3, '2026-03-12 12:00', NULL), (4, '2026-03-08', 10)) AS v(customer, converted_at, value);
CREATE TEMP TABLE attributed AS SELECT attribution_summary(log, converted_at, value) AS summary FROM (SELECT customer, journey_log(at, stage) AS log FROM journeys GROUP BY customer) AS l JOIN conversions USING (customer);
SELECT summary FROM attributed;
SELECT method, a.* FROM attributed, unnest(ARRAY['first', 'last', 'time-decay', 'markov']) AS method, attribution(summary, method) AS a ORDER BY method, channel;
-- time-decay by definition: half for each half-life
SELECT half_life, count(*) AS channels, max(abs(a.conversions - e.conversions)) < 1e-9 AS conversions, max(abs(a.value - e.value) / e.value) < 1e-11 AS value
FROM whole, unnest(ARRAY['7 days', '1 day', '1 month', '3 hours', '1000 years']::interval[]) AS half_life, attribution(summary, 'time-decay', half_life => half_life) AS a
JOIN LATERAL (SELECT stage AS channel, sum(weight / total) AS conversions, sum(weight / total * value) AS value
              FROM (SELECT i, value, stage, weight, sum(weight) OVER (PARTITION BY i) AS total
                    FROM attribution_logs, entries(log) AS t(at, stage), LATERAL (SELECT 2 ^ (- extract(epoch FROM converted_at - at) / extract(epoch FROM half_life))::numeric AS weight) AS w WHERE at <= converted_at) AS t GROUP BY stage) AS e USING (channel)
WHERE what = 'logs' GROUP BY half_life ORDER BY half_life;
-- the touches of long ago count as the oldest, not as nothing
SELECT a.* FROM (SELECT attribution_summary(journey_log, '2026-01-01', 1) AS s FROM (SELECT journey_log(at, stage) FROM (VALUES (timestamptz '1026-01-01', 'old'), ('1026-01-01', 'as old')) AS v(at, stage)) AS l) AS x, attribution(s, 'time-decay', half_life => '1 microsecond') AS a;
-- logs and paths in one summary: all methods but time-decay
SELECT a.* FROM (SELECT rollup(s) AS s FROM (SELECT summary AS s FROM attributed UNION ALL SELECT attribution_summary('{email}', 1, 5, 0)) AS p) AS x, attribution(s, 'linear') AS a;
SELECT a.* FROM (SELECT rollup(s) AS s FROM (SELECT summary AS s FROM attributed UNION ALL SELECT attribution_summary('{email}', 1, 5, 0)) AS p) AS x, attribution(s, 'time-decay') AS a;
SELECT attribution_summary(NULL::cv_journey_log, now(), 1) IS NULL AS no_log, attribution_summary('[]'::cv_journey_log, '2026-01-01', 3) AS no_touch, attribution_summary('[]'::cv_journey_log, NULL, 3) AS nothing;
SELECT attribution_summary('[["2026-03-01 10:00:00+00", "search"]]'::cv_journey_log, 'infinity', 1);
SELECT attribution_summary('[["2026-03-01 10:00:00+00", "search"]]'::cv_journey_log, '2026-03-02', -1);
-- as old as can be
SELECT attribution_summary('[["4713-01-01 00:00:00+00 BC", "search"], ["294276-01-01 00:00:00+00", "email"]]'::cv_journey_log, '294276-12-31', 1);

-- text, jsonb and binary read back
SELECT what, summary::text::cv_attribution_summary::text = summary::text AS text, summary::jsonb::text::cv_attribution_summary::text = summary::text AS jsonb, jsonb_array_length(summary::jsonb) > 1000 AS paths FROM whole ORDER BY what;
\copy (SELECT what, summary FROM whole) TO 'results/attribution_summary.bin' WITH (FORMAT binary)
CREATE TEMP TABLE copied (what text, summary cv_attribution_summary);
\copy copied FROM 'results/attribution_summary.bin' WITH (FORMAT binary)
SELECT count(*), bool_and(a.summary::text = b.summary::text AND pg_column_size(a.summary::text::cv_attribution_summary) = pg_column_size(b.summary::text::cv_attribution_summary)) AS same FROM whole AS a JOIN copied AS b USING (what);
SELECT text::cv_attribution_summary FROM unnest(ARRAY['[]', ' [ [ [ "b" , "a" ] , 1.50 , 0 , 2 ] , [["a"],0,0,0.000000000000000001] , [["b","a"],1,7,0] ] ', '[[["a\u003e\"b\n", ""], 1, 0, 0, [5, 0]]]', '[[[], 1, 0, 0], [[], 1, 0, 0, []]]', '[[["a"], 170000000000000000000, 0, 0]]']) AS text;
SELECT text, pg_temp.error_of(format('SELECT %L::cv_attribution_summary', text)) AS error FROM unnest(ARRAY['', '1', '{}', '[1]', '[[]]', '[["a", 1, 0, 0]]', '[[["a"], 1, 0]]', '[[["a"], 1, 0, 0, [1], 2]]', '[[["a"], 1, 0, 0, 1]]', '[[[1], 1, 0, 0]]', '[[[null], 1, 0, 0]]', '[[[["a"]], 1, 0, 0]]',
    '[[["a"], [1], 0, 0]]', '[[["a"], {"b": 1}, 0, 0]]', '[[["a"], -1, 0, 0]]', '[[["a"], 1e3, 0, 0]]', '[[["a"], "1", 0, 0]]', '[[["a"], null, 0, 0]]', '[[["a"], 0.0000000000000000001, 0, 0]]', '[[["a"], 171000000000000000000, 0, 0]]', '[[["a"], 99999999999999999999999999999999999999999, 0, 0]]',
    '[[["a"], 0, 5, 0]]', '[[["a"], 0, 0, 5, [1]]]', '[[["a"], 1, 0, 0, []]]', '[[["a"], 1, 0, 0, [1, 2]]]', '[[["a"], 1, 0, 0, [-1]]]', '[[["a", "b"], 1, 0, 0, [1, 2]]]', '[[["a"], 1, 0, 0, [1.5]]]', '[[["a"], 1, 0, 0, ["1"]]]', '[[["a"], 170000000000000000000, 0, 0], [["a"], 170000000000000000000, 0, 0]]']) AS text;
-- sums beyond what is kept
SELECT attribution((rollup(s)), 'first') FROM unnest(ARRAY['[[["a"], 170000000000000000000, 0, 0]]', '[[["b"], 170000000000000000000, 0, 0]]']::cv_attribution_summary[]) AS s;
SELECT rollup(s) FROM unnest(ARRAY['[[["a"], 170000000000000000000, 0, 0]]', '[[["a"], 170000000000000000000, 0, 0]]']::cv_attribution_summary[]) AS s;

-- bytes that are none
CREATE TEMP TABLE received (summary cv_attribution_summary);
SELECT cv_attribution_summary_send('[[["a", "b"], 1, 0, 0, [2, 1]]]') AS bytes \gset
SELECT length(:'bytes'::bytea) AS bytes;
SELECT set_byte(:'bytes'::bytea, 0, 9) AS wrong \gset
SELECT pg_temp.copy_file(:'wrong') AS file \gset
\lo_export :file results/attribution_summary.bin
\copy received FROM 'results/attribution_summary.bin' WITH (FORMAT binary)
-- names: too many, too long, twice
SELECT set_byte(:'bytes'::bytea, 2, 1) AS wrong \gset
SELECT pg_temp.copy_file(:'wrong') AS file \gset
\lo_export :file results/attribution_summary.bin
\copy received FROM 'results/attribution_summary.bin' WITH (FORMAT binary)
SELECT overlay(:'bytes'::bytea PLACING 'a'::bytea FROM 20) AS wrong \gset
SELECT pg_temp.copy_file(:'wrong') AS file \gset
\lo_export :file results/attribution_summary.bin
\copy received FROM 'results/attribution_summary.bin' WITH (FORMAT binary)
-- a path too long, a channel that is none, one that is not used, ages that grow, a negative number
SELECT overlay(:'bytes'::bytea PLACING '\x7fffffff' FROM 29) AS wrong \gset
SELECT pg_temp.copy_file(:'wrong') AS file \gset
\lo_export :file results/attribution_summary.bin
\copy received FROM 'results/attribution_summary.bin' WITH (FORMAT binary)
SELECT overlay(:'bytes'::bytea PLACING '\x00000002' FROM 82) AS wrong \gset
SELECT pg_temp.copy_file(:'wrong') AS file \gset
\lo_export :file results/attribution_summary.bin
\copy received FROM 'results/attribution_summary.bin' WITH (FORMAT binary)
SELECT overlay(:'bytes'::bytea PLACING '\x00000001' FROM 82) AS wrong \gset
SELECT pg_temp.copy_file(:'wrong') AS file \gset
\lo_export :file results/attribution_summary.bin
\copy received FROM 'results/attribution_summary.bin' WITH (FORMAT binary)
SELECT overlay(:'bytes'::bytea PLACING '\x00000000000000ff' FROM 98) AS wrong \gset
SELECT pg_temp.copy_file(:'wrong') AS file \gset
\lo_export :file results/attribution_summary.bin
\copy received FROM 'results/attribution_summary.bin' WITH (FORMAT binary)
SELECT overlay(:'bytes'::bytea PLACING '\xff' FROM 34) AS wrong \gset
SELECT pg_temp.copy_file(:'wrong') AS file \gset
\lo_export :file results/attribution_summary.bin
\copy received FROM 'results/attribution_summary.bin' WITH (FORMAT binary)
SELECT count(*) FROM received;
SELECT count(lo_unlink(oid)) > 0 AS cleaned FROM pg_largeobject_metadata WHERE lomowner = (SELECT oid FROM pg_roles WHERE rolname = current_user);
DROP TABLE attribution_rows, attribution_logs;
