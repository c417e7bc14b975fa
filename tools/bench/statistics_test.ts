/** Medians, percentiles and ratios. */

import assert from "node:assert/strict";
import { median, pairedRatio, percentile } from "./statistics.ts";

Deno.test("the median is in the middle, or between the two that are", () => {
  assert.equal(median([10, 9, 1]), 9);
  assert.equal(median([10, 1, 4, 2]), 3);
  assert.equal(median([]), undefined);
});

Deno.test("a percentile is one of the values", () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index);
  assert.equal(percentile(values, 0.5), 100);
  assert.equal(percentile(values, 0.99), 198);
  assert.equal(percentile([7], 0.99), 7);
  assert.equal(percentile([], 0.5), undefined);
});

Deno.test("a ratio is of the same round, whatever the machine did then", () => {
  const ours = new Map([[0, 2], [1, 200], [2, 3]]);
  const theirs = new Map([[0, 1], [1, 100], [2, 1]]);
  // The ratio of the medians would be 3.
  assert.equal(pairedRatio(ours, theirs), 2);
});

Deno.test("a round that only one side has counts for nothing", () => {
  const ours = new Map([[0, 6], [1, 100]]);
  assert.equal(pairedRatio(ours, new Map([[0, 2]])), 3);
  assert.equal(pairedRatio(ours, new Map()), undefined);
});
