-- What predictions must satisfy whatever the parameters: limits, sums, units.
SET extra_float_digits = 0;
SET client_min_messages = warning;

CREATE FUNCTION pg_temp.close(a float8, b float8, tolerance float8 DEFAULT 1e-9) RETURNS boolean LANGUAGE sql AS $$
SELECT a = b OR abs(a - b) <= tolerance * greatest(abs(a), abs(b)) $$;

CREATE TEMP TABLE models AS
SELECT id, document::jsonb ->> 'family' AS family, document::cv_buying_model AS model
FROM (VALUES
    (1, '{"family": "nbd", "unit": "7 days", "r": 0.385, "alpha": 12.072}'),
    (2, '{"family": "bg/nbd", "unit": "7 days", "r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}'),
    (3, '{"family": "mbg/nbd", "unit": "7 days", "r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}'),
    (4, '{"family": "pareto/nbd", "unit": "7 days", "r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}'),
    (5, '{"family": "bg/nbd", "unit": "1 day", "r": 1.5, "alpha": 40, "a": 0.2, "b": 0.3}'),
    (6, '{"family": "mbg/nbd", "unit": "1 day", "r": 1.5, "alpha": 40, "a": 1, "b": 3}'),
    (7, '{"family": "pareto/nbd", "unit": "1 month", "r": 2, "alpha": 3, "s": 1, "beta": 3}'),
    (8, '{"family": "pareto/nbd", "unit": "1 day", "r": 0.8, "alpha": 20, "s": 2.5, "beta": 400}')) AS t(id, document);
CREATE TEMP TABLE histories AS
SELECT n AS id, ROW(frequency, recency, age, monetary, log_gaps)::cv_purchase_history AS history
FROM unnest(ARRAY[ROW(0, 0, 0, NULL, NULL), ROW(0, 0, 280, NULL, 0), ROW(1, 12, 272, 10, 2.5), ROW(7, 206, 272, 10, 20),
                  ROW(3, 280, 280, 10, 13), ROW(40, 700, 720, 10, 120)]::cv_purchase_history[]) WITH ORDINALITY AS t(frequency, recency, age, monetary, log_gaps, n);

-- probabilities are probabilities, and fall the farther ahead one looks; without dropout they do not
SELECT m.id, m.family, bool_and(p_alive(model, history) BETWEEN 0 AND 1) AS within,
       bool_and(p_alive(model, history, '1 year') BETWEEN 0 AND p_alive(model, history, '30 days')) AS falls,
       bool_and(p_alive(model, history, '30 days') < p_alive(model, history)) AS strictly,
       bool_and(p_alive(model, history, '0 days') = p_alive(model, history)
                AND p_alive(model, history, ahead => '0') = p_alive(model, history)) AS now
FROM models AS m, histories GROUP BY m.id, m.family ORDER BY m.id;

-- who is alive now and at the end: the step-by-step answer is the same as the direct one for Pareto/NBD
SELECT m.id, h.id, pg_temp.close(p_alive(model, history, '90 days'),
                                 p_alive(model, history) * (((beta * unit + (history).age) / (beta * unit + (history).age + 90)) ^ s)) AS agrees
FROM (VALUES (4, 0.606::float8, 11.669::float8, 7), (7, 1, 3, 30), (8, 2.5, 400, 1)) AS p(id, s, beta, unit)
JOIN models AS m USING (id), histories AS h ORDER BY m.id, h.id;

-- the probabilities of 0, 1, 2, ... purchases add up to 1, and their mean is the expectation
SELECT m.id, h.id, pg_temp.close(sum(p), 1, 1e-9) AS sum_is_1, pg_temp.close(sum(n * p), min(e), 1e-6) AS mean_agrees,
       bool_and(p BETWEEN 0 AND 1) AS within
FROM (SELECT id, model FROM models) AS m,
     histories AS h,
     LATERAL (SELECT n, purchase_probability(model, history, '50 days', n) AS p, expected_purchases(model, history, '50 days') AS e
              FROM generate_series(0, 400) AS n) AS q
GROUP BY m.id, h.id ORDER BY m.id, h.id;

-- a new customer is one of age 0
SELECT m.id, bool_and(pg_temp.close(purchase_probability(model, history, '90 days', n), purchase_probability(model, '90 days', n), 1e-12)) AS probability,
       bool_and(pg_temp.close(expected_purchases(model, history, '90 days'), expected_purchases(model, '90 days'), 1e-12)) AS expectation
FROM models AS m, histories AS h, generate_series(0, 12) AS n
WHERE h.id = 1 GROUP BY m.id ORDER BY m.id;

-- nothing happens in no time
SELECT DISTINCT expected_purchases(model, history, '0') AS expected, discounted_purchases(model, history, 0.1, '0') AS discounted,
       round(purchase_probability(model, history, '0', 0)::numeric, 12) AS none, purchase_probability(model, history, '0', 1) AS one
FROM models, histories;
-- no probability is above 1, not by rounding either
SELECT m.id, max(purchase_probability(model, h, horizon, 0)) <= 1 AS none, max(p_alive(model, h, horizon)) <= 1 AS alive
FROM models AS m, generate_series(0, 20) AS x, generate_series(0, 60, 7) AS n, unnest(ARRAY['0', '1 second', '1 day']::interval[]) AS horizon,
     LATERAL (SELECT ROW(x, x * 10, 200 + n, 1, 1)::cv_purchase_history AS h) AS r
GROUP BY m.id ORDER BY m.id;

-- purchases of the first and of the following days add up: expectation at 100 days is that of 40 and 60 more,
-- seen for NBD through the posterior mean, for all by monotone and concave growth
SELECT m.id, bool_and(expected_purchases(model, history, '40 days') < expected_purchases(model, history, '100 days')) AS grows,
       bool_and(expected_purchases(model, history, '100 days') <= expected_purchases(model, history, '40 days') * 2.5 * (1 + 1e-12)) AS slows_down
FROM models AS m, histories GROUP BY m.id ORDER BY m.id;
SELECT bool_and(pg_temp.close(expected_purchases(model, history, '100 days'),
                              expected_purchases(model, history, '40 days') + expected_purchases(model, history, '60 days'), 1e-12)) AS nbd_is_additive
FROM models, histories WHERE family = 'nbd';

-- discounting: none is the expectation, more is less, and pieces add up
SELECT m.id, bool_and(pg_temp.close(discounted_purchases(model, history, 0, '300 days'), expected_purchases(model, history, '300 days'))) AS rate_0,
       bool_and(pg_temp.close(discounted_purchases(model, history, 1e-12, '300 days'), expected_purchases(model, history, '300 days'))) AS rate_to_0,
       bool_and(discounted_purchases(model, history, 0.2, '300 days') < discounted_purchases(model, history, 0.1, '300 days')) AS falls,
       bool_and(discounted_purchases(model, history, 0.1, '300 days')
                BETWEEN expected_purchases(model, history, '300 days') * 1.1 ^ (-300 / 365.25) AND expected_purchases(model, history, '300 days')) AS between
FROM models AS m, histories GROUP BY m.id ORDER BY m.id;

-- an integral over the expectation gives the discounted one: midpoints of 1,000 slices of half a day
SELECT m.id, h.id, pg_temp.close(min(discounted_purchases(model, history, 0.25, '500 days')), sum((upper - lower) * 1.25 ^ (-middle / 365.25)), 1e-6) AS agrees
FROM models AS m, histories AS h,
     LATERAL (SELECT (n - 0.5) * 0.5 AS middle,
                     expected_purchases(model, history, make_interval(hours => (n - 1) * 12)) AS lower,
                     expected_purchases(model, history, make_interval(hours => n * 12)) AS upper
              FROM generate_series(1, 1000) AS n) AS slices
WHERE m.id IN (1, 2, 3, 4, 6, 7) AND h.id IN (2, 4)
GROUP BY m.id, h.id ORDER BY m.id, h.id;

-- for ever is the limit of long horizons, NULL and no argument are for ever
SELECT m.id, bool_and(pg_temp.close(discounted_purchases(model, history, 0.1), discounted_purchases(model, history, 0.1, '1000 years'), 1e-9)) AS limit,
       bool_and(discounted_purchases(model, history, 0.1) >= discounted_purchases(model, history, 0.1, '20 years')) AS above,
       bool_and(discounted_purchases(model, history, 0.1) = discounted_purchases(model, history, 0.1, NULL)) AS same
FROM models AS m, histories GROUP BY m.id ORDER BY m.id;
-- a huge rate leaves almost nothing
SELECT m.id, bool_and(discounted_purchases(model, history, 1e12) < 5) AS little, bool_and(discounted_purchases(model, history, 1e12) >= 0) AS not_negative
FROM models AS m, histories GROUP BY m.id ORDER BY m.id;

-- the same model in other units predicts the same
CREATE TEMP TABLE units AS
SELECT m.id, m.model, format('{"family": "%s", "unit": "%s", "r": %s, "alpha": %s %s}', family, unit, d ->> 'r', (d ->> 'alpha')::float8 * factor,
                             CASE family WHEN 'nbd' THEN '' WHEN 'pareto/nbd' THEN format(', "s": %s, "beta": %s', d ->> 's', (d ->> 'beta')::float8 * factor)
                                         ELSE format(', "a": %s, "b": %s', d ->> 'a', d ->> 'b') END)::cv_buying_model AS other
FROM (SELECT *, model::jsonb AS d FROM models WHERE id <= 4) AS m,
     (VALUES ('1 day', 7.0::float8), ('14 days', 0.5), ('1 month', 7 / 30.0), ('1 year', 7 / 365.25)) AS u(unit, factor);
SELECT id, count(*), bool_and(pg_temp.close(p_alive(model, history), p_alive(other, history), 1e-12)) AS p_alive,
       bool_and(pg_temp.close(p_alive(model, history, '3 months'), p_alive(other, history, '3 months'), 1e-12)) AS ahead,
       bool_and(pg_temp.close(expected_purchases(model, history, '1 year'), expected_purchases(other, history, '1 year'), 1e-12)) AS expected,
       bool_and(pg_temp.close(discounted_purchases(model, history, 0.1), discounted_purchases(other, history, 0.1), 1e-11)) AS dert,
       bool_and(pg_temp.close(discounted_purchases(model, history, 0.1, '2 years'), discounted_purchases(other, history, 0.1, '2 years'), 1e-11)) AS dect,
       bool_and(pg_temp.close(purchase_probability(model, history, '90 days', 2), purchase_probability(other, history, '90 days', 2), 1e-11)) AS probability
FROM units, (SELECT history FROM histories) AS h GROUP BY id ORDER BY id;
-- but a likelihood is a density in the model's unit: days are 7 times shorter
SELECT u.id, bool_and(abs(log_likelihood(model, history) - log_likelihood(other, history) - (history).frequency * ln(7)) < 1e-9) AS shifted
FROM units AS u, histories WHERE other::text LIKE '%"1 day"%' GROUP BY u.id ORDER BY u.id;
-- the same horizon written differently
SELECT bool_and(expected_purchases(model, history, '7 days') = expected_purchases(model, history, '1 week')
                AND expected_purchases(model, history, '7 days') = expected_purchases(model, history, '168:00:00')
                AND expected_purchases(model, history, '1 year') = expected_purchases(model, history, '365 days 6 hours')
                AND expected_purchases(model, history, '1 month') = expected_purchases(model, history, '30 days')) AS same
FROM models, histories;

-- many customers in one call give what each gives alone
SELECT bool_and(together = alone) AS same, count(*)
FROM (SELECT m.id, n, p_alive(model, h) AS together,
             (SELECT p_alive(format('{"family": "%s", "unit": "7 days", "r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}', family)::cv_buying_model, h)) AS alone
      FROM models AS m, generate_series(1, 500) AS n, LATERAL (SELECT ROW(n % 20, n % 20 * 11, 250 + n % 13, NULL, NULL)::cv_purchase_history AS h) AS r
      WHERE m.id = 3) AS t;
SELECT bool_and(e = (ARRAY[e1, e2, e3])[1 + n % 3]) AS same
FROM (SELECT n, expected_purchases(CASE n % 3 WHEN 0 THEN a WHEN 1 THEN b ELSE c END, h, make_interval(days => 30 + n % 5)) AS e,
             expected_purchases(a, h, make_interval(days => 30 + n % 5)) AS e1, expected_purchases(b, h, make_interval(days => 30 + n % 5)) AS e2,
             expected_purchases(c, h, make_interval(days => 30 + n % 5)) AS e3
      FROM (SELECT max(model::text) FILTER (WHERE id = 2) AS a, max(model::text) FILTER (WHERE id = 3) AS b, max(model::text) FILTER (WHERE id = 4) AS c
            FROM models) AS t(ta, tb, tc), LATERAL (SELECT ta::cv_buying_model AS a, tb::cv_buying_model AS b, tc::cv_buying_model AS c) AS m,
           generate_series(1, 600) AS n, LATERAL (SELECT ROW(n % 7, n % 7 * 11, 250 + n % 11, NULL, NULL)::cv_purchase_history AS h) AS r) AS t;
