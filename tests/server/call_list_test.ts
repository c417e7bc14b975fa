/** Tests of `server/call_list.ts`. */

import assert from "node:assert/strict";
import { CallList, type ListedCall } from "../../server/call_list.ts";

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
