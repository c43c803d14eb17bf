#!/usr/bin/env python3
"""A capture of one interface and one section as pcapng of several of each.

The packets stay the same, in the same order and at the same times; only the
file differs.  First half: little-endian; Ethernet (nanoseconds, no snap
length) and raw IP (2^-32 s since a day before the capture, 96 bytes).  Second
half: big-endian, interface numbers the other way round; raw IP (nanoseconds
since the capture's start, 128 bytes) and Ethernet (10^-12 s since an hour
before it).  Connections of port 22 go through raw IP.  Between them: every
seventh Ethernet packet as the obsolete Packet Block, blocks that nobody knows,
names, statistics, and copies of packets as Simple Packet Blocks, which have no
time.

usage: make-mixed.py IN.pcap OUT.pcapng; IN is little-endian pcap of Ethernet
"""
import struct
import sys

ETHERNET, RAW = 1, 101
NS = 10**9


def packets(data):
    magic, = struct.unpack_from('<I', data)
    unit = {0xa1b23c4d: 1, 0xa1b2c3d4: 1000}[magic]
    assert struct.unpack_from('<I', data, 20)[0] == ETHERNET
    at = 24
    while at < len(data):
        sec, frac, cap, wire = struct.unpack_from('<IIII', data, at)
        yield sec * NS + frac * unit, data[at + 16:at + 16 + cap], wire
        at += 16 + cap


def padded(b):
    return b + bytes(-len(b) % 4)


class Section:
    def __init__(self, out, order):
        self.out, self.order = out, order
        self.block(0x0a0d0d0a, self.pack('IHHq', 0x1a2b3c4d, 1, 0, -1))

    def pack(self, form, *values):
        return struct.pack(self.order + form, *values)

    def block(self, kind, body):
        n = len(padded(body)) + 12
        self.out += self.pack('II', kind, n) + padded(body) + self.pack('I', n)

    def option(self, code, value):
        return self.pack('HH', code, len(value)) + padded(value)

    def interface(self, link, snap, tsresol, tsoffset):
        self.block(1, self.pack('HHI', link, 0, snap) +
                   self.option(9, bytes([tsresol])) +
                   self.option(14, self.pack('q', tsoffset)) +
                   self.pack('HH', 0, 0))

    def packet(self, iface, ticks, data, wire, old=False):
        head = self.pack('HH', iface, 0xffff) if old else self.pack('I', iface)
        self.block(2 if old else 6, head + self.pack(
            'IIII', ticks >> 32, ticks & 0xffffffff, len(data), wire) + data)

    def simple_packet(self, data, wire):
        self.block(3, self.pack('I', wire) + data)

    def noise(self):
        self.block(0x80000bad, b'a block of nobody')
        self.block(4, self.pack('HH', 0, 0))  # names: none
        self.block(5, self.pack('III', 0, 0, 0) +
                   self.option(5, self.pack('Q', 0)) + self.pack('HH', 0, 0))


def through_raw_ip(data):
    ports = struct.unpack_from('>HH', data, 14 + (data[14] & 15) * 4)
    return data[12:14] == b'\x08\x00' and 22 in ports


def main():
    data = open(sys.argv[1], 'rb').read()
    all_of_them = list(packets(data))
    start = all_of_them[0][0] // NS
    half = len(all_of_them) // 2
    out = bytearray()
    s = Section(out, '<')
    s.interface(ETHERNET, 0, 9, 0)
    s.interface(RAW, 96, 0x80 | 32, start - 86400)
    ether, raw = 0, 1
    for i, (ns, frame, wire) in enumerate(all_of_them):
        if i == half:
            s = Section(out, '>')
            s.interface(RAW, 128, 9, start)
            s.interface(ETHERNET, 0x40000, 12, start - 3600)
            ether, raw = 1, 0
        if i % 500 == 250:
            s.noise()
            if ether == 0:
                s.simple_packet(frame, wire)
        if through_raw_ip(frame):
            snap = 96 if i < half else 128
            ip = frame[14:14 + snap]
            if i < half:  # rounded up: a reader that rounds down has it back
                ticks = -(-((ns - (start - 86400) * NS) << 32) // NS)
            else:
                ticks = ns - start * NS
            s.packet(raw, ticks, ip, wire - 14)
        elif i < half:
            s.packet(ether, ns, frame, wire, old=i % 7 == 0)
        else:
            s.packet(ether, (ns - (start - 3600) * NS) * 1000, frame, wire)
    open(sys.argv[2], 'wb').write(out)


main()
