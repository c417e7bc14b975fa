/** The frames of streams: docs/reference/protocol.md, "Extensions", `stream`. */

import assert from "node:assert/strict";
import { assertExceeded } from "../support/limits.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { operation, RawClient, SUCCESS } from "../support/raw_client.ts";
import {
  cancel,
  credit,
  DONE,
  login,
  serveEndless,
  stream,
  takeItems,
} from "../support/stream_frames.ts";
import { endOfTick, gate } from "../support/timing.ts";

Deno.test("a stream is answered with the frames of the protocol", async () => {
  await using started = serveEndless();
  const { server } = started;
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
  await using started = serveEndless();
  const { server, progress } = started;
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
  await using started = serveEndless();
  const { server } = started;
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
  await using started = serveEndless();
  const { server, progress } = started;
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
  await using started = serveEndless();
  const { server } = started;
  const { opened, open } = gate();
  let calls = 0;
  server.operation("late", async () => {
    await opened;
    return (async function* () {
      calls++;
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
  assert.equal(calls, 0);
});

Deno.test("credit that comes before the first item counts", async () => {
  await using started = serveEndless();
  const { server } = started;
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
  await using started = serveEndless();
  const { server } = started;
  await using client = await login(server);
  client.send(stream(1, "three", Number.MAX_SAFE_INTEGER));
  client.send(credit(1, Number.MAX_SAFE_INTEGER));
  assert.deepEqual(await takeItems(client, 3), [1, 2, 3]);
  assert.deepEqual(await client.next(), { ...DONE, id: 1 });
});

Deno.test("the server ignores credit and cancel without a stream", async () => {
  await using started = serveEndless();
  const { server } = started;
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

Deno.test("a stream counts towards maxPending until its generator has ended", async () => {
  const limits = { maxPending: 2 };
  await using started = serveEndless({ limits });
  const { server } = started;
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
  await using started = serveEndless({
    limits,
    logger: new LogRecorder(),
  });
  const { server, progress } = started;
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
    reason: "too many requests",
  });
});

Deno.test("an endless generator does not delay other clients", async () => {
  await using started = serveEndless({ closeTimeout: 1 });
  const { server } = started;
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
  await using started = serveEndless();
  const { server } = started;
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

Deno.test("a client that disconnects ends all its streams", async () => {
  await using started = serveEndless();
  const { server, progress } = started;
  const client = await login(server);
  for (let id = 1; id <= 5; id++) client.send(stream(id, "endless", 1));
  await takeItems(client, 5);
  await client[Symbol.asyncDispose]();
  while (server.clients.size > 0) await endOfTick();
  await endOfTick();
  assert.equal(progress.ended, 5);
});
