"""A Python client that runs commands.

Each line of standard input is a command, `["name", argument, ...]`. Each line of
standard output is its result, `{"result": ...}` or `{"error": "..."}`.
"""

import asyncio
import json
import os
import sys
from contextlib import AsyncExitStack

# Hoist writes to standard output as well, so redirect it to standard error.
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)

import aiohttp  # noqa: E402
import hoist  # noqa: E402


class WatchedSession:
    """The session of a connection that waits for the Close frame of the server.

    Hoist disconnects right after its goodbye, before it can read that frame.
    """

    def __init__(self):
        self.session = aiohttp.ClientSession()
        self.socket = None

    def get(self, url):
        return self.session.get(url)

    async def ws_connect(self, url):
        self.socket = await self.session.ws_connect(url)
        return self.socket

    async def close(self):
        await self.socket.receive()
        await self.session.close()


class Client:
    """The commands."""

    def __init__(self):
        self.exits = AsyncExitStack()
        self.connection = None
        self.session = None
        self.messages = []

    async def connect(self, options):
        token = options.pop("token")
        if options.pop("watched", False):
            self.session = options["session"] = WatchedSession()
        context = hoist.connect(token, **options)
        self.connection = await self.exits.enter_async_context(context)

        @self.connection.receive()
        async def keep(message):
            self.messages.append(message.to_dict())

    async def operation(self, name, data):
        return await self.connection.operation(name, data)

    async def shortcut(self, name, argument):
        return await getattr(self.connection, name)(argument)

    async def add_not_a_number(self):
        return await self.connection.operation("add", a=float("nan"), b=1)

    async def message(self, name, data):
        return (await self.connection.message(name, data)).to_dict()

    async def answer(self, question, name, data):
        @self.connection.receive(question)
        async def reply(message):
            await message.reply(name, data)

    async def received(self):
        messages, self.messages = self.messages, []
        return messages

    async def close(self):
        await self.exits.aclose()
        return self.session and self.session.socket.close_code


async def run(client, name, *arguments):
    try:
        return {"result": await getattr(client, name)(*arguments)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


async def main():
    client = Client()
    while line := await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(await run(client, *json.loads(line))), file=answers, flush=True)
    await client.close()


asyncio.run(main())
