-- Part 2: stored logs.

INSERT INTO parts
SELECT 2, 'Stored logs',
       format('`CREATE TABLE logs AS SELECT customer_id, activity_log(ordered_on, amount) AS log FROM orders GROUP BY customer_id` '
              'of the same %s orders.', thousands(rows)),
       '{work, figure, compared with, figure, ratio: CPU (wall)}'
FROM orders_size;

CREATE TABLE logs AS
SELECT customer_id, activity_log(ordered_on, amount) AS log FROM orders GROUP BY customer_id ORDER BY customer_id;
VACUUM (FREEZE, ANALYZE) logs;

SELECT report(2, ARRAY['table of logs', megabytes(pg_table_size('logs')), 'table of orders', megabytes(bytes),
                       ratio(pg_table_size('logs') / bytes::float8)])
FROM orders_size;

SELECT report(2, ARRAY['a stored log, for each active day', digits(bytes / days) || ' bytes', '', '', ''],
              '≤ 16 and a header of at most 24 for each log: here ' || digits((bytes - 16 * days) / logs),
              (bytes - 16 * days) / logs <= 24)
FROM (SELECT sum(pg_column_size(log))::float8 AS bytes, sum(active_days(log))::float8 AS days, count(*) AS logs FROM logs) AS sums;

SELECT compare(2, '`sum(amount)` over the orders', 'SELECT count(*), sum(amount) FROM orders',
               '{`sum(total(log))`, "`purchase_history(log, as_of)` for each customer"}',
               ARRAY['SELECT count(*), sum(total(log)) FROM logs',
                     'SELECT customer_id, purchase_history(log, DATE ''2025-12-31'') FROM logs'], '{NULL, NULL}');

-- The nightly job of doc/clv.md, on a tenth of the customers: all days but the last are stored.
CREATE TABLE some_orders AS SELECT * FROM orders, orders_size WHERE customer_id <= greatest(1, least(100000, customers));
CREATE INDEX some_orders_of_customer ON some_orders (customer_id) INCLUDE (ordered_on, amount);
CREATE TABLE new_orders AS SELECT * FROM some_orders WHERE ordered_on = '2025-12-31';
CREATE TABLE stored (customer_id bigint PRIMARY KEY, log cv_activity_log);
INSERT INTO stored
SELECT customer_id, activity_log(ordered_on, amount) FROM some_orders WHERE ordered_on < '2025-12-31' GROUP BY customer_id ORDER BY customer_id;
VACUUM (FREEZE, ANALYZE) some_orders;
VACUUM (FREEZE, ANALYZE) new_orders;
VACUUM (FREEZE, ANALYZE) stored;

SELECT compare(2, format('all %s logs anew, covering index', thousands((SELECT count(*) FROM stored))),
$$
    CREATE TABLE rebuilt AS SELECT customer_id, activity_log(ordered_on, amount) AS log FROM some_orders GROUP BY customer_id
$$,
    ARRAY[format('%s new orders of a day merged into %s stored logs', thousands((SELECT count(*) FROM new_orders)), thousands((SELECT count(*) FROM stored))),
          'the same as a new table: `rollup` of stored and new logs'],
    ARRAY[
$$
    INSERT INTO stored
    SELECT customer_id, activity_log(ordered_on, amount) FROM new_orders GROUP BY customer_id
    ON CONFLICT (customer_id) DO UPDATE
    SET log = (SELECT rollup(part) FROM (VALUES (stored.log), (excluded.log)) AS parts(part))
$$,
$$
    CREATE TABLE merged AS
    SELECT customer_id, rollup(log) AS log
    FROM (SELECT customer_id, log FROM stored
          UNION ALL
          SELECT customer_id, activity_log(ordered_on, amount) FROM new_orders GROUP BY customer_id) AS logs
    GROUP BY customer_id
$$], '{NULL, NULL}', '{"random_page_cost": "1.1"}');
DROP TABLE some_orders, new_orders, stored;
