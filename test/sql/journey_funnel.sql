-- funnel() on journey logs, funnel_summary() and funnel_steps().
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';
SET intervalstyle = 'postgres';

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

CREATE FUNCTION pg_temp.log_of(letters text) RETURNS cv_journey_log LANGUAGE sql AS $$
    SELECT journey_log(timestamptz '2026-01-01 00:00:00+00' + (i - 1) * interval '1 hour', substr(letters, i, 1))
    FROM generate_series(1, length(letters)) AS i WHERE substr(letters, i, 1) <> '-' $$;

-- one letter an hour, - is nothing
SELECT letters, (funnel(pg_temp.log_of(letters), '{a,b,c}', '1 day')).*
FROM unnest('{abc,adbc,aabbcc,acbc,ccbbaa,adabc,xyz,a,ab,"a-----------------------bc","a----------------------b-c","a----------------------ba-bc"}'::text[]) AS letters;
-- the window holds from the first step to the last, both included
SELECT within, (funnel(pg_temp.log_of('a--b-c'), '{a,b,c}', within)).reached
FROM (VALUES (interval '0'), ('2 hours 59 minutes'), ('3 hours'), ('4 hours 59 minutes 59.999999 seconds'), ('5 hours'), ('1 month'), ('1 year'), ('178000000 years')) AS t(within);
-- the best entry counts: the deepest chain; of equal ones the first
SELECT (funnel(pg_temp.log_of('aaab---abc'), '{a,b,c}', '3 hours')).*;
-- each row fills one step, and a step may repeat
SELECT letters, (funnel(pg_temp.log_of(letters), '{a,a,b}', '1 day')).reached FROM unnest('{a,ab,aab,aba,abab,b}'::text[]) AS letters;
-- rows of one instant, in the order that helps; strictly increasing ones
CREATE TEMP TABLE ties AS SELECT journey_log(at, stage) AS log
FROM (VALUES (timestamptz '2026-01-01 10:00:00+00', 'c'), ('2026-01-01 10:00:00+00', 'b'), ('2026-01-01 10:00:00+00', 'a'),
             ('2026-01-01 11:00:00+00', 'b'), ('2026-01-01 12:00:00+00', 'c')) AS t(at, stage);
SELECT (funnel(log, '{a,b,c}', '1 day')).*, (funnel(log, '{a,b,c}', '1 day', strict => true)).* FROM ties;
SELECT (funnel(log, '{a,b,c}', '0')).reached, (funnel(log, '{a,b,c}', '0', true)).reached FROM ties;

-- NULL arguments, no rows
SELECT funnel(NULL, '{a}', '1 day'), funnel('[]', NULL, '1 day'), funnel('[]', '{a}', NULL), funnel('[]', '{a,b}', '1 day') AS empty;
-- 32 steps, more stages than are few
SELECT (funnel(log, steps, '1 day')).reached FROM (
    SELECT journey_log(timestamptz '2026-01-01' + n * interval '1 minute', 'stage ' || n) AS log, array_agg('stage ' || n ORDER BY n) FILTER (WHERE n <= 32) AS steps
    FROM generate_series(1, 100) AS n) AS t;
-- errors
SELECT pg_temp.error_of(call) FROM unnest(ARRAY[
    $$SELECT funnel('[]', '{}', '1 day')$$, $$SELECT funnel('[]', array_fill('a'::text, ARRAY[33]), '1 day')$$,
    $$SELECT funnel('[]', '{a,NULL}', '1 day')$$, $$SELECT funnel('[]', '{{a},{b}}', '1 day')$$,
    $$SELECT funnel('[]', '{a}', '-1 second')$$, $$SELECT funnel('[]', '{a}', '1 month -31 days')$$]) AS call;
-- other steps at each row of one call site
SELECT steps, (funnel(pg_temp.log_of('abcd'), steps, '1 day')).reached
FROM (VALUES ('{a,b}'::text[]), ('{a,b,c,d}'), ('{b,a}'), ('{d}'), ('{a,b}'), ('{dd}')) AS t(steps);

-- 12,000 customers against all chains by joins: three steps of three stages, ties, windows
CREATE TEMP TABLE visits AS
SELECT customer, n, timestamptz '2026-01-01' + (('x' || substr(h, 1, 2))::bit(8)::integer % 8) * interval '1 hour' AS at,
       substr('aabbcx', 1 + ('x' || substr(h, 3, 2))::bit(8)::integer % 6, 1) AS stage
FROM (SELECT customer, n, md5(customer || ' ' || n) AS h FROM generate_series(1, 12000) AS customer, generate_series(1, 1 + customer % 7) AS n) AS t;
CREATE TEMP TABLE journeys AS SELECT customer, journey_log(at, stage) AS log FROM visits GROUP BY customer;
CREATE INDEX ON visits (customer, stage);
ANALYZE visits;
CREATE FUNCTION pg_temp.compare(steps text[], within interval, strict boolean) RETURNS TABLE (customers bigint, different bigint, entries bigint, times bigint, levels bigint[]) LANGUAGE sql AS $$
    WITH chains AS (
        SELECT a.customer, 1 + (b.n IS NOT NULL)::integer + (c.n IS NOT NULL)::integer AS depth, ARRAY[a.at, b.at, c.at] AS times
        FROM visits AS a
        LEFT JOIN visits AS b ON b.customer = a.customer AND b.stage = steps[2] AND b.n <> a.n AND b.at - a.at <= within AND CASE WHEN strict THEN b.at > a.at ELSE b.at >= a.at END
        LEFT JOIN visits AS c ON c.customer = a.customer AND c.stage = steps[3] AND c.n NOT IN (a.n, b.n) AND c.at - a.at <= within AND CASE WHEN strict THEN c.at > b.at ELSE c.at >= b.at END
        WHERE a.stage = steps[1]),
    best AS (SELECT DISTINCT ON (customer) customer, depth, times FROM chains ORDER BY customer, depth DESC, times),
    ours AS (SELECT customer, f.* FROM journeys, funnel(log, steps, within, strict) AS f)
    SELECT count(*), count(*) FILTER (WHERE reached <> coalesce(depth, 0)), count(*) FILTER (WHERE entered_at IS DISTINCT FROM times[1]),
           count(*) FILTER (WHERE depth > 0 AND step_times <> times),
           ARRAY[count(*) FILTER (WHERE reached = 0), count(*) FILTER (WHERE reached = 1), count(*) FILTER (WHERE reached = 2), count(*) FILTER (WHERE reached = 3)]
    FROM ours LEFT JOIN best USING (customer) $$;
SELECT steps, within, strict, c.*
FROM (VALUES ('{a,b,c}'::text[], interval '3 hours', false), ('{a,b,c}', '3 hours', true), ('{a,a,b}', '2 hours', false), ('{b,a,b}', '0', false), ('{a,a,a}', '5 hours', true)) AS t(steps, within, strict),
     pg_temp.compare(steps, within, strict) AS c;

-- many customers: each step's row, against plain SQL
CREATE TEMP TABLE results AS SELECT customer, funnel(log, '{a,b,c}', '6 hours') AS result FROM journeys;
CREATE TEMP TABLE summary AS SELECT funnel_summary(result) AS summary FROM results;
SELECT customers(summary), s.* FROM summary, funnel_steps(summary) AS s;
SELECT step, count(*) AS customers, percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) AS median_gap, percentile_cont(0.9) WITHIN GROUP (ORDER BY gap) AS p90_gap
FROM (SELECT step, (result).step_times[step] - (result).step_times[step - 1] AS gap FROM results, generate_series(1, 3) AS step WHERE (result).reached >= step) AS t
GROUP BY step ORDER BY step;
-- gaps of all sizes: percentiles as percentile_cont() has them
CREATE TEMP TABLE odd AS
SELECT ROW(2, at, ARRAY[at, at + gap])::cv_funnel_result AS result, gap
FROM (SELECT timestamptz '2026-01-01' AS at, (n * n * n) % 1000003 * interval '1 second' + n * interval '1 microsecond' AS gap FROM generate_series(1, 1001) AS n) AS t;
SELECT s.median_gap = m.median AS same_median, abs(extract(epoch FROM s.p90_gap - m.p90)) <= 0.000001 AS same_p90
FROM (SELECT funnel_summary(result) AS summary FROM odd) AS t, funnel_steps(summary) AS s,
     (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) AS median, percentile_cont(0.9) WITHIN GROUP (ORDER BY gap) AS p90 FROM odd) AS m
WHERE step = 2;

-- nobody, nobody who enters, a step that nobody reaches, one customer
SELECT funnel_summary(NULL::cv_funnel_result), funnel_summary(result) FROM results WHERE false;
SELECT customers(summary), s.* FROM (SELECT funnel_summary(funnel('[]', '{a,b}', '1 day')) AS summary) AS t, funnel_steps(summary) AS s;
SELECT customers(summary), s.* FROM (SELECT funnel_summary(funnel(pg_temp.log_of('ab'), '{a,b,c,d}', '1 day')) AS summary) AS t, funnel_steps(summary) AS s;
SELECT funnel_summary(ROW(NULL, NULL, NULL)::cv_funnel_result) IS NULL AS ignored;
-- results typed in, with times of the reached steps only
SELECT s.* FROM (SELECT funnel_summary(r) AS summary FROM (VALUES (ROW(2, '2026-01-01', ARRAY['2026-01-01', '2026-01-02']::timestamptz[])::cv_funnel_result),
    (ROW(1, '2026-01-01', ARRAY['2026-01-01']::timestamptz[])::cv_funnel_result), (ROW(0, NULL, NULL)::cv_funnel_result), (ROW(0, NULL, '{}')::cv_funnel_result)) AS t(r)) AS t, funnel_steps(summary) AS s;
SELECT pg_temp.error_of('SELECT funnel_summary(ROW(' || r || ')::cv_funnel_result)') FROM unnest(ARRAY[
    $$-1, NULL, NULL$$, $$1, NULL, NULL$$, $$2, NULL, ARRAY['2026-01-02']::timestamptz[]$$, $$2, NULL, ARRAY['2026-01-02', NULL]::timestamptz[]$$,
    $$2, NULL, ARRAY['2026-01-02', '2026-01-01']::timestamptz[]$$, $$1, NULL, ARRAY['infinity']::timestamptz[]$$,
    $$1, NULL, ARRAY[['2026-01-02'], ['2026-01-02']]::timestamptz[]$$, $$1, NULL, array_fill('2026-01-01'::timestamptz, ARRAY[33])$$]) AS r;
-- summaries merge as their results
SELECT rollup(part)::text = (SELECT summary::text FROM summary) AS same
FROM (SELECT funnel_summary(result) AS part FROM results GROUP BY customer % 17) AS t;
SELECT rollup(NULL::cv_funnel_summary), rollup(summary)::text = summary::text AS same FROM summary GROUP BY summary::text;
SELECT jsonb_typeof(summary::jsonb) FROM summary;

-- more customers than can be counted
SELECT rollup(s) FROM unnest(ARRAY['{"customers": 9223372036854775807, "steps": 0, "gaps": []}', '{"customers": 1, "steps": 0, "gaps": []}']::cv_funnel_summary[]) AS s;
