import assert from "node:assert/strict";
import { Watchdog } from "../../common/watchdog.ts";
import { Clock } from "../support/clock.ts";

Deno.test("a Watchdog reports how long an update is overdue, each second", () => {
  using clock = new Clock();
  const reported: number[] = [];
  const watchdog = new Watchdog(2_000, (silence) => reported.push(silence));
  clock.pass(1_999);
  assert.deepEqual(reported, []);
  clock.pass(2_001);
  assert.deepEqual(reported, [2_000, 3_000, 4_000]);
  watchdog.feed();
  clock.pass(1_999);
  assert.equal(reported.length, 3);
  clock.pass(1);
  assert.equal(reported.at(-1), 2_000);
  watchdog[Symbol.dispose]();
  clock.pass(10_000);
  assert.equal(reported.length, 4);
  assert.equal(clock.timers, 0);
});

Deno.test("a Watchdog can be fed and disposed by its listener", () => {
  using clock = new Clock();
  let count = 0;
  const onLate = () => {
    if (++count === 1) watchdog.feed();
    else watchdog[Symbol.dispose]();
  };
  const watchdog = new Watchdog(1_000, onLate);
  clock.pass(10_000);
  assert.deepEqual([count, clock.timers], [2, 0]);
});
