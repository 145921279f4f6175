# Regular and discrete buyers: what is known of CDNOW, simulated truth found again, k
# included, predictions that come true, and the same answers however many work on them.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use CustomerValue;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('regular');
my $data = shared_data();

# --- CDNOW: buyers who are not regular ---------------------------------------------------

if ($data)
{
    # printed by BTYDplus, whose optimiser stops some 1e-4 before the optimum
    my $btydplus = '{"family": "mbg/cnbd-k", "unit": "7 days", "k": 2, "r": 0.579908037498, "alpha": 2.288199491265, "a": 1.134330776941, "b": 1.584778574681}';
    my @rows = split /\n/, query($node, <<"SQL");
CREATE TABLE orders (master_id int, customer_id int, ordered_on date, cds int, spend numeric);
COPY orders FROM '$data/cdnow_sample_elog.csv' WITH (FORMAT csv, HEADER);
CREATE TABLE histories AS SELECT customer_id, purchase_history(ordered_on, spend::float8, '1997-09-30') AS h FROM orders GROUP BY customer_id;
CREATE TABLE fits AS SELECT family, fit_buying(base, family) AS fit
    FROM (SELECT customer_base(h) AS base FROM histories) AS b, unnest('{mbg/cnbd-2,mbg/cnbd-k,bg/cnbd-k,best}'::text[]) AS family;
SELECT name, p.estimate, t.estimate FROM fits, parameters(fit) AS p JOIN parameters('$btydplus'::cv_buying_model) AS t USING (name) WHERE family = 'mbg/cnbd-2' ORDER BY name COLLATE "C";
SELECT (goodness(fit)).log_likelihood, (goodness(fit)).converged, (SELECT sum(log_likelihood('$btydplus'::cv_buying_model, h)) FROM histories) FROM fits WHERE family = 'mbg/cnbd-2';
SELECT family, fit::jsonb ->> 'k', (goodness(fit)).log_likelihood FROM fits WHERE family IN ('mbg/cnbd-k', 'bg/cnbd-k') ORDER BY family COLLATE "C";
SELECT fit::jsonb ->> 'family', jsonb_array_length((goodness(fit)).compared) FROM fits WHERE family = 'best';
SQL
    my $best = pop @rows;
    my ($mbg, $bg) = (pop @rows, pop @rows);
    my ($log_likelihood, $converged, $at_theirs) = split /\|/, pop @rows;
    for my $row (@rows)
    {
        my ($name, $got, $expected) = split /\|/, $row;
        is_near($got, $expected, 2e-4, "CDNOW, MBG/CNBD-2: $name of BTYDplus");
    }
    is(scalar @rows, 5, 'CDNOW, MBG/CNBD-2: k and four parameters');
    is($converged, 't', 'CDNOW, MBG/CNBD-2: converged');
    is_near($at_theirs, -9853.2531289, 1e-10, 'CDNOW, MBG/CNBD-2: the likelihood at the parameters of BTYDplus');
    ok($log_likelihood >= -9853.2531289 && $log_likelihood < -9853.2531, 'CDNOW, MBG/CNBD-2: the likelihood is not below that of BTYDplus')
      or diag("got $log_likelihood");
    my (undef, $k, $like) = split /\|/, $mbg;
    is($k, 1, 'CDNOW: buying is not regular, k is 1');
    is_near($like, -9582.13571555, 1e-10, 'CDNOW: with k = 1 it is MBG/NBD');
    is_near((split /\|/, $bg)[2], -9582.42920667, 1e-10, 'CDNOW: and BG/NBD');
    is($best, 'mbg/nbd|6', 'CDNOW: best of six is MBG/NBD');
}

# --- simulated customers -----------------------------------------------------------------

# family, model, unit, as_of: few purchases a week, so that the grid of days does no harm
my @truths = (
    [ 'mbg/cnbd-k', '{"family": "mbg/cnbd-k", "unit": "7 days", "k": 3, "r": 1.5, "alpha": 11, "a": 0.9, "b": 2.5}' ],
    [ 'bg/cnbd-k', '{"family": "bg/cnbd-k", "unit": "7 days", "k": 2, "r": 1.2, "alpha": 11, "a": 0.9, "b": 2.5}' ],
    [ 'mbg/cnbd-k', '{"family": "mbg/cnbd-k", "unit": "30 days", "k": 6, "r": 2.5, "alpha": 2.5, "a": 0.9, "b": 2.5}' ],
    [ 'bg/bb', '{"family": "bg/bb", "unit": "91 days", "alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.8}' ]);

for my $truth (@truths)
{
    my ($family, $model) = @$truth;
    my ($k) = $model =~ /"k": (\d+)/;
    my ($unit) = $model =~ /"unit": "([^"]+)"/;
    my $name = $k ? "$family, k = $k" : $family;
    # bg/bb: a whole number of quarters up to the days of fit and test
    my ($fit_on, $test_on) = $family eq 'bg/bb' ? ('2024-12-29', '2025-12-28') : ('2024-12-31', '2025-12-31');
    my $acquired = $family eq 'bg/bb' ? "'2022-07-03', '2022-07-03'" : "'2022-01-01', '2022-12-31'";
    my ($converged, $gain, $inside, $parameters, $found, $best, $expected, $happened, $none, $none_happened, $alive) = row($node, <<"SQL");
CREATE TEMP TABLE logs AS SELECT customer_id, activity_log(at, amount) AS log
    FROM simulate_purchases('$model', '${\ SPENDING}', 12000, '$test_on', $acquired, 4711) GROUP BY customer_id;
CREATE TEMP TABLE told AS SELECT purchase_history(log, '$fit_on') AS h, purchase_history(log, '$test_on') AS later FROM logs;
CREATE TEMP TABLE base AS SELECT customer_base(h) AS base FROM told;
CREATE TEMP TABLE fitted AS SELECT fit_buying(base, '$family', '$unit') AS model, fit_buying(base, 'best', '$unit') AS best FROM base;
SELECT (goodness(model)).converged,
    (goodness(model)).log_likelihood - (SELECT sum(log_likelihood('$model'::cv_buying_model, h)) FROM told),
    (SELECT count(*) FROM parameters(model) p JOIN parameters('$model'::cv_buying_model) t USING (name)
     WHERE t.estimate BETWEEN p.estimate * (p.low / p.estimate) ^ 2 AND p.estimate * (p.high / p.estimate) ^ 2),
    (SELECT count(*) FROM parameters(model)), coalesce(model::jsonb ->> 'k', '-'), best::jsonb ->> 'family', s.*
FROM fitted, (SELECT sum(expected_purchases('$model', h, '364 days')), sum((later).frequency - (h).frequency),
    sum(purchase_probability('$model', h, '364 days', 0)), count(*) FILTER (WHERE (later).frequency = (h).frequency), avg(p_alive('$model', h)) FROM told) AS s;
SQL
    is($converged, 't', "$name: the fit converges");
    ok($gain >= 0 && $gain < 30, "$name: the likelihood at the fit is above that at the truth, not by much") or diag("difference $gain");
    is($inside, $k ? $parameters - 1 : $parameters, "$name: every parameter is within four standard errors of the truth");
    is($found, $k // '-', "$name: k is found");
    if ($k) { is($best, $family, "$name: it is the best family"); }
    else { isnt($best, $family, "$name: best does not take it"); }
    is_near($expected, $happened, 0.04, "$name: as many purchases in the next year as expected");
    is_near($none, $none_happened, 0.02, "$name: as many customers without a purchase as expected");
    ok($alive > 0 && $alive <= 1, "$name: P(alive) is a probability");
}

# Of customers in one state, told apart by the time since the last purchase: those whose
# time has come buy sooner, and as much so as the model says.
{
    my $model = $truths[2][1];
    my @rows = split /\n/, query($node, <<"SQL");
CREATE TEMP TABLE logs AS SELECT customer_id, activity_log(at, amount) AS log
    FROM simulate_purchases('$model', '${\ SPENDING}', 40000, '2025-12-31', '2022-01-01', '2022-12-31', 12) GROUP BY customer_id;
CREATE TEMP TABLE told AS SELECT purchase_history(log, '2024-12-31') AS h, purchase_history(log, '2025-03-31') AS later FROM logs;
SELECT least(floor(((h).age - (h).recency) / 45), 6) AS silence, count(*), sum((later).frequency - (h).frequency), sum(expected_purchases('$model', h, '90 days'))
FROM told WHERE (h).frequency >= 3 GROUP BY silence ORDER BY silence;
SQL
    is(scalar @rows, 7, 'seven classes of silence');
    for my $row (@rows)
    {
        my ($silence, $customers, $came, $expected) = split /\|/, $row;
        ok(abs($came - $expected) < 4 * sqrt($expected) + 0.02 * $expected, "silence class $silence: $came purchases came, as expected")
          or diag("expected $expected of $customers customers");
    }
}

# --- workers -----------------------------------------------------------------------------

query($node, <<"SQL");
CREATE TABLE bought AS SELECT customer_id, at, amount
    FROM simulate_purchases('$truths[0][1]', '${\ SPENDING}', 10000, '2024-12-31', '2022-01-01', '2023-12-31', 7);
CREATE TABLE told AS SELECT customer_id, purchase_history(at, amount, '2024-12-31') AS h FROM bought GROUP BY customer_id;
CREATE TABLE model AS SELECT fit_buying(customer_base(h), 'mbg/cnbd-k') AS m FROM told;
ALTER TABLE told SET (parallel_workers = 4);
ANALYZE;
SQL
my %question = (
    'fit of mbg/cnbd-k' => "SELECT md5(fit_buying(customer_base(h), 'mbg/cnbd-k')::text) FROM told",
    'fit of best' => "SELECT md5(fit_buying(customer_base(h), 'best')::text) FROM told",
    'fit of bg/bb' => "SELECT md5(fit_buying(customer_base((least((h).frequency, 3), (h).recency + 300 * ((h).frequency > 0)::int, (h).age + 300, NULL, NULL)::cv_purchase_history), 'bg/bb', '100 days')::text) FROM told",
    'p_alive' => "SELECT md5(string_agg(p::text, ' ' ORDER BY customer_id)) FROM (SELECT customer_id, p_alive(m, h, '30 days') AS p FROM told, model) AS s",
    'clv' => "SELECT md5(string_agg(p::text, ' ' ORDER BY customer_id)) FROM (SELECT customer_id, clv(m, '${\ SPENDING}', h, '1 year') AS p FROM told, model) AS s",
    'clv for ever' => "SELECT md5(string_agg(p::text, ' ' ORDER BY customer_id)) FROM (SELECT customer_id, clv(m, '${\ SPENDING}', h) AS p FROM told, model WHERE customer_id % 4 = 0) AS s",
    'probability' => "SELECT md5(string_agg(p::text, ' ' ORDER BY customer_id)) FROM (SELECT customer_id, purchase_probability(m, h, '100 days', 1) AS p FROM told, model) AS s");
my $parallel = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;';
for my $what (sort keys %question)
{
    my $expected = query($node, "SET client_min_messages = error; SET max_parallel_workers_per_gather = 0; $question{$what}");
    for my $workers (1, 2, 4)
    {
        is(query($node, "SET client_min_messages = error; $parallel SET max_parallel_workers_per_gather = $workers; $question{$what}"), $expected, "$what, $workers workers: the same");
    }
    like($expected, qr/^[0-9a-f]{32}$/, "$what: an answer");
}

$node->stop;
done_testing();
