# Segments on real and simulated customers: the CDNOW data against plain SQL and published
# figures, the same summaries however many processes work on them, dumped and restored.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use CustomerValue;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('segment');
my $data = shared_data();
my $folder = PostgreSQL::Test::Utils::tempdir;

query($node, <<"SQL");
CREATE TABLE orders AS SELECT customer_id, at, amount, (customer_id % 3)::int AS segment
    FROM simulate_purchases('${\ BUYING->{'pareto/nbd'}}', '${\ SPENDING}', 12000, '2022-12-31', '2021-01-01', '2022-06-30', 5);
INSERT INTO orders SELECT customer_id, at + (customer_id % 40)::int, -amount / 3, segment FROM orders WHERE customer_id % 7 = 0;
CREATE TABLE logs (customer_id bigint PRIMARY KEY, segment integer NOT NULL, log cv_activity_log NOT NULL);
INSERT INTO logs SELECT customer_id, min(segment), activity_log(at, amount) FROM orders GROUP BY customer_id;
CREATE TABLE pieces AS SELECT customer_id % 400 AS part, segment, segment_cohort(log, 'month') AS cells, revenue_table(log, 'month') AS flows FROM logs GROUP BY 1, 2;
ALTER TABLE logs SET (parallel_workers = 4);
ALTER TABLE pieces SET (parallel_workers = 4);
CREATE TABLE by_segment (customer_id bigint, segment integer, log cv_activity_log) PARTITION BY LIST (segment);
CREATE TABLE by_segment_0 PARTITION OF by_segment FOR VALUES IN (0);
CREATE TABLE by_segment_1 PARTITION OF by_segment FOR VALUES IN (1, 2);
INSERT INTO by_segment SELECT * FROM logs ORDER BY md5(customer_id::text);
ANALYZE;
SQL

# --- however many processes -------------------------------------------------------------

my $parallel = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;';
my @settings = (
    [ 'one process' => 'SET max_parallel_workers_per_gather = 0;' ],
    [ '2 workers' => "$parallel SET max_parallel_workers_per_gather = 2;" ],
    [ '4 workers, no leader' => "$parallel SET max_parallel_workers_per_gather = 4; SET parallel_leader_participation = off;" ],
    [ 'no hash' => "$parallel SET enable_hashagg = off;" ],
    [ 'little memory' => "SET max_parallel_workers_per_gather = 0; SET work_mem = '64kB';" ],
    [ 'partition by partition' => "$parallel SET enable_partitionwise_aggregate = on;" ],
    [ 'compiled' => 'SET jit = on; SET jit_above_cost = 0; SET jit_inline_above_cost = 0; SET jit_optimize_above_cost = 0;' ],
    [ 'another zone and style' => "SET timezone = 'Pacific/Apia'; SET datestyle = 'SQL, DMY'; SET extra_float_digits = 0;" ]);
my %questions = (
    'cohorts by month' => q{SELECT md5(string_agg(segment || c::text, '' ORDER BY segment)) FROM (SELECT segment, segment_cohort(log, 'month') AS c FROM LOGS GROUP BY segment) AS s},
    'cohorts by week' => q{SELECT md5(segment_cohort(log, 'week')::text) FROM LOGS},
    'revenue' => q{SELECT md5(string_agg(segment || f::text, '' ORDER BY segment)) FROM (SELECT segment, revenue_table(log, 'quarter') AS f FROM LOGS GROUP BY segment) AS s},
    'survival' => q{SELECT md5(survival_summary(last_on(log) - first_on(log), last_on(log) < '2022-10-01')::text) FROM LOGS},
    'ranking' => q{SELECT md5(s::text || (gini(s) * 1e15)::bigint) FROM (SELECT ranking_summary(total(log, '2021-01-01', '2022-06-30'), total(log, '2022-07-01', '2022-12-31')) AS s FROM LOGS WHERE abs(total(log)) < 1e100) AS r},
    'rfm' => q{SELECT md5(string_agg(customer_id || ' ' || rfm_segment(rfm_score((SELECT rfm_scale(rfm_value(log, '2022-12-31')) FROM LOGS), rfm_value(log, '2022-12-31'))), '' ORDER BY customer_id)) FROM LOGS},
    'merged pieces' => q{SELECT md5(rollup(cells)::text || rollup(flows)::text) FROM pieces});
for my $name (sort keys %questions)
{
    my %answer;
    for my $setting (@settings)
    {
        for my $table ('logs', 'by_segment')
        {
            my $query = $questions{$name} =~ s/LOGS/$table/gr;
            $answer{"$setting->[0], $table"} = query($node, "$setting->[1] $query");
        }
    }
    my ($first) = values %answer;
    like($first, qr/^[0-9a-f]{32}$/, "$name: there is an answer");
    is(join(' ', grep { $answer{$_} ne $first } sort keys %answer), '', "$name: the same however it is computed");
}
like(query($node, "$parallel EXPLAIN SELECT segment_cohort(log, 'month'), revenue_table(log, 'month') FROM logs"), qr/Finalize Aggregate.*Gather.*Partial Aggregate/s, 'workers make parts of the tables');

# --- the nightly merge ------------------------------------------------------------------

is(query($node, <<'SQL'), 't', 'summaries over merged logs are those over logs made at once');
SELECT segment_cohort(merged, 'month')::text = (SELECT segment_cohort(log, 'month')::text FROM logs) AND revenue_table(merged, 'month')::text = (SELECT revenue_table(log, 'month')::text FROM logs)
FROM (SELECT rollup(log) AS merged FROM (SELECT customer_id, activity_log(at, amount) AS log FROM orders GROUP BY customer_id, at < '2022-03-01', at < '2022-12-31') AS parts GROUP BY customer_id) AS m
SQL

# --- dumped and restored ----------------------------------------------------------------

query($node, <<'SQL');
CREATE TABLE summaries AS SELECT segment, segment_cohort(log, 'week') AS cells, revenue_table(log, 'month') AS flows, survival_summary(last_on(log) - first_on(log), last_on(log) < '2022-10-01') AS stays,
    ranking_summary(events(log), total(log)) AS ranks, rfm_scale(rfm_value(log, '2022-12-31')) AS scale FROM logs GROUP BY segment;
CREATE TABLE scores AS SELECT customer_id, rfm_value(log, '2022-12-31') AS value, rfm_score(scale, rfm_value(log, '2022-12-31')) AS score FROM logs JOIN summaries USING (segment);
CREATE VIEW retention AS SELECT segment, c.* FROM summaries, cohorts(cells, '2022-12-31') AS c;
SQL
my $digest = q{SELECT md5(string_agg(s::text, '' ORDER BY segment)) FROM summaries AS s UNION ALL SELECT md5(string_agg(s::text, '' ORDER BY customer_id)) FROM scores AS s UNION ALL SELECT md5(string_agg(r::text, '' ORDER BY r)) FROM retention AS r};
my $before = query($node, $digest);
for my $format ('plain', 'custom')
{
    my $file = "$folder/segment.$format";
    $node->command_ok([ 'pg_dump', '--no-sync', "--format=$format", "--file=$file", '--dbname', $node->connstr('postgres') ], "$format: dumped");
    query($node, "CREATE DATABASE restored_$format");
    if ($format eq 'plain')
    {
        my $err = '';
        $node->psql("restored_$format", slurp_file($file), stderr => \$err, on_error_stop => 0);
        is($err, '', "$format: restored without an error");
    }
    else
    {
        $node->command_ok([ 'pg_restore', '--exit-on-error', '--dbname', $node->connstr("restored_$format"), $file ], "$format: restored without an error");
    }
    is(query($node, $digest, database => "restored_$format"), $before, "$format: summaries, scores and retention are the same");
}

# --- what is large, and what is cancelled -----------------------------------------------

my ($out, $err) = query_all($node, q{SET statement_timeout = '300ms'; SELECT count(*) FROM cohorts('{"period": "day", "cells": [["0001-01-01", "0001-01-01", 1, 1, 1, 1, 1, 1]]}', '5874897-12-31')});
like($err, qr/57014/, 'a question of two billion rows can be cancelled');
($out, $err) = query_all($node, q{SET statement_timeout = '2s'; SELECT segment_cohort(activity_log, 'day') FROM (SELECT activity_log(date '0001-01-01' + n) FROM generate_series(1, 60000) AS n) AS l});
like($err, qr/57014|54000/, 'a table of two billion cells is cancelled or refused');
ok(backend_alive($node), 'the server lives');

# --- the CDNOW data ---------------------------------------------------------------------

SKIP:
{
    skip 'no reference data', 20 unless defined $data;

    query($node, <<"SQL");
CREATE TABLE cdnow (customer_id integer, at date, cds integer, spend float8);
COPY cdnow FROM '$data/cdnow_master_elog.csv' (FORMAT csv, HEADER);
CREATE TABLE cdnow_logs AS SELECT customer_id, activity_log(at, spend) AS log FROM cdnow GROUP BY customer_id;
CREATE TABLE cdnow_cells AS SELECT segment_cohort(log, 'month') AS cells, revenue_table(log, 'month') AS flows FROM cdnow_logs;
SQL
    is(query($node, q{SELECT string_agg(customers::text, ' ' ORDER BY cohort) FROM cdnow_cells, cohorts(cells, '1998-06-30') WHERE period_number = 0}),
        '7846 8476 7248', 'CDNOW: the three cohorts of 1997 have 23,570 customers');
    is(query($node, q{SELECT count(*) FROM cdnow_cells, cohorts(cells, '1998-06-30')}), 18 + 17 + 16, 'CDNOW: a triangle of cells');
    is(query($node, <<'SQL'), 't|51', 'CDNOW: heads and money of every cell as plain SQL has them');
WITH first AS (SELECT customer_id, min(date_trunc('month', at)) AS cohort FROM cdnow GROUP BY 1),
plain AS (SELECT cohort::date, date_trunc('month', at)::date AS month, count(DISTINCT customer_id) AS active, sum(spend::numeric) AS amount FROM cdnow JOIN first USING (customer_id) GROUP BY 1, 2)
SELECT bool_and(c.active = p.active AND c.amount = p.amount::float8), count(*) FROM cdnow_cells, cohorts(cells, '1998-06-30') AS c JOIN plain AS p ON p.cohort = c.cohort AND p.month = (c.cohort + c.period_number * interval '1 month')::date
SQL
    is_near(query($node, q{SELECT sum(amount) FROM cdnow_cells, cohorts(cells, '1998-06-30')}), 2500315.63, 1e-12, 'CDNOW: the cells have all of the spend');
    is(query($node, q{SELECT bool_and(abs(opening + new + reactivated + expansion - contraction - churned - closing) < 1e-6), count(*) FROM cdnow_cells, revenue_retention(flows)}), 't|18', 'CDNOW: revenue adds up in every month');
    is_near(query($node, q{SELECT sum(closing) FROM cdnow_cells, revenue_retention(flows)}), 2500315.63, 1e-12, 'CDNOW: the closings have all of the spend');
    is(query($node, <<'SQL'), 't|t|18', 'CDNOW: both identities of the lifecycle');
SELECT bool_and(active = new + retained + resurrected), bool_and(active = before + new + resurrected - dormant), count(*)
FROM (SELECT l.*, coalesce(lag(active) OVER (ORDER BY period), 0) AS before FROM cdnow_cells, lifecycle(cells, '1997-01-01', '1998-06-30') AS l) AS l
SQL

    # Does a ranking find those who spend later? From the first nine months to the next nine.
    query($node, <<"SQL");
CREATE TABLE sample (master_id integer, customer_id integer, at date, cds integer, spend float8);
COPY sample FROM '$data/cdnow_sample_elog.csv' (FORMAT csv, HEADER);
CREATE TABLE known AS
SELECT customer_id, purchase_history(log, '1997-09-30') AS history, rfm_value(log, '1997-09-30') AS value, total(log, '1997-10-01', '1998-06-30') AS later
FROM (SELECT customer_id, activity_log(at, spend) AS log FROM sample GROUP BY customer_id) AS l;
CREATE TABLE ranks AS
WITH fits AS (SELECT fit_buying(customer_base(history)) AS buying, fit_spending(customer_base(history)) AS spending FROM known), scale AS (SELECT rfm_scale(value) AS scale FROM known)
SELECT ranking, ranking_summary(score, later) AS amounts, ranking_summary(score, (later > 0)::integer) AS buyers
FROM (SELECT 'clv' AS ranking, clv(buying, spending, history, '273 days') AS score, later FROM known, fits
      UNION ALL SELECT 'rfm', (rfm_score((SELECT scale FROM scale), value)).score, later FROM known
      UNION ALL SELECT 'spend', (value).monetary, later FROM known
      UNION ALL SELECT 'random', ('x' || substr(md5(customer_id::text), 1, 8))::bit(32)::integer, later FROM known) AS s GROUP BY ranking;
SQL
    my %lift = map { split /\|/ } split /\n/, query($node, 'SELECT ranking, lift(amounts, 0.1) FROM ranks');
    is_near($lift{clv}, 5.0297, 1e-3, 'CDNOW: the best tenth by CLV spend five times their share');
    ok($lift{clv} > $lift{spend} && $lift{spend} > $lift{rfm} && $lift{rfm} > $lift{random}, 'CDNOW: in the best tenth CLV ranks better than past spend, RFM and chance');
    ok(query($node, q{SELECT bool_and((SELECT lift(c.amounts, f) FROM ranks AS c WHERE c.ranking = 'clv') >= lift(r.amounts, f)) FROM ranks AS r, unnest('{0.05, 0.1, 0.15}'::float8[]) AS f}) eq 't', 'CDNOW: and in the best 5 and 15 percent');
    is_near(query($node, q{SELECT auc(buyers) FROM ranks WHERE ranking = 'random'}), 0.5, 0.05, 'CDNOW: chance ranks by chance');

    # A logit fitted by R on 5,000 customers; its score ranks as R says.
    query($node, <<"SQL");
CREATE TABLE churn (customer_id integer, account_length float8, intl_plan integer, vmail_plan integer, day_minutes float8, eve_minutes float8, intl_minutes float8, service_calls float8, churned integer);
COPY churn FROM '$data/churn_mlc.csv' (FORMAT csv, HEADER);
CREATE TABLE scored AS SELECT *, -7.779215856783 + 2.063445388182 * intl_plan - 1.078063016815 * vmail_plan + .013590981295 * day_minutes + .006881559383 * eve_minutes
    + .087410708599 * intl_minutes + .514319349715 * service_calls AS score FROM churn;
CREATE TABLE churn_rank AS SELECT ranking_summary(score, churned) AS s FROM scored;
SQL
    is_near(query($node, 'SELECT auc(s) FROM churn_rank'), 0.8238189797, 1e-8, 'churn: AUC');
    is_near(query($node, 'SELECT gini(s) FROM churn_rank'), 0.6476379594, 1e-8, 'churn: Gini');
    is_near(query($node, 'SELECT lift(s, 0.1) FROM churn_rank'), 3.380480905, 1e-6, 'churn: lift of the top decile');
    is_near(query($node, 'SELECT share_of_outcome FROM churn_rank, gains(s) WHERE fraction = 0.2'), 0.6025459689, 1e-6, 'churn: gain at 20 percent');
    is_near(query($node, 'SELECT share_of_outcome FROM churn_rank, gains(s, 2) WHERE fraction = 0.5'), 0.8783592645, 1e-6, 'churn: gain at 50 percent');
    my $deciles = query($node, q{SELECT string_agg(round((share_of_outcome - before) * 707)::text, ' ' ORDER BY fraction) FROM (SELECT fraction, share_of_outcome, lag(share_of_outcome, 1, 0::float8) OVER (ORDER BY fraction) AS before FROM churn_rank, gains(s)) AS g});
    is($deciles, '239 187 114 52 29 27 21 15 16 7', 'churn: churners by decile');
    # the product over times in plain SQL
    is_near(
        query($node, q{SELECT survival FROM (SELECT survival_summary(account_length, churned = 1) AS s FROM churn) AS s, survival_curve(s) WHERE time = 150}),
        query($node, q{SELECT exp(sum(ln(1 - d / n::float8))) FROM (SELECT t, d, (SELECT count(*) FROM churn WHERE account_length >= t) AS n FROM (SELECT account_length AS t, count(*) FILTER (WHERE churned = 1) AS d FROM churn WHERE account_length <= 150 GROUP BY 1) AS e) AS r}),
        1e-12, 'churn: survival at 150');
    my ($chi_square, $p_value) = row($node, q{SELECT l.* FROM (SELECT survival_summary(account_length, churned = 1) FILTER (WHERE intl_plan = 1) AS a, survival_summary(account_length, churned = 1) FILTER (WHERE intl_plan = 0) AS b FROM churn) AS s, log_rank(a, b) AS l});
    is_near($chi_square, query($node, <<'SQL'), 1e-10, 'churn: log-rank of the international plan');
SELECT sum(d1 - d * n1 / n) ^ 2 / sum(CASE WHEN n > 1 THEN d * n1 / n * (1 - n1 / n) * (n - d) / (n - 1) ELSE 0 END)
FROM (SELECT t, d, d1, (SELECT count(*) FROM churn WHERE account_length >= t)::float8 AS n, (SELECT count(*) FROM churn WHERE account_length >= t AND intl_plan = 1)::float8 AS n1
      FROM (SELECT account_length AS t, count(*) FILTER (WHERE churned = 1) AS d, count(*) FILTER (WHERE churned = 1 AND intl_plan = 1) AS d1 FROM churn GROUP BY 1) AS e) AS r
SQL
    ok($p_value < 1e-10, 'churn: and it matters');
}

done_testing();
