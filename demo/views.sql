-- The value views that the page shows: of the orders that were loaded, or of a made-up
-- company that has all the sources.
--
-- Variables: made_up (true or false), as_of, horizon, discount, margin.

SET client_min_messages = warning;
\if :made_up
\ir shop.sql
SELECT 'SELECT * FROM shop.orders' AS orders, 'month' AS period,
       $$, touches => 'shop.touches', surveys => 'shop.surveys', tickets => 'shop.tickets',
            ratings => 'shop.ratings', costs => 'shop.costs', assessments => 'shop.assessments'$$ AS others \gset
\else
SELECT format('SELECT customer_id, ordered_on, amount, amount * %s AS margin FROM orders', :'margin') AS orders,
       CASE WHEN max(ordered_on) - min(ordered_on) < 183 THEN 'week' ELSE 'month' END AS period, '' AS others
FROM orders \gset
\endif
\o /dev/null
SELECT count(*)
FROM create_value_views('value', orders => :'orders', as_of => :'as_of', period => :'period', horizon => :'horizon',
                        discount_rate => :discount :others);
\o
CALL refresh_value_views('value');
