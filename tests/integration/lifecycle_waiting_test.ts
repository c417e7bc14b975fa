/** The requests that wait until `onConnect` has finished. */

import assert from "node:assert/strict";
import type { ServeOptions } from "../../server.ts";
import { assertExceeded, codes } from "../support/limits.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, operation, RawClient } from "../support/raw_client.ts";
import { serveQuietly } from "../support/server.ts";
import { gate } from "../support/timing.ts";

const FEATURES = ["done-id", "request", "stream"];

/** Starts a server whose onConnect finishes when `open` is called. */
function serveWaiting(options: ServeOptions = {}) {
  const { opened, open } = gate();
  const handled: unknown[] = [];
  const logger = new LogRecorder();
  const server = serveQuietly({ logger, onConnect: () => opened, ...options });
  server.operation("echo", (data) => {
    handled.push(data.n);
    return data;
  });
  server.operation("rows", async function* () {
    yield 1;
    yield 2;
  });
  return { server, open, opened, handled, logger };
}

/** Resolves when the server has handled all earlier frames of a client. */
async function flush(client: RawClient): Promise<void> {
  client.send({ id: 999, action: "none", data: {} });
  assert.equal((await client.next()).id, 999);
}

Deno.test("maxPending limits the requests that wait", async () => {
  const { server, open } = serveWaiting({ limits: { maxPending: 2 } });
  await using _server = server;
  await using client = await RawClient.logIn(server, FEATURES);
  for (const id of [1, 2, 3]) client.send(operation(id, "echo"));
  assertExceeded(await client.next(), 3, "maxPending", 2);
  open();
  assert.deepEqual(codes(await client.take(2)), [[1, 0], [2, 0]]);
  client.send(operation(4, "echo"));
  assert.deepEqual(codes(await client.take(1)), [[4, 0]]);
});

Deno.test("maxPendingBytes limits the requests that wait", async () => {
  const limits = { maxPendingBytes: 1_024 };
  const { server, open } = serveWaiting({ limits });
  await using _server = server;
  await using client = await RawClient.logIn(server, FEATURES);
  const large = { a: "x".repeat(600) };
  for (const id of [1, 2]) client.send(operation(id, "echo", large));
  assertExceeded(await client.next(), 2, "maxPendingBytes", 1_024);
  open();
  assert.deepEqual(codes(await client.take(1)), [[1, 0]]);
  client.send(operation(3, "echo", large));
  assert.deepEqual(codes(await client.take(1)), [[3, 0]]);
});

Deno.test("a stream that waits can get credit, and can be cancelled", async () => {
  const { server, open } = serveWaiting();
  await using _server = server;
  await using client = await RawClient.logIn(server, FEATURES);
  const stream = (id: number) => ({
    ...{ id, action: "stream" },
    data: { operation: "rows", data: {}, credit: 1 },
  });
  client.send(stream(1));
  client.send({ id: 1, action: "credit", data: { credit: 5 } });
  client.send(stream(2));
  client.send({ id: 2, action: "cancel", data: {} });
  await flush(client);
  open();
  const frames: [number, unknown][] = [];
  while (frames.filter(([, end]) => end === "done").length < 2) {
    const { id, message, data } = await client.next();
    frames.push([id, message === "items" ? data.items : message]);
  }
  const of = (id: number) =>
    frames.filter((frame) => frame[0] === id).flatMap(([, value]) => value);
  assert.deepEqual([of(1), of(2)], [[1, 2, "done"], ["done"]]);
});

Deno.test("a client that sends too many frames about requests that wait is closed", async () => {
  const { server, open, logger } = serveWaiting({ limits: { maxPending: 3 } });
  await using _server = server;
  await using client = await RawClient.logIn(server, FEATURES);
  const frame = { id: 1, action: "credit", data: { credit: 1 } };
  for (let n = 0; n < 3; n++) client.send(frame);
  await flush(client);
  client.send(frame);
  const { code, reason } = await client.closed;
  assert.deepEqual([code, reason], [1008, "too many frames wait"]);
  await logger.line(/^warn reject: .*Let it wait for responses/);
  open();
});

Deno.test("requests that wait are dropped when their client leaves", async () => {
  const { server, open, opened, handled } = serveWaiting();
  const client = await RawClient.logIn(server);
  client.send(operation(1, "echo", { n: 1 }));
  client.send({ id: null, end: true });
  await client.closed;
  open();
  await opened;
  await server.close();
  assert.deepEqual(handled, []);
});

Deno.test("requests that wait are dropped when an earlier one closes the connection", async () => {
  const { server, open, handled } = serveWaiting();
  await using _server = server;
  server.operation("leave", (_data, { client }) => client.close(4000));
  await using client = await RawClient.logIn(server);
  client.send(operation(1, "leave"));
  client.send(operation(2, "echo", { n: 2 }));
  await flush(client);
  open();
  assert.equal((await client.closed).code, 4000);
  assert.deepEqual(handled, []);
});

Deno.test("close() lets requests that wait finish", async () => {
  const { server, open, handled } = serveWaiting();
  await using client = await RawClient.logIn(server);
  client.send(operation(1, "echo", { n: 1 }));
  await flush(client);
  const closing = server.close();
  open();
  assert.deepEqual((await client.next()).data, { result: { n: 1 } });
  await closing;
  assert.deepEqual(handled, [1]);
});

Deno.test("only the reply to a request of onConnect does not wait", async () => {
  const { opened, open } = gate();
  const { server, handled } = serveWaiting({
    onConnect: async (client) => {
      const { data } = await client.request("name?");
      handled.push(data.name);
      await opened;
    },
  });
  await using _server = server;
  server.receive("name", () => void handled.push("listener"));
  await using client = await RawClient.logIn(server, FEATURES);
  const request = (await client.next()).data;
  client.send(operation(1, "echo", { n: 1 }));
  client.send(message(2, "name", { name: "no reply" }));
  client.send(message(3, "name", { name: "ada" }, request));
  assert.deepEqual(codes(await client.take(1)), [[3, 0]]);
  assert.deepEqual(handled, ["listener", "ada"]);
  open();
  await client.take(2);
  assert.deepEqual(handled, ["listener", "ada", 1, "listener"]);
});
