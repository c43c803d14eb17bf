"""A small SMTP server with STARTTLS for the laboratory (RFC 5321, 3207)."""
import asyncio, ssl, sys

ctx = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
ctx.load_cert_chain(sys.argv[1])


async def serve(r, w):
    async def say(text):
        w.write((text + "\r\n").encode())
        await w.drain()
    try:
        await say("220 s ESMTP")
        while line := await r.readline():
            verb = line.strip().upper()[:8]
            if verb.startswith(b"EHLO"):
                await say("250-s\r\n250 STARTTLS")
            elif verb == b"STARTTLS":
                await say("220 ready")
                await w.start_tls(ctx)
            elif verb == b"DATA":
                await say("354 go on")
                while (await r.readline()).strip() != b".":
                    pass
                await say("250 taken")
            elif verb.startswith(b"QUIT"):
                await say("221 bye")
                break
            else:
                await say("250 ok")
    except Exception:
        pass
    w.close()


async def main():
    s = await asyncio.start_server(serve, "0.0.0.0", 25)
    await s.serve_forever()

asyncio.run(main())
