# The customer's voice against reference data, which R's packages and separate programs
# agree on, and its summaries through dump, restore and COPY.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use CustomerValue;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('voice');
my $folder = shared_data();

# --- reference data ---------------------------------------------------------------------

# A table of numbers from a file with a header.
sub load
{
    my ($table) = @_;
    open my $file, '<', "$folder/$table.csv" or die "$table.csv: $!";
    my $columns = join ', ', map { s/\s//gr . ' float8' } split /,/, lc <$file>;
    close $file;
    query($node, "CREATE TABLE $table ($columns); COPY $table FROM '$folder/$table.csv' (FORMAT csv, HEADER)");
    return;
}

sub importance
{
    my ($table, $outcome, $method, %expected) = @_;
    my %weight = map { split /\|/ } split /\n/, query($node, "SELECT driver, weight FROM drivers((SELECT driver_summary($outcome, to_jsonb(t) - '$outcome') FROM $table AS t), '$method')");
    is_near($weight{$_}, $expected{$_}, 1e-9, "$table, $method: $_") for sort keys %expected;
    is(scalar keys %weight, scalar keys %expected, "$table, $method: no other driver");
    return;
}

if (defined $folder)
{
    load($_) for qw(nps_weighted attitude swiss);
    my ($score, $effective, $linearised) = row($node, <<'SQL');
SELECT nps(s), (SELECT sum(weight) ^ 2 / sum(weight ^ 2) FROM nps_weighted), ((nps_interval(s, 0.95, 'wald')).high - nps(s)) / 1.959963984540054 FROM (SELECT nps_summary(score, weight) AS s FROM nps_weighted) AS t;
SQL
    is_near($score, 200 / 9, 1e-14, 'the weighted score');
    is_near($effective, 6, 1e-14, 'of six effective answers');
    is_near($linearised, 30.6536025134, 1e-11, 'and its linearised standard error');

    my @items = qw(rating complaints privileges learning raises critical advance);
    my @dropped = qw(0.809760206309 0.796917457274 0.827847765939 0.803030975023 0.795386574198 0.863872311446 0.840464868265);
    my $array = 'ARRAY[' . join(', ', @items) . ']';
    is_near(query($node, "SELECT cronbach_alpha($array) FROM attitude"), 0.84314276956476, 1e-13, 'alpha');
    is_near(query($node, "SELECT cronbach_alpha(item_summary($array), true) FROM attitude"), 0.839083803030, 1e-11, 'standardised alpha');
    my @without = split /\n/, query($node, "SELECT alpha_if_dropped FROM item_statistics((SELECT item_summary($array) FROM attitude)) ORDER BY item");
    is_near($without[$_], $dropped[$_], 1e-11, "alpha without $items[$_]") for 0 .. $#items;

    is_near(query($node, q{SELECT r_squared(driver_summary(fertility, to_jsonb(t) - 'fertility')) FROM swiss AS t}), 0.706735001593, 1e-11, 'swiss: R squared');
    is_near(query($node, q{SELECT r_squared(driver_summary(rating, to_jsonb(t) - 'rating')) FROM attitude AS t}), 0.732601992531, 1e-11, 'attitude: R squared');
    importance('swiss', 'fertility', 'lmg', agriculture => 0.057091220768, examination => 0.171173028900, education => 0.260134678624, catholic => 0.105570150373, infant_mortality => 0.112765922927);
    importance('swiss', 'fertility', 'johnson', agriculture => 0.048416895812, examination => 0.154708249806, education => 0.271964104646, catholic => 0.114680029948, infant_mortality => 0.116965721381);
    importance('attitude', 'rating', 'lmg', complaints => 0.370816194319, privileges => 0.050903792972, learning => 0.155765990169, raises => 0.120345079404, critical => 0.006588722546, advance => 0.028182213122);
    importance('attitude', 'rating', 'johnson', complaints => 0.362760199658, privileges => 0.056002278779, learning => 0.163610910751, raises => 0.121780399688, critical => 0.008255466496, advance => 0.020192737159);

    # the practices of the model that the project starts from: as many of each aspect and level
    query($node, "CREATE TABLE practices (level int, level_name text, aspect text, meaning text); COPY practices FROM '$folder/maturity_practices.csv' (FORMAT csv, HEADER)");
    is(query($node, <<'SQL'), '', 'the maturity practices are of the same levels and aspects');
(SELECT level, lower(level_name), nullif(aspect, 'general'), count(*) FROM practices GROUP BY 1, 2, 3 EXCEPT SELECT level, level_name, aspect, count(*) FROM maturity_practices() GROUP BY 1, 2, 3)
UNION ALL (SELECT level, level_name, aspect, count(*) FROM maturity_practices() GROUP BY 1, 2, 3 EXCEPT SELECT level, lower(level_name), nullif(aspect, 'general'), count(*) FROM practices GROUP BY 1, 2, 3);
SQL
    is(query($node, 'SELECT count(*) FROM practices AS p, maturity_practices() AS m WHERE lower(p.meaning) = lower(rtrim(m.practice, chr(46)))'), '0', 'in words of their own');
}

# --- dump, restore, COPY ----------------------------------------------------------------

query($node, 'CREATE DATABASE shop');
sub shop { return query($node, $_[0], database => $_[1] // 'shop') }

shop(<<'SQL');
CREATE SCHEMA analytics;
CREATE EXTENSION customer_value SCHEMA analytics;
SET search_path = analytics, public;
CREATE TABLE public.surveys AS SELECT n % 7 AS part, n % 11 AS score, (n * 37 % 101 + 1) / 7.0::float8 * 10.0 ^ (n % 5) AS weight, ARRAY[n % 5, n % 7 / 3.0, n % 11 * 0.1]::float8[] AS items,
    jsonb_build_object('price', n % 7 / 3.0, 'a "name"', n % 11 * 0.1, 'ß', n % 13) AS drivers FROM generate_series(1, 2000) AS n;
CREATE TABLE public.summaries AS SELECT part, nps_summary(score) AS nps, nps_summary(score, weight) AS weighted, csat_summary(score, 7) AS csat, item_summary(items) AS items, driver_summary(score, drivers) AS drivers,
    maturity_summary(1 + score % 5, weight > 100) AS maturity FROM public.surveys GROUP BY part;
INSERT INTO public.summaries VALUES (100, nps_summary(0, 0, 0), '{"promoters": 1, "passives": 0, "detractors": 0, "weights": [[0.3, 1e-17], 0, 0], "squares": [0.09, 0, 0]}', '{"satisfied_from": -1e-300, "satisfied": 0, "responses": 0}',
    '{"responses": 0, "items": 2, "moments": [0, 0, 0, 0, 0]}', '{"responses": 9223372036854775807, "drivers": [""], "moments": [0, 0, 0, 0, 0]}', '{"highest": 2147483647, "lacking": 0}'), (101, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE VIEW public.trend AS SELECT part, nps(nps), i.low, i.high, nps(weighted) AS weighted, csat(csat), maturity_level(maturity), cronbach_alpha(items) AS alpha FROM public.summaries, nps_interval(nps) AS i;
CREATE MATERIALIZED VIEW public.whole AS SELECT rollup(nps) AS nps, rollup(weighted) AS weighted, rollup(items) AS items, rollup(drivers) AS drivers FROM public.summaries WHERE part < 100;
ALTER DATABASE shop SET search_path = public, analytics;
SQL
my %questions = (
    'texts' => q{SELECT md5(string_agg(concat_ws(' ', part, nps, weighted, csat, items, drivers, maturity), E'\n' ORDER BY part)) FROM summaries},
    'bytes' => q{SELECT md5(string_agg(cv_nps_summary_send(nps) || cv_nps_summary_send(weighted) || cv_csat_summary_send(csat) || cv_item_summary_send(items) || cv_driver_summary_send(drivers) || cv_maturity_summary_send(maturity), '' ORDER BY part)) FROM summaries},
    'view' => q{SELECT md5(string_agg(t::text, E'\n' ORDER BY part)) FROM trend AS t},
    'whole' => q{SELECT md5(concat_ws(' ', nps(nps), nps(weighted), cronbach_alpha(items), r_squared(drivers), (SELECT string_agg(d::text, ' ') FROM drivers(drivers) AS d))) FROM whole},
    'all rows again' => q{SELECT md5(concat_ws(' ', nps(score), nps(score, weight), cronbach_alpha(items), r_squared(driver_summary(score, drivers)))) FROM surveys});
my %before = map { $_ => shop($questions{$_}) } keys %questions;
my $archive = PostgreSQL::Test::Utils::tempdir . '/shop.dump';
command_ok([ 'pg_dump', '-Fc', '-f', $archive, '-d', $node->connstr('shop') ], 'dumped');
query($node, 'CREATE DATABASE restored');
command_ok([ 'pg_restore', '-d', $node->connstr('restored'), $archive ], 'restored');
query($node, 'ALTER DATABASE restored SET search_path = public, analytics');
is(shop($questions{$_}, 'restored'), $before{$_}, "$_: the same after a restore") for sort keys %questions;
for my $format (qw(text csv binary))
{
    shop("CREATE TABLE again (LIKE summaries); COPY summaries TO '$archive.$format' (FORMAT $format); COPY again FROM '$archive.$format' (FORMAT $format)");
    is(shop($questions{bytes} =~ s/summaries/again/r), $before{bytes}, "COPY, $format: the same bytes");
    shop('DROP TABLE again');
}
is(shop('SELECT nps(weighted) IS NOT NULL AND nps(weighted) = (SELECT nps(score, weight) FROM surveys) FROM whole'), 't', 'parts make the whole');
shop('ALTER EXTENSION customer_value SET SCHEMA public');
is(shop($questions{view}), $before{view}, 'views answer the same after the extension moved');

$node->stop;
done_testing();
