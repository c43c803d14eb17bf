#!/bin/sh
# Man pages and completions name exactly the options that --help names, and
# the shells and groff (where installed) accept them.
# usage: check-docs.sh WELLSPRING DOCGEN
set -eu
export LC_ALL=C
prog=$1 gen=$2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail=0
complain() { echo "FAIL: $*"; fail=1; }

"$gen" bash >"$tmp/bash"
"$gen" zsh >"$tmp/zsh"
"$gen" fish >"$tmp/fish"
for cmd in $("$gen" list); do
	"$prog" "$cmd" --help |
		sed -n 's/^ *\(-., \)\{0,1\}--\([a-z0-9-]*\).*/\2/p' |
		sort >"$tmp/help"
	[ -s "$tmp/help" ] || complain "$cmd: --help lists no option"
	"$gen" man "$cmd" >"$tmp/man"
	sed -n 's/^\(\\fB\\-.\\fR, \)\{0,1\}\\fB\\-\\-\([a-z0-9\\-]*\)\\fR.*/\2/p' \
		"$tmp/man" | tr -d '\\' | sort >"$tmp/in-man"
	grep "	$cmd) COMPREPLY" "$tmp/bash" | tr ' ' '\n' |
		sed -n "s/^--\([a-z0-9][a-z0-9-]*\).*/\1/p" | sort >"$tmp/in-bash"
	sed -n "/^	$cmd)/,/;;/p" "$tmp/zsh" |
		sed -n "s/^			'\*--\([a-z0-9-]*\).*/\1/p" |
		sort >"$tmp/in-zsh"
	sed -n "s/.*__fish_seen_subcommand_from $cmd'.* -l \([a-z0-9-]*\).*/\1/p" \
		"$tmp/fish" | sort >"$tmp/in-fish"
	for page in man bash zsh fish; do
		cmp -s "$tmp/help" "$tmp/in-$page" ||
			complain "$cmd: $page differs from --help:
$(diff "$tmp/help" "$tmp/in-$page")"
	done
	if command -v groff >/dev/null; then
		groff -man -Tascii -ww "$tmp/man" 2>&1 >/dev/null |
			grep . && complain "$cmd: groff warns"
	fi
	"$prog" help | grep -q "^  $cmd " || complain "$cmd: not in help"
done
for sh in bash zsh fish; do
	if command -v $sh >/dev/null; then
		$sh -n "$tmp/$sh" || complain "$sh does not parse its file"
	else
		echo "note: no $sh here, its completion is not parsed"
	fi
done
if command -v bash >/dev/null; then
	got=$(bash -c '. "$1"; compopt() { :; }; COMP_WORDS=(wellspring ana)
		COMP_CWORD=1; _wellspring; echo "${COMPREPLY[*]}"' - "$tmp/bash")
	[ "$got" = analyze ] || complain "bash completes 'ana' to '$got'"
	got=$(bash -c '. "$1"; compopt() { :; }
		COMP_WORDS=(wellspring analyze --color a); COMP_CWORD=3
		_wellspring; echo "${COMPREPLY[*]}"' - "$tmp/bash")
	[ "$got" = "auto always" ] || complain "--color a gives '$got'"
fi
exit $fail
