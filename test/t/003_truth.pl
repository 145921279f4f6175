# Simulated truth: 60 sets of customers of each family, fitted with their own family. The
# 95 % intervals hold the truth about as often as they say. The seeds are fixed, so this
# comes out the same every time; the bounds leave room for other platforms' libm only.
# The models are such that a week holds few purchases: dates, not times, then cost nothing.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use CustomerValue;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('truth');
my $sets = 60;

for my $family (FAMILIES)
{
    my $truth = BUYING->{$family};
    my @rows = split /\n/, query($node, <<"SQL");
SET client_min_messages = error;
CREATE TEMP TABLE fitted AS
    SELECT seed, fit_buying(base, '$family') AS model,
        (SELECT sum((h ->> 4)::int * log_likelihood('$truth'::cv_buying_model, ROW(h -> 0, h -> 1, h -> 2, NULL, NULL)::cv_purchase_history))
         FROM jsonb_array_elements(base::jsonb -> 'histories') AS h) AS at_truth
    FROM (SELECT seed, customer_base(h) AS base
        FROM (SELECT seed, customer_id, purchase_history(at, amount, '2022-12-31') AS h
            FROM generate_series(1, $sets) AS seed,
                simulate_purchases('$truth', '${\ SPENDING}', 1200, '2022-12-31', '2021-01-01', '2021-12-31', seed)
            GROUP BY seed, customer_id) AS s
        GROUP BY seed) AS t;
SELECT name, count(*), count(*) FILTER (WHERE t.estimate BETWEEN p.low AND p.high), avg(ln(p.estimate / t.estimate) / (ln(p.high / p.low) / 2 / 1.96)),
    count(*) FILTER (WHERE ln(p.estimate / t.estimate) > 0)
FROM fitted, parameters(model) AS p JOIN parameters('$truth'::cv_buying_model) AS t USING (name) GROUP BY name ORDER BY name;
SELECT '-', count(*), count(*) FILTER (WHERE (goodness(model)).converged), min((goodness(model)).log_likelihood - at_truth), avg((goodness(model)).log_likelihood - at_truth) FROM fitted;
SQL
    my (undef, $fits, $converged, $least, $mean) = split /\|/, pop @rows;
    is($fits, $sets, "$family: $sets fits");
    # a small set can have no optimum within bounds; that is then said
    ok($converged >= 0.9 * $sets, "$family: nine in ten fits converge") or diag("$converged of $sets");
    ok($least >= 0, "$family: no fit is less likely than the truth") or diag("least $least");
    # twice the gain is chi squared with as many degrees of freedom as parameters
    my $parameters = @rows;
    ok($mean > 0.6 * $parameters / 2 && $mean < 1.5 * $parameters / 2, "$family: the likelihood gains half a unit a parameter")
      or diag("mean gain $mean");
    my ($of, $held) = (0, 0);
    for my $row (@rows)
    {
        my ($name, $n, $holds, $bias) = split /\|/, $row;
        $of += $n;
        $held += $holds;
        ok(abs($bias) < 0.6, "$family: $name is not biased") or diag("mean error $bias standard errors");
    }
    ok($of >= 0.9 * $sets * @rows, "$family: intervals for all converged fits");
    my $share = $held / $of;
    diag(sprintf('%s: %.1f %% of %d intervals hold the truth', $family, 100 * $share, $of));
    ok($share >= 0.88 && $share <= 0.99, "$family: the 95 % intervals hold the truth at that rate")
      or diag("share $share of $of");
}

# Spending, by the same count.
{
    my @rows = split /\n/, query($node, <<"SQL");
SET client_min_messages = error;
CREATE TEMP TABLE fitted AS
    SELECT seed, fit_spending(customer_base(h)) AS model
    FROM (SELECT seed, customer_id, purchase_history(at, amount, '2022-12-31') AS h
        FROM generate_series(1, $sets) AS seed,
            simulate_purchases('${\ BUYING->{nbd}}', '${\ SPENDING}', 1200, '2022-12-31', '2021-01-01', '2021-12-31', 1000 + seed)
        GROUP BY seed, customer_id) AS s
    GROUP BY seed;
SELECT name, count(*), count(*) FILTER (WHERE t.estimate BETWEEN p.low AND p.high)
FROM fitted, parameters(model) AS p JOIN parameters('${\ SPENDING}'::cv_spending_model) AS t USING (name) GROUP BY name ORDER BY name;
SQL
    my ($of, $held) = (0, 0);
    for my $row (@rows)
    {
        my ($name, $n, $holds) = split /\|/, $row;
        is($n, $sets, "gamma-gamma: all fits have an interval for $name");
        $of += $n;
        $held += $holds;
    }
    my $share = $held / $of;
    diag(sprintf('gamma-gamma: %.1f %% of %d intervals hold the truth', 100 * $share, $of));
    ok($share >= 0.88 && $share <= 0.99, 'gamma-gamma: the 95 % intervals hold the truth at that rate')
      or diag("share $share of $of");
}

# Predictions for simulated customers come true in what happens to them next.
for my $family (FAMILIES)
{
    my $truth = BUYING->{$family};
    my ($expected, $happened, $new, $first_half, $alive, $none, $none_happened) = row($node, <<"SQL");
CREATE TEMP TABLE log AS
    SELECT customer_id, activity_log(at, amount) AS log
    FROM simulate_purchases('$truth', '${\ SPENDING}', 20000, '2023-12-31', '2021-01-01', '2021-12-31', 5)
    GROUP BY customer_id;
CREATE TEMP TABLE told AS
    SELECT purchase_history(log, '2022-12-31') AS h, purchase_history(log, '2023-12-31') AS later, log FROM log;
SELECT sum(expected_purchases('$truth', h, '365 days')), sum((later).frequency - (h).frequency),
    count(*) * expected_purchases('$truth', '365 days'), sum((purchase_history(log, first_on(log) + 365)).frequency), avg(p_alive('$truth', h)),
    sum(purchase_probability('$truth', h, '365 days', 0)), count(*) FILTER (WHERE (later).frequency = (h).frequency)
FROM told;
SQL
    is_near($expected, $happened, 0.04, "$family: as many purchases in the next year as expected");
    is_near($new, $first_half, 0.04, "$family: as many purchases in the first year as expected of new customers");
    is_near($none, $none_happened, 0.02, "$family: as many customers without a purchase as expected");
    ok($alive > 0 && $alive <= 1, "$family: P(alive) is a probability");
}

# A fit with another family than the true one ends in reasonable time, and is either
# converged with usable errors or says that it is not.
for my $family (FAMILIES)
{
    query($node, <<"SQL");
DROP TABLE IF EXISTS base;
CREATE TABLE base AS SELECT customer_base(h) AS base FROM (
    SELECT purchase_history(at, amount, '2022-12-31') AS h
    FROM simulate_purchases('${\ BUYING->{$family}}', '${\ SPENDING}', 5000, '2022-12-31', '2021-01-01', '2022-06-30', 7) GROUP BY customer_id) AS s;
SQL
    for my $other (grep { $_ ne $family } FAMILIES)
    {
        my ($out, $err) = query_all($node, <<"SQL");
SET statement_timeout = '10s';
SELECT (goodness(model)).converged, (SELECT max(ln(high / low)) FROM parameters(model)) FROM (SELECT fit_buying(base, '$other') AS model FROM base OFFSET 0) AS s;
SQL
        my ($converged, $spread) = split /\|/, $out, -1;
        my $honest = defined $converged && ($converged eq 't' ? $spread < log(1e12) && $err eq '' : $err =~ /WARNING.*did not converge/);
        ok($honest, "$other on customers of $family: ends in ten seconds, converged or with a warning")
          or diag('got ' . ($out // '') . "\n$err");
    }
}

$node->stop;
done_testing();
