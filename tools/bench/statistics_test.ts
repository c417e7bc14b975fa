/** Medians, percentiles and ratios. */

import assert from "node:assert/strict";
import { median, pairedRatios, percentile } from "./statistics.ts";

Deno.test("returns the median of an odd and an even number of values", () => {
  assert.equal(median([10, 9, 1]), 9);
  assert.equal(median([10, 1, 4, 2]), 3);
  assert.equal(median([]), undefined);
});

Deno.test("returns one of the values as a percentile", () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index);
  assert.equal(percentile(values, 0.5), 100);
  assert.equal(percentile(values, 0.99), 198);
  assert.equal(percentile([7], 0.99), 7);
  assert.equal(percentile([], 0.5), undefined);
});

Deno.test("divides only values of the same round", () => {
  const ours = new Map([[0, 2], [1, 200], [2, 3]]);
  const theirs = new Map([[0, 1], [1, 100], [2, 1]]);
  // The ratio of the medians would be 3.
  assert.equal(median(pairedRatios(ours, theirs)), 2);
});

Deno.test("ignores rounds that only one side has", () => {
  const ours = new Map([[0, 6], [1, 100]]);
  assert.deepEqual(pairedRatios(ours, new Map([[0, 2]])), [3]);
  assert.deepEqual(pairedRatios(ours, new Map()), []);
});
