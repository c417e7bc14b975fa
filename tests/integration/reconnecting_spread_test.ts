/**
 * How many clients come back in one second, on a virtual clock: ten thousand of them,
 * each with the rules that a real one has.
 */

import assert from "node:assert/strict";
import { retryDelay, retryReason } from "../../protocol/close.ts";
import { ConnectError } from "../../common/errors.ts";
import { ReconnectPolicy, rulesOf } from "../../client/reconnect_policy.ts";
import { seededRandom } from "../support/random.ts";

const CLIENTS = 10_000;

/** A server that goes down, in milliseconds of the virtual clock. */
interface Outage {
  readonly back: number;
  /** How it closes the connection of a client */
  close(): { readonly code: number; readonly reason: string };
}

/** When the clients knock in vain, and when they get in. */
interface Knocks {
  readonly refused: readonly number[];
  readonly returned: readonly number[];
}

/** Loses all clients at 0; each knocks until the server is back. */
function simulate(outage: Outage, random: () => number): Knocks {
  const refused: number[] = [];
  const returned: number[] = [];
  for (let client = 0; client < CLIENTS; client++) {
    const attempts = new ReconnectPolicy(rulesOf({}), random);
    attempts.opened(-3_600_000);
    let now = attempts.afterClose(outage.close(), 0) ?? NaN;
    while (now < outage.back) {
      refused.push(now);
      now += attempts.afterFailure(new ConnectError("Nothing answers")) ?? NaN;
    }
    returned.push(now);
  }
  return { refused, returned };
}

/** The most that happens in any second, whenever that begins. */
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
    const { refused, returned } = simulate({ back: 0, close }, random);
    assert.deepEqual([refused.length, returned.length], [0, CLIENTS]);
    assert(peakOf(returned) <= 1_500, `${peakOf(returned)} in one second`);
    assert(Math.max(...returned) <= 10_000);
  }
});

Deno.test("10,000 clients reconnect at once if the server is back and set no delay", () => {
  const close = () => ({ code: 1001, reason: "server closed" });
  const { returned } = simulate({ back: 0, close }, seededRandom(1));
  // What the hint is for.
  assert.equal(peakOf(returned), CLIENTS);
});

Deno.test("10,000 clients reconnect spread out after an outage of a minute", () => {
  for (const seed of [1, 2, 3]) {
    const close = () => ({ code: 1006, reason: "" });
    const { refused, returned } = simulate(
      { back: 60_000, close },
      seededRandom(seed),
    );
    assert.equal(returned.length, CLIENTS);
    assert(peakOf(returned) <= 1_500, `${peakOf(returned)} in one second`);
    // Long before, they have stopped to knock together.
    const late = refused.filter((time) => time > 10_000);
    assert(peakOf(late) <= 2_000, `${peakOf(late)} in one second`);
    assert(Math.max(...returned) < 60_000 + 30_000);
  }
});
