-- Summaries as text, as jsonb and in binary, and what is none.
\set SHOW_CONTEXT never
SET extra_float_digits = 1;

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

CREATE TEMP TABLE forms (id integer, nps cv_nps_summary, csat cv_csat_summary, items cv_item_summary, drivers cv_driver_summary);
INSERT INTO forms VALUES
    (1, '{"promoters": 0, "passives": 0, "detractors": 0}', '{"satisfied_from": -0.0, "satisfied": 0, "responses": 0}', '{"responses": 0, "items": 2, "moments": [0, 0, 0, 0, 0]}', '{"responses": 0, "drivers": ["x"], "moments": [0, 0, 0, 0, 0]}'),
    (2, ' {"detractors":25,"promoters":9223372036854775782 ,"passives":0}', '{"responses": 9223372036854775807, "satisfied": 9223372036854775807, "satisfied_from": 1e-300}', '{"items": 2, "moments": [3, 7, [5, 1e-17], 11, 25], "responses": 2}', '{"moments": [1, 2, 3, 4, 5, [1e30, 6, 1e-17], 7, 8, 9], "drivers": ["", "ä \"\\"], "responses": 4}'),
    (3, '{"promoters": 3, "passives": 2, "detractors": 2, "weights": [4, 3, 2], "squares": [6, 5, 2.5]}', NULL, NULL, NULL),
    (4, '{"promoters": 3, "passives": 0, "detractors": 1, "weights": [[0.3, 1e-17], 0, 1], "squares": [[0.04, 1e-19], 0, 1.0]}', NULL, NULL, NULL);
INSERT INTO forms
SELECT 5, nps_summary(n % 11, 0.1 * n / 3), csat_summary(n % 6, 3.7), item_summary(ARRAY[n % 5 / 3.0, n % 7 / 7.0, n % 3]), driver_summary(n % 9 / 7.0, jsonb_build_object('first', n % 5 / 3.0, 'second', n % 7 / 7.0)) FROM generate_series(1, 100) AS n;
SELECT id, nps, csat FROM forms WHERE id < 5 ORDER BY id;
SELECT id, items, drivers FROM forms WHERE id < 3 ORDER BY id;
SELECT id, jsonb_typeof(nps::jsonb) AS nps, nps::text::jsonb = nps::jsonb AS same, jsonb_array_length(items::jsonb -> 'moments') AS items, jsonb_array_length(drivers::jsonb -> 'moments') AS drivers, csat::jsonb ->> 'satisfied' AS satisfied FROM forms ORDER BY id;
-- the same text whatever the session's settings, and it reads back to the same bytes
CREATE FUNCTION pg_temp.forms(digits text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('extra_float_digits', digits, true);
    RETURN (SELECT string_agg(concat(nps, csat, items, drivers, cv_nps_summary_send(nps::text::cv_nps_summary), cv_csat_summary_send(csat::text::cv_csat_summary), cv_item_summary_send(items::text::cv_item_summary), cv_driver_summary_send(drivers::text::cv_driver_summary)), ' ' ORDER BY id) FROM forms);
END $$;
SELECT count(DISTINCT pg_temp.forms(digits)) AS forms FROM unnest(ARRAY['-15', '0', '3']) AS digits;
SELECT bool_and(cv_nps_summary_send(nps::text::cv_nps_summary) = cv_nps_summary_send(nps) AND coalesce(cv_csat_summary_send(csat::text::cv_csat_summary) = cv_csat_summary_send(csat) AND cv_item_summary_send(items::text::cv_item_summary) = cv_item_summary_send(items)
    AND cv_driver_summary_send(drivers::text::cv_driver_summary) = cv_driver_summary_send(drivers), true)) AS same FROM forms;
-- to a file and back
CREATE TEMP TABLE forms_again (LIKE forms);
\copy forms TO 'results/voice_io.bin' (FORMAT binary)
\copy forms_again FROM 'results/voice_io.bin' (FORMAT binary)
SELECT count(*), bool_and(f.nps::text = a.nps::text AND concat(f.csat, f.items, f.drivers) = concat(a.csat, a.items, a.drivers)) AS same FROM forms AS f JOIN forms_again AS a USING (id);

-- malformed texts
\pset format unaligned
SELECT text, pg_temp.error_of(format('SELECT %L::cv_nps_summary', text)) AS error
FROM unnest(ARRAY['', 'x', 'null', '7', '[]', '[1, 2, 3]', '{}', '{"promoters": 1, "passives": 1}', '{"promoters": 1, "passives": 1, "detractors": -1}', '{"promoters": 1.5, "passives": 1, "detractors": 1}', '{"promoters": "1", "passives": 1, "detractors": 1}',
    '{"promoters": null, "passives": 1, "detractors": 1}', '{"promoters": [1], "passives": 1, "detractors": 1}', '{"promoters": 9223372036854775808, "passives": 1, "detractors": 1}', '{"promoters": 9223372036854775807, "passives": 1, "detractors": 0}',
    '{"promoters": 1, "passives": 1, "detractors": 1, "others": 1}', '{"promoters": 1, "passives": 1, "detractors": 1, "weights": [1, 1, 1]}', '{"promoters": 1, "passives": 1, "detractors": 1, "squares": [1, 1, 1]}', '{"promoters": 1, "passives": 1, "detractors": 1, "weights": 3, "squares": [1, 1, 1]}',
    '{"promoters": 1, "passives": 1, "detractors": 1, "weights": [1, 1], "squares": [1, 1, 1]}', '{"promoters": 1, "passives": 1, "detractors": 1, "weights": [1, 1, "1"], "squares": [1, 1, 1]}', '{"promoters": 1, "passives": 1, "detractors": 1, "weights": [1, 1, {}], "squares": [1, 1, 1]}',
    '{"promoters": 1, "passives": 1, "detractors": 1, "weights": [1, 1, -1], "squares": [1, 1, 1]}', '{"promoters": 1, "passives": 1, "detractors": 1, "weights": [1, 1, 0], "squares": [1, 1, 1]}', '{"promoters": 1, "passives": 1, "detractors": 1, "weights": [1, 1, 1], "squares": [1, 1, 4]}',
    '{"promoters": 1, "passives": 1, "detractors": 1, "weights": [1, 1, 2], "squares": [1, 1, 1]}', '{"promoters": 0, "passives": 1, "detractors": 1, "weights": [1, 1, 1], "squares": [1, 1, 1]}', '{"promoters": 1, "passives": 1, "detractors": 1, "weights": [1, 1, 1e-200], "squares": [1, 1, 1e-300]}',
    '{"promoters": 1, "passives": 1, "detractors": 1, "weights": [1, 1, 1e400], "squares": [1, 1, 1]}', '{"promoters": 1, "passives": 1, "detractors": 1, "weights": [1, 1, 1e200], "squares": [1, 1, 1e300]}', '{"promoters": 1, "passives": 1, "detractors": 1, "weights": [1, 1, [1, 1]], "squares": [1, 1, 1]}',
    '{"promoters": 1, "passives": 1, "detractors": 1, "weights": [1, 1, [1e-17, 1]], "squares": [1, 1, 1]}', '{"promoters": 1, "passives": 1, "detractors": 1, "weights": [1, 1, [1, 1e-17, 1e-34, 1e-51, 1e-68]], "squares": [1, 1, 1]}', '{"promoters": 1, "passives": 1, "detractors": 1, "weights": [1, 1, [1, null]], "squares": [1, 1, 1]}']) WITH ORDINALITY AS t(text, n) ORDER BY n;
SELECT text, pg_temp.error_of(format('SELECT %L::cv_csat_summary', text)) AS error
FROM unnest(ARRAY['', '[]', '{}', '{"satisfied_from": 4, "satisfied": 1}', '{"satisfied_from": 4, "satisfied": 3, "responses": 2}', '{"satisfied_from": 4, "satisfied": -1, "responses": 2}', '{"satisfied_from": 4, "satisfied": 0, "responses": -2}', '{"satisfied_from": "4", "satisfied": 1, "responses": 2}',
    '{"satisfied_from": 1e999, "satisfied": 1, "responses": 2}', '{"satisfied_from": 4, "satisfied": 1, "responses": 2, "csat": 50}']) WITH ORDINALITY AS t(text, n) ORDER BY n;
SELECT text, pg_temp.error_of(format('SELECT %L::cv_item_summary', text)) AS error
FROM unnest(ARRAY['', '[]', '{}', '{"items": 2, "moments": [0, 0, 0, 0, 0]}', '{"responses": 1, "items": 1, "moments": [0, 0]}', '{"responses": 1, "items": 201, "moments": []}', '{"responses": -1, "items": 2, "moments": [0, 0, 0, 0, 0]}', '{"responses": 1, "items": 2, "moments": [0, 0, 0, 0]}', '{"responses": 1, "items": 2, "moments": 7}',
    '{"responses": 1, "items": 2, "moments": [0, 0, 0, 0, "x"]}', '{"responses": 1, "items": 2, "moments": [0, 0, -1, 0, 0]}', '{"responses": 1, "items": 2, "moments": [0, 0, 0, 0, -1]}', '{"responses": 1, "items": 2, "moments": [1e130, 0, 0, 0, 0]}', '{"responses": 1, "items": 2, "moments": [0, 0, 0, 1e230, 0]}', '{"responses": 1, "items": 2, "moments": [0, [1, 2], 0, 0, 0]}', '{"responses": 1, "items": 2, "moments": [0, 0, 0, 0, 0], "x": 1}']) WITH ORDINALITY AS t(text, n) ORDER BY n;
SELECT text, pg_temp.error_of(format('SELECT %L::cv_driver_summary', text)) AS error
FROM unnest(ARRAY['', '[]', '{}', '{"responses": 1, "drivers": [], "moments": [0, 0]}', '{"responses": 1, "drivers": "x", "moments": [0, 0, 0, 0, 0]}', '{"responses": 1, "drivers": [1], "moments": [0, 0, 0, 0, 0]}', '{"responses": 1, "drivers": ["b", "a"], "moments": [0, 0, 0, 0, 0, 0, 0, 0, 0]}', '{"responses": 1, "drivers": ["a", "a"], "moments": [0, 0, 0, 0, 0, 0, 0, 0, 0]}',
    '{"responses": 1, "drivers": ["aa", "b"], "moments": [0, 0, 0, 0, 0, 0, 0, 0, 0]}', '{"responses": 1, "drivers": ["x"], "moments": [0, 0, 0, 0]}', '{"responses": 1, "drivers": ["x"], "moments": [0, 0, 0, 0, -1]}', '{"responses": -1, "drivers": ["x"], "moments": [0, 0, 0, 0, 0]}', '{"drivers": ["x"], "moments": [0, 0, 0, 0, 0]}', '{"responses": 1, "drivers": ["x"], "moments": [0, 0, 0, 0, 0], "y": 0}']) WITH ORDINALITY AS t(text, n) ORDER BY n;
SELECT pg_temp.error_of(format('SELECT %L::cv_driver_summary', jsonb_build_object('responses', 1, 'drivers', (SELECT jsonb_agg(lpad(n::text, 3, '0')) FROM generate_series(1, 101) AS n), 'moments', '[]'::jsonb))) AS error;
-- what answers to moments that no rows can have: NULL or an error
SELECT cronbach_alpha(s) AS alpha, cronbach_alpha(s, true) AS standardized, (SELECT count(*) FROM item_statistics(s)) AS items
FROM unnest(ARRAY['{"responses": 0, "items": 2, "moments": [0, 0, 0, 0, 0]}', '{"responses": 5, "items": 2, "moments": [5, 5, 1, 9, 1]}', '{"responses": 5, "items": 2, "moments": [0, 0, 0, 9, 0]}', '{"responses": 0, "items": 2, "moments": [5, 5, 1, 9, 1]}']::cv_item_summary[]) AS s;
SELECT text, pg_temp.error_of(format('SELECT r_squared(%L)', text)) AS error FROM unnest(ARRAY['{"responses": 9, "drivers": ["x"], "moments": [9, 9, 1, 1, 1]}', '{"responses": 9, "drivers": ["x"], "moments": [0, 0, 1, 2, 1]}', '{"responses": 0, "drivers": ["x"], "moments": [0, 0, 1, 2, 1]}', '{"responses": 9, "drivers": ["x", "y"], "moments": [0, 0, 0, 1, 0, 0, 1, 5, 1]}']) WITH ORDINALITY AS t(text, n) ORDER BY n;
\pset format aligned

-- corrupt binary values
CREATE TEMP TABLE sent AS SELECT id, cv_nps_summary_send(nps) AS nps, cv_csat_summary_send(csat) AS csat, cv_item_summary_send(items) AS items, cv_driver_summary_send(drivers) AS drivers FROM forms;
SELECT id, nps, csat FROM sent WHERE id IN (1, 3) ORDER BY id;
SELECT items, drivers FROM sent WHERE id = 1;
CREATE TEMP TABLE received_nps (s cv_nps_summary);
CREATE TEMP TABLE received_csat (s cv_csat_summary);
CREATE TEMP TABLE received_items (s cv_item_summary);
CREATE TEMP TABLE received_drivers (s cv_driver_summary);
-- an unknown version, reserved bits, a flag without its sums
SELECT pg_temp.copy_file(set_byte(nps, 0, 2)) AS file FROM sent WHERE id = 1 \gset
\lo_export :file results/voice_io.bin
\copy received_nps FROM 'results/voice_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(set_byte(nps, 1, 2)) AS file FROM sent WHERE id = 1 \gset
\lo_export :file results/voice_io.bin
\copy received_nps FROM 'results/voice_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(set_byte(nps, 1, 1)) AS file FROM sent WHERE id = 1 \gset
\lo_export :file results/voice_io.bin
\copy received_nps FROM 'results/voice_io.bin' (FORMAT binary)
-- a negative count, sums without their flag, a sum that is no number, one not in normal form
SELECT pg_temp.copy_file(set_byte(nps, 2, 255)) AS file FROM sent WHERE id = 1 \gset
\lo_export :file results/voice_io.bin
\copy received_nps FROM 'results/voice_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(set_byte(nps, 1, 0)) AS file FROM sent WHERE id = 3 \gset
\lo_export :file results/voice_io.bin
\copy received_nps FROM 'results/voice_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(overlay(nps PLACING '\x7ff8000000000000'::bytea FROM 27)) AS file FROM sent WHERE id = 3 \gset
\lo_export :file results/voice_io.bin
\copy received_nps FROM 'results/voice_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(overlay(nps PLACING '\x3ff0000000000000'::bytea FROM 35)) AS file FROM sent WHERE id = 3 \gset
\lo_export :file results/voice_io.bin
\copy received_nps FROM 'results/voice_io.bin' (FORMAT binary)
-- sums that cannot be, truncated
SELECT pg_temp.copy_file(overlay(nps PLACING '\xbff0000000000000'::bytea FROM 27)) AS file FROM sent WHERE id = 3 \gset
\lo_export :file results/voice_io.bin
\copy received_nps FROM 'results/voice_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(substr(nps, 1, 60)) AS file FROM sent WHERE id = 3 \gset
\lo_export :file results/voice_io.bin
\copy received_nps FROM 'results/voice_io.bin' (FORMAT binary)
-- satisfaction: version, a threshold that is no number, more satisfied than answers
SELECT pg_temp.copy_file(set_byte(csat, 0, 9)) AS file FROM sent WHERE id = 1 \gset
\lo_export :file results/voice_io.bin
\copy received_csat FROM 'results/voice_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(overlay(csat PLACING '\x7ff0000000000000'::bytea FROM 3)) AS file FROM sent WHERE id = 1 \gset
\lo_export :file results/voice_io.bin
\copy received_csat FROM 'results/voice_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(set_byte(csat, 17, 1)) AS file FROM sent WHERE id = 1 \gset
\lo_export :file results/voice_io.bin
\copy received_csat FROM 'results/voice_io.bin' (FORMAT binary)
-- items: negative answers, too few and too many items, a negative sum of squares, truncated
SELECT pg_temp.copy_file(set_byte(items, 2, 255)) AS file FROM sent WHERE id = 1 \gset
\lo_export :file results/voice_io.bin
\copy received_items FROM 'results/voice_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(set_byte(items, 13, 1)) AS file FROM sent WHERE id = 1 \gset
\lo_export :file results/voice_io.bin
\copy received_items FROM 'results/voice_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(set_byte(items, 10, 127)) AS file FROM sent WHERE id = 1 \gset
\lo_export :file results/voice_io.bin
\copy received_items FROM 'results/voice_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(overlay(items PLACING '\xbff0000000000000'::bytea FROM 79)) AS file FROM sent WHERE id = 1 \gset
\lo_export :file results/voice_io.bin
\copy received_items FROM 'results/voice_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(substr(items, 1, 100)) AS file FROM sent WHERE id = 1 \gset
\lo_export :file results/voice_io.bin
\copy received_items FROM 'results/voice_io.bin' (FORMAT binary)
-- drivers: negative answers, none and too many drivers, names out of order, not in the encoding
SELECT pg_temp.copy_file(set_byte(drivers, 2, 255)) AS file FROM sent WHERE id = 1 \gset
\lo_export :file results/voice_io.bin
\copy received_drivers FROM 'results/voice_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(set_byte(drivers, 13, 0)) AS file FROM sent WHERE id = 1 \gset
\lo_export :file results/voice_io.bin
\copy received_drivers FROM 'results/voice_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(set_byte(drivers, 13, 101)) AS file FROM sent WHERE id = 1 \gset
\lo_export :file results/voice_io.bin
\copy received_drivers FROM 'results/voice_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(set_byte(set_byte(drivers, 13, 2), 15, 0)) AS file FROM sent WHERE id = 1 \gset
\lo_export :file results/voice_io.bin
\copy received_drivers FROM 'results/voice_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(set_byte(drivers, 14, 255)) AS file FROM sent WHERE id = 1 \gset
\lo_export :file results/voice_io.bin
\copy received_drivers FROM 'results/voice_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(overlay(drivers PLACING '\x7ff0000000000000'::bytea FROM 17)) AS file FROM sent WHERE id = 1 \gset
\lo_export :file results/voice_io.bin
\copy received_drivers FROM 'results/voice_io.bin' (FORMAT binary)
SELECT (SELECT count(*) FROM received_nps) AS nps, (SELECT count(*) FROM received_csat) AS csat, (SELECT count(*) FROM received_items) AS items, (SELECT count(*) FROM received_drivers) AS drivers;
SELECT count(lo_unlink(oid)) > 0 AS cleaned FROM pg_largeobject_metadata;

-- aggregates of a user's own from our functions: no answer is wrong, no state is trusted
CREATE AGGREGATE pg_temp.odd(float8) (SFUNC = nps_trans, STYPE = cv_nps_summary, INITCOND = '{"promoters": 3, "passives": 2, "detractors": 2, "weights": [4, 3, 2], "squares": [6, 5, 2.5]}', FINALFUNC = nps_summary_final, COMBINEFUNC = nps_combine);
CREATE AGGREGATE pg_temp.odd(float8, float8) (SFUNC = nps_trans, STYPE = cv_nps_summary, INITCOND = '{"promoters": 3, "passives": 2, "detractors": 2}', FINALFUNC = nps_summary_final, COMBINEFUNC = nps_combine);
CREATE AGGREGATE pg_temp.full(float8) (SFUNC = nps_trans, STYPE = cv_nps_summary, INITCOND = '{"promoters": 9223372036854775807, "passives": 0, "detractors": 0}');
SELECT pg_temp.odd(x) AS unweighted, pg_temp.odd(x, 0.5) AS weighted FROM unnest('{10, NULL, 0}'::float8[]) AS x;
SELECT pg_temp.error_of('SELECT pg_temp.full(10)') AS error;
