/** Operations that return a stream, and Connection.stream(). */

import assert from "node:assert/strict";
import { FeatureError, ResponseError } from "../../common/errors.ts";
import type { Json } from "../../common/json.ts";
import type { Server } from "../../server.ts";
import { rejection } from "../support/errors.ts";
import { fakeServer, successFrame } from "../support/fake_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { collect, serveCount, take } from "../support/streams.ts";
import { gate } from "../support/timing.ts";

Deno.test("stream() yields all items in order and ends", async () => {
  await using started = serveCount();
  const { server, ends } = started;
  await using connection = await connectTo(server);
  for (const to of [0, 1, 2, 255, 256, 257, 10_000]) {
    const items = await collect(connection.stream("count", { to }));
    assert.deepEqual(items, Array.from({ length: to }, (_, n) => n + 1));
  }
  assert.deepEqual(ends, Array(7).fill("finished"));
});

for (const buffer of [0, 1, 2, 3, 7, 256, 65_536]) {
  Deno.test(`a stream with a buffer of ${buffer} yields all items and limits the producer`, async () => {
    await using started = serveCount();
    const { server, progress } = started;
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
  await using started = serveCount();
  const { server, progress } = started;
  await using connection = await connectTo(server);
  const stream = connection.stream("count", {}, { buffer: 16 });
  assert.deepEqual(await stream.next(), { done: false, value: 1 });
  // By now, the generator has made all items that its credit allows.
  for (let n = 0; n < 20; n++) await connection.message("something");
  assert.equal(progress.count, 16);
  await stream.return();
});

Deno.test("the operation is called when the first item is requested", async () => {
  await using started = serveCount();
  const { server, progress } = started;
  await using connection = await connectTo(server);
  const stream = connection.stream("count", { to: 1 });
  await connection.message("something");
  assert.equal(progress.count, 0);
  assert.equal((await stream.next()).value, 1);
  const never = connection.stream("count");
  assert.deepEqual(await never.return(), { done: true, value: undefined });
  assert.deepEqual(await never.next(), { done: true, value: undefined });
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
    'Cannot finish stream "fail": the server answered SERVER_ERROR: the server could not carry out the request. See the log of the server.',
  );
  await logger.line(
    /^error error: .*operation "fail" failed\n {2}Error: secret of the application/,
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
  await using started = serveCount();
  const { server } = started;
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
  await using started = serveCount();
  const { server } = started;
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
    'Cannot continue stream "rows": the server sent more items than the client requested. Update the server.',
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
  for (const buffer of [-1, 1.5, NaN, Infinity, 65_537]) {
    assert.throws(() => connection.stream("rows", {}, { buffer }), {
      name: "RangeError",
      message:
        `Cannot call the operation: 'buffer' must be a whole number of items from 0 to 65536. It is ${buffer}.`,
    });
  }
});

Deno.test("stream() copies its data", async () => {
  await using started = serveCount();
  const { server } = started;
  await using connection = await connectTo(server);
  const data = { to: 2 };
  const stream = connection.stream("count", data);
  data.to = 3;
  assert.deepEqual(await collect(stream), [1, 2]);
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
  await using started = serveCount({ limits });
  const { server } = started;
  await using connection = await connectTo(server);
  const stream = connection.stream("count", { to: 200 }, { buffer: 1 });
  assert.equal((await collect(stream)).length, 200);
  // The credit frames do not count towards the limit of other requests.
  assert.equal((await take(connection.stream("count"), 1)).length, 1);
});
