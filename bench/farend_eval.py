#!/usr/bin/env python3
"""Evaluation of the far end on laboratory runs and the corpus.

  farend_eval.py --tool build/bench/farend_tool --lab DIR [--lab DIR]
                 [--corpus DIR] [--write-calibration FILE] [--runs N]

1 calibrates on the first half of the laboratory's time, on direct clients of
  the calibration programs only;
2 judges address runs made by drawing connections of one host (or of one
  relay and one client distance) from the second half: a run is 5 to 10
  connections, at least two client programs.  Runs of one host share
  connections: they are many, but not independent, and come from one machine;
3 prints false rates, recall by leg, ROC, coverage, misleading LRs, Cllr, and
  the peers' rules on the same runs at the same false rate.
Standard library only."""
import argparse, json, math, os, random, subprocess, sys
from collections import Counter, defaultdict

KINDS = ("tls12 tls13 tlsres hrr tlsapp kex newkeys auth later redir keep greet "
         "line starttls hello").split()
PROTO = "? tls ssh http smtp other".split()
CAL_STACKS = {"curl13", "curl12", "curlhttp", "openssh", "pysmtp", "pytls"}
CAL_RELAYS = {"socat", "haproxy", "squid", "sshL", "haproxy-near"}
TOOL = None


def dump(path):
    out = []
    r = subprocess.run([TOOL, "dump", path], stdout=subprocess.PIPE,
                       text=True, check=True)
    for line in r.stdout.splitlines():
        w = line.split()
        v = [int(x) for x in w[4:]]
        out.append(dict(src=w[0], sport=int(w[1]), dst=w[2], dport=int(w[3]),
                        id=v[0], start=v[1], r0=v[2], rmin=v[3], rdata=v[4],
                        rdev=v[5], eta=v[6], stack=v[7], flags=v[10],
                        proto=PROTO[v[15]], nrdev=v[16], turns=v[21:],
                        line=line))
    return out


def lab_rows(d):
    t = json.load(open(d + "/truth.json"))
    by = defaultdict(list)
    for s in t["sessions"]:
        by[s["src"]].append(s)
    rows, mid = [], (t["start"] + t["end"]) / 2
    for r in dump(d + "/server.pcap"):
        for s in by.get(r["src"], ()):
            if s["start"] - .02 <= r["start"] / 1e9 <= s["end"] + .02:
                r.update(lab=s, early=r["start"] / 1e9 < mid)
                rows.append(r)
                break
    return rows, t


def corpus_rows(root):
    rows = []
    for d in sorted(os.listdir(root)):
        if not d.startswith("C-far"):
            continue
        p = os.path.join(root, d)
        t = json.load(open(p + "/truth.json"))
        ids = {(c["src"], c["sport"], c["dst"], c["dport"]): c["id"]
               for c in t["connections"]}
        far = {f["connection"]: f for f in t["far_end"]}
        jit = {(x["a"], x["b"]): x["jitter_ms"] for x in t["paths"]}
        cap = [c for c in os.listdir(p) if c.startswith("v1.")][0]
        for r in dump(p + "/" + cap):
            f = far.get(ids.get((r["src"], r["sport"], r["dst"], r["dport"])))
            if f:
                via = f.get("via") or f.get("client")
                r.update(far=f, scenario=d, via=via,
                         jitter=jit.get((via, "v1"), 0))
                rows.append(r)
    return rows


def judge(groups, calib):
    text = "".join("= %d\n%s\n" % (i, "\n".join(r["line"] for r in g))
                   for i, g in enumerate(groups))
    o = subprocess.run([TOOL, "judge", calib], input=text, text=True,
                       stdout=subprocess.PIPE, check=True)
    res = [{} for _ in groups]
    for line in o.stdout.splitlines():
        w = line.split()
        d = dict(x.split("=") for x in w[4:])
        d.update(answer=w[2], reason=w[3])
        d["low"], d["high"] = map(float, d["leg"].split(".."))\
            if ".." in d["leg"] else (-1, -1)
        for k in ("lr", "e", "yes", "res", "jit"):
            d[k] = float(d[k])
        res[int(w[0])][w[1]] = d
    return res


def draw(rng, rows):
    rows = [r for r in rows if r["turns"]]  # those that say something
    if len(rows) < 5:
        return None
    n = min(len(rows), rng.randrange(5, 11))
    for _ in range(20):
        g = rng.sample(rows, n)
        turns = sum(len(r["turns"]) for r in g)
        if len({r["stack"] for r in g}) >= 2 and turns >= 2:
            return sorted(g, key=lambda r: r["start"])
    return None


def runs(rng, classes, per):
    out = []
    for key, rows in sorted(classes.items(), key=str):
        if len(rows) < 5 or len({r["stack"] for r in rows}) < 2:
            continue
        for _ in range(per):
            g = draw(rng, rows)
            if g:
                out.append((key, g))
    return out


# ---- scores of the peers -------------------------------------------------
def deltas(g, tls_only):
    """Application RTT minus TCP RTT in ms, per forced turn."""
    out = []
    for r in g:
        for i, t in enumerate(r["turns"]):
            k = KINDS[t & 255]
            if tls_only and k not in ("tls12", "tls13", "tlsres", "hrr"):
                continue
            if k in ("kex", "newkeys"):
                continue
            extra = 0 if t >> 8 & 1 or i else max(0, r["rdata"] - r["r0"])
            out.append(((t >> 9) + extra) / 1000)
    return out


def badpass(g):
    d = sorted(deltas(g, True) or deltas(g, False))
    return d[(len(d) - 1) // 2] if d else 0


def ndss(g):
    return sum(1.0 if x >= 15 else math.log10(.5 / .95)
               for x in deltas(g, False))


def auc(pos, neg):
    neg = sorted(neg)
    import bisect
    s = sum(bisect.bisect_left(neg, p) + .5 * (
        bisect.bisect_right(neg, p) - bisect.bisect_left(neg, p)) for p in pos)
    return s / (len(pos) * len(neg)) if pos and neg else float("nan")


def at_rate(neg, rate):
    """Smallest threshold with at most `rate` of the negatives above it."""
    v = sorted(neg, reverse=True)
    return v[int(rate * len(v))]


def cllr(pos, neg):
    f = lambda x: math.log2(1 + 10 ** max(-300, min(300, x)))
    return .5 * (sum(f(-x) for x in pos) / len(pos) +
                 sum(f(x) for x in neg) / len(neg))


def pav(pos, neg):
    """log10 LRs after isotonic regression (pool adjacent violators)."""
    pts = sorted([(x, 1) for x in pos] + [(x, 0) for x in neg])
    blocks = []
    for x, y in pts:
        blocks.append([y, 1])
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] >= \
                blocks[-1][0] * blocks[-2][1]:
            b = blocks.pop()
            blocks[-1][0] += b[0]
            blocks[-1][1] += b[1]
    odds, out = len(pos) / len(neg), ([], [])
    i = 0
    for s, n in blocks:
        p = s / n
        lr = 300 if p == 1 else -300 if p == 0 else \
            math.log10(p / (1 - p) / odds)
        for _ in range(n):
            out[1 - pts[i][1]].append(lr)
            i += 1
    return out


def calibrate(rows, path, name):
    text = "\n".join(r["line"] for r in rows) + "\n"
    o = subprocess.run([TOOL, "learn", name], input=text, text=True,
                       stdout=subprocess.PIPE, check=True)
    open(path, "w").write(o.stdout)
    return o.stdout


def pct(a, n):
    return "%6.2f %% (%d of %d)" % (100 * a / n, a, n) if n else "-"


def section(title):
    print("\n== " + title)


def is_direct(v):
    return v["verdict"] == "direct" or v["verdict"] == "packet-level"


def label(pos):
    return "%-16s" % pos


def same_rate(ln, pos, rp, legs, rate):
    """Ours at the false rate that a fixed rule has."""
    th = at_rate(ln, min(rate, .999))
    print("      ours at that rate: %s" % " ".join("%g:%.0f" % (
        leg, 100 * sum(r["yes"] > th for (k, _), r in zip(pos, rp)
                       if k[1] == leg) / sum(k[1] == leg for k, _ in pos))
        for leg in legs))


def report(neg, pos, calib, title):
    """neg, pos: lists of (key, rows); keys of pos: (name, leg, jitter)."""
    section(title)
    rn = [x.get("terminating-relay") for x in judge([g for _, g in neg],
                                                    calib)]
    rp = [x.get("terminating-relay") for x in judge([g for _, g in pos],
                                                    calib)]
    yes = sum(r["answer"] == "yes" for r in rn)
    print("direct address runs judged yes:", pct(yes, len(rn)))
    by = Counter((k[0], r["answer"], r["reason"]) for (k, _), r in
                 zip(neg, rn))
    for k, n in sorted(by.items()):
        print("   %-14s %-12s %-32s %5d" % (k + (n,)))
    section(title + ": recall by far leg (all; and where jitter < leg/2)")
    legs = sorted({k[1] for k, _ in pos})
    for leg in legs:
        sel = [(k, r) for (k, _), r in zip(pos, rp) if k[1] == leg]
        ok = [r for k, r in sel if r["jit"] < leg / 2]
        y = sum(r["answer"] == "yes" for _, r in sel)
        n = sum(r["answer"] == "no" for _, r in sel)
        wrong = sum(r["answer"] == "no" and r["res"] < leg for _, r in sel)
        print("   %6.1f ms  yes %s | gated %s | no %d (below its R: %d)" % (
            leg, pct(y, len(sel)), pct(sum(r["answer"] == "yes" for r in ok),
                                       len(ok)), n, wrong))
        miss = Counter((k[0], r["reason"]) for k, r in sel
                       if r["answer"] != "yes" and r["jit"] < leg / 2)
        if leg >= 10:
            for k, c in miss.most_common(6):
                print("              missed: %-16s %-24s %d" % (k + (c,)))
    section(title + ": far-leg interval (answer yes)")
    for name, f in (("no Nagle stall", lambda k: "microsocks" not in k[0]),
                    ("all", lambda k: True)):
        s = [(k, r) for (k, _), r in zip(pos, rp)
             if r["answer"] == "yes" and f(k)]
        both = sum(r["low"] <= k[1] <= r["high"] for k, r in s)
        up = sum(k[1] <= r["high"] for k, r in s)
        w = sorted(r["high"] - r["low"] for _, r in s)
        print("   %-16s two-sided %s, upper end %s, width p50 %.1f ms" % (
            name, pct(both, len(s)), pct(up, len(s)),
            w[len(w) // 2] if w else 0))
    ln = [r["yes"] for r in rn]
    section(title + ": LR calibration")
    for k in (10, 30, 100):
        bad = sum(x >= math.log10(k) for x in ln)
        print("   direct with LR >= %3d: %s, allowed %.2f %%" % (
            k, pct(bad, len(ln)), 100 / k))
    lp = [r["yes"] for (k, _), r in zip(pos, rp) if k[1] >= 10]
    print("   relays (leg >= 10 ms) with LR <= 1/10: %s; Cllr %.3f, minimum "
          "%.3f" % (pct(sum(x <= -1 for x in lp), len(lp)), cllr(lp, ln),
                    cllr(*pav(lp, ln))))
    section(title + ": against the peers, recall at 0.1 % false (own false "
            "rate of the fixed rules)")
    sn = {"wellspring LR": ln, "BADPASS delta": [badpass(g) for _, g in neg],
          "NDSS 15 ms": [ndss(g) for _, g in neg]}
    sp = {"wellspring LR": [r["yes"] for r in rp],
          "BADPASS delta": [badpass(g) for _, g in pos],
          "NDSS 15 ms": [ndss(g) for _, g in pos]}
    for name in sn:
        th = at_rate(sn[name], .001)
        cells = []
        for leg in legs:
            v = [x for (k, _), x in zip(pos, sp[name]) if k[1] == leg]
            cells.append("%g:%.0f" % (leg, 100 * sum(x > th for x in v) /
                                      len(v)))
        print("   %-14s AUC %.4f  recall %% by leg  %s" % (
            name, auc([x for (k, _), x in zip(pos, sp[name]) if k[1] >= 10],
                      sn[name]), " ".join(cells)))
    for fixed in (20, 50):
        v = sn["BADPASS delta"]
        cells = ["%g:%.0f" % (leg, 100 * sum(
            x > fixed for (k, _), x in zip(pos, sp["BADPASS delta"])
            if k[1] == leg) / max(1, sum(k[1] == leg for k, _ in pos)))
            for leg in legs]
        print("   fixed %2d ms    false %s, recall %% by leg %s" % (
            fixed, pct(sum(x > fixed for x in v), len(v)), " ".join(cells)))
        same_rate(ln, pos, rp, legs, sum(x > fixed for x in v) / len(v))
    v = sn["NDSS 15 ms"]
    cells = ["%g:%.0f" % (leg, 100 * sum(
        x >= 2 for (k, _), x in zip(pos, sp["NDSS 15 ms"]) if k[1] == leg) /
        max(1, sum(k[1] == leg for k, _ in pos))) for leg in legs]
    print("   NDSS at LR 100 false %s, recall %% by leg %s" % (
        pct(sum(x >= 2 for x in v), len(v)), " ".join(cells)))
    same_rate(ln, pos, rp, legs, sum(x >= 2 for x in v) / len(v))
    return rn, rp


def by_protocol(rng, negrows, posrows, calib, per):
    section("ROC per protocol (runs of 5 connections of that protocol only; "
            "score = LR, AUC by leg)")
    for proto in ("tls", "ssh", "http", "smtp"):
        pick = lambda rows: [r for r in rows if r["proto"] == proto or
                             (proto == "smtp" and r["dport"] == 25)]
        def sample(classes):
            out = []
            for k, rows in sorted(classes.items(), key=str):
                rows = pick(rows)
                if len(rows) >= 3:
                    out += [(k, rng.sample(rows, min(5, len(rows))))
                            for _ in range(per)]
            return out
        neg, pos = sample(negrows), sample(posrows)
        if not neg or not pos:
            continue
        ln = [x["terminating-relay"]["yes"] for x in judge(
            [g for _, g in neg], calib)]
        lp = [x["terminating-relay"]["yes"] for x in judge(
            [g for _, g in pos], calib)]
        cells = []
        for leg in sorted({k[1] for k, _ in pos}):
            v = [x for (k, _), x in zip(pos, lp) if k[1] == leg]
            cells.append("%g:%.3f" % (leg, auc(v, ln)))
        print("   %-5s %s  (%d direct runs)" % (proto, " ".join(cells),
                                                len(ln)))


def p0f(pcap, negs, poss):
    """p0f 3: addresses with an "ip sharing" or proxy verdict."""
    o = subprocess.run(["p0f", "-r", pcap], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True).stdout
    hit = set()
    for block in o.split(".-["):
        if "ip sharing" in block.split("\n")[0]:
            hit.add(block.split("/")[0].strip())
    print("   p0f             ip sharing said of: direct %s, relays %s; it "
          "has no verdict on proxies by timing" % (
              pct(len(hit & negs), len(negs)),
              pct(len(hit & poss), len(poss))))


def main():
    global TOOL
    p = argparse.ArgumentParser()
    p.add_argument("--tool", default="build/bench/farend_tool")
    p.add_argument("--lab", action="append", default=[])
    p.add_argument("--corpus")
    p.add_argument("--runs", type=int, default=300)
    p.add_argument("--calibration", help="use this one, do not learn")
    p.add_argument("--write-calibration")
    p.add_argument("--later-half", action="store_true", help="direct runs "
                   "from the later half only: the first made the calibration")
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    TOOL = a.tool
    rng = random.Random(a.seed)
    rows = []
    for d in a.lab:
        rows += lab_rows(d)[0]
    calib = a.calibration
    if not calib:
        calib = a.write_calibration or "/tmp/farend-calibration.txt"
        calibrate([r for r in rows if r["early"] and
                   r["lab"]["verdict"] == "direct" and
                   not r["lab"].get("slow") and
                   r["lab"]["stack"] in CAL_STACKS], calib,
                  "laboratory, Linux 6.18, 2026-11-22")
    for held in (False, True) if rows else ():
        negc, posc, other = defaultdict(list), defaultdict(list), \
            defaultdict(list)
        for r in rows:
            s = r["lab"]
            if held and s["stack"] in CAL_STACKS:
                continue
            if s["verdict"] == "tcp-relay":
                if held and s["tool"] in CAL_RELAYS:
                    continue
                posc[s["tool"], s["client_relay_rtt_ms"]].append(r)
            elif s.get("slow") or not is_direct(s) or s.get("tool") == \
                    "ovpnt":
                other[("slow" if s.get("slow") else s["tool"],)].append(r)
            elif (a.calibration and not a.later_half) or held or \
                    not r["early"]:
                negc[(s.get("tool") or s["client"],)].append(r)
        neg = runs(rng, negc, a.runs)
        pos = runs(rng, posc, max(10, a.runs // 10))
        title = "laboratory, programs and relays held out" if held else \
            "laboratory, all programs, later half for direct"
        report(neg, pos, calib, title)
        if not held:
            by_protocol(rng, negc, posc, calib, 40)
            section("peers: p0f on the laboratory capture")
            for d in a.lab:
                p0f(d + "/server.pcap",
                    {r["src"] for r in rows if is_direct(r["lab"])},
                    {r["src"] for r in rows
                     if r["lab"]["verdict"] == "tcp-relay"})
            section("others (never yes: tunnel over TCP, slow clients, login "
                    "hop, relay of HTTP)")
            for k, g in sorted(other.items()):
                o = runs(rng, {k: g}, a.runs) or [(k, g)]
                c = Counter((r["terminating-relay"]["answer"],
                             r["terminating-relay"]["reason"]) for r in judge(
                                 [x for _, x in o], calib))
                print("   %-12s %s" % (k[0], dict(c)))
            section("whole addresses (relays: clients at all distances)")
            whole = defaultdict(list)
            for r in rows:
                s = r["lab"]
                whole[s["verdict"], s.get("tool") or s["client"]].append(r)
            ks = sorted(whole)
            for k, r in zip(ks, judge([whole[k] for k in ks], calib)):
                t = r.get("terminating-relay")
                if t:
                    print("   %-12s %-14s %-12s %-22s LR %6.2f vs slow %6.2f "
                          "leg %s in %s groups" % (
                              k + (t["answer"], t["reason"], t["yes"],
                                   float(t["vslow"]), t["leg"], t["legs"])))
            section("questions B and C: yes by kind of address")
            allc = defaultdict(list)
            for r in rows:
                s = r["lab"]
                allc[(s.get("tool") or s["client"],)].append(r)
            o = runs(rng, allc, 40)
            res = judge([x for _, x in o], calib)
            for q in ("tunnel", "shared-address"):
                c, n = Counter(), Counter()
                for (k, _), r in zip(o, res):
                    n[k[0]] += 1
                    c[k[0]] += r[q]["answer"] == "yes"
                print("   %-15s %s" % (q, ", ".join(
                    "%s %d/%d" % (k, c[k], n[k]) for k in sorted(n))))
    if a.corpus:
        negc, posc = defaultdict(list), defaultdict(list)
        whole = defaultdict(list)
        for r in corpus_rows(a.corpus):
            f = r["far"]
            whole[r["scenario"], r["via"], f["verdict"]].append(r)
            if f["verdict"] == "tcp-relay":
                if f.get("tool") in ("hitch", "nginx-http"):
                    continue
                if f.get("client_relay_rtt_ms"):
                    posc[r["scenario"] + "/" + f["tool"],
                         f["client_relay_rtt_ms"]].append(r)
            else:
                negc[r["scenario"] + "/" + r["via"],].append(r)
        report(runs(rng, negc, a.runs // 3), runs(rng, posc, 20), calib,
               "corpus, group C")
        section("corpus, whole addresses as they are")
        ks = sorted(whole, key=str)
        for k, r in zip(ks, judge([whole[k] for k in ks], calib)):
            t = r.get("terminating-relay")
            if t:
                print("   %-9s %-12s %-12s %-12s %-30s LR %6.2f leg %s R %.1f "
                      "jitter %.1f | B %s | C %s" % (
                          k[0], k[1], k[2], t["answer"], t["reason"],
                          t["yes"], t["leg"], t["res"], t["jit"],
                          r["tunnel"]["answer"],
                          r["shared-address"]["answer"]))


if __name__ == "__main__":
    main()
