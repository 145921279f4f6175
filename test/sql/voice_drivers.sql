-- Drivers of an outcome: R squared, LMG, relative weights, and what cannot be told apart.
\set SHOW_CONTEXT never
SET extra_float_digits = 1;

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

CREATE TEMP TABLE survey AS
SELECT n, a + 0.5 * b - 0.3 * c + (n * 37 % 17) / 4.0 AS overall, a, b, c
FROM (SELECT n, (n * 7 % 11)::float8 AS a, (n * 5 % 7) + (n * 7 % 11) * 0.4 AS b, (n * n % 13) - (n * 5 % 7) * 0.7 AS c FROM generate_series(1, 150) AS n) AS t;
CREATE TEMP TABLE summary AS SELECT driver_summary(overall, jsonb_build_object('price', a, 'delivery', b, 'help', c)) AS s FROM survey;
SELECT responses(s) FROM summary;

-- of one driver and of two: corr() and its formula
WITH r AS (SELECT corr(overall, a) AS ya, corr(overall, b) AS yb, corr(overall, c) AS yc, corr(a, b) AS ab, corr(a, c) AS ac, corr(b, c) AS bc FROM survey),
     subsets AS (SELECT ya ^ 2 AS a, yb ^ 2 AS b, yc ^ 2 AS c, (ya ^ 2 + yb ^ 2 - 2 * ya * yb * ab) / (1 - ab ^ 2) AS ab, (ya ^ 2 + yc ^ 2 - 2 * ya * yc * ac) / (1 - ac ^ 2) AS ac,
                        (yb ^ 2 + yc ^ 2 - 2 * yb * yc * bc) / (1 - bc ^ 2) AS bc,
                        -- by Cramer's rule
                        (ya * (ya * (1 - bc ^ 2) - yb * (ab - ac * bc) + yc * (ab * bc - ac)) + yb * (-ya * (ab - ac * bc) + yb * (1 - ac ^ 2) - yc * (bc - ab * ac)) + yc * (ya * (ab * bc - ac) - yb * (bc - ab * ac) + yc * (1 - ab ^ 2)))
                            / (1 + 2 * ab * ac * bc - ab ^ 2 - ac ^ 2 - bc ^ 2) AS abc FROM r)
SELECT abs(r_squared(s) - abc) < 1e-12 AS all_three,
       abs((SELECT r_squared(driver_summary(overall, jsonb_build_object('x', b))) FROM survey) - b) < 1e-12 AS one,
       abs((SELECT r_squared(driver_summary(overall, jsonb_build_object('x', b, 'y', c))) FROM survey) - bc) < 1e-12 AS two,
       -- the six orders of the three drivers
       abs((SELECT weight FROM drivers(s) WHERE driver = 'price') - (2 * a + (ab - b) + (ac - c) + 2 * (abc - bc)) / 6) < 1e-12 AS lmg_price,
       abs((SELECT weight FROM drivers(s) WHERE driver = 'delivery') - (2 * b + (ab - a) + (bc - c) + 2 * (abc - ac)) / 6) < 1e-12 AS lmg_delivery,
       abs((SELECT weight FROM drivers(s) WHERE driver = 'help') - (2 * c + (ac - a) + (bc - b) + 2 * (abc - ab)) / 6) < 1e-12 AS lmg_help
FROM subsets, summary;
SELECT method, driver, round(weight::numeric, 9) AS weight, round(share::numeric, 9) AS share FROM summary, unnest('{lmg, johnson, NULL}'::text[]) WITH ORDINALITY AS m(method, n), drivers(s, method) ORDER BY m.n, weight DESC;
SELECT method, abs(sum(weight) - max(r_squared(s))) < 1e-12 AS weights, abs(sum(share) - 1) < 1e-12 AS shares FROM summary, unnest('{lmg, johnson}'::text[]) AS method, drivers(s, method) GROUP BY method ORDER BY method;
-- of two drivers both methods say the same
SELECT count(*), bool_and(abs(l.weight - j.weight) < 1e-12) AS same FROM (SELECT driver_summary(overall, jsonb_build_object('x', b, 'y', c)) AS s FROM survey) AS t, drivers(s, 'lmg') AS l JOIN drivers((SELECT driver_summary(overall, jsonb_build_object('x', b, 'y', c)) FROM survey), 'johnson') AS j USING (driver);
-- the largest comes first, whatever its name; neither scale nor far means matter
SELECT string_agg(driver, ', ') AS in_order FROM summary, drivers(s);
SELECT bool_and(abs(x.weight - y.weight) < 1e-9) AS same
FROM summary, drivers(s) AS x JOIN drivers((SELECT driver_summary(overall * -0.5 + 1e4, jsonb_build_object('price', a * 1e9, 'delivery', 1e4 - b, 'help', c + 1e5)) FROM survey)) AS y USING (driver);
-- incomplete rows are ignored, whatever else is in them
SELECT cv_driver_summary_send(driver_summary(o, d)) = (SELECT cv_driver_summary_send(s) FROM summary) AS same
FROM (SELECT overall AS o, jsonb_build_object('help', c, 'price', a, 'delivery', b) AS d FROM survey UNION ALL VALUES (NULL, '{"x": 1}'::jsonb), (1, NULL), (1, '{"price": null, "delivery": 1, "help": 2}'), (1, '{"other": null}'), (1, '{"price": null, "help": "x"}')) AS t;
SELECT driver_summary(o, d) IS NULL AS nothing FROM (VALUES (NULL::float8, '{"x": 1}'::jsonb), (1, '{"x": null}')) AS v(o, d);
SELECT r_squared(NULL), (SELECT count(*) FROM drivers(NULL)) AS no_rows;
-- names as they come
SELECT driver, round(share::numeric, 6) AS share FROM drivers((SELECT driver_summary(overall, jsonb_build_object('', a, 'ß "quoted"', b, E'a\\b\n', c)) FROM survey)) ORDER BY share;
SELECT s FROM (SELECT driver_summary(y, jsonb_build_object('', x, 'ß "q"', x * x)) AS s FROM (VALUES (1, 2), (2, 3), (4, 5)) AS v(y, x)) AS t;
-- an outcome that no driver explains
SELECT r_squared(s), d.* FROM (SELECT driver_summary(y, jsonb_build_object('x', x)) AS s FROM (VALUES (1, 1), (1, 3), (3, 1), (3, 3)) AS v(y, x)) AS t, drivers(s) AS d;
-- thirteen drivers: the fast method by default
CREATE TEMP TABLE many AS SELECT driver_summary(n * n % 23, (SELECT jsonb_object_agg('x' || i, n * (i + 2) % (2 * i + 29)) FROM generate_series(1, 13) AS i)) AS s FROM generate_series(1, 300) AS n;
SELECT bool_and(d.weight = j.weight) AS johnson, bool_and(d.weight = l.weight) AS lmg, abs(sum(l.weight) - max(r_squared(s))) < 1e-12 AS sum FROM many, drivers(s) AS d JOIN drivers((SELECT s FROM many), 'johnson') AS j USING (driver) JOIN drivers((SELECT s FROM many), 'lmg') AS l USING (driver);

-- what cannot be told apart, and other trouble
\pset format unaligned
SELECT words, pg_temp.error_of('SELECT r_squared(driver_summary(y, d)) FROM ' || rows) AS error
FROM (VALUES
    ('constant outcome', $$(SELECT 7 AS y, jsonb_build_object('x', n) AS d FROM generate_series(1, 9) AS n) AS t$$),
    ('constant driver', $$(SELECT n AS y, jsonb_build_object('x', n * n, 'price', 0.1) AS d FROM generate_series(1, 9) AS n) AS t$$),
    ('the same twice', $$(SELECT n * n AS y, jsonb_build_object('x', n, 'z', n * n % 7, 'copy', 3 - 2 * n) AS d FROM generate_series(1, 9) AS n) AS t$$),
    ('a sum', $$(SELECT n * n AS y, jsonb_build_object('a', n, 'b', n * n % 7, 'c', n % 3, 'total', n + n * n % 7) AS d FROM generate_series(1, 20) AS n) AS t$$),
    ('too few', $$(SELECT n AS y, jsonb_build_object('a', n, 'b', n * n) AS d FROM generate_series(1, 3) AS n) AS t$$),
    ('other names', $$(VALUES (1, '{"a": 1, "b": 2}'::jsonb), (1, '{"a": 1, "c": 2}')) AS t(y, d)$$),
    ('a name more', $$(VALUES (1, '{"a": 1}'::jsonb), (1, '{"a": 1, "c": 2}')) AS t(y, d)$$),
    ('a name less', $$(VALUES (1, '{"a": 1, "c": 2}'::jsonb), (1, '{"a": 1}')) AS t(y, d)$$),
    ('a longer name', $$(VALUES (1, '{"a": 1}'::jsonb), (1, '{"aa": 1}')) AS t(y, d)$$),
    ('text', $$(VALUES (1, '{"a": "1"}'::jsonb)) AS t(y, d)$$), ('boolean', $$(VALUES (1, '{"a": true}'::jsonb)) AS t(y, d)$$), ('array', $$(VALUES (1, '{"a": [1]}'::jsonb)) AS t(y, d)$$),
    ('no drivers', $$(VALUES (1, '{}'::jsonb)) AS t(y, d)$$), ('no object', $$(VALUES (1, '[1]'::jsonb)) AS t(y, d)$$), ('no object', $$(VALUES (1, '7'::jsonb)) AS t(y, d)$$), ('null', $$(VALUES (1, 'null'::jsonb)) AS t(y, d)$$),
    ('large', $$(VALUES (1, '{"a": 1e400}'::jsonb)) AS t(y, d)$$), ('large', $$(VALUES (1, '{"a": -1e101}'::jsonb)) AS t(y, d)$$), ('tiny', $$(VALUES (1, '{"a": 1e-101}'::jsonb)) AS t(y, d)$$),
    ('outcome', $$(VALUES ('NaN'::float8, '{"a": 1}'::jsonb)) AS t(y, d)$$), ('outcome', $$(VALUES ('-Infinity'::float8, '{"a": 1}'::jsonb)) AS t(y, d)$$),
    ('many', $$(SELECT 1 AS y, jsonb_object_agg(n, n) AS d FROM generate_series(1, 101) AS n) AS t$$)) AS v(words, rows);
SELECT call, pg_temp.error_of('SELECT ' || call) AS error
FROM unnest(ARRAY['drivers(s, $$LMG$$) FROM summary', 'drivers(s, $$$$) FROM summary', 'rollup(s) FROM (SELECT s FROM summary UNION ALL SELECT s FROM many) AS t', 'driver_trans(NULL, 1, NULL)', 'driver_combine(NULL, NULL)',
    $$drivers(s, 'lmg') FROM (SELECT driver_summary(n * n % 23, (SELECT jsonb_object_agg('x' || i, n * (i + 2) % (2 * i + 29)) FROM generate_series(1, 21) AS i)) AS s FROM generate_series(1, 300) AS n) AS t$$]) WITH ORDINALITY AS c(call, n) ORDER BY n;
\pset format aligned
-- moments of one driver and the outcome that no rows can have
SELECT pg_temp.error_of($$SELECT drivers('{"responses": 10, "drivers": ["x"], "moments": [0, 0, 1, 2, 1]}')$$) AS error;
-- a long computation can be cancelled
SET statement_timeout = '300ms';
SELECT count(*) FROM (SELECT driver_summary(n * n % 23, (SELECT jsonb_object_agg('x' || i, n * (i + 2) % (2 * i + 29)) FROM generate_series(1, 20) AS i)) AS s FROM generate_series(1, 60) AS n) AS t, generate_series(1, 500) AS g, drivers(s, CASE WHEN g > 0 THEN 'lmg' END);
RESET statement_timeout;
