/** Consecutive numbers. */

import assert from "node:assert/strict";
import { Sequence } from "./sequence.ts";

Deno.test("accepts consecutive numbers from any number on", () => {
  const sequence = new Sequence();
  assert.equal(sequence.take(7), undefined);
  assert.equal(sequence.take(8), undefined);
  assert.equal(sequence.take(8), "8 after 8");
  assert.equal(sequence.take(10), "10 after 8");
  assert.equal(sequence.take(11), undefined);
});
