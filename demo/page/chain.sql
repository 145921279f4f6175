-- The value chain, stage by stage.
SELECT stage_number, stage, customers_reached, conversion_rate, median_days, satisfaction, cost, value_at_stake, weakest_link
FROM value_chain
ORDER BY stage_number;
