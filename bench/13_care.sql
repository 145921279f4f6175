-- Part 13: business time, support tickets, attribution.
--
-- Variables: rows (of the orders of part 1; a tenth as many tickets).

INSERT INTO parts
SELECT 13, 'Care and attribution',
       format('%s tickets within two years, office hours of Europe/Berlin with ten holidays; business time for each ticket from creation to solution, '
              'net of the floor `count(created), count(solved)` for a million. Attribution of 10,000 paths of up to nine touches of twelve channels.', thousands(greatest(:rows / 10, 1000))),
       '{work, figure, compared with, figure, ratio: CPU (wall)}';

SELECT setseed(0.5);
CREATE TABLE tickets AS
SELECT i AS id, created, created + random() * interval '2 days' AS first_reply, created + random() * random() * interval '20 days' AS solved,
       1 + (random() * 2)::integer AS contacts, (random() * 0.7)::integer AS reopens
FROM (SELECT i, timestamptz '2024-01-01 00:00+00' + random() * interval '730 days' AS created FROM generate_series(1, greatest(:rows / 10, 1000)) AS i) AS t;
VACUUM (FREEZE, ANALYZE) tickets;

SELECT '{"zone": "Europe/Berlin", "hours": {"mon": [["09:00", "17:00"]], "tue": [["09:00", "17:00"]], "wed": [["09:00", "12:00"], ["13:00", "17:00"]], "thu": [["09:00", "17:00"]], "fri": [["09:00", "15:00"]]}, "holidays": ["2024-01-01", "2024-04-01", "2024-05-01", "2024-12-25", "2024-12-26", "2025-01-01", "2025-04-21", "2025-05-01", "2025-12-25", "2025-12-26"]}' AS office \gset

CREATE FUNCTION measure_per_million(work text, statement text, rows bigint) RETURNS void LANGUAGE plpgsql AS
$$
DECLARE
    timings timing[] := alternate(ARRAY['SELECT count(created), count(solved) FROM tickets', statement], '{"{}"}');
BEGIN
    PERFORM report(13, ARRAY[work || ', for a million', duration((timings[2].seconds - timings[1].seconds) * 1e6 / rows), 'floor', duration(timings[1].seconds * 1e6 / rows), '']);
END
$$;

SELECT measure_per_million('`business_interval(created, solved, office)`', format('SELECT count(business_interval(created, solved, %L)) FROM tickets', :'office'), count(*)) FROM tickets;
SELECT measure_per_million('`business_interval` over ten years', format('SELECT count(business_interval(created - interval ''10 years'', solved, %L)) FROM tickets', :'office'), count(*)) FROM tickets;
SELECT measure_per_million('`business_due(created, ''8 hours'', office)`', format('SELECT count(business_due(created, ''8 hours'', %L)) FROM tickets', :'office'), count(*)) FROM tickets;

SELECT compare(13, '`avg`, `percentile_cont` twice, of reply and of solution', 'SELECT avg(first_reply - created), percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY first_reply - created), avg(solved - created), percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY solved - created) FROM tickets',
               '{`support_summary` by the clock on the wall, `support_summary` in business time}',
               ARRAY['SELECT support_metrics(support_summary(created, first_reply, solved, contacts, reopens, ''2026-01-01'', ''4 hours'', NULL)) FROM tickets',
                     format('SELECT support_metrics(support_summary(created, first_reply, solved, contacts, reopens, ''2026-01-01'', ''4 hours'', %L)) FROM tickets', :'office')], '{NULL, NULL}');

CREATE TABLE paths AS
SELECT i, array_agg('channel ' || floor(random() * random() * 12)::integer) AS path, (random() * 3)::integer AS conversions, (random() * 5)::integer AS nulls
FROM generate_series(1, 10000) AS i, generate_series(1, 1 + i % 9) GROUP BY i;
VACUUM (FREEZE, ANALYZE) paths;
CREATE TABLE attributed AS SELECT attribution_summary(path, conversions, conversions * 50, nulls) AS summary FROM paths;

CREATE FUNCTION measure_attribution(work text, statement text, seconds float8) RETURNS void LANGUAGE plpgsql AS
$$
DECLARE
    timings timing[] := alternate(ARRAY[statement], '{"{}"}');
BEGIN
    PERFORM report(13, ARRAY[work, duration(timings[1].seconds), '', '', ''], '≤ ' || duration(seconds), timings[1].seconds <= seconds);
END
$$;

SELECT measure_attribution('`attribution_summary` of 10,000 paths', 'SELECT attribution_summary(path, conversions, conversions * 50, nulls) FROM paths', 0.1);
SELECT measure_attribution('`attribution(summary)`, order ' || n, format('SELECT count(*) FROM attributed, attribution(summary, markov_order => %s)', n), 0.1) FROM generate_series(1, 4) AS n;
SELECT measure_attribution('`attribution(summary, ''shapley'')`', 'SELECT count(*) FROM attributed, attribution(summary, ''shapley'')', 0.1);
DROP TABLE tickets, paths, attributed;
