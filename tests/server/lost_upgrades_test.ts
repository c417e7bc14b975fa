import assert from "node:assert/strict";
import { hasReset, LostUpgrades, resets } from "../../server/lost_upgrades.ts";

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
