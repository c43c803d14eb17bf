"""A port forward of the laboratory: forward.py PORT HOST PORT"""
import asyncio, sys


async def pump(r, w):
    try:
        while data := await r.read(65536):
            w.write(data)
            await w.drain()
    except OSError:
        pass
    w.close()


async def serve(r, w):
    try:
        r2, w2 = await asyncio.open_connection(sys.argv[2], int(sys.argv[3]))
    except OSError:
        w.close()
        return
    await asyncio.gather(pump(r, w2), pump(r2, w))


async def main():
    s = await asyncio.start_server(serve, "0.0.0.0", int(sys.argv[1]))
    await s.serve_forever()

asyncio.run(main())
