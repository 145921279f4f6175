# Care and attribution as a server sees them: the six tickets of the reference data, bytes and
# texts that nobody sent on purpose, arguments that nobody means, long work that is cancelled,
# values through a dump.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use CustomerValue;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('care', "restart_after_crash = on\nfsync = off\n");
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

# --- the reference data -----------------------------------------------------------------

my $office = '{"zone": "Europe/Berlin", "hours": {"mon": [["09:00", "17:00"]], "tue": [["09:00", "17:00"]], "wed": [["09:00", "17:00"]], "thu": [["09:00", "17:00"]], "fri": [["09:00", "17:00"]]}}';
if (my $data = shared_data())
{
    query($node, 'CREATE TABLE tickets (id integer, channel text, created timestamp, first_reply timestamp, solved timestamp, agent_replies integer, reopens integer, csat integer)');
    query($node, "COPY tickets FROM '$data/support_tickets.csv' WITH (FORMAT csv, HEADER)");
    my $summary = "support_summary(created AT TIME ZONE 'Europe/Berlin', first_reply AT TIME ZONE 'Europe/Berlin', solved AT TIME ZONE 'Europe/Berlin', agent_replies, reopens, '2026-03-04 00:00 Europe/Berlin', '60 minutes', ";
    is(query($node, "SELECT concat_ws(' ', m.tickets, m.solved, m.backlog, m.first_reply_mean, m.first_reply_median, m.resolution_median, round(m.sla_attainment::numeric, 3), m.first_contact_resolution, m.reopen_rate)
            FROM (SELECT (support_metrics($summary '$office'))).* FROM tickets) AS m"),
        '6 4 2 00:44:24 00:40:00 02:15:00 0.667 0.75 0.25', 'the six tickets in business time');
    is(query($node, "SELECT concat_ws(' ', m.first_reply_mean, m.first_reply_median, m.resolution_median) FROM (SELECT (support_metrics($summary NULL))).* FROM tickets) AS m"),
        '04:08:24 01:05:00 10:37:30', 'and by the clock on the wall');
}

# --- hostile values ---------------------------------------------------------------------

# Each type: what its values must be able to do, and values to begin with.
my %types = (
    cv_business_calendar => [
        q{concat_ws(' ', business_interval('2026-01-01', '2026-12-31', v), business_interval('4000-01-01 BC', '2000-01-01', v), business_due('2026-03-29 00:30', '100 hours', v), v::jsonb)},
        $office,
        '{"zone": "UTC", "hours": {"sun": [["00:00", "24:00"]]}, "holidays": ["2026-12-25", "0044-03-15 BC"]}',
        '{"zone": "Australia/Lord_Howe", "hours": {"mon": [["01:15", "02:45"], ["03:00", "03:01"]], "sat": [["23:59", "24:00"]]}, "holidays": ["2026-01-05", "2026-04-06", "5874897-12-31"]}' ],
    cv_support_summary => [
        q{concat_ws(' ', support_metrics(v), (SELECT rollup(x) FROM (VALUES (v), (v)) AS x (x)), v::jsonb)},
        '{"as_of": "2026-03-04 00:00:00+00", "reply_within": 3600000000, "calendar": null, "tickets": 3, "met": 1, "breached": 1, "contact_known": 1, "first_contact": 1, "reopen_known": 1, "reopened": 0, "first_replies": [5, 7200000000], "resolutions": [9]}',
        qq({"as_of": "0044-03-15 12:00:00.25+00 BC", "reply_within": null, "calendar": $office, "tickets": 9, "met": 0, "breached": 0, "contact_known": 0, "first_contact": 0, "reopen_known": 2, "reopened": 2, "first_replies": [0, 0, 1], "resolutions": [1, 2, 3, 9223372036854775806]}) ],
    cv_attribution_summary => [
        q{concat_ws(' ', (SELECT string_agg(a::text, ' ') FROM attribution(v) AS a), (SELECT string_agg(a::text, ' ') FROM attribution(v, 'position') AS a), (SELECT string_agg(a::text, ' ') FROM attribution(v, 'shapley', 3) AS a), (SELECT rollup(x) FROM (VALUES (v), (v)) AS x (x)), v::jsonb)},
        '[[["C1"], 0, 0, 1], [["C1", "C2", "C3"], 1, 10, 0], [["C2", "C3"], 0, 0, 1.5]]',
        '[[[], 3, 2.000000000000000001, 0], [["a", "b", "a"], 1, 9.5, 0, [864000000000, 5, 0]], [["a", "b", "c", "a", "b", "c"], 0.1, 0, 100], [["\u00fc \"x\"\n", ""], 1, 0, 2]]',
        '[]' ]);

# A value must print, read back to the same, and answer.
query($node, 'CREATE SCHEMA hostile');
for my $type (sort keys %types)
{
    query($node, <<"SQL");
CREATE TABLE t_$type (v $type);
CREATE FUNCTION hostile.take_$type(value $type) RETURNS text LANGUAGE plpgsql AS \$\$
BEGIN
    BEGIN
        IF (value::text::$type)::text IS DISTINCT FROM value::text OR ${type}_send(value::text::$type) <> ${type}_send(value) THEN
            RETURN 'not read back: ' || left(value::text, 300);
        END IF;
    EXCEPTION WHEN OTHERS THEN
        RETURN 'not read back: ' || SQLERRM || ' ' || left(value::text, 300);
    END;
    RETURN coalesce((SELECT $types{$type}[0] FROM (VALUES (value)) AS x (v)), 'NULL');
END \$\$;
CREATE FUNCTION hostile.copy_$type(file text) RETURNS text LANGUAGE plpgsql AS \$\$
BEGIN
    DELETE FROM t_$type;
    EXECUTE format('COPY t_$type FROM %L WITH (FORMAT binary)', file);
    RETURN (SELECT string_agg(hostile.take_$type(v), ' ') FROM t_$type);
END \$\$;
SQL
}

# Judges the answers of run_calls: what is no proper error or value is counted and told.
sub judge
{
    my ($what, $queries, $answers, $floor) = @_;
    my (%class, @bad);

    for my $i (0 .. $#$queries)
    {
        my $answer = $answers->[$i] // 'not run';
        my $ok = $answer =~ /^ok /;
        $class{ $ok ? 'value' : substr $answer, 0, 5 }++;
        # a channel may have any name: it stands first in its row
        my $good = $ok ? $answer !~ /not read back|(?:,|^ok )-?(?:nan|infinity)\b/i : $answer =~ /^(22...|08P01|54...|0A000)/;
        push @bad, $i unless $good;
    }
    diag("$what: " . join ', ', map { "$class{$_} $_" } sort keys %class);
    is(scalar @bad, 0, "$what: a proper error or a proper value");
    for my $i (@bad[ 0 .. ($#bad < 5 ? $#bad : 5) ])
    {
        diag("$what: " . substr($queries->[$i], 0, 500) . "\n    gave " . substr $answers->[$i] // 'nothing', 0, 400);
    }
    ok(($class{value} // 0) >= $floor, "$what: at least $floor gave a value");
    return;
}

my @numbers = map { pack 'q>', $_ } (0, 1, -1, 2**31 - 1, 2**31, 2**62, -2**62);
push @numbers, map { pack 'l>', $_ } (0, 1, -1, 2147483647, -2147483648);
push @numbers, "\x80" . "\0" x 15, "\x7f" . "\xff" x 15, pack 'n', 1440;

sub mutate_bytes
{
    my ($bytes) = @_;
    my $way = draw(7);
    my $length = length $bytes;
    my $at = draw($length || 1);

    return substr $bytes, 0, $at if $way == 0;
    return $bytes . join '', map { chr draw(256) } 0 .. draw(40) if $way == 1;
    if ($way <= 3)
    {
        for (0 .. draw(3))
        {
            $at = draw($length || 1);
            substr($bytes, $at, 1) = chr(ord(substr $bytes, $at, 1) ^ (1 << draw(8))) if $at < $length;
        }
    }
    elsif ($way == 4)
    {
        my $number = pick(@numbers);
        substr($bytes, $at, length $number) = $number if $at + length $number <= $length;
    }
    elsif ($way == 5)
    {
        substr($bytes, $at, 0) = substr $bytes, $at, 1 + draw(24);
    }
    else
    {
        substr($bytes, $at, 1 + draw(24)) = '' if $at < $length;
    }
    return $bytes;
}

my @tokens = ('0', '-1', '1e999', '-0', '1440', '2147483648', '9223372036854775807', '9223372036854775808', '170141183460469231731687303715884105727', '0.0000000000000000001', '1.5', 'null', 'true', '""', '"x"', '[]', '{}', '[1]', '{"a": 1}', '[[[[[[[[[[1]]]]]]]]]]',
    '"infinity"', '"2026-02-30"', '"5874898-01-01"', '"24:00"', '"24:01"', '"00:00"', '"UTC"', '"utc-14"', '"../UTC"', '"localtime"', '"Europe/Berlin"', '"2026-03-04 00:00:00+00"', '"294277-01-01 00:00:00+00"', 'NaN', '"\\u0000"', '"\\ud800"', '"mon"', '"holidays"', '"calendar"', "\x{7f}");

sub mutate_text
{
    my ($text) = @_;
    my $way = draw(8);
    my @parts = $text =~ /("(?:[^"\\]|\\.)*"|[-+.\w]+|[][{}:,]|\s+)/g;
    my $at = draw(scalar @parts || 1);

    return pick(@tokens) unless @parts;
    if ($way <= 2)
    {
        my @values = grep { $parts[$_] =~ /^["\w-]/ } 0 .. $#parts;
        $parts[ pick(@values) ] = pick(@tokens) if @values;
    }
    elsif ($way == 3) { splice @parts, $at, 1 + draw(4) }
    elsif ($way == 4) { splice @parts, $at, 0, @parts[ $at .. ($at + draw(12) > $#parts ? $#parts : $at + draw(12)) ] }
    elsif ($way == 5) { return substr $text, 0, draw(length $text) }
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

for my $type (sort keys %types)
{
    my (undef, @seeds) = @{ $types{$type} };
    my @wires = map { my $quoted = $_ =~ s/'/''/gr; pack 'H*', query($node, "SELECT encode(${type}_send('$quoted'), 'hex')") =~ s/\s//gr } @seeds;
    my (@queries, @texts);
    for my $i (0 .. 599)
    {
        my $bytes = $wires[ $i % @wires ];
        if ($i >= @wires)
        {
            $bytes = mutate_bytes($bytes) for 0 .. draw(2);
        }
        my $file = "$folder/$type.$i";
        open my $out, '>:raw', $file or die;
        print $out "PGCOPY\n\xff\r\n\0", pack('NN', 0, 0), pack('nN', 1, length $bytes), $bytes, pack('n', 65535);
        close $out;
        push @queries, "SELECT hostile.copy_$type('$file')";
    }
    my @answers = run_calls($node, \@queries);
    judge("bytes of $type", \@queries, \@answers, scalar @wires);
    is(scalar(grep { !defined || !/^ok / } @answers[ 0 .. $#wires ]), 0, "bytes of $type: what was not touched is taken");

    @texts = (@seeds, '', ' ', '1', 'null', '"x"', '[]', '{}', '[1]', '[[1]]', '[null]', '[[]]', '[[[]]]', '[{}]', '{"a": 1}', '{"calendar": {"calendar": {}}}', '[' x 100000, '[' x 100000 . ']' x 100000, '{"a":' x 20000, '{"hours":' x 20000, 'x' x 1000000);
    while (@texts < 500)
    {
        my $text = pick(@seeds);
        $text = mutate_text($text) for 0 .. draw(2);
        push @texts, $text;
    }
    @queries = map { my $quoted = $_ =~ s/'/''/gr; "SELECT hostile.take_$type('$quoted')" } @texts;
    @answers = run_calls($node, \@queries);
    judge("texts of $type", \@queries, \@answers, scalar @seeds);
    is(scalar(grep { !defined || !/^ok / } @answers[ 0 .. $#seeds ]), 0, "texts of $type: what was not touched is taken");
}

# --- the garden -------------------------------------------------------------------------

sub instant { return pick(map { "timestamptz '$_'" } '2026-03-29 00:30+00', '2026-10-25 00:30+00', '2026-03-02 09:00+00', '2000-01-01 00:00+00', '1883-11-18 12:00+00', '4714-11-24 00:00+00 BC', '294276-12-31 23:59:59.999999+00', 'infinity', '-infinity', '2026-03-02 09:00:00.000001+00') unless draw(20) == 0; return 'NULL::timestamptz' }
sub span { return pick(map { "interval '$_'" } '0', '1 microsecond', '-1 microsecond', '1 hour', '40 hours', '-40 hours', '1 day', '1 year', '300000 years', '-300000 years', '178000000 years', '1 month -30 days') unless draw(20) == 0; return 'NULL::interval' }
sub float { return pick(map { "${_}::float8" } '0', '-0.0', '1', '-1', '0.5', '0.8', '10', '500', '1e6', '1e9', '1e300', '4.9e-324', '1.7976931348623157e308', q{'NaN'}, q{'Infinity'}, q{'-Infinity'}, '9.2e12', '9.3e12', 'NULL') }
sub integer { return pick(0, 0, 1, 2, 5, 11, 1000, 5000, -1, 2147483647, -2147483648, 'NULL') . '::int' }
sub value { my ($type) = @_; my (undef, @seeds) = @{ $types{$type} }; my $text = pick(@seeds) =~ s/'/''/gr; return draw(20) ? "'$text'::$type" : "NULL::$type" }
sub names { return pick(q{'{}'}, q{'{a}'}, q{'{a,b,a}'}, q{'{NULL}'}, 'NULL', q{'{{a,b}}'}, q{'{"","x y"}'}) . '::text[]' }

my %garden = (
    'business_interval' => sub { 'business_interval(' . join(', ', instant(), instant(), value('cv_business_calendar')) . ')' },
    'business_due' => sub { 'business_due(' . join(', ', instant(), span(), value('cv_business_calendar')) . ')' },
    'support' => sub { '(SELECT support_metrics(support_summary(' . join(', ', 'a', 'b', 'c', integer(), integer(), instant(), span(), value('cv_business_calendar')) . ")) FROM (VALUES (" . join('), (', map { join ', ', instant(), instant(), instant() } 0 .. draw(3)) . ')) AS v (a, b, c))' },
    'erlang_b' => sub { 'erlang_b(' . join(', ', float(), integer()) . ')' },
    'erlang_c' => sub { 'erlang_c(' . join(', ', float(), integer()) . ')' },
    'erlang_a' => sub { 'erlang_a(' . join(', ', float(), integer(), float()) . ')' },
    'service_level' => sub { 'service_level(' . join(', ', float(), span(), span(), integer(), span()) . ')' },
    'agents_needed' => sub { 'agents_needed(' . join(', ', float(), span(), span(), draw(2) ? '0.8' : float(), span(), draw(2) ? '0.3' : float()) . ')' },
    'attribution' => sub { "(SELECT string_agg(a::text, ' ') FROM attribution(" . join(', ', value('cv_attribution_summary'), pick(map { "'$_'" } 'first', 'last', 'linear', 'position', 'time-decay', 'markov', 'shapley', 'x'), integer(), pick(q{'{0.4,0.2,0.4}'}, q{'{0,0,0}'}, q{'{1,2}'}, q{'{1e308,0,1}'}, 'NULL'), span()) . ') AS a)' },
    'attribution_summary' => sub { '(SELECT attribution_summary(' . join(', ', 'p', float(), float(), float()) . ') FROM (VALUES (' . join('), (', map { names() } 0 .. draw(3)) . ')) AS v (p))' },
    'attribution of logs' => sub { "(SELECT string_agg(a::text, ' ') FROM attribution((SELECT attribution_summary(l, " . join(', ', instant(), float()) . ') FROM (SELECT journey_log(t, s) AS l FROM (VALUES (' . join('), (', map { join ', ', pick("timestamptz '2026-01-01'", "timestamptz '2025-01-01'", 'NULL::timestamptz'), pick(q{'a'}, q{'b'}, 'NULL') . '::text' } 0 .. 3) . ")) AS v (t, s)) AS l), '" . pick('markov', 'time-decay') . q{') AS a)} },
    'internals' => sub { pick('support_summary_final(' . value('cv_support_summary') . ')', 'support_summary_combine(' . value('cv_support_summary') . ', ' . value('cv_support_summary') . ')', 'attribution_summary_final(' . value('cv_attribution_summary') . ')',
        'attribution_summary_combine(' . value('cv_attribution_summary') . ', ' . value('cv_attribution_summary') . ')', 'attribution_summary_trans(' . join(', ', value('cv_attribution_summary'), names(), float(), float(), float()) . ')') });
for my $name (sort keys %garden)
{
    my @calls = map { 'SELECT ' . $garden{$name}->() } 1 .. 250;
    my @answers = run_calls($node, \@calls);
    judge("garden, $name", \@calls, \@answers, 10);
}

# --- long work can be cancelled ---------------------------------------------------------

query($node, q{CREATE TABLE long AS SELECT attribution_summary(path, 1, 1, 3) AS summary FROM (SELECT i, array_agg('channel ' || (i * 7919 + n * n * 104729 + i * n) % 3000) AS path FROM generate_series(1, 20000) AS i, generate_series(1, 6) AS n GROUP BY i) AS p});
my (undef, $cut) = query_all($node, "SET statement_timeout = '300ms'; SELECT count(*) FROM long, attribution(summary)");
like($cut, qr/57014/, 'attribution among thousands of channels is cancelled');
(undef, $cut) = query_all($node, "SET statement_timeout = '300ms'; SELECT count(erlang_a(2e9, 2000000000, 1e6 - i)) FROM generate_series(1, 1000) AS i");
like($cut, qr/57014/, 'a queue of thousands of millions of agents is cancelled');
(undef, $cut) = query_all($node, qq{SET statement_timeout = '300ms'; SELECT count(business_interval('4000-01-01 BC', '290000-01-01', '$office')) FROM generate_series(1, 1000)});
like($cut, qr/57014|22008/, 'business time of hundreds of thousands of years is cancelled');

# --- through a dump ---------------------------------------------------------------------

query($node, 'CREATE TABLE kept (id serial, calendar cv_business_calendar, support cv_support_summary, attribution cv_attribution_summary)');
for my $i (1 .. 2)
{
    query($node, 'INSERT INTO kept (calendar, support, attribution) VALUES (' . join(', ', map { "'" . $types{$_}[$i] =~ s/'/''/gr . "'" } 'cv_business_calendar', 'cv_support_summary', 'cv_attribution_summary') . ')');
}
my $rows = 'SELECT md5(string_agg(k::text, chr(10) ORDER BY id)) FROM kept AS k';
query($node, 'CREATE DATABASE restored');
$node->command_ok([ 'pg_dump', '--file', "$folder/kept.sql", '--table', 'kept', $node->connstr('postgres') ], 'dumped');
query($node, 'CREATE EXTENSION customer_value', database => 'restored');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$folder/kept.sql", $node->connstr('restored') ], 'restored');
is(query($node, $rows, database => 'restored'), query($node, $rows), 'values come through a dump as they were');

ok(backend_alive($node), 'the server is up at the end');
$node->stop;
done_testing();
