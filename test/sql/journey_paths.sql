-- journey_graph() and edges(): transitions that add up.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';
SET intervalstyle = 'postgres';

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

CREATE TEMP TABLE few AS
SELECT customer, journey_log(at, stage) AS log
FROM (VALUES (1, timestamptz '2026-01-01 10:00:00', 'visit'), (1, '2026-01-01 10:10:00', 'cart'), (1, '2026-01-01 10:20:00', 'visit'), (1, '2026-01-01 10:50:00', 'cart'),
             (2, '2026-01-01 10:00:00', 'visit'), (2, '2026-01-02 10:00:00', 'visit'), (3, '2026-01-01 10:00:00', 'cart')) AS t(customer, at, stage) GROUP BY customer;
SELECT customers(graph), e.* FROM (SELECT journey_graph(log) AS graph FROM few) AS t, edges(graph) AS e;
SELECT journey_graph(log) FROM few;
-- nobody, a journey without rows, NULLs
SELECT journey_graph(log) FROM few WHERE false;
SELECT journey_graph(NULL::cv_journey_log);
SELECT customers(graph), e.* FROM (SELECT journey_graph(log) AS graph FROM (VALUES ('[]'::cv_journey_log), (NULL)) AS t(log)) AS t, edges(graph) AS e;
SELECT pg_temp.error_of($$SELECT journey_graph('[["2026-01-01 00:00:00Z", "(entry)"]]'::cv_journey_log)$$);
SELECT pg_temp.error_of($$SELECT journey_graph('[["2026-01-01 00:00:00Z", "(exit)"]]'::cv_journey_log)$$);

-- 3,000 customers: the edges as window functions have them
CREATE TEMP TABLE visits AS
SELECT customer, n, timestamptz '2026-01-01' + (('x' || substr(h, 1, 6))::bit(24)::integer % 100000) * interval '1 second' AS at, 'stage ' || ('x' || substr(h, 7, 2))::bit(8)::integer % (5 + customer % 20) AS stage
FROM (SELECT customer, n, md5(customer || '-' || n) AS h FROM generate_series(1, 3000) AS customer, generate_series(1, 1 + customer % 8) AS n) AS t;
CREATE TEMP TABLE graph AS SELECT journey_graph(log) AS graph FROM (SELECT customer, journey_log(at, stage) AS log FROM visits GROUP BY customer) AS t;
CREATE TEMP TABLE plain AS
WITH steps AS (
    SELECT customer, at, stage, lag(stage) OVER w AS before, at - lag(at) OVER w AS gap, lead(stage) OVER w AS after
    FROM visits WINDOW w AS (PARTITION BY customer ORDER BY at, stage COLLATE "C")),
moves AS (
    SELECT customer, coalesce(before, '(entry)') AS from_stage, stage AS to_stage, gap FROM steps
    UNION ALL SELECT customer, stage, '(exit)', NULL FROM steps WHERE after IS NULL)
SELECT from_stage, to_stage, count(DISTINCT customer) AS customers, count(*) AS transitions,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) AS median_gap, percentile_cont(0.9) WITHIN GROUP (ORDER BY gap) AS p90_gap
FROM moves GROUP BY 1, 2;
SELECT count(*) AS edges, bool_and(g.customers = p.customers) AS customers, bool_and(g.transitions = p.transitions) AS transitions, bool_and(g.median_gap IS NOT DISTINCT FROM p.median_gap) AS median,
       bool_and((g.p90_gap IS NULL) = (p.p90_gap IS NULL) AND (g.p90_gap IS NULL OR abs(extract(epoch FROM g.p90_gap - p.p90_gap)) <= 0.000001)) AS p90
FROM graph, edges(graph) AS g FULL JOIN plain AS p USING (from_stage, to_stage);
-- as many in as out of every stage; as many from (entry) and to (exit) as journeys
SELECT count(*) AS stages, bool_and(into_it = out_of_it) AS balanced
FROM (SELECT stage, sum(transitions) FILTER (WHERE to_stage = stage) AS into_it, sum(transitions) FILTER (WHERE from_stage = stage) AS out_of_it
      FROM (SELECT DISTINCT stage FROM visits) AS s, graph, edges(graph) GROUP BY stage) AS t;
SELECT customers(graph) AS journeys, (SELECT sum(transitions) FROM edges(graph) WHERE from_stage = '(entry)') AS entries, (SELECT sum(customers) FROM edges(graph) WHERE to_stage = '(exit)') AS exits FROM graph;
-- the top paths, with the rest in one row, add up to the journeys
WITH paths AS (
    SELECT stages(journey_log(at, stage)) AS path FROM visits GROUP BY customer),
counted AS (
    SELECT path, count(*) AS customers, row_number() OVER (ORDER BY count(*) DESC, path::text COLLATE "C") AS place FROM paths GROUP BY path)
SELECT CASE WHEN place <= 3 THEN path END AS path, sum(customers) AS customers, sum(sum(customers)) OVER () AS all_customers
FROM counted GROUP BY 1, least(place, 4) ORDER BY least(place, 4);
-- graphs merge as their logs, in any partition and order
SELECT parts, bool_and(rolled = (SELECT graph::text FROM graph)) AS same
FROM (SELECT parts, rollup(part::text::cv_journey_graph ORDER BY md5(k::text))::text AS rolled
      FROM (SELECT parts, customer % parts AS k, journey_graph(log ORDER BY customer DESC) AS part
            FROM (SELECT customer, journey_log(at, stage) AS log FROM visits GROUP BY customer) AS t, unnest(ARRAY[1, 2, 7, 100]) AS parts GROUP BY 1, 2) AS t GROUP BY parts) AS t GROUP BY parts ORDER BY parts;
SELECT jsonb_typeof(graph::jsonb) AS type FROM graph;
