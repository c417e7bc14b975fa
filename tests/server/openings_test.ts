import assert from "node:assert/strict";
import { type Opening, Openings } from "../../server/openings.ts";
import { Clock } from "../support/clock.ts";

/** Creates a watch and a connection that opens if `open()` is called. */
function watch() {
  const events: string[] = [];
  const opening = {
    isOpening: true,
    abandon: () => void events.push("abandoned"),
  };
  const openings = new Openings(() => events.push("late"));
  const watched: Opening = opening;
  openings.add(watched);
  const open = () => opening.isOpening = false;
  return { events, open, opening, openings };
}

Deno.test("Openings reports a late upgrade, and abandons it after two seconds", () => {
  using clock = new Clock();
  const { events } = watch();
  clock.pass(249);
  assert.deepEqual(events, []);
  clock.pass(100);
  assert.deepEqual(events, ["late"]);
  clock.pass(1_600);
  assert.deepEqual(events, ["late"]);
  clock.pass(100);
  assert.deepEqual([events, clock.timers], [["late", "abandoned"], 0]);
});

Deno.test("Openings does not report an upgrade that opens in time", () => {
  using clock = new Clock();
  const { events, open } = watch();
  clock.pass(200);
  open();
  clock.pass(6_000);
  assert.deepEqual([events, clock.timers], [[], 0]);
});

Deno.test("Openings does not abandon a late upgrade that opens", () => {
  using clock = new Clock();
  const { events, open } = watch();
  clock.pass(500);
  open();
  clock.pass(6_000);
  assert.deepEqual([events, clock.timers], [["late"], 0]);
});

for (const time of [0, 500]) {
  Deno.test(`Openings keeps no timer for a connection that ends after ${time} ms`, () => {
    using clock = new Clock();
    const { events, opening, openings } = watch();
    clock.pass(time);
    openings.delete(opening);
    assert.equal(clock.timers, 0);
    clock.pass(6_000);
    assert.equal(events.includes("abandoned"), false);
  });
}
