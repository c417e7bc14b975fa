/** The options `onConnect` and `onDisconnect`, `client.data`, `closed` and `signal`. */

import assert from "node:assert/strict";
import type { Client, CloseInfo } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, operation, RawClient } from "../support/raw_client.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { gate } from "../support/timing.ts";

/** Hooks that record their calls. */
function recordingHooks() {
  const calls: string[] = [];
  const left = Promise.withResolvers<CloseInfo>();
  return {
    calls,
    left: left.promise,
    onConnect: ({ id }: Client) => void calls.push(`connect ${id}`),
    onDisconnect: ({ id }: Client, close: CloseInfo) => {
      calls.push(`disconnect ${id}`);
      left.resolve(close);
    },
  };
}

Deno.test("the hooks are called for a client that comes and goes", async () => {
  const { calls, left, ...hooks } = recordingHooks();
  await using server = serveQuietly(hooks);
  const connection = await connectTo(server);
  // The client is here before its first request is answered.
  await connection.message("hello");
  assert.deepEqual(calls, ["connect 1"]);
  await connection.close();
  assert.deepEqual(await left, { code: 1000, reason: "goodbye" });
  assert.deepEqual(calls, ["connect 1", "disconnect 1"]);
});

Deno.test("onConnect is called after the response to the login", async () => {
  await using server = serveQuietly({
    onConnect: (client) => void client.message("welcome", { id: client.id }),
  });
  await using client = await RawClient.open(server);
  client.send({ id: 0, token: "test", version: "1.0.0" });
  assert.equal((await client.next()).id, 0);
  assert.deepEqual((await client.next()).data.data, { id: 1 });
});

Deno.test("onConnect is not called for a client whose login is rejected", async () => {
  const { calls, left: _, ...hooks } = recordingHooks();
  const server = serveQuietly(hooks);
  const client = await RawClient.open(server);
  client.send({ id: 0, token: "wrong", version: "1.0.0" });
  await client.closed;
  await server.close();
  assert.deepEqual(calls, []);
});

Deno.test("the result of onConnect is the data of the client", async () => {
  const data = { user: "ada" };
  const seen: unknown[] = [];
  await using server = serveQuietly({
    onConnect: (client) => {
      seen.push(client.data);
      return Promise.resolve(data);
    },
    onDisconnect: (client) => void seen.push(client.data),
  });
  server.operation("user", (_data, { client }) => client.data);
  const connection = await connectTo(server);
  assert.deepEqual(await connection.operation("user"), data);
  const [client] = server.clients;
  assert.equal(client?.data, data);
  await connection.close();
  await client?.closed;
  await server.close();
  assert.deepEqual(seen, [undefined, data]);
});

Deno.test("client.data is undefined without onConnect", async () => {
  await using server = serveQuietly({ onDisconnect: () => {} });
  await using _connection = await connectTo(server);
  assert.deepEqual([...server.clients].map(({ data }) => data), [undefined]);
});

Deno.test("requests wait for onConnect, and run in their order", async () => {
  const { opened, open } = gate();
  const handled: unknown[] = [];
  await using server = serveQuietly({ onConnect: () => opened });
  server.operation("add", ({ n }) => handled.push(n));
  server.receive("add", ({ data }) => handled.push(data.n));
  await using client = await RawClient.logIn(server, ["done-id", "batch"]);
  client.send(operation(1, "add", { n: 1 }));
  client.send([message(2, "add", { n: 2 }), operation(3, "add", { n: 3 })]);
  // An invalid frame is answered at once, so the others have arrived.
  client.send({ id: 4, action: "none", data: {} });
  assert.equal((await client.next()).id, 4);
  assert.deepEqual(handled, []);
  open();
  const ids = (await client.take(3)).map(({ id }) => id);
  assert.deepEqual([ids.sort(), handled], [[1, 2, 3], [1, 2, 3]]);
});

Deno.test("more requests than run in one turn keep their order", async () => {
  const { opened, open } = gate();
  const handled: unknown[] = [];
  await using server = serveQuietly({ onConnect: () => opened });
  server.operation("add", ({ n }) => void handled.push(n));
  await using connection = await connectTo(server);
  const numbers = Array.from({ length: 200 }, (_, n) => n);
  const early = numbers.map((n) => connection.operation("add", { n }));
  open();
  await early[0];
  await connection.operation("add", { n: 200 });
  await Promise.all(early);
  assert.deepEqual(handled, [...numbers, 200]);
});

Deno.test("a client is in server.clients and gets broadcasts after onConnect", async () => {
  const { opened, open } = gate();
  const sizes: number[] = [];
  await using server = serveQuietly({
    onConnect: async () => {
      sizes.push(server.clients.size);
      await server.broadcast("early");
      await opened;
    },
  });
  await using client = await RawClient.logIn(server);
  client.send(operation(1, "none"));
  open();
  // The response to the request comes first: there was no broadcast.
  assert.equal((await client.next()).id, 1);
  assert.deepEqual([sizes, server.clients.size], [[0], 1]);
  await server.broadcast("late");
  assert.equal((await client.next()).data.message, "late");
});

Deno.test("onConnect can wait for the reply to a request", async () => {
  const { calls, left: _, ...hooks } = recordingHooks();
  await using server = serveQuietly({
    ...hooks,
    onConnect: async (client) => {
      const { data } = await client.request("who are you?");
      return data.name;
    },
  });
  server.receive("hello", ({ client }) => void calls.push(`${client.data}`));
  const connection = await connectTo(server);
  connection.receive("who are you?", (message) => {
    message.reply("me", { name: "ada" });
  });
  await connection.message("hello");
  assert.deepEqual(calls, ["ada"]);
  await connection.close();
});

Deno.test("onConnect gets the end of the listeners of a client without a reply", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({
    logger,
    onConnect: (client) => client.request("anybody?"),
  });
  const connection = await connectTo(server, { logger: new LogRecorder() });
  const { code } = await connection.closed;
  assert.equal(code, 1011);
  await logger.line(/^error error: .*onConnect failed.*NoReplyError/s);
});

for (
  const [what, fail] of Object.entries({
    throws: () => {
      throw new Error("a secret reason");
    },
    rejects: () => Promise.reject(new Error("a secret reason")),
    "returns a value with a getter that throws": () => ({
      get then() {
        throw new Error("a secret reason");
      },
    }),
  })
) {
  Deno.test(`an onConnect that ${what} closes the client with 1011`, async () => {
    const logger = new LogRecorder();
    const { calls, left, onDisconnect } = recordingHooks();
    await using server = serveQuietly({
      logger,
      onConnect: fail as () => unknown,
      onDisconnect,
    });
    server.operation("run", () => void calls.push("run"));
    await using client = await RawClient.logIn(server);
    client.send(operation(1, "run"));
    const close = { code: 1011, reason: "the connection failed" };
    assert.deepEqual([await client.closed, await left], [close, close]);
    await logger.line(
      /^error error: 127\S+: onConnect failed.*a secret reason/s,
    );
    assert.deepEqual([calls, server.clients.size], [["disconnect 1"], 0]);
  });
}

Deno.test("an onConnect that takes longer than loginTimeout closes the client with 1011", async () => {
  const logger = new LogRecorder();
  const { left, onDisconnect } = recordingHooks();
  const { opened, open } = gate();
  await using server = serveQuietly({
    logger,
    limits: { loginTimeout: 1_000 },
    onConnect: async () => {
      await opened;
      return "too late";
    },
    onDisconnect,
  });
  await using client = await RawClient.logIn(server);
  assert.equal((await client.closed).code, 1011);
  assert.equal((await left).code, 1011);
  await logger.line(
    /onConnect took longer than 1000 ms.*'limits.loginTimeout'/,
  );
  open();
});

Deno.test("client.signal and client.closed report the end", async () => {
  const late = Promise.withResolvers<Client>();
  await using server = serveQuietly();
  server.operation("stay", (_data, { client }) => late.resolve(client));
  const connection = await connectTo(server);
  await connection.operation("stay");
  const client = await late.promise;
  const { signal, closed } = client;
  assert.deepEqual([signal.aborted, client.signal], [false, signal]);
  await connection.close();
  assert.deepEqual(await closed, { code: 1000, reason: "goodbye" });
  assert.deepEqual([signal.aborted, signal.reason.name], [true, "AbortError"]);
});

Deno.test("client.signal and client.closed are settled for a client that has left", async () => {
  const { left, onDisconnect } = recordingHooks();
  await using server = serveQuietly({ onDisconnect });
  const connection = await connectTo(server);
  const [client] = server.clients;
  await connection.close();
  const close = await left;
  assert.deepEqual([await client?.closed, client?.signal.aborted], [
    close,
    true,
  ]);
});
