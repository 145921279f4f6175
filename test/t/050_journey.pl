# Journeys at work: the same answers from workers, partitions, hash and sort plans; states
# in tables through dump, restore and COPY; long journeys, and work that can be cancelled.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use CustomerValue;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('journey');
my $folder = PostgreSQL::Test::Utils::tempdir;

query($node, <<"SQL");
CREATE TABLE events AS
SELECT n, n % 400 AS customer_id, timestamptz '2026-01-01 00:00:00+00' + (('x' || substr(h, 1, 6))::bit(24)::integer % 5000) * interval '7 minutes' AS at,
       CASE WHEN n % 101 <> 0 THEN (ARRAY['visit', 'visit', 'product', 'cart', 'pay', 'ünïcode', 'support'])[1 + ('x' || substr(h, 7, 2))::bit(8)::integer % 7] END AS stage
FROM (SELECT n, md5(n::text) AS h FROM generate_series(1, 60000) AS n) AS t;
CREATE TABLE shuffled AS SELECT * FROM events ORDER BY hashint4(n);
CREATE TABLE by_month (LIKE events) PARTITION BY RANGE (at);
CREATE TABLE by_month_0 PARTITION OF by_month FOR VALUES FROM (MINVALUE) TO ('2026-01-10');
CREATE TABLE by_month_1 PARTITION OF by_month FOR VALUES FROM ('2026-01-10') TO (MAXVALUE);
INSERT INTO by_month SELECT * FROM shuffled;
CREATE TABLE logs AS SELECT customer_id, journey_log(at, stage) AS log FROM events GROUP BY customer_id;
CREATE TABLE halves AS SELECT customer_id, at < '2026-01-12' AS early, journey_log(at, stage) AS log FROM events GROUP BY customer_id, early;
CREATE TABLE parts AS SELECT customer_id % 40 AS part, funnel_summary(funnel(log, '{visit,product,cart,pay}', '7 days')) AS summary, journey_graph(log) AS graph FROM logs GROUP BY part;
ALTER TABLE events SET (parallel_workers = 4);
ALTER TABLE shuffled SET (parallel_workers = 4);
ALTER TABLE logs SET (parallel_workers = 4);
ALTER TABLE halves SET (parallel_workers = 4);
ALTER TABLE parts SET (parallel_workers = 4);
ALTER TABLE by_month_0 SET (parallel_workers = 3);
ANALYZE;
SQL

my $parallel = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;';
my @settings = (
    [ 'one process' => 'SET max_parallel_workers_per_gather = 0;' ],
    [ '2 workers' => "$parallel SET max_parallel_workers_per_gather = 2;" ],
    [ '4 workers' => "$parallel SET max_parallel_workers_per_gather = 4;" ],
    [ 'only workers' => "$parallel SET max_parallel_workers_per_gather = 2; SET parallel_leader_participation = off;" ],
    [ 'sorting' => 'SET max_parallel_workers_per_gather = 0; SET enable_hashagg = off;' ],
    [ 'work_mem 64 kB' => "SET max_parallel_workers_per_gather = 0; SET work_mem = '64kB'; SET hash_mem_multiplier = 1; SET enable_sort = off;" ],
    [ 'partitionwise' => "$parallel SET max_parallel_workers_per_gather = 2; SET enable_partitionwise_aggregate = on;" ],
    [ 'JIT' => "$parallel SET max_parallel_workers_per_gather = 2; SET jit = on; SET jit_above_cost = 0; SET jit_inline_above_cost = 0; SET jit_optimize_above_cost = 0;" ]);

my $conditions = "stage = 'visit', stage IN ('visit', 'product'), stage = 'cart', stage = 'pay'";
my %aggregate = (
    'logs' => 'journey_log(at, stage)',
    'exact funnels' => "window_funnel('3 days', 'exact', at, $conditions)",
    'strict funnels' => "window_funnel('3 days', 'strict_order,strict_increase', at, $conditions)",
    'funnels of chains' => "window_funnel('3 days', 'strict_once,strict_deduplication', at, $conditions)",
    'matches' => "sequence_match('(?1)(?t<=86400)(?3)(?4)(?4)', at, $conditions)",
    'counts' => "sequence_count('(?1).(?4)', at, $conditions)",
    'next nodes' => "sequence_next_node('forward', 'last_match', at, stage, stage IS NOT NULL, $conditions)",
    'retentions' => "retention(stage = 'pay', stage = 'support' AND at > '2026-01-24', stage = 'none')");
my %question;
for my $name (keys %aggregate)
{
    for my $table ('events', 'shuffled', 'by_month')
    {
        $question{"$name from $table"} = [ "SELECT md5(string_agg(customer_id || ' ' || coalesce(v::text, 'NULL'), E'\\n' ORDER BY customer_id)) FROM (SELECT customer_id, $aggregate{$name} AS v FROM $table GROUP BY customer_id) AS s", $name ];
    }
}
$question{'logs rolled up'} = [ "SELECT md5(string_agg(customer_id || ' ' || v, E'\\n' ORDER BY customer_id)) FROM (SELECT customer_id, rollup(log) AS v FROM halves GROUP BY customer_id) AS s", 'logs' ];
$question{'the log of all'} = [ 'SELECT md5(journey_log(at, stage)::text) FROM events', 'the log of all' ];
$question{'the log of all, rolled up'} = [ 'SELECT md5(rollup(log)::text) FROM halves', 'the log of all' ];
$question{'the summary'} = [ "SELECT md5(funnel_summary(funnel(log, '{visit,product,cart,pay}', '7 days'))::text) FROM logs", 'the summary' ];
$question{'the summary, rolled up'} = [ 'SELECT md5(rollup(summary)::text) FROM parts', 'the summary' ];
$question{'the graph'} = [ 'SELECT md5(journey_graph(log)::text) FROM logs', 'the graph' ];
$question{'the graph, rolled up'} = [ 'SELECT md5(rollup(graph)::text) FROM parts', 'the graph' ];
$question{'steps'} = [ 'SELECT md5(string_agg(s::text, E\'\\n\' ORDER BY s)) FROM (SELECT rollup(summary) AS summary FROM parts) AS t, funnel_steps(summary) AS s', 'steps' ];
$question{'edges'} = [ 'SELECT md5(string_agg(e::text, E\'\\n\' ORDER BY e::text COLLATE "C")) FROM (SELECT rollup(graph) AS graph FROM parts) AS t, edges(graph) AS e', 'edges' ];
my @questions = sort keys %question;

my %expected;
for my $setting (@settings)
{
    my ($name, $set) = @$setting;
    my @answers = split /\n/, query($node, "SET client_min_messages = error; $set\n" . join('', map { "$question{$_}[0];\n" } @questions));
    for my $i (0 .. $#questions)
    {
        my $key = $question{ $questions[$i] }[1];
        $expected{$key} //= $answers[$i];
        ok(defined $answers[$i] && $answers[$i] =~ /^[0-9a-f]{32}$/ && $answers[$i] eq $expected{$key}, "$name: $questions[$i]")
          or diag("got $answers[$i]\nexpected $expected{$key}");
    }
}
my %different = map { $_ => 1 } values %expected;
is(scalar keys %different, scalar keys %expected, 'the answers to different questions differ');

# --- the plans --------------------------------------------------------------------------

my %partial = map { ($_ => "SELECT customer_id, $aggregate{$_} FROM events GROUP BY customer_id") } keys %aggregate;
$partial{'summary'} = "SELECT funnel_summary(funnel(log, '{visit,pay}', '7 days')) FROM logs";
$partial{'graph'} = 'SELECT journey_graph(log) FROM logs';
$partial{'rollup of logs'} = 'SELECT rollup(log) FROM halves';
$partial{'rollup of summaries'} = 'SELECT rollup(summary) FROM parts';
$partial{'rollup of graphs'} = 'SELECT rollup(graph) FROM parts';
for my $name (sort keys %partial)
{
    my $plan = query($node, "$parallel SET max_parallel_workers_per_gather = 2; EXPLAIN (COSTS off) $partial{$name}");
    like($plan, qr/Finalize.*Gather.*Partial/s, "$name: workers aggregate in part") or diag($plan);
}
like(query($node, "$parallel SET max_parallel_workers_per_gather = 2; EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) SELECT journey_graph(log) FROM logs"),
    qr/Workers Launched: 2/, 'and the workers really come');

# --- dump and restore, COPY -------------------------------------------------------------

query($node, 'CREATE DATABASE shop');
query($node, <<"SQL", database => 'shop');
CREATE SCHEMA analytics;
CREATE EXTENSION customer_value SCHEMA analytics;
SET search_path = analytics, public;
CREATE TABLE public.kept (id integer PRIMARY KEY, log cv_journey_log, result cv_funnel_result, summary cv_funnel_summary, graph cv_journey_graph, conditions cv_condition_log, nodes cv_node_log, met cv_condition_union);
INSERT INTO public.kept (id, log, result) SELECT id, log, funnel(log, '{a,b,a}', '2 hours') FROM (SELECT n % 50 AS id, journey_log(timestamptz '2026-01-01 00:00:00+00' + n * interval '11 minutes', substr('abc', 1 + n * n % 3, 1)) AS log FROM generate_series(1, 4000) AS n GROUP BY id) AS t;
INSERT INTO public.kept (id, summary, graph) SELECT 100, funnel_summary(result), journey_graph(log) FROM public.kept;
INSERT INTO public.kept (id, log) VALUES (101, '[]'), (102, '[["4714-11-24 00:00:00Z BC", ""], ["294276-12-31 23:59:59.999999Z", "\\u00fc \\" \\\\ \\n"]]');
INSERT INTO public.kept (id, conditions, nodes, met) VALUES (103, '{"rule": "(?1)(?t<=5).*(?2)", "within": null, "conditions": 2, "rows": [["2026-01-01 00:00:00Z", 3], ["2026-01-01 00:00:00.000001Z", 1]]}', '{"rule": "backward tail", "conditions": 1, "rows": [["2026-01-01 00:00:00Z", "x y", 2147483649]]}', '[32, 4294967295]'),
    (104, '{"rule": "strict_order", "within": 9223372036854775807, "conditions": 32, "rows": [["2026-01-01 00:00:00Z", 0]]}', NULL, NULL);
CREATE VIEW public.told AS SELECT id, stages(log, false) AS stages, funnel(log, '{a,b,a}', '2 hours') AS result FROM public.kept;
ALTER DATABASE shop SET search_path = public, analytics;
SQL
my $digest = q{SET timezone = 'UTC'; SELECT md5(string_agg(k::text, E'\n' ORDER BY id)) || md5(string_agg(coalesce(cv_journey_log_send(log)::text, '') || coalesce(cv_journey_graph_send(graph)::text, '') || coalesce(cv_condition_log_send(conditions)::text, ''), '' ORDER BY id))
    || (SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM told AS t) FROM kept AS k};
my $before = query($node, $digest, database => 'shop');
like($before, qr/^[0-9a-f]{96}$/, 'there is something to keep');
for my $format ('plain', 'custom')
{
    my $name = "restored_$format";
    $node->command_ok([ 'pg_dump', '--no-sync', "--format=$format", "--file=$folder/$name", '--dbname', $node->connstr('shop') ], "$format: dumped");
    query($node, "CREATE DATABASE $name");
    query($node, "ALTER DATABASE $name SET search_path = public, analytics");
    if ($format eq 'plain')
    {
        my ($out, $err) = ('', '');
        $node->psql($name, slurp_file("$folder/$name"), stdout => \$out, stderr => \$err, on_error_stop => 0);
        is($err, '', "$format: restored without an error");
    }
    else
    {
        $node->command_ok([ 'pg_restore', '--exit-on-error', '--dbname', $node->connstr($name), "$folder/$name" ], "$format: restored without an error");
    }
    is(query($node, $digest, database => $name), $before, "$format: the same as before");
}
for my $format (qw(text binary csv))
{
    my (undef, $err) = query_all($node, "SET timezone = 'Asia/Kathmandu'; SET datestyle = 'SQL, DMY'; COPY kept TO '$folder/copy.$format' WITH (FORMAT $format); DELETE FROM kept; COPY kept FROM '$folder/copy.$format' WITH (FORMAT $format);", database => 'shop');
    is($err, '', "COPY $format: out and in");
    is(query($node, $digest, database => 'shop'), $before, "COPY $format: the same as before");
}

# --- long journeys ----------------------------------------------------------------------

is(query($node, q{SELECT count(*), count(DISTINCT stage), min(at), max(at) FROM (SELECT journey_log(timestamptz '2026-01-01 00:00:00+00' + n * interval '1 second', 'stage ' || n % 200000) AS log FROM generate_series(1, 1000000) AS n) AS t, entries(log)}),
    query($node, q{SELECT 1000000, 200000, timestamptz '2026-01-01 00:00:01+00', timestamptz '2026-01-01 00:00:00+00' + interval '1000000 seconds'}), 'a million rows of 200,000 stages');
is(query($node, q{SELECT window_funnel('1 day', 'exact', timestamptz '2026-01-01' + (n / 1000) * interval '1 second', VARIADIC array_fill(true, ARRAY[32])) FROM generate_series(1, 300000) AS n}), '32', 'many rows of one instant that meet all of 32 steps');
like((query_all($node, q{SELECT journey_log(now(), repeat(chr(64 + n), 200000000)) FROM generate_series(1, 6) AS n}))[1],
    qr/ERROR:\s+54000: cv_journey_log would exceed 1 GB/, 'beyond 1 GB there is an error, not a crash');

# --- cancelled --------------------------------------------------------------------------

for my $call (
    q{SELECT sequence_count(repeat('(?1).*', 100) || '(?2)', at, true, false) FROM e},
    q{SELECT length(journey_graph(log)::text) FROM (SELECT journey_log(at, 'stage ' || n % 1000) AS log FROM e) AS t},
    q{SELECT window_funnel('100 days', 'exact', at, VARIADIC array_fill(true, ARRAY[31]) || false) FROM e})
{
    my (undef, $err) = query_all($node, "CREATE TEMP TABLE e AS SELECT n, timestamptz '2026-01-01' + n * interval '1 second' AS at FROM generate_series(1, 1000000) AS n; SET statement_timeout = '60ms'; $call;");
    like($err, qr/ERROR:\s+57014/, "cancelled: $call");
}
ok(backend_alive($node), 'the server lives');

$node->stop;
done_testing();
