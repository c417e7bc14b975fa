/** Connection.request(): the first reply to a message. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import {
  ConnectionClosedError,
  NoReplyError,
  ResponseError,
  TimeoutError,
} from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";
import { fakeServer, successFrame } from "../support/fake_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { gate } from "../support/timing.ts";

Deno.test("request() resolves to the first reply before the listeners are done", async () => {
  await using server = serveQuietly({ closeTimeout: 1 });
  const { opened, open } = gate();
  server.receive("hello", async (message) => {
    message.reply("hi", { n: 1 });
    message.reply("hi", { n: 2 });
    await opened;
  });
  await using connection = await connectTo(server);
  const reply = await connection.request("hello", { name: "Ada" });
  assert.deepEqual([reply.name, reply.data], ["hi", { n: 1 }]);
  assert.equal(reply.replying?.name, "hello");
  assert.deepEqual(reply.replying?.data, { name: "Ada" });
  open();
});

Deno.test("request() accepts a late reply while a listener is running", async () => {
  await using server = serveQuietly();
  const { opened, open } = gate();
  server.receive("hello", async (message) => {
    await opened;
    message.reply("hi");
  });
  await using connection = await connectTo(server);
  const reply = connection.request("hello");
  await connection.message("something else");
  open();
  assert.equal((await reply).name, "hi");
});

Deno.test("request() rejects if all listeners are done without a reply", async () => {
  await using server = serveQuietly();
  server.receive("silent", () => {});
  server.receive("late", (message) => {
    setTimeout(() => message.reply("too late"), 0);
  });
  await using connection = await connectTo(server);
  for (const name of ["silent", "nobody listens", "late"]) {
    const error = await rejection(connection.request(name));
    assert(error instanceof NoReplyError);
    assert.equal(
      error.message,
      `Cannot finish request "${name}": no listener on the other side replied. Register a listener that calls message.reply().`,
    );
  }
  await connection.message("the timer has run");
});

Deno.test("request() rejects if a listener fails before it replies", async () => {
  await using server = serveQuietly({ logger: new LogRecorder() });
  server.receive("fail", () => {
    throw new Error("secret of the application");
  });
  server.receive("reply and fail", (message) => {
    message.reply("hi");
    throw new Error("secret of the application");
  });
  await using connection = await connectTo(server);
  const error = await rejection(connection.request("fail"));
  assert(error instanceof ResponseError);
  assert.equal(
    error.message,
    'Cannot finish request "fail": the server answered SERVER_ERROR: the server could not carry out the request. See the log of the server.',
  );
  assert.equal((await connection.request("reply and fail")).name, "hi");
});

Deno.test("request() rejects after its timeout and when its signal aborts", async () => {
  await using server = serveQuietly({ closeTimeout: 1 });
  server.receive("never", () => new Promise(() => {}));
  await using connection = await connectTo(server);
  const late = await rejection(connection.request("never", {}, { timeout: 1 }));
  assert(late instanceof TimeoutError);
  assert.equal(
    late.message,
    `Cannot finish request "never": no response within 1 ms. Raise 'timeout' to wait longer.`,
  );
  const controller = new AbortController();
  const { signal } = controller;
  const reply = rejection(connection.request("never", {}, { signal }));
  controller.abort(new Error("enough"));
  assert.equal((await reply).message, "enough");
  const before = AbortSignal.abort(new Error("before"));
  const refused = connection.request("never", {}, { signal: before });
  assert.equal((await rejection(refused)).message, "before");
  await assert.rejects(connection.request("never", {}, { timeout: -1 }), {
    name: "RangeError",
    message:
      "Cannot send the request: 'timeout' must be a number of milliseconds from 0 to 2147483647, or Infinity. It is -1.",
  });
});

Deno.test("request() rejects when the connection ends and afterwards", async () => {
  await using server = serveQuietly({ closeTimeout: 1 });
  server.receive("leave", ({ client }) => client.close(4000, "enough"));
  await using connection = await connectTo(server);
  for (const state of ["ends", "has ended"]) {
    const error = await rejection(connection.request("leave"));
    assert(error instanceof ConnectionClosedError, state);
    assert.equal(
      error.message,
      'Cannot finish request "leave": the connection is closed (4000, "enough")',
    );
  }
});

Deno.test("the error of a request has the stack of its caller", async () => {
  await using server = serveQuietly();
  await using connection = await connectTo(server);
  async function theCaller(): Promise<void> {
    await connection.request("unknown");
  }
  const { stack } = await rejection(theCaller());
  assert.match(stack ?? "", /^NoReplyError: .*\n\s+at async theCaller/);
});

Deno.test("listeners of the client receive all replies to a request", async () => {
  await using server = serveQuietly();
  server.receive("hello", (message) => {
    for (const n of [1, 2, 3]) message.reply("hi", { n });
  });
  await using connection = await connectTo(server);
  const seen: unknown[] = [];
  connection.receive("hi", ({ data }) => void seen.push(data.n));
  assert.equal((await connection.request("hello")).data.n, 1);
  await connection.message("wait for the replies");
  assert.deepEqual(seen, [1, 2, 3]);
});

Deno.test("concurrent requests each get their own reply", async () => {
  await using server = serveQuietly();
  server.receive("double", async (message) => {
    const n = Number(message.data.n);
    for (let turn = 0; turn < n % 5; turn++) await Promise.resolve();
    message.reply("doubled", { n: 2 * n });
  });
  await using connection = await connectTo(server);
  const numbers = Array.from({ length: 100 }, (_, n) => n);
  const replies = await Promise.all(
    numbers.map((n) => connection.request("double", { n })),
  );
  assert.deepEqual(
    replies.map(({ data }) => data.n),
    numbers.map((n) => 2 * n),
  );
});

Deno.test("request() accepts the reply of a Hoist 1 server and its error without an id", async () => {
  const wire = { message: "hello", data: {}, id: 1, replying: null };
  await using server = fakeServer((socket, { id, end, action, data }) => {
    if (end === true) return socket.close();
    if (action === undefined) {
      return socket.send(successFrame(Number(id), null));
    }
    const number = Number(id);
    socket.send(successFrame(number, "open", { id: 1 }));
    const { message } = Object(data);
    if (message === "fail") {
      return socket.send(JSON.stringify({
        ...JSON.parse(successFrame(null, null)),
        ...{ success: false, code: 6, error: "SERVER_ERROR" },
        message: "Internal server error.",
      }));
    }
    const reply = { message: "hi", data: { n: 1 }, id: 2, replying: wire };
    socket.send(successFrame(number, "newmsg", reply));
    socket.send(successFrame(number, "done"));
  });
  await using connection = await connect("test", { url: server.url });
  assert.deepEqual((await connection.request("hello")).data, { n: 1 });
  assert.deepEqual((await connection.request("hello")).data, { n: 1 });
  assert.match(
    (await rejection(connection.request("fail"))).message,
    /the server answered SERVER_ERROR/,
  );
});
