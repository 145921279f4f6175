-- Customer equity by segment, the 30 with the most.
SELECT segment, customers, customers / sum(customers) OVER () AS customer_share,
       equity, equity / nullif(sum(equity) OVER (), 0) AS equity_share, mean_clv, median_clv, mean_p_alive
FROM clv_by_segment
ORDER BY equity DESC NULLS LAST, segment
LIMIT 30;
