# Covariates: simulated truth is within the intervals as often as they say, bases are the
# same to the last byte however their rows come, and bytes that nobody sent on purpose are
# a proper error or a proper value.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use CustomerValue;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('covariates', "restart_after_crash = on\nfsync = off\n");

# --- truth ------------------------------------------------------------------------------

my %own = (
    'bg/nbd' => '"r": 0.9, "alpha": 40, "a": 0.9, "b": 2.5',
    'mbg/nbd' => '"r": 0.9, "alpha": 40, "a": 0.9, "b": 2.5',
    'pareto/nbd' => '"r": 0.9, "alpha": 40, "s": 0.9, "beta": 40');
my $covariates = '"covariates": {"channel": ["app", "store", "web"], "visits": "number"}, '
  . '"purchase:channel=store": 0.5, "purchase:channel=web": -0.4, "purchase:visits": 0.25, '
  . '"dropout:channel=store": 0.6, "dropout:channel=web": -0.5, "dropout:visits": -0.2';
my $sets = 40;

for my $family (sort keys %own)
{
    my $truth = qq({"family": "$family", "unit": "7 days", $own{$family}, $covariates});
    my @rows = split /\n/, query($node, <<"SQL");
SET client_min_messages = error;
CREATE TEMP TABLE customers AS
    SELECT set, covariates, purchase_history(at, amount, '2023-12-31') AS history
    FROM generate_series(1, $sets) AS set,
        (SELECT jsonb_build_object('channel', channel, 'visits', visits) AS covariates, row_number() OVER () AS kind
         FROM unnest('{app,store,web}'::text[]) AS channel, unnest('{0,1.5,3}'::float8[]) AS visits) AS k,
        simulate_purchases('$truth', '${\ SPENDING}', 300, '2023-12-31', '2021-01-01', '2021-12-31', set * 100 + kind, covariates)
    GROUP BY set, covariates, customer_id;
CREATE TEMP TABLE fitted AS
    SELECT set, fit_buying(customer_base(history, covariates), '$family') AS model, sum(log_likelihood('$truth'::cv_buying_model, history, covariates)) AS at_truth
    FROM customers GROUP BY set;
SELECT p.name, count(*), count(*) FILTER (WHERE t.estimate BETWEEN p.low AND p.high),
    avg(CASE WHEN p.name ~ ':' THEN p.estimate - t.estimate ELSE ln(p.estimate / t.estimate) * p.estimate END / p.standard_error)
FROM fitted, parameters(model) AS p
    JOIN parameters('$truth'::cv_buying_model) AS t USING (name) GROUP BY p.name ORDER BY p.name;
SELECT '-', count(*), count(*) FILTER (WHERE (goodness(model)).converged), min((goodness(model)).log_likelihood - at_truth), avg((goodness(model)).log_likelihood - at_truth) FROM fitted;
SQL
    my (undef, $fits, $converged, $least, $mean) = split /\|/, pop @rows;
    is(scalar @rows, 10, "$family: ten parameters");
    is($fits, $sets, "$family: $sets fits");
    is($converged, $sets, "$family: all converge");
    ok($least >= 0, "$family: no fit is less likely than the truth") or diag("least $least");
    # twice the gain is chi squared with as many degrees of freedom as parameters
    ok($mean > 0.6 * 10 / 2 && $mean < 1.5 * 10 / 2, "$family: the likelihood gains half a unit a parameter") or diag("mean gain $mean");
    my ($of, $held) = (0, 0);
    for my $row (@rows)
    {
        my ($name, $n, $holds, $bias) = split /\|/, $row;
        $of += $n;
        $held += $holds;
        ok(abs($bias) < 0.6, "$family: $name is not biased") or diag("mean error $bias standard errors");
    }
    is($of, 10 * $sets, "$family: intervals for all");
    my $share = $held / $of;
    diag(sprintf('%s: %.1f %% of %d intervals hold the truth', $family, 100 * $share, $of));
    ok($share >= 0.90 && $share <= 0.99, "$family: the 95 % intervals hold the truth at that rate") or diag("share $share of $of");
}

# --- the same bytes ---------------------------------------------------------------------

query($node, <<"SQL");
CREATE TABLE customers AS
    SELECT customer_id, history, jsonb_build_object('channel', 'c' || hashint8(customer_id * 7) % 13, 'visits', (customer_id * 104729) % 9 / 4.0,
        'region', chr(65 + (customer_id % 26)::int)) AS covariates, customer_id % 97 AS part
    FROM (SELECT customer_id, purchase_history(at, amount, '2022-12-31') AS history
          FROM simulate_purchases('${\ BUYING->{'bg/nbd'}}', '${\ SPENDING}', 30000, '2022-12-31', '2022-01-01', '2022-03-31', 7) GROUP BY customer_id) AS s;
CREATE TABLE shuffled AS SELECT * FROM customers ORDER BY hashint8(customer_id * 31);
CREATE TABLE parted (LIKE customers) PARTITION BY LIST (part);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES IN (0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
CREATE TABLE parted_1 PARTITION OF parted DEFAULT;
INSERT INTO parted SELECT * FROM shuffled;
CREATE TABLE bases AS SELECT part, customer_base(history, covariates) AS base FROM customers GROUP BY part;
ALTER TABLE customers SET (parallel_workers = 4);
ALTER TABLE shuffled SET (parallel_workers = 4);
ALTER TABLE parted_1 SET (parallel_workers = 3);
ALTER TABLE bases SET (parallel_workers = 4);
ANALYZE;
SQL
my $parallel = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;';
my $one = 'SET max_parallel_workers_per_gather = 0;';
my @settings = (
    [ 'one process' => $one ],
    [ '2 workers' => "$parallel SET max_parallel_workers_per_gather = 2;" ],
    [ '4 workers' => "$parallel SET max_parallel_workers_per_gather = 4;" ],
    [ 'only workers' => "$parallel SET max_parallel_workers_per_gather = 4; SET parallel_leader_participation = off;" ],
    [ 'partitionwise' => "$parallel SET max_parallel_workers_per_gather = 2; SET enable_partitionwise_aggregate = on;" ],
    [ 'JIT' => "$parallel SET max_parallel_workers_per_gather = 2; SET jit = on; SET jit_above_cost = 0;" ]);
my @sources = (
    [ 'customers' => 'SELECT customer_base(history, covariates) AS base FROM customers' ],
    [ 'another order' => 'SELECT customer_base(history, covariates) AS base FROM shuffled' ],
    [ 'partitions' => 'SELECT customer_base(history, covariates) AS base FROM parted' ],
    [ 'rolled up' => 'SELECT rollup(base) AS base FROM bases' ]);
my $digest = "SELECT md5(cv_customer_base_send(base)) || ' ' || pg_column_size(base) || ' ' || customers(base) FROM (%s) AS b";
my $expected = query($node, "$one " . sprintf $digest, $sources[0][1]);
like($expected, qr/ 30000$/, 'a base of 30000 customers');
like(query($node, "$settings[2][1] EXPLAIN $sources[0][1]"), qr/Partial Aggregate/, 'workers aggregate');
for my $source (@sources)
{
    for my $setting (@settings)
    {
        is(query($node, "$setting->[1] " . sprintf $digest, $source->[1]), $expected, "$source->[0], $setting->[0]: the same bytes");
    }
}
for my $seed (1 .. 12)
{
    # customers dealt into parts by chance, the parts' bases merged in any order, now and then in two steps
    my $parts = (2, 3, 7, 50, 400, 5000)[ $seed % 6 ];
    my $dealt = "SELECT hashint8(customer_id + $seed * 1000003) & 1048575 AS card, history, covariates FROM customers";
    my $bases = "SELECT card % $parts AS part, customer_base(history, covariates) AS base FROM ($dealt) AS d GROUP BY part";
    $bases = "SELECT part % 3 AS part, rollup(base) AS base FROM ($bases) AS b GROUP BY part % 3" if $seed > 6;
    is(query($node, "$one " . sprintf $digest, "SELECT rollup(base ORDER BY hashint8(part * $seed)) AS base FROM ($bases) AS b"), $expected, "dealt into $parts parts: the same bytes");
}
# counted by grouping
is(query($node, <<'SQL'), 't', 'entries are the distinct pairs of history and covariates');
SELECT (SELECT jsonb_array_length(customer_base(history, covariates)::jsonb -> 'histories') FROM customers)
    = (SELECT count(*) FROM (SELECT DISTINCT (history).frequency, (history).recency, (history).age, CASE WHEN (history).frequency > 0 THEN (history).monetary END, covariates FROM customers) AS d)
SQL
my $fit = "SELECT fit_buying(customer_base(history, covariates - 'channel' - 'region'), 'bg/nbd')";
is(query($node, "$settings[2][1] $fit FROM shuffled"), query($node, "$one $fit FROM customers"), 'and so are fits the same to the last bit');

# --- bytes ------------------------------------------------------------------------------

my $state = 20261122;
sub draw
{
    my ($below) = @_;
    $state = ($state * 1103515245 + 12345) % 2147483648;
    return int($state / 2147483648 * $below);
}

my %seed = (
    cv_customer_base => [ '{"log_gaps": 7, "gapless": 1, "covariates": ["a", "b", "c"], "histories": [[0, 0, 9, null, 2, 1.5, "x", "p"], [3, 4, 9, 7.5, 1, 1.5, "y", "q"], [1, 4, 9, null, 1, -2, "y", "p"]]}',
        query($node, "SELECT customer_base(history, covariates) FROM customers WHERE customer_id < 20") ],
    cv_buying_model => [ qq({"family": "bg/nbd", "unit": "7 days", $own{'bg/nbd'}, $covariates}), query($node, "$fit FROM customers WHERE customer_id < 3000") ]);
my %reader = (
    cv_customer_base => q{concat_ws(' ', customers(v), length(v::text), (SELECT customers(rollup(x)) FROM unnest(ARRAY[v, v]) AS x))},
    cv_buying_model => q{concat_ws(' ', goodness(v), (SELECT string_agg(p::text, ' ') FROM parameters(v) AS p))});
for my $type (sort keys %seed)
{
    query($node, <<"SQL");
CREATE TABLE t_$type (v $type);
CREATE FUNCTION copy_$type(file text) RETURNS text LANGUAGE plpgsql AS \$\$
DECLARE
    answer text;
BEGIN
    DELETE FROM t_$type;
    EXECUTE format('COPY t_$type FROM %L WITH (FORMAT binary)', file);
    SELECT CASE WHEN v::text::${type}::text <> v::text OR ${type}_send(v::text::$type) <> ${type}_send(v) THEN 'not read back ' || v::text ELSE $reader{$type} END INTO answer FROM t_$type;
    RETURN answer;
END \$\$;
SQL
    my @wires = map { pack 'H*', query($node, "SELECT encode(${type}_send('" . s/'/''/gr . "'), 'hex')") } @{ $seed{$type} };
    my $folder = PostgreSQL::Test::Utils::tempdir;
    my (@queries, %class);
    for my $i (0 .. 999)
    {
        my $bytes = $wires[ $i % @wires ];
        for (1 .. $i < @wires ? 0 : 1 + draw(3))
        {
            my $at = draw(length $bytes);
            my $way = draw(6);
            if ($way == 0) { $bytes = substr $bytes, 0, $at }
            elsif ($way == 1) { substr($bytes, $at, 1 + draw(12)) = '' }
            elsif ($way == 2) { substr($bytes, $at, 0) = substr $bytes, draw(length $bytes), 1 + draw(12) }
            elsif ($way == 3) { substr($bytes, $at, 8) = pack 'd>', (9**9**9, -9**9**9, -sin(9**9**9), -0.0, 1e308, -5)[ draw(6) ] if $at + 8 <= length $bytes }
            elsif ($way == 4) { substr($bytes, $at, 4) = pack 'l>', (0, 1, -1, 31, 2147483647, -2147483648)[ draw(6) ] if $at + 4 <= length $bytes }
            else { substr($bytes, $at, 1) = chr(ord(substr $bytes, $at, 1) ^ (1 << draw(8))) if length $bytes }
            last if $bytes eq '';
        }
        my $file = "$folder/$type.$i";
        open my $handle, '>:raw', $file or die "$file: $!";
        print $handle "PGCOPY\n\xff\r\n\0", pack('NN', 0, 0), pack('nN', 1, length $bytes), $bytes, pack('n', 65535);
        close $handle;
        push @queries, "SELECT copy_$type('$file')";
    }
    my @answers = run_calls($node, \@queries);
    my @bad;
    for my $i (0 .. $#answers)
    {
        my $answer = $answers[$i] // 'not run';
        my $told = $answer =~ s/"+-?(?:nan|infinity)"+//gir;
        $class{ $answer =~ /^ok / ? 'values' : 'errors' }++;
        push @bad, "$queries[$i]: " . substr $answer, 0, 300 unless $answer =~ /^ok / ? $told !~ /not read back|\bnan\b|\binfinity\b/i : $answer =~ /^(22P03|22021|08P01|54000|22003)/;
    }
    diag("$type: " . join ', ', map { "$class{$_} $_" } sort keys %class);
    is(scalar @bad, 0, "$type: a proper error or a proper value") or diag(join "\n", @bad[ 0 .. ($#bad > 4 ? 4 : $#bad) ]);
    ok($class{values} > 20 && $class{errors} > 300, "$type: some of both");
}
ok(backend_alive($node), 'the server is up at the end');
$node->stop;
done_testing();
