-- Ranking: AUC, Gini, lift, gains; ties share evenly.
\set SHOW_CONTEXT never
SET extra_float_digits = 0;

CREATE TEMP TABLE ten AS SELECT ranking_summary(score, outcome) AS s
FROM unnest(ARRAY[.9, .8, .7, .6, .5, .4, .3, .2, .1, .05], ARRAY[1, 1, 0, 1, 0, 0, 1, 0, 0, 0]) AS t(score, outcome);
SELECT auc(s), gini(s), lift(s, 0.1), lift(s, 0.3), lift(s, 1) FROM ten;
SELECT g.* FROM ten, gains(s) AS g;
SELECT g.* FROM ten, gains(s, 4) AS g;

-- ties: three customers of one score share its two buyers; a fraction may end within a customer
SELECT g.*, auc(s), gini(s) FROM (SELECT ranking_summary(score, outcome) AS s FROM (VALUES (3, 1), (2, 1), (2, 1), (2, 0), (1, 0)) AS v(score, outcome)) AS t, gains(s, 5) AS g;
SELECT auc(s), gini(s), lift(s, 0.01), lift(s, 0.37) FROM (SELECT ranking_summary(7, n % 2) AS s FROM generate_series(1, 100) AS n) AS t;
SELECT auc(s) AS best, gini(s), lift(s, 0.25) FROM (SELECT ranking_summary(n, (n > 75)::integer) AS s FROM generate_series(1, 100) AS n) AS t;
SELECT auc(s) AS worst, gini(s), lift(s, 0.25) FROM (SELECT ranking_summary(-n, (n > 75)::integer) AS s FROM generate_series(1, 100) AS n) AS t;

-- amounts: concentration, the best ranking, and one between
SELECT gini(s) AS itself, lift(s, 0.2) AS top_fifth,
       (SELECT round(sum(share_of_outcome + previous)::numeric / 5 - 1, 6)
        FROM (SELECT share_of_outcome, coalesce(lag(share_of_outcome) OVER (ORDER BY fraction), 0) AS previous FROM gains(s, 5)) AS g) AS concentration
FROM (SELECT ranking_summary(amount, amount) AS s FROM unnest(ARRAY[10, 20, 30, 40, 100]) AS amount) AS t;
SELECT round(gini(s)::numeric, 6) AS gini, lift(s, 0.4) FROM (SELECT ranking_summary(score, amount) AS s FROM (VALUES (5, 40), (4, 100), (3, 30), (2, 10), (1, 20)) AS v(score, amount)) AS t;

-- against plain SQL
CREATE TEMP TABLE ranked AS
SELECT n % 3 AS g, (('x' || substr(md5(n::text), 1, 4))::bit(16)::integer % 25) / 8.0::float8 AS score, (('x' || substr(md5(n::text), 5, 4))::bit(16)::integer % 4 = 0)::integer AS bought,
       (('x' || substr(md5(n::text), 9, 4))::bit(16)::integer % 50) / 4.0::float8 AS spent FROM generate_series(1, 450) AS n;
SELECT g, abs(auc(s) - mann_whitney) < 1e-12 AS auc, abs(gini(s) - 2 * mann_whitney + 1) < 1e-12 AS gini
FROM (SELECT g, ranking_summary(score, bought) AS s FROM ranked GROUP BY g) AS t
JOIN (SELECT a.g, avg(CASE WHEN a.score > b.score THEN 1 WHEN a.score = b.score THEN 0.5 ELSE 0 END)::float8 AS mann_whitney
      FROM ranked AS a JOIN ranked AS b ON a.g = b.g AND a.bought = 1 AND b.bought = 0 GROUP BY a.g) AS m USING (g) ORDER BY g;
-- every customer of a score in the mean place of that score's customers
WITH spread AS (
    SELECT g, row_number() OVER (PARTITION BY g ORDER BY score DESC) AS place, count(*) OVER (PARTITION BY g) AS n, avg(spent) OVER (PARTITION BY g, score) AS spent FROM ranked)
SELECT t.g, count(*), bool_and(abs(c.share_of_outcome - (SELECT sum(spent * greatest(0, least(1, c.fraction * n - place + 1))) / sum(spent) FROM spread WHERE spread.g = t.g)) < 1e-12) AS gains,
       bool_and(abs(c.lift - lift(s, c.fraction)) < 1e-12 AND abs(c.lift * c.fraction - c.share_of_outcome) < 1e-12) AS lift
FROM (SELECT g, ranking_summary(score, spent) AS s FROM ranked GROUP BY g) AS t, gains(s, 37) AS c GROUP BY t.g ORDER BY t.g;
-- the Gini of amounts by trapezoids, relative to that of the perfect ranking
SELECT g, abs(gini(s) - a.area / p.area) < 1e-12 AS gini
FROM (SELECT g, ranking_summary(score, spent) AS s, ranking_summary(spent, spent) AS perfect FROM ranked GROUP BY g) AS t,
     LATERAL (SELECT sum(share_of_outcome + coalesce(previous, 0)) / 150 - 1 AS area FROM (SELECT share_of_outcome, lag(share_of_outcome) OVER (ORDER BY fraction) AS previous FROM gains(s, 150)) AS x) AS a,
     LATERAL (SELECT sum(share_of_outcome + coalesce(previous, 0)) / 150 - 1 AS area FROM (SELECT share_of_outcome, lag(share_of_outcome) OVER (ORDER BY fraction) AS previous FROM gains(perfect, 150)) AS x) AS p ORDER BY g;
-- a score counts by its order only
SELECT g, auc(a) = auc(b) AS same, (SELECT array_agg(lift ORDER BY fraction) FROM gains(a)) = (SELECT array_agg(lift ORDER BY fraction) FROM gains(b)) AS same_gains
FROM (SELECT g, ranking_summary(score, bought) AS a, ranking_summary(exp(score) * 1e6 - 5, bought) AS b FROM ranked GROUP BY g) AS t ORDER BY g;

-- nothing to tell
SELECT auc(s) IS NULL AS auc, gini(s) IS NULL AS gini, lift(s, 0.5) IS NULL AS lift, (SELECT count(share_of_outcome) FROM gains(s)) AS shares, (SELECT count(*) FROM gains(s)) AS rows
FROM (VALUES ('[]'::cv_ranking_summary), ('[[1, 0, 5]]')) AS v(s);
-- gains and losses that cancel have no shares, but can be ranked
SELECT lift(s, 0.5) IS NULL AS lift, (SELECT count(share_of_outcome) FROM gains(s)) AS shares, gini(s) FROM (VALUES ('[[1, -3, 1], [2, 3, 1]]'::cv_ranking_summary)) AS v(s);
SELECT auc(s) IS NULL AS auc, gini(s) IS NULL AS gini, lift(s, 0.5) FROM (VALUES ('[[1, 1, 5]]'::cv_ranking_summary)) AS v(s);
SELECT gini(s) IS NULL AS gini, lift(s, 0.5) FROM (VALUES ('[[1, 7, 5], [2, 7, 5]]'::cv_ranking_summary)) AS v(s);
SELECT ranking_summary(NULL, 1) IS NULL AS a, ranking_summary(1, NULL) IS NULL AS b, ranking_summary(1, 1) FILTER (WHERE false) IS NULL AS c, rollup(NULL::cv_ranking_summary) IS NULL AS d;
SELECT ranking_summary(score, outcome) FROM (VALUES (1::float8, 1::float8), (NULL, 1), (1, NULL), (1, 1), ('-0', 0), (0, '-0'), (-1e300, 2.5)) AS v(score, outcome);

SELECT ranking_summary('NaN', 1);
SELECT ranking_summary('Infinity', 1);
SELECT ranking_summary(1, 'NaN');
SELECT ranking_summary(1, 1e201);
SELECT auc('[[1, 0, 5], [2, 25.5, 1]]');
SELECT lift('[]', 0);
SELECT lift('[]', 1.01);
SELECT lift('[]', 'NaN');
SELECT gains('[]', 0);
SELECT gains('[]', 10001);
SELECT ranking_summary_trans(NULL, 1, 1);
