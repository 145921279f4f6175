-- What all parts of the bench measure and report with.
--
-- A figure is the least of 3 to 15 repetitions, as what disturbs them only adds to them.
-- Statements that are compared take turns (A, B, A, B, ...), so that each of them has the
-- same chance of a quiet moment. SELECTs run under EXPLAIN (ANALYZE, TIMING OFF), which
-- computes every row and sends none; everything else runs as it is and is rolled back.

CREATE SCHEMA bench;
SET search_path = bench, public;

CREATE TABLE parts (
    part integer PRIMARY KEY,
    title text NOT NULL,
    words text NOT NULL,          -- what is measured, for the report
    columns text[] NOT NULL,      -- headings of the report's table
    load text NOT NULL DEFAULT '' -- how busy the machine was before
);

CREATE TABLE figures (
    place integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    part integer NOT NULL REFERENCES parts,
    cells text[] NOT NULL, -- all columns but the last two
    target text,           -- NULL: none
    met boolean
);

CREATE TABLE measured (
    turn integer NOT NULL,
    statement integer NOT NULL,
    cpu float8, -- seconds of this process; NULL where the system does not tell
    wall float8 NOT NULL,
    plan jsonb
);

-- seconds: CPU time, or wall time where there is none. The ratios are to the first of the
-- statements that took turns.
CREATE TYPE timing AS (seconds float8, wall float8, ratio float8, wall_ratio float8, plan jsonb);

-- Linux brings the figure up to date at a clock tick and when the process sleeps: so it does.
CREATE FUNCTION cpu_seconds() RETURNS float8 LANGUAGE plpgsql VOLATILE AS
$$
BEGIN
    PERFORM pg_sleep(0.0001);
    RETURN nullif(split_part(pg_read_file('/proc/self/schedstat', 0, 100, true), ' ', 1), '0')::float8 / 1e9;
END
$$;

-- Runs the statements in turn, each with the settings that belong to it (one for each, or
-- one for all).
CREATE FUNCTION alternate(statements text[], settings jsonb[]) RETURNS timing[] LANGUAGE plpgsql AS
$$
DECLARE
    begun timestamptz := clock_timestamp();
    wall_before timestamptz;
    cpu_before float8;
    cpu_taken float8;
    wall_taken float8;
    plan json;
BEGIN
    TRUNCATE measured;
    FOR turn IN 1 .. 15 LOOP
        EXIT WHEN turn > 3 AND clock_timestamp() - begun > interval '10 seconds';
        FOR i IN 1 .. cardinality(statements) LOOP
            PERFORM set_config(key, value, true)
            FROM jsonb_each_text(settings[least(i, cardinality(settings))]);
            plan := NULL;
            cpu_before := cpu_seconds();
            wall_before := clock_timestamp();
            IF statements[i] ~* '^\s*(SELECT|WITH)\y' THEN
                EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ' || statements[i] INTO plan;
                wall_taken := extract(epoch FROM clock_timestamp() - wall_before);
                cpu_taken := cpu_seconds() - cpu_before;
            ELSE
                BEGIN
                    EXECUTE statements[i];
                    wall_taken := extract(epoch FROM clock_timestamp() - wall_before);
                    cpu_taken := cpu_seconds() - cpu_before;
                    RAISE SQLSTATE 'UNDO0';
                EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
                    NULL;
                END;
            END IF;
            INSERT INTO measured VALUES (turn, i, cpu_taken, wall_taken, plan);
        END LOOP;
    END LOOP;
    RETURN (SELECT array_agg(ROW(seconds, wall, seconds / first_seconds, wall / first_wall, first_plan)::timing ORDER BY statement)
            FROM (SELECT *, first_value(seconds) OVER by_statement AS first_seconds, first_value(wall) OVER by_statement AS first_wall
                  FROM (SELECT statement, min(coalesce(m.cpu, m.wall)) AS seconds, min(m.wall) AS wall,
                               (array_agg(m.plan -> 0 -> 'Plan'))[1] AS first_plan
                        FROM measured AS m
                        GROUP BY statement) AS least
                  WINDOW by_statement AS (ORDER BY statement)) AS compared);
END
$$;

-- --- words ------------------------------------------------------------------------------

-- Three significant digits.
CREATE FUNCTION digits(value float8) RETURNS text LANGUAGE sql IMMUTABLE AS
$$
    SELECT CASE
        WHEN value = 0 THEN '0'
        ELSE round(value::numeric, greatest(0, 2 - floor(log(abs(value)))::integer))::text
    END
$$;

CREATE FUNCTION duration(seconds float8) RETURNS text LANGUAGE sql IMMUTABLE AS
$$
    SELECT CASE
        WHEN seconds < 1e-4 THEN digits(seconds * 1e6) || ' µs'
        WHEN seconds < 0.1 THEN digits(seconds * 1e3) || ' ms'
        ELSE digits(seconds) || ' s'
    END
$$;

CREATE FUNCTION megabytes(bytes float8) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT digits(bytes / 1e6) || ' MB' $$;

CREATE FUNCTION thousands(number bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT ltrim(to_char(number, '999,999,999,999')) $$;

CREATE FUNCTION ratio(value float8) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN value < 0.1 THEN round(value::numeric, 3) ELSE round(value::numeric, 2) END::text $$;

-- The nodes of a plan from the top down its first branch, and what a hash table took.
CREATE FUNCTION plan_nodes(plan jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS
$$
    WITH RECURSIVE nodes(depth, node) AS (
        SELECT 1, plan
        UNION ALL
        SELECT depth + 1, child
        FROM nodes, jsonb_array_elements(node -> 'Plans') AS child
        WHERE child ->> 'Parent Relationship' IN ('Outer', 'Subquery')
    )
    SELECT string_agg(CASE
               WHEN node ->> 'Node Type' <> 'Aggregate' THEN node ->> 'Node Type'
               WHEN node ->> 'Strategy' = 'Plain' THEN concat(nullif(node ->> 'Partial Mode' || ' ', 'Simple '), 'Aggregate')
               ELSE concat(nullif(node ->> 'Partial Mode' || ' ', 'Simple '),
                           CASE node ->> 'Strategy' WHEN 'Hashed' THEN 'HashAggregate' ELSE 'GroupAggregate' END)
           END, ', ' ORDER BY depth)
    FROM nodes
$$;

CREATE FUNCTION hash_bytes(plan jsonb) RETURNS float8 LANGUAGE sql IMMUTABLE AS
$$ SELECT max(value::text::float8) * 1024 FROM jsonb_path_query(plan, '$.**."Peak Memory Usage"') AS value $$;

CREATE FUNCTION hash_batches(plan jsonb) RETURNS integer LANGUAGE sql IMMUTABLE AS
$$ SELECT max(value::text::integer) FROM jsonb_path_query(plan, '$.**."HashAgg Batches"') AS value $$;

CREATE FUNCTION workers(plan jsonb) RETURNS integer LANGUAGE sql IMMUTABLE AS
$$ SELECT coalesce(max(value::text::integer), 0) FROM jsonb_path_query(plan, '$.**."Workers Launched"') AS value $$;

-- --- rows of the report -----------------------------------------------------------------

CREATE FUNCTION report(part integer, cells text[], target text DEFAULT NULL, met boolean DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS
$$
BEGIN
    INSERT INTO figures (part, cells, target, met) VALUES ($1, $2, $3, $4);
    RAISE INFO '%', concat_ws(' | ', array_to_string(cells, ' | '), 'target ' || target,
                              CASE WHEN met THEN 'met' WHEN NOT met THEN 'MISSED' END);
END
$$;

-- Compares some works with one that everybody has, by time; with memory also by what the
-- hash table took. A limit is the largest ratio that is good, NULL for none. The settings
-- are for all, or for the reference where the works have own ones of the same names.
CREATE FUNCTION compare(part integer, reference text, reference_statement text, works text[],
                        statements text[], limits float8[], settings jsonb DEFAULT '{}',
                        memory_limit float8 DEFAULT NULL, own_settings jsonb[] DEFAULT '{}')
RETURNS void LANGUAGE plpgsql AS
$$
DECLARE
    timings timing[] := alternate(reference_statement || statements, ARRAY[settings] || own_settings);
    base timing := timings[1];
    ours timing;
BEGIN
    FOR i IN 1 .. cardinality(works) LOOP
        ours := timings[i + 1];
        PERFORM report(part,
            ARRAY[works[i], duration(ours.seconds), reference, duration(base.seconds),
                  format('%s (%s)', ratio(ours.ratio), ratio(ours.wall_ratio))],
            '≤ ' || limits[i], ours.ratio <= limits[i]);
        IF memory_limit IS NOT NULL THEN
            PERFORM report(part,
                ARRAY[format('%s, memory (%s batch)', works[i], hash_batches(ours.plan)), megabytes(hash_bytes(ours.plan)),
                      reference, megabytes(hash_bytes(base.plan)),
                      ratio(hash_bytes(ours.plan) / hash_bytes(base.plan))],
                '≤ ' || memory_limit, hash_bytes(ours.plan) / hash_bytes(base.plan) <= memory_limit);
        END IF;
    END LOOP;
END
$$;
