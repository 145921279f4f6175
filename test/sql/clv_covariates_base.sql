-- Customer bases with covariates: counted by history and covariates, the same in any order and partition,
-- as text and in binary; what cannot be counted together is an error.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

CREATE TEMP TABLE customers (id integer, history cv_purchase_history, covariates jsonb);
INSERT INTO customers VALUES
    (1, '(0,0,30,,0)', '{"channel": "web", "age": 42}'), (2, '(0,0,30,,0)', '{"age": 42.0, "channel": "web"}'),
    (3, '(0,0,30,,0)', '{"channel": "app", "age": 42}'), (4, '(0,0,30,,0)', '{"channel": "web", "age": -1.5e-3}'),
    (5, '(2,20,30,7.5,3)', '{"channel": "web", "age": 42}'), (6, '(2,20,30,7.5,)', '{"channel": "Straße \"7\"", "age": 0}'),
    (7, '(2,20,30,7.5,3)', '{"channel": "", "age": -0.0}'), (8, '(1,20,30,,3)', '{"channel": "web", "age": 42}'), (9, NULL, '{"channel": "post"}');
SELECT customer_base(history, covariates) FROM customers;
SELECT customers(customer_base(history, covariates)), pg_column_size(customer_base(history, covariates)) FROM customers;
-- true and false are levels of these names
SELECT customer_base(ROW(0, 0, 30, NULL, 0), jsonb_build_object('member', n % 2 = 0)) FROM generate_series(1, 3) AS n;
-- without rows, without histories, without covariates
SELECT customer_base(history, covariates) IS NULL AS none FROM customers WHERE id > 9;
SELECT customer_base(history, covariates) IS NULL AS no_history FROM customers WHERE id = 9;
SELECT bool_and(cv_customer_base_send(base) = cv_customer_base_send(plain)) AS the_plain_base
FROM (SELECT customer_base(history) AS plain, customer_base(history, NULL) AS base FROM customers
      UNION ALL SELECT customer_base(history), customer_base(history, '{}') FROM customers
      UNION ALL SELECT customer_base(history), customer_base(history, CASE WHEN id % 2 = 0 THEN jsonb '{}' END) FROM customers) AS b;
-- a base without covariates takes 32 bytes for an entry and its head; with them a vector takes 8, and 8 for each key
SELECT covariates, pg_column_size(customer_base(ROW(0, 0, n, NULL, 0), CASE WHEN covariates THEN '{"a": 1, "b": 2}'::jsonb END))
       - pg_column_size(customer_base(ROW(0, 0, n, NULL, 0), CASE WHEN covariates THEN '{"a": 1, "b": 2}'::jsonb END) FILTER (WHERE n < 20)) AS one_entry,
       pg_column_size(customer_base(ROW(0, 0, 30, NULL, 0), CASE WHEN covariates THEN jsonb_build_object('a', n, 'b', 2) END))
       - pg_column_size(customer_base(ROW(0, 0, 30, NULL, 0), CASE WHEN covariates THEN jsonb_build_object('a', n, 'b', 2) END) FILTER (WHERE n < 20)) AS one_vector
FROM generate_series(1, 20) AS n, unnest('{f,t}'::boolean[]) AS covariates GROUP BY covariates ORDER BY covariates;

-- many customers, in any order and partition, rolled up in steps: the same bytes
CREATE TEMP TABLE many AS
SELECT n, ROW(n % 5, CASE WHEN n % 5 > 0 THEN n % 6 ELSE 0 END, 60 + n % 4, n % 3, n % 3)::cv_purchase_history AS history,
       jsonb_build_object('channel', 'c' || (n * 7919) % 11, 'score', (n % 4) / 4.0, 'member', n % 3 = 0) AS covariates,
       (n * 104729) % 65537 AS shuffle
FROM generate_series(1, 6000) AS n;
CREATE TEMP TABLE whole AS SELECT customer_base(history, covariates) AS base FROM many;
SELECT customers(base), jsonb_array_length(base::jsonb -> 'histories') AS entries, base::jsonb -> 'covariates' AS covariates,
       (SELECT count(DISTINCT (CASE WHEN (history).frequency = 0 THEN ROW(0, 0, (history).age, NULL, NULL) ELSE ROW((history).frequency, (history).recency, (history).age, (history).monetary, NULL) END::cv_purchase_history, covariates)) FROM many) AS distinct_pairs
FROM whole;
SELECT bool_and(cv_customer_base_send(b.base) = cv_customer_base_send(whole.base)) AS same, count(*)
FROM whole, (SELECT customer_base(history, covariates ORDER BY shuffle) AS base FROM many
             UNION ALL SELECT customer_base(history, covariates ORDER BY shuffle DESC) FROM many
             UNION ALL SELECT rollup(base) FROM (SELECT customer_base(history, covariates) AS base FROM many GROUP BY n % 7) AS p
             UNION ALL SELECT rollup(base) FROM (SELECT customer_base(history, covariates) AS base FROM many GROUP BY shuffle % 50) AS p
             UNION ALL SELECT rollup(base ORDER BY part DESC) FROM (SELECT shuffle % 3 AS part, customer_base(history, covariates) AS base FROM many GROUP BY 1) AS p
             UNION ALL SELECT rollup(base) FROM (SELECT rollup(base) AS base FROM (SELECT n % 4 AS part, customer_base(history, covariates) AS base FROM many GROUP BY n % 4, n % 5) AS p GROUP BY part) AS q
             UNION ALL SELECT rollup(base) FROM (SELECT base FROM whole UNION ALL SELECT '{"log_gaps": 0, "gapless": 0, "histories": []}' UNION ALL SELECT NULL) AS p
             UNION ALL SELECT rollup(base ORDER BY base::text) FROM (SELECT base FROM whole UNION ALL SELECT '{"log_gaps": 0, "gapless": 0, "histories": []}') AS p
             UNION ALL SELECT rollup(base ORDER BY base::text DESC) FROM (SELECT base FROM whole UNION ALL SELECT '{"log_gaps": 0, "gapless": 0, "histories": []}') AS p) AS b;
-- as a window the state lives on after it was read
SELECT bool_and(customers(base) = n) AS running FROM (SELECT n, customer_base(history, covariates) OVER (ORDER BY n) AS base FROM many WHERE n <= 40) AS w;
-- counted against a join
SELECT count(*) FILTER (WHERE counted.customers IS DISTINCT FROM grouped.count) AS wrong, count(*) AS entries
FROM (SELECT (h ->> 4)::integer AS customers, (h ->> 0)::integer AS x, (h ->> 1)::float8 AS t_x, (h ->> 2)::float8 AS age, (h ->> 3)::float8 AS m,
             jsonb_build_object('channel', h -> 5, 'member', (h ->> 6)::boolean, 'score', h -> 7) AS covariates
      FROM whole, jsonb_array_elements(base::jsonb -> 'histories') AS h) AS counted
LEFT JOIN (SELECT (history).frequency AS x, (history).recency AS t_x, (history).age, CASE WHEN (history).frequency > 0 THEN (history).monetary END AS m, covariates, count(*)
           FROM many GROUP BY 1, 2, 3, 4, 5) AS grouped ON (counted.x, counted.t_x, counted.age, counted.covariates) = (grouped.x, grouped.t_x, grouped.age, grouped.covariates) AND counted.m IS NOT DISTINCT FROM grouped.m;

-- what cannot be counted together, in either order
SELECT a.covariates AS first, b.covariates AS second,
       pg_temp.error_of(format('SELECT customer_base(ROW(0, 0, 30, NULL, 0), c) FROM (VALUES (1, %L::jsonb), (2, %L)) AS v(n, c)', a.covariates, b.covariates)) AS error,
       pg_temp.error_of(format('SELECT rollup(customer_base) FROM (SELECT customer_base(ROW(0, 0, 30, NULL, 0), c) FROM (VALUES (1, %L::jsonb), (2, %L)) AS v(n, c) GROUP BY n) AS b', a.covariates, b.covariates)) AS merged
FROM (VALUES ('{"age": 1}'), (NULL), ('{"age": "old"}'), ('{"age": 1, "b": 2}'), ('{"zip": 1}')) AS a(covariates),
     (VALUES ('{"age": 1}'), ('{}'), ('{"age": true}'), ('{"age": 1, "c": 2}')) AS b(covariates)
WHERE a.covariates IS DISTINCT FROM b.covariates AND NOT (a.covariates IS NULL AND b.covariates = '{}');
-- what is no covariate
SELECT covariates, pg_temp.error_of(format('SELECT customer_base(ROW(0, 0, 30, NULL, 0), %L)', covariates)) AS error
FROM unnest(ARRAY['[]', '7', '"web"', 'null', '{"a": null}', '{"a": [1]}', '{"a": {"b": 1}}', '{"a": 1e400}', '{"a": 1, "b": null}']) AS covariates;
SELECT customer_base(ROW(0, 0, 30, NULL, 0), CASE n WHEN 2 THEN '{"a": null}' ELSE '{"a": 1}' END::jsonb) FROM generate_series(1, 3) AS n;
SELECT customer_base(ROW(0, 0, 30, NULL, 0), CASE n WHEN 2 THEN '{"b": 1}' ELSE '{"a": 1}' END::jsonb) FROM generate_series(1, 3) AS n;
SELECT customer_base(ROW(0, 0, 30, NULL, 0), CASE n WHEN 2 THEN '{"a": "1"}' ELSE '{"a": 1}' END::jsonb) FROM generate_series(1, 3) AS n;
-- too many of them
SELECT customers(customer_base(ROW(0, 0, 30, NULL, 0), (SELECT jsonb_object_agg('key' || n, n) FROM generate_series(1, 30) AS n)));
SELECT customers(customer_base(ROW(0, 0, 30, NULL, 0), (SELECT jsonb_object_agg('key' || n, n) FROM generate_series(1, 31) AS n)));
SELECT customers(customer_base(ROW(0, 0, 30, NULL, 0), jsonb_build_object('id', 'customer ' || n))) FROM generate_series(1, 1000) AS n;
SELECT customers(customer_base(ROW(0, 0, 30, NULL, 0), jsonb_build_object('id', 'customer ' || n))) FROM generate_series(1, 1001) AS n;
-- states are for aggregates
SELECT customer_base_trans(NULL, ROW(0, 0, 30, NULL, 0), '{"a": 1}');

-- text and binary
CREATE TEMP TABLE bases AS SELECT 1 AS id, customer_base(history, covariates) AS base FROM customers UNION ALL SELECT 2, base FROM whole;
SELECT id, base::text::cv_customer_base::text = base::text AS text, cv_customer_base_send(base::text::cv_customer_base) = cv_customer_base_send(base) AS bytes,
       base::jsonb::text::cv_customer_base::text = base::text AS jsonb
FROM (SELECT id, base FROM bases) AS b ORDER BY id;
CREATE TEMP TABLE again (LIKE bases);
\copy bases TO 'results/clv_covariates_base.bin' (FORMAT binary)
\copy again FROM 'results/clv_covariates_base.bin' (FORMAT binary)
SELECT count(*), bool_and(b.base::text = a.base::text AND cv_customer_base_send(b.base) = cv_customer_base_send(a.base)) AS same FROM bases AS b JOIN again AS a USING (id);
-- typed in, in any order
SELECT '{"histories": [[1, 5, 9, 2, 3, "b", 7], [0, 0, 9, null, 1, "a", -0.0], [1, 5, 9, 2, 1, "b", 7]], "log_gaps": 5, "gapless": 1, "covariates": ["k", "l"]}'::cv_customer_base;
\pset format unaligned
SELECT text, pg_temp.error_of(format('SELECT %L::cv_customer_base', text)) AS error
FROM (SELECT n, format('{"log_gaps": 0, "gapless": 0%s', rest) AS text
      FROM unnest(ARRAY[', "covariates": ["k"], "histories": [[0, 0, 9, null, 1]]}', ', "histories": [[0, 0, 9, null, 1, 5]]}',
          ', "covariates": ["k", "l"], "histories": [[0, 0, 9, null, 1, 5]]}', ', "covariates": ["l", "k"], "histories": [[0, 0, 9, null, 1, 5, 6]]}',
          ', "covariates": ["k", "k"], "histories": [[0, 0, 9, null, 1, 5, 6]]}', ', "covariates": ["k"], "histories": [[0, 0, 9, null, 1, 5], [0, 0, 9, null, 1, "5"]]}',
          ', "covariates": ["k"], "histories": [[0, 0, 9, null, 1, 5], [0, 0, 9, null, 1, 5, 6]]}', ', "covariates": ["k"], "histories": [[0, 0, 9, null, 1, 5], [0, 0, 9, null, 1]]}',
          ', "covariates": ["k"], "histories": [[0, 0, 9, null, 1], [0, 0, 9, null, 1, 5]]}', ', "covariates": [5], "histories": [[0, 0, 9, null, 1, 5]]}',
          ', "covariates": "k", "histories": [[0, 0, 9, null, 1, 5]]}', ', "covariates": [["k"]], "histories": [[0, 0, 9, null, 1, 5]]}', ', "covariates": {"k": 1}, "histories": []}',
          ', "covariates": ["k"], "histories": [[0, 0, 9, null, 1, null]]}', ', "covariates": ["k"], "histories": [[0, 0, 9, null, 1, true]]}', ', "covariates": ["k"], "histories": [[0, 0, 9, null, 1, 1e999]]}',
          ', "covariates": ["k"], "histories": [[0, 1, 9, null, 1, 5]]}', ', "covariates": ["k"], "histories": [[1, 1, 9, null, 0, 5]]}',
          ', "covariates": ["k"], "histories": []}', ', "covariates": [], "histories": [[0, 0, 9, null, 1]]}']) WITH ORDINALITY AS t(rest, n)) AS t ORDER BY n;
SELECT pg_temp.error_of($$SELECT '{"log_gaps": 0, "gapless": 9, "covariates": ["k"], "histories": [[1, 1, 9, null, 1, 5]]}'::cv_customer_base$$);
\pset format aligned
-- as corrupt binary values
CREATE TEMP TABLE received (base cv_customer_base);
CREATE TEMP TABLE sent AS SELECT cv_customer_base_send('{"histories": [[1, 5, 9, 2, 3, "x", 7], [1, 5, 9, 2, 3, "y", 7]], "log_gaps": 5, "gapless": 1, "covariates": ["k", "l"]}') AS bytes;
SELECT encode(bytes, 'hex') FROM sent;
-- unchanged
SELECT pg_temp.copy_file(bytes) AS file FROM sent \gset
\lo_export :file results/clv_covariates_base.bin
\copy received FROM 'results/clv_covariates_base.bin' (FORMAT binary)
SELECT base FROM received;
-- without covariates
SELECT pg_temp.copy_file(set_byte(bytes, 29, 0)) AS file FROM sent \gset
\lo_export :file results/clv_covariates_base.bin
\copy received FROM 'results/clv_covariates_base.bin' (FORMAT binary)
-- of another kind
SELECT pg_temp.copy_file(set_byte(bytes, 30, 1)) AS file FROM sent \gset
\lo_export :file results/clv_covariates_base.bin
\copy received FROM 'results/clv_covariates_base.bin' (FORMAT binary)
-- with a billion levels
SELECT pg_temp.copy_file(set_byte(bytes, 33, 64)) AS file FROM sent \gset
\lo_export :file results/clv_covariates_base.bin
\copy received FROM 'results/clv_covariates_base.bin' (FORMAT binary)
-- keys out of order
SELECT pg_temp.copy_file(set_byte(bytes, 42, 97)) AS file FROM sent \gset
\lo_export :file results/clv_covariates_base.bin
\copy received FROM 'results/clv_covariates_base.bin' (FORMAT binary)
-- a level that there is not
SELECT pg_temp.copy_file(set_byte(bytes, 87, 2)) AS file FROM sent \gset
\lo_export :file results/clv_covariates_base.bin
\copy received FROM 'results/clv_covariates_base.bin' (FORMAT binary)
-- a number that is none
SELECT pg_temp.copy_file(overlay(bytes PLACING '\x7ff8000000000000'::bytea FROM 89)) AS file FROM sent \gset
\lo_export :file results/clv_covariates_base.bin
\copy received FROM 'results/clv_covariates_base.bin' (FORMAT binary)
-- truncated
SELECT pg_temp.copy_file(substr(bytes, 1, 100)) AS file FROM sent \gset
\lo_export :file results/clv_covariates_base.bin
\copy received FROM 'results/clv_covariates_base.bin' (FORMAT binary)
SELECT count(*) FROM received;
SELECT count(lo_unlink(oid)) > 0 AS cleaned FROM pg_largeobject_metadata;
