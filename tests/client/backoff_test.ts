import assert from "node:assert/strict";
import { backoffDelay, longestDelay } from "../../client/backoff.ts";
import { seededRandom } from "../support/random.ts";

const OPTIONS = { minDelay: 500, maxDelay: 30_000 };

Deno.test("longestDelay() doubles from `minDelay` to `maxDelay`", () => {
  const delays = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => longestDelay(n, OPTIONS));
  assert.deepEqual(delays, [
    500,
    1_000,
    2_000,
    4_000,
    8_000,
    16_000,
    30_000,
    30_000,
  ]);
});

Deno.test("longestDelay() stays at `maxDelay` after any number of attempts", () => {
  assert.equal(longestDelay(5_000, OPTIONS), 30_000);
  assert.equal(longestDelay(0, { minDelay: 5, maxDelay: 5 }), 5);
});

Deno.test("backoffDelay() returns a random part of the longest delay", () => {
  for (const attempt of [0, 3, 9]) {
    const longest = longestDelay(attempt, OPTIONS);
    for (const part of [0, 0.25, 0.999]) {
      const delay = backoffDelay(attempt, OPTIONS, () => part);
      assert.equal(delay, Math.round(part * longest));
    }
  }
});

Deno.test("backoffDelay() returns another delay each time", () => {
  const random = seededRandom(1);
  const delays = Array.from(
    { length: 100 },
    () => backoffDelay(2, OPTIONS, random),
  );
  assert(new Set(delays).size > 50);
});
