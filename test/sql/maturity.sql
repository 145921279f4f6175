-- Maturity: levels by practice, aspect and organisation.
\set SHOW_CONTEXT never

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

-- the practices
SELECT level, level_name, count(*) AS practices, count(aspect) AS of_aspects FROM maturity_practices() GROUP BY level, level_name ORDER BY level;
SELECT aspect, array_agg(level ORDER BY level) AS levels FROM maturity_practices() GROUP BY aspect ORDER BY aspect;
SELECT count(DISTINCT practice) AS distinct_practices, bool_and(practice ~ '^[A-Z][^.]*\.$') AS one_sentence, count(*) FILTER (WHERE length(practice) < 20) AS empty FROM maturity_practices();

-- the anchor: levels 2 to 5 of six aspects, continuous improvement without level 2
CREATE TEMP TABLE anchor AS
SELECT aspect, level, achieved = 1 AS achieved
FROM (VALUES ('research', 2, 1), ('research', 3, 1), ('research', 4, 1), ('research', 5, 0), ('design', 2, 1), ('design', 3, 1), ('design', 4, 0), ('design', 5, 0),
             ('experience', 2, 1), ('experience', 3, 1), ('experience', 4, 1), ('experience', 5, 1), ('proposition', 2, 1), ('proposition', 3, 1), ('proposition', 4, 0), ('proposition', 5, 1),
             ('engagement', 2, 1), ('engagement', 3, 0), ('engagement', 4, 1), ('engagement', 5, 0), ('improvement', 3, 1), ('improvement', 4, 0), ('improvement', 5, 0)) AS v(aspect, level, achieved);
SELECT aspect, maturity_level(level, achieved), maturity_summary(level, achieved), maturity_level(maturity_summary(level, achieved)) AS of_summary FROM anchor GROUP BY aspect ORDER BY aspect;
SELECT round(avg(aspect_level), 4) AS mean, min(aspect_level) AS minimum, (SELECT maturity_level(level, achieved) FROM anchor) AS staged, maturity_level(rollup(summary)) AS rolled
FROM (SELECT maturity_level(level, achieved) AS aspect_level, maturity_summary(level, achieved) AS summary FROM anchor GROUP BY aspect) AS t;

-- rules one by one
SELECT words, maturity_level(level, achieved), maturity_summary(level, achieved)
FROM (VALUES ('all', 2, true), ('all', 3, true), ('gap passes', 2, true), ('gap passes', 4, true), ('gap passes, next fails', 2, true), ('gap passes, next fails', 4, false), ('gap below', 3, true), ('level 1 has no effect', 1, false), ('level 1 has no effect', 2, true),
             ('level 1 only', 1, true), ('level 1 only', 1, NULL), ('unknown', 2, true), ('unknown', 3, NULL), ('one lacks', 2, true), ('one lacks', 2, false), ('one lacks', 3, true), ('without level', NULL, false), ('without level', 2, true), ('far', 2147483647, true)) AS v(words, level, achieved)
GROUP BY words ORDER BY words;
SELECT maturity_level(level, true) IS NULL AS level, maturity_summary(level, true) IS NULL AS summary, rollup(NULL::cv_maturity_summary) IS NULL AS rolled, maturity_level(NULL) IS NULL AS of_summary FROM unnest('{}'::int[]) AS level;
SELECT maturity_level(NULL, true) IS NULL AS no_level FROM generate_series(1, 3);

-- against the definition, on random assessments; staged is the minimum of the aspects, which here have practices at the highest level
CREATE TEMP TABLE assessed AS
SELECT unit, aspect, level, CASE hash % 20 WHEN 0 THEN NULL WHEN 1 THEN false ELSE true END AS achieved
FROM (SELECT unit, aspect, level, abs(hashint4(unit * 1000 + aspect * 100 + level * 10 + n)) AS hash FROM generate_series(1, 300) AS unit, generate_series(1, 6) AS aspect, generate_series(1, 5) AS level, generate_series(1, 2) AS n) AS t
WHERE level = 5 OR hash % 7 > 0;
WITH levels AS (SELECT unit, maturity_level(level, achieved) AS level, max(level) AS highest FROM assessed GROUP BY unit),
     defined AS (SELECT unit, max(k) AS level FROM levels, generate_series(1, 5) AS k WHERE NOT EXISTS (SELECT FROM assessed AS a WHERE a.unit = levels.unit AND a.level BETWEEN 2 AND k AND a.achieved IS NOT TRUE) GROUP BY unit),
     aspects AS (SELECT unit, min(level) AS level FROM (SELECT unit, maturity_level(level, achieved) AS level FROM assessed GROUP BY unit, aspect) AS t GROUP BY unit)
SELECT count(*), count(DISTINCT levels.level) AS different, bool_and(levels.level = defined.level) AS by_definition, bool_and(levels.level = aspects.level) AS minimum FROM levels JOIN defined USING (unit) JOIN aspects USING (unit);
-- in any partition
SELECT count(*), bool_and(whole = merged) AS same
FROM (SELECT unit, maturity_level(level, achieved) AS whole FROM assessed GROUP BY unit) AS w
JOIN (SELECT unit, maturity_level(rollup(s)) AS merged FROM (SELECT unit, maturity_summary(level, achieved) AS s FROM assessed GROUP BY unit, hashint4(level * 31 + aspect) % 4) AS p GROUP BY unit) AS m USING (unit);

-- forms
CREATE TEMP TABLE forms (id integer, summary cv_maturity_summary);
INSERT INTO forms VALUES (1, '{"highest": 1, "lacking": 0}'), (2, ' {"lacking":2,"highest":5} '), (3, '{"highest": 2147483647, "lacking": 2147483647}');
SELECT id, summary, maturity_level(summary), summary::jsonb, cv_maturity_summary_send(summary) FROM forms ORDER BY id;
CREATE TEMP TABLE forms_again (LIKE forms);
\copy forms TO 'results/maturity.bin' (FORMAT binary)
\copy forms_again FROM 'results/maturity.bin' (FORMAT binary)
SELECT count(*), bool_and(f.summary::text = a.summary::text) AS same FROM forms AS f JOIN forms_again AS a USING (id);
\pset format unaligned
SELECT text, pg_temp.error_of(format('SELECT %L::cv_maturity_summary', text)) AS error
FROM unnest(ARRAY['', '3', 'null', '[]', '[1, 2]', '{}', '{"highest": 1}', '{"lacking": 0}', '{"highest": 0, "lacking": 0}', '{"highest": 3, "lacking": 1}', '{"highest": 3, "lacking": 4}', '{"highest": 3, "lacking": -1}', '{"highest": 2147483648, "lacking": 0}',
    '{"highest": 1.5, "lacking": 0}', '{"highest": "3", "lacking": 0}', '{"highest": null, "lacking": 0}', '{"highest": [3], "lacking": 0}', '{"highest": 3, "lacking": 0, "mood": 1, "other": 2}', '{"highest": 3, "lacking": 0} x']) WITH ORDINALITY AS t(text, n) ORDER BY n;
SELECT call, pg_temp.error_of('SELECT ' || call) AS error FROM unnest(ARRAY['maturity_level(0, true)', 'maturity_level(-5, NULL)', 'maturity_summary(0, false)', 'maturity_trans(NULL, 1, true)', 'maturity_combine(NULL, NULL)']) WITH ORDINALITY AS c(call, n) ORDER BY n;
\pset format aligned
CREATE TEMP TABLE received (summary cv_maturity_summary);
-- an unknown version, reserved bits, levels out of range, truncated, too long
SELECT pg_temp.copy_file('\x02000000000500000003') AS file \gset
\lo_export :file results/maturity.bin
\copy received FROM 'results/maturity.bin' (FORMAT binary)
SELECT pg_temp.copy_file('\x01010000000500000003') AS file \gset
\lo_export :file results/maturity.bin
\copy received FROM 'results/maturity.bin' (FORMAT binary)
SELECT pg_temp.copy_file('\x01000000000000000000') AS file \gset
\lo_export :file results/maturity.bin
\copy received FROM 'results/maturity.bin' (FORMAT binary)
SELECT pg_temp.copy_file('\x01000000000500000001') AS file \gset
\lo_export :file results/maturity.bin
\copy received FROM 'results/maturity.bin' (FORMAT binary)
SELECT pg_temp.copy_file('\x0100000000050000') AS file \gset
\lo_export :file results/maturity.bin
\copy received FROM 'results/maturity.bin' (FORMAT binary)
SELECT pg_temp.copy_file('\x0100000000050000000300') AS file \gset
\lo_export :file results/maturity.bin
\copy received FROM 'results/maturity.bin' (FORMAT binary)
SELECT count(*) FROM received;
SELECT count(lo_unlink(oid)) > 0 AS cleaned FROM pg_largeobject_metadata;
