"""The real Python Hoist. The first argument is the port."""

import asyncio
import gc
import os
import socket
import sys

# Hoist writes to standard output as well, so its output goes to standard error.
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)

import hoist  # noqa: E402

NEWS = {"text": "some fifty bytes of data, as a short line of news"}

server = hoist.Server("test")


@server.receive("hello")
async def hello(message):
    pass


@server.operation("add")
async def add(a: int, b: int):
    return a + b


@server.operation("broadcast")
async def broadcast(times: int):
    await asyncio.gather(*(server.broadcast("news", NEWS) for _ in range(times)))


@server.operation("collect")
async def collect():
    gc.collect()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


port = int(sys.argv[1]) or free_port()
server.start(host="127.0.0.1", port=port)
print(port, file=answers, flush=True)
# The program ends at the end of its input.
sys.stdin.read()
