-- views_create: making and dropping the views

CREATE FUNCTION value_views_type(given text, kind text) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    category "char";
    family "char";
BEGIN
    -- domains count as what they are made of
    SELECT t.typcategory, t.typtype INTO category, family
    FROM pg_catalog.pg_type AS t
    WHERE t.oid = (SELECT CASE WHEN d.typtype = 'd' THEN d.typbasetype ELSE d.oid END
                   FROM pg_catalog.pg_type AS d WHERE d.oid = given::pg_catalog.regtype);
    RETURN CASE
        WHEN kind IN ('customer', 'any') THEN given
        WHEN kind = 'text' AND (category = 'S' OR family = 'e') THEN 'text'
        WHEN kind = 'date' AND given = 'date' THEN 'date'
        WHEN kind = 'timestamptz' AND given LIKE 'timestamp%with time zone' THEN 'timestamp with time zone'
        WHEN kind = 'boolean' AND given = 'boolean' THEN 'boolean'
        WHEN kind IN ('bigint', 'integer') AND given IN ('smallint', 'integer', 'bigint') THEN kind
        WHEN kind = 'amount' AND given IN ('double precision', 'real') THEN 'double precision'
        WHEN kind = 'amount' AND (given LIKE 'numeric%' OR given IN ('smallint', 'integer', 'bigint')) THEN 'numeric'
        WHEN kind = 'float8' AND (given LIKE 'numeric%' OR given IN ('smallint', 'integer', 'bigint', 'real', 'double precision'))
            THEN 'double precision'
    END;
END
$$;
COMMENT ON FUNCTION value_views_type(text, text) IS
'The type that a column of a source gets in its canonical view, for the type it has and the kind it should be; NULL where they do not fit.';

CREATE FUNCTION value_views_source(target text, source text, definition text, customer_type text DEFAULT NULL)
RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
    ext constant text := (SELECT n.nspname FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
                          WHERE e.extname = 'customer_value');
    query text := definition;
    place text := pg_catalog.format('%I.%I', target, source);
    own text;
    wanted record;
    there record;
    type text;
    list text[] := '{}';
    nothing boolean;
    comments text := '';
BEGIN
    IF definition !~* '^\s*(select|with|values|table)\M' AND definition !~ '^\s*\(' THEN
        IF pg_catalog.to_regclass(definition) IS NULL THEN
            RAISE EXCEPTION 'source % does not exist: there is no table %', source, definition
                USING ERRCODE = 'undefined_table', HINT = 'Give the name of a table or view, or a query.';
        END IF;
        query := pg_catalog.format('SELECT * FROM %s', pg_catalog.to_regclass(definition));
    END IF;
    query := pg_catalog.rtrim(query, E'; \t\n\r');

    -- What does it give? A view knows.
    EXECUTE pg_catalog.format('CREATE VIEW %s AS SELECT * FROM (%s) AS source', place, query);
    SELECT n.nspname INTO own
    FROM pg_catalog.pg_depend AS d
    JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    JOIN pg_catalog.pg_class AS c ON c.oid = d.refobjid AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE r.ev_class = place::pg_catalog.regclass AND c.oid <> r.ev_class AND n.nspname = target
    LIMIT 1;
    IF own IS NOT NULL THEN
        RAISE EXCEPTION 'source % reads from the schema % itself', source, target
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give the views a schema of their own.';
    END IF;

    FOR wanted IN EXECUTE pg_catalog.format('SELECT place, name, kind, required, words FROM %I.value_views_sources() WHERE source = $1 ORDER BY place', ext)
        USING source
    LOOP
        SELECT a.attname, pg_catalog.format_type(a.atttypid, NULL) AS type INTO there
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = place::pg_catalog.regclass AND a.attname = wanted.name AND a.attnum > 0;
        IF there.attname IS NULL AND wanted.required THEN
            RAISE EXCEPTION 'source % has no column %', source, wanted.name
                USING ERRCODE = 'undefined_column',
                    DETAIL = pg_catalog.format('Expected is a column %s (%s). Found are: %s.', wanted.name, wanted.kind,
                        (SELECT pg_catalog.string_agg(a.attname, ', ' ORDER BY a.attnum) FROM pg_catalog.pg_attribute AS a
                         WHERE a.attrelid = place::pg_catalog.regclass AND a.attnum > 0)),
                    HINT = 'Give a query that names its columns so, such as SELECT id AS customer_id, ... FROM ....';
        END IF;
        IF there.attname IS NULL THEN
            type := CASE wanted.kind WHEN 'customer' THEN coalesce(customer_type, 'text') WHEN 'any' THEN 'text'
                        WHEN 'float8' THEN 'double precision' WHEN 'timestamptz' THEN 'timestamp with time zone' ELSE wanted.kind END;
        ELSE
            EXECUTE pg_catalog.format('SELECT %I.value_views_type($1, $2)', ext) INTO type USING there.type, wanted.kind;
        END IF;
        IF type IS NULL THEN
            RAISE EXCEPTION 'column % of source % is of type %', wanted.name, source, there.type
                USING ERRCODE = 'datatype_mismatch',
                    DETAIL = pg_catalog.format('Expected is %s.', CASE wanted.kind WHEN 'amount' THEN 'numeric or double precision' WHEN 'float8' THEN 'a number'
                        WHEN 'timestamptz' THEN 'timestamp with time zone' WHEN 'text' THEN 'text' ELSE wanted.kind END),
                    HINT = CASE WHEN wanted.kind = 'date' THEN pg_catalog.format('Give a query with %s::date.', wanted.name)
                        WHEN wanted.kind = 'timestamptz' THEN pg_catalog.format('Give a query with %s AT TIME ZONE and the zone it was written down in.', wanted.name)
                        ELSE pg_catalog.format('Give a query that casts %s.', wanted.name) END;
        END IF;
        IF wanted.kind = 'customer' AND there.attname IS NOT NULL THEN
            IF type <> customer_type THEN
                RAISE EXCEPTION 'customer_id of source % is of type %, and of type % elsewhere', source, type, customer_type
                    USING ERRCODE = 'datatype_mismatch', HINT = 'Use one type for customer_id in all sources.';
            END IF;
            customer_type := type;
            BEGIN
                EXECUTE pg_catalog.format('SELECT FROM (SELECT NULL::%s AS id) AS one GROUP BY id ORDER BY id', type);
            EXCEPTION WHEN undefined_function THEN
                RAISE EXCEPTION 'customer_id of source % is of type %, which has no order', source, type
                    USING ERRCODE = 'datatype_mismatch', HINT = 'Cast it to text.';
            END;
        END IF;
        list := list || CASE WHEN there.attname IS NULL THEN pg_catalog.format('NULL::%s AS %I', type, wanted.name)
                             WHEN wanted.kind = 'any' THEN pg_catalog.format('source.%I::text AS %I', wanted.name, wanted.name)
                             ELSE pg_catalog.format('source.%I::%s AS %I', wanted.name, type, wanted.name) END;
        comments := comments || pg_catalog.format('COMMENT ON COLUMN %s.%I IS %L;', place, wanted.name, wanted.words);
    END LOOP;
    EXECUTE pg_catalog.format('DROP VIEW %s', place);
    EXECUTE pg_catalog.format('CREATE VIEW %s WITH (security_invoker = true) AS SELECT %s FROM (%s) AS source', place, pg_catalog.array_to_string(list, ', '), query);
    EXECUTE comments;
    EXECUTE pg_catalog.format('COMMENT ON VIEW %s IS %L', place, 'Source ' || source || ', as it was given to create_value_views().');
    RETURN customer_type;
END
$$;
COMMENT ON FUNCTION value_views_source(text, text, text, text) IS
'Makes the canonical view of one source for create_value_views() and returns the type of its customer_id. Errors: a missing or mistyped column, a source in the target itself.';

CREATE FUNCTION value_views_names(view boolean) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN $1 THEN array_agg(DISTINCT made) ELSE array_agg(DISTINCT 'stored_' || made) || '{value_views, refresh_log, customer_logs}'::text[] END
    FROM (SELECT c.view FROM value_views_columns() AS c UNION ALL SELECT s.source FROM value_views_sources() AS s WHERE $1) AS names(made);
END;
COMMENT ON FUNCTION value_views_names(boolean) IS
'The names of all views, or else tables, that create_value_views() may make.';

CREATE FUNCTION value_views_clear(target text) RETURNS void LANGUAGE plpgsql AS
$$
DECLARE
    ext constant text := (SELECT n.nspname FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
                          WHERE e.extname = 'customer_value');
    views text[];
    tables text[];
    dependent text;
    made record;
BEGIN
    IF target IS NULL OR pg_catalog.to_regclass(pg_catalog.format('%I.value_views', target)) IS NULL THEN
        RAISE EXCEPTION 'there are no value views in the schema %', coalesce(target, 'NULL')
            USING ERRCODE = 'invalid_schema_name', HINT = 'Make them with create_value_views().';
    END IF;
    EXECUTE pg_catalog.format('SELECT %I.value_views_lock($1)', ext) USING target;
    EXECUTE pg_catalog.format('SELECT %1$I.value_views_names(true), %1$I.value_views_names(false)', ext) INTO views, tables;
    SELECT pg_catalog.string_agg(DISTINCT r.ev_class::pg_catalog.regclass::text, ', ') INTO dependent
    FROM pg_catalog.pg_depend AS d
    JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    JOIN pg_catalog.pg_class AS own ON own.oid = d.refobjid AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    JOIN pg_catalog.pg_namespace AS n ON n.oid = own.relnamespace AND n.nspname = target
    JOIN pg_catalog.pg_class AS other ON other.oid = r.ev_class AND other.oid <> own.oid
    WHERE (own.relname = ANY (views) OR own.relname = ANY (tables)) AND NOT (other.relnamespace = n.oid AND other.relname = ANY (views));
    IF dependent IS NOT NULL THEN
        RAISE EXCEPTION 'other views depend on the value views in the schema %: %', target, dependent
            USING ERRCODE = 'dependent_objects_still_exist', HINT = 'Drop these first, and make them again afterwards.';
    END IF;
    FOR made IN
        SELECT c.relname, c.relkind
        FROM pg_catalog.pg_class AS c
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = target
        WHERE (c.relkind = 'v' AND c.relname = ANY (views)) OR (c.relkind = 'r' AND (c.relname = ANY (tables) OR c.relname LIKE 'work\_%'))
        ORDER BY c.relkind DESC, c.relname
    LOOP
        EXECUTE pg_catalog.format('DROP %s %I.%I', CASE made.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, target, made.relname);
    END LOOP;
END
$$;
COMMENT ON FUNCTION value_views_clear(text) IS
'Drops everything that create_value_views() made in a schema, and nothing else. Errors: no value views there; 55006 while a refresh of them runs; views of others that depend on them, named.';

CREATE FUNCTION drop_value_views(target text) RETURNS void LANGUAGE plpgsql AS
$$
BEGIN
    EXECUTE pg_catalog.format('SELECT %I.value_views_clear($1)',
        (SELECT n.nspname FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'customer_value'))
        USING target;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = target)
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace WHERE n.nspname = target) THEN
        EXECUTE pg_catalog.format('DROP SCHEMA %I', target);
    END IF;
END
$$;
COMMENT ON FUNCTION drop_value_views(text) IS
'Drops what create_value_views() made in the schema target, and the schema if nothing else is in it. Errors: no value views there; views of others that depend on them, named.';

CREATE FUNCTION create_value_views(target text, orders text DEFAULT NULL, touches text DEFAULT NULL, surveys text DEFAULT NULL,
    tickets text DEFAULT NULL, ratings text DEFAULT NULL, costs text DEFAULT NULL, assessments text DEFAULT NULL,
    as_of date DEFAULT NULL, period text DEFAULT 'month', horizon interval DEFAULT '1 year',
    discount_rate float8 DEFAULT 0.10, calendar text DEFAULT NULL, OUT name text, OUT kind text, OUT words text)
RETURNS SETOF record LANGUAGE plpgsql AS
$$
DECLARE
    ext constant text := (SELECT n.nspname FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
                          WHERE e.extname = 'customer_value');
    names constant text[] := '{orders, touches, surveys, tickets, ratings, costs, assessments}';
    sources constant text[] := ARRAY[orders, touches, surveys, tickets, ratings, costs, assessments];
    given text[] := '{}';
    views text[] := '{}';
    id text;
    taken text;
    view text;
    made record;
BEGIN
    -- parameters
    IF target IS NULL OR target = '' THEN
        RAISE EXCEPTION 'target must be the name of a schema' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF coalesce(orders, touches, surveys, tickets, ratings, assessments) IS NULL THEN
        RAISE EXCEPTION 'create_value_views needs at least one source besides costs'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Name a table: create_value_views(''value'', orders => ''orders'').';
    END IF;
    IF period IS NULL OR period NOT IN ('day', 'week', 'month', 'quarter', 'year') THEN
        RAISE EXCEPTION 'period must be day, week, month, quarter or year, not %', coalesce(period, 'NULL') USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF horizon IS NULL OR horizon <= interval '0' THEN
        RAISE EXCEPTION 'horizon must be longer than nothing, not %', coalesce(horizon::text, 'NULL') USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF discount_rate IS NULL OR NOT (discount_rate >= 0 AND discount_rate < 'infinity') THEN
        RAISE EXCEPTION 'discount_rate must be a finite number of at least 0, not %', coalesce(discount_rate::text, 'NULL')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF as_of IN ('infinity', '-infinity') THEN
        RAISE EXCEPTION 'as_of must be a finite date, not %', as_of USING ERRCODE = 'invalid_parameter_value';
    END IF;
    EXECUTE pg_catalog.format('SELECT $1::%I.cv_business_calendar', ext) USING calendar;

    -- a schema of its own
    IF pg_catalog.to_regnamespace(pg_catalog.quote_ident(target)) IS NULL THEN
        EXECUTE pg_catalog.format('CREATE SCHEMA %I', target);
    ELSIF pg_catalog.to_regclass(pg_catalog.format('%I.value_views', target)) IS NOT NULL THEN
        EXECUTE pg_catalog.format('SELECT %I.value_views_clear($1)', ext) USING target;
    END IF;

    -- views exist for the sources given
    IF orders IS NOT NULL THEN views := views || '{customers, clv_by_segment, clv_model, cohort_retention, revenue_retention}'::text[]; END IF;
    IF surveys IS NOT NULL THEN views := views || 'nps_trend'::text; END IF;
    IF ratings IS NOT NULL THEN views := views || 'perceived_value_by_offer'::text; END IF;
    IF touches IS NOT NULL THEN views := views || '{journey_funnel, journey_edges}'::text[]; END IF;
    IF touches IS NOT NULL AND orders IS NOT NULL THEN views := views || 'attribution_by_channel'::text; END IF;
    IF tickets IS NOT NULL THEN views := views || 'support_metrics'::text; END IF;
    IF assessments IS NOT NULL THEN views := views || 'maturity'::text; END IF;
    views := views || 'value_chain'::text;
    FOR i IN 1 .. pg_catalog.cardinality(names) LOOP
        IF sources[i] IS NOT NULL THEN given := given || names[i]; END IF;
    END LOOP;

    SELECT pg_catalog.string_agg(c.relname, ', ' ORDER BY c.relname) INTO taken
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = target
      AND (c.relname = ANY (views) OR c.relname = ANY (given) OR c.relname IN ('value_views', 'refresh_log', 'customer_logs')
           OR c.relname = ANY (ARRAY(SELECT 'stored_' || v FROM pg_catalog.unnest(views) AS v)));
    IF taken IS NOT NULL THEN
        RAISE EXCEPTION 'the schema % already has relations of the names that the views need: %', target, taken
            USING ERRCODE = 'duplicate_table', HINT = 'Give the views a schema of their own.';
    END IF;

    -- canonical views
    FOR i IN 1 .. pg_catalog.cardinality(names) LOOP
        CONTINUE WHEN sources[i] IS NULL;
        EXECUTE pg_catalog.format('SELECT %I.value_views_source($1, $2, $3, $4)', ext) INTO id USING target, names[i], sources[i], id;
        name := pg_catalog.format('%I.%I', target, names[i]); kind := 'source';
        words := 'As given, its columns checked.';
        RETURN NEXT;
    END LOOP;

    -- what a refresh needs to know and leaves behind
    EXECUTE pg_catalog.format(
        'CREATE TABLE %1$I.value_views (as_of date, period text NOT NULL, horizon interval NOT NULL, discount_rate float8 NOT NULL,
             calendar text, sources text[] NOT NULL, views text[] NOT NULL,
             last_order_id bigint, orders_read bigint, amount_read numeric, refreshed timestamptz)', target);
    EXECUTE pg_catalog.format('COMMENT ON TABLE %I.value_views IS %L', target,
        'One row: how create_value_views() was called, and up to where refresh_value_views() has read the orders.');
    EXECUTE pg_catalog.format('INSERT INTO %I.value_views VALUES ($1, $2, $3, $4, $5, $6, $7)', target)
        USING as_of, period, horizon, discount_rate, calendar, given, views;
    EXECUTE pg_catalog.format(
        'CREATE TABLE %1$I.refresh_log (refresh bigint, step_number integer, step text NOT NULL, started timestamptz NOT NULL,
             finished timestamptz, rows bigint, status text NOT NULL, PRIMARY KEY (refresh, step_number))', target);
    EXECUTE pg_catalog.format('COMMENT ON TABLE %I.refresh_log IS %L', target,
        'One row per step of each refresh: when it started and finished, how many rows it made, and its status: running, done (and what was left out), failed or cancelled (and why). A refresh that was killed stays running until the next one begins.');
    IF orders IS NOT NULL THEN
        EXECUTE pg_catalog.format(
            'CREATE TABLE %1$I.customer_logs (customer_id %2$s PRIMARY KEY, log %3$I.cv_activity_log NOT NULL, segment text, segment_on date,
                 margin numeric, breadth_of text[])', target, id, ext);
        EXECUTE pg_catalog.format('COMMENT ON TABLE %I.customer_logs IS %L', target,
            'One row per customer_id: the activity log of its orders, from which the other tables are made.');
    END IF;

    -- tables with keys, plain views over them, and words for all
    FOREACH view IN ARRAY views LOOP
        FOR made IN EXECUTE pg_catalog.format(
            'SELECT pg_catalog.string_agg(pg_catalog.format(''%%I %%s'', name, CASE type WHEN ''customer'' THEN $2 ELSE type END), '', '' ORDER BY place) FILTER (WHERE place > 0) AS columns,
                    pg_catalog.string_agg(pg_catalog.format(''%%I'', name), '', '' ORDER BY place) FILTER (WHERE is_key) AS key,
                    pg_catalog.string_agg(pg_catalog.format(''%%I'', name), '', '' ORDER BY place) FILTER (WHERE place > 0) AS list,
                    pg_catalog.max(words) FILTER (WHERE place = 0) AS words,
                    pg_catalog.string_agg(pg_catalog.format(''COMMENT ON COLUMN %%I.%%I.%%I IS %%L;'', $3, view, name, words), '' '' ORDER BY place) FILTER (WHERE place > 0) AS comments
             FROM %I.value_views_columns() WHERE view = $1', ext) USING view, id, target
        LOOP
            EXECUTE pg_catalog.format('CREATE TABLE %I.%I (%s, PRIMARY KEY (%s))', target, 'stored_' || view, made.columns, made.key);
            IF view = 'customers' THEN -- the first question of all: the most valuable
                EXECUTE pg_catalog.format('CREATE INDEX ON %I.stored_customers (clv_rank)', target);
            END IF;
            EXECUTE pg_catalog.format('COMMENT ON TABLE %I.%I IS %L', target, 'stored_' || view, 'Rows of the view ' || view || ', filled by refresh_value_views().');
            EXECUTE pg_catalog.format('CREATE VIEW %1$I.%2$I WITH (security_invoker = true) AS SELECT %3$s FROM %1$I.%4$I', target, view, made.list, 'stored_' || view);
            EXECUTE pg_catalog.format('COMMENT ON VIEW %I.%I IS %L', target, view, made.words);
            EXECUTE made.comments;
            name := pg_catalog.format('%I.%I', target, view); kind := 'view'; words := made.words;
            RETURN NEXT;
        END LOOP;
    END LOOP;
END
$$;
COMMENT ON FUNCTION create_value_views(text, text, text, text, text, text, text, text, date, text, interval, float8, text) IS
'Makes in the schema target (new, or made by an earlier call, which is replaced) a view of each source with checked columns, and for the sources given empty tables with views over them that BI tools read; refresh_value_views() fills them. Each source is a table or a query; value_views_sources() tells its columns. as_of: the day that everything is told as of, NULL for the last day of the data. period: day, week, month, quarter or year, of cohorts and trends. horizon and discount_rate (annual) of clv. calendar: business hours of support, as the text of a cv_business_calendar. Returns what it made. Errors: a missing or mistyped column, named; a source in the target itself; a name already taken; views of others that depend on what would be replaced. Source: doc/value-chain.md.';
