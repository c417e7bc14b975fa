import assert from "node:assert/strict";
import {
  MAX_RETRY_DELAY,
  retryDelay,
  retryHint,
  retryReason,
} from "../../protocol/close.ts";
import { seededRandom } from "../support/random.ts";

Deno.test("retryDelay() returns up to one millisecond for each client", () => {
  assert.equal(retryDelay(10_000, () => 0), 0);
  assert.equal(retryDelay(10_000, () => 0.5), 5_000);
  assert.equal(retryDelay(10_000, () => 0.99999), 10_000);
  assert.equal(retryDelay(1, () => 0.2), 0);
  assert.equal(retryDelay(0, () => 0.9), 0);
});

Deno.test("retryDelay() returns a whole number that clients do not limit", () => {
  const random = seededRandom(2);
  for (const clients of [1, 7, 10_000, 1_000_000, Infinity]) {
    const delay = retryDelay(clients, random);
    assert(Number.isInteger(delay) && delay <= MAX_RETRY_DELAY);
  }
});

Deno.test("retryHint() reads the delay that retryReason() writes", () => {
  assert.equal(retryReason(4_210), "server closed, retry in 4210 ms");
  for (const delay of [0, 1, 4_210, MAX_RETRY_DELAY]) {
    assert.equal(retryHint({ code: 1012, reason: retryReason(delay) }), delay);
  }
});

Deno.test("retryHint() reads the delay of another server after any text", () => {
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
  Deno.test(`retryHint() finds no delay in ${JSON.stringify(reason)}`, () => {
    assert.equal(retryHint({ code: 1012, reason }), undefined);
  });
}

Deno.test("retryHint() reads only the reason of close code 1012", () => {
  for (const code of [1000, 1001, 1006, 1008, 1011, 1013, 4000]) {
    assert.equal(retryHint({ code, reason: retryReason(5) }), undefined);
  }
});

Deno.test("retryHint() limits the delay", () => {
  for (const delay of ["60001", "9".repeat(15), "9".repeat(400)]) {
    const reason = `retry in ${delay} ms`;
    assert.equal(retryHint({ code: 1012, reason }), MAX_RETRY_DELAY);
  }
});
