# The CDNOW data: from orders to histories without a difference, and the fits and
# predictions that the field knows of them. Without the data, and with them too: fits on
# simulated customers find the truth.
#
# References are the optima of the published likelihoods, polished until the gradient is
# below 1e-6, except where a package is named.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use CustomerValue;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('cdnow');
my $data = shared_data();

# --- simulated customers ----------------------------------------------------------------

sub simulated_truth
{
    for my $family (FAMILIES)
    {
        my $truth = BUYING->{$family};
        my ($converged, $gain, $inside, $parameters) = row($node, <<"SQL");
CREATE TEMP TABLE history AS
    SELECT customer_id, purchase_history(at, amount, '2022-12-31') AS h
    FROM simulate_purchases('$truth', '${\ SPENDING}', 12000, '2022-12-31', '2021-01-01', '2021-12-31', 4711)
    GROUP BY customer_id;
CREATE TEMP TABLE fitted AS
    SELECT fit_buying(customer_base(h), '$family') AS model FROM history;
SELECT (goodness(model)).converged,
    (goodness(model)).log_likelihood - (SELECT sum(log_likelihood('$truth'::cv_buying_model, h)) FROM history),
    (SELECT count(*) FROM parameters(model) p JOIN parameters('$truth'::cv_buying_model) t USING (name)
     WHERE t.estimate BETWEEN p.estimate * (p.low / p.estimate) ^ 2 AND p.estimate * (p.high / p.estimate) ^ 2),
    (SELECT count(*) FROM parameters(model))
FROM fitted;
SQL
        is($converged, 't', "$family, simulated: the fit converges");
        ok($gain >= 0 && $gain < 30, "$family, simulated: the likelihood at the fit is above that at the truth, not by much")
          or diag("difference $gain");
        is($inside, $parameters, "$family, simulated: every parameter is within four standard errors of the truth");
    }
    my ($converged, $gain, $inside) = row($node, <<"SQL");
CREATE TEMP TABLE history AS
    SELECT customer_id, purchase_history(at, amount, '2022-12-31') AS h
    FROM simulate_purchases('${\ BUYING->{'bg/nbd'}}', '${\ SPENDING}', 12000, '2022-12-31', '2021-01-01', '2021-12-31', 99)
    GROUP BY customer_id;
CREATE TEMP TABLE fitted AS SELECT fit_spending(customer_base(h)) AS model FROM history;
SELECT (goodness(model)).converged,
    (goodness(model)).log_likelihood - (SELECT sum(log_likelihood('${\ SPENDING}'::cv_spending_model, h)) FROM history),
    (SELECT count(*) FROM parameters(model) p JOIN parameters('${\ SPENDING}'::cv_spending_model) t USING (name)
     WHERE t.estimate BETWEEN p.estimate * (p.low / p.estimate) ^ 2 AND p.estimate * (p.high / p.estimate) ^ 2)
FROM fitted;
SQL
    is($converged, 't', 'gamma-gamma, simulated: the fit converges');
    ok($gain >= 0 && $gain < 30, 'gamma-gamma, simulated: the likelihood at the fit is above that at the truth, not by much')
      or diag("difference $gain");
    is($inside, 3, 'gamma-gamma, simulated: every parameter is within four standard errors of the truth');
    return;
}

# The worked examples of Python's lifetimes for the step from orders to histories.
sub small_logs
{
    is(query($node, <<'SQL'), "1|5|6\n0|0|37\n2|4|37", 'orders to histories, lifetimes\' example A');
SELECT (h).frequency, (h).recency, (h).age FROM (
    SELECT id, purchase_history(activity_log(at::date), '2015-02-07') AS h
    FROM (VALUES (1, '2015-02-06'), (1, '2015-02-01'), (2, '2015-01-01'), (3, '2015-01-05'), (3, '2015-01-01'), (3, '2015-01-02')) AS o (id, at)
    GROUP BY id) AS s ORDER BY id;
SQL
    my $orders = <<'SQL';
CREATE TEMP TABLE log AS SELECT id, activity_log(at::date, amount) AS log
    FROM (VALUES (1, '2015-02-06', 2), (1, '2015-01-01', 1), (2, '2015-01-01', 2), (3, '2015-01-01', 3),
        (3, '2015-01-05', 5), (3, '2015-01-02', 1), (4, '2015-02-05', 3), (4, '2015-01-16', 6),
        (4, '2015-02-02', 3), (5, '2015-01-16', 3), (5, '2015-01-17', 1), (5, '2015-01-18', 8),
        (6, '2015-02-02', 5)) AS o (id, at, amount)
    GROUP BY id;
SQL
    is(query($node, $orders . <<'SQL'), "1|36|37|2\n0|0|37|0\n2|4|37|3\n2|20|22|3\n2|2|22|4.5\n0|0|5|0", 'example B, with spend');
SELECT (h).frequency, (h).recency, (h).age, coalesce((h).monetary, 0)
    FROM (SELECT id, purchase_history(log, '2015-02-07') AS h FROM log) AS s ORDER BY id;
SQL
    is(query($node, $orders . <<'SQL'), "1|2\n0|0\n0|0\n2|3\n0|0", 'example B, the holdout of a calibration');
SELECT active, CASE WHEN active > 0 THEN amount / active ELSE 0 END
    FROM (SELECT id, events(log, '2015-02-02', '2015-02-07') AS active, total(log, '2015-02-02', '2015-02-07') AS amount
        FROM log WHERE NOT purchase_history(log, '2015-02-01') IS NULL) AS s ORDER BY id;
SQL
    is(query($node, "SELECT (purchase_history(d, a, '2015-02-07')).monetary FROM (VALUES (date '2015-01-09', 25), ('2015-01-01', 10), ('2015-01-05', 20)) AS o (d, a)"),
        '22.5', 'orders need not come in order');
    return;
}

# --- CDNOW ------------------------------------------------------------------------------

sub load_cdnow
{
    query($node, <<"SQL");
CREATE TABLE orders (master_id int, customer_id int, ordered_on date, cds int, spend numeric);
COPY orders FROM '$data/cdnow_sample_elog.csv' WITH (FORMAT csv, HEADER);
CREATE TABLE master (customer_id int, ordered_on date, cds int, spend numeric);
COPY master FROM '$data/cdnow_master_elog.csv' WITH (FORMAT csv, HEADER);
CREATE TABLE summary (customer_id int, x int, t_x_days int, t_days int, t_x text, t text, x_star int, m text);
COPY summary FROM '$data/cdnow_summary.csv' WITH (FORMAT csv, HEADER);
CREATE TABLE rounded (customer_id int, x int, t_x float8, t float8, m float8);
COPY rounded FROM '$data/cdnow_summary_rounded.csv' WITH (FORMAT csv, HEADER);
CREATE TABLE logs AS SELECT customer_id, activity_log(ordered_on, spend::float8) AS log FROM orders GROUP BY customer_id;
CREATE TABLE histories AS SELECT customer_id, purchase_history(log, '1997-09-30') AS h FROM logs;
CREATE TABLE bases AS
    SELECT 'exact' AS name, customer_base(ROW(x, t_x_days, t_days, CASE WHEN x > 0 THEN m::float8 END, NULL)::cv_purchase_history) AS base FROM summary
    UNION ALL SELECT 'rounded', customer_base(ROW(x, t_x * 7, t * 7, CASE WHEN x > 0 THEN m END, NULL)::cv_purchase_history) FROM rounded
    UNION ALL SELECT 'log', customer_base(h) FROM histories;
SQL
    return;
}

sub histories
{
    is(query($node, 'SELECT count(*), sum(x), sum(t_days), sum(x_star) FROM summary'), '2357|2457|539779|1882', 'the summary is all there');
    is(query($node, <<'SQL'), '', 'the log of the sample gives every row of the summary');
SELECT customer_id, (h).*, s.x, s.t_x_days, s.t_days, s.m FROM histories FULL JOIN summary AS s USING (customer_id)
WHERE NOT coalesce((h).frequency = s.x AND (h).recency = s.t_x_days AND (h).age = s.t_days
    AND round(coalesce((h).monetary, 0)::numeric, 10)::text = s.m
    AND ((h).recency / 7)::numeric(20, 12)::text = s.t_x AND ((h).age / 7)::numeric(20, 12)::text = s.t
    AND ((h).monetary IS NULL) = (s.x = 0), false);
SQL
    is(query($node, <<'SQL'), '', 'so does the aggregate over the orders');
SELECT customer_id FROM histories FULL JOIN
    (SELECT customer_id, purchase_history(ordered_on, spend::float8, '1997-09-30') AS d FROM orders GROUP BY customer_id) AS o USING (customer_id)
WHERE h::text IS DISTINCT FROM d::text;
SQL
    is(query($node, <<'SQL'), '', 'the same logs give every holdout');
SELECT customer_id FROM logs JOIN summary USING (customer_id)
WHERE (purchase_history(log, '1998-06-30')).frequency - (purchase_history(log, '1997-09-30')).frequency <> x_star;
SQL
    is(query($node, 'SELECT sum(events(log)), sum(active_days(log)), round(sum(total(log))::numeric, 2) FROM logs'), '6919|6696|244091.94', 'orders, days with orders, and money');
    is(query($node, "SELECT (SELECT count(*) FROM histories WHERE (h).frequency > 0), (SELECT count(*) FROM summary WHERE x > 0 AND m::float8 > 0)"), '946|946', 'the same repeat customers');
    return;
}

my %reference = (
    'exact' => {
        'bg/nbd' => [ -9582.42920667, [qw(.242594522 4.41360202 .792922017 2.42590677)], [qw(.01255738 .3782241 .1857338 .7054143)] ],
        'mbg/nbd' => [ -9582.13571555, [qw(.524843159 6.18308528 .891359391 1.61400224)], [qw(.08326819 .6956206 .1547899 .5374947)] ],
        'pareto/nbd' => [ -9594.97617894, [qw(.553277047 10.5776835 .60623999 11.6687353)], [qw(.04762795 .8427226 .1872818 6.211129)] ],
        'nbd' => [ -9763.65761467, [qw(.384766136 12.0720228)], [qw(.02098538 .8087232)] ],
        'gamma-gamma' => [ -4055.91769480, [qw(6.24957227 3.74422467 15.443521)], [qw(1.190056 .2901331 4.159424)] ],
    },
    'rounded' => {
        'bg/nbd' => [ -9582.42556057, [qw(.242592907 4.41353156 .792886149 2.42575344)], [qw(.01255732 .3782214 .1857191 .7053455)] ],
        'mbg/nbd' => [ -9582.13268490, [qw(.524837984 6.18299202 .891356155 1.61399934)], [qw(.08326409 .6955981 .1547853 .5374724)] ],
        'pareto/nbd' => [ -9594.97392983, [qw(.553275509 10.5776122 .60621357 11.6679113)], [qw(.04762876 .8427239 .1872796 6.211031)] ],
        'gamma-gamma' => [ -4055.92324350, [qw(6.24880251 3.74458845 15.447748)], [qw(1.189686 .2901655 4.159991)] ],
    });
$reference{log} = $reference{exact};

sub fits
{
    for my $name (sort keys %reference)
    {
        for my $family (sort keys %{ $reference{$name} })
        {
            my ($log_likelihood, $parameters, $errors) = @{ $reference{$name}{$family} };
            my $fit = $family eq 'gamma-gamma' ? 'fit_spending(base)' : "fit_buying(base, '$family', '7 days')";
            my @rows = split /\n/, query($node, <<"SQL");
CREATE TEMP TABLE fitted AS SELECT $fit AS model FROM bases WHERE name = '$name';
SELECT g.log_likelihood, g.converged, g.customers, g.aic, g.bic FROM fitted, goodness(model) AS g;
SELECT p.estimate, p.standard_error, p.low, p.high FROM fitted, parameters(model) AS p;
SQL
            my ($got, $converged, $customers, $aic, $bic) = split /\|/, shift @rows;
            my $what = "$name, $family";
            is($converged, 't', "$what: converged");
            ok($got >= $log_likelihood - 1e-5 && $got <= $log_likelihood + 1e-5, "$what: log-likelihood")
              or diag("got $got, expected $log_likelihood");
            is($customers, $family eq 'gamma-gamma' ? 946 : 2357, "$what: customers");
            is_near($aic, 2 * @$parameters - 2 * $log_likelihood, 1e-8, "$what: AIC");
            is_near($bic, @$parameters * log($customers) - 2 * $log_likelihood, 1e-8, "$what: BIC");
            is(scalar @rows, scalar @$parameters, "$what: number of parameters");
            for my $i (0 .. $#rows)
            {
                my ($estimate, $error, $low, $high) = split /\|/, $rows[$i];
                is_near($estimate, $parameters->[$i], 1e-4, "$what: parameter " . ($i + 1));
                is_near($error, $errors->[$i], 1e-3, "$what: standard error " . ($i + 1));
                is_near($low * $high, $estimate**2, 1e-9, "$what: interval " . ($i + 1) . ' is symmetric in logarithms');
            }
        }
    }
    # printed in the documentation of lifetimes
    my @low = split /\n/, query($node, "SELECT low, high FROM bases, parameters(fit_buying(base, 'bg/nbd')) WHERE bases.name = 'rounded'");
    my @printed = ([ .217981, .267205 ], [ 3.672218, 5.154846 ], [ .428877, 1.156895 ], [ 1.043276, 3.808229 ]);
    for my $i (0 .. 3)
    {
        # theirs is estimate -+ 1.96 standard errors, ours comes from the logarithm
        my ($low, $high) = split /\|/, $low[$i];
        my ($centre, $reach) = (($printed[$i][0] + $printed[$i][1]) / 2, ($printed[$i][1] - $printed[$i][0]) / 2);
        is_near($low, $centre * exp(-$reach / $centre), 1e-4, 'the interval of lifetimes, on the log scale, low ' . ($i + 1));
        is_near($high, $centre * exp($reach / $centre), 1e-4, 'the interval of lifetimes, on the log scale, high ' . ($i + 1));
    }
    is(query($node, <<'SQL'), '{"family": "mbg/nbd", "converged": true}|6', 'best takes the lowest BIC, and tells of all');
SELECT (SELECT jsonb_build_object('family', c -> 'family', 'converged', c -> 'converged')
    FROM jsonb_array_elements(g.compared) AS c ORDER BY (c ->> 'bic')::float8 LIMIT 1), jsonb_array_length(g.compared)
FROM bases, fit_buying(base, 'best') AS model, goodness(model) AS g
WHERE name = 'exact' AND model::jsonb ->> 'family' = 'mbg/nbd';
SQL
    return;
}

# Parameters do not hang on the unit, but for the scale of alpha and beta.
sub units
{
    for my $unit ([ '1 day', 1 ], [ '1 month', 30 ], [ '1 year', 365.25 ])
    {
        my ($alpha, $beta, $other) = row($node, <<"SQL");
SELECT max(d.estimate * $unit->[1] / (w.estimate * 7)) FILTER (WHERE d.name = 'alpha'),
    max(d.estimate * $unit->[1] / (w.estimate * 7)) FILTER (WHERE d.name = 'beta'),
    max(abs(d.estimate / w.estimate - 1)) FILTER (WHERE d.name IN ('r', 's'))
FROM bases AS b, LATERAL (SELECT parameters(fit_buying(base, 'pareto/nbd', '$unit->[0]')) AS p, parameters(fit_buying(base, 'pareto/nbd')) AS q) AS s,
    LATERAL (SELECT (p).*) AS d, LATERAL (SELECT (q).*) AS w
WHERE b.name = 'exact';
SQL
        is_near($alpha, 1, 1e-7, "unit $unit->[0]: alpha is the same time");
        is_near($beta, 1, 1e-7, "unit $unit->[0]: beta is the same time");
        is_at_most($other, 1e-7, "unit $unit->[0]: shapes are the same");
    }
    return;
}

sub predictions
{
    query($node, <<'SQL');
CREATE TABLE fitted AS
    SELECT fit_buying(base, 'pareto/nbd') AS pareto, fit_buying(base, 'bg/nbd') AS bg, fit_buying(base, 'mbg/nbd') AS mbg,
        fit_spending(base) AS spending
    FROM bases WHERE name = 'exact';
CREATE TABLE fitted_rounded AS
    SELECT fit_buying(base, 'bg/nbd') AS bg, fit_spending(base) AS spending FROM bases WHERE name = 'rounded';
CREATE TABLE histories_rounded AS
    SELECT customer_id, ROW(x, t_x * 7, t * 7, CASE WHEN x > 0 THEN m END, NULL)::cv_purchase_history AS h FROM rounded;
SQL
    my ($alive, $purchases, $bg_alive, $bg_purchases, $mbg_alive, $mbg_purchases) = row($node, <<'SQL');
SELECT sum(p_alive(pareto, h)), sum(expected_purchases(pareto, h, '273 days')),
    sum(p_alive(bg, h)), sum(expected_purchases(bg, h, '273 days')),
    sum(p_alive(mbg, h)), sum(expected_purchases(mbg, h, '273 days'))
FROM fitted, histories;
SQL
    # CLVTools' and BTYDplus' optimisers stop after four or five digits
    is_near($alive, 1051.97096, 5e-4, 'pareto/nbd: sum of P(alive) as CLVTools has it');
    is_near($purchases, 1665.6880268, 5e-4, 'pareto/nbd: expected purchases in 39 weeks as CLVTools has them');
    is_near($bg_alive, 1917.277036, 1e-4, 'bg/nbd: sum of P(alive) as CLVTools has it');
    is_near($bg_purchases, 1653.407839, 1e-4, 'bg/nbd: expected purchases in 39 weeks as CLVTools has them');
    is_near($mbg_alive, 1057.63196768, 1e-4, 'mbg/nbd: sum of P(alive) as BTYDplus has it');
    is_near($mbg_purchases, 1576.71194553, 1e-4, 'mbg/nbd: expected purchases in 39 weeks as BTYDplus has them');

    my %customer = (
        '1 pareto' => [ .8691654901, 1.455320778 ],
        '2 pareto' => [ .1680279765, .171154399 ],
        '6 pareto' => [ .7495051483, 3.712522902 ],
        '1516 pareto' => [ .9978739355, 20.115889032 ],
        '1 mbg' => [ .706134520, 1.262746964 ],
        '2 mbg' => [ .170949137, .188942231 ],
        '3 mbg' => [ .389722137, .153965527 ],
        '6 mbg' => [ .622673727, 3.167118495 ]);
    for my $key (sort keys %customer)
    {
        my ($id, $family) = split / /, $key;
        my ($p, $n) = row($node, "SELECT p_alive($family, h), expected_purchases($family, h, '273 days') FROM fitted, histories WHERE customer_id = $id");
        is_near($p, $customer{$key}[0], 5e-4, "customer $id, $family: P(alive)");
        is_near($n, $customer{$key}[1], 5e-4, "customer $id, $family: expected purchases");
    }

    # Hardie's published parameters: the first ten customers' spend, and lifetimes' at its own fit
    my @published = qw(24.6596128609 18.9168520578 35.2189781022 35.2189781022 35.2189781022 71.4710152721 18.9168520578 35.2189781022 27.2883858268 35.2189781022);
    my @spend = split /\n/, query($node, "SELECT expected_spend('${\ SPENDING}', h) FROM histories WHERE customer_id <= 10 ORDER BY customer_id");
    is_near($spend[$_], $published[$_], 1e-9, 'expected spend at published parameters, customer ' . ($_ + 1)) for 0 .. 9;
    my @lifetimes = qw(24.658619 18.911489 35.170981 35.170981 35.170981 71.462843 18.911489 35.170981 27.282408 35.170981);
    @spend = split /\n/, query($node, 'SELECT expected_spend(spending, h) FROM fitted_rounded, histories_rounded WHERE customer_id <= 10 ORDER BY customer_id');
    is_near($spend[$_], $lifetimes[$_], 1e-4, 'expected spend as lifetimes has it, customer ' . ($_ + 1)) for 0 .. 9;
    is_near(query($node, 'SELECT avg(expected_spend(spending, h)) FROM fitted_rounded, histories_rounded'), 35.2529588256, 1e-4, 'mean expected spend as lifetimes has it');
    is_near(query($node, 'SELECT sum(expected_spend(spending, h)) FROM fitted, histories'), 83089.8221, 1e-4, 'sum of expected spend as CLVTools has it');

    # lifetimes' best customers, expected purchases in the next week
    is(query($node, <<'SQL'), '1516 0.7106|157 0.6624|1981 0.4865|841 0.4747|509 0.4249', 'the best customers and their next week as lifetimes has them');
SELECT string_agg(customer_id || ' ' || to_char(n, 'FM0.0000'), '|' ORDER BY n DESC)
FROM (SELECT customer_id, expected_purchases(bg, h, '7 days') AS n FROM fitted_rounded, histories_rounded ORDER BY n DESC LIMIT 5) AS s;
SQL
    # clv is what its parts say, and a horizon adds up
    my ($error, $infinite) = row($node, <<'SQL');
SELECT max(abs(clv(mbg, spending, h, '1 year', 0.1, 0.3) / (0.3 * expected_spend(spending, h) * discounted_purchases(mbg, h, 0.1, '1 year')) - 1)),
    max(clv(mbg, spending, h, '10 years') / clv(mbg, spending, h))
FROM fitted, histories;
SQL
    is_at_most($error, 1e-12, 'clv is margin times spend times discounted purchases');
    ok($infinite < 1, 'ten years are worth less than for ever');
    # lifetimes' "month" of its example is 30 weeks: 12 end-of-month sums at 1 % a month
    my ($sum) = row($node, <<'SQL');
SELECT sum(v) FROM (SELECT (expected_purchases(bg, h, make_interval(days => 210 * month)) - expected_purchases(bg, h, make_interval(days => 210 * (month - 1))))
    / 1.01 ^ month * expected_spend(spending, h) AS v
    FROM fitted_rounded, histories_rounded, generate_series(1, 12) AS month) AS s;
SQL
    is_near($sum, 266621.58, 1e-4, 'the sum of the CLV in lifetimes\' documentation, made from its steps');
    return;
}

sub master
{
    query($node, 'CREATE TABLE master_logs AS SELECT customer_id, activity_log(ordered_on, spend::float8) AS log FROM master GROUP BY customer_id');
    is(query($node, 'SELECT count(*), sum(events(log)), round(sum(total(log))::numeric, 2) FROM master_logs'), '23570|69659|2500315.63', 'the whole cohort: customers, orders, money');
    for my $as_of ('1997-09-30', '1998-06-30')
    {
        query($node, "DROP TABLE IF EXISTS master_base; CREATE TABLE master_base AS SELECT customer_base(purchase_history(log, '$as_of')) AS base FROM master_logs");
        my $previous;
        for my $family (FAMILIES)
        {
            my ($customers, $log_likelihood, $converged, $gradient, $errors, $sum, $model) = row($node, <<"SQL");
SELECT g.customers, g.log_likelihood, g.converged, g.gradient, (SELECT count(*) FROM parameters(model) WHERE standard_error > 0 AND low < estimate AND estimate < high),
    (SELECT sum(log_likelihood(model, purchase_history(log, '$as_of'))) FROM master_logs),
    (SELECT count(*) FROM parameters(model))
FROM master_base, fit_buying(base, '$family') AS model, goodness(model) AS g;
SQL
            is("$customers|$converged", '23570|t', "master to $as_of, $family: converges");
            is_at_most($gradient, 1e-8, "master to $as_of, $family: the gradient vanishes");
            is($errors, $model, "master to $as_of, $family: every parameter has a standard error");
            is_near($sum, $log_likelihood, 1e-10, "master to $as_of, $family: the log-likelihood is the sum of the customers'");
        }
        my ($converged, $used) = row($node, 'SELECT g.converged, g.customers FROM master_base, goodness(fit_spending(base)) AS g');
        my $expected = query($node, "SELECT count(*) FROM (SELECT purchase_history(log, '$as_of') AS h FROM master_logs) AS s WHERE (h).frequency > 0 AND (h).monetary > 0");
        is("$converged|$used", "t|$expected", "master to $as_of, gamma-gamma: converges on customers with positive spend");
    }
    my (undef, $notice) = query_all($node, 'SELECT goodness(fit_spending(base)) FROM master_base');
    like($notice, qr/have no positive mean spend and are not used/, 'customers who got all for free are counted aloud');
    return;
}

simulated_truth();
small_logs();
SKIP:
{
    skip 'no reference data', 1 unless defined $data;
    load_cdnow();
    histories();
    fits();
    units();
    predictions();
    master();
}

$node->stop;
done_testing();
