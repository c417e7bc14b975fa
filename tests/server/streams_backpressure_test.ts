/** Those who wait for room get in by turns, as far as there is some. */

import assert from "node:assert/strict";
import { Backpressure, type Waiter } from "../../server/streams.ts";
import { endOfTick } from "../support/timing.ts";

/** A room by hand: how much is in it, when it is looked at, and when a turn is over. */
class Stage {
  space = 0;
  /** How often somebody has looked whether there is room */
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

  /** How many moments and turns are waited for */
  get due(): number {
    return this.#drained.length + this.#turns.length;
  }

  /** Waits for room under a name, and takes it up. */
  wait(name: string, units: number): Waiter {
    const onWritable = () => {
      this.entered.push(name);
      this.space -= units;
    };
    const waiter = { units, onWritable };
    this.backpressure.wait(waiter);
    return waiter;
  }

  /** A moment is over, in which so much room has come about. */
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

Deno.test("a room is open as far as its owner has some, and looks only then", () => {
  const stage = new Stage();
  assert(!stage.backpressure.isWritable(1) && stage.backpressure.isWritable(0));
  stage.space = 5;
  assert(stage.backpressure.isWritable(5) && !stage.backpressure.isWritable(6));
  assert.equal(stage.due, 0);
});

Deno.test("those who wait get in by their order, one in a turn", async () => {
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

Deno.test("nobody overtakes the first, however little room is needed", async () => {
  const stage = new Stage();
  stage.wait("large", 10);
  stage.wait("small", 1);
  await stage.drain(5);
  assert.deepEqual(stage.entered, []);
  assert(!stage.backpressure.isWritable(1));
  await stage.drain(5);
  assert.deepEqual(stage.entered, ["large"]);
  await stage.turn();
  // The first has taken up all there was.
  assert.deepEqual(stage.entered, ["large"]);
  await stage.drain(1);
  assert.deepEqual(stage.entered, ["large", "small"]);
  await stage.turn();
  assert(stage.backpressure.isWritable(0));
});

Deno.test("only the first is looked at, however many wait", async () => {
  const stage = new Stage();
  for (let n = 0; n < 1_000; n++) stage.wait(String(n), 1);
  for (let moment = 1; moment <= 5; moment++) {
    await stage.drain(0);
    assert.deepEqual([stage.looks, stage.due], [moment, 1]);
  }
});

Deno.test("those who have given up are in nobody's way", async () => {
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

Deno.test("a room that all have left looks no more, until somebody waits again", async () => {
  const stage = new Stage();
  stage.backpressure.cancel(stage.wait("a", 1));
  // It still waits for the moment to be over, and only once.
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
