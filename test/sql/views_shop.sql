-- The made-up company of the demo: the same rows for the same seed, a story that holds, and the value views of it against plain SQL.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
\getenv abs_srcdir PG_ABS_SRCDIR
\set shop :abs_srcdir '/../demo/shop.sql'

CREATE TEMP TABLE checksums (run text, relation text, rows bigint, content text, in_order text);
CREATE PROCEDURE pg_temp.take_checksums(run text) LANGUAGE plpgsql AS $$
DECLARE
    relation text;
BEGIN
    FOREACH relation IN ARRAY '{orders,touches,surveys,tickets,ratings,costs,assessments}'::text[] LOOP
        EXECUTE format('INSERT INTO checksums SELECT %L, %L, count(*), md5(string_agg(t::text, E''\n'' ORDER BY t::text COLLATE "C")), md5(string_agg(t::text, E''\n'' ORDER BY t.ctid)) FROM shop.%I AS t',
                       run, relation, relation);
    END LOOP;
END $$;

-- the same variables give the same rows in the same order, whatever the session's settings and plans
\set ECHO none
\set customers 300
\set seed 1
\i :shop
\set ON_ERROR_STOP off
\set ECHO all
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CALL pg_temp.take_checksums('first');
DROP SCHEMA shop CASCADE;
SET timezone = 'Asia/Kolkata';
SET datestyle = 'SQL, DMY';
SET extra_float_digits = -6;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET enable_hashjoin = off;
SET enable_hashagg = off;
\set ECHO none
\i :shop
\set ON_ERROR_STOP off
\set ECHO all
RESET ALL;
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CALL pg_temp.take_checksums('again');
DROP SCHEMA shop CASCADE;
-- another seed makes others
\set ECHO none
\set seed 2
\i :shop
\set ON_ERROR_STOP off
\set ECHO all
CALL pg_temp.take_checksums('other seed');
DROP SCHEMA shop CASCADE;
SELECT relation, first.rows > 0 AS rows, first.content = again.content AND first.in_order = again.in_order AS same, first.content <> other.content AS other_seed_differs
FROM checksums AS first JOIN checksums AS again USING (relation) JOIN checksums AS other USING (relation)
WHERE first.run = 'first' AND again.run = 'again' AND other.run = 'other seed' ORDER BY 1;

-- the company as it is made without variables
\unset customers
\unset seed
\set ECHO none
\i :shop
\set ON_ERROR_STOP off
\set ECHO all
SELECT count(*) AS orders, sum(amount) AS amount, sum(margin) AS margin, count(*) FILTER (WHERE amount < 0) AS returns, min(ordered_on), max(ordered_on),
       count(DISTINCT customer_id) AS customers, count(DISTINCT order_id) = count(*) AS numbered, max(order_id) = count(*) AS without_gaps FROM shop.orders;
SELECT bool_and(ordered_on >= before) AS numbered_by_day FROM (SELECT ordered_on, lag(ordered_on) OVER (ORDER BY order_id) AS before FROM shop.orders) AS o;
SELECT count(*) AS tickets, bool_and(first_reply >= created AND solved >= first_reply) AS in_order, max(greatest(created, first_reply, solved)) < '2026-01-01' AS within FROM shop.tickets;
SELECT (SELECT max(at) < '2026-01-01' FROM shop.touches) AS touches, (SELECT max(at) <= '2025-12-31' FROM shop.surveys) AS surveys, (SELECT max(at) <= '2025-12-31' FROM shop.costs) AS costs;
SELECT question, chain_stage, count(*), min(score), max(score) FROM shop.surveys GROUP BY 1, 2 ORDER BY 2, 1;

-- the story: it grows, most before Christmas
SELECT sum(amount) FILTER (WHERE ordered_on >= '2025-01-01') > 1.5 * sum(amount) FILTER (WHERE ordered_on < '2025-01-01') AS growth,
       sum(amount) FILTER (WHERE extract(month FROM ordered_on) IN (11, 12)) > 1.2 * sum(amount) FILTER (WHERE extract(month FROM ordered_on) IN (9, 10)) AS season FROM shop.orders;
-- replies take longer with time, and who waits is less satisfied, gets in touch more often and buys less
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY first_reply - created) FILTER (WHERE created >= '2025-07-01')
       > 1.3 * percentile_cont(0.5) WITHIN GROUP (ORDER BY first_reply - created) FILTER (WHERE created < '2024-07-01') AS replies_take_longer FROM shop.tickets;
WITH waits AS (
    SELECT customer_id, avg(extract(epoch FROM first_reply - created)) > 12 * 3600 AS slow, avg(contacts) AS contacts, avg(csat) AS csat FROM shop.tickets GROUP BY 1
), answers AS (
    SELECT customer_id, nps_summary(score) AS nps FROM shop.surveys WHERE question = 'nps' GROUP BY 1
), purchases AS (
    SELECT customer_id, count(DISTINCT ordered_on) FILTER (WHERE amount > 0) AS orders FROM shop.orders GROUP BY 1
), groups AS (
    SELECT slow, nps(rollup(nps)) AS nps, count(nps)::float8 / count(*) AS answers, avg(csat) AS csat, avg(contacts) AS contacts, avg(orders) AS orders
    FROM waits JOIN purchases USING (customer_id) LEFT JOIN answers USING (customer_id) WHERE slow IS NOT NULL GROUP BY 1
)
SELECT slow.nps < fast.nps - 40 AS nps, slow.csat < fast.csat - 0.5 AS csat, slow.answers < 0.6 * fast.answers AS answers, slow.contacts > fast.contacts + 0.3 AS contacts, slow.orders < 0.9 * fast.orders AS orders
FROM groups AS slow, groups AS fast WHERE slow.slow AND NOT fast.slow;
-- who left was less satisfied before
SELECT nps(score) FILTER (WHERE gone) < nps(score) FILTER (WHERE NOT gone) - 20 AS leavers_less_happy
FROM shop.surveys JOIN (SELECT customer_id, max(ordered_on) < '2025-07-01' AS gone FROM shop.orders GROUP BY 1) AS last USING (customer_id) WHERE question = 'nps' AND at < '2025-07-01';
-- channels: buyers among those who came by it, what a person costs, and what buyers are worth
SELECT channel, round(avg((orders IS NOT NULL)::integer), 2) AS buyers, round(avg(orders), 1) AS orders
FROM (SELECT DISTINCT ON (customer_id) customer_id, channel FROM shop.touches WHERE stage = 'advert' ORDER BY customer_id, at) AS came
LEFT JOIN (SELECT customer_id, count(*) AS orders FROM shop.orders GROUP BY 1) AS o USING (customer_id) GROUP BY 1 ORDER BY 1;
SELECT segment, count(DISTINCT customer_id) AS customers, round(avg(amount), 1) AS mean_amount FROM shop.orders WHERE amount > 0 GROUP BY 1 ORDER BY 1;
-- the rival helps better and tastes worse
SELECT attribute, round(avg(score) FILTER (WHERE offer <> 'rival') - avg(score) FILTER (WHERE offer = 'rival'), 1) AS ahead FROM shop.ratings GROUP BY 1 ORDER BY 1;

-- the value chain finds the weakest link, and every stage has customers and figures
SELECT count(*) FROM create_value_views('shop_value', 'shop.orders', 'shop.touches', 'shop.surveys', 'shop.tickets', 'shop.ratings', 'shop.costs', 'shop.assessments');
CALL refresh_value_views('shop_value');
SELECT stage_number, stage, customers_reached, round(conversion_rate::numeric, 3) AS conversion, median_days, round(satisfaction::numeric, 2) AS satisfaction, round(cost) AS cost, weakest_link
FROM shop_value.value_chain ORDER BY 1;
SELECT max(value_at_stake) FILTER (WHERE stage = 'support') > 1.5 * max(value_at_stake) FILTER (WHERE stage <> 'support') AS support_by_far FROM shop_value.value_chain;
-- both models find what the company was made with
SELECT model, parameter, truth BETWEEN low AND high AS within FROM shop_value.clv_model
JOIN (VALUES ('r', 1), ('alpha', 8), ('a', 1), ('b', 2.5), ('p', 4), ('q', 4), ('gamma', 40)) AS made (parameter, truth) USING (parameter) ORDER BY 1, 2;

-- the views against plain SQL and the functions called directly; a row that only one side has is different too
SELECT count(*) AS customers, count(*) FILTER (WHERE coalesce(v.orders <> p.orders OR v.spend::numeric(12, 2) <> p.spend OR v.margin::numeric(12, 2) <> p.margin OR first_purchase <> first_on OR last_purchase <> last_on
           OR length_days <> last_on - first_on OR v.segment <> p.segment OR breadth <> categories OR depth <> p.orders::float8 / months, true)) AS different
FROM shop_value.customers AS v FULL JOIN (
    SELECT customer_id, count(*) FILTER (WHERE amount >= 0) AS orders, sum(amount) AS spend, sum(margin) AS margin, min(ordered_on) FILTER (WHERE amount >= 0) AS first_on,
           max(ordered_on) FILTER (WHERE amount >= 0) AS last_on, min(segment) AS segment, count(DISTINCT category) AS categories,
           count(DISTINCT date_trunc('month', ordered_on)) FILTER (WHERE amount >= 0) AS months
    FROM shop.orders GROUP BY 1) AS p USING (customer_id);
SELECT count(*) FILTER (WHERE coalesce(v.clv_rank <> r.rank, true)) AS ranked_otherwise,
       count(*) FILTER (WHERE coalesce(v.rfm_segment <> r.segment OR v.recency_score <> (r.score).recency, true)) AS scored_otherwise
FROM shop_value.customers AS v JOIN (
    SELECT customer_id, rfm_score(scale, rfm_value(log, '2025-12-31')) AS score, rfm_segment(rfm_score(scale, rfm_value(log, '2025-12-31'))) AS segment,
           (SELECT 1 + count(*) FROM shop_value.customers AS better WHERE better.clv > own.clv) AS rank
    FROM (SELECT customer_id, activity_log(ordered_on, amount) AS log FROM shop.orders GROUP BY 1) AS logs JOIN shop_value.customers AS own USING (customer_id),
         (SELECT rfm_scale(rfm_value(log, '2025-12-31')) AS scale FROM (SELECT activity_log(ordered_on, amount) AS log FROM shop.orders GROUP BY customer_id) AS logs) AS scales) AS r USING (customer_id);
SELECT count(*) AS cells, count(*) FILTER (WHERE coalesce(v.responses <> p.responses OR v.promoters <> p.promoters OR v.detractors <> p.detractors OR abs(v.nps - p.nps) > 1e-9, true)) AS different
FROM shop_value.nps_trend AS v FULL JOIN (
    SELECT date_trunc('month', at::timestamp)::date AS period, segment, count(*) AS responses, count(*) FILTER (WHERE score >= 9) AS promoters, count(*) FILTER (WHERE score <= 6) AS detractors,
           100.0 * (count(*) FILTER (WHERE score >= 9) - count(*) FILTER (WHERE score <= 6)) / count(*) AS nps
    FROM shop.surveys WHERE question = 'nps' GROUP BY 1, 2) AS p USING (period, segment);
SELECT count(*) AS months, count(*) FILTER (WHERE coalesce(abs(v.closing - p.closing::float8) > 1e-6 OR abs(v.new - p.new::float8) > 1e-6, true)) AS different -- months with more returns than orders are none
FROM shop_value.revenue_retention AS v FULL JOIN (
    SELECT period, sum(amount) AS closing, coalesce(sum(amount) FILTER (WHERE period = first), 0) AS new
    FROM (SELECT *, min(period) OVER (PARTITION BY customer_id) AS first
          FROM (SELECT customer_id, date_trunc('month', ordered_on::timestamp)::date AS period, sum(amount) AS amount
                FROM shop.orders GROUP BY 1, 2 HAVING sum(amount) > 0) AS paid) AS months GROUP BY 1) AS p USING (period);
SELECT count(*) AS cells, count(*) FILTER (WHERE coalesce(v.active <> p.active, true)) AS different
FROM (SELECT cohort, period_number, sum(active) AS active FROM shop_value.cohort_retention WHERE active > 0 GROUP BY 1, 2) AS v FULL JOIN (
    SELECT cohort, (extract(year FROM age(month, cohort)) * 12 + extract(month FROM age(month, cohort)))::integer AS period_number, count(DISTINCT customer_id) AS active
    FROM (SELECT customer_id, date_trunc('month', ordered_on::timestamp) AS month, min(date_trunc('month', ordered_on::timestamp)) OVER (PARTITION BY customer_id) AS cohort
          FROM shop.orders WHERE amount >= 0) AS months GROUP BY 1, 2) AS p USING (cohort, period_number);
SELECT count(*) AS cells, count(*) FILTER (WHERE coalesce(v.tickets <> p.tickets OR v.solved <> p.solved OR v.backlog <> p.tickets - p.solved OR abs(v.csat - p.csat) > 1e-9
           OR abs(v.first_reply_median_hours - p.median) > 1e-5 OR abs(v.reopen_rate - m.reopen_rate) > 1e-12 OR abs(v.first_contact_rate - m.first_contact_resolution) > 1e-12
           OR abs(v.sla_rate - m.sla_attainment) > 1e-12, true)) AS different
FROM shop_value.support_metrics AS v FULL JOIN (
    SELECT date_trunc('month', created AT TIME ZONE 'UTC')::date AS period, channel, count(*) AS tickets, count(solved) AS solved, avg(csat) AS csat,
           extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY first_reply - created)) / 3600 AS median,
           support_summary(created, first_reply, solved, contacts, reopens, '2026-01-01 00:00+00', '24 hours', NULL) AS s
    FROM shop.tickets GROUP BY 1, 2) AS p USING (period, channel), support_metrics(p.s) AS m;
SELECT count(*) AS cells, count(*) FILTER (WHERE coalesce(abs(v.benefits - p.benefits) > 1e-9 OR abs(v.costs - p.costs) > 1e-9 OR v.responses <> p.responses OR v.perceived_value <> d.value, true)) AS different
FROM shop_value.perceived_value_by_offer AS v FULL JOIN (
    SELECT offer, kind, segment, coalesce(sum(score * weight) FILTER (WHERE NOT is_cost), 0) AS benefits, coalesce(sum(score * weight) FILTER (WHERE is_cost), 0) AS costs, count(*) AS responses
    FROM shop.ratings GROUP BY 1, 2, 3) AS p USING (offer, kind, segment)
JOIN (SELECT offer, kind, segment, perceived_value(score, weight::float8, is_cost) AS value FROM shop.ratings GROUP BY 1, 2, 3) AS d USING (offer, kind, segment);
SELECT count(*) AS cells, count(*) FILTER (WHERE coalesce(v.level <> d.level, true)) AS different
FROM shop_value.maturity AS v FULL JOIN (SELECT unit, aspect, maturity_level(level, achieved) AS level FROM shop.assessments GROUP BY 1, 2) AS d USING (unit, aspect);
-- the last touch with a channel before or on a day with orders, since the one before
WITH days AS (
    SELECT customer_id, ordered_on AS day, lag(ordered_on) OVER (PARTITION BY customer_id ORDER BY ordered_on) AS before, greatest(sum(amount), 0) AS amount
    FROM shop.orders GROUP BY 1, 2 HAVING bool_or(amount >= 0)
), credited AS (
    SELECT coalesce((SELECT channel FROM shop.touches AS t WHERE t.customer_id = d.customer_id AND channel IS NOT NULL AND (at AT TIME ZONE 'UTC')::date <= day
                     AND (before IS NULL OR (at AT TIME ZONE 'UTC')::date > before) ORDER BY at DESC, channel COLLATE "C" DESC LIMIT 1), '(none)') AS channel, amount FROM days AS d
), plain AS (
    SELECT channel, count(*) AS conversions, sum(amount) AS value FROM credited GROUP BY 1
)
SELECT channel, v.conversions, v.conversions = p.conversions AS same_conversions, abs(v.value - p.value::float8) < 1e-6 AS same_value, round(cost) AS cost, cost IS NOT DISTINCT FROM c.amount::float8 AS same_cost
FROM (SELECT * FROM shop_value.attribution_by_channel WHERE method = 'last') AS v FULL JOIN plain AS p USING (channel)
LEFT JOIN (SELECT channel, sum(amount) AS amount FROM shop.costs WHERE channel IS NOT NULL GROUP BY 1) AS c USING (channel) ORDER BY 1;
-- entries, exits and steps of the journeys
SELECT sum(transitions) FILTER (WHERE from_stage = '(entry)') = (SELECT count(DISTINCT customer_id) FROM shop.touches) AS entries FROM shop_value.journey_edges;
SELECT stage, customers, customers = (SELECT count(DISTINCT customer_id) FROM shop.touches AS t WHERE t.stage = f.stage) AS all_of_the_stage FROM shop_value.journey_funnel AS f WHERE step = 1;
-- customers at each stage
SELECT v.stage, v.customers_reached = p.customers AS customers
FROM shop_value.value_chain AS v FULL JOIN (
    SELECT stage, count(DISTINCT customer_id) AS customers
    FROM (SELECT coalesce(chain_stage, 'marketing') AS stage, customer_id FROM shop.touches UNION ALL SELECT coalesce(chain_stage, 'feedback'), customer_id FROM shop.surveys
          UNION ALL SELECT 'development', respondent::bigint FROM shop.ratings UNION ALL SELECT 'sales', customer_id FROM shop.orders UNION ALL SELECT 'support', customer_id FROM shop.tickets) AS seen GROUP BY 1) AS p
    USING (stage) ORDER BY v.stage_number;
SELECT drop_value_views('shop_value');
DROP SCHEMA shop CASCADE;
