/** Streams with a buffer of 0: the handler makes an item only when the caller asks. */

import assert from "node:assert/strict";
import { connectTo, serveQuietly } from "../support/server.ts";
import { collect, serveCount } from "../support/streams.ts";
import { gate } from "../support/timing.ts";

const PULL = { buffer: 0 };

Deno.test("with a buffer of 0, the handler makes no item ahead", async () => {
  await using started = serveCount();
  const { server, progress } = started;
  await using connection = await connectTo(server);
  const stream = connection.stream("count", { to: 5 }, PULL);
  for (let n = 1; n <= 5; n++) {
    assert.deepEqual(await stream.next(), { done: false, value: n });
    // Gives the server the time to make another item.
    for (let turn = 0; turn < 5; turn++) await connection.message("something");
    assert.equal(progress.count, n);
  }
  assert.deepEqual(started.ends, []);
  assert.deepEqual(await stream.next(), { done: true, value: undefined });
  assert.deepEqual(started.ends, ["finished"]);
});

Deno.test("with a buffer of 0, concurrent calls of next() get one item each", async () => {
  await using started = serveCount();
  await using connection = await connectTo(started.server);
  const stream = connection.stream("count", {}, PULL);
  const results = await Promise.all(
    Array.from({ length: 5 }, () => stream.next()),
  );
  assert.deepEqual(results.map(({ value }) => value), [1, 2, 3, 4, 5]);
  await connection.message("something");
  assert.equal(started.progress.count, 5);
  await stream.return();
});

Deno.test("workers with a buffer of 0 share a queue of jobs, and none is lost", async () => {
  await using server = serveQuietly();
  const jobs = Array.from({ length: 100 }, (_, n) => n);
  server.operation("jobs", async function* () {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      yield job;
    }
  });
  const done: number[] = [];
  const work = async (most: number) => {
    await using connection = await connectTo(server);
    for await (const job of connection.stream("jobs", {}, PULL)) {
      if (done.push(Number(job)) && --most === 0) break;
    }
  };
  await Promise.all([work(10), work(20), work(5)]);
  assert.deepEqual(jobs.length, 65);
  await work(Infinity);
  assert.deepEqual(done.toSorted((a, b) => a - b), [
    ...Array.from({ length: 100 }, (_, n) => n),
  ]);
});

Deno.test("with a buffer of 0, the loop ends with the error of the handler", async () => {
  await using server = serveQuietly();
  server.operation("fail", async function* () {
    yield 1;
    throw new Error("secret");
  });
  await using connection = await connectTo(server);
  const stream = connection.stream("fail", {}, PULL);
  assert.deepEqual(await stream.next(), { done: false, value: 1 });
  await assert.rejects(stream.next(), { name: "ResponseError" });
});

Deno.test("with a buffer of 0, return() ends a handler that waits to be asked", async () => {
  await using started = serveCount();
  await using connection = await connectTo(started.server);
  const stream = connection.stream("count", {}, PULL);
  await stream.next();
  await stream.return();
  await started.ended;
  assert.deepEqual(started.ends, ["The client has cancelled the stream"]);
  assert.equal(started.progress.count, 1);
});

Deno.test("with a buffer of 0, the credits do not count towards maxRate", async () => {
  await using started = serveCount({ limits: { maxRate: 1, maxBurst: 2 } });
  await using connection = await connectTo(started.server);
  const items = await collect(connection.stream("count", { to: 100 }, PULL));
  assert.equal(items.length, 100);
});

Deno.test("with a buffer of 0, a call of next() that waits for a slow item requests no second one", async () => {
  await using server = serveQuietly();
  const { opened, open } = gate();
  let made = 0;
  server.operation("slow", async function* () {
    while (true) {
      await opened;
      yield ++made;
    }
  });
  await using connection = await connectTo(server);
  const stream = connection.stream("slow", {}, PULL);
  const first = stream.next();
  await connection.message("something");
  open();
  assert.deepEqual(await first, { done: false, value: 1 });
  await connection.message("something");
  assert.equal(made, 1);
  await stream.return();
});
