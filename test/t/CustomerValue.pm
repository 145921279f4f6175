# CustomerValue: what the TAP tests share. A node with the extension, many statements in
# one psql, numbers compared, and the reference data where there are some.

package CustomerValue;

use strict;
use warnings;

use Exporter 'import';
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

our @EXPORT = qw(
  new_node query query_all shared_data is_near near_error row is_at_most
  run_calls backend_alive FAMILIES BUYING SPENDING
);

# Models for simulations whose purchases are so few that the grid of days does no harm.
use constant BUYING => {
    'nbd' => '{"family": "nbd", "unit": "7 days", "r": 0.9, "alpha": 18}',
    'bg/nbd' =>
      '{"family": "bg/nbd", "unit": "7 days", "r": 0.8, "alpha": 16, "a": 0.9, "b": 2.5}',
    'mbg/nbd' =>
      '{"family": "mbg/nbd", "unit": "7 days", "r": 0.8, "alpha": 16, "a": 0.9, "b": 2.5}',
    'pareto/nbd' =>
      '{"family": "pareto/nbd", "unit": "7 days", "r": 0.9, "alpha": 18, "s": 0.8, "beta": 20}',
};
use constant SPENDING => '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}';
use constant FAMILIES => sort keys %{ +BUYING };

# A started server with the extension in database postgres; settings go to its file.
sub new_node
{
    my ($name, @settings) = @_;
    my $node = PostgreSQL::Test::Cluster->new($name);

    $node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
    $node->append_conf('postgresql.conf', <<'EOF');
timezone = 'UTC'
lc_messages = 'C'
max_worker_processes = 8
max_parallel_workers = 4
shared_buffers = 128MB
log_statement = none
log_min_error_statement = panic
log_min_messages = error
statement_timeout = '60s'
EOF
    $node->append_conf('postgresql.conf', $_) for @settings;
    $node->start;
    $node->safe_psql('postgres', 'CREATE EXTENSION customer_value');
    return $node;
}

# The result of statements that must succeed.
sub query
{
    my ($node, $sql, %options) = @_;
    return $node->safe_psql($options{database} // 'postgres', $sql);
}

# Runs all statements whatever fails; what they printed and what went wrong.
sub query_all
{
    my ($node, $sql, %options) = @_;
    my ($out, $err) = ('', '');

    $node->psql(
        $options{database} // 'postgres', "\\set VERBOSITY verbose\n$sql",
        on_error_stop => 0,
        stdout => \$out,
        stderr => \$err,
        %{ $options{psql} // {} });
    return ($out, $err);
}

# A row of numbers as a list.
sub row
{
    return split /\|/, query(@_), -1;
}

# The folder of the reference data, undef with a word about it where there is none.
sub shared_data
{
    my $folder = $ENV{CV_SHARED_DATA} // '';
    return $folder if $folder ne '' && -e "$folder/cdnow_summary.csv";
    diag('SKIP SKIP SKIP: CV_SHARED_DATA is empty, nothing is compared with the CDNOW data');
    return undef;
}

# Relative distance.
sub near_error
{
    my ($got, $expected) = @_;
    return 9**9**9 unless defined $got && $got =~ /^[-+]?[0-9.]+(e[-+]?[0-9]+)?$/i;
    return $expected == 0 ? abs($got) : abs($got - $expected) / abs($expected);
}

sub is_near
{
    my ($got, $expected, $tolerance, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $error = near_error($got, $expected);
    return ok($error <= $tolerance, $name)
      || diag("got $got, expected $expected, relative error $error above $tolerance");
}

sub is_at_most
{
    my ($got, $limit, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ok(defined $got && $got <= $limit, $name) || diag("got $got, at most $limit");
}

sub backend_alive
{
    my ($node) = @_;
    return query($node, 'SELECT 1') eq '1';
}

# The function try(query) in the database: "ok RESULT" or "SQLSTATE MESSAGE", one line.
my $try = <<'EOF';
CREATE SCHEMA IF NOT EXISTS harness;
CREATE OR REPLACE FUNCTION harness.try(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE query INTO result;
    RETURN 'ok ' || replace(coalesce(result, 'NULL'), E'\n', ' ');
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || replace(SQLERRM, E'\n', ' ');
END $$;
EOF

# Runs queries one by one, each on its own: a list of answers as try() gives them. One
# that is cut off by the timeout has the answer "57014", one that ends the server "CRASH";
# the others then go on. After ten crashes the rest has the answer undef.
sub run_calls
{
    my ($node, $queries, %options) = @_;
    my $timeout = $options{timeout} // '5s';
    my $folder = PostgreSQL::Test::Utils::tempdir;
    my @answers;
    my $crashes = 0;
    my $next = 0;

    query($node, $try);
    while ($next < @$queries && $crashes < 10)
    {
        my $script = "SET client_min_messages = error; SET statement_timeout = '$timeout';\n";
        for my $i ($next .. $#$queries)
        {
            # the number goes out first: so the last one tells which query ended the server
            my $quoted = $queries->[$i] =~ s/'/''/gr;
            $script .= "\\echo \@$i\nSELECT harness.try(E'" . $quoted =~ s/\\/\\\\/gr . "');\n";
        }
        # from a file: writing to a psql that has ended would end this script too
        my $file = "$folder/calls.sql";
        open my $handle, '>:raw', $file or die "$file: $!";
        print $handle $script, "\\echo \@end\n";
        close $handle;
        my ($out) = query_all($node, "\\i $file");
        my $at;
        my $ended = 0;
        for my $line (split /\n/, $out)
        {
            if ($line =~ /^\@([0-9]+)$/)
            {
                $at = $1;
                $answers[$at] = '57014';
            }
            elsif ($line eq '@end')
            {
                $ended = 1;
            }
            elsif (defined $at)
            {
                $answers[$at] = $line;
            }
        }
        last unless defined $at;
        if (!$ended)
        {
            # psql ended before the script did
            $answers[$at] = 'CRASH';
            $crashes++;
            $node->poll_query_until('postgres', 'SELECT true');
        }
        $next = $at + 1;
    }
    $#answers = $#$queries;
    return @answers;
}

1;
