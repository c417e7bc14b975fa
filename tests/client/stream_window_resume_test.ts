/** Streams that continue: what a stream requests when its call is sent again. */

import assert from "node:assert/strict";
import { StreamPosition } from "../../client/stream_window.ts";
import {
  credit,
  FakeCall,
  requestItems,
  streamOver,
} from "../support/fake_call.ts";
import { endOfTick } from "../support/timing.ts";

/** Starts a stream that continues, over a call that a test answers. */
function start(buffer: number, isRepeatable = false) {
  const call = new FakeCall();
  const position = new StreamPosition(isRepeatable);
  const stream = streamOver(call, { buffer, position });
  return { call, stream };
}

Deno.test("a stream without a position asks for no ids", async () => {
  const call = new FakeCall();
  const stream = streamOver(call, { buffer: 4 });
  requestItems(stream, 1);
  await call.itemsWithIds([1], ["1"]);
  call.send();
  assert.deepEqual(call.openings.map(({ lastEventId }) => lastEventId), [
    ...[undefined, undefined],
  ]);
});

Deno.test("a stream continues after the last item that has arrived", async () => {
  const { call, stream } = start(4);
  const results = requestItems(stream, 1);
  await call.itemsWithIds([1, 2, 3], ["a", "b", "c"]);
  assert.deepEqual(results, [1]);
  call.send();
  assert.deepEqual(call.openings, [
    { credit: 4, lastEventId: null },
    { credit: 2, lastEventId: "c" },
  ]);
  // The items that had arrived before the reconnect are still returned.
  const later = requestItems(stream, 4);
  await call.itemsWithIds([4, 5], ["d", "e"]);
  assert.deepEqual(later, [2, 3, 4, 5]);
});

Deno.test("a stream with a full buffer continues without credit, and grants it later", async () => {
  const { call, stream } = start(2);
  requestItems(stream, 1);
  await call.itemsWithIds([1], ["a"]);
  await call.itemsWithIds([2, 3], ["b", "c"]);
  call.send();
  call.send();
  assert.deepEqual(call.openings.slice(1), [
    { credit: 0, lastEventId: "c" },
    { credit: 0, lastEventId: "c" },
  ]);
  call.sent.length = 0;
  assert.deepEqual(await stream.next(), { done: false, value: 2 });
  await endOfTick();
  assert.deepEqual(call.sent, [credit(1)]);
});

Deno.test("a strict stream continues with the credit that its caller waits for", async () => {
  const { call, stream } = start(0);
  requestItems(stream, 1);
  await call.itemsWithIds([1], ["a"]);
  call.send();
  assert.deepEqual(call.openings, [
    { credit: 1, lastEventId: null },
    { credit: 0, lastEventId: "a" },
  ]);
  requestItems(stream, 2);
  await endOfTick();
  assert.deepEqual(call.sent, [credit(1), credit(1)]);
  call.send();
  assert.deepEqual(call.openings[2], { credit: 2, lastEventId: "a" });
  await call.itemsWithIds([2, 3], ["b", "c"]);
  assert.equal(call.isAborted, false);
});

Deno.test("a credit that the next call includes is not granted twice", async () => {
  const { call, stream } = start(2);
  requestItems(stream, 1);
  await call.itemsWithIds([1, 2], ["a", "b"]);
  call.sent.length = 0;
  const item = stream.next();
  call.send();
  assert.deepEqual(await item, { done: false, value: 2 });
  await endOfTick();
  assert.deepEqual(call.openings[1], { credit: 2, lastEventId: "b" });
  assert.deepEqual(call.sent, []);
});

for (
  const ids of [undefined, [null, "b"], ["a", null]] as const
) {
  Deno.test(`a stream fails at once with the ids ${JSON.stringify(ids)}`, async () => {
    const { call, stream } = start(4);
    const results = requestItems(stream, 2);
    await call.itemsWithIds([1, 2], ids);
    assert(call.isAborted);
    const failed = results.find((result) => Array.isArray(result));
    assert.match(
      String((failed as unknown[])[1]),
      /^HoistError: Cannot resume stream "rows": the handler yielded an item without an id\. /,
    );
  });

  Deno.test(`an idempotent stream accepts the ids ${JSON.stringify(ids)}`, async () => {
    const { call, stream } = start(4, true);
    const results = requestItems(stream, 2);
    await call.itemsWithIds([1, 2], ids);
    assert.deepEqual(results, [1, 2]);
    call.send();
    const last = ids?.findLast((id) => id !== null) ?? null;
    assert.equal(call.openings[1]?.lastEventId, last);
  });
}
