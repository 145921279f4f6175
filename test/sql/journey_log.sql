-- Journey logs: what they hold, in which order, and what they answer.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

CREATE TEMP TABLE touches (customer integer, at timestamptz, stage text);
INSERT INTO touches VALUES
    (1, '2026-01-05 10:00:00', 'visit'), (1, '2026-01-05 10:00:00', 'visit'),
    (1, '2026-01-05 10:20:00.123456', 'cart'), (1, '2026-01-04 09:00:00', 'visit'),
    (1, NULL, 'cart'), (1, '2026-01-04 09:00:00', NULL), (1, '2026-01-09 12:00:00', 'pay'),
    (2, '2026-01-05 10:00:00', 'zoo'), (2, '2026-01-05 10:00:00', 'Zoo'),
    (2, '2026-01-05 10:00:00', 'zoo keeper'), (2, '2026-01-05 10:00:00', ''), (2, '2026-01-05 10:00:00', 'ä'),
    (3, '2026-01-05 10:00:00', NULL), (3, NULL, 'visit'), (3, NULL, NULL);

-- equal rows stand as often as they happened; rows of one instant are in C order
SELECT customer, journey_log(at, stage) FROM touches GROUP BY customer ORDER BY customer;
SELECT journey_log(at, stage) FROM touches WHERE false;
SELECT customer, e.* FROM (SELECT customer, journey_log(at, stage) AS log FROM touches GROUP BY customer) AS t, entries(log) AS e
ORDER BY customer, e.at, e.stage COLLATE "C";

-- stages, runs collapsed or not
CREATE TEMP TABLE logs AS SELECT customer, journey_log(at, stage) AS log FROM touches GROUP BY customer;
SELECT customer, stages(log), stages(log, false), stages(log, collapse => true) FROM logs ORDER BY customer;
SELECT stages('[]'::cv_journey_log), stages(NULL::cv_journey_log), (SELECT count(*) FROM entries('[]'::cv_journey_log));
SELECT stages('[["2026-01-01 00:00:00Z","a"],["2026-01-01 00:00:01Z","a"],["2026-01-01 00:00:02Z","b"],["2026-01-01 00:00:03Z","a"]]'::cv_journey_log);

-- merging
SELECT rollup(log) FROM logs;
SELECT rollup(log) FROM (VALUES (NULL::cv_journey_log), (NULL)) AS t(log);
SELECT rollup(log) FROM (VALUES (NULL), ('[]'::cv_journey_log)) AS t(log);
SELECT rollup(log)::text = (SELECT journey_log(at, stage)::text FROM touches) AS same FROM logs;

-- instants must be finite; the first and the last one
SELECT pg_temp.error_of($$SELECT journey_log('infinity'::timestamptz, 'a')$$);
SELECT pg_temp.error_of($$SELECT journey_log('-infinity'::timestamptz, 'a')$$);
SELECT journey_log('infinity'::timestamptz, NULL) IS NULL AS ignored;
SELECT journey_log(at, 'x'), journey_log(at, 'x')::text::cv_journey_log::text = journey_log(at, 'x')::text AS same
FROM (VALUES (timestamptz '4714-11-24 00:00:00+00 BC'), ('294276-12-31 23:59:59.999999+00'), ('0001-01-01'), ('2000-01-01')) AS t(at);

-- many stages, long ones, many rows: as SQL has them
CREATE TEMP TABLE many AS
SELECT n, timestamptz '2026-01-01' + ((n * 7919) % 5003) * interval '1 minute' AS at,
       CASE WHEN n % 10 = 0 THEN repeat('long ', n % 300) || n % 7 ELSE 'stage ' || (n * 31) % 1500 END AS stage
FROM generate_series(1, 20000) AS n;
SELECT stages(log, false) = (SELECT array_agg(stage ORDER BY at, stage COLLATE "C") FROM many) AS same_stages,
       (SELECT array_agg(at) FROM entries(log)) = (SELECT array_agg(at ORDER BY at) FROM many) AS same_instants,
       (SELECT count(DISTINCT stage) FROM many) AS stages
FROM (SELECT journey_log(at, stage) AS log FROM many) AS t;
-- each name is stored once
SELECT pg_column_size(journey_log(at, repeat('x', 1000))) < 20000 * 16 + 2000 AS small FROM many;

-- as jsonb
SELECT jsonb_typeof(log::jsonb), log::jsonb -> 0 ->> 1 AS first_stage FROM logs WHERE customer = 1;

-- the support functions are of no use by themselves, and do no harm
SELECT call, regexp_replace(pg_temp.error_of('SELECT ' || call), '\d{3,}', 'N')
FROM unnest(ARRAY['journey_log_trans(NULL, now(), ''a'')', 'journey_log_trans(''[]'', now(), ''a'')', 'journey_log_combine(''[]'', ''[]'')',
                  'journey_log_final(NULL)', 'journey_log_final(''[]'')', 'funnel_summary_trans(NULL, NULL)', 'funnel_summary_combine(NULL, NULL)',
                  'journey_graph_trans(NULL, ''[]'')', 'window_funnel_trans(NULL, ''1 h'', ''exact'', now(), ''{t}'')', 'condition_log_combine(NULL, NULL)',
                  'sequence_trans(NULL, ''(?1)'', now(), ''{t}'')', 'retention_trans(NULL, ''{t}'')',
                  'sequence_next_node_trans(NULL, ''forward'', ''head'', now(), ''a'', true, ''{t}'')']) AS call;

-- a log of a running window is not changed by later rows
SELECT n, journey_log(timestamptz '2026-01-10' - n * interval '1 day', 'stage ' || n) OVER (ORDER BY n) AS log
FROM generate_series(1, 3) AS n ORDER BY n;
-- aggregates of one's own whose state is no stored form
CREATE AGGREGATE pg_temp.open_log(timestamptz, text) (SFUNC = journey_log_trans, STYPE = cv_journey_log, INITCOND = '[["2026-01-01 00:00:00Z", "first"]]');
SELECT pg_temp.open_log(at, stage), stages(pg_temp.open_log(at, stage)), length(cv_journey_log_send(pg_temp.open_log(at, stage))) = length(cv_journey_log_send(pg_temp.open_log(at, stage)::text::cv_journey_log)) AS same
FROM touches WHERE customer = 1;
