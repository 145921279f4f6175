-- The report: what was loaded.
--
-- Variables: as_of.

\ir layout.sql
\pset format unaligned
\pset tuples_only on

\echo 'THE ORDERS THAT WERE LOADED'
SELECT words FROM demo.source;
\echo

WITH facts AS (
    SELECT count(*) FILTER (WHERE amount >= 0) AS orders,
           min(ordered_on) AS first_day,
           max(ordered_on) AS last_day,
           sum(amount) AS revenue,
           count(*) FILTER (WHERE amount < 0) AS returns,
           sum(amount) FILTER (WHERE amount < 0) AS returned,
           count(*) FILTER (WHERE amount = 0) AS free
    FROM orders
), buyers AS (
    SELECT count(*) FILTER (WHERE active_days(log) > 0) AS customers,
           sum(active_days(log)) AS purchase_days,
           count(*) FILTER (WHERE active_days(log) = 1) AS once,
           count(*) FILTER (WHERE active_days(log) = 0) AS returns_only
    FROM customer_logs
), lines (place, label, value, remark) AS (
    SELECT line.*
    FROM facts, buyers, demo.source AS source,
    LATERAL (VALUES
        (1, 'Customers', to_char(customers, 'FM999,999,999,990'), ''),
        (2, 'bought on one day only', to_char(100.0 * once / nullif(customers, 0), 'FM990.0') || ' %',
            to_char(once, 'FM999,999,999,990') || ' one-time buyers'),
        (3, 'Orders', to_char(orders, 'FM999,999,999,990'),
            CASE WHEN customers > 0 THEN to_char(orders::numeric / customers, 'FM999,990.0') || ' for each customer' ELSE '' END),
        (4, 'days with a purchase', to_char(purchase_days, 'FM999,999,999,990'),
            'orders of one customer on one day count as one purchase'),
        (5, 'free of charge', to_char(free, 'FM999,999,999,990'),
            CASE WHEN free > 0 THEN 'amount 0, counted as orders' ELSE '' END),
        (6, 'Returns', to_char(returns, 'FM999,999,999,990'),
            CASE WHEN returns > 0 THEN 'they took back ' || to_char(-returned, 'FM999,999,999,990.00') ELSE '' END),
        (7, 'Revenue', to_char(revenue, 'FM999,999,999,999,990.00'),
            CASE WHEN returns > 0 THEN 'returns taken off' ELSE '' END),
        (8, 'First day', first_day::text, ''),
        (9, 'Last day', last_day::text, CASE WHEN last_day < :'as_of'::date THEN 'looked at as of ' || :'as_of' ELSE '' END),
        (10, 'Rows ignored', CASE WHEN without_customer + without_date + without_amount + after_as_of = 0 THEN 'none'
             ELSE to_char(without_customer + without_date + without_amount + after_as_of, 'FM999,999,999,990') END,
             'of ' || to_char(read, 'FM999,999,999,990')),
        (11, 'without a customer', to_char(nullif(without_customer, 0), 'FM999,999,999,990'), ''),
        (12, 'without a date', to_char(nullif(without_date, 0), 'FM999,999,999,990'), ''),
        (13, 'without an amount', to_char(nullif(without_amount, 0), 'FM999,999,999,990'), ''),
        (14, 'after ' || :'as_of', to_char(nullif(after_as_of, 0), 'FM999,999,999,990'), ''),
        (15, 'Customers with returns only', to_char(nullif(returns_only, 0), 'FM999,999,999,990'),
             'they never bought and get no value')
    ) AS line
)
SELECT rtrim(rpad(CASE WHEN label ~ '^[A-Z]' THEN label ELSE '  ' || label END, 29)
             || lpad(value, 18) || '   ' || remark)
FROM lines
WHERE value IS NOT NULL
ORDER BY place;

WITH notes AS (
    SELECT 1 AS place, 'Note: the dates hold times of day; only the day counts.' AS note
    FROM demo.source WHERE has_times
    UNION ALL
    SELECT 2, 'Note: ' || note FROM demo.source WHERE note IS NOT NULL
    UNION ALL
    SELECT 3, format('Note: the last day, %s, lies in the future; --as-of DATE sets another one.', :'as_of'::text)
    FROM demo.source WHERE :'as_of'::date > current_date AND truth IS NULL
)
SELECT CASE WHEN row_number() OVER (ORDER BY place) = 1 THEN E'\n' ELSE '' END || note
FROM notes ORDER BY place;
