#!/bin/sh
# `make test`: builds and runs every test that needs no special machine, and
# closes with one line "N passed, N failed[, N skipped]".
set -eu
cd "$(dirname "$0")/.."
sh tools/install-deps.sh test
build=build/test
# without it there would be no unit tests, and nobody would notice
pkg-config --exists cmocka || {
	echo "cmocka is missing"
	exit 1
}
if [ ! -f $build/build.ninja ]; then
	meson setup $build -Dwerror=true
else
	meson setup --reconfigure $build >/dev/null
fi
meson compile -C $build
status=0
meson test -C $build --no-rebuild --no-suite lab --no-suite bench \
	--print-errorlogs || status=$?
python3 - $build/meson-logs/testlog.json <<'EOF' || status=1
import json, sys
passed = failed = skipped = 0
for line in open(sys.argv[1]):
    test = json.loads(line)
    result = test["result"]
    if result in ("OK", "EXPECTEDFAIL"):
        passed += 1
    elif result == "SKIP":
        skipped += 1
        print("skipped:", test["name"])
    else:
        failed += 1
        print("failed:", test["name"])
text = "%d passed, %d failed" % (passed, failed)
print(text + (", %d skipped" % skipped if skipped else ""))
sys.exit(failed > 0 or passed == 0)
EOF
exit $status
