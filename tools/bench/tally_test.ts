/** Counting rows, and the ways to get them. */

import assert from "node:assert/strict";
import { chunkOf, rowOf } from "./streams/rows.ts";
import { Tally } from "./streams/tally.ts";

Deno.test("chunks have the rows from a number on", () => {
  assert.deepEqual(chunkOf(5, 2), [rowOf(5), rowOf(6)]);
});

Deno.test("rows are complete if each of them came once, in any order", () => {
  const tally = new Tally();
  for (const n of [2, 0, 1]) tally.take(rowOf(n));
  tally.assertAll(3);
  assert.throws(() => tally.assertAll(4), /of 4 rows, 3 came/);
});

Deno.test("a row that came twice in place of another is noticed", () => {
  const tally = new Tally();
  for (const n of [0, 1, 1]) tally.take(rowOf(n));
  assert.throws(() => tally.assertAll(3), /or others/);
});

Deno.test("whoever takes a row during a stop waits until it is over", async () => {
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
