/** Random choices that all derive from one seed. */

import assert from "node:assert/strict";
import { Random } from "./random.ts";

function draw(random: Random): number[] {
  return Array.from({ length: 100 }, () => random.between(1, 6));
}

Deno.test("repeats the choices of a seed, with other choices for each source", () => {
  assert.deepEqual(draw(Random.of(1, "a", 2)), draw(Random.of(1, "a", 2)));
  assert.notDeepEqual(draw(Random.of(1, "a", 2)), draw(Random.of(1, "a", 3)));
  assert.notDeepEqual(draw(Random.of(1, "a", 2)), draw(Random.of(2, "a", 2)));
});

Deno.test("chooses both ends of a range, and nothing beyond them", () => {
  const drawn = new Set(draw(new Random(1)));
  assert.deepEqual([...drawn].sort(), [1, 2, 3, 4, 5, 6]);
});

Deno.test("picks each of several values", () => {
  const random = new Random(1);
  const picked = Array.from({ length: 50 }, () => random.pick(["a", "b"]));
  assert.deepEqual(new Set(picked), new Set(["a", "b"]));
});

Deno.test("always returns true for a probability of 1, and never for 0", () => {
  const random = new Random(1);
  for (let time = 0; time < 100; time++) {
    assert(random.happens(1));
    assert(!random.happens(0));
  }
});
