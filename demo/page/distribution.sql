-- Customers by lifetime value, in classes of a round width; the last class is open and holds
-- the top twentieth.
WITH ends AS (
    SELECT least(min(clv), 0) AS low, percentile_cont(0.95) WITHIN GROUP (ORDER BY clv) AS high
    FROM customers
), range AS (
    SELECT low, high, nullif(high - low, 0) / 24 AS raw FROM ends
), class AS (
    SELECT coalesce((SELECT min(round * power(10, floor(log(raw)))) FROM unnest('{1,2,5,10}'::float8[]) AS round
                     WHERE round * power(10, floor(log(raw))) >= raw), 1) AS width, low, high
    FROM range
), counted AS (
    SELECT least(floor(clv / width), floor(high / width)) AS number, count(*) AS customers, sum(clv) AS equity
    FROM customers, class
    WHERE clv IS NOT NULL
    GROUP BY 1
)
SELECT number * width AS clv_from, CASE WHEN number < floor(high / width) THEN (number + 1) * width END AS clv_to,
       coalesce(customers, 0) AS customers, coalesce(equity, 0) AS equity
FROM class, generate_series(floor(low / width)::integer, floor(high / width)::integer) AS number
LEFT JOIN counted USING (number)
ORDER BY number;
