#!/usr/bin/env python3
"""Another program agrees on the packets that a case names.

usage: check-frames.py PROGRAM CAPTURE
Every frame number of every exchange is looked up with tshark: its addresses
and ports must be those of the leg, its time the stated one, and it must carry
payload.  Exit 77 = skipped.
"""
import json
import shutil
import subprocess
import sys


def main():
    if shutil.which("tshark") is None:
        print("tshark is not here: frame numbers not compared")
        return 77
    program, capture = sys.argv[1:3]
    run = subprocess.run([program, "analyze", "--json", capture],
                         stdout=subprocess.PIPE, check=True)
    case = json.loads(run.stdout)
    fields = ["frame.number", "frame.time_epoch", "ip.src", "tcp.srcport",
              "ip.dst", "tcp.dstport", "tcp.len"]
    args = [word for f in fields for word in ("-e", f)]
    run = subprocess.run(["tshark", "-n", "-r", capture, "-T", "fields", *args],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         check=True, text=True)
    packets = {row[0]: row for row in
               (line.split("\t") for line in run.stdout.splitlines())}
    conns = {c["id"]: c for c in case["connections"]}
    seen = bad = 0
    for relay in case["relays"]:
        for x in relay["exchanges"]:
            legs = ("out", "in") if x["direction"] == "reply" else ("in", "out")
            for end, leg in zip(("from", "to"), legs):
                seen += 1
                c = conns[relay[leg]]
                row = packets[str(x[end]["frame"])]
                whole, part = row[1].split(".")
                ends = {(row[2], row[3]), (row[4], row[5])}
                want = {(c["src"], str(c["sport"])), (c["dst"], str(c["dport"]))}
                host = row[4] if end == "from" else row[2]
                if (ends != want or host != relay["host"] or int(row[6]) < 1 or
                        int(whole + part[:9].ljust(9, "0")) != x[end]["time_ns"]):
                    print("frame", x[end], "is", row)
                    bad = 1
    print(seen, "frames compared")
    return bad or seen == 0


sys.exit(main())
