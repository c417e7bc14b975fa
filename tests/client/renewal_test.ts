/** How often a client renews its login if the server asks again and again. */

import assert from "node:assert/strict";
import { Renewal } from "../../client/renewal.ts";
import { Clock, READING_TIME } from "../support/clock.ts";
import { fakeTarget } from "../support/fake_socket.ts";
import { endOfTick } from "../support/timing.ts";

/** Starts to renew a login whose server asks again when it has answered. */
async function startRenewals() {
  const times: number[] = [];
  const { target } = fakeTarget("http://a.example");
  const renewal: Renewal = new Renewal(target, () => {
    times.push(performance.now());
    void renewal.run();
    return Promise.resolve();
  });
  void renewal.run();
  await endOfTick();
  return { times, renewal };
}

Deno.test("a client renews ten times at once, and then once per second", async () => {
  using clock = new Clock();
  const { times, renewal } = await startRenewals();
  assert.deepEqual(times, Array(10).fill(performance.now()));
  for (let count = 11; count < 14; count++) {
    clock.pass(999);
    await endOfTick();
    assert.equal(times.length, count - 1);
    clock.pass(1 + READING_TIME);
    await endOfTick();
    assert.equal(times.length, count);
  }
  renewal.close();
});

Deno.test("a connection that ends between two renewals leaves no timer", async () => {
  using clock = new Clock();
  const { times, renewal } = await startRenewals();
  assert.equal(clock.timers, 1);
  renewal.close();
  await endOfTick();
  assert.deepEqual([clock.timers, times.length], [0, 10]);
});
