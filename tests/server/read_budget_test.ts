/** How much a client can make the server read. */

import assert from "node:assert/strict";
import { ReadBudget } from "../../server/read_budget.ts";
import { Clock } from "../support/clock.ts";
import { endOfTick } from "../support/timing.ts";

const BURST = 134_217_728;

const MIB = 1_048_576;

/** Returns whether the budget lets a client read, without waiting for it. */
async function canRead(budget: ReadBudget): Promise<boolean> {
  let isDone = false;
  void budget.wait(() => !isDone).then(() => isDone = true);
  await Promise.resolve();
  await Promise.resolve();
  const result = isDone;
  isDone = true;
  return result;
}

Deno.test("a client can read 128 Mi at once, and then 1 Mi per second", async () => {
  using clock = new Clock();
  const budget = new ReadBudget();
  budget.take(BURST - 2);
  assert.equal(await canRead(budget), true);
  budget.take(3 * MIB);
  assert.equal(await canRead(budget), false);
  clock.pass(2_900);
  assert.equal(await canRead(budget), false);
  clock.pass(200);
  assert.equal(await canRead(budget), true);
  clock.pass(1_000_000);
  budget.take(BURST);
  assert.equal(await canRead(budget), false);
});

Deno.test("a client that is gone waits no longer", async () => {
  using clock = new Clock();
  const budget = new ReadBudget();
  budget.take(2 * BURST);
  let isThere = true;
  let isDone = false;
  const waiting = budget.wait(() => isThere).then(() => isDone = true);
  await endOfTick();
  assert.equal(clock.timers, 1);
  isThere = false;
  clock.pass(100);
  await waiting;
  assert.equal(isDone, true);
  assert.equal(clock.timers, 0);
});
