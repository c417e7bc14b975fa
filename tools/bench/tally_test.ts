/** Rows, and counting them. */

import assert from "node:assert/strict";
import { chunkOf, rowOf } from "./streams/rows.ts";
import { Tally } from "./streams/tally.ts";

Deno.test("returns the rows of a chunk", () => {
  assert.deepEqual(chunkOf(5, 2), [rowOf(5), rowOf(6)]);
});

Deno.test("accepts rows that came once each, in any order", () => {
  const tally = new Tally();
  for (const n of [2, 0, 1]) tally.take(rowOf(n));
  tally.assertAll(3);
  assert.throws(() => tally.assertAll(4), /first 4 rows, got 3 rows/);
});

Deno.test("rejects a row that came twice instead of another one", () => {
  const tally = new Tally();
  for (const n of [0, 1, 1]) tally.take(rowOf(n));
  assert.throws(() => tally.assertAll(3), /with the sum 2/);
});

Deno.test("returns a promise for each row during a pause", async () => {
  const gate = Promise.withResolvers<void>();
  const stops: number[] = [];
  const tally = new Tally([2, 4], (count) => {
    stops.push(count);
    return gate.promise;
  });
  assert.equal(tally.take(rowOf(0)), undefined);
  const stop = tally.take(rowOf(1));
  assert.equal(tally.take(rowOf(2)), stop);
  gate.resolve();
  await stop;
  await tally.take(rowOf(3));
  assert.equal(tally.take(rowOf(4)), undefined);
  assert.deepEqual(stops, [2, 4]);
});
