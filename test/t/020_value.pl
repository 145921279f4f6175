# Conjoint analysis and surveys on the reference data: what R and other solvers find there,
# figure by figure. Then, with the data and without: the same bytes and the same fits
# however the rows come, an answer to a cancel, and no memory left behind.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use CustomerValue;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = new_node('value');
my $data = shared_data();
diag('SKIP SKIP SKIP: conjoint, churn and price figures are not compared') unless $data;

# --- figures ----------------------------------------------------------------------------

# Every figure of golden_value_anchors.csv but those that other parts answer.
sub anchors
{
    query($node, <<"SQL");
CREATE TABLE anchor (dataset text, model text, quantity text, value float8, tolerance text, source text);
COPY anchor FROM '$data/golden_value_anchors.csv' WITH (FORMAT csv, HEADER);
CREATE TABLE yogurt (household bigint, choice_id bigint, alt int, brand text, price float8, feature int, chosen int);
COPY yogurt FROM '$data/conjoint_yogurt.csv' WITH (FORMAT csv, HEADER);
CREATE TABLE tea (respondent bigint, profile int, price text, variety text, kind text, aroma text, rating int);
COPY tea FROM '$data/conjoint_tea.csv' WITH (FORMAT csv, HEADER);
CREATE TABLE scenario (simulation int, price text, variety text, kind text, aroma text);
COPY scenario FROM '$data/conjoint_tea_scenarios.csv' WITH (FORMAT csv, HEADER);
CREATE TABLE churn (customer_id bigint, account_length int, intl_plan int, vmail_plan int, day_minutes float8, eve_minutes float8, intl_minutes float8, service_calls int, churned int);
COPY churn FROM '$data/churn_mlc.csv' WITH (FORMAT csv, HEADER);
CREATE TABLE prices (respondent int, too_cheap float8, cheap float8, expensive float8, too_expensive float8, intent_cheap int, intent_expensive int);
COPY prices FROM '$data/van_westendorp.csv' WITH (FORMAT csv, HEADER);
CREATE TABLE found (dataset text, quantity text, value float8);
SQL
    yogurt();
    tea();
    churn();
    query($node, <<'SQL');
INSERT INTO found SELECT 'van_westendorp', v.* FROM price_points((SELECT price_sensitivity(too_cheap, cheap, expensive, too_expensive) FROM prices)),
    LATERAL (VALUES ('valid respondents', valid), ('PMC (cheap side curves are P(X>p), as R pricesensitivitymeter 1.3.3)', marginal_cheapness), ('PME (same)', marginal_expensiveness),
        ('IDP (same)', indifference_price), ('OPP (same)', optimal_price)) AS v;
SQL
    # inclusive curves are another definition; latent classes are no part of this; R's rank measures belong to ranking_summary
    my @compared = split /\n/, query($node, <<'SQL');
SELECT a.dataset, a.quantity, a.value, f.value FROM anchor AS a LEFT JOIN found AS f USING (dataset, quantity)
WHERE a.dataset IN ('conjoint_yogurt', 'conjoint_tea', 'churn_mlc', 'van_westendorp') AND a.model !~ 'latent class' AND a.quantity !~ '>=|AUC|Gini|lift|cumulative gain|Brier'
ORDER BY a.dataset, a.quantity;
SQL
    for my $line (@compared)
    {
        my ($dataset, $quantity, $expected, $got) = split /\|/, $line, -1;
        is_near($got, $expected, $dataset eq 'van_westendorp' ? 1e-8 : 1e-6, "$dataset: $quantity");
    }
    cmp_ok(scalar @compared, '>=', 75, scalar @compared . ' figures compared');
    return;
}

sub yogurt
{
    query($node, <<'SQL');
CREATE TABLE choices AS SELECT household, choice_id, chosen = 1 AS chosen, brand, jsonb_build_object('price', price, 'feature', feature, 'brand', brand) AS attributes, alt FROM yogurt;
CREATE TABLE yogurt_models AS SELECT fit_choice(choice_data(choice_id, chosen, attributes)) AS plain, fit_choice(choice_data(choice_id, chosen, attributes, household)) AS clustered,
    fit_choice(choice_data(choice_id, chosen, jsonb_build_object('brand', brand))) AS constants FROM choices;
CREATE TABLE shares AS SELECT choice_id, brand, chosen, exp(u) / sum(exp(u)) OVER w AS share, exp(cheaper) / sum(exp(cheaper)) OVER w AS changed, u = max(u) OVER w AS likeliest
    FROM (SELECT *, utility(plain, attributes) AS u, utility(plain, CASE brand WHEN 'dannon' THEN jsonb_set(attributes, '{price}', to_jsonb(0.9 * (attributes ->> 'price')::float8)) ELSE attributes END) AS cheaper
          FROM choices, yogurt_models) AS c WINDOW w AS (PARTITION BY choice_id);
INSERT INTO found SELECT 'conjoint_yogurt', prefix || replace(name, '=', ' '), value FROM (
    SELECT 'coef ' AS prefix, name, estimate AS value FROM yogurt_models, parameters(plain) UNION ALL SELECT 'se ', name, standard_error FROM yogurt_models, parameters(plain)
    UNION ALL SELECT 'cluster(household) se ', name, standard_error FROM yogurt_models, parameters(clustered)
    UNION ALL SELECT 'wtp ', name, estimate FROM yogurt_models, willingness_to_pay(plain, 'price') UNION ALL SELECT 'wtp delta se ', name, standard_error FROM yogurt_models, willingness_to_pay(plain, 'price')
    UNION ALL SELECT 'mean predicted share ', brand, sum(share) / 2412 FROM shares GROUP BY brand) AS f;
INSERT INTO found SELECT 'conjoint_yogurt', v.* FROM yogurt_models, goodness(clustered) AS g, goodness(constants) AS c, LATERAL (VALUES ('log likelihood', g.log_likelihood), ('log likelihood equal shares', g.log_likelihood_null),
    ('log likelihood constants only', c.log_likelihood), ('choices', g.choices), ('households', g.respondents), ('AIC', g.aic), ('BIC (n=choices)', g.bic)) AS v;
INSERT INTO found SELECT 'conjoint_yogurt', 'share ' || CASE brand WHEN 'dannon' THEN 'dannon after its price x0.9' ELSE brand || ' after dannon price x0.9' END, sum(changed) / 2412 FROM shares GROUP BY brand;
INSERT INTO found SELECT 'conjoint_yogurt', 'hit rate', avg((chosen AND likeliest)::int) * 4 FROM shares;
SQL
    is(query($node, 'SELECT (goodness(clustered)).converged, (goodness(clustered)).gradient < 1e-12, (goodness(clustered)).iterations < 9 FROM yogurt_models'), 't|t|t', 'yogurt: the fit converged');
    is(query($node, 'SELECT DISTINCT reference FROM yogurt_models, parameters(plain) WHERE reference IS NOT NULL'), 'dannon', 'yogurt: the reference is the first in C order');
    is(query($node, 'SELECT max(abs(changed / share / (SELECT o.changed / o.share FROM shares AS o WHERE o.choice_id = s.choice_id AND o.brand = \'weight\') - 1)) < 1e-12 FROM shares AS s WHERE brand IN (\'hiland\', \'yoplait\') AND choice_id <= 200'),
        't', 'yogurt: the ratio of any two other brands does not change');
    is(query($node, 'SELECT string_agg(brand || \' \' || round(n::numeric, 6) || \' \' || c, \', \' ORDER BY brand) FROM (SELECT brand, sum(share) AS n, count(*) FILTER (WHERE chosen) AS c FROM shares GROUP BY brand) AS s'),
        'dannon 970.000000 970, hiland 71.000000 71, weight 553.000000 553, yoplait 818.000000 818', 'yogurt: predicted shares are the observed ones');
    is(query($node, <<'SQL'), '1|1', 'yogurt: price in another unit leaves the likelihood alone');
SELECT count(DISTINCT round((goodness(m)).log_likelihood::numeric, 8)), count(DISTINCT round(((SELECT estimate FROM parameters(m) WHERE name = 'price') * unit)::numeric, 9))
FROM (SELECT unit, fit_choice(choice_data(choice_id, chosen, jsonb_set(attributes, '{price}', to_jsonb((attributes ->> 'price')::float8 * unit)))) AS m FROM choices, unnest(ARRAY[1, 1e5, 1e-5]) AS unit GROUP BY unit) AS u;
SQL
    return;
}

sub tea
{
    query($node, <<'SQL');
CREATE TABLE ratings AS SELECT respondent, profile, rating, jsonb_build_object('price', price, 'variety', variety, 'kind', kind, 'aroma', aroma) AS attributes FROM tea;
CREATE TABLE tea_model AS SELECT fit_rating(rating_data(rating, attributes)) AS m FROM ratings;
CREATE TABLE individual AS SELECT respondent, fit_rating(rating_data(rating, attributes)) AS m FROM ratings GROUP BY respondent;
INSERT INTO found SELECT 'conjoint_tea', replace(name, '=', ' '), estimate FROM tea_model, parameters(m);
INSERT INTO found SELECT 'conjoint_tea', v.* FROM tea_model, goodness(m) AS g, LATERAL (VALUES ('R squared', r_squared), ('adjusted R squared', 1 - (1 - r_squared) * 1299 / 1292), ('residual sigma', residual_error),
    ('F (7,1292)', r_squared / 7 / ((1 - r_squared) / 1292))) AS v;
INSERT INTO found SELECT 'conjoint_tea', 'importance ' || attribute || ' (mean over respondents, percent)', avg(importance) FROM individual, importance(m) GROUP BY attribute;
INSERT INTO found SELECT 'conjoint_tea', 'importance ' || attribute || ' (from pooled part-worths, percent)', importance FROM tea_model, importance(m);
INSERT INTO found SELECT 'conjoint_tea', 'respondent 1 importance price', importance FROM individual, importance(m) WHERE respondent = 1 AND attribute = 'price';
CREATE TABLE offered AS SELECT respondent, simulation, utility(m, to_jsonb(s) - 'simulation') AS u FROM individual, scenario AS s;
INSERT INTO found SELECT 'conjoint_tea', 'scenario ' || simulation || ' mean utility', avg(u) FROM offered GROUP BY simulation;
INSERT INTO found SELECT 'conjoint_tea', 'first choice share ' || simulation || ' percent', count(*) FROM (SELECT simulation, rank() OVER (PARTITION BY respondent ORDER BY round(u::numeric, 9) DESC) AS place FROM offered) AS o WHERE place = 1 GROUP BY simulation;
INSERT INTO found SELECT 'conjoint_tea', 'logit share ' || simulation || ' percent, all respondents', 100 * avg(share) FROM (SELECT simulation, exp(u) / sum(exp(u)) OVER (PARTITION BY respondent) AS share FROM offered) AS o GROUP BY simulation;
SQL
    is(query($node, 'SELECT max(abs(s)) < 1e-12 FROM (SELECT sum(estimate) AS s FROM tea_model, parameters(m) WHERE name <> \'intercept\' GROUP BY split_part(name, \'=\', 1)) AS p'), 't', 'tea: the part-worths of an attribute add up to 0');
    return;
}

# Churn as a choice between leaving and staying: the attributes of who stays are 0.
sub churn
{
    query($node, <<'SQL');
CREATE TABLE leaving AS SELECT customer_id, leaves, (leaves::int = churned) AS chosen,
    jsonb_build_object('intercept', leaves::int, 'intl_plan', leaves::int * intl_plan, 'vmail_plan', leaves::int * vmail_plan, 'day_minutes', leaves::int * day_minutes,
        'eve_minutes', leaves::int * eve_minutes, 'intl_minutes', leaves::int * intl_minutes, 'service_calls', leaves::int * service_calls) AS attributes
    FROM churn, unnest(ARRAY[true, false]) AS leaves;
CREATE TABLE churn_model AS SELECT fit_choice(choice_data(customer_id, chosen, attributes)) AS m FROM leaving;
INSERT INTO found SELECT 'churn_mlc', name, estimate FROM churn_model, parameters(m) UNION ALL SELECT 'churn_mlc', 'se ' || name, standard_error FROM churn_model, parameters(m)
    UNION ALL SELECT 'churn_mlc', 'log likelihood', log_likelihood FROM churn_model, goodness(m);
SQL
    is_near(query($node, 'SELECT avg((churned - 1 / (1 + exp(-utility(m, attributes)))) ^ 2) FROM churn JOIN leaving USING (customer_id), churn_model WHERE leaves'), 0.09763765508, 1e-6, 'churn_mlc: Brier score of the probabilities');
    return;
}

# --- the same however the rows come -----------------------------------------------------

sub equality
{
    query($node, <<'SQL');
CREATE TABLE raw AS
SELECT n, n / 3 AS choice_set, n / 30 % 200 AS respondent, ('x' || substr(md5('b' || n), 1, 4))::bit(16)::int % 7 AS brand, ('x' || substr(md5('p' || n), 1, 4))::bit(16)::int % 900 / 100.0::float8 AS price,
    n % 3 = ('x' || substr(md5('c' || n / 3), 1, 4))::bit(16)::int % 3 AS chosen, ('x' || substr(md5('r' || n), 1, 4))::bit(16)::int % 11 AS rating FROM generate_series(0, 29999) AS n;
ALTER TABLE raw ADD attributes jsonb;
UPDATE raw SET attributes = jsonb_build_object('brand', 'b' || brand, 'price', price, 'large', brand % 2 = 0 AND n % 5 = 0) - CASE WHEN n % 997 = 0 THEN 'price' ELSE '' END;
CREATE TABLE shuffled AS SELECT * FROM raw ORDER BY md5(n::text);
-- sets are cut in pieces, and the parts do not meet the levels in one order
CREATE TABLE parted (LIKE raw) PARTITION BY LIST (brand);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES IN (0, 3);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1, 6, 2);
CREATE TABLE parted_2 PARTITION OF parted DEFAULT;
INSERT INTO parted SELECT * FROM shuffled;
ALTER TABLE raw SET (parallel_workers = 4);
ALTER TABLE shuffled SET (parallel_workers = 4);
ANALYZE;
SQL
    my $parallel = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;';
    my %setting = (
        'one process' => 'SET max_parallel_workers_per_gather = 0;',
        '2 workers' => "$parallel SET max_parallel_workers_per_gather = 2;",
        '4 workers, no leader' => "$parallel SET max_parallel_workers_per_gather = 4; SET parallel_leader_participation = off;",
        'partitionwise' => 'SET max_parallel_workers_per_gather = 0; SET enable_partitionwise_aggregate = on;',
        'work_mem 64 kB' => "SET max_parallel_workers_per_gather = 0; SET work_mem = '64kB'; SET enable_sort = off;");
    my %question = (
        'choices' => 'SELECT md5(cv_choice_data_send(choice_data(choice_set, chosen, attributes, respondent, 0.7))) FROM %s',
        'choices by segment' => 'SELECT md5(string_agg(s, \'\' ORDER BY k)) FROM (SELECT respondent %% 3 AS k, choice_data(choice_set, chosen, attributes)::text AS s FROM %s GROUP BY 1) AS g',
        'fit of choices' => 'SELECT md5(fit_choice(choice_data(choice_set, chosen, attributes, respondent))::text) FROM %s',
        'ratings' => 'SELECT md5(cv_rating_data_send(rating_data(rating, attributes, respondent))) FROM %s',
        'fit of ratings' => 'SELECT md5(fit_rating(rating_data(rating, attributes))::text) FROM %s',
        'perceived value' => 'SELECT md5(cv_perceived_value_summary_send(perceived_value_summary(price, rating / 3.0, chosen))) FROM %s',
        'relative value' => 'SELECT relative_value(price, rating + 0.3, brand) FROM %s',
        'prices' => 'SELECT md5(cv_price_sensitivity_send(price_sensitivity(price, price + brand, price + 7, price + 7.5))) FROM %s',
        'kano' => 'SELECT md5(kano_summary(1 + rating %% 5, 1 + brand %% 5)::text) FROM %s');
    my %expected;
    for my $setting (sort keys %setting)
    {
        for my $table (qw(raw shuffled parted))
        {
            for my $name (sort keys %question)
            {
                next if $name =~ /^fit/ && $setting =~ /64 kB|partitionwise/;
                my $answer = query($node, "SET client_min_messages = error; $setting{$setting} " . sprintf($question{$name}, $table));
                $expected{$name} //= $answer;
                ok(length $answer > 3 && $answer eq $expected{$name}, "$name of $table, $setting") or diag("got $answer, expected $expected{$name}");
            }
        }
    }
    like(query($node, "$parallel SET max_parallel_workers_per_gather = 2; EXPLAIN (COSTS off) SELECT choice_data(choice_set, chosen, attributes) FROM raw"), qr/Finalize.*Gather.*Partial/s, 'workers aggregate in part');

    # random partitions, merged in random trees, read back from text in between
    my $whole = query($node, 'SELECT md5(choice_data(choice_set, chosen, attributes, respondent)::text) FROM raw WHERE n < 3000');
    for my $round (1 .. 20)
    {
        my $parts = 1 + $round * 7 % 60;
        is(query($node, <<"SQL"), $whole, "round $round: $parts parts");
SELECT md5(rollup(d ORDER BY md5(k::text))::text) FROM (
    SELECT k % 4 AS k, rollup(CASE WHEN k % 3 = 0 THEN d::text::cv_choice_data ELSE d END ORDER BY md5(k || 'x$round')) AS d FROM (
        SELECT ('x' || substr(md5(n || ' $round'), 1, 4))::bit(16)::int % $parts AS k, choice_data(choice_set, chosen, attributes, respondent) AS d FROM raw WHERE n < 3000 GROUP BY 1) AS p GROUP BY 1) AS q;
SQL
    }
    return;
}

# --- long work, memory ------------------------------------------------------------------

sub manners
{
    query($node, <<'SQL');
CREATE TABLE heavy AS SELECT choice_data(n / 5, n % 5 = ('x' || substr(md5('c' || n / 5), 1, 4))::bit(16)::int % 5,
    jsonb_build_object('a', 'l' || ('x' || substr(md5('a' || n), 1, 4))::bit(16)::int % 300, 'b', 'l' || ('x' || substr(md5('b' || n), 1, 4))::bit(16)::int % 200, 'x', ('x' || substr(md5('x' || n), 1, 4))::bit(16)::int)) AS d FROM generate_series(0, 99999) AS n;
SQL
    my $begun = time;
    my (undef, $error) = query_all($node, "SET statement_timeout = '100ms'; SELECT fit_choice(d) FROM heavy");
    like($error, qr/57014/, 'a fit can be cancelled');
    cmp_ok(time - $begun, '<', 5, 'and soon is');

    my $fits = 'SELECT fit_choice(choice_data(n, chosen, a)), fit_rating(rating_data(n, a)) FROM (SELECT n / 2 AS n, n % 2 = (n / 4) % 2 AS chosen, jsonb_build_object(\'x\', n * 7 % 11, \'y\', \'l\' || n * 5 % 3) AS a FROM generate_series(0, 99) AS n) AS s';
    my $quoted = $fits =~ s/'/''/gr;
    my ($first, $last) = split /\n/, query($node, <<"SQL");
CREATE FUNCTION run(times int) RETURNS bigint LANGUAGE plpgsql AS \$\$
DECLARE
    used bigint;
BEGIN
    FOR i IN 1 .. times LOOP
        EXECUTE '$quoted';
    END LOOP;
    SELECT sum(total_bytes) INTO used FROM pg_backend_memory_contexts;
    RETURN used;
END \$\$;
SELECT run(50);
SELECT run(500);
SQL
    cmp_ok($last, '<', 1.05 * $first + 200000, 'a thousand fits leave no memory behind');
    return;
}

anchors() if $data;
equality();
manners();
done_testing();
