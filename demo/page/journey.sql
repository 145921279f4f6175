-- Steps from stage to stage. Stages stand in the order of the funnel, all others together
-- behind them, so that each step goes forward, repeats a stage or leads back to an earlier one.
WITH places (stage, place) AS (
    SELECT stage, step FROM journey_funnel
    UNION ALL VALUES ('(entry)', 0), ('(exit)', 1000)
)
SELECT coalesce(f.stage, '(other)') AS from_stage, coalesce(t.stage, '(other)') AS to_stage,
       CASE sign(coalesce(t.place, 999) - coalesce(f.place, 999)) WHEN 1 THEN 'forward' WHEN 0 THEN 'again' ELSE 'back' END AS direction,
       sum(transitions)::bigint AS transitions
FROM journey_edges AS e
LEFT JOIN places AS f ON f.stage = e.from_stage
LEFT JOIN places AS t ON t.stage = e.to_stage
GROUP BY 1, 2, 3, f.place, t.place
ORDER BY coalesce(f.place, 999), coalesce(t.place, 999);
