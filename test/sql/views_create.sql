-- Making, checking and dropping the value views.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET client_min_messages = warning;

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

CREATE SCHEMA shop;
CREATE TABLE shop.orders (customer_id integer, ordered_on date, amount numeric(10,2), order_id integer, segment varchar(20));
CREATE TABLE shop.touches (customer_id integer, at timestamptz, stage text, channel text);
CREATE TABLE shop.wrong (customer_id text, ordered_on timestamptz, amount text, at timestamp, created timestamptz);

-- what is made, from a table and from a query
SELECT * FROM create_value_views('value', orders => 'shop.orders', touches => 'SELECT * FROM shop.touches WHERE stage <> ''bot'';');
SELECT relname, relkind FROM pg_class WHERE relnamespace = 'value'::regnamespace AND relkind IN ('r', 'v') ORDER BY relkind, relname;
-- plain scalar columns, every view and column with words, nothing of it a member of the extension
SELECT count(*) FILTER (WHERE format_type(a.atttypid, NULL) NOT IN ('bigint', 'integer', 'double precision', 'numeric', 'text', 'date', 'timestamp with time zone', 'boolean')) AS other_types,
       count(*) FILTER (WHERE col_description(c.oid, a.attnum) IS NULL) AS without_words,
       count(*) FILTER (WHERE obj_description(c.oid) IS NULL) AS views_without_words,
       count(*) FILTER (WHERE NOT 'security_invoker=true' = ANY (c.reloptions)) AS not_as_invoker
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'value'::regnamespace AND c.relkind = 'v';
SELECT count(*) FROM pg_depend WHERE deptype = 'e' AND objid IN (SELECT oid FROM pg_class WHERE relnamespace = 'value'::regnamespace);
-- customer_id keeps its type
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'value.customers'::regclass AND attname = 'customer_id';
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'value.orders'::regclass AND attnum > 0 ORDER BY attnum;

-- sources that do not fit
SELECT pg_temp.error_of($$SELECT create_value_views('v2', orders => 'shop.nowhere')$$);
SELECT pg_temp.error_of($$SELECT create_value_views('v2', orders => 'shop.touches')$$);
SELECT pg_temp.error_of($$SELECT create_value_views('v2', orders => 'shop.wrong')$$);
SELECT pg_temp.error_of($$SELECT create_value_views('v2', orders => 'SELECT customer_id, ordered_on::date, amount FROM shop.wrong')$$);
SELECT pg_temp.error_of($$SELECT create_value_views('v2', touches => 'SELECT customer_id, at, amount AS stage FROM shop.wrong')$$);
SELECT pg_temp.error_of($$SELECT create_value_views('v2', orders => 'shop.orders', tickets => 'shop.wrong')$$);
SELECT pg_temp.error_of($$SELECT create_value_views('v2', orders => 'SELECT ''{}''::json AS customer_id, current_date AS ordered_on, 1 AS amount')$$);
SELECT pg_temp.error_of($$SELECT create_value_views('v2', orders => 'SELECT nonsense')$$);
SELECT pg_temp.error_of($$SELECT create_value_views('shop', orders => 'shop.orders')$$);
CREATE TABLE shop.sales AS TABLE shop.orders;
SELECT pg_temp.error_of($$SELECT create_value_views('shop', orders => 'SELECT * FROM shop.sales', costs => 'SELECT 1')$$);
ALTER TABLE shop.orders RENAME TO purchases;
SELECT pg_temp.error_of($$SELECT create_value_views('shop', orders => 'shop.sales')$$);
ALTER TABLE shop.purchases RENAME TO orders;
-- parameters out of range
SELECT pg_temp.error_of($$SELECT create_value_views(NULL, orders => 'shop.orders')$$);
SELECT pg_temp.error_of($$SELECT create_value_views('v2')$$);
SELECT pg_temp.error_of($$SELECT create_value_views('v2', costs => 'shop.orders')$$);
SELECT pg_temp.error_of($$SELECT create_value_views('v2', orders => 'shop.orders', period => 'decade')$$);
SELECT pg_temp.error_of($$SELECT create_value_views('v2', orders => 'shop.orders', horizon => '-1 day')$$);
SELECT pg_temp.error_of($$SELECT create_value_views('v2', orders => 'shop.orders', discount_rate => 'NaN')$$);
SELECT pg_temp.error_of($$SELECT create_value_views('v2', orders => 'shop.orders', as_of => 'infinity')$$);
SELECT left(pg_temp.error_of($$SELECT create_value_views('v2', orders => 'shop.orders', calendar => '{"zone": "Nowhere"}')$$), 5);
-- none of these left anything
SELECT to_regnamespace('v2') IS NULL AS nothing_left;

-- again with other sources: replaces what it made, touches nothing else
CREATE TABLE value.notes (note text);
SELECT name FROM create_value_views('value', touches => 'shop.touches');
SELECT relname FROM pg_class WHERE relnamespace = 'value'::regnamespace AND relkind IN ('r', 'v') ORDER BY relname;
-- a view of somebody else is named, and nothing happens
CREATE VIEW shop.report AS SELECT * FROM value.value_chain;
SELECT pg_temp.error_of($$SELECT create_value_views('value', orders => 'shop.orders')$$);
SELECT pg_temp.error_of($$SELECT drop_value_views('value')$$);
DROP VIEW shop.report;
SELECT drop_value_views('value');
SELECT relname FROM pg_class WHERE relnamespace = 'value'::regnamespace;
SELECT pg_temp.error_of($$SELECT drop_value_views('value')$$);
DROP TABLE value.notes;
SELECT count(*) FROM create_value_views('value', orders => 'shop.orders');
SELECT drop_value_views('value');
SELECT to_regnamespace('value') IS NULL AS schema_dropped;
CALL refresh_value_views('value');
DROP SCHEMA shop CASCADE;
