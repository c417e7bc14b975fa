import assert from "node:assert/strict";
import { MAX_FAILURES, Restarts, STABLE } from "../../cli/restarts.ts";

Deno.test("the delay doubles with each failure, with jitter, until there are too many", () => {
  for (let round = 0; round < 100; round++) {
    const restarts = new Restarts();
    for (const longest of [500, 1_000, 2_000, 4_000]) {
      const delay = restarts.next(STABLE - 1)!;
      assert(delay >= longest / 2 && delay <= longest, `${delay}`);
    }
    assert.equal(restarts.next(0), undefined);
  }
});

Deno.test("the delays differ", () => {
  const delays = Array.from({ length: 10 }, () => new Restarts().next(0));
  assert(new Set(delays).size > 1);
});

Deno.test("a process that ran for a while has not failed", () => {
  const restarts = new Restarts();
  for (let n = 1; n < MAX_FAILURES; n++) restarts.next(0);
  for (let n = 0; n < 10; n++) assert(restarts.next(STABLE)! <= 500);
});
