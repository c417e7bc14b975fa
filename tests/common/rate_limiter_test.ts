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

/** Takes tokens until there is none; returns how many there were. */
function drain(rate: TokenBucket, now: number, paused: number): number {
  let count = 0;
  while (rate.tryTake(now, paused)) count++;
  return count;
}

Deno.test("TokenBucket adds the tokens of a pause to the burst", () => {
  const rate = new TokenBucket(100, 10);
  assert.equal(drain(rate, 0, 0), 10);
  // 200 ms without a pause fill the burst, and a pause of 1,000 ms adds 100.
  assert.equal(drain(rate, 1_200, 1_000), 110);
  // The pause counts once.
  assert.equal(drain(rate, 1_200, 1_000), 0);
  assert.equal(drain(rate, 5_000, 1_000), 10);
});

Deno.test("TokenBucket keeps the tokens of a pause until they are taken", () => {
  const rate = new TokenBucket(100, 10);
  assert(rate.tryTake(1_000, 1_000));
  assert(rate.tryTake(60_000, 1_000));
  assert.equal(drain(rate, 60_000, 1_000), 108);
});

Deno.test("TokenBucket ignores the pauses before its first attempt", () => {
  const rate = new TokenBucket(100, 10, 5_000);
  assert.equal(drain(rate, 5_000, 5_000), 10);
  assert.equal(drain(rate, 5_100, 5_100), 10);
});

Deno.test("TokenBucket adds at most the tokens of 30 s, however long the pauses are", () => {
  const rate = new TokenBucket(100, 10);
  assert.equal(drain(rate, 1e6, 1e6), 3_010);
  for (let n = 1; n < 10; n++) rate.tryTake(1e6 + n * 2e4, 1e6 + n * 2e4);
  assert.equal(drain(rate, 2e6, 2e6), 3_010);
});

Deno.test("TokenBucket pays a debt with the tokens of a pause", () => {
  const rate = new TokenBucket(100, 10);
  for (let n = 0; n < 15; n++) rate.take(0);
  assert.equal(drain(rate, 100, 100), 5);
});

Deno.test("TokenBucket takes several tokens at once", () => {
  const rate = new TokenBucket(1, 10);
  const verdicts = [4, 6, 1, 9].map((count) => rate.take(0, 0, count));
  assert.deepEqual(verdicts, ["allow", "allow", "reject", "disconnect"]);
});

Deno.test("LogThrottle reports how many lines were omitted", () => {
  const throttle = new LogThrottle(1, 2);
  const at = (now: number) => throttle.pass("line", now);
  assert.deepEqual([at(0), at(0), at(0)], ["line", "line", undefined]);
  for (let n = 0; n < 1_000; n++) at(500);
  assert.equal(at(1_000), "line (1001 earlier lines were omitted)");
  assert.equal(at(1_001), undefined);
  assert.equal(at(2_000), "line (1 earlier line was omitted)");
  assert.equal(at(9_000), "line");
});
