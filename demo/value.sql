-- The report: what the customers are worth, and the statements that say so.
--
-- Variables: as_of, horizon, discount, margin.

\ir layout.sql

SELECT rtrim(to_char(100 * :discount::numeric, 'FM999990.##'), '.') AS rate,
       rtrim(to_char(100 * :margin::numeric, 'FM999990.##'), '.') || ' % of the revenue' AS share \gset
SELECT CASE WHEN :margin = 1 THEN 'margin 1: values are revenue' ELSE 'margin: ' || :'share' END AS margin_words \gset

\echo 'THE TEN MOST VALUABLE CUSTOMERS'
\echo 'CLV is what a customer is expected to bring within' :horizon 'after' :as_of', discounted by' :rate '% a'
\echo 'year (':margin_words').' 'P(alive) is the chance that the customer still buys at all.'
SELECT NOT ((goodness(buying)).converged AND (goodness(spending)).converged) AS doubtful FROM models \gset
\if :doubtful
\echo 'Careful: a model above did not converge, so these values are not to be trusted.'
\endif
\echo

SELECT row_number() OVER (ORDER BY clv DESC, customer_id) AS "#",
       CASE WHEN length(customer_id) > 32 THEN left(customer_id, 29) || '...' ELSE customer_id END AS "Customer",
       orders AS "Orders", last_order AS "Last order",
       round(100 * p_alive::numeric, 1) AS "P(alive) %",
       round(purchases::numeric, 1) AS "Purchases expected",
       round(spend::numeric, 2) AS "Spend on each",
       round(clv::numeric, 2) AS "CLV"
FROM customer_values
WHERE clv IS NOT NULL
ORDER BY clv DESC, customer_id
LIMIT 10;

\echo 'CUSTOMER EQUITY BY DECILE'
\echo 'All customers in order of their CLV, in ten groups of the same size: where the future lies.'
\echo

SELECT count(*) < 10 AS few, CASE WHEN sum(clv) < 10000 THEN 2 ELSE 0 END AS digits FROM customer_values WHERE clv IS NOT NULL \gset
\if :few
\echo 'With fewer than ten customers, each is a group.'
\echo
\endif

CREATE TEMPORARY TABLE deciles AS
SELECT decile, count(*) AS customers, sum(clv) AS clv, avg(p_alive) AS p_alive
FROM (SELECT ntile(10) OVER (ORDER BY clv DESC, customer_id) AS decile, clv, p_alive
      FROM customer_values
      WHERE clv IS NOT NULL) AS ranked
GROUP BY decile;

SELECT decile AS "Decile", customers AS "Customers", round(clv::numeric, :digits) AS "CLV, sum",
       round((100 * clv / nullif(sum(clv) OVER (), 0))::numeric, 1) AS "Share %",
       round((100 * sum(clv) OVER (ORDER BY decile) / nullif(sum(clv) OVER (), 0))::numeric, 1) AS "Up to here %",
       round((100 * p_alive)::numeric, 1) AS "Mean P(alive) %",
       repeat('#', round(40 * clv / nullif(sum(clv) OVER (), 0))::integer) AS " "
FROM deciles
ORDER BY decile;

\pset tuples_only on
\pset format unaligned
\echo 'TOTAL CUSTOMER EQUITY'
\echo 'What today''s customers together are expected to bring within' :horizon', and what a new one is worth.'
\echo
WITH sums AS (
    SELECT count(*) AS customers, sum(clv) AS clv, avg(clv) AS mean,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY clv) AS median
    FROM customer_values
    WHERE clv IS NOT NULL
)
SELECT rtrim(rpad(label, 29) || lpad(value, 18) || '   ' || remark)
FROM sums, models,
LATERAL (VALUES
    (1, 'Total CLV', to_char(clv, 'FM999,999,999,999,990.00'), format('of %s customers', to_char(customers, 'FM999,999,999,990'))),
    (2, 'Mean CLV', to_char(mean, 'FM999,999,999,990.00'), 'of a customer'),
    (3, 'Median CLV', to_char(median, 'FM999,999,999,990.00'), 'half of the customers are worth less'),
    (4, 'A new customer', to_char(clv(buying, spending, ROW(0, 0, 0, NULL, NULL)::cv_purchase_history,
                                      :'horizon', :discount, :margin), 'FM999,999,999,990.00'),
        'from the day after the first purchase on')
) AS line (place, label, value, remark)
ORDER BY place;

\echo
\echo 'THE THREE SQL STATEMENTS THAT DID IT'
\echo 'After CREATE EXTENSION customer_value they work as they stand on any table orders (customer_id,'
\echo 'ordered_on, amount) where ordered_on is a date: one log for each customer, the models, the values.'
\echo
SELECT statement || E';\n'
FROM demo.statements
WHERE step IN ('logs', 'models', 'clv')
ORDER BY array_position('{logs,models,clv}', step);
