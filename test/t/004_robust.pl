# Cancelling at random moments, memory over many calls, privileges, search_path, planted
# objects, DROP EXTENSION.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use CustomerValue;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = new_node('robust', "autovacuum = off\n");

# --- cancelling -------------------------------------------------------------------------

query($node, <<"SQL");
-- a million customers, no two alike
CREATE TABLE histories AS
    SELECT ROW(x, CASE WHEN x > 0 THEN age * (0.1::float8 + ((i * 7919::bigint) % 1000) * 0.0008::float8) ELSE 0 END, age, CASE WHEN x > 0 THEN 20 + i % 97 END, NULL)::cv_purchase_history AS history
    FROM (SELECT i, CASE WHEN i % 3 = 0 THEN 0 ELSE (i * 31) % 7 END AS x, 200 + i * 0.0003::float8 AS age FROM generate_series(1, 1000000) AS i) AS s;
CREATE TABLE base AS SELECT customer_base(history) AS base FROM histories;
SQL
is(query($node, 'SELECT customers(base) FROM base'), '1000000', 'a base of a million different customers');

my $pid;
my $session = $node->background_psql('postgres', on_error_stop => 0);
$session->query_safe('SET statement_timeout = 0; SET client_min_messages = error');
$pid = $session->query_safe('SELECT pg_backend_pid()');

# Starts the query, cancels it after a moment, returns how long it took to stop: undef if
# it was through before.
sub cancel_after
{
    my ($moment, $sql) = @_;
    # The server tells when it stopped: psql's output comes with a delay of its own.
    $session->{stderr} = '';
    $session->{stdin} .= "$sql\n;\n\\echo canceled :SQLSTATE\n";
    $session->{run}->pump_nb;
    my $script = sprintf(<<'SQL', $pid, $moment, $pid, $pid, $pid);
SET statement_timeout = '60s';
DO $do$
DECLARE
    asked timestamptz;
BEGIN
    -- wait until it runs
    FOR i IN 1 .. 2000 LOOP
        PERFORM pg_stat_clear_snapshot();
        EXIT WHEN EXISTS (SELECT FROM pg_stat_activity WHERE pid = %s AND state = 'active');
        PERFORM pg_sleep(0.001);
    END LOOP;
    PERFORM pg_sleep(%s);
    PERFORM pg_cancel_backend(%s);
    asked := clock_timestamp();
    LOOP
        PERFORM pg_stat_clear_snapshot();
        EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = %s AND state = 'active');
        PERFORM pg_sleep(0.0005);
    END LOOP;
    CREATE TEMP TABLE latency AS SELECT extract(epoch FROM greatest(state_change - asked, '0'))::float8 AS seconds FROM pg_stat_activity WHERE pid = %s;
END $do$;
SELECT seconds FROM latency;
SQL
    my $latency = query($node, $script);
    my $deadline = time + 30;
    until ($session->{stdout} =~ /canceled (\w+)/ || time > $deadline)
    {
        $session->{run}->pump_nb;
        sleep 0.002;
    }
    my $state = $session->{stdout} =~ /canceled (\w+)/ ? $1 : 'no answer';
    # the error message is read, not wanted
    sleep 0.01;
    $session->{run}->pump_nb;
    $session->{stderr} = '';
    $session->{stdout} = '';
    return ($latency, $state);
}

sub cancel_often
{
    my ($what, $sql, $longest, $times) = @_;
    my (@latency, %state);

    srand(20261122);
    for (1 .. $times)
    {
        my ($latency, $state) = cancel_after(sprintf('%.4f', $longest * rand), $sql);
        $state{$state}++;
        push @latency, $latency if $state eq '57014';
    }
    my $through = $state{'00000'} // 0;
    is(($state{'57014'} // 0) + $through, $times, "$what: every cancelled query ends with 57014") or diag(join ' ', %state);
    ok($through <= $times / 3, "$what: most were met while they ran") or diag("$through of $times were through");
    @latency = sort { $a <=> $b } @latency;
    is_at_most($latency[-1], 2, "$what: none took longer than two seconds to stop");
    diag(sprintf('%s: %d cancelled, p50 %.1f ms, p99 %.1f ms, max %.1f ms', $what, scalar @latency, map { 1000 * $_ } $latency[ $#latency / 2 ], $latency[ int(0.99 * $#latency + 0.5) ], $latency[-1]));
    is($session->query_safe('SELECT customers(base) FROM base'), '1000000', "$what: the session goes on");
    return;
}

cancel_often('fit of mbg/nbd', "SELECT fit_buying(base, 'mbg/nbd') FROM base, generate_series(1, 5)", 0.4, 15);
cancel_often('fit of pareto/nbd', "SELECT fit_buying(base, 'pareto/nbd') FROM base, generate_series(1, 10)", 0.6, 15);
cancel_often('fit of spending', 'SELECT fit_spending(base) FROM base, generate_series(1, 10)', 0.3, 15);
cancel_often('customer_base', 'SELECT customers(customer_base(history)) FROM histories', 0.3, 15);
cancel_often('rollup of bases', 'SELECT customers(rollup(base)) FROM (SELECT base FROM base, generate_series(1, 40)) AS s', 0.5, 15);
cancel_often('simulation', "SELECT count(*) FROM simulate_purchases('${\ BUYING->{nbd}}', '${\ SPENDING}', 2000000, '2022-12-31', '2021-01-01', '2022-06-30', 1)", 0.4, 15);
cancel_often('text form of a base', 'SELECT length(base::text) FROM base', 0.3, 15);
cancel_often('one log of all days', "SELECT events(activity_log(d::date)) FROM generate_series(1, 40) AS k, generate_series(date '1500-01-01', '1800-12-31', '1 day') AS d", 0.3, 15);
cancel_often('intervals', "SELECT sum(high) FROM histories, clv_interval('${\ BUYING->{'bg/nbd'}}', '${\ SPENDING}', history, '1 year')", 0.4, 15);
cancel_often('one interval', "SELECT high FROM clv_interval('${\ BUYING->{'bg/nbd'}}', '${\ SPENDING}', ROW(40, 300, 310, 20, NULL), '10 years', draws => 1000000)", 0.4, 15);
cancel_often('predictions', "SELECT sum(discounted_purchases('${\ BUYING->{'bg/nbd'}}', history, 0.1)) FROM histories", 0.4, 15);
$session->quit;
query($node, 'DROP TABLE histories, base');

# --- memory -----------------------------------------------------------------------------

query($node, <<"SQL");
CREATE TABLE small AS SELECT customer_base(h) AS base FROM (
    SELECT purchase_history(at, amount, '2022-12-31') AS h
    FROM simulate_purchases('${\ BUYING->{'pareto/nbd'}}', '${\ SPENDING}', 100, '2022-12-31', '2021-01-01', '2021-12-31', 3) GROUP BY customer_id) AS s;
SQL

# Bytes in all memory contexts of the session after each step.
sub memory_over
{
    my ($setup, $step, $steps) = @_;
    my $memory = 'SELECT sum(total_bytes) FROM pg_backend_memory_contexts;';
    return split /\n/, query($node, "SET statement_timeout = '120s'; SET client_min_messages = error; $setup\n" . ("$step\n$memory\n" x $steps));
}

sub stays_flat
{
    my ($what, @bytes) = @_;
    # the first step fills caches
    my ($least, $most) = (sort { $a <=> $b } @bytes[ 1 .. $#bytes ])[ 0, -1 ];
    is_at_most(($most - $least) / 1048576, 2, "$what: memory stays within 2 MB") or diag("bytes @bytes");
    return;
}

stays_flat('2,000 fits', memory_over('', <<'SQL', 4));
DO $$ BEGIN
    FOR i IN 1 .. 250 LOOP
        PERFORM fit_buying(base, 'mbg/nbd') FROM small;
        PERFORM fit_spending(base) FROM small;
    END LOOP;
END $$;
SQL
stays_flat('fits of all families', memory_over('', <<'SQL', 4));
DO $$ BEGIN FOR i IN 1 .. 5 LOOP PERFORM goodness(fit_buying(base, 'best')), parameters(fit_buying(base, 'nbd')) FROM small; END LOOP; END $$;
SQL
stays_flat('2,000 fits in one query', memory_over('', q{DO $$ BEGIN PERFORM fit_buying(base, 'bg/nbd') FROM small, generate_series(1, 500); END $$;}, 4));
stays_flat('100,000 predictions', memory_over(<<"SQL", <<'SQL', 4));
CREATE TEMP TABLE t AS SELECT '${\ BUYING->{'bg/nbd'}}'::cv_buying_model AS b, '${\ SPENDING}'::cv_spending_model AS s, ROW(i % 5, CASE WHEN i % 5 > 0 THEN i % 100 ELSE 0 END, 100 + i % 400, 20, 1)::cv_purchase_history AS h
    FROM generate_series(1, 25000) AS i;
SQL
DO $$ BEGIN PERFORM p_alive(b, h, '7 days'), expected_purchases(b, h, '1 year'), clv(b, s, h), purchase_probability(b, h, '90 days', 2), log_likelihood(b, h), expected_spend(s, h) FROM t; END $$;
SQL
stays_flat('4,000 intervals', memory_over('', <<"SQL", 4));
DO \$\$ BEGIN PERFORM clv_interval('${\ BUYING->{'bg/nbd'}}', '${\ SPENDING}', ROW(i % 5, CASE WHEN i % 5 > 0 THEN i % 100 ELSE 0 END, 100 + i % 400, 20, 1)::cv_purchase_history, '1 year', draws => 100)
    FROM generate_series(1, 1000) AS i; END \$\$;
SQL
stays_flat('100,000 predictions with a model of each row', memory_over('', <<'SQL', 4));
DO $$ BEGIN PERFORM expected_purchases(jsonb_build_object('family', 'mbg/nbd', 'unit', '7 days', 'r', 1 + i % 7, 'alpha', 5, 'a', 1, 'b', 2)::cv_buying_model, ROW(2, 50, 100, 20, 1)::cv_purchase_history, '1 year')
    FROM generate_series(1, 25000) AS i; END $$;
SQL
stays_flat('failing calls', memory_over('', <<'SQL', 4));
DO $$ BEGIN
    FOR i IN 1 .. 2000 LOOP
        BEGIN PERFORM '{"family": "bg/nbd", "unit": "7 days", "r": 1, "alpha": 1, "a": 1}'::cv_buying_model; EXCEPTION WHEN OTHERS THEN END;
        BEGIN PERFORM fit_buying('{"log_gaps": 0, "gapless": 0, "histories": [[0, 0, 10, null, 7]]}'); EXCEPTION WHEN OTHERS THEN END;
        BEGIN PERFORM activity_log('infinity'::date); EXCEPTION WHEN OTHERS THEN END;
    END LOOP;
END $$;
SQL

# --- who may what -----------------------------------------------------------------------

query($node, <<'SQL');
CREATE ROLE plain LOGIN;
CREATE ROLE owner LOGIN;
CREATE DATABASE shop;
GRANT CREATE ON DATABASE shop TO plain;
SQL

# What anybody does with it, qualified by the schema.
sub whole_job
{
    my ($s) = @_;
    return <<"SQL";
CREATE TEMP TABLE o AS SELECT * FROM $s.simulate_purchases('${\ BUYING->{'bg/nbd'}}'::$s.cv_buying_model, '${\ SPENDING}'::$s.cv_spending_model, 800, '2022-12-31', '2021-01-01', '2021-12-31', 1);
CREATE TEMP TABLE l AS SELECT customer_id, $s.activity_log(at, amount) AS log FROM o GROUP BY customer_id;
CREATE TEMP TABLE h AS SELECT customer_id, $s.purchase_history(log, '2022-12-31') AS h FROM l;
CREATE TEMP TABLE m AS SELECT $s.fit_buying($s.customer_base(h), 'bg/nbd', '7 days') AS b, $s.fit_spending($s.customer_base(h)) AS s FROM h;
SELECT count(*) > 700 AND sum($s.clv(b, s, h)) > 0 AND sum($s.clv(b, s, h, '1 year', 0.1, 0.3)) > 0 AND max($s.p_alive(b, h)) <= 1 AND sum($s.expected_purchases(b, h, '1 year')) > 0
    AND sum($s.discounted_purchases(b, h, 0.1)) > 0 AND sum($s.purchase_probability(b, h, '1 year', 1)) > 0 AND min($s.expected_spend(s, h)) > 0 AND sum($s.log_likelihood(b, h)) < 0 FROM h, m;
SELECT ($s.goodness(b)).converged, ($s.goodness(s)).converged, (SELECT count(*) FROM $s.parameters(b)), (SELECT count(*) FROM $s.parameters(s)) FROM m;
SELECT sum($s.events(log)) = (SELECT count(*) FROM o), sum($s.active_days(log)) > 0, min($s.first_on(log)) >= '2021-01-01', max($s.last_on(log)) <= '2022-12-31',
    abs(sum($s.total(log)) - (SELECT sum(amount) FROM o)) < 1e-3, (SELECT count(*) FROM l, $s.entries(log)) = sum($s.active_days(log)) FROM l;
SELECT $s.customers($s.rollup(b)) = 800 FROM (SELECT $s.customer_base(h) AS b FROM h GROUP BY customer_id % 3) AS s;
SELECT log::pg_catalog.text::$s.cv_activity_log::pg_catalog.text = log::pg_catalog.text, log::pg_catalog.jsonb IS NOT NULL FROM l LIMIT 1;
DROP TABLE o, l, h, m;
SQL
}
my $done = "t\nt|t|4|3\nt|t|t|t|t|t\nt\nt|t";

sub as_user
{
    my ($user, $database, $sql) = @_;
    my ($out, $err) = ('', '');
    $node->psql($database, $sql, stdout => \$out, stderr => \$err, on_error_stop => 0, extra_params => [ '-U', $user ]);
    return wantarray ? ($out, $err) : $out;
}

my ($out, $err) = as_user('plain', 'shop', 'CREATE SCHEMA cv; CREATE EXTENSION customer_value SCHEMA cv');
is($err, '', 'a user with CREATE on the database creates the extension');
is(query($node, "SELECT rolname FROM pg_extension JOIN pg_roles AS r ON r.oid = extowner WHERE extname = 'customer_value'", database => 'shop'), 'plain', 'and owns it');
($out, $err) = as_user('plain', 'shop', "SET search_path = cv;\n" . whole_job('cv'));
is("$err$out", $done, 'and does everything with it');
($out, $err) = as_user('plain', 'shop', "SET search_path = '';\n" . whole_job('cv'));
is("$err$out", $done, 'with an empty search_path too');
($out, $err) = as_user('plain', 'shop', "SET search_path = pg_temp;\n" . whole_job('cv'));
is("$err$out", $done, 'and with pg_temp alone');
query($node, 'GRANT USAGE ON SCHEMA cv TO owner', database => 'shop');
($out, $err) = as_user('owner', 'shop', "SET search_path = '';\n" . whole_job('cv'));
is("$err$out", $done, 'others do so without a grant');
($out, $err) = as_user('owner', 'shop', "\\set VERBOSITY verbose\nDROP EXTENSION customer_value");
like($err, qr/42501/, 'but do not drop it');
($out, $err) = query_all($node, 'ALTER EXTENSION customer_value SET SCHEMA "odd ""schema"; SET search_path = \'\';' . "\n", database => 'shop');
like($err, qr/3F000/, 'moving it needs a schema');
query($node, 'CREATE SCHEMA "odd ""; drop"; ALTER EXTENSION customer_value SET SCHEMA "odd ""; drop"', database => 'shop');
is(query($node, "SET search_path = ''; " . whole_job('"odd ""; drop"'), database => 'shop'), $done, 'moved to a schema of an odd name it works');
is(query($node, 'ALTER EXTENSION customer_value SET SCHEMA cv; SELECT count(*) FROM pg_proc WHERE prosecdef', database => 'shop'), '0', 'and back; nothing is SECURITY DEFINER');

# --- DROP EXTENSION ---------------------------------------------------------------------

my $catalog = join ' UNION ALL ', map { "SELECT '$_ ' || oid FROM $_ WHERE oid >= 16384" }
  qw(pg_proc pg_type pg_cast pg_operator pg_opclass pg_class pg_namespace pg_extension pg_language pg_collation pg_conversion);
$catalog .= " UNION ALL SELECT 'aggregate ' || aggfnoid::oid FROM pg_aggregate WHERE aggfnoid >= 16384 UNION ALL SELECT 'description ' || objoid FROM pg_description WHERE objoid >= 16384"
  . " UNION ALL SELECT 'depend ' || objid FROM pg_depend WHERE objid >= 16384 OR refobjid >= 16384";
query($node, 'CREATE DATABASE empty');
is(query($node, "SELECT count(*) FROM ($catalog) AS c", database => 'empty'), '0', 'an empty database');
query($node, 'CREATE EXTENSION customer_value; DROP EXTENSION customer_value', database => 'empty');
is(query($node, $catalog, database => 'empty'), '', 'DROP EXTENSION leaves nothing');
query($node, 'CREATE EXTENSION customer_value; CREATE TABLE keeps (log cv_activity_log)', database => 'empty');
($out, $err) = query_all($node, 'DROP EXTENSION customer_value', database => 'empty');
like($err, qr/2BP01/, 'it is not dropped from under a table');
query($node, 'DROP EXTENSION customer_value CASCADE; DROP TABLE keeps', database => 'empty');
is(query($node, $catalog, database => 'empty'), '', 'with CASCADE it is');
is(query($node, 'CREATE EXTENSION customer_value; SELECT count(*) FROM pg_extension WHERE extname = \'customer_value\'', database => 'empty'), '1', 'and comes back');

# --- planted objects --------------------------------------------------------------------

# A user who owns schema public plants everything that a careless script would run.
query($node, <<'SQL');
CREATE ROLE hostile LOGIN;
CREATE DATABASE trap OWNER hostile;
SQL
my @planted = (
    'CREATE SCHEMA spy; GRANT USAGE ON SCHEMA spy TO PUBLIC; CREATE TABLE spy.caught (who name, what text); GRANT INSERT, SELECT ON spy.caught TO PUBLIC',
    q{CREATE FUNCTION spy.note(what text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO spy.caught VALUES (current_user, what); END $$},
    q{CREATE FUNCTION public.int8(text) RETURNS int8 LANGUAGE plpgsql AS $$ BEGIN PERFORM spy.note('int8'); RETURN 1; END $$},
    q{CREATE FUNCTION public.length(text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM spy.note('length'); RETURN 1; END $$},
    q{CREATE FUNCTION public.format(text, VARIADIC text[]) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM spy.note('format'); RETURN ''; END $$},
    q{CREATE FUNCTION public.trap_eq(text, text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN PERFORM spy.note('eq'); RETURN true; END $$},
    q{CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.trap_eq)},
    q{CREATE FUNCTION public.trap_cat(text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM spy.note('cat'); RETURN ''; END $$},
    q{CREATE OPERATOR public.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = public.trap_cat)},
    q{CREATE FUNCTION public.trap_less(float8, float8) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN PERFORM spy.note('less'); RETURN true; END $$},
    q{CREATE OPERATOR public.< (LEFTARG = float8, RIGHTARG = float8, FUNCTION = public.trap_less)},
    q{CREATE DOMAIN public.float8 AS pg_catalog.float8 CHECK (spy.note('float8') IS NULL)},
    q{CREATE DOMAIN public.date AS pg_catalog.date CHECK (spy.note('date') IS NULL)},
    q{CREATE DOMAIN public.jsonb AS pg_catalog.jsonb CHECK (spy.note('jsonb') IS NULL)},
    q{CREATE DOMAIN public."interval" AS pg_catalog."interval" CHECK (spy.note('interval') IS NULL)},
    q{CREATE FUNCTION public.trap_event() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM spy.note('event'); RETURN 1; END $$},
    q{CREATE TABLE public.purchase_history (id int); CREATE TABLE public.activity_log (id int); CREATE TABLE public.customer_base (id int); CREATE TABLE public.orders (id int)},
    q{ALTER DATABASE trap SET search_path = public, pg_catalog, pg_temp});
($out, $err) = as_user('hostile', 'trap', 'GRANT ALL ON SCHEMA public TO hostile;');
query($node, 'ALTER SCHEMA public OWNER TO hostile', database => 'trap');
($out, $err) = as_user('hostile', 'trap', join(";\n", @planted) . ';');
is($err, '', 'the traps are laid');
($out, $err) = query_all($node, 'CREATE EXTENSION customer_value', database => 'trap');
is($err, '', 'a superuser creates the extension among the traps');
is(query($node, "SET search_path = pg_catalog; SELECT count(*) FROM spy.caught", database => 'trap'), '0', 'no trap was sprung by the script');
is(query($node, <<'SQL', database => 'trap'), '', 'no function of the extension takes or gives a planted type');
SET search_path = pg_catalog;
SELECT p.oid::regprocedure FROM pg_proc AS p JOIN pg_depend AS d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e',
    unnest(p.proargtypes::oid[] || p.prorettype || coalesce(p.proallargtypes, '{}')) AS t (id) JOIN pg_type ON pg_type.oid = t.id
WHERE typtype = 'd';
SQL
($out, $err) = query_all($node, "SET search_path = pg_catalog;\n" . whole_job('public'), database => 'trap');
is("$err$out", $done, 'and it works there');
is(query($node, "SET search_path = pg_catalog; SELECT count(*) FROM spy.caught", database => 'trap'), '0', 'no trap was sprung by its use');
query($node, 'SET search_path = pg_catalog; DROP EXTENSION customer_value', database => 'trap');

# What is in the way stops the script: it is never taken over.
as_user('hostile', 'trap', 'SET search_path = pg_catalog; CREATE TYPE public.cv_activity_log AS ENUM (\'mine\')');
($out, $err) = query_all($node, 'CREATE EXTENSION customer_value', database => 'trap');
like($err, qr/42710/, 'a type of the same name stops the script');
as_user('hostile', 'trap', 'SET search_path = pg_catalog; DROP TYPE public.cv_activity_log; CREATE TABLE public.cv_customer_base (id int)');
($out, $err) = query_all($node, 'CREATE EXTENSION customer_value', database => 'trap');
like($err, qr/42710/, 'so does a table');
as_user('hostile', 'trap', q{SET search_path = pg_catalog; DROP TABLE public.cv_customer_base; CREATE TYPE public.cv_purchase_history AS (a int)});
($out, $err) = query_all($node, 'CREATE EXTENSION customer_value', database => 'trap');
like($err, qr/42710/, 'and a composite type');
is(query($node, "SET search_path = pg_catalog; SELECT count(*) FROM spy.caught", database => 'trap'), '0', 'and still no trap was sprung');

$node->stop;
done_testing();
