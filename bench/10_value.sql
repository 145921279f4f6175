-- Part 10: perceived value, conjoint fits, surveys.

INSERT INTO parts VALUES (10, 'Value',
    'Aggregates over rows of a table against built-in ones over the same rows; ratios are of CPU time (wall time in brackets). '
    'Then conjoint fits alone, on stored data: of the size of the yogurt panel (2,412 choices among four, 100 households, five '
    'parameters, clustered) and of a hundred times as many. R survival''s clogit took 170 ms for that panel, measured on another day.',
    '{work, CPU, compared with, CPU, ratio}');

CREATE FUNCTION bench_draw(key bigint) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT ((hashint8extended(key, 7) & 2147483647) + 0.5) / 2147483648.0 $$;

-- four alternatives a set, 24 sets a household
CREATE TABLE panel AS
SELECT choice_set, choice_set / 24 AS household, brand, price, feature, utility = max(utility) OVER (PARTITION BY choice_set) AS chosen,
       jsonb_build_object('brand', 'brand ' || brand, 'price', price, 'feature', feature) AS attributes
FROM (SELECT *, (ARRAY[0, -1.5, -0.6, 0.7])[brand] - 0.37 * price + 0.49 * feature - ln(-ln(bench_draw(choice_set * 64 + brand))) AS utility
      FROM (SELECT choice_set, brand, 4 + floor(80 * bench_draw(choice_set * 64 + 8 + brand)) / 10 AS price, (bench_draw(choice_set * 64 + 16 + brand) < 0.1)::integer AS feature
            FROM generate_series(0::bigint, least(241199, :rows / 4)) AS choice_set, generate_series(1, 4) AS brand) AS offers) AS felt;
CREATE TABLE value_answers AS
SELECT n % 100 AS offer, (1 + floor(10 * bench_draw(n)))::float8 AS score, 0.1::float8 + n % 7 AS weight, n % 3 = 0 AS is_cost, 1 + (n % 5)::integer AS functional, 1 + (n / 5 % 5)::integer AS dysfunctional,
       5 + floor(20 * bench_draw(n + 1)) AS price
FROM generate_series(1::bigint, least(2000000, :rows)) AS n;
VACUUM (FREEZE, ANALYZE) panel, value_answers;

SELECT compare(10, 'two sums with FILTER', 'SELECT offer, sum(weight * score) FILTER (WHERE NOT is_cost) - sum(weight * score) FILTER (WHERE is_cost) FROM value_answers GROUP BY offer',
    ARRAY['`perceived_value` of each of 100 offers'], ARRAY['SELECT offer, perceived_value(score, weight, is_cost) FROM value_answers GROUP BY offer'], ARRAY[NULL::float8]);
SELECT compare(10, 'six counts with FILTER', $$SELECT offer, count(*) FILTER (WHERE functional = 1 AND dysfunctional BETWEEN 2 AND 4), count(*) FILTER (WHERE functional = 1 AND dysfunctional = 5),
        count(*) FILTER (WHERE functional BETWEEN 2 AND 4 AND dysfunctional = 5), count(*) FILTER (WHERE functional BETWEEN 2 AND 4 AND dysfunctional BETWEEN 2 AND 4),
        count(*) FILTER (WHERE functional > 1 AND dysfunctional = 1 OR functional = 5 AND dysfunctional < 5), count(*) FILTER (WHERE functional = 1 AND dysfunctional = 1 OR functional = 5 AND dysfunctional = 5) FROM value_answers GROUP BY offer$$,
    ARRAY['`kano_summary` of each of 100 features'], ARRAY['SELECT offer, kano_summary(functional, dysfunctional) FROM value_answers GROUP BY offer'], ARRAY[NULL::float8]);
SELECT compare(10, 'four `percentile_cont`', $$SELECT offer, percentile_cont(0.5) WITHIN GROUP (ORDER BY price), percentile_cont(0.5) WITHIN GROUP (ORDER BY price + 3), percentile_cont(0.5) WITHIN GROUP (ORDER BY price + 7),
        percentile_cont(0.5) WITHIN GROUP (ORDER BY price + 9) FROM value_answers GROUP BY offer$$,
    ARRAY['`price_points` of each of 100 surveys'], ARRAY['SELECT offer, price_points(price_sensitivity(price, price + 3, price + 7, price + 9)) FROM value_answers GROUP BY offer'], ARRAY[NULL::float8]);
SELECT compare(10, '`jsonb_agg(attributes)`', 'SELECT length(jsonb_agg(attributes)::text) FROM panel',
    ARRAY['`choice_data` over ' || thousands(count(*)) || ' alternatives', '`rating_data` over as many ratings'],
    ARRAY['SELECT choice_data(choice_set, chosen, attributes, household) FROM panel', 'SELECT rating_data(price, attributes - ''price'', household) FROM panel'], ARRAY[NULL, NULL]::float8[]) FROM panel;

CREATE TABLE stored AS
SELECT 'panel' AS size, choice_data(choice_set, chosen, attributes, household) AS choices, rating_data(10 - price + feature, attributes - 'price', household) AS ratings FROM panel WHERE choice_set < 2412
UNION ALL SELECT 'many', choice_data(choice_set, chosen, attributes, household), rating_data(10 - price + feature, attributes - 'price', household) FROM panel;

CREATE FUNCTION measure_conjoint(work text, statement text, target float8) RETURNS void LANGUAGE plpgsql AS
$$
DECLARE
    took timing := (alternate(ARRAY[statement], '{"{}"}'))[1];
BEGIN
    PERFORM report(10, ARRAY[work, format('%s (%s)', duration(took.seconds), duration(took.wall)), '', '', ''], '≤ ' || duration(target), took.seconds <= target);
END
$$;
SELECT measure_conjoint('`fit_choice`, 2,412 choices', 'SELECT fit_choice(choices) FROM stored WHERE size = ''panel''', 0.02);
SELECT measure_conjoint('`fit_choice`, ' || thousands(count(*) / 4) || ' choices', 'SELECT fit_choice(choices) FROM stored WHERE size = ''many''', NULL) FROM panel;
SELECT measure_conjoint('`fit_rating`, 9,648 ratings', 'SELECT fit_rating(ratings) FROM stored WHERE size = ''panel''', 0.02);
SELECT measure_conjoint('`fit_rating`, ' || thousands(count(*)) || ' ratings', 'SELECT fit_rating(ratings) FROM stored WHERE size = ''many''', NULL) FROM panel;
CREATE TABLE fitted AS SELECT fit_choice(choices) AS model FROM stored WHERE size = 'panel';
SELECT compare(10, '`attributes ->> ''price''`', 'SELECT count(attributes ->> ''price'') FROM panel',
    ARRAY['`utility` of ' || thousands(count(*)) || ' offers'], ARRAY['SELECT sum(utility(model, attributes)) FROM panel, fitted'], ARRAY[NULL::float8]) FROM panel;
