/** Tests of `common/queue.ts`. */

import assert from "node:assert/strict";
import { Queue } from "../../common/queue.ts";

Deno.test("an empty queue returns undefined, however often remove() is called", () => {
  const queue = new Queue<number>();
  for (const _ of [1, 2, 3]) {
    assert.equal(queue.remove(), undefined);
    assert.equal(queue.size, 0);
  }
  queue.add(1);
  assert.equal(queue.size, 1);
  assert.equal(queue.remove(), 1);
});

for (const length of [1, 2, 1_023, 1_024, 1_025, 5_000]) {
  Deno.test(`a queue of ${length} items returns them in order while others are added`, () => {
    const queue = new Queue<number>();
    let added = 0;
    while (added < length) queue.add(added++);
    for (let removed = 0; removed < 3 * length; removed++) {
      assert.equal(queue.remove(), removed);
      // The last third is only removed.
      if (removed < 2 * length) queue.add(added++);
      assert.equal(queue.size, added - removed - 1);
    }
    assert.equal(queue.remove(), undefined);
  });
}

Deno.test("a queue can contain null and undefined", () => {
  const queue = new Queue<unknown>();
  for (const item of [null, undefined, 0, ""]) queue.add(item);
  const items = [];
  while (queue.size > 0) items.push(queue.remove());
  assert.deepEqual(items, [null, undefined, 0, ""]);
});

Deno.test("a queue works again after it was cleared", () => {
  const queue = new Queue<number>();
  for (const item of [1, 2, 3]) queue.add(item);
  queue.remove();
  queue.clear();
  assert.equal(queue.size, 0);
  assert.equal(queue.remove(), undefined);
  queue.add(4);
  assert.equal(queue.remove(), 4);
});
