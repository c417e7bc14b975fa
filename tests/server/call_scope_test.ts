/** The limits that requests to clients inherit from the call that sends them. */

import assert from "node:assert/strict";
import { ActiveCalls } from "../../server/active_calls.ts";
import { Call } from "../../server/call.ts";
import { limitsOf, runInScope } from "../../server/call_scope.ts";
import { findTelemetry } from "../../common/telemetry.ts";
import type { Client } from "../../server/message.ts";
import { ServerTelemetry } from "../../server/telemetry.ts";
import { TelemetryApi } from "../support/telemetry_api.ts";
import { endOfTick } from "../support/timing.ts";

/** Starts a call with a timeout. */
function callOf(timeout: number | undefined) {
  const calls = new ActiveCalls({ id: 1 } as Client, true);
  const id = 1;
  const call = new Call(
    calls,
    timeout === undefined ? { id } : { id, timeout },
  );
  return Object.assign(call, { [Symbol.dispose]: () => call.end() });
}

Deno.test("a request outside of a call has its own limits", () => {
  const { signal } = new AbortController();
  assert.deepEqual(limitsOf({ signal, timeout: 7 }), {
    signal,
    timeout: 7,
    onExpired: undefined,
  });
  assert.equal(limitsOf(undefined).timeout, undefined);
});

Deno.test("a request inherits the time that is left, also after an await", async () => {
  using call = callOf(60_000);
  await runInScope(call, async () => {
    await endOfTick();
    const { signal, timeout = Infinity, onExpired } = limitsOf(undefined);
    assert.equal(signal, call.signal);
    assert(timeout > 50_000 && timeout <= 60_000, `${timeout}`);
    assert.equal(onExpired?.(), call.signal.reason);
    assert.equal(call.signal.reason.name, "TimeoutError");
  });
});

Deno.test("a request keeps its own timeout if it is shorter", () => {
  using call = callOf(60_000);
  runInScope(call, () => {
    const { timeout, onExpired } = limitsOf({ timeout: 7 });
    assert.deepEqual([timeout, onExpired], [7, undefined]);
    assert(!call.signal.aborted);
    const longer = limitsOf({ timeout: Infinity });
    assert((longer.timeout ?? Infinity) <= 60_000);
    assert(longer.onExpired !== undefined);
  });
});

Deno.test("a request aborts with its own signal, and with that of the call", () => {
  for (const own of [true, false]) {
    using call = callOf(60_000);
    const controller = new AbortController();
    const limits = runInScope(
      call,
      () => limitsOf({ signal: controller.signal }),
    );
    assert(!limits.signal?.aborted);
    const reason = new DOMException("over", "AbortError");
    if (own) controller.abort(reason);
    else call.abort(reason);
    assert.equal(limits.signal?.reason, reason);
  }
});

Deno.test("a request inherits nothing from a call that has ended", async () => {
  const call = callOf(60_000);
  const { promise, resolve } = Promise.withResolvers<void>();
  const later = runInScope(call, async () => {
    await promise;
    return limitsOf({ timeout: 70_000 });
  });
  call.end();
  resolve();
  assert.equal((await later).timeout, 70_000);
});

Deno.test("a request that outlives its call expires with the deadline of the call", () => {
  for (const isSignalUsed of [true, false]) {
    const call = callOf(60_000);
    const { onExpired } = runInScope(call, () => limitsOf(undefined));
    if (isSignalUsed) assert(!call.signal.aborted);
    call.end();
    const reason = onExpired?.();
    assert(reason instanceof DOMException && reason.name === "TimeoutError");
    assert(!call.signal.aborted);
  }
});

Deno.test("two calls at once do not mix their limits", async () => {
  using one = callOf(60_000);
  using other = callOf(600_000);
  const seen = await Promise.all(
    [one, other].map((call) =>
      runInScope(call, async () => {
        for (let n = 0; n < 5; n++) await endOfTick();
        return limitsOf(undefined).signal;
      })
    ),
  );
  assert.deepEqual(
    seen.map((signal) => [one.signal, other.signal].indexOf(signal!)),
    [0, 1],
  );
});

Deno.test("a request after the deadline is aborted", () => {
  using call = callOf(0);
  const { signal, timeout } = runInScope(call, () => limitsOf({}));
  assert.deepEqual([signal?.aborted, timeout], [true, 0]);
});

Deno.test("a call that expires inherits nothing from the call that has started the timer", async () => {
  using api = new TelemetryApi();
  using starter = callOf(60_000);
  using expiring = callOf(10);
  const { promise, resolve } = Promise.withResolvers<unknown[]>();
  api.within(() => runInScope(starter, () => starter.signal));
  expiring.signal.addEventListener("abort", () => {
    resolve([limitsOf(undefined).signal, findTelemetry()?.hasSpan]);
  });
  assert.deepEqual(await promise, [undefined, false]);
});

Deno.test("an abort listener of a call belongs to the span of the call", () => {
  using api = new TelemetryApi();
  const telemetry = findTelemetry();
  assert(telemetry !== undefined);
  using call = callOf(60_000);
  call.observed = new ServerTelemetry(telemetry, "all", () => true)
    .begin({ kind: "operation", name: "add" });
  let hasSpan: boolean | undefined;
  call.signal.addEventListener("abort", () => hasSpan = telemetry.hasSpan);
  call.abort(new DOMException("over", "AbortError"));
  assert.equal(hasSpan, true);
  assert.equal(api.spans.length, 1);
});
