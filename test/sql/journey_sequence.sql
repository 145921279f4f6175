-- sequence_match(), sequence_count(), sequence_next_node() and retention().
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

-- the examples of ClickHouse's documentation
CREATE TEMP TABLE t (at timestamptz, number integer);
INSERT INTO t SELECT timestamptz '2026-01-01' + s * interval '1 second', number FROM (VALUES (1, 1), (2, 3), (3, 2)) AS v(s, number);
SELECT sequence_match('(?1)(?2)', at, number = 1, number = 2) AS two, sequence_match('(?1)(?2)', at, number = 1, number = 2, number = 3) AS three,
       sequence_match('(?1)(?2)', at, number = 1, number = 2, number = 4) AS four FROM t;
INSERT INTO t SELECT timestamptz '2026-01-01' + s * interval '1 second', number FROM (VALUES (4, 1), (5, 3), (6, 2)) AS v(s, number);
SELECT sequence_count('(?1).*(?2)', at, number = 1, number = 2) AS pairs FROM t;

-- patterns over one letter a second; lower-case letters meet conditions 1 to 3
CREATE FUNCTION pg_temp.try(pattern text, letters text) RETURNS text LANGUAGE sql AS $$
    SELECT sequence_match(pattern, at, c = 'a', c = 'b', c = 'c') || ' ' || sequence_count(pattern, at, c = 'a', c = 'b', c = 'c')
    FROM (SELECT timestamptz '2026-01-01' + i * interval '1 second' AS at, substr(letters, i, 1) AS c FROM generate_series(1, length(letters)) AS i) AS t $$;
SELECT pattern, letters, pg_temp.try(pattern, letters) FROM (VALUES
    ('(?1)(?2)', 'aXb'), ('(?1)(?2)', 'acb'), ('(?1).(?2)', 'acb'), ('(?1).(?2)', 'aXb'), ('(?1).*(?2)', 'accccb'), ('(?1)(?2)(?3)', 'abcabcab'), ('(?1)', 'aaa'), ('(?1)(?1)', 'aaaaa'),
    ('', 'abc'), ('', 'XYZ'), ('.', 'abX'), ('.*', 'ab'), ('(?1).*', 'aab'), ('(?3)', 'ab'), ('(?1) (?2)', 'ab'), ('(?2)(?1)', 'ab'),
    ('(?1)(?t<=1)(?2)', 'ab'), ('(?1)(?t<1)(?2)', 'ab'), ('(?1)(?t<=3)(?2)', 'acXb'), ('(?1)(?t<=2)(?2)', 'acXb'), ('(?1)(?t>=3)(?2)', 'abXb'), ('(?1)(?t>3)(?2)', 'abXb'),
    ('(?1)(?t==3)(?2)', 'abXb'), ('(?1)(?t==2)(?2)', 'abXb'), ('(?1)(?t>0.5)(?2)', 'ab'), ('(?1)(?t<0.5)(?2)', 'ab'), ('(?1)(?t>=2)(?2)', 'aabb'), ('(?1)(?t<=5)(?2)(?t<=5)(?3)', 'abcabc'),
    ('(?t>=0)(?1)', 'ba'), ('(?1)(?t>1)', 'abc'), ('(?1).*(?t>1)(?2)', 'accb')) AS p(pattern, letters);
-- rows of one instant come in the order of their conditions
SELECT sequence_match('(?1)(?2)', at, e = 1, e = 2) AS first_then_second, sequence_match('(?2)(?1)', at, e = 1, e = 2) AS second_then_first
FROM (VALUES (timestamptz '2026-01-01', 2), ('2026-01-01', 1)) AS t(at, e);
-- one row may meet several conditions; NULL conditions are false; other NULLs are ignored
SELECT sequence_count('(?1)(?2)', at, a, b), sequence_match('(?1)(?2)', at, a, b) FROM (VALUES (timestamptz '2026-01-01', true, true), ('2026-01-02', true, true), (NULL, true, true), ('2026-01-03', NULL, NULL)) AS t(at, a, b);
SELECT sequence_match('(?1)', at, true) AS none, sequence_count('(?1)', at, true) AS nothing FROM t WHERE false;
SELECT sequence_match('(?1)', now(), NULL::boolean), sequence_count('(?1)', now(), false), sequence_match(NULL, now(), true), sequence_match('(?1)', NULL, true);

-- no pattern that goes back for ever; a limit on what times cost
SELECT sequence_match('(?1)(?t>=0)(?1)(?t>=0)(?1)(?t>=0)(?1)(?t>=0)(?1)(?t>=0)(?2)', timestamptz '2026-01-01' + i * interval '1 second', true, false) FROM generate_series(1, 100000) AS i;
SELECT pg_temp.error_of('SELECT sequence_match(repeat(''(?1)(?t>=0)'', 120) || ''(?1)'', timestamptz ''2026-01-01'' + i * interval ''1 second'', true) FROM generate_series(1, 1000000) AS i');

-- bad patterns: what is wrong, and where
SELECT pg_temp.error_of(format('SELECT sequence_match(%L, now(), true, false)', pattern))
FROM unnest('{x,(?1)(2),(?1)*,(?,(?x),(?0),(?3),(?33),(?1,(?1)(?2 ),(?1)(?t=5)(?2),(?1)(?t<=)(?2),(?1)(?t<-5)(?2),(?1)(?t<5)(?t>1)(?2),(?1)ä}'::text[]) AS pattern;
SELECT left(pg_temp.error_of(format('SELECT sequence_match(%L, now(), true)', repeat('.', 255))), 5);
SELECT pg_temp.error_of('SELECT sequence_match(' || call || ') FROM (VALUES (1), (2)) AS t(n)') FROM unnest(ARRAY[
    $$CASE n WHEN 1 THEN '(?1)' ELSE '.' END, now(), true$$, $$'(?1)', now(), VARIADIC array_fill(true, ARRAY[n])$$, $$'(?1)', 'infinity', true$$, $$'(?1)', now(), VARIADIC '{}'$$]) AS call;

-- the next node: the examples of ClickHouse's documentation
CREATE TEMP TABLE flow AS SELECT id, timestamptz '2026-01-01' + s * interval '1 second' AS at, page
FROM (VALUES (1, 1, 'Home'), (2, 1, 'Gift'), (3, 1, 'Exit'), (1, 2, 'Home'), (2, 2, 'Home'), (3, 2, 'Gift'), (4, 2, 'Basket'), (1, 3, 'Gift'), (2, 3, 'Home'), (3, 3, 'Gift'), (4, 3, 'Basket')) AS v(s, id, page);
SELECT id, sequence_next_node('forward', 'head', at, page, page = 'Home', page = 'Home', page = 'Gift') AS forward_head,
       sequence_next_node('backward', 'tail', at, page, page = 'Basket', page = 'Basket', page = 'Gift') AS backward_tail,
       sequence_next_node('forward', 'first_match', at, page, page = 'Gift', page = 'Gift') AS forward_first,
       sequence_next_node('forward', 'first_match', at, page, page = 'Gift', page = 'Gift', page = 'Home') AS forward_first_home,
       sequence_next_node('backward', 'last_match', at, page, page = 'Gift', page = 'Gift') AS backward_last,
       sequence_next_node('backward', 'last_match', at, page, page = 'Gift', page = 'Gift', page = 'Home') AS backward_last_home,
       sequence_next_node('forward', 'last_match', at, page, true, page = 'Home') AS forward_last,
       sequence_next_node('backward', 'first_match', at, page, true, page = 'Gift') AS backward_first
FROM flow GROUP BY id ORDER BY id;
-- only rows that meet base_condition can be the base; NULL nodes are dropped; ties in C order of the nodes
SELECT sequence_next_node('forward', 'first_match', at, node, base, node = 'A') FROM (VALUES (timestamptz '2026-01-01', 'A', false), ('2026-01-02', 'B', true), ('2026-01-03', 'A', true), ('2026-01-04', NULL, true), ('2026-01-05', 'C', NULL)) AS t(at, node, base);
SELECT sequence_next_node('forward', 'head', at, node, true, true) FROM (VALUES (timestamptz '2026-01-01', 'b'), ('2026-01-01', 'a'), ('2026-01-01', 'B')) AS t(at, node);
-- no more rows than steps
SELECT sequence_next_node('forward', 'head', at, page, true, true, true, true) FROM flow WHERE id = 1;
SELECT sequence_next_node('forward', 'head', at, page, true, true) FROM flow WHERE false;
SELECT pg_temp.error_of('SELECT sequence_next_node(' || call || ') FROM (VALUES (1), (2)) AS t(n)') FROM unnest(ARRAY[
    $$'forwards', 'head', now(), 'a', true, true$$, $$'forward', 'first', now(), 'a', true, true$$, $$'forward', 'tail', now(), 'a', true, true$$, $$'backward', 'head', now(), 'a', true, true$$,
    $$CASE n WHEN 1 THEN 'forward' ELSE 'backward' END, 'first_match', now(), 'a', true, true$$, $$'forward', 'head', now(), 'a', true, VARIADIC array_fill(true, ARRAY[n])$$,
    $$'forward', 'head', now(), 'a', true, VARIADIC array_fill(true, ARRAY[32])$$, $$'forward', 'head', '-infinity', 'a', true, true$$]) AS call;

-- retention: the example of ClickHouse's documentation
SELECT uid, retention(date = '2020-01-01', date = '2020-01-02', date = '2020-01-03')
FROM (SELECT n AS uid, date '2020-01-01' AS date FROM generate_series(0, 4) AS n UNION ALL SELECT n, '2020-01-02' FROM generate_series(0, 9) AS n UNION ALL SELECT n, '2020-01-03' FROM generate_series(0, 14) AS n) AS t
WHERE uid IN (0, 4, 5, 9, 10, 14) GROUP BY uid ORDER BY uid;
-- the first condition may be met last; NULLs
SELECT retention(VARIADIC c) FROM (VALUES ('{f,t,f}'::boolean[]), ('{t,f,NULL}'), (NULL)) AS t(c);
SELECT retention(VARIADIC c) FROM (VALUES ('{f,t,f}'::boolean[]), ('{f,f,t}')) AS t(c);
SELECT retention(true) AS one, retention(NULL::boolean) AS unknown, retention(VARIADIC NULL) AS none, retention(VARIADIC array_fill(true, ARRAY[32])) = array_fill(1, ARRAY[32]) AS all_32;
SELECT retention(number = 1) FROM t WHERE false;
SELECT pg_temp.error_of('SELECT retention(VARIADIC ' || c || ') FROM (VALUES (1), (2)) AS t(n)') FROM unnest(ARRAY[$$'{}'$$, 'array_fill(true, ARRAY[33])', 'array_fill(true, ARRAY[n])', $$'{{t}}'$$]) AS c;

-- 5,000 customers against regular expressions: with one condition met by each row, (?1)(?2) is the text ab
CREATE TEMP TABLE letters AS
SELECT customer, string_agg(c, '' ORDER BY n) AS word, sequence_match('(?1)(?2).*(?3)', at, c = 'a', c = 'b', c = 'c') AS m1, sequence_match('(?1).(?1)', at, c = 'a', c = 'b', c = 'c') AS m2,
       sequence_count('(?1)(?2)', at, c = 'a', c = 'b', c = 'c') AS n1, sequence_count('(?1).*(?2)', at, c = 'a', c = 'b', c = 'c') AS n2, sequence_match('(?1)(?t<=2)(?3)', at, c = 'a', c = 'b', c = 'c') AS m3
FROM (SELECT customer, n, timestamptz '2026-01-01' + n * interval '1 second' AS at, substr('abc', 1 + ('x' || substr(md5(customer || ':' || n), 1, 2))::bit(8)::integer % 3, 1) AS c
      FROM generate_series(1, 5000) AS customer, generate_series(1, 1 + customer % 9) AS n) AS t GROUP BY customer;
SELECT count(*), bool_and(m1 = (word ~ 'ab.*c')) AS m1, bool_and(m2 = (word ~ 'a.a')) AS m2, bool_and(n1 = (SELECT count(*) FROM regexp_matches(word, 'ab', 'g'))) AS n1,
       bool_and(n2 = (SELECT count(*) FROM regexp_matches(word, 'a.*?b', 'g'))) AS n2, bool_and(m3 = (word ~ 'a.?c')) AS m3, count(*) FILTER (WHERE m1) > 500 AS enough FROM letters;
