-- Calendars as text, as jsonb and in binary; what is none.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

CREATE TEMP TABLE calendars (id integer, calendar cv_business_calendar);
INSERT INTO calendars VALUES
    (1, '{"zone": "Europe/Berlin", "hours": {"mon": [["09:00", "17:00"]]}, "holidays": ["2026-12-25"]}'),
    (2, '{"zone": "UTC", "hours": {"sun": [["00:00", "24:00"]]}}'),
    (3, ' { "holidays" : [ "2027-01-01" , "2026-12-25", "2027-01-01", "0044-03-15 BC" ], "hours": { "fri" : [ [ "13:00" , "17:30" ] , ["09:00","12:00"], ["12:00", "13:00"] ] , "mon": [], "tue": [["23:59", "24:00"]] }, "zone": "america/new_york" } '),
    (4, '{"zone": "Asia/Kathmandu", "hours": {"mon": [["08:00", "12:00"], ["13:00", "18:00"]], "tue": [["08:00", "12:00"], ["13:00", "18:00"]], "wed": [["00:00", "00:01"]], "thu": [["08:00", "24:00"]], "fri": [["00:00", "02:00"], ["22:00", "24:00"]], "sat": [["10:00", "11:00"]], "sun": [["03:00", "04:00"]]}, "holidays": []}'),
    (5, '{"zone": "Etc/GMT+5", "hours": {"mon": [["09:00", "17:00"]]}, "holidays": []}');
-- in order, without doubles, the zone as the zone data spell it
SELECT id, calendar FROM calendars ORDER BY id;

-- it reads back, also from jsonb and through binary, whatever the settings are
CREATE FUNCTION pg_temp.forms(style text, digits text, zone text) RETURNS text[] LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('datestyle', style, true), set_config('extra_float_digits', digits, true), set_config('timezone', zone, true);
    RETURN (SELECT array_agg(calendar::text || cv_business_calendar_send(calendar::text::cv_business_calendar)::text ORDER BY id) FROM calendars);
END $$;
SELECT count(DISTINCT pg_temp.forms(style, digits, zone)) AS forms
FROM unnest(ARRAY['ISO, YMD', 'ISO, DMY', 'German', 'SQL, MDY', 'Postgres, DMY']) AS style,
     unnest(ARRAY['-15', '3']) AS digits, unnest(ARRAY['UTC', 'Asia/Tokyo', 'America/Los_Angeles']) AS zone;
RESET ALL;
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';
SELECT bool_and(calendar::jsonb::cv_business_calendar::text = calendar::text) AS jsonb_and_back, bool_and(calendar::jsonb = calendar::text::jsonb) AS same_document FROM calendars;
CREATE TEMP TABLE documents (calendar jsonb);
INSERT INTO documents SELECT calendar FROM calendars WHERE id = 1;
SELECT calendar ->> 'zone' AS zone, calendar -> 'hours' -> 'mon' AS monday FROM documents;
\copy (SELECT id, calendar FROM calendars) TO 'results/care_calendar.bin' WITH (FORMAT binary)
CREATE TEMP TABLE copied (id integer, calendar cv_business_calendar);
\copy copied FROM 'results/care_calendar.bin' WITH (FORMAT binary)
SELECT count(*), bool_and(a.calendar::text = b.calendar::text AND cv_business_calendar_send(a.calendar) = cv_business_calendar_send(b.calendar)) AS same
FROM calendars AS a JOIN copied AS b USING (id);
SELECT encode(cv_business_calendar_send(calendar), 'hex') FROM calendars WHERE id = 1;

-- many spans and holidays
SELECT length(c::text), c::text::cv_business_calendar::text = c::text AS reads_back, business_interval('2025-12-31', '2031-01-01', c) AS six_years
FROM (SELECT json_build_object('zone', 'UTC', 'hours', json_build_object('wed', (SELECT json_agg(json_build_array(lpad((m / 60)::text, 2, '0') || ':' || lpad((m % 60)::text, 2, '0'),
                 lpad(((m + 1) / 60)::text, 2, '0') || ':' || lpad(((m + 1) % 60)::text, 2, '0'))) FROM generate_series(0, 1438, 2) AS m)),
             'holidays', (SELECT json_agg(to_char(date '2020-01-01' + d, 'YYYY-MM-DD')) FROM generate_series(0, 3650) AS d WHERE d % 2 = 0))::text::cv_business_calendar AS c) AS x;

-- what is no calendar
SELECT note, pg_temp.error_of(format('SELECT %L::cv_business_calendar', text)) AS error FROM (VALUES
    (1, 'no JSON', '{"zone": "UTC"'),
    (2, 'a list', '[]'),
    (3, 'a scalar', '"UTC"'),
    (4, 'null', 'null'),
    (5, 'nothing', '{}'),
    (6, 'no hours', '{"zone": "UTC"}'),
    (7, 'no zone', '{"hours": {"mon": [["09:00", "17:00"]]}}'),
    (8, 'unknown zone', '{"zone": "Mars/Olympus", "hours": {"mon": [["09:00", "17:00"]]}}'),
    (9, 'misspelt zone that POSIX would take', '{"zone": "Europe/Berlin2", "hours": {"mon": [["09:00", "17:00"]]}}'),
    (10, 'POSIX zone', '{"zone": "UTC+2", "hours": {"mon": [["09:00", "17:00"]]}}'),
    (11, 'abbreviation', '{"zone": "CEST", "hours": {"mon": [["09:00", "17:00"]]}}'),
    (12, 'empty zone', '{"zone": "", "hours": {"mon": [["09:00", "17:00"]]}}'),
    (13, 'zone a number', '{"zone": 1, "hours": {"mon": [["09:00", "17:00"]]}}'),
    (14, 'zone null', '{"zone": null, "hours": {"mon": [["09:00", "17:00"]]}}'),
    (15, 'zone twice', '{"zone": "UTC", "zone": "UTC", "hours": {"mon": [["09:00", "17:00"]]}}'),
    (16, 'unknown key', '{"zone": "UTC", "hours": {"mon": [["09:00", "17:00"]]}, "lunch": []}'),
    (17, 'unknown day', '{"zone": "UTC", "hours": {"monday": [["09:00", "17:00"]]}}'),
    (18, 'day twice', '{"zone": "UTC", "hours": {"mon": [["09:00", "17:00"]], "mon": []}}'),
    (19, 'never open', '{"zone": "UTC", "hours": {}}'),
    (20, 'never open either', '{"zone": "UTC", "hours": {"mon": [], "tue": []}}'),
    (21, 'hours a list', '{"zone": "UTC", "hours": [["09:00", "17:00"]]}'),
    (22, 'day a pair', '{"zone": "UTC", "hours": {"mon": ["09:00", "17:00"]}}'),
    (23, 'day an object', '{"zone": "UTC", "hours": {"mon": {"from": "09:00"}}}'),
    (24, 'day null', '{"zone": "UTC", "hours": {"mon": null}}'),
    (25, 'one time', '{"zone": "UTC", "hours": {"mon": [["09:00"]]}}'),
    (26, 'no time', '{"zone": "UTC", "hours": {"mon": [[]]}}'),
    (27, 'three times', '{"zone": "UTC", "hours": {"mon": [["09:00", "17:00", "18:00"]]}}'),
    (28, 'too deep', '{"zone": "UTC", "hours": {"mon": [[["09:00", "17:00"]]]}}'),
    (29, 'overlap', '{"zone": "UTC", "hours": {"mon": [["09:00", "17:00"], ["16:59", "18:00"]]}}'),
    (30, 'overlap in another order', '{"zone": "UTC", "hours": {"mon": [["09:00", "17:00"], ["08:00", "09:01"]]}}'),
    (31, 'the same twice', '{"zone": "UTC", "hours": {"mon": [["09:00", "17:00"], ["09:00", "17:00"]]}}'),
    (32, 'one within another', '{"zone": "UTC", "hours": {"mon": [["09:00", "17:00"], ["10:00", "11:00"]]}}'),
    (33, 'ends first', '{"zone": "UTC", "hours": {"mon": [["17:00", "09:00"]]}}'),
    (34, 'no length', '{"zone": "UTC", "hours": {"mon": [["09:00", "09:00"]]}}'),
    (35, 'begins at 24:00', '{"zone": "UTC", "hours": {"mon": [["24:00", "24:00"]]}}'),
    (36, 'past 24:00', '{"zone": "UTC", "hours": {"mon": [["09:00", "24:01"]]}}'),
    (37, 'no minute', '{"zone": "UTC", "hours": {"mon": [["09:60", "17:00"]]}}'),
    (38, 'one digit', '{"zone": "UTC", "hours": {"mon": [["9:00", "17:00"]]}}'),
    (39, 'seconds', '{"zone": "UTC", "hours": {"mon": [["09:00:00", "17:00"]]}}'),
    (40, 'hours as numbers', '{"zone": "UTC", "hours": {"mon": [[9, 17]]}}'),
    (41, 'a null time', '{"zone": "UTC", "hours": {"mon": [[null, "17:00"]]}}'),
    (42, 'no such day', '{"zone": "UTC", "hours": {"mon": [["09:00", "17:00"]]}, "holidays": ["2026-02-30"]}'),
    (43, 'another form of date', '{"zone": "UTC", "hours": {"mon": [["09:00", "17:00"]]}, "holidays": ["25.12.2026"]}'),
    (44, 'infinity', '{"zone": "UTC", "hours": {"mon": [["09:00", "17:00"]]}, "holidays": ["infinity"]}'),
    (45, 'a date as a number', '{"zone": "UTC", "hours": {"mon": [["09:00", "17:00"]]}, "holidays": [20261225]}'),
    (46, 'a null date', '{"zone": "UTC", "hours": {"mon": [["09:00", "17:00"]]}, "holidays": [null]}'),
    (47, 'holidays a day', '{"zone": "UTC", "hours": {"mon": [["09:00", "17:00"]]}, "holidays": "2026-12-25"}'),
    (48, 'holidays nested', '{"zone": "UTC", "hours": {"mon": [["09:00", "17:00"]]}, "holidays": [["2026-12-25"]]}'),
    (49, 'holidays null', '{"zone": "UTC", "hours": {"mon": [["09:00", "17:00"]]}, "holidays": null}')) AS v(id, note, text) ORDER BY id;
