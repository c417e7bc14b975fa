/**
 * Waiting with a limit, with nothing but what every JavaScript runtime has.
 *
 * @module
 */

import { checkNumber, TIMEOUT } from "./check.ts";

/** Something that may be done at once, or later; it may throw or reject. */
export type Waiting = () => void | PromiseLike<void>;

/** What is done one after the other. */
export class SerialQueue {
  /** What was added last, if that still waits. */
  #tail: Promise<void> | undefined;

  /** Resolves when all that was added is done; `undefined` if it is */
  get done(): Promise<void> | undefined {
    return this.#tail;
  }

  /**
   * Adds something, which is done at once if nothing has to wait.
   *
   * @param before What has to be over first; it begins at once
   * @param next What to do then, after all that was added before; it does not throw
   * @param fail What to do instead if `before` fails; it does not throw, either
   */
  add(before: Waiting, next: () => void, fail: (error: unknown) => void): void {
    const waiting = attempt(before);
    if (waiting === undefined && this.#tail === undefined) return next();
    const tail = runAfter(this.#tail, waiting, next, fail).then(() => {
      if (this.#tail === tail) this.#tail = undefined;
    });
    this.#tail = tail;
  }
}

async function runAfter(
  previous: Promise<void> | undefined,
  waiting: Promise<void> | undefined,
  next: () => void,
  fail: (error: unknown) => void,
): Promise<void> {
  // It may reject long before it is its turn.
  waiting?.catch(() => {});
  await previous;
  try {
    await waiting;
  } catch (error) {
    return fail(error);
  }
  next();
}

/** Begins something; `undefined` if it is over already. */
function attempt(before: Waiting): Promise<void> | undefined {
  try {
    const waiting = before();
    return isPromiseLike(waiting) ? Promise.resolve(waiting) : undefined;
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Options of a single request */
export interface RequestOptions {
  /**
   * Gives up waiting when aborted: the request rejects with the reason of the
   * signal. The other side carries on with what it has begun.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long to wait for the answer, in milliseconds from 0 to 2,147,483,647.
   *
   * @default {Infinity}
   */
  readonly timeout?: number | undefined;
}

/** Whether `await` would wait for a value: promises of any make, query builders. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === "object" || typeof value === "function") &&
    value !== null && "then" in value && typeof value.then === "function";
}

/**
 * Goes on with a value, at once if it is there.
 *
 * @throws What `next` throws, if the value is there; the promise rejects otherwise
 */
export function mapMaybePromise<Value, Result>(
  value: Value | PromiseLike<Value>,
  next: (value: Value) => Result | PromiseLike<Result>,
): Result | PromiseLike<Result> {
  return isPromiseLike(value)
    ? Promise.resolve(value as PromiseLike<Value>).then(next)
    : next(value as Value);
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

/**
 * Checks the timeout of a request.
 *
 * @throws {RangeError} If it is out of range
 */
export function assertTimeout(timeout: number | undefined): void {
  checkNumber("Cannot wait", "timeout", timeout, TIMEOUT);
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
