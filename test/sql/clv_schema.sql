-- The extension in any schema, and with nothing in the search_path.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET client_min_messages = warning;

-- an empty search_path and qualified names
SET search_path = '';
SELECT public.first_on(public.activity_log(at, amount)), public.purchase_history(public.activity_log(at, amount), '2026-01-31')
FROM (VALUES (date '2026-01-05', 5.0), ('2026-01-06', 7)) AS t(at, amount);
SELECT public.purchase_history(at, amount, '2026-01-31')::text FROM (VALUES (date '2026-01-05', 5.0), ('2026-01-06', 7)) AS t(at, amount);
SELECT public.rollup(log) FROM (VALUES ('[["2026-01-05", 5, 1]]'::public.cv_activity_log), ('[["2026-01-05", 5, 1]]')) AS t(log);
SELECT public.customers(public.rollup(base)) FROM (SELECT public.customer_base(ROW(x, x, 10, 5, 0)::public.cv_purchase_history) AS base
                                                   FROM pg_catalog.generate_series(0, 5) AS x GROUP BY x) AS t;
SELECT pg_catalog.count(*) FROM public.simulate_purchases('{"family": "nbd", "unit": "7 days", "r": 0.8, "alpha": 9}',
    '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}', 5, '2026-06-30', '2026-01-01', '2026-01-01', 1) WHERE customer_id = 0;
SELECT name FROM public.parameters(public.fit_buying((SELECT public.customer_base(ROW(x * x % 5, x * x % 5 * 5, 30 + x, 5, 0)::public.cv_purchase_history) FROM pg_catalog.generate_series(0, 50) AS x), 'nbd'))
ORDER BY name;
SELECT pg_catalog.round(public.clv('{"family": "nbd", "unit": "7 days", "r": 0.8, "alpha": 9}', '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}',
                                   ROW(1, 5, 10, 5, 0), '1 year')::pg_catalog.numeric, 6) AS clv,
       '{"family": "nbd", "unit": "7 days", "r": 0.8, "alpha": 9}'::public.cv_buying_model::pg_catalog.jsonb ->> 'family' AS family;
RESET search_path;

-- tables that hold values go with it into a schema of its own
CREATE TABLE clv_schema_values (log cv_activity_log, history cv_purchase_history, base cv_customer_base, buying cv_buying_model, spending cv_spending_model);
INSERT INTO clv_schema_values VALUES ('[["2026-01-05", 5, 1]]', ROW(1, 5, 10, 5, 0), '{"log_gaps": 0, "gapless": 0, "histories": [[0, 0, 10, null, 3]]}',
    '{"family": "nbd", "unit": "7 days", "r": 0.8, "alpha": 9}', '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}');
CREATE SCHEMA clv_schema_own;
BEGIN;
ALTER EXTENSION customer_value SET SCHEMA clv_schema_own;
SELECT count(*) AS left_behind
FROM pg_depend AS d JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
WHERE d.deptype = 'e' AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'customer_value') AND p.pronamespace <> 'clv_schema_own'::regnamespace;
SELECT * FROM clv_schema_values;
SELECT clv_schema_own.total(log) AS total, clv_schema_own.customers(base) AS customers, round(clv_schema_own.clv(buying, spending, history, '1 year')::numeric, 6) AS clv
FROM clv_schema_values;
SELECT clv_schema_own.customer_base(history)
FROM (SELECT clv_schema_own.purchase_history(clv_schema_own.activity_log('2026-01-05', 5), '2026-01-31') AS history) AS t;
SELECT clv_schema_own.purchase_history('2026-01-05', 5, '2026-01-31');
SET LOCAL search_path = clv_schema_own;
SELECT name FROM parameters('{"family": "nbd", "unit": "7 days", "r": 0.8, "alpha": 9}'::cv_buying_model) ORDER BY name;
ALTER EXTENSION customer_value SET SCHEMA public;
ROLLBACK;
DROP TABLE clv_schema_values;
DROP SCHEMA clv_schema_own;
