/** Tests of `server/silence.ts`. The timer is not started: each test passes the ticks. */

import assert from "node:assert/strict";
import { findTelemetry } from "../../common/telemetry.ts";
import { resolveLimits } from "../../server/limits.ts";
import { longestSilence, SilenceWheel, Stalls } from "../../server/silence.ts";
import { operation } from "../support/raw_client.ts";
import { runScript } from "../support/run_script.ts";
import { logInSocket } from "../support/server_connection.ts";
import { TelemetryApi } from "../support/telemetry_api.ts";
import { pause } from "../support/timing.ts";

/** A wheel that records the names of silent connections. */
function wheelOf() {
  const wheel = new SilenceWheel();
  const silent: string[] = [];
  return {
    wheel,
    silent,
    watch: (name: string, silence: number, onSilent = () => {}) =>
      wheel.watch(silence, () => {
        silent.push(name);
        onSilent();
      })!,
    tick: (count: number) => {
      for (let n = 0; n < count; n++) wheel.tick();
    },
  };
}

Deno.test("a connection is silent only after its whole time, and once", () => {
  const { silent, watch, tick } = wheelOf();
  watch("one", 3_000);
  watch("two", 3_001);
  // The first tick can come right after the start.
  tick(3);
  assert.deepEqual(silent, []);
  tick(1);
  assert.deepEqual(silent, ["one"]);
  tick(100);
  assert.deepEqual(silent, ["one", "two"]);
});

Deno.test("a connection that is heard starts its time again", () => {
  const { silent, watch, tick } = wheelOf();
  const heard = watch("heard", 3_000);
  watch("silent", 3_000);
  for (let n = 0; n < 20; n++) {
    tick(3);
    heard.hear();
  }
  assert.deepEqual(silent, ["silent"]);
  tick(3);
  assert.deepEqual(silent, ["silent"]);
  tick(1);
  assert.deepEqual(silent, ["silent", "heard"]);
});

Deno.test("a watch that was stopped calls nothing and leaves nothing", () => {
  const { wheel, silent, watch, tick } = wheelOf();
  for (let n = 0; n < 10; n++) watch("gone", 1_000 * n).stop();
  assert.equal(wheel.size, 0);
  tick(100);
  assert.deepEqual(silent, []);
});

Deno.test("a silent connection can end another one of the same tick", () => {
  const { wheel, silent, watch, tick } = wheelOf();
  const watches = ["one", "two"].map((name) =>
    watch(name, 1_000, () => watches.forEach((watch) => watch.stop()))
  );
  tick(10);
  assert.deepEqual(silent, ["one"]);
  assert.equal(wheel.size, 0);
});

Deno.test("a silent connection can start another watch", () => {
  const { silent, watch, tick } = wheelOf();
  watch("one", 1_000, () => watch("two", 1_000));
  tick(2);
  assert.deepEqual(silent, ["one"]);
  tick(2);
  assert.deepEqual(silent, ["one", "two"]);
});

Deno.test("there is no watch for an infinite time", () => {
  const wheel = new SilenceWheel();
  assert.equal(wheel.watch(Infinity, assert.fail), undefined);
  assert.equal(wheel.size, 0);
});

Deno.test("a stall of any length is at most one tick", async () => {
  const { wheel, silent, watch } = wheelOf();
  watch("one", 1_000);
  wheel.start();
  try {
    await new Promise((resolve) => setTimeout(resolve, 0));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_500);
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert(wheel.now <= 1, `${wheel.now} ticks`);
    assert.deepEqual(silent, []);
  } finally {
    wheel.stop();
  }
});

for (
  const [rules, idleTimeout, silence] of [
    [undefined, 30_000, 30_000],
    [undefined, Infinity, Infinity],
    [{ interval: 25_000, timeout: 10_000 }, 30_000, 50_000],
    [{ interval: 1_000, timeout: 1_000 }, 30_000, 30_000],
    [{ interval: 1_000, timeout: 1_000 }, 1_000, 17_000],
    [{ interval: 25_000, timeout: 10_000 }, 120_000, 120_000],
    [{ interval: 25_000, timeout: 10_000 }, Infinity, Infinity],
  ] as const
) {
  Deno.test(`a client with the heartbeat ${JSON.stringify(rules)} can be silent for ${silence} ms if idleTimeout is ${idleTimeout}`, () => {
    assert.equal(longestSilence(rules, idleTimeout), silence);
  });
}

/** The length of the stall, and the least of it that is measured, in milliseconds. */
const STALL = 600;
const MEASURED = 300;

/** Stalls the event loop. */
function stall(): void {
  const end = performance.now() + STALL;
  while (performance.now() < end);
}

Deno.test("Stalls measures a stall before and after its next check", async () => {
  const stalls = new Stalls();
  stalls.start();
  const start = performance.now();
  assert.equal(stalls.total(start), 0);
  stall();
  const during = stalls.total(performance.now());
  await pause(0);
  const after = stalls.total(performance.now());
  stalls.stop();
  assert(during >= MEASURED && after >= during, `${during}, ${after}`);
  // It is no longer than the time that has passed.
  assert(after <= performance.now() - start);
});

Deno.test("Stalls measures nothing while it is stopped", async () => {
  const stalls = new Stalls();
  stall();
  assert.equal(stalls.total(performance.now()), 0);
  stalls.start();
  stalls.start();
  stalls.stop();
  stall();
  await pause(0);
  assert.equal(stalls.total(performance.now()), 0);
});

Deno.test("Stalls does not keep a program alive", async () => {
  const url = new URL("../../server/silence.ts", import.meta.url).href;
  const { code } = await runScript(
    ["--allow-read"],
    `import { Stalls } from ${JSON.stringify(url)}; new Stalls().start();`,
  );
  assert.equal(code, 0);
});

for (const isNew of [true, false]) {
  const who = isNew ? "that has sent nothing" : "that has sent requests";

  Deno.test(`a client ${who} is not rejected because its requests waited in a stall`, async () => {
    const limits = resolveLimits({ maxRate: 100, maxBurst: 1 });
    const { client, context, sent, socket } = await logInSocket([], { limits });
    context.registry.operation("now", () => 1, undefined);
    if (!isNew) socket.receive(operation(0, "now"));
    context.stalls.start();
    stall();
    sent.length = 0;
    // Fewer than the limit allows in this time.
    for (let id = 1; id <= MEASURED / 10; id++) {
      socket.receive(operation(id, "now"));
    }
    context.stalls.stop();
    const failures = sent.filter((frame) => JSON.parse(frame).code !== 0);
    assert.deepEqual(failures, []);
    client.close();
  });
}

Deno.test("a stall before the connection adds nothing to its rate", async () => {
  const first = await logInSocket();
  const { context } = first;
  context.stalls.start();
  stall();
  const limits = resolveLimits({ maxRate: 0.001, maxBurst: 2 });
  const second = await logInSocket([], { ...context, limits });
  for (let id = 1; id <= 3; id++) second.socket.receive(operation(id, "none"));
  context.stalls.stop();
  const codes = second.sent.map((frame) => JSON.parse(frame).code);
  assert.deepEqual(codes, [5, 5, 9]);
  first.client.close();
  second.client.close();
});

Deno.test("the end of a silent connection does not belong to the span of an upgrade", async () => {
  using api = new TelemetryApi();
  const wheel = new SilenceWheel();
  const ended = Promise.withResolvers<boolean | undefined>();
  api.within(() => wheel.start());
  wheel.watch(0, () => ended.resolve(findTelemetry()?.hasSpan));
  // The timer does not keep the program alive.
  const kept = setInterval(() => {}, 1_000);
  assert.equal(await ended.promise, false);
  clearInterval(kept);
  wheel.stop();
});
