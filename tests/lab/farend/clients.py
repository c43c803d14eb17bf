"""Python clients of the laboratory: SMTP with and without STARTTLS, TLS,
requests, two SSH libraries (arguments: key, proxy)."""
import smtplib, socket, ssl, sys

what, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
proxy = "proxytunnel -q -p %s -d %s:%d" % (sys.argv[5], host, port) \
    if len(sys.argv) > 5 else None
ctx = ssl.create_default_context()
ctx.check_hostname = False
ctx.verify_mode = ssl.CERT_NONE
if what == "smtp":
    s = smtplib.SMTP(host, port, local_hostname="c.example.org", timeout=20)
    if hash((host, port, s.sock.getsockname()[1])) % 2:
        s.starttls(context=ctx)
    s.sendmail("a@example.org", ["b@example.org"], "Subject: x\n\nbody\n")
    s.quit()
elif what == "requests":
    import requests
    requests.packages.urllib3.disable_warnings()
    c = requests.Session()
    for path in ("/small", "/page"):
        c.get(host + path, verify=False, timeout=20)
elif what == "paramiko":
    import paramiko
    c = paramiko.SSHClient()
    c.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    c.connect(host, port, "root", key_filename=sys.argv[4], timeout=20,
              allow_agent=False, look_for_keys=False,
              sock=paramiko.ProxyCommand(proxy) if proxy else None)
    c.exec_command("true")[1].read()
    c.close()
elif what == "asyncssh":
    import asyncio, asyncssh

    async def main():
        async with asyncssh.connect(
                host, port, username="root", client_keys=[sys.argv[4]],
                known_hosts=None, config=None, agent_path=None,
                proxy_command=proxy or ()) as c:
            await c.run("true")
    asyncio.run(main())
else:
    c = socket.create_connection((host, port), 20)
    t = ctx.wrap_socket(c)
    for path in ("/small", "/page"):
        t.sendall(("GET %s HTTP/1.1\r\nHost: s\r\n\r\n" % path).encode())
        n = t.recv(65536)
    t.close()
