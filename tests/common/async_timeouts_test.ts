/** Tests of timeouts and signals in `common/async.ts`. */

import assert from "node:assert/strict";
import {
  aborted,
  atMost,
  limit,
  settlesWithin,
  within,
} from "../../common/async.ts";
import { MAX_TIMEOUT } from "../../common/check.ts";

// Deno 2.8 and later only find leaked timers with this sanitizer.
Deno.test.sanitizer({ ops: true, resources: true });

function late(): Error {
  return new Error("late");
}

/** Waits, only to show that something does not happen in the meantime. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}

function forever(): Promise<never> {
  return new Promise(() => {});
}

/** Makes a signal that counts its listeners. */
function makeCountingSignal(): {
  controller: AbortController;
  count: () => number;
} {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set<unknown>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (
    type: string,
    listener: EventListener,
    options?: unknown,
  ) => {
    listeners.add(listener);
    add(type, listener, options as AddEventListenerOptions);
  };
  signal.removeEventListener = (type: string, listener: EventListener) => {
    listeners.delete(listener);
    remove(type, listener);
  };
  return { controller, count: () => listeners.size };
}

Deno.test("limit() makes the reason when the timeout expires", async () => {
  let made = 0;
  const error = late();
  const { signal, cancel } = limit(undefined, 1, () => {
    made++;
    return error;
  });
  assert.equal(signal.aborted, false);
  assert.equal(made, 0);
  await assert.rejects(aborted(signal), error);
  assert.equal(signal.reason, error);
  assert.equal(made, 1);
  cancel();
});

Deno.test("limit() accepts a timeout of 0 and does not abort synchronously", async () => {
  const { signal } = limit(undefined, 0, late);
  assert.equal(signal.aborted, false);
  await assert.rejects(aborted(signal), /^Error: late$/);
});

for (const timeout of [undefined, Infinity]) {
  Deno.test(`limit() starts no timer for the timeout ${timeout}`, async () => {
    // Without cancel(), the sanitizer would find a timer.
    const { signal } = limit(undefined, timeout, late);
    await pause();
    assert.equal(signal.aborted, false);
  });
}

Deno.test("limit() accepts the longest timeout of JavaScript", async () => {
  const { signal, cancel } = limit(undefined, MAX_TIMEOUT, late);
  await pause();
  assert.equal(signal.aborted, false);
  cancel();
});

Deno.test("limit() aborts with the reason of the caller's signal", () => {
  const controller = new AbortController();
  const { signal, cancel } = limit(controller.signal, MAX_TIMEOUT, late);
  assert.equal(signal.aborted, false);
  const reason = { any: "value" };
  controller.abort(reason);
  assert.equal(signal.aborted, true);
  assert.equal(signal.reason, reason);
  cancel();
});

Deno.test("limit() aborts at once if the caller's signal has aborted", () => {
  const reason = new Error("no");
  const { signal, cancel } = limit(
    AbortSignal.abort(reason),
    MAX_TIMEOUT,
    late,
  );
  assert.equal(signal.aborted, true);
  assert.equal(signal.reason, reason);
  cancel();
});

Deno.test("limit() keeps the first reason", async () => {
  const controller = new AbortController();
  const { signal, cancel } = limit(controller.signal, 1, late);
  await assert.rejects(aborted(signal), /^Error: late$/);
  controller.abort(new Error("no"));
  assert.equal(signal.reason.message, "late");
  cancel();
});

Deno.test("limit() does nothing after cancel()", async () => {
  const { controller, count } = makeCountingSignal();
  const { signal, cancel } = limit(
    controller.signal,
    1,
    () => assert.fail("not cancelled"),
  );
  assert.equal(count(), 1);
  cancel();
  cancel();
  assert.equal(count(), 0);
  controller.abort();
  await pause();
  assert.equal(signal.aborted, false);
});

Deno.test("within() resolves with the value of the promise", async () => {
  for (const timeout of [undefined, Infinity, MAX_TIMEOUT]) {
    assert.equal(await within(Promise.resolve(1), undefined, timeout, late), 1);
  }
});

Deno.test("within() rejects with the error of the promise", async () => {
  const error = new Error("no");
  for (const timeout of [undefined, Infinity, MAX_TIMEOUT]) {
    await assert.rejects(
      within(Promise.reject(error), undefined, timeout, late),
      error,
    );
  }
});

Deno.test("within() waits for a promise that settles before the timeout", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const waiting = within(promise, undefined, MAX_TIMEOUT, late);
  await pause();
  resolve("done");
  assert.equal(await waiting, "done");
});

Deno.test("within() rejects with the reason when the timeout expires", async () => {
  const error = late();
  await assert.rejects(within(forever(), undefined, 1, () => error), error);
});

Deno.test("within() rejects with the reason of the caller's signal", async () => {
  const controller = new AbortController();
  const reason = new Error("no");
  for (const timeout of [undefined, MAX_TIMEOUT]) {
    const waiting = within(forever(), controller.signal, timeout, late);
    controller.abort(reason);
    await assert.rejects(waiting, reason);
  }
});

Deno.test("within() rejects with a reason that is no error", async () => {
  const outcome = await within(
    forever(),
    AbortSignal.abort("no"),
    undefined,
    late,
  )
    .catch((reason) => ({ reason }));
  assert.deepEqual(outcome, { reason: "no" });
});

Deno.test("within() rejects if the caller's signal has already aborted", async () => {
  await assert.rejects(
    within(forever(), AbortSignal.abort(), MAX_TIMEOUT, late),
    {
      name: "AbortError",
    },
  );
});

Deno.test("within() removes its listener from the caller's signal in every case", async () => {
  const { controller, count } = makeCountingSignal();
  const { signal } = controller;
  await within(Promise.resolve(), signal, undefined, late);
  assert.equal(count(), 0);
  await assert.rejects(
    within(Promise.reject(late()), signal, MAX_TIMEOUT, late),
    /late/,
  );
  assert.equal(count(), 0);
  await assert.rejects(within(forever(), signal, 1, late), /late/);
  assert.equal(count(), 0);
  const waiting = within(forever(), signal, undefined, late);
  assert.equal(count(), 1);
  controller.abort(new Error("no"));
  await assert.rejects(waiting, /no/);
  assert.equal(count(), 0);
});

Deno.test("within() handles a rejection after the timeout", async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  await assert.rejects(within(promise, undefined, 1, late), /late/);
  // An unhandled rejection would fail the test.
  reject(new Error("too late"));
  await pause();
});

Deno.test("settlesWithin() returns true if the promise resolves or rejects in time", async () => {
  assert.equal(await settlesWithin(Promise.resolve(), MAX_TIMEOUT), true);
  assert.equal(
    await settlesWithin(Promise.reject(new Error("no")), MAX_TIMEOUT),
    true,
  );
  assert.equal(await settlesWithin(Promise.resolve(false), 0), true);
  assert.equal(await settlesWithin(Promise.resolve(), Infinity), true);
});

Deno.test("settlesWithin() waits for a promise that settles later", async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  const waiting = settlesWithin(promise, MAX_TIMEOUT);
  await pause();
  reject(new Error("no"));
  assert.equal(await waiting, true);
});

for (const timeout of [0, 1]) {
  Deno.test(`settlesWithin() returns false if the promise takes longer than ${timeout} ms`, async () => {
    assert.equal(await settlesWithin(forever(), timeout), false);
  });
}

Deno.test("settlesWithin() handles a rejection after the timeout", async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  assert.equal(await settlesWithin(promise, 1), false);
  reject(new Error("too late"));
  await pause();
});

Deno.test("aborted() rejects with the reason when the signal aborts", async () => {
  const controller = new AbortController();
  const reason = new Error("no");
  const promise = aborted(controller.signal);
  controller.abort(reason);
  await assert.rejects(promise, reason);
});

Deno.test("aborted() rejects at once if the signal has already aborted", async () => {
  const reason = new Error("no");
  await assert.rejects(aborted(AbortSignal.abort(reason)), reason);
});

Deno.test("aborted() stays pending until the signal aborts", async () => {
  const { signal } = new AbortController();
  assert.equal(await settlesWithin(aborted(signal), 20), false);
});

Deno.test("atMost() waits no longer than the timeout", async () => {
  assert.equal(await atMost(forever(), 1), undefined);
});

Deno.test("atMost() rejects as the promise does", async () => {
  const error = late();
  await assert.rejects(atMost(Promise.reject(error), 60_000), error);
});
