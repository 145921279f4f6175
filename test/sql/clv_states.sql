-- transition_matrix(), probabilities() and clv(transition, reward, discount_rate, periods).
\set SHOW_CONTEXT never
SET extra_float_digits = 0;

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

CREATE FUNCTION pg_temp.rounded(float8[], integer DEFAULT 6) RETURNS numeric[] LANGUAGE sql AS $$
SELECT array_agg(round(v::numeric, $2) ORDER BY n) FROM unnest($1) WITH ORDINALITY AS t(v, n) $$;

-- Pfeifer and Carraway (2000): states are recency 1 to 4 and former
CREATE TEMP TABLE paper AS
SELECT '{{0.3,0.7,0,0,0},{0.2,0,0.8,0,0},{0.15,0,0,0.85,0},{0.05,0,0,0,0.95},{0,0,0,0,1}}'::float8[] AS p,
       '{36,-4,-4,-4,0}'::float8[] AS r;
SELECT pg_temp.rounded(clv(p, r, 0.2)) AS for_ever FROM paper;
SELECT pg_temp.rounded(clv(p, r, 0.2, 4)) AS four_periods FROM paper;
-- mailing at recency 4 loses money: stopping there raises the value of all others, stopping at 3 goes too far
SELECT (clv(p, r, 0.2))[4] < 0 AS four_is_a_loss,
       pg_temp.rounded(clv(p[1:3][1:3], r[1:3], 0.2)) AS stop_at_4, pg_temp.rounded(clv(p[1:2][1:2], r[1:2], 0.2)) AS stop_at_3,
       (clv(p[1:3][1:3], r[1:3], 0.2))[1] > (clv(p, r, 0.2))[1] AS better
FROM paper;
-- stopping as a state of its own says the same: what a row lacks leaves for good
SELECT pg_temp.rounded(clv('{{0.3,0.7,0,0},{0.2,0,0.8,0},{0.15,0,0,0.85},{0,0,0,1}}'::float8[], '{36,-4,-4,0}', 0.2)) AS stop_at_4;

-- Berger and Nasr's migration: the share buying t periods on is element (1, 1) of P^t
SELECT t, round(((clv(p, e, 0, t))[1] - (clv(p, e, 0, t - 1))[1])::numeric, 5) AS buying
FROM paper, (SELECT '{1,0,0,0,0}'::float8[] AS e) AS e, generate_series(1, 5) AS t ORDER BY t;

-- the sums that they stand for; a long sum is the value for ever
SELECT periods, pg_temp.rounded(clv(p, r, 0.2, periods), 9) AS value FROM paper, unnest(ARRAY[0, 1, 2, 2147483647]) AS periods ORDER BY periods;
SELECT pg_temp.rounded(clv(p, r, 0.2, 2147483647), 10) = pg_temp.rounded(clv(p, r, 0.2), 10) AS same FROM paper;
SELECT clv(p, r, 0, 1000) AS undiscounted FROM (VALUES ('{{1}}'::float8[], '{7}'::float8[])) AS t(p, r);
-- V = R + P V / (1 + d)
SELECT max(abs(v[i] - r[i] - (SELECT sum(p[i][j] * v[j]) FROM generate_series(1, 5) AS j) / 1.2)) < 1e-13 AS balanced
FROM paper, LATERAL (SELECT clv(p, r, 0.2) AS v) AS v, generate_series(1, 5) AS i;
-- one state is the closed form
SELECT abs((clv(ARRAY[[0.8]], ARRAY[100], 0.1))[1] - clv(100, 0.8, 0.1, timing => 'now')) < 1e-12 AS for_ever,
       abs((clv(ARRAY[[0.8]], ARRAY[100], 0.1, 5))[1] - clv(100, 0.8, 0.1, 0, 5, 'now')) < 1e-12 AS five_periods;
-- tiny rates lose nothing
SELECT clv('{{0.5,0.5},{0.25,0.75}}'::float8[], '{1,1}', 1e-300) AS value, clv('{{1}}'::float8[], '{2}', 1e-12) AS one;
-- rounded probabilities pass for a sum of 1
SELECT pg_temp.rounded(clv('{{0.3333333333,0.6666666668},{0.3333333334,0.6666666667}}'::float8[], '{1,1}', 0.25), 6) AS value,
       (clv('{{1.0000000005}}'::float8[], '{1}', 1e-12))[1] < 1.1e12 AS finite;

-- integers, numerics, columns, NULLs
SELECT clv(ARRAY[[1, 0], [0, 1]], ARRAY[1, 2], 1) AS integers, clv(ARRAY[[0.5, 0.5], [0, 1]], ARRAY[1.5, 0], 0.25) AS numerics,
       clv(transition => ARRAY[[0.5]], reward => '{3}', discount_rate => 0, periods => 1) AS named,
       clv('[0:0][5:5]={{0.5}}'::float8[], '[7:7]={3}', 0, 1) AS other_bounds;
SELECT clv(NULL, r, 0.2) AS a, clv(p, NULL, 0.2) AS b, clv(p, r, NULL) AS c, clv(p, r, 0.2, NULL) = clv(p, r, 0.2) AS for_ever FROM paper;

-- errors name the row and the value
SELECT call, pg_temp.error_of('SELECT clv(' || call || ')') AS error
FROM unnest(ARRAY[
    '''{}''::float8[], ''{}'', 0.2', '''{1}''::float8[], ''{1}'', 0.2', '''{{1,0}}''::float8[], ''{1}'', 0.2', '''{{1},{0}}''::float8[], ''{1}'', 0.2',
    '''{{{1}}}''::float8[], ''{1}'', 0.2',
    '''{{1,0},{0,1}}''::float8[], ''{1}'', 0.2', '''{{1,0},{0,1}}''::float8[], ''{1,2,3}'', 0.2', '''{{1,0},{0,1}}''::float8[], ''{}'', 0.2',
    '''{{1,0},{0,1}}''::float8[], ''{{1,2}}'', 0.2',
    '''{{1,0},{NULL,1}}''::float8[], ''{1,2}'', 0.2', '''{{1,0},{0,1}}''::float8[], ''{1,NULL}'', 0.2',
    '''{{1,0},{-0.1,1}}''::float8[], ''{1,2}'', 0.2', '''{{1,0},{0,1.5}}''::float8[], ''{1,2}'', 0.2', '''{{1,0},{NaN,1}}''::float8[], ''{1,2}'', 0.2',
    '''{{1,0},{0,Infinity}}''::float8[], ''{1,2}'', 0.2',
    '''{{1,0},{0.4,0.7}}''::float8[], ''{1,2}'', 0.2', '''{{0.5,0.50001},{0.4,0.6}}''::float8[], ''{1,2}'', 0.2',
    '''{{1,0},{0,1}}''::float8[], ''{1,NaN}'', 0.2', '''{{1,0},{0,1}}''::float8[], ''{-Infinity,0}'', 0.2',
    '''{{1}}''::float8[], ''{1}'', -0.2', '''{{1}}''::float8[], ''{1}'', ''NaN''', '''{{1}}''::float8[], ''{1}'', ''Infinity''', '''{{1}}''::float8[], ''{1}'', 0',
    '''{{0.5}}''::float8[], ''{1}'', 0', '''{{1}}''::float8[], ''{1}'', 0.2, -1', '''{{1}}''::float8[], ''{1e308}'', 0.2', '''{{1}}''::float8[], ''{1e308}'', 0, 5',
    '''{{1}}'', ''{1}'', 0.2', '''{{1}}'', ''{1}'', ''0.2''']) WITH ORDINALITY AS t(call, n) ORDER BY n;

-- counting
CREATE TEMP TABLE moves AS
SELECT n, 1 + ('x' || substr(md5(n::text), 1, 4))::bit(16)::integer % 6 AS from_state,
       1 + ('x' || substr(md5(n::text), 5, 4))::bit(16)::integer % (2 + n % 5) AS to_state,
       ('x' || substr(md5(n::text), 9, 6))::bit(24)::integer AS shuffle
FROM generate_series(1, 3000) AS n;
SELECT transition_matrix(from_state, to_state) FROM moves;
SELECT count(*), bool_and(cell = jsonb_build_array(from_state, to_state, n)) AS exact
FROM (SELECT transition_matrix(from_state, to_state)::jsonb -> 'transitions' AS cells FROM moves) AS m, jsonb_array_elements(cells) WITH ORDINALITY AS c(cell, place)
JOIN (SELECT from_state, to_state, count(*) AS n, row_number() OVER (ORDER BY from_state, to_state) AS place FROM moves GROUP BY 1, 2) AS t USING (place);
-- a state never left is absorbing; 2 and 4 are never met
SELECT transition_matrix(a, b) AS counts, probabilities(transition_matrix(a, b))
FROM (VALUES (1, 3), (1, 1), (1, 3), (1, 5), (3, 1), (NULL, 9), (9, NULL)) AS t(a, b);
SELECT transition_matrix(a, b) IS NULL AS nothing, probabilities(NULL) IS NULL AS nothing_either FROM (VALUES (NULL::integer, 1), (1, NULL)) AS t(a, b);
SELECT transition_matrix(1, 2) IS NULL AS nothing FROM moves WHERE false;
SELECT transition_matrix(1, 1) AS one, probabilities('{"states": 1, "transitions": []}') AS never_left,
       probabilities('{"states": 2, "transitions": [[1, 1, 9223372036854775807], [1, 2, 9223372036854775807], [2, 2, 1]]}') AS many;
SELECT pg_temp.rounded(clv(probabilities(transition_matrix(from_state, to_state)), '{5,4,3,2,1,0}', 0.1)) AS value FROM moves;
-- room grows with the states
SELECT m -> 'states' AS states, jsonb_array_length(m -> 'transitions'), m -> 'transitions' -> 999 AS last
FROM (SELECT transition_matrix(n, 1)::jsonb AS m FROM generate_series(1, 1000) AS n) AS t;
SELECT a, b, pg_temp.error_of(format('SELECT transition_matrix(%s, %s)', a, b)) AS error
FROM (VALUES (0, 1), (1, -7), (1001, 1), (1, 2147483647), (-2147483648, 1)) AS t(a, b);

-- any order, any partition, through text, by workers
CREATE TEMP TABLE whole AS SELECT transition_matrix(from_state, to_state) AS m FROM moves;
SELECT parts, rollup(part ORDER BY n DESC)::text = (SELECT m::text FROM whole) AS same
FROM (SELECT parts, shuffle % parts AS n, transition_matrix(from_state, to_state ORDER BY shuffle)::text::cv_transition_matrix AS part
      FROM moves, unnest(ARRAY[1, 2, 7, 400, 20000]) AS parts GROUP BY 1, 2) AS t
GROUP BY parts ORDER BY parts;
SELECT rollup(m) FROM (VALUES ('{"states": 1, "transitions": [[1, 1, 1]]}'::cv_transition_matrix), (NULL),
    ('{"states": 3, "transitions": [[1, 1, 1], [1, 2, 2], [2, 1, 3]]}'), ('{"states": 1, "transitions": [[1, 1, 5]]}')) AS t(m);
SELECT rollup(m) IS NULL AS nothing FROM (VALUES (NULL::cv_transition_matrix)) AS t(m);
SELECT rollup(m) FROM (VALUES ('{"states": 1, "transitions": [[1, 1, 9223372036854775807]]}'::cv_transition_matrix), ('{"states": 1, "transitions": [[1, 1, 1]]}')) AS t(m);
CREATE TABLE clv_moves AS SELECT * FROM moves;
ALTER TABLE clv_moves SET (parallel_workers = 2);
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT transition_matrix(from_state, to_state) FROM clv_moves;
SELECT transition_matrix(from_state, to_state)::text = (SELECT m::text FROM whole) AS by_workers FROM clv_moves;
RESET max_parallel_workers_per_gather;
DROP TABLE clv_moves;
-- windows
SELECT n, transition_matrix(a, b) OVER (ORDER BY n) AS running, transition_matrix(a, b) OVER (ORDER BY n ROWS 1 PRECEDING) AS last_two
FROM (VALUES (1, 1, 2), (2, 2, 2), (3, 3, 1), (4, 1, 1)) AS t(n, a, b) ORDER BY n;

-- text and binary
CREATE TEMP TABLE stored (id integer, m cv_transition_matrix);
INSERT INTO stored VALUES (1, ' { "transitions" : [ [ 1, 1, 7 ] ] , "states" : 1 } '), (2, '{"states": 4, "transitions": [[1, 2, 9223372036854775807]]}');
INSERT INTO stored SELECT 3, m FROM whole;
INSERT INTO stored SELECT 4, transition_matrix(n, 100 - n) FROM generate_series(1, 99) AS n;
SELECT id, m FROM stored WHERE id < 3 ORDER BY id;
SELECT m::jsonb FROM stored WHERE id = 2;
CREATE TEMP TABLE again (LIKE stored);
\copy stored TO 'results/clv_states.bin' (FORMAT binary)
\copy again FROM 'results/clv_states.bin' (FORMAT binary)
SELECT count(*), bool_and(a.m::text = b.m::text) AS same, bool_and(a.m::text::cv_transition_matrix::text = a.m::text) AS through_text
FROM stored AS a JOIN again AS b USING (id);
SELECT cv_transition_matrix_send(m) FROM stored WHERE id = 1;
CREATE FUNCTION pg_temp.copy_row(field bytea) RETURNS oid LANGUAGE sql AS $$
SELECT lo_from_bytea(0, '\x5047434f50590aff0d0a00'::bytea || '\x0000000000000000'::bytea || int2send(2::int2)
                        || int4send(4) || int4send(7) || int4send(length(field)) || field || int2send((-1)::int2)) $$;
-- an unknown version
SELECT pg_temp.copy_row(set_byte(cv_transition_matrix_send(m), 0, 9)) AS file FROM stored WHERE id = 1 \gset
\lo_export :file results/clv_states.bin
\copy again FROM 'results/clv_states.bin' (FORMAT binary)
-- unknown flags
SELECT pg_temp.copy_row(set_byte(cv_transition_matrix_send(m), 1, 1)) AS file FROM stored WHERE id = 1 \gset
\lo_export :file results/clv_states.bin
\copy again FROM 'results/clv_states.bin' (FORMAT binary)
-- more transitions than bytes
SELECT pg_temp.copy_row(set_byte(cv_transition_matrix_send(m), 13, 2)) AS file FROM stored WHERE id = 1 \gset
\lo_export :file results/clv_states.bin
\copy again FROM 'results/clv_states.bin' (FORMAT binary)
-- no states, and more than there may be
SELECT pg_temp.copy_row(set_byte(cv_transition_matrix_send(m), 5, 0)) AS file FROM stored WHERE id = 1 \gset
\lo_export :file results/clv_states.bin
\copy again FROM 'results/clv_states.bin' (FORMAT binary)
SELECT pg_temp.copy_row(set_byte(cv_transition_matrix_send(m), 2, 127)) AS file FROM stored WHERE id = 1 \gset
\lo_export :file results/clv_states.bin
\copy again FROM 'results/clv_states.bin' (FORMAT binary)
-- a state out of range, a count of 0, one below
SELECT pg_temp.copy_row(set_byte(cv_transition_matrix_send(m), 17, 2)) AS file FROM stored WHERE id = 1 \gset
\lo_export :file results/clv_states.bin
\copy again FROM 'results/clv_states.bin' (FORMAT binary)
SELECT pg_temp.copy_row(set_byte(cv_transition_matrix_send(m), 29, 0)) AS file FROM stored WHERE id = 1 \gset
\lo_export :file results/clv_states.bin
\copy again FROM 'results/clv_states.bin' (FORMAT binary)
SELECT pg_temp.copy_row(set_byte(cv_transition_matrix_send(m), 22, 255)) AS file FROM stored WHERE id = 1 \gset
\lo_export :file results/clv_states.bin
\copy again FROM 'results/clv_states.bin' (FORMAT binary)
-- trailing bytes
SELECT pg_temp.copy_row(cv_transition_matrix_send(m) || '\x00') AS file FROM stored WHERE id = 1 \gset
\lo_export :file results/clv_states.bin
\copy again FROM 'results/clv_states.bin' (FORMAT binary)
SELECT count(lo_unlink(oid)) > 0 AS cleaned FROM pg_largeobject_metadata;

SELECT text, pg_temp.error_of(format('SELECT %L::cv_transition_matrix', text)) AS error
FROM unnest(ARRAY['', 'null', '7', '[]', '{}', '{"states": 2}', '{"transitions": []}', '{"states": 2, "counts": []}', '{"states": 2, "states": 2, "transitions": []}',
    '{"states": 0, "transitions": []}', '{"states": 1001, "transitions": []}', '{"states": 1.5, "transitions": []}', '{"states": null, "transitions": []}',
    '{"states": 2, "transitions": 7}', '{"states": 2, "transitions": [7]}', '{"states": 2, "transitions": [[1, 2]]}', '{"states": 2, "transitions": [[1, 2, 3, 4]]}',
    '{"states": 2, "transitions": [[1, 2, 3], []]}', '{"states": 2, "transitions": [[1, 2, [3]]]}', '{"states": 2, "transitions": [[1, "2", 3]]}', '{"states": 2, "transitions": [[1, 2, null]]}',
    '{"states": 2, "transitions": [[0, 1, 1]]}', '{"states": 2, "transitions": [[3, 1, 1]]}', '{"transitions": [[1, 3, 1]], "states": 2}', '{"states": 2, "transitions": [[1, 1001, 1]]}',
    '{"states": 2, "transitions": [[1, 1, 0]]}', '{"states": 2, "transitions": [[1, 1, -1]]}', '{"states": 2, "transitions": [[1, 1, 9223372036854775808]]}',
    '{"states": 2, "transitions": [[1, 1, 1], [1, 1, 1]]}', '{"states": 2, "transitions": [[2, 1, 1], [1, 2, 1]]}']) WITH ORDINALITY AS t(text, n) ORDER BY n;

-- the support functions are of no use by themselves, and do no harm
SELECT call, pg_temp.error_of('SELECT ' || call) AS error
FROM unnest(ARRAY['transition_matrix_trans(NULL, 1, 1)', 'transition_matrix_trans(''{"states": 1, "transitions": [[1, 1, 1]]}'', 1, 1)', 'transition_matrix_trans(NULL, NULL, NULL)',
    'transition_matrix_combine(NULL, NULL)', 'transition_matrix_combine(''{"states": 1, "transitions": [[1, 1, 1]]}'', NULL)',
    'transition_matrix_final(NULL)', 'transition_matrix_final(''{"states": 1, "transitions": [[1, 1, 1]]}'')']) AS call;

-- a long computation can be cancelled
SET statement_timeout = '200ms';
SELECT clv(p, r, 0, 2147483647) FROM (SELECT array_agg(row) AS p, array_agg(i::float8) AS r
    FROM (SELECT i, array_agg(CASE WHEN i = j THEN 1 ELSE 0 END::float8 ORDER BY j) AS row
          FROM generate_series(1, 200) AS i, generate_series(1, 200) AS j GROUP BY i) AS t) AS m;
RESET statement_timeout;
