#!/usr/bin/env python3
"""A small capture and its routes for 2013-03-13: silent, and routed.

usage: capture.py DIR      writes DIR/silent.pcap.gz and DIR/mrt/

Three hosts behind a border keep sessions and ask name servers in North Korea's
four networks and in four others, from 22:00 to 08:00.  At 00:59:30 all four
networks are withdrawn for a minute.  Until 05:00 one of them comes back by
Intelsat: more hops, a satellite's round trip.  From 02:00 to 04:00 nothing of
the four answers while their routes stay: packets are sent again, sessions
die, and routers say that hosts cannot be reached, one of them with a quote
of a packet that nobody sent.  All times are from make.py; no clock, a seeded
generator: same bytes.
"""
import gzip
import ipaddress
import os
import random
import struct
import sys

import make

t = make.t
START, END = t('2013-03-12 22:00'), t('2013-03-13 08:00')
BRIEF = (t('2013-03-13 00:59') + 30, t('2013-03-13 01:00') + 30)
SAT = (t('2013-03-13 01:00') + 30, t('2013-03-13 05:00'))
LOST = (t('2013-03-13 02:00'), t('2013-03-13 04:00'))
OWN = ['10.20.30.7', '10.20.30.8', '10.20.30.9']
ROUTER = '219.158.3.1'  # of AS4837
OTHERS = 4
EVERY = 240  # seconds between two questions to one host


def sum16(b):
    s = sum(struct.unpack('>%dH' % (len(b) // 2), b + b'\0' * (len(b) % 2)))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return s ^ 0xffff


def ip(src, dst, proto, ttl, ident, body):
    h = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(body), ident, 0x4000,
                    ttl, proto, 0, make.packed(src), make.packed(dst))
    return h[:10] + struct.pack('>H', sum16(h)) + h[12:] + body


class Wire:
    def __init__(self):
        self.rng = random.Random(20130313)
        self.out, self.ident = [], 1

    def put(self, when, packet):
        self.out.append((round(when * 1e6), len(self.out), packet))

    def send(self, when, src, dst, proto, ttl, body):
        self.ident = self.ident % 65535 + 1
        p = ip(src, dst, proto, ttl, self.ident, body)
        self.put(when, p)
        return p

    def tcp(self, when, src, dst, ports, ttl, seq, ack, flags, data=b''):
        body = struct.pack('>HHIIBBHHH', *ports, seq & 0xffffffff,
                           ack & 0xffffffff, 0x50, flags, 8192, 0, 0) + data
        return self.send(when, src, dst, 6, ttl, body)

    def unreachable(self, when, dst, quoted, code=1):
        body = struct.pack('>BBHI', 3, code, 0, 0) + quoted[:28]
        body = body[:2] + struct.pack('>H', sum16(body)) + body[4:]
        self.send(when, ROUTER, dst, 1, 52, body)

    def write(self, path):
        head = struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 96, 101)
        with open(path, 'wb') as f, \
                gzip.GzipFile('', 'wb', 9, f, mtime=0) as z:
            z.write(head)
            for us, _, p in sorted(self.out):
                z.write(struct.pack('<IIII', us // 1000000, us % 1000000,
                                    min(len(p), 96), len(p)) + p[:96])


class Remote:
    def __init__(self, wire, net, korea):
        self.w, self.net, self.korea = wire, net, korea
        base = int(ipaddress.ip_network(net).network_address)
        self.ns = str(ipaddress.ip_address(base + 10))
        self.host = str(ipaddress.ip_address(base + 20))
        self.rtt = wire.rng.uniform(0.08, 0.25)
        self.ttl = wire.rng.choice((64, 255)) - wire.rng.randint(11, 19)

    def silent(self, when):
        gone = BRIEF[0] <= when < BRIEF[1] or LOST[0] <= when < LOST[1]
        return self.korea and gone

    def way(self, when):
        """Round trip and TTL of an answer."""
        rtt, ttl = self.rtt, self.ttl
        if self.net == make.NK[0] and SAT[0] <= when < SAT[1]:
            rtt, ttl = 0.6, ttl - 3
        return rtt + self.w.rng.uniform(0, 0.004), ttl

    def ask_name(self, when, port):
        w = self.w
        body = struct.pack('>HHHH', port, 53, 40, 0) + bytes(32)
        p = w.send(when, OWN[0], self.ns, 17, 64, body)
        if self.silent(when):
            if w.rng.random() < 0.1:
                w.unreachable(when + 0.2, OWN[0], p)
            return
        rtt, ttl = self.way(when)
        body = struct.pack('>HHHH', 53, port, 60, 0) + bytes(52)
        w.send(when + rtt, self.ns, OWN[0], 17, ttl, body)


class Session:
    """A long session that sends a little every now and then."""

    def __init__(self, remote, own, port):
        self.r, self.own, self.ports = remote, own, (port, 22)
        self.a, self.b = remote.w.rng.getrandbits(32), 7000
        self.open = False
        self.dead_until = 0

    def out(self, when, flags, data=b'', seq=None):
        return self.r.w.tcp(when, self.own, self.r.host, self.ports, 64,
                            self.a if seq is None else seq,
                            self.b if flags & 16 else 0, flags, data)

    def back(self, when, flags, data=b''):
        rtt, ttl = self.r.way(when)
        self.r.w.tcp(when + rtt, self.r.host, self.own, self.ports[::-1], ttl,
                     self.b, self.a, flags, data)
        return when + rtt

    def begin(self, when):
        self.ports = (self.ports[0] + 97, 22)
        self.out(when, 2)
        if self.r.silent(when):
            self.out(when + 1, 2)
            self.dead_until = when + 600
            return
        self.a += 1
        done = self.back(when, 18)
        self.b += 1
        self.out(done + 0.0002, 16)
        self.open = True

    def talk(self, when):
        if when < self.dead_until:
            return
        if not self.open:
            self.begin(when)
            return
        data = bytes(24)
        if self.r.silent(when):
            for k in (0, 1, 3, 7, 15, 31, 63):  # again and again, in vain
                p = self.out(when + k, 24, data)
            if self.r.w.rng.random() < 0.3:
                self.r.w.unreachable(when + 63.2, self.own, p, 0)
            self.open = False
            self.dead_until = when + 900
            return
        self.out(when, 24, data)
        self.a += 24
        done = self.back(when, 24, bytes(40))
        self.b += 40
        self.out(done + 0.0002, 16)


def capture(path, others):
    w = Wire()
    remotes = [Remote(w, n, True) for n in make.NK] + \
        [Remote(w, n, False) for n in others]
    sessions = [Session(r, own, 30000 + 1000 * i + 300 * k)
                for i, r in enumerate(remotes) for k, own in enumerate(OWN)]
    sec = START
    while sec < END:
        for i, r in enumerate(remotes):
            r.ask_name(sec + 1.7 * i, 20000 + sec // EVERY % 9000)
        for i, s in enumerate(sessions):
            s.talk(sec + 40 + 2.1 * i)
        sec += EVERY
    # a quote of a packet that nobody sent: says nothing
    fake = ip(OWN[1], remotes[5].host, 6, 60, 4711,
              struct.pack('>HHI', 999, 25, 1))
    w.unreachable(t('2013-03-13 06:00'), OWN[1], fake)
    w.write(path)


def routes(where):
    """make.py's silent2013 with few peers and networks."""
    w = make.World(131279)
    w.views.peers = [p for p in w.views.peers if p.full is True][:6]
    w.rrc.peers = w.rrc.peers[:4]
    seen, nets = set(), []
    for n, a in w.nets:  # networks of different ASes, and the router's
        if n.endswith('/24') and a not in seen and len(nets) < OTHERS:
            seen.add(a)
            nets.append((n, a))
    w.nets = nets + [('219.158.0.0/17', 4837)]
    w.views.every = w.rrc.every = 3600  # few files
    w.views.tables = w.rrc.tables = 1 << 30  # one table, at the beginning
    make.silent2013(w, where, END, 300)
    return [n for n, _ in nets]


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    nets = routes(os.path.join(sys.argv[1], 'mrt'))
    capture(os.path.join(sys.argv[1], 'silent.pcap.gz'), nets)
