-- Arguments of the predictions: NULL, out of range, impossible; names and resolution.
\set SHOW_CONTEXT never
SET extra_float_digits = 0;

CREATE TEMP TABLE m AS
SELECT '{"family": "mbg/nbd", "unit": "7 days", "r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}'::cv_buying_model AS model,
       ROW(7, 206, 272, 10, 20)::cv_purchase_history AS history;

-- NULL arguments give NULL; a history of NULLs is a customer not yet acquired
SELECT p_alive(NULL, history) IS NULL AS a, p_alive(model, NULL) IS NULL AS b, p_alive(model, history, NULL) IS NULL AS c,
       p_alive(model, ROW(NULL, NULL, NULL, NULL, NULL)) IS NULL AS d,
       expected_purchases(NULL, history, '1 year') IS NULL AS e, expected_purchases(model, NULL::cv_purchase_history, '1 year') IS NULL AS f,
       expected_purchases(model, history, NULL) IS NULL AS g, expected_purchases(model, NULL::interval) IS NULL AS h,
       expected_purchases(NULL::cv_buying_model, '1 year') IS NULL AS i
FROM m;
SELECT discounted_purchases(NULL, history, 0.1) IS NULL AS a, discounted_purchases(model, NULL, 0.1) IS NULL AS b,
       discounted_purchases(model, history, NULL) IS NULL AS c, discounted_purchases(model, history, 0.1, NULL) IS NULL AS for_ever,
       discounted_purchases(model, ROW(NULL, NULL, NULL, NULL, NULL), 0.1) IS NULL AS d,
       purchase_probability(NULL, history, '1 year', 1) IS NULL AS e, purchase_probability(model, NULL::cv_purchase_history, '1 year', 1) IS NULL AS f,
       purchase_probability(model, history, NULL, 1) IS NULL AS g, purchase_probability(model, history, '1 year', NULL) IS NULL AS h,
       purchase_probability(model, NULL::interval, 1) IS NULL AS i, purchase_probability(model, '1 year'::interval, NULL) IS NULL AS j,
       log_likelihood(model, NULL) IS NULL AS k, log_likelihood(NULL::cv_buying_model, history) IS NULL AS l
FROM m;

-- negative durations, rates and numbers
SELECT p_alive(model, history, '-1 day') FROM m;
SELECT p_alive(model, history, '1 month -31 days') FROM m;
SELECT expected_purchases(model, history, '-1 day') FROM m;
SELECT expected_purchases(model, interval '-1 day') FROM m;
SELECT discounted_purchases(model, history, 0.1, '-1 day') FROM m;
SELECT discounted_purchases(model, history, -0.1, '1 year') FROM m;
SELECT discounted_purchases(model, history, 'NaN', '1 year') FROM m;
SELECT discounted_purchases(model, history, 'Infinity', '1 year') FROM m;
SELECT purchase_probability(model, history, '-1 day', 1) FROM m;
SELECT purchase_probability(model, history, '1 day', -1) FROM m;
SELECT purchase_probability(model, '-1 day'::interval, 1) FROM m;
SELECT purchase_probability(model, '1 day'::interval, -1) FROM m;
-- minus zero is zero
SELECT discounted_purchases(model, history, '-0', '1 year') = expected_purchases(model, history, '1 year') AS same FROM m;

-- impossible histories
SELECT p_alive(model, ROW(-1, 0, 30, NULL, NULL)) FROM m;
SELECT p_alive(model, ROW(1, 31, 30, NULL, NULL)) FROM m;
SELECT expected_purchases(model, ROW(0, 5, 30, NULL, NULL), '1 year') FROM m;
SELECT discounted_purchases(model, ROW(1, 'NaN', 30, NULL, NULL), 0.1) FROM m;
SELECT purchase_probability(model, ROW(1, 5, 'Infinity', NULL, NULL), '1 year', 1) FROM m;
SELECT log_likelihood(model, ROW(1, NULL, 30, NULL, NULL)) FROM m;
SELECT log_likelihood(model, ROW(1, 5, 30, 'NaN', NULL)) FROM m;

-- for ever without discounting: infinite, unless everybody soon drops out
SELECT family, discounted_purchases(model, ROW(7, 206, 272, 10, 20), 0) AS endless
FROM (VALUES ('nbd', '{"family": "nbd", "unit": "7 days", "r": 0.385, "alpha": 12.072}'::cv_buying_model)) AS t(family, model);
SELECT discounted_purchases('{"family": "pareto/nbd", "unit": "7 days", "r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}', ROW(7, 206, 272, 10, 20), 0);
SELECT discounted_purchases('{"family": "pareto/nbd", "unit": "7 days", "r": 0.553, "alpha": 10.578, "s": 1, "beta": 11.669}', ROW(7, 206, 272, 10, 20), 0);
SELECT discounted_purchases('{"family": "bg/nbd", "unit": "7 days", "r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}', ROW(7, 206, 272, 10, 20), 0);
SELECT discounted_purchases('{"family": "mbg/nbd", "unit": "7 days", "r": 0.243, "alpha": 4.414, "a": 1, "b": 2.426}', ROW(7, 206, 272, 10, 20), 0, NULL);
-- with s or a above 1 the sum is finite; Pareto: P(alive) (r + x) (beta + T) / ((alpha + T) (s - 1))
SELECT abs(discounted_purchases(model, h, 0) / (p_alive(model, h) * (0.553 + 7) * (11.669 + 272 / 7.0) / ((10.578 + 272 / 7.0) * 1.5)) - 1) < 1e-9 AS pareto
FROM (SELECT '{"family": "pareto/nbd", "unit": "7 days", "r": 0.553, "alpha": 10.578, "s": 2.5, "beta": 11.669}'::cv_buying_model AS model,
             ROW(7, 206, 272, 10, 20)::cv_purchase_history AS h) AS t;
-- BG: P(alive) E[1/p | alive] = P(alive) (a + b + x - 1) / (a - 1), MBG: with one more
SELECT abs(discounted_purchases(model, h, 0) / (p_alive(model, h) * (c - 1) / (3 - 1)) - 1) < 1e-9 AS agrees
FROM (VALUES ('{"family": "bg/nbd", "unit": "7 days", "r": 0.243, "alpha": 4.414, "a": 3, "b": 2.426}'::cv_buying_model, 3 + 2.426 + 7),
             ('{"family": "mbg/nbd", "unit": "7 days", "r": 0.243, "alpha": 4.414, "a": 3, "b": 2.426}', 3 + 2.426 + 7 + 1)) AS t(model, c),
     (SELECT ROW(7, 206, 272, 10, 20)::cv_purchase_history AS h) AS u;

-- long horizons and large numbers
SELECT purchase_probability(model, history, '1 year', 2147483647) AS many, purchase_probability(model, history, '178000000 years', 5) < 1 AS long,
       expected_purchases(model, history, '178000000 years') > 0 AS finite
FROM m;
SELECT p_alive(model, ROW(2147483647, 2147483493, 2147483493, NULL, NULL)) BETWEEN 0 AND 1 AS finite,
       log_likelihood(model, ROW(5000, 1000, 1000, NULL, NULL)) IS NOT NULL AS finite_too
FROM m;

-- named arguments
SELECT p_alive(model => model, history => history, ahead => '30 days') = p_alive(model, history, '30 days') AS a,
       expected_purchases(model => model, history => history, horizon => '30 days') = expected_purchases(model, history, '30 days') AS b,
       expected_purchases(model => model, horizon => '30 days') = expected_purchases(model, '30 days') AS c,
       discounted_purchases(model => model, history => history, discount_rate => 0.1, horizon => '30 days') = discounted_purchases(model, history, 0.1, '30 days') AS d,
       discounted_purchases(model => model, history => history, discount_rate => 0.1) = discounted_purchases(model, history, 0.1) AS e,
       purchase_probability(model => model, history => history, horizon => '30 days', purchases => 2) = purchase_probability(model, history, '30 days', 2) AS f,
       purchase_probability(model => model, horizon => '30 days', purchases => 2) = purchase_probability(model, '30 days', 2) AS g,
       log_likelihood(model => model, history => history) = log_likelihood(model, history) AS h
FROM m;
-- literals of unknown type where only one function can be meant, and where two can
SELECT round(p_alive('{"family": "nbd", "unit": "7 days", "r": 0.385, "alpha": 12.072}', '(7,206,272,10,20)')::numeric, 6) AS p_alive,
       round(expected_purchases('{"family": "nbd", "unit": "7 days", "r": 0.385, "alpha": 12.072}', '(7,206,272,10,20)', interval '1 year')::numeric, 6) AS expected;
SELECT expected_purchases('{"family": "nbd", "unit": "7 days", "r": 0.385, "alpha": 12.072}', '(7,206,272,10,20)', '1 year');
SELECT log_likelihood('{"family": "nbd", "unit": "7 days", "r": 0.385, "alpha": 12.072}', '(7,206,272,10,20)');
SELECT name FROM parameters('{"family": "nbd", "unit": "7 days", "r": 0.385, "alpha": 12.072}');
SELECT p_alive(model, 7) FROM m;
