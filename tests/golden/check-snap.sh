#!/bin/sh
# The same relay verdicts from 96 captured bytes as from full packets.
# usage: check-snap.sh PROGRAM CAPTURE
set -eu
command -v python3 >/dev/null || { echo "no python3: skipped"; exit 77; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 - "$2" "$tmp/snap.pcap" <<'PY'
import struct, sys
data = open(sys.argv[1], 'rb').read()
out, at, cut = bytearray(data[:24]), 24, 0
while at + 16 <= len(data):
    s, f, cap, wire = struct.unpack_from('<IIII', data, at)
    keep = min(cap, 96)
    cut += keep < cap
    out += struct.pack('<IIII', s, f, keep, wire) + data[at + 16:at + 16 + keep]
    at += 16 + cap
assert cut > 100, 'the capture has no long packets'
open(sys.argv[2], 'wb').write(out)
PY
for f in "$2" "$tmp/snap.pcap"; do
	"$1" analyze -q --all --no-far-end --json "$f" >"$tmp/case.json" || test $? = 3
	python3 - "$tmp/case.json" <<'PY'
import json, sys
c = json.load(open(sys.argv[1]))
assert c['relays'], 'no relay in the case'
print(json.dumps([c['relays'], c['chains'], c['connections'], c['hypotheses']],
                 sort_keys=True))
PY
done >"$tmp/both"
[ "$(sort -u "$tmp/both" | wc -l)" = 1 ] || {
	echo "a 96-byte snap changes the result"
	exit 1
}
echo "same relays, chains and connections"
