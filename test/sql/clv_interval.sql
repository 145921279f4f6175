-- clv_interval(): what a customer may really be worth.
\set SHOW_CONTEXT never
SET extra_float_digits = 0;
SET client_min_messages = warning;

CREATE TEMP TABLE models AS
SELECT id, document::cv_buying_model AS buying, '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}'::cv_spending_model AS spending
FROM (VALUES
    (1, '{"family": "nbd", "unit": "7 days", "r": 0.385, "alpha": 12.072}'),
    (2, '{"family": "bg/nbd", "unit": "7 days", "r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}'),
    (3, '{"family": "mbg/nbd", "unit": "7 days", "r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}'),
    (4, '{"family": "pareto/nbd", "unit": "7 days", "r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}')) AS t(id, document);
CREATE TEMP TABLE histories AS
SELECT id, history
FROM (VALUES (1, ROW(0, 0, 0, NULL, NULL)::cv_purchase_history),
             (2, ROW(0, 0, 272, NULL, NULL)::cv_purchase_history),
             (3, ROW(1, 12, 272, 10, 2.5)::cv_purchase_history),
             (4, ROW(7, 206, 272, 24.5, 20)::cv_purchase_history),
             (5, ROW(40, 700, 720, 90, 120)::cv_purchase_history)) AS t(id, history);

-- the same on every machine
SELECT m.id, h.id, round(low::numeric, 6) AS low, round(median::numeric, 6) AS median, round(high::numeric, 6) AS high
FROM models AS m, histories AS h, clv_interval(buying, spending, history, '1 year') ORDER BY 1, 2;
SELECT m.id, h.id, round(low::numeric, 6) AS low, round(median::numeric, 6) AS median, round(high::numeric, 6) AS high
FROM models AS m, histories AS h, clv_interval(buying, spending, history, NULL, discount_rate => 0.2, confidence => 0.5, draws => 200, seed => -7)
WHERE h.id IN (1, 4) ORDER BY 1, 2;

-- a customer's answer is the customer's: other rows, order and place in the query do not matter
SELECT bool_and(i.low = j.low AND i.median = j.median AND i.high = j.high) AS same
FROM (SELECT m.id AS m, h.id AS h, (clv_interval(buying, spending, history, '1 year')).* FROM models AS m, histories AS h ORDER BY h.id DESC, m.id) AS i
JOIN (SELECT m.id AS m, h.id AS h, low, median, high FROM histories AS h, models AS m, clv_interval(buying, spending, history, '1 year')) AS j USING (m, h);
-- log_gaps is nothing that these models see; every other number makes another stream
SELECT count(DISTINCT i::text) AS different, count(*)
FROM models, unnest(ARRAY[ROW(7, 206, 272, 24.5, 20), ROW(7, 206, 272, 24.5, NULL), ROW(7, 206, 272, 24.5000001, 20), ROW(7, 206, 273, 24.5, 20),
                          ROW(7, 205, 272, 24.5, 20), ROW(8, 206, 272, 24.5, 20)]::cv_purchase_history[]) AS h(f, r, a, m, g),
     clv_interval(buying, spending, ROW(f, r, a, m, g), '1 year') AS i
WHERE id = 3;
-- every seed is a seed
SELECT count(DISTINCT i::text) FROM models, histories AS h, unnest(ARRAY[0, 1, -1, 9223372036854775807, -9223372036854775808]) AS seed,
     clv_interval(buying, spending, history, '1 year', seed => seed) AS i WHERE models.id = 3 AND h.id = 4;

-- order: low, median, high; wider with more confidence; more with a longer horizon and less discounting, draw by draw
SELECT m.id, bool_and(0 <= a.low AND a.low <= a.median AND a.median <= a.high) AS ordered,
       bool_and(b.low <= a.low AND a.high <= b.high AND a.median = b.median) AS wider,
       bool_and(a.low <= c.low AND a.median <= c.median AND a.high <= c.high) AS longer,
       bool_and(a.low >= d.low AND a.median >= d.median AND a.high >= d.high) AS cheaper
FROM models AS m, histories AS h, clv_interval(buying, spending, history, '200 days') AS a, clv_interval(buying, spending, history, '200 days', confidence => 0.99) AS b,
     clv_interval(buying, spending, history, '300 days') AS c, clv_interval(buying, spending, history, '200 days', discount_rate => 1) AS d
GROUP BY m.id ORDER BY m.id;
-- without confidence both bounds are in the middle
SELECT bool_and(odd.low = odd.median AND odd.median = odd.high) AS odd, bool_and(even.low <= even.median AND even.median = (even.low + even.high) / 2) AS even
FROM models, histories, clv_interval(buying, spending, history, '1 year', confidence => 0, draws => 101) AS odd, clv_interval(buying, spending, history, '1 year', confidence => 0, draws => 100) AS even;
-- margin scales, a loss turns the bounds round, nothing is zero and not minus zero
SELECT bool_and(b.low = a.low * 0.25 AND b.median = a.median * 0.25 AND b.high = a.high * 0.25) AS quarter,
       bool_and(c.low = -a.high AND c.median = -a.median AND c.high = -a.low) AS loss,
       bool_and(d.low::text = '0' AND d.median::text = '0' AND d.high::text = '0') AS nothing, bool_and(c.high::text <> '-0') AS no_minus_zero
FROM models, histories, clv_interval(buying, spending, history, '1 year') AS a, clv_interval(buying, spending, history, '1 year', margin => 0.25) AS b,
     clv_interval(buying, spending, history, '1 year', margin => -1) AS c, clv_interval(buying, spending, history, '1 year', margin => -0.0) AS d;
SELECT DISTINCT low, median, high FROM models, histories, clv_interval(buying, spending, history, '0');

-- units do not matter: the same draws
SELECT m.id, bool_and(abs(a.high / b.high - 1) < 1e-9 AND abs(a.median - b.median) <= 1e-9 * b.median AND abs(a.low - b.low) <= 1e-9 * b.low) AS same
FROM models AS m, histories, LATERAL (SELECT (buying::jsonb || jsonb_build_object('unit', '1 day', 'alpha', (buying::jsonb ->> 'alpha')::float8 * 7)
                                   || CASE WHEN m.id = 4 THEN jsonb_build_object('beta', (buying::jsonb ->> 'beta')::float8 * 7) ELSE '{}' END)::cv_buying_model AS daily) AS d,
     clv_interval(buying, spending, history, '1 year') AS a, clv_interval(daily, spending, history, '1 year') AS b
GROUP BY m.id ORDER BY m.id;

-- one draw at a time: their mean is clv(), those without a purchase are as many as expected
SELECT m.id, h.id, abs(avg(v) - min(expected)) < 4.5 * stddev(v) / sqrt(count(*)) AS mean_is_clv,
       abs(avg((v = 0)::integer) - min(none)) < 4.5 * sqrt(min(none) * (1 - min(none)) / count(*)) + 1e-12 AS nothing_bought
FROM (SELECT id, buying, spending FROM models) AS m, histories AS h, generate_series(1, 4000) AS seed,
     LATERAL (SELECT (clv_interval(buying, spending, history, '1 year', 0.1, 0.3, confidence => 0, draws => 1, seed => seed)).median AS v) AS one,
     LATERAL (SELECT clv(buying, spending, history, '1 year', 0.1, 0.3) AS expected, purchase_probability(buying, history, '1 year', 0) AS none) AS e
GROUP BY m.id, h.id ORDER BY m.id, h.id;
-- quantiles of the value where it is nothing: who has surely left is worth nothing
SELECT low, median, high FROM models, clv_interval(buying, spending, ROW(1000, 10, 7000, 20, NULL), '10 years') WHERE id IN (2, 3, 4);

-- what the amounts are worth when many: the law of large numbers, whatever the number of purchases
SELECT bool_and(low BETWEEN 0.93 * c AND c AND high BETWEEN c AND 1.07 * c) AS narrow
FROM (SELECT 1000000 * n AS r FROM generate_series(1, 3) AS n) AS t, LATERAL (SELECT ('{"family": "nbd", "unit": "1 day", "r": ' || r || ', "alpha": 1000000}')::cv_buying_model AS buying,
     '{"family": "gamma-gamma", "p": 1, "q": 1000000, "gamma": 999999}'::cv_spending_model AS spending) AS m,
     LATERAL (SELECT clv(buying, spending, ROW(0, 0, 0, NULL, NULL), '20 years') AS c) AS e,
     clv_interval(buying, spending, ROW(0, 0, 0, NULL, NULL), '20 years', draws => 200);
-- thousands of purchases, centuries, no discounting: it ends
SELECT id, low > 0 AND median > low AND high > median AND high < 'Infinity' AS finite
FROM models, clv_interval(buying, spending, ROW(5000, 1000, 1000, 20, NULL), '100000 years', discount_rate => 0, draws => 100) ORDER BY id;
SELECT id, median > 0 AND high < 'Infinity' AS finite FROM models, clv_interval(buying, spending, ROW(5000, 1000, 1000, 20, NULL), NULL, discount_rate => 1e-9, draws => 100) ORDER BY id;
-- for ever, without discounting: those who leave leave a finite sum, also where its mean is infinite
SELECT id, low >= 0 AND high < 'Infinity' AS finite FROM models, clv_interval(buying, spending, ROW(7, 206, 272, 24.5, 20), NULL, discount_rate => 0) WHERE id > 1 ORDER BY id;
-- spending whose mean is infinite has a median
SELECT median > 0 AND high < 'Infinity' AS finite
FROM models, clv_interval(buying, '{"family": "gamma-gamma", "p": 6.25, "q": 0.9, "gamma": 15.44}', ROW(0, 0, 0, NULL, NULL), '10 years', confidence => 0.9) WHERE id = 1;
-- negative mean spend counts as zero, as in clv()
SELECT a.high = b.high AS same FROM models, clv_interval(buying, spending, ROW(7, 206, 272, 0, NULL), '1 year', seed => 3) AS a, clv_interval(buying, spending, ROW(7, 206, 272, 0, 9), '1 year', seed => 3) AS b WHERE id = 1;
SELECT high > 0 AS positive FROM models, clv_interval(buying, spending, ROW(7, 206, 272, -5, NULL), '1 year') WHERE id = 1;

-- NULLs
SELECT clv_interval(NULL, spending, history, '1 year') AS a, clv_interval(buying, NULL, history, '1 year') AS b, clv_interval(buying, spending, NULL, '1 year') AS c,
       clv_interval(buying, spending, history, '1 year', NULL) AS d, clv_interval(buying, spending, history, '1 year', margin => NULL) AS e,
       clv_interval(buying, spending, history, '1 year', confidence => NULL) AS f, clv_interval(buying, spending, history, '1 year', draws => NULL) AS g,
       clv_interval(buying, spending, history, '1 year', seed => NULL) AS h
FROM models AS m, histories AS h WHERE m.id = 3 AND h.id = 4;
SELECT clv_interval(buying, spending, ROW(NULL, NULL, NULL, NULL, NULL), '1 year') AS nobody, clv_interval(buying, spending, ROW(3, 100, 200, NULL, NULL), '1 year') AS unknown_spend FROM models WHERE id = 3;
-- names
SELECT low FROM models AS m, histories AS h, clv_interval(buying => buying, spending => spending, history => history, horizon => '1 year', discount_rate => 0.1, margin => 1,
    confidence => 0.95, draws => 39, seed => 1) WHERE m.id = 3 AND h.id = 2;

-- errors
CREATE TEMP TABLE one AS SELECT buying, spending, history FROM models AS m, histories AS h WHERE m.id = 3 AND h.id = 4;
SELECT clv_interval(buying, spending, history, '-1 day') FROM one;
SELECT clv_interval(buying, spending, history, '1 year', discount_rate => -0.1) FROM one;
SELECT clv_interval(buying, spending, history, '1 year', discount_rate => 'NaN') FROM one;
SELECT clv_interval(buying, spending, history, '1 year', margin => 'Infinity') FROM one;
SELECT clv_interval(buying, spending, history, '1 year', confidence => 1) FROM one;
SELECT clv_interval(buying, spending, history, '1 year', confidence => -0.1) FROM one;
SELECT clv_interval(buying, spending, history, '1 year', confidence => 'NaN') FROM one;
SELECT clv_interval(buying, spending, history, '1 year', draws => 0) FROM one;
SELECT clv_interval(buying, spending, history, '1 year', draws => 1000001) FROM one;
SELECT clv_interval(buying, spending, history, '1 year', draws => 38) FROM one;
SELECT clv_interval(buying, spending, history, '1 year', confidence => 0.999) FROM one;
SELECT clv_interval(buying, spending, history, '1 year', confidence => 0.99999999, draws => 1000000) FROM one;
SELECT clv_interval(buying, spending, ROW(1, 31, 30, NULL, NULL), '1 year') FROM one;
SELECT clv_interval(buying, spending, history, NULL, discount_rate => 0) FROM models AS m, histories AS h WHERE m.id = 1 AND h.id = 4;
SELECT clv_interval('{"family": "pareto/nbd", "unit": "7 days", "r": 0.5, "alpha": 10, "s": 1e-6, "beta": 10}', spending, history, NULL, discount_rate => 0) FROM one;
SELECT clv_interval(buying, spending, history, '1 year', margin => 1e308) FROM one;
-- the least that is enough
SELECT count(*) FROM one, clv_interval(buying, spending, history, '1 year', draws => 39), clv_interval(buying, spending, history, '1 year', confidence => 0.999, draws => 1999) AS b;

-- covariates: the customer's own parameters, the same draws
CREATE TEMP TABLE covariate_model AS
SELECT '{"family": "mbg/nbd", "unit": "7 days", "r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614, "covariates": {"age": "number", "channel": ["mail", "web"]},
         "purchase:age": 0.01, "purchase:channel=web": 0.3, "dropout:age": -0.01, "dropout:channel=web": 0.2}'::cv_buying_model AS buying, spending, history FROM one;
SELECT c.covariates, abs(a.high / b.high - 1) < 1e-9 AS same, round(a.high::numeric, 6) AS high
FROM covariate_model, (VALUES ('{"age": 0, "channel": "mail"}'::jsonb, 0, 0), ('{"age": 30, "channel": "web"}', 0.6, -0.1)) AS c(covariates, buys, leaves),
     clv_interval(buying, spending, history, '1 year', covariates => c.covariates) AS a,
     LATERAL (SELECT format('{"family": "mbg/nbd", "unit": "7 days", "r": 0.525, "alpha": %s, "a": 0.891, "b": %s}', 6.183 * exp(-buys::float8), 1.614 * exp(-leaves::float8))::cv_buying_model AS plain) AS p,
     clv_interval(plain, spending, history, '1 year') AS b;
SELECT clv_interval(buying, spending, history, '1 year', covariates => NULL) = clv_interval(buying, spending, history, '1 year', covariates => '{}') AS same FROM one;
SELECT clv_interval(buying, spending, history, '1 year') FROM covariate_model;
SELECT clv_interval(buying, spending, history, '1 year', covariates => '{"age": 30, "channel": "shop"}') FROM covariate_model;
SELECT clv_interval(buying, spending, history, '1 year', covariates => '{"age": 30}') FROM one;
SELECT clv_interval(buying, spending, history, '1 year', covariates => '{"age": 1e9, "channel": "web"}') FROM covariate_model;
