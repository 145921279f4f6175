-- Cohort tables of many customers, whose state keeps sums in a panel: the same to the last bit
-- as merging the tables of one customer each, which have none.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';

CREATE FUNCTION pg_temp.random(seed text, below integer) RETURNS integer LANGUAGE sql IMMUTABLE AS
$$ SELECT (('x' || substr(md5(seed), 1, 7))::bit(28)::integer % below) $$;
-- customers by the month of their first order, returns before, between and after the orders
CREATE TEMP TABLE logs AS
SELECT n AS customer,
       activity_log(date '2022-01-01' + n * 2 + pg_temp.random(n || 'day' || k, 1 + pg_temp.random(n || 'span', 700)),
                    (pg_temp.random(n || 'amount' || k, 50000) - CASE WHEN n % 3 = 0 THEN 20000 ELSE 0 END) / 100.0) AS log
FROM generate_series(1, 300) AS n, generate_series(1, 25) AS k WHERE k <= 1 + pg_temp.random(n || 'orders', 25) GROUP BY n;
-- more entries and more periods than most have
INSERT INTO logs SELECT 400 + n, activity_log(date '2021-06-01' + pg_temp.random(n || 'day' || k, 1200), pg_temp.random(n || 'amount' || k, 900) - 100)
FROM generate_series(1, 5) AS n, generate_series(1, 90) AS k GROUP BY n;
INSERT INTO logs SELECT 410 + n, activity_log(date '2015-03-07' + 30 * k, k) FROM generate_series(1, 3) AS n, generate_series(1, 70) AS k GROUP BY n;
-- far from all others, and as far as dates go
INSERT INTO logs VALUES (420, '[["1970-01-01", 1, 1], ["2090-01-01", 2, 1]]'), (421, '[["0001-01-01", 1, 1]]'), (422, '[["5874897-12-31", 1, 1]]'),
    (423, '[["2022-05-05", 1, 1], ["5874897-12-31", -1, 0]]'), (424, '[]'), (425, '[["2022-05-05", -1, 0]]');
-- amounts whose sum in a period passes 64 bits, and large ones that soon fill the panel
INSERT INTO logs VALUES (430, '[["2022-05-05", 9200000000000, 1], ["2022-05-06", 9200000000000, 1], ["2022-06-06", -9200000000000, 0]]');
INSERT INTO logs SELECT 440 + n, activity_log(date '2022-04-05' + n, 400000000000 + n) FROM generate_series(1, 60) AS n GROUP BY n;
INSERT INTO logs SELECT 510 + n, activity_log(date '2022-04-05' + n * k, -2000000000000 * (-1) ^ k) FROM generate_series(1, 30) AS n, generate_series(1, 2) AS k GROUP BY n;

-- in any order, with those that are far apart and without
CREATE TEMP TABLE merged AS
SELECT period, far, md5(rollup(cells)::text) AS cells
FROM (SELECT period, customer, segment_cohort(log, period) AS cells FROM logs, unnest('{day, week, month, quarter, year}'::text[]) AS period GROUP BY 1, 2) AS t,
     unnest('{f, t}'::bool[]) AS far WHERE far OR customer NOT BETWEEN 420 AND 423 GROUP BY 1, 2;
SELECT m.period, far, cells = md5(segment_cohort(log, m.period ORDER BY customer)::text) AS up, cells = md5(segment_cohort(log, m.period ORDER BY customer DESC)::text) AS down,
       cells = md5(segment_cohort(log, m.period ORDER BY md5(customer::text))::text) AS mixed
FROM merged AS m, logs WHERE far OR customer NOT BETWEEN 420 AND 423 GROUP BY m.period, far, cells ORDER BY 1, 2;

-- the state itself: stored, read, merged, and asked after each row
CREATE AGGREGATE pg_temp.open_cohort(cv_activity_log, text) (SFUNC = segment_cohort_trans, STYPE = cv_cohort_table);
-- it is more than slots of 80 bytes each
SELECT customer_to, (pg_column_size(pg_temp.open_cohort(log, 'month' ORDER BY customer)) - 64) % 80 > 0 AS has_a_panel FROM logs, unnest('{1, 300}'::integer[]) AS customer_to WHERE customer <= customer_to GROUP BY 1 ORDER BY 1;
CREATE TEMP TABLE states AS
SELECT period, customer % 2 AS part, pg_temp.open_cohort(log, period ORDER BY customer) AS cells
FROM logs, unnest('{week, month}'::text[]) AS period WHERE customer NOT BETWEEN 420 AND 423 GROUP BY 1, 2;
SELECT period, cells::jsonb::text::cv_cohort_table::text = cells::text AS reads_back,
       (SELECT sum(customers) FROM cohorts(cells, '2030-01-01') WHERE period_number = 0) AS customers
FROM states ORDER BY period, part;
SELECT period, md5(rollup(s.cells)::text) = m.cells AS same FROM states AS s JOIN merged AS m USING (period) WHERE NOT far GROUP BY period, m.cells ORDER BY 1;
SELECT count(*) AS rows, count(*) FILTER (WHERE running::text <> merged::text) AS different
FROM (SELECT segment_cohort(log, 'month') OVER w AS running, rollup(cells) OVER w AS merged
      FROM (SELECT customer, log, (SELECT segment_cohort(one, 'month') FROM (SELECT l.log AS one) AS o) AS cells FROM logs AS l WHERE customer <= 100) AS t WINDOW w AS (ORDER BY customer)) AS t;
