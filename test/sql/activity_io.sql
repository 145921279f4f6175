-- Logs as text, as jsonb and in binary.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

CREATE TEMP TABLE logs (id integer, log cv_activity_log);
INSERT INTO logs VALUES
    (1, '[["2026-01-05", 19.99, 1], ["2026-01-09", -5, 0], ["2026-02-01", 0, 3]]'),
    (2, '[]'),
    (3, '[["2026-01-05", 0.000001, 1], ["2026-01-06", -0.000001, 2]]'),
    (4, '[["4714-11-24 BC", 9223372036854.775807, 2147483647], ["5874897-12-31", -9223372036854.775807, 0]]');
INSERT INTO logs
SELECT 5, activity_log(date '2020-01-01' + n * 7 % 1000, n * 0.37 - 20)
FROM generate_series(1, 500) AS n;

-- text
SELECT id, log FROM logs WHERE id < 5 ORDER BY id;
SELECT '  [ [ "2026-01-05" , 1.500000 , 1 ] ]  '::cv_activity_log;
SELECT '[["2026-01-05", -0, 0], ["2026-01-06", 1.0, 1]]'::cv_activity_log;

-- the same text whatever the session's settings, and it reads back to the same bytes
CREATE FUNCTION pg_temp.forms(style text, intervals text, digits text, zone text) RETURNS text[]
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('datestyle', style, true), set_config('intervalstyle', intervals, true),
            set_config('extra_float_digits', digits, true), set_config('timezone', zone, true);
    RETURN (SELECT array_agg(log::text || cv_activity_log_send(log::text::cv_activity_log)::text ORDER BY id)
            FROM logs);
END $$;
SELECT count(DISTINCT pg_temp.forms(style, intervals, digits, zone)) AS forms
FROM unnest(ARRAY['ISO, YMD', 'ISO, DMY', 'German', 'SQL, MDY', 'SQL, DMY', 'Postgres, DMY']) AS style,
     unnest(ARRAY['postgres', 'iso_8601', 'sql_standard']) AS intervals,
     unnest(ARRAY['-15', '0', '3']) AS digits,
     unnest(ARRAY['UTC', 'Asia/Tokyo', 'America/Los_Angeles']) AS zone;
RESET ALL;
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';

-- jsonb
SELECT id, jsonb_typeof(log::jsonb) AS type, jsonb_array_length(log::jsonb) AS entries,
       log::jsonb::text = log::text AS same_text
FROM logs ORDER BY id;
CREATE TEMP TABLE documents (log jsonb);
INSERT INTO documents SELECT log FROM logs WHERE id = 1;
SELECT log -> 0 ->> 0 AS first_day, log FROM documents;

-- binary: to a file and back
CREATE TEMP TABLE logs_again (LIKE logs);
\copy (SELECT id, log FROM logs ORDER BY id) TO 'results/activity_io.bin' (FORMAT binary)
\copy logs_again FROM 'results/activity_io.bin' (FORMAT binary)
SELECT count(*), bool_and(a.log::text = b.log::text
           AND cv_activity_log_send(a.log) = cv_activity_log_send(b.log)) AS same
FROM logs AS a JOIN logs_again AS b USING (id);
SELECT cv_activity_log_send(log) FROM logs WHERE id = 1;

-- malformed texts
SELECT text, pg_temp.error_of(format('SELECT %L::cv_activity_log', text)) AS error
FROM (VALUES
    (1, ''), (2, 'nonsense'), (3, 'null'), (4, '3'), (5, '"2026-01-05"'),
    (6, '[["2026-01-05", 1, 1]'),
    (7, '[["2026-01-05", 1, 1]] x'),
    (8, '["2026-01-05", 1, 1]'),
    (9, '[["2026-01-05"]]'),
    (10, '[["2026-01-05", 1]]'),
    (11, '[["2026-01-05", 1, 1, 1]]'),
    (12, '[["2026-01-05", 1], ["2026-01-06", 1, 1]]'),
    (13, '[[1, 1, 1]]'),
    (14, '[[null, 1, 1]]'),
    (15, '[["2026-01-05", null, 1]]'),
    (16, '[["2026-01-05", "1", 1]]'),
    (17, '[["2026-01-05", true, 1]]'),
    (18, '[["2026-01-05", 1e3, 1]]'),
    (19, '[["2026-01-05", 0.0000001, 1]]'),
    (20, '[["2026-01-05", 9223372036854.775808, 1]]'),
    (21, '[["2026-01-05", 92233720368547758070, 1]]'),
    (22, '[["2026-01-05", 1, null]]'),
    (23, '[["2026-01-05", 1, "1"]]'),
    (24, '[["2026-01-05", 1, 1.5]]'),
    (25, '[["2026-01-05", 1, -1]]'),
    (26, '[["2026-01-05", 1, 2147483648]]'),
    (27, '[["2026-01-05", 1, 99999999999999999999]]'),
    (28, '[["2026-01-05", 1, 0]]'),
    (29, '[["2026-01-05", 1, 1], ["2026-01-05", 1, 1]]'),
    (30, '[["2026-01-06", 1, 1], ["2026-01-05", 1, 1]]'),
    (31, '[["2026-02-30", 1, 1]]'),
    (32, '[["yesteryear", 1, 1]]'),
    (33, '[["infinity", 1, 1]]'),
    (34, '[["-infinity", 1, 1]]'),
    (35, '[["5874898-01-01", 1, 1]]'),
    (36, '[[["2026-01-05", 1, 1]]]'),
    (37, '[[[[[[[[[[[[1]]]]]]]]]]]]')) AS t(id, text)
ORDER BY id;

-- the meaning of a text depends neither on the clock nor on DateStyle
SET datestyle = 'ISO, MDY';
SELECT text, left(pg_temp.error_of(format('SELECT %L::cv_activity_log', text)), 2) AS error_class
FROM (VALUES (1, '[["today", 1, 1]]'), (2, '[["now", 1, 1]]'), (3, '[["01/02/2026", 1, 1]]')) AS t(id, text)
ORDER BY id;
SET datestyle = 'ISO, YMD';

-- corrupt binary values
CREATE TEMP TABLE received (log cv_activity_log);
CREATE TEMP TABLE sent AS SELECT cv_activity_log_send(log) AS bytes FROM logs WHERE id = 1;

-- unchanged
SELECT pg_temp.copy_file(bytes) AS file FROM sent \gset
\lo_export :file results/activity_io.bin
\copy received FROM 'results/activity_io.bin' (FORMAT binary)
SELECT log FROM received;
-- an unknown version
SELECT pg_temp.copy_file(set_byte(bytes, 0, 2)) AS file FROM sent \gset
\lo_export :file results/activity_io.bin
\copy received FROM 'results/activity_io.bin' (FORMAT binary)
-- an unknown flag
SELECT pg_temp.copy_file(set_byte(bytes, 1, 64)) AS file FROM sent \gset
\lo_export :file results/activity_io.bin
\copy received FROM 'results/activity_io.bin' (FORMAT binary)
-- the flag of an unsorted state
SELECT pg_temp.copy_file(set_byte(bytes, 1, 1)) AS file FROM sent \gset
\lo_export :file results/activity_io.bin
\copy received FROM 'results/activity_io.bin' (FORMAT binary)
-- more entries than bytes
SELECT pg_temp.copy_file(set_byte(bytes, 9, 200)) AS file FROM sent \gset
\lo_export :file results/activity_io.bin
\copy received FROM 'results/activity_io.bin' (FORMAT binary)
-- a negative number of entries
SELECT pg_temp.copy_file(set_byte(bytes, 2, 255)) AS file FROM sent \gset
\lo_export :file results/activity_io.bin
\copy received FROM 'results/activity_io.bin' (FORMAT binary)
-- fewer entries than bytes
SELECT pg_temp.copy_file(set_byte(bytes, 9, 1)) AS file FROM sent \gset
\lo_export :file results/activity_io.bin
\copy received FROM 'results/activity_io.bin' (FORMAT binary)
-- truncated
SELECT pg_temp.copy_file(substr(bytes, 1, 20)) AS file FROM sent \gset
\lo_export :file results/activity_io.bin
\copy received FROM 'results/activity_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file('') AS file FROM sent \gset
\lo_export :file results/activity_io.bin
\copy received FROM 'results/activity_io.bin' (FORMAT binary)
-- days out of order
SELECT pg_temp.copy_file(set_byte(bytes, 10, 1)) AS file FROM sent \gset
\lo_export :file results/activity_io.bin
\copy received FROM 'results/activity_io.bin' (FORMAT binary)
-- an infinite day
SELECT pg_temp.copy_file(overlay(bytes PLACING '\x7fffffff'::bytea FROM 11)) AS file FROM sent \gset
\lo_export :file results/activity_io.bin
\copy received FROM 'results/activity_io.bin' (FORMAT binary)
-- a negative number of purchases
SELECT pg_temp.copy_file(set_byte(bytes, 22, 255)) AS file FROM sent \gset
\lo_export :file results/activity_io.bin
\copy received FROM 'results/activity_io.bin' (FORMAT binary)
-- a positive amount on a day without purchases
SELECT pg_temp.copy_file(set_byte(bytes, 25, 0)) AS file FROM sent \gset
\lo_export :file results/activity_io.bin
\copy received FROM 'results/activity_io.bin' (FORMAT binary)
SELECT count(*) FROM received;
SELECT count(lo_unlink(oid)) > 0 AS cleaned FROM pg_largeobject_metadata;
