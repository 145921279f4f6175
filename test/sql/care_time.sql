-- Business time and due times: published cases, daylight saving time, by the minute, the inverse.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET timezone = 'Europe/Berlin';

CREATE TEMP TABLE calendars (name text PRIMARY KEY, calendar cv_business_calendar);
INSERT INTO calendars VALUES
    ('office', '{"zone": "Europe/Berlin", "hours": {"mon": [["09:00", "17:00"]], "tue": [["09:00", "17:00"]], "wed": [["09:00", "17:00"]], "thu": [["09:00", "17:00"]], "fri": [["09:00", "17:00"]]}, "holidays": ["2026-12-25", "2026-12-26", "2027-01-01"]}'),
    ('siesta', '{"zone": "Europe/Madrid", "hours": {"mon": [["09:00", "13:00"], ["16:00", "20:00"]], "wed": [["09:00", "13:00"], ["13:00", "14:00"], ["16:00", "20:00"]], "sat": [["10:00", "14:00"]]}, "holidays": []}'),
    ('always', '{"zone": "Europe/Berlin", "hours": {"mon": [["00:00", "24:00"]], "tue": [["00:00", "24:00"]], "wed": [["00:00", "24:00"]], "thu": [["00:00", "24:00"]], "fri": [["00:00", "24:00"]], "sat": [["00:00", "24:00"]], "sun": [["00:00", "24:00"]]}, "holidays": []}'),
    ('night', '{"zone": "America/New_York", "hours": {"sat": [["22:00", "24:00"]], "sun": [["00:00", "06:00"], ["22:30", "24:00"]], "mon": [["00:00", "05:30"]]}, "holidays": ["2026-11-02"]}'),
    ('half hours', '{"zone": "Australia/Lord_Howe", "hours": {"sun": [["01:15", "02:45"], ["08:00", "12:00"]], "mon": [["01:15", "02:45"]]}, "holidays": ["2026-04-06"]}'),
    ('midnight', '{"zone": "America/Havana", "hours": {"sat": [["20:00", "24:00"]], "sun": [["00:00", "03:00"]], "tue": [["23:00", "24:00"]]}, "holidays": []}'),
    ('nepal', '{"zone": "Asia/Kathmandu", "hours": {"sun": [["10:00", "17:00"]], "mon": [["10:00", "17:00"]], "fri": [["10:00", "15:00"]]}, "holidays": ["2026-10-18", "2026-10-19"]}');

-- chatwoot: Friday 16:30 and an hour, Wednesday 07:00 and two hours
SELECT business_due('2026-03-06 16:30', '1 hour', calendar) AS friday, business_due('2026-03-04 07:00', '2 hours', calendar) AS wednesday,
       business_due('2026-03-06 16:00', '1 hour', calendar) AS to_the_end, business_due('2026-03-07 12:00', '0', calendar) AS nothing,
       business_due('2026-03-06 16:00', '1 hour 1 microsecond', calendar) AS just_after
FROM calendars WHERE name = 'office';
SELECT business_due('2026-03-09 09:30', '-1 hour', calendar) AS backwards, business_due('2026-03-09 10:00', '-1 hour', calendar) AS to_the_begin,
       business_due('2026-03-09 10:00', '-1 hour -1 microsecond', calendar) AS just_before, business_due('2026-03-08 03:00', '-8 hours', calendar) AS from_sunday
FROM calendars WHERE name = 'office';

-- by hand: weekends, nights, holidays (25 December is a Friday), several spans, forwards and backwards
SELECT business_interval('2026-03-06 16:30', '2026-03-09 09:30', calendar) AS weekend, business_interval('2026-03-02 00:00', '2026-03-09 00:00', calendar) AS week,
       business_interval('2026-12-24 16:00', '2026-12-28 10:00', calendar) AS christmas, business_interval('2026-03-07 00:00', '2026-03-09 09:00', calendar) AS closed,
       business_interval('2026-03-09 09:30', '2026-03-06 16:30', calendar) AS negative, business_interval('2026-03-04 10:00:00.25', '2026-03-04 10:00:01', calendar) AS fraction,
       business_interval('2026-03-04 10:00', '2026-03-04 10:00', calendar) AS none
FROM calendars WHERE name = 'office';
SELECT business_interval('2026-03-02 00:00', '2026-03-09 00:00', calendar) AS week, business_interval('2026-03-02 12:00', '2026-03-04 13:30', calendar) AS noon_to_noon,
       business_due('2026-03-02 12:00', '4 hours', calendar) AS siesta, business_due('2026-03-02 12:00', '9 hours 1 minute', calendar) AS next_day
FROM calendars WHERE name = 'siesta';

-- a clock of 23 and of 25 hours, and hours that are skipped or repeated
SELECT business_interval('2026-03-29 00:00', '2026-03-30 00:00', calendar) AS spring, business_interval('2026-10-25 00:00', '2026-10-26 00:00', calendar) AS autumn,
       business_interval('2026-01-01', '2027-01-01', calendar) = interval '8760 hours' AS year,
       business_due('2026-03-29 00:00', '23 hours', calendar) AS spring_due, business_due('2026-10-25 00:00', '25 hours', calendar) AS autumn_due
FROM calendars WHERE name = 'always';
SELECT day, business_interval(day::timestamp AT TIME ZONE 'America/New_York', (day + 1)::timestamp AT TIME ZONE 'America/New_York', calendar) AS worked
FROM calendars, unnest(ARRAY[date '2026-03-07', '2026-03-08', '2026-03-09', '2026-10-31', '2026-11-01', '2026-11-02', '2026-11-09']) AS day
WHERE name = 'night' ORDER BY day;
-- 02:00 to 03:00 does not exist in spring and comes twice in autumn
SELECT business_interval('2026-03-29', '2026-03-30', c) AS spring, business_interval('2026-10-25', '2026-10-26', c) AS autumn, business_interval('2026-10-18', '2026-10-19', c) AS ordinary,
       business_due('2026-03-29 00:00', '1 minute', c) AS next_week, business_due('2026-10-25 00:00+02', '1 hour 15 minutes', c) AT TIME ZONE 'UTC' AS second_time
FROM (SELECT '{"zone": "Europe/Berlin", "hours": {"sun": [["02:00", "03:00"]]}}'::cv_business_calendar AS c) AS x;

-- by definition: minute by minute, whether the zone's clock shows a working time
CREATE FUNCTION pg_temp.by_minutes(from_at timestamptz, to_at timestamptz, calendar cv_business_calendar) RETURNS interval LANGUAGE sql AS $$
    SELECT count(*) * interval '1 minute'
    FROM generate_series(from_at, to_at - interval '1 minute', '1 minute') AS minute,
         LATERAL (SELECT calendar::jsonb AS document, minute AT TIME ZONE (calendar::jsonb ->> 'zone') AS local OFFSET 0) AS l
    WHERE NOT document -> 'holidays' ? to_char(local, 'YYYY-MM-DD')
      AND EXISTS (SELECT FROM jsonb_array_elements(document -> 'hours' -> to_char(local, 'dy')) AS span
                  WHERE to_char(local, 'HH24:MI') >= span ->> 0 AND to_char(local, 'HH24:MI') < span ->> 1)
$$;
\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql
-- spring and autumn of both hemispheres, Christmas
CREATE TEMP TABLE cases AS
SELECT name, calendar, i, from_at, from_at + pg_temp.draw(name || ' length ' || i, 4320) * interval '1 minute' AS to_at
FROM calendars, generate_series(1, 16) AS i,
     LATERAL (SELECT (ARRAY[timestamptz '2026-03-28 00:00+00', '2026-10-24 00:00+00', '2026-03-07 12:00+00', '2026-10-31 12:00+00', '2026-04-04 00:00+00', '2026-10-03 00:00+00', '2026-12-23 00:00+00', '2022-03-26 00:00+00'])[1 + i % 8]
                     + pg_temp.draw(name || ' from ' || i, 1440) * interval '1 minute' AS from_at) AS f;
SELECT name, count(*) AS cases, count(*) FILTER (WHERE business_interval(from_at, to_at, calendar) > '0') AS some_work,
       count(*) FILTER (WHERE business_interval(from_at, to_at, calendar) IS DISTINCT FROM pg_temp.by_minutes(from_at, to_at, calendar)) AS wrong,
       count(*) FILTER (WHERE business_interval(to_at, from_at, calendar) IS DISTINCT FROM - business_interval(from_at, to_at, calendar)) AS not_negative
FROM cases GROUP BY name ORDER BY name;
-- the same with seconds: what is added by parts is the whole
SELECT count(*) AS cases, count(*) FILTER (WHERE business_interval(a, b, calendar) + business_interval(b, c, calendar) <> business_interval(a, c, calendar)) AS wrong
FROM calendars, generate_series(1, 200) AS i,
     LATERAL (SELECT '1990-01-01'::timestamptz + pg_temp.draw(name || 'a' || i, 200000000) * interval '7.3 seconds' AS a,
                     '1990-01-01'::timestamptz + pg_temp.draw(name || 'b' || i, 200000000) * interval '7.1 seconds' AS b,
                     '1990-01-01'::timestamptz + pg_temp.draw(name || 'c' || i, 200000000) * interval '7.7 seconds' AS c) AS x;

-- the inverse, and that it is the earliest instant, or the latest backwards
SELECT name, count(*) AS cases, count(*) FILTER (WHERE business_interval(from_at, due, calendar) <> work) AS wrong,
       count(*) FILTER (WHERE business_interval(from_at, due - sign * interval '1 microsecond', calendar) = work) AS not_nearest
FROM calendars, generate_series(1, 300) AS i,
     LATERAL (SELECT '2026-01-01'::timestamptz + pg_temp.draw(name || 'from' || i, 63072000) * interval '1 second' AS from_at, i % 2 * 2 - 1 AS sign,
                     1 + pg_temp.draw(name || 'work' || i, CASE WHEN i % 3 = 0 THEN 200000000 ELSE 400000 END) AS seconds) AS s,
     LATERAL (SELECT sign * seconds * interval '1 second' AS work) AS w,
     LATERAL (SELECT business_due(from_at, work, calendar) AS due) AS d
GROUP BY name ORDER BY name;
-- whole hours end where a span ends or begins
SELECT name, count(*) FILTER (WHERE business_interval(from_at, due, calendar) <> work) AS wrong,
       count(*) FILTER (WHERE business_interval(from_at, due - sign * interval '1 microsecond', calendar) = work) AS not_nearest
FROM calendars, generate_series(-60, 60) AS hours, LATERAL (SELECT sign(hours) AS sign, hours * interval '30 minutes' AS work, timestamptz '2026-10-24 13:00+00' AS from_at) AS w,
     LATERAL (SELECT business_due(from_at, work, calendar) AS due) AS d
WHERE hours <> 0 GROUP BY name ORDER BY name;

-- long ago and far away: decades at once, the age of local times, the ends of time
SELECT name, business_interval('1850-01-01 00:00+00', '2250-01-01 00:00+00', calendar) =
             (SELECT sum(business_interval('1850-01-01 00:00+00'::timestamptz + d * interval '1461 days' , '1850-01-01 00:00+00'::timestamptz + (d + 1) * interval '1461 days', calendar)) FROM generate_series(0, 99) AS d)
             + business_interval('1850-01-01 00:00+00'::timestamptz + 100 * interval '1461 days', '2250-01-01 00:00+00', calendar) AS by_parts
FROM calendars ORDER BY name;
SELECT business_interval('4713-01-01 00:00+00 BC', '2026-01-01 00:00+00', c) AS past, business_interval('2026-01-01 00:00+00', '12026-01-01 00:00+00', c) AS future,
       business_due('294276-12-20 00:00+00', '1 hour', c) AT TIME ZONE 'UTC' AS last_day
FROM (SELECT '{"zone": "UTC", "hours": {"mon": [["09:00", "17:00"]], "thu": [["09:00", "17:00"]]}}'::cv_business_calendar AS c) AS x;

-- the session's zone and settings do not matter
CREATE FUNCTION pg_temp.results(zone text, intervals text) RETURNS text[] LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('timezone', zone, true), set_config('intervalstyle', intervals, true);
    RETURN (SELECT array_agg(ARRAY[extract(epoch FROM business_interval(from_at, to_at, calendar))::text, extract(epoch FROM business_due(from_at, '10 hours', calendar))::text] ORDER BY name, i) FROM cases);
END $$;
SELECT count(DISTINCT pg_temp.results(zone, intervals)) AS results FROM unnest(ARRAY['UTC', 'Asia/Kathmandu', 'Pacific/Apia', 'America/New_York']) AS zone, unnest(ARRAY['postgres', 'iso_8601']) AS intervals;
SET timezone = 'UTC';

-- work in other units: a day is 24 hours, a month 30 days, a year 365.25
SELECT business_due('2026-03-02', '1 day', c) = business_due('2026-03-02', '24 hours', c) AS day, business_due('2026-03-02', '1 month', c) = business_due('2026-03-02', '720 hours', c) AS month,
       business_due('2026-03-02', '1 year', c) = business_due('2026-03-02', '8766 hours', c) AS year
FROM calendars, LATERAL (SELECT calendar AS c) AS x WHERE name = 'office';

-- NULL gives NULL
SELECT business_interval(NULL, now(), calendar) IS NULL AS a, business_interval(now(), NULL, calendar) IS NULL AS b, business_interval(now(), now(), NULL) IS NULL AS c,
       business_due(NULL, '1 hour', calendar) IS NULL AS d, business_due(now(), NULL, calendar) IS NULL AS e, business_due(now(), '1 hour', NULL) IS NULL AS f
FROM calendars WHERE name = 'office';

-- out of range
SELECT business_interval('infinity', '2026-01-01', calendar) FROM calendars WHERE name = 'office';
SELECT business_interval('2026-01-01', '-infinity', calendar) FROM calendars WHERE name = 'office';
SELECT business_due('-infinity', '1 hour', calendar) FROM calendars WHERE name = 'office';
SELECT business_interval('4713-01-01 BC', '294276-12-31', calendar) FROM calendars WHERE name = 'office';
SELECT business_due('2026-01-01', '290000 years', c) FROM (SELECT '{"zone": "UTC", "hours": {"mon": [["09:00", "17:00"]]}}'::cv_business_calendar AS c) AS x;
SELECT business_due('2026-01-01', '-1 year', c) FROM (SELECT '{"zone": "UTC", "hours": {"mon": [["09:00", "09:01"]]}}'::cv_business_calendar AS c) AS x;
SELECT business_due('2026-01-01', '178000000 years', calendar) FROM calendars WHERE name = 'office';

-- they may stand in an index, and run in parallel
CREATE TABLE care_time_tickets AS SELECT i, timestamptz '2026-01-01' + i * interval '97 minutes' AS created, timestamptz '2026-01-01' + i * interval '101 minutes' AS solved FROM generate_series(1, 5000) AS i;
CREATE INDEX ON care_time_tickets (business_interval(created, solved, '{"zone": "Europe/Berlin", "hours": {"mon": [["09:00", "17:00"]]}}'));
ANALYZE care_time_tickets;
SELECT sum(business_interval(created, solved, calendar)) AS serial FROM care_time_tickets, calendars WHERE name = 'office' \gset
SET min_parallel_table_scan_size = 0; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET max_parallel_workers_per_gather = 2;
SELECT calendar FROM calendars WHERE name = 'office' \gset
SELECT sum(business_interval(created, solved, :'calendar')) = :'serial' AS same FROM care_time_tickets;
DROP TABLE care_time_tickets;
