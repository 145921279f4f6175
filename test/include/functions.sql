\set ECHO none
-- Functions of several tests, which include this file by
--
--   \getenv test PG_ABS_SRCDIR
--   \i :test/include/functions.sql

-- error_of(query): what a query that fails says: SQLSTATE, message, detail, hint.
CREATE FUNCTION pg_temp.error_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    hint text;
BEGIN
    EXECUTE query;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(detail, ''), nullif(hint, ''));
END $$;

-- copy_file(field): a large object with a file of COPY's binary format, one row of one field.
CREATE FUNCTION pg_temp.copy_file(field bytea) RETURNS oid LANGUAGE sql AS $$
SELECT lo_from_bytea(0, '\x5047434f50590aff0d0a00'::bytea || '\x0000000000000000'::bytea || int2send(1::int2)
                        || int4send(length(field)) || field || int2send((-1)::int2)) $$;

-- plan_of(query): the nodes of its plan that tell whether it is parallel.
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line ~ 'Aggregate|Gather|Parallel' THEN
            RETURN NEXT regexp_replace(line, '^[ >-]*', '');
        END IF;
    END LOOP;
END $$;

-- draw(seed, below): a number from 0 to below - 1, always the same for a seed.
CREATE FUNCTION pg_temp.draw(seed text, below integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
SELECT ('x' || substr(md5(seed), 1, 7))::bit(28)::integer % below $$;
\set ECHO all
