#!/bin/sh
# Golden cases: runs `cmd` of every case inside its directory and compares
# the exit code and the output, without the program's version.
# usage: run.sh PROGRAM [--update] [CASE...]; writes TAP
set -u
export LC_ALL=C TZ=UTC
prog=$(realpath "$1")
shift
update=no
if [ "${1:-}" = --update ]; then
	update=yes
	shift
fi
cd "$(dirname "$0")" || exit 1
[ $# -gt 0 ] || set -- */
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0 bad=0
for dir in "$@"; do
	dir=${dir%/}
	[ -f "$dir/cmd" ] || continue
	n=$((n + 1))
	expected=$dir/expected.txt
	if [ -f "$dir/expected.json" ] || grep -q -- --json "$dir/cmd"; then
		expected=$dir/expected.json
	fi
	status=0
	# the words of cmd are split by the shell, so that quotes work
	(cd "$dir" && eval "\"$prog\" $(cat cmd)") \
		>"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
	sed 's/^\(    "version": \)".*"$/\1"-"/' "$tmp/out" >"$tmp/clean"
	if [ $update = yes ]; then
		cp "$tmp/clean" "$expected"
		echo $status >"$dir/exit"
		echo "# updated $dir"
	fi
	if [ ! -f "$expected" ] || [ ! -f "$dir/exit" ]; then
		echo "not ok $n - $dir: no expected output"
		bad=1
	elif [ "$status" != "$(cat "$dir/exit")" ]; then
		echo "not ok $n - $dir: exit $status"
		sed 's/^/# /' "$tmp/err"
		bad=1
	elif ! diff -u "$expected" "$tmp/clean" >"$tmp/diff"; then
		echo "not ok $n - $dir"
		head -40 "$tmp/diff" | sed 's/^/# /'
		bad=1
	else
		echo "ok $n - $dir"
	fi
done
echo "1..$n"
[ $n -gt 0 ] || exit 1
exit $bad
