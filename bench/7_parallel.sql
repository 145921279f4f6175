-- Part 7: two workers against none. Wall time: the machine has to be idle.

INSERT INTO parts VALUES (7, 'Parallel',
    'Wall time without workers against that with two (and the leader). The first rows are built-in: what the machine '
    'gives at this moment on its processors, to a long statement and to a short one. Below, each statement takes turns with '
    'a built-in one over the same rows. Aggregates that are bound by their scan have a target; '
    '`customer_base` and `sum(clv)` do work that does not divide.',
    '{work, no workers, two workers, times faster, "times what the built-in gains", plan, workers launched}');

SET client_min_messages = warning;
CREATE TABLE IF NOT EXISTS logs AS
SELECT customer_id, activity_log(ordered_on, amount) AS log FROM orders GROUP BY customer_id ORDER BY customer_id;
VACUUM (FREEZE, ANALYZE) logs;
ALTER TABLE orders SET (parallel_workers = 2);
ALTER TABLE logs SET (parallel_workers = 2);
ALTER TABLE answers SET (parallel_workers = 2);
ALTER TABLE wide_histories SET (parallel_workers = 2);

\set of_histories 'SELECT count(*), min((history).age), max((history).age), sum((history).age) FROM wide_histories'

\set of_answers 'SELECT avg(score) FROM answers'
\set of_logs 'SELECT sum(pg_column_size(log)) FROM logs'

-- With a reference, that one takes turns with the statement. A target is one on a machine whose
-- processors give as much: otherwise, what the reference gains is as good.
CREATE FUNCTION measure_parallel(work text, statement text, target float8, reference text DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS
$$
DECLARE
    alone jsonb := '{"parallel_setup_cost": "0", "parallel_tuple_cost": "0", "work_mem": "4GB", "max_parallel_workers_per_gather": "0"}';
    with_two jsonb := alone || '{"max_parallel_workers_per_gather": "2"}';
    timings timing[] := alternate(ARRAY[statement, statement] || CASE WHEN reference IS NOT NULL THEN ARRAY[reference, reference] END,
                                  ARRAY[alone, with_two, alone, with_two]);
    gain float8 := 1 / timings[2].wall_ratio;
    of_reference float8 := gain * timings[4].wall_ratio / timings[3].wall_ratio;
BEGIN
    PERFORM report(7, ARRAY[work, duration(timings[1].wall), duration(timings[2].wall), digits(gain),
                            coalesce(ratio(of_reference), ''), plan_nodes(timings[2].plan),
                            workers(timings[2].plan)::text],
                   '≥ ' || target || ', or 0.95 of what the built-in gains', CASE WHEN target IS NOT NULL THEN gain >= target OR of_reference >= 0.95 END);
END
$$;

SELECT measure_parallel('built-in: `sum(sqrt(amount)), stddev(amount)` over the orders', 'SELECT sum(sqrt(amount)), stddev(amount) FROM orders', NULL);
SELECT measure_parallel('built-in: `count, min, max, sum` of the ages of stored histories', :'of_histories', NULL);
SELECT measure_parallel('`nps(score)` over the answers', 'SELECT nps(score) FROM answers', 1.7, :'of_answers');
SELECT measure_parallel('`sum(total(log))` over stored logs', 'SELECT sum(total(log)) FROM logs', 1.7, :'of_logs');
SELECT measure_parallel('`rollup` over stored logs, one of all', 'SELECT rollup(log) FROM logs', 1.7, :'of_logs');
SELECT measure_parallel('`customer_base` over stored histories', 'SELECT customer_base(history) FROM wide_histories', NULL, :'of_histories');
SELECT measure_parallel('`customer_base` over the histories of stored logs',
                        'SELECT customer_base(purchase_history(log, DATE ''2025-12-31'')) FROM logs', NULL, :'of_histories');
SELECT measure_parallel('`sum(clv)` over stored histories',
                        'SELECT sum(clv((SELECT buying FROM models WHERE family = ''mbg/nbd''), (SELECT spending FROM models WHERE family = ''mbg/nbd''), '
                        'history, ''1 year'')) FROM wide_histories', NULL, :'of_histories');
CREATE TABLE some_orders AS SELECT orders.* FROM orders, orders_size WHERE customer_id <= customers / 4;
VACUUM (FREEZE, ANALYZE) some_orders;
ALTER TABLE some_orders SET (parallel_workers = 2);
SELECT measure_parallel('`activity_log` for each customer, from a quarter of the orders',
                        'SELECT customer_id, activity_log(ordered_on, amount) FROM some_orders GROUP BY customer_id', NULL);
SELECT measure_parallel('built-in count, sum, min, max for each customer of these',
                        'SELECT customer_id, count(*), sum(amount), min(ordered_on), max(ordered_on) FROM some_orders GROUP BY customer_id', NULL);
