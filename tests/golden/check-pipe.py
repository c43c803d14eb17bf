#!/usr/bin/env python3
"""A pipe that comes in odd pieces gives what the file gives.
usage: check-pipe.py PROGRAM CAPTURE"""
import json
import subprocess
import sys

program, capture = sys.argv[1:]


def case(args, data=None):
    """The case of a run that is fed in pieces, when fed."""
    run = subprocess.Popen([program, "analyze", "-q", "--json"] + args,
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if data is not None:
        for at in range(0, len(data), 7919):
            run.stdin.write(data[at:at + 7919])
            run.stdin.flush()
    out, _ = run.communicate()
    c = json.loads(out)
    for key in ("captures", "parameters", "frames_missing"):
        del c[key]
    for r in c["relays"]:  # frames need a file that can be read again
        del r["exchanges"]
    return c


with open(capture, "rb") as f:
    data = f.read()
want = case([capture])
assert want["connections"], "the capture has connections to tell of"
for threads in ("1", "2"):
    got = case(["--threads", threads, "-"], data)
    for key in want:
        assert got[key] == want[key], "%s differs, %s threads" % (key, threads)
print("same case from the file and from %d pieces" % (len(data) // 7919 + 1))
