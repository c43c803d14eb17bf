#!/bin/bash
# run-nulls.sh - the null calibration of METHODS.md as table lines on stdout.
#   run-nulls.sh BUILD [full|reduced] [SECONDS...]
# full: 100,000 pairs of 300 s, 20,000 of 1 h, 2,000 of 24 h per model, with
# sizes "same" and "common" (some two hours on one core); reduced: a
# fiftieth.  The variants that copy content always get a fiftieth.
# Several may run side by side.
set -eu
build=$1
scale=${2:-reduced}
shift $(($# < 2 ? $# : 2))
[ $# -gt 0 ] || set -- 300 3600 86400
nulls=$build/bench/nulls
seed=${SEED:-1}
models="poisson pareto keep10s busy cron30s pareto-keep keep+pareto
 grid10s-2ms grid10s-50ms grid10s-200ms grid10s-1s
 grid30s-2ms grid30s-50ms grid30s-200ms grid30s-1s
 keep1s-2ms keep1s-50ms grid1s-2ms grid1s-50ms grid1s-200ms grid1s-1s
 busy8s cron10s people person-keep person-bulk"

count() { # SECONDS
	local n=100000
	[ "$1" -lt 3600 ] || n=20000
	[ "$1" -lt 86400 ] || n=2000
	echo $n
}

for d in "$@"; do
	full=$(count "$d")
	for m in $models; do
		for z in same common copied broadcast; do
			n=$((full / 50))
			case $scale/$z in
			full/same | full/common) n=$full ;;
			esac
			"$nulls" -q -m "$m" -z $z -d "$d" -n $n -s "$seed" \
				2>/dev/null || :
		done
	done
done
