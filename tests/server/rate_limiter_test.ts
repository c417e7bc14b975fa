import assert from "node:assert/strict";
import { LogThrottle, TokenBucket } from "../../server/rate_limiter.ts";

/** What is said to tries at these times, in milliseconds. */
function verdicts(rate: TokenBucket, times: readonly number[]): string[] {
  return times.map((time) => rate.take(time));
}

for (
  const [what, perSecond, burst, times, expected] of [
    ["a burst at once", 1, 3, [0, 0, 0, 0], "yes yes yes no"],
    [
      "one more for each that has come back",
      1_000,
      1,
      [0, 1, 2, 3],
      "yes yes yes yes",
    ],
    ["none before it has come back", 100, 2, [0, 0, 9], "yes yes no"],
    ["one when it has come back", 100, 2, [0, 0, 10], "yes yes yes"],
    ["parts add up", 100, 2, [0, 0, 10, 14], "yes yes yes no"],
    ["never more than a burst, however long it rested", 1, 2, [
      0,
      1e9,
      1e9,
      1e9,
    ], "yes yes yes no"],
    [
      "what is refused costs, too",
      100,
      2,
      [0, 0, 0, 10, 30],
      "yes yes no no yes",
    ],
    [
      "never again after as many as a burst in vain",
      1,
      3,
      [0, 0, 0, 0, 0, 0],
      "yes yes yes no no never",
    ],
    [
      "who stops in time is taken again",
      1,
      3,
      [0, 0, 0, 0, 0, 4_000],
      "yes yes yes no no yes",
    ],
    ["a time that does not begin at 0", 1, 1, [1e12, 1e12 + 1_000], "yes yes"],
    ["less than one a second", 0.5, 2, [0, 0, 1_000, 4_000], "yes yes no yes"],
  ] as const
) {
  Deno.test(`TokenBucket: ${what}`, () => {
    const rate = new TokenBucket(perSecond, burst);
    assert.equal(verdicts(rate, times).join(" "), expected);
  });
}

for (const [perSecond, burst] of [[Infinity, 1], [1, Infinity]] as const) {
  Deno.test(`TokenBucket: ${perSecond} a second with a burst of ${burst} never ends`, () => {
    const rate = new TokenBucket(perSecond, burst);
    const times = Array.from({ length: 100 }, () => 0);
    assert.deepEqual(new Set(verdicts(rate, times)), new Set(["yes"]));
  });
}

Deno.test("a LogThrottle lets lines through again, and says how many it did not", () => {
  const throttle = new LogThrottle(1, 2);
  const at = (now: number) => throttle.pass("line", now);
  assert.deepEqual([at(0), at(0), at(0)], ["line", "line", undefined]);
  for (let n = 0; n < 1_000; n++) at(500);
  assert.equal(at(1_000), "line (1001 lines before this one are left out)");
  assert.equal(at(1_001), undefined);
  assert.equal(at(2_000), "line (1 lines before this one are left out)");
  assert.equal(at(9_000), "line");
});
