-- How far customers come on their way.
SELECT step, stage, customers, conversion_rate, step_conversion_rate, median_hours, p90_hours
FROM journey_funnel
ORDER BY step;
