# Logs, bases, models and histories in tables survive a dump and a restore, and COPY in
# either format, to the last bit; views and questions answer the same before and after.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use CustomerValue;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('dump');
my $folder = PostgreSQL::Test::Utils::tempdir;

query($node, 'CREATE DATABASE shop');
sub shop { return query($node, shift, database => 'shop') }

shop(<<"SQL");
CREATE SCHEMA analytics;
CREATE EXTENSION customer_value SCHEMA analytics;
SET search_path = analytics, public;
CREATE TABLE public.orders AS SELECT * FROM simulate_purchases('${\ BUYING->{'pareto/nbd'}}', '${\ SPENDING}', 3000, '2022-12-31', '2021-01-01', '2022-06-30', 11);
INSERT INTO public.orders SELECT customer_id, at + 1, -amount / 3 FROM public.orders WHERE customer_id % 17 = 0;
CREATE TABLE public.logs (customer_id bigint PRIMARY KEY, log cv_activity_log NOT NULL CHECK (active_days(log) >= 0));
INSERT INTO public.logs SELECT customer_id, activity_log(at, amount) FROM public.orders GROUP BY customer_id;
-- what is rare: nothing, returns only, before Christ, the last day, the largest amounts, a long log
INSERT INTO public.logs VALUES (100001, '[]'), (100002, '[["2022-01-01", -5.25, 0]]'), (100003, '[["0044-03-15 BC", 0.000001, 1], ["5874897-12-31", 9000000000000, 2147483647]]'),
    (100004, '[["2022-01-01", -9223372036854.775807, 0], ["2022-01-02", 9223372036854.775807, 1]]');
INSERT INTO public.logs SELECT 100005, activity_log(date '0001-01-01' + i, i / 3.0) FROM generate_series(0, 60000, 2) AS i;
CREATE TABLE public.histories AS SELECT customer_id, purchase_history(log, '2022-12-31') AS history FROM public.logs WHERE customer_id < 100000;
INSERT INTO public.histories VALUES (100001, ROW(0, 0, 0, NULL, NULL)), (100002, ROW(3, 1e-300, 1e300, NULL, NULL)), (100003, NULL), (100004, ROW(2147483647, 0.1, 0.30000000000000004, 4.9e-324, -1e-17));
ALTER TABLE public.histories ADD PRIMARY KEY (customer_id);
CREATE TABLE public.bases AS SELECT (customer_id % 3)::int AS part, customer_base(history) AS base FROM public.histories WHERE customer_id < 100000 GROUP BY part;
INSERT INTO public.bases SELECT 10, customer_base(history) FROM public.histories;
INSERT INTO public.bases SELECT 11, customer_base(ROW(1, i / 3::float8, i / 2::float8, i / 7::float8, ln(i))::cv_purchase_history) FROM generate_series(1, 10000) AS i;
INSERT INTO public.bases VALUES (12, '{"log_gaps": 0, "gapless": 0, "histories": []}');
CREATE TABLE public.models (name text PRIMARY KEY, buying cv_buying_model, spending cv_spending_model);
INSERT INTO public.models SELECT family || ' ' || unit || ' ' || penalty, fit_buying(base, family, unit::interval, penalty), fit_spending(base, penalty)
    FROM (SELECT rollup(base) AS base FROM public.bases WHERE part < 3) AS b, unnest('{nbd, bg/nbd, mbg/nbd, best}'::text[]) AS family,
        unnest('{7 days, 1 month, 1 minute, 1 day 03:04:05.678901}'::text[]) AS unit, unnest('{0, 0.001}'::float8[]) AS penalty;
INSERT INTO public.models VALUES ('typed', '${\ BUYING->{'pareto/nbd'}}', '${\ SPENDING}'),
    ('extreme', '{"family": "pareto/nbd", "unit": "1 minute", "r": 1e-300, "alpha": 1e300, "s": 4.9e-324, "beta": 0.30000000000000004}', '{"family": "gamma-gamma", "p": 1e-300, "q": 1.7976931348623157e308, "gamma": 0.1}'),
    ('none', NULL, NULL);
CREATE VIEW public.customers AS SELECT customer_id, p_alive(buying, history) AS alive, clv(buying, spending, history) AS clv FROM public.histories, public.models WHERE name = 'bg/nbd 7 days 0' AND customer_id < 100000;
CREATE MATERIALIZED VIEW public.value AS SELECT customer_id % 10 AS decile, rollup(log) AS log, customer_base(purchase_history(log, '2022-12-31')) AS base FROM public.logs WHERE customer_id < 100000 GROUP BY decile;
CREATE INDEX ON public.logs (first_on(log));
ALTER DATABASE shop SET search_path = public, analytics;
SQL

# One digest of each table's text, one of what is asked of it, one of all bytes.
my %answers = (
    'logs' => q{SELECT md5(string_agg(customer_id || ' ' || log, E'\n' ORDER BY customer_id)) FROM logs},
    'bytes of logs' => q{SELECT md5(string_agg(cv_activity_log_send(log), '' ORDER BY customer_id)) FROM logs},
    'readers of logs' => q{SELECT md5(string_agg(concat_ws(' ', customer_id, first_on(log), last_on(log), active_days(log), events(log), total(log), events(log, '2022-01-01', '2022-03-01')), E'\n' ORDER BY customer_id)) FROM logs},
    'histories' => q{SELECT md5(string_agg(concat_ws(' ', customer_id, history), E'\n' ORDER BY customer_id)) FROM histories},
    'bases' => q{SELECT md5(string_agg(part || ' ' || base, E'\n' ORDER BY part)) FROM bases},
    'bytes of bases' => q{SELECT md5(string_agg(cv_customer_base_send(base), '' ORDER BY part)) FROM bases},
    'models' => q{SELECT md5(string_agg(concat_ws(' ', name, buying, spending), E'\n' ORDER BY name)) FROM models},
    'bytes of models' => q{SELECT md5(string_agg(cv_buying_model_send(buying) || cv_spending_model_send(spending), '' ORDER BY name)) FROM models},
    'parameters' => q{SELECT md5(string_agg(concat_ws(' ', m.name, p), E'\n' ORDER BY m.name, p.name)) FROM models AS m, parameters(buying) AS p},
    'goodness' => q{SELECT md5(string_agg(concat_ws(' ', name, goodness(buying), goodness(spending)), E'\n' ORDER BY name)) FROM models},
    'fits of bases' => q{SELECT md5(string_agg(fit_buying(base, 'mbg/nbd')::text, E'\n' ORDER BY part)) FROM bases WHERE part < 3},
    'the view' => q{SELECT md5(string_agg(concat_ws(' ', customer_id, alive, clv), E'\n' ORDER BY customer_id)) FROM customers},
    'the materialized view' => q{SELECT md5(string_agg(concat_ws(' ', decile, log, base), E'\n' ORDER BY decile)) FROM value},
    'rows' => q{SELECT md5(concat_ws(' ', (SELECT count(*) FROM orders), (SELECT count(*) FROM logs), (SELECT count(*) FROM histories), (SELECT count(*) FROM bases), (SELECT count(*) FROM models), (SELECT count(*) FROM value)))});
my @names = sort keys %answers;

sub ask
{
    my ($database) = @_;
    my ($out, $err) = query_all($node, join('', map { "SET search_path = public, analytics; $answers{$_};\n" } @names), database => $database);
    diag($err) if $err ne '';
    my @lines = split /\n/, $out;
    return map { $names[$_] => $lines[$_] } 0 .. $#names;
}

my %before = ask('shop');
like($before{$_}, qr/^[0-9a-f]{32}$/, "$_: there is an answer") for @names;

sub same
{
    my ($what, $database) = @_;
    my %after = ask($database);
    is($after{$_}, $before{$_}, "$what: $_") for @names;
    return;
}

my $connection = $node->connstr('shop');
for my $format ('plain', 'custom', 'directory')
{
    my $name = "restored_$format";
    my $file = "$folder/shop.$name";
    my @options = ("--format=$format");
    push @options, '--jobs=2' if $format eq 'directory';
    $node->command_ok([ 'pg_dump', '--no-sync', @options, "--file=$file", '--dbname', $connection ], "$format: dumped");
    query($node, "CREATE DATABASE $name");
    if ($format eq 'plain')
    {
        my ($out, $err) = ('', '');
        # by psql, as it is meant for
        $node->psql($name, slurp_file($file), stdout => \$out, stderr => \$err, on_error_stop => 0);
        is($err, '', "$format: restored without an error");
    }
    else
    {
        $node->command_ok([ 'pg_restore', '--exit-on-error', '--jobs=2', '--dbname', $node->connstr($name), $file ], "$format: restored without an error");
    }
    same($format, $name);
    my ($out, $err) = query_all($node, 'SET search_path = public, analytics; REFRESH MATERIALIZED VIEW value; REINDEX TABLE logs; ' . $answers{'the materialized view'}, database => $name);
    is("$err$out", $before{'the materialized view'}, "$format: the materialized view is the same after a refresh");
}

# Structure and data apart, as upgrades do it.
query($node, 'CREATE DATABASE apart');
for my $part ('schema', 'data')
{
    my $file = "$folder/shop.$part";
    $node->command_ok([ 'pg_dump', '--no-sync', "--$part-only", "--file=$file", '--dbname', $connection ], "$part only: dumped");
    my $err = '';
    my $out = '';
    $node->psql('apart', slurp_file($file), stdout => \$out, stderr => \$err, on_error_stop => 0);
    is($err, '', "$part only: restored without an error");
}
query($node, 'REFRESH MATERIALIZED VIEW value', database => 'apart');
same('structure and data apart', 'apart');

# COPY, with session settings that change how dates, intervals and numbers are written.
for my $format (qw(text binary csv))
{
    for my $set ('', "SET datestyle = 'SQL, DMY'; SET intervalstyle = 'sql_standard'; SET extra_float_digits = 1; SET timezone = 'Asia/Kathmandu';")
    {
        my $what = $set eq '' ? "COPY $format" : "COPY $format with other settings";
        my $script = "SET search_path = public, analytics; $set\nBEGIN;\n";
        for my $table (qw(logs histories bases models))
        {
            my $file = "$folder/copy.$format.$table";
            $script .= "COPY $table TO '$file' WITH (FORMAT $format); DELETE FROM $table; COPY $table FROM '$file' WITH (FORMAT $format);\n";
        }
        $script .= "REFRESH MATERIALIZED VIEW value; COMMIT;\n";
        my (undef, $err) = query_all($node, $script, database => 'shop');
        is($err, '', "$what: out and in");
        same($what, 'shop');
    }
}

# Text forms say the same whatever the settings of the session that reads them.
for my $set ("SET datestyle = 'SQL, DMY'", "SET datestyle = 'German'", "SET datestyle = 'ISO, YMD'", "SET intervalstyle = 'iso_8601'", "SET intervalstyle = 'sql_standard'")
{
    is(shop(qq{$set; SELECT '[["2022-03-04", 1, 1]]'::cv_activity_log, '{"family": "nbd", "unit": "7 days", "r": 1, "alpha": 2}'::cv_buying_model}),
        '[["2022-03-04", 1, 1]]|{"family": "nbd", "unit": "7 days", "r": 1, "alpha": 2}', "$set: text forms");
}
my @days = map { shop_answer($_) } ("SET datestyle = 'ISO, MDY'", "SET datestyle = 'ISO, DMY'", "SET datestyle = 'ISO, YMD'");

sub shop_answer
{
    my ($out, $err) = query_all($node, "$_[0]; SELECT '[[\"01/02/2003\", 1, 1]]'::cv_activity_log", database => 'shop');
    return $out ne '' ? $out : $err =~ /ERROR:\s+(22...)/ ? 'refused' : $err;
}
is("$days[1] $days[2]", "$days[0] $days[0]", 'a day in a log means the same in every DateStyle, or is refused');
my (undef, $today) = query_all($node, q{SELECT '[["today", 1, 1]]'::cv_activity_log}, database => 'shop');
like($today, qr/ERROR:\s+22/, 'a log is immutable: "today" is no day in it');

# A model in any unit that a fit takes prints and reads back.
for my $unit ('1 microsecond', '1 second', '1 century', '100000 years', '178000000 years')
{
    my ($out, $err) = query_all($node, "SET client_min_messages = error; SELECT m::text::cv_buying_model::text = m::text FROM (SELECT fit_buying(base, 'nbd', '$unit') AS m FROM bases WHERE part = 0) AS s", database => 'shop');
    is("$err$out", 't', "a model in the unit of $unit reads back from its text");
}

$node->stop;
done_testing();
