-- Events of stages, about 11 a customer over two years, in random physical order. A
-- customer comes in visits: several events within an hour or two, days between visits.
--
-- Variables: rows (about as many).

SELECT setseed(0.5);

CREATE TABLE events AS
SELECT customer_id,
       timestamptz '2024-01-01 00:00:00+00' + (random() * 600 + visit * 20) * interval '1 day'
           + random() * interval '2 hours' AS at,
       (ARRAY['visit', 'visit', 'visit', 'visit', 'product', 'product', 'product', 'cart', 'cart', 'checkout'])
           [1 + floor(random() * 10)::integer] AS stage
FROM generate_series(1, greatest(1, (:rows / 11.4)::integer)) AS customer_id,
     generate_series(1, 1 + (('x' || substr(md5(customer_id::text), 1, 6))::bit(24)::integer % 7)) AS visit,
     generate_series(1, 1 + ((customer_id * 7 + visit * 3) % 5)) AS n
ORDER BY random();

VACUUM (FREEZE, ANALYZE) events;

CREATE TABLE events_size AS
SELECT count(*) AS rows, count(DISTINCT customer_id) AS customers, pg_table_size('events') AS bytes FROM events;
