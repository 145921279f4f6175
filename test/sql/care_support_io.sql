-- Support summaries as text, as jsonb and in binary; what is none.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

CREATE TEMP TABLE summaries (id integer, summary cv_support_summary);
INSERT INTO summaries
SELECT 1, support_summary(created, reply, solved, 1, 0, '2026-03-04 12:30:00.25', '1 hour', '{"zone": "Asia/Tokyo", "hours": {"mon": [["09:00", "17:00"]]}, "holidays": ["2026-01-05"]}')
FROM (VALUES (timestamptz '2026-03-02 01:00', timestamptz '2026-03-02 01:10', timestamptz '2026-03-03 02:00'), ('2026-03-02 02:00', NULL, '2026-03-02 03:30'), ('2026-03-04 00:00', NULL, NULL)) AS v(created, reply, solved);
INSERT INTO summaries
SELECT 2, support_summary('2026-03-02', reply, solved, NULL, NULL, '0044-03-15 12:00+00 BC', NULL, NULL) FROM (VALUES (NULL::timestamptz, NULL::timestamptz)) AS v(reply, solved);
INSERT INTO summaries
SELECT 3, support_summary('2026-03-02', '2026-03-02'::timestamptz + n * interval '0.5 seconds', '2026-03-02'::timestamptz + n % 7 * interval '1 hour', n % 3, n % 2, '2026-03-04', '5 minutes', NULL) FROM generate_series(1, 500) AS n;
SELECT id, summary FROM summaries WHERE id < 3 ORDER BY id;

-- it reads back, whatever the settings are, from jsonb's text too, and through binary
CREATE FUNCTION pg_temp.forms(style text, intervals text, zone text) RETURNS text[] LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('datestyle', style, true), set_config('intervalstyle', intervals, true), set_config('timezone', zone, true);
    RETURN (SELECT array_agg(summary::text || cv_support_summary_send(summary::text::cv_support_summary)::text ORDER BY id) FROM summaries);
END $$;
SELECT count(DISTINCT pg_temp.forms(style, intervals, zone)) AS forms
FROM unnest(ARRAY['ISO, YMD', 'ISO, DMY', 'German', 'SQL, MDY', 'SQL, DMY', 'Postgres, DMY']) AS style,
     unnest(ARRAY['postgres', 'iso_8601']) AS intervals, unnest(ARRAY['UTC', 'Asia/Tokyo', 'America/Los_Angeles']) AS zone;
RESET ALL;
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';
SELECT id, summary::text::cv_support_summary::text = summary::text AS text, summary::jsonb::text::cv_support_summary::text = summary::text AS jsonb, (summary::jsonb ->> 'tickets')::integer AS tickets FROM summaries ORDER BY id;
\copy (SELECT id, summary FROM summaries) TO 'results/care_support_io.bin' WITH (FORMAT binary)
CREATE TEMP TABLE copied (id integer, summary cv_support_summary);
\copy copied FROM 'results/care_support_io.bin' WITH (FORMAT binary)
SELECT count(*), bool_and(a.summary::text = b.summary::text AND support_metrics(a.summary)::text = support_metrics(b.summary)::text) AS same FROM summaries AS a JOIN copied AS b USING (id);

-- size: 8 bytes for each duration
SELECT pg_column_size(summary) - 500 * 2 * 8 AS other_bytes FROM (SELECT summary::text::cv_support_summary FROM summaries WHERE id = 3 OFFSET 0) AS s;

-- what is no summary
CREATE TEMP TABLE good AS SELECT '{"as_of": "2026-03-04 00:00:00+00", "reply_within": 3600000000, "calendar": null, "tickets": 3, "met": 1, "breached": 1, "contact_known": 1, "first_contact": 1, "reopen_known": 1, "reopened": 0, "first_replies": [5, 7200000000], "resolutions": [9]}'::text AS text;
SELECT text::cv_support_summary FROM good;
SELECT what, pg_temp.error_of(format('SELECT %L::cv_support_summary', replace(text, what, instead))) AS error
FROM good, (VALUES
    (1, '"as_of": "2026-03-04 00:00:00+00", ', ''), (2, '"2026-03-04 00:00:00+00"', '"2026-03-04"'), (3, '"2026-03-04 00:00:00+00"', '"2026-03-04 00:00:00+01"'),
    (4, '"2026-03-04 00:00:00+00"', '"infinity"'), (5, '"2026-03-04 00:00:00+00"', '1'), (6, '"2026-03-04 00:00:00+00"', 'null'), (7, '"2026-03-04 00:00:00+00"', '"2026-02-30 00:00:00+00"'),
    (8, '3600000000', '-1'), (9, '3600000000', '1.5'), (10, '3600000000', '"1 hour"'), (11, '3600000000', '[1]'), (12, '3600000000', 'null'),
    (13, '"calendar": null', '"calendar": 1'), (14, '"calendar": null', '"calendar": []'), (15, '"calendar": null', '"calendar": {}'), (16, '"calendar": null', '"calendar": {"zone": "UTC", "hours": {}}'),
    (17, '"calendar": null', '"calendar": {"zone": "UTC", "hours": {"mon": [["09:00"]]}}'), (18, '"calendar": null, ', ''),
    (19, '"tickets": 3', '"tickets": 0'), (20, '"tickets": 3', '"tickets": -3'), (21, '"tickets": 3', '"tickets": 9223372036854775808'), (22, '"met": 1', '"met": 3'), (23, '"breached": 1', '"breached": 3'), (24, '"breached": 1', '"breached": 0'),
    (25, '"contact_known": 1', '"contact_known": 2'), (26, '"first_contact": 1', '"first_contact": 2'), (27, '"reopen_known": 1', '"reopen_known": 2'), (28, '"reopened": 0', '"reopened": 2'),
    (29, '[5, 7200000000]', '[7200000000, 5]'), (30, '[5, 7200000000]', '[-5, 7200000000]'), (31, '[5, 7200000000]', '[5, "7200000000"]'), (32, '[5, 7200000000]', '[[5], 7200000000]'), (33, '[5, 7200000000]', '5'), (34, '[5, 7200000000]', 'null'),
    (35, '[9]', '[9, 9, 9, 9]'), (36, '[9]', '{"a": 9}'), (37, '"resolutions": [9]', '"resolutions": [9], "resolutions": []'), (38, '"resolutions": [9]', '"resolutions": [9], "more": 1'), (39, ', "resolutions": [9]', '')) AS v(n, what, instead) ORDER BY n;
SELECT pg_temp.error_of(format('SELECT %L::cv_support_summary', text)) AS error FROM unnest(ARRAY['', '[]', '1', 'null', '{}', '{"calendar": {"calendar": {}}}']) AS text;

-- bytes that are none: \copy takes what was put together
CREATE TEMP TABLE received (summary cv_support_summary);
SELECT cv_support_summary_send(text::cv_support_summary) AS bytes FROM good \gset
-- another version
SELECT pg_temp.copy_file(set_byte(:'bytes', 0, 2)) AS file \gset
\lo_export :file results/care_support_io.bin
\copy received FROM 'results/care_support_io.bin' WITH (FORMAT binary)
-- unknown flags
SELECT pg_temp.copy_file(set_byte(:'bytes', 1, 1)) AS file \gset
\lo_export :file results/care_support_io.bin
\copy received FROM 'results/care_support_io.bin' WITH (FORMAT binary)
-- an infinite as_of
SELECT pg_temp.copy_file(overlay(:'bytes'::bytea PLACING '\x7fffffffffffffff' FROM 3)) AS file \gset
\lo_export :file results/care_support_io.bin
\copy received FROM 'results/care_support_io.bin' WITH (FORMAT binary)
-- a negative promise
SELECT pg_temp.copy_file(overlay(:'bytes'::bytea PLACING '\xfffffffffffffff0' FROM 11)) AS file \gset
\lo_export :file results/care_support_io.bin
\copy received FROM 'results/care_support_io.bin' WITH (FORMAT binary)
-- fewer tickets than solved ones
SELECT pg_temp.copy_file(overlay(:'bytes'::bytea PLACING '\x0000000000000000' FROM 19)) AS file \gset
\lo_export :file results/care_support_io.bin
\copy received FROM 'results/care_support_io.bin' WITH (FORMAT binary)
-- more solved ones than durations
SELECT pg_temp.copy_file(overlay(:'bytes'::bytea PLACING '\x0000000000000009' FROM 27)) AS file \gset
\lo_export :file results/care_support_io.bin
\copy received FROM 'results/care_support_io.bin' WITH (FORMAT binary)
-- more durations than bytes
SELECT pg_temp.copy_file(overlay(:'bytes'::bytea PLACING '\x7fffffffffffffff' FROM 83)) AS file \gset
\lo_export :file results/care_support_io.bin
\copy received FROM 'results/care_support_io.bin' WITH (FORMAT binary)
-- durations out of order
SELECT pg_temp.copy_file(overlay(:'bytes'::bytea PLACING '\x7fffffffffffffff' FROM 99)) AS file \gset
\lo_export :file results/care_support_io.bin
\copy received FROM 'results/care_support_io.bin' WITH (FORMAT binary)
-- cut short, and with more behind
SELECT pg_temp.copy_file(substr(:'bytes'::bytea, 1, 50)) AS file \gset
\lo_export :file results/care_support_io.bin
\copy received FROM 'results/care_support_io.bin' WITH (FORMAT binary)
SELECT pg_temp.copy_file(:'bytes'::bytea || '\x00') AS file \gset
\lo_export :file results/care_support_io.bin
\copy received FROM 'results/care_support_io.bin' WITH (FORMAT binary)
-- a calendar that is none
SELECT overlay(cv_support_summary_send(summary) PLACING '\x00'::bytea FROM 85) AS bytes FROM summaries WHERE id = 1 \gset
SELECT pg_temp.copy_file(:'bytes') AS file \gset
\lo_export :file results/care_support_io.bin
\copy received FROM 'results/care_support_io.bin' WITH (FORMAT binary)
SELECT count(*) FROM received;
SELECT count(lo_unlink(oid)) > 0 AS cleaned FROM pg_largeobject_metadata WHERE lomowner = (SELECT oid FROM pg_roles WHERE rolname = current_user);
