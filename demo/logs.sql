-- One activity log for each customer. The statements of this demo are kept as text and
-- run from there, so that the report shows what was done.

CREATE TABLE demo.statements (step text PRIMARY KEY, statement text NOT NULL);

INSERT INTO demo.statements VALUES ('logs',
$$CREATE TABLE customer_logs AS
SELECT customer_id, activity_log(ordered_on, amount) AS log
FROM orders
GROUP BY customer_id$$);

SELECT statement FROM demo.statements WHERE step = 'logs' \gexec
ANALYZE customer_logs;
