/** Tests of `server/call_list.ts`. */

import assert from "node:assert/strict";
import {
  CallList,
  Expirations,
  type Expiring,
  type ListedCall,
} from "../../server/call_list.ts";
import { Clock, READING_TIME } from "../support/clock.ts";

class Call implements ListedCall<Call> {
  older: Call | undefined;
  newer: Call | undefined;

  constructor(readonly id: number) {}
}

/** Creates a list of calls with the ids 0, 1, … */
function listOf(length: number) {
  const list = new CallList<Call>();
  const calls = Array.from({ length }, (_, id) => new Call(id));
  for (const call of calls) list.add(call);
  return { list, calls };
}

Deno.test("finds every call until it is deleted, in any order", () => {
  for (
    const order of [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [
      2,
      1,
      0,
    ]]
  ) {
    const { list, calls } = listOf(3);
    const left = new Set(calls);
    for (const id of order) {
      const call = calls[id]!;
      list.delete(call);
      left.delete(call);
      for (const other of calls) {
        const found = list.find(other.id);
        assert.equal(found, left.has(other) ? other : undefined);
      }
    }
    list.add(calls[0]!);
    assert.equal(list.find(0), calls[0]);
  }
});

Deno.test("a call that is deleted keeps no other in memory", () => {
  const { list, calls } = listOf(3);
  for (const call of calls) {
    list.delete(call);
    assert.deepEqual([call.older, call.newer], [undefined, undefined]);
  }
});

Deno.test("a call that is not in the list can be deleted", () => {
  const { list, calls } = listOf(2);
  list.delete(new Call(0));
  list.delete(calls[1]!);
  list.delete(calls[1]!);
  assert.deepEqual([list.find(0), list.find(1)], [calls[0], undefined]);
  const empty = new CallList<Call>();
  empty.delete(new Call(0));
  assert.equal(empty.find(0), undefined);
});

Deno.test("finds the newest of several calls with one id", () => {
  const list = new CallList<Call>();
  const [first, second] = [new Call(7), new Call(7)];
  list.add(first);
  list.add(second);
  assert.equal(list.find(7), second);
  list.delete(second);
  assert.equal(list.find(7), first);
});

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
