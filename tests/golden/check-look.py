#!/usr/bin/env python3
"""Of two captures of the same time the line "look:" names the one that has
the connections, and a warning says that they overlap; two that follow each
other are none to warn of.

usage: check-look.py PROGRAM CAPTURE
Both legs of a relay go to one file, all other packets to another, which comes
first by name and in time.
"""
import json
import os
import re
import struct
import subprocess
import sys
import tempfile


def ports_of(frame):
    """Source and destination port of TCP in IPv4 in Ethernet, or None."""
    if frame[12:14] != b"\x08\x00" or frame[23] != 6:
        return None
    at = 14 + (frame[14] & 15) * 4
    return struct.unpack("!HH", frame[at:at + 4])


def split(capture, legs, rest, chosen):
    with open(capture, "rb") as f:
        data = f.read()
    order = "<" if data[:1] in (b"\xd4", b"\x4d") else ">"
    out = {True: open(chosen, "wb"), False: open(rest, "wb")}
    count = {True: 0, False: 0}
    for f in out.values():
        f.write(data[:24])
    at = 24
    while at < len(data):
        caplen = struct.unpack(order + "I", data[at + 8:at + 12])[0]
        ports = ports_of(data[at + 16:at + 16 + caplen])
        mine = ports is not None and frozenset(ports) in legs
        out[mine].write(data[at:at + 16 + caplen])
        count[mine] += 1
        at += 16 + caplen
    for f in out.values():
        f.close()
    return count


def rotate(capture, d):
    """The first half of a capture in one file, the second in another."""
    with open(capture, "rb") as f:
        data = f.read()
    order = "<" if data[:1] in (b"\xd4", b"\x4d") else ">"
    at = 24
    while at < len(data) // 2:
        at += 16 + struct.unpack(order + "I", data[at + 8:at + 12])[0]
    names = os.path.join(d, "first.pcap"), os.path.join(d, "second.pcap")
    for name, part in zip(names, (data[24:at], data[at:])):
        with open(name, "wb") as f:
            f.write(data[:24] + part)
    return names


def main():
    program, capture = sys.argv[1:3]
    run = subprocess.run([program, "analyze", "--json", capture],
                         stdout=subprocess.PIPE, check=True)
    case = json.loads(run.stdout)
    conns = {c["id"]: c for c in case["connections"]}
    relay = next(r for r in case["relays"] if r["sufficient"])
    legs = {frozenset((conns[relay[k]]["sport"], conns[relay[k]]["dport"]))
            for k in ("in", "out")}
    with tempfile.TemporaryDirectory() as d:
        rest, chosen = os.path.join(d, "a.pcap"), os.path.join(d, "b.pcap")
        count = split(capture, legs, rest, chosen)
        if min(count.values()) == 0:
            print("nothing to tell apart:", count)
            return 1
        run = subprocess.run([program, "analyze", d], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
        rotated = subprocess.run([program, "analyze", *rotate(capture, d)],
                                 stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, text=True)
    warned = ["overlap by" in r.stderr for r in (run, rotated)]
    print("warned:", warned)
    found = re.findall(r"tshark -r \S*/([ab])\.pcap -Y '([^']*)'", run.stdout)
    print(found)
    ports = {str(p) for leg in legs for p in leg}
    named = [name for name, text in found
             if set(re.findall(r"port == (\d+)", text)) == ports]
    return named != ["b"] or warned != [True, False]


sys.exit(main())
