-- What every customer is worth.
--
-- Variables: as_of, horizon, discount, margin.

INSERT INTO demo.statements VALUES ('clv', format(
$$CREATE TABLE customer_values AS
SELECT customer_id, events(log) AS orders, last_on(log) AS last_order,
       p_alive(buying, history) AS p_alive,
       expected_purchases(buying, history, %1$L) AS purchases,
       expected_spend(spending, history) AS spend,
       clv(buying, spending, history, horizon => %1$L, discount_rate => %2$s, margin => %3$s) AS clv
FROM models,
     (SELECT customer_id, log, purchase_history(log, DATE %4$L) AS history
      FROM customer_logs) AS customers$$, :'horizon', :'discount', :'margin', :'as_of'));

SELECT statement FROM demo.statements WHERE step = 'clv' \gexec
ANALYZE customer_values;
