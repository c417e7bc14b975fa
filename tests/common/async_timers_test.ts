import assert from "node:assert/strict";
import { aborted, limit, settlesWithin, within } from "../../common/async.ts";

// Deno 2.8 and later look for leaked timers only where they are told to.
Deno.test.sanitizer({ ops: true, resources: true });

const MAX_TIMEOUT = 2 ** 31 - 1;

const WRONG_TIMEOUTS = [-1, -0.5, NaN, -Infinity, MAX_TIMEOUT + 1, 2 ** 53];

function wrongTimeout(timeout: number) {
  return {
    name: "RangeError",
    message:
      `Cannot wait: 'timeout' must be a number of milliseconds from 0 to 2147483647, or Infinity. It is ${timeout}.`,
  };
}

function late(): Error {
  return new Error("late");
}

/** Only for what must NOT happen meanwhile. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}

function forever(): Promise<never> {
  return new Promise(() => {});
}

/** A signal that counts those who listen to it. */
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

Deno.test("limit() aborts with the reason once the time is up, which is made then", async () => {
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

Deno.test("limit() takes a timeout of 0, and does not abort at once", async () => {
  const { signal } = limit(undefined, 0, late);
  assert.equal(signal.aborted, false);
  await assert.rejects(aborted(signal), /^Error: late$/);
});

for (const timeout of [undefined, Infinity]) {
  Deno.test(`limit() starts no clock for the timeout ${timeout}`, async () => {
    // No cancel: the sanitizer of the tests would see a timer.
    const { signal } = limit(undefined, timeout, late);
    await pause();
    assert.equal(signal.aborted, false);
  });
}

Deno.test("limit() takes the longest timeout there is without aborting at once", async () => {
  const { signal, cancel } = limit(undefined, MAX_TIMEOUT, late);
  await pause();
  assert.equal(signal.aborted, false);
  cancel();
});

Deno.test("limit() aborts with the signal of the caller, for its reason", () => {
  const controller = new AbortController();
  const { signal, cancel } = limit(controller.signal, MAX_TIMEOUT, late);
  assert.equal(signal.aborted, false);
  const reason = { any: "value" };
  controller.abort(reason);
  assert.equal(signal.aborted, true);
  assert.equal(signal.reason, reason);
  cancel();
});

Deno.test("limit() aborts at once if the signal of the caller has", () => {
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

Deno.test("limit() does nothing more once it is cancelled", async () => {
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

Deno.test("within() returns what the promise resolves with", async () => {
  for (const timeout of [undefined, Infinity, MAX_TIMEOUT]) {
    assert.equal(await within(Promise.resolve(1), undefined, timeout, late), 1);
  }
});

Deno.test("within() rejects with what the promise rejects with", async () => {
  const error = new Error("no");
  for (const timeout of [undefined, Infinity, MAX_TIMEOUT]) {
    await assert.rejects(
      within(Promise.reject(error), undefined, timeout, late),
      error,
    );
  }
});

Deno.test("within() waits for a promise that settles in time", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const waiting = within(promise, undefined, MAX_TIMEOUT, late);
  await pause();
  resolve("done");
  assert.equal(await waiting, "done");
});

Deno.test("within() rejects with the reason once the time is up", async () => {
  const error = late();
  await assert.rejects(within(forever(), undefined, 1, () => error), error);
});

Deno.test("within() rejects with the reason of the signal of the caller", async () => {
  const controller = new AbortController();
  const reason = new Error("no");
  for (const timeout of [undefined, MAX_TIMEOUT]) {
    const waiting = within(forever(), controller.signal, timeout, late);
    controller.abort(reason);
    await assert.rejects(waiting, reason);
  }
});

Deno.test("within() rejects with a reason that is no error, as it is", async () => {
  const outcome = await within(
    forever(),
    AbortSignal.abort("no"),
    undefined,
    late,
  )
    .catch((reason) => ({ reason }));
  assert.deepEqual(outcome, { reason: "no" });
});

Deno.test("within() rejects if the signal of the caller has aborted before", async () => {
  await assert.rejects(
    within(forever(), AbortSignal.abort(), MAX_TIMEOUT, late),
    {
      name: "AbortError",
    },
  );
});

Deno.test("within() lets go of the signal of the caller, however it ends", async () => {
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

Deno.test("within() leaves no rejection unhandled when the promise fails too late", async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  await assert.rejects(within(promise, undefined, 1, late), /late/);
  // The test would fail at once: nobody else listens to this promise.
  reject(new Error("nobody knows"));
  await pause();
});

Deno.test("settlesWithin() is true for a promise that resolves or rejects in time", async () => {
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
  Deno.test(`settlesWithin() is false for a promise that takes more than ${timeout} ms`, async () => {
    assert.equal(await settlesWithin(forever(), timeout), false);
  });
}

Deno.test("settlesWithin() leaves no rejection unhandled when the promise fails later", async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  assert.equal(await settlesWithin(promise, 1), false);
  reject(new Error("nobody knows"));
  await pause();
});

for (const timeout of WRONG_TIMEOUTS) {
  Deno.test(`The timeout ${timeout} is refused and starts no clock`, async () => {
    const { controller, count } = makeCountingSignal();
    const { signal } = controller;
    assert.throws(() => limit(signal, timeout, late), wrongTimeout(timeout));
    await assert.rejects(
      within(forever(), signal, timeout, late),
      wrongTimeout(timeout),
    );
    await assert.rejects(
      settlesWithin(forever(), timeout),
      wrongTimeout(timeout),
    );
    assert.equal(count(), 0);
  });
}

Deno.test("aborted() rejects with the reason when the signal aborts", async () => {
  const controller = new AbortController();
  const reason = new Error("no");
  const promise = aborted(controller.signal);
  controller.abort(reason);
  await assert.rejects(promise, reason);
});

Deno.test("aborted() rejects at once if the signal has aborted before", async () => {
  const reason = new Error("no");
  await assert.rejects(aborted(AbortSignal.abort(reason)), reason);
});

Deno.test("aborted() does not settle as long as the signal does not abort", async () => {
  const { signal } = new AbortController();
  assert.equal(await settlesWithin(aborted(signal), 20), false);
});
