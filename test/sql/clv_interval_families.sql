-- clv_interval() and expected_customers() with regular and with discrete buying.
\set SHOW_CONTEXT never
SET extra_float_digits = 0;
SET client_min_messages = warning;

CREATE TEMP TABLE models AS
SELECT id, document::cv_buying_model AS buying, '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}'::cv_spending_model AS spending
FROM (VALUES
    (1, '{"family": "bg/cnbd-k", "unit": "7 days", "k": 3, "r": 0.9, "alpha": 3, "a": 0.793, "b": 2.426}'),
    (2, '{"family": "mbg/cnbd-k", "unit": "7 days", "k": 2, "r": 0.58, "alpha": 2.3, "a": 1.13, "b": 1.58}'),
    (3, '{"family": "bg/bb", "unit": "14 days", "alpha": 1.204, "beta": 0.75, "gamma": 0.657, "delta": 2.783}')) AS t(id, document);
CREATE TEMP TABLE histories AS
SELECT id, history
FROM (VALUES (1, ROW(0, 0, 0, NULL, NULL)::cv_purchase_history),
             (2, ROW(0, 0, 84, NULL, NULL)::cv_purchase_history),
             (3, ROW(2, 56, 84, 24.5, 6.6)::cv_purchase_history),
             (4, ROW(6, 84, 84, 30, 15.8)::cv_purchase_history)) AS t(id, history);

SELECT m.id, h.id, round(low::numeric, 6) AS low, round(median::numeric, 6) AS median, round(high::numeric, 6) AS high
FROM models AS m, histories AS h, clv_interval(buying, spending, history, '1 year') ORDER BY 1, 2;
SELECT m.id, h.id, round(low::numeric, 6) AS low, round(median::numeric, 6) AS median, round(high::numeric, 6) AS high
FROM models AS m, histories AS h, clv_interval(buying, spending, history, NULL, discount_rate => 0.2, confidence => 0.5) WHERE h.id IN (1, 4) ORDER BY 1, 2;

-- one draw at a time: their mean is clv(), those without a purchase are as many as expected
SELECT m.id, h.id, abs(avg(v) - min(expected)) < 4.5 * stddev(v) / sqrt(count(*)) AS mean_is_clv,
       abs(avg((v = 0)::integer) - min(none)) < 4.5 * sqrt(min(none) * (1 - min(none)) / count(*)) + 1e-12 AS nothing_bought
FROM (SELECT id, buying, spending FROM models) AS m, histories AS h, generate_series(1, 4000) AS seed,
     LATERAL (SELECT (clv_interval(buying, spending, history, '182 days', 0.1, 0.3, confidence => 0, draws => 1, seed => seed)).median AS v) AS one,
     LATERAL (SELECT clv(buying, spending, history, '182 days', 0.1, 0.3) AS expected, purchase_probability(buying, history, '182 days', 0) AS none) AS e
GROUP BY m.id, h.id ORDER BY m.id, h.id;
-- k = 1 is the family without k, draw by draw the same distribution: medians and bounds agree as samples do
SELECT abs(a.median / b.median - 1) < 0.03 AS median, abs(a.high / b.high - 1) < 0.03 AS high
FROM models, clv_interval('{"family": "mbg/cnbd-k", "unit": "7 days", "k": 1, "r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}', spending, ROW(20, 500, 510, 24.5, 20), '2 years', draws => 40000, seed => 5) AS a,
     clv_interval('{"family": "mbg/nbd", "unit": "7 days", "r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}', spending, ROW(20, 500, 510, 24.5, 20), '2 years', draws => 40000, seed => 6) AS b
WHERE id = 1;
-- longer and cheaper is more, draw by draw
SELECT m.id, bool_and(a.low <= c.low AND a.median <= c.median AND a.high <= c.high) AS longer, bool_and(a.low >= d.low AND a.median >= d.median AND a.high >= d.high) AS cheaper
FROM models AS m, histories AS h, clv_interval(buying, spending, history, '100 days') AS a, clv_interval(buying, spending, history, '140 days') AS c,
     clv_interval(buying, spending, history, '100 days', discount_rate => 1) AS d
GROUP BY m.id ORDER BY m.id;

-- expected customers: the sum of probabilities
CREATE TEMP TABLE base AS SELECT customer_base(ROW(0, 0, 56 + n % 70, NULL, NULL)::cv_purchase_history) AS base FROM generate_series(1, 300) AS n;
SELECT m.id, bool_and(abs(expected_customers(buying, base, purchases) / s - 1) < 1e-9) AS agrees, round(sum(s)::numeric, 3) AS up_to_3
FROM models AS m, base, generate_series(0, 3) AS purchases,
     LATERAL (SELECT sum(purchase_probability(buying, ROW(0, 0, 0, NULL, NULL), make_interval(days => CASE m.id WHEN 3 THEN 14 * round((56 + n % 70) / 14.0::float8)::integer ELSE 56 + n % 70 END), purchases)) AS s
              FROM generate_series(1, 300) AS n) AS by_hand
GROUP BY m.id ORDER BY m.id;

-- errors: more purchases than opportunities, more opportunities than are played
SELECT clv_interval(buying, spending, ROW(7, 84, 84, 30, 15.8), '1 year') FROM models WHERE id = 3;
SELECT clv_interval(buying, spending, ROW(2, 56, 84, 24.5, 6.6), '1000000 years', discount_rate => 0) FROM models WHERE id = 3;
SELECT clv_interval(buying, spending, ROW(2, 56, 84, 24.5, 6.6), NULL, discount_rate => 0) FROM models WHERE id = 3;
SELECT expected_customers(buying, (SELECT customer_base(ROW(0, 0, 1e9, NULL, NULL)::cv_purchase_history)), 1) FROM models WHERE id = 3;
