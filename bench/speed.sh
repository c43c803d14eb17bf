#!/bin/sh
# CPU time of the whole `analyze` against the walker, and on A against the
# peers that Debian has; every round runs each program once, so that a busy
# machine is busy for all of them.
# usage: bench/speed.sh [-r ROUNDS] [-q] [-b BUILD] [-d DIR] [-- ANALYZE_OPTION...]
#   -q  quarter-size captures   -d  where the captures lie or are made
set -eu
cd "$(dirname "$0")/.."
rounds=5 quarter= build=build/release dir=/tmp/wellspring-bench
known=r:qb:d:
. bench/options.sh
options=$*
gen=$build/bench/gen_perf_capture walker=$build/bench/walker
tool=$build/src/cli/wellspring
mkdir -p "$dir"
# "real user system" in seconds; programs may exit with any code
measure() { # FILE COMMAND...
	out=$1
	shift
	/usr/bin/env python3 - "$out" "$@" <<'PY'
import os, resource, subprocess, sys, time
start = time.time()
subprocess.run(sys.argv[2:], stdin=subprocess.DEVNULL,
               stdout=subprocess.DEVNULL,
               stderr=subprocess.DEVNULL)
use = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "a") as f:
    print(use.ru_utime + use.ru_stime, time.time() - start, use.ru_maxrss,
          file=f)
PY
}
make_capture() { # NAME OPTIONS...
	name=$1
	shift
	[ -f "$dir/$name.pcap" ] || "$gen" "$@" "$dir/$name.pcap" >/dev/null
}
median() { sort -n "$1" | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }
peers() { # CAPTURE
	command -v softflowd >/dev/null &&
		measure "$t/softflowd" softflowd -r "$1" -n 127.0.0.1:9
	mkdir -p "$t/nf"
	command -v nfpcapd >/dev/null &&
		measure "$t/nfpcapd" nfpcapd -r "$1" -l "$t/nf"
	command -v argus >/dev/null &&
		measure "$t/argus" argus -r "$1" -w "$t/argus.out"
	command -v tcptrace >/dev/null &&
		measure "$t/tcptrace" tcptrace -n -l -r "$1" # -n: no names
	rm -rf "$t/nf" "$t/argus.out"
}
bar_of() {
	case $1-$2 in
	B-walker) echo "at most 2.0" ;;
	*-walker) echo "at most 4.0" ;;
	*-softflowd) echo "at least 2.5" ;;
	*-nfpcapd) echo "at least 3.0" ;;
	*-argus) echo "at least 5.0" ;;
	*-tcptrace) echo "at least 13" ;;
	esac
}
table() { # NAME PACKETS
	ours=$(median "$t/wellspring")
	printf '%s: %s packets, median CPU of %s rounds, load %s\n' "$1" "$2" \
		"$rounds" "$(cut -d' ' -f1 /proc/loadavg)"
	for f in walker wellspring softflowd nfpcapd argus tcptrace; do
		[ -f "$t/$f" ] || continue
		awk -v n="$f" -v s="$(median "$t/$f")" -v p="$2" -v o="$ours" \
			-v bar="$(bar_of "$1" "$f")" 'BEGIN {
			r = n == "walker" ? o / s : s / o
			printf "  %-10s %9.1f ns/packet", n, s * 1e9 / p
			if (n == "walker")
				printf "   wellspring takes %.2f of it", r
			else if (n != "wellspring")
				printf "   %.2f times wellspring", r
			if (bar != "") printf " (bar: %s)", bar
			print "" }'
	done
}
n=200000 nb=55000
[ -z "$quarter" ] || { n=50000 nb=14000; }
make_capture "A$quarter" -n $n -s 96
make_capture "B$quarter" -n $nb -s 0
make_capture C5 -n 500000 -L -i 0 -b 0 -p 0 -w 300 -d 30
for name in A B C5; do
	case $name in C5) file=$dir/C5.pcap ;; *) file=$dir/$name$quarter.pcap ;; esac
	t=$(mktemp -d)
	packets=$("$walker" "$file" | awk '/^packets/ { print $2 + $6 }')
	i=0
	while [ $i -lt "$rounds" ]; do
		measure "$t/walker" "$walker" "$file"
		measure "$t/wellspring" "$tool" analyze $options "$file"
		[ $name != A ] || peers "$file"
		i=$((i + 1))
	done
	table $name "$packets"
	rm -rf "$t"
done
