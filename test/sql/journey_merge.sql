-- The same answers however the rows were ordered, divided and merged.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';

SET max_parallel_workers_per_gather = 0;

-- 30 customers, 6,000 rows; ties, repeated rows and rows of no use among them
CREATE TEMP TABLE rows AS
SELECT n, n % 30 AS customer, timestamptz '2026-01-01' + (('x' || substr(h, 1, 4))::bit(16)::integer % 300) * interval '1 hour' AS at,
       CASE WHEN n % 83 = 0 THEN NULL ELSE 'stage ' || ('x' || substr(h, 5, 2))::bit(8)::integer % 12 END AS stage,
       ('x' || substr(h, 7, 2))::bit(8)::integer % 3 = 0 AS a, ('x' || substr(h, 9, 2))::bit(8)::integer % 4 = 0 AS b,
       CASE WHEN n % 7 = 0 THEN NULL ELSE ('x' || substr(h, 11, 2))::bit(8)::integer % 5 = 0 END AS c, ('x' || substr(h, 13, 6))::bit(24)::integer AS shuffle
FROM (SELECT n, md5(n::text) AS h FROM generate_series(1, 6000) AS n) AS t;

-- in any order
CREATE FUNCTION pg_temp.answers(sort text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format($q$
        SELECT md5(string_agg(concat_ws(' ', customer, journey_log, f1, f2, f3, f4, f5, m1, m2, k, node, kept), E'\n' ORDER BY customer)) FROM (
            SELECT customer, journey_log(at, stage ORDER BY %1$s),
                   window_funnel('9 hours', 'exact', at, a, b, c, a ORDER BY %1$s) AS f1, window_funnel('9 hours', 'exact,strict_increase', at, a, b, c, a ORDER BY %1$s) AS f2,
                   window_funnel('9 hours', '', at, a, b, c, a ORDER BY %1$s) AS f3, window_funnel('9 hours', 'strict_order', at, a, b, c, a ORDER BY %1$s) AS f4,
                   window_funnel('9 hours', 'strict_once,strict_deduplication,strict_increase', at, a, b, c, a ORDER BY %1$s) AS f5,
                   sequence_match('(?1)(?2)(?3)(?2)', at, a, b, c ORDER BY %1$s) AS m1, sequence_match('(?1)(?t<=7200)(?2)(?t>3600)(?3)', at, a, b, c ORDER BY %1$s) AS m2,
                   sequence_count('(?1)(?2)', at, a, b, c ORDER BY %1$s) AS k, sequence_next_node('forward', 'first_match', at, stage, a, b, c ORDER BY %1$s) AS node,
                   retention(a, b, a AND b AND c ORDER BY %1$s) AS kept
            FROM rows GROUP BY customer) AS t $q$, sort) INTO answer;
    RETURN answer;
END $$;
SELECT count(DISTINCT pg_temp.answers(sort)) AS answers FROM unnest(ARRAY['n', 'n DESC', 'shuffle', 'at, n', 'at DESC, shuffle', 'stage, shuffle']) AS sort;

-- in any partition, states passing through text: the aggregates rebuilt around their combine functions
CREATE AGGREGATE pg_temp.condition_part(interval, text, timestamptz, boolean[]) (SFUNC = window_funnel_trans, STYPE = cv_condition_log);
CREATE AGGREGATE pg_temp.sequence_part(text, timestamptz, boolean[]) (SFUNC = sequence_trans, STYPE = cv_condition_log);
CREATE AGGREGATE pg_temp.node_part(text, text, timestamptz, text, boolean, boolean[]) (SFUNC = sequence_next_node_trans, STYPE = cv_node_log);
CREATE AGGREGATE pg_temp.retention_part(boolean[]) (SFUNC = retention_trans, STYPE = cv_condition_union);
CREATE AGGREGATE pg_temp.funnel_whole(cv_condition_log) (SFUNC = condition_log_combine, STYPE = cv_condition_log, FINALFUNC = window_funnel_final);
CREATE AGGREGATE pg_temp.match_whole(cv_condition_log) (SFUNC = condition_log_combine, STYPE = cv_condition_log, FINALFUNC = sequence_match_final);
CREATE AGGREGATE pg_temp.count_whole(cv_condition_log) (SFUNC = condition_log_combine, STYPE = cv_condition_log, FINALFUNC = sequence_count_final);
CREATE AGGREGATE pg_temp.node_whole(cv_node_log) (SFUNC = sequence_next_node_combine, STYPE = cv_node_log, FINALFUNC = sequence_next_node_final);
CREATE AGGREGATE pg_temp.retention_whole(cv_condition_union) (SFUNC = retention_combine, STYPE = cv_condition_union, FINALFUNC = retention_final);
CREATE TEMP TABLE whole AS
SELECT customer, journey_log(at, stage)::text AS log, window_funnel('9 hours', 'exact', at, a, b, c, a) AS f1, window_funnel('9 hours', 'strict_order', at, a, b, c, a) AS f2,
       sequence_match('(?1)(?2)(?3)(?2)', at, a, b, c) AS m, sequence_count('(?1)(?t<=7200)(?2)', at, a, b, c) AS k, sequence_next_node('forward', 'first_match', at, stage, a, b, c) AS node, retention(a, b, a AND b AND c) AS kept
FROM rows GROUP BY customer;
SELECT parts, count(*) AS customers, bool_and(w.log = p.log) AS logs, bool_and(w.f1 = p.f1) AS funnels, bool_and(w.f2 = p.f2) AS strict_funnels, bool_and(w.m = p.m) AS matches, bool_and(w.k = p.k) AS counts,
       bool_and(w.node IS NOT DISTINCT FROM p.node) AS nodes, bool_and(w.kept = p.kept) AS retentions
FROM whole AS w JOIN (
    SELECT parts, customer, rollup(log::text::cv_journey_log ORDER BY md5(part::text))::text AS log, pg_temp.funnel_whole(f1::text::cv_condition_log ORDER BY md5(part::text)) AS f1,
           pg_temp.funnel_whole(f2::text::cv_condition_log ORDER BY part) AS f2, pg_temp.match_whole(m ORDER BY part DESC) AS m, pg_temp.count_whole(k::text::cv_condition_log ORDER BY part) AS k,
           pg_temp.node_whole(node::text::cv_node_log ORDER BY md5(part::text)) AS node, pg_temp.retention_whole(kept::text::cv_condition_union ORDER BY part) AS kept
    FROM (SELECT parts, customer, shuffle % parts AS part, journey_log(at, stage) AS log, pg_temp.condition_part('9 hours', 'exact', at, ARRAY[a, b, c, a]) AS f1, pg_temp.condition_part('9 hours', 'strict_order', at, ARRAY[a, b, c, a]) AS f2,
                 pg_temp.sequence_part('(?1)(?2)(?3)(?2)', at, ARRAY[a, b, c]) AS m, pg_temp.sequence_part('(?1)(?t<=7200)(?2)', at, ARRAY[a, b, c]) AS k,
                 pg_temp.node_part('forward', 'first_match', at, stage, a, ARRAY[b, c]) AS node, pg_temp.retention_part(ARRAY[a, b, a AND b AND c]) AS kept
          FROM rows, unnest(ARRAY[1, 2, 3, 7, 50, 300]) AS parts GROUP BY 1, 2, 3) AS pieces
    GROUP BY parts, customer) AS p USING (customer) GROUP BY parts ORDER BY parts;

-- states of different calls do not merge
DO $$
DECLARE
    pair text[];
BEGIN
    FOREACH pair SLICE 1 IN ARRAY ARRAY[
        ['{"rule": "exact", "within": 1, "conditions": 2, "rows": []}', '{"rule": "", "within": 1, "conditions": 2, "rows": []}'],
        ['{"rule": "exact", "within": 1, "conditions": 2, "rows": []}', '{"rule": "exact", "within": 2, "conditions": 2, "rows": []}'],
        ['{"rule": "exact", "within": 1, "conditions": 2, "rows": []}', '{"rule": "exact", "within": 1, "conditions": 3, "rows": []}'],
        ['{"rule": "", "within": 1, "conditions": 2, "rows": []}', '{"rule": "", "within": null, "conditions": 2, "rows": []}'],
        ['{"rule": "(?1)", "within": null, "conditions": 2, "rows": []}', '{"rule": "(?2)", "within": null, "conditions": 2, "rows": []}']]
    LOOP
        BEGIN
            PERFORM pg_temp.funnel_whole(s::cv_condition_log) FROM unnest(pair) AS s;
            RAISE INFO 'no error';
        EXCEPTION WHEN OTHERS THEN
            RAISE INFO '% %', SQLSTATE, SQLERRM;
        END;
    END LOOP;
    FOREACH pair SLICE 1 IN ARRAY ARRAY[
        ['{"rule": "forward head", "conditions": 2, "rows": []}', '{"rule": "backward tail", "conditions": 2, "rows": []}'],
        ['{"rule": "forward head", "conditions": 2, "rows": []}', '{"rule": "forward head", "conditions": 3, "rows": []}']]
    LOOP
        BEGIN
            PERFORM pg_temp.node_whole(s::cv_node_log) FROM unnest(pair) AS s;
            RAISE INFO 'no error';
        EXCEPTION WHEN OTHERS THEN
            RAISE INFO '% %', SQLSTATE, SQLERRM;
        END;
    END LOOP;
    BEGIN
        PERFORM pg_temp.retention_whole(s::cv_condition_union) FROM unnest(ARRAY['[2, 1]', '[3, 1]']) AS s;
        RAISE INFO 'no error';
    EXCEPTION WHEN OTHERS THEN
        RAISE INFO '% %', SQLSTATE, SQLERRM;
    END;
END $$;
