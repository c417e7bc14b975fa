"""An echo server with `websockets`."""

import asyncio
import sys

# The folder of this script must not hide the package of the same name.
sys.path.pop(0)

from websockets.asyncio.server import serve  # noqa: E402


async def echo(socket):
    async for data in socket:
        if data == "close":
            await socket.close(4321, "bye")
        elif data == "ping":
            await (await socket.ping("x" * 125))
            await socket.send("pong 125")
        elif data == "fragments":
            await socket.send(["Gr", "ü", "ße"])
        else:
            await socket.send(data)


async def main():
    async with serve(echo, "127.0.0.1", 0, max_size=2**26) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


asyncio.run(main())
