"""A Python server for the tests.

Its arguments are the port and a JSON object of options. It writes the port to standard
output when it listens, runs until it reads a line or the end of standard input, and then confirms that
it is closed.
"""

import asyncio
import json
import os
import sys

# Hoist writes to standard output as well, so redirect it to standard error.
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)

import hoist  # noqa: E402

port = int(sys.argv[1])
options = json.loads(sys.argv[2])


async def eager_login(server, token):
    # This is before the login reply.
    await server.broadcast("early")
    return token == server.token


server = hoist.Server(
    "test",
    minimum_version=options.get("minimum_version"),
    **({"login_func": eager_login} if options.get("eager") else {}),
)
released = asyncio.Event()
unanswered = []


@server.receive("hello")
async def hello(message):
    await message.reply("hi", {"n": 1})
    await message.reply("hi", {"n": 2})


@server.receive("hello later")
async def hello_later(message):
    unanswered.append(message)


@server.operation("answer")
async def answer_later():
    for message in unanswered:
        await message.reply("hi", {"n": 3})


@server.receive("ask")
async def ask(message):
    await message.reply("question")


@server.receive("answer")
async def answer(message):
    names = []
    ancestor = message
    while ancestor:
        names.append(ancestor.content)
        ancestor = ancestor.replying
    await message.reply("thanks", {"names": names, "data": message.data})


@server.receive("fail")
async def fail_listener():
    raise ValueError("no luck")


@server.receive("fail later")
async def fail_later():
    await released.wait()
    raise ValueError("no luck, later")


@server.operation("release")
async def release():
    released.set()


@server.operation("add")
async def add(a: int, b: int):
    return a + b


@server.operation("add annotated")
async def add_annotated(a: int, b: int) -> int:
    return a + b


@server.operation("nothing")
async def nothing():
    return None


@server.operation("list")
async def list_operation():
    return [1, 2]


@server.operation("fail")
async def fail_operation():
    raise ValueError("no luck")


@server.operation("announce")
async def announce():
    await server.broadcast("news", {"n": 1})


def tell(value):
    print(json.dumps(value), file=answers, flush=True)


server.start(host="127.0.0.1", port=port)
tell(port)
sys.stdin.readline()
server.close()
tell("closed")
