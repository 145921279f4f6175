-- Part 6: from a table of orders to a lifetime value for each customer.

INSERT INTO parts
SELECT 6, 'The whole way',
       format('From %s orders in a table, in random physical order, to a lifetime value for each of %s customers: histories, base, both fits, '
              '`clv`. One statement, or three that store logs, models and values (and so write '
              'two more tables of a row for each customer). Compared with the plain '
              '`GROUP BY customer_id` (count, sum, min, max) of the same table. The planner chooses, with `work_mem` 256 MB and '
              '`random_page_cost` 1.1. Elsewhere, for orientation: lifetimes about 20 s, CLVTools about 51 s.',
              thousands((SELECT count(*) FROM purchases)), thousands(customers)),
       '{work, CPU, compared with, CPU, ratio: CPU (wall)}'
FROM sizes WHERE largest;

\set built_in 'SELECT customer_id, count(*), sum(amount), min(ordered_on), max(ordered_on) FROM purchases GROUP BY customer_id'

CREATE FUNCTION one_statement(family text, horizon text) RETURNS text LANGUAGE sql AS
$$
    SELECT format($_$
        WITH histories AS MATERIALIZED (
            SELECT customer_id, purchase_history(ordered_on, amount, DATE '2025-03-30') AS history
            FROM purchases GROUP BY customer_id
        ), models AS MATERIALIZED (
            SELECT fit_buying(base, %L) AS buying, fit_spending(base) AS spending
            FROM (SELECT customer_base(history) AS base FROM histories) AS bases
        )
        SELECT customer_id, clv(buying, spending, history, %L) FROM models, histories$_$, family, horizon)
$$;

CREATE FUNCTION three_statements(family text) RETURNS text LANGUAGE sql AS
$$
    SELECT format($_$
        CREATE TABLE whole_logs AS
        SELECT customer_id, activity_log(ordered_on, amount) AS log FROM purchases GROUP BY customer_id;
        CREATE TABLE whole_models AS
        SELECT fit_buying(base, %L) AS buying, fit_spending(base) AS spending
        FROM (SELECT customer_base(purchase_history(log, DATE '2025-03-30')) AS base FROM whole_logs) AS bases;
        CREATE TABLE whole_values AS
        SELECT customer_id, clv(buying, spending, purchase_history(log, DATE '2025-03-30'), '1 year')
        FROM whole_logs CROSS JOIN whole_models$_$, family)
$$;

\set settings '{"work_mem": "256MB", "random_page_cost": "1.1"}'
\set works '{"one statement, mbg/nbd, 1 year", "one statement, mbg/nbd, infinite", "one statement, pareto/nbd, 1 year", "three statements, mbg/nbd, 1 year"}'

SELECT compare(6, 'GROUP BY', :'built_in', :'works',
               ARRAY[one_statement('mbg/nbd', '1 year'), one_statement('mbg/nbd', NULL), one_statement('pareto/nbd', '1 year'),
                     three_statements('mbg/nbd')],
               '{2, 2, 2, 2}', :'settings');

CREATE INDEX purchases_of_customer ON purchases (customer_id) INCLUDE (ordered_on, amount);
VACUUM (ANALYZE) purchases;
SELECT compare(6, 'GROUP BY, covering index', :'built_in', '{"one statement, mbg/nbd, 1 year, covering index"}',
               ARRAY[one_statement('mbg/nbd', '1 year')], '{NULL}', :'settings');
DROP INDEX purchases_of_customer;
