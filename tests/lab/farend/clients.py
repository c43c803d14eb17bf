"""Python clients of the laboratory: SMTP with and without STARTTLS, TLS."""
import smtplib, socket, ssl, sys

what, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
ctx = ssl.create_default_context()
ctx.check_hostname = False
ctx.verify_mode = ssl.CERT_NONE
if what == "smtp":
    s = smtplib.SMTP(host, port, local_hostname="c.example.org", timeout=20)
    if hash((host, port, s.sock.getsockname()[1])) % 2:
        s.starttls(context=ctx)
    s.sendmail("a@example.org", ["b@example.org"], "Subject: x\n\nbody\n")
    s.quit()
else:
    c = socket.create_connection((host, port), 20)
    t = ctx.wrap_socket(c)
    for path in ("/small", "/page"):
        t.sendall(("GET %s HTTP/1.1\r\nHost: s\r\n\r\n" % path).encode())
        n = t.recv(65536)
    t.close()
