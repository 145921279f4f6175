-- Part 1: a log or a history for each customer, straight from the orders.

INSERT INTO parts
SELECT 1, 'From orders to a summary for each customer',
       format('`SELECT customer_id, ... FROM orders GROUP BY customer_id` over %s orders of %s customers, in random physical '
              'order (%s). Built-in: `count(*), sum(amount), min(ordered_on), max(ordered_on)`. Hash and sort plans are '
              'forced and have memory for everything; the planner''s choice is made with `random_page_cost` 1.1. The covering index is `(customer_id) INCLUDE (ordered_on, amount)`. Elsewhere, for '
              'orientation: the exact summary of 10 M orders took plain SQL 12.0 s, DuckDB 3.8 s, chDB (ClickHouse) 2.1 s.',
              thousands(rows), thousands(customers), megabytes(bytes)),
       '{work, CPU, compared with, CPU, ratio: CPU (wall)}'
FROM orders_size;

\set built_in 'SELECT customer_id, count(*), sum(amount), min(ordered_on), max(ordered_on) FROM orders GROUP BY customer_id'
\set log 'SELECT customer_id, activity_log(ordered_on, amount) FROM orders GROUP BY customer_id'
\set history 'SELECT customer_id, purchase_history(ordered_on, amount, DATE ''2025-12-31'') FROM orders GROUP BY customer_id'

\set least 'SELECT customer_id, min(ordered_on) FROM orders GROUP BY customer_id'

\set no_index '"enable_indexscan": "off", "enable_indexonlyscan": "off", "enable_bitmapscan": "off"'
\set hash '{"enable_sort": "off", "enable_hashagg": "on", "work_mem": "6GB", ' :no_index '}'
\set sort '{"enable_sort": "on", "enable_hashagg": "off", "work_mem": "6GB", ' :no_index '}'
\set index_only '{"enable_seqscan": "off", "enable_hashagg": "off", "enable_sort": "off"}'

-- What the planner would do by itself.
CREATE FUNCTION choice(words text, statement text, reference_statement text) RETURNS void LANGUAGE plpgsql AS
$$
DECLARE
    memory text;
    ours json;
    theirs json;
BEGIN
    PERFORM set_config('random_page_cost', '1.1', true);
    FOREACH memory IN ARRAY '{4MB, 256MB}'::text[] LOOP
        PERFORM set_config('work_mem', memory, true);
        EXECUTE 'EXPLAIN (FORMAT JSON) ' || statement INTO ours;
        EXECUTE 'EXPLAIN (FORMAT JSON) ' || reference_statement INTO theirs;
        PERFORM report(1, ARRAY[format('`activity_log`, the planner''s choice %s, `work_mem` %s', words, memory),
                                plan_nodes(ours::jsonb -> 0 -> 'Plan'), 'built-in', plan_nodes(theirs::jsonb -> 0 -> 'Plan'), '']);
    END LOOP;
END
$$;

\echo amounts as float8
SELECT compare(1, 'built-in', :'built_in',
               '{"`activity_log`, hash plan"}',
               ARRAY[:'log'], '{1.8}', :'hash', 3.5);
SELECT compare(1, 'built-in', :'built_in',
               '{"`activity_log`, sort plan", "`purchase_history`, sort plan", "`min(ordered_on)` alone, sort plan"}',
               ARRAY[:'log', :'history', :'least'], '{0.9, 0.9, NULL}', :'sort');
SELECT choice('without the index', :'log', :'built_in');

CREATE INDEX orders_of_customer ON orders (customer_id) INCLUDE (ordered_on, amount);
VACUUM (ANALYZE) orders;
SELECT compare(1, 'built-in', :'built_in',
               '{"`activity_log`, covering index", "`purchase_history`, covering index", "`min(ordered_on)` alone, covering index"}',
               ARRAY[:'log', :'history', :'least'], '{0.9, 0.9, NULL}', :'index_only');
SELECT choice('with the index', :'log', :'built_in');
DROP INDEX orders_of_customer;

\echo amounts as numeric
CREATE TABLE orders_numeric AS SELECT customer_id, ordered_on, amount::numeric FROM orders;
ALTER TABLE orders RENAME TO orders_float8;
ALTER TABLE orders_numeric RENAME TO orders;
VACUUM (FREEZE, ANALYZE) orders;
SELECT compare(1, 'built-in', :'built_in',
               '{"`activity_log`, `numeric` amounts, hash plan"}',
               ARRAY[:'log'], '{1.8}', :'hash', 3.5);
SELECT compare(1, 'built-in', :'built_in',
               '{"`activity_log`, `numeric` amounts, sort plan", "`purchase_history`, `numeric` amounts, sort plan"}',
               ARRAY[:'log', :'history'], '{0.9, 0.9}', :'sort');
CREATE INDEX orders_numeric_of_customer ON orders (customer_id) INCLUDE (ordered_on, amount);
VACUUM (ANALYZE) orders;
SELECT compare(1, 'built-in', :'built_in',
               '{"`activity_log`, `numeric` amounts, covering index", "`purchase_history`, `numeric` amounts, covering index"}',
               ARRAY[:'log', :'history'], '{0.9, 0.9}', :'index_only');
DROP TABLE orders;
ALTER TABLE orders_float8 RENAME TO orders;
