-- Retention bases and models as text, as jsonb and in binary, and what is neither.
\set SHOW_CONTEXT never
SET extra_float_digits = 1;

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

-- bases
CREATE TEMP TABLE bases (id integer, base cv_retention_base);
INSERT INTO bases VALUES
    (1, '[]'),
    (2, ' [ [0,false,3] ,[1, true, 131],[7,true,24],[7,false,491]] '),
    (3, '[[2147483647, true, 1], [2147483647, false, 9223372036854775806]]');
INSERT INTO bases SELECT 4, retention_base(n % 900, n % 7 = 1 AND n % 900 > 0) FROM generate_series(1, 5000) AS n;
SELECT id, base, customers(base) FROM bases WHERE id < 4 ORDER BY id;
SELECT id, base::text::cv_retention_base::text = base::text AS same_text, cv_retention_base_send(base::text::cv_retention_base) = cv_retention_base_send(base) AS same_bytes,
       jsonb_array_length(base::jsonb) AS entries
FROM bases ORDER BY id;
CREATE TEMP TABLE bases_again (LIKE bases);
\copy (SELECT * FROM bases ORDER BY id) TO 'results/clv_contract_io.bin' (FORMAT binary)
\copy bases_again FROM 'results/clv_contract_io.bin' (FORMAT binary)
SELECT count(*), bool_and(a.base::text = b.base::text AND customers(a.base) = customers(b.base)) AS same FROM bases AS a JOIN bases_again AS b USING (id);

\pset format unaligned
SELECT text, pg_temp.error_of(format('SELECT %L::cv_retention_base', text)) AS error
FROM unnest(ARRAY[
    '', 'null', '7', '{}', '[7]', '[[]]', '[[1, true]]', '[[1, true, 2, 3]]', '[[1, true, [2]]]', '[[1, true, 2]', '[[1, true, 2]] x',
    '[["1", true, 2]]', '[[1.5, true, 2]]', '[[1, 1, 2]]', '[[1, "true", 2]]', '[[1, null, 2]]', '[[null, true, 2]]', '[[1, true, null]]',
    '[[-1, false, 2]]', '[[0, true, 2]]', '[[2147483648, false, 2]]', '[[1, true, 0]]', '[[1, true, -1]]', '[[1, true, 9223372036854775808]]',
    '[[1, true, 9223372036854775807], [1, false, 1]]',
    '[[1, true, 2], [1, true, 2]]', '[[2, true, 2], [1, true, 2]]', '[[1, false, 2], [1, true, 2]]'
    ]) WITH ORDINALITY AS t(text, n) ORDER BY n;
\pset format aligned
CREATE TEMP TABLE received (base cv_retention_base);
CREATE TEMP TABLE sent AS SELECT cv_retention_base_send(base) AS bytes FROM bases WHERE id = 2;
SELECT bytes FROM sent;
-- an unknown version
SELECT pg_temp.copy_file(set_byte(bytes, 0, 2)) AS file FROM sent \gset
\lo_export :file results/clv_contract_io.bin
\copy received FROM 'results/clv_contract_io.bin' (FORMAT binary)
-- reserved bits
SELECT pg_temp.copy_file(set_byte(bytes, 1, 1)) AS file FROM sent \gset
\lo_export :file results/clv_contract_io.bin
\copy received FROM 'results/clv_contract_io.bin' (FORMAT binary)
-- more entries than bytes
SELECT pg_temp.copy_file(set_byte(bytes, 9, 200)) AS file FROM sent \gset
\lo_export :file results/clv_contract_io.bin
\copy received FROM 'results/clv_contract_io.bin' (FORMAT binary)
-- fewer entries than bytes
SELECT pg_temp.copy_file(set_byte(bytes, 9, 3)) AS file FROM sent \gset
\lo_export :file results/clv_contract_io.bin
\copy received FROM 'results/clv_contract_io.bin' (FORMAT binary)
-- a negative tenure
SELECT pg_temp.copy_file(set_byte(bytes, 10, 255)) AS file FROM sent \gset
\lo_export :file results/clv_contract_io.bin
\copy received FROM 'results/clv_contract_io.bin' (FORMAT binary)
-- neither lost nor there
SELECT pg_temp.copy_file(set_byte(bytes, 14, 2)) AS file FROM sent \gset
\lo_export :file results/clv_contract_io.bin
\copy received FROM 'results/clv_contract_io.bin' (FORMAT binary)
-- a negative number of customers
SELECT pg_temp.copy_file(set_byte(bytes, 15, 255)) AS file FROM sent \gset
\lo_export :file results/clv_contract_io.bin
\copy received FROM 'results/clv_contract_io.bin' (FORMAT binary)
-- out of order
SELECT pg_temp.copy_file(set_byte(bytes, 13, 9)) AS file FROM sent \gset
\lo_export :file results/clv_contract_io.bin
\copy received FROM 'results/clv_contract_io.bin' (FORMAT binary)
-- truncated
SELECT pg_temp.copy_file(substr(bytes, 1, 30)) AS file FROM sent \gset
\lo_export :file results/clv_contract_io.bin
\copy received FROM 'results/clv_contract_io.bin' (FORMAT binary)
SELECT count(*) FROM received;

-- models
CREATE TEMP TABLE models (id integer, model cv_retention_model);
INSERT INTO models VALUES
    (1, '{"family": "sbg", "alpha": 0.668, "beta": 3.806}'),
    (2, ' {"c": 1.58, "beta":172e-2, "alpha":0.30000000000000004 ,"family":"bdw"} '),
    (3, '{"family": "sbg", "alpha": 1e-300, "beta": 1.7976931348623157e308}');
INSERT INTO models SELECT 3 + row_number() OVER (), fit_retention('[[1, true, 131], [2, true, 126], [3, true, 90], [4, false, 653]]', family) FROM unnest(ARRAY['sbg', 'bdw']) AS family;
INSERT INTO models VALUES
    (6, '{"family": "bdw", "alpha": 2, "beta": 4, "c": 1, "fit": {"customers": 5, "log_likelihood": -10, "gradient": 1e-9, "iterations": 3, "converged": true, "log_covariance": [0.25, 0, 0.0625, 0, 0, 1]}}'),
    (7, '{"family": "sbg", "alpha": 2, "beta": 4, "fit": {"customers": 4, "log_likelihood": -10, "gradient": 0.5, "iterations": 3, "converged": false}}');
SELECT id, model FROM models WHERE id NOT IN (4, 5) ORDER BY id;
SELECT id, jsonb_object_keys(model::jsonb -> 'fit') AS member FROM models WHERE id = 4 ORDER BY 1, 2;
SELECT id, (model::text::cv_retention_model)::text = model::text AS same_text, model::jsonb::cv_retention_model::text = model::text AS same_jsonb,
       cv_retention_model_send(model::text::cv_retention_model) = cv_retention_model_send(model) AS same_bytes
FROM models ORDER BY id;
SELECT id, p.* FROM models, parameters(model) AS p WHERE id NOT IN (4, 5, 6) ORDER BY id, name;
SELECT name, estimate, standard_error, round(low::numeric, 10) AS low, round(high::numeric, 10) AS high FROM models, parameters(model) WHERE id = 6 ORDER BY name;
SELECT id, customers, log_likelihood, aic, round(bic::numeric, 10) AS bic, iterations, gradient, converged, compared FROM models, goodness(model) WHERE id NOT IN (4, 5) ORDER BY id;
CREATE TEMP TABLE documents (document jsonb);
INSERT INTO documents SELECT model FROM models WHERE id = 1;
CREATE TEMP TABLE models_of_documents (model cv_retention_model);
INSERT INTO models_of_documents SELECT document FROM documents;
SELECT model FROM models_of_documents;
CREATE TEMP TABLE models_again (LIKE models);
\copy models TO 'results/clv_contract_io.bin' (FORMAT binary)
\copy models_again FROM 'results/clv_contract_io.bin' (FORMAT binary)
SELECT count(*), bool_and(m.model::text = a.model::text) AS same FROM models AS m JOIN models_again AS a USING (id);

\pset format unaligned
SELECT text, pg_temp.error_of(format('SELECT %L::cv_retention_model', text)) AS error
FROM unnest(ARRAY[
    '', 'sbg', '7', 'null', '[]', '{}', '{"family": 7}', '{"family": null}', '{"family": "SBG"}', '{"family": "nbd"}', '{"family": ""}',
    '{"family": "sbg"}', '{"family": "sbg", "alpha": 1}', '{"family": "sbg", "beta": 1}',
    '{"family": "sbg", "alpha": 1, "beta": 1, "c": 1}', '{"family": "bdw", "alpha": 1, "beta": 1}', '{"family": "sbg", "alpha": 1, "beta": 1, "unit": "1 year"}',
    '{"family": "sbg", "alpha": "1", "beta": 1}', '{"family": "sbg", "alpha": null, "beta": 1}', '{"family": "sbg", "alpha": [1], "beta": 1}',
    '{"family": "sbg", "alpha": 0, "beta": 1}', '{"family": "sbg", "alpha": 1, "beta": -1}', '{"family": "bdw", "alpha": 1, "beta": 1, "c": 0}',
    '{"family": "sbg", "alpha": 1, "beta": 1, "fit": 7}', '{"family": "sbg", "alpha": 1, "beta": 1, "fit": []}', '{"family": "sbg", "alpha": 1, "beta": 1, "fit": {}}',
    '{"family": "sbg", "alpha": 1, "beta": 1, "fit": {"customers": -1, "log_likelihood": -1, "gradient": 0, "iterations": 3, "converged": true}}',
    '{"family": "sbg", "alpha": 1, "beta": 1, "fit": {"customers": 0, "log_likelihood": -1, "gradient": 0, "iterations": 3, "converged": true}}',
    '{"family": "sbg", "alpha": 1, "beta": 1, "fit": {"customers": 5, "log_likelihood": -1.7e308, "gradient": 0, "iterations": 3, "converged": true}}',
    '{"family": "sbg", "alpha": 1, "beta": 1, "fit": {"customers": 5, "log_likelihood": -1, "gradient": -1, "iterations": 3, "converged": true}}',
    '{"family": "sbg", "alpha": 1, "beta": 1, "fit": {"customers": 5, "log_likelihood": -1, "gradient": 0, "iterations": 1e10, "converged": true}}',
    '{"family": "sbg", "alpha": 1, "beta": 1, "fit": {"customers": 5, "log_likelihood": -1, "gradient": 0, "iterations": 3, "converged": 1}}',
    '{"family": "sbg", "alpha": 1, "beta": 1, "fit": {"customers": 5, "log_likelihood": -1, "gradient": 0, "iterations": 3, "converged": true, "mood": "good"}}',
    '{"family": "sbg", "alpha": 1, "beta": 1, "fit": {"customers": 5, "log_likelihood": -1, "gradient": 0, "iterations": 3, "converged": true, "log_covariance": [1, 2]}}',
    '{"family": "sbg", "alpha": 1, "beta": 1, "fit": {"customers": 5, "log_likelihood": -1, "gradient": 0, "iterations": 3, "converged": true, "log_covariance": [1, "x", 2]}}',
    '{"family": "sbg", "alpha": 1, "beta": 1, "fit": {"customers": 5, "log_likelihood": -1, "gradient": 0, "iterations": 3, "converged": true, "log_covariance": [1, 0, -2]}}',
    '{"family": "sbg", "alpha": 1, "beta": 1, "fit": {"customers": 5, "log_likelihood": -1, "gradient": 0, "iterations": 3, "converged": true, "log_covariance": {}}}'
    ]) WITH ORDINALITY AS t(text, n) ORDER BY n;
SELECT figure, left(pg_temp.error_of(format('SELECT %L::cv_retention_model', format('{"family": "sbg", "alpha": %s, "beta": 1}', figure))), 2) AS error_class
FROM unnest(ARRAY['1e400', '1e-400']) AS figure;
\pset format aligned

CREATE TEMP TABLE received_models (model cv_retention_model);
CREATE TEMP TABLE sent_models AS SELECT cv_retention_model_send(model) AS bytes FROM models WHERE id = 7;
-- unchanged
SELECT pg_temp.copy_file(bytes) AS file FROM sent_models \gset
\lo_export :file results/clv_contract_io.bin
\copy received_models FROM 'results/clv_contract_io.bin' (FORMAT binary)
SELECT model FROM received_models;
-- an unknown version
SELECT pg_temp.copy_file(set_byte(bytes, 0, 9)) AS file FROM sent_models \gset
\lo_export :file results/clv_contract_io.bin
\copy received_models FROM 'results/clv_contract_io.bin' (FORMAT binary)
-- flags that contradict each other
SELECT pg_temp.copy_file(set_byte(bytes, 1, 2)) AS file FROM sent_models \gset
\lo_export :file results/clv_contract_io.bin
\copy received_models FROM 'results/clv_contract_io.bin' (FORMAT binary)
-- reserved bits
SELECT pg_temp.copy_file(set_byte(bytes, 1, 8)) AS file FROM sent_models \gset
\lo_export :file results/clv_contract_io.bin
\copy received_models FROM 'results/clv_contract_io.bin' (FORMAT binary)
-- an unknown family
SELECT pg_temp.copy_file(set_byte(bytes, 2, 77)) AS file FROM sent_models \gset
\lo_export :file results/clv_contract_io.bin
\copy received_models FROM 'results/clv_contract_io.bin' (FORMAT binary)
-- a negative parameter
SELECT pg_temp.copy_file(set_byte(bytes, 3, 192)) AS file FROM sent_models \gset
\lo_export :file results/clv_contract_io.bin
\copy received_models FROM 'results/clv_contract_io.bin' (FORMAT binary)
-- a parameter that is no number
SELECT pg_temp.copy_file(overlay(bytes PLACING '\x7ff8000000000000'::bytea FROM 4)) AS file FROM sent_models \gset
\lo_export :file results/clv_contract_io.bin
\copy received_models FROM 'results/clv_contract_io.bin' (FORMAT binary)
-- a log-likelihood that is no number
SELECT pg_temp.copy_file(overlay(bytes PLACING '\x7ff8000000000000'::bytea FROM 28)) AS file FROM sent_models \gset
\lo_export :file results/clv_contract_io.bin
\copy received_models FROM 'results/clv_contract_io.bin' (FORMAT binary)
-- a variance that is infinite
SELECT pg_temp.copy_file(overlay(bytes PLACING '\x7ff0000000000000'::bytea FROM 52)) AS file FROM sent_models \gset
\lo_export :file results/clv_contract_io.bin
\copy received_models FROM 'results/clv_contract_io.bin' (FORMAT binary)
-- truncated
SELECT pg_temp.copy_file(substr(bytes, 1, 40)) AS file FROM sent_models \gset
\lo_export :file results/clv_contract_io.bin
\copy received_models FROM 'results/clv_contract_io.bin' (FORMAT binary)
SELECT count(*) FROM received_models;
SELECT count(lo_unlink(oid)) > 0 AS cleaned FROM pg_largeobject_metadata;
