# The value views as who runs a server meets them: a refresh that is cancelled, terminated or
# killed at every step and at random moments, two at once, readers during the swap, a crash,
# row-level security, grants, a dump, and the extension dropped from under them.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use CustomerValue;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

srand 70;
my $node = new_node('views', "restart_after_crash = on\n");
query($node, 'CREATE DATABASE shop');
sub shop { return query($node, shift, database => 'shop', @_) }
shop(PostgreSQL::Test::Utils::slurp_file("$FindBin::RealBin/../drivers/setup.sql"));

# digest: of all that the views of a schema show, and of what an incremental refresh goes on
# from. halt: holds a refresh where it has done a step, and not committed it, while the
# table says so.
shop(<<'SQL');
CREATE SCHEMA harness;
CREATE FUNCTION harness.digest(target text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    part text;
    whole text := '';
    made text;
BEGIN
    FOR made IN SELECT relname FROM pg_class WHERE relnamespace = target::regnamespace AND (relkind = 'v' OR relname = 'customer_logs')
                AND relname <> ALL ('{orders,touches,surveys,tickets,ratings,costs,assessments}') ORDER BY relname LOOP
        EXECUTE format('SELECT count(*) || '' '' || md5(coalesce(string_agg(v::text, chr(10) ORDER BY v::text COLLATE "C"), '''')) FROM %I.%I AS v', target, made) INTO part;
        whole := whole || made || ' ' || part || ', ';
    END LOOP;
    EXECUTE format('SELECT concat_ws('' '', last_order_id, orders_read, amount_read) FROM %I.value_views', target) INTO part;
    RETURN whole || part;
END $$;
CREATE TABLE harness.halt (step text);
CREATE FUNCTION harness.halt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WHILE NEW.status LIKE 'done%' AND EXISTS (SELECT FROM harness.halt WHERE step = NEW.step) LOOP
        PERFORM pg_sleep(0.02);
    END LOOP;
    RETURN NEW;
END $$;
CREATE TRIGGER halt BEFORE UPDATE ON value.refresh_log FOR EACH ROW EXECUTE FUNCTION harness.halt();
CREATE SEQUENCE harness.order_ids START 200000;
-- one more customer, so that the next state is another
CREATE FUNCTION harness.order() RETURNS void LANGUAGE sql AS $$
    INSERT INTO shop.orders (order_id, customer_id, ordered_on, amount, segment)
    SELECT id, id, date '2025-12-31', 10 + id % 7, 'late' FROM (SELECT nextval('harness.order_ids') AS id) AS s
$$;
SQL

sub digest { return shop("SELECT harness.digest('" . ($_[0] // 'value') . "')") }

# A statement in a session of its own: what is needed to wait for its end.
sub begin
{
    my ($sql) = @_;
    my %session = (out => '', err => '');
    $session{handle} = IPC::Run::start(
        [ 'psql', '-X', '-A', '-t', '-q', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('shop'), '-c', 'SET client_min_messages = error', '-c', $sql ],
        '<', \undef, '>', \$session{out}, '2>', \$session{err});
    return \%session;
}

sub finish
{
    my ($session) = @_;
    IPC::Run::finish($session->{handle});
    return $session->{err};
}

my $refreshing = q{FROM pg_stat_activity WHERE query LIKE 'CALL refresh_value_views%' AND state = 'active'};

# Begins a refresh and waits until it has done the step; its session and process.
sub halted
{
    my ($step, $call) = @_;
    shop("INSERT INTO harness.halt VALUES ('$step')");
    my $session = begin($call // q{CALL refresh_value_views('value')});
    $node->poll_query_until('shop', "SELECT count(*) = 1 $refreshing AND wait_event = 'PgSleep'") or die "no refresh halts at $step";
    return ($session, shop("SELECT pid $refreshing"));
}

sub release { return shop('DELETE FROM harness.halt') }

# After an end by force: a server that takes connections.
sub wait_for_server
{
    $node->poll_query_until('shop', 'SELECT true') or die 'the server did not come back';
    return;
}

# The next refresh succeeds, leaves nothing, and tells what became of the one before.
sub goes_on
{
    my ($name) = @_;
    release();
    shop(q{CALL refresh_value_views('value')});
    is(shop(q{SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = 'value'::regnamespace AND relname LIKE 'work%'),
        (SELECT count(*) FROM value.refresh_log WHERE status = 'running'), (SELECT count(*) FROM value.customers) = (SELECT count(DISTINCT customer_id) FROM shop.orders)}),
        '0|0|t', "$name: the next refresh shows everything and leaves nothing");
    return;
}

# --- the end at every step --------------------------------------------------------------

my @steps = split /\n/, shop('SELECT step FROM value.refresh_log WHERE refresh = 1 ORDER BY step_number');
cmp_ok(scalar @steps, '>=', 18, 'a refresh of all sources has its steps');

my %end = (
    cancel => sub { shop("SELECT pg_cancel_backend($_[0])") },
    terminate => sub { shop("SELECT pg_terminate_backend($_[0])") },
    kill => sub { kill 'KILL', $_[0]; wait_for_server() },
    crash => sub { $node->stop('immediate'); $node->start });

sub ends_at
{
    my ($way, $step) = @_;
    my $before = digest();
    shop('SELECT harness.order()');
    my ($session, $process) = halted($step);
    $end{$way}->($process);
    my $error = finish($session);
    my $last = q{SELECT step, left(status, 9) FROM value.refresh_log ORDER BY refresh DESC, step_number DESC LIMIT 1};
    like($error, $way eq 'cancel' ? qr/57014: canceling statement due to user request/ : qr/57P01|57P02|server closed the connection|terminating/, "$way at $step: the caller is told");
    is(shop($last), "$step|" . ($way eq 'cancel' ? 'cancelled' : 'running'), "$way at $step: the log tells of it");
    is(digest(), $before, "$way at $step: the views are as they were");
    goes_on("$way at $step");
    isnt(digest(), $before, "$way at $step: and then show what is new");
    is(shop(q{SELECT count(*) FROM value.refresh_log WHERE status LIKE 'cancelled%' AND refresh = (SELECT max(refresh) - 1 FROM value.refresh_log)}), 1, "$way at $step: one step was cancelled");
    return;
}

ends_at('cancel', $_) for @steps;
ends_at('terminate', $_) for grep { $_ =~ /^(orders|models|value_chain|swap)$/ } @steps;
ends_at('kill', $_) for grep { $_ =~ /^(orders|customers|swap)$/ } @steps;
ends_at('crash', $_) for grep { $_ =~ /^(value_chain|swap)$/ } @steps;

# A refresh that fails says why, with the words of the error.
my $before = digest();
shop(q{INSERT INTO shop.surveys (customer_id, at, question, score) VALUES (1, '2025-11-11', 'nps', 11)});
my (undef, $error) = query_all($node, q{CALL refresh_value_views('value')}, database => 'shop');
like($error, qr/ERROR:  22003: score 11 is not a whole number from 0 to 10/, 'an error of a source is told');
unlike($error, qr/^(DETAIL|HINT):\s*$/m, 'without an empty detail or hint');
is(shop(q{SELECT step, status, finished IS NOT NULL FROM value.refresh_log ORDER BY refresh DESC, step_number DESC LIMIT 1}),
    'nps_trend|failed: score 11 is not a whole number from 0 to 10|t', 'and stands in the log');
is(digest(), $before, 'a refresh that fails: the views are as they were');
shop('DELETE FROM shop.surveys WHERE score = 11');
goes_on('a refresh that fails');

# --- the end at random moments ----------------------------------------------------------

my $began = time;
shop(q{CALL refresh_value_views('value')});
my $takes = time - $began;
my $done = 0;
for my $trial (1 .. 15)
{
    my $way = (qw(cancel terminate cancel terminate kill))[ $trial % 5 ];
    my $incremental = $trial % 3 == 0 ? ', incremental => true' : '';
    $before = digest();
    shop('SELECT harness.order()');
    my $session = begin("CALL refresh_value_views('value'$incremental)");
    sleep rand 1.1 * $takes;
    my $process = shop("SELECT pid $refreshing");
    $end{$way}->($process) if $process ne '';
    finish($session);
    wait_for_server();
    my $after = digest();
    shop("CALL refresh_value_views('value'$incremental)");
    my $whole = digest();
    $done++ if $after eq $whole;
    ok($after eq $before || $after eq $whole, "trial $trial, $way: the views are as they were, or all new");
    goes_on("trial $trial, $way");
}
diag("$done of 15 refreshes were done before their end");

# --- two at once ------------------------------------------------------------------------

my ($session) = halted('customers');
for my $other (q{CALL refresh_value_views('value')}, q{CALL refresh_value_views('value', incremental => true)}, q{SELECT drop_value_views('value')},
    q{SELECT create_value_views('value', 'shop.orders')})
{
    (undef, $error) = query_all($node, $other, database => 'shop');
    like($error, qr/ERROR:  55006: the value views in the schema value are being refreshed\nHINT:  The table value.refresh_log tells how far that is\./, "refused during a refresh: $other");
}
shop(q{CALL refresh_value_views('value_named')});
is(shop(q{SELECT count(*) FROM value_named.refresh_log WHERE step = 'swap' AND status = 'done'}), 2, 'the views of another schema are refreshed meanwhile');
is(shop(q{SELECT step, status FROM value.refresh_log WHERE status = 'running'}), 'customers|running', 'the log tells any session how far it is');
release();
is(finish($session), '', 'the first goes on to its end');

# --- readers ----------------------------------------------------------------------------

# During the swap nobody waits, and who began before it sees the state of before to the end.
$before = digest();
shop('SELECT harness.order()');
($session) = halted('swap');
is(shop(q{SET lock_timeout = '1ms'; SELECT harness.digest('value')}), $before, 'readers do not wait for the swap, and see the state before it');
my $old = begin(q{BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) > 0 FROM value.value_chain;
    DO $$BEGIN WHILE EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()) LOOP PERFORM pg_sleep(0.02); END LOOP; END$$;
    SELECT harness.digest('value')});
$node->poll_query_until('shop', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE 'BEGIN ISOLATION LEVEL%' AND wait_event = 'PgSleep'}) or die 'no reader';
release();
is(finish($session), '', 'a transaction that reads does not stop the swap');
is(finish($old), '', 'nor the swap that transaction');
is((split /\n/, $old->{out})[-1], $before, 'an older snapshot sees the state before the swap');
isnt(digest(), $before, 'a newer one what is new');

# A reader all the time: the views agree with one another in every statement, in whatever
# order it reads them.
shop('CREATE TABLE harness.seen (chain bigint, segments bigint, customers bigint); CREATE TABLE harness.stop ()');
my $reader = begin(<<'SQL');
DO $$
BEGIN
    WHILE to_regclass('harness.stop') IS NOT NULL LOOP
        INSERT INTO harness.seen
        SELECT (SELECT customers_reached FROM value.value_chain WHERE stage = 'sales'), (SELECT sum(customers) FROM value.clv_by_segment), (SELECT count(*) FROM value.customers);
        COMMIT;
    END LOOP;
END$$
SQL
for (1 .. 6)
{
    shop('SELECT harness.order()');
    shop(q{CALL refresh_value_views('value')});
}
shop('DROP TABLE harness.stop');
is(finish($reader), '', 'a reader all the time reads without an error');
is(shop('SELECT count(*) FROM harness.seen WHERE chain IS DISTINCT FROM customers OR segments IS DISTINCT FROM customers OR customers = 0'), 0,
    'what it sees is never empty, nor a mixture');
cmp_ok(shop('SELECT count(DISTINCT customers) FROM harness.seen'), '>', 2, 'and it saw several states');

# --- increments -------------------------------------------------------------------------

shop(q{CALL refresh_value_views('value')});
shop('SELECT harness.order()');
(undef, $error) = query_all($node, q{CALL refresh_value_views('value', incremental => true)}, database => 'shop');
unlike($error, qr/anew/, 'new orders alone are read alone');
my $part = digest();
shop(q{CALL refresh_value_views('value')});
is(digest(), $part, 'which gives what reading all does');
my %changed = (
    'an amount' => 'UPDATE shop.orders SET amount = amount + 1 WHERE order_id = 5',
    'an order less' => 'DELETE FROM shop.orders WHERE order_id = 7',
    'an order more' => q{INSERT INTO shop.orders (order_id, customer_id, ordered_on, amount) VALUES (8, 8, '2024-05-05', 0)},
    'an order without a number' => q{INSERT INTO shop.orders (customer_id, ordered_on, amount) VALUES (9, '2024-05-05', 3)});
for my $what (sort keys %changed)
{
    shop($changed{$what});
    (undef, $error) = query_all($node, q{CALL refresh_value_views('value', incremental => true)}, database => 'shop');
    like($error, qr/NOTICE: .* refresh_value_views reads all orders anew: /, "changed history, $what: says so");
    like(shop(q{SELECT status FROM value.refresh_log WHERE step = 'orders' ORDER BY refresh DESC LIMIT 1}), qr/^done: all orders read anew: /, "changed history, $what: so does the log");
    $part = digest();
    shop(q{CALL refresh_value_views('value')});
    is(digest(), $part, "changed history, $what: all is done");
}

# --- who may see what -------------------------------------------------------------------

is(shop(q{SELECT count(*) FROM pg_class WHERE relnamespace = 'value'::regnamespace AND relacl IS NOT NULL}), 0, 'nothing is granted');
is(shop(q{SELECT nspacl IS NULL FROM pg_namespace WHERE nspname = 'value'}), 't', 'nor is the schema');
shop(<<'SQL');
CREATE ROLE keeper;
CREATE ROLE analyst;
GRANT CREATE ON DATABASE shop TO keeper;
GRANT USAGE ON SCHEMA shop, value TO keeper, analyst;
GRANT SELECT ON ALL TABLES IN SCHEMA shop TO keeper;
GRANT SELECT ON shop.surveys TO analyst;
ALTER TABLE shop.orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY web ON shop.orders TO keeper USING (segment LIKE 'web%');
ALTER TABLE shop.surveys ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON shop.surveys TO analyst USING (score < 5);
GRANT SELECT ON value.orders, value.surveys TO analyst;
SQL
# A refresh by a role that sees a part holds that part.
(my $out, $error) = query_all($node, <<'SQL', database => 'shop');
SET ROLE keeper;
SELECT count(*) FROM create_value_views('part', 'shop.orders', surveys => 'shop.surveys');
CALL refresh_value_views('part');
SELECT 'customers', count(*), min(segment), max(segment) FROM part.customers;
SELECT 'answers', count(*) FROM part.nps_trend;
SELECT 'orders', count(*) FROM part.orders;
RESET ROLE;
SELECT 'of the web', count(DISTINCT customer_id), count(*) FROM shop.orders WHERE segment LIKE 'web%';
SELECT 'all orders', count(*) = (SELECT count(*) FROM shop.orders) FROM part.orders;
SQL
my ($web, $web_orders) = $out =~ /^of the web\|(\d+)\|(\d+)$/m;
cmp_ok($web, '>', 10, 'some customers are of the web');
like($out, qr/^customers\|$web\|web "direct"\|web "direct"$/m, 'a refresh holds what its role may see of the orders');
like($out, qr/^answers\|0$/m, 'and nothing of a source of which it may see nothing');
like($out, qr/^orders\|$web_orders\nall orders\|t$|^orders\|$web_orders$/m, 'its view of the source shows it that part');
like($out, qr/^all orders\|t$/m, 'and everything to who may see everything');
# The canonical views are read with the rights of the reader.
($out, $error) = query_all($node, "SET ROLE analyst; SELECT count(*) > 0, max(score) FROM value.surveys; SELECT count(*) FROM value.orders; SELECT count(*) FROM value.customers", database => 'shop');
like($out, qr/^t\|4$/m, 'a policy on a source holds in its canonical view');
like($error, qr/42501: permission denied for table orders.*42501: permission denied for view customers/s, 'a grant on a view is none on its source, and a result needs one too');
# A policy on a result.
shop(<<'SQL');
GRANT SELECT ON value.customers, value.stored_customers TO analyst;
ALTER TABLE value.stored_customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_segment ON value.stored_customers TO analyst USING (segment LIKE 'web%');
SQL
sub web_only
{
    my ($name) = @_;
    my ($seen) = query_all($node, q{SET ROLE analyst; SELECT count(*) > 10, count(*) FILTER (WHERE segment NOT LIKE 'web%') FROM value.customers}, database => 'shop');
    is($seen =~ s/\s//gr, 't|0', $name);
    return;
}
web_only('a policy on the segment of a result holds');
shop(q{CALL refresh_value_views('value')});
web_only('also after a refresh');
# Who may not refresh
(undef, $error) = query_all($node, q{SET ROLE analyst; CALL refresh_value_views('value')}, database => 'shop');
like($error, qr/ERROR:  42501: permission denied/, 'a reader cannot refresh');

# --- through a dump ---------------------------------------------------------------------

my $folder = PostgreSQL::Test::Utils::tempdir;
my $about = q{SELECT md5(string_agg(concat_ws(' ', c.oid::regclass, c.relkind, c.relacl, c.reloptions, c.relrowsecurity, pg_get_userbyid(c.relowner), obj_description(c.oid, 'pg_class'),
    (SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), col_description(attrelid, attnum)), ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0),
    (SELECT string_agg(concat_ws(' ', polname, polroles::regrole[], pg_get_expr(polqual, polrelid)), ',' ORDER BY polname) FROM pg_policy WHERE polrelid = c.oid)), chr(10) ORDER BY c.oid::regclass::text))
    || ' ' || count(*) || ' ' || (SELECT string_agg(concat_ws(' ', nspname, nspacl, pg_get_userbyid(nspowner)), ', ' ORDER BY nspname) FROM pg_namespace WHERE nspname IN ('value', 'part'))
    FROM pg_class AS c WHERE c.relnamespace::regnamespace::text IN ('value', 'value_named', 'value_new', 'part') AND c.relkind IN ('r', 'v')};
for my $format ('plain', 'custom')
{
    my $file = "$folder/$format";
    $node->command_ok([ 'pg_dump', '--no-sync', "--format=$format", "--file=$file", '--dbname', $node->connstr('shop') ], "$format: dumped");
    query($node, "CREATE DATABASE $format");
    $node->command_ok(
        $format eq 'plain' ? [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $file, '-o', "$folder/out", $node->connstr($format) ]
        : [ 'pg_restore', '--exit-on-error', '--dbname', $node->connstr($format), $file ], "$format: restored without an error");
    for my $schema (qw(value value_named value_new part))
    {
        is(query($node, "SELECT harness.digest('$schema')", database => $format), digest($schema), "$format: the views in $schema show the same");
    }
    is(query($node, $about, database => $format), shop($about), "$format: comments, grants, policies, owners");
    query($node, 'SELECT harness.order()', database => $format);
    query($node, q{CALL refresh_value_views('value', incremental => true)}, database => $format);
    is(query($node, q{SELECT count(*) FROM value.customers WHERE segment = 'late'}, database => $format), 1 + shop(q{SELECT count(*) FROM value.customers WHERE segment = 'late'}),
        "$format: a refresh goes on where the last one was");
    query($node, "DROP DATABASE $format");
}

# --- without the extension --------------------------------------------------------------

query($node, 'CREATE DATABASE bare TEMPLATE shop');
sub bare { return query($node, shift, database => 'bare') }
(undef, $error) = query_all($node, 'DROP EXTENSION customer_value', database => 'bare');
like($error, qr/ERROR:  2BP01: cannot drop extension customer_value because other objects depend on it\nDETAIL:  (column log of table \w+\.customer_logs depends on type cv_activity_log\n?)+HINT/,
    'the extension is not dropped while logs are stored, and says which');
my $kept = q{SELECT string_agg(md5(v::text), '' ORDER BY v::text) FROM value.customers AS v};
$before = bare($kept);
bare('SET client_min_messages = warning; DROP EXTENSION customer_value CASCADE');
is(bare($kept), $before, 'dropped with CASCADE: the results stay');
is(bare(q{SELECT string_agg(DISTINCT attname::text, ' ' ORDER BY attname::text) FROM pg_attribute WHERE attrelid = 'value.customer_logs'::regclass AND attnum > 0 AND NOT attisdropped}),
    'breadth_of customer_id margin segment segment_on', 'the logs go');
is(bare(q{SELECT (SELECT count(*) FROM pg_proc WHERE proname LIKE 'cv\_%' OR prosrc LIKE 'cv\_%') + (SELECT count(*) FROM pg_type WHERE typname LIKE 'cv\_%')}), 0, 'nothing else of the extension is left');
bare('CREATE EXTENSION customer_value');
bare(q{SELECT create_value_views('value', 'shop.orders', surveys => 'shop.surveys')});
bare(q{CALL refresh_value_views('value')});
is(bare('SELECT count(*) = (SELECT count(DISTINCT customer_id) FROM shop.orders) FROM value.customers'), 't', 'with the extension there again the views are made and filled again');
# Without orders nothing keeps the extension.
bare(q{SELECT drop_value_views(nspname) FROM pg_namespace WHERE nspname LIKE 'value%' OR nspname = 'part'});
is(bare(q{SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'value%' OR nspname = 'part'}), 0, 'drop_value_views leaves no schema');
is(bare(q{SELECT (SELECT count(*) FROM pg_class WHERE relname ~ '^(stored|work)_|^(customer_logs|refresh_log|value_views)$') + (SELECT count(*) FROM pg_type WHERE typname ~ '^_?stored_')}), 0, 'and nothing in any');
bare(q{SELECT create_value_views('value', surveys => 'shop.surveys')});
bare(q{CALL refresh_value_views('value')});
bare('DROP EXTENSION customer_value');
is(bare('SELECT count(*) > 0 FROM value.nps_trend'), 't', 'views without orders do not keep the extension, and stay');

# What stays without the extension is dropped with its schema.
bare('SET client_min_messages = warning; DROP SCHEMA value CASCADE');
is(bare(q{SELECT to_regnamespace('value') IS NULL}), 't', 'and go with their schema');

ok(backend_alive($node), 'the server is up at the end');
$node->stop;
done_testing();
