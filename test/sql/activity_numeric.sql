-- Numeric amounts are read where they lie: exact to the millionth, as float8 cannot be.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

-- every shape of a numeric: short and long, with digits on both sides, far out on either side
CREATE TEMP TABLE amounts AS
SELECT DISTINCT round(((i * 7919 % 20011) / 20011.0 - 0.5) * ('1e' || i % 27 - 13)::numeric, i % 21) AS amount
FROM generate_series(1, 20000) AS i
UNION
VALUES (9.2e12), (-9.2e12), (0), (0.0000005), (0.0000015), (0.0000025), (0.00000050000000000001), (-0.0000005), (-0.0000015),
       (1e-300), (-1e-300), (9999.9999995), (9999.9999985), (123456789012.1234565), (10000), (1e8), (1e12), (0.0001), (0.00000001),
       (round(0.0000005, 40)), (round(1.5, 200)), (1.5 + 1e-90), (round(7::numeric, 70));

-- rounded half to even by PostgreSQL's own arithmetic
CREATE TEMP VIEW expected AS
SELECT amount, CASE WHEN abs(millionths) % 1 = 0.5 THEN round(millionths / 2) * 2 ELSE round(millionths) END AS millionths
FROM (SELECT amount, amount * 1000000 AS millionths FROM amounts) AS exact;

SELECT count(*) AS amounts, count(*) FILTER (WHERE got <> millionths) AS wrong,
       count(*) FILTER (WHERE events <> (amount >= 0)::integer) AS miscounted
FROM (SELECT amount, millionths, (log::jsonb -> 0 ->> 1)::numeric * 1000000 AS got, (log::jsonb -> 0 ->> 2)::integer AS events
      FROM (SELECT amount, millionths, activity_log('2026-01-01', amount) AS log
            FROM expected GROUP BY amount, millionths) AS logs) AS read;

-- where float8 is exact too, both say the same
SELECT activity_log(day, amount)::text = activity_log(day, amount::float8)::text AS same,
       purchase_history(day, amount, '2026-12-31')::text = purchase_history(day, amount::float8, '2026-12-31')::text AS same_history
FROM (SELECT date '2026-01-01' + i AS day, (i % 7 - 1) * 0.25 AS amount FROM generate_series(1, 90) AS i) AS orders;

-- stored in tables: the packed form, the compressed one, the one out of line
CREATE TEMP TABLE stored (amount numeric);
INSERT INTO stored VALUES (19.99), (('1.' || repeat('0', 3000) || '1')::numeric), (('2.' || repeat('1234', 3000))::numeric);
SELECT activity_log('2026-01-01', amount) FROM stored;

-- what is no amount
SELECT pg_temp.error_of($$SELECT activity_log('2026-01-01', 'NaN'::numeric)$$);
SELECT pg_temp.error_of($$SELECT activity_log('2026-01-01', 'Infinity'::numeric)$$);
SELECT pg_temp.error_of($$SELECT activity_log('2026-01-01', '-Infinity'::numeric)$$);
SELECT pg_temp.error_of($$SELECT activity_log('2026-01-01', 9200000000000.000001)$$);
SELECT pg_temp.error_of($$SELECT activity_log('2026-01-01', -9200000000000.000001)$$);
SELECT pg_temp.error_of($$SELECT activity_log('2026-01-01', 1e20)$$);
SELECT pg_temp.error_of($$SELECT purchase_history('2026-01-01', 'NaN'::numeric, '2025-01-01')$$);
-- finer than a millionth beyond the end is still the end
SELECT activity_log('2026-01-01', 9200000000000.0000004);
SELECT activity_log('2026-01-01', NULL::numeric) IS NULL AS ignored;

-- which overload a literal, an integer and a number take
SELECT activity_log('2026-01-01', 5), activity_log('2026-01-01', '5'), activity_log('2026-01-01', 4.95),
       activity_log('2026-01-01', NULL) IS NULL AS null_is_ignored;
