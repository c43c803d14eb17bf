#!/usr/bin/env python3
"""The screen that README.md shows is the screen of the program; only the
long tshark line is shortened.

usage: check-readme.py PROGRAM README.md [--update]; the indented screen stands
behind a line <!-- screen: wellspring ARGUMENTS -->, run in README.md's folder.
"""
import os
import re
import shlex
import subprocess
import sys

program, readme = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
text = open(readme, encoding='utf-8').read()
found = re.search(r'<!-- screen: wellspring (.*) -->\n((?:    .*\n)+)', text)
assert found, 'no screen in ' + readme
p = subprocess.run([program] + shlex.split(found.group(1)),
                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                   cwd=os.path.dirname(readme), check=False)
screen = re.sub(r"(tshark -r \S+ -Y ').*'", r"\1...'", p.stdout.decode())
screen = ''.join('    ' + line + '\n' for line in screen.splitlines())
if '--update' in sys.argv:
    with open(readme, 'w', encoding='utf-8') as f:
        f.write(text[:found.start(2)] + screen + text[found.end(2):])
elif screen != found.group(2):
    print('README.md shows another screen; now it is:\n' + screen +
          'tests/golden/check-readme.py PROGRAM README.md --update puts it in')
    sys.exit(1)
