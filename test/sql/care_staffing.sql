-- Erlang's formulas: published figures, the birth-death chain itself, thousands of agents, bad inputs.
\set SHOW_CONTEXT never
SET extra_float_digits = 0;

-- published: calls in half an hour, handle time, agents; load, wait probability, mean wait, service level, occupancy
SELECT calls, handle_time, agents, load, round(erlang_c(load, agents)::numeric, 6) AS c, round((erlang_c(load, agents) * handle_time / (agents - load))::numeric, 3) AS mean_wait,
       within, round(service_level(calls, '30 minutes', handle_time * interval '1 second', agents, within * interval '1 second')::numeric, 6) AS service_level, round((load / agents)::numeric, 4) AS occupancy
FROM (VALUES (100, 180, 11, 20), (100, 180, 13, 20), (100, 180, 14, 20), (360, 240, 55, 15), (5000, 180, 520, 20)) AS v(calls, handle_time, agents, within), LATERAL (SELECT calls * handle_time / 1800.0::float8 AS load) AS l;
-- 80 % within 20 seconds: 14 agents (20 scheduled at a shrinkage of 30 %), 32, 510
SELECT agents_needed(100, '30 minutes', '180 seconds', 0.8, '20 seconds') AS a, agents_needed(100, '30 minutes', '180 seconds', 0.8, '20 seconds', 0.3) AS scheduled,
       agents_needed(200, '30 minutes', '240 seconds', 0.8, '20 seconds') AS b, agents_needed(5000, '30 minutes', '180 seconds', 0.8, '20 seconds') AS c,
       agents_needed(calls => 100, period => '30 minutes', handle_time => '3 minutes', target => 0.8, within => '20 seconds', shrinkage => 0.3) AS named;
-- Erlang A: 100 calls of 180 s in half an hour, 11 agents, patience of 120 s
SELECT round(wait_probability::numeric, 6) AS wait_probability, round(abandonment::numeric, 6) AS abandonment, round((abandonment * 120)::numeric, 4) AS mean_wait FROM erlang_a(10, 11, 120 / 180.0);

-- the chain of states itself: solved by its balance, cut far behind
CREATE FUNCTION pg_temp.chain(load float8, agents integer, patience float8, states integer, OUT wait float8, OUT blocked float8, OUT lost float8) LANGUAGE plpgsql AS $$
DECLARE
    p float8 := 1;
    total float8 := 1;
    waiting float8 := CASE WHEN agents = 0 THEN 1 ELSE 0 END;
    gone float8 := 0;
    up_to_agents float8 := 1;
    at_agents float8 := 1;
BEGIN
    FOR k IN 1 .. states LOOP
        p := p * load / CASE WHEN k <= agents THEN k WHEN patience IS NULL THEN agents ELSE agents + (k - agents) / patience END;
        total := total + p;
        IF k <= agents THEN
            up_to_agents := up_to_agents + p;
            at_agents := p;
        END IF;
        IF k >= agents THEN
            waiting := waiting + p;
        END IF;
        IF k > agents AND patience IS NOT NULL THEN
            gone := gone + p * (k - agents) / patience;
        END IF;
        EXIT WHEN k > agents AND p < 1e-280;
    END LOOP;
    wait := waiting / total;
    blocked := at_agents / up_to_agents;
    lost := gone / load / total;
END $$;
SELECT count(*) AS cases, max(abs(erlang_b(load, agents) / c.blocked - 1)) < 1e-12 AS erlang_b, max(abs(erlang_c(load, agents) / c.wait - 1)) < 1e-11 AS erlang_c
FROM unnest(ARRAY[0.01, 0.5, 3, 11.7, 49]::float8[]) AS load, unnest(ARRAY[1, 2, 5, 12, 50, 61]) AS agents, LATERAL pg_temp.chain(load, agents, NULL, 4000) AS c WHERE load < agents * 0.99;
SELECT count(*) AS cases, max(abs(a.wait_probability / c.wait - 1)) < 1e-12 AS wait, max(abs(a.abandonment / c.lost - 1)) < 1e-11 AS abandonment
FROM unnest(ARRAY[0.01, 0.5, 3, 11.7, 49]::float8[]) AS load, unnest(ARRAY[0, 1, 5, 12, 61]) AS agents, unnest(ARRAY[0.001, 0.3, 1, 7.5]::float8[]) AS patience,
     LATERAL pg_temp.chain(load, agents, patience, 1500) AS c, LATERAL erlang_a(load, agents, patience) AS a;
-- with much patience Erlang A is Erlang C, with none Erlang B
SELECT max(abs(a.wait_probability / erlang_c(load, agents) - 1)) < 2e-3 AS patient, max(abs(b.wait_probability / erlang_b(load, agents) - 1)) < 1e-3 AS impatient, max(abs(b.abandonment / erlang_b(load, agents) - 1)) < 1e-3 AS blocked
FROM (VALUES (10, 11), (500, 520), (5, 9)) AS v(load, agents), LATERAL erlang_a(load, agents, 100000) AS a, LATERAL erlang_a(load, agents, 1e-7) AS b;

-- thousands of agents: finite, falling, consistent with the recursion B(n) = A B(n-1) / (n + A B(n-1))
SELECT load, agents, round(erlang_b(load, agents)::numeric, 9) AS b, abs(erlang_b(load, agents) / nullif(load * previous / (agents + load * previous), 0) - 1) < 1e-12 AS recursion, erlang_c(load, agents) BETWEEN 0 AND 1 AS c,
       a.wait_probability BETWEEN 0 AND 1 AS a, a.abandonment BETWEEN 0 AND 1 AS lost
FROM (VALUES (4950, 5000), (5000, 5000), (5100, 5000), (99000, 100000), (1e6, 1001000), (20, 5000), (1e9, 1000000000)) AS v(load, agents), LATERAL (SELECT erlang_b(load, agents - 1) AS previous) AS p, LATERAL erlang_a(load, agents, 0.5) AS a;
SELECT bool_and(erlang_b(4950, n + 1) < erlang_b(4950, n)) AS b, bool_and(erlang_c(4950, n + 1) < erlang_c(4950, n)) AS c, bool_and(service_level(49500, '1 hour', '6 minutes', n + 1, '20 seconds') > service_level(49500, '1 hour', '6 minutes', n, '20 seconds')) AS level FROM generate_series(4951, 5100) AS n;
-- agents_needed is the first that suffices
SELECT count(*) AS cases, bool_and(service_level(calls, '1 hour', '5 minutes', n, '15 seconds') >= target) AS enough, bool_and(service_level(calls, '1 hour', '5 minutes', n - 1, '15 seconds') < target) AS no_fewer
FROM unnest(ARRAY[0.001, 1, 17, 300, 12345, 600000]::float8[]) AS calls, unnest(ARRAY[0.0001, 0.5, 0.8, 0.999999]) AS target, LATERAL (SELECT agents_needed(calls, '1 hour', '5 minutes', target, '15 seconds') AS n) AS x;

-- the ends: nobody calls, nobody is there, the load reaches the agents
SELECT erlang_b(0, 0) AS b00, erlang_b(0, 3) AS b03, erlang_b(5, 0) AS b50, erlang_c(0, 0) AS c00, erlang_c(0, 3) AS c03, erlang_c(5, 5) AS c55, erlang_c(7, 5) AS c75, erlang_c(1e300, 5) AS huge, erlang_b(1e300, 5) AS blocked, erlang_b(1e-300, 5) AS never;
SELECT erlang_a(0, 0, 1) AS a00, erlang_a(0, 3, 1) AS a03, erlang_a(5, 0, 1) AS nobody, erlang_a(1e300, 5, 1) AS huge, erlang_a(1e-300, 5, 1) AS never, erlang_a(10, 5, 1e6) AS patient, erlang_a(5, 5, 1e-300) AS impatient;
SELECT service_level(0, '1 hour', '5 minutes', 0, '15 seconds') AS no_calls, service_level(60, '1 hour', '5 minutes', 5, '15 seconds') AS too_few, service_level(60, '1 hour', '5 minutes', 6, '0') AS at_once, service_level(60, '1 hour', '5 minutes', 6, '10 years') AS some_time,
       agents_needed(0, '1 hour', '5 minutes', 0.8, '15 seconds') AS nobody, agents_needed(1e-9, '1 hour', '5 minutes', 0.8, '15 seconds') AS one, agents_needed(60, '1 hour', '5 minutes', 0.8, '15 seconds', 0.99) AS mostly_away;
SELECT erlang_b(NULL, 1) IS NULL AS a, erlang_c(1, NULL) IS NULL AS b, erlang_a(1, 1, NULL) IS NULL AS c, service_level(1, NULL, '1 s', 1, '1 s') IS NULL AS d, agents_needed(1, '1 h', '1 s', 0.8, NULL) IS NULL AS e;

-- out of range
SELECT erlang_b(-1, 5);
SELECT erlang_b('NaN', 5);
SELECT erlang_b('Infinity', 5);
SELECT erlang_c(5, -1);
SELECT erlang_a(5, 5, 0);
SELECT erlang_a(5, 5, 'NaN');
SELECT erlang_a(5, 5, 'Infinity');
SELECT erlang_a(5, -5, 1);
SELECT erlang_a('NaN', 5, 1);
SELECT service_level(-1, '1 hour', '5 minutes', 5, '15 seconds');
SELECT service_level(1, '0', '5 minutes', 5, '15 seconds');
SELECT service_level(1, '1 hour', '-5 minutes', 5, '15 seconds');
SELECT service_level(1, '1 hour', '5 minutes', -5, '15 seconds');
SELECT service_level(1, '1 hour', '5 minutes', 5, '-15 seconds');
SELECT service_level(1e308, '1 second', '50 minutes', 5, '15 seconds');
SELECT agents_needed(1, '1 hour', '5 minutes', 1, '15 seconds');
SELECT agents_needed(1, '1 hour', '5 minutes', 0, '15 seconds');
SELECT agents_needed(1, '1 hour', '5 minutes', 'NaN', '15 seconds');
SELECT agents_needed(1, '1 hour', '5 minutes', 80, '15 seconds');
SELECT agents_needed(1, '1 hour', '5 minutes', 0.8, '15 seconds', 1);
SELECT agents_needed(1, '1 hour', '5 minutes', 0.8, '15 seconds', -0.1);
SELECT agents_needed(1e20, '1 hour', '5 minutes', 0.8, '15 seconds');
SELECT agents_needed(2e10, '1 hour', '5 minutes', 0.8, '15 seconds', 0.5);
