/** Messages and broadcasts between the client of this package and Python Hoist. */

import assert from "node:assert/strict";
import type { ServerMessage } from "../../client/message.ts";
import { NoReplyError, ResponseError } from "../../common/errors.ts";
import { testWithPython, withPythonServer } from "./drivers.ts";

testWithPython(
  "connect() logs in if a Python server broadcasts before its reply",
  async () => {
    await withPythonServer(async (python) => {
      await using connection = await python.connect();
      assert.equal(await connection.operation("add", { a: 1, b: 2 }), 3);
    }, { eager: true });
  },
);

testWithPython(
  "Connection.request() resolves to the first reply of a Python server",
  async () => {
    await withPythonServer(async (python) => {
      await using connection = await python.connect();
      const { replies: [first] } = await connection.message("hello", { a: 1 });
      for (let n = 0; n < 3; n++) {
        const reply = await connection.request("hello", { a: 1 });
        assert.deepEqual([reply.name, reply.data], [first?.name, first?.data]);
      }
      await assert.rejects(connection.request("nobody listens"), NoReplyError);
      assert.equal(await connection.operation("add", { a: 1, b: 2 }), 3);
    });
  },
);

testWithPython(
  "Connection.message() resolves to two replies of a Python server in order",
  async () => {
    await withPythonServer(async (python) => {
      await using connection = await python.connect();
      const { id, replies } = await connection.message("hello", { a: 1 });
      const numbers = replies.map(({ name, data }) => [name, data.n]);
      assert.deepEqual(numbers, [["hi", 1], ["hi", 2]]);
      assert.deepEqual(replies.map(({ replying }) => replying?.id), [id, id]);
    });
  },
);

testWithPython(
  "Connection.message() resolves without replies if a Python server has no listener",
  async () => {
    await withPythonServer(async (python) => {
      await using connection = await python.connect();
      assert.deepEqual((await connection.message("nobody")).replies, []);
    });
  },
);

testWithPython(
  "Connection.receive() gets a late reply of a Python server",
  async () => {
    await withPythonServer(async (python) => {
      await using connection = await python.connect();
      const { promise, resolve } = Promise.withResolvers<ServerMessage>();
      connection.receive("hi", resolve);
      const { id, replies } = await connection.message("hello later");
      assert.deepEqual(replies, []);
      await connection.operation("answer");
      const { data, replying } = await promise;
      assert.deepEqual([data, replying?.id], [{ n: 3 }, id]);
    });
  },
);

testWithPython(
  "ServerMessage.reply() answers a reply of a Python server",
  async () => {
    await withPythonServer(async (python) => {
      await using connection = await python.connect();
      const { replies: [question] } = await connection.message("ask");
      const sent = await question?.reply("answer", { text: "ä" });
      assert.deepEqual(
        sent?.replies.map(({ name, data }) => ({ name, data })),
        [{
          name: "thanks",
          data: { names: ["answer", "question", "ask"], data: { text: "ä" } },
        }],
      );
    });
  },
);

testWithPython(
  "Connection.message() rejects with the exception of a Python listener",
  async () => {
    await withPythonServer(async (python) => {
      await using connection = await python.connect();
      const error = await connection.message("fail").catch((error) => error);
      assert(error instanceof ResponseError);
      assert.match(
        error.message,
        /^Cannot finish message "fail": .* SERVER_ERROR: ValueError: no luck/,
      );
      assert.deepEqual(error.data, { message: "no luck", exc: "ValueError" });
    });
  },
);

testWithPython(
  "A connection to a Python server stays open after a listener fails",
  async () => {
    await withPythonServer(async (python) => {
      await using connection = await python.connect();
      await assert.rejects(connection.message("fail"), ResponseError);
      assert.equal(await connection.operation("add", { a: 1, b: 2 }), 3);
    });
  },
);

testWithPython(
  "The error of a cancelled message to a Python server rejects no other request",
  async () => {
    await withPythonServer(async (python) => {
      await using connection = await python.connect();
      const controller = new AbortController();
      const { signal } = controller;
      const abandoned = connection.message("fail later", {}, { signal });
      controller.abort();
      await assert.rejects(abandoned, { name: "AbortError" });
      await using other = await python.connect();
      const [sum] = await Promise.all([
        connection.operation("add", { a: 1, b: 2 }),
        other.operation("release"),
      ]);
      assert.equal(sum, 3);
    });
  },
);

testWithPython(
  "Connection.receive() receives a broadcast of a Python server at once",
  async () => {
    await withPythonServer(async (python) => {
      await using connection = await python.connect();
      const { promise, resolve } = Promise.withResolvers<ServerMessage>();
      connection.receive("news", resolve);
      await using other = await python.connect();
      await other.operation("announce");
      const { data, replying } = await promise;
      assert.deepEqual([data, replying], [{ n: 1 }, null]);
    });
  },
);

testWithPython(
  "A Python server also broadcasts to clients that have not logged in",
  async () => {
    await withPythonServer(async (python) => {
      const socket = new WebSocket(`${python.url.replace("http", "ws")}/hoist`);
      const frame = new Promise((resolve) => {
        socket.onmessage = ({ data }) => resolve(JSON.parse(data));
      });
      await new Promise((resolve) => socket.onopen = resolve);
      await using connection = await python.connect();
      await connection.operation("announce");
      const { data } = await frame as { data: { message: string } };
      assert.equal(data.message, "news");
      const closed = new Promise((resolve) => socket.onclose = resolve);
      socket.close();
      await closed;
    });
  },
);
