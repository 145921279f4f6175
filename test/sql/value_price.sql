-- Price sensitivity and Kano surveys.
\set SHOW_CONTEXT never
SET extra_float_digits = 0;

-- five people by hand, then crossings of the curves computed in plain SQL
CREATE TEMP TABLE five (too_cheap float8, cheap float8, expensive float8, too_expensive float8);
INSERT INTO five VALUES (10, 20, 30, 40), (15, 25, 35, 45), (20, 30, 40, 50), (12, 22, 34, 44), (18, 28, 38, 48);
SELECT price_sensitivity(too_cheap, cheap, expensive, too_expensive) AS survey FROM five;
SELECT * FROM price_points((SELECT price_sensitivity(too_cheap, cheap, expensive, too_expensive) FROM five));

-- The lowest price on the broken line where share_up - share_above is not below 0; the line begins at -1 and ends at 1.
CREATE FUNCTION pg_temp.crossing(up float8[], above float8[], grid float8[]) RETURNS numeric LANGUAGE sql AS $$
    WITH curve AS (
        SELECT p, row_number() OVER w AS i, count(*) OVER () AS n,
               (SELECT count(*) FROM unnest(up) AS u WHERE u <= p) - (SELECT count(*) FROM unnest(above) AS a WHERE a > p) AS d
        FROM (SELECT DISTINCT unnest(grid) AS p) AS g WINDOW w AS (ORDER BY p)),
    pinned AS (SELECT p::numeric, i, (CASE WHEN i = 1 THEN -cardinality(up) WHEN i = n THEN cardinality(up) ELSE d END)::numeric AS d FROM curve),
    pairs AS (SELECT p, d, lag(p) OVER (ORDER BY i) AS p0, lag(d) OVER (ORDER BY i) AS d0 FROM pinned)
    SELECT min(p0 + (p - p0) * -d0 / (d - d0)) FROM pairs WHERE d0 < 0 AND d >= 0
$$;
CREATE TEMP TABLE asked AS
SELECT survey, n, 5 + r1 % 40 / 4.0 AS too_cheap, 5 + r1 % 40 / 4.0 + (r2 % 9) / 2.0 AS cheap,
       5 + r1 % 40 / 4.0 + (r2 % 9) / 2.0 + (r3 % 11) / 2.0 AS expensive, 5 + r1 % 40 / 4.0 + (r2 % 9) / 2.0 + (r3 % 11) / 2.0 + (r4 % 13) / 4.0 AS too_expensive
FROM (SELECT survey, n, ('x' || substr(h, 1, 6))::bit(24)::integer AS r1, ('x' || substr(h, 7, 6))::bit(24)::integer AS r2,
             ('x' || substr(h, 13, 6))::bit(24)::integer AS r3, ('x' || substr(h, 19, 6))::bit(24)::integer AS r4
      FROM (SELECT survey, n, md5(survey || ' ' || n) AS h FROM generate_series(1, 60) AS survey, generate_series(1, survey) AS n) AS a) AS b;
CREATE TEMP TABLE surveys AS
SELECT survey, price_sensitivity(too_cheap, cheap, expensive, too_expensive) AS s FROM asked GROUP BY survey;
SELECT count(*), count(marginal_cheapness) AS with_points, bool_and(valid + invalid = survey) AS all_counted, sum(invalid) AS invalid,
       bool_and(valid = v) AS valid_by_rule,
       bool_and(abs(marginal_cheapness - pg_temp.crossing(c, tc, g)) < 1e-12) AS marginal_cheapness,
       bool_and(abs(marginal_expensiveness - pg_temp.crossing(te, e, g)) < 1e-12) AS marginal_expensiveness,
       bool_and(abs(indifference_price - pg_temp.crossing(e, c, g)) < 1e-12) AS indifference_price,
       bool_and(abs(optimal_price - pg_temp.crossing(te, tc, g)) < 1e-12) AS optimal_price
FROM surveys, price_points(s),
     LATERAL (SELECT count(*) AS v, array_agg(too_cheap) AS tc, array_agg(cheap) AS c, array_agg(expensive) AS e, array_agg(too_expensive) AS te,
                     array_agg(too_cheap) || array_agg(cheap) || array_agg(expensive) || array_agg(too_expensive) AS g
              FROM asked AS a WHERE a.survey = surveys.survey AND too_cheap < cheap AND cheap < expensive AND expensive < too_expensive) AS plain
WHERE valid > 0;
SELECT survey, p.* FROM surveys, price_points(s) AS p WHERE valid = 0;

-- any order, any partition
SELECT bool_and(b.s::text = a.s::text) AS shuffled, bool_and(c.s::text = a.s::text) AS partitioned, bool_and(cv_price_sensitivity_send(c.s) = cv_price_sensitivity_send(a.s)) AS bytes,
       bool_and(a.s::text::cv_price_sensitivity::text = a.s::text) AS read_back
FROM surveys AS a
JOIN (SELECT survey, price_sensitivity(too_cheap, cheap, expensive, too_expensive ORDER BY md5(n::text)) AS s FROM asked GROUP BY survey) AS b USING (survey)
JOIN (SELECT survey, rollup(s ORDER BY p DESC) AS s FROM (SELECT survey, n % 5 AS p, price_sensitivity(too_cheap, cheap, expensive, too_expensive) AS s FROM asked GROUP BY 1, 2) AS p GROUP BY survey) AS c USING (survey);
SELECT (SELECT rollup(s) FROM surveys)::text = (SELECT price_sensitivity(too_cheap, cheap, expensive, too_expensive) FROM asked)::text AS rolled_up;
-- the points scale with the currency
SELECT bool_and(abs(b.optimal_price - 100 * a.optimal_price) < 1e-9) AS cents
FROM (SELECT survey, (price_points(s)).* FROM surveys) AS a
JOIN (SELECT survey, (price_points(price_sensitivity(100 * too_cheap, 100 * cheap, 100 * expensive, 100 * too_expensive))).* FROM asked GROUP BY survey) AS b USING (survey);

-- NULLs, nothing, one respondent, flat stretches
SELECT price_sensitivity(1, 2, 3, NULL) IS NULL AS a, price_sensitivity(NULL, 2, 3, 4) IS NULL AS b, price_sensitivity(1, 2, 3, 4) FILTER (WHERE false) IS NULL AS c,
       rollup(NULL::cv_price_sensitivity) IS NULL AS d, (price_points(NULL)).valid IS NULL AS e;
SELECT * FROM price_points((SELECT price_sensitivity(10, 20, 30, 40)));
SELECT * FROM price_points((SELECT price_sensitivity(10, 10, 30, 40)));
SELECT * FROM price_points((SELECT price_sensitivity(p, p + 1, p + 2, p + 3) FROM unnest(ARRAY[0, 100]) AS p));
SELECT * FROM price_points('{"invalid": 4, "prices": []}');
SELECT price_sensitivity(p, p + 1, p + 2, p + 3) OVER (ORDER BY p DESC) AS running FROM unnest(ARRAY[1, 2]) AS p;

-- out of their domain
SELECT price_sensitivity(-1, 2, 3, 4);
SELECT price_sensitivity(1, 'NaN', 3, 4);
SELECT price_sensitivity(1, 2, 'Infinity', 4);
SELECT price_sensitivity(1, 2, 3, '-Infinity');
SELECT price_sensitivity_trans(NULL, 1, 2, 3, 4);
SELECT rollup(s) FROM unnest(ARRAY['{"invalid": 9223372036854775807, "prices": []}', '{"invalid": 1, "prices": []}']::cv_price_sensitivity[]) AS s;
SELECT price_points(rollup(s)) FROM unnest(array_fill('{"invalid": 0, "prices": [[1, 4000000000000000000, 0, 0, 0], [2, 0, 4000000000000000000, 0, 0], [3, 0, 0, 4000000000000000000, 0], [4, 0, 0, 0, 4000000000000000000]]}'::cv_price_sensitivity, ARRAY[3])) AS s;

-- Gabor and Granger in plain SQL
SELECT price, round(avg((most >= price)::integer), 1) AS demand, round(price * avg((most >= price)::integer), 1) AS revenue
FROM unnest(ARRAY[5, 5, 8, 8, 10, 10, 10, 12, 12, 15]) AS most, unnest(ARRAY[5, 8, 10, 12, 15]) AS price GROUP BY price ORDER BY price;

-- Kano: the table of evaluation, from the rules in words
SELECT functional, string_agg(left(replace(category, 'one-dimensional', 'O'), 1), ' ' ORDER BY dysfunctional) AS without_1_to_5,
       bool_and(category = CASE WHEN functional = 1 AND dysfunctional = 1 OR functional = 5 AND dysfunctional = 5 THEN 'questionable'
                                WHEN functional = 1 AND dysfunctional = 5 THEN 'one-dimensional' WHEN functional = 1 THEN 'attractive'
                                WHEN dysfunctional = 1 OR functional = 5 THEN 'reverse' WHEN dysfunctional = 5 THEN 'must-be' ELSE 'indifferent' END) AS by_rule
FROM (SELECT functional, dysfunctional, (kano(kano_summary(functional, dysfunctional))).category
      FROM generate_series(1, 5) AS functional, generate_series(1, 5) AS dysfunctional GROUP BY 1, 2) AS k GROUP BY functional ORDER BY functional;
-- skis (Sauerwein et al. 1996, as commonly cited), thousandths of the respondents
SELECT feature, category, round(better::numeric, 4) AS better, round(worse::numeric, 4) AS worse, attractive, one_dimensional, must_be, indifferent, reverse, questionable
FROM (VALUES ('edge grip', '{"counts": [70, 323, 493, 95, 3, 15]}'::cv_kano_summary), ('ease of turn', '{"counts": [104, 451, 305, 115, 12, 12]}'), ('service', '{"counts": [638, 216, 29, 85, 7, 24]}')) AS v(feature, s), kano(s);
-- ties, and nobody
SELECT s, category, better, worse FROM unnest(ARRAY['{"counts": [3, 3, 3, 3, 3, 3]}', '{"counts": [3, 3, 0, 3, 3, 3]}', '{"counts": [3, 0, 0, 3, 3, 3]}', '{"counts": [0, 0, 0, 3, 3, 3]}',
    '{"counts": [0, 0, 0, 0, 3, 3]}', '{"counts": [0, 0, 0, 0, 0, 3]}', '{"counts": [0, 0, 0, 0, 0, 0]}', '{"counts": [4, 0, 0, 1, 9, 0]}', '{"counts": [1, 2, 2, 0, 0, 0]}']::cv_kano_summary[]) AS s, kano(s);
SELECT kano_summary(NULL, 1) IS NULL AS a, kano_summary(1, NULL) IS NULL AS b, kano_summary(1, 1) FILTER (WHERE false) IS NULL AS c, rollup(NULL::cv_kano_summary) IS NULL AS d, (kano(NULL)).category IS NULL AS e;
SELECT a.s::text = b.s::text AS partitioned, a.s FROM (SELECT kano_summary(1 + n % 5, 1 + n / 7 % 5) AS s FROM generate_series(1, 1000) AS n) AS a,
     (SELECT rollup(s) AS s FROM (SELECT kano_summary(1 + n % 5, 1 + n / 7 % 5) AS s FROM generate_series(1, 1000) AS n GROUP BY n % 13) AS p) AS b;
SELECT kano_summary(0, 1);
SELECT kano_summary(1, 6);
SELECT kano_summary_trans(NULL, 1, 1);
SELECT rollup(s) FROM unnest(ARRAY['{"counts": [9223372036854775807, 0, 0, 0, 0, 0]}', '{"counts": [1, 0, 0, 0, 0, 0]}']::cv_kano_summary[]) AS s;
