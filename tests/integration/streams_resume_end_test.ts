/** The ends of streams that continue over reconnects, in each state. */

import assert from "node:assert/strict";
import { z } from "zod";
import type { Connection } from "../../client/connection.ts";
import type { OperationStream } from "../../client/stream.ts";
import { connect, defineContract } from "../../client.ts";
import {
  ConnectionClosedError,
  ResponseError,
  ValidationError,
} from "../../common/errors.ts";
import type { Json } from "../../common/json.ts";
import { serve, tracked } from "../../server.ts";
import { rejection } from "../support/errors.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { FAST_RECONNECT, StateRecorder } from "../support/reconnecting.ts";
import { connectThrough, RESUME, serveNumbers } from "../support/resuming.ts";
import { collect } from "../support/streams.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

/** A client whose line was cut, while its server cannot be reached. */
async function interrupt(
  use: (
    stream: OperationStream<Json>,
    connection: Connection,
    controller: AbortController,
  ) => Promise<void>,
): Promise<void> {
  await using numbers = serveNumbers();
  // The client waits for an hour, so the state cannot change.
  const reconnect = { minDelay: 3_600_000, maxDelay: 3_600_000 };
  await using client = await connectThrough(numbers.server, { reconnect });
  const { connection, proxy } = client;
  const states = new StateRecorder(connection);
  const controller = new AbortController();
  const { signal } = controller;
  const options = { ...RESUME, buffer: 1, signal };
  const stream = connection.stream("numbers", {}, options);
  await stream.next();
  proxy.cut();
  await states.next("waiting");
  await use(stream, connection, controller);
  assert.equal(numbers.starts.length, 1);
}

Deno.test("return() ends a stream that waits for the reconnect", async () => {
  await interrupt(async (stream) => {
    const done = { done: true, value: undefined };
    assert.deepEqual(await stream.return(), done);
    assert.deepEqual(await stream.next(), done);
  });
});

Deno.test("the signal ends a stream that waits for the reconnect, with its reason", async () => {
  await interrupt(async (stream, _connection, controller) => {
    const reason = new Error("enough");
    controller.abort(reason);
    assert.equal(await rejection(collect(stream)), reason);
  });
});

Deno.test("close() ends a stream that waits for the reconnect, after its items", async () => {
  await interrupt(async (stream, connection) => {
    const closing = connection.close();
    const items: Json[] = [];
    const error = await rejection((async () => {
      for await (const item of stream) items.push(item);
    })());
    assert(error instanceof ConnectionClosedError);
    assert(items.length <= 1);
    await closing;
  });
});

Deno.test("close() ends a stream that is open", async () => {
  await using numbers = serveNumbers();
  await using client = await connectThrough(numbers.server);
  const options = { ...RESUME, buffer: 1 };
  const stream = client.connection.stream("numbers", {}, options);
  await stream.next();
  const closing = client.connection.close();
  const error = await rejection(collect(stream));
  assert(error instanceof ConnectionClosedError);
  assert.equal(error.code, 1_000);
  await closing;
});

Deno.test("return() after a reconnect ends the handler of the new call", async () => {
  const ended: (string | undefined)[] = [];
  await using numbers = serveNumbers();
  const { promise, resolve } = Promise.withResolvers<void>();
  numbers.server.operation("wait", async function* (_data, context) {
    const { lastEventId, signal } = context;
    try {
      yield tracked("a", 1);
      await new Promise((done) => signal.addEventListener("abort", done));
    } finally {
      ended.push(lastEventId);
      if (lastEventId === "a") resolve();
    }
  });
  await using client = await connectThrough(numbers.server);
  const states = new StateRecorder(client.connection);
  const stream = client.connection.stream("wait", {}, RESUME);
  await stream.next();
  client.proxy.cut();
  await states.next("open");
  await stream.next();
  await stream.return();
  await promise;
  assert.deepEqual(ended.toSorted(), ["a", undefined]);
});

Deno.test("a login that the server rejects ends the stream", async () => {
  let accepts = true;
  await using numbers = serveNumbers({ login: () => accepts });
  await using client = await connectThrough(numbers.server);
  const options = { ...RESUME, buffer: 1 };
  const stream = client.connection.stream("numbers", {}, options);
  await stream.next();
  accepts = false;
  client.proxy.cut();
  const error = await rejection(collect(stream));
  assert(error instanceof ConnectionClosedError);
  assert.match(error.message, /the server rejected the token/);
});

Deno.test("the stream ends when the client gives up reconnecting", async () => {
  const numbers = serveNumbers();
  await using client = await connectThrough(numbers.server, {
    reconnect: { ...FAST_RECONNECT, maxAttempts: 1 },
  });
  const { connection, proxy } = client;
  const options = { ...RESUME, buffer: 1 };
  const stream = connection.stream("numbers", {}, options);
  await stream.next();
  proxy.isStalled = true;
  proxy.cut();
  const ends = rejection(collect(stream));
  const states = new StateRecorder(connection);
  await states.next("connecting");
  proxy.cut();
  const error = await ends;
  assert(error instanceof ConnectionClosedError);
  await numbers.server.close();
});

Deno.test("the handler of a stream that continues authorizes again", async () => {
  let isAllowed = true;
  await using numbers = serveNumbers();
  numbers.server.operation("secrets", async function* (_data, context) {
    if (!isAllowed) throw new Error("not allowed");
    const { lastEventId = "0" } = context;
    for (let n = Number(lastEventId) + 1;; n++) yield tracked(String(n), n);
  });
  await using client = await connectThrough(numbers.server);
  const options = { ...RESUME, buffer: 1 };
  const stream = client.connection.stream("secrets", {}, options);
  await stream.next();
  isAllowed = false;
  client.proxy.cut();
  const error = await rejection(collect(stream));
  assert(error instanceof ResponseError);
  assert.equal(error.code, 6);
});

Deno.test("`authorize` decides again about a stream that continues", async () => {
  let isAllowed = true;
  const asked: string[] = [];
  await using numbers = serveNumbers({
    authorize: (_client, { kind, name }) => {
      asked.push(`${kind} ${name}`);
      return isAllowed;
    },
  });
  await using client = await connectThrough(numbers.server);
  const options = { ...RESUME, buffer: 1 };
  const stream = client.connection.stream("numbers", {}, options);
  await stream.next();
  isAllowed = false;
  client.proxy.cut();
  const error = await rejection(collect(stream));
  assert(error instanceof ResponseError);
  assert.equal(error.code, 10);
  assert.deepEqual(asked, ["stream numbers", "stream numbers"]);
});

Deno.test("with `validate`, the schema of the items applies after a reconnect, too", async () => {
  const contract = defineContract({
    operations: { rows: { yields: z.object({ n: z.number() }) } },
  });
  const logger = new LogRecorder();
  const options = { hostname: "127.0.0.1", port: 0, logger };
  await using server = serve("test", options);
  server.operation("rows", async function* (_data, { lastEventId }) {
    if (lastEventId === undefined) yield tracked("1", { n: 1 });
    else yield tracked("2", { n: "two" });
    await new Promise(() => {});
  });
  await using proxy = new TcpProxy(server);
  await using connection = await connect("test", {
    ...{ url: proxy.url, logger, reconnect: FAST_RECONNECT },
    ...{ contract, validate: "all" },
  });
  const stream = connection.stream("rows", {}, RESUME);
  assert.deepEqual(await stream.next(), { done: false, value: { n: 1 } });
  proxy.cut();
  const error = await rejection(stream.next());
  assert(error instanceof ValidationError);
  void server.close({ timeout: 0 });
});
