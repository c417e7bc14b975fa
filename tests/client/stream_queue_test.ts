import assert from "node:assert/strict";
import { Queue } from "../../client/stream.ts";

Deno.test("a queue that is empty has nothing to take, however often it is asked", () => {
  const queue = new Queue<number>();
  for (const _ of [1, 2, 3]) {
    assert.equal(queue.take(), undefined);
    assert.equal(queue.size, 0);
  }
  queue.add(1);
  assert.equal(queue.size, 1);
  assert.equal(queue.take(), 1);
});

for (const length of [1, 2, 1_023, 1_024, 1_025, 5_000]) {
  Deno.test(`a queue of ${length} gives its items in their order, while others come`, () => {
    const queue = new Queue<number>();
    let added = 0;
    while (added < length) queue.add(added++);
    for (let taken = 0; taken < 3 * length; taken++) {
      assert.equal(queue.take(), taken);
      // The last third is only taken.
      if (taken < 2 * length) queue.add(added++);
      assert.equal(queue.size, added - taken - 1);
    }
    assert.equal(queue.take(), undefined);
  });
}

Deno.test("a queue gives what is nothing, too", () => {
  const queue = new Queue<unknown>();
  for (const item of [null, undefined, 0, ""]) queue.add(item);
  const items = [];
  while (queue.size > 0) items.push(queue.take());
  assert.deepEqual(items, [null, undefined, 0, ""]);
});

Deno.test("a queue that was cleared begins anew", () => {
  const queue = new Queue<number>();
  for (const item of [1, 2, 3]) queue.add(item);
  queue.take();
  queue.clear();
  assert.equal(queue.size, 0);
  assert.equal(queue.take(), undefined);
  queue.add(4);
  assert.equal(queue.take(), 4);
});
