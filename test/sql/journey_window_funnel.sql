-- window_funnel(): the exact answer, and ClickHouse's documented ones.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';
SET intervalstyle = 'postgres';

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

CREATE TEMP TABLE rows AS
SELECT word, timestamptz '2026-01-01' + i * interval '1 second' AS at, substr(word, i, 1) AS c
FROM unnest('{abc,adbc,aabbcc,aabbdcc,ccbbaa,acbc,adabc,abadc,x}'::text[]) AS word, generate_series(1, length(word)) AS i;
SELECT word,
       window_funnel('1 hour', 'exact', at, c = 'a', c = 'b', c = 'c') AS exact,
       window_funnel('1 hour', '', at, c = 'a', c = 'b', c = 'c') AS "default",
       window_funnel('1 hour', 'strict_order', at, c = 'a', c = 'b', c = 'c') AS strict_order,
       window_funnel('1 hour', 'strict_order,strict_deduplication', at, c = 'a', c = 'b', c = 'c') AS order_deduplication,
       window_funnel('1 hour', 'strict_order, allow_reentry', at, c = 'a', c = 'b', c = 'c') AS order_reentry,
       window_funnel('1 hour', 'strict_once', at, c = 'a', c = 'b', c = 'c') AS once
FROM rows GROUP BY word ORDER BY word;

-- the example of its documentation: four steps in any order of arrival
SELECT window_funnel('70 days', '', at, event = 1003, event = 1009, event = 1007, event = 1010) AS level
FROM (VALUES (timestamptz '2019-01-29 10:00:00', 1003), ('2019-01-31 09:00:00', 1007), ('2019-01-30 08:00:00', 1009), ('2019-02-01 08:00:00', 1010)) AS t(at, event);
-- rows of one instant chain in the order of the funnel
SELECT mode, window_funnel('10 seconds', mode, at, e = 'a', e = 'b', e = 'c') FROM unnest('{"",strict_increase,exact,"exact,strict_increase"}'::text[]) AS mode,
    (VALUES (timestamptz '2026-01-01', 'c'), ('2026-01-01', 'b'), ('2026-01-01', 'a')) AS t(at, e) GROUP BY mode ORDER BY mode;
-- one row that meets two steps counts for both there, for one here
SELECT mode, window_funnel('10 seconds', mode, at, true, true) FROM unnest('{"",strict_once,exact}'::text[]) AS mode, (VALUES (timestamptz '2026-01-01')) AS t(at) GROUP BY mode ORDER BY mode;
-- A, then A and B at one instant: strict_increase loses the first A
SELECT mode, window_funnel('10 seconds', mode, timestamptz '2026-01-01' + s * interval '1 second', e = 'A', e = 'B')
FROM unnest('{strict_increase,"strict_increase,strict_once","exact,strict_increase"}'::text[]) AS mode, (VALUES (0, 'A'), (1, 'A'), (1, 'B')) AS t(s, e) GROUP BY mode ORDER BY mode;
-- a repeated step ends the funnel, though a clean chain follows
SELECT mode, window_funnel('60 seconds', mode, timestamptz '2026-01-01' + i * interval '1 second', e = 'install', e = 'start', e = 'login', e = 'end')
FROM unnest('{strict_deduplication,exact}'::text[]) AS mode, unnest('{install,start,login,install,start,install,start,login,end}'::text[]) WITH ORDINALITY AS t(e, i) GROUP BY mode ORDER BY mode;
-- the window is counted from the first step, its end included
SELECT window_funnel('2 seconds', mode, timestamptz '2026-01-01' + s * interval '1 second', e = 1, e = 2, e = 3) AS within_2, window_funnel('1.999999 seconds', mode, timestamptz '2026-01-01' + s * interval '1 second', e = 1, e = 2, e = 3) AS shorter
FROM unnest('{"",exact}'::text[]) AS mode, (VALUES (0, 1), (1, 2), (2, 3)) AS t(s, e) GROUP BY mode;
-- many rows that fit the first steps and none the last: no chains are kept
SELECT window_funnel('1 day', 'strict_once', timestamptz '2026-01-01' + i * interval '1 second', true, true, true, true, false) FROM generate_series(1, 2000) AS i;
-- a single step
SELECT mode, window_funnel('0', mode, timestamptz '2026-01-01', e) FROM unnest('{"",strict_order,exact}'::text[]) AS mode, (VALUES (false), (true)) AS t(e) GROUP BY mode ORDER BY mode;

-- NULL conditions are false; rows with another NULL are ignored; no rows give NULL, rows that meet nothing 0
SELECT window_funnel('1 hour', 'exact', at, a, b) FROM (VALUES (timestamptz '2026-01-01', true, NULL::boolean), ('2026-01-02', NULL, NULL), (NULL, true, true), ('2026-01-01 00:10:00', NULL, true)) AS t(at, a, b);
SELECT window_funnel('1 hour', 'exact', at, true) FROM rows WHERE false;
SELECT window_funnel('1 hour', 'exact', NULL, true), window_funnel(NULL, 'exact', now(), true), window_funnel('1 hour', NULL, now(), true), window_funnel('1 hour', 'exact', now(), VARIADIC NULL), window_funnel('1 hour', 'exact', now(), false);
-- steps as an array; 32 of them
SELECT window_funnel('1 hour', 'exact', at, VARIADIC ARRAY[c = 'a', c = 'b', NULL]) FROM rows WHERE word = 'abc';
SELECT window_funnel('1 hour', 'exact', timestamptz '2026-01-01' + i * interval '1 second', VARIADIC (SELECT array_agg(n = i) FROM generate_series(1, 32) AS n)) FROM generate_series(1, 40) AS i;
-- errors
SELECT pg_temp.error_of('SELECT window_funnel(' || call || ') FROM (VALUES (1), (2)) AS t(n)') FROM unnest(ARRAY[
    $$'-1 hour', 'exact', now(), true$$, $$'1 hour', 'exactly', now(), true$$, $$'1 hour', 'exact,strict_order', now(), true$$, $$'1 hour', 'allow_reentry', now(), true$$,
    $$'1 hour', 'strict_order,', now(), true$$, $$'1 hour', ',', now(), true$$, $$'1 hour', 'strict_order,,strict_once', now(), true$$, $$'1 hour', 'STRICT_ORDER', now(), true$$,
    $$'1 hour', 'exact', 'infinity', true$$, $$'1 hour', 'exact', now(), VARIADIC '{}'$$, $$'1 hour', 'exact', now(), VARIADIC '{{t},{f}}'$$,
    $$'1 hour', 'exact', now(), VARIADIC array_fill(true, ARRAY[33])$$, $$n * interval '1 hour', 'exact', now(), true$$, $$'1 hour', CASE n WHEN 1 THEN 'exact' ELSE '' END, now(), true$$,
    $$'1 hour', 'exact', now(), VARIADIC array_fill(true, ARRAY[n])$$]) AS call;

-- 12,000 customers whose rows meet several steps, against all chains by joins
CREATE TEMP TABLE hits AS
SELECT customer, n, timestamptz '2026-01-01' + (('x' || substr(h, 1, 2))::bit(8)::integer % 7) * interval '1 hour' AS at,
       ('x' || substr(h, 3, 2))::bit(8)::integer % 4 = 0 AS a, ('x' || substr(h, 5, 2))::bit(8)::integer % 3 = 0 AS b, ('x' || substr(h, 7, 2))::bit(8)::integer % 3 = 0 AS c
FROM (SELECT customer, n, md5(customer || '/' || n) AS h FROM generate_series(1, 12000) AS customer, generate_series(1, 1 + customer % 6) AS n) AS t;
CREATE INDEX ON hits (customer);
ANALYZE hits;
WITH chains AS (
    SELECT x.customer, max(1 + (y.n IS NOT NULL)::integer + (z.n IS NOT NULL)::integer) AS depth,
           max(CASE WHEN y.at > x.at THEN CASE WHEN z.at > y.at THEN 3 ELSE 2 END ELSE 1 END) AS increasing
    FROM hits AS x
    LEFT JOIN hits AS y ON y.customer = x.customer AND y.b AND y.n <> x.n AND y.at BETWEEN x.at AND x.at + interval '3 hours'
    LEFT JOIN hits AS z ON z.customer = x.customer AND z.c AND z.n NOT IN (x.n, y.n) AND z.at BETWEEN y.at AND x.at + interval '3 hours'
    WHERE x.a GROUP BY x.customer),
ours AS (
    SELECT customer, window_funnel('3 hours', 'exact', at, a, b, c) AS exact, window_funnel('3 hours', 'exact,strict_increase', at, a, b, c) AS increasing,
           window_funnel('3 hours', 'strict_once', at, a, b, c) AS once, window_funnel('3 hours', 'strict_once,strict_increase', at, a, b, c) AS once_increasing,
           window_funnel('3 hours', '', at, a, b, c) AS plain
    FROM hits GROUP BY customer)
SELECT count(*) AS customers, count(*) FILTER (WHERE o.exact <> coalesce(depth, 0)) AS different, count(*) FILTER (WHERE o.increasing <> coalesce(c.increasing, 0)) AS different_increasing,
       count(*) FILTER (WHERE o.once <> o.exact) AS different_once, count(*) FILTER (WHERE once_increasing <> o.increasing) AS different_once_increasing,
       count(*) FILTER (WHERE plain < o.exact) AS default_below, count(*) FILTER (WHERE plain > o.exact) > 100 AS default_above, count(*) FILTER (WHERE o.exact = 3) > 1000 AS deep
FROM ours AS o LEFT JOIN chains AS c USING (customer);
