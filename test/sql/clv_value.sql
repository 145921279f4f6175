-- clv(): margin, spend and discounted purchases together.
\set SHOW_CONTEXT never
SET extra_float_digits = 0;

CREATE TEMP TABLE buying AS
SELECT document::jsonb ->> 'family' AS family, document::cv_buying_model AS buying
FROM (VALUES ('{"family": "nbd", "unit": "7 days", "r": 0.385, "alpha": 12.072}'),
             ('{"family": "bg/nbd", "unit": "7 days", "r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}'),
             ('{"family": "mbg/nbd", "unit": "7 days", "r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}'),
             ('{"family": "pareto/nbd", "unit": "7 days", "r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}')) AS t(document);
CREATE TEMP TABLE spending AS
SELECT '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}'::cv_spending_model AS spending;
CREATE TEMP TABLE histories AS
SELECT n AS id, ROW(frequency, recency, age, monetary, log_gaps)::cv_purchase_history AS history
FROM unnest(ARRAY[ROW(0, 0, 0, NULL, NULL), ROW(0, 0, 272, NULL, 0), ROW(1, 12, 272, 22.5, 2.5), ROW(7, 206, 272, 40, 20),
                  ROW(2, 30, 30, 0, 5), ROW(2, 30, 30, -10, 5)]::cv_purchase_history[]) WITH ORDINALITY AS t(frequency, recency, age, monetary, log_gaps, n);

SELECT family, id, round(clv(buying, spending, history)::numeric, 8) AS for_ever,
       round(clv(buying, spending, history, '1 year', 0.15, 0.3)::numeric, 8) AS one_year
FROM buying, spending, histories ORDER BY family, id;

-- margin * expected spend * discounted purchases
SELECT bool_and(abs(clv(buying, spending, history, horizon, rate, margin)
                    - margin * expected_spend(spending, history) * discounted_purchases(buying, history, rate, horizon))
                <= 1e-14 * abs(clv(buying, spending, history, horizon, rate, margin))) AS agrees, count(*)
FROM buying, spending, histories, unnest(ARRAY['1 year', '0', NULL]::interval[]) AS horizon,
     unnest(ARRAY[0.05, 0.1, 1]::float8[]) AS rate, unnest(ARRAY[1, 0.25, 0, -1]::float8[]) AS margin;

-- the defaults: for ever, 10 % a year, all of the amount
SELECT bool_and(clv(buying, spending, history) = clv(buying, spending, history, NULL, 0.10, 1)) AS same
FROM buying, spending, histories;
-- a prospect
SELECT family, round(clv(buying, spending, ROW(0, 0, 0, NULL, NULL))::numeric, 6) AS value,
       clv(buying, spending, '(0,0,0,,)') = clv(buying, spending, ROW(0, 0, 0, NULL, NULL)) AS as_text
FROM buying, spending ORDER BY family;

-- named arguments, in any order and some of them
SELECT bool_and(clv(buying => buying, spending => spending, history => history, horizon => '1 year', discount_rate => 0.15, margin => 0.3)
                = clv(buying, spending, history, '1 year', 0.15, 0.3)
                AND clv(history => history, margin => 0.3, spending => spending, buying => buying) = clv(buying, spending, history, NULL, 0.1, 0.3)
                AND clv(buying, spending, history, margin => 0.3) = clv(buying, spending, history, NULL, 0.1, 0.3)
                AND clv(buying, spending, history, discount_rate => 0.2) = clv(buying, spending, history, NULL, 0.2, 1)) AS same
FROM buying, spending, histories;

-- NULL: the horizon is for ever, anything else gives NULL, and so does a mean spend that is unknown
SELECT clv(NULL, spending, history) IS NULL AS no_buying, clv(buying, NULL, history) IS NULL AS no_spending,
       clv(buying, spending, NULL) IS NULL AS no_history, clv(buying, spending, history, NULL) IS NULL AS for_ever,
       clv(buying, spending, history, '1 year', NULL) IS NULL AS no_rate, clv(buying, spending, history, '1 year', 0.1, NULL) IS NULL AS no_margin,
       clv(buying, spending, ROW(NULL, NULL, NULL, NULL, NULL)) IS NULL AS nulls, clv(buying, spending, ROW(3, 20, 30, NULL, NULL)) IS NULL AS unknown_spend
FROM buying, spending, histories WHERE family = 'bg/nbd' AND id = 4;

-- out of range
CREATE FUNCTION pg_temp.error_of(arguments text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    EXECUTE format('SELECT clv(buying, spending, %s) FROM buying, spending WHERE family = ''pareto/nbd''', arguments);
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(hint, ''));
END $$;
SELECT arguments, pg_temp.error_of(arguments) AS error
FROM unnest(ARRAY[
    'ROW(7, 206, 272, 40, 20), ''-1 day''', 'ROW(7, 206, 272, 40, 20), ''1 year'', -0.1', 'ROW(7, 206, 272, 40, 20), ''1 year'', ''NaN''',
    'ROW(7, 206, 272, 40, 20), ''1 year'', ''Infinity''', 'ROW(7, 206, 272, 40, 20), ''1 year'', 0.1, ''NaN''',
    'ROW(7, 206, 272, 40, 20), ''1 year'', 0.1, ''Infinity''', 'ROW(7, 206, 272, 40, 20), ''1 year'', 0.1, ''-Infinity''',
    'ROW(7, 206, 272, 40, 20), NULL, 0', 'ROW(7, 206, 272, 40, 20), ''100 years'', 0',
    'ROW(-1, 0, 272, 40, 20)', 'ROW(7, 273, 272, 40, 20)', 'ROW(7, 206, 272, ''NaN'', 20)',
    'ROW(7, NULL, 272, 40, 20)']) WITH ORDINALITY AS t(arguments, n) ORDER BY n;
SELECT clv(buying, '{"family": "gamma-gamma", "p": 6.25, "q": 0.9, "gamma": 15.44}', ROW(0, 0, 0, NULL, NULL)) FROM buying WHERE family = 'nbd';

-- in a query over a table, best first; figures from orders to value in one statement
SELECT customer, round(clv(buying, spending, history, '1 year')::numeric, 4) AS clv
FROM (SELECT customer, purchase_history(activity_log(at, amount), '2026-01-31') AS history
      FROM (VALUES (1, date '2025-03-01', 20.0), (1, '2025-06-01', 30), (1, '2026-01-15', 40), (2, '2025-03-01', 20), (3, '2026-02-01', 20)) AS o(customer, at, amount)
      GROUP BY customer) AS h, buying, spending
WHERE family = 'mbg/nbd' ORDER BY clv DESC NULLS LAST, customer;
