/** How much a client can make the server read. */

import assert from "node:assert/strict";
import { ListSpace, ReadBudget } from "../../server/read_budget.ts";
import { Clock } from "../support/clock.ts";
import { endOfTick } from "../support/timing.ts";

const BURST = 134_217_728;

const MIB = 1_048_576;

/** The requests of one client that wait. */
const REQUESTS = 1_000;

/** Returns whether the budget lets a client read, without waiting for it. */
async function canRead(budget: ReadBudget): Promise<boolean> {
  let isDone = false;
  void budget.wait(() => !isDone).then(() => isDone = true);
  await endOfTick();
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

Deno.test("only the first of many requests waits for the budget with a timer", async () => {
  using clock = new Clock();
  const budget = new ReadBudget();
  budget.take(BURST + MIB);
  const passed: number[] = [];
  const requests = Array.from(
    { length: REQUESTS },
    (_, index) => budget.wait(() => true).then(() => passed.push(index)),
  );
  for (const _ of [1, 2, 3]) {
    await endOfTick();
    assert.equal(clock.timers, 1);
    clock.pass(100);
  }
  clock.pass(2_000);
  await endOfTick();
  clock.pass(100);
  await Promise.all(requests);
  assert.deepEqual(passed, [...passed].sort((a, b) => a - b));
  assert.equal(clock.timers, 0);
});

/** A client that reads nothing until it has capacity. */
class FakeReader {
  readonly closed = undefined;
  isReading = false;
  checks = 0;
  #drain = Promise.withResolvers<void>();

  hasCapacity(): boolean {
    this.checks++;
    return this.isReading;
  }

  drained(): Promise<void> {
    return this.#drain.promise;
  }

  /** Lets all that waits check again. */
  async drain(): Promise<void> {
    const { resolve } = this.#drain;
    this.#drain = Promise.withResolvers();
    resolve();
    await endOfTick();
  }
}

Deno.test("only the first of many lists checks whether a client reads", async () => {
  const reader = new FakeReader();
  const lists = new ListSpace(reader);
  const order: number[] = [];
  const requests = Array.from(
    { length: REQUESTS },
    (_, index) =>
      lists.reserve(() => 100_000).then((free) => {
        order.push(index);
        free();
      }),
  );
  await reader.drain();
  reader.checks = 0;
  await reader.drain();
  assert.equal(reader.checks, 1);
  assert.deepEqual(order, []);
  reader.isReading = true;
  while (order.length < REQUESTS) await reader.drain();
  await Promise.all(requests);
  assert.deepEqual(order, [...order].sort((a, b) => a - b));
});

Deno.test("a request without a list does not wait behind lists", async () => {
  const lists = new ListSpace(new FakeReader());
  void lists.reserve(() => 100_000);
  const free = await lists.reserve(() => 0);
  free();
});
