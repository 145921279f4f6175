-- Part 12: journeys and funnels, straight from the events and from stored logs.

INSERT INTO parts
SELECT 12, 'Journeys and funnels',
       format('%s events of %s customers in random physical order (%s), four stages. The floor is '
              '`SELECT customer_id, min(at), max(at), count(*) ... GROUP BY customer_id`, for `window_funnel` with `count(ARRAY[four conditions])`. The funnel has four steps within '
              '7 days of the first; `window_funnel` is in mode `exact`. The covering index is `(customer_id, at) INCLUDE (stage)`. '
              'Window functions: one sort, then for each step the latest entry that has come so far, by a running maximum; '
              'self-joins: each step joined to the one before. Elsewhere, for orientation: the same funnel over '
              '10 M events took plain SQL with window functions 14.0 s, DuckDB 5.9 s, chDB (ClickHouse) 1.0 to 1.5 s.',
              thousands(rows), thousands(customers), megabytes(bytes)),
       '{work, CPU, compared with, CPU, ratio: CPU (wall)}'
FROM events_size;

\set floor 'SELECT customer_id, min(at), max(at), count(*) FROM events GROUP BY customer_id'
-- the floor with the conditions that window_funnel takes
\set conditions 'SELECT customer_id, min(at), max(at), count(ARRAY[stage = ''visit'', stage = ''product'', stage = ''cart'', stage = ''checkout'']) FROM events GROUP BY customer_id'
\set log 'SELECT customer_id, journey_log(at, stage) FROM events GROUP BY customer_id'
\set funnel 'SELECT customer_id, funnel(journey_log(at, stage), ''{visit,product,cart,checkout}'', ''7 days'') FROM events GROUP BY customer_id'
\set window_funnel 'SELECT customer_id, window_funnel(''7 days'', ''exact'', at, stage = ''visit'', stage = ''product'', stage = ''cart'', stage = ''checkout'') FROM events GROUP BY customer_id'
\set steps 'SELECT s.* FROM (SELECT funnel_summary(funnel(log, ''{visit,product,cart,checkout}'', ''7 days'')) AS summary FROM (SELECT journey_log(at, stage) AS log FROM events GROUP BY customer_id) AS logs) AS summary, funnel_steps(summary) AS s'
\set windows 'SELECT count(*) FILTER (WHERE depth >= 1), count(*) FILTER (WHERE depth >= 2), count(*) FILTER (WHERE depth >= 3), count(*) FILTER (WHERE depth >= 4) FROM (SELECT customer_id, CASE WHEN count(e4) > 0 THEN 4 WHEN count(e3) > 0 THEN 3 WHEN count(e2) > 0 THEN 2 WHEN count(e1) > 0 THEN 1 ELSE 0 END AS depth FROM (SELECT *, CASE WHEN stage = ''checkout'' AND at <= e3 + interval ''7 days'' THEN e3 END AS e4 FROM (SELECT *, max(CASE WHEN stage = ''cart'' AND at <= e2 + interval ''7 days'' THEN e2 END) OVER w AS e3 FROM (SELECT *, max(CASE WHEN stage = ''product'' AND at <= e1 + interval ''7 days'' THEN e1 END) OVER w AS e2 FROM (SELECT *, max(CASE WHEN stage = ''visit'' THEN at END) OVER w AS e1 FROM events WINDOW w AS (PARTITION BY customer_id ORDER BY at ROWS UNBOUNDED PRECEDING)) AS s1 WINDOW w AS (PARTITION BY customer_id ORDER BY at ROWS UNBOUNDED PRECEDING)) AS s2 WINDOW w AS (PARTITION BY customer_id ORDER BY at ROWS UNBOUNDED PRECEDING)) AS s3) AS s4 GROUP BY customer_id) AS depths'
\set joins 'SELECT count(DISTINCT v.customer_id), count(DISTINCT p.customer_id), count(DISTINCT c.customer_id), count(DISTINCT o.customer_id) FROM events AS v LEFT JOIN events AS p ON p.customer_id = v.customer_id AND p.stage = ''product'' AND p.at BETWEEN v.at AND v.at + interval ''7 days'' LEFT JOIN events AS c ON c.customer_id = v.customer_id AND c.stage = ''cart'' AND c.at BETWEEN p.at AND v.at + interval ''7 days'' LEFT JOIN events AS o ON o.customer_id = v.customer_id AND o.stage = ''checkout'' AND o.at BETWEEN c.at AND v.at + interval ''7 days'' WHERE v.stage = ''visit'''
\set lags 'SELECT before, stage, count(DISTINCT customer_id), count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY gap), percentile_cont(0.9) WITHIN GROUP (ORDER BY gap) FROM (SELECT customer_id, stage, lag(stage) OVER w AS before, at - lag(at) OVER w AS gap FROM events WINDOW w AS (PARTITION BY customer_id ORDER BY at, stage)) AS moves WHERE before IS NOT NULL GROUP BY 1, 2'
\set graph 'SELECT e.* FROM (SELECT journey_graph(journey_log) AS graph FROM (SELECT journey_log(at, stage) FROM events GROUP BY customer_id) AS logs) AS graph, edges(graph) AS e'

\set no_index '"enable_indexscan": "off", "enable_indexonlyscan": "off", "enable_bitmapscan": "off"'
\set hash '{"enable_sort": "off", "enable_hashagg": "on", "work_mem": "6GB", ' :no_index '}'
\set sort '{"enable_sort": "on", "enable_hashagg": "off", "work_mem": "6GB", ' :no_index '}'
\set index_only '{"enable_seqscan": "off", "enable_hashagg": "off", "enable_sort": "off"}'

-- The same answer by all three ways, or the comparison is none.
CREATE FUNCTION same_funnel(ours text, windows text, joins text) RETURNS void LANGUAGE plpgsql AS
$$
DECLARE
    reached bigint[];
    others bigint[];
    statement text;
BEGIN
    EXECUTE format('SELECT array_agg(customers ORDER BY step) FROM (%s) AS steps', ours) INTO reached;
    FOREACH statement IN ARRAY ARRAY[windows, joins] LOOP
        EXECUTE format('SELECT ARRAY[a, b, c, d] FROM (%s) AS steps(a, b, c, d)', statement) INTO others;
        IF others <> reached THEN
            RAISE EXCEPTION 'the funnels differ: % and %', reached, others;
        END IF;
    END LOOP;
END
$$;

SELECT compare(12, 'floor', :'floor', '{"`journey_log`, hash plan", "`funnel`, hash plan"}',
               ARRAY[:'log', :'funnel'], '{NULL, NULL}', :'hash');
SELECT compare(12, 'floor', :'floor', '{"`journey_log`, sort plan", "`funnel`, sort plan"}',
               ARRAY[:'log', :'funnel'], '{NULL, 1.2}', :'sort');
SELECT compare(12, 'window functions', :'windows', '{"`funnel_steps`, sort plan", "self-joins"}',
               ARRAY[:'steps', :'joins'], '{1, NULL}', '{"work_mem": "6GB", "enable_hashagg": "off"}');

CREATE INDEX events_of_customer ON events (customer_id, at) INCLUDE (stage);
VACUUM (ANALYZE) events;
SELECT same_funnel(:'steps', :'windows', :'joins');
SELECT compare(12, 'floor', :'floor', '{"`journey_log`, covering index", "`funnel`, covering index"}',
               ARRAY[:'log', :'funnel'], '{NULL, 1.2}', :'index_only');
SELECT compare(12, 'floor with the four conditions', :'conditions', '{"`window_funnel`, covering index"}',
               ARRAY[:'window_funnel'], '{1.2}', :'index_only');
SELECT compare(12, '`lag()`, `GROUP BY`, `percentile_cont`', :'lags', '{"`edges(journey_graph(...))`, covering index"}',
               ARRAY[:'graph'], '{NULL}', '{"enable_seqscan": "off", "work_mem": "6GB"}');

CREATE TABLE journeys AS SELECT customer_id, journey_log(at, stage) AS log FROM events GROUP BY customer_id;
VACUUM (FREEZE, ANALYZE) journeys;
SELECT report(12, ARRAY['table of journey logs', megabytes(pg_table_size('journeys')), 'table of events', megabytes(bytes),
                        ratio(pg_table_size('journeys') / bytes::float8)])
FROM events_size;
SELECT compare(12, 'window functions, covering index', :'windows', '{"`funnel_steps`, covering index", "`funnel_steps` over stored logs"}',
               ARRAY[:'steps', 'SELECT s.* FROM (SELECT funnel_summary(funnel(log, ''{visit,product,cart,checkout}'', ''7 days'')) AS summary FROM journeys) AS summary, funnel_steps(summary) AS s'],
               '{1, NULL}', :'index_only');
