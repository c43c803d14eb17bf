#!/bin/sh
# CPU time per packet: against the number of concurrent connections (the same
# mean mix), and of interactive connections alone.
# usage: bench/scaling.sh [-r ROUNDS] [-b BUILD] [-d DIR] [-- ANALYZE_OPTION...]
set -eu
cd "$(dirname "$0")/.."
rounds=3 build=build/release dir=/tmp/wellspring-bench
known=r:b:d:
. bench/options.sh
options=$*
mkdir -p "$dir"
# A small capture is given to one process many times in a row: the start of
# the program would be most of it otherwise.
one() { # LABEL FILE
	python3 - "$rounds" "$build" "$1" "$2" $options <<'PY'
import os, resource, subprocess, sys
rounds, build, label, path = sys.argv[1:5]
def cpu(*command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = subprocess.run(command, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime
            - before.ru_utime - before.ru_stime), out
def words(out):
    return out.split()
w = words(cpu(build + "/bench/walker", path)[1])
packets = int(w[1]) + int(w[5])
repeat = max(1, 1000000 // packets)
tool = build + "/src/cli/wellspring"
empty = path + ".empty"
with open(path, "rb") as f, open(empty, "wb") as g:
    g.write(f.read(24))
def median(p):
    times = sorted(sum(cpu(tool, "analyze", *sys.argv[5:], p)[0]
                       for _ in range(repeat)) / repeat
                   for _ in range(int(rounds)))
    return times[len(times) // 2]
whole, start = median(path), median(empty)
os.remove(empty)
print("  %-28s %9d packets %8.1f ns/packet (%.1f without the %.1f ms of the "
      "start)" % (label, packets, whole * 1e9 / packets,
                  (whole - start) * 1e9 / packets, start * 1e3))
PY
}
make_capture() { # NAME OPTIONS...
	name=$1
	shift
	[ -f "$dir/$name.pcap" ] ||
		"$build/bench/gen_perf_capture" "$@" "$dir/$name.pcap" >/dev/null
}
# All have 14 packets in each connection; the small ones last longer, so that
# the start of the program is no part of it.
echo "concurrent connections (bar: 500,000 less than 3 times 1,000)"
web="-i 0 -b 0 -p 0 -w 300"
make_capture T1000 -n 100000 $web -k 8 -d 1400
make_capture T10000 -n 200000 $web -k 8 -d 280
make_capture L100000 -n 100000 -L $web -d 30
make_capture L500000 -n 500000 -L $web -d 30
for c in T1000 T10000 L100000 L500000; do
	one "${c#?}" "$dir/$c.pcap"
done
echo "interactive connections at 10 hosts (bar: 10,000 at most twice 100)"
for n in 100 1000 10000; do
	make_capture H$n -n $((n * 127 / 100)) -i 1 -b 0 -p 0 -d 30 -H 10
	one "$n" "$dir/H$n.pcap"
done
