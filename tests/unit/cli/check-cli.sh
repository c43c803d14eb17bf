#!/bin/sh
# The outer shell with a case made by hand: exit codes, what goes to which
# stream, colour, a full disk.
# usage: check-cli.sh WELLSPRING (built with fake_analyze.c)
set -eu
export LC_ALL=C
unset NO_COLOR || true
prog=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail=0
complain() { echo "FAIL: $*"; fail=1; }
# expect STATUS arguments...
expect() {
	want=$1
	shift
	got=0
	"$prog" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || got=$?
	[ "$got" = "$want" ] || complain "exit $got, not $want: $*
$(cat "$tmp/err")"
}
says() { grep -q -- "$1" "$tmp/$2" || complain "no '$1' in $2"; }

: >"$tmp/good"; : >"$tmp/damaged"; : >"$tmp/nothing"; : >"$tmp/-x"
expect 2
expect 0 --version
says '^wellspring [0-9]' out
expect 0 help
expect 0 --help
expect 0 help analyze
says '--same-host A,B' out
expect 0 analyze --help
expect 2 analyse
says "did you mean 'analyze'" err
expect 2 analyze
expect 2 analyze --jsno "$tmp/good"
says "did you mean '--json'" err
expect 2 analyze --threads 3 "$tmp/good"
expect 2 analyze --alpha 2 "$tmp/good"
expect 2 analyze --same-host 192.0.2.1 "$tmp/good"
expect 2 analyze --color red "$tmp/good"
expect 2 analyze --from yesterday "$tmp/good"
expect 2 analyze --filter tcp "$tmp/good" -- udp
expect 2 analyze --sensor a="$tmp/good" --sensor b="$tmp/good"
says 'given twice' err
expect 4 analyze --sensor a="$tmp/good" --sensor b="$tmp/damaged" \
	--json="$tmp/two.json"
says '^sensor a' out
says '^sensor b' out
says "explain $tmp/two.b.json" out
[ -s "$tmp/two.a.json" ] || complain "no case of sensor a"
expect 2 analyze --json --sensor a="$tmp/good" --sensor b="$tmp/damaged"
expect 2 analyze --sensor a/b="$tmp/good"
expect 2 analyze --sensor a="$tmp/good" "$tmp/good"
expect 2 analyze --sensor "$tmp/good"
expect 0 analyze --sensor a="$tmp/good" --sensor a="$tmp/nothing"
expect 1 analyze "$tmp/absent"
says absent err
expect 1 analyze "$tmp/$(printf 'a\033[31mb')"
grep -q "$(printf '\033')" "$tmp/err" && complain "control bytes in an error"
expect 2 analyze --color "$(printf 'a\033[31mb')" "$tmp/good"
grep -q "$(printf '\033')" "$tmp/err" && complain "control bytes in an error"
expect 0 analyze "$tmp/good"
says '^SPRINGBOARD  198.51.100.7  relays' out
says 'Undetermined is not innocent' out
if grep -q "$(printf '\033')" "$tmp/out"; then complain "colour in a pipe"; fi
expect 0 analyze --color always "$tmp/good"
grep -q "$(printf '\033')" "$tmp/out" || complain "no colour"
expect 4 analyze "$tmp/damaged"
expect 3 analyze "$tmp/nothing"
expect 0 analyze "$tmp/good" -- tcp port 22
says "filter 'tcp port 22'" out
expect 0 analyze - --json
says '"format": "wellspring-case/1"' out
expect 0 analyze --json="$tmp/case.json" --no-sandbox "$tmp/good"
says 'wellspring explain' out
expect 0 explain "$tmp/case.json" 198.51.100.7
says 'common cause' out
expect 1 explain "$tmp/case.json" 192.0.2.77
says 'does not name' err
expect 1 explain "$tmp/good" 192.0.2.77
expect 2 explain "$tmp/case.json" nobody
expect 2 explain "$tmp/case.json"
expect 1 analyze --json="$tmp/absent/case.json" "$tmp/good"
if [ -w /dev/full ]; then
	expect 1 analyze --json=/dev/full "$tmp/good"
	got=0
	"$prog" analyze "$tmp/good" >/dev/full 2>"$tmp/err" || got=$?
	[ "$got" = 1 ] || complain "full disk on stdout: exit $got"
fi
# a pipe whose reader has gone, without a race
mkfifo "$tmp/fifo"
exec 3<>"$tmp/fifo" 4>"$tmp/fifo"
exec 3>&-
got=0
"$prog" analyze --json="$tmp/unread.json" "$tmp/good" >&4 2>"$tmp/err" ||
	got=$?
[ "$got" = 1 ] || complain "nobody reads stdout: exit $got"
grep -v 'wellspring: note:' "$tmp/err" && complain "nobody reads: not quiet"
"$prog" explain "$tmp/unread.json" 198.51.100.7 >/dev/null ||
	complain "nobody reads stdout: the case is not whole"
got=0
"$prog" analyze "$tmp/absent" >"$tmp/out" 2>&4 || got=$?
[ "$got" = 1 ] || complain "nobody reads stderr: exit $got after an error"
exec 4>&-
expect 0 analyze "$tmp/good" --json
cp "$tmp/out" "$tmp/1"
expect 0 analyze "$tmp/good" --json
cp "$tmp/out" "$tmp/2"
cmp "$tmp/1" "$tmp/2" || complain "two runs differ"
exit $fail
