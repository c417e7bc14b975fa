/** Streams that wait for capacity are served in turns. */

import assert from "node:assert/strict";
import { Backpressure, type Waiter } from "../../server/streams.ts";
import { endOfTick } from "../support/timing.ts";

/** A connection whose capacity and turns a test controls. */
class Stage {
  space = 0;
  /** How often the capacity was checked */
  looks = 0;
  readonly entered: string[] = [];
  readonly backpressure = new Backpressure({
    hasCapacity: (units) => {
      this.looks++;
      return units <= this.space;
    },
    drained: () => new Promise((resolve) => this.#drained.push(resolve)),
  }, { add: (turn) => void this.#turns.push(turn) });
  #drained: (() => void)[] = [];
  #turns: (() => void)[] = [];

  /** The number of pending drains and turns */
  get due(): number {
    return this.#drained.length + this.#turns.length;
  }

  /** Waits for capacity under a name, and uses it. */
  wait(name: string, units: number): Waiter {
    const onWritable = () => {
      this.entered.push(name);
      this.space -= units;
    };
    const waiter = { units, onWritable };
    this.backpressure.wait(waiter);
    return waiter;
  }

  /** Lets the connection drain, which adds capacity. */
  async drain(space: number): Promise<void> {
    this.space += space;
    for (const end of this.#drained.splice(0)) end();
    await endOfTick();
  }

  async turn(): Promise<void> {
    for (const turn of this.#turns.splice(0)) turn();
    await endOfTick();
  }
}

Deno.test("isWritable() asks the transport for its capacity", () => {
  const stage = new Stage();
  assert(!stage.backpressure.isWritable(1) && stage.backpressure.isWritable(0));
  stage.space = 5;
  assert(stage.backpressure.isWritable(5) && !stage.backpressure.isWritable(6));
  assert.equal(stage.due, 0);
});

Deno.test("Backpressure serves one waiter per turn, in order", async () => {
  const stage = new Stage();
  for (const name of ["a", "b", "c"]) stage.wait(name, 1);
  assert.equal(stage.due, 1);
  await stage.drain(10);
  assert.deepEqual(stage.entered, ["a"]);
  await stage.turn();
  assert.deepEqual(stage.entered, ["a", "b"]);
  await stage.turn();
  await stage.turn();
  assert.deepEqual(stage.entered, ["a", "b", "c"]);
  assert.equal(stage.due, 0);
});

Deno.test("Backpressure lets no waiter overtake the first one", async () => {
  const stage = new Stage();
  stage.wait("large", 10);
  stage.wait("small", 1);
  await stage.drain(5);
  assert.deepEqual(stage.entered, []);
  assert(!stage.backpressure.isWritable(1));
  await stage.drain(5);
  assert.deepEqual(stage.entered, ["large"]);
  await stage.turn();
  // The first one has used all capacity.
  assert.deepEqual(stage.entered, ["large"]);
  await stage.drain(1);
  assert.deepEqual(stage.entered, ["large", "small"]);
  await stage.turn();
  assert(stage.backpressure.isWritable(0));
});

Deno.test("Backpressure checks the capacity only for the first waiter", async () => {
  const stage = new Stage();
  for (let n = 0; n < 1_000; n++) stage.wait(String(n), 1);
  for (let drain = 1; drain <= 5; drain++) {
    await stage.drain(0);
    assert.deepEqual([stage.looks, stage.due], [drain, 1]);
  }
});

Deno.test("Backpressure skips waiters that have been cancelled", async () => {
  const stage = new Stage();
  const waiters = ["a", "b", "c"].map((name) => stage.wait(name, 1));
  stage.backpressure.cancel(waiters[0]!);
  await stage.drain(10);
  assert.deepEqual(stage.entered, ["b"]);
  stage.backpressure.cancel(waiters[2]!);
  await stage.turn();
  assert.deepEqual([stage.entered, stage.due], [["b"], 0]);
  assert(stage.backpressure.isWritable(1));
});

Deno.test("Backpressure stops checking without waiters, and starts again later", async () => {
  const stage = new Stage();
  stage.backpressure.cancel(stage.wait("a", 1));
  // The first drain is still pending.
  stage.wait("b", 1);
  assert.equal(stage.due, 1);
  await stage.drain(1);
  await stage.turn();
  assert.deepEqual([stage.entered, stage.due], [["b"], 0]);
  stage.wait("c", 1);
  assert.equal(stage.due, 1);
  await stage.drain(1);
  await stage.turn();
  assert.deepEqual(stage.entered, ["b", "c"]);
});
