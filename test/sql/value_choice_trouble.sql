-- Choices that identify nothing, what is left out, what is refused.
\set SHOW_CONTEXT never
SET extra_float_digits = 0;
CREATE FUNCTION pg_temp.pick(key text, n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT ('x' || substr(md5(key), 1, 6))::bit(24)::integer % n $$;
-- 200 sets of two, noisy choices
CREATE TEMP TABLE two AS
SELECT s, a, (c = a) AS chosen, pg_temp.pick('x' || s || a, 10) AS x, pg_temp.pick('y' || s || a, 7) AS y, (ARRAY['p', 'q', 'r'])[1 + pg_temp.pick('b' || s || a, 3)] AS b
FROM (SELECT s, 1 + pg_temp.pick('c' || s, 2) AS c FROM generate_series(1, 200) AS s) AS sets, generate_series(1, 2) AS a;
SELECT name, round(estimate::numeric, 8) AS estimate FROM parameters((SELECT fit_choice(choice_data(s, chosen, jsonb_build_object('x', x, 'y', y, 'b', b))) FROM two));

-- sets that are left out, each kind once, and told
CREATE TEMP TABLE gaps AS
SELECT s, chosen, CASE WHEN s = 3 AND a = 1 THEN jsonb_build_object('x', x) WHEN s = 4 AND a = 1 THEN jsonb_build_object('x', x, 'b', NULL) WHEN s = 5 AND a = 2 THEN NULL
                       ELSE jsonb_build_object('x', x, 'b', b) END AS attributes,
       CASE WHEN s = 6 AND a = 1 THEN NULL WHEN s = 7 THEN 0 ELSE 1 END AS weight, s % 50 AS respondent
FROM two WHERE NOT (s = 8 AND NOT chosen) AND NOT (s = 9 AND chosen)
UNION ALL SELECT 10, NULL, '{"x": 1, "b": "p"}', 1, 10
UNION ALL SELECT NULL, true, '{"x": 1, "b": "p"}', 1, 1
UNION ALL SELECT 11, true, '{"x": 1, "b": "p"}', 1, NULL
UNION ALL SELECT 1000, true, '{}', 1, 1;
SELECT observations, choices, respondents, skipped, converged FROM goodness((SELECT fit_choice(choice_data(s, chosen, attributes, respondent, weight)) FROM gaps));
SELECT f::text = g::text AS as_without_them FROM (SELECT fit_choice(choice_data(s, chosen, attributes, respondent, weight))::jsonb #- '{fit,skipped}' AS f FROM (SELECT s, chosen, attributes, respondent, weight FROM gaps WHERE s NOT IN (3, 4, 5, 6, 7, 8, 9, 10, 1000) AND respondent IS NOT NULL) AS x) AS a,
     (SELECT fit_choice(choice_data(s, chosen, attributes, respondent, weight))::jsonb #- '{fit,skipped}' AS g FROM gaps) AS b;
SELECT choice_data(NULL, true, '{}') IS NULL AS a, choice_data(1, true, '{}', NULL) IS NULL AS b, choice_data(1, true, '{}') FILTER (WHERE false) IS NULL AS c,
       rollup(NULL::cv_choice_data) IS NULL AS d, fit_choice(NULL) IS NULL AS e;
SELECT choice_data(1, NULL, '{"a": 1}') AS unknown_choice, choice_data(1, true, NULL) AS no_attributes, choice_data(1, true, '{"a": null, "b": 2}', 7, NULL) AS no_weight;
SELECT choice_data(s, true, a) AS nulls_between FROM (VALUES (1, '{"a": 1}'::jsonb), (NULL, '{"a": 2}'), (2, '{"a": 3}')) AS v(s, a);

-- none that can be used
SELECT fit_choice(choice_data(s, chosen, CASE WHEN a = 1 THEN '{}'::jsonb ELSE jsonb_build_object('x', x) END)) FROM two;
SELECT fit_choice(choice_data(s, false, jsonb_build_object('x', x))) FROM two;
SELECT fit_choice(choice_data(s * 2 + a, true, jsonb_build_object('x', x))) FROM two;
SELECT fit_choice(choice_data(s, chosen, jsonb_build_object('x', x), s, 0)) FROM two;
SELECT fit_choice('{"respondents": false, "profiles": [], "choices": []}');
SELECT fit_choice(choice_data(s, chosen, '{}')) FROM two;

-- sets that cannot be
SELECT fit_choice(choice_data(s / 2, chosen, jsonb_build_object('x', x))) FROM two;
-- numbers may begin anew for each respondent
SELECT observations, choices, respondents FROM goodness((SELECT fit_choice(choice_data(s / 2, chosen, jsonb_build_object('x', x), s % 2)) FROM two));
SELECT fit_choice(choice_data(1, chosen, jsonb_build_object('x', x), s / 7)) FROM two;
SELECT fit_choice(choice_data(s, chosen, jsonb_build_object('x', x), 1, a)) FROM two;

-- one term predicts everything, or never varies
SELECT fit_choice(choice_data(s, chosen, jsonb_build_object('x', x + 20 * chosen::integer, 'y', y))) FROM two;
SELECT fit_choice(choice_data(s, chosen, jsonb_build_object('x', x - 20 * chosen::integer, 'y', y))) FROM two;
SELECT fit_choice(choice_data(s, chosen, jsonb_build_object('b', CASE WHEN chosen AND b = 'q' THEN 'r' ELSE b END))) FROM two;
SELECT fit_choice(choice_data(s, chosen, jsonb_build_object('b', CASE WHEN chosen AND b = 'p' THEN 'r' ELSE b END))) FROM two;
SELECT fit_choice(choice_data(s, chosen, jsonb_build_object('b', CASE WHEN NOT chosen AND b = 'p' THEN 'r' ELSE b END))) FROM two;
SELECT fit_choice(choice_data(s, chosen, jsonb_build_object('x', x, 'set', s))) FROM two;
SELECT fit_choice(choice_data(s, chosen, jsonb_build_object('x', x, 'city', CASE WHEN s % 2 = 0 THEN 'Rome' ELSE 'Oslo' END))) FROM two;
SELECT fit_choice(choice_data(s, chosen, jsonb_build_object('x', x, 'b', CASE WHEN s < 9 THEN 'only here' ELSE b END))) FROM two;
SELECT fit_choice(choice_data(s, chosen, jsonb_build_object('x', x, 'one', 1))) FROM two;
SELECT fit_choice(choice_data(s, chosen, jsonb_build_object('x', x, 'one', 'and only'))) FROM two;
-- a combination of terms does: sums decide wherever they differ, chance where they do not
CREATE TEMP TABLE led AS
SELECT s, a, CASE WHEN mine <> other THEN mine > other ELSE chosen END AS chosen, x, y, b
FROM (SELECT *, x + 2 * y AS mine, sum(x + 2 * y) OVER (PARTITION BY s) - (x + 2 * y) AS other FROM two) AS t;
SELECT fit_choice(choice_data(s, chosen, jsonb_build_object('x', x, 'y', y, 'b', b))) FROM led;
-- and with one choice against it the maximum is there
SELECT converged, gradient < 1e-10 AS gradient FROM goodness((SELECT fit_choice(choice_data(s, CASE WHEN s IN (1, 2) THEN NOT chosen ELSE chosen END, jsonb_build_object('x', x, 'y', y, 'b', b))) FROM led));
-- collinear: the same twice, an alternative's number that is its brand, levels that never meet
SELECT fit_choice(choice_data(s, chosen, jsonb_build_object('x', x, 'cents', 100 * x + 5))) FROM two;
SELECT fit_choice(choice_data(s, chosen, jsonb_build_object('x', x, 'y', y, 'sum', 3 * x - 2 * y + s))) FROM two;
SELECT fit_choice(choice_data(s, chosen, jsonb_build_object('b', b, 'x', x, 'copy', upper(b)))) FROM two;
SELECT fit_choice(choice_data(s, chosen, jsonb_build_object('b', b || s % 2, 'x', x))) FROM two;

-- numbers at the edge
SELECT name, round((estimate * 1e150)::numeric, 8) AS estimate FROM parameters((SELECT fit_choice(choice_data(s, chosen, jsonb_build_object('x', x * 1e150))) FROM two));
SELECT fit_choice(choice_data(s, chosen, jsonb_build_object('x', x * 1e300))) FROM two;
SELECT fit_choice(choice_data(s, chosen, jsonb_build_object('x', x * 1e-300))) FROM two;
SELECT choice_data(1, true, '{"x": 1e400}');
SELECT choice_data(1, true, '{"x": [1]}');
SELECT choice_data(1, true, '{"x": {"y": 1}}');
SELECT choice_data(1, true, '[1]');
SELECT choice_data(1, true, '1');
SELECT choice_data(1, true, a) FROM unnest(ARRAY['{"x": 1}', '{"x": "1"}']::jsonb[]) AS a;
SELECT choice_data(1, true, a) FROM unnest(ARRAY['{"x": true}', '{"x": 0}']::jsonb[]) AS a;
SELECT rollup(d) FROM (SELECT choice_data(1, true, a) AS d FROM unnest(ARRAY['{"x": 1}', '{"x": "1"}']::jsonb[]) AS a GROUP BY a) AS s;
SELECT rollup(d) FROM (SELECT choice_data(1, true, '{}') AS d UNION ALL SELECT choice_data(1, true, '{}', 1)) AS s;
SELECT choice_data(1, true, '{}', 1, -1);
SELECT choice_data(1, true, '{}', 1, 'NaN');
SELECT choice_data(1, true, '{}', 1, 'Infinity');
SELECT choice_data(1, true, (SELECT jsonb_object_agg('a' || n, n) FROM generate_series(1, 201) AS n));
SELECT length(choice_data(n, true, jsonb_build_object('a', 'level ' || n))::text) FROM generate_series(1, 1000) AS n;
SELECT choice_data(n, true, jsonb_build_object('a', 'level ' || n)) FROM generate_series(1, 1001) AS n;
SELECT fit_choice(choice_data(n / 2, n % 2 = 0, jsonb_build_object('a', 'l' || n / 2, 'b', 'l' || n / 3))) FROM generate_series(0, 1999) AS n;
SELECT choice_data_trans(NULL, 1, true, '{}');
SELECT choice_data_combine(NULL, NULL);
-- strings that look like numbers are levels, true is the level true, empty names are names
SELECT choice_data(s, s = 1, a) AS data FROM (VALUES (1, '{"n": "1", "t": true, "": ""}'::jsonb), (2, '{"t": false, "n": "02", "": "\u00e4\"\\"}')) AS v(s, a);
SELECT string_agg(name, ', ') FROM parameters((SELECT fit_choice(choice_data(s, chosen, jsonb_build_object('x', (x % 3)::text, '', b, 'big', x > 4))) FROM two));
-- wide objects, and ones that grow
SELECT count(*) AS profiles, max(jsonb_array_length(profile)) AS widest
FROM (SELECT choice_data(n, true, (SELECT jsonb_object_agg('a' || k, k) FROM generate_series(1, n) AS k))::jsonb AS d FROM generate_series(1, 150) AS n) AS s, jsonb_array_elements(d -> 'profiles') AS profile;
