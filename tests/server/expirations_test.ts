/** Tests of `server/expirations.ts`. */

import assert from "node:assert/strict";
import { Expirations, type Expiring } from "../../server/expirations.ts";
import { Clock, READING_TIME } from "../support/clock.ts";

/** Creates a call, and records when it expires. */
function callOf(due: number | undefined) {
  const expired: number[] = [];
  const expire = () => void expired.push(performance.now());
  return { due, expire, expired };
}

Deno.test("a call expires at most a second after its deadline, once", () => {
  using clock = new Clock();
  const calls = new Expirations();
  const now = performance.now();
  const made = [0, 1, 999, 1_500, 10_000].map((left) => callOf(now + left));
  for (const call of made) calls.add(call);
  clock.pass(20_000);
  const late = made.map(({ due, expired }) => {
    assert.equal(expired.length, 1);
    return expired[0]! - due!;
  });
  assert(
    late.every((late) => late >= 0 && late <= 1_000 + READING_TIME),
    late.join(),
  );
  assert.equal(clock.timers, 0);
});

Deno.test("all calls share one timer, which runs only for calls with a deadline", () => {
  using clock = new Clock();
  const calls = new Expirations();
  calls.add(callOf(undefined));
  assert.equal(clock.timers, 0);
  const made = Array.from({ length: 10 }, () => callOf(clock.timers + 5_000));
  for (const call of made) calls.add(call);
  assert.equal(clock.timers, 1);
  for (const call of made) calls.delete(call);
  assert.equal(clock.timers, 0);
});

Deno.test("a call that has ended does not expire", () => {
  using clock = new Clock();
  const calls = new Expirations();
  const now = performance.now();
  const [ended, other] = [callOf(now + 10), callOf(now + 10)];
  calls.add(ended);
  calls.add(other);
  calls.delete(ended);
  calls.delete(ended);
  clock.pass(2_000);
  assert.deepEqual([ended.expired.length, other.expired.length], [0, 1]);
});

Deno.test("a call that expires can end others, and begin new ones", () => {
  using clock = new Clock();
  const calls = new Expirations();
  const now = performance.now();
  const second = callOf(now);
  const third = callOf(now + 5_000);
  const first: Expiring = {
    due: now,
    expire: () => {
      calls.delete(second);
      calls.add(third);
    },
  };
  calls.add(first);
  calls.add(second);
  clock.pass(1_000 + READING_TIME);
  assert.deepEqual([second.expired.length, clock.timers], [0, 1]);
  clock.pass(10_000);
  assert.deepEqual([third.expired.length, clock.timers], [1, 0]);
});

Deno.test("the deadlines that pass during a stall expire after it", () => {
  using clock = new Clock();
  const calls = new Expirations();
  const made = [10, 5_000].map((left) => callOf(performance.now() + left));
  for (const call of made) calls.add(call);
  clock.stall(60_000);
  // The cancel frames that arrived during the stall come first.
  assert.deepEqual(made.map(({ expired }) => expired.length), [0, 0]);
  clock.pass(2_000);
  assert.deepEqual(made.map(({ expired }) => expired.length), [1, 1]);
});
