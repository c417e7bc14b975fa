/** How streams end: by the consumer, by an abort, and by a closed connection. */

import assert from "node:assert/strict";
import { ConnectionClosedError, ResponseError } from "../../common/errors.ts";
import type { Json } from "../../common/json.ts";
import { rejection } from "../support/errors.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { collect, serveCount, take } from "../support/streams.ts";
import { gate } from "../support/timing.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

Deno.test("break, return(), throw and using run the finally block of the generator", async () => {
  for (const way of ["break", "return", "using", "throw"]) {
    await using started = serveCount();
    const { server, ended, ends } = started;
    await using connection = await connectTo(server);
    const stream = connection.stream("count");
    if (way === "break") assert.deepEqual(await take(stream, 3), [1, 2, 3]);
    if (way === "return") {
      await stream.next();
      await stream.return();
    }
    if (way === "using") {
      await using inner = stream;
      await inner.next();
    }
    if (way === "throw") {
      await assert.rejects(async () => {
        for await (const _ of stream) throw new Error("enough");
      }, /enough/);
    }
    await ended;
    assert.deepEqual(ends, ["The client has cancelled the stream"], way);
    // Later calls of next() see the end.
    assert.equal((await stream.next()).done, true);
  }
});

Deno.test("an aborted stream rejects with the reason and ends the generator", async () => {
  await using started = serveCount();
  const { server, ended } = started;
  await using connection = await connectTo(server);
  const controller = new AbortController();
  const { signal } = controller;
  const seen: Json[] = [];
  const error = await rejection((async () => {
    for await (const n of connection.stream("count", {}, { signal })) {
      if (seen.push(n) === 3) controller.abort(new Error("enough"));
    }
  })());
  assert.equal(error.message, "enough");
  assert.deepEqual(seen, [1, 2, 3]);
  await ended;
  const late = connection.stream("count", {}, { signal });
  assert.equal((await rejection(late.next())).message, "enough");
  assert.equal((await late.next()).done, true);
});

Deno.test("an abort ends a waiting consumer and a waiting generator", async () => {
  await using server = serveQuietly();
  const { opened, open } = gate();
  server.operation("wait", async function* (_data, { signal }) {
    yield "first";
    await new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        open();
        reject(signal.reason);
      });
    });
  });
  await using connection = await connectTo(server);
  const controller = new AbortController();
  const stream = connection.stream("wait", {}, { signal: controller.signal });
  assert.equal((await stream.next()).value, "first");
  const waiting = rejection(stream.next());
  controller.abort(new Error("enough"));
  assert.equal((await waiting).message, "enough");
  await opened;
});

Deno.test("a closed connection ends the stream and the generator", async () => {
  await using started = serveCount({ closeTimeout: 1 });
  const { server, ended, ends } = started;
  await using connection = await connectTo(server);
  const stream = connection.stream("count");
  await stream.next();
  for (const client of server.clients) client.close(4000, "enough");
  const error = await rejection(collect(stream));
  assert(error instanceof ConnectionClosedError);
  assert.equal(
    error.message,
    'Cannot finish stream "count": the connection is closed (4000, "enough")',
  );
  await ended;
  assert.deepEqual(ends, ["The client has disconnected"]);
  await assert.rejects(
    collect(connection.stream("count")),
    ConnectionClosedError,
  );
});

Deno.test("Connection.close() ends the streams of the client", async () => {
  await using started = serveCount();
  const { server, ended } = started;
  const connection = await connectTo(server);
  const stream = connection.stream("count");
  await stream.next();
  await connection.close();
  await assert.rejects(collect(stream), ConnectionClosedError);
  await ended;
});

Deno.test("a closing server lets streams finish in time and ends the others", async () => {
  await using started = serveCount({ closeTimeout: 50 });
  const { server, ends } = started;
  await using connection = await connectTo(server);
  const finite = connection.stream("count", { to: 1_000 });
  const endless = connection.stream("count", {}, { buffer: 1 });
  await Promise.all([finite.next(), endless.next()]);
  const closed = server.close();
  assert.equal((await collect(finite)).length, 999);
  await closed;
  await assert.rejects(collect(endless), ConnectionClosedError);
  // Both signals aborted, and neither generator looked at its signal.
  assert.deepEqual(ends, Array(2).fill("The server is closing"));
});

Deno.test("a generator that handles its signal ends normally when the server closes", async () => {
  await using server = serveQuietly();
  server.operation("ticks", async function* (_, { signal }) {
    yield "first";
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    yield String(signal.reason.message);
  });
  await using connection = await connectTo(server);
  const stream = connection.stream("ticks");
  assert.equal((await stream.next()).value, "first");
  const closed = server.close();
  assert.deepEqual(await collect(stream), ["The server is closing"]);
  await closed;
});

Deno.test("a stream rejects if its generator throws when the server closes", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  server.operation("rows", async function* (_, { signal }) {
    yield "first";
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    signal.throwIfAborted();
  });
  server.operation("broken", async function* (_, { signal }) {
    yield "first";
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    throw new Error("something else");
  });
  await using connection = await connectTo(server);
  const streams = ["rows", "broken"].map((name) => connection.stream(name));
  for (const stream of streams) await stream.next();
  const closed = server.close();
  const [rows, broken] = await Promise.all(
    streams.map((stream) => rejection(collect(stream))),
  );
  assert(rows instanceof ConnectionClosedError);
  assert.equal(
    rows.message,
    'Cannot finish stream "rows": the connection is closed (1001, "server closed")',
  );
  assert(broken instanceof ResponseError);
  await closed;
  const failed = logger.lines.filter((line) => line.includes("failed"));
  assert.equal(failed.length, 1);
  assert.match(failed[0]!, /operation "broken" failed/);
});

Deno.test("a reconnect ends the old streams and allows new ones", async () => {
  await using started = serveCount();
  const { server, ended } = started;
  await using proxy = new TcpProxy(server);
  await using connection = await connectTo(proxy, {
    reconnect: { minDelay: 1, maxQueue: 1 },
  });
  const stream = connection.stream("count");
  await stream.next();
  proxy.cut();
  await assert.rejects(collect(stream), ConnectionClosedError);
  await ended;
  assert.deepEqual(await collect(connection.stream("count", { to: 2 })), [
    1,
    2,
  ]);
});
