/** Tests of `protocol/close.ts`. */

import assert from "node:assert/strict";
import {
  assertClose,
  describeClose,
  describeDisconnect,
  describeEnd,
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

Deno.test("describeEnd() describes a goodbye and an error of the client", () => {
  assert.equal(describeEnd({ code: 1000, reason: "" }), "closed by the client");
  const close = { code: 1008, reason: "login rejected", failure: "no" };
  assert.equal(
    describeEnd(close),
    "closed by the server (1008, login rejected)",
  );
});

Deno.test("describeDisconnect() contains the code and the escaped reason", () => {
  assert.equal(
    describeDisconnect(1008, "token revoked"),
    "closed by the server (1008, token revoked)",
  );
  assert.equal(describeDisconnect(4000, ""), "closed by the server (4000)");
  assert.equal(
    describeDisconnect(4000, "a\nb"),
    "closed by the server (4000, a\\u{a}b)",
  );
});

Deno.test("describeClose() distinguishes a lost connection from a close", () => {
  assert.equal(describeClose(0, ""), "connection lost");
  assert.equal(describeClose(1006, ""), "connection lost");
  assert.equal(describeClose(1001, ""), "closed by the client (1001)");
  assert.equal(
    describeClose(4000, "a\nb"),
    "closed by the client (4000, a\\u{a}b)",
  );
});

Deno.test("assertClose() accepts the codes of applications and short reasons", () => {
  for (const code of [1000, 3000, 4999]) assertClose(code, "é".repeat(61));
});

for (const code of [999, 1001, 1006, 2999, 5000, 3000.5, NaN]) {
  Deno.test(`assertClose() rejects the code ${code}`, () => {
    assert.throws(() => assertClose(code, ""), {
      name: "RangeError",
      message:
        `Cannot close the connection: the code must be 1000, or a whole number from 3000 to 4999. It is ${code}.`,
    });
  });
}

Deno.test("assertClose() rejects a reason that is no string or too long", () => {
  assert.throws(() => assertClose(1000, null as never), {
    name: "TypeError",
    message:
      "Cannot close the connection: the reason must be a string. It is null.",
  });
  assert.throws(() => assertClose(1000, "é".repeat(62)), {
    name: "RangeError",
    message:
      "Cannot close the connection: the reason must be at most 123 bytes long. It has 124 bytes. Shorten it.",
  });
});
