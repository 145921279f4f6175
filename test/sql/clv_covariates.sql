-- Predictions of models with covariates: those of a model with the customer's own parameters; models as values.
\set SHOW_CONTEXT never
SET extra_float_digits = 0;

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

CREATE TEMP TABLE models (id integer, model cv_buying_model);
INSERT INTO models VALUES
    (1, '{"family": "nbd", "unit": "7 days", "r": 0.9, "alpha": 18, "covariates": {"channel": ["app", "store", "web"], "age": "number"}, "purchase:age": 0.02, "purchase:channel=store": 0.5, "purchase:channel=web": -0.4}'),
    (2, '{"family": "bg/nbd", "unit": "7 days", "r": 0.9, "alpha": 18, "a": 0.9, "b": 3, "covariates": {"age": "number", "channel": ["web", "store", "app"]}, "purchase:age": 0.02, "purchase:channel=store": 0.5, "purchase:channel=web": -0.4, "dropout:age": -0.02, "dropout:channel=store": 0.6, "dropout:channel=web": -0.5}'),
    (3, '{"family": "mbg/nbd", "unit": "1 day", "r": 0.9, "alpha": 126, "a": 0.9, "b": 3, "covariates": {"age": "number", "channel": ["app", "store", "web"]}, "purchase:age": 0.02, "purchase:channel=store": 0.5, "purchase:channel=web": -0.4, "dropout:age": -0.02, "dropout:channel=store": 0.6, "dropout:channel=web": -0.5}'),
    (4, '{"dropout:age": -0.02, "dropout:channel=store": 0.6, "dropout:channel=web": -0.5, "unit": "7 days", "family": "pareto/nbd", "r": 0.9, "alpha": 18, "s": 0.8, "beta": 20, "purchase:age": 0.02, "covariates": {"age": "number", "channel": ["app", "store", "web"]}, "purchase:channel=store": 0.5, "purchase:channel=web": -0.4}');
SELECT id, model FROM models ORDER BY id;

-- alpha exp(-gamma'z), beta or b exp(-delta'z), by hand
CREATE TEMP TABLE cases AS
SELECT id, model, channel, age, jsonb_build_object('age', age, 'channel', channel) AS covariates, history, horizon,
       (model::jsonb - 'covariates' - (SELECT array_agg(name) FROM parameters(model) WHERE name LIKE '%:%')
        || jsonb_build_object('alpha', (model::jsonb ->> 'alpha')::float8 * exp(-(0.02 * age + CASE channel WHEN 'store' THEN 0.5 WHEN 'web' THEN -0.4 ELSE 0 END)))
        || CASE WHEN id IN (2, 3) THEN jsonb_build_object('b', 3 * exp(-(-0.02 * age + CASE channel WHEN 'store' THEN 0.6 WHEN 'web' THEN -0.5 ELSE 0 END)))
                WHEN id = 4 THEN jsonb_build_object('beta', 20 * exp(-(-0.02 * age + CASE channel WHEN 'store' THEN 0.6 WHEN 'web' THEN -0.5 ELSE 0 END)))
                ELSE '{}' END)::cv_buying_model AS own
FROM models, unnest('{app,store,web}'::text[]) AS channel, unnest('{-5,0,20.5,70}'::float8[]) AS age,
     unnest(ARRAY['(0,0,100,,0)', '(3,80,100,20,9)', '(3,20,100,20,9)', '(40,300,301,7,30)']::cv_purchase_history[]) AS histories(x, t_x, T, m, g), LATERAL (SELECT ROW(x, t_x, T, m, g)::cv_purchase_history AS history) AS h, unnest('{"0", "30 days", "3 years"}'::interval[]) AS horizon;
CREATE FUNCTION pg_temp.near(a float8, b float8) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT a = b OR abs(a / b - 1) < 1e-12';
SELECT id, count(*), bool_and(pg_temp.near(p_alive(model, history, horizon, covariates), p_alive(own, history, horizon))) AS p_alive,
       bool_and(pg_temp.near(expected_purchases(model, history, horizon, covariates), expected_purchases(own, history, horizon))) AS expected,
       bool_and(pg_temp.near(expected_purchases(model, horizon, covariates), expected_purchases(own, horizon))) AS expected_new,
       bool_and(pg_temp.near(discounted_purchases(model, history, 0.1, horizon, covariates), discounted_purchases(own, history, 0.1, horizon))) AS discounted,
       bool_and(pg_temp.near(discounted_purchases(model, history, 0.1, covariates => covariates), discounted_purchases(own, history, 0.1))) AS for_ever,
       bool_and(pg_temp.near(purchase_probability(model, history, horizon, 2, covariates), purchase_probability(own, history, horizon, 2))) AS probability,
       bool_and(pg_temp.near(purchase_probability(model, horizon, 0, covariates), purchase_probability(own, horizon, 0))) AS probability_new,
       bool_and(pg_temp.near(log_likelihood(model, history, covariates), log_likelihood(own, history))) AS log_likelihood,
       bool_and(pg_temp.near(clv(model, '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}'::cv_spending_model, history, horizon, 0.1, 0.3, covariates),
                             clv(own, '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}'::cv_spending_model, history, horizon, 0.1, 0.3))) AS clv
FROM cases GROUP BY id ORDER BY id;
-- what a call site remembers is of the right customer: all in one column, a model and covariates that change from row to row
CREATE TEMP TABLE one_by_one (n integer, value float8);
DO $$ DECLARE c record; BEGIN
    FOR c IN SELECT row_number() OVER (ORDER BY id, covariates::text, history::text, horizon) AS n, * FROM cases LOOP
        EXECUTE 'INSERT INTO one_by_one SELECT $1, p_alive($2, $3, $4, $5)' USING c.n, c.model, c.history, c.horizon, c.covariates;
    END LOOP; END $$;
SELECT count(*), bool_and(value = p_alive(model, history, horizon, covariates)) AS same
FROM one_by_one JOIN (SELECT row_number() OVER (ORDER BY id, covariates::text, history::text, horizon) AS n, * FROM cases) AS c USING (n);
SELECT bool_and(a = b) AS same FROM (SELECT p_alive(model, history, horizon, covariates) AS a, p_alive(model, history, horizon, covariates::text::jsonb || '{}') AS b FROM cases ORDER BY md5(cases::text)) AS s;
-- more customers than a memo holds, each with a number of their own
SELECT count(*), bool_and(pg_temp.near(a, b)) AS same
FROM (SELECT n, expected_purchases(model, ROW(n % 3, n % 3, 100, 7, 1), '1 year', jsonb_build_object('channel', 'web', 'age', n / 1000.0)) AS a,
             expected_purchases((model::jsonb || jsonb_build_object('alpha', (model::jsonb ->> 'alpha')::float8 * exp(-0.02 * n / 1000.0), 'beta', 20 * exp(0.02 * n / 1000.0)))::cv_buying_model, ROW(n % 3, n % 3, 100, 7, 1), '1 year', '{"channel": "web", "age": 0}') AS b
      FROM models, generate_series(1, 3000) AS n WHERE id = 4) AS s;

-- signs: a positive purchase coefficient buys more, a positive dropout coefficient leaves sooner
SELECT id, expected_purchases(model, '1 year', covariates => '{"channel": "store", "age": 0}') > expected_purchases(m.flat, interval '1 year', '{"channel": "store", "age": 0}') AS buys_more
FROM models, LATERAL (SELECT (model::jsonb || '{"purchase:channel=store": 0}')::cv_buying_model AS flat) AS m ORDER BY id;
SELECT id, p_alive(model, '(1,50,200,,)', '1 year', '{"channel": "store", "age": 0}') < p_alive(m.flat, '(1,50,200,,)', '1 year', '{"channel": "store", "age": 0}') AS leaves_sooner
FROM models, LATERAL (SELECT (model::jsonb || '{"dropout:channel=store": 0}')::cv_buying_model AS flat) AS m WHERE id > 1 ORDER BY id;

-- simulation: the rows of the customers' own model
CREATE TEMP TABLE simulated AS
SELECT id, true AS by_covariates, s.* FROM models, simulate_purchases(model, '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}', 100, '2022-12-31', '2021-01-01', '2021-12-31', 5, '{"channel": "web", "age": 0}') AS s
UNION ALL SELECT id, false, s.* FROM (SELECT DISTINCT ON (id) id, own FROM cases WHERE channel = 'web' AND age = 0) AS o, simulate_purchases(own, '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}', 100, '2022-12-31', '2021-01-01', '2021-12-31', 5) AS s;
SELECT id, rows > 200 AS enough, wrong FROM (SELECT id, count(*) AS rows, count(*) FILTER (WHERE counts <> 2) AS wrong FROM (SELECT id, customer_id, at, amount, count(*) + abs(count(*) FILTER (WHERE by_covariates) * 2 - count(*)) * 9 AS counts FROM simulated GROUP BY 1, 2, 3, 4) AS s GROUP BY id) AS c ORDER BY id;

-- what a customer's covariates must be
\pset format unaligned
SELECT covariates, pg_temp.error_of(format('SELECT p_alive(model, ''(1,50,200,,)'', covariates => %L) FROM models WHERE id = 3', covariates)) AS error
FROM unnest(ARRAY[NULL, '{}', '{"age": 7}', '{"channel": "web"}', '{"age": 7, "channel": "post"}', '{"age": 7, "channel": "we"}', '{"age": 7, "channel": "webs"}', '{"age": 7, "channel": ""}', '{"age": "7", "channel": "web"}', '{"age": 7, "channel": 7}',
    '{"age": 7, "channel": true}', '{"age": null, "channel": "web"}', '{"age": [7], "channel": "web"}', '{"age": 7, "channel": "web", "zip": 7}', '[]', '7', '{"age": 1e9, "channel": "web"}', '{"age": -1e9, "channel": "web"}', '{"age": 1e400, "channel": "web"}']) AS covariates;
SELECT call, pg_temp.error_of('SELECT ' || call || ' FROM models WHERE id = 2') AS error
FROM unnest(ARRAY[$$p_alive(model, '(1,50,200,,)')$$, $$expected_purchases(model, '(1,50,200,,)'::cv_purchase_history, '1 year')$$, $$expected_purchases(model, '1 year')$$, $$discounted_purchases(model, '(1,50,200,,)', 0.1)$$,
    $$purchase_probability(model, '(1,50,200,,)'::cv_purchase_history, '1 year', 1)$$, $$purchase_probability(model, '1 year'::interval, 1)$$, $$log_likelihood(model, '(1,50,200,,)')$$,
    $$clv(model, '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}'::cv_spending_model, '(1,50,200,7,)'::cv_purchase_history)$$,
    $$simulate_purchases(model, '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}', 1, '2022-12-31', '2021-01-01', '2021-12-31', 5)$$]) AS call;
-- many levels in a message
SELECT pg_temp.error_of(format($$SELECT p_alive(%L, '(1,50,200,,)', covariates => '{"c": "x"}')$$, jsonb_build_object('family', 'nbd', 'unit', '1 day', 'r', 1, 'alpha', 1, 'covariates', jsonb_build_object('c', jsonb_agg(n)))
       || jsonb_object_agg('purchase:c=' || n, 0) FILTER (WHERE n > '1'))) FROM (SELECT n::text FROM generate_series(1, 20) AS n) AS g;
-- a model without takes none, or an empty object
SELECT pg_temp.error_of($$SELECT p_alive('{"family": "nbd", "unit": "1 day", "r": 1, "alpha": 1}', '(1,50,200,,)', covariates => '{"age": 7}')$$);
SELECT pg_temp.error_of($$SELECT p_alive('{"family": "nbd", "unit": "1 day", "r": 1, "alpha": 1}', '(1,50,200,,)', covariates => '[]')$$);
SELECT p_alive('{"family": "nbd", "unit": "1 day", "r": 1, "alpha": 1}', '(1,50,200,,)', covariates => '{}') AS none;
\pset format aligned
-- NULL arguments give NULL, whatever the covariates
SELECT p_alive(NULL, history, covariates => c) IS NULL AS a, p_alive(model, NULL, covariates => c) IS NULL AS b, expected_purchases(model, NULL::interval, c) IS NULL AS d, purchase_probability(model, history, '1 year', NULL, c) IS NULL AS e,
       log_likelihood(model, NULL, c) IS NULL AS f, clv(model, NULL::cv_spending_model, history, covariates => c) IS NULL AS g, discounted_purchases(model, history, NULL, covariates => c) IS NULL AS h,
       (SELECT count(*) FROM simulate_purchases(model, NULL, 9, '2022-12-31', '2021-01-01', '2021-12-31', 5, c)) AS i
FROM (SELECT model, '(1,50,200,7,1)'::cv_purchase_history AS history, '{"channel": "web", "age": 0}'::jsonb AS c FROM models WHERE id = 4) AS s;

-- models as values
SELECT id, model::text::cv_buying_model::text = model::text AS text, model::jsonb::cv_buying_model::text = model::text AS jsonb FROM models ORDER BY id;
CREATE TEMP TABLE fitted AS
SELECT 9 AS id, fit_buying(customer_base(h, covariates), 'best') AS model
FROM (SELECT v.covariates, purchase_history(at, amount, '2022-12-31') AS h FROM models, (VALUES ('{"channel": "a \"b\"", "größe": 1}'::jsonb, '{"channel": "app", "age": 1}'::jsonb), ('{"channel": "c,d:=", "größe": 2.5}', '{"channel": "web", "age": 0}')) AS v(covariates, z),
      simulate_purchases(model, '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}', 400, '2022-12-31', '2021-01-01', '2021-12-31', 5, z) WHERE id = 3 GROUP BY v.covariates, customer_id
      UNION ALL SELECT '{"channel": "c,d:=", "größe": 7}', ROW(n, n * 50, 300, 7, 1)::cv_purchase_history FROM generate_series(1, 5) AS n) AS s;
SELECT name FROM fitted, parameters(model);
SELECT model::jsonb -> 'covariates' AS covariates, (goodness(model)).converged, jsonb_array_length(model::jsonb -> 'fit' -> 'log_covariance') AS covariances FROM fitted;
INSERT INTO models SELECT * FROM fitted;
CREATE TEMP TABLE again (LIKE models);
\copy models TO 'results/clv_covariates.bin' (FORMAT binary)
\copy again FROM 'results/clv_covariates.bin' (FORMAT binary)
SELECT count(*), bool_and(m.model::text = a.model::text AND cv_buying_model_send(m.model) = cv_buying_model_send(a.model) AND m.model::text::cv_buying_model::text = m.model::text) AS same FROM models AS m JOIN again AS a USING (id);
-- 64 parameters go into a table's row, and out of line
CREATE TEMP TABLE large (model cv_buying_model, other cv_buying_model);
INSERT INTO large SELECT m, m FROM (SELECT (jsonb_build_object('family', 'pareto/nbd', 'unit', '1 day', 'r', 1, 'alpha', 9, 's', 1, 'beta', 9, 'covariates', jsonb_object_agg('k' || n, 'number'),
    'fit', jsonb_build_object('customers', 9, 'log_likelihood', -1, 'penalty', 0, 'gradient', 0, 'iterations', 1, 'converged', true, 'log_covariance', (SELECT jsonb_agg(CASE WHEN i = j THEN 1 + i / 7.0 ELSE i / 3e3 + j / 7e5 END ORDER BY i, j) FROM generate_series(1, 64) AS i, generate_series(1, i) AS j)))
    || jsonb_object_agg('purchase:k' || n, n) || jsonb_object_agg('dropout:k' || n, n))::cv_buying_model AS m FROM generate_series(1, 30) AS n) AS s;
SELECT (SELECT count(*) FROM parameters(model)) AS parameters, model::text = other::text AS same, (SELECT bool_and(p_alive(model, ROW(1, 2, n, NULL, 0), '1 day', c) > 0.5)
       FROM generate_series(1990, 2000) AS n, (SELECT jsonb_object_agg('k' || n, CASE n WHEN 1 THEN -9 ELSE 0 END) AS c FROM generate_series(1, 30) AS n) AS k) AS answers FROM large;

\pset format unaligned
SELECT text, pg_temp.error_of(format('SELECT %L::cv_buying_model', text)) AS error
FROM (SELECT n, format('{"family": "bg/nbd", "unit": "7 days", "r": 1, "alpha": 1, "a": 1, "b": 1, %s}', rest) AS text
      FROM unnest(ARRAY['"covariates": {}', '"covariates": []', '"covariates": 7', '"covariates": {"k": 7}', '"covariates": {"k": "text"}', '"covariates": {"k": []}', '"covariates": {"k": [7]}', '"covariates": {"k": {}}',
          '"covariates": {"k": ["a", "a"]}', '"covariates": {"k": ["a"]}', '"covariates": {"k": "number"}', '"covariates": {"k": "number"}, "purchase:k": 1', '"covariates": {"k": "number"}, "purchase:k": 1, "dropout:k": "x"',
          '"covariates": {"k": "number"}, "purchase:k": 1, "dropout:k": 1, "purchase:l": 1', '"covariates": {"k": ["b", "a"]}, "purchase:k=b": 1, "dropout:k=a": 1', '"purchase:k": 1, "dropout:k": 1',
          '"covariates": {"k=a": "number", "k": ["_", "a"]}', '"covariates": {"k=a": ["_", "b"], "k": ["_", "a=b"]}', '"covariates": {"k": "number"}, "purchase:k": -1, "dropout:k": 0']) WITH ORDINALITY AS t(rest, n)) AS t ORDER BY n;
SELECT pg_temp.error_of(format($$SELECT '{"family": "nbd", "unit": "7 days", "r": 1, "alpha": 1, "covariates": {"k": "number"}, "purchase:k": 1, "dropout:k": 1}'::cv_buying_model$$));
SELECT pg_temp.error_of(format($$SELECT '{"family": "gamma-gamma", "p": 1, "q": 1, "gamma": 1, "covariates": {"k": "number"}}'::cv_spending_model$$));
SELECT pg_temp.error_of(format('SELECT %L::cv_buying_model', jsonb_build_object('family', 'bg/nbd', 'unit', '1 day', 'r', 1, 'alpha', 1, 'a', 1, 'b', 1, 'covariates', jsonb_build_object('k', jsonb_agg(n))))) FROM generate_series(1, 32) AS g, LATERAL (SELECT 'l' || g) AS l(n);
\pset format aligned
-- as corrupt binary values
CREATE TEMP TABLE received (model cv_buying_model);
CREATE TEMP TABLE sent AS SELECT cv_buying_model_send(model) AS bytes FROM models WHERE id = 1;
SELECT encode(substr(bytes, 1, 40), 'escape') FROM sent;
-- unchanged
SELECT pg_temp.copy_file(bytes) AS file FROM sent \gset
\lo_export :file results/clv_covariates.bin
\copy received FROM 'results/clv_covariates.bin' (FORMAT binary)
SELECT model FROM received;
-- a flag less
SELECT pg_temp.copy_file(set_byte(bytes, 1, 0)) AS file FROM sent \gset
\lo_export :file results/clv_covariates.bin
\copy received FROM 'results/clv_covariates.bin' (FORMAT binary)
-- a covariate of no kind
SELECT pg_temp.copy_file(set_byte(bytes, 7, 120)) AS file FROM sent \gset
\lo_export :file results/clv_covariates.bin
\copy received FROM 'results/clv_covariates.bin' (FORMAT binary)
-- more strings than there are
SELECT pg_temp.copy_file(set_byte(bytes, 4, 120)) AS file FROM sent \gset
\lo_export :file results/clv_covariates.bin
\copy received FROM 'results/clv_covariates.bin' (FORMAT binary)
-- fewer
SELECT pg_temp.copy_file(set_byte(bytes, 6, 4)) AS file FROM sent \gset
\lo_export :file results/clv_covariates.bin
\copy received FROM 'results/clv_covariates.bin' (FORMAT binary)
-- a coefficient that is no number
SELECT pg_temp.copy_file(overlay(bytes PLACING '\x7ff8000000000000'::bytea FROM length(bytes) - 184)) AS file FROM sent \gset
\lo_export :file results/clv_covariates.bin
\copy received FROM 'results/clv_covariates.bin' (FORMAT binary)
SELECT count(*) FROM received;
SELECT count(lo_unlink(oid)) > 0 AS cleaned FROM pg_largeobject_metadata;
