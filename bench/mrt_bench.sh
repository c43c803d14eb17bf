#!/bin/sh
# Reading MRT side by side with bgpdump, memory of a large table, look-ups.
# usage: bench/mrt_bench.sh WELLSPRING [SCRATCH]
# Needs bgpdump (Debian) and, for the real files, ../shared/mrt.
# CPU seconds of whole processes, best of RUNS (3); input in the page cache.
# ROWS=only: without the large table from a pipe.
set -eu
prog=$(realpath "$1")
[ -x "$prog" ] || { echo "$prog: no program" >&2; exit 1; }
scratch=${2:-$(mktemp -d)}
here=$(cd "$(dirname "$0")" && pwd)
mrt=$here/../../shared/mrt
mkdir -p "$scratch"
cc -O2 -o "$scratch/mrt_gen" "$here/mrt_gen.c"
cd "$scratch"

cpu() { # best user+sys of the runs
	for i in $(seq "${RUNS:-3}"); do
		/usr/bin/env time -f '%U %S' -o t "$@" >/dev/null 2>err || :
		tail -1 t
	done | awk '{s = $1 + $2} NR == 1 || s < m {m = s} END {print m}'
}

row() { # name file
	ours=$(cpu "$prog" mrt -q "$2")
	count=$(cpu "$prog" mrt -s "$2")
	theirs=$(cpu bgpdump -m "$2")
	lines=$(bgpdump -m "$2" 2>/dev/null | wc -l)
	bytes=$(wc -c <"$2")
	awk -v n="$1" -v o="$ours" -v c="$count" -v t="$theirs" -v l="$lines" \
		-v b="$bytes" 'BEGIN {
		if (o == 0) o = 0.01
		if (c == 0) c = 0.01
		printf "%-26s %10d %9d  %7.2f %7.2f %6.0fx %7.2f %6.0fx\n",
			n, b, l, t, o, t / o, c, t / c}'
}

printf '%-26s %10s %9s  %7s %7s %7s %7s %7s\n' input bytes lines bgpdump \
	lines-s ratio read-s ratio
./mrt_gen rib 100000 20 >rib.mrt
row "table 100,000 x 20" rib.mrt
gzip -kf6 rib.mrt
row "the same, gzip" rib.mrt.gz
if [ -d "$mrt" ]; then
	et=$mrt/bgpdump-updates.et-header.2015.gz
	zcat "$et" >one.mrt
	for i in 1 2 3 4 5 6 7 8 9 10; do cat one.mrt; done >updates.mrt
	row "updates of 2015, x10" updates.mrt
	gzip -kf6 updates.mrt
	row "the same, gzip" updates.mrt.gz
	zcat "$mrt/bgpdump-updates.20160811.1600.gz" >one.mrt
	for i in $(seq 40); do cat one.mrt; done >ris.mrt
	row "RIS updates of 2016, x40" ris.mrt
	zcat "$mrt/bgpdump-bview.20020722.2337.gz" >v1.mrt
	row "table of 2002" v1.mrt
fi
[ "${ROWS:-}" != only ] || exit 0
echo
echo "1,000,000 networks x 60 peers (from a pipe), 1,000,000 addresses:"
./mrt_gen addresses 1000000 >addresses.txt
./mrt_gen rib 1000000 60 | /usr/bin/env time -f \
	'%U s user, %S s system, %e s wall, %M KiB' "$prog" origin -m - \
	-f addresses.txt --stats --brief >/dev/null
