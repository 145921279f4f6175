-- A company that never was, over two years: a shop for coffee at home and all that its
-- customers say and do, in the seven tables that create_value_views() reads.
--
--   psql -v customers=2000 -v seed=1 -f demo/shop.sql
--
-- Variables, all with a default:
--   customers   how many people buy; a quarter as many look around and never do  (2000)
--   seed        another one makes other customers                                (1)
--   last_day    the last day in the data, the end of a month looks best          (2025-12-31)
--
-- It makes the schema shop. The same variables give the same rows in the same order on
-- every machine: nothing is drawn but by hashing, and nothing depends on the session.
--
-- The story. The shop grows, most of all before Christmas. How customers buy and leave is
-- an MBG/NBD model with r = 1, alpha = 8 weeks, a = 1, b = 2.5; what they spend is a
-- Gamma-Gamma model with p = 4, q = 4, gamma = 40. The rest hangs on that:
--   - The better the shop and its support serve a customer (half of it each), the more
--     satisfied the customer: better scores, and after each order less likely to leave.
--   - Nearly everyone needs help to set up the machine, but support did not grow with the
--     shop: replies take longer every month. Who waits long gets in touch more often, is
--     less satisfied, seldom answers a survey and leaves early.
--   - Mail and referral cost little and bring buyers who stay; display costs most and
--     brings people who look around.
--   - Business customers spend most, private ones least.
-- So the weakest link of the value chain is SUPPORT: most of the value is lost between it
-- and feedback.

\set ON_ERROR_STOP on
\if :{?customers} \else \set customers 2000 \endif
\if :{?seed} \else \set seed 1 \endif
\if :{?last_day} \else \set last_day 2025-12-31 \endif

CREATE SCHEMA shop;
COMMENT ON SCHEMA shop IS 'A made-up company: orders, touches, surveys, tickets, ratings, costs, assessments.';

-- A number between 0 and 1, both excluded, for the use `what` of whatever has this key.
CREATE FUNCTION shop.draw(key bigint, what integer) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (((hashint8extended(what, key) >> 11) & 9007199254740991) + 0.5::float8) / 9007199254740992;

-- --- time -------------------------------------------------------------------------------

-- The days of the shop, and how many of the customers were won by the end of each: growing,
-- with a high season before Christmas.
CREATE TEMPORARY TABLE days AS
SELECT number, day, (sum(weight) OVER (ORDER BY day) / sum(weight) OVER ())::float8 AS won
FROM (SELECT number, first_day + number AS day,
             (1 + number / 730.0) * ('{0.8,0.8,0.9,0.95,1,0.95,0.85,0.85,1,1.1,1.5,1.6}'::numeric[])[extract(month FROM first_day + number)] AS weight
      FROM (SELECT (date_trunc('month', :'last_day'::date::timestamp) - interval '23 months')::date AS first_day) AS first,
           generate_series(0, :'last_day'::date - first_day) AS number) AS weights;

CREATE TEMPORARY TABLE calendar AS
SELECT min(day) AS first_day, max(day) AS last_day, count(*)::integer AS days FROM days;

-- Times are days since the first one, with a fraction; in UTC they are instants.
CREATE FUNCTION shop.instant(first_day date, days float8) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (first_day::timestamp + floor(days * 86400) * interval '1 second') AT TIME ZONE 'UTC';

-- --- people -----------------------------------------------------------------------------

-- served: by the shop; helped: by support; satisfied: the rank of both together, evenly
-- from 0 to 1; stay: the probability to go on after an order; pace: orders a day; bill: one
-- over the mean amount, but for a factor.
CREATE TEMPORARY TABLE people AS
WITH drawn AS (
    SELECT customer_id, hashint8extended(customer_id, :seed) AS key, customer_id <= :customers AS buys
    FROM generate_series(1::bigint, :customers + :customers / 4) AS customer_id
), born AS (
    SELECT customer_id, key, buys, days,
           shop.draw(key, 1) AS x, shop.draw(key, 2) AS fraction, shop.draw(key, 3) AS served, shop.draw(key, 4) AS helped,
           -ln(shop.draw(key, 5)) / (8 * 7) AS pace,
           -ln(shop.draw(key, 6) * shop.draw(key, 7) * shop.draw(key, 8) * shop.draw(key, 9)) AS thrift,
           shop.draw(key, 10) AS y, shop.draw(key, 11) AS z
    FROM drawn, calendar
), known AS (
    SELECT *, CASE WHEN served + helped <= 1 THEN (served + helped) * (served + helped) / 2
                   ELSE 1 - (2 - served - helped) * (2 - served - helped) / 2 END AS satisfied
    FROM born
)
SELECT customer_id, key, buys, width_bucket(x, (SELECT array_agg(won ORDER BY day) FROM days)) + fraction AS since, served, helped, satisfied, pace, power(satisfied, 0.4) AS stay, thrift / 40 AS bill,
       CASE WHEN thrift + y < 2.7 THEN 'business' WHEN thrift + 2 * y < 4.8 THEN 'family' ELSE 'private' END AS segment,
       CASE WHEN buys THEN CASE WHEN z < 0.05 + 0.15 * served THEN 'referral' WHEN z < 0.45 THEN 'search' WHEN z < 0.60 THEN 'mail'
                                WHEN z < 0.85 THEN 'social' ELSE 'display' END
            ELSE CASE WHEN z < 0.03 THEN 'referral' WHEN z < 0.23 THEN 'search' WHEN z < 0.28 THEN 'mail' WHEN z < 0.55 THEN 'social' ELSE 'display' END END AS channel,
       shop.draw(key, 12) < CASE WHEN buys THEN 0.15 ELSE 0.10 END AS advised,
       shop.draw(key, 13) < CASE WHEN buys THEN 0.10 + 0.45 * satisfied * helped + 0.25 * helped ELSE 0 END AS answers,
       days
FROM known;
ANALYZE people;

-- --- orders -----------------------------------------------------------------------------

CREATE TEMPORARY TABLE purchases AS
WITH repeats AS ( -- no more than fit into the time that is left
    SELECT p.*, least(floor(ln(shop.draw(key, 14)) / ln(stay)), ceil(pace * (days - since) + 6 * sqrt(pace * (days - since)) + 6))::integer AS repeats
    FROM people AS p WHERE buys
), gaps AS (
    SELECT customer_id, key, since, days, bill, segment, number, hashint8extended(number, key) AS order_key, pace
    FROM repeats, generate_series(0, repeats) AS number
), times AS (
    SELECT customer_id, number, order_key, bill, segment, days,
           since + sum(CASE WHEN number = 0 THEN 0 ELSE -ln(shop.draw(order_key, 1)) / pace END) OVER (PARTITION BY customer_id ORDER BY number) AS at
    FROM gaps
)
SELECT customer_id, number, order_key, at, segment,
       greatest(0.01, round((-ln(shop.draw(order_key, 2) * shop.draw(order_key, 3) * shop.draw(order_key, 4) * shop.draw(order_key, 5)) / bill)::numeric, 2)) AS amount,
       CASE WHEN shop.draw(order_key, 6) < CASE number WHEN 0 THEN 0.6 ELSE 0.05 END THEN 'machines'
            WHEN shop.draw(order_key, 6) < 0.75 THEN 'beans' ELSE 'accessories' END AS category,
       CASE WHEN shop.draw(order_key, 7) < CASE segment WHEN 'business' THEN 0.2 WHEN 'family' THEN 0.4 ELSE 0.5 END THEN 'app'
            WHEN shop.draw(order_key, 7) < 0.85 THEN 'web' ELSE 'store' END AS channel,
       CASE WHEN shop.draw(order_key, 8) < 0.03 THEN at + 3 + 20 * shop.draw(order_key, 9) END AS returned_at
FROM times
WHERE at < days;
ANALYZE purchases;

CREATE TABLE shop.orders AS
SELECT row_number() OVER (ORDER BY day, customer_id, number, sign DESC) AS order_id, customer_id, first_day + day AS ordered_on, sign * amount AS amount,
       sign * round(amount * CASE category WHEN 'machines' THEN 0.25 WHEN 'beans' THEN 0.45 ELSE 0.55 END, 2) AS margin, segment, channel, category
FROM (SELECT p.*, floor(at)::integer AS day, 1 AS sign FROM purchases AS p
      UNION ALL
      SELECT p.*, floor(returned_at)::integer, -1 FROM purchases AS p WHERE returned_at IS NOT NULL) AS entries, calendar
WHERE day < days
ORDER BY 1;
COMMENT ON TABLE shop.orders IS 'Orders and, with negative amounts, returns of a made-up shop.';

-- --- touches ----------------------------------------------------------------------------

CREATE TABLE shop.touches AS
WITH first_ones AS ( -- advert, visit, product, cart and checkout, the last of them with the first order
    SELECT customer_id, key, since - CASE WHEN step < 5 THEN ((5 - step) * (0.02 + 3 * shop.draw(key, 20) * shop.draw(key, 21))) ELSE 0 END AS at,
           step, channel
    FROM people, generate_series(1, 5) AS step
    WHERE CASE WHEN step = 1 THEN true WHEN NOT buys THEN shop.draw(key, 22) > (step - 1) / 4.0 WHEN step < 5 THEN shop.draw(key, 22 + step) < 0.94 ELSE true END
), later_ones AS ( -- an advert by mail, another visit, another checkout
    SELECT customer_id, order_key, at - CASE kind WHEN 1 THEN 1 + 4 * shop.draw(order_key, 20) WHEN 2 THEN 0.01 + shop.draw(order_key, 21) ELSE 0 END AS at, kind
    FROM purchases, generate_series(1, 3) AS kind
    WHERE number > 0 AND shop.draw(order_key, 22 + kind) < (ARRAY[0.3, 0.5, 0.5])[kind]
)
SELECT customer_id, shop.instant(first_day, at) AS at, stage, channel, chain_stage
FROM (SELECT customer_id, at, (ARRAY['advert', 'visit', 'product', 'cart', 'checkout'])[step] AS stage,
             CASE WHEN step = 1 OR step < 4 AND shop.draw(key, 30 + step) < 0.6 THEN channel
                  WHEN step < 4 THEN (ARRAY['search', 'social', 'mail', NULL])[1 + floor(4 * shop.draw(key, 40 + step))::integer] END AS channel, NULL AS chain_stage
      FROM first_ones
      UNION ALL
      SELECT customer_id, at, (ARRAY['advert', 'visit', 'checkout'])[kind],
             CASE kind WHEN 1 THEN 'mail' WHEN 2 THEN (ARRAY['search', 'social', NULL, NULL])[1 + floor(4 * shop.draw(order_key, 30))::integer] END, NULL
      FROM later_ones
      UNION ALL
      SELECT customer_id, since - 13.5, 'visit', NULL, 'needs' FROM people WHERE advised) AS touches, calendar
ORDER BY at, customer_id, stage COLLATE "C", channel COLLATE "C";
COMMENT ON TABLE shop.touches IS 'What people saw and did before they ordered, or did not.';

-- --- support ----------------------------------------------------------------------------

-- Hours to the first reply: by channel, by how the customer is helped, and longer with time.
CREATE TEMPORARY TABLE help AS
SELECT customer_id, order_key, opened, replied, replied + (2 + 30 * (1 - helped) + 30 * shop.draw(order_key, 53)) * contacts / 24 AS solved,
       contacts, reopens, channel, csat, helped, satisfied
FROM (SELECT *, opened + (CASE channel WHEN 'chat' THEN 2 WHEN 'phone' THEN 4 ELSE 8 END) * (0.2 + 3.8 * (1 - helped) * (1 - helped))
                         * (1 + 1.5 * opened / days) * (0.5 + shop.draw(order_key, 52)) / 24 AS replied,
             1 + floor(shop.draw(order_key, 54) * (1.2 + 2.6 * (1 - helped)))::integer AS contacts,
             floor(shop.draw(order_key, 55) * (1 + 1.2 * (1 - helped)))::integer AS reopens,
             CASE WHEN shop.draw(order_key, 56) < 0.45 THEN 1 + floor(5 * greatest(0, 0.55 * helped + 0.25 * satisfied + 0.2 * shop.draw(order_key, 57) - 0.2 * opened / days))::integer END AS csat
      FROM (SELECT customer_id, order_key, days, at + 0.5 + 2 * shop.draw(order_key, 50) AS opened, helped, satisfied,
                   (ARRAY['chat', 'phone', 'mail', 'mail'])[1 + floor(4 * shop.draw(order_key, 51))::integer] AS channel
            FROM purchases JOIN people USING (customer_id)
            WHERE shop.draw(order_key, 58) < CASE number WHEN 0 THEN 0.9 ELSE 0.15 END) AS asked
      WHERE opened < days) AS answered;
ANALYZE help;

CREATE TABLE shop.tickets AS
SELECT customer_id, shop.instant(first_day, opened) AS created,
       CASE WHEN replied < days THEN shop.instant(first_day, replied) END AS first_reply,
       CASE WHEN solved < days THEN shop.instant(first_day, solved) END AS solved,
       contacts, CASE WHEN solved < days THEN reopens ELSE 0 END AS reopens, channel, CASE WHEN solved < days THEN csat END AS csat
FROM help, calendar
ORDER BY opened, customer_id, order_key;
COMMENT ON TABLE shop.tickets IS 'What customers asked support.';

-- --- surveys ----------------------------------------------------------------------------

-- Who takes part in the panel that tries new offers: mostly those who had asked for advice.
CREATE TEMPORARY TABLE panel AS
SELECT customer_id, key, since, segment, served, helped FROM people WHERE shop.draw(key, 60) < CASE WHEN advised THEN 0.8 ELSE 0.08 END;

CREATE TABLE shop.surveys AS
SELECT customer_id, first_day + floor(day)::integer AS at, question, least(high, greatest(low, score))::float8 AS score, segment, chain_stage
FROM (SELECT customer_id, since - 13.5 AS day, 'understood' AS question, 1 AS low, 5 AS high, 2 + floor(3 * served + 1.5 * shop.draw(key, 71)) AS score,
             segment, 'needs' AS chain_stage
      FROM people WHERE advised AND shop.draw(key, 70) < 0.6
      UNION ALL
      SELECT customer_id, since + 20 + 40 * shop.draw(key, 73), 'useful', 1, 5, 2 + floor(3 * served + 1.5 * shop.draw(key, 74)), segment, 'development'
      FROM panel WHERE shop.draw(key, 72) < 0.5
      UNION ALL
      SELECT customer_id, since, 'clear', 1, 5, 2 + floor(2 * served + 2 * shop.draw(key, 76)), segment, 'marketing'
      FROM people WHERE shop.draw(key, 75) < 0.05
      UNION ALL
      SELECT customer_id, at, 'ordering', 1, 5, 2 + floor(2.5 * served + 1.8 * shop.draw(order_key, 78)), p.segment, 'sales'
      FROM purchases JOIN people AS p USING (customer_id) WHERE shop.draw(order_key, 77) < 0.15
      UNION ALL
      SELECT customer_id, replied + 1, 'effort', 1, 7, 1 + floor(5 * helped + 2 * shop.draw(order_key, 80)), p.segment, 'support'
      FROM help JOIN people AS p USING (customer_id, helped) WHERE shop.draw(order_key, 79) < 0.2
      UNION ALL -- 0 to 10; stricter as time goes by and help comes later
      SELECT customer_id, at + 14, 'nps', 0, 10,
             floor(2 + 9.5 * sqrt(greatest(0, satisfied + 0.4 * (shop.draw(order_key, 82) - 0.5) - 0.3 * at / days))), p.segment, NULL
      FROM purchases JOIN people AS p USING (customer_id) WHERE answers AND (number = 0 OR shop.draw(order_key, 81) < 0.4)) AS answers, calendar
WHERE day < days
ORDER BY at, question COLLATE "C", customer_id, score, day;
COMMENT ON TABLE shop.surveys IS 'Answers of customers, at all stages of the value chain.';

-- --- ratings ----------------------------------------------------------------------------

-- Everyone in the panel rates the offer for people like them, and the rival's.
CREATE TABLE shop.ratings AS
SELECT offer, attribute,
       least(7, greatest(1, round(CASE WHEN is_cost THEN base - 1.5 * (served - 0.5) ELSE base + 2 * (served - 0.5) END
                                  + CASE WHEN offer = 'rival' THEN less ELSE 0 END + 2.4 * (shop.draw(hashint8extended(number, key), place) - 0.5))))::integer AS score,
       round(CASE WHEN segment = 'business' THEN business ELSE private END::numeric, 2) AS weight, is_cost, customer_id::text AS respondent, kind, segment
FROM panel,
     unnest(ARRAY[CASE segment WHEN 'business' THEN 'premium' WHEN 'family' THEN 'classic' ELSE 'starter' END, 'rival']) WITH ORDINALITY AS offers (offer, number),
     -- less: what the rival has more or less of it
     (VALUES (1, 'taste', 'functional', false, 5.2, -0.6, 0.30, 0.20),
             (2, 'reliability', 'functional', false, 4.8, 0.2, 0.20, 0.35),
             (3, 'joy of use', 'experiential', false, 4.9, -0.4, 0.20, 0.10),
             (4, 'help when needed', 'experiential', false, 3.4, 1.1, 0.15, 0.25),
             (5, 'looks', 'symbolic', false, 4.6, -0.2, 0.15, 0.10),
             (6, 'price', 'cost', true, 4.1, -0.5, 0.50, 0.35),
             (7, 'effort', 'cost', true, 3.6, -0.3, 0.30, 0.40),
             (8, 'worry', 'cost', true, 2.9, 0.1, 0.20, 0.25)) AS attributes (place, attribute, kind, is_cost, base, less, private, business)
ORDER BY customer_id, number, place;
COMMENT ON TABLE shop.ratings IS 'How a panel rates offers: benefits and costs, 1 to 7, with weights.';

-- --- costs ------------------------------------------------------------------------------

CREATE TABLE shop.costs AS
SELECT least(last_day, (greatest(date_trunc('month', day::timestamp), first_day) + interval '1 month - 1 day')::date) AS at, chain_stage, round(sum(amount), 2) AS amount, channel
FROM (SELECT (at AT TIME ZONE 'UTC')::date AS day, coalesce(chain_stage, 'marketing') AS chain_stage,
             count(*) * CASE channel WHEN 'display' THEN 9 WHEN 'social' THEN 4 WHEN 'search' THEN 3 WHEN 'referral' THEN 2.5 WHEN 'mail' THEN 1.2 ELSE 6 END AS amount, channel
      FROM shop.touches WHERE channel IS NOT NULL OR chain_stage IS NOT NULL GROUP BY 1, 2, channel
      UNION ALL
      SELECT ordered_on, 'development', 0.03 * sum(amount), NULL FROM shop.orders WHERE amount > 0 GROUP BY 1
      UNION ALL
      SELECT ordered_on, 'sales', 0.05 * sum(amount), NULL FROM shop.orders WHERE amount > 0 GROUP BY 1
      UNION ALL
      SELECT (created AT TIME ZONE 'UTC')::date, 'support', sum(1.5 + 2.5 * contacts), NULL FROM shop.tickets GROUP BY 1
      UNION ALL
      SELECT at, 'feedback', 0.4 * count(*), NULL FROM shop.surveys GROUP BY 1) AS spent, calendar
GROUP BY 1, chain_stage, channel
ORDER BY 1, chain_stage COLLATE "C", channel COLLATE "C";
COMMENT ON TABLE shop.costs IS 'What the stages of the value chain and the channels of marketing cost, by month.';

-- --- assessments ------------------------------------------------------------------------

CREATE TABLE shop.assessments AS
SELECT aspect, level, level <= reached + floor(2 * shop.draw(:seed, 100 * reached + rank))::integer AS achieved, unit
FROM (SELECT aspect, level, dense_rank() OVER (ORDER BY aspect COLLATE "C")::integer AS rank FROM maturity_practices() WHERE aspect IS NOT NULL) AS practices,
     (VALUES ('sales', 2), ('service', 1)) AS units (unit, reached)
ORDER BY unit COLLATE "C", aspect COLLATE "C", level;
COMMENT ON TABLE shop.assessments IS 'How maturely two units of the company manage customer value.';

DROP TABLE days, calendar, people, purchases, help, panel;
DROP FUNCTION shop.draw(bigint, integer), shop.instant(date, float8);
ANALYZE shop.orders, shop.touches, shop.surveys, shop.tickets, shop.ratings, shop.costs, shop.assessments;
