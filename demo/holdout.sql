-- The report: the models' forecast against what happened.
--
-- Variables: calibration_end, as_of, holdout.

\ir layout.sql

SELECT :'as_of'::date - :'calibration_end'::date AS days,
       :'calibration_end'::date + 1 AS first_day,
       :'calibration_end'::date - (:'as_of'::date - :'calibration_end'::date) AS before \gset
SELECT CASE WHEN :days % 7 = 0 AND :days >= 14 THEN :days / 7 || ' weeks' ELSE :days || ' days' END AS length \gset

-- For each customer known by then: what came, what the models said, and what two simple
-- rules say, both in purchases (days with one) and in money.
CREATE TEMPORARY TABLE forecast AS
SELECT (later).frequency - (history).frequency AS purchases,
       total(log, :'first_day'::date, :'as_of'::date) AS spend,
       expected_purchases(buying, history, :'holdout') AS model_purchases,
       expected_purchases(buying, history, :'holdout') * expected_spend(spending, history) AS model_spend,
       -- repeat purchases a day since the first purchase
       coalesce((history).frequency / nullif((history).age, 0), 0) * :days AS pace_purchases,
       coalesce((history).frequency * (history).monetary / nullif((history).age, 0), 0) * :days AS pace_spend,
       -- purchases, the first one included, in a time as long before
       (history).frequency - coalesce((before).frequency, -1) AS number_purchases,
       total(log, :'before'::date + 1, :'calibration_end'::date) AS number_spend
FROM calibration,
     (SELECT log, purchase_history(log, :'before') AS before, purchase_history(log, :'calibration_end') AS history,
             purchase_history(log, :'as_of') AS later
      FROM customer_logs
      WHERE first_on(log) <= :'calibration_end') AS customers;

SELECT to_char(count(*), 'FM999,999,999,990') AS known,
       (SELECT to_char(count(*), 'FM999,999,999,990') FROM customer_logs
        WHERE first_on(log) > :'calibration_end') AS newer
FROM forecast \gset

\echo 'THE TEST: THE FORECAST FOR' :first_day 'TO' :as_of 'AGAINST WHAT CAME'
\echo 'The models above had not seen these' :length', for which they forecast the' :known 'customers known before'
\echo '(':newer' came later). Error is that of the total; the last two columns are errors of one customer.'
\echo

SELECT what AS " ", round(sum(forecast)::numeric) AS "Total",
       lpad(CASE WHEN what ~ 'came' THEN ''
                 ELSE to_char(100 * (sum(forecast) / nullif(sum(came), 0) - 1), 'FMSG999,990.0') || ' %' END, 8) AS " Error ",
       CASE WHEN what !~ 'came' THEN round(avg(abs(forecast - came))::numeric, 2) END AS "Mean abs. error",
       CASE WHEN what !~ 'came' THEN round(sqrt(avg((forecast - came) ^ 2))::numeric, 2) END AS "RMSE"
FROM forecast,
LATERAL (VALUES
    (1, 'Purchases that came', purchases, purchases),
    (2, '  the models', model_purchases, purchases),
    (3, '  same pace', pace_purchases, purchases),
    (4, '  same number', number_purchases, purchases),
    (5, 'Spend that came', spend, spend),
    (6, '  the models', model_spend, spend),
    (7, '  same pace', pace_spend, spend),
    (8, '  same number', number_spend, spend)
) AS line (place, what, forecast, came)
GROUP BY place, what
ORDER BY place;
\echo 'Same pace: everyone goes on as since the first purchase. Same number: everyone does what they did'
\echo 'in the' :length 'before. The models should have the smaller errors.'
