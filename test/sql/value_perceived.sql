-- Perceived value, relative value, economic value, the value stick.
\set SHOW_CONTEXT never
SET extra_float_digits = 0;

-- the tractor (Kotler and Keller): worth 20,000 to the buyer, 14,000 to make
SELECT price, perceived_value(20000, price) AS buyer, perceived_value(price, 14000) AS firm,
       perceived_value(20000, price) + perceived_value(price, 14000) AS total
FROM unnest(ARRAY[19000, 16000]) AS price;

-- benefits and costs by kind
CREATE TEMP TABLE ratings (offer text, kind text, attribute text, is_cost boolean, weight float8, score float8, respondent integer);
INSERT INTO ratings VALUES
    ('own', 'functional', 'quality', false, 0.4, 8, 1), ('own', 'functional', 'features', false, 0.2, 7, 1),
    ('own', 'experiential', 'joy', false, 0.3, 9, 1), ('own', 'symbolic', 'image', false, 0.1, 6, 1),
    ('own', 'cost', 'price', true, 0.7, 5, 1), ('own', 'cost', 'effort', true, 0.3, 2, 1),
    ('rival', 'functional', 'quality', false, 0.4, 6, 1), ('rival', 'functional', 'features', false, 0.2, 8, 1),
    ('rival', 'experiential', 'joy', false, 0.3, 5, 1), ('rival', 'symbolic', 'image', false, 0.1, 9, 1),
    ('rival', 'cost', 'price', true, 0.7, 3, 1), ('rival', 'cost', 'effort', true, 0.3, 4, 1);
SELECT offer, round(net::numeric, 10) AS net, round(benefits(s)::numeric, 10) AS benefits, round(costs(s)::numeric, 10) AS costs,
       round(value_ratio(s)::numeric, 10) AS ratio, responses(s), perceived_value(s) = net AS same
FROM (SELECT offer, perceived_value(score, weight, is_cost) AS net, perceived_value_summary(score, weight, is_cost) AS s FROM ratings GROUP BY offer) AS r ORDER BY offer;
SELECT offer, kind, round(perceived_value(score, weight, is_cost)::numeric, 6) AS net FROM ratings GROUP BY offer, kind ORDER BY offer, kind;

-- the summary in any order and partition is the same to the last bit, and exact
CREATE TEMP TABLE many AS
SELECT n, (('x' || substr(md5(n::text), 1, 8))::bit(32)::integer / 1e3)::float8 * 10::float8 ^ (n % 9 - 4) AS score,
       (n % 13 + 1) / 7.0::float8 AS weight, n % 3 = 0 AS is_cost FROM generate_series(1, 5000) AS n;
SELECT a.s::text = b.s::text AS backwards, a.s::text = c.s::text AS shuffled, a.s::text = d.s::text AS partitioned, a.s::text = e.s::text AS rolled,
       cv_perceived_value_summary_send(a.s) = cv_perceived_value_summary_send(d.s) AS bytes, responses(a.s)
FROM (SELECT perceived_value_summary(score, weight, is_cost) AS s FROM many) AS a,
     (SELECT perceived_value_summary(score, weight, is_cost ORDER BY n DESC) AS s FROM many) AS b,
     (SELECT perceived_value_summary(score, weight, is_cost ORDER BY md5(n::text)) AS s FROM many) AS c,
     (SELECT rollup(s ORDER BY p DESC) AS s FROM (SELECT n % 41 AS p, perceived_value_summary(score, weight, is_cost) AS s FROM many GROUP BY 1) AS p) AS d,
     (SELECT rollup(s::text::cv_perceived_value_summary ORDER BY md5(p::text)) AS s FROM (SELECT n % 7 AS p, perceived_value_summary(score, weight, is_cost) AS s FROM many GROUP BY 1) AS p) AS e;
-- exactly: products that are whole numbers of 2^-20 have a sum that bigint knows
SELECT benefits(s) = plus / 1048576.0::float8 AS benefits, costs(s) = minus / 1048576.0::float8 AS costs
FROM (SELECT perceived_value_summary(q / 1048576.0::float8, 37, q % 2 <> 0) AS s,
             sum(q * 37) FILTER (WHERE q % 2 = 0)::bigint AS plus, sum(q * 37) FILTER (WHERE q % 2 <> 0)::bigint AS minus
      FROM (SELECT ('x' || substr(md5(n::text), 1, 10))::bit(40)::bigint - 500000000000 AS q FROM generate_series(1, 3000) AS n) AS v) AS x;
SELECT perceived_value(v, 1, false) AS cancelled, perceived_value_summary(v, 1, false) AS summary FROM unnest(ARRAY[1e20, 1, -1e20, 1e-20, 1e10, -1, -1e10]) AS v;
SELECT perceived_value(v, 1, v < 0) AS net, perceived_value_summary(v, 1, false) AS parts FROM unnest(ARRAY[1e16, 1, 1e-16]) AS v;

-- NULLs, nothing, zeros
SELECT perceived_value(NULL, 1, false) IS NULL AS a, perceived_value(1, NULL, false) IS NULL AS b, perceived_value(1, 1, NULL) IS NULL AS c,
       perceived_value(1, 1, false) FILTER (WHERE false) IS NULL AS d, rollup(NULL::cv_perceived_value_summary) IS NULL AS e,
       relative_value(1, 1, NULL) IS NULL AS f, relative_value(1, NULL, 1) IS NULL AS g, relative_value(NULL, 1, 1) IS NULL AS h,
       perceived_value_summary(1, 1, false) FILTER (WHERE false) IS NULL AS i;
SELECT perceived_value(NULL::float8, 1) IS NULL AS a, perceived_value(1, NULL::float8) IS NULL AS b, perceived_value(NULL::cv_perceived_value_summary) IS NULL AS c,
       benefits(NULL) IS NULL AS d, costs(NULL) IS NULL AS e, value_ratio(NULL) IS NULL AS f, responses(NULL::cv_perceived_value_summary) IS NULL AS g;
SELECT perceived_value(score, weight, is_cost) AS net, perceived_value_summary(score, weight, is_cost) AS s
FROM (VALUES (5, 2, false), (NULL, 2, false), (3, NULL, true), (3, 1, NULL), (4, 1, true)) AS v(score, weight, is_cost);
SELECT value_ratio(perceived_value_summary(5, 1, false)) IS NULL AS no_costs, value_ratio(perceived_value_summary(5, 0, true)) IS NULL AS costs_of_0,
       costs(perceived_value_summary(5, 1, false)) AS costs, benefits(perceived_value_summary(0, 1, true)) AS benefits,
       perceived_value_summary(-0.0, 1, false) AS negative_zero, value_ratio('{"responses": 2, "benefits": [3], "costs": [-2]}') AS below_0;
-- as a window function the running summary stays right
SELECT n, perceived_value_summary(n / 10.0, 1, n % 2 = 0) OVER (ORDER BY n) AS s FROM generate_series(1, 4) AS n;

-- out of their domain
SELECT perceived_value('NaN', 1, false);
SELECT perceived_value('Infinity', 1, false);
SELECT perceived_value(1, 'NaN', false);
SELECT perceived_value(1, -0.5, true);
SELECT perceived_value(1e200, 1e200, true);
SELECT value_ratio('{"responses": 2, "benefits": [1e290], "costs": [1e-300]}');
SELECT rollup(s) FROM unnest(ARRAY['{"responses": 1, "benefits": [6e299], "costs": []}', '{"responses": 1, "benefits": [6e299], "costs": []}']::cv_perceived_value_summary[]) AS s;
SELECT rollup(s) FROM unnest(ARRAY['{"responses": 9223372036854775807, "benefits": [], "costs": []}', '{"responses": 1, "benefits": [], "costs": []}']::cv_perceived_value_summary[]) AS s;
CREATE AGGREGATE pg_temp.counted(float8, float8, boolean) (SFUNC = perceived_value_trans, STYPE = cv_perceived_value_summary, INITCOND = '{"responses": 9223372036854775807, "benefits": [], "costs": []}');
SELECT pg_temp.counted(1, 1, true);
CREATE AGGREGATE pg_temp.counted_relative(float8, float8, float8) (SFUNC = relative_value_trans, STYPE = cv_perceived_value_summary, INITCOND = '{"responses": 9223372036854775807, "benefits": [], "costs": []}');
SELECT pg_temp.counted_relative(1, 1, 1);
SELECT perceived_value('{"responses": 1, "benefits": [9e299], "costs": [-9e299]}'::cv_perceived_value_summary) AS both;
SELECT perceived_value(1e308, -1e308);
SELECT perceived_value('NaN'::float8, 1);
SELECT perceived_value(1, '-Infinity'::float8);
SELECT perceived_value_trans(NULL, 1, 1, false);
SELECT perceived_value_combine(NULL, NULL);
SELECT relative_value_trans(NULL, 1, 1, 1);

-- Gale's market-perceived quality: what books print is rounded on the way, this is not
CREATE TEMP TABLE gale (profile text, weight float8, own float8, reference float8);
INSERT INTO gale VALUES ('luxury cars, price', 60, 9, 7), ('luxury cars, price', 20, 6, 6), ('luxury cars, price', 10, 9, 8), ('luxury cars, price', 10, 7, 7),
    ('surgery', 40, 3, 1), ('surgery', 30, 2, 1), ('surgery', 10, 1.5, 1), ('surgery', 5, 1.4, 1), ('surgery', 15, 2, 1),
    ('chicken', 10, 8.1, 7.2), ('chicken', 20, 9, 7.3), ('chicken', 20, 9.2, 6.5), ('chicken', 15, 8, 8), ('chicken', 10, 8, 8), ('chicken', 25, 9.4, 6.4);
SELECT profile, round(100 * relative_value(own, reference, weight)::numeric, 9) AS score, round(100 / relative_value(own, reference, weight)::numeric, 6) AS relative_price,
       abs(relative_value(own, reference, weight) - sum(weight * own / reference) / sum(weight)) < 1e-15 AS formula,
       round((sum(weight * own) / sum(weight * reference))::numeric, 4) AS ratio_of_means
FROM gale GROUP BY profile ORDER BY profile;
SELECT relative_value(own, own, weight) AS parity FROM gale WHERE profile = 'chicken';
SELECT relative_value(own, reference, weight ORDER BY own) = relative_value(own, reference, weight ORDER BY own DESC) AS any_order,
       relative_value(own, reference, weight * 1024) = relative_value(own, reference, weight) AS any_weights FROM gale;
SELECT relative_value(3, 2, 0) IS NULL AS no_weight, relative_value(0, 2, 1) AS worth_nothing, relative_value(-3, 2, 1) AS below_0;
SELECT relative_value(1, 0, 1);
SELECT relative_value(1, -2, 1);
SELECT relative_value(1, 'NaN', 1);
SELECT relative_value(1, 'Infinity', 1);
SELECT relative_value('NaN', 1, 1);
SELECT relative_value(1, 1, -1);
SELECT relative_value(1e200, 1e-200, 1);
SELECT relative_value(own, 1, weight) FROM (VALUES (1e290, 1), (1e290, 1e-300)) AS v(own, weight);

-- economic value: the three published examples, as commonly cited
SELECT economic_value(300, 350 + 100 + 200, 0) AS mckinsey, economic_value(300, 650, 0) - 825 AS inducement,
       economic_value(90000, 7000 + 6000 + 5000 + 2000, 0) AS tractor, economic_value(300, (200 - 100) + (500 - 300), 0) AS without_features,
       economic_value(300, (200 - 100) + (500 - 300) + 100, 0) AS with_features, economic_value(100, 20, 35) AS worse, economic_value(10, 0, 30) AS worth_less_than_nothing;
SELECT economic_value(NULL, 1, 1) IS NULL AS a, economic_value(1, NULL, 1) IS NULL AS b, economic_value(1, 1, NULL) IS NULL AS c;
SELECT economic_value(-1, 1, 1);
SELECT economic_value(1, -1, 1);
SELECT economic_value(1, 1, -1);
SELECT economic_value(1, 1, 'NaN');
SELECT economic_value(1e308, 1.7e308, 0);

-- the value stick
SELECT * FROM value_stick(200, 49, 30, 20);
SELECT count(*), bool_and(customer_delight + firm_margin + supplier_surplus = total_value) AS adds_up, count(*) FILTER (WHERE firm_margin < 0) AS losses
FROM generate_series(0, 4) AS a, generate_series(0, 4) AS b, generate_series(0, 4) AS c, generate_series(0, 4) AS d, value_stick(a, b, c, d);
SELECT (value_stick(NULL, 1, 1, 1)).total_value IS NULL AS a, (value_stick(willingness_to_pay => 5, price => 7, cost => 2, willingness_to_sell => 1)).*;
SELECT value_stick('NaN', 1, 1, 1);
SELECT value_stick(1, 'Infinity', 1, 1);
SELECT value_stick(1, 1, '-Infinity', 1);
SELECT value_stick(1, 1, 1, 'NaN');
SELECT value_stick(1e308, 1, 1, -1e308);
