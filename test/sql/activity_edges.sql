-- Dates and amounts at and beyond the edges of their ranges.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';
SET extra_float_digits = 1;

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

-- dates must be finite
SELECT pg_temp.error_of($$SELECT activity_log('infinity'::date)$$);
SELECT pg_temp.error_of($$SELECT activity_log('-infinity'::date)$$);
SELECT pg_temp.error_of($$SELECT activity_log('infinity'::date, 1)$$);
SELECT pg_temp.error_of($$SELECT activity_log('-infinity'::date, 1)$$);
-- but a row with a NULL is ignored
SELECT activity_log('infinity'::date, NULL) IS NULL AS ignored;

-- amounts must be finite and within 9.2e12
SELECT pg_temp.error_of($$SELECT activity_log('2026-01-01', 'NaN')$$);
SELECT pg_temp.error_of($$SELECT activity_log('2026-01-01', 'Infinity')$$);
SELECT pg_temp.error_of($$SELECT activity_log('2026-01-01', '-Infinity')$$);
SELECT pg_temp.error_of($$SELECT activity_log('2026-01-01', 9.3e12)$$);
SELECT pg_temp.error_of($$SELECT activity_log('2026-01-01', -9.3e12)$$);
SELECT left(pg_temp.error_of($$SELECT activity_log('2026-01-01', 9.2000000001e12)$$), 5);
SELECT left(pg_temp.error_of($$SELECT activity_log('2026-01-01', -9.2000000001e12)$$), 5);
SELECT pg_temp.error_of($$SELECT activity_log('2026-01-01', 1e308)$$);
SELECT pg_temp.error_of($$SELECT activity_log(NULL::date, 'NaN')$$);
SELECT activity_log('2026-01-01', 9.2e12), activity_log('2026-01-02', -9.2e12);

-- the first and the last day that a date can be, before and after Christ
SELECT log, first_on(log), last_on(log), active_days(log)
FROM (SELECT activity_log(at, 1) AS log
      FROM (VALUES (date '5874897-12-31'), ('4714-11-24 BC'), ('0001-12-31 BC'), ('0001-01-01'),
                   ('2000-01-01'), ('1999-12-31'), ('10000-01-01')) AS t(at)) AS extreme;
SELECT log::text::cv_activity_log::text = log::text AS same
FROM (SELECT activity_log(at, 1) AS log
      FROM (VALUES (date '5874897-12-31'), ('4714-11-24 BC')) AS t(at)) AS extreme;

-- finer decimals than a millionth are rounded, half to even
SELECT amount, activity_log('2026-01-01', amount)
FROM (VALUES (0.0000004::float8), (0.0000005), (0.0000006), (0.0000015), (0.1), (0.3),
             (1e-300), (-1e-300), (-0.0000004), (123456789.123456)) AS t(amount)
GROUP BY amount ORDER BY amount;

-- an amount that rounds to 0 keeps its side: a return is no purchase
SELECT events(activity_log('2026-01-01', -1e-300)) AS a_return,
       events(activity_log('2026-01-01', 1e-300)) AS a_purchase,
       events(activity_log('2026-01-01', '-0')) AS minus_zero;

-- ten cents ten times are exactly one
SELECT total(activity_log('2026-01-01', 0.1)) = 1 AS exact FROM generate_series(1, 10);
SELECT total(activity_log(date '2026-01-01' + n, 0.1)) = 100000 AS exact
FROM generate_series(1, 1000000) AS n;

-- one day holds up to 9223372036854.775807
SELECT activity_log('2026-01-01', amount)
FROM (VALUES (9.2e12::float8), (23372036854.7)) AS t(amount);
SELECT pg_temp.error_of($$SELECT activity_log('2026-01-01', amount)
FROM (VALUES (9.2e12::float8), (23372036854.8)) AS t(amount)$$);
SELECT pg_temp.error_of($$SELECT activity_log('2026-01-01', amount)
FROM (VALUES (-9.2e12::float8), (-23372036854.8)) AS t(amount)$$);
-- the same when the days come unsorted, and when logs are merged
SELECT pg_temp.error_of($$SELECT activity_log(at, amount)
FROM (VALUES (date '2026-01-02', 9.2e12::float8), ('2026-01-01', 1), ('2026-01-02', 9.2e12)) AS t(at, amount)$$);
SELECT pg_temp.error_of($$SELECT rollup(log)
FROM (SELECT activity_log('2026-01-01', 9.2e12) AS log FROM generate_series(1, 2) AS n GROUP BY n) AS logs$$);
-- the least amount a day can hold reads back as any other
CREATE TEMP TABLE least AS
SELECT activity_log('2026-01-01', amount) AS log
FROM (VALUES (-9.2e12::float8), (-23372036854.775808)) AS t(amount);
SELECT pg_temp.error_of($$SELECT log::text::cv_activity_log FROM least$$) AS reads_back;

-- totals over many days go beyond what one day can hold
SELECT log, total(log), total(log, '2026-01-02', '2026-01-03')
FROM (SELECT activity_log(date '2026-01-01' + n, 9.2e12) AS log
      FROM generate_series(0, 2) AS n) AS rich;
SELECT total(activity_log(date '2026-01-01' + n, (-1) ^ n * 9.2e12))
FROM generate_series(0, 3) AS n;

-- a number of purchases beyond integer
SELECT pg_temp.error_of($$SELECT rollup('[["2026-01-01", 0, 2147483647]]'::cv_activity_log)
FROM generate_series(1, 2)$$);
SELECT events(rollup(log)) FROM (VALUES
    ('[["2026-01-01", 0, 2147483647]]'::cv_activity_log),
    ('[["2026-01-02", 0, 2147483647]]')) AS t(log);
