import assert from "node:assert/strict";
import { findTelemetry } from "../../common/telemetry.ts";
import {
  FairScheduler,
  forEachPerTurn,
  TimeoutQueue,
} from "../../server/scheduler.ts";
import { Clock, READING_TIME } from "../support/clock.ts";
import { TelemetryApi } from "../support/telemetry_api.ts";
import { endOfTick } from "../support/timing.ts";

/** An item of a queue. */
interface Expiring {
  expire(): void;
}

/** Creates a queue whose items expire after 100 ms. */
function makeQueue(): TimeoutQueue<Expiring> {
  return new TimeoutQueue(100, (item) => item.expire());
}

/** Creates items that record when they expire. */
function makeThings(count: number, expired: number[]): Expiring[] {
  return Array.from({ length: count }, (_, n) => ({
    expire: () => void expired.push(n),
  }));
}

Deno.test("TimeoutQueue expires each item in time", () => {
  using clock = new Clock();
  const expired: number[] = [];
  const deadlines = makeQueue();
  for (const thing of makeThings(3, expired)) {
    deadlines.add(thing);
    clock.pass(10);
  }
  for (
    const [milliseconds, expected] of [
      [69 + READING_TIME, []],
      [1, [0]],
      [9, [0]],
      [1, [0, 1]],
      [9, [0, 1]],
      [1, [0, 1, 2]],
    ] as const
  ) {
    clock.pass(milliseconds);
    assert.deepEqual(expired, expected);
  }
  assert.equal(clock.timers, 0);
});

Deno.test("TimeoutQueue expires the next item in time if one is added again when it expires", () => {
  using clock = new Clock();
  const expired: number[] = [];
  const deadlines = makeQueue();
  const again: Expiring = { expire: () => deadlines.add(again) };
  deadlines.add(again);
  clock.pass(50);
  const [thing] = makeThings(1, expired);
  deadlines.add(thing!);
  clock.pass(99 + READING_TIME);
  assert.deepEqual(expired, []);
  clock.pass(1);
  assert.deepEqual(expired, [0]);
  assert.equal(clock.timers, 1);
  deadlines.delete(again);
  assert.equal(clock.timers, 0);
});

Deno.test("TimeoutQueue uses one timer for all items", () => {
  using clock = new Clock();
  const deadlines = makeQueue();
  assert.equal(clock.timers, 0);
  const things = makeThings(1_000, []);
  for (const thing of things) deadlines.add(thing);
  assert.equal(clock.timers, 1);
  for (const thing of things.slice(1)) deadlines.delete(thing);
  assert.equal(clock.timers, 1);
  deadlines.delete(things[0]!);
  assert.equal(clock.timers, 0);
});

Deno.test("TimeoutQueue does not expire a deleted item", () => {
  using clock = new Clock();
  const expired: number[] = [];
  const deadlines = makeQueue();
  const [one, two, three] = makeThings(3, expired);
  deadlines.add(one!);
  clock.pass(50);
  deadlines.add(two!);
  deadlines.add(three!);
  deadlines.delete(one!);
  deadlines.delete(three!);
  deadlines.delete(three!);
  clock.pass(99 + READING_TIME);
  assert.deepEqual(expired, []);
  clock.pass(1);
  assert.deepEqual(expired, [1]);
  clock.pass(1_000);
  assert.deepEqual([expired, clock.timers], [[1], 0]);
});

Deno.test("TimeoutQueue starts again after it was empty", () => {
  using clock = new Clock();
  const expired: number[] = [];
  const deadlines = makeQueue();
  const [one, two] = makeThings(2, expired);
  deadlines.add(one!);
  deadlines.delete(one!);
  clock.pass(60);
  deadlines.add(two!);
  clock.pass(99 + READING_TIME);
  assert.deepEqual(expired, []);
  clock.pass(1);
  assert.deepEqual([expired, clock.timers], [[1], 0]);
});

Deno.test("TimeoutQueue waits again if a timer fires too early", () => {
  using clock = new Clock();
  const expired: number[] = [];
  const deadlines = makeQueue();
  for (const thing of makeThings(2, expired)) deadlines.add(thing);
  clock.pass(98 + READING_TIME, READING_TIME + 1);
  assert.deepEqual([expired, clock.timers], [[], 1]);
  clock.pass(2 + READING_TIME);
  assert.deepEqual([expired, clock.timers], [[0, 1], 0]);
});

Deno.test("TimeoutQueue expires no item at the end of a stall before its input is handled", () => {
  using clock = new Clock();
  const expired: number[] = [];
  const deadlines = makeQueue();
  const [one, two, three] = makeThings(3, expired);
  for (const thing of [one!, two!]) deadlines.add(thing);
  clock.pass(50);
  deadlines.add(three!);
  clock.stall(1_000);
  assert.deepEqual(expired, []);
  // The login was in the socket.
  deadlines.delete(one!);
  clock.pass(1_000);
  assert.deepEqual([expired, clock.timers], [[1, 2], 0]);
});

Deno.test("an item that expires can delete itself and others", () => {
  using clock = new Clock();
  const expired: string[] = [];
  const deadlines = makeQueue();
  const other: Expiring = { expire: () => void expired.push("other") };
  const first: Expiring = {
    expire() {
      expired.push("first");
      deadlines.delete(first);
      deadlines.delete(other);
    },
  };
  const last: Expiring = { expire: () => void expired.push("last") };
  for (const thing of [first, other, last]) deadlines.add(thing);
  clock.pass(100 + READING_TIME);
  assert.deepEqual([expired, clock.timers], [["first", "last"], 0]);
});

/** A scheduler whose turns a test runs. */
class Loop {
  readonly queue = new FairScheduler((turn) => this.#due.push(turn));
  readonly #due: (() => void)[] = [];

  /** The number of scheduled turns */
  get due(): number {
    return this.#due.length;
  }

  turn(): void {
    for (const turn of this.#due.splice(0)) turn();
  }
}

Deno.test("FairScheduler runs two tasks per turn, in order", () => {
  const loop = new Loop();
  const seen: number[] = [];
  for (let n = 0; n < 5; n++) loop.queue.add(() => seen.push(n));
  const counts: number[] = [];
  while (loop.due > 0) {
    assert.equal(loop.due, 1);
    loop.turn();
    counts.push(seen.length);
  }
  assert.deepEqual(seen, [0, 1, 2, 3, 4]);
  assert.deepEqual(counts, [2, 4, 5]);
});

Deno.test("FairScheduler is fair to tasks that are added again", () => {
  const loop = new Loop();
  const turns = Array<number>(10).fill(0);
  const queueAgain = (n: number) => {
    turns[n]!++;
    loop.queue.add(() => queueAgain(n));
  };
  for (const n of turns.keys()) loop.queue.add(() => queueAgain(n));
  for (let turn = 0; turn < 50; turn++) loop.turn();
  assert.deepEqual(turns, Array(10).fill(10));
});

Deno.test("FairScheduler runs more functions per turn if many wait", () => {
  const turns: (() => void)[] = [];
  const scheduler = new FairScheduler((turn) => void turns.push(turn));
  let count = 0;
  for (let n = 0; n < 80; n++) scheduler.add(() => void count++);
  turns.shift()!();
  assert.equal(count, 10);
});

Deno.test("FairScheduler schedules no turn without tasks", () => {
  const loop = new Loop();
  const seen: string[] = [];
  for (const name of ["first", "second"]) {
    assert.equal(loop.due, 0);
    loop.queue.add(() => seen.push(name));
    assert.equal(loop.due, 1);
    loop.turn();
    assert.equal(seen.at(-1), name);
  }
});

Deno.test("forEachPerTurn() handles 64 items per turn of the event loop", async () => {
  const items = Array.from({ length: 130 }, (_, n) => n);
  const seen: number[] = [];
  const counts: number[] = [];
  const all = forEachPerTurn(items, (item) => seen.push(item));
  while (seen.length < items.length) {
    counts.push(seen.length);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await all;
  assert.deepEqual(seen, items);
  assert.deepEqual(counts, [64, 128]);
});

Deno.test("forEachPerTurn() resolves without items", async () => {
  let isDone = false;
  void forEachPerTurn([], () => assert.fail("called")).then(() =>
    isDone = true
  );
  await endOfTick();
  assert(isDone);
});

Deno.test("an item of a TimeoutQueue does not belong to the span that has started its timer", async () => {
  using api = new TelemetryApi();
  const { promise, resolve } = Promise.withResolvers<boolean | undefined>();
  const queue = new TimeoutQueue<void>(
    10,
    () => resolve(findTelemetry()?.hasSpan),
  );
  api.within(() => queue.add());
  assert.equal(await promise, false);
});
