-- Customers who buy again, of the latest 24 cohorts, all segments together.
SELECT cohort, period_number, sum(customers)::bigint AS customers, sum(active)::bigint AS active,
       sum(active) / nullif(sum(customers), 0) AS retention_rate, sum(amount) AS amount
FROM cohort_retention
WHERE cohort IN (SELECT DISTINCT cohort FROM cohort_retention ORDER BY cohort DESC LIMIT 24) AND period_number <= 24
GROUP BY cohort, period_number
ORDER BY cohort, period_number;
