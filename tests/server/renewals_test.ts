import assert from "node:assert/strict";
import { Renewals } from "../../server/renewals.ts";
import { Clock } from "../support/clock.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Creates renewals that record what happens, with the time since the start in ms. */
function start(random = 1, loginTimeout = 10 * SECOND) {
  const clock = new Clock();
  const begin = Date.now();
  const events: [string, string, number][] = [];
  const record = (event: string) => (item: string) => {
    events.push([event, item, Date.now() - begin]);
  };
  const renewals = new Renewals<string>(
    { onDue: record("due"), onExpired: record("expired") },
    loginTimeout,
    () => random,
  );
  const set = (item: string, lifetime: number) =>
    renewals.set(item, Date.now() + lifetime);
  return { clock, events, renewals, set };
}

for (
  const [lifetime, random, due] of [
    // At most a minute before
    [HOUR, 1, HOUR - MINUTE],
    [HOUR, 0, HOUR - MINUTE / 2],
    [HOUR, 0.5, HOUR - 0.75 * MINUTE],
    // A tenth of the lifetime before
    [5 * MINUTE, 1, 4.5 * MINUTE],
    [5 * MINUTE, 0, 4.75 * MINUTE],
    // Never less than the login function can take, if that is possible
    [30 * SECOND, 1, 20 * SECOND],
    [10 * SECOND, 1, 5 * SECOND],
    [SECOND, 0, 0.75 * SECOND],
  ] as const
) {
  Deno.test(`a login of ${lifetime} ms is renewed after ${due} ms with the random number ${random}`, () => {
    const { clock, events, set } = start(random);
    using _clock = clock;
    set("a", lifetime);
    clock.pass(lifetime);
    assert.deepEqual(events, [["due", "a", due], ["expired", "a", lifetime]]);
    assert.equal(clock.timers, 0);
  });
}

Deno.test("a renewed login does not expire at the old time, and is renewed again", () => {
  const { clock, events, set } = start();
  using _clock = clock;
  set("a", 20 * SECOND);
  clock.pass(15 * SECOND);
  set("a", 20 * SECOND);
  clock.pass(14 * SECOND);
  assert.deepEqual(events.splice(0), [["due", "a", 10 * SECOND], [
    "due",
    "a",
    25 * SECOND,
  ]]);
  clock.pass(HOUR);
  assert.deepEqual(events, [["expired", "a", 35 * SECOND]]);
});

Deno.test("the server does not ask again if a new login expires no later", () => {
  const { clock, events, renewals } = start();
  using _clock = clock;
  const expires = Date.now() + 20 * SECOND;
  renewals.set("a", expires);
  clock.pass(10 * SECOND);
  renewals.set("a", expires);
  renewals.set("a", expires - SECOND);
  clock.pass(HOUR);
  assert.deepEqual(events, [["due", "a", 10 * SECOND], [
    "expired",
    "a",
    19 * SECOND,
  ]]);
});

Deno.test("a login that no longer expires is not closed", () => {
  const { clock, events, renewals, set } = start();
  using _clock = clock;
  set("a", MINUTE);
  renewals.set("a", undefined);
  set("b", MINUTE);
  renewals.delete("b");
  assert.equal(clock.timers, 0);
  clock.pass(HOUR);
  assert.deepEqual(events, []);
});

Deno.test("many logins share one timer", () => {
  const { clock, events, renewals, set } = start();
  using _clock = clock;
  for (let n = 0; n < 100; n++) set(`${n}`, MINUTE + n);
  set("earlier", 10 * SECOND);
  assert.equal(clock.timers, 1);
  clock.pass(HOUR);
  assert.equal(events.length, 202);
  // The first check after a due time comes within 100 ms.
  const late = events.filter(([, item, at]) =>
    at > (item === "earlier" ? 10 * SECOND : MINUTE + 200)
  );
  assert.deepEqual(late, []);
  // And no earlier than 100 ms after the previous one.
  assert(new Set(events.map(([, , at]) => at)).size < 10);
  renewals.close();
});

Deno.test("a client that leaves when it is asked leaves no timer", () => {
  using clock = new Clock();
  const events = {
    onDue: (item: string) => renewals.delete(item),
    onExpired: () => assert.fail(),
  };
  const renewals = new Renewals<string>(events, SECOND);
  renewals.set("a", Date.now() + MINUTE);
  clock.pass(MINUTE - SECOND);
  assert.equal(clock.timers, 0);
});

Deno.test("later logins, and those that end, do not delay the others", () => {
  const { clock, events, renewals, set } = start();
  using _clock = clock;
  set("earlier", SECOND);
  renewals.delete("earlier");
  set("a", 20 * SECOND);
  set("b", HOUR);
  set("c", HOUR);
  renewals.delete("c");
  clock.pass(20 * SECOND);
  assert.deepEqual(events, [["due", "a", 10 * SECOND], [
    "expired",
    "a",
    20 * SECOND,
  ]]);
  renewals.close();
});

Deno.test("a login expires after the clock of the system was set forward", () => {
  const { clock, events, set } = start();
  using _clock = clock;
  set("a", 10 * HOUR);
  const { now } = Date;
  Date.now = () => now() + 10 * HOUR;
  clock.pass(MINUTE);
  assert.deepEqual(events.map(([event]) => event), ["expired"]);
});

Deno.test("close() stops the timer", () => {
  const { clock, events, renewals, set } = start();
  using _clock = clock;
  set("a", MINUTE);
  renewals.close();
  assert.equal(clock.timers, 0);
  clock.pass(HOUR);
  assert.deepEqual(events, []);
});
