-- Refreshing the value views: what they show, in full and by increments, and what a failed refresh leaves.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';
SET client_min_messages = warning;

CREATE SCHEMA shop;
CREATE TABLE shop.orders AS
SELECT row_number() OVER (ORDER BY at, customer_id) AS order_id, customer_id, at AS ordered_on, amount::numeric(10,2), (amount * 0.4)::numeric(10,2) AS margin,
       (ARRAY['web', 'store'])[1 + customer_id % 2] AS segment, (ARRAY['a', 'b', 'c'])[1 + (customer_id * 7 + (at - '2024-01-01')) % 3] AS category
FROM simulate_purchases('{"family": "mbg/nbd", "unit": "7 days", "r": 0.5, "alpha": 6, "a": 0.9, "b": 1.6}',
    '{"family": "gamma-gamma", "p": 6, "q": 3.7, "gamma": 15}', customers => 300, acquired_from => '2024-01-01', acquired_to => '2024-12-31',
    until => '2025-12-31', seed => 7);
CREATE TABLE shop.touches AS
SELECT customer_id, (ordered_on - k)::timestamp + k * interval '3 hours' AS at_utc, (ARRAY['checkout', 'cart', 'visit'])[k] AS stage,
       (ARRAY['mail', 'search', 'social'])[1 + (customer_id + k) % 3] AS channel, CASE WHEN k = 3 AND customer_id % 10 = 0 THEN 'needs' END AS chain_stage
FROM shop.orders, generate_series(1, 3) AS k WHERE (customer_id + k) % 5 > 0;
CREATE TABLE shop.surveys AS
SELECT customer_id, ordered_on + 5 AS at, CASE WHEN order_id % 2 = 0 THEN 'nps' ELSE 'effort' END AS question,
       CASE WHEN order_id % 2 = 0 THEN order_id % 11 ELSE 1 + order_id % 5 END AS score, segment, CASE WHEN order_id % 3 = 0 THEN 'sales' END AS chain_stage
FROM shop.orders WHERE order_id % 4 < 3 AND ordered_on < '2025-12-20';
CREATE TABLE shop.tickets AS
SELECT customer_id, (ordered_on + 2)::timestamptz AS created, (ordered_on + 2)::timestamptz + interval '5 hours' * (1 + order_id % 8) AS first_reply,
       CASE WHEN order_id % 9 > 0 THEN (ordered_on + 4)::timestamptz END AS solved, (1 + order_id % 3)::integer AS contacts, 0 AS reopens, (1 + order_id % 5) AS csat
FROM shop.orders WHERE order_id % 6 = 0 AND ordered_on < '2025-12-20';
CREATE TABLE shop.ratings AS
SELECT offer, attribute, (i * 3 + length(attribute)) % 7 AS score, 1.5 AS weight, attribute = 'price' AS is_cost, i AS respondent
FROM unnest(ARRAY['basic', 'plus']) AS offer, unnest(ARRAY['quality', 'price']) AS attribute, generate_series(1, 40) AS i;
CREATE TABLE shop.costs AS
SELECT date '2025-01-15' AS at, chain_stage, 100 AS amount, CASE WHEN chain_stage = 'marketing' THEN 'mail' END AS channel
FROM unnest(ARRAY['marketing', 'sales', 'support']) AS chain_stage;
CREATE TABLE shop.assessments AS SELECT aspect, level, level < 3 AS achieved FROM maturity_practices() WHERE aspect IS NOT NULL;

SELECT count(*) FROM create_value_views('value', 'shop.orders', 'SELECT *, at_utc AT TIME ZONE ''UTC'' AS at FROM shop.touches', 'shop.surveys', 'shop.tickets', 'shop.ratings',
    'shop.costs', 'shop.assessments', as_of => '2025-12-31');
-- empty before the first refresh
SELECT (SELECT count(*) FROM value.customers), (SELECT count(*) FROM value.value_chain);
CALL refresh_value_views('value', notices => true);
SELECT step_number, step, rows, status, finished >= started AS finished FROM value.refresh_log ORDER BY step_number;
SELECT relname FROM pg_class WHERE relnamespace = 'value'::regnamespace AND relname LIKE 'work%';

-- no NaN and no infinity anywhere, keys unique (they are primary keys)
SELECT string_agg(format('SELECT %L, count(*) FROM value.%I AS v WHERE v::text ~* ''nan|infinity''', view, view), ' UNION ALL ' ORDER BY view) AS query FROM (SELECT DISTINCT view FROM value_views_columns()) AS views \gset
SELECT * FROM (:query) AS odd(view, rows) WHERE rows > 0;

-- each view against the functions
SELECT count(*), count(*) FILTER (WHERE c.clv IS DISTINCT FROM e.clv OR c.p_alive <> e.p_alive OR c.expected_spend IS DISTINCT FROM e.spend OR c.spend <> e.total OR c.orders <> e.orders) AS different
FROM value.customers AS c JOIN (
    SELECT customer_id, total(log) AS total, events(log) AS orders, p_alive(buying, h) AS p_alive, expected_spend(spending, h) AS spend,
           clv(buying, spending, h, '1 year', 0.10, (SELECT sum(margin) / sum(amount) FROM shop.orders)::float8) AS clv
    FROM (SELECT customer_id, activity_log(ordered_on, amount) AS log, purchase_history(ordered_on, amount, '2025-12-31') AS h FROM shop.orders GROUP BY 1) AS logs,
         (SELECT fit_buying(base) AS buying, fit_spending(base) AS spending
          FROM (SELECT customer_base(purchase_history) AS base FROM (SELECT purchase_history(ordered_on, amount, '2025-12-31') FROM shop.orders GROUP BY customer_id) AS s) AS b) AS models) AS e
    USING (customer_id);
SELECT sum(customers) AS customers, abs(sum(equity) - (SELECT sum(clv) FROM value.customers)) < 1e-6 AS equity FROM value.clv_by_segment;
SELECT c.customers = d.customers AND c.amount::numeric(12,2) = d.amount AS cohorts
FROM (SELECT sum(customers) AS customers FROM value.cohort_retention WHERE period_number = 0) AS x(customers),
     (SELECT sum(customers) FILTER (WHERE period_number = 0) AS customers, sum(amount) AS amount FROM value.cohort_retention) AS c,
     (SELECT count(DISTINCT customer_id) AS customers, sum(amount) AS amount FROM shop.orders) AS d;
SELECT sum(responses) = (SELECT count(*) FROM shop.surveys WHERE question = 'nps') AS answers FROM value.nps_trend;
SELECT abs(sum(closing) - (SELECT sum(amount) FROM shop.orders)::float8) < 1e-6 AS revenue FROM value.revenue_retention;
SELECT method, round(sum(conversions)::numeric, 6) AS conversions, round(sum(share)::numeric, 6) AS share FROM value.attribution_by_channel GROUP BY 1 ORDER BY 1;
-- all days with orders, those that no touch led to as well
SELECT count(DISTINCT (customer_id, ordered_on)) AS days FROM shop.orders;
SELECT round(conversions::numeric, 6) AS conversions, round(value::numeric, 2) AS value FROM value.attribution_by_channel WHERE channel = '(none)' AND method = 'markov';
SELECT count(*) AS conversions, sum(amount) AS value
FROM (SELECT customer_id, ordered_on, lag(ordered_on) OVER (PARTITION BY customer_id ORDER BY ordered_on) AS before, sum(amount) AS amount FROM shop.orders GROUP BY 1, 2) AS d
WHERE NOT EXISTS (SELECT FROM shop.touches AS t WHERE t.customer_id = d.customer_id AND at_utc::date <= ordered_on AND (before IS NULL OR at_utc::date > before));
SELECT channel, cost, round(return_on_spend::numeric, 4) AS return_on_spend FROM value.attribution_by_channel WHERE method = 'linear' ORDER BY 1;
SELECT step, stage, customers, round(conversion_rate::numeric, 3) AS conversion FROM value.journey_funnel ORDER BY step;
SELECT sum(transitions) FILTER (WHERE from_stage = '(entry)') AS entries, sum(transitions) FILTER (WHERE to_stage = '(exit)') AS exits, (SELECT count(DISTINCT customer_id) FROM shop.touches) AS customers
FROM value.journey_edges;
SELECT sum(tickets) AS tickets, sum(solved + backlog) AS solved_or_not, (SELECT count(*) FROM shop.tickets) AS there_are FROM value.support_metrics;
SELECT offer, kind, benefits, costs, perceived_value, round(value_ratio::numeric, 4) AS value_ratio, responses FROM value.perceived_value_by_offer ORDER BY 1, 2;
SELECT unit, aspect, level, level_name FROM value.maturity ORDER BY 2;
SELECT model, parameter, family, unit_days, customers, converged FROM value.clv_model ORDER BY 1, 2;

-- the chain against plain SQL
CREATE TEMP VIEW seen AS
SELECT customer_id, CASE chain_stage WHEN 'needs' THEN 1 ELSE 3 END AS stage, at_utc::date AS day FROM shop.touches
UNION SELECT customer_id, 4, ordered_on FROM shop.orders
UNION SELECT customer_id, 5, created::date FROM shop.tickets
UNION SELECT customer_id, CASE chain_stage WHEN 'sales' THEN 4 ELSE 6 END, at FROM shop.surveys
UNION SELECT respondent, 2, NULL FROM shop.ratings WHERE respondent IN (SELECT customer_id FROM shop.orders);
WITH firsts AS (SELECT stage, customer_id, min(day) AS day FROM seen GROUP BY 1, 2),
     went AS (SELECT f.*, EXISTS (SELECT FROM seen AS s WHERE s.customer_id = f.customer_id AND s.stage = f.stage + 1 AND (s.day IS NULL OR f.day IS NULL OR s.day >= f.day)) AS on_ FROM firsts AS f),
     plain AS (SELECT stage, count(*) AS customers, CASE WHEN stage < 6 THEN avg(on_::integer) END AS rate,
                      CASE WHEN stage < 6 THEN count(*) FILTER (WHERE NOT on_) * coalesce(avg(clv) FILTER (WHERE on_), (SELECT avg(clv) FROM value.customers)) END AS stake
               FROM went LEFT JOIN value.customers USING (customer_id) GROUP BY 1)
SELECT stage_number, v.stage, customers_reached, customers_reached = customers AS reached, abs(conversion_rate - rate) < 1e-12 AS conversion,
       abs(value_at_stake - stake) < 1e-9 * greatest(1, stake) AS at_stake, weakest_link = (stake = (SELECT max(stake) FROM plain)) AS weakest, round(satisfaction::numeric, 3) AS satisfaction, cost
FROM value.value_chain AS v LEFT JOIN plain ON plain.stage = stage_number ORDER BY stage_number;

-- increments: the same as all at once
CREATE TABLE all_at_once AS SELECT * FROM value.customers;
CREATE TEMP TABLE late AS SELECT * FROM shop.orders WHERE order_id > 900;
DELETE FROM shop.orders WHERE order_id > 900;
CALL refresh_value_views('value');
SELECT orders_read, last_order_id FROM value.value_views;
INSERT INTO shop.orders SELECT * FROM late;
CALL refresh_value_views('value', incremental => true);
SELECT status FROM value.refresh_log WHERE refresh = 3 AND step = 'orders';
SELECT count(*) FROM (TABLE value.customers EXCEPT TABLE all_at_once) AS different;
-- what was read before has changed: says so and reads all
UPDATE shop.orders SET amount = amount + 1 WHERE order_id = 5;
SET client_min_messages = notice;
CALL refresh_value_views('value', incremental => true);
SET client_min_messages = warning;
SELECT status FROM value.refresh_log WHERE refresh = 4 AND step = 'orders';

-- a refresh that fails leaves the last complete state, and the next one clears up
CREATE TEMP TABLE before AS TABLE value.value_chain;
INSERT INTO shop.surveys (customer_id, at, question, score) VALUES (1, '2025-11-11', 'nps', 11);
CALL refresh_value_views('value');
SELECT step, status FROM value.refresh_log WHERE refresh = 5 AND status <> 'done';
SELECT count(*) FROM (TABLE value.value_chain EXCEPT TABLE before) AS different;
DELETE FROM shop.surveys WHERE score = 11;
UPDATE shop.touches SET chain_stage = 'selling' WHERE ctid = (SELECT min(ctid) FROM shop.touches);
CALL refresh_value_views('value');
UPDATE shop.touches SET chain_stage = NULL WHERE chain_stage = 'selling';
CALL refresh_value_views('value');
SELECT status, count(*) FROM value.refresh_log GROUP BY 1 ORDER BY 1;
SELECT relname FROM pg_class WHERE relnamespace = 'value'::regnamespace AND relname LIKE 'work%';

-- not within a transaction block
BEGIN;
CALL refresh_value_views('value');
ROLLBACK;
CREATE FUNCTION pg_temp.refresh() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL refresh_value_views('value'); END $$;
SELECT pg_temp.refresh();
DO $$ BEGIN CALL refresh_value_views('value'); EXCEPTION WHEN invalid_transaction_termination THEN RAISE WARNING '%', SQLERRM; END $$;
SELECT status, count(*) FROM value.refresh_log GROUP BY 1 ORDER BY 1;
-- a procedure and a DO block of their own transactions may
DO $$ BEGIN CALL refresh_value_views('value'); END $$;
SELECT status, count(*) FROM value.refresh_log GROUP BY 1 ORDER BY 1;

-- grants, policies and rows of other roles
CREATE ROLE regress_web;
GRANT USAGE ON SCHEMA value TO regress_web;
GRANT SELECT ON value.customers, value.stored_customers TO regress_web;
ALTER TABLE value.stored_customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_segment ON value.stored_customers TO regress_web USING (segment = 'web');
CALL refresh_value_views('value');
SET ROLE regress_web;
SELECT DISTINCT segment FROM value.customers;
SELECT count(*) FROM value.orders;
RESET ROLE;
DROP OWNED BY regress_web;
DROP ROLE regress_web;

-- too little for a model: views without values, and the log says why
SELECT count(*) FROM create_value_views('small', orders => 'SELECT 1 AS customer_id, date ''2025-01-05'' AS ordered_on, 10 AS amount UNION ALL SELECT NULL, ''2025-01-06'', 5');
CALL refresh_value_views('small');
SELECT step, status FROM small.refresh_log WHERE status <> 'done' ORDER BY step_number;
SELECT customer_id, orders, spend, p_alive, clv, clv_rank, breadth, margin FROM small.customers;
SELECT stage, customers_reached, conversion_rate, value_at_stake, weakest_link FROM small.value_chain ORDER BY stage_number;
-- a day on which more is returned than bought is worth nothing, and an unknown channel is none
SELECT count(*) FROM create_value_views('small',
    orders => 'SELECT * FROM (VALUES (1, date ''2025-01-05'', 10::numeric), (1, ''2025-01-05'', -30), (1, ''2025-01-09'', 40), (2, ''2025-01-07'', 50), (3, ''2025-01-07'', 60)) AS o(customer_id, ordered_on, amount)',
    touches => 'SELECT * FROM (VALUES (1, timestamptz ''2025-01-04 12:00+00'', ''visit'', ''mail''), (1, ''2025-01-05 12:00+00'', ''visit'', NULL), (3, ''2025-01-06 12:00+00'', ''visit'', ''(none)'')) AS t(customer_id, at, stage, channel)');
SET client_min_messages = error;
CALL refresh_value_views('small');
SET client_min_messages = warning;
SELECT method, channel, conversions, value, share FROM small.attribution_by_channel WHERE method IN ('last', 'markov') ORDER BY 1, 2;
-- no rows at all
SELECT count(*) FROM create_value_views('small', orders => 'SELECT 1 AS customer_id, date ''2025-01-05'' AS ordered_on, 10 AS amount WHERE false', surveys => 'SELECT date ''2025-01-05'' AS at, ''nps'' AS question, 1 AS score WHERE false');
CALL refresh_value_views('small');
SELECT (SELECT count(*) FROM small.customers) AS customers, (SELECT count(*) FROM small.cohort_retention) AS cells, (SELECT count(*) FROM small.value_chain) AS stages;
SELECT drop_value_views('small'), drop_value_views('value');
DROP TABLE all_at_once;
DROP SCHEMA shop CASCADE;
