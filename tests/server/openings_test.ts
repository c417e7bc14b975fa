/** Watching the WebSockets of a server until they open. */

import assert from "node:assert/strict";
import { Openings } from "../../server/openings.ts";
import { Clock } from "../support/clock.ts";

/** Creates a watch and a connection that opens if `open()` is called. */
function watch(isAwaited = true) {
  const events: string[] = [];
  const opening = { isOpening: true };
  let stalled = 0;
  const openings = new Openings<typeof opening>({
    onLate: () => events.push("late"),
    onLost: () => events.push("lost") > 0 && isAwaited,
    onAbandoned: () => events.push("abandoned"),
  }, () => stalled);
  openings.add(opening);
  return {
    events,
    opening,
    openings,
    open: () => opening.isOpening = false,
    stall: () => stalled += 1,
  };
}

Deno.test("Openings reports a late upgrade, counts it as lost after two seconds, and waits for eight more", () => {
  using clock = new Clock();
  const { events } = watch();
  clock.pass(249);
  assert.deepEqual(events, []);
  clock.pass(100);
  assert.deepEqual(events, ["late"]);
  clock.pass(1_600);
  assert.deepEqual(events, ["late"]);
  clock.pass(100);
  assert.deepEqual(events, ["late", "lost"]);
  clock.pass(7_900);
  assert.deepEqual(events, ["late", "lost"]);
  clock.pass(100);
  assert.deepEqual([events, clock.timers], [["late", "lost", "abandoned"], 0]);
});

Deno.test("Openings does not wait for a lost upgrade whose connection has ended", () => {
  using clock = new Clock();
  const { events } = watch(false);
  clock.pass(3_000);
  assert.deepEqual([events, clock.timers], [["late", "lost"], 0]);
});

Deno.test("Openings waits longer while the event loop is stalled, four times", () => {
  using clock = new Clock();
  const { events, stall } = watch();
  clock.pass(500);
  for (let time = 0; time < 4; time++) {
    stall();
    clock.pass(1_760);
    assert.deepEqual(events, ["late"]);
  }
  stall();
  clock.pass(1_760);
  assert.deepEqual(events, ["late", "lost"]);
});

Deno.test("Openings counts an upgrade as lost when the stalls are over", () => {
  using clock = new Clock();
  const { events, stall } = watch();
  clock.pass(500);
  stall();
  clock.pass(1_760);
  assert.deepEqual(events, ["late"]);
  clock.pass(1_760);
  assert.deepEqual(events, ["late", "lost"]);
});

for (
  const [time, expected] of [
    [200, []],
    [500, ["late"]],
    [3_000, ["late", "lost"]],
  ] as const
) {
  Deno.test(`Openings reports: ${expected.join(", ") || "nothing"} if an upgrade opens after ${time} ms`, () => {
    using clock = new Clock();
    const { events, open } = watch();
    clock.pass(time);
    open();
    clock.pass(20_000);
    assert.deepEqual([events, clock.timers], [[...expected], 0]);
  });

  Deno.test(`Openings keeps no timer for a connection that ends after ${time} ms`, () => {
    using clock = new Clock();
    const { events, opening, openings } = watch();
    clock.pass(time);
    openings.delete(opening);
    assert.equal(clock.timers, 0);
    clock.pass(20_000);
    assert.deepEqual(events, [...expected]);
  });
}
