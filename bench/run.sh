#!/bin/sh
# `make bench`: builds the release form and measures it.  The null models
# (bench/run-nulls.sh) and MRT (bench/mrt_bench.sh) run on their own.
# usage: bench/run.sh [-q]   -q: quarter-size captures, 3 rounds
set -eu
cd "$(dirname "$0")/.."
build=build/release
[ -f $build/build.ninja ] || meson setup $build --buildtype=release
meson compile -C $build
if [ "${1:-}" = -q ]; then
	sh bench/speed.sh -q -r 3
else
	sh bench/speed.sh
fi
sh bench/scaling.sh
sh bench/memory.sh
sh bench/threads.sh /tmp/wellspring-bench/C5.pcap
sh bench/budget.sh $build/bench/budget_run "gcc 2 none" --show
