-- purchase_history() as an aggregate: order, partition, its state as text and in binary.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';
SET extra_float_digits = -3;
SET max_parallel_workers_per_gather = 0;

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

CREATE TEMP TABLE orders AS
SELECT n, n * 7919 % 30 AS customer,
       date '2024-01-01' + (('x' || substr(md5(n::text), 1, 4))::bit(16)::integer % 400) AS at,
       ((('x' || substr(md5(n::text), 5, 6))::bit(24)::integer - 4000000) / 12345.0)::float8 AS amount,
       ('x' || substr(md5(n::text), 11, 6))::bit(24)::integer AS shuffle
FROM generate_series(1, 3000) AS n;

CREATE AGGREGATE pg_temp.state_of(date, float8, date) (
    SFUNC = purchase_history_trans, STYPE = cv_purchase_log);
CREATE AGGREGATE pg_temp.history_of(cv_purchase_log) (
    SFUNC = purchase_history_combine, STYPE = cv_purchase_log, FINALFUNC = purchase_history_final);
CREATE AGGREGATE pg_temp.history_from(date, float8, date) (
    SFUNC = purchase_history_trans, STYPE = cv_purchase_log, FINALFUNC = purchase_history_final,
    INITCOND = '{"as_of": "2024-12-31", "log": [["2020-01-01", 100, 1]]}');

-- both faces, any order and any partition, through text
SELECT parts, count(*), bool_and(whole = ordered) AS any_order, bool_and(whole = of_log) AS both_faces,
       bool_and(whole = merged) AS any_partition
FROM (SELECT customer, purchase_history(at, amount, '2024-09-30') AS whole,
             purchase_history(at, amount, '2024-09-30' ORDER BY shuffle) AS ordered,
             purchase_history(activity_log(at, amount), '2024-09-30') AS of_log
      FROM orders GROUP BY customer) AS w
JOIN (SELECT parts, customer, pg_temp.history_of(state::text::cv_purchase_log ORDER BY md5(part::text)) AS merged
      FROM (SELECT parts, customer, shuffle % parts AS part, pg_temp.state_of(at, amount, '2024-09-30') AS state
            FROM orders, unnest(ARRAY[1, 2, 5, 40]) AS parts GROUP BY 1, 2, 3) AS pieces
      GROUP BY parts, customer) AS m USING (customer)
GROUP BY parts ORDER BY parts;

-- windows equal histories made anew
WITH running AS (
    SELECT n, purchase_history(at, amount, '2024-09-30') OVER (ORDER BY n) AS h FROM orders WHERE n <= 150)
SELECT bool_and(h IS NOT DISTINCT FROM (SELECT purchase_history(at, amount, '2024-09-30')
                                        FROM orders AS o WHERE o.n <= running.n)) AS same
FROM running;

-- states of one's own aggregates
SELECT pg_temp.state_of(at, amount, '2026-01-31')
FROM (VALUES (date '2026-01-20', 5.0), ('2026-01-05', 1.5), ('2026-02-01', 7), ('2026-01-20', -1)) AS t(at, amount);
SELECT pg_temp.state_of(at, amount, '2026-01-31')
FROM (VALUES (date '2026-02-01', 5.0)) AS t(at, amount);
SELECT pg_temp.history_from(at, amount, '2024-12-31') FROM (VALUES (date '2020-01-31', 5)) AS t(at, amount);
SELECT pg_temp.history_from(at, amount, '2024-12-30') FROM (VALUES (date '2020-01-31', 5)) AS t(at, amount);
SELECT pg_temp.history_of(state) FROM (VALUES
    ('{"as_of": "2024-12-31", "log": []}'::cv_purchase_log), (NULL),
    ('{"log": [["2024-12-01", 7, 1]], "as_of": "2024-12-31"}')) AS t(state);
SELECT pg_temp.history_of(state) FROM (VALUES
    ('{"as_of": "2024-12-31", "log": []}'::cv_purchase_log),
    ('{"as_of": "2024-12-30", "log": []}')) AS t(state);
SELECT pg_temp.history_of(state) IS NULL AS nothing FROM (VALUES (NULL), (NULL::cv_purchase_log)) AS t(state);

-- the state's text and binary forms
CREATE TEMP TABLE states (state cv_purchase_log);
INSERT INTO states VALUES ('{"as_of": "4714-11-24 BC", "log": []}'),
    ('{"as_of": "2026-01-31", "log": [["2026-01-05", 19.99, 1], ["2026-01-20", -5.000001, 0]]}');
SELECT state FROM states;
CREATE TEMP TABLE again (LIKE states);
\copy states TO 'results/clv_history_merge.bin' (FORMAT binary)
\copy again FROM 'results/clv_history_merge.bin' (FORMAT binary)
SELECT state FROM again;
SELECT cv_purchase_log_send(state) FROM states WHERE state::text LIKE '%2026%';
CREATE TEMP TABLE sent AS SELECT cv_purchase_log_send(state) AS bytes FROM states WHERE state::text LIKE '%2026%';
SELECT pg_temp.copy_file(set_byte(bytes, 0, 9)) AS file FROM sent \gset
\lo_export :file results/clv_history_merge.bin
\copy again FROM 'results/clv_history_merge.bin' (FORMAT binary)
-- without its as_of
SELECT pg_temp.copy_file(set_byte(bytes, 1, 0)) AS file FROM sent \gset
\lo_export :file results/clv_history_merge.bin
\copy again FROM 'results/clv_history_merge.bin' (FORMAT binary)
-- an infinite as_of
SELECT pg_temp.copy_file(overlay(bytes PLACING '\x80000000'::bytea FROM 3)) AS file FROM sent \gset
\lo_export :file results/clv_history_merge.bin
\copy again FROM 'results/clv_history_merge.bin' (FORMAT binary)
SELECT count(lo_unlink(oid)) > 0 AS cleaned FROM pg_largeobject_metadata;

SELECT text, pg_temp.error_of(format('SELECT %L::cv_purchase_log', text)) AS error
FROM (VALUES
    (1, ''), (2, '{}'), (3, '{"log": []}'), (4, '{"as_of": null, "log": []}'), (5, '{"as_of": 7, "log": []}'),
    (6, '{"as_of": "infinity", "log": []}'),
    (7, '{"as_of": "2026-01-31", "log": [1]}'),
    (8, '{"as_of": "2026-01-31", "log": [["2026-01-05", 1]]}'),
    (9, '{"as_of": "2026-01-31", "logs": [["2026-01-05", 1, 1]]}'),
    (10, '{"as_of": "2026-01-31", "log": [["2026-01-05", 1, 0]]}'),
    (11, '7')) AS t(id, text)
ORDER BY id;

-- the support functions are of no use by themselves, and do no harm
SELECT call, pg_temp.error_of('SELECT ' || call) AS error
FROM unnest(ARRAY[
    'purchase_history_trans(NULL, ''2026-01-01'', 1, ''2026-01-01'')',
    'purchase_history_trans(NULL, NULL, NULL, NULL)',
    'purchase_history_trans(''{"as_of": "2026-01-01", "log": []}'', ''2026-01-01'', 1, ''2026-01-01'')',
    'purchase_history_combine(NULL, NULL)',
    'purchase_history_combine(''{"as_of": "2026-01-01", "log": []}'', NULL)',
    'purchase_history_final(NULL)', 'purchase_history_final(''{"as_of": "2026-01-01", "log": []}'')']) AS call;
