/** How many items a stream requests, and how much can wait. */

import assert from "node:assert/strict";
import { BufferFullError } from "../../common/errors.ts";
import type { RequestEvents } from "../../client/link.ts";
import { ItemStream } from "../../client/stream.ts";
import { StreamWindow } from "../../client/stream_window.ts";
import { rejection } from "../support/errors.ts";
import {
  CANCEL,
  credit,
  FakeCall,
  requestItems,
  streamOver,
} from "../support/fake_call.ts";
import { endOfTick } from "../support/timing.ts";

Deno.test("requests at most 16 items before it knows their length", () => {
  const opening = (buffer: number, maxBuffered: number) =>
    new StreamWindow(buffer, maxBuffered).opening(1);
  assert.equal(opening(1, 1_024), 1);
  assert.equal(opening(16, 1_024), 16);
  assert.equal(opening(256, 1_024), 16);
  assert.equal(opening(256, Infinity), 256);
});

for (
  const [length, maxBuffered, credits] of [
    [1, 10_000, [248, 128]],
    [100, 10_000, [92, 50, 50]],
    [1_000, 10_000, [5, 5, 5]],
    [5_000, 10_000, [1, 1, 1]],
    [10_000, 10_000, [1, 1, 1]],
    [99_999, 10_000, [1, 1, 1]],
    [99_999, Infinity, [128, 128, 128]],
  ] as const
) {
  Deno.test(`grants ${credits.join(", ")} credits for items of ${length} bytes if maxBuffered is ${maxBuffered}`, async () => {
    const call = new FakeCall();
    const stream = streamOver(call, { maxBuffered });
    for (let n = 0; call.sent.length < credits.length; n++) {
      assert(n < 400, "The stream has stopped");
      const results = requestItems(stream, 1);
      await call.itemsOf(length, n);
      assert.deepEqual(results, [n]);
    }
    assert.deepEqual(call.sent, credits.map(credit));
  });
}

Deno.test("requests fewer items after a long item", async () => {
  const call = new FakeCall();
  const stream = streamOver(call, { maxBuffered: 1_000 });
  requestItems(stream, 1_000);
  for (let n = 0; n < 8; n++) await call.itemsOf(1, n);
  assert.deepEqual(call.sent, [credit(248)]);
  await call.itemsOf(500, 8);
  for (let n = 0; n < 253; n++) await call.itemsOf(1, n);
  assert.deepEqual(call.sent, [credit(248)]);
  await call.itemsOf(1, 0);
  await call.itemsOf(1, 0);
  assert.deepEqual(call.sent.slice(1), [credit(1), credit(1)]);
});

Deno.test("shares the length of a frame between its items", async () => {
  const call = new FakeCall();
  requestItems(streamOver(call, { maxBuffered: 1_000 }), 8);
  await call.itemsOf(80, 1, 2, 3, 4, 5, 6, 7, 8);
  assert.deepEqual(call.sent, [credit(92)]);
});

Deno.test("requests no items if the stream has ended in the same tick", async () => {
  const calls: RequestEvents[] = [];
  const sent: unknown[] = [];
  const stream = new ItemStream({
    subject: 'stream "rows"',
    buffer: 256,
    maxBuffered: 1_000,
    signal: undefined,
    call: (_signal, events) => {
      calls.push(events);
      events.onSent?.((encode) => sent.push(JSON.parse(encode(5))));
      return new Promise(() => {});
    },
  });
  requestItems(stream, 8);
  calls[0]?.onItems?.([1, 2, 3, 4, 5, 6, 7, 8], 8);
  await stream.return();
  await endOfTick();
  assert.deepEqual(sent, [CANCEL]);
});

Deno.test("fails if the items that wait have more than twice `maxBuffered` bytes", async () => {
  const call = new FakeCall();
  const stream = streamOver(call, { maxBuffered: 1_000 });
  const results = requestItems(stream, 1);
  await call.itemsOf(5_000, "consumed");
  await call.itemsOf(1_500, "a");
  await call.itemsOf(500, "b");
  assert.deepEqual([results, call.isAborted], [["consumed"], false]);
  assert.equal((await stream.next()).value, "a");
  await call.itemsOf(1_500, "c");
  assert.equal(call.isAborted, false);
  await call.itemsOf(1, "d");
  assert.deepEqual([call.sent, call.isAborted], [[CANCEL], true]);
  const error = await rejection(stream.next());
  assert(error instanceof BufferFullError);
  assert.equal(
    error.message,
    `Cannot continue stream "rows": the items that wait to be consumed have more than 2000 bytes. Consume them faster, use a smaller 'buffer', or raise 'maxBuffered'.`,
  );
  assert.equal((await stream.next()).done, true);
});

Deno.test("`maxBuffered: Infinity` allows items of any length", async () => {
  const call = new FakeCall();
  const stream = streamOver(call, { maxBuffered: Infinity });
  requestItems(stream, 1);
  for (let n = 0; n < 256; n++) await call.itemsOf(1e12, n);
  assert.equal(call.isAborted, false);
});
