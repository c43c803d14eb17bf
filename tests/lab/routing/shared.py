#!/usr/bin/env python3
"""The oracles of ../shared/mrt, where that folder is; skipped elsewhere.

usage: shared.py WELLSPRING FOLDER
"""
import gzip
import json
import os
import subprocess
import sys

PROG, MRT = os.path.abspath(sys.argv[1]), sys.argv[2]
ET = 'bgpdump-updates.et-header.2015.gz'

# records, announced, withdrawn, table entries, state changes
COUNTS = {
    ET: (89686, 577737, None, 0, 4),
    'pyasn-rib.20140523.0600_firstMB.bz2': (9073, 0, 0, 270005, 0),
    'pyasn-rib.20080501.0644_firstMB.bz2': (139291, 0, 0, 139291, 0),
    'pyasn-bview.20140112.1600_3samples.bz2': (3, 0, 0, 0, 0),
    'bgpdump-bview.20020722.2337.gz': (115521, 0, 0, 115521, 0),
    'bgpdump-updates.20020722.2238.gz': (1121, None, None, 0, 93),
    'bgpdump-updates.20070211.0141.gz': (23394, None, None, 0, 0),
    'bgpdump-updates.20100722.2015.gz': (2193, None, None, 0, 40),
    'bgpdump-updates.20160811.1600.gz': (17406, 39256, 1956, 0, 22),
    'bgpkit-local_only-updates.bz2': (85, None, None, 0, 0),
    'bgpkit-rrc00-1999.09-updates.19990903.1041.gz': (24242,) + (None,) * 4,
    'bgpkit-rrc00-1999.12-updates.19991214.1621.gz': (18203,) + (None,) * 4,
    'bgpkit-rrc00-2000.01-updates.20000102.2014.gz': (3957,) + (None,) * 4,
    'bgpkit-rrc01-2000.11-updates.20001104.0124.gz':
        (1286, None, None, 0, 364),
    'bgpkit-rrc03-2010.02-updates.20100227.1600.first-796-records.gz':
        (796,) + (None,) * 4,
    'bgpkit-rrc15-2010.02-updates.20100227.1600.gz':
        (6615, None, None, 0, 20),
    'bgpkit-rrc15-2010.02-updates.20100227.1610.gz': (1953,) + (None,) * 4,
    'bgpstream-ris.rrc06.updates.1427846400.gz': (795, 1435, 122, 0, 4),
    'bgpstream-routeviews.route-views.jinx.updates.1427846400.bz2':
        (1756,) + (None,) * 4,
    'mrtparse-openbgpd_rib_table-mp': (31, 0, 0, 31, 0),
    'mrtparse-openbgpd_rib_table-v2': (24, 0, 0, 31, 0),
}
MATCH = {
    '88.53.215.64': ('88.52.0.0/15', '6762 3269'),
    '217.96.33.164': ('217.96.0.0/16', '2914 5511 5617'),
    '203.131.222.102': ('203.131.222.0/23', '38082 7470 37992'),
    '58.185.154.99': ('58.185.128.0/17', '7473 3758'),
    '200.87.126.116': ('200.87.120.0/21', '57731 6568'),
    '208.105.226.235': ('208.105.128.0/17', '2914 2828 7843 11351'),
    '212.31.102.100': ('212.31.96.0/20', '6866'),
    '175.45.178.222': ('175.45.178.0/24', '2914 1239 4837 131279'),
}


def run(*args):
    return subprocess.run([PROG, *args], capture_output=True)


def path(name):
    return os.path.join(MRT, name)


def summary(name):
    return json.loads(run('mrt', '--summary', '--json', path(name)).stdout)['files'][0]


def counts():
    for name, want in COUNTS.items():
        s = summary(name)
        got = [s[k] for k in ('records', 'announced', 'withdrawn', 'entries',
                              'state_changes')]
        for a, b in zip(got, want):
            assert b is None or a == b, (name, got, want)


def golden():
    for name in sorted(os.listdir(MRT)):
        if not name.endswith('.expect.txt.gz'):
            continue
        want = gzip.open(path(name)).read()
        got = run('mrt', '-q', path(name[:-14] + '.gz')).stdout
        assert got == want, name


def traps():
    for name, tail in (('pyasn-rib.20140523.0600_firstMB.bz2', 1267),
                       ('pyasn-rib.20080501.0644_firstMB.bz2', 57)):
        assert summary(name)['tail_bytes'] == tail
        assert run('mrt', '-s', path(name)).returncode == 4
    s = summary('bgpkit-rrc00-2000.03-updates.20000325.0345.gz')
    assert s['gaps'] == 2 and s['bad_prefixes'] == 0, s
    text = run('mrt', '-q', path(
        'bgpkit-rrc00-2000.03-updates.20000325.0345.gz')).stdout.decode()
    assert all(int(line.split('|')[5].split('/')[1]) <= 32
               for line in text.splitlines() if '|STATE|' not in line)
    assert summary('pyasn-bview.20140112.1600_3samples.bz2')[
        'entries_without_peer'] > 0
    # early 2000: many entries in one record, a length four bytes short
    s = summary('bgpkit-rrc00-2000.01-bview.20000111.0032.gz')
    assert s['records'] == 2490 and s['entries'] == 452018
    assert s['damaged'] is None and s['bytes'] == 19514824
    # JSON lines: as many routes as lines, the same peers and prefixes
    name = path('bgpdump-updates.20160811.1600.gz')
    rows = [json.loads(x) for x in run('mrt', '--json', name).stdout
            .splitlines()]
    text = [x.split('|') for x in run('mrt', name).stdout.decode()
            .splitlines()]
    routes = [x for x in rows if x['action'] in ('announce', 'withdraw')]
    assert [(x['sec'], x['peer_asn'], x['prefix']) for x in routes
            if ':' not in x['prefix']] == \
        [(int(x[1]), int(x[4]), x[5]) for x in text
         if x[2] in 'AW' and ':' not in x[5]]
    assert sum(x['action'] == 'state' for x in rows) == 22
    d = json.loads(run('outage', '--json', '--mrt', path(
        'bgpdump-updates.20160811.1600.gz')).stdout)
    lost = [x for x in d['peers_lost'] if x['reason'] == 'session']
    # five sessions by their addresses; the README of the folder says six
    assert len({(x['peer'], x['peer_asn']) for x in lost}) == 5, lost
    assert len(lost) == 22 and not any(
        f['observed']['state'] == 'down' for f in d['findings'])
    d = json.loads(run('outage', '--json', '--mrt', path(
        'bgpkit-rrc15-2010.02-updates.20100227.1600.gz')).stdout)
    big = [x for x in d['table_transfers'] if x['peer_asn'] == 1916]
    assert len(big) == 1 and 45000 < big[0]['announcements'] < 50000, \
        d['table_transfers']


def origins():
    d = json.loads(run('origin', '--json', '--mrt', path(ET),
                       *MATCH).stdout)
    for a in d['answers']:
        o = a['origins'][0]
        assert (o['prefix'], o['path']) == MATCH[a['query']], a
        assert a['one_vantage']


def blocking():
    b = json.loads(run('origin', '--json', '--block-at', 'AS4837', 'AS131279',
                       '--mrt', path(ET)).stdout)['blocking'][0]
    assert b['all']['prefixes'] == 4946
    assert b['all']['addresses'] == 81480192
    assert b['originated']['prefixes'] == 634
    assert b['behind']['prefixes'] == 4312
    assert b['behind']['addresses'] == 26553344
    assert b['behind']['origin_ases'] == 122 and b['downstream_ases'] == 30
    assert b['target']['prefixes'] == 4 and b['target']['addresses'] == 1024


def feeds():
    d = json.loads(run('outage', '--json', '--mrt', path(
        'pyasn-rib.20140523.0600_firstMB.bz2')).stdout)
    assert len(d['peers']) == 35
    assert sum(p['full_feed_ipv4'] for p in d['peers']) == 30
    assert sorted(p['peer_asn'] for p in d['peers']
                  if not p['full_feed_ipv4']) == \
        [2905, 3303, 5056, 11537, 22388]


if not os.path.isdir(MRT):
    print('no', MRT)
    sys.exit(77)
for check in (counts, golden, traps, origins, blocking, feeds):
    check()
    print('ok', check.__name__)
