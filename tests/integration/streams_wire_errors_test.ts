/** The error frames of streams: docs/reference/protocol.md, "Extensions", `stream`. */

import assert from "node:assert/strict";
import { assertExceeded } from "../support/limits.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { operation, RawClient } from "../support/raw_client.ts";
import {
  cancel,
  credit,
  login,
  serveEndless,
  stream,
  takeItems,
} from "../support/stream_frames.ts";
import { gate } from "../support/timing.ts";

for (
  const [frame, id, desc] of [
    [credit(1, 0), 1, '"data.credit" must be a valid integer'],
    [credit(1, -1), 1, '"data.credit" must be a valid integer'],
    [
      credit(1, 1.5),
      1,
      '"data.credit" must be an integer, not a fractional number',
    ],
    [credit(1, "1"), 1, '"data.credit" must be an integer, not a string'],
    [credit(1, undefined), 1, '"data.credit" must be an integer, not null'],
    [credit("1", 1), null, '"id" must be an integer, not a string'],
    [cancel(null), null, '"id" must be an integer, not null'],
    [{ id: 1, action: "cancel" }, 1, '"data" must be an object, not null'],
    [stream(2, "three", 0), 2, '"data.credit" must be a valid integer'],
    [
      stream(2, "three", undefined),
      2,
      '"data.credit" must be an integer, not null',
    ],
    [
      stream(2, "three", 1, []),
      2,
      '"data.data" must be an object, not an array',
    ],
    [
      { id: 2, action: "stream", data: { data: {}, credit: 1 } },
      2,
      '"data.operation" must be a string, not null',
    ],
    [
      stream(1, "three", 1),
      1,
      '"id" is the id of a stream that has not ended',
    ],
  ] as const
) {
  Deno.test(`${JSON.stringify(frame)} is answered with code 2 and the stream continues`, async () => {
    await using started = serveEndless();
    const { server } = started;
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
  await using started = serveEndless();
  const { server, progress } = started;
  for (
    const [features, known] of [
      [undefined, '"message" or "operation"'],
      [[], '"message" or "operation"'],
      [["batch", "request"], '"message", "operation" or "done"'],
    ] as const
  ) {
    await using client = await RawClient.logIn(server, features);
    for (const frame of [stream(1, "endless", 1), credit(1, 1), cancel(1)]) {
      client.send(frame);
      const [{ code, id, desc }] = await client.take(1);
      assert.deepEqual([code, id], [8, 1]);
      assert.equal(desc, `"action" must be ${known}`);
    }
  }
  assert.equal(progress.count, 0);
});

Deno.test("a stream of an unknown operation fails with code 5, of a single result with code 7", async () => {
  await using started = serveEndless();
  const { server } = started;
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
      "the operation returns one result. Call it with 'connection.operation()'.",
      "the operation is a stream. Call it with 'connection.stream()'.",
    ]
  ) {
    const answer = await client.next();
    assert.deepEqual([answer.code, answer.desc], [7, desc]);
    assert.equal(answer.error, "UNSUPPORTED_OPERATION");
  }
});

Deno.test("a stream request is subject to maxDepth and maxPayload", async () => {
  await using started = serveEndless({ limits: { maxDepth: 2 } });
  const { server } = started;
  await using client = await login(server);
  client.send(stream(1, "three", 1, { a: { b: {} } }));
  assertExceeded(await client.next(), 1, "maxDepth", 2);
  client.send(stream(2, "three", 1, { text: "x".repeat(65_536) }));
  assert.equal((await client.closed).code, 1009);
});

Deno.test("an item that is too large ends its stream only", async () => {
  const logger = new LogRecorder();
  const limits = { maxBuffered: 1_024 };
  await using started = serveEndless({ limits, logger });
  const { server } = started;
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
    /operation "large" failed\n {2}RangeError: Cannot send an item: it must be at most 512 bytes long. It has [67]\d\d bytes. Send less data, or raise 'limits.maxBuffered' of the server./,
  );
  client.send(stream(2, "three", 9));
  assert.deepEqual(await takeItems(client, 3), [1, 2, 3]);
});

Deno.test("an item without a JSON form ends the stream with code 6", async () => {
  await using started = serveEndless({ logger: new LogRecorder() });
  const { server } = started;
  server.operation("odd", async function* () {
    yield undefined;
    yield [new Set()];
  });
  await using client = await login(server);
  client.send(stream(1, "odd", 9));
  assert.deepEqual(await takeItems(client, 1), [null]);
  assert.equal((await client.next()).code, 6);
});

Deno.test("a generator whose finally block throws fails with code 6", async () => {
  const logger = new LogRecorder();
  await using started = serveEndless({ logger });
  const { server } = started;
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
    /operation "broken" failed\n {2}Error: secret of the application/,
  );
});

Deno.test("a generator that throws after cancel is not logged as failed", async () => {
  const logger = new LogRecorder();
  await using started = serveEndless({ logger });
  const { server } = started;
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

Deno.test("a stuck generator does not delay the goodbye of its client", async () => {
  await using started = serveEndless({ closeTimeout: 1 });
  const { server } = started;
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
