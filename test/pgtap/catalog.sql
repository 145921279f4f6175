-- Rules that every object of the extension keeps, read from the catalog.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT plan(29);

CREATE TEMP TABLE member AS
SELECT classid, objid FROM pg_depend
WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
  AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'customer_value');
CREATE TEMP TABLE member_type AS
SELECT t.oid AS type, t.* FROM pg_type AS t JOIN member ON classid = 'pg_type'::regclass AND objid = t.oid WHERE t.typcategory <> 'A';
CREATE TEMP TABLE member_function AS
SELECT p.oid::regprocedure::text AS signature, p.* FROM pg_proc AS p JOIN member ON classid = 'pg_proc'::regclass AND objid = p.oid;
CREATE TEMP TABLE member_aggregate AS
SELECT f.*, a.* FROM member_function AS f JOIN pg_aggregate AS a ON a.aggfnoid = f.oid;
-- functions that only types, casts and aggregates call: input and output, transition, combine and final functions
CREATE TEMP TABLE support AS
SELECT unnest(ARRAY[typinput, typoutput, typreceive, typsend]::oid[]) AS oid FROM member_type
UNION SELECT unnest(ARRAY[aggtransfn, aggcombinefn, aggfinalfn, aggserialfn, aggdeserialfn]::oid[]) FROM member_aggregate;

SELECT cmp_ok((SELECT count(*) FROM member), '>', 50::bigint, 'the extension has members');
SELECT cmp_ok((SELECT count(*) FROM member_aggregate), '>=', 6::bigint, 'aggregates among them');
SELECT cmp_ok((SELECT count(*) FROM member_type), '>=', 6::bigint, 'and types');

-- comments
SELECT is_empty($$ SELECT pg_describe_object(classid, objid, 0) FROM member
    WHERE NOT (classid = 'pg_type'::regclass AND EXISTS (SELECT FROM pg_type WHERE oid = objid AND typcategory = 'A'))
      AND obj_description(objid, (SELECT relname FROM pg_class WHERE oid = classid)) IS NULL
      AND NOT (classid = 'pg_class'::regclass) ORDER BY 1 $$, 'every object has a comment');
SELECT is_empty($$ SELECT t.typname, a.attname FROM member_type AS t JOIN pg_attribute AS a ON a.attrelid = t.typrelid
    WHERE t.typtype = 'c' AND a.attnum > 0 AND NOT a.attisdropped AND col_description(t.typrelid, a.attnum) IS NULL ORDER BY 1, 2 $$, 'every column of a composite type has a comment');
SELECT is_empty($$ SELECT pg_describe_object(classid, objid, 0) FROM member
    WHERE classid = 'pg_class'::regclass ORDER BY 1 $$, 'no tables, views or sequences');
SELECT is_empty($$ SELECT signature FROM member_function WHERE obj_description(oid, 'pg_proc') !~ '^[A-Z].*[.]$' ORDER BY 1 $$, 'comments of functions are sentences');
SELECT is_empty($$ SELECT pg_describe_object(classid, objid, 0) FROM member WHERE classid = 'pg_cast'::regclass
    AND obj_description(objid, 'pg_cast') IS NULL ORDER BY 1 $$, 'every cast has a comment');

-- functions
-- what makes and fills value views runs statements of its own
CREATE TEMP TABLE views_function AS
SELECT f.oid FROM member_function AS f JOIN pg_language AS l ON l.oid = prolang WHERE lanname = 'plpgsql' AND proname ~ 'value_views';
SELECT is_empty($$ SELECT signature FROM member_function WHERE proparallel <> 's' AND oid NOT IN (SELECT oid FROM views_function) ORDER BY 1 $$, 'all are parallel safe');
SELECT is_empty($$ SELECT signature FROM member_function WHERE prosecdef ORDER BY 1 $$, 'none is a security definer');
SELECT is_empty($$ SELECT signature FROM member_function WHERE provolatile = 'v' AND oid NOT IN (SELECT oid FROM views_function) ORDER BY 1 $$, 'none is volatile');
SELECT is_empty($$ SELECT signature FROM member_function WHERE proconfig IS NOT NULL ORDER BY 1 $$, 'none sets parameters, which would stop inlining');
SELECT is_empty($$ SELECT signature FROM member_function WHERE NOT EXISTS (SELECT FROM support AS s WHERE s.oid = member_function.oid)
    AND pronargs > 0 AND (proargnames IS NULL OR '' = ANY (proargnames)) ORDER BY 1 $$, 'every argument but those of support functions has a name');
SELECT is_empty($$ SELECT signature FROM member_function JOIN pg_language AS l ON l.oid = prolang
    WHERE lanname = 'c' AND probin <> '$libdir/customer_value' ORDER BY 1 $$, 'the library is found in $libdir');
SELECT is_empty($$ SELECT signature FROM member_function JOIN pg_language AS l ON l.oid = prolang
    WHERE lanname = 'c' AND prosrc !~ '^cv_' ORDER BY 1 $$, 'symbols carry the prefix');
SELECT is_empty($$ SELECT signature FROM member_function AS f WHERE NOT EXISTS (SELECT FROM support AS s WHERE s.oid = f.oid)
    AND 'internal'::regtype = ANY (proargtypes) ORDER BY 1 $$, 'no public function takes an internal argument');
SELECT is_empty($$ SELECT signature FROM member_function WHERE prorettype = 'internal'::regtype ORDER BY 1 $$, 'none returns an internal value');
SELECT is_empty($$ SELECT f.signature FROM member_function AS f JOIN support AS s USING (oid) WHERE f.prokind = 'a' ORDER BY 1 $$, 'no aggregate is a support function');

-- aggregates, as parallel query and distributed databases need them
SELECT is_empty($$ SELECT signature FROM member_aggregate WHERE aggcombinefn = 0 ORDER BY 1 $$, 'every aggregate has a combine function');
SELECT is_empty($$ SELECT signature FROM member_aggregate JOIN pg_type AS t ON t.oid = aggtranstype WHERE t.typtype = 'p' ORDER BY 1 $$, 'no state is of a pseudo-type');
SELECT is_empty($$ SELECT signature FROM member_aggregate, unnest(proargtypes) AS a(type) JOIN pg_type AS t ON t.oid = type WHERE t.typtype = 'p' ORDER BY 1 $$, 'no argument is polymorphic');
SELECT is_empty($$ SELECT signature FROM member_aggregate WHERE aggfinalextra OR aggmfinalextra ORDER BY 1 $$, 'no final function takes extra arguments');
SELECT is_empty($$ SELECT signature FROM member_aggregate WHERE pronargs = 0 OR aggkind <> 'n' ORDER BY 1 $$, 'each has an argument and needs no order');
SELECT is_empty($$ SELECT signature FROM member_aggregate WHERE proname ~ '^tdigest' OR proname IN ('avg', 'min', 'max', 'sum', 'count', 'array_agg', 'jsonb_agg',
    'jsonb_object_agg', 'json_agg', 'json_object_agg', 'bit_and', 'bit_or', 'bool_and', 'bool_or', 'every', 'hll_add_agg', 'hll_union_agg', 'topn_add_agg',
    'topn_union_agg', 'any_value') ORDER BY 1 $$, 'none has a name that distributed databases treat in their own way');
SELECT is_empty($$ SELECT a.signature, b.signature FROM member_aggregate AS a JOIN member_aggregate AS b ON a.aggtransfn = b.aggtransfn AND a.aggtransspace <> b.aggtransspace ORDER BY 1, 2 $$,
    'aggregates that share a transition function declare one size of state');

-- types
SELECT is_empty($$ SELECT typname FROM member_type WHERE typreceive = 0 OR typsend = 0 ORDER BY 1 $$, 'every type has a binary form');
SELECT is_empty($$ SELECT typname FROM member_type WHERE typname !~ '^cv_' ORDER BY 1 $$, 'names of types carry the prefix');

-- the extension
SELECT results_eq($$ SELECT v.relocatable, v.trusted, v.superuser, v.schema::text, v.requires::text FROM pg_available_extension_versions AS v
    JOIN pg_extension AS e ON e.extname = v.name AND e.extversion = v.version WHERE v.name = 'customer_value' $$,
    $$ VALUES (true, true, true, NULL::text, NULL::text) $$, 'trusted and relocatable, tied to no schema and to no other extension');
SELECT is_empty($$ SELECT extconfig FROM pg_extension WHERE extname = 'customer_value' AND extconfig IS NOT NULL $$, 'no configuration tables');

SELECT * FROM finish();
ROLLBACK;
