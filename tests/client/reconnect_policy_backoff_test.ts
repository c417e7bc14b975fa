import assert from "node:assert/strict";
import { backoffDelay, longestDelay } from "../../client/reconnect_policy.ts";
import {
  MAX_RETRY_DELAY,
  retryDelay,
  retryHint,
  retryReason,
} from "../../protocol/close.ts";
import { seededRandom } from "../support/random.ts";

const OPTIONS = { minDelay: 500, maxDelay: 30_000 };

Deno.test("longestDelay() doubles from the lower bound up to the upper one", () => {
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

Deno.test("longestDelay() stays at the upper bound, however many attempts were in vain", () => {
  assert.equal(longestDelay(5_000, OPTIONS), 30_000);
  assert.equal(longestDelay(0, { minDelay: 5, maxDelay: 5 }), 5);
});

Deno.test("backoffDelay() takes any part of the longest delay", () => {
  for (const attempt of [0, 3, 9]) {
    const longest = longestDelay(attempt, OPTIONS);
    for (const part of [0, 0.25, 0.999]) {
      const delay = backoffDelay(attempt, OPTIONS, () => part);
      assert.equal(delay, Math.round(part * longest));
    }
  }
});

Deno.test("backoffDelay() draws anew each time", () => {
  const random = seededRandom(1);
  const delays = Array.from(
    { length: 100 },
    () => backoffDelay(2, OPTIONS, random),
  );
  assert(new Set(delays).size > 50);
});

Deno.test("retryDelay() has a millisecond for each client", () => {
  assert.equal(retryDelay(10_000, () => 0), 0);
  assert.equal(retryDelay(10_000, () => 0.5), 5_000);
  assert.equal(retryDelay(10_000, () => 0.99999), 10_000);
  assert.equal(retryDelay(1, () => 0.2), 0);
  assert.equal(retryDelay(0, () => 0.9), 0);
});

Deno.test("retryDelay() is a whole number, and none that a client would cut", () => {
  const random = seededRandom(2);
  for (const clients of [1, 7, 10_000, 1_000_000, Infinity]) {
    const delay = retryDelay(clients, random);
    assert(Number.isInteger(delay) && delay <= MAX_RETRY_DELAY);
  }
});

Deno.test("retryHint() reads what retryReason() says", () => {
  assert.equal(retryReason(4_210), "server closed, retry in 4210 ms");
  for (const delay of [0, 1, 4_210, MAX_RETRY_DELAY]) {
    assert.equal(retryHint({ code: 1012, reason: retryReason(delay) }), delay);
  }
});

Deno.test("retryHint() takes the hint of another server, whatever stands before it", () => {
  assert.equal(retryHint({ code: 1012, reason: "retry in 5 ms" }), 5);
  assert.equal(retryHint({ code: 1012, reason: "Bye! retry in 05 ms" }), 5);
});

for (
  const reason of [
    "",
    "server closed",
    "retry in ms",
    "retry in -5 ms",
    "retry in 1.5 ms",
    "retry in 1e3 ms",
    "retry in 0x10 ms",
    "retry in NaN ms",
    "retry in 5 s",
    "retry in 5 ms or so",
    "noretry in 5 ms",
  ]
) {
  Deno.test(`retryHint() takes ${JSON.stringify(reason)} for no hint`, () => {
    assert.equal(retryHint({ code: 1012, reason }), undefined);
  });
}

Deno.test("retryHint() reads the reason of a 1012 only", () => {
  for (const code of [1000, 1001, 1006, 1008, 1011, 1013, 4000]) {
    assert.equal(retryHint({ code, reason: retryReason(5) }), undefined);
  }
});

Deno.test("retryHint() is bounded, however long a server wants to be left alone", () => {
  for (const delay of ["60001", "9".repeat(15), "9".repeat(400)]) {
    const reason = `retry in ${delay} ms`;
    assert.equal(retryHint({ code: 1012, reason }), MAX_RETRY_DELAY);
  }
});
