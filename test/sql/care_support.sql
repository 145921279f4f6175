-- Support tickets: the worked six, by brute force, in any partition and order, parallel, bad inputs.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET timezone = 'Europe/Berlin';
SET extra_float_digits = 0;

CREATE TEMP TABLE office AS
SELECT '{"zone": "Europe/Berlin", "hours": {"mon": [["09:00", "17:00"]], "tue": [["09:00", "17:00"]], "wed": [["09:00", "17:00"]], "thu": [["09:00", "17:00"]], "fri": [["09:00", "17:00"]]}}'::cv_business_calendar AS calendar;
CREATE TEMP TABLE six (id integer, channel text, created timestamptz, first_reply timestamptz, solved timestamptz, contacts integer, reopens integer);
INSERT INTO six VALUES
    (1, 'chat', '2026-03-02 09:00', '2026-03-02 09:12', '2026-03-02 10:00', 1, 0),
    (2, 'email', '2026-03-02 09:30', '2026-03-02 11:30', '2026-03-03 09:30', 2, 1),
    (3, 'email', '2026-03-02 16:30', '2026-03-03 09:10', '2026-03-03 12:00', 1, 0),
    (4, 'chat', '2026-03-03 08:00', '2026-03-03 09:05', '2026-03-03 09:45', 1, 0),
    (5, 'email', '2026-03-03 10:00', '2026-03-03 10:45', NULL, 1, 0),
    (6, 'chat', '2026-03-03 15:00', NULL, NULL, 0, 0);
CREATE TEMP VIEW summaries AS
SELECT support_summary(created, first_reply, solved, contacts, reopens, '2026-03-04 00:00', '1 hour', calendar) AS business,
       support_summary(created, first_reply, solved, contacts, reopens, '2026-03-04 00:00', '1 hour', NULL) AS wall
FROM six, office;
-- the worked example: an SLA of 66.7 %, not the 80 % of those replied to
\x
SELECT (support_metrics(business)).* FROM summaries;
SELECT (support_metrics(wall)).* FROM summaries;
SELECT channel, (support_metrics(support_summary(created, first_reply, solved, contacts, reopens, '2026-03-04 00:00', '1 hour', calendar))).* FROM six, office GROUP BY channel ORDER BY channel;
\x
-- as it stood at other times: nothing yet, running and not yet due, due at this very moment, overdue
SELECT as_of, m.tickets, m.solved, m.backlog, m.replied, m.sla_met, m.sla_breached, m.sla_attainment, m.first_reply_mean, m.reopen_rate
FROM unnest(ARRAY['2026-03-02 08:59', '2026-03-02 09:00', '2026-03-02 09:11', '2026-03-02 10:30', '2026-03-02 10:30:00.000001', '2026-03-02 17:00', '2026-03-03 09:30', '2026-03-10 00:00']::timestamptz[]) AS as_of,
     LATERAL (SELECT (support_metrics(support_summary(created, first_reply, solved, contacts, reopens, as_of, '1 hour', calendar))).* FROM six, office) AS m ORDER BY as_of;
-- a promise of nothing
SELECT m.sla_attainment, m.sla_met, m.sla_breached, m.first_reply_median FROM (SELECT (support_metrics(support_summary(created, first_reply, solved, contacts, reopens, '2026-03-04', NULL, calendar))).* FROM six, office) AS m;
SELECT business FROM summaries;

-- by definition, over random tickets
\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql
CREATE TABLE care_support_tickets AS
SELECT i, 'team ' || i % 3 AS team, created, CASE WHEN i % 5 > 0 THEN created + pg_temp.draw('reply' || i, 300000) * interval '1 second' END AS first_reply,
       CASE WHEN i % 4 > 0 THEN created + pg_temp.draw('solved' || i, 900000) * interval '1 second' END AS solved,
       CASE WHEN i % 7 > 0 THEN pg_temp.draw('contacts' || i, 4) END AS contacts, CASE WHEN i % 6 > 0 THEN greatest(pg_temp.draw('reopens' || i, 5) - 2, 0) END AS reopens
FROM generate_series(1, 3000) AS i, LATERAL (SELECT '2026-02-20'::timestamptz + pg_temp.draw('created' || i, 3000000) * interval '1 second' AS created) AS c;
ANALYZE care_support_tickets;
CREATE FUNCTION pg_temp.by_definition(team text, as_of timestamptz, reply_within interval, calendar cv_business_calendar) RETURNS record LANGUAGE sql AS $$
    WITH tickets AS (
        SELECT *, coalesce(contacts = 1 AND reopens = 0, CASE WHEN contacts <> 1 OR reopens > 0 THEN false END) AS first_contact
        FROM (SELECT CASE WHEN t.first_reply <= as_of THEN CASE WHEN calendar IS NULL THEN justify_interval('0') + make_interval(secs => extract(epoch FROM t.first_reply - created)::float8) ELSE business_interval(created, t.first_reply, calendar) END END AS reply,
                     CASE WHEN t.solved <= as_of THEN CASE WHEN calendar IS NULL THEN make_interval(secs => extract(epoch FROM t.solved - created)::float8) ELSE business_interval(created, t.solved, calendar) END END AS solution,
                     CASE WHEN calendar IS NULL THEN make_interval(secs => extract(epoch FROM as_of - created)::float8) ELSE business_interval(created, as_of, calendar) END AS age, contacts, reopens
              FROM care_support_tickets AS t WHERE created <= as_of AND t.team = by_definition.team) AS t)
    SELECT ROW(count(*), count(solution), count(*) FILTER (WHERE solution IS NULL),
        avg(reply), percentile_cont(0.5) WITHIN GROUP (ORDER BY reply), percentile_cont(0.9) WITHIN GROUP (ORDER BY reply),
        avg(solution), percentile_cont(0.5) WITHIN GROUP (ORDER BY solution), percentile_cont(0.9) WITHIN GROUP (ORDER BY solution),
        avg(CASE WHEN reply <= reply_within THEN 1.0::float8 WHEN reply > reply_within OR age > reply_within THEN 0 END),
        avg(first_contact::integer::float8) FILTER (WHERE solution IS NOT NULL), avg((reopens > 0)::integer::float8) FILTER (WHERE solution IS NOT NULL),
        count(reply), count(*) FILTER (WHERE reply <= reply_within), count(*) FILTER (WHERE coalesce(reply, age) > reply_within))
    FROM tickets
$$;
CREATE FUNCTION pg_temp.same(a record, b record) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT bool_and(CASE WHEN x.value ~ ':' THEN abs(extract(epoch FROM x.value::interval - y.value::interval)) < 2e-6 ELSE x.value IS NOT DISTINCT FROM y.value OR abs(x.value::float8 - y.value::float8) < 1e-12 END) AND count(*) = 15
            FROM json_each_text(row_to_json(a)) WITH ORDINALITY AS x(key, value, n) JOIN json_each_text(row_to_json(b)) WITH ORDINALITY AS y(key, value, n) USING (n));
END $$;
SELECT team, as_of, pg_temp.same(support_metrics(support_summary(created, first_reply, solved, contacts, reopens, as_of, '3 hours', calendar)), pg_temp.by_definition(team, as_of, '3 hours', calendar)) AS business,
       pg_temp.same(support_metrics(support_summary(created, first_reply, solved, contacts, reopens, as_of, '26 hours', NULL)), pg_temp.by_definition(team, as_of, '26 hours', NULL)) AS wall
FROM care_support_tickets, office, unnest(ARRAY['2026-02-21 12:00', '2026-03-10 11:11:11', '2026-06-01']::timestamptz[]) AS as_of GROUP BY team, as_of, calendar ORDER BY team, as_of;

-- in any order, in any partition, as a window, with parallel workers: to the last bit
CREATE TEMP TABLE whole AS SELECT support_summary(created, first_reply, solved, contacts, reopens, '2026-03-10', '3 hours', calendar) AS summary FROM care_support_tickets, office;
SELECT summary::text = (SELECT support_summary(created, first_reply, solved, contacts, reopens, '2026-03-10', '3 hours', calendar ORDER BY i DESC)::text FROM care_support_tickets, office) AS backwards,
       summary::text = (SELECT support_summary(created, first_reply, solved, contacts, reopens, '2026-03-10', '3 hours', calendar ORDER BY md5(i::text))::text FROM care_support_tickets, office) AS shuffled,
       cv_support_summary_send(summary) = (SELECT cv_support_summary_send(support_summary(created, first_reply, solved, contacts, reopens, '2026-03-10', '3 hours', calendar ORDER BY md5(i::text || 'x'))) FROM care_support_tickets, office) AS binary_too
FROM whole;
SELECT parts, (SELECT summary::text FROM whole) = rollup(summary ORDER BY md5(part::text))::text AS same
FROM (SELECT parts, pg_temp.draw(parts || 'part' || i, parts) AS part, support_summary(created, first_reply, solved, contacts, reopens, '2026-03-10', '3 hours', calendar) AS summary
      FROM care_support_tickets, office, unnest(ARRAY[1, 2, 3, 7, 64, 1000]) AS parts GROUP BY 1, 2) AS p GROUP BY parts ORDER BY parts;
SELECT rollup(half)::text = (SELECT summary::text FROM whole) AS tree
FROM (SELECT rollup(summary) AS half FROM (SELECT i % 16 AS part, support_summary(created, first_reply, solved, contacts, reopens, '2026-03-10', '3 hours', calendar) AS summary
      FROM care_support_tickets, office GROUP BY 1) AS p GROUP BY part / 5) AS h;
SELECT bool_and((m).tickets = n) AS running FROM (SELECT row_number() OVER w AS n, support_metrics(support_summary(created, first_reply, solved, contacts, reopens, '2027-01-01', '3 hours', NULL) OVER w) AS m
      FROM care_support_tickets WHERE i <= 300 WINDOW w AS (ORDER BY i)) AS x;
SET min_parallel_table_scan_size = 0; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET max_parallel_workers_per_gather = 2;
SELECT calendar FROM office \gset
EXPLAIN (COSTS OFF) SELECT support_summary(created, first_reply, solved, contacts, reopens, '2026-03-10', '3 hours', NULL) FROM care_support_tickets;
CREATE TEMP TABLE together AS SELECT support_summary(created, first_reply, solved, contacts, reopens, '2026-03-10', '3 hours', :'calendar') AS summary FROM care_support_tickets;
SELECT w.summary::text = t.summary::text AS same FROM whole AS w, together AS t;
SET max_parallel_workers_per_gather = 0;

-- a stored summary can be merged with a new one, and read after a dump
CREATE TEMP TABLE stored AS SELECT channel, support_summary(created, first_reply, solved, contacts, reopens, '2026-03-04', '1 hour', calendar) AS summary FROM six, office GROUP BY channel;
SELECT rollup(summary)::text = (SELECT business::text FROM summaries) AS merged, rollup(summary::text::cv_support_summary)::text = (SELECT business::text FROM summaries) AS from_text FROM stored;
SELECT (support_metrics(rollup(summary))).first_reply_median FROM (SELECT summary FROM stored UNION ALL SELECT NULL) AS s;

-- nothing, NULLs, what is not known
SELECT support_summary(created, first_reply, solved, contacts, reopens, '2026-03-04', '1 hour', NULL) IS NULL AS no_rows FROM six WHERE false;
SELECT support_summary(NULL, now(), now(), 1, 1, now(), '1 hour', NULL) IS NULL AS not_created, support_summary(now(), now(), now(), 1, 1, NULL, '1 hour', NULL) IS NULL AS no_instant,
       rollup(NULL::cv_support_summary) IS NULL AS no_summary, (support_metrics(NULL)).tickets IS NULL AS no_metrics;
\x
SELECT (support_metrics(support_summary('2026-03-05', NULL, NULL, NULL, NULL, '2026-03-04', '1 hour', NULL))).*;
SELECT (support_metrics(support_summary('2026-03-04', NULL, NULL, NULL, NULL, '2026-03-04', '0', NULL))).*;
\x
SELECT contacts, reopens, (support_metrics(support_summary('2026-03-01', NULL, '2026-03-02', contacts, reopens, '2026-03-04', '1 hour', NULL))).first_contact_resolution AS first_contact,
       (support_metrics(support_summary('2026-03-01', NULL, '2026-03-02', contacts, reopens, '2026-03-04', '1 hour', NULL))).reopen_rate
FROM unnest(ARRAY[NULL, 0, 1, 2]) AS contacts, unnest(ARRAY[NULL, 0, 1]) AS reopens GROUP BY 1, 2 ORDER BY 1, 2;
-- a ticket solved without a reply still owes one; solved or answered after as_of is not yet
SELECT m.* FROM (SELECT (support_metrics(support_summary('2026-03-01', NULL, '2026-03-02', 1, 0, '2026-03-04', '1 hour', NULL))).*) AS m;
SELECT m.replied, m.solved, m.sla_breached FROM (SELECT (support_metrics(support_summary('2026-03-01', '2026-03-05', '2026-03-06', 1, 0, '2026-03-04', '1 hour', NULL))).*) AS m;

-- what cannot be
SELECT support_summary('2026-03-02', '2026-03-01', NULL, 1, 0, '2026-03-04', '1 hour', NULL);
SELECT support_summary('2026-03-02', '2026-03-02', '2026-03-01 23:59:59.999999', 1, 0, '2026-03-04', '1 hour', NULL);
SELECT support_summary('infinity', NULL, NULL, 1, 0, '2026-03-04', '1 hour', NULL);
SELECT support_summary('2026-03-02', '-infinity', NULL, 1, 0, '2026-03-04', '1 hour', NULL);
SELECT support_summary('2026-03-02', NULL, 'infinity', 1, 0, '2026-03-04', '1 hour', NULL);
SELECT support_summary('2026-03-02', NULL, NULL, 1, 0, 'infinity', '1 hour', NULL);
SELECT support_summary('2026-03-02', NULL, NULL, -1, 0, '2026-03-04', '1 hour', NULL);
SELECT support_summary('2026-03-02', NULL, NULL, 1, -2, '2026-03-04', '1 hour', NULL);
SELECT support_summary('2026-03-02', NULL, NULL, 1, 0, '2026-03-04', '-1 hour', NULL);
SELECT support_summary('4713-01-01 BC', NULL, NULL, 1, 0, '294276-01-01', '1 hour', NULL);
SELECT support_summary('4713-01-01 BC', NULL, NULL, 1, 0, '294276-01-01', '1 hour', :'calendar');
SELECT support_summary('2026-03-02', NULL, NULL, 1, 0, as_of, '1 hour', NULL) FROM unnest(ARRAY['2026-03-04', '2026-03-05']::timestamptz[]) AS as_of;
SELECT support_summary('2026-03-02', NULL, NULL, 1, 0, '2026-03-04', w, NULL) FROM unnest(ARRAY['1 hour', '2 hours']::interval[]) AS w;
SELECT support_summary('2026-03-02', NULL, NULL, 1, 0, '2026-03-04', w, NULL) FROM unnest(ARRAY[NULL, '2 hours']::interval[]) AS w;
SELECT support_summary('2026-03-02', NULL, NULL, 1, 0, '2026-03-04', '1 hour', c::cv_business_calendar) FROM unnest(ARRAY[NULL, '{"zone": "UTC", "hours": {"mon": [["09:00", "17:00"]]}}']) AS c;
SELECT support_summary('2026-03-02', NULL, NULL, 1, 0, '2026-03-04', '1 hour', c::cv_business_calendar) FROM unnest(ARRAY['{"zone": "UTC", "hours": {"mon": [["09:00", "17:00"]]}}', '{"zone": "UTC", "hours": {"mon": [["09:00", "17:01"]]}}']) AS c;
SELECT rollup(s) FROM (SELECT support_summary('2026-03-02', NULL, NULL, 1, 0, as_of, '1 hour', NULL) AS s FROM unnest(ARRAY['2026-03-04', '2026-03-05']::timestamptz[]) AS as_of GROUP BY as_of) AS x;
SELECT support_summary_trans(NULL, now(), now(), now(), 1, 1, now(), '1 hour', NULL);
SELECT support_summary_combine(NULL, NULL);
DROP TABLE care_support_tickets;
-- more tickets than can be counted
SELECT rollup(s) FROM (SELECT format('{"as_of": "2026-03-04 00:00:00+00", "reply_within": 3600000000, "calendar": null, "tickets": %s, "met": 0, "breached": 0, "contact_known": 0, "first_contact": 0, "reopen_known": 0, "reopened": 0, "first_replies": [], "resolutions": []}', tickets)::cv_support_summary AS s
                       FROM unnest('{9223372036854775807, 1}'::bigint[]) AS tickets) AS x;
