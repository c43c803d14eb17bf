#!/bin/sh
# The table of allowed includes: a layer includes only what feeds it.  Fails
# with every line that breaks it; also when a layer below report prints or
# ends the process.
set -eu
cd "$(dirname "$0")/.."
export LC_ALL=C

# layer: layers whose headers it may include (itself always)
table='
base:
capture: base
decode: base capture
conn: base capture decode
feature: base decode conn
relay: base decode conn feature
farend: base decode conn feature
context: base
evidence: base decode conn feature relay farend context
report: base decode context evidence
bundle: base decode evidence report
pipeline: base capture decode conn feature relay farend context evidence bundle
cli: base capture decode context evidence report bundle pipeline
'
fail=0
for dir in src/*/; do
	layer=$(basename "$dir")
	row=$(echo "$table" | sed -n "s/^$layer://p")
	if ! echo "$table" | grep -q "^$layer:"; then
		echo "layer $layer is not in the table of $0"
		fail=1
		continue
	fi
	for file in "$dir"*.[ch]; do
		[ -f "$file" ] || continue
		for to in $(sed -n 's/^#include "\([a-z0-9_]*\)\/.*/\1/p' \
			"$file" | sort -u); do
			case " $layer $row " in
			*" $to "*) ;;
			*)
				echo "$file: $layer must not include $to/"
				fail=1
				;;
			esac
		done
		if grep -Hn '^#include "[^/"]*"' "$file"; then
			echo "$file: include by layer, as \"layer/file.h\""
			fail=1
		fi
	done
	case $layer in
	report | cli) continue ;;
	esac
	if grep -HnE '(^|[^a-z_])(printf|puts|perror|exit|_exit|abort|err|errx|warn|warnx) *\(' \
		"$dir"*.[ch] 2>/dev/null | grep -vE ':[0-9]+: ?\*|__attribute__'
	then
		echo "$layer must not print or exit"
		fail=1
	fi
done
[ $fail = 0 ] && echo "layers: ok"
exit $fail
