-- Models as values: typed in, as jsonb, in binary, and what is no model.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET extra_float_digits = 1;

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

-- every family, from published parameters
CREATE TEMP TABLE models (id integer, model cv_buying_model);
INSERT INTO models VALUES
    (1, '{"family": "nbd", "unit": "7 days", "r": 0.385, "alpha": 12.072}'),
    (2, '{"family": "bg/nbd", "unit": "7 days", "r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}'),
    (3, '{"family": "mbg/nbd", "unit": "7 days", "r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}'),
    (4, '{"family": "pareto/nbd", "unit": "7 days", "r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}');
SELECT model FROM models ORDER BY id;
SELECT '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}'::cv_spending_model;
SELECT id, p.* FROM models, parameters(model) AS p ORDER BY id, name;
SELECT p.* FROM parameters('{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}'::cv_spending_model) AS p;
-- nothing is known of a fit
SELECT DISTINCT g.* FROM models, goodness(model) AS g;
SELECT g.* FROM goodness('{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}'::cv_spending_model) AS g;
SELECT count(*) FROM parameters(NULL::cv_buying_model);
SELECT goodness(NULL::cv_spending_model) IS NULL AS none;

-- order of members and spaces do not matter, figures are kept exactly
SELECT ' { "b" : 2.426e0, "r":0.24300, "unit": "168 hours", "a":0.793,"alpha":4414e-3,"family":"bg/nbd" } '::cv_buying_model;
SELECT '{"family": "nbd", "unit": "1 day", "r": 0.30000000000000004, "alpha": 1e-300}'::cv_buying_model;
SELECT '{"family": "nbd", "unit": "1 day", "r": 1.7976931348623157e308, "alpha": 12345678901234567890}'::cv_buying_model;

-- units in all forms
SELECT unit, format('{"family": "nbd", "unit": "%s", "r": 1, "alpha": 1}', unit)::cv_buying_model
FROM unnest(ARRAY['7 days', '1 week', '1 month', '1 year', '13 months', '1 year 1 day', '1 day', '24 hours', '12:00:00',
                  '36 hours', 'P1W', '0.5 weeks']) WITH ORDINALITY AS t(unit, n) ORDER BY n;
-- a model with any unit reads back from its text, from microseconds on; what would not is refused
SELECT unit, pg_temp.error_of(format('SELECT %L::cv_buying_model', document)) = 'no error' AS accepted,
       pg_temp.error_of(format('SELECT (%L::cv_buying_model::text::cv_buying_model)', document)) = 'no error' AS reads_back
FROM (SELECT unit, n, format('{"family": "nbd", "unit": "%s", "r": 1, "alpha": 1}', unit) AS document
      FROM unnest(ARRAY['1 hour', '1 minute', '1 second', '1 microsecond', '1 year 2 mons 3 days 04:05:06.789012',
                        '1000000 years']) WITH ORDINALITY AS t(unit, n)) AS d
ORDER BY n;
SELECT pg_temp.error_of(format('SELECT %L::cv_buying_model', document)) <> 'no error'
       OR pg_temp.error_of(format('SELECT (%L::cv_buying_model::text::cv_buying_model)', document)) = 'no error' AS refused_or_reads_back
FROM (SELECT '{"family": "nbd", "unit": "178000000 years", "r": 1, "alpha": 1}' AS document) AS d;

-- jsonb, both ways
CREATE TEMP TABLE documents (id integer, document jsonb);
INSERT INTO documents SELECT id, model FROM models;
SELECT document FROM documents ORDER BY id;
CREATE TEMP TABLE models_again (LIKE models);
INSERT INTO models_again SELECT id, document FROM documents;
SELECT bool_and(m.model::text = a.model::text AND cv_buying_model_send(m.model) = cv_buying_model_send(a.model)) AS same
FROM models AS m JOIN models_again AS a USING (id);
SELECT '{"p": 6.25, "q": 3.74, "gamma": 15.44, "family": "gamma-gamma"}'::jsonb::cv_spending_model;
SELECT '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}'::cv_spending_model::jsonb;
SELECT model::jsonb ->> 'family' AS family, (model::jsonb ->> 'alpha')::float8 AS alpha FROM models ORDER BY id;
SELECT jsonb_build_object('family', 'nbd', 'unit', '7 days', 'r', 0.385, 'alpha', 12.072)::cv_buying_model;

-- binary
CREATE TEMP TABLE received (LIKE models);
\copy models TO 'results/clv_models.bin' (FORMAT binary)
\copy received FROM 'results/clv_models.bin' (FORMAT binary)
SELECT count(*), bool_and(m.model::text = r.model::text) AS same FROM models AS m JOIN received AS r USING (id);

\pset format unaligned
-- what is no buying model
SELECT text, pg_temp.error_of(format('SELECT %L::cv_buying_model', text)) AS error
FROM unnest(ARRAY[
    '', 'bg/nbd', '7', 'null', '[]', '{}',
    '{"family": 7}',
    '{"family": "bg"}',
    '{"family": "BG/NBD", "unit": "7 days", "r": 1, "alpha": 1, "a": 1, "b": 1}',
    '{"unit": "7 days", "r": 1, "alpha": 1}',
    '{"family": "nbd", "r": 1, "alpha": 1}',
    '{"family": "nbd", "unit": 7, "r": 1, "alpha": 1}',
    '{"family": "nbd", "unit": "often", "r": 1, "alpha": 1}',
    '{"family": "nbd", "unit": "0 days", "r": 1, "alpha": 1}',
    '{"family": "nbd", "unit": "-7 days", "r": 1, "alpha": 1}',
    '{"family": "nbd", "unit": "1 month -31 days", "r": 1, "alpha": 1}',
    '{"family": "nbd", "unit": "7 days", "alpha": 1}',
    '{"family": "nbd", "unit": "7 days", "r": 1}',
    '{"family": "nbd", "unit": "7 days", "r": 1, "alpha": 1, "a": 1}',
    '{"family": "nbd", "unit": "7 days", "r": 1, "alpha": 1, "comment": "none"}',
    '{"family": "nbd", "unit": "7 days", "r": "1", "alpha": 1}',
    '{"family": "nbd", "unit": "7 days", "r": null, "alpha": 1}',
    '{"family": "nbd", "unit": "7 days", "r": "NaN", "alpha": 1}',
    '{"family": "nbd", "unit": "7 days", "r": NaN, "alpha": 1}',
    '{"family": "nbd", "unit": "7 days", "r": 0, "alpha": 1}',
    '{"family": "nbd", "unit": "7 days", "r": -1, "alpha": 1}',
    '{"family": "nbd", "unit": "7 days", "r": 1, "alpha": -0.5}',
    '{"family": "pareto/nbd", "unit": "7 days", "r": 1, "alpha": 1, "a": 1, "b": 1}',
    '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}',
    '{"family": "nbd", "unit": "7 days", "r": 1, "alpha": 1, "fit": 7}',
    '{"family": "nbd", "unit": "7 days", "r": 1, "alpha": 1, "fit": {}}',
    '{"family": "nbd", "unit": "7 days", "r": 1, "alpha": 1, "fit": {"customers": 5}}',
    '{"family": "nbd", "unit": "7 days", "r": 1, "alpha": 1, "fit": {"customers": 5, "log_likelihood": -1, "penalty": 0, "gradient": 0, "iterations": 3, "converged": 1}}',
    '{"family": "nbd", "unit": "7 days", "r": 1, "alpha": 1, "fit": {"customers": "5", "log_likelihood": -1, "penalty": 0, "gradient": 0, "iterations": 3, "converged": true}}',
    '{"family": "nbd", "unit": "7 days", "r": 1, "alpha": 1, "fit": {"customers": 5, "log_likelihood": -1, "penalty": 0, "gradient": 0, "iterations": 3, "converged": true, "log_covariance": [1, 2]}}',
    '{"family": "nbd", "unit": "7 days", "r": 1, "alpha": 1, "fit": {"customers": 5, "log_likelihood": -1, "penalty": 0, "gradient": 0, "iterations": 3, "converged": true, "log_covariance": [1, "x", 2]}}',
    '{"family": "nbd", "unit": "7 days", "r": 1, "alpha": 1, "fit": {"customers": 5, "log_likelihood": -1, "penalty": 0, "gradient": 0, "iterations": 3, "converged": true, "compared": {}}}',
    '{"family": "nbd", "unit": "7 days", "r": 1, "alpha": 1, "fit": {"customers": 5, "log_likelihood": -1, "penalty": 0, "gradient": 0, "iterations": 3, "converged": true, "mood": "good"}}'
    ]) WITH ORDINALITY AS t(text, n) ORDER BY n;

-- what is no spending model
SELECT text, pg_temp.error_of(format('SELECT %L::cv_spending_model', text)) AS error
FROM unnest(ARRAY[
    '', '{}', '[]',
    '{"family": "nbd", "unit": "7 days", "r": 1, "alpha": 1}',
    '{"family": "gamma-gamma", "p": 6.25, "q": 3.74}',
    '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44, "unit": "7 days"}',
    '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "v": 15.44}',
    '{"family": "gamma-gamma", "p": 6.25, "q": 0, "gamma": 15.44}',
    '{"family": "gamma-gamma", "p": -6.25, "q": 3.74, "gamma": 15.44}',
    '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": "much"}'
    ]) WITH ORDINALITY AS t(text, n) ORDER BY n;

-- beyond what a float8 can hold
SELECT figure, left(pg_temp.error_of(format('SELECT %L::cv_buying_model', format('{"family": "nbd", "unit": "7 days", "r": %s, "alpha": 1}', figure))), 2) AS error_class
FROM unnest(ARRAY['1e400', '1e-400']) AS figure;
\pset format aligned
-- a fit typed in: one that says it failed has no standard errors
SELECT name, estimate, standard_error, round(low::numeric, 10) AS low, round(high::numeric, 10) AS high
FROM parameters('{"family": "nbd", "unit": "7 days", "r": 2, "alpha": 4, "fit": {"customers": 5, "log_likelihood": -10, "penalty": 0.5, "gradient": 1e-9, "iterations": 3, "converged": true, "log_covariance": [0.25, 0, 0.0625]}}'::cv_buying_model) AS p;
SELECT customers, log_likelihood, aic, round(bic::numeric, 10) AS bic, iterations, gradient, converged, compared
FROM goodness('{"family": "nbd", "unit": "7 days", "r": 2, "alpha": 4, "fit": {"customers": 5, "log_likelihood": -10, "penalty": 0.5, "gradient": 1e-9, "iterations": 3, "converged": false, "compared": [{"family": "nbd", "bic": 1}]}}'::cv_buying_model);

-- corrupt binary values
CREATE TEMP TABLE buying (model cv_buying_model);
CREATE TEMP TABLE spending (model cv_spending_model);
CREATE TEMP TABLE sent AS SELECT cv_buying_model_send(model) AS bytes FROM models WHERE id = 2;
-- unchanged
SELECT pg_temp.copy_file(bytes) AS file FROM sent \gset
\lo_export :file results/clv_models.bin
\copy buying FROM 'results/clv_models.bin' (FORMAT binary)
SELECT model FROM buying;
-- a buying model is no spending model
\copy spending FROM 'results/clv_models.bin' (FORMAT binary)
-- an unknown version
SELECT pg_temp.copy_file(set_byte(bytes, 0, 2)) AS file FROM sent \gset
\lo_export :file results/clv_models.bin
\copy buying FROM 'results/clv_models.bin' (FORMAT binary)
-- an unknown family
SELECT pg_temp.copy_file(set_byte(bytes, 2, 77)) AS file FROM sent \gset
\lo_export :file results/clv_models.bin
\copy buying FROM 'results/clv_models.bin' (FORMAT binary)
-- a negative parameter
SELECT pg_temp.copy_file(set_byte(bytes, 11, 191)) AS file FROM sent \gset
\lo_export :file results/clv_models.bin
\copy buying FROM 'results/clv_models.bin' (FORMAT binary)
-- a unit that is no number
SELECT pg_temp.copy_file(overlay(bytes PLACING '\x7ff8000000000000'::bytea FROM 4)) AS file FROM sent \gset
\lo_export :file results/clv_models.bin
\copy buying FROM 'results/clv_models.bin' (FORMAT binary)
-- truncated
SELECT pg_temp.copy_file(substr(bytes, 1, 40)) AS file FROM sent \gset
\lo_export :file results/clv_models.bin
\copy buying FROM 'results/clv_models.bin' (FORMAT binary)
-- something else where the list of compared families belongs
SELECT pg_temp.copy_file(substr(bytes, 1, length(bytes) - 1) || '{"a": 1}' || '\x00') AS file FROM sent \gset
\lo_export :file results/clv_models.bin
\copy buying FROM 'results/clv_models.bin' (FORMAT binary)
SELECT pg_temp.copy_file(substr(bytes, 1, length(bytes) - 1) || 'x' || '\x00') AS file FROM sent \gset
\lo_export :file results/clv_models.bin
\copy buying FROM 'results/clv_models.bin' (FORMAT binary)
SELECT count(*) FROM buying;
SELECT count(lo_unlink(oid)) > 0 AS cleaned FROM pg_largeobject_metadata;
