-- Customer bases as text, as jsonb and in binary.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

CREATE TEMP TABLE bases (id integer, base cv_customer_base);
INSERT INTO bases VALUES
    (1, '{"log_gaps": 0, "gapless": 0, "histories": []}'),
    (2, '{"log_gaps": 9895604649984, "gapless": 1, "histories": [[0, 0, 30, null, 2], [1, 30, 30, -2, 1], [1, 30, 30, 0.1, 1], [2, 20.5, 30, null, 4294967295]]}'),
    (3, '{"log_gaps": -70141183460469231731687303715, "gapless": 0, "histories": [[2147483647, 1e-300, 1.7976931348623157e+308, 0.30000000000000004, 1]]}');
INSERT INTO bases
SELECT 4, customer_base(ROW(n % 4, CASE WHEN n % 4 > 0 THEN n / 7.0 ELSE 0 END, n / 3.0, n / 11.0, n / 13.0)::cv_purchase_history)
FROM generate_series(1, 500) AS n;
SELECT id, base, customers(base) FROM bases WHERE id < 4 ORDER BY id;
-- the keys in any order
SELECT ' { "histories" : [ [0, 0, 30, null, 2] ] , "gapless" : 0, "log_gaps" : 7 } '::cv_customer_base;

-- text is exact, whatever the session's settings
SELECT id, base::text::cv_customer_base::text = base::text AS same_text,
       cv_customer_base_send(base::text::cv_customer_base) = cv_customer_base_send(base) AS same_bytes
FROM bases ORDER BY id;
CREATE TEMP TABLE texts AS SELECT id, base::text AS text FROM bases;
SET extra_float_digits = -15;
SELECT bool_and(base::text = text) AS same FROM bases JOIN texts USING (id);
RESET extra_float_digits;

-- jsonb
SELECT id, jsonb_array_length(base::jsonb -> 'histories') FROM bases ORDER BY id;
SELECT base::jsonb FROM bases WHERE id = 2;

-- binary
CREATE TEMP TABLE again (LIKE bases);
\copy (SELECT * FROM bases ORDER BY id) TO 'results/clv_base_io.bin' (FORMAT binary)
\copy again FROM 'results/clv_base_io.bin' (FORMAT binary)
SELECT count(*), bool_and(a.base::text = b.base::text AND customers(a.base) = customers(b.base)) AS same
FROM bases AS a JOIN again AS b USING (id);

-- malformed texts
SELECT text, pg_temp.error_of(format('SELECT %L::cv_customer_base', text)) AS error
FROM (VALUES
    (1, ''), (2, 'null'), (3, '7'), (4, '{"log_gaps": 0'),
    (5, '{"other": 1}'),
    (6, '{"log_gaps": "7"}'), (7, '{"log_gaps": 1.5}'), (8, '{"log_gaps": 1e3}'), (9, '{"log_gaps": null}'),
    (10, '{"log_gaps": 1234567890123456789012345678901}'),
    (11, '{"gapless": -1}'), (12, '{"gapless": 1}'), (13, '{"gapless": 0.5}'),
    (14, '{"histories": 5}'), (15, '{"histories": [5]}'), (16, '{"histories": [[1, 2, 3, 4]]}'),
    (17, '{"histories": [[1, 2, 3, 4, 5, 6]]}'), (18, '{"histories": [[1, 2, 3, 4], [5]]}'),
    (19, '{"histories": [["1", 2, 3, 4, 5]]}'), (20, '{"histories": [[1.5, 2, 3, 4, 5]]}'),
    (21, '{"histories": [[-1, 2, 3, 4, 5]]}'), (22, '{"histories": [[2147483648, 2, 3, 4, 5]]}'),
    (23, '{"histories": [[1, null, 3, 4, 5]]}'), (24, '{"histories": [[1, -2, 3, 4, 5]]}'),
    (25, '{"histories": [[1, 4, 3, 4, 5]]}'), (26, '{"histories": [[1, 2, 1e999, 4, 5]]}'),
    (27, '{"histories": [[1, 2, 3, 1e999, 5]]}'), (28, '{"histories": [[1, 2, 3, "4", 5]]}'),
    (29, '{"histories": [[1, 2, 3, 4, 0]]}'), (30, '{"histories": [[1, 2, 3, 4, -1]]}'),
    (31, '{"histories": [[1, 2, 3, 4, 4294967296]]}'), (32, '{"histories": [[0, 0, 3, 4, 5]]}'),
    (33, '{"histories": [[0, 1, 3, null, 5]]}'),
    (34, '{"histories": [[1, 2, 3, 4, 5], [1, 2, 3, 4, 5]]}'),
    (35, '{"histories": [[1, 2, 3, 4, 5], [0, 0, 3, null, 5]]}'),
    (36, '{"histories": [[[1, 2, 3, 4, 5]]]}')) AS t(id, text)
ORDER BY id;

-- corrupt binary values
CREATE TEMP TABLE received (base cv_customer_base);
CREATE TEMP TABLE sent AS SELECT cv_customer_base_send(base) AS bytes FROM bases WHERE id = 2;
SELECT bytes FROM sent;
-- an unknown version
SELECT pg_temp.copy_file(set_byte(bytes, 0, 2)) AS file FROM sent \gset
\lo_export :file results/clv_base_io.bin
\copy received FROM 'results/clv_base_io.bin' (FORMAT binary)
-- the flag of a hash table
SELECT pg_temp.copy_file(set_byte(bytes, 1, 1)) AS file FROM sent \gset
\lo_export :file results/clv_base_io.bin
\copy received FROM 'results/clv_base_io.bin' (FORMAT binary)
-- more customers without log_gaps than customers
SELECT pg_temp.copy_file(set_byte(bytes, 2, 127)) AS file FROM sent \gset
\lo_export :file results/clv_base_io.bin
\copy received FROM 'results/clv_base_io.bin' (FORMAT binary)
-- more entries than bytes
SELECT pg_temp.copy_file(set_byte(bytes, 32, 200)) AS file FROM sent \gset
\lo_export :file results/clv_base_io.bin
\copy received FROM 'results/clv_base_io.bin' (FORMAT binary)
-- an age that is no number
SELECT pg_temp.copy_file(overlay(bytes PLACING '\x7ff8000000000000'::bytea FROM 47)) AS file FROM sent \gset
\lo_export :file results/clv_base_io.bin
\copy received FROM 'results/clv_base_io.bin' (FORMAT binary)
-- no customers
SELECT pg_temp.copy_file(overlay(bytes PLACING '\x00000000'::bytea FROM 63)) AS file FROM sent \gset
\lo_export :file results/clv_base_io.bin
\copy received FROM 'results/clv_base_io.bin' (FORMAT binary)
-- truncated
SELECT pg_temp.copy_file(substr(bytes, 1, 30)) AS file FROM sent \gset
\lo_export :file results/clv_base_io.bin
\copy received FROM 'results/clv_base_io.bin' (FORMAT binary)
SELECT count(*) FROM received;
SELECT count(lo_unlink(oid)) > 0 AS cleaned FROM pg_largeobject_metadata;
