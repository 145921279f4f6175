-- Data that say too little: an error or a warning that tells what, never a silent NaN.
\set SHOW_CONTEXT never
SET extra_float_digits = 0;

CREATE FUNCTION pg_temp.base_of(VARIADIC histories text[]) RETURNS cv_customer_base LANGUAGE sql AS $$
SELECT customer_base(h::cv_purchase_history) FROM unnest(histories) AS h $$;

-- nobody bought again
SELECT fit_buying(pg_temp.base_of('(0,0,10,,0)', '(0,0,20,,0)', '(0,0,30,,0)'));
SELECT fit_buying(pg_temp.base_of('(0,0,10,,0)'), 'best');
SELECT fit_buying('{"log_gaps": 0, "gapless": 0, "histories": []}', 'nbd');
-- one customer
SELECT fit_buying(pg_temp.base_of('(2,5,10,7,1)'), 'pareto/nbd');
-- all histories equal, with different spend too
SELECT fit_buying(pg_temp.base_of('(2,5,10,7,1)', '(2,5,10,7,1)', '(2,5,10,7,1)'), 'best');
SELECT fit_buying(pg_temp.base_of('(2,5,10,7,1)', '(2,5,10,8,1)', '(2,5,10,,1)'), 'nbd');
-- parameters out of range
SELECT fit_buying(pg_temp.base_of('(2,5,10,7,1)', '(0,0,10,,0)'), 'weibull');
SELECT fit_buying(pg_temp.base_of('(2,5,10,7,1)', '(0,0,10,,0)'), '');
SELECT fit_buying(pg_temp.base_of('(2,5,10,7,1)', '(0,0,10,,0)'), 'BEST');
SELECT fit_buying(pg_temp.base_of('(2,5,10,7,1)', '(0,0,10,,0)'), 'gamma-gamma');
SELECT fit_buying(pg_temp.base_of('(2,5,10,7,1)', '(0,0,10,,0)'), 'nbd', '0');
SELECT fit_buying(pg_temp.base_of('(2,5,10,7,1)', '(0,0,10,,0)'), 'nbd', '-7 days');
SELECT fit_buying(pg_temp.base_of('(2,5,10,7,1)', '(0,0,10,,0)'), 'nbd', '7 days', -0.1);
SELECT fit_buying(pg_temp.base_of('(2,5,10,7,1)', '(0,0,10,,0)'), 'nbd', '7 days', 'NaN');
SELECT fit_buying(pg_temp.base_of('(2,5,10,7,1)', '(0,0,10,,0)'), 'nbd', '7 days', 'Infinity');
SELECT fit_spending(pg_temp.base_of('(2,5,10,7,1)', '(2,5,10,8,1)'), -1);
SELECT fit_spending(pg_temp.base_of('(2,5,10,7,1)', '(2,5,10,8,1)'), 'NaN');

-- a parameter that runs away: fifty who all bought four times differ less than chance would have them
CREATE TEMP TABLE alike AS SELECT customer_base(ROW(3, n, 100, 1, 1)::cv_purchase_history) AS base FROM generate_series(1, 50) AS n;
\set VERBOSITY terse
CREATE TEMP TABLE runaway AS SELECT fit_buying(base, 'nbd') AS fit FROM alike;
\set VERBOSITY default
SELECT (goodness(fit)).converged, (SELECT count(standard_error) FROM parameters(fit)) AS standard_errors, (SELECT bool_and(estimate > 1e3 AND estimate < 'Infinity') FROM parameters(fit)) AS finite,
       round(p_alive(fit, ROW(3, 50, 100, 1, 1))::numeric, 6) AS p_alive, round(expected_purchases(fit, ROW(3, 50, 100, 1, 1), '100 days')::numeric, 3) AS expected
FROM runaway;
SELECT fit::text::cv_buying_model::text = fit::text AS text FROM runaway;
-- the other families do not claim to have converged either, nor on two distinct histories, which say less than four parameters
SET client_min_messages = error;
SELECT family, (goodness(fit_buying(base, family))).converged
FROM alike, unnest(ARRAY['bg/nbd', 'mbg/nbd', 'pareto/nbd']) AS family ORDER BY family;
SELECT family, (goodness(fit_buying(base, family))).converged
FROM (SELECT customer_base(ROW(n % 2, n % 2 * 50, 100, 1, 1)::cv_purchase_history) AS base FROM generate_series(1, 50) AS n) AS b,
     unnest(ARRAY['bg/nbd', 'mbg/nbd', 'pareto/nbd']) AS family ORDER BY family;
RESET client_min_messages;
-- a penalty helps
SET client_min_messages = error;
SELECT family, (goodness(fit)).converged, round((fit::jsonb ->> 'r')::numeric, 4) AS r
FROM (SELECT family, fit_buying(base, family, '7 days', 0.001) AS fit FROM alike, unnest(ARRAY['nbd', 'mbg/nbd', 'pareto/nbd']) AS family) AS f ORDER BY family;
-- and lets best compare all families
SELECT best::jsonb ->> 'family' AS best, (goodness(best)).converged, c ->> 'family' AS family, c -> 'converged' AS converged
FROM (SELECT fit_buying(base, 'best', '7 days', 0.001) AS best FROM alike) AS b, jsonb_array_elements((goodness(best)).compared) AS c ORDER BY family;
RESET client_min_messages;

-- a family that does not suit the data ends in reasonable time as well, wherever its parameters run to
SET client_min_messages = error;
SET statement_timeout = '20s';
SELECT fit_buying(customer_base(history), 'pareto/nbd') IS NOT NULL AS ends
FROM (SELECT purchase_history(activity_log(at, amount), '2026-12-31') AS history
      FROM simulate_purchases('{"family": "bg/nbd", "unit": "7 days", "r": 0.6, "alpha": 5, "a": 0.8, "b": 2.5}',
                              '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}', 1500, '2026-12-31', '2026-01-01', '2026-06-30', 11)
      GROUP BY customer_id) AS h;
RESET statement_timeout;
RESET client_min_messages;

-- spending: nobody usable, everybody the same
SELECT fit_spending(pg_temp.base_of('(0,0,10,,0)', '(0,0,20,,0)'));
SELECT fit_spending('{"log_gaps": 0, "gapless": 0, "histories": []}');
SELECT fit_spending(pg_temp.base_of('(2,5,10,0,1)', '(2,5,10,-3,1)', '(2,5,10,,1)'));
SELECT fit_spending(pg_temp.base_of('(2,5,10,7,1)', '(2,5,11,7,1)', '(1,5,10,7,1)'));
SELECT fit_spending(pg_temp.base_of('(2,5,10,7,1)'));
-- those without positive spend are counted in a notice, and not used
SELECT (goodness(fit_spending(base))).customers
FROM (SELECT customer_base(ROW(1 + n % 3, n, 400, CASE WHEN n % 10 = 0 THEN 0 WHEN n % 11 = 0 THEN -5 WHEN n % 13 = 0 THEN NULL ELSE 10 * exp(sin(n) + sin(3 * n * n)) END, 1)::cv_purchase_history) AS base
      FROM generate_series(1, 300) AS n) AS b;
-- a spread so wide that the mean is infinite (q at most 1): a warning, and an error where the mean is asked for
CREATE TEMP TABLE wild AS
SELECT fit_spending(customer_base(ROW(1 + n % 3, n, 400, 10 * tan(n / 201.0 * 1.57079) ^ 2, 1)::cv_purchase_history)) AS fit FROM generate_series(1, 200) AS n;
SELECT (fit::jsonb ->> 'q')::float8 <= 1 AS q_below_1, (goodness(fit)).converged FROM wild;
SELECT expected_spend(fit, ROW(0, 0, 10, NULL, NULL)) FROM (SELECT jsonb_build_object('family', 'gamma-gamma', 'p', 2, 'q', 0.75, 'gamma', 8)::cv_spending_model AS fit) AS f;
SELECT expected_spend(fit, ROW(3, 5, 10, 20, NULL)) > 0 AS known FROM wild;
