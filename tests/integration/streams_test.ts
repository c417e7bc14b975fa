/** Operations that return a stream, and Connection.stream(). */

import assert from "node:assert/strict";
import {
  ConnectionClosedError,
  FeatureError,
  ResponseError,
} from "../../common/errors.ts";
import type { OperationStream } from "../../client/stream.ts";
import type { Json } from "../../common/json.ts";
import { rejection } from "../support/errors.ts";
import { fakeServer, successFrame } from "../support/fake_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { gate } from "../support/timing.ts";
import type { Server } from "../../server.ts";

/** Starts a server whose operation `count` is a generator, and records how it ends. */
function serveCount(options = {}) {
  const server = serveQuietly(options);
  const ends: string[] = [];
  const ended = Promise.withResolvers<void>();
  const made = { count: 0 };
  server.operation("count", async function* ({ to = Infinity }, { signal }) {
    try {
      for (let n = 1; n <= Number(to); n++) {
        made.count = n;
        yield n;
      }
    } finally {
      ends.push(signal.aborted ? String(signal.reason.message) : "finished");
      ended.resolve();
    }
  });
  return { server, ends, ended: ended.promise, made };
}

/** Returns the first items of a stream. */
async function take(
  stream: OperationStream<Json>,
  count: number,
): Promise<Json[]> {
  const items: Json[] = [];
  for await (const item of stream) {
    if (items.push(item) === count) break;
  }
  return items;
}

/** Returns all items of a stream. */
async function collect(stream: OperationStream): Promise<Json[]> {
  return await Array.fromAsync(stream);
}

Deno.test("stream() yields all items in order and ends", async () => {
  const { server: made, ends } = serveCount();
  await using server = made;
  await using connection = await connectTo(server);
  for (const to of [0, 1, 2, 255, 256, 257, 10_000]) {
    const items = await collect(connection.stream("count", { to }));
    assert.deepEqual(items, Array.from({ length: to }, (_, n) => n + 1));
  }
  assert.deepEqual(ends, Array(7).fill("finished"));
});

for (const buffer of [1, 2, 3, 7, 256, 65_536]) {
  Deno.test(`a stream with a buffer of ${buffer} yields all items and limits the producer`, async () => {
    const { server: made, made: progress } = serveCount();
    await using server = made;
    await using connection = await connectTo(server);
    const stream = connection.stream("count", { to: 1_000 }, { buffer });
    let n = 0;
    for await (const item of stream) {
      assert.equal(item, ++n);
      // The producer makes no item beyond the credit.
      assert(progress.count <= n + buffer, `${progress.count} after ${n}`);
    }
    assert.equal(n, 1_000);
  });
}

Deno.test("a consumer that stops reading pauses the producer", async () => {
  const { server: made, made: progress } = serveCount();
  await using server = made;
  await using connection = await connectTo(server);
  const stream = connection.stream("count", {}, { buffer: 16 });
  assert.deepEqual(await stream.next(), { done: false, value: 1 });
  // By now, the generator has made all items that its credit allows.
  for (let n = 0; n < 20; n++) await connection.message("something");
  assert.equal(progress.count, 16);
  await stream.return();
});

Deno.test("the operation is called when the first item is requested", async () => {
  const { server: made, made: progress } = serveCount();
  await using server = made;
  await using connection = await connectTo(server);
  const stream = connection.stream("count", { to: 1 });
  await connection.message("something");
  assert.equal(progress.count, 0);
  assert.equal((await stream.next()).value, 1);
  const never = connection.stream("count");
  assert.deepEqual(await never.return(), { done: true, value: undefined });
  assert.deepEqual(await never.next(), { done: true, value: undefined });
});

Deno.test("break, return(), throw and using run the finally block of the generator", async () => {
  for (const way of ["break", "return", "using", "throw"]) {
    const { server: made, ended, ends } = serveCount();
    await using server = made;
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
    assert.deepEqual(ends, ["The client takes no more items"], way);
    // Later calls of next() see the end.
    assert.equal((await stream.next()).done, true);
  }
});

Deno.test("an aborted stream rejects with the reason and ends the generator", async () => {
  const { server: made, ended } = serveCount();
  await using server = made;
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

Deno.test("a stream yields its items before it rejects with the error of the generator", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  server.operation("fail", async function* () {
    yield* [1, 2];
    throw new Error("secret of the application");
  });
  await using connection = await connectTo(server);
  const items: Json[] = [];
  const error = await rejection((async () => {
    for await (const item of connection.stream("fail")) items.push(item);
  })());
  assert.deepEqual(items, [1, 2]);
  assert(error instanceof ResponseError);
  assert.equal(
    error.message,
    'Cannot finish stream "fail": the server answered SERVER_ERROR: InternalError: the server could not carry out the request',
  );
  await logger.line(
    /^error error: .*operation "fail" failed\nError: secret of the application/,
  );
});

Deno.test("the error of a stream has the stack of the consumer", async () => {
  await using server = serveQuietly();
  await using connection = await connectTo(server);
  async function theConsumer(): Promise<void> {
    for await (const _ of connection.stream("nothing"));
  }
  const { stack } = await rejection(theConsumer());
  assert.match(stack ?? "", /^ResponseError: .*\n\s+at async theConsumer/);
});

Deno.test("concurrent next() calls each get their own item", async () => {
  const { server: made } = serveCount();
  await using server = made;
  await using connection = await connectTo(server);
  const stream = connection.stream("count", { to: 3 }, { buffer: 1 });
  const results = await Promise.all(
    Array.from({ length: 5 }, () => stream.next()),
  );
  assert.deepEqual(
    results.map(({ value }) => value),
    [1, 2, 3, undefined, undefined],
  );
});

Deno.test("return() ends a pending next()", async () => {
  await using server = serveQuietly();
  const { opened, open } = gate();
  server.operation("wait", async function* () {
    await opened;
    yield "too late";
  });
  await using connection = await connectTo(server);
  const stream = connection.stream("wait");
  const waiting = stream.next();
  await connection.message("something");
  await stream.return();
  assert.deepEqual(await waiting, { done: true, value: undefined });
  open();
});

Deno.test("streams run concurrently with each other and with operations", async () => {
  const { server: made } = serveCount();
  await using server = made;
  server.operation("echo", (data) => data);
  await using connection = await connectTo(server);
  const slow = connection.stream("count", {}, { buffer: 4 });
  await slow.next();
  const streams = await Promise.all(
    Array.from(
      { length: 20 },
      (_, n) => collect(connection.stream("count", { to: n * 50 })),
    ),
  );
  assert.deepEqual(
    streams.map(({ length }) => length),
    Array.from({ length: 20 }, (_, n) => n * 50),
  );
  assert.deepEqual(await connection.operation("echo", { n: 1 }), { n: 1 });
  assert.equal((await slow.next()).value, 2);
  await slow.return();
});

Deno.test("a closed connection ends the stream and the generator", async () => {
  const { server: made, ended, ends } = serveCount({ closeTimeout: 1 });
  await using server = made;
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
  assert.deepEqual(ends, ["The client has left"]);
  await assert.rejects(
    collect(connection.stream("count")),
    ConnectionClosedError,
  );
});

Deno.test("Connection.close() ends the streams of the client", async () => {
  const { server: made, ended } = serveCount();
  await using server = made;
  const connection = await connectTo(server);
  const stream = connection.stream("count");
  await stream.next();
  await connection.close();
  await assert.rejects(collect(stream), ConnectionClosedError);
  await ended;
});

Deno.test("a closing server lets streams finish in time and ends the others", async () => {
  const { server: made, ends } = serveCount({ closeTimeout: 50 });
  await using server = made;
  await using connection = await connectTo(server);
  const finite = connection.stream("count", { to: 1_000 });
  const endless = connection.stream("count", {}, { buffer: 1 });
  await Promise.all([finite.next(), endless.next()]);
  const closed = server.close();
  assert.equal((await collect(finite)).length, 999);
  await closed;
  await assert.rejects(collect(endless), ConnectionClosedError);
  // Both signals aborted, and neither generator looked at its signal.
  assert.deepEqual(ends, Array(2).fill("The server closes"));
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
  assert.deepEqual(await collect(stream), ["The server closes"]);
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

Deno.test("stream() rejects with a Hoist 1 server", async () => {
  const frames: unknown[] = [];
  await using server = fakeServer((socket, frame) => {
    if (frame.end === true) return socket.close();
    frames.push(frame.action);
    socket.send(successFrame(Number(frame.id), null, { result: 1 }));
  });
  await using connection = await connectTo(server as unknown as Server);
  const error = await rejection(collect(connection.stream("rows")));
  assert(error instanceof FeatureError);
  assert.equal(
    error.message,
    'Cannot finish stream "rows": the server does not support the extension "stream" of this package. Update the server.',
  );
  assert.equal(await connection.operation("rows"), 1);
  assert.deepEqual(frames, [undefined, "operation"]);
});

Deno.test("a stream rejects if the server sends more items than requested", async () => {
  const answer = successFrame(0, null, { features: ["stream"] });
  const actions: unknown[] = [];
  await using server = fakeServer((socket, frame) => {
    if (frame.end === true) return socket.close();
    if ("token" in frame) return socket.send(answer);
    actions.push(frame.action);
    if (frame.action !== "stream") return;
    socket.send(
      successFrame(Number(frame.id), "items", { items: [1, 2, 3, 4, 5] }),
    );
  });
  await using connection = await connectTo(server as unknown as Server);
  const stream = connection.stream("rows", {}, { buffer: 3 });
  const error = await rejection(collect(stream));
  assert.equal(
    error.message,
    'Cannot continue stream "rows": the server sent more items than the client requested',
  );
  await connection.close();
  assert.deepEqual(actions, ["stream", "cancel"]);
});

Deno.test("stream() rejects invalid data and an invalid buffer", async () => {
  await using server = serveQuietly();
  await using connection = await connectTo(server);
  const stream = connection.stream as (...args: unknown[]) => unknown;
  for (const data of [[1], "text", null, { n: 1n }]) {
    assert.throws(() => stream.call(connection, "rows", data), {
      name: "TypeError",
      message: /^Cannot send stream "rows": its data /,
    });
  }
  for (const buffer of [0, -1, 1.5, NaN, Infinity, 65_537]) {
    assert.throws(() => connection.stream("rows", {}, { buffer }), {
      name: "RangeError",
      message:
        `Cannot call the operation: 'buffer' must be a whole number of items from 1 to 65536. It is ${buffer}.`,
    });
  }
});

Deno.test("stream() copies its data", async () => {
  const { server: made } = serveCount();
  await using server = made;
  await using connection = await connectTo(server);
  const data = { to: 2 };
  const stream = connection.stream("count", data);
  data.to = 3;
  assert.deepEqual(await collect(stream), [1, 2]);
});

Deno.test("a reconnect ends the old streams and allows new ones", async () => {
  const { server: made, ended } = serveCount();
  await using server = made;
  await using connection = await connectTo(server, {
    reconnect: { minDelay: 1, maxQueue: 1 },
  });
  const stream = connection.stream("count");
  await stream.next();
  const [client] = server.clients;
  (client as unknown as { disconnect(code: number, reason: string): void })
    .disconnect(1001, "");
  await assert.rejects(collect(stream), ConnectionClosedError);
  await ended;
  assert.deepEqual(await collect(connection.stream("count", { to: 2 })), [
    1,
    2,
  ]);
});

for (
  const [what, make] of [
    ["a ReadableStream", () => ReadableStream.from([1, 2])],
    ["a promise of a generator", async () => {
      await Promise.resolve();
      return (async function* () {
        yield* [1, 2];
      })();
    }],
    ["an object with an async iterator", () => ({
      async *[Symbol.asyncIterator]() {
        yield* [1, 2];
      },
    })],
  ] as const
) {
  Deno.test(`an operation can return ${what}`, async () => {
    await using server = serveQuietly();
    server.operation("two", make);
    await using connection = await connectTo(server);
    assert.deepEqual(await collect(connection.stream("two")), [1, 2]);
  });
}

Deno.test("a stream with a small buffer stays within maxRate", async () => {
  const limits = { maxRate: 1, maxBurst: 3 };
  const { server: made } = serveCount({ limits });
  await using server = made;
  await using connection = await connectTo(server);
  const stream = connection.stream("count", { to: 200 }, { buffer: 1 });
  assert.equal((await collect(stream)).length, 200);
  // The credit frames do not count towards the limit of other requests.
  assert.equal((await take(connection.stream("count"), 1)).length, 1);
});
