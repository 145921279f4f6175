-- The days of the question, a line each: as_of; the last day of the calibration period
-- (empty without a test); how long the test is, as an interval; why there is no test.
--
-- Variables: as_of, holdout (or none), horizon.

SELECT count(*) = 0 AS no_orders FROM orders \gset
\if :no_orders
DO $$ BEGIN RAISE EXCEPTION 'no orders are left: see --as-of, and whether the rows have a customer, a date and an amount'; END $$;
\endif

SELECT coalesce(nullif(:'as_of', '')::date, max(ordered_on)) AS as_of,
       min(ordered_on) AS first_day,
       coalesce(nullif(:'as_of', '')::date, max(ordered_on)) - min(ordered_on) AS days
FROM orders \gset

-- A third of the period, in whole weeks if there are enough of them.
SELECT coalesce((
           CASE WHEN :'holdout' <> '' THEN :'as_of'::date - (:'as_of'::date - nullif(:'holdout', '')::interval)::date
            WHEN :days >= 84 THEN :days / 21 * 7
            WHEN :days >= 28 THEN :days / 3 END)::text, '') AS holdout_days \gset

SELECT :'holdout_days' = '' AS short \gset
\if :short
SELECT :'as_of', '', '',
       CASE :days WHEN 0 THEN 'All orders are of one day' ELSE format('All orders lie within %s days', :days + 1) END
       || ', too short a time to keep some of it back.';
\else
SELECT :holdout_days >= :days AS too_long, :holdout_days < 1 AS too_short \gset
\if :too_long
\set message 'the orders span ' :days ' days, and --holdout leaves no day of them to learn from'
\endif
\if :too_short
\set message '--holdout must be a day or longer'
\endif
\if :{?message}
SELECT set_config('demo.message', :'message', false) \g /dev/null
DO $$ BEGIN RAISE EXCEPTION '%', current_setting('demo.message'); END $$;
\endif
SELECT :'as_of', :'as_of'::date - :holdout_days, make_interval(days => :holdout_days), '';
\endif
