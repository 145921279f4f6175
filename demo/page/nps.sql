-- The net promoter score of all segments together, the latest 36 periods, with the 95 %
-- interval of nps_interval(): adjusted Wald, 3/4 promoters, 3/4 detractors and 3/2 passives more.
SELECT period, responses, promoters, passives, detractors, 100 * (promoters - detractors) / nullif(responses, 0)::float8 AS nps,
       100 * greatest(-1, m - 1.959963984540054 * sqrt((p + d - m * m) / n)) AS low,
       100 * least(1, m + 1.959963984540054 * sqrt((p + d - m * m) / n)) AS high
FROM (SELECT period, sum(responses)::bigint AS responses, sum(promoters)::bigint AS promoters,
             sum(passives)::bigint AS passives, sum(detractors)::bigint AS detractors
      FROM nps_trend GROUP BY period ORDER BY period DESC LIMIT 36) AS latest,
     LATERAL (SELECT responses + 3::float8 AS n) AS answers,
     LATERAL (SELECT (promoters + 0.75) / n AS p, (detractors + 0.75) / n AS d) AS shares,
     LATERAL (SELECT p - d AS m) AS score
ORDER BY period;
