-- The report, in Markdown.
--
-- Variables: load, seconds, processor, cores.

SELECT format($$# Measurements

Written by `bench/run`; [README.md](README.md) says what is measured and how to read it.

| | |
|---|---|
| machine | %s cores, %s |
| date | %s |
| PostgreSQL | %s |
| before the run | %s |
| the run took | %s s |

%s of %s targets met.$$,
    :'cores', :'processor', to_char(now(), 'YYYY-MM-DD'), current_setting('server_version'),
    :'load', :'seconds', count(*) FILTER (WHERE met), count(met))
FROM figures;

SELECT format(E'\n## %s. %s\n\n%s\n\nBefore this part: %s.\n\n| %s | target | met |\n|%s---|---|\n%s',
              part, title, words, load, array_to_string(columns, ' | '), repeat('---|', cardinality(columns)),
              (SELECT string_agg(format('| %s | %s | %s |', array_to_string(cells, ' | ', ''), target,
                                        CASE WHEN met THEN 'yes' WHEN NOT met THEN '**no**' END),
                                 E'\n' ORDER BY place)
               FROM figures WHERE figures.part = parts.part))
FROM parts
ORDER BY part;

SELECT $$
## For orientation: other systems

These figures were not measured by this run. They come from one earlier measurement on a
two-core machine, in seconds of one process, with summaries already made, at 1,000,000
customers of the same simulated kind. Compare orders of magnitude, not digits.

| task | lifetimes (Python) | CLVTools (R) | BTYD, BTYDplus (R) |
|---|---|---|---|
| event log (2.55 M events) to summaries | 2.6 | 11.3 | 29 |
| fit BG/NBD | 7.8 | fails | 60 |
| fit MBG/NBD | 8.2 | | 40 |
| fit Pareto/NBD | 26 at 100,000 | 33.5 | 98 at 100,000 |
| fit Gamma-Gamma | 1.7 | 3.7 | |
| P(alive) and expectation for all | 0.5 | | |
| CLV for all | 6.6 | 0.7 (Pareto/NBD) | |
| the whole way, export included | about 20 | about 51 | |$$;
