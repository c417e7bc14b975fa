import assert from "node:assert/strict";
import { EntryQueue, Lifetime } from "../../admin/lifetime.ts";
import type { Client } from "../../server/message.ts";
import { endOfTick } from "../support/timing.ts";

/** A stream of an admin that a test ends. */
class FakeStream {
  readonly controller = new AbortController();
  /** The number of functions that wait for the loss of rights */
  watchers = 0;
  #onLost: (() => void) | undefined;
  readonly lifetime: Lifetime;

  constructor() {
    const guard = {
      watch: (_client: Client, onLost: () => void) => {
        this.watchers++;
        this.#onLost = onLost;
        return { [Symbol.dispose]: () => void this.watchers-- };
      },
    };
    const { signal } = this.controller;
    this.lifetime = new Lifetime(guard, { client: {} as Client, signal });
  }

  lose(): void {
    this.#onLost?.();
  }
}

Deno.test("a wait ends with its time, by wake(), and with the stream", async () => {
  const { lifetime, controller } = new FakeStream();
  await lifetime.wait(1);
  for (const time of [3_600_000, Infinity]) {
    const waiting = lifetime.wait(time);
    lifetime.wake();
    await waiting;
  }
  const waiting = lifetime.wait();
  assert(lifetime.goesOn());
  controller.abort();
  await waiting;
  await lifetime.wait();
  assert(!lifetime.goesOn());
});

Deno.test("a stream whose client is no admin any more fails", async () => {
  const stream = new FakeStream();
  const waiting = stream.lifetime.wait();
  stream.lose();
  await waiting;
  await stream.lifetime.wait();
  assert.throws(() => stream.lifetime.goesOn(), {
    code: 10,
    message: "the client is not allowed to use this name",
  });
});

Deno.test("the end of a stream removes its watcher, and its wait", async () => {
  const stream = new FakeStream();
  assert.equal(stream.watchers, 1);
  {
    using lifetime = stream.lifetime;
    void lifetime.wait(3_600_000);
  }
  assert.equal(stream.watchers, 0);
  await endOfTick();
});

/** Reads chunks until a condition is true. */
async function readWhile<Entry>(
  queue: EntryQueue<Entry>,
  isDone: (entries: readonly Entry[], dropped: number) => boolean,
) {
  const sizes: number[] = [];
  const entries: Entry[] = [];
  let dropped = 0;
  for await (const chunk of queue.chunks()) {
    sizes.push(chunk.entries.length);
    entries.push(...chunk.entries);
    dropped += chunk.dropped;
    if (isDone(entries, dropped)) break;
  }
  return { sizes, entries, dropped };
}

Deno.test("entries are collected into chunks of 100", async () => {
  const { lifetime } = new FakeStream();
  const queue = new EntryQueue<number>(lifetime, 4_194_304);
  const reading = readWhile(queue, ({ length }) => length === 250);
  for (let n = 0; n < 250; n++) queue.add(n);
  const { sizes, entries } = await reading;
  assert.deepEqual(sizes, [100, 100, 50]);
  assert.deepEqual(entries, Array.from({ length: 250 }, (_, n) => n));
});

Deno.test("entries for a reader that is too slow are dropped and counted", async () => {
  const { lifetime } = new FakeStream();
  const queue = new EntryQueue<number>(lifetime, 4_194_304);
  for (let n = 0; n < 5_000; n++) queue.add(n);
  const { entries, dropped } = await readWhile(
    queue,
    (entries, dropped) => entries.length + dropped === 5_000,
  );
  assert.equal(dropped, 4_000);
  assert.deepEqual(entries, Array.from({ length: 1_000 }, (_, n) => n));
});

Deno.test("the memory of entries that wait is limited", () => {
  const { lifetime } = new FakeStream();
  const queue = new EntryQueue<string>(lifetime, 4_194_304);
  for (let n = 0; n < 500; n++) queue.add("x".repeat(30_000));
  return readWhile(
    queue,
    (entries, dropped) => entries.length + dropped === 500,
  ).then(({ sizes, entries }) => {
    assert.equal(entries.length, 34);
    assert(sizes.every((size) => size === 1));
  });
});

Deno.test("an entry that fits into no frame is dropped, and the reader learns of it", async () => {
  const { lifetime } = new FakeStream();
  const queue = new EntryQueue<string>(lifetime, 8_000);
  const reading = readWhile(queue, ({ length }) => length === 1);
  queue.add("x".repeat(1_500));
  queue.add("y");
  const { entries, dropped } = await reading;
  assert.deepEqual([entries, dropped], [["y"], 1]);
});

Deno.test("an entry that is too large is cut if the queue can do so", async () => {
  const { lifetime } = new FakeStream();
  const queue = new EntryQueue<string>(
    lifetime,
    8_000,
    (entry, maxUnits) => entry.slice(0, entry === "z" ? 0 : maxUnits - 2),
  );
  const reading = readWhile(queue, ({ length }) => length === 2);
  queue.add("x".repeat(1_500));
  queue.add("y");
  const { entries, dropped } = await reading;
  assert.deepEqual(entries, ["x".repeat(998), "y"]);
  assert.equal(dropped, 0);
});

Deno.test("a queue ends with its stream", async () => {
  const { lifetime, controller } = new FakeStream();
  const chunks = new EntryQueue<number>(lifetime, 4_194_304).chunks();
  const next = chunks.next();
  controller.abort();
  assert.deepEqual(await next, { done: true, value: undefined });
});

Deno.test("a busy queue has one chunk in each window", async () => {
  const { lifetime } = new FakeStream();
  const queue = new EntryQueue<number>(lifetime, 4_194_304);
  for (let n = 0; n < 300; n++) queue.add(n);
  const start = performance.now();
  await readWhile(queue, ({ length }) => length === 300);
  // Timers can fire a little early.
  assert(performance.now() - start > 3 * 45);
});

Deno.test("a full queue drops entries without looking at them", () => {
  const { lifetime } = new FakeStream();
  const queue = new EntryQueue<object>(lifetime, 4_194_304);
  for (let n = 0; n < 999; n++) queue.add({});
  assert(!queue.isFull);
  queue.add({});
  assert(queue.isFull);
  queue.add({
    toJSON() {
      throw new Error("The entry was prepared");
    },
  });
});
