#!/usr/bin/env python3
"""Makes the scenarios of make.py and checks what `wellspring` says of them.

usage: check.py WELLSPRING [SCENARIO...]
"""
import json
import os
import subprocess
import sys
import tempfile

import capture
import make

HERE = os.path.dirname(os.path.abspath(__file__))
NK4 = sorted(make.NK)
t = make.t


def run(args, codes=(0,)):
    p = subprocess.run(args, capture_output=True, text=True)
    assert p.returncode in codes, (args, p.returncode, p.stderr)
    return p.stdout


def near(a, b, by=300):
    assert abs(a - b) <= by, (a, b)


def outage(prog, where, *args, codes=(0, 4)):
    return json.loads(run([prog, 'outage', '--mrt', where, '--json', *args],
                          codes))


def dec2014(prog, where):
    d = outage(prog, where)  # every network is watched: nobody else is down
    assert [f['asn'] for f in d['findings']] == [131279, 131279]
    long, short = d['findings']
    for f, start, end in ((long, '2014-12-22 16:15', '2014-12-23 01:46'),
                          (short, '2014-12-23 15:41', '2014-12-23 16:12')):
        o = f['observed']
        assert f['prefixes'] == NK4 and f['networks_of_asn'] == 4
        assert o['state'] == 'down' and not o['ongoing']
        near(o['start_sec'][1], t(start))
        near(o['end_sec'][1], t(end))
        near(o['duration_sec'], t(end) - t(start))
        assert o['start_sec'][0] <= o['start_sec'][1]
        for side in ('upstreams_before', 'upstreams_after'):
            assert [u['asn'] for u in o[side]] == [4837], o[side]
        assert f['cause']['verdict'] == 'undetermined'
        assert len(f['cause']['rivals']) >= 3
    assert long['observed']['kept_old_route'] == 2
    for f in (long, short):  # 36 peers are four groups behind one AS
        e = f['evidence']
        assert e['common_transit'] == 4837 and len(e['groups']) == 4
        assert all(g['lost'] for g in e['groups'])
        assert 10 < e['e'] <= e['earlier_bins'] + 1
    assert long['baseline']['brief_losses_before'] > 3
    lost = [p for p in d['peers_lost'] if p['reason'] == 'session']
    assert len(lost) == 8 and all(p['to_sec'] for p in lost)
    assert {p['collector'] for p in lost} == {'route-views2'}
    assert len(d['feed_gaps']) == 1
    assert d['feed_gaps'][0]['collector'] == 'rrc00'
    assert sum(i['damaged'] is not None for i in d['inputs']) == 1
    feeds = [p for p in d['peers'] if p['collector'] == 'route-views2']
    assert sum(p['full_feed_ipv4'] for p in feeds) == 30
    hole = [b for b in d['brief'] if abs(b['sec'][0] - t('2014-12-23 07:51'))
            < 60]
    assert hole and hole[0]['networks'] == 4
    # what a person sees, and a picture
    svg = where + '/out.svg'
    text = run([prog, 'outage', '--asn', '131279', '--mrt',
                where + '/rrc00', '--mrt', where + '/route-views2', '--svg',
                svg], (4,))
    assert '9 h 31 min' in text and '(31 min)' in text
    assert open(svg).read().rstrip().endswith('</svg>')
    os.unlink(svg)
    # one collector alone says the same of the networks
    one = outage(prog, where + '/route-views2', '--asn', '131279')
    assert len(one['findings']) == 2 and 'one collector' in one['not_seen']
    # who announced it then, and when nobody did
    ask = [prog, 'origin', '175.45.176.1', '--mrt', where, '--json', '--at']
    a = json.loads(run(ask + ['2014-12-22T15:00Z'], (0, 4)))['answers'][0]
    assert [o['asn'] for o in a['origins']] == [131279]
    assert a['upstreams'][0]['asn'] == 4837 and a['vantages'] >= 36
    a = json.loads(run(ask + ['2014-12-22T20:00Z'], (3, 4)))['answers'][0]
    assert not a['announced']


def rpki2025(prog, where):
    d = outage(prog, where, '--asn', '131279', codes=(0,))
    assert len(d['findings']) == 1
    o = d['findings'][0]['observed']
    assert o['state'] == 'partial' and o['visible_peer_ases'] == 4
    assert o['known_peer_ases'] == 36
    near(o['start_sec'][1], t('2025-03-18 10:00'), 900)
    near(o['end_sec'][1], t('2025-03-19 02:00'), 900)
    d = outage(prog, where, '--asn', '131279', '--vrp', where + '/vrps.csv',
               codes=(0,))
    f = d['findings'][0]
    assert f['observed']['word'] == 'filtered'
    assert f['observed']['rpki'] == 'invalid'
    assert f['cause']['consistent_with'] == 'rpki-filtering'
    assert f['cause']['verdict'] == 'undetermined'


def silent2013(prog, where):
    d = outage(prog, where, '--asn', '131279', codes=(3,))
    assert d['findings'] == []  # routes stay: this is seen in packets only
    assert [b['networks'] for b in d['brief']] == [4]
    near(d['brief'][0]['sec'][0], t('2013-03-13 00:59') + 30, 10)
    ups = [(c['prefix'], c['asn'], c['change'])
           for c in d['upstream_changes'] if c['asn'] == 22351]
    assert ups == [(make.NK[0], 22351, 'came'), (make.NK[0], 22351, 'went')]


def ttk2017(prog, where):
    d = outage(prog, where, '--asn', '131279', codes=(3,))
    got = {(c['prefix'], c['change'], c['sec'][0])
           for c in d['upstream_changes'] if c['asn'] == 20485}
    three = [make.NK[0], make.NK[2], make.NK[3]]
    want = {(n, 'came', t('2017-10-01 09:07') + 51) for n in three} | \
        {(n, 'went', t('2017-10-01 10:14') + 45) for n in three} | \
        {(n, 'came', t('2017-10-01 12:21') + 55) for n in three} | \
        {(make.NK[0], 'went', t('2017-10-02 07:56') + 39),
         (make.NK[3], 'went', t('2017-10-02 09:10') + 29)}
    assert got == want, got ^ want
    assert len(d['brief']) == 4 and d['findings'] == []


def silent(prog, where):
    """The packets of 2013-03-13 beside the routes: silent, and routed."""
    nets = capture.routes(where + '/mrt')
    capture.capture(where + '/silent.pcap.gz', nets)
    d = json.loads(run([prog, 'analyze', where + '/silent.pcap.gz', '--mrt',
                        where + '/mrt', '--json'], (0, 3)))
    n = d['networks_outside']
    assert [s['prefix'] for s in n['silences']] == NK4
    for s in n['silences']:
        o = s['observed']
        assert s['asn'] == 131279 and s['cause'] == 'undetermined'
        assert s['control'] == 'none' and o['sufficient'] and o['returned']
        near(o['from_sec'], capture.LOST[0])
        near(o['to_sec'], capture.LOST[1])
        assert o['sessions_died'] == 3 and o['mass_end']
        assert o.get('router_asn', 4837) == 4837
        silent = [c for c in s['cells'] if c['cell'] == 'routed-silent']
        assert len(silent) == 1
        near(silent[0]['from_sec'], capture.LOST[0])
        near(silent[0]['to_sec'], capture.LOST[1])
    assert any('router_asn' in s['observed'] for s in n['silences'])
    cells = {k: v['networks'] for k, v in n['cells'].items()}
    assert cells['routed-silent'] == 4 and cells['unrouted-silent'] == 0
    assert cells['unrouted-answering'] == 0
    # the way by Intelsat: more hops, a satellite's round trip
    assert [(s['prefix'], s['sec']) for s in n['path_steps']] == \
        [(make.NK[0], capture.SAT[0] - 30), (make.NK[0], capture.SAT[1])]
    # the forged quote is no sign of anything
    assert not [s for s in n['silences'] if s['prefix'] in nets]


if __name__ == '__main__':
    names = sys.argv[2:] or ['dec2014', 'rpki2025', 'silent2013', 'ttk2017',
                             'silent']
    for name in names:
        with tempfile.TemporaryDirectory() as where:
            if hasattr(make, name):
                getattr(make, name)(make.World(131279), where)
            globals()[name](os.path.abspath(sys.argv[1]), where)
        print('ok', name)
