/** Streams that continue over reconnects: docs/reference/protocol.md, `resume`. */

import assert from "node:assert/strict";
import { createConnection } from "../../client.ts";
import {
  ConnectionClosedError,
  FeatureError,
  ResponseError,
} from "../../common/errors.ts";
import type { Json } from "../../common/json.ts";
import { tracked } from "../../server.ts";
import { freePort } from "../../tools/lib/ports.ts";
import { rejection } from "../support/errors.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { seededRandom } from "../support/random.ts";
import {
  connectReconnecting,
  FAST_RECONNECT,
  StateRecorder,
} from "../support/reconnecting.ts";
import {
  connectThrough,
  numbersAfter,
  numbersTo,
  RESUME,
  serveNumbers,
} from "../support/resuming.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { collect } from "../support/streams.ts";
import { VERSION_1_0 } from "../support/version_1_0.ts";

Deno.test("a stream with `resume` continues after the connection was lost", async () => {
  await using numbers = serveNumbers();
  await using client = await connectThrough(numbers.server);
  const items: Json[] = [];
  const options = { ...RESUME, buffer: 8 };
  const stream = client.connection.stream("numbers", { to: 100 }, options);
  for await (const item of stream) {
    if (items.push(item) % 30 === 0) client.proxy.cut();
  }
  assert.deepEqual(items, numbersTo(100));
  assert.equal(numbers.starts.length, 4);
  assert.equal(numbers.starts[0], undefined);
});

const SEED = 20_261_129;

for (const buffer of [0, 1, 7, 256]) {
  Deno.test(`with a buffer of ${buffer}, no item is lost or repeated at random cuts`, async () => {
    const random = seededRandom(SEED + buffer);
    await using numbers = serveNumbers();
    await using client = await connectThrough(numbers.server);
    const { connection, proxy } = client;
    const to = 400 + 30 * buffer;
    const items: Json[] = [];
    let next = 1;
    const options = { ...RESUME, buffer };
    for await (const item of connection.stream("numbers", { to }, options)) {
      items.push(item);
      if (items.length < next) continue;
      next = items.length + 1 + Math.floor(random() * (30 + buffer));
      // Some cuts come while items arrive, some when the buffer is full.
      for (let turns = Math.floor(random() * 4); turns > 0; turns--) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      proxy.cut();
    }
    assert.deepEqual(items, numbersTo(to));
    assert(numbers.starts.length > 10, `${numbers.starts.length} calls`);
  });
}

Deno.test("concurrent streams with `resume` all continue", async () => {
  await using numbers = serveNumbers();
  await using client = await connectThrough(numbers.server);
  const { connection, proxy } = client;
  let received = 0;
  const read = async (to: number) => {
    const items: Json[] = [];
    for await (const item of connection.stream("numbers", { to }, RESUME)) {
      items.push(item);
      if (++received % 70 === 0) proxy.cut();
    }
    assert.deepEqual(items, numbersTo(to));
  };
  await Promise.all([10, 50, 100, 200].map(read));
});

Deno.test("a stream with `resume` continues at a restarted server", async () => {
  const port = freePort();
  let first = serveNumbers({ port });
  await using connection = await connectReconnecting(first.server);
  const items: Json[] = [];
  try {
    const stream = connection.stream("numbers", { to: 200 }, RESUME);
    for await (const item of stream) {
      if (items.push(item) % 50 !== 0) continue;
      await first.server.close({ timeout: 0 });
      first = serveNumbers({ port });
    }
  } finally {
    await first.server.close();
  }
  assert.deepEqual(items, numbersTo(200));
});

Deno.test("a handler that returns because the server closes does not end the stream", async () => {
  const serveTicks = (port: number) => {
    const server = serveQuietly({ port });
    server.operation("ticks", async function* (_data, context) {
      const { signal, lastEventId } = context;
      for await (const item of numbersAfter(lastEventId)) {
        if (signal.aborted) return;
        yield item;
      }
    });
    return server;
  };
  const port = freePort();
  const first = serveTicks(port);
  await using connection = await connectReconnecting(first);
  const stream = connection.stream("ticks", {}, { ...RESUME, buffer: 1 });
  assert.deepEqual(await stream.next(), { done: false, value: 1 });
  await first.close();
  await using _second = serveTicks(port);
  for (let n = 2; n < 20; n++) {
    assert.deepEqual(await stream.next(), { done: false, value: n });
  }
  await stream.return();
});

Deno.test("a stream without `resume` ends normally if the server closes", async () => {
  await using server = serveQuietly();
  server.operation("ticks", async function* (_data, { signal }) {
    for await (const item of numbersAfter(undefined)) {
      if (signal.aborted) return;
      yield item;
    }
  });
  await using connection = await connectTo(server);
  const stream = connection.stream("ticks", {}, { buffer: 1 });
  await stream.next();
  void server.close();
  let result = await stream.next();
  while (!result.done) result = await stream.next();
});

Deno.test("an error of a handler that cannot continue ends the loop after the items that arrived", async () => {
  await using server = serveQuietly();
  server.operation("recent", async function* (_data, context) {
    const { signal, lastEventId } = context;
    if (lastEventId !== undefined) {
      throw new Error(`no ${lastEventId} any more`);
    }
    yield* numbersAfter(lastEventId, 10);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  });
  await using client = await connectThrough(server);
  const { connection, proxy } = client;
  const states = new StateRecorder(connection);
  const items: Json[] = [];
  const error = await rejection((async () => {
    for await (const item of connection.stream("recent", {}, RESUME)) {
      if (items.push(item) > 1) continue;
      // All ten items have arrived when the answer to this message has.
      await connection.message("something");
      proxy.cut();
      await states.next("open");
      await connection.message("something");
    }
  })());
  assert(error instanceof ResponseError);
  assert.deepEqual(items, numbersTo(10));
});

Deno.test("a stream with `resume` and a full buffer asks for no more items when it continues", async () => {
  let made = 0;
  await using server = serveQuietly();
  server.operation("numbers", async function* (_data, { lastEventId }) {
    for await (const item of numbersAfter(lastEventId)) {
      made++;
      yield item;
    }
  });
  await using client = await connectThrough(server);
  const { connection, proxy } = client;
  const states = new StateRecorder(connection);
  const stream = connection.stream("numbers", {}, { ...RESUME, buffer: 4 });
  await stream.next();
  for (let cuts = 0; cuts < 5; cuts++) {
    for (let n = 0; n < 5; n++) await connection.message("something");
    // One item was read, and at most four wait.
    assert(made <= 5, `${made} items`);
    proxy.cut();
    await states.next("open");
  }
  for (let n = 2; n < 30; n++) {
    assert.deepEqual(await stream.next(), { done: false, value: n });
  }
  await stream.return();
});

Deno.test("an item without an id ends a stream with `resume`", async () => {
  await using server = serveQuietly();
  server.operation("mixed", async function* () {
    yield tracked("1", 1);
    yield 2;
  });
  await using connection = await connectReconnecting(server);
  const error = await rejection(
    collect(connection.stream("mixed", {}, { ...RESUME, buffer: 1 })),
  );
  assert.equal(
    error.message,
    "Cannot resume stream \"mixed\": the handler yielded an item without an id. Yield tracked(id, item) for each item, or set 'idempotent' if items can arrive twice.",
  );
});

Deno.test("with `idempotent`, a stream starts again after its last item with an id", async () => {
  await using server = serveQuietly();
  const starts: unknown[] = [];
  server.operation("prices", async function* ({ ids }, { lastEventId }) {
    starts.push(lastEventId);
    if (ids === true) yield tracked("first", 0);
    while (true) yield 1;
  });
  await using client = await connectThrough(server);
  const options = { ...RESUME, idempotent: true, buffer: 1 };
  for (const ids of [false, true]) {
    const states = new StateRecorder(client.connection);
    const stream = client.connection.stream("prices", { ids }, options);
    for (let n = 0; n < 5; n++) await stream.next();
    client.proxy.cut();
    await states.next("open");
    for (let n = 0; n < 5; n++) await stream.next();
    await stream.return();
  }
  assert.deepEqual(starts, [undefined, undefined, undefined, "first"]);
});

Deno.test("a stream with `resume` continues after a cut before its first item", async () => {
  await using numbers = serveNumbers();
  await using client = await connectThrough(numbers.server);
  const { connection, proxy } = client;
  const first = connection.stream("numbers", { to: 3 }, RESUME);
  const waiting = first.next();
  proxy.cut();
  assert.deepEqual(await waiting, { done: false, value: 1 });
  assert.deepEqual(await collect(first), [2, 3]);
});

Deno.test("a stream can be called while the client reconnects", async () => {
  await using numbers = serveNumbers();
  await using client = await connectThrough(numbers.server, {
    reconnect: { ...FAST_RECONNECT, maxQueue: 10 },
  });
  const { connection, proxy } = client;
  const states = new StateRecorder(connection);
  proxy.cut();
  await states.next("waiting");
  for (const buffer of [0, 256]) {
    const stream = connection.stream("numbers", { to: 3 }, {
      ...RESUME,
      buffer,
    });
    assert.deepEqual(await collect(stream), [1, 2, 3]);
  }
});

Deno.test("`resume` needs a client that reconnects", async () => {
  await using numbers = serveNumbers();
  const { url } = numbers.server;
  await using open = await connectTo(numbers.server);
  await using opening = createConnection("test", { url, reconnect: false });
  for (const connection of [open, opening]) {
    assert.throws(() => connection.stream("numbers", {}, RESUME), {
      name: "TypeError",
      message:
        "Cannot call the operation: 'resume' needs a client that reconnects. Set the option 'reconnect'.",
    });
  }
});

Deno.test("the items of a stream without `resume` have no ids", async () => {
  await using numbers = serveNumbers();
  await using connection = await connectTo(numbers.server);
  const items = await collect(connection.stream("numbers", { to: 3 }));
  assert.deepEqual(items, [1, 2, 3]);
});

Deno.test("a closed code of the application ends a stream with `resume`", async () => {
  await using numbers = serveNumbers();
  await using connection = await connectReconnecting(numbers.server);
  const stream = connection.stream("numbers", {}, { ...RESUME, buffer: 1 });
  await stream.next();
  const [client] = numbers.server.clients;
  client!.close(4_000, "enough");
  const error = await rejection(collect(stream));
  assert(error instanceof ConnectionClosedError);
  assert.equal(error.code, 4_000);
});

Deno.test("a feature that the server has no more ends a stream with `resume`", async () => {
  const port = freePort();
  const numbers = serveNumbers({ port });
  await using connection = await connectReconnecting(numbers.server);
  const stream = connection.stream("numbers", {}, { ...RESUME, buffer: 1 });
  await stream.next();
  await numbers.server.close({ timeout: 0 });
  await using _old = VERSION_1_0.serve("test", {
    ...{ hostname: "127.0.0.1", port, logger: new LogRecorder() },
  });
  const error = await rejection(collect(stream));
  assert(error instanceof FeatureError);
  assert.match(error.message, /does not support the extension "resume"/);
});
