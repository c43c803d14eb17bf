#!/bin/sh
# Instructions per packet against bench/budget.txt, with 5 % to spare.
# usage: bench/budget.sh BUDGET_RUN BUILT [--show]
# BUILT says how BUDGET_RUN was built ("gcc 2 none": compiler, optimisation,
# sanitizer); the budget holds for gcc -O2 without sanitizers.
# Exit: 0 within the budget, 1 above it, 77 cannot be measured here.
set -eu
unset MALLOC_PERTURB_ # meson sets it; malloc would fill what it gives
run=$1 built=$2 show=${3:-}
here=$(dirname "$0")
command -v valgrind >/dev/null || {
	echo "skipped: valgrind is not installed"
	exit 77
}
[ "$built" = "gcc 2 none" ] || {
	echo "skipped: the budget is for gcc -O2, this is: $built"
	exit 77
}
[ "$(uname -m)" = x86_64 ] || {
	echo "skipped: the budget is for x86-64"
	exit 77
}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
status=0
grep -v '^#' "$here/budget.txt" >"$dir/lines"
count() { # MODE FILE: instructions
	valgrind --tool=cachegrind --cache-sim=no \
		--cachegrind-out-file=/dev/null --log-file="$dir/log" \
		"$run" "$1" "$2" >"$dir/packets"
	sed -n 's/.*I *refs: *//p' "$dir/log" | tr -d ,
}
start=$(count start none)
while read -r mode capture budget; do
	refs=$(count "$mode" "$here/../$capture")
	packets=$(cat "$dir/packets")
	per=$(((refs - start) / packets))
	echo "$mode $capture: $per instructions per packet" \
		"(budget $budget, $packets packets)"
	[ -n "$show" ] && continue
	[ $((per * 100)) -le $((budget * 105)) ] || {
		echo "above the budget by more than 5 %"
		status=1
	}
	[ $((per * 100)) -ge $((budget * 85)) ] ||
		echo "far below the budget: lower it in bench/budget.txt"
done <"$dir/lines"
exit $status
