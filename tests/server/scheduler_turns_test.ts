import assert from "node:assert/strict";
import { FairScheduler, forEachInBatches } from "../../server/scheduler.ts";
import { endOfTick } from "../support/timing.ts";

/** A queue whose turns of the event loop a test makes. */
class Loop {
  readonly queue = new FairScheduler((turn) => this.#due.push(turn));
  readonly #due: (() => void)[] = [];

  /** How many turns of the event loop are due */
  get due(): number {
    return this.#due.length;
  }

  turn(): void {
    for (const turn of this.#due.splice(0)) turn();
  }
}

Deno.test("a FairScheduler gives two a turn at a time, in their order", () => {
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

Deno.test("a FairScheduler is fair to those that queue again and again", () => {
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

Deno.test("a FairScheduler rests when nobody waits, and goes on later", () => {
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

Deno.test("forEachInBatches() acts on 64 in a turn of the event loop, and on all", async () => {
  const items = Array.from({ length: 130 }, (_, n) => n);
  const seen: number[] = [];
  const counts: number[] = [];
  const all = forEachInBatches(items, (item) => seen.push(item));
  while (seen.length < items.length) {
    counts.push(seen.length);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await all;
  assert.deepEqual(seen, items);
  assert.deepEqual(counts, [64, 128]);
});

Deno.test("forEachInBatches() is done at once if there is nobody", async () => {
  let isDone = false;
  void forEachInBatches([], () => assert.fail("called")).then(() =>
    isDone = true
  );
  await endOfTick();
  assert(isDone);
});
