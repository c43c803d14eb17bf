# Perl client of the laboratory: client.pl HOST:PORT [PROXY:PORT]
use strict;
use IO::Socket::INET;
use IO::Socket::SSL;

my ($to, $proxy) = @ARGV;
my $s = IO::Socket::INET->new(PeerAddr => $proxy || $to, Timeout => 20)
	or exit 1;
if ($proxy) {
	print $s "CONNECT $to HTTP/1.1\r\nHost: $to\r\n\r\n";
	while (defined(my $line = <$s>)) {
		last if $line =~ /^\r?\n$/;
	}
}
IO::Socket::SSL->start_SSL($s, SSL_verify_mode => SSL_VERIFY_NONE)
	or exit 2;
for my $path ("/small", "/page") {
	my ($n, $line) = 0;
	print $s "GET $path HTTP/1.1\r\nHost: s\r\n\r\n";
	while (defined($line = <$s>) && $line !~ /^\r?\n$/) {
		$n = $1 if $line =~ /^Content-Length: (\d+)/i;
	}
	read($s, $line, $n);
}
close($s);
