#!/usr/bin/env python3
"""The far-end laboratory: real clients, relays and servers in network
namespaces behind delayline, with truth.

    lab.py --out DIR [--seconds N] [--seed N] [--parallel N]

Needs root.  Writes DIR/server.pcap (taken at the server), DIR/truth.json
(far_end[] in the format of the development corpus, with the client program
of each connection), and removes its namespaces (names "fe-...").
One kernel runs all hosts and the machine's own load is part of every delay:
that is stated in the truth file (delay_link, load)."""
import argparse, json, os, random, shutil, signal, subprocess, sys, threading
import time

import third

FORWARDERS = {"sshL", "sshD", "sshR", "stunnel"} | third.FORWARDERS
HERE = os.path.dirname(os.path.abspath(__file__))
LEGS = [0.5, 1, 2, 5, 10, 20, 40, 80, 150, 300]
# relay software -> (round trip to the server ms, jitter ms per direction)
RELAYS = {"socat": (20, .1), "haproxy": (80, .1), "squid": (35, .5),
          "sshL": (12, .1), "nginx-stream": (50, .1), "microsocks": (28, .1),
          "danted": (60, 1), "redir": (15, .1), "sshD": (25, .1),
          "tinyproxy": (40, 2), "socat-jitter": (45, 4), "haproxy-near": (1, .1)}
# direct hosts: round trip, jitter, loss
DIRECT = {"d1": (1, .1, 0), "d5": (5, .1, 0), "d20": (20, .1, 0),
          "d60": (60, .5, 0), "d120": (120, 1, 0), "d200": (200, .1, 0),
          "djit4": (45, 4, 0), "djit12": (70, 12, 0), "dloss": (40, .2, .01)}
PORTS = (22, 25, 80, 443, 444, 445)
STACKS = ["curl13", "curl12", "curlhttp", "openssh", "pysmtp", "pytls",
          "wget", "node", "dbclient", "plink", "gnutls"]
# --set blind: other relay programs, clients, distances; never looked at
# while the method was made
BLIND_LEGS = [2, 5, 10, 20, 40, 100, 560]
BLIND_RELAYS = {"stunnel": (30, .1), "redir": (55, .1), "danted": (18, .1),
                "sshR": (22, .1), "sshJ": (40, .1), "ncat": (70, .5),
                "socat6": (33, .1), "redir-jitter": (26, 3), "pep": (8, .1)}
BLIND_DIRECT = {"e3": (3, .1, 0), "e15": (15, .1, 0), "e35": (35, .2, 0),
                "e90": (90, .5, 0), "e160": (160, 1, 0), "ejit3": (50, 3, 0),
                "ejit10": (65, 10, 0), "eloss": (30, .2, .01),
                "esix": (45, .2, 0)}
BLIND_STACKS = ["curl13", "curl12", "curlhttp", "openssh", "pysmtp", "wget",
                "node", "dbclient", "plink", "gnutls", "s12", "s13", "shrr",
                "sres12", "sres13", "s0rtt", "scert", "java", "go", "gohttp"]


def six(ip):
    """The IPv6 address of the host with this IPv4 address."""
    b = [int(x) for x in ip.split(".")]
    return "fd00::%x:%x" % (b[0] << 8 | b[1], b[2] << 8 | b[3])


def sh(cmd, **kw):
    return subprocess.run(cmd, shell=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **kw)


class Lab:
    def __init__(self, args):
        self.a, self.rng = args, random.Random(args.seed)
        self.dir = os.path.abspath(args.out)
        self.run = os.path.join(self.dir, "run")
        os.makedirs(self.run, exist_ok=True)
        os.chmod(self.run, 0o755)
        self.hosts, self.paths, self.procs = {}, {}, []
        self.sessions, self.lock = [], threading.Lock()
        self.listening = set()
        self.gate = threading.Semaphore(args.parallel)

    def host(self, name, ip, net=None, mtu=1500, ttl=64, ts=1):
        self.hosts[name] = dict(ip=ip, net=net or ip + "/32", mtu=mtu,
                                ttl=ttl, ts=ts)

    def path(self, a, b, rtt, jitter=.1, loss=0.0, hops=None):
        self.paths[a, b] = (rtt, jitter, loss,
                            hops or self.rng.randrange(5, 15))

    def ns(self, name, cmd):
        return "ip netns exec fe-%s %s" % (name, cmd)

    def spawn(self, name, cmd, log=None):
        out = open(os.path.join(self.run, (log or "x") + ".log"), "a")
        p = subprocess.Popen(self.ns(name, cmd) if name else cmd, shell=True,
                             stdout=out, stderr=out, start_new_session=True,
                             cwd=self.run)
        self.procs.append(p)
        return p

    def up(self):
        conf = os.path.join(self.run, "delayline.conf")
        for n in self.hosts:
            sh("ip netns add fe-" + n)
        with open(conf, "w") as f:
            for n, h in self.hosts.items():
                f.write("host %s fe-%s t0\n" % (n, n))
            for n, h in self.hosts.items():
                f.write("net %s %s\n" % (n, h["net"]))
            for (a, b), (rtt, jit, loss, hops) in self.paths.items():
                f.write("path %s %s %d %d %g %d %d\n" % (
                    a, b, rtt * 500, jit * 1000, loss, hops,
                    third.CONGESTED.get(a, 0)))
        exe = os.path.join(self.run, "delayline")
        r = sh("cc -O2 -o %s %s/delayline.c -lm" % (exe, HERE))
        if r.returncode:
            sys.exit(r.stdout)
        self.line = subprocess.Popen([exe, conf], stdout=subprocess.PIPE,
                                     text=True)
        if self.line.stdout.readline().strip() != "ready":
            sys.exit("delayline did not start")
        for n, h in self.hosts.items():
            for c in ("ip link set lo up", "ip addr add %s/32 dev t0" % h["ip"],
                      "ip link set t0 mtu %d up" % h["mtu"],
                      "ip route add default dev t0",
                      "ip -6 addr add %s/128 dev t0 nodad" % six(h["ip"]),
                      "ip -6 route add default dev t0",
                      "sysctl -qw net.ipv4.ip_default_ttl=%d" % h["ttl"],
                      "sysctl -qw net.ipv4.tcp_timestamps=%d" % h["ts"],
                      "sysctl -qw net.ipv4.tcp_no_metrics_save=1",
                      "sysctl -qw net.ipv4.ip_forward=1"):
                r = sh(self.ns(n, c))
                if r.returncode:
                    sys.exit("%s: %s: %s" % (n, c, r.stdout))

    def down(self):
        for p in self.procs:
            try:
                os.killpg(p.pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        time.sleep(.5)
        for p in self.procs:
            try:
                os.killpg(p.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if hasattr(self, "line"):
            self.line.terminate()
            self.stats = self.line.stdout.read()
        for n in self.hosts:
            sh("ip netns del fe-" + n)

    # ---- programs -----------------------------------------------------
    def keys(self):
        r = self.run
        sh("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
           " -nodes -days 30 -subj /CN=s -keyout %s/k.pem -out %s/c.pem"
           % (r, r))
        sh("cat %s/c.pem %s/k.pem > %s/both.pem" % (r, r, r))
        sh("ssh-keygen -q -t ed25519 -N '' -f %s/host" % r)
        sh("ssh-keygen -q -t ed25519 -N '' -f %s/id" % r)
        sh("cp %s/id.pub %s/auth; chmod 600 %s/auth" % (r, r, r))
        sh("dropbearconvert openssh dropbear %s/id %s/id.db" % (r, r))
        sh("puttygen %s/id -O private -o %s/id.ppk" % (r, r))
        if self.a.set == "blind":
            sh("cd %s && go build -o client-go client.go && mv client-go %s/ "
               "&& javac -d %s Client.java" % (HERE, r, r))
        self.fp = sh("ssh-keygen -lf %s/host.pub" % r).stdout.split()[1]
        with open(r + "/sshd.conf", "w") as f:
            f.write("Port 22\nHostKey %s/host\nAuthorizedKeysFile %s/auth\n"
                    "PermitRootLogin prohibit-password\nUsePAM no\n"
                    "StrictModes no\nPidFile none\nMaxStartups 100\n"
                    "UseDNS no\n" % (r, r))
        if self.a.set == "third":
            third.keys(self)
        sh("mkdir -p /run/sshd")

    def nginx(self, name, text):
        c = "%s/nginx-%s.conf" % (self.run, name)
        with open(c, "w") as f:
            f.write("daemon off; master_process off; error_log %s/ng-%s.err;"
                    "pid %s/ng-%s.pid; %s\n" % (self.run, name, self.run,
                                                name, text))
        self.spawn(name, "nginx -p %s -c %s" % (self.run, c), "nginx-" + name)

    def server(self):
        w = self.run + "/www"
        os.makedirs(w, exist_ok=True)
        for n, size in (("small", 600), ("page", 9000), ("big", 60000),
                           ("huge", 3000000)):
            open("%s/%s" % (w, n), "w").write("x" * size)
        site = "root %s; location /r { return 302 /small; }" % w
        mod = "/usr/lib/nginx/modules/ngx_stream_module.so"
        self.stream = "load_module %s;" % mod if os.path.exists(mod) else ""
        self.nginx("s", "events {} http { access_log off; keepalive_timeout "
                   "20; ssl_certificate %s/c.pem; ssl_certificate_key %s/k.pem; "
                   "ssl_protocols TLSv1.2 TLSv1.3; ssl_early_data %s; "
                   "server { listen [::]:80 ipv6only=off; %s } "
                   "server { listen [::]:443 ssl ipv6only=off; %s } "
                   "server { listen [::]:444 ssl ipv6only=off; "
                   "ssl_ecdh_curve secp384r1; %s } "
                   "server { listen [::]:445 ssl ipv6only=off; "
                   "ssl_verify_client optional_no_ca; %s } }"
                   % (self.run, self.run, "on" if self.a.set == "blind" else
                      "off", site, site, site, site))
        self.spawn("s", "/usr/sbin/sshd -D -e -f %s/sshd.conf" % self.run,
                   "sshd")
        self.spawn("s", "%s %s/smtpd.py %s/both.pem" % (sys.executable, HERE,
                                                        self.run), "smtpd")

    def stunnel(self, name, mode, ip):
        """The far half of a TLS tunnel at the relay, or the near half at a
        client; the relay's ports are 20000 higher."""
        c = "%s/stunnel-%s-%s.conf" % (self.run, mode, name)
        with open(c, "w") as f:
            f.write("foreground = yes\npid =\ndebug = 3\n")
            for p in PORTS:
                f.write("[p%d]\n" % p + (
                    "cert = %s/both.pem\naccept = %d\nconnect = %s:%d\n" % (
                        self.run, 20000 + p, ip, p) if mode == "far" else
                    "client = yes\naccept = 127.0.0.1:%d\nconnect = %s:%d\n"
                    % (30000 + p, ip, 20000 + p)))
        self.spawn(name, "stunnel4 " + c, "stunnel")

    def relay(self, name, tool):
        r, s = self.run, self.hosts["s"]["ip"]
        if tool in third.RELAYS:
            third.relay(self, name, tool, PORTS)
        elif tool == "stunnel":
            self.stunnel(name, "far", s)
        elif tool == "ncat":
            for p in PORTS:
                self.spawn(name, "ncat -lk %d -c 'ncat %s %d'" % (p, s, p),
                           "ncat")
        elif tool == "socat6":
            for p in PORTS:
                self.spawn(name, "socat TCP4-LISTEN:%d,fork,reuseaddr,"
                           "nodelay TCP6:[%s]:%d" % (p, six(s), p), "socat")
        elif tool.startswith("socat"):
            for p in PORTS:
                self.spawn(name, "socat TCP-LISTEN:%d,fork,reuseaddr,"
                           "nodelay TCP:%s:%d" % (p, s, p), "socat")
        elif tool.startswith("haproxy") or tool == "pep":
            c = "%s/hap-%s.conf" % (r, name)
            with open(c, "w") as f:
                f.write("defaults\n mode tcp\n timeout connect 9s\n timeout "
                        "client 60s\n timeout server 60s\n")
                for p in PORTS:
                    f.write("listen l%d\n bind :%d\n server s %s:%d\n"
                            % (p, p, s, p))
            self.spawn(name, "haproxy -db -f " + c, "haproxy")
        elif tool == "nginx-stream":
            text = "".join("server { listen %d; proxy_pass %s:%d; }"
                           % (p, s, p) for p in PORTS)
            self.nginx(name, "%s events {} stream { %s }" % (self.stream,
                                                             text))
        elif tool == "redir":
            for p in PORTS:
                self.spawn(name, "redir -n :%d %s:%d" % (p, s, p), "redir")
        elif tool == "squid":
            c = "%s/squid.conf" % r
            with open(c, "w") as f:
                f.write("http_port 3128\nhttp_access allow all\ncache deny "
                        "all\naccess_log none\ncache_log %s/squid.log\n"
                        "pid_filename %s/squid.pid\nshutdown_lifetime 1 "
                        "second\ncoredump_dir %s\nacl all_ports port 1-65535"
                        "\n" % (r, r, r))
            self.spawn(name, "squid -N -f " + c, "squid")
        elif tool == "tinyproxy":
            c = "%s/tiny.conf" % r
            with open(c, "w") as f:
                f.write("Port 3128\nTimeout 60\nMaxClients 50\n")
            self.spawn(name, "tinyproxy -d -c " + c, "tinyproxy")
        elif tool == "microsocks":
            self.spawn(name, "microsocks -p 1080", "microsocks")
        elif tool == "danted":
            c = "%s/danted.conf" % r
            with open(c, "w") as f:
                f.write("logoutput: stderr\ninternal: t0 port = 1080\n"
                        "external: t0\nsocksmethod: none\nclientmethod: none"
                        "\nuser.privileged: root\nuser.notprivileged: root\n"
                        "client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }\n"
                        "socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }\n")
            self.spawn(name, "danted -f " + c, "danted")
        if tool in ("sshL", "sshD", "sshJ", "hop"):
            self.spawn(name, "/usr/sbin/sshd -D -e -f %s/sshd.conf" % r,
                       "sshd-r")

    SSHO = ("-i {r}/id -o StrictHostKeyChecking=no -o LogLevel=ERROR "
            "-o UserKnownHostsFile=/dev/null -o BatchMode=yes -F none ")

    def forwarders(self, tool, rname, cname):
        """ssh -L / -D from the client host to the relay."""
        o = self.SSHO.format(r=self.run)
        ip, s = self.hosts[rname]["ip"], self.hosts["s"]["ip"]
        if tool in third.FORWARDERS:
            third.forward(self, tool, rname, cname, PORTS)
        elif tool == "stunnel":
            self.stunnel(cname, "near", ip)
        elif tool == "sshR":
            # the relay logs in to the client's host: listeners there
            if cname not in self.listening:
                self.spawn(cname, "/usr/sbin/sshd -D -e -f %s/sshd.conf"
                           % self.run, "sshd-c")
                self.listening.add(cname)
                time.sleep(.5)
            self.spawn(rname, "ssh -N %s %s root@%s" % (
                " ".join("-R %d:%s:%d" % (10000 + p, s, p) for p in PORTS),
                o, self.hosts[cname]["ip"]), "sshR")
        elif tool == "sshL":
            self.spawn(cname, "ssh -N %s %s root@%s" % (
                " ".join("-L %d:%s:%d" % (10000 + p, s, p)
                         for p in PORTS), o, ip), "sshL")
        else:
            self.spawn(cname, "ssh -N -D 11080 %s root@%s" % (o, ip), "sshD")

    def command(self, stack, tool, rname, version=4):
        """The client's command; None when this pair is not possible."""
        jump = None
        if self.a.set == "third":
            return third.command(self, stack, tool, rname)
        r, ip = self.run, self.hosts["s"]["ip"]
        port = lambda p: p
        proxy = None
        if tool in ("squid", "tinyproxy"):
            proxy = "http://%s:3128" % self.hosts[rname]["ip"]
        elif tool in ("microsocks", "danted"):
            proxy = "socks5h://%s:1080" % self.hosts[rname]["ip"]
        elif tool == "sshD":
            proxy = "socks5h://127.0.0.1:11080"
        elif tool in ("sshL", "sshR"):
            ip, port = "127.0.0.1", lambda p: 10000 + p
        elif tool == "stunnel":
            ip, port = "127.0.0.1", lambda p: 30000 + p
        elif tool == "sshJ":
            jump = "ssh %s -W %%h:%%p root@%s" % (self.SSHO.format(r=r),
                                                  self.hosts[rname]["ip"])
        elif version == 6:
            ip = six(ip)
        elif rname:
            ip = self.hosts[rname]["ip"]
        host = "[%s]" % ip if ":" in ip else ip
        https, http = "https://%s:%d" % (host, port(443)), \
            "http://%s:%d" % (host, port(80))
        cx = "-x %s" % proxy if proxy else ""
        nc = ""
        if proxy:
            kind, at = ("connect", proxy[7:]) if proxy[:5] == "http:" else \
                ("5", proxy[10:])
            nc = "nc -X %s -x %s %%h %%p" % (kind, at)
        if jump:
            nc, proxy = jump, "ssh"
            if stack not in ("openssh", "dbclient", "plink"):
                return None
        if stack == "curl13":
            return "curl -sk -m 20 --tlsv1.3 %s %s/page -o /dev/null" % (
                cx, https)
        if stack == "curl12":
            return "curl -sk -m 20 --tls-max 1.2 %s %s/page %s/small -o " \
                "/dev/null -o /dev/null" % (cx, https, https)
        if stack == "curlhttp":
            return "curl -sL -m 20 %s %s %s/r %s/page -o /dev/null -o " \
                "/dev/null" % (cx, "-p" if proxy else "", http, http)
        if stack == "openssh":
            p = "-o 'ProxyCommand=%s'" % nc if nc else ""
            return "ssh %s %s -p %d root@%s true" % (
                self.SSHO.format(r=r), p, port(22), ip)
        if stack == "dbclient":
            p = "-J '%s'" % nc.replace("%h", ip).replace("%p", "22") \
                if nc else ""
            return "dbclient -y -y %s -i %s/id.db -p %d root@%s true" % (
                p, r, port(22), ip)
        if stack == "plink":
            p = "-proxycmd '%s'" % nc.replace("%h", "%host").replace(
                "%p", "%port") if nc else ""
            return "plink -batch -hostkey %s %s -i %s/id.ppk -P %d root@%s " \
                "true </dev/null" % (self.fp, p, r, port(22), ip)
        if proxy and stack != "wget":
            return None
        if stack == "wget":
            if proxy and proxy[:5] != "http:":
                return None
            e = "https_proxy=%s" % proxy if proxy else "no_proxy=1"
            return "env %s wget -q --no-check-certificate -T 20 -t 1 -O " \
                "/dev/null %s/r" % (e, https)
        if stack == "pysmtp":
            return "%s %s/clients.py smtp %s %d" % (sys.executable, HERE, ip,
                                                    port(25))
        if stack == "pytls":
            return "%s %s/clients.py tls %s %d" % (sys.executable, HERE, ip,
                                                   port(443))
        if stack == "node":
            return "node %s/client.js %s %d" % (HERE, ip, port(443))
        if stack == "java":
            return "java -Xshare:auto -XX:TieredStopAtLevel=1 -cp %s Client " \
                "%s /small /page" % (r, https)
        if stack == "go":
            return "%s/client-go %s /small /page" % (r, https)
        if stack == "gohttp":
            return "%s/client-go %s /r /page" % (r, http)
        if stack in ("s12", "s13", "shrr", "sres12", "sres13", "s0rtt",
                     "scert"):
            at = {"shrr": 444, "scert": 445}.get(stack, 443)
            return "sh %s/sclient.sh %s %s:%d %s" % (HERE, stack[1:], host,
                                                     port(at), r)
        if stack == "gnutls":
            return "timeout 20 gnutls-cli -p %d --insecure %s </dev/null" % (
                port(443), ip)
        return None

    def session(self, cname, src, cmd, label):
        with self.gate:
            t0 = time.time()
            if label.get("slow"):
                cmd = "%s %s/slowly.py %s" % (sys.executable, HERE, cmd)
            x = sh("timeout -k 2 30 " + self.ns(cname, "timeout -k 2 25 sh "
                                                "-c \"%s\"" % cmd.replace(
                '"', '\\"')), cwd=self.run)
            t1 = time.time()
        with self.lock:
            self.sessions.append(dict(label, src=src, start=t0, end=t1,
                                      rc=x.returncode))
            if x.returncode:
                open(self.run + "/failed.log", "a").write(
                    "%s %s\n%s\n" % (label, cmd, x.stdout[-300:]))
        time.sleep(.05)

    def worker(self, jobs, until):
        while time.time() < until:
            batch = list(jobs)
            random.Random(self.a.seed + len(self.sessions)).shuffle(batch)
            for cname, src, cmd, label in batch:
                if time.time() >= until:
                    return
                self.session(cname, src, cmd, label)

    def plan(self):
        """Lists of jobs, one list per address at the server."""
        lists = []
        for d in DIRECT:
            ip, v = self.hosts[d]["ip"], 6 if d == "esix" else 4
            lists.append([(d, six(ip) if v == 6 else ip,
                           self.command(s, None, None, v),
                           dict(verdict="direct", client=d, stack=s))
                          for s in STACKS if v == 4 or s not in (
                              "pysmtp", "pytls", "node", "gnutls")])
        lists.append([("dslow", self.hosts["dslow"]["ip"],
                       self.command(s, None, None),
                       dict(verdict="direct", client="dslow", stack=s,
                            slow=True)) for s in STACKS
                      if s not in ("plink", "lftp")])
        lists.append([("n%d" % i, self.hosts["nat"]["ip"],
                       self.command(s, None, None),
                       dict(verdict="packet-level", via="nat", tool="nat",
                            client="n%d" % i, stack=s))
                      for i in range(5) for s in STACKS])
        for k in ("ovpnu", "ovpnt", "clamp"):
            c = {"ovpnu": "cu", "ovpnt": "ct", "clamp": "cc"}[k]
            lists.append([(c, self.hosts[k]["ip"],
                           self.command(s, None, None),
                           dict(verdict="packet-level", via=k, tool=k,
                                client=c, stack=s)) for s in STACKS])
        for t in RELAYS:
            n = "r-" + t
            jobs = []
            for leg in LEGS:
                if (t == "pep") != (leg == 560):
                    continue
                c = "c%g" % leg
                for s in STACKS:
                    cmd = self.command(s, t.split("-j")[0].split("-near")[0],
                                       n)
                    if cmd:
                        ip = self.hosts[n]["ip"]
                        jobs.append((c, six(ip) if t == "socat6" else ip, cmd,
                                     dict(
                            verdict="tcp-relay", via=n, tool=t, client=c,
                            client_relay_rtt_ms=leg, stack=s)))
            lists.append(jobs)
        o = self.SSHO.format(r=self.run)
        s = self.hosts["s"]["ip"]
        lists.append([("c%g" % leg, self.hosts["r-hop"]["ip"],
                       "ssh %s root@%s ssh %s root@%s true" % (
                           o, self.hosts["r-hop"]["ip"], o, s),
                       dict(verdict="login-hop", via="r-hop", tool="ssh",
                            client="c%g" % leg, client_relay_rtt_ms=leg,
                            stack="openssh")) for leg in LEGS[-3:]])
        lists.append([("c%g" % leg, self.hosts["r-l7"]["ip"],
                       "curl -sL -m 20 http://%s/%s -o /dev/null" % (
                           self.hosts["r-l7"]["ip"], u),
                       dict(verdict="application-relay", via="r-l7",
                            tool="nginx-http", client="c%g" % leg,
                            client_relay_rtt_ms=leg, stack="curlhttp"))
                      for leg in LEGS[-3:] for u in ("r", "page")])
        return lists

    def vpn(self, gw, client, proto):
        r = self.run
        key = r + "/vpn.key"
        if not os.path.exists(key):
            sh("openvpn --genkey secret " + key)
        base = "--dev tun7 --secret %s --cipher AES-256-CBC --verb 1" % key
        srv = "udp" if proto == "udp" else "tcp-server"
        cli = "udp" if proto == "udp" else "tcp-client"
        self.spawn(gw, "openvpn %s --proto %s --ifconfig 10.9.0.1 10.9.0.2"
                   % (base, srv), "vpn-" + proto)
        time.sleep(.3)
        self.spawn(client, "openvpn %s --proto %s --remote %s --ifconfig "
                   "10.9.0.2 10.9.0.1" % (base, cli, self.hosts[gw]["ip"]),
                   "vpn-" + proto)
        for _ in range(40):
            time.sleep(.25)
            if sh(self.ns(client, "ip link show tun7")).returncode == 0:
                break
        sh(self.ns(client, "ip route add %s dev tun7" % self.hosts["s"]["ip"]))
        sh(self.ns(gw, "iptables -t nat -A POSTROUTING -o t0 -s 10.9.0.0/24 "
                   "-j MASQUERADE"))

    def build(self):
        H, P = self.host, self.path
        H("s", "198.18.0.1")
        for i, (d, (rtt, jit, loss)) in enumerate(DIRECT.items()):
            H(d, "198.18.1.%d" % (i + 1),
              mtu=[1500, 1492, 1500, 1400, 1500][i % 5],
              ttl=[64, 64, 128, 64][i % 4], ts=[1, 1, 1, 0][i % 4])
            P(d, "s", rtt, jit, loss)
        H("dslow", "198.18.1.100")
        P("dslow", "s", 30, .1)
        for i, leg in enumerate(LEGS):
            H("c%g" % leg, "198.18.2.%d" % (i + 1))
        for i, (t, (rtt, jit)) in enumerate(RELAYS.items()):
            n = "r-" + t
            H(n, "198.18.3.%d" % (i + 1))
            P(n, "s", rtt, jit)
            for leg in LEGS:
                P("c%g" % leg, n, leg, min(.1, leg / 10))
        for n, ip in (("r-hop", "198.18.3.60"), ("r-l7", "198.18.3.61")):
            H(n, ip)
            P(n, "s", 25)
            for leg in LEGS:
                P("c%g" % leg, n, leg)
        # NAT: five hosts behind one address; the gateway routes for them
        H("nat", "198.18.4.1")
        P("nat", "s", 37)
        for i in range(5):
            H("n%d" % i, "10.1.0.%d" % (i + 1), ttl=[64, 128, 64, 64, 128][i])
        for k, c, ip in (("ovpnu", "cu", 2), ("ovpnt", "ct", 3),
                         ("clamp", "cc", 4)):
            H(k, "198.18.4.%d" % ip)
            H(c, "198.18.5.%d" % ip)
            P(k, "s", 20)
            P(c, k, 40)

    def gateway(self, gw, inner, clamp=None):
        """inner hosts reach the server through gw by veth, not delayline."""
        for i, h in enumerate(inner):
            sh("ip link add v%d netns fe-%s type veth peer name u0 netns "
               "fe-%s" % (i, gw, h))
            for c in ("ip addr add 10.2.%d.1/30 dev v%d" % (i, i),
                      "ip link set v%d up" % i,
                      "ethtool -K v%d tso off gso off gro off" % i):
                sh(self.ns(gw, c))
            for c in ("ip addr add 10.2.%d.2/30 dev u0" % i,
                      "ip link set u0 up",
                      "ethtool -K u0 tso off gso off gro off",
                      "ip route replace default via 10.2.%d.1" % i):
                sh(self.ns(h, c))
        sh(self.ns(gw, "iptables -t nat -A POSTROUTING -o t0 -j MASQUERADE"))
        if clamp:
            sh(self.ns(gw, "iptables -t mangle -A FORWARD -p tcp --tcp-flags "
                       "SYN,RST SYN -j TCPMSS --set-mss %d" % clamp))

    def main(self):
        self.build()
        try:
            self.up()
            self.keys()
            self.server()
            self.gateway("nat", ["n%d" % i for i in range(5)])
            self.gateway("clamp", ["cc"], 1360)
            for t in RELAYS:
                self.relay("r-" + t, t.split("-j")[0].split("-near")[0])
            self.relay("r-hop", "hop")
            self.nginx("r-l7", "events {} http { access_log off; server { "
                       "listen 80; location / { proxy_pass http://%s; "
                       "proxy_set_header X-Forwarded-For $remote_addr; } } }"
                       % self.hosts["s"]["ip"])
            time.sleep(2)
            for leg in LEGS:
                for t in set(RELAYS) & FORWARDERS:
                    self.forwarders(t, "r-" + t, "c%g" % leg)
            self.vpn("ovpnu", "cu", "udp")
            self.vpn("ovpnt", "ct", "tcp")
            pcap = self.dir + "/server.pcap"
            tcp = self.spawn("s", "tcpdump -i t0 -s 240 -B 16384 --time-stamp-"
                             "precision=nano -U -Z root -w %s tcp" % pcap,
                             "tcpdump")
            time.sleep(3)
            start = time.time()
            until = start + self.a.seconds
            th = [threading.Thread(target=self.worker, args=(j, until))
                  for j in self.plan()]
            th.append(threading.Thread(target=self.hog, args=(until,)))
            th += [threading.Thread(target=self.fill, args=(d, until))
                   for d in third.CONGESTED if d in DIRECT]
            for t in th:
                t.start()
            for t in th:
                t.join()
            time.sleep(2)
            os.killpg(tcp.pid, signal.SIGTERM)
            time.sleep(1)
            load = os.getloadavg()
        finally:
            self.down()
        self.truth(start, load)

    def hog(self, until):
        """A busy machine for 12 seconds of each minute."""
        while time.time() < until:
            time.sleep(48)
            if time.time() < until:
                sh("timeout 12 sh -c 'while :; do :; done'")

    def fill(self, name, until):
        """Downloads that fill a congested link, most of the time; they are
        sessions of the host like others."""
        while time.time() < until:
            sh("timeout 9 " + self.ns(name, "curl -s http://%s/huge -o "
                                      "/dev/null" % self.hosts["s"]["ip"]))
            time.sleep(.5)

    def truth(self, start, load):
        t = {"schema": "springboard-testbed-truth/1", "group": "C",
             "scenario": "lab-farend", "seed": self.a.seed, "start": start,
             "end": time.time(), "delay_link": json.loads(self.stats or "{}"),
             "load": load, "hosts": self.hosts,
             "paths": [dict(a=a, b=b, rtt_ms=p[0], jitter_ms=p[1], loss=p[2],
                            hops=p[3]) for (a, b), p in self.paths.items()],
             "software": {"kernel": os.uname().release},
             "sessions": sorted(self.sessions, key=lambda s: s["start"])}
        with open(self.dir + "/truth.json", "w") as f:
            json.dump(t, f, indent=0)
        bad = sum(1 for s in self.sessions if s["rc"])
        print("%d sessions, %d failed, %s" % (len(self.sessions), bad,
                                              self.stats))


p = argparse.ArgumentParser()
p.add_argument("--out", required=True)
p.add_argument("--seconds", type=int, default=600)
p.add_argument("--seed", type=int, default=1)
p.add_argument("--parallel", type=int, default=3)
p.add_argument("--legs", help="comma separated, ms")
p.add_argument("--relays", help="comma separated names")
p.add_argument("--set", default="main", choices=("main", "blind",
                                                     "third"))
args = p.parse_args()
if args.set == "blind":
    LEGS, RELAYS, DIRECT, STACKS = (BLIND_LEGS, BLIND_RELAYS, BLIND_DIRECT,
                                    BLIND_STACKS)
if args.set == "third":
    LEGS, RELAYS, DIRECT, STACKS = (third.LEGS, third.RELAYS, third.DIRECT,
                                    third.STACKS)
if args.legs:
    LEGS = [float(x) for x in args.legs.split(",")]
if args.relays:
    RELAYS = {n: RELAYS[n] for n in args.relays.split(",")}
Lab(args).main()
