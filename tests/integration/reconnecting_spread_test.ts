/** Simulates how 10,000 clients reconnect after an outage, on a virtual clock. */

import assert from "node:assert/strict";
import { retryDelay, retryReason } from "../../protocol/close.ts";
import { ConnectError } from "../../common/errors.ts";
import {
  ReconnectPolicy,
  resolveReconnectOptions,
} from "../../client/reconnect_policy.ts";
import { seededRandom } from "../support/random.ts";

const CLIENTS = 10_000;

/** An outage of a server. Times are in milliseconds of the virtual clock. */
interface Outage {
  readonly back: number;
  /** The close code and reason that a client gets */
  close(): { readonly code: number; readonly reason: string };
}

/** The times of all failed and of all successful policy. */
interface Attempts {
  readonly failed: readonly number[];
  readonly reconnected: readonly number[];
}

/** Disconnects all clients at 0 and lets each reconnect until the server is back. */
function simulate(outage: Outage, random: () => number): Attempts {
  const failed: number[] = [];
  const reconnected: number[] = [];
  for (let client = 0; client < CLIENTS; client++) {
    const policy = new ReconnectPolicy(resolveReconnectOptions({}), random);
    policy.onOpen(-3_600_000);
    let now = policy.afterClose(outage.close(), 0) ?? NaN;
    while (now < outage.back) {
      failed.push(now);
      now += policy.afterFailure(new ConnectError("Nothing answers")) ?? NaN;
    }
    reconnected.push(now);
  }
  return { failed, reconnected };
}

/** Returns the maximum number of times within any second. */
function peakOf(times: readonly number[]): number {
  const sorted = times.toSorted((one, other) => one - other);
  let peak = 0;
  let first = 0;
  for (const [index, time] of sorted.entries()) {
    while (time - sorted[first]! >= 1_000) first++;
    peak = Math.max(peak, index + 1 - first);
  }
  return peak;
}

Deno.test("peakOf() finds the second with the most events", () => {
  assert.equal(peakOf([]), 0);
  assert.equal(peakOf([0, 999, 1_000]), 2);
  assert.equal(peakOf([2_500, 0, 1_400, 2_300, 1_600]), 3);
});

Deno.test("10,000 clients reconnect over ten seconds if the server sets the delay", () => {
  for (const seed of [1, 2, 3]) {
    const random = seededRandom(seed);
    const close = () => ({
      code: 1012,
      reason: retryReason(retryDelay(CLIENTS, random)),
    });
    const { failed, reconnected } = simulate({ back: 0, close }, random);
    assert.deepEqual([failed.length, reconnected.length], [0, CLIENTS]);
    assert(
      peakOf(reconnected) <= 1_500,
      `${peakOf(reconnected)} in one second`,
    );
    assert(Math.max(...reconnected) <= 10_000);
  }
});

Deno.test("10,000 clients reconnect at once if the server is back and set no delay", () => {
  const close = () => ({ code: 1001, reason: "server closed" });
  const { reconnected } = simulate({ back: 0, close }, seededRandom(1));
  // The delay that a server sets prevents this.
  assert.equal(peakOf(reconnected), CLIENTS);
});

Deno.test("10,000 clients reconnect spread out after an outage of a minute", () => {
  for (const seed of [1, 2, 3]) {
    const close = () => ({ code: 1006, reason: "" });
    const { failed, reconnected } = simulate(
      { back: 60_000, close },
      seededRandom(seed),
    );
    assert.equal(reconnected.length, CLIENTS);
    assert(
      peakOf(reconnected) <= 1_500,
      `${peakOf(reconnected)} in one second`,
    );
    // The attempts are spread out long before.
    const late = failed.filter((time) => time > 10_000);
    assert(peakOf(late) <= 2_000, `${peakOf(late)} in one second`);
    assert(Math.max(...reconnected) < 60_000 + 30_000);
  }
});
