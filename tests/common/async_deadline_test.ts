import assert from "node:assert/strict";
import { Deadline } from "../../common/async.ts";
import { Clock, READING_TIME } from "../support/clock.ts";

/** Starts a deadline; returns the number of times that it has expired. */
function start(timeout: number) {
  let count = 0;
  const deadline = new Deadline(timeout, () => count++);
  return { deadline, count: () => count };
}

Deno.test("Deadline expires once, after a turn of the event loop", () => {
  using clock = new Clock();
  const { count } = start(100);
  clock.pass(99 + READING_TIME);
  assert.equal(count(), 0);
  clock.pass(1);
  assert.deepEqual([count(), clock.timers], [1, 0]);
});

Deno.test("Deadline does not expire after cancel(), also in a grace period", () => {
  using clock = new Clock();
  const early = start(100);
  early.deadline.cancel();
  const late = start(100);
  clock.stall(200);
  late.deadline.cancel();
  clock.pass(10_000);
  assert.deepEqual([early.count(), late.count(), clock.timers], [0, 0, 0]);
});

Deno.test("Deadline with the timeout Infinity starts no timer", () => {
  using clock = new Clock();
  const { deadline, count } = start(Infinity);
  assert.deepEqual([count(), clock.timers], [0, 0]);
  deadline.cancel();
});

for (
  const [late, grace] of [
    [1, READING_TIME],
    [50, 50],
    [1_000, 1_000],
    [60_000, 1_000],
  ] as const
) {
  Deno.test(`Deadline grants ${grace} ms if its timer is ${late} ms late`, () => {
    using clock = new Clock();
    const { count } = start(100);
    clock.stall(100 + late);
    clock.pass(grace - 1);
    assert.equal(count(), 0);
    clock.pass(1);
    assert.deepEqual([count(), clock.timers], [1, 0]);
  });
}

Deno.test("Deadline grants at most two grace periods to a program that stalls again and again", () => {
  using clock = new Clock();
  const { count } = start(100);
  const counts = [1, 2, 3].map(() => {
    clock.stall(3_000);
    return count();
  });
  assert.deepEqual(counts, [0, 0, 1]);
});
