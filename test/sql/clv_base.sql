-- customer_base(): identical histories are counted.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

CREATE TEMP TABLE histories (id integer, history cv_purchase_history);
INSERT INTO histories VALUES
    (1, ROW(0, 0, 30, NULL, 0)), (2, ROW(0, 0, 30, NULL, 0)), (3, ROW(2, 20, 30, 7.5, 4.5)),
    (4, ROW(2, 20, 30, 7.5, 3.25)), (5, ROW(2, 20, 30, 8, 4.5)), (6, ROW(1, 30, 30, 0, 3)),
    (7, ROW(1, 30, 30, -2, 3)), (8, NULL), (9, ROW(NULL, NULL, NULL, NULL, NULL)),
    (10, ROW(0, 0, 0, NULL, NULL)), (11, ROW(3, 2.5, 3.25, NULL, NULL));
SELECT customer_base(history) FROM histories;
SELECT customers(customer_base(history)) FROM histories;
SELECT customers(NULL::cv_customer_base), customers('{"log_gaps": 0, "gapless": 0, "histories": []}'::cv_customer_base);
-- a spend without repeat purchases says nothing; minus zero is zero
SELECT customer_base(h) FROM unnest(ARRAY[ROW(0, 0, 30, 5, 0), ROW(0, '-0'::float8, 30, NULL, 0),
    ROW(1, 1, 30, '-0'::float8, 0), ROW(1, 1, 30, 0, 0)]::cv_purchase_history[]) AS h;
-- no rows, only NULLs, one row
SELECT customer_base(history) FROM histories WHERE false;
SELECT customer_base(history) FROM histories WHERE id IN (8, 9);
SELECT customer_base(history) FROM histories WHERE id = 3;
SELECT rollup(base) FROM (SELECT customer_base(history) AS base FROM histories WHERE false) AS t;
-- DISTINCT and FILTER
SELECT customers(customer_base(DISTINCT history)) AS different,
       customers(customer_base(history) FILTER (WHERE id < 5)) AS first_four
FROM histories;

-- impossible histories
SELECT history, pg_temp.error_of(format('SELECT customer_base(ROW(%s)::cv_purchase_history)', history)) AS error
FROM unnest(ARRAY[
    '-1, 0, 30, NULL, 0', '1, -1, 30, 1, 0', '1, 31, 30, 1, 0', '0, 1, 30, NULL, 0', '1, ''NaN'', 30, 1, 0',
    '1, 1, ''NaN'', 1, 0', '1, 1, ''Infinity'', 1, 0', '1, ''Infinity'', ''Infinity'', 1, 0',
    '0, 0, -1, NULL, 0', '1, 1, 30, ''NaN'', 0', '1, 1, 30, ''Infinity'', 0', '1, 1, 30, ''-Infinity'', 0',
    '1, 1, 30, 1, ''NaN''', '1, 1, 30, 1, ''Infinity''', '1, 1, 30, 1, 5e6',
    'NULL, 0, 30, NULL, 0', '0, NULL, 30, NULL, 0', '0, 0, NULL, NULL, 0']) AS history;

-- 3,000 histories, any order, any partition, through text and through merging
CREATE TEMP TABLE many AS
SELECT n, shuffle, ROW(f, recency, recency + a % 7 * 10, CASE WHEN f > 0 THEN m % 13 * 1.37 END, CASE WHEN f > 0 THEN f * 1.2345 END)::cv_purchase_history AS history
FROM (SELECT n, f, m, a, shuffle, CASE WHEN f > 0 THEN f * 10 + a % 5 ELSE 0 END AS recency
      FROM (SELECT n, ('x' || substr(md5(n::text), 1, 4))::bit(16)::integer % 6 AS f,
                   ('x' || substr(md5(n::text), 5, 6))::bit(24)::integer AS m,
                   ('x' || substr(md5(n::text), 11, 6))::bit(24)::integer AS a,
                   ('x' || substr(md5(n::text), 17, 6))::bit(24)::integer AS shuffle
            FROM generate_series(1, 3000) AS n) AS d) AS e;
CREATE TEMP TABLE whole AS SELECT customer_base(history) AS base FROM many;
SELECT customers(base) FROM whole;
SELECT (SELECT customer_base(history ORDER BY shuffle) FROM many)::text = base::text AS any_order,
       (SELECT customer_base(history ORDER BY history DESC) FROM many)::text = base::text AS sorted
FROM whole;
SELECT parts, (SELECT base::text FROM whole) = rollup(base::text::cv_customer_base ORDER BY md5(part::text))::text AS same
FROM (SELECT parts, shuffle % parts AS part, customer_base(history) AS base
      FROM many, unnest(ARRAY[1, 2, 3, 17, 500]) AS parts GROUP BY 1, 2) AS pieces
GROUP BY parts ORDER BY parts;
-- the counts agree with those of GROUP BY
SELECT count(*) = (SELECT jsonb_array_length(base::jsonb -> 'histories') FROM whole) AS same
FROM (SELECT (history).frequency, (history).recency, (history).age, (history).monetary FROM many GROUP BY 1, 2, 3, 4) AS t;

-- windows
WITH running AS (SELECT n, customer_base(history) OVER (ORDER BY n) AS base FROM many WHERE n <= 100)
SELECT bool_and(base::text = (SELECT customer_base(history) FROM many WHERE many.n <= running.n)::text) AS same
FROM running;
WITH running AS (SELECT n, rollup(base) OVER (ORDER BY n) AS base
                 FROM (SELECT n, customer_base(history) AS base FROM many WHERE n <= 100 GROUP BY n) AS t)
SELECT bool_and(base::text = (SELECT customer_base(history) FROM many WHERE many.n <= running.n)::text) AS same
FROM running;

-- aggregates of one's own out of the support functions
CREATE AGGREGATE pg_temp.state_of(cv_purchase_history) (SFUNC = customer_base_trans, STYPE = cv_customer_base);
CREATE AGGREGATE pg_temp.merged(cv_customer_base) (SFUNC = customer_base_combine, STYPE = cv_customer_base);
CREATE AGGREGATE pg_temp.customers_of(cv_purchase_history) (
    SFUNC = customer_base_trans, STYPE = cv_customer_base, FINALFUNC = customers,
    INITCOND = '{"log_gaps": 0, "gapless": 0, "histories": [[0, 0, 10, null, 5]]}');
CREATE TEMP TABLE states AS SELECT n % 10 AS part, pg_temp.state_of(history) AS state FROM many GROUP BY 1;
SELECT rollup(state)::text = (SELECT base::text FROM whole) AS merged,
       pg_temp.merged(state)::text = (SELECT base::text FROM whole) AS merged_too,
       sum(customers(state)) = 3000 AS counted,
       bool_and(cv_customer_base_send(state) = cv_customer_base_send(state::text::cv_customer_base)) AS same_binary
FROM states;
SELECT pg_temp.customers_of(history), (SELECT pg_temp.customers_of(history) FROM many WHERE false) AS initial
FROM many;

-- large states are put one behind the other: 60,000 customers with 30,000 histories in six
-- overlapping parts of 10,000, as stored bases, as states and as both, in any order, in pairs,
-- with small parts among them
CREATE TEMP TABLE large AS
SELECT n, ROW(1 + n % 3, 1 + n % 400, 400 + n % 7 * 0.5, n % 6007 - 3000, 1.5)::cv_purchase_history AS history
FROM generate_series(1, 30000) AS n;
CREATE TEMP TABLE parts AS
SELECT part, customer_base(history) AS base, pg_temp.state_of(history) AS state
FROM generate_series(0, 5) AS part JOIN large ON (n - 1 - part * 5000 + 30000) % 30000 < 10000 GROUP BY part;
CREATE TEMP TABLE small AS
SELECT n % 10 AS part, customer_base(history) AS base FROM large WHERE n <= 100 GROUP BY 1;
CREATE TEMP TABLE all_parts AS
SELECT customer_base(history)::text AS base
FROM (SELECT history FROM large UNION ALL SELECT history FROM large) AS twice;
SELECT rollup(parts.base)::text = min(all_parts.base) AS bases,
       rollup(parts.base ORDER BY part DESC)::text = min(all_parts.base) AS backwards,
       rollup(state)::text = min(all_parts.base) AS states,
       pg_temp.merged(state)::text = min(all_parts.base) AS unfinished,
       rollup(CASE WHEN part % 2 = 0 THEN state ELSE parts.base END)::text = min(all_parts.base) AS both,
       customers(pg_temp.merged(state)) = 60000 AS counted
FROM parts, all_parts;
SELECT rollup(pair)::text = min(all_parts.base) AS pairs
FROM (SELECT pg_temp.merged(state) AS pair FROM parts GROUP BY part % 3) AS t, all_parts;
SELECT rollup(base ORDER BY place)::text
       = (SELECT customer_base(history)::text
          FROM (SELECT history FROM large UNION ALL SELECT history FROM large
                UNION ALL SELECT history FROM large WHERE n <= 100) AS t) AS with_small
FROM (SELECT part * 10 AS place, base FROM parts UNION ALL SELECT 25 + part, base FROM small) AS t;
-- the same base again and again does not grow without bound
SELECT max(pg_column_size(state)) < 10 * 10000 * 32 AS bounded, max(customers(state)) AS customers
FROM (SELECT pg_temp.merged(base) OVER (ORDER BY n) AS state
      FROM parts, generate_series(1, 12) AS n WHERE part = 0) AS t;
SELECT jsonb_array_length(rollup(base)::jsonb -> 'histories') AS histories
FROM parts, generate_series(1, 12) WHERE part = 0;

-- the support functions are of no use by themselves, and do no harm
SELECT call, pg_temp.error_of('SELECT ' || call) AS error
FROM unnest(ARRAY[
    'customer_base_trans(NULL, NULL)', 'customer_base_trans(NULL, ROW(0, 0, 30, NULL, 0))',
    'customer_base_trans((SELECT base FROM whole), ROW(0, 0, 30, NULL, 0))',
    'customer_base_combine(NULL, NULL)', 'customer_base_combine((SELECT base FROM whole), (SELECT base FROM whole))',
    'customer_base_final(NULL)', 'customer_base_final((SELECT base FROM whole))']) AS call;

-- from orders to the base
SELECT customer_base(history)
FROM (SELECT purchase_history(activity_log(at, amount), '2026-01-31') AS history
      FROM (VALUES (1, date '2026-01-01', 5.0), (1, '2026-01-08', 7), (2, '2026-01-01', 3), (2, '2026-01-08', 7),
                   (3, '2026-02-01', 7), (4, '2026-01-31', 1)) AS t(customer, at, amount)
      GROUP BY customer) AS h;
