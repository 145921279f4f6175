-- All customers in one line.
SELECT count(*) AS customers, count(*) FILTER (WHERE orders = 1) AS one_time_buyers, sum(orders) AS orders, sum(spend) AS spend,
       sum(clv) AS equity, avg(clv) AS mean_clv, percentile_cont(0.5) WITHIN GROUP (ORDER BY clv) AS median_clv,
       avg(p_alive) AS mean_p_alive, max(last_purchase) AS last_purchase
FROM customers;
