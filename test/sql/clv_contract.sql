-- Customers with a contract: bases, fits, projections, lifetime value.
\set SHOW_CONTEXT never
SET extra_float_digits = 0;
SET timezone = 'UTC';

-- Fader and Hardie (2007), table 1: survivors of 1000 customers by year
CREATE TEMP TABLE survivors AS
SELECT segment, year::integer - 1 AS year, customers::bigint
FROM (VALUES ('high end', ARRAY[1000, 869, 743, 653, 593, 551, 517, 491, 468, 445, 427, 409, 394]),
             ('regular', ARRAY[1000, 631, 468, 382, 326, 289, 262, 241, 223, 207, 194, 183, 173])) AS s(segment, counts),
     unnest(counts) WITH ORDINALITY AS c(customers, year);
-- lost in each of the years 1 to 7, still there after year 7
CREATE TEMP TABLE counted AS
SELECT segment, year, true AS churned, lag(customers) OVER (PARTITION BY segment ORDER BY year) - customers AS customers
FROM survivors WHERE year <= 7
UNION ALL
SELECT segment, year, false, customers FROM survivors WHERE year = 7;
CREATE TEMP TABLE bases AS
SELECT segment, retention_base(year, churned, customers) AS base FROM counted WHERE year > 0 GROUP BY segment;
SELECT segment, base, customers(base) FROM bases ORDER BY segment;

-- the same from one row per customer, in any order and partition, and from years with nobody
CREATE TEMP TABLE contracts AS
SELECT segment, year AS tenure, churned, row_number() OVER () AS id FROM counted, generate_series(1, customers) WHERE year > 0;
SELECT segment, base::text = (SELECT retention_base(tenure, churned) FROM contracts AS c WHERE c.segment = b.segment)::text AS individuals,
       base::text = (SELECT retention_base(tenure, churned ORDER BY id DESC) FROM contracts AS c WHERE c.segment = b.segment)::text AS backwards,
       base::text = (SELECT retention_base(tenure, churned ORDER BY md5(id::text)) FROM contracts AS c WHERE c.segment = b.segment)::text AS shuffled,
       base::text = (SELECT rollup(part ORDER BY r DESC) FROM (SELECT id % 7 AS r, retention_base(tenure, churned) AS part FROM contracts AS c WHERE c.segment = b.segment GROUP BY 1) AS p)::text AS partitioned,
       base::text = (SELECT rollup(part) FROM (SELECT retention_base(year, churned, customers) AS part FROM counted AS c WHERE c.segment = b.segment AND year > 0 GROUP BY year, churned
                                               UNION ALL SELECT retention_base(3, true, 0) UNION ALL SELECT NULL) AS p)::text AS cells
FROM bases AS b ORDER BY segment;
SELECT rollup(base)::text = (SELECT retention_base(tenure, churned) FROM contracts)::text AS both FROM bases;

-- many distinct tenures
CREATE TEMP TABLE long AS
SELECT (n * 7919) % 5003 AS tenure, n % 3 = 0 AND (n * 7919) % 5003 > 0 AS churned FROM generate_series(1, 30000) AS n;
SELECT customers(a), a::text = b::text AS ordered, a::text = c::text AS merged, jsonb_array_length(a::jsonb) AS distinct_tenures,
       jsonb_array_length(a::jsonb) = (SELECT count(*) FROM (SELECT DISTINCT tenure, churned FROM long) AS d) AS all_there
FROM (SELECT retention_base(tenure, churned) AS a, retention_base(tenure, churned ORDER BY tenure, churned) AS b FROM long) AS x,
     (SELECT rollup(part) AS c FROM (SELECT retention_base(tenure, churned) AS part FROM long GROUP BY tenure % 11) AS p) AS y;

-- as a window function the running base stays right
SELECT n, retention_base(n, n % 2 = 0) OVER (ORDER BY n DESC) AS base FROM generate_series(1, 4) AS n ORDER BY n DESC;

-- NULLs are ignored, no rows give NULL, no customers an empty base
SELECT retention_base(NULL, true) IS NULL AS a, retention_base(1, NULL) IS NULL AS b, retention_base(1, true, NULL) IS NULL AS c,
       retention_base(1, true) FILTER (WHERE false) IS NULL AS d, rollup(NULL::cv_retention_base) IS NULL AS e, retention_base(1, true, 0) AS empty;
SELECT retention_base(tenure, churned, customers) FROM (VALUES (1, true, 5::bigint), (NULL, true, 5), (2, NULL, 5), (3, true, NULL), (2, false, 7)) AS v(tenure, churned, customers);
SELECT customers(NULL::cv_retention_base) IS NULL AS none, customers(retention_base(1, true, 0)) AS zero;

-- what is no tenure
SELECT retention_base(-1, false);
SELECT retention_base(0, true);
SELECT retention_base(0, true, 0);
SELECT retention_base(2, true, -3);
SELECT retention_base(2, true, n) FROM unnest(ARRAY[9223372036854775807, 1]) AS n;
SELECT rollup(base) FROM (SELECT retention_base(2, true, 5e18::bigint) AS base FROM generate_series(1, 2) GROUP BY generate_series) AS b;
SELECT retention_base_trans(NULL, 1, true);

-- parallel
CREATE TABLE clv_contract_rows AS SELECT n % 17 AS tenure, n % 5 = 0 AND n % 17 > 0 AS churned FROM generate_series(1, 20000) AS n;
ANALYZE clv_contract_rows;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT retention_base(tenure, churned) FROM clv_contract_rows;
CREATE TEMP TABLE together AS SELECT retention_base(tenure, churned) AS base, retention_base(tenure, churned, 2) AS doubled FROM clv_contract_rows;
SET max_parallel_workers_per_gather = 0;
SELECT t.base::text = a.base::text AS same, t.doubled::text = a.doubled::text AS doubled, customers(t.base), customers(t.doubled)
FROM together AS t, (SELECT retention_base(tenure, churned) AS base, retention_base(tenure, churned, 2) AS doubled FROM clv_contract_rows) AS a;
DROP TABLE clv_contract_rows;

-- the published fits
CREATE TEMP TABLE fits AS
SELECT segment, family, fit_retention(base, family) AS model FROM bases, unnest(ARRAY['sbg', 'bdw']) AS family;
SELECT segment, family, name, round(estimate::numeric, 7) AS estimate, round(standard_error::numeric, 6) AS standard_error, round(low::numeric, 5) AS low, round(high::numeric, 5) AS high
FROM fits, parameters(model) ORDER BY segment, family DESC, name;
SELECT segment, family, customers, round(log_likelihood::numeric, 6) AS log_likelihood, round(aic::numeric, 4) AS aic, round(bic::numeric, 4) AS bic,
       iterations < 30 AS soon, gradient < 1e-9 AS gradient, converged, compared
FROM fits, goodness(model) ORDER BY segment, family DESC;
SELECT round(((model::jsonb ->> 'alpha')::float8 / 0.668088351 - 1)::numeric, 8) AS alpha, round(((model::jsonb ->> 'beta')::float8 / 3.80609496 - 1)::numeric, 8) AS beta,
       abs((goodness(model)).log_likelihood + 1611.15814739) < 1e-7 AS log_likelihood
FROM fits WHERE segment = 'high end' AND family = 'sbg';
-- sbg is the default; customers who have just come change nothing
SELECT fit_retention(base)::text = model::text AS default_family,
       fit_retention(with_new)::text = model::text AS newcomers, customers(with_new)
FROM bases JOIN fits USING (segment),
     LATERAL (SELECT rollup(b) AS with_new FROM (VALUES (base), ((SELECT retention_base(0, false, 500)))) AS v(b)) AS n
WHERE segment = 'high end' AND family = 'sbg';

-- projection of the years that the fit has not seen, in per cent
SELECT year, round(customers / 10.0, 1) AS actual, round(100 * survival(s.model, year)::numeric, 2) AS sbg, round(100 * survival(b.model, year)::numeric, 2) AS bdw,
       round(retention_rate(s.model, greatest(year, 1))::numeric, 4) AS sbg_rate, round(retention_rate(b.model, greatest(year, 1))::numeric, 4) AS bdw_rate
FROM survivors JOIN fits AS s USING (segment) JOIN fits AS b USING (segment)
WHERE segment = 'high end' AND s.family = 'sbg' AND b.family = 'bdw' ORDER BY year;
SELECT year, round(customers / 10.0, 1) AS actual, round(100 * survival(s.model, year)::numeric, 2) AS sbg, round(100 * survival(b.model, year)::numeric, 2) AS bdw
FROM survivors JOIN fits AS s USING (segment) JOIN fits AS b USING (segment)
WHERE segment = 'regular' AND s.family = 'sbg' AND b.family = 'bdw' ORDER BY year;
-- mean errors of years 8 to 12, of 1000: where customers tire at first (high end), bdw is closer
SELECT segment, family, round(sqrt(avg((survival(model, year) * 1000 - s.customers) ^ 2))::numeric, 2) AS error
FROM survivors AS s JOIN fits USING (segment) WHERE year > 7 GROUP BY segment, family ORDER BY segment, family DESC;

-- survival and retention hang together; by sbg retention rises
CREATE TEMP TABLE published (id integer, model cv_retention_model);
INSERT INTO published VALUES
    (1, '{"family": "sbg", "alpha": 0.668, "beta": 3.806}'),
    (2, '{"family": "sbg", "alpha": 0.704, "beta": 1.182}'),
    (3, '{"family": "bdw", "alpha": 0.26, "beta": 1.72, "c": 1.58}'),
    (4, '{"family": "bdw", "alpha": 0.668, "beta": 3.806, "c": 1}'),
    (5, '{"family": "sbg", "alpha": 2.5, "beta": 6}'),
    (6, '{"family": "bdw", "alpha": 2, "beta": 3, "c": 0.75}'),
    (7, '{"family": "bdw", "alpha": 1e-300, "beta": 1e300, "c": 50}'),
    (8, '{"family": "sbg", "alpha": 1e300, "beta": 1e-300}');
SELECT id, survival(model, 0) AS at_first, round(survival(model, 1)::numeric, 10) AS s1, round(survival(model, 10)::numeric, 10) AS s10,
       round(survival(model, 2147483647)::numeric, 12) AS at_last, round(retention_rate(model, 2147483647)::numeric, 10) AS rate_at_last
FROM published ORDER BY id;
SELECT id, max(abs(survival(model, t) - survival(model, t - 1) * retention_rate(model, t))) < 1e-15 AS hangs_together,
       bool_and(retention_rate(model, t + 1) > retention_rate(model, t)) AS rises
FROM published, generate_series(1, 200) AS t WHERE id < 7 GROUP BY id ORDER BY id;
SELECT bool_and(abs(retention_rate(model, t) - (3.806 + t - 1) / (0.668 + 3.806 + t - 1)) < 1e-15) AS formula FROM published, generate_series(1, 100) AS t WHERE id = 1;

-- value: by definition, by recursion, at acquisition, without discounting
SELECT id, rate, renewals, round(clv(model, 100, rate, renewals)::numeric, 6) AS clv,
       abs(clv(model, 100, rate, renewals) / (SELECT sum(100 * survival(model, renewals + 1 + j) / survival(model, renewals) * (1 + rate) ^ -j) FROM generate_series(0, 3000) AS j) - 1) < 1e-12 AS by_definition,
       abs(clv(model, 100, rate, renewals) / (retention_rate(model, renewals + 1) * (100 + clv(model, 100, rate, renewals + 1) / (1 + rate))) - 1) < 1e-12 AS by_recursion
FROM published, unnest(ARRAY[0.05, 0.1]::float8[]) AS rate, unnest(ARRAY[0, 1, 4]) AS renewals WHERE id < 7 ORDER BY id, rate, renewals;
SELECT round((100 + clv(model, 100, 0.1) / 1.1)::numeric, 6) AS at_acquisition,
       round((SELECT sum(100 * survival(model, t) / 1.1 ^ t) FROM generate_series(0, 3000) AS t)::numeric, 6) AS as_a_sum
FROM published WHERE id = 1;
-- 40 digits of mpmath
SELECT abs(clv('{"family": "sbg", "alpha": 0.668, "beta": 3.806}'::cv_retention_model, 1, 0.1) / 5.414856048374040575 - 1) < 1e-14 AS a,
       abs(clv('{"family": "sbg", "alpha": 0.668, "beta": 3.806}'::cv_retention_model, 1, 1e-9) / 6198.599443917353288 - 1) < 1e-12 AS b,
       abs(clv('{"family": "sbg", "alpha": 0.668, "beta": 3.806}'::cv_retention_model, 1, 0.1, 1000000) / 10.99991917370978451 - 1) < 1e-14 AS c,
       abs(clv('{"family": "bdw", "alpha": 0.3, "beta": 2, "c": 1.4}'::cv_retention_model, 1, 0.00001) / 1422.266762215194456 - 1) < 1e-12 AS d,
       abs(clv('{"family": "bdw", "alpha": 2, "beta": 3, "c": 0.75}'::cv_retention_model, 1, 0, 4) / 20.8325679560950342 - 1) < 1e-12 AS e;
SELECT clv(model, 100, 0, 4) AS by_formula, 100 * (6 + 4) / 1.5 AS formula FROM published WHERE id = 5;
-- longer tenure, higher value; margins may be negative, and nothing
SELECT bool_and(clv(model, 1, 0.1, n + 1) > clv(model, 1, 0.1, n)) AS rises, clv(min(model::text)::cv_retention_model, -50, 0.1) = -50 * clv(min(model::text)::cv_retention_model, 1, 0.1) AS negative,
       clv(min(model::text)::cv_retention_model, 0, 0.1) AS nothing
FROM published, generate_series(0, 50) AS n WHERE id = 1;

-- out of range
SELECT survival(model, -1) FROM published WHERE id = 1;
SELECT retention_rate(model, 0) FROM published WHERE id = 1;
SELECT clv(model, 100, 0.1, -1) FROM published WHERE id = 1;
SELECT clv(model, 100, -0.1) FROM published WHERE id = 1;
SELECT clv(model, 100, 'NaN') FROM published WHERE id = 1;
SELECT clv(model, 100, 'Infinity') FROM published WHERE id = 1;
SELECT clv(model, 'NaN', 0.1) FROM published WHERE id = 1;
SELECT clv(model, '-Infinity', 0.1) FROM published WHERE id = 1;
SELECT clv(model, 1e308, 0.01) FROM published WHERE id = 1;
SELECT clv(model, 100, 0) FROM published WHERE id = 1;
SELECT clv(model, 100, 0) FROM published WHERE id = 3;

-- calls of every kind resolve; a NULL gives NULL
SELECT round(clv(model => '{"family": "sbg", "alpha": 0.668, "beta": 3.806}', margin => 100, discount_rate => 0.1)::numeric, 4) AS named,
       round(clv(discount_rate => 0.1, margin => 100, model => '{"family": "sbg", "alpha": 0.668, "beta": 3.806}', renewals => 2)::numeric, 4) AS any_order,
       round(clv(model, 100, 0)::numeric, 4) AS integers, round(clv(model, 100::numeric, 0.1::numeric, 2)::numeric, 4) AS numerics,
       round(clv(model, 100::smallint, 0.1::real)::numeric, 4) AS others, round(clv(model, '100', '0.1')::numeric, 4) AS literals
FROM published WHERE id = 5;
SELECT clv(model, NULL, 0.1) IS NULL AS a, clv(model, 100, NULL) IS NULL AS b, clv(model, 100, 0.1, NULL) IS NULL AS c, clv(NULL::cv_retention_model, 100, 0.1) IS NULL AS d,
       clv(model => NULL, margin => 100, discount_rate => 0.1) IS NULL AS e, survival(model, NULL) IS NULL AS f, survival(NULL, 1) IS NULL AS g,
       retention_rate(model, NULL) IS NULL AS h, retention_rate(NULL, 1) IS NULL AS i, fit_retention(NULL) IS NULL AS j, fit_retention((SELECT base FROM bases LIMIT 1), NULL) IS NULL AS k,
       (SELECT count(*) FROM parameters(NULL::cv_retention_model)) AS l, goodness(NULL::cv_retention_model) IS NULL AS m
FROM published WHERE id = 1;
PREPARE value_of(cv_retention_model) AS SELECT round(clv($1, 100, 0.1)::numeric, 4);
EXECUTE value_of('{"family": "sbg", "alpha": 0.668, "beta": 3.806}');

-- data that say too little
SELECT fit_retention('[]');
SELECT fit_retention('[[0, false, 500]]');
SELECT fit_retention('[[1, false, 20], [5, false, 30]]');
SELECT fit_retention('[[1, true, 100]]');
SELECT fit_retention('[[1, true, 30], [1, false, 70]]');
SELECT fit_retention('[[1, true, 30], [2, true, 10], [2, false, 60]]', 'bdw');
SELECT fit_retention('[[3, true, 100]]');
SELECT fit_retention('[[0, false, 8], [3, true, 1]]', 'bdw');
SELECT fit_retention('[[1, true, 30], [2, true, 1000000000000000000], [2, false, 70]]');
SELECT fit_retention('[[1, true, 30], [2, false, 70]]', 'geometric');
SELECT fit_retention('[[1, true, 30], [2, false, 70]]', 'SBG');
SELECT fit_retention('[[1, true, 30], [2, false, 70]]', '');

-- fits that do not converge: customers all alike, customers who tire, everybody leaves in one period of several
CREATE TEMP TABLE troubled AS
SELECT 'tired' AS what, fit_retention('[[1, true, 10], [2, true, 30], [3, true, 90], [3, false, 50]]') AS model;
\set VERBOSITY terse
INSERT INTO troubled SELECT 'alike', fit_retention('[[1, true, 2000], [2, true, 1600], [3, true, 1280], [4, true, 1024], [4, false, 4096]]');
INSERT INTO troubled SELECT 'at once', fit_retention('[[1, false, 10], [3, true, 90]]');
INSERT INTO troubled SELECT 'at once by bdw', fit_retention('[[1, false, 10], [3, true, 90]]', 'bdw');
INSERT INTO troubled SELECT 'stayers', fit_retention('[[1, true, 300], [40, false, 700]]');
INSERT INTO troubled SELECT 'stayers by bdw', fit_retention('[[1, true, 300], [40, false, 700]]', 'bdw');
\set VERBOSITY default
SELECT what, converged, log_likelihood < 0 AND log_likelihood > '-Infinity' AS log_likelihood, (SELECT count(standard_error) FROM parameters(model)) AS standard_errors,
       (SELECT bool_and(estimate > 0 AND estimate < 'Infinity') FROM parameters(model)) AS finite, round(survival(model, 1)::numeric, 3) AS s1, round(survival(model, 4)::numeric, 3) AS s4,
       model::text = model::text::cv_retention_model::text AS reads_back
FROM troubled, goodness(model) ORDER BY what COLLATE "C";
-- truth comes back from the expected counts of a million contracts, rounded
SELECT truth::jsonb ->> 'family' AS family, name, round(estimate::numeric, 3) AS estimate, low < (truth::jsonb ->> name)::float8 AND (truth::jsonb ->> name)::float8 < high AS covered
FROM (SELECT truth, fit_retention(retention_base(t, churned, round(1e6 * share)::bigint), truth::jsonb ->> 'family') AS model
      FROM (SELECT m.truth::text, t, true AS churned, survival(truth, t - 1) - survival(truth, t) AS share
            FROM (VALUES ('{"family": "sbg", "alpha": 0.8, "beta": 3}'::cv_retention_model), ('{"family": "bdw", "alpha": 1.2, "beta": 9, "c": 1.8}'), ('{"family": "bdw", "alpha": 3, "beta": 2, "c": 0.6}')) AS m(truth), generate_series(1, 12) AS t
            UNION ALL
            SELECT m.truth::text, 12, false, survival(truth, 12)
            FROM (VALUES ('{"family": "sbg", "alpha": 0.8, "beta": 3}'::cv_retention_model), ('{"family": "bdw", "alpha": 1.2, "beta": 9, "c": 1.8}'), ('{"family": "bdw", "alpha": 3, "beta": 2, "c": 0.6}')) AS m(truth)) AS c
      GROUP BY truth) AS f, parameters(model) ORDER BY truth, name;
