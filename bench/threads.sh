#!/bin/sh
# Wall time with one thread and with two, and whether the bytes are the same.
# Needs two idle processors to say anything.
# usage: bench/threads.sh [-r ROUNDS] [-b BUILD] CAPTURE [ANALYZE_OPTION...]
set -eu
cd "$(dirname "$0")/.."
rounds=5 build=build/release
known=r:b:
. bench/options.sh
python3 - "$rounds" "$build/src/cli/wellspring" "$@" <<'PY'
import hashlib, os, subprocess, sys, time
rounds, tool, options = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
wall, sums = {1: [], 2: []}, set()
for _ in range(rounds):
    for n in wall:
        start = time.time()
        out = subprocess.run([tool, "analyze", "--threads", str(n)]
                             + options, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL).stdout
        wall[n].append(time.time() - start)
        sums.add(hashlib.sha256(out).hexdigest())
best = {n: min(t) for n, t in wall.items()}
print("1 thread %.3f s, 2 threads %.3f s (best of %d): %.2f times; %s; load %s"
      % (best[1], best[2], rounds, best[1] / best[2],
         "same bytes" if len(sums) == 1 else "DIFFERENT BYTES",
         os.getloadavg()[0]))
sys.exit(len(sums) != 1)
PY
