-- Customers in the order of their lifetime value, in ten groups of the same size.
SELECT decile, count(*) AS customers, sum(clv) AS equity, sum(clv) / nullif(sum(sum(clv)) OVER (), 0) AS equity_share,
       avg(p_alive) AS mean_p_alive
FROM (SELECT ntile(10) OVER (ORDER BY clv DESC, customer_id) AS decile, clv, p_alive
      FROM customers WHERE clv IS NOT NULL) AS ranked
GROUP BY decile
ORDER BY decile;
