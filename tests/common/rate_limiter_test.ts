import assert from "node:assert/strict";
import { LogThrottle, TokenBucket } from "../../common/rate_limiter.ts";

/** Takes tokens at these times, in milliseconds. */
function verdicts(rate: TokenBucket, times: readonly number[]): string[] {
  return times.map((time) => rate.take(time));
}

for (
  const [what, perSecond, burst, times, expected] of [
    ["allows a burst at once", 1, 3, [0, 0, 0, 0], "allow allow allow reject"],
    [
      "allows one more for each token that was added",
      1_000,
      1,
      [0, 1, 2, 3],
      "allow allow allow allow",
    ],
    [
      "rejects before a token was added",
      100,
      2,
      [0, 0, 9],
      "allow allow reject",
    ],
    [
      "allows one when a token was added",
      100,
      2,
      [0, 0, 10],
      "allow allow allow",
    ],
    [
      "adds fractions of tokens",
      100,
      2,
      [0, 0, 10, 14],
      "allow allow allow reject",
    ],
    ["never holds more than a burst", 1, 2, [
      0,
      1e9,
      1e9,
      1e9,
    ], "allow allow allow reject"],
    [
      "counts rejected attempts",
      100,
      2,
      [0, 0, 0, 10, 30],
      "allow allow reject reject allow",
    ],
    [
      "disconnects after another burst of attempts",
      1,
      3,
      [0, 0, 0, 0, 0, 0],
      "allow allow allow reject reject disconnect",
    ],
    [
      "allows again after a pause",
      1,
      3,
      [0, 0, 0, 0, 0, 4_000],
      "allow allow allow reject reject allow",
    ],
    [
      "accepts any start time",
      1,
      1,
      [1e12, 1e12 + 1_000],
      "allow allow",
    ],
    [
      "supports less than one token per second",
      0.5,
      2,
      [0, 0, 1_000, 4_000],
      "allow allow reject allow",
    ],
  ] as const
) {
  Deno.test(`TokenBucket ${what}`, () => {
    const rate = new TokenBucket(perSecond, burst);
    assert.equal(verdicts(rate, times).join(" "), expected);
  });
}

for (const [perSecond, burst] of [[Infinity, 1], [1, Infinity]] as const) {
  Deno.test(`TokenBucket with ${perSecond} tokens per second and a burst of ${burst} has no limit`, () => {
    const rate = new TokenBucket(perSecond, burst);
    const times = Array.from({ length: 100 }, () => 0);
    assert.deepEqual(new Set(verdicts(rate, times)), new Set(["allow"]));
  });
}

Deno.test("LogThrottle reports how many lines were omitted", () => {
  const throttle = new LogThrottle(1, 2);
  const at = (now: number) => throttle.pass("line", now);
  assert.deepEqual([at(0), at(0), at(0)], ["line", "line", undefined]);
  for (let n = 0; n < 1_000; n++) at(500);
  assert.equal(at(1_000), "line (1001 earlier lines were omitted)");
  assert.equal(at(1_001), undefined);
  assert.equal(at(2_000), "line (1 earlier lines were omitted)");
  assert.equal(at(9_000), "line");
});
