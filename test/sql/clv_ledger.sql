-- clv(amount, at, as_of, discount_rate) and clv(flows, as_of, discount_rate): net present value of dated flows.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';
SET extra_float_digits = 0;
SET max_parallel_workers_per_gather = 0;

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

-- published whole-year figures: 1,461 days are four years of 365.25, so a yearly rate d is (1 + d)^(1/4) - 1 here
-- the card customer of Reichheld's tool: -51 today, then 30, 42, 44, 49, 55, at 10 %
SELECT round(clv(amount, date '2020-01-01' + 1461 * year, '2020-01-01', 1.1 ^ 0.25 - 1)::numeric, 6) AS card_customer
FROM (VALUES (0, -51), (1, 30), (2, 42), (3, 44), (4, 49), (5, 55)) AS t(year, amount);
-- past customer value, as commonly cited from Kumar and Reinartz: flows aged 1 to 5 periods compound at 1.25 %
SELECT round(clv(amount, date '2020-01-01' - 1461 * age, '2020-01-01', 1.0125 ^ 0.25 - 1)::numeric, 6) AS past_value
FROM (VALUES (1, 6), (2, 9), (3, 15), (4, 15), (5, 240)) AS t(age, amount);
-- Berger and Nasr, case 3: a margin that grows for four years, then saturates; as a forecast of flows
SELECT round(clv((CASE WHEN t <= 4 THEN 4 * t ^ 2 + 20 ELSE 4 * 16 + 20 + 100 * (1 - exp((4 - t)::float8)) END) * 0.75 ^ t,
                 date '2020-01-01' + 1461 * t, '2020-01-01', 1.2 ^ 0.25 - 1)::numeric, 6) AS growing
FROM generate_series(0, 8) AS t;
-- the closed form is the ledger of its payments
SELECT abs(clv(100 * 0.8 ^ t, date '2020-01-01' + 1461 * t, '2020-01-01', 0.1) - clv(100, 0.8, 1.1 ^ 4 - 1, 0, 5, 'now')) < 1e-6 AS same
FROM generate_series(0, 5) AS t;

-- past compounds, future discounts, today stays; years of 365.25 days
SELECT clv(100, at, '2024-01-01', 0.21) AS value, at, round(power(1.21, (date '2024-01-01' - at) / 365.25) * 100, 12) AS formula
FROM unnest(ARRAY['2020-01-01', '2022-01-01', '2023-12-31', '2024-01-01', '2024-01-02', '2028-01-01']::date[]) AS at GROUP BY at ORDER BY at;
SELECT clv(amount, at, '2024-01-01', 0) AS undiscounted, clv(0, at, '2024-01-01', 0.1) AS nothing, clv(-amount, at, '2024-01-01', 0) AS negative
FROM (VALUES (0.1, date '2020-01-01'), (0.2, '2030-01-01'), (-0.3, '2024-06-01'), (1e-7, '2024-06-01'), (12.5, '2024-06-02')) AS t(amount, at);

CREATE TEMP TABLE flows AS
SELECT n, n * 7919 % 30 AS customer,
       date '2020-01-01' + (('x' || substr(md5(n::text), 1, 4))::bit(16)::integer % 3000) AS at,
       ((('x' || substr(md5(n::text), 5, 6))::bit(24)::integer - 8000000) / 12345.0)::float8 AS amount,
       ('x' || substr(md5(n::text), 11, 6))::bit(24)::integer AS shuffle
FROM generate_series(1, 6000) AS n;
INSERT INTO flows SELECT 10000 + n, 31, date '2024-01-01' + n % 3, n, n FROM generate_series(1, 500) AS n;
SET extra_float_digits = 3;

-- both faces, any order, any partition through the state's text, to the last bit
CREATE AGGREGATE pg_temp.state_of(float8, date, date, float8) (SFUNC = clv_trans, STYPE = cv_flow_log);
CREATE AGGREGATE pg_temp.clv_of(cv_flow_log) (SFUNC = clv_combine, STYPE = cv_flow_log, FINALFUNC = clv_final);
SELECT parts, count(*), bool_and(whole = ordered) AS any_order, bool_and(whole = by_day) AS by_day, bool_and(whole = of_log) AS of_log, bool_and(whole = merged) AS any_partition
FROM (SELECT customer, clv(amount, at, '2024-01-01', 0.1) AS whole, clv(amount, at, '2024-01-01', 0.1 ORDER BY shuffle) AS ordered,
             clv(amount, at, '2024-01-01', 0.1 ORDER BY at DESC) AS by_day, clv(activity_log(at, amount), '2024-01-01', 0.1) AS of_log
      FROM flows GROUP BY customer) AS w
JOIN (SELECT parts, customer, pg_temp.clv_of(state::text::cv_flow_log ORDER BY md5(part::text)) AS merged
      FROM (SELECT parts, customer, shuffle % parts AS part, pg_temp.state_of(amount, at, '2024-01-01', 0.1) AS state
            FROM flows, unnest(ARRAY[1, 2, 5, 40, 1000]) AS parts GROUP BY 1, 2, 3) AS pieces
      GROUP BY parts, customer) AS m USING (customer)
GROUP BY parts ORDER BY parts;
-- and the sum that it stands for
SELECT max(abs(npv - formula) / (abs(formula) + 1)) < 1e-12 AS agrees, count(*)
FROM (SELECT clv(amount, at, '2024-01-01', 0.1) AS npv, sum(round(amount::numeric, 6)::float8 * power(1.1, (date '2024-01-01' - at) / 365.25)) AS formula
      FROM flows GROUP BY customer) AS t;
-- great amounts that cancel leave the small one
SELECT clv(amount, at, '2024-01-01', 0) FROM (VALUES (9e12, date '2020-01-01'), (0.000001, '2021-01-01'), (-9e12, '2022-01-01')) AS t(amount, at);

-- by workers
CREATE TABLE clv_flows AS SELECT * FROM flows;
ALTER TABLE clv_flows SET (parallel_workers = 2);
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
CREATE TEMP TABLE alone AS SELECT clv(amount, at, '2024-01-01', 0.1) AS value FROM clv_flows;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT clv(amount, at, '2024-01-01', 0.1) FROM clv_flows;
SELECT clv(amount, at, '2024-01-01', 0.1) = (SELECT value FROM alone) AS by_workers FROM clv_flows;
SET max_parallel_workers_per_gather = 0;
DROP TABLE clv_flows;

-- windows equal the value made anew
WITH running AS (
    SELECT n, clv(amount, at, '2024-01-01', 0.1) OVER (ORDER BY n) AS v, clv(amount, at, '2024-01-01', 0.1) OVER (ORDER BY n ROWS 4 PRECEDING) AS five
    FROM flows WHERE n <= 150)
SELECT bool_and(v = (SELECT clv(amount, at, '2024-01-01', 0.1) FROM flows AS f WHERE f.n <= running.n)) AS running,
       bool_and(five = (SELECT clv(amount, at, '2024-01-01', 0.1) FROM flows AS f WHERE f.n BETWEEN running.n - 4 AND running.n)) AS moving
FROM running;
SET extra_float_digits = 0;

-- NULLs are ignored, no rows give NULL
SELECT clv(amount, at, as_of, rate) FROM (VALUES (5.0, date '2024-01-01', date '2024-01-01', 0.1), (NULL, '2024-01-01', '2024-01-01', 0.1),
    (5, NULL, '2024-01-01', 0.1), (5, '2024-01-01', NULL, 0.1), (5, '2024-01-01', '2024-01-01', NULL)) AS t(amount, at, as_of, rate);
SELECT clv(amount, at, '2024-01-01', 0.1) IS NULL AS no_rows FROM flows WHERE false;
SELECT clv(NULL, at, '2024-01-01', 0.1) IS NULL AS a, clv(amount, NULL, date '2024-01-01', 0.1) IS NULL AS b, clv(amount, at, NULL, 0.1) IS NULL AS c,
       clv(amount, at, '2024-01-01', NULL) IS NULL AS d FROM flows;
SELECT clv(NULL::cv_activity_log, '2024-01-01', 0.1) IS NULL AS a, clv('[]'::cv_activity_log, NULL, 0.1) IS NULL AS b,
       clv('[]'::cv_activity_log, '2024-01-01', NULL) IS NULL AS c, clv('[]'::cv_activity_log, '2024-01-01', 0.1) AS empty,
       clv(flows => '[["2024-01-01", -5, 0], ["2028-01-01", 14.641, 1]]', as_of => '2024-01-01', discount_rate => 0.1) AS named;

-- errors
SELECT call, pg_temp.error_of('SELECT clv(amount, at, as_of, rate) FROM (VALUES ' || call || ') AS t(amount, at, as_of, rate)') AS error
FROM unnest(ARRAY[
    '(1.0, date ''2024-01-01'', date ''2024-01-01'', 0.1), (1, ''2024-01-01'', ''2024-01-02'', 0.1)',
    '(1.0, date ''2024-01-01'', date ''2024-01-01'', 0.1), (1, ''2024-01-01'', ''2024-01-01'', 0.2)',
    '(''NaN''::float8, date ''2024-01-01'', date ''2024-01-01'', 0.1)', '(''Infinity''::float8, date ''2024-01-01'', date ''2024-01-01'', 0.1)',
    '(9.3e12, date ''2024-01-01'', date ''2024-01-01'', 0.1)', '(9e12, date ''2024-01-01'', date ''2024-01-01'', 0.1), (9e12, ''2024-01-01'', ''2024-01-01'', 0.1)',
    '(1.0, date ''infinity'', date ''2024-01-01'', 0.1)', '(1.0, date ''2024-01-01'', date ''-infinity'', 0.1)',
    '(1.0, date ''2024-01-01'', date ''2024-01-01'', -0.1)', '(1.0, date ''2024-01-01'', date ''2024-01-01'', ''NaN''::float8)',
    '(1.0, date ''2024-01-01'', date ''2024-01-01'', ''Infinity''::float8)',
    '(1.0, date ''4713-01-01 BC'', date ''2024-01-01'', 10)', '(0.0, date ''4713-01-01 BC'', date ''2024-01-01'', 10)',
    '(1.0, date ''5000000-01-01'', date ''2024-01-01'', 10)',
    '(1.0, timestamptz ''2024-01-01'', date ''2024-01-01'', 10)']) WITH ORDINALITY AS t(call, n) ORDER BY n;
SELECT call, pg_temp.error_of('SELECT clv(' || call || ')') AS error
FROM unnest(ARRAY['''[]''::cv_activity_log, ''infinity'', 0.1', '''[]''::cv_activity_log, ''2024-01-01'', -0.1', '''[]''::cv_activity_log, ''2024-01-01'', ''NaN''',
    '''[["4713-01-01 BC", 1, 1]]''::cv_activity_log, ''2024-01-01'', 10',
    -- untyped literals are taken for numbers, or for nothing
    '''[]'', ''2024-01-01'', 0.1', '100, ''2024-01-01'', ''2025-01-01'', 0.1', '''[]'', ''2024-01-01'', ''0.1''']) WITH ORDINALITY AS t(call, n) ORDER BY n;
SELECT clv('[]', '2024-01-01'::date, 0.1) AS typed_date, clv(100, '2024-01-01'::date, '2024-01-01', 0.1) AS one_date;

-- the state's text and binary forms
SELECT pg_temp.state_of(amount, at, '2026-01-31', 0.1)
FROM (VALUES (5.0, date '2026-01-20'), (1.5, '2026-01-05'), (7, '2026-02-01'), (-1, '2026-01-20'), (-0.000001, '2027-01-01')) AS t(amount, at);
CREATE TEMP TABLE states (id integer, state cv_flow_log);
INSERT INTO states VALUES (1, ' {"flows": [["2026-01-05", 19.99], ["2026-01-20", -5.000001]], "discount_rate": 0.30000000000000004, "as_of": "2026-01-31"} '),
    (2, '{"as_of": "4714-11-24 BC", "discount_rate": 0, "flows": []}');
INSERT INTO states SELECT 3, pg_temp.state_of(amount, at, '2024-01-01', 0.1) FROM flows;
SELECT id, state FROM states WHERE id < 3 ORDER BY id;
CREATE TEMP TABLE again (LIKE states);
\copy states TO 'results/clv_ledger.bin' (FORMAT binary)
\copy again FROM 'results/clv_ledger.bin' (FORMAT binary)
SELECT count(*), bool_and(a.state::text = b.state::text) AS same, bool_and(a.state::text::cv_flow_log::text = a.state::text) AS through_text
FROM states AS a JOIN again AS b USING (id);
SELECT pg_temp.clv_of(state) = (SELECT clv(amount, at, '2024-01-01', 0.1) FROM flows) AS same FROM again WHERE id = 3;
SELECT pg_temp.clv_of(state) AS empty FROM again WHERE id = 2;
-- an empty state has room for more
CREATE AGGREGATE pg_temp.clv_from(float8, date, date, float8) (SFUNC = clv_trans, STYPE = cv_flow_log, FINALFUNC = clv_final,
    INITCOND = '{"as_of": "2026-01-31", "discount_rate": 0.1, "flows": []}');
SELECT pg_temp.clv_from(n, date '2026-01-31' + n, '2026-01-31', 0.1) = clv(n, date '2026-01-31' + n, '2026-01-31', 0.1) AS same FROM generate_series(-20, 20) AS n;
SELECT cv_flow_log_send(state) FROM states WHERE id = 1;
CREATE FUNCTION pg_temp.copy_row(field bytea) RETURNS oid LANGUAGE sql AS $$
SELECT lo_from_bytea(0, '\x5047434f50590aff0d0a00'::bytea || '\x0000000000000000'::bytea || int2send(2::int2)
                        || int4send(4) || int4send(7) || int4send(length(field)) || field || int2send((-1)::int2)) $$;
CREATE TEMP TABLE sent AS SELECT cv_flow_log_send(state) AS bytes FROM states WHERE id = 1;
-- an unknown version, unknown flags
SELECT pg_temp.copy_row(set_byte(bytes, 0, 9)) AS file FROM sent \gset
\lo_export :file results/clv_ledger.bin
\copy again FROM 'results/clv_ledger.bin' (FORMAT binary)
SELECT pg_temp.copy_row(set_byte(bytes, 1, 1)) AS file FROM sent \gset
\lo_export :file results/clv_ledger.bin
\copy again FROM 'results/clv_ledger.bin' (FORMAT binary)
-- an infinite as_of, a rate that is NaN, one below 0
SELECT pg_temp.copy_row(overlay(bytes PLACING '\x80000000'::bytea FROM 3)) AS file FROM sent \gset
\lo_export :file results/clv_ledger.bin
\copy again FROM 'results/clv_ledger.bin' (FORMAT binary)
SELECT pg_temp.copy_row(overlay(bytes PLACING float8send('NaN') FROM 7)) AS file FROM sent \gset
\lo_export :file results/clv_ledger.bin
\copy again FROM 'results/clv_ledger.bin' (FORMAT binary)
SELECT pg_temp.copy_row(overlay(bytes PLACING float8send(-0.1) FROM 7)) AS file FROM sent \gset
\lo_export :file results/clv_ledger.bin
\copy again FROM 'results/clv_ledger.bin' (FORMAT binary)
-- a wrong count, days out of order, missing bytes
SELECT pg_temp.copy_row(set_byte(bytes, 21, 3)) AS file FROM sent \gset
\lo_export :file results/clv_ledger.bin
\copy again FROM 'results/clv_ledger.bin' (FORMAT binary)
SELECT pg_temp.copy_row(set_byte(bytes, 15, 127)) AS file FROM sent \gset
\lo_export :file results/clv_ledger.bin
\copy again FROM 'results/clv_ledger.bin' (FORMAT binary)
SELECT pg_temp.copy_row(overlay(bytes PLACING substr(bytes, 23, 4) FROM 35)) AS file FROM sent \gset
\lo_export :file results/clv_ledger.bin
\copy again FROM 'results/clv_ledger.bin' (FORMAT binary)
SELECT pg_temp.copy_row(substr(bytes, 1, 10)) AS file FROM sent \gset
\lo_export :file results/clv_ledger.bin
\copy again FROM 'results/clv_ledger.bin' (FORMAT binary)
SELECT count(lo_unlink(oid)) > 0 AS cleaned FROM pg_largeobject_metadata;

SELECT text, pg_temp.error_of(format('SELECT %L::cv_flow_log', text)) AS error
FROM unnest(ARRAY['', '[]', '7', '{}', '{"as_of": "2026-01-31"}', '{"discount_rate": 0.1}',
    '{"as_of": "infinity", "discount_rate": 0.1}', '{"as_of": 7, "discount_rate": 0.1}', '{"as_of": "2026-01-31", "discount_rate": -0.1}',
    '{"as_of": "2026-01-31", "discount_rate": "0.1"}', '{"as_of": "2026-01-31", "discount_rate": 1e999}', '{"as_of": "2026-01-31", "rate": 0.1}',
    '{"as_of": "2026-01-31", "as_of": "2026-01-31", "discount_rate": 0.1, "flows": []}', '{"as_of": "2026-01-31", "discount_rate": 0.1, "flows": []', '{"as_of": "2026-01-31", "discount_rate": 0.1, "flows": 7}', '{"as_of": "2026-01-31", "discount_rate": 0.1, "flows": [7]}',
    '{"as_of": "2026-01-31", "discount_rate": 0.1, "flows": [["2026-01-05"]]}', '{"as_of": "2026-01-31", "discount_rate": 0.1, "flows": [["2026-01-05", 1, 1]]}',
    '{"as_of": "2026-01-31", "discount_rate": 0.1, "flows": {"a": ["2026-01-05", 1]}}',
    '{"as_of": "2026-01-31", "discount_rate": 0.1, "flows": [["2026-01-05"], [1]]}', '{"as_of": "2026-01-31", "discount_rate": 0.1, "flows": [[1, "2026-01-05"]]}',
    '{"as_of": "2026-01-31", "discount_rate": 0.1, "flows": [["2026-01-05", 1e3]]}', '{"as_of": "2026-01-31", "discount_rate": 0.1, "flows": [["2026-01-05", 0.0000001]]}',
    '{"as_of": "2026-01-31", "discount_rate": 0.1, "flows": [["2026-01-05", 1], ["2026-01-05", 1]]}',
    '{"as_of": "2026-01-31", "discount_rate": 0.1, "flows": [["2026-01-05", 1], ["2026-01-04", 1]]}']) WITH ORDINALITY AS t(text, n) ORDER BY n;

-- states merge only if they speak of the same
SELECT pg_temp.clv_of(state) FROM (VALUES ('{"as_of": "2026-01-31", "discount_rate": 0.1, "flows": []}'::cv_flow_log), (NULL),
    ('{"as_of": "2026-01-31", "discount_rate": 0.1, "flows": [["2026-01-31", 7]]}')) AS t(state);
SELECT pg_temp.clv_of(state) FROM (VALUES ('{"as_of": "2026-01-31", "discount_rate": 0.1, "flows": []}'::cv_flow_log), ('{"as_of": "2026-02-01", "discount_rate": 0.1, "flows": []}')) AS t(state);
SELECT pg_temp.clv_of(state) FROM (VALUES ('{"as_of": "2026-01-31", "discount_rate": 0.1, "flows": []}'::cv_flow_log), ('{"as_of": "2026-01-31", "discount_rate": 0.2, "flows": []}')) AS t(state);
SELECT pg_temp.clv_of(state) IS NULL AS nothing FROM (VALUES (NULL), (NULL::cv_flow_log)) AS t(state);

-- the support functions are of no use by themselves, and do no harm
SELECT call, pg_temp.error_of('SELECT ' || call) AS error
FROM unnest(ARRAY[
    'clv_trans(NULL, 1, ''2026-01-01'', ''2026-01-01'', 0.1)', 'clv_trans(NULL, NULL, NULL, NULL, NULL)',
    'clv_trans(''{"as_of": "2026-01-01", "discount_rate": 0, "flows": []}'', 1, ''2026-01-01'', ''2026-01-01'', 0.1)',
    'clv_combine(NULL, NULL)', 'clv_combine(''{"as_of": "2026-01-01", "discount_rate": 0, "flows": []}'', NULL)',
    'clv_final(NULL)', 'clv_final(''{"as_of": "2026-01-01", "discount_rate": 0, "flows": [["2026-01-01", 7]]}'')']) AS call;
