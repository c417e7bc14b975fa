/**
 * Waiting with a limit, with nothing but what every JavaScript runtime has.
 *
 * @module
 */

import { TimeoutError } from "./errors.ts";

/** The error for a request, such as `operation "add"`, whose time is up. */
export function timedOut(
  subject: string,
  timeout: number | undefined,
): TimeoutError {
  return new TimeoutError(
    `Cannot finish ${subject}: no answer within ${timeout} ms`,
  );
}

/**
 * Whether a promise settles, either way, before the time is up.
 *
 * @param promise What to wait for
 * @param timeout How long to wait, in milliseconds
 */
export async function settlesWithin(
  promise: Promise<unknown>,
  timeout: number,
): Promise<boolean> {
  const settled = promise.then(() => true, () => true);
  const { signal, cancel } = limit(undefined, timeout, () => undefined);
  const expired = aborted(signal).catch(() => false);
  try {
    return await Promise.race([settled, expired]);
  } finally {
    cancel();
  }
}

/**
 * Waits for a promise no longer than the caller wants to.
 *
 * @param promise What to wait for
 * @param signal The signal of the caller, if there is one
 * @param timeout The time in milliseconds; no limit if left out
 * @param reason Makes the error for when the time is up
 */
export async function within<Value>(
  promise: Promise<Value>,
  signal: AbortSignal | undefined,
  timeout: number | undefined,
  reason: () => unknown,
): Promise<Value> {
  // Most requests have no limit, and a limit is not cheap.
  if (signal === undefined && timeout === undefined) return await promise;
  const { signal: limited, cancel } = limit(signal, timeout, reason);
  try {
    return await Promise.race([promise, aborted(limited)]);
  } finally {
    cancel();
  }
}

/** A signal that aborts when another does or when the time is up. */
export interface Limit {
  readonly signal: AbortSignal;
  /** Stops the clock and lets go of the other signal. */
  cancel(): void;
}

/**
 * Limits something in time.
 *
 * @param signal The signal of the caller, if there is one
 * @param timeout The time in milliseconds; no limit if left out
 * @param reason Makes the error for when the time is up
 */
export function limit(
  signal: AbortSignal | undefined,
  timeout: number | undefined,
  reason: () => unknown,
): Limit {
  assertTimeout(timeout);
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal?.reason);
  const timer = timeout === undefined || timeout === Infinity
    ? undefined
    : setTimeout(() => controller.abort(reason()), timeout);
  signal?.addEventListener("abort", onAbort);
  if (signal?.aborted) onAbort();
  const cancel = () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  };
  return { signal: controller.signal, cancel };
}

/** Longer delays overflow the timers of JavaScript, which then fire at once. */
export const MAX_TIMEOUT = 2 ** 31 - 1;

/** Refuses a timeout that cannot be waited for. */
export function assertTimeout(timeout: number | undefined): void {
  if (timeout === undefined || timeout === Infinity) return;
  if (timeout >= 0 && timeout <= MAX_TIMEOUT) return;
  throw new RangeError(
    `Cannot wait as 'timeout' must be from 0 to ${MAX_TIMEOUT} milliseconds, or Infinity: current value is ${timeout}`,
  );
}

/** Rejects with the reason of a signal once it aborts, and never resolves. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), {
      once: true,
    });
  });
}
