#!/bin/sh
# Installs the Debian 12 packages that are missing for a purpose, and says
# what it does; does nothing when all are there.
# usage: tools/install-deps.sh demo|test|check|bench
set -eu

# build and run
demo="gcc libc6-dev pkg-config meson ninja-build libpcap-dev libarchive-dev
zlib1g-dev libbz2-dev libzstd-dev libssl-dev libjson-c-dev libseccomp-dev libxxhash-dev"
# + unit, golden, schema, tshark and instruction-count tests
test="$demo libcmocka-dev python3 python3-jsonschema tshark valgrind gzip
bzip2 xz-utils zstd lz4"
# + second compiler, sanitizers and fuzzing, format, lint, shells
check="$test clang clang-format clang-tidy libclang-rt-14-dev groff-base zsh
fish"
# + the peers that are measured beside us
bench="$test softflowd nfdump argus-server tcptrace"

case ${1:-} in
demo) want=$demo ;;
test) want=$test ;;
check) want=$check ;;
bench) want=$bench ;;
*)
	echo "usage: $0 demo|test|check|bench" >&2
	exit 2
	;;
esac

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
	echo "No apt-get here: these Debian 12 packages, or what they are" \
		"called elsewhere, must be there:"
	echo $want
	exit 0
fi

missing=
for p in $want; do
	status=$(dpkg-query -W -f '${Status}' "$p" 2>/dev/null || true)
	case $status in
	"install ok installed") ;;
	*) missing="$missing $p" ;;
	esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
	sudo=
elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }
then
	sudo=sudo
else
	echo "Packages are missing and there is neither root nor sudo." \
		"As root, run:"
	echo "apt-get update && apt-get install -y" \
		"--no-install-recommends$missing"
	exit 1
fi
echo "Installing with apt-get:$missing"
$sudo apt-get update -q
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
	--no-install-recommends $missing
