#!/bin/bash
# run-nulls.sh - the null calibration of METHODS.md as table lines on stdout.
#   run-nulls.sh BUILD [full|reduced] [SECONDS...]
# full: 100,000 pairs of 300 s, 20,000 of 1 h, 2,000 of 24 h per model and
# choice of sizes (many hours); reduced: a fifth of the dear 300 s models, and
# a twentieth of the longer ones.  Several may run side by side.
set -eu
build=$1
scale=${2:-reduced}
shift $(($# < 2 ? $# : 2))
[ $# -gt 0 ] || set -- 300 3600 86400
nulls=$build/bench/nulls
seed=${SEED:-1}
cheap="poisson pareto keep10s busy cron30s pareto-keep keep+pareto
 grid10s-2ms grid10s-50ms grid10s-200ms grid10s-1s
 grid30s-2ms grid30s-50ms grid30s-200ms grid30s-1s"
dear="keep1s-2ms keep1s-50ms busy8s cron10s people person-keep person-bulk
 grid1s-2ms grid1s-50ms grid1s-200ms grid1s-1s"

count() { # SECONDS DEAR
	local n=100000
	[ "$1" -lt 3600 ] || n=20000
	[ "$1" -lt 86400 ] || n=2000
	if [ "$scale" != full ]; then
		[ "$1" -lt 3600 ] && n=$((n / (1 + 4 * $2))) || n=$((n / 20))
	fi
	echo $n
}

for d in "$@"; do
	for m in $cheap; do
		"$nulls" -q -m "$m" -d "$d" -n "$(count "$d" 0)" -s "$seed" || :
	done
	for m in $dear; do
		"$nulls" -q -m "$m" -d "$d" -n "$(count "$d" 1)" -s "$seed" || :
	done
done
