#!/bin/sh
# Wall time with one thread and with two, and whether the bytes are the same.
# Needs two idle processors to say anything; how far two are apart from each
# other is told by two runs of one thread at the same time.
# usage: bench/threads.sh [-r ROUNDS] [-b BUILD] CAPTURE [ANALYZE_OPTION...]
set -eu
cd "$(dirname "$0")/.."
rounds=5 build=build/release
known=r:b:
. bench/options.sh
python3 - "$rounds" "$build/src/cli/wellspring" "$@" <<'PY'
import hashlib, os, subprocess, sys, time
rounds, tool, options = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
wall, sums, both = {1: [], 2: []}, set(), []
one = [tool, "analyze", "--threads", "1"] + options
for _ in range(rounds):
    start = time.time()
    for p in [subprocess.Popen(one, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL) for _ in range(2)]:
        p.wait()
    both.append(time.time() - start)
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
print("two runs at once: %.3f s, so two processors do %.2f times the work of "
      "one here" % (min(both), 2 * best[1] / min(both)))
sys.exit(len(sums) != 1)
PY
