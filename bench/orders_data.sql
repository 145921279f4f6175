-- Orders of about 11 a customer over two years, in random physical order.
--
-- Variables: rows (about as many), amount_type.

SELECT setseed(0.5);

CREATE TABLE orders AS
SELECT customer_id, at AS ordered_on, amount
FROM simulate_purchases(
        '{"family": "nbd", "unit": "7 days", "r": 1.2, "alpha": 9}',
        '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}',
        customers => greatest(1, (:rows / 11.43)::integer),
        acquired_from => '2024-01-01', acquired_to => '2024-12-31', until => '2025-12-31', seed => 1)
ORDER BY random();

VACUUM (FREEZE, ANALYZE) orders;

CREATE TABLE orders_size AS
SELECT count(*) AS rows, count(DISTINCT customer_id) AS customers, pg_table_size('orders') AS bytes FROM orders;
