import assert from "node:assert/strict";
import { NameUsage, resolveNameLimits } from "../../server/name_limits.ts";
import { RequestError } from "../../protocol/request_error.ts";

/** Counts requests with one name, and returns how many are allowed. */
function usageOf(limits: object) {
  const usage = new NameUsage(resolveNameLimits({ run: limits }, undefined)!, {
    "perName.maxRate": 0,
    "perName.maxPending": 0,
  });
  const enter = (paused: number) => {
    try {
      usage.enter({ name: "run" }, () => paused);
      return true;
    } catch (error) {
      assert(RequestError.is(error));
      return false;
    }
  };
  return (count: number, paused = 0) =>
    Array.from({ length: count }, () => enter(paused)).filter(Boolean).length;
}

Deno.test("requests that waited during a stall of the server are allowed after it", () => {
  // So low that no time of the test adds a token.
  const allowed = usageOf({ maxRate: 0.001, maxBurst: 2 });
  assert.equal(allowed(3), 2);
  const usual = usageOf({ maxRate: 1, maxBurst: 1 });
  assert.equal(usual(1), 1);
  assert(usual(20, 10_000) >= 10);
});

Deno.test("a name with a burst and no rate is not limited", () => {
  assert.equal(usageOf({ maxBurst: 2 })(100), 100);
});
