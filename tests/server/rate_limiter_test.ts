import assert from "node:assert/strict";
import { LogThrottle, TokenBucket } from "../../server/rate_limiter.ts";

/** What is said to tries at these times, in milliseconds. */
function verdicts(rate: TokenBucket, times: readonly number[]): string[] {
  return times.map((time) => rate.take(time));
}

for (
  const [what, perSecond, burst, times, expected] of [
    ["a burst at once", 1, 3, [0, 0, 0, 0], "allow allow allow reject"],
    [
      "one more for each that has come back",
      1_000,
      1,
      [0, 1, 2, 3],
      "allow allow allow allow",
    ],
    ["none before it has come back", 100, 2, [0, 0, 9], "allow allow reject"],
    ["one when it has come back", 100, 2, [0, 0, 10], "allow allow allow"],
    ["parts add up", 100, 2, [0, 0, 10, 14], "allow allow allow reject"],
    ["disconnect more than a burst, however long it rested", 1, 2, [
      0,
      1e9,
      1e9,
      1e9,
    ], "allow allow allow reject"],
    [
      "what is refused costs, too",
      100,
      2,
      [0, 0, 0, 10, 30],
      "allow allow reject reject allow",
    ],
    [
      "disconnect again after as many as a burst in vain",
      1,
      3,
      [0, 0, 0, 0, 0, 0],
      "allow allow allow reject reject disconnect",
    ],
    [
      "who stops in time is taken again",
      1,
      3,
      [0, 0, 0, 0, 0, 4_000],
      "allow allow allow reject reject allow",
    ],
    [
      "a time that does not begin at 0",
      1,
      1,
      [1e12, 1e12 + 1_000],
      "allow allow",
    ],
    [
      "less than one a second",
      0.5,
      2,
      [0, 0, 1_000, 4_000],
      "allow allow reject allow",
    ],
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
    assert.deepEqual(new Set(verdicts(rate, times)), new Set(["allow"]));
  });
}

Deno.test("a LogThrottle lets lines through again, and says how many it did not", () => {
  const throttle = new LogThrottle(1, 2);
  const at = (now: number) => throttle.pass("line", now);
  assert.deepEqual([at(0), at(0), at(0)], ["line", "line", undefined]);
  for (let n = 0; n < 1_000; n++) at(500);
  assert.equal(at(1_000), "line (1001 earlier lines were omitted)");
  assert.equal(at(1_001), undefined);
  assert.equal(at(2_000), "line (1 earlier lines were omitted)");
  assert.equal(at(9_000), "line");
});
