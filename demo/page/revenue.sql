-- Where revenue came from and where it went, the latest 24 periods.
SELECT *
FROM (SELECT period, opening, new, reactivated, expansion, contraction, churned, closing, nrr, grr, logo_retention_rate, quick_ratio
      FROM revenue_retention ORDER BY period DESC LIMIT 24) AS latest
ORDER BY period;
