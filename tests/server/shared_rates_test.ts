/** Tests of `server/shared_rates.ts`. */

import assert from "node:assert/strict";
import { identityKey, SharedRates } from "../../server/shared_rates.ts";

const USER = { email: "ada@example.com" };
const THROWING = {
  get id(): never {
    throw new Error("no");
  },
};

for (
  const [what, identity, key] of [
    ["an id", { id: 7, name: "Ada" }, 7],
    ["an empty id", { id: "", name: "Ada" }, ""],
    ["a bigint", { id: 7n }, 7n],
    ["a name", { name: "Ada" }, "Ada"],
    ["an id that is null", { id: null, name: "Ada" }, "Ada"],
    ["neither id nor name", USER, USER],
    ["a getter that throws", THROWING, THROWING],
  ] as const
) {
  Deno.test(`identityKey() of an identity with ${what}`, () => {
    assert.equal(identityKey(identity), key);
  });
}

Deno.test("identityKey() of an object uses the object if its id is an object", () => {
  const identity = { id: {} };
  assert.equal(identityKey(identity), identity);
});

Deno.test("identityKey() of a client without an identity is undefined", () => {
  assert.equal(identityKey(undefined), undefined);
});

/** Returns how many of 10 requests a limit allows. */
function allowed(rates: SharedRates, key: unknown, now: number): number {
  const results = Array.from({ length: 10 }, () => rates.allows(key, now, 0));
  return results.filter(Boolean).length;
}

Deno.test("SharedRates allows twice the rate at once for each identity", () => {
  const rates = new SharedRates(2);
  assert.deepEqual([allowed(rates, "a", 0), allowed(rates, "b", 0)], [4, 4]);
  // Rejected requests create no debt.
  assert.equal(allowed(rates, "a", 1_000), 2);
  assert.equal(allowed(rates, undefined, 0), 10);
});

Deno.test("SharedRates takes several tokens from a burst that is given", () => {
  const rates = new SharedRates(50, 1_000);
  const takes = [400, 600, 1].map((count) => rates.allows("a", 0, 0, count));
  assert.deepEqual(takes, [true, true, false]);
  assert.deepEqual(
    [51, 50].map((count) => rates.allows("a", 1_000, 0, count)),
    [false, true],
  );
});

Deno.test("SharedRates without a limit keeps nothing", () => {
  const rates = new SharedRates(Infinity);
  assert.deepEqual([allowed(rates, "a", 0), rates.size], [10, 0]);
});

Deno.test("SharedRates allows more after a stall", () => {
  const rates = new SharedRates(2);
  assert.equal(allowed(rates, "a", 0), 4);
  const results = Array.from(
    { length: 9 },
    () => rates.allows("a", 4_000, 4_000),
  );
  assert.equal(results.filter(Boolean).length, 8);
});

Deno.test("SharedRates forgets identities that can send a full burst again", () => {
  const rates = new SharedRates(2);
  for (let n = 0; n < 100_000; n++) {
    rates.allows(n, n * 10, 0);
    assert(rates.size <= 1_024);
  }
  // An identity with an empty bucket is never forgotten.
  const other = new SharedRates(2);
  allowed(other, "a", 0);
  for (let n = 0; n < 5_000; n++) other.allows(n, 0, 0);
  assert.equal(allowed(other, "a", 0), 0);
});
