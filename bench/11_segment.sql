-- Part 11: cohorts, lifecycle, revenue and RFM, from the orders and from stored logs.

SET client_min_messages = warning;
CREATE TABLE IF NOT EXISTS logs AS
SELECT customer_id, activity_log(ordered_on, amount) AS log FROM orders GROUP BY customer_id ORDER BY customer_id;
VACUUM (FREEZE, ANALYZE) logs;
CREATE INDEX IF NOT EXISTS orders_of_customer ON orders (customer_id) INCLUDE (ordered_on, amount);
VACUUM (ANALYZE) orders;
-- what plain SQL would keep of a customer for RFM
CREATE TABLE summaries AS
SELECT customer_id, DATE '2025-12-31' - max(ordered_on) AS recency, count(*) AS frequency, sum(amount) AS monetary FROM orders GROUP BY customer_id ORDER BY customer_id;
VACUUM (FREEZE, ANALYZE) summaries;
RESET client_min_messages;

INSERT INTO parts
SELECT 11, 'Segments and cohorts',
       format('Over %s orders of %s customers and their stored logs. Plain SQL reads the orders, by the plan that the planner chooses with memory for '
              'everything. Targets are ratios to a floor on this machine (README.md). Elsewhere, for orientation: '
              'cohort retention by month over 10 M orders took DuckDB 2.0 s, chDB (ClickHouse) 1.1 s.', thousands(rows), thousands(customers)),
       '{work, CPU, compared with, CPU, ratio: CPU (wall)}'
FROM orders_size;

\set cohorts 'SELECT c.* FROM (SELECT segment_cohort(log, ''month'') AS cells FROM logs) AS s, cohorts(cells, ''2025-12-31'') AS c'
\set cohorts_of_orders 'SELECT c.* FROM (SELECT segment_cohort(log, ''month'') AS cells FROM (SELECT activity_log(ordered_on, amount) AS log FROM orders GROUP BY customer_id) AS l) AS s, cohorts(cells, ''2025-12-31'') AS c'
\set distinct_first 'WITH active AS (SELECT customer_id, date_trunc(''month'', ordered_on)::date AS month, sum(amount) AS amount FROM orders GROUP BY 1, 2), born AS (SELECT customer_id, min(month) AS cohort FROM active GROUP BY 1) SELECT cohort, month, count(*), sum(amount) FROM active JOIN born USING (customer_id) GROUP BY 1, 2'
\set count_distinct 'WITH born AS (SELECT customer_id, date_trunc(''month'', min(ordered_on))::date AS cohort FROM orders GROUP BY 1) SELECT cohort, date_trunc(''month'', ordered_on)::date AS month, count(DISTINCT customer_id), sum(amount) FROM orders JOIN born USING (customer_id) GROUP BY 1, 2'
\set lifecycle 'SELECT l.* FROM (SELECT segment_cohort(log, ''month'') AS cells FROM logs) AS s, lifecycle(cells, ''2024-01-01'', ''2025-12-31'') AS l'
\set lifecycle_rows 'SELECT period, state, count(*) FROM logs, lifecycle(log, ''month'', ''2024-01-01'', ''2025-12-31'') GROUP BY 1, 2'
\set plain_lifecycle 'SELECT month, count(*), count(*) FILTER (WHERE before IS NULL), count(*) FILTER (WHERE before = month - interval ''1 month''), count(*) FILTER (WHERE after IS DISTINCT FROM month + interval ''1 month'') FROM (SELECT month, lag(month) OVER w AS before, lead(month) OVER w AS after FROM (SELECT DISTINCT customer_id, date_trunc(''month'', ordered_on)::date AS month FROM orders) AS a WINDOW w AS (PARTITION BY customer_id ORDER BY month)) AS b GROUP BY month'
\set revenue 'SELECT r.* FROM (SELECT revenue_table(log, ''month'') AS flows FROM logs) AS s, revenue_retention(flows) AS r'
\set plain_revenue 'SELECT coalesce(a.month, (b.month + interval ''1 month'')::date), sum(b.amount), sum(least(a.amount, b.amount)), sum(greatest(a.amount - b.amount, 0)), sum(a.amount) FROM (SELECT customer_id, date_trunc(''month'', ordered_on)::date AS month, sum(amount) AS amount FROM orders GROUP BY 1, 2) AS a FULL JOIN (SELECT customer_id, date_trunc(''month'', ordered_on)::date AS month, sum(amount) AS amount FROM orders GROUP BY 1, 2) AS b ON b.customer_id = a.customer_id AND b.month = (a.month - interval ''1 month'')::date GROUP BY 1'
\set scores 'SELECT customer_id, rfm_score((SELECT rfm_scale(rfm_value(log, ''2025-12-31'')) FROM logs), rfm_value(log, ''2025-12-31'')) FROM logs'
\set ntiles 'SELECT customer_id, ntile(5) OVER (ORDER BY recency DESC), ntile(5) OVER (ORDER BY frequency), ntile(5) OVER (ORDER BY monetary) FROM summaries'
\set floor 'SELECT customer_id, count(*), sum(amount), min(ordered_on), max(ordered_on) FROM orders GROUP BY customer_id'
\set total 'SELECT count(*), sum(total(log)) FROM logs'

-- plain SQL may use the index too
SET random_page_cost = 1.1;
\set plan '{"work_mem": "4GB", "enable_seqscan": "on", "enable_hashagg": "on", "enable_sort": "on"}'
\set index_only '{"work_mem": "4GB", "enable_seqscan": "off", "enable_hashagg": "off", "enable_sort": "off"}'
SELECT compare(11, 'plain SQL, months of each customer first', :'distinct_first',
               '{"plain SQL, `count(DISTINCT ...)`", "cohorts by month, over stored logs", "cohorts by month, over the orders with the covering index"}',
               ARRAY[:'count_distinct', :'cohorts', :'cohorts_of_orders'], '{NULL, 0.061, 0.18}', :'plan', NULL,
               ARRAY[:'plan', :'plan', :'index_only']::jsonb[]);
SELECT compare(11, 'built-in `count, sum, min, max`, covering index', :'floor',
               '{"cohorts by month, over the orders with the covering index"}', ARRAY[:'cohorts_of_orders'], '{NULL}', :'index_only');
SELECT compare(11, '`sum(total(log))` over the logs', :'total',
               '{"cohorts by month", "cohorts by week", "revenue retention by month"}',
               ARRAY[:'cohorts', replace(:'cohorts', 'month', 'week'), :'revenue'], '{1.92, NULL, NULL}');
SELECT compare(11, 'plain SQL, `lag` over the months of each customer', :'plain_lifecycle',
               '{"`lifecycle(cells, ...)`", "`lifecycle(log, ...)`, counted"}', ARRAY[:'lifecycle', :'lifecycle_rows'], '{NULL, NULL}', '{"work_mem": "4GB"}');
SELECT compare(11, 'plain SQL, join of two months', :'plain_revenue',
               '{"revenue retention by month, over stored logs"}', ARRAY[:'revenue'], '{NULL}', '{"work_mem": "4GB"}');
SELECT compare(11, '`ntile(5)` of stored recency, frequency and monetary', :'ntiles',
               '{"`rfm_score` of each customer, scale and values from stored logs"}', ARRAY[:'scores'], '{NULL}', '{"work_mem": "4GB"}');

SELECT report(11, ARRAY[format('a cohort table by %s', period), megabytes(pg_column_size(cells)), 'entries of 80 bytes', thousands(((pg_column_size(cells) - 64) / 80)::bigint), ''])
FROM (SELECT period, segment_cohort(log, period) AS cells FROM logs, unnest('{week, month}'::text[]) AS period GROUP BY period) AS tables ORDER BY period;
DROP TABLE summaries;
DROP INDEX orders_of_customer;
RESET random_page_cost;
