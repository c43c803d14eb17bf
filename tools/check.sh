#!/bin/sh
# `make check`: what must be green before anything is handed in: two
# compilers, sanitizers, format, lint, layers, documents, every test.
set -eu
cd "$(dirname "$0")/.."
sh tools/install-deps.sh check
fail=0
part() { echo "== $*"; }
run() { "$@" || { echo "FAILED: $*"; fail=1; }; }

part layers
run sh tools/check-layers.sh

part format
files=$(find src tests bench -name '*.[ch]' | sort)
run clang-format --dry-run -Werror --ferror-limit=1 $files

part sizes: files of at most 1000 lines
for f in $files; do
	[ "$(wc -l <"$f")" -le 1000 ] || { echo "$f is too long"; fail=1; }
done

part gcc
run sh tools/test.sh

part clang
[ -f build/clang/build.ninja ] ||
	CC=clang meson setup build/clang -Dwerror=true
run meson compile -C build/clang
run meson test -C build/clang --no-rebuild --no-suite lab --no-suite bench \
	--print-errorlogs

part sanitizers
[ -f build/asan/build.ninja ] ||
	CC=clang meson setup build/asan -Dwerror=true -Dbuildtype=debug \
		-Doptimization=1 -Db_sanitize=address,undefined -Db_lundef=false
run meson compile -C build/asan
run env ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1 \
	meson test -C build/asan --no-rebuild --no-suite lab --no-suite bench \
	--no-suite valgrind --timeout-multiplier 4 --print-errorlogs

part clang-tidy
# what it counts in system headers goes to stderr; a failure to run does too
find src -name '*.c' | sort | xargs -P 2 -n 8 clang-tidy --quiet -p build/clang \
	2>build/clang/tidy.err || {
	grep -v 'warnings\{0,1\} generated' build/clang/tidy.err || true
	echo "FAILED: clang-tidy"
	fail=1
}

[ $fail = 0 ] && echo "check: all green"
exit $fail
