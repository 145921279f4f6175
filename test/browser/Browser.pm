# A Chromium without a window, spoken to through a pipe (the DevTools protocol, JSON with a
# NUL behind each message). Perl's own modules are enough.
package Browser;

use strict;
use warnings;
use Fcntl qw(F_DUPFD);
use File::Temp qw(tempdir);
use IO::Select;
use JSON::PP;
use MIME::Base64 qw(decode_base64);
use POSIX qw(dup2);
use Time::HiRes qw(time sleep);

my $json = JSON::PP->new->utf8->allow_nonref;

# start(FOLDER): a browser with one blank page; what it leaves behind goes to FOLDER.
sub start
{
	my ($class, $folder) = @_;
	my ($program) = grep { -x } map { ("$_/chromium", "$_/chromium-browser", "$_/google-chrome") } split /:/, $ENV{PATH};
	die "no chromium in the PATH\n" unless $program;
	my $profile = tempdir(DIR => $folder, CLEANUP => 1);
	pipe(my $their_in, my $our_out) or die "pipe: $!";
	pipe(my $our_in, my $their_out) or die "pipe: $!";
	my $pid = fork // die "fork: $!";
	if ($pid == 0)
	{
		# so that all its processes can be ended together
		setpgrp(0, 0);
		# first out of the way of 3 and 4
		my @moved = map { fcntl($_, F_DUPFD, 10) } ($their_in, $their_out);
		dup2($moved[0], 3);
		dup2($moved[1], 4);
		POSIX::close($_) for 5 .. 63;
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', "$folder/chromium.log";
		open STDERR, '>&', \*STDOUT;
		# No sandbox: it needs rights that a container does not give, and the pages are ours.
		exec $program, '--headless=new', '--remote-debugging-pipe', "--user-data-dir=$profile",
			qw(--no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --no-default-browser-check
			--disable-background-networking --disable-component-update --disable-sync --disable-extensions
			--hide-scrollbars --mute-audio --password-store=basic --force-color-profile=srgb about:blank)
			or POSIX::_exit(127);
	}
	close $their_in;
	close $their_out;
	binmode $_ for $our_in, $our_out;
	$our_out->autoflush(1);
	my $self = bless { pid => $pid, in => $our_in, out => $our_out, rest => '', number => 0, events => [], owner => $$ }, $class;
	my ($page) = grep { $_->{type} eq 'page' } @{ $self->call('Target.getTargets')->{targetInfos} };
	my $target = $page ? $page->{targetId} : $self->call('Target.createTarget', url => 'about:blank')->{targetId};
	$self->{session} = $self->call('Target.attachToTarget', targetId => $target, flatten => JSON::PP::true)->{sessionId};
	$self->call("$_.enable") for qw(Page Runtime Log Network);
	return $self;
}

# next_message(UNTIL): the next one, or nothing when the time is over.
sub next_message
{
	my ($self, $until) = @_;
	while ($self->{rest} !~ /\0/)
	{
		my $left = $until - time;
		return if $left <= 0;
		next unless IO::Select->new($self->{in})->can_read($left);
		my $got = sysread $self->{in}, $self->{rest}, 1 << 20, length $self->{rest};
		die "the browser has ended; see chromium.log\n" unless $got;
	}
	$self->{rest} =~ s/\A(.*?)\0//s;
	return $json->decode($1);
}

# call(METHOD, PARAMETERS): its result. What happens meanwhile is kept in events.
sub call
{
	my ($self, $method, %parameters) = @_;
	my $number = ++$self->{number};
	my $message = { id => $number, method => $method, params => \%parameters };
	$message->{sessionId} = $self->{session} if $self->{session};
	print { $self->{out} } $json->encode($message), "\0" or die "the browser does not listen: $!\n";
	my $until = time + 180;
	while (my $answer = $self->next_message($until))
	{
		if (!exists $answer->{id}) { push @{ $self->{events} }, $answer; next; }
		next if $answer->{id} != $number;
		die "$method: $answer->{error}{message}\n" if $answer->{error};
		return $answer->{result};
	}
	die "$method: no answer within three minutes\n";
}

# open(FILE, OPTIONS): load a page, and wait until it is drawn. Options: width, height,
# dark, calm (reduced motion).
sub open
{
	my ($self, $file, %option) = @_;
	$self->{events} = [];
	$self->call('Emulation.setDeviceMetricsOverride', width => ($option{width} || 1280) + 0, height => ($option{height} || 900) + 0,
		deviceScaleFactor => 1, mobile => $option{mobile} ? JSON::PP::true : JSON::PP::false);
	$self->media(%option);
	$self->call('Page.navigate', url => $file =~ /^\w+:/ ? $file : "file://$file");
	my $until = time + 120;
	while (!grep { $_->{method} eq 'Page.loadEventFired' } @{ $self->{events} })
	{
		my $event = $self->next_message($until) or die "the page was not loaded within two minutes\n";
		push @{ $self->{events} }, $event if !exists $event->{id};
	}
	$self->settle;
	return;
}

sub media
{
	my ($self, %option) = @_;
	$self->call('Emulation.setEmulatedMedia', media => $option{print} ? 'print' : '', features => [
		{ name => 'prefers-color-scheme', value => $option{dark} ? 'dark' : 'light' },
		{ name => 'prefers-reduced-motion', value => $option{moving} ? 'no-preference' : 'reduce' } ]);
	return;
}

# settle: until the page has had the time to follow.
sub settle
{
	my $self = shift;
	$self->evaluate('new Promise(done => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(() => done(true))), 160))');
	return;
}

# evaluate(SCRIPT): the value of an expression in the page.
sub evaluate
{
	my ($self, $script) = @_;
	my $answer = $self->call('Runtime.evaluate', expression => $script, returnByValue => JSON::PP::true, awaitPromise => JSON::PP::true);
	die "the page's script failed: $answer->{exceptionDetails}{exception}{description}\n" if $answer->{exceptionDetails};
	return $answer->{result}{value};
}

# complaints: errors and warnings of the page's console, and requests to anywhere else.
sub complaints
{
	my $self = shift;
	$self->evaluate('1');
	my @found;
	for my $event (@{ $self->{events} })
	{
		my $facts = $event->{params};
		if ($event->{method} eq 'Runtime.exceptionThrown')
		{
			push @found, 'exception: ' . ($facts->{exceptionDetails}{exception}{description} // $facts->{exceptionDetails}{text});
		}
		elsif ($event->{method} eq 'Runtime.consoleAPICalled')
		{
			push @found, "console.$facts->{type}: " . join ' ', map { $_->{value} // $_->{description} // '' } @{ $facts->{args} };
		}
		elsif ($event->{method} eq 'Log.entryAdded')
		{
			push @found, "$facts->{entry}{level}: $facts->{entry}{text}";
		}
	}
	return @found;
}

# requests: the addresses that were asked for, the page itself and data: left out.
sub requests
{
	my ($self, $page) = @_;
	return grep { $_ ne "file://$page" && !/^data:/ }
		map { $_->{params}{request}{url} } grep { $_->{method} eq 'Network.requestWillBeSent' } @{ $self->{events} };
}

# picture(FILE, OPTIONS): of what is seen, or of all of the page. The kind is the file's.
sub picture
{
	my ($self, $file, %option) = @_;
	my ($format) = $file =~ /\.(png|jpeg|webp)$/;
	my %more = $option{quality} ? (quality => $option{quality}) : ();
	my $shot = $self->call('Page.captureScreenshot', format => $format, captureBeyondViewport => $option{whole} ? JSON::PP::true : JSON::PP::false, %more);
	CORE::open(my $out, '>:raw', $file) or die "$file: $!";
	print $out decode_base64($shot->{data});
	close $out or die "$file: $!";
	return;
}

sub stop
{
	my $self = shift;
	return unless $self->{pid} && $self->{owner} == $$;
	eval { $self->{session} = undef; $self->call('Browser.close') };
	for (1 .. 50)
	{
		last if waitpid($self->{pid}, POSIX::WNOHANG()) != 0;
		sleep 0.05;
	}
	kill 'KILL', -$self->{pid};
	waitpid $self->{pid}, 0;
	delete $self->{pid};
	return;
}

sub DESTROY { local ($?, $@, $!); eval { $_[0]->stop }; return; }

1;
