-- Part 14: the value views of a whole company: making, refreshing and reading them.
--
-- Variables: size (customers who buy), data (the file that makes the company).
--
-- A refresh commits, so it cannot be repeated and rolled back as other works are: each is
-- run once, as it is, and its times are those of the clock in refresh_log.

SET client_min_messages = warning;
\set customers :size
\i :data

INSERT INTO parts
SELECT 14, 'Value views',
       format('The company of `demo/shop.sql`: %s people, %s orders, %s touches, %s answers, %s tickets, %s ratings. Refreshes run once, by the clock on the wall; '
              'so do, five times each, the reads, of which the median is shown.',
              thousands(:size + :size / 4), thousands((SELECT count(*) FROM shop.orders)), thousands((SELECT count(*) FROM shop.touches)),
              thousands((SELECT count(*) FROM shop.surveys)), thousands((SELECT count(*) FROM shop.tickets)), thousands((SELECT count(*) FROM shop.ratings))),
       '{work, figure, compared with, figure, ratio or share}';

-- The median of five wall times, planning included.
CREATE FUNCTION read_seconds(statement text) RETURNS float8 LANGUAGE plpgsql AS
$$
DECLARE
    begun timestamptz;
    taken float8[] := '{}';
BEGIN
    FOR turn IN 1 .. 5 LOOP
        begun := clock_timestamp();
        EXECUTE statement;
        taken := taken || extract(epoch FROM clock_timestamp() - begun)::float8;
    END LOOP;
    RETURN (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY t) FROM unnest(taken) AS t);
END
$$;

CREATE FUNCTION refresh_seconds(number bigint) RETURNS float8 LANGUAGE plpgsql AS
$$ BEGIN RETURN (SELECT extract(epoch FROM max(finished) - min(started)) FROM shop_value.refresh_log WHERE refresh = number); END $$;

-- --- making -----------------------------------------------------------------------------

SELECT clock_timestamp() AS begun \gset
SELECT count(*) FROM create_value_views('shop_value', 'shop.orders', 'shop.touches', 'shop.surveys', 'shop.tickets', 'shop.ratings', 'shop.costs', 'shop.assessments');
SELECT report(14, ARRAY['`create_value_views`', duration(extract(epoch FROM clock_timestamp() - :'begun'::timestamptz)), '', '', ''], '≤ 2 s',
              clock_timestamp() - :'begun'::timestamptz <= '2 s');

-- What nothing can do without: each table read and grouped once.
SELECT timings[1].wall + timings[2].wall + timings[3].wall + timings[4].wall AS floor FROM (
    SELECT alternate(ARRAY[
        'SELECT customer_id, count(*), sum(amount), min(ordered_on), max(ordered_on) FROM shop.orders GROUP BY 1',
        'SELECT customer_id, count(*), min(at), max(at) FROM shop.touches GROUP BY 1',
        'SELECT question, avg(score) FROM shop.surveys GROUP BY 1',
        'SELECT customer_id, count(*), min(created) FROM shop.tickets GROUP BY 1'], '{"{}"}') AS timings) AS t \gset

CALL refresh_value_views('shop_value');
SELECT report(14, ARRAY['`refresh_value_views`', duration(refresh_seconds(1)), 'each source grouped once', duration(:floor), ratio(refresh_seconds(1) / :floor)]);
SELECT report(14, ARRAY[format('step `%s`', step), duration(extract(epoch FROM finished - started)), '', '',
                        format('%s %%', round(100 * extract(epoch FROM finished - started) / refresh_seconds(1)::numeric, 1))])
FROM shop_value.refresh_log WHERE refresh = 1 ORDER BY step_number;

-- A day later.
INSERT INTO shop.orders
SELECT (SELECT max(order_id) FROM shop.orders) + row_number() OVER (ORDER BY order_id), customer_id, ordered_on + 1, amount, margin, segment, channel, category
FROM shop.orders WHERE ordered_on = (SELECT max(ordered_on) FROM shop.orders);
CALL refresh_value_views('shop_value', incremental => true);
SELECT report(14, ARRAY['`refresh_value_views`, incremental after a day with ' || thousands(max(orders_read) - (SELECT max(order_id) FROM shop.orders WHERE ordered_on < (SELECT max(ordered_on) FROM shop.orders))) || ' orders',
                        duration(refresh_seconds(2)), 'all of it', duration(refresh_seconds(1)), ratio(refresh_seconds(2) / refresh_seconds(1))])
FROM shop_value.value_views;
SELECT report(14, ARRAY['its step `orders`', duration(extract(epoch FROM b.finished - b.started)), 'the same, all of it', duration(extract(epoch FROM a.finished - a.started)),
                        ratio((extract(epoch FROM b.finished - b.started) / extract(epoch FROM a.finished - a.started))::float8)])
FROM shop_value.refresh_log AS a JOIN shop_value.refresh_log AS b USING (step) WHERE a.refresh = 1 AND b.refresh = 2 AND step = 'orders';

-- --- reading ----------------------------------------------------------------------------

CREATE TABLE reads AS
SELECT relname AS view, read_seconds(format('SELECT * FROM shop_value.%I LIMIT 100', relname)) AS rows, read_seconds(format('SELECT * FROM shop_value.%I LIMIT 0', relname)) AS none
FROM pg_class WHERE relnamespace = 'shop_value'::regnamespace AND relkind = 'v';
SELECT report(14, ARRAY[format('`LIMIT 100` of each of %s views, the slowest: `%s`', count(*), (array_agg(view ORDER BY rows DESC))[1]), duration(max(rows)), '', '', ''],
              '≤ 50.0 ms', max(rows) <= 0.05) FROM reads;
SELECT report(14, ARRAY[format('`LIMIT 0` of each, the slowest: `%s`', (array_agg(view ORDER BY none DESC))[1]), duration(max(none)), '', '', ''],
              '≤ 50.0 ms', max(none) <= 0.05) FROM reads;
SELECT report(14, ARRAY['the 100 most valuable of `customers`', duration(seconds), '', '', ''], '≤ 50.0 ms', seconds <= 0.05)
FROM read_seconds('SELECT * FROM shop_value.customers ORDER BY clv_rank LIMIT 100') AS seconds;

-- What tools ask of the catalog: how long that takes, and how many blocks of the company's
-- tables and of the views' it reads.
CREATE FUNCTION blocks_of_users() RETURNS bigint LANGUAGE sql AS
$$
    SELECT sum(pg_stat_get_blocks_fetched(c.oid))::bigint FROM pg_class AS c
    WHERE relnamespace IN ('shop'::regnamespace, 'shop_value'::regnamespace) AND relkind = 'r'
$$;
SELECT pg_stat_force_next_flush() \g /dev/null
SELECT blocks_of_users() AS before \gset
CREATE TABLE introspections AS
SELECT max(seconds) AS seconds
FROM (VALUES ($$SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'shop_value'$$),
             ($$SELECT c.relname, c.relkind, obj_description(c.oid), a.attname, format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum)
                FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 WHERE c.relnamespace = 'shop_value'::regnamespace$$)) AS asked (statement),
     read_seconds(statement) AS seconds;
SELECT max(read_seconds(format('SELECT * FROM shop_value.%I LIMIT 0', view))) AS seconds FROM reads \g /dev/null
SELECT pg_stat_force_next_flush() \g /dev/null
SELECT report(14, ARRAY['columns and comments from the catalog', duration(seconds), 'blocks of sources and results read by that and by `LIMIT 0`',
                        thousands(blocks_of_users() - :before), ''], '0 blocks', blocks_of_users() = :before)
FROM introspections;

DROP TABLE reads, introspections;
SELECT drop_value_views('shop_value');
DROP SCHEMA shop CASCADE;
