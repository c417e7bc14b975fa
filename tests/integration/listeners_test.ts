/** Listeners of a server: their order, their errors and their replies. */

import assert from "node:assert/strict";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, RawClient, SUCCESS } from "../support/raw_client.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { gate, pause } from "../support/timing.ts";

Deno.test("the answers to a message match docs/reference/protocol.md", async () => {
  await using server = serveQuietly();
  server.receive("hello", (message) => {
    message.reply("hi", { x: 1 });
  });
  await using client = await RawClient.logIn(server);
  client.send(message(1, "hello", { a: 1 }));
  const original = { message: "hello", data: { a: 1 }, id: 1, replying: null };
  assert.deepEqual(await client.next(), {
    ...SUCCESS,
    message: "open",
    id: 1,
    data: { id: 1 },
  });
  assert.deepEqual(await client.next(), {
    ...SUCCESS,
    message: "newmsg",
    id: 1,
    data: { message: "hi", data: { x: 1 }, replying: original, id: 2 },
  });
  assert.deepEqual(await client.next(), { ...SUCCESS, message: "done", id: 1 });
});

Deno.test("a message without a listener gets done and a warning in the log", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  await using client = await RawClient.logIn(server);
  client.send(message(1, "a\ntest"));
  assert.equal((await client.next()).message, "open");
  assert.equal((await client.next()).message, "done");
  // The name is quoted and the token redacted, so that a client cannot forge log lines.
  await logger.line(
    /^warn message: 127\.0\.0\.1:\d+: there is no listener to message "a\\ntest"$/,
  );
});

Deno.test("Server.receive() passes the message and its client to a listener", async () => {
  await using server = serveQuietly();
  const seen: unknown[] = [];
  server.receive("hello", ({ name, data, id, replying, client }) => {
    seen.push(
      name,
      data,
      id,
      replying?.name,
      client.version,
      [...server.clients][0],
    );
    assert.equal(client, [...server.clients][0]);
  });
  await using client = await RawClient.logIn(server);
  const earlier = { message: "before", data: {}, id: 9, replying: null };
  client.send(message(1, "hello", { a: [1, null] }, earlier));
  await client.next();
  await client.next();
  assert.deepEqual(seen.slice(0, 5), [
    "hello",
    { a: [1, null] },
    1,
    "before",
    "1.0.0",
  ]);
});

Deno.test("listeners run in the order of registration, one after the other", async () => {
  await using server = serveQuietly();
  const order: string[] = [];
  server.receive((message) => void order.push(`any ${message.name}`));
  server.receive("a", async () => {
    await pause(5);
    order.push("first");
  });
  server.receive(["a", "b"], () => void order.push("second"));
  await using connection = await connectTo(server);
  await connection.message("a");
  await connection.message("b");
  assert.deepEqual(order, ["first", "second", "any a", "second", "any b"]);
});

Deno.test("Server.receive() returns a disposable that removes the listener", async () => {
  await using server = serveQuietly();
  const seen: string[] = [];
  {
    using _listener = server.receive("a", () => void seen.push("removed"));
    server.receive("a", () => void seen.push("kept"));
    await using connection = await connectTo(server);
    await connection.message("a");
  }
  await using connection = await connectTo(server);
  await connection.message("a");
  assert.deepEqual(seen, ["removed", "kept", "kept"]);
});

Deno.test("a listener that throws causes code 6 without the message of its error", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  server.receive("hello", () => {
    throw new RangeError("a secret of the application");
  });
  server.receive("hello", (message) => void message.reply("still here"));
  await using client = await RawClient.logIn(server);
  client.send(message(1, "hello"));
  assert.equal((await client.next()).message, "open");
  assert.equal((await client.next()).message, "newmsg");
  assert.deepEqual(await client.next(), {
    ...SUCCESS,
    success: false,
    error: "SERVER_ERROR",
    code: 6,
    message: "Internal server error.",
    id: 1,
    data: {
      message: "the server could not carry out the request",
      exc: "InternalError",
    },
  });
  const line = await logger.line(/^error /);
  assert.match(
    line,
    /: a listener to message "hello" failed\n {2}RangeError: a secret of the application\n\s+at /,
  );
  client.send(message(2, "another"));
  assert.deepEqual([(await client.next()).id, (await client.next()).message], [
    2,
    "done",
  ]);
});

Deno.test("exposeErrors sends the class and the message of the error", async () => {
  await using server = serveQuietly({ exposeErrors: true });
  server.receive("error", () => {
    throw new RangeError("out of range");
  });
  server.receive("text", () => {
    throw "a string";
  });
  await using client = await RawClient.logIn(server);
  client.send(message(1, "error"));
  await client.next();
  const expected = { message: "out of range", exc: "RangeError" };
  assert.deepEqual((await client.next()).data, expected);
  client.send(message(2, "text"));
  await client.next();
  assert.deepEqual((await client.next()).data, {
    message: "a string",
    exc: "Error",
  });
});

Deno.test("message.reply() throws for data that JSON cannot represent", async () => {
  await using server = serveQuietly();
  const errors: unknown[] = [];
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  server.receive("hello", (message) => {
    for (const data of [cycle, [1], "text", null, { n: 1n }, new Date(0)]) {
      try {
        message.reply("hi", data as Record<string, never>);
      } catch (error) {
        errors.push(error);
      }
    }
  });
  await using client = await RawClient.logIn(server);
  client.send(message(1, "hello"));
  assert.equal((await client.next()).message, "open");
  assert.equal((await client.next()).message, "done");
  assert.equal(errors.length, 6);
  for (const error of errors) {
    assert(error instanceof TypeError);
    assert.match(
      error.message,
      /^Cannot send message "hi": its data /,
    );
  }
});

Deno.test("a reply after the listeners have finished is sent without an id", async () => {
  await using server = serveQuietly();
  const { opened, open } = gate();
  server.receive("hello", (message) => {
    opened.then(() => message.reply("late"));
  });
  await using client = await RawClient.logIn(server);
  client.send(message(1, "hello"));
  await client.next();
  assert.equal((await client.next()).message, "done");
  open();
  const late = await client.next();
  assert.deepEqual([late.message, late.id], ["s_newmsg", null]);
  assert.equal(late.data.replying.message, "hello");
});

Deno.test("message.reply() does not throw after the client has disconnected", async () => {
  await using server = serveQuietly();
  const { opened, open } = gate();
  const replied = Promise.withResolvers<unknown>();
  server.receive("hello", async (message) => {
    await opened;
    replied.resolve(message.reply("too late").id);
  });
  {
    await using client = await RawClient.logIn(server);
    client.send(message(1, "hello"));
    await client.next();
  }
  while (server.clients.size > 0) await pause(5);
  open();
  assert.equal(typeof await replied.promise, "number");
});

Deno.test("Client.message() sends a message to one client", async () => {
  await using server = serveQuietly();
  server.receive(
    "hello",
    ({ client }) => void client.message("you", { n: client.id }),
  );
  await using client = await RawClient.logIn(server);
  await using other = await RawClient.logIn(server);
  client.send(message(1, "hello"));
  await client.next();
  const { message: kind, id, data } = await client.next();
  assert.deepEqual([kind, id], ["s_newmsg", null]);
  assert.deepEqual([data.message, data.data, data.replying], [
    "you",
    { n: 1 },
    null,
  ]);
  other.send(message(1, "mark"));
  assert.equal((await other.next()).message, "open");
});

Deno.test("Client.close() closes with the code and the reason", async () => {
  await using server = serveQuietly();
  await using client = await RawClient.logIn(server);
  const [inside] = server.clients;
  for (const code of [999, 1001, 1006, 2999, 5000, NaN]) {
    assert.throws(
      () => inside?.close(code),
      /the code must be 1000, or a whole number from 3000 to 4999\. It is /,
    );
  }
  assert.throws(
    () => inside?.close(4000, "é".repeat(62)),
    /the reason must be at most 123 bytes long\. It has 124 bytes\. Shorten it\.$/,
  );
  assert.equal(server.clients.size, 1);
  inside?.close(4001, "enough");
  assert.equal(server.clients.size, 0);
  assert.deepEqual(await client.closed, { code: 4001, reason: "enough" });
  inside?.close();
  inside?.message("nobody");
});
