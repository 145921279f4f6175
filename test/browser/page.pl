# The page of demo/dashboard in Chromium: drawn, right, readable, harmless. Prints TAP.
#
#   perl test/browser/page.pl
#
# PGDATABASE names an empty database with nothing but the extension to be made. A picture
# of the page's top is left in TMPDIR/value-chain.webp.

use strict;
use warnings;
use utf8;
use FindBin;
use lib $FindBin::Bin;
use Browser;
use Encode qw(decode encode);
use IPC::Run qw(run);
use Test::More;

binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output;

my $root = "$FindBin::Bin/../..";
my $temp = $ENV{TMPDIR} || '/tmp';

# sql(STATEMENTS, ARGUMENTS): what psql prints; an error ends the test.
sub sql
{
	my ($text, @more) = @_;
	my ($in, $out, $messages) = (encode 'UTF-8', $text);
	run [ qw(psql -X -q -A -t -v ON_ERROR_STOP=1), @more ], '<', \$in, '>', \$out, '2>', \$messages or die "psql: $messages";
	return decode 'UTF-8', $out;
}

# rows(QUERY): a list of lists, NULL as undef.
sub rows
{
	my ($query) = @_;
	my $text = sql($query, '-F', "\x1f", '-R', "\x1e", '-P', 'null=(NULL)');
	chomp $text;
	return map { [ map { $_ eq '(NULL)' ? undef : $_ } split /\x1f/, $_, -1 ] } split /\x1e/, $text;
}

# page(NAME, ARGUMENTS): make a page; its file.
sub page
{
	my ($name, @arguments) = @_;
	my $file = "$temp/$name.html";
	my ($out, $messages);
	run [ "$root/demo/dashboard", '--output', $file, map { encode 'UTF-8', $_ } @arguments ], '<', \'', '>', \$out, '2>', \$messages
		or die "demo/dashboard: $messages";
	is($out . $messages, '', "$name: demo/dashboard says nothing");
	return $file;
}

# --- what is to be seen -----------------------------------------------------------------

# The figures of each table by other ways than the page's own queries, in the order of its
# columns; an order is not asked for.
my %expected = (
	chain => 'TABLE value.value_chain',
	customers => q{SELECT count(*), sum((orders = 1)::integer), sum(orders), sum(spend), (SELECT sum(equity) FROM value.clv_by_segment), avg(clv),
		(SELECT (array_agg(clv ORDER BY clv))[(count(*) + 1) / 2] + (array_agg(clv ORDER BY clv))[count(*) / 2 + 1] FROM value.customers WHERE clv IS NOT NULL) / 2,
		sum(p_alive) / count(p_alive), max(last_purchase) FROM value.customers},
	deciles => q{SELECT d, count(*), sum(clv), sum(clv) / (SELECT sum(clv) FROM value.customers), avg(p_alive)
		FROM (SELECT *, row_number() OVER (ORDER BY clv DESC, customer_id) - 1 AS n, count(*) OVER () AS all_of_them FROM value.customers WHERE clv IS NOT NULL) AS c,
		     LATERAL (SELECT all_of_them / 10 AS small, all_of_them % 10 AS larger) AS size,
		     LATERAL (SELECT 1 + CASE WHEN n < larger * (small + 1) THEN n / (small + 1) ELSE larger + (n - larger * (small + 1)) / nullif(small, 0) END AS d) AS place GROUP BY d},
	segments => q{SELECT coalesce(segment, '(none)') AS segment, count(*), count(*) / (SELECT count(*) FROM value.customers)::float8 AS customer_share,
		sum(clv) AS equity, sum(clv) / (SELECT sum(clv) FROM value.customers) AS equity_share, avg(clv) AS mean, percentile_cont(0.5) WITHIN GROUP (ORDER BY clv) AS median, avg(p_alive) AS alive
		FROM value.customers GROUP BY 1},
	model => 'SELECT model, parameter, family, unit_days, estimate, standard_error, low, high, log_likelihood, customers, converged FROM value.clv_model',
	# of all segments at once, by the extension's own aggregate
	cohorts => q{SELECT c.cohort, c.period_number, c.customers, c.active, c.retention, c.amount
		FROM (SELECT segment_cohort(log, 'month') AS cells FROM value.customer_logs) AS s, cohorts(cells, (SELECT max(ordered_on) FROM value.orders)) AS c
		WHERE c.cohort > (SELECT date_trunc('month', max(ordered_on)::timestamp) - interval '24 months' FROM value.orders)},
	revenue => 'SELECT period, opening, new, reactivated, expansion, contraction, churned, closing, nrr, grr, logo_retention_rate, quick_ratio FROM value.revenue_retention',
	# from the answers themselves
	nps => q{SELECT period, responses(s), promoters(s), passives(s), detractors(s), nps(s) AS nps, i.low, i.high
		FROM (SELECT date_trunc('month', at::timestamp)::date AS period, nps_summary(score) AS s FROM value.surveys WHERE lower(question) = 'nps' GROUP BY 1) AS a, nps_interval(s) AS i},
	offers => q{SELECT r.offer, coalesce(kind, '(none)') AS kind, sum(gain) AS benefits, sum(pain) AS costs,
		perceived_value(score, weight, is_cost) AS net, count(*), sum(gain) / o.answers AS b, sum(pain) / o.answers AS c, o.ratio
		FROM value.ratings AS r JOIN (SELECT offer, value_ratio(perceived_value_summary(score, weight, is_cost)) AS ratio, count(*)::float8 AS answers FROM value.ratings GROUP BY offer) AS o ON o.offer = r.offer
		CROSS JOIN LATERAL (SELECT CASE WHEN is_cost THEN 0 ELSE score * weight END AS gain, CASE WHEN is_cost THEN score * weight ELSE 0 END AS pain) AS sides
		GROUP BY r.offer, 2, o.ratio, o.answers},
	funnel => 'TABLE value.journey_funnel',
	journey => q{SELECT e.from_stage, e.to_stage, CASE WHEN f.p < t.p THEN 'forward' WHEN f.p = t.p THEN 'again' ELSE 'back' END, e.transitions
		FROM value.journey_edges AS e,
		     LATERAL (SELECT CASE e.from_stage WHEN '(entry)' THEN 0 WHEN '(exit)' THEN 99 ELSE (SELECT step FROM value.journey_funnel WHERE stage = e.from_stage) END AS p) AS f,
		     LATERAL (SELECT CASE e.to_stage WHEN '(entry)' THEN 0 WHEN '(exit)' THEN 99 ELSE (SELECT step FROM value.journey_funnel WHERE stage = e.to_stage) END AS p) AS t},
	attribution => 'TABLE value.attribution_by_channel',
	returns => q{SELECT channel, method, value, cost, return_on_spend FROM value.attribution_by_channel WHERE method = 'markov' AND cost > 0},
	support => 'TABLE value.support_metrics',
	maturity => 'TABLE value.maturity',
);

# Headline numbers, by the key of their tile.
my %tile = (
	equity => 'SELECT sum(equity) FROM value.clv_by_segment',
	mean_clv => 'SELECT avg(clv) FROM value.customers',
	mean_p_alive => 'SELECT avg(p_alive) FROM value.customers',
	closing => 'SELECT closing FROM value.revenue_retention ORDER BY period DESC LIMIT 1',
	value_at_stake => 'SELECT max(value_at_stake) FROM value.value_chain',
	nps => q{SELECT nps(nps_summary(score)) FROM value.surveys WHERE question = 'nps' AND at >= (SELECT max(period) FROM value.nps_trend)},
	tickets => q{SELECT count(*) FROM value.tickets WHERE created >= (SELECT max(period) FROM value.support_metrics)},
	level => 'SELECT avg(level) FROM value.maturity',
);

# same(SHOWN, RAW, WANTED): is what a cell shows, and what it holds, the figure?
sub same
{
	my ($shown, $raw, $wanted) = @_;
	return $shown eq "\x{2013}" if !defined $wanted;
	return $shown eq ($wanted eq 't' ? 'yes' : 'no') if $wanted =~ /^[tf]$/;
	if ($wanted !~ /^-?\d+(\.\d+)?(e[-+]?\d+)?$/i)
	{
		return $shown eq $wanted || "$shown-01" eq $wanted; # a month by its first day
	}
	return 0 if !defined $raw || abs($raw - $wanted) > 1e-9 * (abs($wanted) + 1e-6);
	my %unit = (k => 1e3, M => 1e6, G => 1e9, T => 1e12, '%' => 0.01);
	my ($sign, $digits, $unit) = $shown =~ /^(\x{2212}?)([\d\x{202f}]+(?:\.\d+)?)(?:\x{202f}([kMGT%]))?(?:\x{a0}EUR)?$/ or return 0;
	$digits =~ tr/\x{202f}//d;
	my $decimals = $digits =~ /\.(\d+)/ ? length $1 : 0;
	my $scale = $unit ? $unit{$unit} : 1;
	return abs(($sign ? -1 : 1) * $digits * $scale - $wanted) <= $scale * 10**-$decimals * 0.5000001 + 1e-9 * abs $wanted;
}

# check_table(BROWSER, NAME, ID): the table of a figure against the database.
sub check_table
{
	my ($browser, $page, $id, $query) = @_;
	my $cells = $browser->evaluate(qq{[...document.querySelectorAll('#$id tbody tr')].map(row => [...row.children].map(cell => [cell.textContent, cell.dataset.value ?? null]))});
	my @wanted = rows($query);
	my (%left, @wrong);
	# rows are told apart by their texts and dates, in any order
	my $key = sub { join "\x1f", map { !defined $_ ? '-' : $_ eq 't' ? 'true' : $_ eq 'f' ? 'false' : /^-?[\d.]+(e[-+]?\d+)?$/i ? sprintf '%.6g', $_ : $_ } @_ };
	$left{ $key->(@$_) } = $_ for @wanted;
	for my $row (@$cells)
	{
		my $raw = $key->(map { $_->[1] } @$row);
		my $found = delete $left{$raw};
		push(@wrong, "the page has $raw"), next if !$found;
		for my $i (0 .. $#$row)
		{
			push @wrong, "cell $i of $raw shows $row->[$i][0] for " . ($found->[$i] // 'NULL') if !same($row->[$i][0], $row->[$i][1], $found->[$i]);
		}
	}
	push @wrong, map { "the page lacks $_" } keys %left;
	@wrong = (@wrong[0 .. 4], '...') if @wrong > 6;
	ok(@wanted > 0 && @$cells == @wanted && !@wrong, "$page: the figures of $id are those of the database, all " . @wanted) or diag join "\n", scalar(@$cells) . ' rows', @wrong;
	return;
}

my $DRAWN = <<'JS';
[...document.querySelectorAll('.chart')].map(box => {
  const svg = box.querySelector('svg');
  const frame = box.getBoundingClientRect();
  const shapes = svg ? [...svg.querySelectorAll('path, rect, text, circle, polygon, polyline')].filter(shape => {
    const at = shape.getBoundingClientRect();
    return at.width + at.height > 0 && at.right > frame.left && at.left < frame.right && at.bottom > frame.top && at.top < frame.bottom;
  }) : [];
  // texts cut off at an edge
  const cut = shapes.filter(shape => shape.tagName === 'text').filter(text => {
    const at = text.getBoundingClientRect();
    return at.left < frame.left - 2 || at.right > frame.right + 2 || at.top < frame.top - 2 || at.bottom > frame.bottom + 2;
  }).map(text => text.textContent);
  const figure = box.closest('figure');
  const colours = new Set(shapes.map(shape => shape.getAttribute('fill')).filter(fill => fill && fill !== 'none' && fill !== 'transparent'));
  return { id: figure.id, width: frame.width, height: frame.height, shapes: shapes.length, colours: colours.size, cut,
    role: box.getAttribute('role'), label: box.getAttribute('aria-label') || '', rows: figure.querySelectorAll('details table tbody tr').length, sql: figure.querySelector('details pre')?.textContent || '' };
})
JS

# check_drawn(BROWSER, NAME, FILE): nothing to complain of, all charts there.
sub check_drawn
{
	my ($browser, $name, $file) = @_;
	is_deeply([ $browser->complaints ], [], "$name: nothing on the console");
	is_deeply([ $browser->requests($file) ], [], "$name: nothing loaded from elsewhere");
	my $charts = $browser->evaluate($DRAWN);
	my @bad = grep { $_->{width} < 200 || $_->{height} < 80 || $_->{shapes} < 4 || $_->{colours} < 1 } @$charts;
	ok(!@bad, "$name: every chart is drawn, " . @$charts . ' of them') or diag explain \@bad;
	my @cut = map { my $id = $_->{id}; map { "$id: $_" } @{ $_->{cut} } } @$charts;
	is_deeply(\@cut, [], "$name: no text of a chart is cut off");
	return $charts;
}

sub figures { return join ' ', @{ $_[0]->evaluate(q{[...document.querySelectorAll('figure')].map(figure => figure.id)}) }; }

# --- the shops --------------------------------------------------------------------------

# create(SCHEMA, SOURCES): views over tables of the schema shop.
sub create
{
	my ($schema, $sources, $more) = @_;
	sql("SET client_min_messages = warning; SELECT FROM create_value_views('$schema', " . join(', ', map { "$_ => 'shop.$_'" } split / /, $sources) . ($more || '') . ');');
	return;
}

sql('CREATE EXTENSION customer_value');
sql('', '-v', 'customers=1000', '-f', "$root/demo/shop.sql");
create('value', 'orders touches surveys tickets ratings costs assessments');
create('empty', 'orders touches surveys tickets ratings costs assessments');
sql("CALL refresh_value_views('value')");

my $browser = Browser->start($temp);

# --- all sources ------------------------------------------------------------------------

my $file = page('all', '--currency', 'EUR');
$browser->open($file, moving => 1);
my $charts = check_drawn($browser, 'all', $file);
is(figures($browser), 'chain distribution deciles segments model cohorts revenue nps offers funnel journey attribution returns support maturity', 'all: every part is there');
is(scalar(@$charts), 14, 'all: a chart in every part but the model');
is($browser->evaluate('echarts.getInstanceByDom(document.querySelector("#chain .chart")).getOption().animation'), JSON::PP::true, 'all: charts move in');

check_table($browser, 'all', $_, $expected{$_}) for sort grep { $_ ne 'customers' } keys %expected;

# The histogram counts everybody once, in classes that follow one another.
my $classes = $browser->evaluate(q{[...document.querySelectorAll('#distribution tbody tr')].map(row => [...row.children].map(cell => cell.dataset.value === undefined ? null : +cell.dataset.value))});
is($browser->evaluate(q{[...document.querySelectorAll('#distribution tbody tr')].reduce((sum, row) => sum + +row.children[2].dataset.value, 0)}),
	(rows('SELECT count(clv) FROM value.customers'))[0][0], 'all: the histogram has all customers');
my @counted = rows('SELECT count(*) FILTER (WHERE clv >= low AND (high IS NULL OR clv < high)) FROM value.customers, (VALUES '
	. join(', ', map { sprintf '(%d, %s::float8, %s::float8)', $_, $classes->[$_][0], $classes->[$_][1] // 'NULL' } 0 .. $#$classes) . ') AS class(n, low, high) GROUP BY n ORDER BY n');
is_deeply([ map { $_->[2] } @$classes ], [ map { $_->[0] } @counted ], 'all: each class of the histogram has its customers, ' . @$classes . ' classes');

# Headline numbers.
my $tiles = $browser->evaluate(q{[...document.querySelectorAll('.tile')].map(tile => [tile.dataset.tile, tile.querySelector('.number').textContent, tile.querySelector('.number').dataset.value])});
is(join(' ', sort map { $_->[0] } @$tiles), join(' ', sort keys %tile), 'all: the headline has its numbers');
for my $tile (@$tiles)
{
	my $wanted = (rows($tile{ $tile->[0] }))[0][0];
	ok(same($tile->[1], $tile->[2], $wanted), "all: headline $tile->[0] is that of the database") or diag "$tile->[1] ($tile->[2]) for $wanted";
}
my $facts = $browser->evaluate(q{all.customers[0]});
ok(same('0', 0, 0) && !same('1', 1, 2) && !same("12.0\x{202f}%", 0.125, 0.125) && same("12.5\x{202f}%", 0.125, 0.125) && !same("\x{2013}", undef, 0), 'the comparison tells right from wrong');
my ($row) = rows($expected{customers});
my @names = qw(customers one_time_buyers orders spend equity mean_clv median_clv mean_p_alive last_purchase);
is_deeply([ grep { my $i = $_; $names[$i] eq 'last_purchase' ? $facts->{ $names[$i] } ne $row->[$i] : abs($facts->{ $names[$i] } - $row->[$i]) > 1e-9 * abs $row->[$i] } 0 .. $#names ], [], 'all: so are the facts behind them');

# The chain.
my ($weakest) = rows('SELECT stage, value_at_stake, conversion_rate, stage_number FROM value.value_chain WHERE weakest_link');
is($browser->evaluate(q{document.querySelectorAll('.chain li').length}), 6, 'all: the chain has six stages');
is($browser->evaluate(q{[...document.querySelectorAll('.chain li')].findIndex(item => item.classList.contains('weakest')) + 1}), $weakest->[3], 'all: its weakest link is marked');
like($browser->evaluate(q{document.querySelector('#chain h3').textContent}), qr/^The weakest link is \Q$weakest->[0]\E: \d+\x{202f}% go no further, [\d.]+\x{202f}k\x{a0}EUR at stake$/, 'all: the title says so');
my ($lost) = $browser->evaluate(q{document.querySelector('#chain h3').textContent}) =~ /(\d+)\x{202f}%/;
is($lost, sprintf('%.0f', 100 * (1 - $weakest->[2])), 'all: with the share that is lost');
like($browser->evaluate(q{document.querySelector('#support h3').textContent}), qr/^Support loses [\d.]+\x{202f}k\x{a0}EUR: \d+\x{202f}% /, 'all: support says what it loses');
my $boxes = $browser->evaluate(q{[...document.querySelectorAll('.chain li dd[data-value]')].length});
is($boxes, (rows('SELECT count(customers_reached) + count(conversion_rate) + count(median_days) + count(satisfaction) + count(cost) + count(value_at_stake) FROM value.value_chain'))[0][0], 'all: the boxes have what the view has');

# Cells of the heat map, in the chart and as shapes of one size.
my $cells = $browser->evaluate(q{echarts.getInstanceByDom(document.querySelector('#cohorts .chart')).getOption().series[0].data.length});
is($cells, scalar(rows('SELECT DISTINCT cohort, period_number FROM value.cohort_retention')), "all: the heat map has a cell for each cohort and period, $cells");
my $shapes = $browser->evaluate(q{(() => { const sizes = new Map(); for (const path of document.querySelectorAll('#cohorts svg path')) {
	const at = path.getBBox(); const size = Math.round(at.width) + 'x' + Math.round(at.height); sizes.set(size, (sizes.get(size) || 0) + 1); }
	return Math.max(...sizes.values()); })()});
cmp_ok($shapes, '>=', $cells, 'all: and draws them');

# The picture of the journey has no circles.
my $circles = $browser->evaluate(q{(() => { const { links, data } = echarts.getInstanceByDom(document.querySelector('#journey .chart')).getOption().series[0];
	const depth = new Map(data.map(node => [node.name, node.depth])); return [links.length, links.filter(link => depth.get(link.source) >= depth.get(link.target)).length]; })()});
is_deeply($circles, [ scalar(grep { $_->[2] eq 'forward' } rows($expected{journey})), 0 ], 'all: the journey has every step forward, and no circle');

# Names and tables for whoever does not see the charts.
my @silent = grep { $_->{role} ne 'img' || length $_->{label} < 30 || $_->{rows} < 1 || $_->{sql} !~ /^SET search_path = value;.*FROM /s } @$charts;
ok(!@silent, 'all: every chart has a name, a table and its query') or diag explain [ map { $_->{id} } @silent ];
my $tree = $browser->call('Accessibility.getFullAXTree')->{nodes};
my @images = grep { ($_->{role}{value} // '') =~ /^(img|image)$/ && ($_->{name}{value} // '') =~ /^Chart: / } @$tree;
is(scalar(@images), scalar(@$charts), 'all: Chromium tells their names to a screen reader');
is($browser->evaluate(q{[...document.querySelectorAll('th, td, h3, .tile .number')].filter(cell => /NaN|Infinity|undefined|null|\[object/.test(cell.textContent)).length}), 0, 'all: nothing undefined in the figures');
is_deeply($browser->evaluate(q{[...document.querySelectorAll('figure')].filter(figure => figure.querySelector('table')).map(figure => [...figure.querySelectorAll('th:not([scope])')].length)}), [ (0) x 15 ], 'all: the headings of tables have a scope');

# The queries on the page give the figures on the page.
my $query = $browser->evaluate(q{document.querySelector('#segments pre').textContent});
is(scalar(split /\n/, sql($query)), $browser->evaluate(q{document.querySelectorAll('#segments tbody tr').length}), 'all: a query of the page runs as it stands');

# Open details, go with the keyboard.
is($browser->evaluate(q{(() => { const details = document.querySelector('#chain details.data'); details.querySelector('summary').focus(); document.activeElement.click(); return details.open && details.querySelector('table').getBoundingClientRect().height > 100; })()}),
	JSON::PP::true, 'all: the figures open');

# Contrast of texts by the formula of WCAG 2, against both grounds.
my $CONTRAST = <<'JS';
(() => {
  const style = getComputedStyle(document.documentElement);
  const light = name => {
    const [r, g, b] = style.getPropertyValue(name).trim().match(/[0-9a-f]{2}/gi).map(x => parseInt(x, 16) / 255).map(x => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const pairs = ['--ink', '--soft', '--accent', '--alarm'].flatMap(ink => ['--paper', '--ground', '--alarm-ground'].map(ground => [light(ink), light(ground)]));
  return Math.min(...pairs.map(([a, b]) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)));
})()
JS
cmp_ok($browser->evaluate($CONTRAST), '>=', 4.5, 'all: texts have enough contrast by day');

# --- dark, narrow, calm, printed --------------------------------------------------------

my $INKS = q{[getComputedStyle(document.body).backgroundColor, document.querySelector('#chain svg text').getAttribute('fill') || getComputedStyle(document.querySelector('#chain svg text')).fill]};
my $day = $browser->evaluate($INKS);
$browser->media(dark => 1);
$browser->settle;
my $night = $browser->evaluate($INKS);
is($day->[0], 'rgb(244, 245, 247)', 'by day the ground is light');
is($night->[0], 'rgb(16, 20, 26)', 'by night it is dark');
isnt($night->[1], $day->[1], 'the charts change with it');
cmp_ok($browser->evaluate($CONTRAST), '>=', 4.5, 'by night texts have enough contrast, too');
is_deeply([ $browser->complaints ], [], 'the change gives nothing to complain of');

$browser->open($file, dark => 1);
check_drawn($browser, 'dark', $file);
is($browser->evaluate('echarts.getInstanceByDom(document.querySelector("#chain .chart")).getOption().animation'), JSON::PP::false, 'with reduced motion nothing moves');

my $WIDE = q{[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll') && !e.closest('svg') && e.getBoundingClientRect().right > innerWidth + 0.5).map(e => e.tagName + '.' + e.className)};
for my $width (320, 390, 768)
{
	$browser->open($file, width => $width, height => 800, mobile => $width < 500);
	check_drawn($browser, "$width px", $file);
	is($browser->evaluate('document.documentElement.scrollWidth'), $width, "$width px: no scrolling to the side");
	is_deeply($browser->evaluate($WIDE), [], "$width px: nothing is wider than the screen");
}
$browser->evaluate(q{document.querySelectorAll('details').forEach(details => { details.open = true; })});
is($browser->evaluate('document.documentElement.scrollWidth'), 768, 'nor with all tables open');

$browser->open($file, width => 760, dark => 1);
$browser->media(print => 1, dark => 1);
$browser->evaluate(q{dispatchEvent(new Event('beforeprint'))});
is_deeply($browser->evaluate(q{[getComputedStyle(document.querySelector('nav')).display, getComputedStyle(document.querySelector('.more')).display, document.querySelector('#chain svg text').getAttribute('fill')]}),
	[ 'none', 'none', '#444' ], 'printed: no links, dark ink');
is_deeply($browser->evaluate($WIDE), [], 'printed: all is within the page');
$browser->evaluate(q{dispatchEvent(new Event('afterprint'))});
cmp_ok(length($browser->call('Page.printToPDF')->{data}), '>', 50_000, 'printed: to a PDF');
is_deeply([ $browser->complaints ], [], 'printed: nothing on the console');

# --- few sources, no rows, few rights ---------------------------------------------------

# As demo/run makes them of a file of orders.
sql("SELECT drop_value_views('value'); CREATE TABLE orders AS SELECT 'c' || customer_id AS customer_id, ordered_on, amount FROM shop.orders");
my %run = (made_up => 'false', as_of => '2025-12-31', horizon => '6 months', discount => '0.2', margin => '0.3');
sql('', (map { ('-v', "$_=$run{$_}") } sort keys %run), '-f', "$root/demo/views.sql");
$file = page('few', '--title', 'Orders & <i>nothing</i> else');
$browser->open($file);
like($browser->evaluate('document.getElementById("subtitle").textContent'), qr/^as of 2025-12-31 . lifetime value: what the next 6 months are expected to bring, discounted by 20\x{202f}% a year/, 'few: the question is told');
check_table($browser, 'few', $_, $expected{$_}) for qw(chain deciles model cohorts revenue);
check_drawn($browser, 'few', $file);
is(figures($browser), 'chain distribution deciles model cohorts revenue', 'few: parts for orders only, without a segment');
is_deeply($browser->evaluate(q{[...document.querySelectorAll('footer li code')].map(code => code.textContent)}),
	[qw(nps_trend perceived_value_by_offer journey_funnel journey_edges attribution_by_channel support_metrics maturity)], 'few: what is missing is named');
like($browser->evaluate(q{document.querySelector('footer ul').textContent}), qr/nps_trend: is there once create_value_views\(\) is given surveys/, 'few: and what it would take');
is($browser->evaluate('document.title'), 'Orders & <i>nothing</i> else', 'few: the title is a text');
is($browser->evaluate('document.querySelectorAll("h1 *").length'), 0, 'few: and nothing else');

$file = page('empty', '--schema', 'empty');
$browser->open($file);
check_drawn($browser, 'empty', $file);
like($browser->evaluate('document.querySelector("#nps").textContent'), qr/There are no rows\. CALL refresh_value_views\('empty'\)/, 'empty: says what helps');
is($browser->evaluate(q{/NaN|undefined|Infinity/.test(document.querySelector('main').textContent)}), JSON::PP::false, 'empty: nothing undefined');

# As demo/run makes them of its own company.
sql("SELECT drop_value_views('value'); DROP TABLE orders; SELECT drop_value_views('empty'); DROP SCHEMA shop CASCADE");
sql('', (map { ('-v', "$_=$run{$_}") } sort keys %run), '-v', 'made_up=true', '-v', 'customers=500', '-f', "$root/demo/views.sql");
sql("CREATE ROLE page_reader LOGIN; GRANT USAGE ON SCHEMA value TO page_reader;
	GRANT SELECT ON value.value_chain, value.stored_value_chain, value.customers, value.stored_customers, value.value_views TO page_reader;
	GRANT SELECT ON value.maturity TO page_reader");
$file = page('reader', '-U', 'page_reader');
$browser->open($file);
check_drawn($browser, 'reader', $file);
is(figures($browser), 'chain distribution deciles', 'reader: what the role may read');
like($browser->evaluate(q{document.querySelector('footer ul').textContent}), qr/maturity: this database role may not read it/, 'reader: and what it may not');
# The grants of doc/dashboard.md.
sql("GRANT SELECT ON value.value_views TO page_reader;
	SELECT format('GRANT SELECT ON value.%I, value.%I TO page_reader', view, 'stored_' || view) FROM value.value_views, unnest(views) AS view \\gexec");
$file = page('granted', '-U', 'page_reader');
$browser->open($file);
is(figures($browser), 'chain distribution deciles segments model cohorts revenue nps offers funnel journey attribution returns support maturity', 'granted: every part is there');
is($browser->evaluate(q{document.querySelectorAll('footer li').length}), 0, 'granted: nothing is missing');

my ($out, $messages);
ok(!run([ "$root/demo/dashboard", '--output', "$temp/none.html", '--schema', 'shop' ], '<', \'', '>', \$out, '2>', \$messages), 'a schema without value views is an error');
is($messages, "dashboard: there are no value views in the schema shop of this database: create_value_views() makes them, --schema names another one\n", 'that says so');
ok(!-e "$temp/none.html", 'and leaves no page');

# --- hostile texts ----------------------------------------------------------------------

my @hostile = ('</script><b id=harm>', '<img src=x onerror="window.harm=1">', '<!-- <script>', "'; DROP TABLE orders; --", '__proto__', '{a|b} {b} %s', "line\nbreak\ttab", "\x{202e}right to left \x{1F600}", '&lt;b&gt;', 'x' x 300, '${harm}', '</style></title>', "\x{2028}\\u003c");
my $list = join ', ', map { my $text = $_; $text =~ s/'/''/g; $text =~ s/\\/\\\\/g; "E'$text'" } @hostile;
$list =~ s/\n/\\n/g;
$list =~ s/\t/\\t/g;
my $n = @hostile;
sql("CREATE SCHEMA bad;
	CREATE TABLE bad.text AS SELECT n, text FROM unnest(ARRAY[$list]) WITH ORDINALITY AS t(text, n);
	CREATE TABLE bad.orders AS SELECT o.order_id, o.customer_id, o.ordered_on, o.amount, t.text AS segment, t.text AS channel FROM shop.orders AS o JOIN bad.text AS t ON t.n = 1 + o.customer_id % $n;
	CREATE TABLE bad.touches AS SELECT o.customer_id, o.at, CASE WHEN o.channel IS NULL THEN o.stage ELSE t.text END AS stage, t.text AS channel FROM shop.touches AS o JOIN bad.text AS t ON t.n = 1 + o.customer_id % $n;
	CREATE TABLE bad.surveys AS SELECT o.at, o.question, o.score, o.customer_id, t.text AS segment FROM shop.surveys AS o JOIN bad.text AS t ON t.n = 1 + o.customer_id % $n;
	CREATE TABLE bad.tickets AS SELECT o.customer_id, o.created, o.first_reply, o.solved, t.text AS channel FROM shop.tickets AS o JOIN bad.text AS t ON t.n = 1 + o.customer_id % $n;
	CREATE TABLE bad.ratings AS SELECT t.text AS offer, o.attribute, o.score, o.weight, o.is_cost, u.text AS kind FROM shop.ratings AS o JOIN bad.text AS t ON t.n = 1 + length(o.attribute) % $n JOIN bad.text AS u ON u.n = 1 + length(o.offer) % $n;
	CREATE TABLE bad.assessments AS SELECT o.aspect, o.level, o.achieved, t.text AS unit FROM shop.assessments AS o CROSS JOIN bad.text AS t WHERE t.n < 6;
	CREATE SCHEMA \"</script><b id=harm>\";");
sql("SELECT FROM create_value_views('</script><b id=harm>', " . join(', ', map { "$_ => 'bad.$_'" } qw(orders touches surveys tickets ratings assessments)) . ')');
sql("CALL refresh_value_views('</script><b id=harm>')");
$file = page('hostile', '--schema', '</script><b id=harm>', '--title', '</title><script>window.harm = 1</script>', '--currency', '<b id=harm>');
$browser->open($file);
check_drawn($browser, 'hostile', $file);
is($browser->evaluate('[document.querySelectorAll("#harm, main b, main img, main script").length, typeof window.harm].join()'), '0,undefined', 'hostile: no text becomes HTML');
my $segments = $browser->evaluate(q{[...document.querySelectorAll('#segments tbody th')].map(cell => cell.textContent)});
is_deeply([ sort @$segments ], [ sort @hostile ], 'hostile: all texts stand in the table as they are');
my $axis = $browser->evaluate(q{[...document.querySelectorAll('#segments svg text')].map(text => text.textContent)});
ok(scalar(grep { $_ eq '</script><b id=harm>' } @$axis), 'hostile: and in the chart') or diag explain $axis;
# the box at the pointer, over each bar
$browser->evaluate(q{(() => { for (const box of document.querySelectorAll('.chart')) { const chart = echarts.getInstanceByDom(box);
	chart.getOption().series.forEach((series, seriesIndex) => { for (let dataIndex = 0; dataIndex < Math.min(20, series.data ? series.data.length : 0); dataIndex += 1) chart.dispatchAction({ type: 'showTip', seriesIndex, dataIndex }); }); } })()});
$browser->settle;
is($browser->evaluate('[document.querySelectorAll("#harm, .tip img, .tip i").length, typeof window.harm].join()'), '0,undefined', 'hostile: nor at the pointer');
is_deeply([ $browser->complaints ], [], 'hostile: nothing on the console');

# --- the picture for the documentation --------------------------------------------------

$browser->open("$temp/all.html", width => 1180, height => 945);
$browser->picture("$temp/value-chain.webp", quality => 90);
cmp_ok(-s "$temp/value-chain.webp", '<', 150_000, 'the picture is small');

$browser->stop;
done_testing();
