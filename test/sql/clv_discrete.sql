-- Buying at discrete opportunities: BG/BB, as a value, in fits and in predictions.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET extra_float_digits = 0;

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

-- the 11,104 donors of Fader, Hardie and Shang (2010), table 1: one opportunity a year for six years
CREATE TEMP TABLE donors (x integer, t_x integer, donors integer);
INSERT INTO donors VALUES (0, 0, 3464), (1, 1, 1091), (1, 2, 277), (2, 2, 613), (1, 3, 129), (2, 3, 255), (3, 3, 322), (1, 4, 78), (2, 4, 155), (3, 4, 181), (4, 4, 240),
    (1, 5, 119), (2, 5, 173), (3, 5, 225), (4, 5, 284), (5, 5, 335), (1, 6, 129), (2, 6, 234), (3, 6, 357), (4, 6, 512), (5, 6, 728), (6, 6, 1203);
CREATE TEMP TABLE histories AS SELECT x, t_x, donors, ROW(x, t_x * 365.25, 6 * 365.25, CASE WHEN x > 0 THEN 50 END, NULL)::cv_purchase_history AS h FROM donors;
CREATE TEMP TABLE base AS SELECT customer_base(h) AS base FROM histories, generate_series(1, donors);
CREATE TEMP TABLE fits AS SELECT fit_buying(base, 'bg/bb', '1 year') AS fit FROM base;
-- published: 1.204 0.750 0.657 2.783, log-likelihood -33225.6
SELECT name, round(estimate::numeric, 5) AS estimate, round(standard_error::numeric, 5) AS standard_error, round(low::numeric, 5) AS low, round(high::numeric, 5) AS high FROM fits, parameters(fit);
SELECT customers, round(log_likelihood::numeric, 4) AS log_likelihood, round(aic::numeric, 3) AS aic, round(bic::numeric, 3) AS bic, converged, compared FROM fits, goodness(fit);
SELECT abs((SELECT sum(donors * log_likelihood(fit, h)) FROM histories) - (goodness(fit)).log_likelihood) < 1e-8 AS likelihood FROM fits;
SELECT fit::text::cv_buying_model::text = fit::text AS text, fit::jsonb::cv_buying_model::text = fit::text AS jsonb FROM fits;
CREATE TEMP TABLE copied (fit cv_buying_model);
\copy (SELECT * FROM fits) TO 'results/clv_discrete.bin' WITH (FORMAT binary)
\copy copied FROM 'results/clv_discrete.bin' WITH (FORMAT binary)
SELECT c.fit::text = f.fit::text AS binary FROM fits AS f, copied AS c;

-- published parameters typed in
CREATE TEMP TABLE model AS SELECT '{"family": "bg/bb", "unit": "1 year", "alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783}'::cv_buying_model AS m;
SELECT m FROM model;
SELECT p.name, p.estimate FROM model, parameters(m) AS p;
-- ahead 0 is the last opportunity, 1 year the next; the next five bring 0.07 to 3.75 gifts
SELECT x, t_x, round(log_likelihood(m, h)::numeric, 10) AS log_likelihood, round(p_alive(m, h)::numeric, 12) AS at_6, round(p_alive(m, h, '1 year')::numeric, 12) AS at_7,
       round(expected_purchases(m, h, '5 years')::numeric, 12) AS next_5, round(discounted_purchases(m, h, 0.1, '5 years')::numeric, 10) AS discounted, round(discounted_purchases(m, h, 0.1)::numeric, 10) AS for_ever
FROM model, histories ORDER BY x, t_x;
-- the j-th opportunity ahead is discounted by 1.1^-j
SELECT x, abs(discounted_purchases(m, h, 0.1, '5 years') / (SELECT sum((expected_purchases(m, h, make_interval(years => j)) - expected_purchases(m, h, make_interval(years => j - 1))) * 1.1 ^ (-j))
           FROM generate_series(1, 5) AS j) - 1) < 1e-12 AS same
FROM model, histories WHERE t_x = 6 ORDER BY x;
-- a horizon counts its whole opportunities
SELECT horizon, round(expected_purchases(m, h, horizon)::numeric, 8) AS purchases, round(p_alive(m, h, horizon)::numeric, 8) AS p_alive, round(purchase_probability(m, h, horizon, 1)::numeric, 8) AS one
FROM model, histories, unnest('{0,364 days,1 year,729 days,2 years}'::interval[]) AS horizon WHERE x = 2 AND t_x = 4 ORDER BY horizon;
SELECT x, n, round(purchase_probability(m, h, '3 years', n)::numeric, 12) AS probability FROM model, histories, generate_series(0, 4) AS n WHERE (x, t_x) IN ((0, 0), (2, 4), (6, 6)) ORDER BY x, n;
SELECT round(min(e)::numeric, 8) AS newcomer, round(sum(n * p)::numeric, 8) AS same, round(sum(p)::numeric, 12) AS adds_up
FROM model, generate_series(0, 6) AS n, purchase_probability(m, '6 years', n) AS p, expected_purchases(m, '6 years') AS e;
SELECT abs(clv(m, '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}', h, NULL, 0.1) / (expected_spend('{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}', h) * discounted_purchases(m, h, 0.1)) - 1) < 1e-14 AS value
FROM model, histories WHERE x = 6;
SELECT discounted_purchases(m, h, 0) FROM model, histories WHERE x = 6;
-- gamma = 1 is no special case
SELECT round(expected_purchases(format('{"family": "bg/bb", "unit": "1 year", "alpha": 1, "beta": 1, "gamma": %s, "delta": 1}', g)::cv_buying_model, make_interval(years => n))::numeric, 8) AS purchases
FROM unnest('{0.999999999,1,1.000000001}'::text[]) AS g, unnest('{10,5000}'::integer[]) AS n ORDER BY n, g;

-- from dated gifts: truncated to the year, as_of too
WITH gifts(donor, at) AS (VALUES (1, date '2019-12-24'), (1, '2021-01-05'), (1, '2021-06-30'), (1, '2024-11-11'), (2, '2019-02-01'))
SELECT donor, h.frequency, h.recency, h.age, round(p_alive(m, h, '1 year')::numeric, 8) AS p_alive
FROM model, (SELECT donor, activity_log(date_trunc('year', at)::date) AS log FROM gifts GROUP BY donor) AS l, purchase_history(log, '2025-01-01') AS h ORDER BY donor;
-- as they are, these are too many: the error says so
SELECT p_alive(m, purchase_history(log, '2025-01-01'))
FROM model, (SELECT activity_log(at) AS log FROM (VALUES (date '2019-12-24'), ('2021-01-05'), ('2021-01-20'), ('2021-06-30')) AS v(at)) AS l;
SELECT fit_buying(customer_base(h), 'bg/bb', '1 year') FROM (VALUES (ROW(3, 400, 1000, 1, 1)::cv_purchase_history), (ROW(0, 0, 1000, NULL, 0)::cv_purchase_history)) AS v(h);
SELECT log_likelihood(m, (3, 400, 1000, 1, 1)::cv_purchase_history) FROM model;
-- rounded to whole opportunities, histories fall together
SELECT fit_buying(base, 'bg/bb', '1 year')::text = (SELECT fit::text FROM fits) AS same
FROM (SELECT customer_base((x, t_x * 365.25 + (n % 3 - 1) * 20 * (x > 0)::integer, 6 * 365.25 + 20 + n % 5 * 20, NULL, NULL)::cv_purchase_history) AS base FROM donors, generate_series(1, donors) AS n) AS b;
-- limits
SELECT pg_temp.error_of($$SELECT p_alive('{"family": "bg/bb", "unit": "1 second", "alpha": 1, "beta": 1, "gamma": 1, "delta": 1}', (1, 1, 30, 1, 1)::cv_purchase_history)$$);
SELECT pg_temp.error_of($$SELECT purchase_probability('{"family": "bg/bb", "unit": "1 day", "alpha": 1, "beta": 1, "gamma": 1, "delta": 1}', (1, 1, 30, 1, 1)::cv_purchase_history, '5000 years', 3)$$);
SELECT fit_buying(customer_base((0, 0, 100, NULL, NULL)::cv_purchase_history), 'bg/bb', '1 year');
-- best never takes it
SET client_min_messages = error;
SELECT fit_buying(base, 'best', '1 year')::jsonb ->> 'family' <> 'bg/bb' AS never, NOT (goodness(fit_buying(base, 'best', '1 year'))).compared @> '[{"family": "bg/bb"}]' AS nor_compared FROM base;
RESET client_min_messages;

-- simulated: nobody buys more than once a year, and the fit finds the truth
CREATE TEMP TABLE simulated AS SELECT customer_id, activity_log(at) AS log
    FROM simulate_purchases('{"family": "bg/bb", "unit": "1 year", "alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.8}', '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}', 5000, '2024-12-31', '2014-12-31', '2014-12-31', 11) GROUP BY customer_id;
SELECT count(*), max(active_days(log)) AS most, count(DISTINCT last_on(log)) AS days FROM simulated;
SELECT bool_and(t.estimate BETWEEN p.low AND p.high) AS within FROM (SELECT fit_buying(customer_base(purchase_history(log, '2024-12-31')), 'bg/bb', '1 year') AS fit FROM simulated) AS f, parameters(fit) AS p
JOIN parameters('{"family": "bg/bb", "unit": "1 year", "alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.8}'::cv_buying_model) AS t USING (name);
