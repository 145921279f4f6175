-- The report: what the fitted models say of themselves.
--
-- Variables: table (calibration or models), day, as_of.

\ir layout.sql

-- Three decimals where they matter.
CREATE FUNCTION pg_temp.short(value float8) RETURNS numeric LANGUAGE sql AS $$
    SELECT CASE WHEN value < 1e5 THEN round(value::numeric, 3)
                WHEN value < 1e12 THEN round(value::numeric)
                WHEN value >= 1e12 THEN 'Infinity' END
$$;

SELECT :'table' = 'calibration' AS calibration, truth IS NOT NULL AS made_up,
       buying::jsonb ->> 'family' AS family,
       upper(buying::jsonb ->> 'family') AS family_words,
       (goodness(buying)).compared IS NOT NULL AS compared
FROM :"table", demo.source \gset

\if :calibration
\echo 'THE MODELS, FITTED TO WHAT WAS KNOWN ON' :day
\echo 'How often customers buy and when they stop (':family_words', time in weeks), and what they'
\echo 'spend on a day with a purchase (Gamma-Gamma). Narrow intervals mean well-known parameters.'
\else
\echo 'THE MODELS, FITTED TO ALL ORDERS UP TO' :day
\echo 'The same models, now told everything that is known; all that follows rests on these.'
\endif
\if :made_up
\echo 'Truth is what the shop was made with; an interval should hold it 95 times in 100.'
\endif
\echo

-- Only a shop made by the same family has a truth to compare with.
SELECT coalesce(truth, '{}') AS truth FROM demo.source \gset
SELECT 'SELECT "Model", "Parameter", "Estimate", "Std. error", "95 % from", "to"'
       || CASE WHEN :'made_up' = 't' THEN ', "Truth", "Within"' ELSE '' END
       || format($$ FROM (
    SELECT 1 AS part,
           %1$L || CASE WHEN p.name IN ('r', 'alpha') THEN ': pace of buying' ELSE ': leaving' END AS "Model", p.ordinality, p.name AS "Parameter",
           pg_temp.short(estimate) AS "Estimate", pg_temp.short(standard_error) AS "Std. error",
           pg_temp.short(low) AS "95 %% from", pg_temp.short(high) AS "to",
           CASE WHEN %4$L = %5$L THEN round((%3$L::jsonb -> 'buying' ->> p.name)::numeric, 3) END AS "Truth",
           CASE WHEN %4$L = %5$L THEN
               CASE WHEN (%3$L::jsonb -> 'buying' ->> p.name)::float8 BETWEEN low AND high THEN 'yes' ELSE 'no' END
           END AS "Within"
    FROM %2$I, parameters(buying) WITH ORDINALITY AS p
    UNION ALL
    SELECT 2, 'Gamma-Gamma: spending', p.ordinality, p.name,
           pg_temp.short(estimate), pg_temp.short(standard_error),
           pg_temp.short(low), pg_temp.short(high),
           round((%3$L::jsonb -> 'spending' ->> p.name)::numeric, 3),
           CASE WHEN (%3$L::jsonb -> 'spending' ->> p.name)::float8 BETWEEN low AND high THEN 'yes' ELSE 'no' END
    FROM %2$I, parameters(spending) WITH ORDINALITY AS p
) AS rows ORDER BY part, ordinality$$, :'family_words', :'table', :'truth', :'family',
                 coalesce(:'truth'::jsonb -> 'buying' ->> 'family', '')) \gexec

SELECT 'Buying' AS "Goodness of fit", (g).customers AS "Customers used", round((g).log_likelihood::numeric, 1) AS "Log-likelihood",
       round((g).bic::numeric, 1) AS "BIC", (g).iterations AS "Iterations",
       CASE WHEN (g).converged THEN 'yes' ELSE 'NO' END AS "Converged"
FROM (SELECT goodness(buying) AS g FROM :"table") AS fit
UNION ALL
SELECT 'Spending', (g).customers, round((g).log_likelihood::numeric, 1),
       round((g).bic::numeric, 1), (g).iterations, CASE WHEN (g).converged THEN 'yes' ELSE 'NO' END
FROM (SELECT goodness(spending) AS g FROM :"table") AS fit
ORDER BY 1;

\if :compared
SELECT upper(tried.family) AS "Families compared", round(tried.log_likelihood::numeric, 1) AS "Log-likelihood",
       round(tried.bic::numeric, 1) AS "BIC", CASE WHEN tried.converged THEN 'yes' ELSE 'NO' END AS "Converged",
       CASE WHEN tried.family = :'family' THEN '<- chosen, the lowest BIC' ELSE '' END AS " "
FROM :"table", goodness(buying) AS g,
     jsonb_to_recordset(g.compared) AS tried (family text, log_likelihood float8, bic float8, converged boolean)
ORDER BY tried.bic;
\endif

\pset tuples_only on
\pset format unaligned
\if :calibration
SELECT format('A new customer is expected to buy again %s times within a year, and spends %s on a day with a purchase.',
              to_char(expected_purchases(buying, '1 year'), 'FM999,990.0'),
              coalesce(to_char(CASE WHEN p.q > 1.0001 THEN p.p * p.gamma / (p.q - 1) END, 'FM999,999,990.00'), '(without end)'))
FROM calibration,
     LATERAL (SELECT max(estimate) FILTER (WHERE name = 'p') AS p, max(estimate) FILTER (WHERE name = 'q') AS q,
                     max(estimate) FILTER (WHERE name = 'gamma') AS gamma
              FROM parameters(spending)) AS p;
\endif
