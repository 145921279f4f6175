-- simulate_purchases(): the same seed gives the same rows.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET extra_float_digits = 1;

CREATE TEMP TABLE m AS
SELECT '{"family": "bg/nbd", "unit": "7 days", "r": 0.6, "alpha": 5, "a": 0.8, "b": 2.5}'::cv_buying_model AS buying,
       '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}'::cv_spending_model AS spending;
CREATE TEMP TABLE orders AS SELECT o.* FROM m, simulate_purchases(buying, spending, 200, '2026-06-30', '2026-01-01', '2026-02-28', 7) AS o;

-- the first rows, everywhere
SELECT customer_id, at, amount FROM m, simulate_purchases(buying, spending, 4, '2026-06-30', '2026-01-01', '2026-02-28', 7) ORDER BY customer_id, at, amount;
-- and all of them
SELECT count(*) = (SELECT count(*) FROM orders) AS same_count, count(*) FILTER (WHERE a.customer_id IS DISTINCT FROM b.customer_id OR a.at IS DISTINCT FROM b.at OR a.amount IS DISTINCT FROM b.amount) AS different
FROM (SELECT row_number() OVER () AS n, * FROM orders) AS a
FULL JOIN (SELECT row_number() OVER () AS n, o.* FROM m, simulate_purchases(buying, spending, 200, '2026-06-30', '2026-01-01', '2026-02-28', 7) AS o) AS b USING (n);
-- another seed, another shop
SELECT count(*) > 0 AS differs FROM m, simulate_purchases(buying, spending, 200, '2026-06-30', '2026-01-01', '2026-02-28', 8) AS o
WHERE (customer_id, at, amount) NOT IN (SELECT customer_id, at, amount FROM orders);
SELECT count(DISTINCT rows) AS different
FROM (SELECT seed, string_agg(o::text, ' ' ORDER BY o) AS rows FROM m, unnest(ARRAY[0, 1, -1, 9223372036854775807, -9223372036854775808]) AS seed,
             simulate_purchases(buying, spending, 3, '2026-06-30', '2026-01-01', '2026-02-28', seed) AS o GROUP BY seed) AS t;

-- a customer does not depend on how many there are, nor on how long they are observed
SELECT (SELECT string_agg(o::text, ' ' ORDER BY customer_id, at, amount) FROM orders AS o WHERE customer_id <= 50)
     = (SELECT string_agg(o::text, ' ' ORDER BY customer_id, at, amount) FROM m, simulate_purchases(buying, spending, 50, '2026-06-30', '2026-01-01', '2026-02-28', 7) AS o) AS fewer,
       (SELECT string_agg(o::text, ' ' ORDER BY customer_id, at, amount) FROM orders AS o WHERE at <= '2026-05-30')
     = (SELECT string_agg(o::text, ' ' ORDER BY customer_id, at, amount) FROM m, simulate_purchases(buying, spending, 200, '2026-12-31', '2026-01-01', '2026-02-28', 7) AS o WHERE at <= '2026-05-30') AS longer;

-- every customer is there, from the first day to the last, with amounts in cents
SELECT count(DISTINCT customer_id) AS customers, min(customer_id) AS first, max(customer_id) AS last, min(at) >= '2026-01-01' AND max(at) <= '2026-06-30' AS within,
       bool_and(amount > 0 AND amount = round(amount::numeric, 2)) AS cents, count(*) BETWEEN 500 AND 1500 AS plausible
FROM orders;
SELECT min(first_on) >= '2026-01-01' AND max(first_on) <= '2026-02-28' AS acquired_within, count(DISTINCT first_on) > 50 AS spread
FROM (SELECT min(at) AS first_on FROM orders GROUP BY customer_id) AS t;
-- one day, one customer, none
SELECT min(at) = '2026-01-01' AND max(at) = '2026-01-01' AS one_day, count(DISTINCT customer_id) FROM m, simulate_purchases(buying, spending, 20, '2026-01-01', '2026-01-01', '2026-01-01', 7);
SELECT count(*) FROM m, simulate_purchases(buying, spending, 0, '2026-06-30', '2026-01-01', '2026-02-28', 7);
SELECT count(*) FROM m, simulate_purchases(buying, NULL, 10, '2026-06-30', '2026-01-01', '2026-02-28', 7);
-- every family, and units that mean the same
SELECT family, count(DISTINCT customer_id) AS customers, count(*) > 300 AS bought_again
FROM (VALUES ('nbd', '{"family": "nbd", "unit": "7 days", "r": 0.8, "alpha": 9}'::cv_buying_model),
             ('mbg/nbd', '{"family": "mbg/nbd", "unit": "7 days", "r": 0.6, "alpha": 5, "a": 0.9, "b": 1.6}'),
             ('pareto/nbd', '{"family": "pareto/nbd", "unit": "7 days", "r": 0.6, "alpha": 8, "s": 0.7, "beta": 9}')) AS f(family, model), m,
     simulate_purchases(model, spending, 300, '2026-06-30', '2026-01-01', '2026-02-28', 7) GROUP BY family ORDER BY family;

-- names
SELECT count(*) = (SELECT count(*) FROM orders) AS same FROM m, simulate_purchases(seed => 7, acquired_to => '2026-02-28', acquired_from => '2026-01-01', until => '2026-06-30',
    customers => 200, spending => spending, buying => buying);

-- errors
SELECT count(*) FROM m, simulate_purchases(buying, spending, -1, '2026-06-30', '2026-01-01', '2026-02-28', 7);
SELECT count(*) FROM m, simulate_purchases(buying, spending, 1, '2026-06-30', '2026-02-28', '2026-01-01', 7);
SELECT count(*) FROM m, simulate_purchases(buying, spending, 1, '2026-02-27', '2026-01-01', '2026-02-28', 7);
SELECT count(*) FROM m, simulate_purchases(buying, spending, 1, 'infinity', '2026-01-01', '2026-02-28', 7);
SELECT count(*) FROM m, simulate_purchases(buying, spending, 1, '2026-06-30', '-infinity', '2026-02-28', 7);
SELECT count(*) FROM m, simulate_purchases(buying, spending, 1, '2026-06-30', '2026-01-01', 'infinity', 7);

-- what it makes, the models expect: purchases per customer over the observation
SELECT family, abs(avg(bought) / avg(expected) - 1) < 0.1 AS mean_agrees, count(*)
FROM (SELECT family, customer_id, min(model::text)::cv_buying_model AS model, count(*) - 1 AS bought,
             expected_purchases(min(model::text)::cv_buying_model, make_interval(days => '2026-12-31'::date - min(at))) AS expected
      FROM (VALUES ('nbd', '{"family": "nbd", "unit": "7 days", "r": 0.8, "alpha": 9}'::cv_buying_model),
                   ('bg/nbd', '{"family": "bg/nbd", "unit": "7 days", "r": 0.6, "alpha": 5, "a": 0.8, "b": 2.5}'),
                   ('mbg/nbd', '{"family": "mbg/nbd", "unit": "7 days", "r": 0.6, "alpha": 5, "a": 0.9, "b": 1.6}'),
                   ('pareto/nbd', '{"family": "pareto/nbd", "unit": "7 days", "r": 0.6, "alpha": 8, "s": 0.7, "beta": 9}')) AS f(family, model), m,
           simulate_purchases(model, spending, 3000, '2026-12-31', '2026-01-01', '2026-02-28', 7) GROUP BY family, customer_id) AS t
GROUP BY family ORDER BY family;
-- and the mean amount is that of the spending model
SELECT abs(avg(amount) / 35.219 - 1) < 0.1 AS mean_agrees
FROM (SELECT customer_id, avg(amount) AS amount FROM m, simulate_purchases(buying, spending, 3000, '2026-12-31', '2026-01-01', '2026-02-28', 7) GROUP BY customer_id) AS t;
