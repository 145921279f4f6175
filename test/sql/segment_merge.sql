-- Every state is the same from any order, any partition and through text, and in windows.
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';
SET max_parallel_workers_per_gather = 0;

CREATE TEMP TABLE customers AS
SELECT customer, activity_log(at, amount) AS log, ('x' || substr(md5(customer::text), 1, 6))::bit(24)::integer AS shuffle
FROM (SELECT n % 300 AS customer, date '2024-01-01' + (('x' || substr(md5(n::text), 1, 4))::bit(16)::integer % 700) AS at,
             (('x' || substr(md5(n::text), 5, 6))::bit(24)::integer - 3000000) / 12345.0::float8 AS amount FROM generate_series(1, 3000) AS n) AS o
GROUP BY customer;
-- one with activity long before all others, one long after, returns only, nothing
INSERT INTO customers VALUES (1001, '[["0044-03-15 BC", 5, 1], ["2024-05-05", 7, 1]]', 1), (1002, '[["2024-05-05", 7, 1], ["9999-12-31", 3, 2]]', 9999999), (1003, '[["2024-05-05", -7, 0]]', 5), (1004, '[]', 77);

-- one query text for each kind of summary: %1$s is what to group, %2$s what to order by
CREATE TEMP TABLE summaries (name text, type text, call text);
INSERT INTO summaries VALUES
    ('cohort day', 'cv_cohort_table', 'segment_cohort(log, ''day'' %s)'),
    ('cohort week', 'cv_cohort_table', 'segment_cohort(log, ''week'' %s)'),
    ('cohort month', 'cv_cohort_table', 'segment_cohort(log, ''month'' %s)'),
    ('revenue week', 'cv_revenue_table', 'revenue_table(log, ''week'' %s)'),
    ('revenue quarter', 'cv_revenue_table', 'revenue_table(log, ''quarter'' %s)'),
    ('survival', 'cv_survival_summary', 'survival_summary(last_on(log) - first_on(log), last_on(log) < ''2025-09-01'' %s)'),
    ('ranking', 'cv_ranking_summary', 'ranking_summary(events(log), total(log) %s)'),
    ('scale', 'cv_rfm_scale', 'rfm_scale(rfm_value(log, ''2025-12-31'') %s)');
CREATE FUNCTION pg_temp.one(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE query INTO result;
    RETURN result;
END $$;
CREATE TEMP TABLE whole AS
SELECT *, pg_temp.one('SELECT ' || format(call, '') || ' FROM customers') AS text FROM summaries;
SELECT name, length(text) > 100 AS something FROM whole ORDER BY name;

-- any order
SELECT name, bool_and(text = pg_temp.one('SELECT ' || format(call, 'ORDER BY ' || key) || ' FROM customers')) AS same
FROM whole, unnest(ARRAY['shuffle', 'customer DESC', 'first_on(log) DESC', 'md5(customer::text || ''x'')']) AS key GROUP BY name ORDER BY name;
-- any partition, merged in any order, through text and binary
SELECT name, bool_and(text = pg_temp.one(format('SELECT rollup(part::text::%s ORDER BY md5(p::text || %L)) FROM (SELECT shuffle %% %s AS p, %s AS part FROM customers GROUP BY 1) AS s', type, parts, parts, format(call, '')))) AS same
FROM whole, unnest(ARRAY[1, 2, 3, 7, 64]) AS parts GROUP BY name ORDER BY name;
-- a tree of merges
SELECT name, text = pg_temp.one(format('SELECT rollup(branch ORDER BY q DESC) FROM (SELECT p %% 5 AS q, rollup(part ORDER BY p DESC) AS branch FROM (SELECT shuffle %% 23 AS p, %s AS part FROM customers GROUP BY 1) AS s GROUP BY 1) AS b', format(call, ''))) AS same
FROM whole ORDER BY name;
-- states that no final function has sorted, and a state that goes on from a stored value
DO $$
DECLARE
    s record;
    again text;
BEGIN
    FOR s IN SELECT w.*, t.name AS f, t.arguments FROM whole AS w JOIN (VALUES
        ('cv_cohort_table', 'segment_cohort', 'cv_activity_log, text'), ('cv_revenue_table', 'revenue_table', 'cv_activity_log, text'), ('cv_survival_summary', 'survival_summary', 'float8, boolean'),
        ('cv_ranking_summary', 'ranking_summary', 'float8, float8'), ('cv_rfm_scale', 'rfm_scale', 'cv_rfm_value')) AS t(type, name, arguments) USING (type)
    LOOP
        EXECUTE format('CREATE AGGREGATE pg_temp.raw_%1$s(%2$s) (SFUNC = %1$s_trans, STYPE = %3$s)', s.f, s.arguments, s.type);
        EXECUTE format('SELECT (pg_temp.raw_%s)::text FROM customers', format(s.call, '')) INTO again;
        RAISE INFO '%: raw %', s.name, again = s.text;
        EXECUTE format('SELECT rollup(raw)::text FROM (SELECT shuffle %% 9 AS p, pg_temp.raw_%s AS raw FROM customers GROUP BY 1) AS r', format(s.call, '')) INTO again;
        RAISE INFO '%: raw parts %', s.name, again = s.text;
        EXECUTE format('DROP AGGREGATE pg_temp.raw_%s(%s)', s.f, s.arguments);
        EXECUTE format('CREATE AGGREGATE pg_temp.on_%1$s(%2$s) (SFUNC = %1$s_trans, STYPE = %3$s, INITCOND = %4$L)', s.f, s.arguments, s.type, s.text);
        EXECUTE format('SELECT (pg_temp.on_%1$s)::text = (SELECT rollup(v)::text FROM (VALUES (%2$L::%3$s), (%2$L)) AS v(v)) FROM customers', format(s.call, ''), s.text, s.type) INTO again;
        RAISE INFO '%: on top of itself %', s.name, again;
        EXECUTE format('DROP AGGREGATE pg_temp.on_%s(%s)', s.f, s.arguments);
    END LOOP;
END $$;
-- NULLs and empty summaries change nothing
SELECT bool_and(pg_temp.one(format('SELECT rollup(v) FROM (VALUES (NULL), (%L::%s)) AS v(v)', text, type)) = text) AS same FROM whole;
SELECT rollup(v) FROM (VALUES ('[]'::cv_rfm_scale), (NULL), ('[]')) AS v(v);
-- what is stored stays as it was
CREATE TEMP TABLE stored AS SELECT '[[1, 2, 0]]'::cv_survival_summary AS s;
SELECT rollup(s) FROM (SELECT s FROM stored UNION ALL VALUES ('[[0.5, 0, 1]]'::cv_survival_summary)) AS v(s);
SELECT s FROM stored;

-- windows: running summaries equal summaries made anew
SELECT name, pg_temp.one(format('SELECT bool_and(running IS NOT DISTINCT FROM (SELECT %s FROM customers AS c WHERE c.customer <= r.customer)::text) FROM (SELECT customer, (%s OVER (ORDER BY customer))::text AS running FROM customers WHERE customer < 60) AS r',
                                format(call, ''), format(call, ''))) AS same
FROM whole ORDER BY name;

-- the support functions are of no use by themselves, and do no harm
DO $$
DECLARE
    call text;
BEGIN
    FOREACH call IN ARRAY ARRAY['cohort_table_combine(NULL, NULL)', 'revenue_table_combine(''{"period": "day", "flows": []}'', NULL)', 'survival_summary_combine(''[]'', ''[]'')', 'ranking_summary_combine(NULL, ''[]'')',
        'rfm_scale_combine(''[]'', ''[]'')', 'cohort_table_final(NULL)', 'revenue_table_final(NULL)', 'survival_summary_final(''[]'')', 'ranking_summary_final(''[]'')', 'rfm_scale_final(''[]'')']
    LOOP
        BEGIN
            EXECUTE 'SELECT ' || call;
            RAISE INFO '%: no error', call;
        EXCEPTION WHEN feature_not_supported THEN
            RAISE INFO '%: % %', call, SQLSTATE, SQLERRM;
        END;
    END LOOP;
END $$;
