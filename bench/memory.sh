#!/bin/sh
# Peak resident memory at a million concurrent connections, all open at once.
# usage: bench/memory.sh [-n CONNECTIONS] [-b BUILD] [-d DIR] [-- ANALYZE_OPTION...]
set -eu
cd "$(dirname "$0")/.."
n=1000000 build=build/release dir=/tmp/wellspring-bench
known=n:b:d:
. bench/options.sh
mkdir -p "$dir"
file=$dir/M$n.pcap
[ -f "$file" ] || "$build/bench/gen_perf_capture" -n "$n" -L -i 0 -b 0 -p 0 \
	-w 100 -d 30 "$file" >/dev/null
python3 - "$n" "$build/src/cli/wellspring" analyze --json "$@" "$file" <<'PY'
import resource, subprocess, sys
n = int(sys.argv[1])
subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL,
                     stderr=subprocess.DEVNULL)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
print("%d connections: peak resident %.0f MiB, %.0f bytes for each "
      "(bar at 1,000,000: 1,024 MiB)" % (n, peak / 2**20, peak / n))
PY
