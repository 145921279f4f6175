# Bytes and texts that nobody sent on purpose, and arguments that nobody means: the answer
# is a proper error or a proper value, the server lives, nothing "cannot happen".

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use CustomerValue;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('hostile', "restart_after_crash = on\nfsync = off\ntemp_file_limit = 1GB\n");
my $folder = PostgreSQL::Test::Utils::tempdir;

# A generator of our own: Perl's rand differs between builds.
my $state = 20261122;
sub draw
{
    my ($below) = @_;
    $state = ($state * 1103515245 + 12345) % 2147483648;
    return int($state / 2147483648 * $below);
}
sub pick { return $_[ draw(scalar @_) ] }

my @types = qw(cv_activity_log cv_customer_base cv_buying_model cv_spending_model cv_purchase_log
  cv_flow_log cv_transition_matrix cv_retention_base cv_retention_model cv_nps_summary cv_csat_summary
  cv_item_summary cv_driver_summary cv_maturity_summary cv_cohort_table cv_revenue_table
  cv_survival_summary cv_ranking_summary cv_rfm_scale cv_journey_log cv_funnel_summary cv_journey_graph
  cv_condition_log cv_node_log cv_condition_union);

# What every value of a type must be able to do.
my %readers = (
    cv_activity_log => q{concat_ws(' ', first_on(v), last_on(v), active_days(v), events(v), total(v), events(v, '-infinity', '2020-01-01'), (SELECT count(*) FROM entries(v)), purchase_history(v, '2022-01-01'), v::jsonb)},
    cv_customer_base => q{concat_ws(' ', customers(v), v::jsonb)},
    cv_buying_model => q{concat_ws(' ', goodness(v), (SELECT string_agg(p::text, ' ') FROM parameters(v) AS p), v::jsonb)},
    cv_spending_model => q{concat_ws(' ', goodness(v), (SELECT string_agg(p::text, ' ') FROM parameters(v) AS p), v::jsonb)},
    cv_purchase_log => q{v::text},
    cv_flow_log => q{v::text},
    cv_transition_matrix => q{concat_ws(' ', probabilities(v), v::jsonb)},
    cv_retention_base => q{concat_ws(' ', v::jsonb)},
    cv_retention_model => q{concat_ws(' ', goodness(v), (SELECT string_agg(p::text, ' ') FROM parameters(v) AS p), survival(v, 3), v::jsonb)},
    cv_nps_summary => q{concat_ws(' ', nps(v), promoters(v), passives(v), detractors(v), responses(v), nps_interval(v), nps_interval(v, 0.9, 't'), nps_interval(v, 0.9, 'wald'), nps_interval(v, 0.5, 'score'), nps_difference(v, v, method => 't'), nps_difference(v, nps_summary(1, 2, 3)), v::jsonb)},
    cv_csat_summary => q{concat_ws(' ', csat(v), satisfied(v), responses(v), csat_interval(v), v::jsonb)},
    cv_item_summary => q{concat_ws(' ', cronbach_alpha(v), cronbach_alpha(v, true), responses(v), (SELECT string_agg(i::text, ' ') FROM item_statistics(v) AS i), v::jsonb)},
    cv_driver_summary => q{concat_ws(' ', responses(v), v::jsonb, CASE WHEN responses(v) > 1 THEN r_squared(v)::text || (SELECT string_agg(d::text, ' ') FROM drivers(v) AS d) || (SELECT string_agg(d::text, ' ') FROM drivers(v, 'johnson') AS d) END)},
    cv_maturity_summary => q{concat_ws(' ', maturity_level(v), v::jsonb)},
    cv_journey_log => q{concat_ws(' ', to_jsonb(stages(v)), to_jsonb(stages(v, false)), (SELECT count(*) FROM entries(v)), funnel(v, '{visit,cart,pay}', '7 days'), (SELECT journey_graph(w) FROM (VALUES (v)) AS y (w)), v::jsonb)},
    cv_funnel_summary => q{concat_ws(' ', customers(v), (SELECT string_agg(s::text, ' ') FROM funnel_steps(v) AS s), (SELECT rollup(w) FROM (VALUES (v)) AS y (w)), v::jsonb)},
    cv_journey_graph => q{concat_ws(' ', customers(v), (SELECT string_agg(e::text, ' ') FROM edges(v) AS e), (SELECT rollup(w) FROM (VALUES (v)) AS y (w)), v::jsonb)},
    cv_condition_log => q{v::text},
    cv_node_log => q{v::text},
    cv_condition_union => q{v::text});
$readers{cv_cohort_table} = q{concat_ws(' ', (SELECT string_agg(c::text, ' ') FROM cohorts(v, '2022-12-31') AS c WHERE period_number < 9), (SELECT sum(customers) FROM cohorts(v, '2022-12-31', 'recurring')), (SELECT sum(active) FROM lifecycle(v, '2021-01-01', '2022-12-31')), v::jsonb)};
$readers{cv_revenue_table} = q{concat_ws(' ', (SELECT string_agg(r::text, ' ') FROM revenue_retention(v, '2022-12-31') AS r), v::jsonb)};
$readers{cv_survival_summary} = q{concat_ws(' ', median_survival(v), (SELECT string_agg(c::text, ' ') FROM survival_curve(v) AS c), log_rank(v, '[[1, 1, 1], [2, 3, 0]]'), v::jsonb)};
$readers{cv_ranking_summary} = q{concat_ws(' ', gini(v), lift(v, 0.3), (SELECT string_agg(g::text, ' ') FROM gains(v, 7) AS g), v::jsonb)};
$readers{cv_rfm_scale} = q{concat_ws(' ', rfm_score(v, ROW(30, 2, 80)), rfm_score(v, ROW(30, 2, 80), 9, 'r_rfm'), (SELECT count(*) FROM rfm_cuts(v, 7)), v::jsonb)};

query($node, <<"SQL");
CREATE TABLE seeds (type text, n serial, value text);
INSERT INTO seeds (type, value)
    SELECT 'cv_activity_log', activity_log(at, amount)::text FROM simulate_purchases('${\ BUYING->{nbd}}', '${\ SPENDING}', 6, '2022-12-31', '2021-01-01', '2021-03-01', 2) GROUP BY customer_id;
INSERT INTO seeds (type, value) VALUES ('cv_activity_log', '[]'), ('cv_activity_log', '[["0044-03-15 BC", -12.5, 0], ["2022-01-01", 0.000001, 3]]'),
    ('cv_purchase_log', '{"as_of": "2022-12-31", "log": []}'), ('cv_purchase_log', '{"as_of": "2022-12-31", "log": [["2021-05-05", 19.99, 2], ["2021-06-05", -1, 0]]}'),
    ('cv_customer_base', '{"log_gaps": 0, "gapless": 0, "histories": []}'),
    ('cv_customer_base', '{"log_gaps": -12345678901234567890123456789, "gapless": 2, "histories": [[0, 0, 10, null, 5], [1, 1e-300, 2, null, 2], [2, 3, 4, -5.5, 4294967295]]}'),
    ('cv_customer_base', '{"log_gaps": 7, "gapless": 1, "covariates": ["a", "b", "c"], "histories": [[0, 0, 9, null, 2, 1.5, "x", "p"], [3, 4, 9, 7.5, 1, 1.5, "y", "q"], [1, 4, 9, null, 1, -2, "y", "p"]]}'),
    ('cv_buying_model', '{"family": "bg/nbd", "unit": "7 days", "r": 0.9, "alpha": 40, "a": 0.9, "b": 2.5, "covariates": {"c": ["app", "web"], "v": "number"}, "purchase:c=web": -0.4, "purchase:v": 0.25, "dropout:c=web": -0.5, "dropout:v": -0.2}'),
    ('cv_transition_matrix', '{"states": 3, "transitions": [[1, 2, 40], [2, 1, 7], [2, 3, 1]]}'), ('cv_transition_matrix', '{"states": 1, "transitions": [[1, 1, 5]]}'),
    ('cv_flow_log', '{"as_of": "2026-03-31", "discount_rate": 0.1, "flows": [["2026-01-05", -50], ["2027-01-05", 12.25]]}'), ('cv_flow_log', '{"as_of": "2026-03-31", "discount_rate": 0, "flows": []}'),
    ('cv_retention_base', '[]'), ('cv_retention_base', '[[0, false, 3], [1, true, 131], [2, true, 126], [4, false, 653]]'),
    ('cv_retention_model', '{"family": "sbg", "alpha": 0.668, "beta": 3.806}'), ('cv_retention_model', '{"family": "bdw", "alpha": 0.668, "beta": 3.806, "c": 1.5}'),
    ('cv_nps_summary', '{"promoters": 45, "passives": 30, "detractors": 25}'), ('cv_nps_summary', '{"promoters": 3, "passives": 2, "detractors": 2, "weights": [4, [3, 1e-17], 2], "squares": [6, 5, 2.5]}'),
    ('cv_csat_summary', '{"satisfied_from": 4, "satisfied": 85, "responses": 100}'), ('cv_maturity_summary', '{"highest": 5, "lacking": 3}'),
    ('cv_item_summary', '{"responses": 4, "items": 2, "moments": [10, 11, 30, [31, 1e-16], 39]}'), ('cv_driver_summary', '{"responses": 8, "drivers": ["x", "long"], "moments": [10, 12, 9, 30, 17, 11, 40, 13, 35]}'),
    ('cv_buying_model', '${\ BUYING->{'bg/nbd'}}'), ('cv_buying_model', '${\ BUYING->{nbd}}'), ('cv_spending_model', '${\ SPENDING}');
INSERT INTO seeds (type, value) VALUES ('cv_journey_log', '[]'), ('cv_journey_log', '[["2026-01-05 10:00:00+00", "visit"], ["2026-01-05 10:00:00+00", "visit"], ["2026-01-06 00:00:00.5+00", "cart"], ["2026-01-07 00:00:00+00", "pay"]]'),
    ('cv_funnel_summary', '{"customers": 9, "steps": 3, "gaps": [[1, 0, 5], [2, 0, 1], [2, 60000000, 3], [3, 9223372036854775807, 2]]}'), ('cv_funnel_summary', '{"customers": 0, "steps": 0, "gaps": []}'),
    ('cv_journey_graph', '{"journeys": 2, "passages": [[null, "a", 0, 1, 1], [null, "b", 0, 1, 1], ["a", "a", 4, 1, 0], ["a", "a", 5, 2, 1], ["a", null, 0, 1, 1], ["b", null, 0, 1, 1]]}'), ('cv_journey_graph', '{"journeys": 0, "passages": []}'),
    ('cv_condition_log', '{"rule": "exact", "within": 604800000000, "conditions": 3, "rows": [["2026-01-04 10:30:00+00", 4], ["2026-01-05 10:30:00+00", 1]]}'), ('cv_condition_log', '{"rule": "(?1)(?t<=3600).*(?2)", "within": null, "conditions": 2, "rows": [["2026-01-04 10:30:00+00", 3]]}'),
    ('cv_node_log', '{"rule": "forward head", "conditions": 2, "rows": [["2026-01-05 10:30:00+00", "node", 1], ["2026-01-05 10:30:00+00", "other", 2147483650]]}'), ('cv_condition_union', '[3, 5]'), ('cv_condition_union', '[32, 4294967295]');
CREATE TABLE base AS SELECT customer_base(h) AS base FROM (SELECT purchase_history(at, amount, '2022-12-31') AS h
    FROM simulate_purchases('${\ BUYING->{'pareto/nbd'}}', '${\ SPENDING}', 400, '2022-12-31', '2021-01-01', '2021-12-31', 2) GROUP BY customer_id) AS s;
INSERT INTO seeds (type, value) SELECT 'cv_customer_base', customer_base(h)::text FROM (SELECT purchase_history(at, amount, '2022-12-31') AS h
    FROM simulate_purchases('${\ BUYING->{nbd}}', '${\ SPENDING}', 12, '2022-12-31', '2021-01-01', '2021-12-31', 2) GROUP BY customer_id) AS s;
INSERT INTO seeds (type, value) SELECT 'cv_buying_model', fit_buying(base, 'best')::text FROM base UNION ALL SELECT 'cv_buying_model', fit_buying(base, 'pareto/nbd')::text FROM base
    UNION ALL SELECT 'cv_spending_model', fit_spending(base)::text FROM base;
SQL
# perceived value, conjoint, surveys
push @types, qw(cv_perceived_value_summary cv_choice_data cv_rating_data cv_utility_model cv_price_sensitivity cv_kano_summary);
$readers{cv_perceived_value_summary} = q{concat_ws(' ', benefits(v), costs(v), perceived_value(v), value_ratio(v), responses(v), v::jsonb)};
$readers{cv_choice_data} = q{concat_ws(' ', fit_choice(v), v::jsonb)};
$readers{cv_rating_data} = q{concat_ws(' ', fit_rating(v), v::jsonb)};
# without names, which may be any text
$readers{cv_utility_model} = q{concat_ws(' ', goodness(v), (SELECT string_agg(concat_ws(' ', estimate, standard_error, low, high), ' ') FROM parameters(v)), v::jsonb)};
$readers{cv_price_sensitivity} = q{concat_ws(' ', price_points(v), v::jsonb)};
$readers{cv_kano_summary} = q{concat_ws(' ', kano(v), v::jsonb)};
query($node, <<'SQL');
CREATE TABLE conjoint AS SELECT s, a, (s * 7 + s / 3) % 2 = a - 1 AS chosen, jsonb_build_object('price', (s * a * 13 + s / 2) % 11, 'brand', (ARRAY['x', 'y', 'z'])[1 + (s * 5 + a * (s / 4)) % 3], 'new', (s + a * (s / 5)) % 2 = 0) AS attributes
    FROM generate_series(1, 24) AS s, generate_series(1, 2) AS a;
INSERT INTO seeds (type, value) SELECT 'cv_perceived_value_summary', perceived_value_summary(s / 7.0, 1.1, a = 1)::text FROM conjoint UNION ALL SELECT 'cv_perceived_value_summary', '{"responses": 0, "benefits": [], "costs": []}'
    UNION ALL SELECT 'cv_choice_data', choice_data(s, chosen, attributes)::text FROM conjoint UNION ALL SELECT 'cv_choice_data', choice_data(s % 6, chosen, attributes - 'new', s / 6, 0.5)::text FROM conjoint
    UNION ALL SELECT 'cv_rating_data', rating_data(s, attributes)::text FROM conjoint UNION ALL SELECT 'cv_rating_data', rating_data(s % 5, attributes, s)::text FROM conjoint
    UNION ALL SELECT 'cv_utility_model', fit_choice(choice_data(s, chosen, attributes))::text FROM conjoint UNION ALL SELECT 'cv_utility_model', fit_rating(rating_data(s, attributes, s))::text FROM conjoint
    UNION ALL SELECT 'cv_utility_model', '{"family": "choice", "part_worths": {"a": 1, "b": {"x": 2, "y": 0}}}'
    UNION ALL SELECT 'cv_price_sensitivity', price_sensitivity(s, s + a, s + 5, s + 7)::text FROM conjoint UNION ALL SELECT 'cv_price_sensitivity', '{"invalid": 2, "prices": []}'
    UNION ALL SELECT 'cv_kano_summary', '{"counts": [3, 1, 4, 1, 5, 9]}';
SQL
query($node, <<"SQL");
CREATE TABLE hostile_logs AS SELECT activity_log(at, amount) AS log FROM simulate_purchases('${\ BUYING->{nbd}}', '${\ SPENDING}', 12, '2022-12-31', '2021-01-01', '2021-12-31', 2) GROUP BY customer_id;
INSERT INTO seeds (type, value) SELECT 'cv_cohort_table', segment_cohort(log, 'quarter')::text FROM hostile_logs UNION ALL SELECT 'cv_revenue_table', revenue_table(log, 'quarter')::text FROM hostile_logs
    UNION ALL SELECT 'cv_survival_summary', survival_summary(last_on(log) - first_on(log), last_on(log) < '2022-10-01')::text FROM hostile_logs
    UNION ALL SELECT 'cv_ranking_summary', ranking_summary(events(log), total(log))::text FROM hostile_logs UNION ALL SELECT 'cv_rfm_scale', rfm_scale(rfm_value(log, '2022-12-31'))::text FROM hostile_logs;
INSERT INTO seeds (type, value) VALUES ('cv_cohort_table', '{"period": "year", "cells": []}'), ('cv_cohort_table', '{"period": "month", "cells": [["2022-01-01", "2022-01-01", 1, 0, 2, 0, 5, 9], ["2022-01-01", "2022-02-01", 0, 0, 0, 0, 0, -1.5], ["2022-01-01", "2022-05-01", 1, 1, 2, 2, 1, 1]]}'),
    ('cv_revenue_table', '{"period": "month", "flows": [["2022-01-01", 1, 0, 0, 12.5, 0, 0, 0, 0], ["2022-03-01", 0, 2, 1, 0, 3, 0, 0, 12.5]]}'), ('cv_survival_summary', '[]'), ('cv_survival_summary', '[[0, 2, 1], [1e-300, 0, 9], [7.25, 4, 0]]'),
    ('cv_ranking_summary', '[[-1e300, 0, 3], [0, 1, 1], [0.5, 0, 2]]'), ('cv_rfm_scale', '[["recency", 0, 3], ["frequency", 1, 3], ["monetary", -5.5, 1], ["monetary", 1e300, 2]]');
SQL
query($node, join '', map { "CREATE TABLE t_$_ (v $_);\n" } @types);
# 060_care.pl tries three types by calendars and paths of its own
my $tried = join ', ', map { "'$_'" } @types, qw(cv_business_calendar cv_support_summary cv_attribution_summary);
is(query($node, "SELECT string_agg(typname, ' ') FROM pg_type WHERE typname LIKE 'cv\\_%' AND typtype = 'b' AND typelem = 0 AND typname NOT IN ($tried)"), '', 'every type of the extension is tried');

# Copies a file in; the value must print, read back to the same, and answer.
query($node, 'CREATE SCHEMA hostile');
for my $type (@types)
{
    query($node, <<"SQL");
CREATE FUNCTION hostile.take_$type(value $type) RETURNS text LANGUAGE plpgsql AS \$\$
BEGIN
    BEGIN
        IF (value::text::$type)::text IS DISTINCT FROM value::text THEN
            RETURN 'not read back: ' || left(value::text, 300);
        END IF;
    EXCEPTION WHEN OTHERS THEN
        RETURN 'not read back: ' || SQLERRM || ' ' || left(value::text, 300);
    END;
    RETURN coalesce((SELECT $readers{$type} FROM (VALUES (value)) AS x (v)), 'NULL');
END \$\$;
CREATE FUNCTION hostile.copy_$type(file text) RETURNS text LANGUAGE plpgsql AS \$\$
DECLARE
    answer text;
BEGIN
    DELETE FROM t_$type;
    EXECUTE format('COPY t_$type FROM %L WITH (FORMAT binary)', file);
    SELECT string_agg(hostile.take_$type(v), ' ') INTO answer FROM t_$type;
    RETURN answer;
END \$\$;
SQL
}

# Judges the answers of run_calls: what is no proper error or value is counted and told.
sub judge
{
    my ($what, $queries, $answers, $allowed, $floor, $range) = @_;
    my (%class, @bad);

    for my $i (0 .. $#$queries)
    {
        my $answer = $answers->[$i];
        if (!defined $answer)
        {
            $class{'not run'}++;
            next;
        }
        my $ok = $answer =~ /^ok /;
        $class{ $ok ? 'value' : substr $answer, 0, 5 }++;
        # what stands in quotes is a text of the input's
        my $told = $answer =~ s/"+-?(?:nan|infinity)"+//gir;
        my $good = $ok ? $told !~ /not read back|\bnan\b|\binfinity\b/i : $answer =~ /^$allowed/;
        $good = 0 if $ok && $range && $answer =~ /^ok (-?[0-9].*)/ && !($1 >= $range->[0] && $1 <= $range->[1]);
        push @bad, $i unless $good;
    }
    diag("$what: " . join ', ', map { "$class{$_} $_" } sort keys %class);
    is($class{'not run'} // 0, 0, "$what: all " . @$queries . ' were tried');
    is($class{CRASH} // 0, 0, "$what: the server lives");
    is(scalar(grep { /^XX/ } map { $_ // '' } @$answers), 0, "$what: nothing that cannot happen");
    is(scalar(grep { /^57014/ } map { $_ // '' } @$answers), 0, "$what: no call hangs");
    is(scalar @bad, 0, "$what: a proper error or a proper value");
    # the first of each kind
    my %told;
    for my $i (@bad)
    {
        my $kind = substr $answers->[$i], 0, 24;
        next if $told{$kind}++ >= 4;
        diag("$what: $queries->[$i]\n    gave " . substr $answers->[$i], 0, 400);
    }
    ok(($class{value} // 0) >= $floor, "$what: at least $floor gave a value");
    return;
}

# --- bytes ------------------------------------------------------------------------------

my @numbers = map { pack 'q>', $_ } (0, 1, -1, 2**31 - 1, 2**31, 2**62, -2**62);
push @numbers, map { pack 'd>', $_ } (9**9**9, -9**9**9, -sin(9**9**9), 0.0, -0.0, 4.9e-324, 1.7e308, 1e-300);
push @numbers, map { pack 'l>', $_ } (0, 1, -1, 2147483647, -2147483648);
push @numbers, "\x80" . "\0" x 15, "\x7f" . "\xff" x 15;

sub mutate_bytes
{
    my ($bytes) = @_;
    my $way = draw(9);
    my $length = length $bytes;
    my $at = draw($length || 1);

    if ($way == 0)
    {
        $bytes = substr $bytes, 0, $at;
    }
    elsif ($way == 1)
    {
        $bytes .= join '', map { chr draw(256) } 0 .. draw(40);
    }
    elsif ($way <= 3)
    {
        for (0 .. draw(3))
        {
            $at = draw($length || 1);
            substr($bytes, $at, 1) = chr(ord(substr $bytes, $at, 1) ^ (1 << draw(8))) if $at < $length;
        }
    }
    elsif ($way == 4)
    {
        substr($bytes, $at, 1) = chr draw(256) if $at < $length;
    }
    elsif ($way <= 6)
    {
        # a number where a number may be
        my $number = pick(@numbers);
        $at -= $at % 4 - pick(0, 2, 3) if draw(2);
        substr($bytes, $at, length $number) = $number if $at >= 0 && $at + length $number <= $length;
    }
    elsif ($way == 7)
    {
        my $piece = substr $bytes, $at, 1 + draw(24);
        substr($bytes, $at, 0) = $piece;
    }
    else
    {
        substr($bytes, $at, 1 + draw(24)) = '' if $at < $length;
    }
    return $bytes;
}

{
    my $wire = "PGCOPY\n\xff\r\n\0" . pack('NN', 0, 0);
    my $count = 0;
    my %wires;
    for my $type (@types)
    {
        my @seeds = split /\n/, query($node, "SELECT encode(${type}_send(value::$type), 'hex') FROM seeds WHERE type = '$type' ORDER BY n");
        $wires{$type} = [ map { pack 'H*', $_ =~ s/\s//gr } @seeds ];
        my (@queries, @files);
        for my $i (0 .. 799)
        {
            my $bytes = $wires{$type}[ $i % @{ $wires{$type} } ];
            if ($i >= @{ $wires{$type} })
            {
                $bytes = mutate_bytes($bytes) for 0 .. draw(2);
            }
            my $length = length $bytes;
            # now and then the length is a lie too
            $length = pick(0, 1, $length + 1, 2**31 - 1, 2**32 - 2, $length - 1) if $i % 50 == 49;
            my $file = "$folder/$type.$i";
            open my $out, '>:raw', $file or die;
            print $out $wire, pack('nN', 1, $length & 0xffffffff), $bytes, pack('n', 65535);
            close $out;
            push @queries, "SELECT hostile.copy_$type('$file')";
        }
        my @answers = run_calls($node, \@queries);
        judge("bytes of $type", \@queries, \@answers, '(22...|08P01|54000|54001)', scalar @{ $wires{$type} });
        is(scalar(grep { !defined || !/^ok / } @answers[ 0 .. $#{ $wires{$type} } ]), 0, "bytes of $type: what was not touched is taken");
        $count += @queries;
    }
    ok($count >= 3000, "$count mutations of bytes");
}

# --- texts ------------------------------------------------------------------------------

my @tokens = ('0', '-1', '1e999', '1e-999', '-0', '2147483648', '4294967296', '9223372036854775808', '99999999999999999999999999999999', '0.0000001', '1.5', 'null', 'true', '""', '"x"', '[]', '{}', '[1]', '{"a": 1}', '[[[[[[[[[[1]]]]]]]]]]',
    '"infinity"', '"-infinity"', '"2022-02-30"', '"5874898-01-01"', '"4714-01-01 BC"', 'NaN', 'Infinity', '"NaN"', '"1 year -1 year"', '"-7 days"', '"family"', '"nbd"', '"best"', '"gamma-gamma"', '"\\u0000"', '"\\ud800"', "\x{7f}", '"fit"', '"as_of"', '"log"', '"histories"', '"r"');

sub mutate_text
{
    my ($text) = @_;
    my $way = draw(8);
    my @parts = $text =~ /("(?:[^"\\]|\\.)*"|[-+.\w]+|[][{}:,]|\s+)/g;
    my $at = draw(scalar @parts || 1);

    return pick(@tokens) unless @parts;
    if ($way <= 2)
    {
        # a value for a value
        my @values = grep { $parts[$_] =~ /^["\w-]/ } 0 .. $#parts;
        $parts[ pick(@values) ] = pick(@tokens) if @values;
    }
    elsif ($way == 3)
    {
        splice @parts, $at, 1 + draw(4);
    }
    elsif ($way == 4)
    {
        splice @parts, $at, 0, @parts[ $at .. ($at + draw(12) > $#parts ? $#parts : $at + draw(12)) ];
    }
    elsif ($way == 5)
    {
        return substr $text, 0, draw(length $text);
    }
    elsif ($way == 6)
    {
        substr($text, draw(length $text), 1) = chr(32 + draw(95));
        return $text;
    }
    else
    {
        my $other = draw(scalar @parts);
        @parts[ $at, $other ] = @parts[ $other, $at ];
    }
    return join '', @parts;
}

{
    my $count = 0;
    for my $type (@types)
    {
        my @seeds = split /\n/, query($node, "SELECT value FROM seeds WHERE type = '$type' ORDER BY n");
        my @texts = @seeds;
        # forms that are JSON, but of another kind
        push @texts, '', ' ', '1', 'null', '"x"', 'true', '[]', '{}', '[1]', '[[1]]', '[null]', '[[]]', '[[[]]]', '[{}]', '{"a": 1}', '{"a": [1]}', '{"histories": 1}', '{"histories": [1]}', '{"histories": [[1]]}', '{"histories": {"a": [0, 0, 1, null, 1]}}',
          '{"log": [1]}', '{"as_of": 1}', '{"as_of": ["2022-01-01"]}', '{"log_gaps": [1]}', '[' x 100000, '[' x 100000 . ']' x 100000, '{"a":' x 20000, '[["2022-01-01", 1, 1]]' x 3, '[["2022-01-01", 1e2, 1]]', '[["2022-01-01", -0, 1]]', '[["2022-01-01", -9223372036854.775808, 0]]', 'x' x 1000000;
        while (@texts < 520)
        {
            my $text = pick(@seeds);
            $text = mutate_text($text) for 0 .. draw(2);
            push @texts, $text;
        }
        my @queries = map { my $quoted = $_ =~ s/'/''/gr; "SELECT hostile.take_$type('$quoted')" } @texts;
        my @answers = run_calls($node, \@queries);
        @queries = map { length $_ > 600 ? substr($_, 0, 200) . '...' : $_ } @queries;
        judge("texts of $type", \@queries, \@answers, '(22...|08P01|54000|54001)', scalar @seeds);
        is(scalar(grep { !defined || !/^ok / } @answers[ 0 .. $#seeds ]), 0, "texts of $type: what was not touched is taken");
        $count += @queries;
    }
    ok($count >= 2000, "$count mutations of texts");
}

# --- the garden -------------------------------------------------------------------------

my @parameters = ('1e-300', '1e-10', '0.1', '1', '3.7', '1e10', '1e300', '4.9e-324', '1.7976931348623157e308');
my %names = ('nbd' => [qw(r alpha)], 'bg/nbd' => [qw(r alpha a b)], 'mbg/nbd' => [qw(r alpha a b)], 'pareto/nbd' => [qw(r alpha s beta)]);
my @units = ('7 days', '1 day', '1 minute', '1000 years');

sub buying
{
    my ($wild) = @_;
    my $family = pick(sort keys %names);
    return "'" . BUYING->{$family} . "'::cv_buying_model" unless $wild;
    my @values = map { draw(3) ? pick('0.3', '0.9', '1', '2.5', '12') : pick(@parameters) } 1 .. 4;
    @values = (pick(@parameters)) x 4 if draw(10) == 0;
    my $i = 0;
    return "'" . '{"family": "' . $family . '", "unit": "' . pick(@units) . '", ' . join(', ', map { "\"$_\": " . $values[ $i++ ] } @{ $names{$family} }) . "}'::cv_buying_model";
}

sub spending
{
    my @values = map { draw(3) ? pick('0.3', '1', '3.7', '15') : pick(@parameters) } 1 .. 3;
    return "'" . SPENDING . "'::cv_spending_model" if draw(3) == 0;
    return "'" . sprintf('{"family": "gamma-gamma", "p": %s, "q": %s, "gamma": %s}', @values) . "'::cv_spending_model";
}

sub history
{
    my $x = pick(0, 0, 1, 2, 3, 7, 100, 5000, 1000000, 2147483647, -1, 'NULL');
    my $age = pick('0', '1', '30', '273', '1e-300', '4.9e-324', '1e10', '1e300', '1.7976931348623157e308', q{'NaN'}, q{'Infinity'}, '-1', 'NULL', '365.25', '100000');
    my $recency = draw(3) ? ($x eq '0' ? 0 : "least($age, " . pick('0', '1e-300', '0.5', '29', '200', $age) . ')') : pick('0', '1', '30', '-1', 'NULL', '1e300', q{'NaN'}, $age);
    my $monetary = draw(4) ? ($x eq '0' ? 'NULL' : pick('20', '0.01', '35')) : pick('0', '-5', 'NULL', '1e300', '4.9e-324', q{'NaN'}, q{'-Infinity'});
    my $gaps = pick('NULL', '0', '1.5', '-3', '1e300', q{'NaN'});
    return pick('NULL::cv_purchase_history', 'ROW(NULL, NULL, NULL, NULL, NULL)::cv_purchase_history', 'ROW(0, 0, 0, NULL, NULL)::cv_purchase_history') if draw(30) == 0;
    return "ROW($x, $recency, $age, $monetary, " . (draw(6) ? '0' : $gaps) . ')::cv_purchase_history';
}

sub span
{
    return pick(map { "interval '$_'" } '0', '1 microsecond', '7 days', '1 year', '100 years', '178000000 years', '-1 day', '1 month -30 days', '-178000000 years', '2147483647 days', '1 day') unless draw(25) == 0;
    return 'NULL::interval';
}

sub day
{
    return pick(map { "date '$_'" } '2022-01-01', '2022-12-31', '2000-02-29', '0044-03-15 BC', '4713-01-01 BC', '5874897-12-31', 'infinity', '-infinity', '1970-01-01') unless draw(25) == 0;
    return 'NULL::date';
}

my @floats = map { "${_}::float8" } '0', '-0.0', '1', '-1', '0.1', '1e300', '-1e300', '4.9e-324', '1.7976931348623157e308', q{'NaN'}, q{'Infinity'}, q{'-Infinity'}, '9.2e12', '-9.2e12', '9.3e12', 'NULL', '0.0000004';
sub float { return pick(@floats) }
sub integer { return pick(0, 0, 1, 2, 5, 20, 1000, -1, 2147483647, -2147483648, 'NULL') . '::int' }
sub family { return draw(30) ? pick(map { "'$_'" } 'nbd', 'bg/nbd', 'mbg/nbd', 'pareto/nbd', 'best', '', 'BG/NBD', 'x' x 2000) : 'NULL' }
sub activity
{
    return pick(map { "'$_'::cv_activity_log" } '[]', '[["2022-01-01", 1, 1]]', '[["2022-01-01", -1, 0]]', '[["4713-01-01 BC", 9223372036854.775807, 2147483647], ["5874897-12-31", 9223372036854.775807, 2147483647]]',
        '[["2022-01-01", -9223372036854.775807, 0], ["2022-01-02", 1, 1]]', '[["2021-01-01", 5, 1], ["2022-01-01", 6, 1], ["2022-05-01", 7, 2]]') unless draw(25) == 0;
    return 'NULL::cv_activity_log';
}
my @bases = ('(SELECT base FROM base)');
push @bases, map { "'{\"log_gaps\": 0, \"gapless\": 0, \"histories\": [$_]}'::cv_customer_base" } (
    '', '[0, 0, 10, null, 1]', '[1, 5, 10, 3, 1]', '[0, 0, 10, null, 4000000000], [1, 5, 10, 3, 4000000000]', '[0, 0, 10, null, 50], [1, 4.9e-324, 1e300, 3, 50], [2147483647, 1, 1, 1e300, 1]',
    '[1, 0, 0, 1, 10], [2, 0, 0, 1, 10]', '[1, 1, 1, -1, 10], [2, 1, 1, 0, 10]', '[1, 1e-300, 1e-300, 4.9e-324, 10], [2, 1e-300, 1e-300, 1e-300, 10]', '[1, 10, 10, 1.7e308, 10], [2, 10, 10, 1.6e308, 10]',
    '[0, 0, 10, null, 1], [1, 10, 10, 5, 1]', '[0, 0, 0, null, 30], [1, 3, 30, 5, 3], [5, 25, 30, 6, 9]', '[2147483647, 10, 10, 5, 1], [2147483647, 11, 11, 6, 1]', '[3, 1e15, 1e16, 2, 5], [4, 1e-15, 1e-14, 7, 5], [5, 30, 40, 1, 1]');
sub base { return draw(30) ? pick(@bases) : 'NULL::cv_customer_base' }

my %garden = (
    'p_alive' => [ 14, sub { 'p_alive(' . join(', ', buying(1), history(), span()) . ')' }, [ 0, 1 ] ],
    'expected_purchases' => [ 14, sub { 'expected_purchases(' . join(', ', buying(1), history(), span()) . ')' }, [ 0, 9**9**9 ] ],
    'expected_purchases, new' => [ 6, sub { 'expected_purchases(' . join(', ', buying(1), span()) . ')' }, [ 0, 9**9**9 ] ],
    'discounted_purchases' => [ 14, sub { 'discounted_purchases(' . join(', ', buying(1), history(), draw(2) ? pick('0.1', '0.05', '1e-12', '10') : float(), pick('NULL', span())) . ')' }, [ 0, 9**9**9 ] ],
    'purchase_probability' => [ 12, sub { 'purchase_probability(' . join(', ', buying(1), history(), span(), integer()) . ')' }, [ 0, 1 ] ],
    'purchase_probability, new' => [ 6, sub { 'purchase_probability(' . join(', ', buying(1), span(), integer()) . ')' }, [ 0, 1 ] ],
    'log_likelihood' => [ 8, sub { 'log_likelihood(' . join(', ', buying(1), history()) . ')' } ],
    'log_likelihood, spending' => [ 6, sub { 'log_likelihood(' . join(', ', spending(), history()) . ')' } ],
    'expected_spend' => [ 8, sub { 'expected_spend(' . join(', ', spending(), history()) . ')' }, [ 0, 9**9**9 ] ],
    'clv' => [ 12, sub { 'clv(' . join(', ', buying(1), spending(), history(), pick('NULL', span()), draw(2) ? '0.1' : float(), draw(2) ? '0.3' : float()) . ')' } ],
    'clv_interval' => [ 8, sub { 'clv_interval(' . join(', ', buying(1), spending(), history(), pick('NULL', span()), draw(2) ? '0.1' : float(), draw(2) ? '0.3' : float(), draw(2) ? '0.8' : float(), draw(3) ? '39' : integer(), pick(0, 1, -1, '9223372036854775807', 'NULL')) . ')' } ],
    'expected_customers' => [ 4, sub { 'expected_customers(' . join(', ', buying(1), base(), integer()) . ')' }, [ 0, 9**9**9 ] ],
    'parameter_draws' => [ 2, sub { "(SELECT string_agg(d::text, ' ') FROM parameter_draws(" . pick(buying(1), spending()) . ', ' . pick('0', '3', '-1', 'NULL') . ') AS d)' } ],
    'parameters' => [ 2, sub { '(SELECT string_agg(p::text, \' \') FROM parameters(' . pick(buying(1), spending()) . ') AS p)' } ],
    'goodness' => [ 2, sub { 'goodness(' . pick(buying(1), spending(), 'NULL::cv_buying_model') . ')' } ],
    'fit_buying' => [ 5, sub { 'fit_buying(' . join(', ', base(), family(), span(), draw(2) ? '0' : float()) . ')' } ],
    'fit_spending' => [ 4, sub { 'fit_spending(' . join(', ', base(), draw(2) ? '0' : float()) . ')' } ],
    'customers' => [ 1, sub { 'customers(' . base() . ')' } ],
    'activity readers' => [ 6, sub { pick('first_on', 'last_on', 'active_days', 'events', 'total') . '(' . activity() . ')' } ],
    'activity ranges' => [ 6, sub { pick('events', 'total') . '(' . join(', ', activity(), day(), day()) . ')' } ],
    'entries' => [ 2, sub { '(SELECT string_agg(e::text, \' \') FROM entries(' . activity() . ') AS e)' } ],
    'purchase_history' => [ 6, sub { 'purchase_history(' . join(', ', activity(), day()) . ')' } ],
    'aggregates' => [ 12, sub {
        my @orders = map { '(' . join(', ', day(), float(), day()) . ')' } 0 .. draw(3);
        '(SELECT ' . pick('activity_log(d, a)', 'activity_log(d)', 'purchase_history(d, a, o)', "purchase_history(d, a, date '2022-06-01')", 'activity_log(d, 1)')
          . ' FROM (VALUES ' . join(', ', @orders) . ') AS v (d, a, o))';
    } ],
    'customer_base' => [ 6, sub { '(SELECT customer_base(h) FROM (VALUES ' . join(', ', map { '(' . history() . ')' } 0 .. draw(3)) . ') AS v (h))' } ],
    'rollups' => [ 4, sub { draw(2) ? '(SELECT rollup(b) FROM (VALUES ' . join(', ', map { '(' . base() . ')' } 0 .. draw(3)) . ') AS v (b))'
        : '(SELECT rollup(b) FROM (VALUES ' . join(', ', map { '(' . activity() . ')' } 0 .. draw(3)) . ') AS v (b))' } ],
    # few customers over some years: a great many orders are not odd but only long
    'simulate_purchases' => [ 4, sub { my $call = '(SELECT count(*) FROM simulate_purchases(' . join(', ', buying(1), spending(), pick('0', '1', '3', '-1', '-2147483648', 'NULL'), pick(day(), "date '2022-12-31'"), pick(day(), "date '2022-01-01'"), pick(day(), "date '2022-06-01'"), pick(0, 1, -1, '9223372036854775807', 'NULL')) . '))';
        $call =~ s/5874897/2030/gr =~ s/\d+(-\d\d-\d\d) BC/1990$1/gr =~ s/"1 minute"|"1 day"/"7 days"/gr } ],
    'internals' => [ 4, sub { pick(
        'activity_log_trans(' . activity() . ', ' . day() . ')', 'activity_log_trans(' . activity() . ', ' . day() . ', ' . float() . ')', 'activity_log_combine(' . activity() . ', ' . activity() . ')',
        'activity_log_final(' . activity() . ')', 'customer_base_trans(' . base() . ', ' . history() . ')', 'customer_base_combine(' . base() . ', ' . base() . ')', 'customer_base_final(' . base() . ')',
        q{purchase_history_trans('{"as_of": "2022-12-31", "log": []}', } . day() . ', ' . float() . ', ' . day() . ')', 'purchase_history_final(' . pick('NULL', q{'{"as_of": "2022-12-31", "log": [["2021-05-05", 19.99, 2]]}'}) . ')',
        q{purchase_history_combine(NULL, '{"as_of": "2022-12-31", "log": []}')}) } ]);

{
    my $count = 0;
    for my $name (sort keys %garden)
    {
        my ($share, $make, $range) = @{ $garden{$name} };
        my @calls = map { 'SELECT ' . $make->() } 1 .. 32 * $share;
        my @answers = run_calls($node, \@calls);
        judge("garden, $name", \@calls, \@answers, '(22...|54...|0A000)', 1, $range);
        $count += @calls;
    }
    ok($count >= 5000, "$count calls in the garden");
}

# --- the composite type, altered --------------------------------------------------------

my @alterations = (
    'ALTER TYPE cv_purchase_history ADD ATTRIBUTE extra float8',
    'ALTER TYPE cv_purchase_history ADD ATTRIBUTE note text',
    'ALTER TYPE cv_purchase_history ADD ATTRIBUTE a text, ADD ATTRIBUTE b text, ADD ATTRIBUTE c text, ADD ATTRIBUTE d text',
    'ALTER TYPE cv_purchase_history ADD ATTRIBUTE extra float8; ALTER TYPE cv_purchase_history DROP ATTRIBUTE extra; ALTER TYPE cv_purchase_history ADD ATTRIBUTE extra text',
    'ALTER TYPE cv_purchase_history DROP ATTRIBUTE log_gaps',
    'ALTER TYPE cv_purchase_history DROP ATTRIBUTE frequency',
    'ALTER TYPE cv_purchase_history ALTER ATTRIBUTE frequency TYPE text',
    'ALTER TYPE cv_purchase_history ALTER ATTRIBUTE monetary TYPE numeric',
    'ALTER TYPE cv_purchase_history ALTER ATTRIBUTE recency TYPE integer',
    'ALTER TYPE cv_purchase_history DROP ATTRIBUTE monetary, ADD ATTRIBUTE monetary text',
    'ALTER TYPE cv_purchase_history DROP ATTRIBUTE frequency, DROP ATTRIBUTE recency, DROP ATTRIBUTE age, DROP ATTRIBUTE monetary, DROP ATTRIBUTE log_gaps');
for my $i (0 .. $#alterations)
{
    my $database = "altered_$i";
    query($node, "CREATE DATABASE $database");
    my $orders = "(VALUES (date '2021-01-01', 5.0), ('2021-03-01', 7), ('2022-02-01', 9)) AS v (d, a)";
    my @uses = (
        qq{SELECT purchase_history('[["2021-01-01", 5, 1], ["2021-03-01", 7, 1]]', '2022-01-01')},
        "SELECT purchase_history(d, a, '2022-12-31') FROM $orders",
        "SELECT (purchase_history(d, a, '2022-12-31')).* FROM $orders",
        "SELECT customer_base(h) FROM (SELECT purchase_history(d, a, '2022-12-31') AS h FROM $orders) AS s",
        "SELECT p_alive('${\ BUYING->{'bg/nbd'}}', h) FROM (SELECT purchase_history(d, a, '2022-12-31') AS h FROM $orders OFFSET 0) AS s",
        "SELECT expected_purchases('${\ BUYING->{'bg/nbd'}}', NULL::cv_purchase_history, '1 year')",
        (map { "SELECT clv('${\ BUYING->{'bg/nbd'}}', '${\ SPENDING}', $_)" } "'()'", "'(1,2,3,4,5)'", "'(,,,,)'", "'(1,2,3)'", "'(1,2,3,4,5,6)'", "'(a long text of one attribute,2,3,4,5)'", "'(1,2,3,4,5,a long text of another attribute)'"));
    my $history = "'(2,30,100,20,1)'";
    my $answer = "SELECT expected_purchases('${\ BUYING->{'bg/nbd'}}', $history, interval '1 year')";
    my $before = query($node, "CREATE EXTENSION customer_value; $answer", database => $database);
    my ($out, $err) = query_all($node, $alterations[$i], database => $database);
    is($err, '', "$alterations[$i]: done");
    my ($after, $refused) = query_all($node, $answer, database => $database);
    ok($after eq $before || $refused =~ /ERROR/, "$alterations[$i]: the right answer or an error") or diag("before $before, after $after");
    my ($told, $untold) = query_all($node, qq{SELECT purchase_history('[["2021-01-01", 5, 1], ["2021-03-01", 7, 1]]', '2022-01-01')}, database => $database);
    my @odd = grep { !/^(1|59|365|7|4\.07753744390572|)$/ } split /,/, $told =~ s/[()]//gr;
    ok($untold =~ /ERROR/ || ($told ne '' && !@odd), "$alterations[$i]: nothing made up") or diag("told $told\n$untold");
    $node->poll_query_until('postgres', 'SELECT true');
    # each in a session of its own: the next one starts afresh whatever happens
    my $crashes = 0;
    for my $use (@uses)
    {
        my (undef, $error) = query_all($node, $use, database => $database);
        next unless $error =~ /server closed the connection|connection to server was lost|terminating connection|could not connect|starting up|recovery mode|not yet accepting/;
        $crashes++;
        diag("$alterations[$i]\n    $use\n    ended the server");
        $node->poll_query_until('postgres', 'SELECT true');
        last;
    }
    is($crashes, 0, "$alterations[$i]: the server lives");
}

ok(backend_alive($node), 'the server is up at the end');
$node->stop;
done_testing();
