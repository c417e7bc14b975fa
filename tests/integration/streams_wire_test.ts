/** The frames of streams: docs/protocol.md, "Extensions", `stream`. */

import assert from "node:assert/strict";
import type { ServeOptions, Server } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { operation, RawClient, SUCCESS } from "../support/raw_client.ts";
import { serveQuietly } from "../support/server.ts";
import { endOfTick, gate } from "../support/timing.ts";
import { assertExceeded } from "../support/limits.ts";

/** The frame that starts a stream. */
function stream(id: number, name: string, credit: unknown, data: unknown = {}) {
  return { id, action: "stream", data: { operation: name, data, credit } };
}

/** The frame that adds credit to a stream. */
function credit(id: unknown, credit: unknown) {
  return { id, action: "credit", data: { credit } };
}

/** The frame that cancels a stream. */
function cancel(id: unknown) {
  return { id, action: "cancel", data: {} };
}

/** Starts a server with an endless stream, and counts its items and ends. */
function serveEndless(options: ServeOptions = {}) {
  const server = serveQuietly(options);
  const made = { count: 0, ended: 0 };
  server.operation("endless", async function* () {
    try {
      for (;;) yield ++made.count;
    } finally {
      made.ended++;
    }
  });
  server.operation("three", async function* () {
    yield* [1, 2, 3];
  });
  server.operation("one", () => 1);
  return { server, made };
}

function login(server: Server): Promise<RawClient> {
  return RawClient.logIn(server, ["stream"]);
}

/** Returns the next items of a stream, from one or more frames. */
async function takeItems(client: RawClient, count: number): Promise<unknown[]> {
  const items: unknown[] = [];
  while (items.length < count) {
    const frame = await client.next();
    assert.equal(frame.message, "items");
    items.push(...frame.data.items);
  }
  return items;
}

const DONE = { ...SUCCESS, message: "done" };

Deno.test("a stream is answered with the frames of the protocol", async () => {
  const { server: made } = serveEndless();
  await using server = made;
  await using client = await login(server);
  client.send(stream(5, "three", 256));
  assert.deepEqual(await client.next(), {
    ...SUCCESS,
    message: "items",
    id: 5,
    data: { items: [1, 2, 3] },
  });
  assert.deepEqual(await client.next(), { ...DONE, id: 5 });
});

Deno.test("the server sends and produces as many items as the credit allows", async () => {
  const { server: made, made: progress } = serveEndless();
  await using server = made;
  await using client = await login(server);
  client.send(stream(1, "endless", 3));
  assert.deepEqual(await takeItems(client, 3), [1, 2, 3]);
  client.send(operation(2, "one"));
  assert.equal((await client.next()).id, 2);
  assert.equal(progress.count, 3);
  client.send(credit(1, 2));
  assert.deepEqual(await takeItems(client, 2), [4, 5]);
  client.send(operation(3, "one"));
  assert.equal((await client.next()).id, 3);
  assert.equal(progress.count, 5);
});

Deno.test("a stream without credit ends with the next credit", async () => {
  const { server: made } = serveEndless();
  await using server = made;
  await using client = await login(server);
  client.send(stream(1, "three", 3));
  assert.deepEqual(await takeItems(client, 3), [1, 2, 3]);
  // The server learns of the end only when it asks for the next item.
  client.send(operation(2, "one"));
  assert.equal((await client.next()).id, 2);
  client.send(credit(1, 1));
  assert.deepEqual(await client.next(), { ...DONE, id: 1 });
});

Deno.test("cancel runs the finally block of the generator before done is sent", async () => {
  const { server: made, made: progress } = serveEndless();
  await using server = made;
  await using client = await login(server);
  client.send(stream(1, "endless", 1));
  await takeItems(client, 1);
  client.send(cancel(1));
  assert.deepEqual(await client.next(), { ...DONE, id: 1 });
  assert.equal(progress.ended, 1);
  // The id can be used again.
  client.send(stream(1, "three", 9));
  assert.deepEqual(await takeItems(client, 3), [1, 2, 3]);
});

Deno.test("cancel before the first item ends the stream", async () => {
  const { server: made } = serveEndless();
  await using server = made;
  const { opened, open } = gate();
  let started = 0;
  server.operation("late", async () => {
    await opened;
    return (async function* () {
      started++;
      yield 1;
    })();
  });
  await using client = await login(server);
  client.send(stream(1, "late", 9));
  client.send(cancel(1));
  client.send(cancel(1));
  client.send(operation(2, "one"));
  assert.equal((await client.next()).id, 2);
  open();
  assert.deepEqual(await client.next(), { ...DONE, id: 1 });
  assert.equal(started, 0);
});

Deno.test("credit that comes before the first item counts", async () => {
  const { server: made } = serveEndless();
  await using server = made;
  const { opened, open } = gate();
  server.operation("late", async function* () {
    await opened;
    yield* [1, 2, 3, 4];
  });
  await using client = await login(server);
  client.send(stream(1, "late", 1));
  client.send(credit(1, 1));
  client.send(credit(1, 1));
  client.send(operation(2, "one"));
  assert.equal((await client.next()).id, 2);
  open();
  assert.deepEqual(await takeItems(client, 3), [1, 2, 3]);
});

Deno.test("the server accepts and adds any credit up to 53 bits", async () => {
  const { server: made } = serveEndless();
  await using server = made;
  await using client = await login(server);
  client.send(stream(1, "three", Number.MAX_SAFE_INTEGER));
  client.send(credit(1, Number.MAX_SAFE_INTEGER));
  assert.deepEqual(await takeItems(client, 3), [1, 2, 3]);
  assert.deepEqual(await client.next(), { ...DONE, id: 1 });
});

Deno.test("the server ignores credit and cancel without a stream", async () => {
  const { server: made } = serveEndless();
  await using server = made;
  const { opened, open } = gate();
  server.operation("wait", () => opened.then(() => "done waiting"));
  await using client = await login(server);
  client.send(operation(1, "wait"));
  for (const id of [0, 1, 2, -1]) {
    client.send(credit(id, 1));
    client.send(cancel(id));
  }
  open();
  assert.deepEqual((await client.next()).data, { result: "done waiting" });
  client.send(operation(2, "one"));
  assert.equal((await client.next()).id, 2);
});

for (
  const [frame, id, desc] of [
    [credit(1, 0), 1, '"data.credit" must be a valid int'],
    [credit(1, -1), 1, '"data.credit" must be a valid int'],
    [credit(1, 1.5), 1, '"data.credit" must be int, not float'],
    [credit(1, "1"), 1, '"data.credit" must be int, not str'],
    [credit(1, undefined), 1, '"data.credit" must be int, not None'],
    [credit("1", 1), null, '"id" must be int, not str'],
    [cancel(null), null, '"id" must be int, not None'],
    [{ id: 1, action: "cancel" }, 1, '"data" must be dict, not None'],
    [stream(2, "three", 0), 2, '"data.credit" must be a valid int'],
    [stream(2, "three", undefined), 2, '"data.credit" must be int, not None'],
    [stream(2, "three", 1, []), 2, '"data.data" must be dict, not list'],
    [
      { id: 2, action: "stream", data: { data: {}, credit: 1 } },
      2,
      '"data.operation" must be str, not None',
    ],
    [
      stream(1, "three", 1),
      1,
      '"id" is that of a stream that has not ended',
    ],
  ] as const
) {
  Deno.test(`${JSON.stringify(frame)} is answered with code 2 and the stream continues`, async () => {
    const { server: made } = serveEndless();
    await using server = made;
    await using client = await login(server);
    client.send(stream(1, "endless", 1));
    await takeItems(client, 1);
    client.send(frame);
    const answer = await client.next();
    assert.deepEqual([answer.code, answer.id, answer.desc], [2, id, desc]);
    client.send(credit(1, 1));
    assert.deepEqual(await takeItems(client, 1), [2]);
  });
}

Deno.test("a client without the extension gets code 8 for each action", async () => {
  const { server: made, made: progress } = serveEndless();
  await using server = made;
  for (const features of [undefined, [], ["batch", "request"]]) {
    await using client = await RawClient.logIn(server, features);
    for (const frame of [stream(1, "endless", 1), credit(1, 1), cancel(1)]) {
      client.send(frame);
      const [{ code, id, desc }] = await client.take(1);
      assert.deepEqual([code, id], [8, 1]);
      assert.equal(desc, '"action" must be "message" or "operation"');
    }
  }
  assert.equal(progress.count, 0);
});

Deno.test("a stream of an unknown operation fails with code 5, of a single result with code 7", async () => {
  const { server: made } = serveEndless();
  await using server = made;
  await using client = await login(server);
  for (const name of ["fly", "__proto__", "constructor", ""]) {
    client.send(stream(1, name, 1));
    const { code, id } = await client.next();
    assert.deepEqual([code, id], [5, 1]);
  }
  client.send(stream(1, "one", 1));
  client.send(operation(2, "three"));
  for (
    const desc of [
      "the operation gives one result: call it with 'connection.operation()'",
      "the operation gives a stream: ask for it with 'connection.stream()'",
    ]
  ) {
    const answer = await client.next();
    assert.deepEqual([answer.code, answer.desc], [7, desc]);
    assert.equal(answer.error, "UNSUPPORTED_OPERATION");
  }
});

Deno.test("a stream counts towards maxPending until its generator has ended", async () => {
  const limits = { maxPending: 2 };
  const { server: made } = serveEndless({ limits });
  await using server = made;
  const { opened, open } = gate();
  server.operation("slow end", async function* () {
    try {
      yield 1;
      yield 2;
    } finally {
      await opened;
    }
  });
  await using client = await login(server);
  client.send(stream(1, "slow end", 1));
  client.send(stream(2, "endless", 1));
  await takeItems(client, 2);
  client.send(cancel(1));
  client.send(stream(3, "three", 1));
  assertExceeded(await client.next(), 3, "maxPending", 2);
  open();
  assert.deepEqual(await client.next(), { ...DONE, id: 1 });
  client.send(stream(3, "three", 9));
  await takeItems(client, 3);
});

Deno.test("credit and cancel are not rejected by maxRate, but too many close the connection", async () => {
  const limits = { maxRate: 1, maxBurst: 10 };
  const { server: made, made: progress } = serveEndless({
    limits,
    logger: new LogRecorder(),
  });
  await using server = made;
  await using client = await login(server);
  client.send(stream(1, "endless", 1));
  for (let n = 0; n < 15; n++) client.send(credit(1, 1));
  assert.equal((await takeItems(client, 16)).length, 16);
  client.send(operation(2, "one"));
  assertExceeded(await client.next(), 2, "maxRate", 1);
  client.send(cancel(1));
  assert.deepEqual(await client.next(), { ...DONE, id: 1 });
  assert.equal(progress.ended, 1);
  for (let n = 0; n < 10; n++) client.send(credit(1, 1));
  assert.deepEqual(await client.closed, {
    code: 1008,
    reason: "too many messages",
  });
});

Deno.test("an endless generator does not delay other clients", async () => {
  const { server: made } = serveEndless({ closeTimeout: 1 });
  await using server = made;
  await using endless = await login(server);
  endless.send(stream(1, "endless", Number.MAX_SAFE_INTEGER));
  await takeItems(endless, 1);
  await using other = await login(server);
  for (let id = 1; id <= 20; id++) {
    other.send(operation(id, "one"));
    assert.equal((await other.next()).id, id);
  }
});

Deno.test("items of one turn are sent in one frame, and several streams in one batch", async () => {
  const { server: made } = serveEndless();
  await using server = made;
  await using client = await RawClient.logIn(server, ["stream", "batch"]);
  client.send([stream(1, "three", 9), stream(2, "three", 9)]);
  const frames = await client.take(4);
  assert.deepEqual(
    frames.map(({ id, message, data }) => [id, message, data?.items]),
    [
      [1, "items", [1, 2, 3]],
      [2, "items", [1, 2, 3]],
      [1, "done", undefined],
      [2, "done", undefined],
    ],
  );
});

Deno.test("a stream request is subject to maxDepth and maxPayload", async () => {
  const { server: made } = serveEndless({ limits: { maxDepth: 2 } });
  await using server = made;
  await using client = await login(server);
  client.send(stream(1, "three", 1, { a: { b: {} } }));
  assertExceeded(await client.next(), 1, "maxDepth", 2);
  client.send(stream(2, "three", 1, { text: "x".repeat(65_536) }));
  assert.equal((await client.closed).code, 1009);
});

Deno.test("an item that is too large ends its stream only", async () => {
  const logger = new LogRecorder();
  const limits = { maxBuffered: 1_024 };
  const { server: made } = serveEndless({ limits, logger });
  await using server = made;
  const { opened: ended, open: end } = gate();
  server.operation("large", async function* () {
    try {
      yield "small";
      // No other reply would fit beside this item.
      yield "x".repeat(600);
    } finally {
      end();
    }
  });
  await using client = await login(server);
  client.send(stream(1, "large", 9));
  assert.deepEqual(await takeItems(client, 1), ["small"]);
  const { code, id } = await client.next();
  assert.deepEqual([code, id], [6, 1]);
  await ended;
  await logger.line(
    /operation "large" failed\nRangeError: Cannot send an item: it must be at most 512 bytes long. It has [67]\d\d bytes. Raise 'limits.maxBuffered' of the server./,
  );
  client.send(stream(2, "three", 9));
  assert.deepEqual(await takeItems(client, 3), [1, 2, 3]);
});

Deno.test("an item without a JSON form ends the stream with code 6", async () => {
  const { server: made } = serveEndless({ logger: new LogRecorder() });
  await using server = made;
  server.operation("odd", async function* () {
    yield undefined;
    yield NaN;
    yield 1n;
  });
  await using client = await login(server);
  client.send(stream(1, "odd", 9));
  assert.deepEqual(await takeItems(client, 2), [null, null]);
  assert.equal((await client.next()).code, 6);
});

Deno.test("a generator whose finally block throws fails with code 6", async () => {
  const logger = new LogRecorder();
  const { server: made } = serveEndless({ logger });
  await using server = made;
  server.operation("broken", async function* ({ to }) {
    try {
      for (let n = 1; n <= Number(to); n++) yield n;
    } finally {
      // deno-lint-ignore no-unsafe-finally -- the test needs it
      throw new Error("secret of the application");
    }
  });
  await using client = await login(server);
  client.send(stream(1, "broken", 9, { to: 1 }));
  assert.deepEqual(await takeItems(client, 1), [1]);
  assert.equal((await client.next()).code, 6);
  client.send(stream(2, "broken", 1, { to: 9 }));
  assert.deepEqual(await takeItems(client, 1), [1]);
  client.send(cancel(2));
  const { code, id } = await client.next();
  assert.deepEqual([code, id], [6, 2]);
  await logger.line(
    /operation "broken" failed\nError: secret of the application/,
  );
});

Deno.test("a generator that throws after cancel is not logged as failed", async () => {
  const logger = new LogRecorder();
  const { server: made } = serveEndless({ logger });
  await using server = made;
  server.operation("abortable", async function* (_data, { signal }) {
    yield 1;
    await new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  });
  await using client = await login(server);
  client.send(stream(1, "abortable", 2));
  await takeItems(client, 1);
  client.send(cancel(1));
  assert.equal((await client.next()).id, 1);
  client.send(operation(2, "one"));
  await client.next();
  assert(!logger.lines.some((line) => /failed/.test(line)));
});

Deno.test("a stuck generator stays pending until its client disconnects", async () => {
  const { server: made } = serveEndless({ closeTimeout: 1 });
  await using server = made;
  server.operation("stuck", async function* () {
    yield 1;
    await new Promise(() => {});
  });
  await using client = await login(server);
  client.send(stream(1, "stuck", 2));
  await takeItems(client, 1);
  client.send(cancel(1));
  client.send(operation(2, "one"));
  assert.equal((await client.next()).id, 2);
  client.send({ id: null, end: true });
  assert.equal((await client.closed).code, 1000);
});

Deno.test("a client that disconnects ends all its streams", async () => {
  const { server: made, made: progress } = serveEndless();
  await using server = made;
  const client = await login(server);
  for (let id = 1; id <= 5; id++) client.send(stream(id, "endless", 1));
  await takeItems(client, 5);
  await client[Symbol.asyncDispose]();
  while (server.clients.size > 0) await endOfTick();
  await endOfTick();
  assert.equal(progress.ended, 5);
});
