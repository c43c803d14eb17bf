#!/bin/sh
# A calibration and signatures of the user's take the place of the shipped
# ones, also for the confined process, and the case names them.
# usage: check-calibration.sh PROGRAM CAPTURE DATA_DIR
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
run() { # OUTPUT [OPTION...]
	out=$1
	shift
	"$program" analyze -q --json="$out" "$@" "$capture" >/dev/null ||
		test $? = 3
}
program=$1 capture=$2
sed 's/^name .*/name our own, of a test/' "$3/farend-calibration.txt" \
	>"$tmp/own.txt"
run "$tmp/shipped.json"
run "$tmp/own.json" --calibration="$tmp/own.txt" \
	--signatures="$3/farend-signatures.txt"
! grep -q 'our own, of a test' "$tmp/shipped.json"
grep -q 'our own, of a test' "$tmp/own.json"
echo 'kind tls12 none' >"$tmp/bad.txt"
! "$program" analyze -q --calibration="$tmp/bad.txt" "$capture" \
	>/dev/null 2>"$tmp/error"
grep -q 'bad.txt: line 1' "$tmp/error"
