#!/usr/bin/env python3
"""Checks cases against doc/case.schema.json.

usage: check-schema.py SCHEMA PROGRAM [--OPTION...] FILE...
Runs `PROGRAM analyze --json` (plain and with --all) on each FILE.  Also
checks that the schema refuses what it should.  Exit 77 = skipped.
"""
import copy
import json
import subprocess
import sys

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not here: schema not tested")
    sys.exit(77)


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        schema = json.load(f)
    cls = getattr(jsonschema, "Draft202012Validator")
    cls.check_schema(schema)
    validator = cls(schema)
    bad = 0
    case = None
    given = [a for a in sys.argv[3:] if a.startswith("--")]
    for path in sys.argv[3 + len(given):]:
        for extra in ([], ["--all"]):
            run = subprocess.run(
                [sys.argv[2], "analyze", "--json", *extra, *given, path],
                stdout=subprocess.PIPE, check=False)
            if run.returncode not in (0, 3, 4):
                print(path, "exit", run.returncode)
                return 1
            case = json.loads(run.stdout)
            for error in validator.iter_errors(case):
                print(path, list(error.absolute_path), error.message[:200])
                bad = 1
    for key, value in (("format", "wellspring-case/2"), ("losses", []),
                       ("relays", [{}]), ("damaged", None), ("more", 1)):
        wrong = copy.deepcopy(case)
        wrong[key] = value
        if validator.is_valid(wrong):
            print("the schema accepts", key, "=", value)
            bad = 1
    return bad


sys.exit(main())
