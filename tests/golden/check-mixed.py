#!/usr/bin/env python3
"""The case of a pcapng file with several sections and interfaces is the case
of the plain capture it was made from: relays, chains, connections, far end,
addresses, hypotheses.  What differs by its nature is left out: the file, the
numbers of the frames behind those without time, and the counts of these and
of skipped blocks.

usage: check-mixed.py PROGRAM make-mixed.py PLAIN MIXED
"""
import json
import subprocess
import sys
import tempfile

program, maker, plain, mixed = sys.argv[1:]


def case_of(path):
    p = subprocess.run([program, 'analyze', '-q', '--all', '--json', path],
                       stdout=subprocess.PIPE, check=False)
    assert p.returncode == 0, 'exit %d for %s' % (p.returncode, path)
    case = json.loads(p.stdout)
    captures = case.pop('captures')
    losses = case.pop('losses')
    assert case['relays'], 'no relay in ' + path
    for relay in case['relays']:
        for exchange in relay['exchanges']:
            for end in 'from', 'to':
                del exchange[end]['frame']
    return case, captures[0], losses


with tempfile.NamedTemporaryFile() as made:
    subprocess.run([sys.executable, maker, plain, made.name], check=True)
    assert open(mixed, 'rb').read() == made.read(), \
        mixed + ' is not what make-mixed.py makes'
a, a_file, a_lost = case_of(plain)
b, b_file, b_lost = case_of(mixed)
for key in a:
    assert a[key] == b[key], key + ' differs'
assert a.keys() == b.keys()
assert b_file['packets'] == a_file['packets'] + b_file['no_time']
assert b_file['no_time'] == b_lost['packets_without_time'] > 0
assert b_lost['blocks_skipped'] > 0
for key, n in a_lost.items():
    if key not in ('packets_without_time', 'blocks_skipped'):
        assert n == b_lost[key], key + ' differs'
print('the same case, %d of %d packets without time'
      % (b_file['no_time'], b_file['packets']))
