-- Journey logs, summaries, graphs and states as text, as jsonb and in binary.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

CREATE TEMP TABLE values_of (type text, id integer, value text);
INSERT INTO values_of VALUES
    ('cv_journey_log', 1, '[["2026-01-05 10:00:00+00", "visit"], ["2026-01-05 10:00:00+00", "visit"], ["2026-01-06 00:00:00.5+00", "a \"quoted\" \\ name\n\u00e4"]]'),
    ('cv_journey_log', 2, '[]'),
    ('cv_journey_log', 3, '  [ [ "0044-03-15 12:00:00+01 BC" , "b" ] , ["4714-11-24 00:00:00Z BC", ""], ["294276-12-31T23:59:59.999999-00:00", "z"]]'),
    ('cv_funnel_summary', 1, '{"customers": 9, "steps": 3, "gaps": [[1, 0, 5], [2, 60000000, 3], [2, 0, 1], [3, 9223372036854775807, 2]]}'),
    ('cv_funnel_summary', 2, '{"gaps": [], "steps": 0, "customers": 0}'),
    ('cv_journey_graph', 1, '{"journeys": 2, "passages": [[null, "b", 0, 1, 1], ["b", null, 0, 1, 1], [null, "a", 0, 1, 1], ["a", "a", 5, 2, 1], ["a", "a", 4, 1, 0], ["a", null, 0, 1, 1]]}'),
    ('cv_journey_graph', 2, '{"journeys": 0, "passages": []}'),
    ('cv_condition_log', 1, '{"rule": "exact", "within": 604800000000, "conditions": 3, "rows": [["2026-01-05 10:30:00+00", 5], ["2026-01-05 10:30:00+00", 1], ["2026-01-04 10:30:00+00", 4]]}'),
    ('cv_condition_log', 2, '{"rule": "strict_order, allow_reentry", "within": 0, "conditions": 32, "rows": [["2026-01-05 10:30:00+00", 4294967295], ["2026-01-05 10:30:00+00", 0]]}'),
    ('cv_condition_log', 3, '{"rule": "(?1)(?t<=3600).*(?2)", "within": null, "conditions": 2, "rows": []}'),
    ('cv_node_log', 1, '{"rule": "forward head", "conditions": 2, "rows": [["2026-01-05 10:30:00+00", "node", 2147483650], ["2026-01-05 10:30:00+00", "Node", 0], ["2026-01-05 10:30:00+00", "node", 1]]}'),
    ('cv_node_log', 2, '{"rule": "backward last_match", "conditions": 31, "rows": []}'),
    ('cv_condition_union', 1, '[3, 5]'), ('cv_condition_union', 2, ' [32, 4294967295]');

-- each reads, prints, and reads back to the same bytes
CREATE FUNCTION pg_temp.forms(type text, value text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    result text[];
BEGIN
    EXECUTE format('SELECT ARRAY[v::text, %1$s_send(v)::text, (v::text::%1$s)::text, %1$s_send(v::text::%1$s)::text] FROM (SELECT %2$L::%1$s AS v) AS t', type, value) INTO result;
    RETURN result;
END $$;
SELECT type, id, f[1] AS text, f[1] = f[3] AND f[2] = f[4] AS same FROM values_of, pg_temp.forms(type, value) AS f ORDER BY type, id;
SELECT type, id, f[2] AS bytes FROM values_of, pg_temp.forms(type, value) AS f WHERE id = 1 ORDER BY type;
-- the same whatever the session's settings
CREATE FUNCTION pg_temp.forms_in(style text, zone text, intervals text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('datestyle', style, true), set_config('timezone', zone, true), set_config('intervalstyle', intervals, true);
    RETURN (SELECT md5(string_agg(pg_temp.forms(type, value)::text, ' ' ORDER BY type, id)) FROM values_of);
END $$;
SELECT count(DISTINCT pg_temp.forms_in(style, zone, intervals)) AS forms
FROM unnest(ARRAY['ISO, YMD', 'German', 'SQL, DMY', 'Postgres, MDY']) AS style, unnest(ARRAY['UTC', 'Asia/Kathmandu', 'America/Los_Angeles']) AS zone, unnest(ARRAY['postgres', 'iso_8601']) AS intervals;

-- in binary to a file and back
CREATE TEMP TABLE binary_out AS SELECT id, CASE type WHEN 'cv_journey_log' THEN value::cv_journey_log END AS log, CASE type WHEN 'cv_funnel_summary' THEN value::cv_funnel_summary END AS summary,
    CASE type WHEN 'cv_journey_graph' THEN value::cv_journey_graph END AS graph, CASE type WHEN 'cv_condition_log' THEN value::cv_condition_log END AS conditions,
    CASE type WHEN 'cv_node_log' THEN value::cv_node_log END AS nodes, CASE type WHEN 'cv_condition_union' THEN value::cv_condition_union END AS met FROM values_of;
INSERT INTO binary_out (id, log) SELECT 100, journey_log(timestamptz '2026-01-01' + n * interval '1 minute', 'stage ' || n % 100) FROM generate_series(1, 5000) AS n;
CREATE TEMP TABLE binary_in (LIKE binary_out);
\copy binary_out TO 'results/journey_io.bin' (FORMAT binary)
\copy binary_in FROM 'results/journey_io.bin' (FORMAT binary)
SELECT (SELECT md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM binary_out AS t) = (SELECT md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM binary_in AS t) AS same,
       (SELECT count(*) FROM binary_in) AS rows;

-- malformed texts
SELECT type, value, pg_temp.error_of(format('SELECT %L::%s', value, type)) AS error
FROM (VALUES
    (1, 'cv_journey_log', ''), (2, 'cv_journey_log', 'null'), (3, 'cv_journey_log', '{}'), (4, 'cv_journey_log', '["2026-01-05 10:00:00+00", "a"]'), (5, 'cv_journey_log', '[["2026-01-05 10:00:00+00"]]'),
    (6, 'cv_journey_log', '[["2026-01-05 10:00:00+00", "a", "b"]]'), (7, 'cv_journey_log', '[["2026-01-05 10:00:00+00", null]]'), (8, 'cv_journey_log', '[["2026-01-05 10:00:00+00", 1]]'),
    (9, 'cv_journey_log', '[[null, "a"]]'), (10, 'cv_journey_log', '[["2026-01-05 10:00:00", "a"]]'), (11, 'cv_journey_log', '[["2026-01-05", "a"]]'), (12, 'cv_journey_log', '[["now", "a"]]'),
    (13, 'cv_journey_log', '[["infinity", "a"]]'), (14, 'cv_journey_log', '[["2026-02-30 10:00:00+00", "a"]]'), (15, 'cv_journey_log', '[["294277-01-01 00:00:00+00", "a"]]'), (16, 'cv_journey_log', '[["2026-01-05 10:00:00.1234567+00", "a"]]'),
    (17, 'cv_journey_log', '[["2026-01-05 10:00:00 Europe/Berlin", "a"]]'), (18, 'cv_journey_log', '[["05/01/2026 10:00:00+00", "a"]]'),
    (21, 'cv_funnel_summary', '{}'), (22, 'cv_funnel_summary', '{"customers": -1, "steps": 1, "gaps": []}'), (23, 'cv_funnel_summary', '{"customers": 1, "steps": 33, "gaps": []}'),
    (24, 'cv_funnel_summary', '{"customers": 1, "steps": 1, "gaps": [[2, 0, 1]]}'), (25, 'cv_funnel_summary', '{"customers": 1, "steps": 1, "gaps": [[1, 5, 1]]}'), (26, 'cv_funnel_summary', '{"customers": 1, "steps": 1, "gaps": [[1, 0, 0]]}'),
    (27, 'cv_funnel_summary', '{"customers": 1, "steps": 1, "gaps": [[1, 0, 2]]}'), (28, 'cv_funnel_summary', '{"customers": 2, "steps": 2, "gaps": [[1, 0, 1], [2, 7, 2]]}'), (29, 'cv_funnel_summary', '{"customers": 2, "steps": 2, "gaps": [[1, 0, 4294967296]]}'),
    (30, 'cv_funnel_summary', '{"customers": 2, "steps": 2, "gaps": [[1, 0, 1]], "more": 1}'), (31, 'cv_funnel_summary', '{"customers": 2, "steps": 2, "gaps": [[0, 0, 1]]}'),
    (41, 'cv_journey_graph', '[]'), (42, 'cv_journey_graph', '{"journeys": 1, "passages": []}'), (43, 'cv_journey_graph', '{"journeys": 1, "passages": [[null, "a", 0, 1, 1]]}'),
    (44, 'cv_journey_graph', '{"journeys": 1, "passages": [[null, null, 5, 1, 1]]}'), (45, 'cv_journey_graph', '{"journeys": 1, "passages": [[null, null, 0, 1, 2]]}'), (46, 'cv_journey_graph', '{"journeys": 1, "passages": [[null, "(exit)", 0, 1, 1]]}'),
    (47, 'cv_journey_graph', '{"journeys": 1, "passages": [[1, null, 0, 1, 1]]}'), (48, 'cv_journey_graph', '{"journeys": 1, "passages": [[null, null, 0, 0, 0]]}'),
    (51, 'cv_condition_log', '{"rule": "wrong", "within": 1, "conditions": 1, "rows": []}'), (52, 'cv_condition_log', '{"rule": "(?1", "within": null, "conditions": 1, "rows": []}'), (53, 'cv_condition_log', '{"rule": "(?2)", "within": null, "conditions": 1, "rows": []}'),
    (54, 'cv_condition_log', '{"rule": "exact", "within": -1, "conditions": 1, "rows": []}'), (55, 'cv_condition_log', '{"rule": "exact", "within": 1, "conditions": 33, "rows": []}'), (56, 'cv_condition_log', '{"rule": "exact", "within": 1, "conditions": 0, "rows": []}'),
    (57, 'cv_condition_log', '{"rule": "exact", "within": 1, "conditions": 2, "rows": [["2026-01-05 10:00:00+00", 4]]}'), (58, 'cv_condition_log', '{"rule": "exact", "within": 1, "conditions": 2, "rows": [["2026-01-05 10:00:00+00", 0]]}'),
    (59, 'cv_condition_log', '{"rule": "exact", "within": 1, "conditions": 2, "rows": [["2026-01-05 10:00:00+00", -1]]}'), (60, 'cv_condition_log', '{"rule": null, "within": 1, "conditions": 2, "rows": []}'), (61, 'cv_condition_log', '{"rule": "exact", "conditions": 2, "rows": []}'),
    (71, 'cv_node_log', '{"rule": "forward", "conditions": 1, "rows": []}'), (72, 'cv_node_log', '{"rule": "forward tail", "conditions": 1, "rows": []}'), (73, 'cv_node_log', '{"rule": "forward head", "conditions": 32, "rows": []}'),
    (74, 'cv_node_log', '{"rule": "forward head", "conditions": 1, "rows": [["2026-01-05 10:00:00+00", null, 1]]}'), (75, 'cv_node_log', '{"rule": "forward head", "conditions": 1, "rows": [["2026-01-05 10:00:00+00", "a", 2]]}'),
    (81, 'cv_condition_union', '[]'), (82, 'cv_condition_union', '[33, 1]'), (83, 'cv_condition_union', '[2, 4]'), (84, 'cv_condition_union', '[2]'), (85, 'cv_condition_union', '[2, -1]'), (86, 'cv_condition_union', '[1, 1, 1]')) AS t(id, type, value)
ORDER BY id;

-- corrupt binary values
CREATE TEMP TABLE received (log cv_journey_log);
CREATE TEMP TABLE sent AS SELECT cv_journey_log_send(value::cv_journey_log) AS bytes FROM values_of WHERE type = 'cv_journey_log' AND id = 1;
-- unchanged
SELECT pg_temp.copy_file(bytes) AS file FROM sent \gset
\lo_export :file results/journey_io.bin
\copy received FROM 'results/journey_io.bin' (FORMAT binary)
SELECT count(*) FROM received;
-- an unknown version
SELECT pg_temp.copy_file(set_byte(bytes, 0, 2)) AS file FROM sent \gset
\lo_export :file results/journey_io.bin
\copy received FROM 'results/journey_io.bin' (FORMAT binary)
-- an unknown flag, and that of an open state
SELECT pg_temp.copy_file(set_byte(bytes, 1, 64)) AS file FROM sent \gset
\lo_export :file results/journey_io.bin
\copy received FROM 'results/journey_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(set_byte(bytes, 1, 1)) AS file FROM sent \gset
\lo_export :file results/journey_io.bin
\copy received FROM 'results/journey_io.bin' (FORMAT binary)
-- more names than bytes, a negative number of them
SELECT pg_temp.copy_file(set_byte(bytes, 8, 255)) AS file FROM sent \gset
\lo_export :file results/journey_io.bin
\copy received FROM 'results/journey_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(set_byte(bytes, 2, 255)) AS file FROM sent \gset
\lo_export :file results/journey_io.bin
\copy received FROM 'results/journey_io.bin' (FORMAT binary)
-- a name longer than what is left
SELECT pg_temp.copy_file(set_byte(bytes, 12, 255)) AS file FROM sent \gset
\lo_export :file results/journey_io.bin
\copy received FROM 'results/journey_io.bin' (FORMAT binary)
-- a stage that is not there: the last number
SELECT pg_temp.copy_file(set_byte(bytes, length(bytes) - 1, 9)) AS file FROM sent \gset
\lo_export :file results/journey_io.bin
\copy received FROM 'results/journey_io.bin' (FORMAT binary)
-- cut short, and longer
SELECT pg_temp.copy_file(substr(bytes, 1, length(bytes) - 1)) AS file FROM sent \gset
\lo_export :file results/journey_io.bin
\copy received FROM 'results/journey_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(bytes || '\x00') AS file FROM sent \gset
\lo_export :file results/journey_io.bin
\copy received FROM 'results/journey_io.bin' (FORMAT binary)
SELECT count(*) FROM received;
SELECT count(lo_unlink(oid)) > 0 AS cleaned FROM pg_largeobject_metadata;
