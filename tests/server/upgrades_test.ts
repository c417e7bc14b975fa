/** The count of upgrades that never opened. */

import assert from "node:assert/strict";
import { Admission } from "../../server/admission.ts";
import { resolveLimits } from "../../server/limits.ts";
import { Metrics } from "../../server/metrics.ts";
import {
  hasReset,
  LostUpgrades,
  resets,
  Upgrades,
} from "../../server/upgrades.ts";
import { makeLog } from "../support/logs.ts";

const PEER = { address: "192.0.2.1:1", network: "192.0.2.1" };

/** Creates the upgrades of a server whose clients are all lost. */
function makeUpgrades(maxLost: number) {
  const { log, recorder } = makeLog();
  const limits = resolveLimits();
  const admission = new Admission({
    limits,
    trustProxy: 0,
    isAllowed: () => true,
  });
  const upgrades = new Upgrades({
    log,
    metrics: new Metrics(),
    admission,
    maxLost,
    isClosing: () => false,
    isReady: () => true,
    open: () => new Response(),
  });
  return { upgrades, admission, recorder };
}

Deno.test("the log contains the number of lost upgrades at 100 and 1,000", () => {
  const { upgrades, recorder } = makeUpgrades(Infinity);
  for (let count = 0; count < 5_000; count++) upgrades.countLost(PEER);
  const subject = (count: number) => `warn upgrade: ${count} upgrades never`;
  assert.deepEqual(
    recorder.lines.map((line) => line.replace(/ never opened.*/, " never")),
    [subject(100), subject(1_000)],
  );
});

Deno.test("maxLostUpgrades is exceeded by one more lost upgrade", () => {
  const { upgrades } = makeUpgrades(2);
  const exceeded = [1, 2, 3].map(() => {
    upgrades.countLost(PEER);
    return upgrades.exceedsLost;
  });
  assert.deepEqual(exceeded, [false, false, true]);
});

Deno.test("20 lost upgrades of one network reject its next upgrades", async () => {
  const { upgrades, recorder } = makeUpgrades(Infinity);
  const request = new Request("http://localhost/hoist");
  const statusFor = async (hostname: string) => {
    const remote: Deno.Addr = { transport: "tcp", hostname, port: 1 };
    return (await upgrades.accept(request, remote)).status;
  };
  for (let count = 0; count < 19; count++) upgrades.countLost(PEER);
  assert.equal(await statusFor(PEER.network), 200);
  upgrades.countLost(PEER);
  assert.equal(await statusFor(PEER.network), 429);
  assert.equal(await statusFor("192.0.2.2"), 200);
  assert.deepEqual(recorder.lines, [
    "warn reject: 192.0.2.1:1 rejected: 20 upgrades of this address never opened",
  ]);
});

Deno.test("each login of a network makes up for one of its lost upgrades", async () => {
  const { upgrades, admission } = makeUpgrades(Infinity);
  const request = new Request("http://localhost/hoist");
  const remote: Deno.Addr = {
    transport: "tcp",
    hostname: PEER.network,
    port: 1,
  };
  const place = admission.enter(PEER);
  for (let count = 0; count < 20; count++) upgrades.countLost(PEER);
  assert.equal((await upgrades.accept(request, remote)).status, 429);
  assert.equal(place.admit(), undefined);
  assert.equal((await upgrades.accept(request, remote)).status, 200);
  assert.equal(upgrades.lost, 20);
});

Deno.test("an upgrade that opens late rejects no other upgrades", async () => {
  const { upgrades } = makeUpgrades(Infinity);
  const request = new Request("http://localhost/hoist");
  const remote: Deno.Addr = {
    transport: "tcp",
    hostname: PEER.network,
    port: 1,
  };
  for (let count = 0; count < 20; count++) upgrades.countLost(PEER);
  upgrades.restoreLost(PEER);
  assert.equal((await upgrades.accept(request, remote)).status, 200);
  assert.equal(upgrades.lost, 19);
});

const HOST = { transport: "tcp", hostname: "0.0.0.0" } as const;

Deno.test("hasReset() returns true only for the remote port 0", () => {
  const unix: Deno.UnixAddr = { transport: "unix", path: "/tmp/socket" };
  assert.equal(hasReset({ ...HOST, port: 0 }), true);
  for (const remote of [undefined, unix, { ...HOST, port: 1 }]) {
    assert.equal(hasReset(remote), false);
  }
});

Deno.test("resets() resolves to whether the signal of the request aborts", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const request = new Request("http://localhost", { signal });
  assert.equal(await resets(request), false);
  const outcome = resets(request);
  controller.abort();
  assert.equal(await outcome, true);
});

Deno.test("resets() waits a random time, which a client cannot aim at", async () => {
  const { setTimeout } = globalThis;
  const times: number[] = [];
  const record = (callback: () => void, time: number) => {
    times.push(time);
    return setTimeout(callback, 0);
  };
  Object.assign(globalThis, { setTimeout: record });
  try {
    for (let count = 0; count < 100; count++) {
      await resets(new Request("http://localhost"));
    }
  } finally {
    Object.assign(globalThis, { setTimeout });
  }
  assert(times.every((time) => time >= 30 && time <= 120));
  assert(Math.max(...times) - Math.min(...times) > 45);
});

Deno.test("LostUpgrades reports every power of ten from 100", () => {
  const lost = new LostUpgrades();
  const reported = Array.from({ length: 20_000 }, (_, index) => index + 1)
    .filter(() => lost.add(0));
  assert.deepEqual(reported, [100, 1_000, 10_000]);
  assert.equal(lost.count, 20_000);
});

Deno.test("LostUpgrades does not count an upgrade that opened late", () => {
  const lost = new LostUpgrades();
  lost.add(0);
  lost.restore();
  assert.equal(lost.count, 0);
});

Deno.test("LostUpgrades is alerted for a minute after a lost upgrade or a reset", () => {
  const lost = new LostUpgrades();
  assert.equal(lost.isAlerted(0), false);
  lost.alert(0);
  assert.deepEqual([59_999, 60_000].map((now) => lost.isAlerted(now)), [
    true,
    false,
  ]);
  lost.add(70_000);
  assert.deepEqual([129_999, 130_000].map((now) => lost.isAlerted(now)), [
    true,
    false,
  ]);
});
