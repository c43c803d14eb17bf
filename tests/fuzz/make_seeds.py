#!/usr/bin/env python3
"""Writes the seeds of the capture and decode fuzzers: small files, each with
one thing of the formats.  Run in tests/fuzz; the result is committed."""
import os
import struct

MAC = bytes.fromhex("020000000002020000000001")
V4A, V4B = bytes([192, 0, 2, 1]), bytes([198, 51, 100, 7])
V6A, V6B = (bytes.fromhex("20010db8000000000000000000000001"),
            bytes.fromhex("20010db8000000000000000000000002"))


def tcp(flags=0x18, opts=b"\1\1\x08\x0a" + b"\0\0\0\1\0\0\0\2", data=b"hello"):
    return struct.pack(">HHIIBBHHH", 40000, 22, 1000, 2000,
                       (20 + len(opts)) // 4 << 4, flags, 501, 0, 0) \
        + opts + data


SYN = tcp(2, b"\2\4\5\xb4\4\2\x08\x0a\0\0\0\1\0\0\0\0\1\3\3\7", b"")


def udp(data, dport=53):
    return struct.pack(">HHHH", 5353, dport, 8 + len(data), 0) + data


def ip4(proto, data, frag=0x4000, opts=b"", total=None):
    head = 20 + len(opts)
    return struct.pack(">BBHHHBBH", 0x40 | head // 4, 0,
                       head + len(data) if total is None else total,
                       77, frag, 64, proto, 0) + V4A + V4B + opts + data


def ip6(proto, data):
    return struct.pack(">IHBB", 6 << 28, len(data), proto, 64) \
        + V6A + V6B + data


def eth(kind, data):
    return MAC + struct.pack(">H", kind) + data


def vlan(kind, data, tag=100):
    return struct.pack(">HH", tag, kind) + data


E4, E6 = 0x0800, 0x86dd
INNER = eth(E4, ip4(6, tcp()))
PACKETS = {
    "tcp4": eth(E4, ip4(6, tcp())),
    "syn4": eth(E4, ip4(6, SYN)),
    "sack": eth(E4, ip4(6, tcp(0x10, b"\1\1\x05\x12" + bytes(16), b""))),
    "tcp6": eth(E6, ip6(6, tcp())),
    "udp4": eth(E4, ip4(17, udp(b"query"))),
    "padded": eth(E4, ip4(6, tcp(data=b""))) + bytes(6),
    "tso": eth(E4, ip4(6, tcp(data=bytes(300)), total=0)),
    "icmp": eth(E4, ip4(1, bytes([8, 0, 0, 0, 1, 2, 0, 3]) + b"ping")),
    "icmp6": eth(E6, ip6(58, bytes([129, 0, 0, 0, 1, 2, 0, 3]) + b"pong")),
    "ipopts": eth(E4, ip4(6, tcp(), opts=b"\x94\4\0\0")),
    "vlan": eth(0x8100, vlan(E4, ip4(6, tcp()))),
    "qinq": eth(0x88a8, vlan(0x8100, vlan(E6, ip6(6, tcp())))),
    "mpls": eth(0x8847, b"\0\1\0\x40\0\2\1\x40" + ip4(6, tcp())),
    "gre": eth(E4, ip4(47, b"\x20\0\x08\0\0\0\0\7" + ip4(6, tcp()))),
    "greteb": eth(E4, ip4(47, b"\0\0\x65\x58" + INNER)),
    "erspan2": eth(E4, ip4(47, b"\x10\0\x88\xbe\0\0\0\1" +
                           b"\x10\x64\0\0\0\0\0\0" + INNER)),
    "erspan3": eth(E4, ip4(47, b"\x10\0\x22\xeb\0\0\0\1" +
                           b"\x20\x64\0\0\0\0\0\0\0\0\0\1" + bytes(8) +
                           INNER)),
    "vxlan": eth(E4, ip4(17, udp(b"\x08\0\0\0\0\0\x2a\0" + INNER, 4789))),
    "ipip": eth(E4, ip4(4, ip4(6, tcp()))),
    "sixin4": eth(E4, ip4(41, ip6(6, tcp()))),
    "ext6": eth(E6, ip6(0, b"\x2b\0\1\4\0\0\0\0" + b"\x3c\0\0\0\0\0\0\0" +
                        b"\x33\0\1\4\0\0\0\0" +
                        b"\6\4\0\0\0\0\0\1\0\0\0\2" + bytes(12) + tcp())),
    "frag6": eth(E6, ip6(44, b"\6\0\0\1\0\0\0\x63" + tcp())),
    "frag6later": eth(E6, ip6(44, b"\6\0\0\x20\0\0\0\x63" + b"rest")),
    "frag4": eth(E4, ip4(17, udp(bytes(24)), frag=0x2000)),
    "frag4later": eth(E4, ip4(17, bytes(16), frag=4)),
    "arp": eth(0x0806, bytes(28)),
    "esp": eth(E4, ip4(50, bytes(24))),
}
SLL = struct.pack(">HHH", 0, 1, 6) + bytes(8) + struct.pack(">H", E4)
SLL2 = struct.pack(">HHIHBB", E4, 0, 2, 1, 0, 6) + bytes(8)


def record(pkt, extra=0):
    return struct.pack(">HB", len(pkt), extra) + pkt


def decode_seeds():
    for name, p in PACKETS.items():
        yield name, b"\0" + record(p) + record(p[:len(p) // 2], 40)
    yield "frags", b"\0" + b"".join(
        record(PACKETS[k]) for k in ("frag4", "frag4later", "frag6",
                                     "frag6later"))
    for i, (name, head) in enumerate((("sll", SLL), ("sll2", SLL2),
                                      ("raw", b""), ("null", b"\2\0\0\0"),
                                      ("loop", b"\0\0\0\2"))):
        yield name, bytes([i + 1]) + record(head + ip4(6, tcp()))
    yield "raw6", b"\3" + record(ip6(6, tcp()))


SOME = [PACKETS[k] for k in ("tcp4", "udp4", "arp")]


def pcap(order="<", magic=0xa1b2c3d4, extra=b""):
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, 1)
    for i, p in enumerate(SOME):
        out += struct.pack(order + "IIII", 1400000000 + i, i * 1000, len(p),
                           len(p) + i) + extra + p
    return out


def pcap_seeds():
    yield "us-le", pcap()
    yield "us-be", pcap(">")
    yield "ns-le", pcap("<", 0xa1b23c4d)
    yield "ns-be", pcap(">", 0xa1b23c4d)
    yield "kuznetzov", pcap("<", 0xa1b2cd34, bytes(8))
    yield "cut", pcap()[:-9]
    yield "huge", pcap() + struct.pack("<IIII", 1, 2, 0x7fffffff, 4)
    yield "empty", pcap()[:24]


def block(order, kind, body):
    n = 12 + len(body)
    return struct.pack(order + "II", kind, n) + body \
        + struct.pack(order + "I", n)


def pad(b):
    return b + bytes(-len(b) % 4)


def opt(order, code, value):
    return struct.pack(order + "HH", code, len(value)) + pad(value)


def shb(o):
    return block(o, 0x0a0d0d0a,
                 struct.pack(o + "IHHq", 0x1a2b3c4d, 1, 0, -1))


def idb(o, link, snap, opts=b""):
    return block(o, 1, struct.pack(o + "HHI", link, 0, snap) + opts)


def epb(o, iface, ticks, p, wire=None, opts=b""):
    return block(o, 6, struct.pack(o + "IIIII", iface, ticks >> 32,
                                   ticks & 0xffffffff, len(p),
                                   wire or len(p)) + pad(p) + opts)


def pcapng_seeds():
    for name, o in (("le", "<"), ("be", ">")):
        yield name, shb(o) + idb(o, 1, 0) + b"".join(
            epb(o, 0, 1400000000000000 + i, p) for i, p in enumerate(SOME))
    o, t = "<", 1400000000
    yield "mixed", (
        shb(o) + idb(o, 1, 96, opt(o, 9, b"\x09") + opt(o, 0, b"")) +
        idb(o, 113, 0, opt(o, 9, b"\x86") + opt(o, 14, struct.pack("<q", 5)))
        + idb(o, 101, 65535) + epb(o, 0, t * 10**9, SOME[0]) +
        epb(o, 1, t * 64, SLL + ip4(6, tcp()), 400) +
        epb(o, 2, t * 10**6, ip4(6, tcp()), opts=opt(o, 4, bytes(8))))
    yield "spb", shb(o) + idb(o, 1, 60) + block(
        o, 3, struct.pack("<I", 300) + pad(SOME[0][:60]))
    yield "opb", shb(o) + idb(o, 1, 0) + block(
        o, 2, struct.pack("<HHIIII", 0, 3, 0, 9, len(SOME[0]),
                          len(SOME[0])) + pad(SOME[0]))
    yield "sections", shb("<") + idb("<", 1, 0) + epb("<", 0, 1, SOME[1]) + \
        shb(">") + idb(">", 101, 0) + epb(">", 0, 2, ip4(17, udp(b"x")))
    yield "isb", shb(o) + idb(o, 1, 0) + epb(o, 0, 1, SOME[1]) + block(
        o, 5, bytes(12) + opt(o, 5, struct.pack("<Q", 11)) +
        opt(o, 7, struct.pack("<Q", 2)) + opt(o, 0, b""))
    yield "unknown", shb(o) + block(o, 0x0bad, bytes(20)) + idb(o, 1, 0) + \
        block(o, 0x80000001, b"") + epb(o, 0, 1, SOME[1])
    yield "cut", (shb(o) + idb(o, 1, 0) + epb(o, 0, 1, SOME[0]))[:-7]
    yield "badlen", shb(o) + idb(o, 1, 0) + struct.pack("<IIII", 6, 13, 0, 0)


def main():
    for name, seeds in (("decode", decode_seeds()), ("pcap", pcap_seeds()),
                        ("pcapng", pcapng_seeds())):
        os.makedirs("fuzz_%s.in" % name, exist_ok=True)
        for seed, data in seeds:
            with open("fuzz_%s.in/%s" % (name, seed), "wb") as f:
                f.write(data)


if __name__ == "__main__":
    main()
