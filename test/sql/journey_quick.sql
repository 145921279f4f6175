-- Journeys and funnels on their quick ways, against SQL and against their slow ways.
SET timezone = 'UTC';

-- Words of the letters a to f, one letter a minute.
CREATE TEMP TABLE words AS
SELECT n, string_agg(chr(97 + abs(hashint8(n * 100 + i)) % 6), '' ORDER BY i) AS word
FROM generate_series(1, 3000) AS n, generate_series(1, 1 + n % 9) AS i
GROUP BY n;
CREATE TEMP TABLE letters AS
SELECT n, at, substr(word, i, 1) AS letter, timestamptz '2026-01-01' + i * interval '1 minute' AS at_minute
FROM words, generate_series(1, length(word)) AS i, LATERAL (SELECT i AS at) AS place;
SELECT count(*) AS words, count(DISTINCT word) > 1000 AS differ, min(length(word)), max(length(word)) FROM words;

-- one call site: sets of stages that differ, and that are as many and as long
SELECT count(*) FILTER (WHERE reached <> CASE WHEN word ~ 'a.*b.*c' THEN 3 WHEN word ~ 'a.*b' THEN 2 WHEN word ~ 'a' THEN 1 ELSE 0 END) AS wrong,
       count(DISTINCT reached) AS depths
FROM (SELECT n, (funnel(journey_log(at_minute, letter), '{a,b,c}', '1 hour')).reached FROM letters GROUP BY n) AS funnels JOIN words USING (n);
-- steps that change from row to row at the same time
SELECT count(*) FILTER (WHERE reached <> CASE WHEN n % 2 = 0 AND word ~ 'b.*c' OR n % 2 = 1 AND word ~ 'c.*b.*a' THEN n % 2 + 2
                                              WHEN n % 2 = 1 AND word ~ 'c.*b' THEN 2
                                              WHEN n % 2 = 0 AND word ~ 'b' OR n % 2 = 1 AND word ~ 'c' THEN 1 ELSE 0 END) AS wrong,
       count(DISTINCT reached) AS depths
FROM (SELECT n, (funnel(journey_log(at_minute, letter), CASE n % 2 WHEN 0 THEN '{b,c}'::text[] ELSE '{c,b,a}' END, '1 hour')).reached
      FROM letters GROUP BY n) AS funnels JOIN words USING (n);

-- names that are long, and too many or too long to be kept at the call site
SELECT stages, length(prefix) AS longer, count(*) FILTER (WHERE reached <> 3) AS wrong
FROM (SELECT stages, prefix, n,
             (funnel(journey_log(timestamptz '2026-01-01' + i * interval '1 minute', prefix || (i + n) ORDER BY i * 7919 % 101),
                     ARRAY[prefix || (1 + n), prefix || (2 + n), prefix || (stages + n)], '1 hour')).reached
      FROM unnest(ARRAY[3, 4, 5, 9, 16, 17, 40]) AS stages, unnest(ARRAY['', 'stage ', repeat('s', 15), repeat('s', 40), repeat('s', 300)]) AS prefix,
           generate_series(1, 3) AS n, generate_series(1, stages) AS i
      GROUP BY stages, prefix, n) AS funnels
GROUP BY stages, prefix ORDER BY stages, length(prefix);

-- the row's parts are those of the chain, whatever was in the row before
SELECT count(*) FILTER (WHERE (f).entered_at IS DISTINCT FROM (f).step_times[1]
                           OR array_length((f).step_times, 1) <> 3
                           OR (SELECT count(s) FROM unnest((f).step_times) AS s) <> (f).reached
                           OR ((f).reached = 3 AND (f).step_times <> ARRAY[
                                   timestamptz '2026-01-01' + strpos(word, 'a') * interval '1 minute',
                                   timestamptz '2026-01-01' + (strpos(word, 'a') + strpos(substr(word, strpos(word, 'a') + 1), 'b')) * interval '1 minute',
                                   (f).step_times[3]])) AS wrong
FROM (SELECT n, funnel(journey_log(at_minute, letter), '{a,b,c}', '1 hour') AS f FROM letters GROUP BY n) AS funnels JOIN words USING (n);

-- window_funnel: a month is 30 days, and NULL is false, from whichever row on
SELECT count(*) FILTER (WHERE plain <> months OR plain <> mixed OR plain <> nulls) AS wrong, count(DISTINCT plain) AS depths
FROM (SELECT n, window_funnel('30 days', 'exact', at_minute, letter = 'a', letter = 'b', letter = 'c') AS plain,
             window_funnel('1 month', 'exact', at_minute, letter = 'a', letter = 'b', letter = 'c') AS months,
             window_funnel(CASE at % 2 WHEN 0 THEN interval '1 month' ELSE '720 hours' END, 'exact', at_minute, letter = 'a', letter = 'b', letter = 'c') AS mixed,
             window_funnel('30 days', 'exact', at_minute, nullif(letter = 'a', false), letter = 'b', nullif(letter = 'c', false)) AS nulls
      FROM letters GROUP BY n) AS funnels;
-- rows in any order, and of one instant
SELECT count(*) FILTER (WHERE sorted <> shuffled) AS wrong, count(*) FILTER (WHERE at_once <> chars) AS wrong_at_once
FROM (SELECT n, window_funnel('1 hour', 'exact', at_minute, letter = 'a', letter = 'b', letter = 'c' ORDER BY at_minute) AS sorted,
             window_funnel('1 hour', 'exact', at_minute, letter = 'a', letter = 'b', letter = 'c' ORDER BY hashint4(n + at)) AS shuffled,
             window_funnel('1 hour', 'exact', 'epoch', letter = 'a', letter = 'b', letter = 'c') AS at_once,
             CASE WHEN NOT bool_or(letter = 'a') THEN 0 WHEN NOT bool_or(letter = 'b') THEN 1 WHEN NOT bool_or(letter = 'c') THEN 2 ELSE 3 END AS chars
      FROM letters GROUP BY n) AS funnels;
-- sequences take their rows the same way
SELECT count(*) FILTER (WHERE met <> (word ~ 'a.*c')) AS wrong, count(*) FILTER (WHERE met) > 100 AS met
FROM (SELECT n, sequence_match('(?1).*(?2)', at_minute, letter = 'a', nullif(letter = 'c', false)) AS met FROM letters GROUP BY n) AS matches JOIN words USING (n);
