#!/bin/sh
# `make demo`: a release build, and the main job on a capture of a real ssh
# chain (tests/golden/ssh-chain/README says where it comes from).
set -eu
cd "$(dirname "$0")/.."
sh tools/install-deps.sh demo
build=build/release
[ -f $build/build.ninja ] || meson setup $build --buildtype=release
meson compile -C $build src/cli/wellspring:executable 2>/dev/null ||
	meson compile -C $build
capture=tests/golden/ssh-chain/border-campus.pcap
mkdir -p build/demo
echo
echo "\$ wellspring analyze --json=build/demo/case.json $capture"
echo
status=0
$build/src/cli/wellspring analyze --json=build/demo/case.json $capture ||
	status=$?
case $status in
0 | 3 | 4) ;;
*) exit $status ;;
esac
echo
echo "The program is $build/src/cli/wellspring; 'make install' installs it."
exit $status
