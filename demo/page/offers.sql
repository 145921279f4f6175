-- What customers get and give, by offer and kind of value, all segments together.
SELECT offer, kind, sum(benefits) AS benefits, sum(costs) AS costs, sum(perceived_value) AS perceived_value, sum(responses)::bigint AS responses,
       sum(benefits) / sum(sum(responses)) OVER offer AS benefits_per_answer, sum(costs) / sum(sum(responses)) OVER offer AS costs_per_answer,
       sum(sum(benefits)) OVER offer / nullif(sum(sum(costs)) OVER offer, 0) AS value_ratio_of_offer
FROM perceived_value_by_offer
GROUP BY offer, kind
WINDOW offer AS (PARTITION BY offer)
ORDER BY offer, kind;
