-- The data of the page: an HTML element with JSON for each part whose views can be read.
-- Reads plain tables and views only, all of them as of one moment.
--
-- Variables: schema, title, currency.

\set QUIET on
\pset format unaligned
\pset tuples_only on
\pset pager off
SET client_min_messages = warning;
SET standard_conforming_strings = on;
SET DateStyle = ISO;
SET IntervalStyle = postgres;
SET TimeZone = 'UTC';

-- What is there, and what of it may be read. A view reads with the rights of who asks.
WITH names (place, name, source) AS (
    VALUES (1, 'value_chain', NULL), (2, 'customers', 'orders'), (3, 'clv_by_segment', 'orders'),
           (4, 'clv_model', 'orders'), (5, 'cohort_retention', 'orders'), (6, 'revenue_retention', 'orders'),
           (7, 'nps_trend', 'surveys'), (8, 'perceived_value_by_offer', 'ratings'), (9, 'journey_funnel', 'touches'),
           (10, 'journey_edges', 'touches'), (11, 'attribution_by_channel', 'touches and orders'), (12, 'support_metrics', 'tickets'),
           (13, 'maturity', 'assessments'), (14, 'value_views', NULL)
), seen AS (
    SELECT place, name, source, coalesce(v.oid IS NOT NULL, false) AS is_there,
           coalesce(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(v.oid, 'SELECT')
                    AND (v.relkind <> 'v' OR has_table_privilege(s.oid, 'SELECT')), false) AS may_read
    FROM names
    LEFT JOIN pg_namespace AS n ON n.nspname = :'schema'
    LEFT JOIN pg_class AS v ON v.relnamespace = n.oid AND v.relname = name
    LEFT JOIN pg_class AS s ON s.relnamespace = n.oid AND s.relname = 'stored_' || name
)
SELECT coalesce(string_agg(name, ' ') FILTER (WHERE may_read), '') AS readable,
       coalesce(string_agg(format('%I.%I', :'schema', name), ', ') FILTER (WHERE may_read), '') AS readable_names,
       coalesce(bool_or(is_there) FILTER (WHERE name <> 'value_views'), false) AS any_there,
       coalesce(bool_or(may_read) FILTER (WHERE name <> 'value_views'), false) AS any_readable,
       coalesce(bool_or(may_read) FILTER (WHERE name = 'value_views'), false) AS settings_readable,
       coalesce(json_agg(json_build_object('view', name, 'source', source, 'there', is_there) ORDER BY place)
                    FILTER (WHERE NOT may_read AND name <> 'value_views'), '[]') AS missing
FROM seen \gset
\if :any_there
\else
\warn 'there are no value views in the schema' :schema 'of this database: create_value_views() makes them, --schema names another one'
DO $$ BEGIN RAISE EXCEPTION 'no value views'; END $$;
\endif
\if :any_readable
\else
\warn 'this role may not read the value views in the schema' :schema
DO $$ BEGIN RAISE EXCEPTION 'no rights'; END $$;
\endif

-- A refresh replaces all rows at once; the locks come before the first look at them.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
LOCK TABLE :readable_names IN ACCESS SHARE MODE;
SELECT format('SET LOCAL search_path = %I', :'schema') AS search_path \gset
:search_path;

\set settings 'SELECT NULL::date AS as_of, NULL::text AS period, NULL::text AS horizon, NULL::float8 AS discount_rate, NULL::timestamptz AS refreshed'
\if :settings_readable
\set settings 'SELECT as_of, period, horizon::text AS horizon, discount_rate, refreshed FROM value_views'
\endif
SELECT '<script type="application/json" id="about">'
       || replace(json_build_object('database', current_database(), 'schema', quote_ident(:'schema'), 'title', :'title', 'currency', :'currency',
                                    'as_of', as_of, 'period', period, 'horizon', horizon, 'discount_rate', discount_rate,
                                    'refreshed', to_char(refreshed, 'YYYY-MM-DD HH24:MI'), 'missing', :'missing'::json)::text, '<', '\u003c')
       || '</script>'
FROM (:settings) AS settings;

\set id chain
\set needs value_chain
\set query `sed 's/;$//' chain.sql`
\ir section.sql
\set id customers
\set needs customers
\set query `sed 's/;$//' customers.sql`
\ir section.sql
\set id distribution
\set query `sed 's/;$//' distribution.sql`
\ir section.sql
\set id deciles
\set query `sed 's/;$//' deciles.sql`
\ir section.sql
\set id segments
\set needs clv_by_segment
\set query `sed 's/;$//' segments.sql`
\ir section.sql
\set id model
\set needs clv_model
\set query `sed 's/;$//' model.sql`
\ir section.sql
\set id cohorts
\set needs cohort_retention
\set query `sed 's/;$//' cohorts.sql`
\ir section.sql
\set id revenue
\set needs revenue_retention
\set query `sed 's/;$//' revenue.sql`
\ir section.sql
\set id nps
\set needs nps_trend
\set query `sed 's/;$//' nps.sql`
\ir section.sql
\set id offers
\set needs perceived_value_by_offer
\set query `sed 's/;$//' offers.sql`
\ir section.sql
\set id funnel
\set needs journey_funnel
\set query `sed 's/;$//' funnel.sql`
\ir section.sql
\set id journey
\set needs 'journey_edges journey_funnel'
\set query `sed 's/;$//' journey.sql`
\ir section.sql
\set id attribution
\set needs attribution_by_channel
\set query `sed 's/;$//' attribution.sql`
\ir section.sql
\set id support
\set needs support_metrics
\set query `sed 's/;$//' support.sql`
\ir section.sql
\set id maturity
\set needs maturity
\set query `sed 's/;$//' maturity.sql`
\ir section.sql
COMMIT;
