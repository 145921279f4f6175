# States that would pass 1 GB stop with a clear error. It takes a minute and 2 GB of
# memory, so it runs only when CV_SLOW is set: before a release.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use CustomerValue;
use PostgreSQL::Test::Utils;
use Test::More;

if (!$ENV{CV_SLOW})
{
    diag('SKIPPED: the limits of 1 GB are tested with CV_SLOW=1 only');
    plan skip_all => 'CV_SLOW is not set';
}

my $node = new_node('limits', "statement_timeout = 0");

for my $case (
    [
        'cv_activity_log', 16,
        q{SELECT activity_log(date '0001-01-01' + i, 1) FROM generate_series(1, 40000000) AS i}
    ],
    [
        'cv_customer_base', 40,
        q{SELECT customer_base(ROW(1, i, i, 1, 0)::cv_purchase_history) FROM generate_series(1, 17000000) AS i}
    ])
{
    my ($type, $bytes, $sql) = @$case;
    my ($status, $out, $err) = $node->psql('postgres', $sql);

    isnt($status, 0, "$type: it ends with an error");
    like($err, qr/$type would exceed 1 GB/, "$type: which says so");
    like($err, qr/entries of $bytes bytes/, "$type: and how much it would have been");
    is(query($node, 'SELECT 1'), '1', "$type: the server lives");
}

done_testing();
