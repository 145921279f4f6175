-- purchase_history(): frequency, recency, age, monetary, log_gaps; both faces.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';
SET extra_float_digits = -3;

-- three customers, days only
CREATE TEMP TABLE log_a (customer integer, at date);
INSERT INTO log_a VALUES
    (1, '2015-02-01'), (1, '2015-02-06'), (2, '2015-01-01'),
    (3, '2015-01-01'), (3, '2015-01-02'), (3, '2015-01-05');
SELECT customer, (h).frequency, (h).recency, (h).age, (h).monetary, round((h).log_gaps::numeric, 12) AS log_gaps
FROM (SELECT customer, purchase_history(activity_log(at), '2015-02-07') AS h FROM log_a GROUP BY customer) AS t
ORDER BY customer;

-- six customers with amounts
CREATE TEMP TABLE log_b (customer integer, at date, amount float8);
INSERT INTO log_b VALUES
    (1, '2015-01-01', 1), (1, '2015-02-06', 2),
    (2, '2015-01-01', 2),
    (3, '2015-01-01', 3), (3, '2015-01-02', 1), (3, '2015-01-05', 5),
    (4, '2015-01-16', 6), (4, '2015-02-02', 3), (4, '2015-02-05', 3),
    (5, '2015-01-16', 3), (5, '2015-01-17', 1), (5, '2015-01-18', 8),
    (6, '2015-02-02', 5);
SELECT customer, (h).frequency, (h).recency, (h).age, (h).monetary, round((h).log_gaps::numeric, 12) AS log_gaps
FROM (SELECT customer, purchase_history(activity_log(at, amount), '2015-02-07') AS h FROM log_b GROUP BY customer) AS t
ORDER BY customer;
-- straight from the orders
SELECT customer, (h).frequency, (h).recency, (h).age, (h).monetary, round((h).log_gaps::numeric, 12) AS log_gaps
FROM (SELECT customer, purchase_history(at, amount, '2015-02-07') AS h FROM log_b GROUP BY customer) AS t
ORDER BY customer;

-- calibration to 2015-02-01 and holdout to 2015-02-07 from one log
SELECT customer, (c).frequency, (c).recency, (c).age, (c).monetary,
       events(log, '2015-02-02', '2015-02-07') AS holdout_events,
       coalesce(total(log, '2015-02-02', '2015-02-07') / nullif(events(log, '2015-02-02', '2015-02-07'), 0), 0) AS holdout_mean,
       (h).frequency - (c).frequency AS holdout_frequency
FROM (SELECT customer, log, purchase_history(log, '2015-02-01') AS c, purchase_history(log, '2015-02-07') AS h
      FROM (SELECT customer, activity_log(at, amount) AS log FROM log_b GROUP BY customer) AS logs) AS t
ORDER BY customer;

-- the order of the rows does not matter
SELECT purchase_history(at, amount, '2015-03-01')
FROM (VALUES (date '2015-02-09', 25.0), ('2015-01-01', 10), ('2015-02-05', 20)) AS t(at, amount);

-- returns lower their day; days with returns only change nothing
CREATE TEMP TABLE returns (customer integer, at date, amount float8);
INSERT INTO returns VALUES
    (1, '2026-01-01', 10), (1, '2026-01-11', 20), (1, '2026-01-11', -5),
    (2, '2026-01-01', 10), (2, '2026-01-11', 20), (2, '2026-01-15', -5),
    (3, '2026-01-01', 10), (3, '2026-01-11', 20), (3, '2026-01-11', -25),
    (4, '2025-12-01', -10), (4, '2026-01-01', 10), (4, '2026-01-11', 20),
    (5, '2026-01-01', -10),
    (6, '2026-01-01', 10), (6, '2026-01-11', 0), (6, '2026-01-12', 0),
    (7, '2026-01-01', 10), (7, '2026-01-01', 20), (7, '2026-01-01', -1);
SELECT customer, purchase_history(activity_log(at, amount), '2026-01-31'),
       purchase_history(activity_log(at, amount), '2026-01-31')
           IS NOT DISTINCT FROM purchase_history(at, amount, '2026-01-31') AS same
FROM returns GROUP BY customer ORDER BY customer;

-- as_of: before the first purchase, on its day, on and between the others, NULL, infinite
SELECT as_of, purchase_history('[["2026-01-05", 1, 1], ["2026-01-10", 2, 1], ["2026-01-20", 4, 3]]', as_of)
FROM (VALUES (date '2026-01-04'), ('2026-01-05'), ('2026-01-09'), ('2026-01-10'), ('2026-01-20'), ('2027-01-20'), (NULL),
             ('4714-11-24 BC'), ('5874897-12-31')) AS t(as_of)
ORDER BY as_of;
SELECT purchase_history('[["2026-01-05", 1, 1]]', 'infinity');
SELECT purchase_history('[["2026-01-05", 1, 1]]', '-infinity');
SELECT purchase_history(NULL, '2026-01-01') IS NULL AS null_log,
       purchase_history('[]', '2026-01-01') IS NULL AS empty_log,
       purchase_history('[["2026-01-01", -1, 0]]', '2026-01-01') IS NULL AS returns_only;
-- the whole span of dates
SELECT purchase_history('[["4714-11-24 BC", 1, 1], ["5874897-12-31", 1, 1]]', '5874897-12-31');
-- amounts that add up beyond what one day can hold
SELECT purchase_history(activity_log(date '2026-01-01' + n, 9.2e12), '2026-02-01')
FROM generate_series(0, 9) AS n;
-- thirds
SELECT (purchase_history(at, amount, '2026-02-01')).monetary = 10 / 3.0::float8 AS exact
FROM (VALUES (date '2026-01-01', 7), ('2026-01-02', 3), ('2026-01-03', 3), ('2026-01-04', 4)) AS t(at, amount);

-- the aggregate: rows with a NULL, rows after as_of, no rows
SELECT purchase_history(at, amount, as_of)
FROM (VALUES (date '2026-01-01', 1.0, date '2026-01-31'), ('2026-01-08', 2, '2026-01-31'), ('2026-02-01', 100, '2026-01-31'),
             (NULL, 1, '2026-01-31'), ('2026-01-09', NULL, '2026-01-31'), ('2026-01-09', 1, NULL), (NULL, NULL, NULL)) AS t(at, amount, as_of);
SELECT purchase_history(at, amount, '2014-01-01') IS NULL AS before_all FROM log_b;
SELECT purchase_history(at, amount, NULL) IS NULL AS no_as_of FROM log_b;
SELECT purchase_history(at, amount, '2026-01-01') IS NULL AS no_rows FROM log_b WHERE false;
SELECT purchase_history('2026-01-01'::date, 1, '2026-01-01');

-- as_of must not change between rows, not even where the rows come after it
SELECT purchase_history(at, 1, at + 1) FROM log_a;
SELECT purchase_history('2026-01-05', 1, as_of) FROM (VALUES (date '2026-01-01'), ('2026-01-02')) AS t(as_of);
SELECT purchase_history(at, amount, 'infinity') FROM log_b;
SELECT purchase_history(at, amount, '-infinity') FROM log_b;
SELECT purchase_history('infinity'::date, 1, '2026-01-01');
SELECT purchase_history('2026-01-01'::date, 'NaN', '2026-01-01');
SELECT purchase_history('2026-01-01'::date, 'Infinity', '2026-01-01');
-- an error for an amount that lies after as_of too: no silent rubbish
SELECT purchase_history('2026-01-02'::date, 'NaN', '2026-01-01');

-- windows, FILTER, DISTINCT
SELECT customer, at, purchase_history(at, amount, '2015-02-07') OVER (PARTITION BY customer ORDER BY at)
FROM log_b WHERE customer IN (3, 4) ORDER BY customer, at;
SELECT purchase_history(at, amount, '2015-02-07') FILTER (WHERE customer = 4) AS filtered,
       purchase_history(DISTINCT at, amount, '2015-02-07') AS all_days
FROM log_b;
