#!/usr/bin/env python3
"""Re-creates routing outages as MRT files, with decoys.

usage: make.py SCENARIO DIR     (dec2014, rpki2025, silent2013, ttk2017)

The real update files of these days cannot be had; the times are public (see
doc/METHODS-routing.md).  Peers and background networks are those of the
RouteViews table of 2014-05-23.  Same scenario, same bytes: no clock, a seeded
generator.  Two collectors: route-views2 (15-minute files, bzip2, a table
every two hours) and rrc00 (5-minute files, gzip, a table every eight hours).
"""
import bz2
import calendar
import functools
import gzip
import ipaddress
import os
import random
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
NK = ['175.45.%d.0/24' % i for i in (176, 177, 178, 179)]
LOCAL = 6447


def t(text):
    return calendar.timegm(tuple(int(x) for x in text.replace('-', ' ')
                                 .replace(':', ' ').split()) + (0,) * 3)


def rows(name):
    for line in open(os.path.join(HERE, name)):
        if line[0] != '#':
            yield line.split()


@functools.lru_cache(None)
def net_bytes(prefix):
    n = ipaddress.ip_network(prefix)
    return bytes([n.prefixlen]) + \
        n.network_address.packed[:(n.prefixlen + 7) // 8]


def attr(flags, kind, value):
    if len(value) > 255:
        return bytes([flags | 16, kind]) + struct.pack('>H', len(value)) + value
    return bytes([flags, kind, len(value)]) + value


def attrs(path, hop):
    return attrs_of(tuple(path), hop)


@functools.lru_cache(None)
def order(prefix):
    return ipaddress.ip_network(prefix)


@functools.lru_cache(None)
def packed(ip):
    return ipaddress.ip_address(ip).packed


@functools.lru_cache(None)
def attrs_of(path, hop):
    p = bytes([2, len(path)]) + b''.join(struct.pack('>I', a) for a in path)
    return attr(0x40, 1, b'\0') + attr(0x40, 2, p) + \
        attr(0x40, 3, ipaddress.ip_address(hop).packed)


def record(sec, kind, sub, body):
    return struct.pack('>IHHI', sec, kind, sub, len(body)) + body


class Peer:
    def __init__(self, ip, asn, full):
        self.ip, self.asn, self.full = ip, asn, full
        self.up = True
        self.table = {}  # prefix -> path

    def head(self):
        return struct.pack('>IIHH', self.asn, LOCAL, 0, 1) + \
            packed(self.ip) + bytes([128, 223, 51, 102])

    def update(self, sec, gone=(), path=None, nets=()):
        w = b''.join(net_bytes(p) for p in gone)
        a = attrs(path, self.ip) if nets else b''
        n = b''.join(net_bytes(p) for p in nets)
        msg = struct.pack('>H', len(w)) + w + struct.pack('>H', len(a)) + a + n
        msg = b'\xff' * 16 + struct.pack('>HB', len(msg) + 19, 2) + msg
        return record(sec, 16, 4, self.head() + msg)

    def state(self, sec, old, new):
        return record(sec, 16, 5, self.head() + struct.pack('>HH', old, new))


class Collector:
    def __init__(self, world, name, peers, every, tables, ext):
        self.world, self.name, self.peers = world, name, peers
        self.every, self.tables, self.ext = every, tables, ext
        self.events = []  # (sec, order, bytes or action)
        self.silent = []  # no record is written then
        self.cut = set()  # update files that end inside a record

    def put(self, sec, what):
        self.events.append((sec, len(self.events), what))

    def announce(self, sec, peer, prefix, path):
        self.put(sec, ('A', peer, prefix, path))

    def withdraw(self, sec, peer, prefix):
        self.put(sec, ('W', peer, prefix))

    def session(self, peer, lost, back):
        self.put(lost, ('down', peer))
        self.put(back, ('up', peer))

    def table(self, sec):
        out = struct.pack('>IHH', 0x80df3366, 0, len(self.peers))
        for p in self.peers:
            out += b'\x02' + packed(p.ip) + \
                packed(p.ip) + struct.pack('>I', p.asn)
        out = [record(sec, 13, 1, out)]
        nets = sorted({n for p in self.peers for n in p.table},
                      key=order)
        for i, n in enumerate(nets):
            entries = [(k, p.table[n]) for k, p in enumerate(self.peers)
                       if p.up and n in p.table]
            body = struct.pack('>I', i) + net_bytes(n) + \
                struct.pack('>H', len(entries))
            for k, path in entries:
                a = attrs(path, self.peers[k].ip)
                body += struct.pack('>HIH', k, sec - 86400, len(a)) + a
            out.append(record(sec, 13, 2, body))
        return b''.join(out)

    def apply(self, sec, what):
        """The record of one event, and the table after it."""
        kind, p = what[0], what[1]
        if kind == 'W':
            had = p.table.pop(what[2], None)
            return p.update(sec, gone=[what[2]]) if p.up and had else b''
        if kind == 'A':
            p.table[what[2]] = what[3]
            return p.update(sec, path=what[3], nets=[what[2]]) if p.up else b''
        if kind == 'down':
            p.up = False
            return p.state(sec, 6, 1)
        p.up = True
        out = p.state(sec, 5, 6)
        for n in sorted(p.table):
            out += p.update(sec + 2, path=p.table[n], nets=[n])
        return out

    def pack(self, data):
        return bz2.compress(data) if self.ext == 'bz2' else \
            gzip.compress(data, mtime=0)

    def write(self, where, start, end):
        where = os.path.join(where, self.name)
        os.makedirs(where, exist_ok=True)
        self.events.sort(key=lambda e: e[:2])
        i, sec = 0, start
        while sec < end:
            stamp = self.world.stamp(sec)
            if (sec - start) % self.tables == 0 and not self.is_silent(sec):
                with open('%s/rib.%s.%s' % (where, stamp, self.ext), 'wb') as f:
                    f.write(self.pack(self.table(sec)))
            data = b''
            while i < len(self.events) and \
                    self.events[i][0] < sec + self.every:
                one = self.apply(self.events[i][0], self.events[i][2])
                if not self.is_silent(self.events[i][0]):
                    data += one
                i += 1
            if sec in self.cut:
                data = data[:-7]
            with open('%s/updates.%s.%s' % (where, stamp, self.ext),
                      'wb') as f:
                f.write(self.pack(data))
            sec += self.every

    def is_silent(self, sec):
        return any(a <= sec < b for a, b in self.silent)


class World:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        peers = [Peer(ip, int(asn), int(n) > 8000 or int(n))
                 for ip, asn, n in rows('peers.txt')]
        # RIS hears some of the same networks through peers of its own
        ris = [Peer('193.0.4.%d' % (i + 1), asn, True) for i, asn in
               enumerate((3333, 12779, 513, 1853, 6453, 8218, 9002, 6830))]
        self.views = Collector(self, 'route-views2', peers, 900, 7200, 'bz2')
        self.rrc = Collector(self, 'rrc00', ris, 300, 28800, 'gz')
        self.all = [self.views, self.rrc]
        self.nets = [(n, int(a)) for n, a in rows('networks.txt')]

    @staticmethod
    def stamp(sec):
        import time
        return time.strftime('%Y%m%d.%H%M', time.gmtime(sec))

    def path(self, peer, tail):
        mid = (1239, 3356, 2914)[(peer.asn + tail[-1]) % 3]
        out = [peer.asn] + ([mid] if mid != peer.asn else []) + list(tail)
        return out

    def full(self):
        return [(c, p) for c in self.all for p in c.peers if p.full is True]

    def fill(self, tail):
        """Every peer's table: the background, and North Korea by tail."""
        for c in self.all:
            for p in c.peers:
                nets = self.nets
                if p.full is not True:
                    nets = nets[:len(nets) * p.full // 9072]
                for n, a in nets:
                    p.table[n] = self.path(p, (a,))
                if p.full is True:
                    for n in NK:
                        p.table[n] = self.path(p, tail)

    def churn(self, start, end, every=25):
        """Background: routes that change their path or flap at one peer."""
        for c in self.all:
            sec = start + 20
            while sec < end:
                p = self.rng.choice(c.peers)
                n, a = self.rng.choice(self.nets)
                if p.full is True:
                    kind = self.rng.random()
                    if kind < 0.1:
                        c.withdraw(sec, p, n)
                        c.announce(sec + self.rng.randint(2, 40), p, n,
                                   self.path(p, (a,)))
                    elif kind < 0.2:  # said again, nothing new
                        c.announce(sec, p, n, self.path(p, (a,)))
                    else:
                        c.announce(sec, p, n,
                                   self.path(p, (174, a) if kind < 0.6
                                             else (a,)))
                sec += self.rng.randint(1, 2 * every)

    def gone(self, sec, nets, jitter, skip=()):
        """Withdrawn everywhere, after some hunting for other paths."""
        for c, p in self.full():
            if p in skip:
                continue
            for n in nets:
                at = sec + self.rng.randint(0, jitter)
                if self.rng.random() < 0.4 and at > sec:
                    c.announce(self.rng.randint(sec, at), p, n,
                               self.path(p, (174, 4837, 131279)))
                c.withdraw(at, p, n)

    def back(self, sec, nets, jitter, tail=(4837, 131279), skip=()):
        for c, p in self.full():
            if p in skip:
                continue
            for n in nets:
                c.announce(sec + self.rng.randint(0, jitter), p, n,
                           self.path(p, tail))

    def write(self, where, start, end):
        for c in self.all:
            c.write(where, start, end)


def dec2014(w, where):
    start, end = t('2014-12-21 00:00'), t('2014-12-23 20:00')
    w.fill((4837, 131279))
    w.churn(start, end)
    # a day and more of instability, each time some of the four
    sec = t('2014-12-21 12:00')
    while sec < t('2014-12-22 15:30'):
        nets = w.rng.sample(NK, w.rng.randint(1, 4))
        w.gone(sec, nets, 10)
        w.back(sec + w.rng.randint(20, 280), nets, 10)
        sec += w.rng.randint(3600, 9000)
    full = [p for c, p in w.full() if c is w.views]
    stuck = full[3:5]
    w.gone(t('2014-12-22 16:15'), NK, 40, skip=stuck)
    for p in stuck:  # lose it two and a half hours later
        for n in NK:
            w.views.withdraw(t('2014-12-22 18:45'), p, n)
    w.back(t('2014-12-23 01:46'), NK, 25)
    w.gone(t('2014-12-23 07:51'), NK, 20)
    w.back(t('2014-12-23 07:56'), NK, 20)
    w.gone(t('2014-12-23 15:41'), NK, 15)
    w.back(t('2014-12-23 16:12'), NK, 15)
    # decoys: sessions, a silent collector, a file that is cut
    for i, p in enumerate(full[8:16]):
        w.views.session(p, t('2014-12-22 16:20') + i,
                        t('2014-12-22 16:45') + 7 * i)
    w.rrc.silent.append((t('2014-12-22 20:00'), t('2014-12-22 20:40')))
    w.rrc.cut.add(t('2014-12-22 11:10'))
    w.write(where, start, end)


def rpki2025(w, where):
    start, end = t('2025-03-17 04:00'), t('2025-03-19 06:00')
    w.fill((4837, 131279))
    w.churn(start, end, 60)
    keep = [p for c, p in w.full()][::9][:4]
    # peers that validate drop it as they learn of the new ROA
    for c, p in w.full():
        at = t('2025-03-18 10:00') + w.rng.randint(0, 900)
        for n in NK:
            if p not in keep:
                c.withdraw(at + w.rng.randint(0, 5), p, n)
                c.announce(t('2025-03-19 02:00') + w.rng.randint(0, 600), p,
                           n, w.path(p, (4837, 131279)))
    w.write(where, start, end)
    with open(os.path.join(where, 'vrps.csv'), 'w') as f:
        f.write('ASN,IP Prefix,Max Length,Trust Anchor,Expires\n'
                'AS131279,175.45.176.0/22,22,apnic,1742400000\n')


def silent2013(w, where, end=None, every=25):
    """The data plane is lost while the routes stay up: nothing in BGP."""
    start, end = t('2013-03-12 20:00'), end or t('2013-03-13 12:00')
    w.fill((4837, 131279))
    w.churn(start, end, every)
    w.gone(t('2013-03-13 00:59') + 30, NK, 8)
    w.back(t('2013-03-13 01:00') + 30, NK[:1], 8, (22351, 131279))
    w.back(t('2013-03-13 01:00') + 30, NK[1:], 8)
    w.back(t('2013-03-13 05:00'), NK[:1], 8)
    w.write(where, start, end)


def ttk2017(w, where):
    """A second upstream, per network and to the second (Madory 2017)."""
    start, end = t('2017-09-30 08:00'), t('2017-10-02 12:00')
    three, cu = [NK[0], NK[2], NK[3]], (4837, 131279)
    ttk = (20485, 131279)
    w.fill(cu)
    w.churn(start, end, 60)
    east = w.full()[::2]

    def via(sec, nets, tail, first=True):
        for i, (c, p) in enumerate(east):
            for n in nets:
                at = sec + (0 if i == 0 and first else w.rng.randint(0, 9))
                c.announce(at, p, n, w.path(p, tail))

    via(t('2017-10-01 09:07') + 51, three, ttk)
    via(t('2017-10-01 10:14') + 45, three, cu)
    for k in range(4):  # four short losses of all
        w.gone(t('2017-10-01 10:47') + 1500 * k, NK, 6)
        w.back(t('2017-10-01 10:47') + 1500 * k + 120, NK, 6)
    via(t('2017-10-01 12:21') + 55, three, ttk)
    via(t('2017-10-02 07:56') + 39, [NK[0]], cu)
    via(t('2017-10-02 09:10') + 29, [NK[3]], cu)
    w.write(where, start, end)


if __name__ == '__main__':
    scenarios = {'dec2014': dec2014, 'rpki2025': rpki2025,
                 'silent2013': silent2013, 'ttk2017': ttk2017}
    if len(sys.argv) != 3 or sys.argv[1] not in scenarios:
        sys.exit(__doc__)
    scenarios[sys.argv[1]](World(131279), sys.argv[2])
