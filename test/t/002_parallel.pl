# The same answers to the last bit, however the rows come and however many processes work
# on them: workers, partitions, hash or sort, little memory, JIT, another order.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use CustomerValue;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('parallel');

query($node, <<"SQL");
CREATE TABLE orders AS SELECT customer_id, at, amount, customer_id % 4 AS region
    FROM simulate_purchases('${\ BUYING->{'pareto/nbd'}}', '${\ SPENDING}', 20000, '2022-12-31', '2021-01-01', '2022-06-30', 7);
-- purchases of one day, returns, and days with returns only
INSERT INTO orders SELECT customer_id, at, amount / 3, region FROM orders WHERE customer_id % 5 = 0;
INSERT INTO orders SELECT customer_id, at + (customer_id % 3)::int, -amount / 7, region FROM orders WHERE customer_id % 11 = 0;
CREATE TABLE shuffled AS SELECT * FROM orders ORDER BY hashint8(customer_id * 31 + (at - '2021-01-01')::int), amount;
CREATE TABLE parted (LIKE orders) PARTITION BY HASH (customer_id);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO parted SELECT * FROM shuffled;
-- the parts cut every customer into pieces
CREATE TABLE by_day (LIKE orders) PARTITION BY RANGE (at);
CREATE TABLE by_day_0 PARTITION OF by_day FOR VALUES FROM (MINVALUE) TO ('2021-09-01');
CREATE TABLE by_day_1 PARTITION OF by_day FOR VALUES FROM ('2021-09-01') TO ('2022-03-01');
CREATE TABLE by_day_2 PARTITION OF by_day FOR VALUES FROM ('2022-03-01') TO (MAXVALUE);
INSERT INTO by_day SELECT * FROM shuffled ORDER BY amount;
CREATE TABLE histories AS SELECT customer_id, region, purchase_history(at, amount, '2022-12-31') AS history
    FROM orders GROUP BY customer_id, region;
CREATE TABLE halves AS SELECT customer_id, region, at < '2022-01-15' AS early, activity_log(at, amount) AS log
    FROM orders GROUP BY customer_id, region, early;
CREATE TABLE many_bases AS SELECT customer_id % 500 AS part, customer_base(history) AS base FROM histories GROUP BY part;
ALTER TABLE orders SET (parallel_workers = 4);
ALTER TABLE shuffled SET (parallel_workers = 4);
ALTER TABLE histories SET (parallel_workers = 4);
ALTER TABLE halves SET (parallel_workers = 4);
ALTER TABLE many_bases SET (parallel_workers = 4);
ALTER TABLE parted_0 SET (parallel_workers = 3);
ALTER TABLE by_day_0 SET (parallel_workers = 3);
-- few customers with many orders, where it pays to aggregate in part
CREATE TABLE busy AS SELECT customer_id % 500 AS customer_id, at, amount FROM orders;
ALTER TABLE busy SET (parallel_workers = 4);
CREATE TABLE busy_by_day (LIKE busy) PARTITION BY RANGE (at);
CREATE TABLE busy_by_day_0 PARTITION OF busy_by_day FOR VALUES FROM (MINVALUE) TO ('2022-01-01');
CREATE TABLE busy_by_day_1 PARTITION OF busy_by_day FOR VALUES FROM ('2022-01-01') TO (MAXVALUE);
INSERT INTO busy_by_day SELECT * FROM busy;
ANALYZE;
SQL

my $parallel = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;';
my @settings = (
    [ 'one process' => 'SET max_parallel_workers_per_gather = 0;' ],
    [ '1 worker' => "$parallel SET max_parallel_workers_per_gather = 1;" ],
    [ '2 workers' => "$parallel SET max_parallel_workers_per_gather = 2;" ],
    [ '4 workers' => "$parallel SET max_parallel_workers_per_gather = 4;" ],
    [ 'only workers' => "$parallel SET max_parallel_workers_per_gather = 2; SET parallel_leader_participation = off;" ],
    [ 'sorting' => 'SET max_parallel_workers_per_gather = 0; SET enable_hashagg = off;' ],
    [ 'sorting with 2 workers' => "$parallel SET max_parallel_workers_per_gather = 2; SET enable_hashagg = off;" ],
    [ 'work_mem 64 kB' => "SET max_parallel_workers_per_gather = 0; SET work_mem = '64kB'; SET hash_mem_multiplier = 1; SET enable_sort = off;" ],
    [ 'work_mem 64 kB, 2 workers' => "$parallel SET max_parallel_workers_per_gather = 2; SET work_mem = '64kB'; SET hash_mem_multiplier = 1; SET enable_sort = off;" ],
    [ 'partitionwise' => "$parallel SET max_parallel_workers_per_gather = 2; SET enable_partitionwise_aggregate = on;" ],
    [ 'JIT' => "$parallel SET max_parallel_workers_per_gather = 2; SET jit = on; SET jit_above_cost = 0; SET jit_inline_above_cost = 0; SET jit_optimize_above_cost = 0;" ]);

# Some questions compare whole tables: their text goes into one digest.
my $logs = "SELECT md5(string_agg(customer_id || ' ' || log, E'\\n' ORDER BY customer_id)) FROM (SELECT customer_id, %s AS log FROM %s GROUP BY customer_id) AS s";
my %question = (
    'logs of busy customers' => [ sprintf($logs, 'activity_log(at, amount)', 'busy'), 'busy logs' ],
    'logs of busy customers, partitions' => [ sprintf($logs, 'activity_log(at, amount)', 'busy_by_day'), 'busy logs' ],
    'histories of busy customers' => [ sprintf($logs, "purchase_history(at, amount, '2022-12-31')", 'busy'), 'busy histories' ],
    'logs' => [ sprintf($logs, 'activity_log(at, amount)', 'orders'), 'logs' ],
    'logs, another order' => [ sprintf($logs, 'activity_log(at, amount)', 'shuffled'), 'logs' ],
    'logs, partitions by customer' => [ sprintf($logs, 'activity_log(at, amount)', 'parted'), 'logs' ],
    'logs, partitions by day' => [ sprintf($logs, 'activity_log(at, amount)', 'by_day'), 'logs' ],
    'logs, rolled up' => [ sprintf($logs, 'rollup(log)', 'halves'), 'logs' ],
    'days' => [ sprintf($logs, 'activity_log(at)', 'orders'), 'days' ],
    'days, partitions by day' => [ sprintf($logs, 'activity_log(at)', 'by_day'), 'days' ],
    'histories' => [ sprintf($logs, "purchase_history(at, amount, '2022-12-31')", 'orders'), 'histories' ],
    'histories, another order' => [ sprintf($logs, "purchase_history(at, amount, '2022-12-31')", 'shuffled'), 'histories' ],
    'histories, partitions by customer' => [ sprintf($logs, "purchase_history(at, amount, '2022-12-31')", 'parted'), 'histories' ],
    'histories, partitions by day' => [ sprintf($logs, "purchase_history(at, amount, '2022-12-31')", 'by_day'), 'histories' ],
    'histories, from logs' => [ sprintf($logs, "purchase_history(rollup(log), '2022-12-31')", 'halves'), 'histories' ],
    'one log of all' => [ 'SELECT md5(activity_log(at, amount)::text) FROM orders', 'one log' ],
    'one log of all, another order' => [ 'SELECT md5(activity_log(at, amount)::text) FROM shuffled', 'one log' ],
    'one log of all, partitions' => [ 'SELECT md5(activity_log(at, amount)::text) FROM by_day', 'one log' ],
    'one log of all, rolled up' => [ 'SELECT md5(rollup(log)::text) FROM halves', 'one log' ],
    'base' => [ 'SELECT md5(customer_base(history)::text) FROM histories', 'base' ],
    'base, rolled up' => [ 'SELECT md5(rollup(base)::text) FROM many_bases', 'base' ],
    'base, from orders' => [ "SELECT md5(customer_base(h)::text) FROM (SELECT purchase_history(at, amount, '2022-12-31') AS h FROM by_day GROUP BY customer_id) AS s", 'base' ],
    'bases of regions' => [ "SELECT md5(string_agg(base, ' ' ORDER BY region)) FROM (SELECT region, customer_base(history)::text AS base FROM histories GROUP BY region) AS s", 'regions' ],
    'bytes of the base' => [ 'SELECT md5(cv_customer_base_send(customer_base(history))) FROM histories', 'bytes' ],
    'bytes of the base, rolled up' => [ 'SELECT md5(cv_customer_base_send(rollup(base))) FROM many_bases', 'bytes' ]);

# The same but for the fits, which take the same path from the same base.
$question{"fit of $_"} = [ "SELECT fit_buying(customer_base(history), '$_')::text FROM histories", "fit of $_" ] for FAMILIES;
$question{'fit of best, rolled up'} = [ "SELECT fit_buying(rollup(base), 'best')::text FROM many_bases", 'fit of best' ];
$question{'fit of best'} = [ "SELECT fit_buying(customer_base(history), 'best')::text FROM histories", 'fit of best' ];
$question{'fit of spending'} = [ 'SELECT fit_spending(customer_base(history))::text FROM histories', 'fit of spending' ];
$question{'fit of spending, rolled up'} = [ 'SELECT fit_spending(rollup(base))::text FROM many_bases', 'fit of spending' ];
my @questions = sort keys %question;

my %expected;
for my $setting (@settings)
{
    my ($name, $set) = @$setting;
    # the fits need not be repeated with every setting: their bases are
    my @asked = grep { ($name =~ /^(one process|4 workers)$/ || !/^fit/) && ($name ne 'JIT' || !/another order|by customer|from/) } @questions;
    my @answers = split /\n/, query($node, "SET client_min_messages = error; $set\n" . join('', map { "$question{$_}[0];\n" } @asked));
    for my $i (0 .. $#asked)
    {
        my $key = $question{ $asked[$i] }[1];
        $expected{$key} //= $answers[$i];
        ok(defined $answers[$i] && length $answers[$i] > 30 && $answers[$i] eq $expected{$key}, "$name: $asked[$i]")
          or diag("got $answers[$i]\nexpected $expected{$key}");
    }
}

# --- the plans --------------------------------------------------------------------------

sub plan_of
{
    my ($set, $sql) = @_;
    return query($node, "$set EXPLAIN (COSTS off) $sql");
}

my %partial = (
    'activity_log of a table' => 'SELECT activity_log(at, amount) FROM orders',
    'activity_log per customer' => 'SELECT customer_id, activity_log(at, amount) FROM busy GROUP BY customer_id',
    'activity_log of days' => 'SELECT customer_id, activity_log(at) FROM busy GROUP BY customer_id',
    'purchase_history per customer' => "SELECT customer_id, purchase_history(at, amount, '2022-12-31') FROM busy GROUP BY customer_id",
    'customer_base' => 'SELECT customer_base(history) FROM histories',
    'customer_base per region' => 'SELECT region, customer_base(history) FROM histories GROUP BY region',
    'customer_base of logs' => "SELECT customer_base(purchase_history(log, '2022-12-31')) FROM halves",
    'rollup of logs' => 'SELECT rollup(log) FROM halves',
    'rollup of bases' => 'SELECT rollup(base) FROM many_bases',
    'fit' => 'SELECT fit_buying(customer_base(history)) FROM histories');

for my $name (sort keys %partial)
{
    my $plan = plan_of("$parallel SET max_parallel_workers_per_gather = 2;", $partial{$name});
    like($plan, qr/Finalize.*Gather.*Partial/s, "$name: workers aggregate in part") or diag($plan);
}
like(plan_of('SET max_parallel_workers_per_gather = 0; SET enable_partitionwise_aggregate = on;', 'SELECT customer_id, activity_log(at, amount) FROM busy_by_day GROUP BY customer_id'),
    qr/Finalize.*Append.*Partial/s, 'partitions that cut customers are aggregated in part');
like(plan_of('SET max_parallel_workers_per_gather = 0; SET enable_partitionwise_aggregate = on;', 'SELECT customer_id, activity_log(at, amount) FROM parted GROUP BY customer_id'),
    qr/Append\n(?:.*\n)*.*Aggregate/, 'partitions by customer are aggregated each on its own');
like(query($node, "$parallel SET max_parallel_workers_per_gather = 2; EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) SELECT customer_base(history) FROM histories"),
    qr/Workers Launched: 2/, 'and the workers really come');
like(query($node, "SET max_parallel_workers_per_gather = 0; SET enable_sort = off; SET work_mem = '64kB'; SET hash_mem_multiplier = 1; EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) SELECT customer_id, activity_log(at, amount) FROM orders GROUP BY customer_id"),
    qr/Batches: (?!1 )[0-9]+/, 'hashing with little memory spills to disk');

# --- predictions ------------------------------------------------------------------------

my $predict = <<"SQL";
SELECT md5(string_agg(customer_id || ' ' || p_alive(model, history) || ' ' || expected_purchases(model, history, '1 year')
    || ' ' || discounted_purchases(model, history, 0.1) || ' ' || purchase_probability(model, history, '90 days', 1)
    || ' ' || coalesce(clv(model, '${\ SPENDING}', history)::text, '-') , E'\\n' ORDER BY customer_id))
FROM histories, (SELECT '${\ BUYING->{'mbg/nbd'}}'::cv_buying_model AS model) AS m
SQL
my @digests = map { query($node, "$_ $predict") } (
    'SET max_parallel_workers_per_gather = 0;',
    "$parallel SET max_parallel_workers_per_gather = 4;",
    "$parallel SET max_parallel_workers_per_gather = 2; SET jit = on; SET jit_above_cost = 0; SET jit_inline_above_cost = 0; SET jit_optimize_above_cost = 0;");
is($digests[1], $digests[0], 'predictions in workers are those of one process');
is($digests[2], $digests[0], 'predictions under JIT are those without');

# Simulation does not depend on how many customers there are.
is(query($node, <<"SQL"), '0', 'a simulated customer is the same among few and many');
SELECT count(*) FROM (
    (SELECT * FROM simulate_purchases('${\ BUYING->{'bg/nbd'}}', '${\ SPENDING}', 300, '2022-12-31', '2021-01-01', '2022-06-30', 7))
    EXCEPT ALL
    (SELECT * FROM simulate_purchases('${\ BUYING->{'bg/nbd'}}', '${\ SPENDING}', 20000, '2022-12-31', '2021-01-01', '2022-06-30', 7) WHERE customer_id <= 300)) AS s;
SQL

$node->stop;
done_testing();
