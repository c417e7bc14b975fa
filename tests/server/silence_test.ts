/** Tests of `server/silence.ts`. The timer is not started: each test passes the ticks. */

import assert from "node:assert/strict";
import { longestSilence, SilenceWheel } from "../../server/silence.ts";

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
