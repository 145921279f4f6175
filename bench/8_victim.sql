-- Fits ten times, each in a statement of its own, with pauses.

SELECT format('SELECT fit_buying(base, ''pareto/nbd'') FROM bases WHERE won = ''3 years'' -- %s', i), 'SELECT pg_sleep(0.1)'
FROM generate_series(1, 10) AS i
\gexec
