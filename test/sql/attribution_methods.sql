-- Attribution: the worked example, every method by its definition, any channel names.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET extra_float_digits = 0;
\pset null (null)

-- C1 > C2 > C3 converts once; C1 and C2 > C3 never: p = 1/3, effects 1/2, 1, 1, shares .2, .4, .4
CREATE TEMP TABLE worked AS
SELECT attribution_summary(path, conversions, value, nulls) AS summary
FROM (VALUES (ARRAY['C1', 'C2', 'C3'], 1, 30, 0), ('{C1}', 0, 0, 1), ('{C2,C3}', 0, 0, 1)) AS v(path, conversions, value, nulls);
SELECT a.* FROM worked, attribution(summary) AS a;
SELECT method, a.* FROM worked, unnest(ARRAY['first', 'last', 'linear', 'position', 'shapley']) AS method, attribution(summary, method) AS a ORDER BY method, channel;
SELECT a.* FROM worked, attribution(summary => summary, method => 'position', position_weights => '{0.5,0.3,0.2}') AS a;

-- random journeys; of numbers that binary fractions do not hold
\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql
CREATE TABLE attribution_journeys AS
SELECT i, (SELECT array_agg('channel ' || pg_temp.draw('touch' || i || ' ' || n, 1 + pg_temp.draw('touch, too' || i || ' ' || n, 7)) ORDER BY n) FROM generate_series(1, 1 + pg_temp.draw('length' || i, 7)) AS n) AS path,
       c / 3.0::float8 AS conversions, CASE WHEN c > 0 THEN pg_temp.draw('value' || i, 10000) / 7.0::float8 ELSE 0 END AS value, pg_temp.draw('nulls' || i, 9) / 2.0::float8 AS nulls
FROM generate_series(1, 400) AS i, LATERAL (SELECT pg_temp.draw('conversions' || i, 4) AS c) AS c;
ANALYZE attribution_journeys;
CREATE TEMP TABLE summaries AS SELECT attribution_summary(path, conversions, value, nulls) AS summary FROM attribution_journeys;

-- weights of touches by definition
CREATE TEMP VIEW touches AS
SELECT i, n, channel, cardinality(path) AS length, conversions, value FROM attribution_journeys, unnest(path) WITH ORDINALITY AS t(channel, n);
CREATE TEMP VIEW expected AS
SELECT method, channel, sum(conversions * weight) AS conversions, sum(value * weight) AS value
FROM touches, LATERAL (VALUES ('first', (n = 1)::integer::float8), ('last', (n = length)::integer::float8), ('linear', 1.0 / length),
    ('position', CASE WHEN length = 1 THEN 1 WHEN length = 2 THEN 0.5 WHEN n IN (1, length) THEN 0.4 ELSE 0.2 / (length - 2) END)) AS m(method, weight)
GROUP BY method, channel;
SELECT e.method, count(*) AS channels, max(abs(a.conversions / e.conversions - 1)) < 1e-12 AS conversions, max(abs(a.value / e.value - 1)) < 1e-12 AS value, abs(sum(a.share) - 1) < 1e-12 AS shares, bool_and(a.removal_effect IS NULL) AS no_effect
FROM summaries, expected AS e, attribution(summary, e.method) AS a WHERE a.channel = e.channel GROUP BY e.method ORDER BY e.method;

-- Shapley by its definition: every subset of channels, what it wins by itself
CREATE TEMP TABLE sets AS
SELECT (SELECT sum(DISTINCT 1 << right(channel, 1)::integer) FROM unnest(path) AS channel)::integer AS members, sum(conversions) AS conversions, sum(value) AS value FROM attribution_journeys GROUP BY 1;
CREATE TEMP TABLE coalitions AS
SELECT coalition, coalesce(sum(conversions), 0) AS conversions, coalesce(sum(value), 0) AS value FROM generate_series(0, 127) AS coalition LEFT JOIN sets ON members & ~coalition = 0 GROUP BY coalition;
CREATE TEMP VIEW shapley AS
SELECT channel, sum(weight * (b.conversions - a.conversions)) AS conversions, sum(weight * (b.value - a.value)) AS value
FROM generate_series(0, 6) AS channel, coalitions AS a, coalitions AS b, LATERAL (SELECT bit_count(a.coalition::bit(7))::integer AS size) AS s,
     LATERAL (SELECT (factorial(size) * factorial(6 - size) / factorial(7))::float8 AS weight) AS w
WHERE a.coalition & (1 << channel) = 0 AND b.coalition = a.coalition | (1 << channel) GROUP BY channel;
SELECT count(*) AS channels, max(abs(a.conversions / s.conversions - 1)) < 1e-9 AS conversions, max(abs(a.value / s.value - 1)) < 1e-9 AS value
FROM summaries, attribution(summary, 'shapley') AS a JOIN shapley AS s ON a.channel = 'channel ' || s.channel;

-- Markov by its definition: transitions of runs of touches, the chain walked step by step without the channel
CREATE FUNCTION pg_temp.walk(memory integer, removed text, OUT converted float8, OUT worth float8) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    moved float8;
BEGIN
    DROP TABLE IF EXISTS steps, flow;
    CREATE TEMP TABLE steps AS
    WITH states AS (
        SELECT i, n, path[n : n + least(memory, cardinality(path)) - 1] AS state, n + least(memory, cardinality(path)) - 1 = cardinality(path) AS ends, j.conversions, j.value, j.nulls
        FROM attribution_journeys AS j, generate_series(1, greatest(1, cardinality(path) - memory + 1)) AS n WHERE j.conversions + j.nulls > 0),
    moves AS (
        SELECT lag(state) OVER (PARTITION BY i ORDER BY n) AS source, state AS target, conversions + nulls AS weight, 0 AS won, 0 AS worth FROM states
        UNION ALL SELECT state, NULL, conversions + nulls, conversions, value FROM states WHERE ends),
    summed AS (SELECT source, target, sum(weight) AS weight, sum(won) AS won, sum(worth) AS worth FROM moves GROUP BY source, target)
    SELECT source, target, weight / sum(weight) OVER (PARTITION BY source) AS p, won / sum(weight) OVER (PARTITION BY source) AS won, worth / sum(weight) OVER (PARTITION BY source) AS worth
    FROM summed WHERE removed IS NULL OR NOT coalesce(removed = ANY (source), false);
    CREATE TEMP TABLE flow AS SELECT target AS state, p FROM steps WHERE source IS NULL;
    converted := 0;
    worth := 0;
    LOOP
        SELECT walk.converted + coalesce(sum(f.p * s.won), 0), walk.worth + coalesce(sum(f.p * s.worth), 0) INTO converted, worth FROM flow AS f JOIN steps AS s ON source = state;
        CREATE TEMP TABLE next AS SELECT target AS state, sum(f.p * s.p) AS p FROM flow AS f JOIN steps AS s ON source = state WHERE target IS NOT NULL GROUP BY target;
        DROP TABLE flow;
        ALTER TABLE next RENAME TO flow;
        SELECT sum(p) INTO moved FROM flow;
        EXIT WHEN coalesce(moved, 0) < 1e-14;
    END LOOP;
END $$;
SET client_min_messages = warning;
CREATE TEMP TABLE walks AS
SELECT memory, channel, 1 - (w).converted / (a).converted AS effect, 1 - (w).worth / (a).worth AS value_effect
FROM unnest(ARRAY[1, 2, 3]) AS memory, LATERAL (SELECT pg_temp.walk(memory, NULL) AS a) AS a, unnest(ARRAY['channel 0', 'channel 3', 'channel 6']) AS channel, LATERAL (SELECT pg_temp.walk(memory, channel) AS w) AS w;
RESET client_min_messages;
SELECT memory, count(*) AS channels, max(abs(removal_effect - effect)) < 1e-11 AS effects, max(abs(value - first_value)) < 1e-10 AS values
FROM (SELECT memory, a.removal_effect, w.effect, a.value / first_value(a.value) OVER o AS value, w.value_effect / first_value(w.value_effect) OVER o AS first_value
      FROM walks AS w, summaries, attribution(summary, markov_order => memory) AS a WHERE a.channel = w.channel WINDOW o AS (PARTITION BY memory ORDER BY w.channel)) AS x GROUP BY memory ORDER BY memory;
-- conversions go by removal effect; all totals are conserved, whatever the method
SELECT "order", max(abs(a.conversions / total.conversions - a.removal_effect / effects)) < 1e-12 AS by_effect, max(abs(a.share - a.conversions / total.conversions)) < 1e-12 AS share
FROM summaries, unnest(ARRAY[1, 2, 4, 9, 2147483647]) AS "order", LATERAL attribution(summary, markov_order => "order") AS a, LATERAL (SELECT sum(removal_effect) AS effects FROM attribution(summary, markov_order => "order")) AS e,
     LATERAL (SELECT sum(conversions) AS conversions FROM attribution_journeys) AS total GROUP BY "order" ORDER BY "order";
SELECT method, "order", abs(sum(a.conversions) / (SELECT sum(conversions) FROM attribution_journeys) - 1) < 1e-12 AS conversions, abs(sum(a.value) / (SELECT sum(value) FROM attribution_journeys) - 1) < 1e-12 AS value
FROM summaries, (SELECT m, 1 FROM unnest(ARRAY['first', 'last', 'linear', 'position', 'shapley', 'markov']) AS m UNION ALL SELECT 'markov', o FROM generate_series(2, 8) AS o) AS m(method, "order"), attribution(summary, method, "order") AS a
GROUP BY method, "order" ORDER BY method, "order";
-- a memory longer than all journeys: the effect is the share of conversions by journeys with the channel
SELECT max(abs(a.removal_effect - e.share)) < 1e-12 AS by_share FROM summaries, attribution(summary, markov_order => 50) AS a,
     LATERAL (SELECT sum(conversions) FILTER (WHERE a.channel = ANY (path)) / sum(conversions) AS share FROM attribution_journeys) AS e;
-- without nulls every journey converts
SELECT max(abs(a.removal_effect - 1)) < 1e-15 AS all_needed FROM (SELECT attribution_summary(ARRAY['a', 'b'], 3, 1, NULL) AS s) AS x, attribution(s) AS a;
-- repeated touches: each counts for linear, none changes what a chain of order 1 does
SELECT method, a.channel, a.conversions FROM (SELECT attribution_summary('{a,a,a,b}', 1, 0, 1) AS s) AS x, unnest(ARRAY['linear', 'position', 'shapley', 'markov']) AS method, attribution(s, method) AS a ORDER BY method, channel;

-- one touch, two touches, weights of any sum, with nothing on the ends
SELECT weights, path, a.channel, round(a.conversions::numeric, 6) AS conversions
FROM (VALUES ('{0.4,0.2,0.4}'), ('{3,1,1}'), ('{0,1,0}'), ('{0,0,5}')) AS w(weights), (VALUES ('{a}'), ('{a,b}'), ('{a,b,c,d}')) AS p(path),
     LATERAL (SELECT format('[[%s, 1, 0, 0]]', to_json(path::text[]))::cv_attribution_summary AS s) AS s, attribution(s, 'position', position_weights => weights::float8[]) AS a ORDER BY 1, 2, 3;

-- names of any character, the empty one too, in C order
SELECT a.channel, quote_literal(a.channel) AS quoted, a.conversions FROM (SELECT attribution_summary(ARRAY['paid > search', '', 'e-mail, "weekly"', E'a\nb\tc\\d', 'größer 東京', 'NULL', '(entry)', '{x,y}', repeat('z', 300)], 9, 0, 0) AS s) AS x, attribution(s, 'linear') AS a
WHERE length(channel) < 300;
SELECT count(*) FROM (SELECT attribution_summary(path, 1, 0, 0) AS s FROM (SELECT array_agg('channel ' || n) AS path FROM generate_series(1, 5000) AS n) AS p) AS x, attribution(s, 'linear') AS a WHERE abs(a.share - 1 / 5000.0) < 1e-15;

-- conversions before which no channel was seen keep their row; nothing is lost
SELECT method, a.* FROM (SELECT attribution_summary(path::text[], c, v, n) AS s FROM (VALUES ('{a,b}', 2, 20, 1), ('{}', 3, 33, 4), ('{NULL}', 1, 7, 0)) AS v(path, c, v, n)) AS x, unnest(ARRAY['linear', 'markov']) AS method, attribution(s, method) AS a ORDER BY method, channel;
SELECT a.* FROM attribution((SELECT attribution_summary('{}', 3, 33, 4))) AS a;
SELECT a.* FROM attribution((SELECT attribution_summary('{}', 0, 0, 4))) AS a;
-- no conversions: no shares, no effects
SELECT method, a.* FROM (SELECT attribution_summary('{a,b}', 0, 0, 4) AS s) AS x, unnest(ARRAY['linear', 'markov']) AS method, attribution(s, method) AS a ORDER BY method, channel;
SELECT a.* FROM attribution((SELECT attribution_summary('{a,b}', 0, 0, 0))) AS a;

-- NULLs
SELECT attribution_summary(NULL, 1, 1, 1) IS NULL AS no_path, rollup(NULL::cv_attribution_summary) IS NULL AS none, (SELECT attribution_summary('{a}', 1, 1, 1) IS NULL WHERE false) AS no_rows;
SELECT attribution_summary(path::text[], c, v, n) FROM (VALUES ('{a}', NULL::integer, NULL::integer, NULL::integer), ('{a,NULL,b}', 1, NULL, NULL), (NULL, 5, 5, 5)) AS v(path, c, v, n);
SELECT count(*) FROM attribution(NULL);
SELECT count(*) FROM worked, attribution(summary, NULL);

-- what cannot be
SELECT attribution(summary, 'u-shaped') FROM worked;
SELECT attribution(summary, 'Markov') FROM worked;
SELECT attribution(summary, markov_order => 0) FROM worked;
SELECT attribution(summary, markov_order => -1) FROM worked;
SELECT attribution(summary, position_weights => '{0.5,0.5}') FROM worked;
SELECT attribution(summary, position_weights => '{0.5,0.5,NULL}') FROM worked;
SELECT attribution(summary, position_weights => '{{1},{2},{3}}') FROM worked;
SELECT attribution(summary, position_weights => '{}') FROM worked;
SELECT attribution(summary, position_weights => '{-0.1,0.5,0.6}') FROM worked;
SELECT attribution(summary, position_weights => '{NaN,0.5,0.6}') FROM worked;
SELECT attribution(summary, position_weights => '{0,0,0}') FROM worked;
SELECT attribution(summary, position_weights => '{1e308,1e308,1e308}') FROM worked;
SELECT attribution(summary, half_life => '0') FROM worked;
SELECT attribution(summary, half_life => '-1 day') FROM worked;
SELECT attribution(summary, 'time-decay') FROM worked;
SELECT attribution_summary('{a}', -1, 0, 0);
SELECT attribution_summary('{a}', 1, 'NaN', 0);
SELECT attribution_summary('{a}', 1, 0, 'Infinity');
SELECT attribution_summary('{a}', 9.3e12, 0, 0);
SELECT attribution_summary('{a}', 0, 5, 1);
SELECT attribution_summary('{{a,b}}', 1, 5, 1);
SELECT attribution_summary_trans(NULL, '{a}'::text[], 1, 5, 1);
SELECT attribution_summary_combine(NULL, NULL);
DROP VIEW expected, touches;
DROP TABLE attribution_journeys;
