-- Predictions against figures computed to 40 digits from the defining integrals, at published
-- parameters. Times in the tables are weeks. Each comparison allows a relative error of 1e-9.
SET extra_float_digits = 0;
SET client_min_messages = warning;

CREATE FUNCTION pg_temp.weeks(x integer, t_x float8, t float8) RETURNS cv_purchase_history LANGUAGE sql AS $$
SELECT ROW(x, t_x * 7, t * 7, NULL, NULL)::cv_purchase_history $$;
-- the annual rate of a continuous weekly one
CREATE FUNCTION pg_temp.annual(delta float8) RETURNS float8 LANGUAGE sql AS $$
SELECT exp(delta * 365.25 / 7) - 1 $$;
CREATE FUNCTION pg_temp.agrees(value float8, expected float8) RETURNS boolean LANGUAGE sql AS $$
SELECT abs(value / expected - 1) < 1e-9 $$;

CREATE TEMP TABLE models AS
SELECT document::jsonb ->> 'family' AS family, document::cv_buying_model AS model
FROM (VALUES ('{"family": "bg/nbd", "unit": "7 days", "r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}'),
             ('{"family": "mbg/nbd", "unit": "7 days", "r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}'),
             ('{"family": "pareto/nbd", "unit": "7 days", "r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}')) AS t(document);

CREATE TEMP TABLE goldens (family text, x integer, t_x float8, t float8, log_likelihood float8, alive float8,
                           next_39 float8, next_52 float8, dert float8);
INSERT INTO goldens VALUES
    ('bg/nbd', 0, 0, 38.86, -.554713276438158, 1, .195098052011263, .252073022282459, 1.01570193111807),
    ('bg/nbd', 1, 1.71, 38.86, -4.46909327503259, .212100985377379, .203186987079754, .259823464868622, .915002575130585),
    ('bg/nbd', 7, 29.43, 38.86, -21.8632762714635, .641756345946107, 3.33705327485142, 4.19885558492504, 12.6706578178048),
    ('bg/nbd', 1000, 99, 100, 1254.20381244714, .0769418126953938, 25.2509774769832, 32.4501812184399, 116.297893278829),
    ('mbg/nbd', 0, 0, 38.86, -.539837463531015, .389735080918763, .154012746675147, .197705817416372, .722836338286835),
    ('mbg/nbd', 1, 1.71, 38.86, -4.46036061258432, .170836484310408, .188836541364343, .240131944734252, .782062340308414),
    ('mbg/nbd', 7, 29.43, 38.86, -21.7765222489039, .622723814169112, 3.16757243229869, 3.96473440618357, 11.152631406391),
    ('mbg/nbd', 1000, 99, 100, 1238.43305574931, .0799873243258114, 25.4737482355203, 32.6119751452787, 109.863752308377),
    ('pareto/nbd', 0, 0, 38.86, -.52104629408089, .295286604616894, .107081468215309, .136201005923905, .477136229032195),
    ('pareto/nbd', 1, 1.71, 38.86, -4.45019433388101, .168002326724345, .171092980553783, .217619691309134, .762360293670683),
    ('pareto/nbd', 7, 29.43, 38.86, -21.5946432181126, .749501407667034, 3.71225138047054, 4.72175419976366, 16.541140632624),
    ('pareto/nbd', 1000, 99, 100, 1202.02458558416, .15773047882235, 50.6714689526626, 65.7583597481625, 274.410737213876),
    ('pareto/nbd', 5, 39, 39, -17.6931925064284, 1, 3.63265698949407, 4.6208891767175, 16.1973796054428);

SELECT family, x, t_x, t,
       round(log_likelihood(model, h)::numeric, 8) AS log_likelihood,
       round(p_alive(model, h)::numeric, 10) AS p_alive,
       round(expected_purchases(model, h, '39 weeks')::numeric, 8) AS next_39,
       round(discounted_purchases(model, h, pg_temp.annual(.0027))::numeric, 7) AS dert
FROM (SELECT family, x, t_x, t, model, pg_temp.weeks(x, t_x, t) AS h FROM goldens JOIN models USING (family)) AS g
ORDER BY family, x, t_x, t;
SELECT family, x, t_x, t,
       pg_temp.agrees(log_likelihood(model, h), g.log_likelihood) AS log_likelihood,
       pg_temp.agrees(p_alive(model, h), alive) AS p_alive,
       pg_temp.agrees(expected_purchases(model, h, '39 weeks'), next_39) AS next_39,
       pg_temp.agrees(expected_purchases(model, h, '52 weeks'), next_52) AS next_52,
       pg_temp.agrees(discounted_purchases(model, h, pg_temp.annual(.0027)), dert) AS dert
FROM (SELECT g.*, model, pg_temp.weeks(x, t_x, t) AS h FROM goldens AS g JOIN models USING (family)) AS g
ORDER BY family, x, t_x, t;

-- a thousand purchases long ago: finite, and next to nothing to come
SELECT family, pg_temp.agrees(log_likelihood(model, h), e.log_likelihood) AS log_likelihood,
       p_alive(model, h) BETWEEN 0 AND 1e-300 AS dead,
       expected_purchases(model, h, '39 weeks') BETWEEN 0 AND 1e-300 AS next_39,
       expected_purchases(model, h, '52 weeks') BETWEEN 0 AND 1e-300 AS next_52,
       discounted_purchases(model, h, pg_temp.annual(.0027)) BETWEEN 0 AND 1e-300 AS dert,
       purchase_probability(model, h, '39 weeks', 0) AS none
FROM (VALUES ('bg/nbd', 3225.14298368282), ('pareto/nbd', 2876.13846061163)) AS e(family, log_likelihood)
JOIN models USING (family), pg_temp.weeks(1000, 10, 100) AS h
ORDER BY family;

-- parameters at which other implementations end in NaN: a + b < 1, a = 1, s = 1
SELECT pg_temp.agrees(expected_purchases('{"family": "bg/nbd", "unit": "7 days", "r": 0.11, "alpha": 2.24, "a": 0.31, "b": 0.5}'::cv_buying_model,
                                         pg_temp.weeks(0, 0, 1), '30 weeks'), .564588615532785) AS a_plus_b_below_1;
SELECT pg_temp.agrees(expected_purchases(model, pg_temp.weeks(0, 0, 30), '39 weeks'), .448336875287529) AS a_is_1,
       pg_temp.agrees(expected_purchases(model, pg_temp.weeks(3, 20, 30), '39 weeks'), 1.57111554261585) AS a_is_1_too
FROM (SELECT '{"family": "bg/nbd", "unit": "7 days", "r": 0.5, "alpha": 5, "a": 1, "b": 2}'::cv_buying_model AS model) AS m;
SELECT pg_temp.agrees(expected_purchases(model, pg_temp.weeks(0, 0, 30), '39 weeks'), .0484494421380408) AS s_is_1,
       pg_temp.agrees(expected_purchases(model, pg_temp.weeks(3, 20, 30), '39 weeks'), 1.57922393438779) AS s_is_1_too,
       pg_temp.agrees(log_likelihood(model, pg_temp.weeks(3, 20, 30)), -12.0382972166108) AS log_likelihood
FROM (SELECT '{"family": "pareto/nbd", "unit": "7 days", "r": 0.5, "alpha": 5, "s": 1, "beta": 8}'::cv_buying_model AS model) AS m;

-- probabilities of a new customer's purchases, bg/nbd
SELECT weeks, n, round(purchase_probability(model, make_interval(weeks => weeks), n)::numeric, 14) AS probability,
       pg_temp.agrees(purchase_probability(model, make_interval(weeks => weeks), n), expected) AS agrees
FROM models, (VALUES (39, 0, .573786352096), (2, 10, 1.07868964036e-07),
    (30, 11, .00199952144748), (30, 12, .00151702362996), (30, 13, .00116331500666), (30, 14, .000900314789644),
    (30, 15, .000702363765887), (30, 16, .000551790242649), (30, 17, .000436191280898), (30, 18, .000346717139624),
    (30, 19, .00027696126484), (30, 20, .000222226048007)) AS e(weeks, n, expected)
WHERE family = 'bg/nbd' ORDER BY weeks, n;

-- a new customer's expected purchases, bg/nbd
SELECT weeks, round(expected_purchases(model, make_interval(secs => weeks * 604800))::numeric, 10) AS expected_purchases,
       pg_temp.agrees(expected_purchases(model, make_interval(secs => weeks * 604800)), expected) AS agrees
FROM models, (VALUES (.1429, .00782834751607), (1, .0532678911717), (3, .150865230893), (31.8571, 1.04199606085),
                     (32, 1.04524332837), (78, 1.86051905794)) AS e(weeks, expected)
WHERE family = 'bg/nbd' ORDER BY weeks;
-- those printed in the literature, at the parameters of a fit
SELECT weeks, abs(expected_purchases('{"family": "bg/nbd", "unit": "7 days", "r": 0.242594522, "alpha": 4.41360202, "a": 0.792922017, "b": 2.42590677}',
                                     make_interval(secs => weeks * 604800)) - expected) < 1e-4 AS agrees
FROM (VALUES (.1429, .0078), (1, .0532), (3, .1506), (31.8571, 1.0405), (32, 1.0437)) AS e(weeks, expected)
ORDER BY weeks;
