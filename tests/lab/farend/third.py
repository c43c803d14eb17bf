"""The third set of the laboratory: relay and client programs that are in
neither other set.  See lab.py."""
import os, sys

HERE = os.path.dirname(os.path.abspath(__file__))
LEGS = [2, 5, 10, 20, 40, 100, 250]
# relay -> (round trip to the server ms, jitter ms per direction)
RELAYS = {"rinetd": (32, .1), "simpleproxy": (14, .1), "pen": (65, .2),
          "xinetd": (42, .1), "sdproxy": (24, .1), "asyncio": (19, .1),
          "privoxy": (37, .1), "apache": (48, .3), "dbL": (27, .1),
          "sstunnel": (58, .1), "rinetd-jitter": (30, 2),
          "apache-jitter": (44, 4)}
# direct hosts: round trip, jitter, loss
DIRECT = {"g2": (2, .1, 0), "g8": (8, .1, 0), "g25": (25, .1, 0),
          "g55": (55, .3, 0), "g110": (110, 1, 0), "g180": (180, .2, 0),
          "gjit3": (40, 3, 0), "gjit8": (75, 8, 0), "gloss": (35, .2, .01),
          "gcong": (28, .2, 0)}
CONGESTED = {"gcong": 6000}  # kbit/s, filled by downloads beside
STACKS = ["lynx", "w3m", "aria2", "lftp", "perl", "ruby", "php", "links",
          "requests", "w3mhttp", "rubyhttp", "paramiko", "asyncssh", "sftp",
          "msmtp", "swaks"]
FORWARDERS = {"dbL", "sstunnel"}
CONNECT = {"privoxy": 8118, "apache": 8080}
CLIENT = {"lynx", "w3m", "aria2", "ruby", "php", "requests", "paramiko",
          "asyncssh", "sftp", "perl"}  # able to ask a proxy


def keys(lab):
    """libssh2 wants RSA."""
    r = lab.run
    os.system("ssh-keygen -q -t rsa -m PEM -N '' -f %s/rsa && "
              "cat %s/rsa.pub >> %s/auth && ssh-keygen -q -t rsa -m PEM "
              "-N '' -f %s/hostrsa" % (r, r, r, r))
    with open(r + "/sshd.conf", "a") as f:
        f.write("HostKey %s/hostrsa\nSubsystem sftp internal-sftp\n"
                "PubkeyAcceptedAlgorithms +ssh-rsa\n" % r)
    with open(r + "/lynx.cfg", "w") as f:
        f.write("FORCE_SSL_PROMPT:yes\nFORCE_COOKIE_PROMPT:yes\n")


def relay(lab, name, tool, ports):
    r, s = lab.run, lab.hosts["s"]["ip"]

    def conf(what, text):
        path = "%s/%s-%s.conf" % (r, what, name)
        with open(path, "w") as f:
            f.write(text)
        return path
    if tool == "rinetd":
        lab.spawn(name, "rinetd -f -c " + conf("rinetd", "".join(
            "0.0.0.0 %d %s %d\n" % (p, s, p) for p in ports)), tool)
    elif tool == "xinetd":
        lab.spawn(name, "xinetd -dontfork -pidfile %s/xinetd-%s.pid -f " % (
            r, name) + conf("xinetd", "defaults\n{\n instances = 60\n cps = "
                            "200 1\n}\n" + "".join(
                                "service p%d\n{\n type = UNLISTED\n port = %d"
                                "\n socket_type = stream\n protocol = tcp\n "
                                "wait = no\n user = root\n redirect = %s %d\n"
                                "}\n" % (p, p, s, p) for p in ports)), tool)
    elif tool == "privoxy":
        lab.spawn(name, "privoxy --no-daemon " + conf(
            "privoxy", "listen-address 0.0.0.0:8118\ntoggle 0\n"), tool)
    elif tool == "apache":
        mod = "".join("LoadModule %s_module /usr/lib/apache2/modules/mod_%s.so"
                      "\n" % (m, m) for m in ("mpm_event", "authz_core",
                                              "proxy", "proxy_connect"))
        lab.spawn(name, "apache2 -DFOREGROUND -d %s -f " % r + conf(
            "apache", mod + "ServerName r\nListen 8080\nPidFile %s/ap-%s.pid\n"
            "ErrorLog %s/ap-%s.err\nMutex pthread\nProxyRequests On\nAllow"
            "CONNECT %s\n<Proxy *>\nRequire all granted\n</Proxy>\n" % (
                r, name, r, name, " ".join(map(str, ports)))), tool)
    elif tool == "dbL":
        lab.spawn(name, "/usr/sbin/sshd -D -e -f %s/sshd.conf" % r, "sshd-r")
    elif tool == "sstunnel":
        lab.spawn(name, "ss-server -s 0.0.0.0 -p 8388 -k x -m "
                  "chacha20-ietf-poly1305", tool)
    for p in ports:
        if tool == "simpleproxy":
            lab.spawn(name, "simpleproxy -L %d -R %s:%d" % (p, s, p), tool)
        elif tool == "pen":
            lab.spawn(name, "pen -f -r -h %d %s:%d" % (p, s, p), tool)
        elif tool == "sdproxy":
            lab.spawn(name, "systemd-socket-activate -l %d /lib/systemd/"
                      "systemd-socket-proxyd %s:%d" % (p, s, p), tool)
        elif tool == "asyncio":
            lab.spawn(name, "%s %s/forward.py %d %s %d" % (
                sys.executable, HERE, p, s, p), tool)


def forward(lab, tool, rname, cname, ports):
    """The near half, at the client: listens on 10000 + port."""
    r, ip, s = lab.run, lab.hosts[rname]["ip"], lab.hosts["s"]["ip"]
    if tool == "dbL":
        lab.spawn(cname, "dbclient -y -y -N -i %s/id.db %s root@%s" % (
            r, " ".join("-L %d:%s:%d" % (10000 + p, s, p) for p in ports),
            ip), tool)
        return
    for p in ports:
        lab.spawn(cname, "ss-tunnel -s %s -p 8388 -k x -m "
                  "chacha20-ietf-poly1305 -b 127.0.0.1 -l %d -L %s:%d" % (
                      ip, 10000 + p, s, p), tool)


def command(lab, stack, tool, rname):
    """The client's command; None when this pair is not possible."""
    r, ip, add, proxy = lab.run, lab.hosts["s"]["ip"], 0, ""
    if tool in FORWARDERS:
        ip, add = "127.0.0.1", 10000
    elif tool in CONNECT:
        if stack not in CLIENT:
            return None
        proxy = "%s:%d" % (lab.hosts[rname]["ip"], CONNECT[tool])
    elif rname:
        ip = lab.hosts[rname]["ip"]
    at = "%s:%d" % (ip, add + 443)
    https, http = "https://" + at, "http://%s:%d" % (ip, add + 80)
    env = "env HOME=%s " % r
    if proxy:
        env += "https_proxy=http://%s HTTPS_PROXY=http://%s " % (proxy, proxy)
    py = "/usr/bin/python3 %s/clients.py" % HERE  # has the SSH libraries
    back = "page" if add else "r"  # a redirect names the real port
    return {
        "lynx": env + "lynx -cfg=%s/lynx.cfg -source %s/page >/dev/null" % (
            r, https),
        "w3m": env + "w3m -o ssl_verify_server=0 -o accept_bad_cookie=1 "
        "-dump_source %s/%s >/dev/null" % (https, back),
        "w3mhttp": env + "w3m -dump_source %s/%s >/dev/null" % (http, back),
        "aria2": env + "aria2c -q --check-certificate=false --allow-overwrite"
        "=true --file-allocation=none -d /tmp -o fe-aria-$$ %s/page; rm "
        "/tmp/fe-aria-$$" % https,
        "lftp": env + "lftp -c 'set ssl:verify-certificate no; set net:max-"
        "retries 1; cat %s/small; cat %s/page' >/dev/null" % (https, https),
        "perl": env + "perl %s/client.pl %s %s" % (HERE, at, proxy),
        "ruby": env + "ruby %s/client.rb %s /small /page" % (HERE, https),
        "rubyhttp": env + "ruby %s/client.rb %s /r /page /small" % (HERE,
                                                                   http),
        "php": env + "php %s/client.php %s/page %s" % (HERE, https, proxy),
        "links": env + "links -ssl.certificates 0 -source %s/page >/dev/null"
        % https,
        "requests": env + "%s requests %s 0" % (py, https),
        "paramiko": "%s paramiko %s %d %s/rsa %s" % (py, ip, add + 22, r,
                                                     proxy),
        "asyncssh": "%s asyncssh %s %d %s/id %s" % (py, ip, add + 22, r,
                                                    proxy),
        "sftp": "curl -sk -m 20 %s --key %s/rsa --pubkey %s/rsa.pub -u root: "
        "sftp://%s:%d%s/www/small -o /dev/null" % (
            "-p -x http://" + proxy if proxy else "", r, r, ip, add + 22, r),
        "msmtp": "msmtp --host=%s --port=%d --tls=on --tls-"
        "certcheck=off --from=a@example.org b@example.org </dev/null" % (
            ip, add + 25),
        "swaks": "swaks -s %s -p %d -f a@example.org -t b@example.org --helo "
        "c.example.org -n -hr -hs" % (ip, add + 25),
    }[stack]
