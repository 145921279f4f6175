-- A small shop with all seven sources, and the value views over it: of customers with
-- numbers (value), of customers with names (value_named), and before a refresh (value_new).
-- Text holds what is awkward to carry: quotes, tabs, line ends, letters of many alphabets.

CREATE EXTENSION customer_value;
CREATE SCHEMA shop;

CREATE TABLE shop.orders AS
SELECT row_number() OVER (ORDER BY at, customer_id) AS order_id, customer_id + 9007199254740993 AS customer_id, at AS ordered_on,
       amount::numeric(12,2), amount * 0.3 AS margin,
       (ARRAY[E'web "direct"', E'Gr\u00F6\u00DFe \u4E2D \U0001F600', E'tab\there, back\\slash', E'two\nlines', '', NULL])[1 + customer_id % 6] AS segment,
       (ARRAY['books', 'toys', NULL])[1 + (customer_id + (at - '2024-01-01')) % 3] AS category, 'web' AS channel
FROM simulate_purchases('{"family": "mbg/nbd", "unit": "7 days", "r": 0.5, "alpha": 6, "a": 0.9, "b": 1.6}',
    '{"family": "gamma-gamma", "p": 6, "q": 3.7, "gamma": 15}', customers => 150,
    acquired_from => '2024-01-01', acquired_to => '2024-12-31', until => '2025-12-31', seed => 5);
-- amounts that a float8 does not hold, and a day before Christ
INSERT INTO shop.orders VALUES (100001, 9007199254740995, '2025-01-01', 1234567890.12, NULL, NULL, NULL, NULL);

CREATE TABLE shop.touches AS
SELECT customer_id, (ordered_on - step) + interval '1.234567 s' * order_id AS at_utc, (ARRAY['cart', 'product', 'visit'])[step] AS stage,
       (ARRAY['mail', 'search', NULL])[1 + (order_id + step) % 3] AS channel, CASE WHEN order_id % 20 = 0 THEN 'needs' END AS chain_stage
FROM shop.orders, generate_series(1, 3) AS step;

CREATE TABLE shop.surveys AS
SELECT customer_id, ordered_on + 5 AS at, 'nps' AS question, (order_id % 11)::float8 AS score, segment, CASE WHEN order_id % 3 = 0 THEN 'sales' END AS chain_stage
FROM shop.orders WHERE order_id % 2 = 0;

CREATE TABLE shop.tickets AS
SELECT customer_id, (ordered_on + 2)::timestamp AT TIME ZONE 'UTC' AS created,
       CASE WHEN order_id % 5 > 0 THEN (ordered_on + 2)::timestamp AT TIME ZONE 'UTC' + interval '5 hours' * (1 + order_id % 8) END AS first_reply,
       CASE WHEN order_id % 9 > 0 THEN (ordered_on + 4)::timestamp AT TIME ZONE 'UTC' END AS solved,
       (1 + order_id % 3)::integer AS contacts, (order_id % 2)::integer AS reopens, CASE WHEN order_id % 4 = 0 THEN 'mail' END AS channel,
       CASE WHEN order_id % 3 = 0 THEN 1 + order_id % 5 END AS csat
FROM shop.orders WHERE order_id % 3 = 0;

CREATE TABLE shop.ratings AS
SELECT offer, attribute, i % 7 AS score, 1.5 AS weight, attribute = 'price' AS is_cost, CASE WHEN attribute = 'quality' THEN 'functional' END AS kind,
       CASE WHEN i % 2 = 0 THEN i END AS respondent, CASE WHEN i % 4 = 0 THEN E'two\nlines' END AS segment
FROM unnest('{basic, plus}'::text[]) AS offer, unnest('{quality, price}'::text[]) AS attribute, generate_series(1, 40) AS i;

CREATE TABLE shop.costs AS
SELECT date '2025-01-15' AS at, stage AS chain_stage, 0.1 AS amount, CASE WHEN stage = 'marketing' THEN 'mail' END AS channel
FROM unnest('{marketing, sales, support}'::text[]) AS stage;

CREATE TABLE shop.assessments AS
SELECT aspect, level, CASE WHEN level < 4 THEN level < 3 END AS achieved, CASE WHEN aspect < 'm' THEN 'North' END AS unit
FROM maturity_practices() WHERE aspect IS NOT NULL;

SELECT count(*) FROM create_value_views('value', 'shop.orders', 'SELECT *, at_utc AT TIME ZONE ''UTC'' AS at FROM shop.touches',
    'shop.surveys', 'shop.tickets', 'shop.ratings', 'shop.costs', 'shop.assessments');
SELECT count(*) FROM create_value_views('value_named', 'SELECT ''customer '' || customer_id AS customer_id, ordered_on, amount::float8 FROM shop.orders');
SELECT count(*) FROM create_value_views('value_new', 'shop.orders', 'SELECT *, at_utc AT TIME ZONE ''UTC'' AS at FROM shop.touches',
    'shop.surveys', 'shop.tickets', 'shop.ratings', 'shop.costs', 'shop.assessments');
CALL refresh_value_views('value');
CALL refresh_value_views('value_named');
