#!/bin/sh
# From standard input that stays open: USR1 prints a snapshot, Ctrl-C ends
# the reading and prints the report.  Nothing here waits for time to pass:
# the capture is larger than a pipe holds, so once it is written the program
# has begun to read, and its own output says when it has gone on.
# usage: check-signals.sh PROGRAM CAPTURE
set -u
prog=$1 capture=$2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkfifo "$tmp/in" "$tmp/out"
"$prog" analyze -q - <"$tmp/in" >"$tmp/out" &
pid=$!
exec 3>"$tmp/in" 4<"$tmp/out"
cat "$capture" >&3
kill -USR1 $pid
snapshot=no
while read -r line <&4; do
	case $line in
	*snapshot:*) snapshot=yes ;;
	Undetermined*) break ;;
	esac
done
kill -INT $pid
cat <&4 >"$tmp/report"
status=0
wait $pid || status=$?
[ $snapshot = yes ] || { echo "no snapshot on USR1"; exit 1; }
[ $status = 0 ] || { echo "exit $status after INT"; exit 1; }
grep -q '^standard input: [0-9,]* packets, ' "$tmp/report" ||
	{ echo "no report after INT"; exit 1; }
grep -q '^SPRINGBOARD  198.51.100.7' "$tmp/report" ||
	{ echo "no verdict after INT"; exit 1; }
if grep -q snapshot "$tmp/report"; then
	echo "the last report calls itself a snapshot"
	exit 1
fi
