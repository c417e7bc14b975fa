/**
 * Promises, timeouts, deadlines and signals, with only the features that every JavaScript
 * runtime has.
 *
 * @module
 */

/** A function that finishes at once, or returns a promise; it can throw or reject. */
export type MaybeAsync = () => void | PromiseLike<void>;

/** Runs callbacks one after the other, in the order in which they were added. */
export class SerialQueue {
  /** The end of the last callback that still waits, if there is one */
  #tail: Promise<void> | undefined;

  /** Resolves when all callbacks have run; `undefined` if none waits */
  get done(): Promise<void> | undefined {
    return this.#tail;
  }

  /**
   * Adds a callback. It runs synchronously if nothing has to be waited for.
   *
   * @param before Starts at once, and has to finish before the callback runs
   * @param next Runs after `before` and after all callbacks that were added earlier; it
   * must not throw
   * @param fail Runs in place of `next` if `before` fails; it must not throw
   */
  add(
    before: MaybeAsync,
    next: () => void,
    fail: (error: unknown) => void,
  ): void {
    const waiting = start(before);
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
  // The promise can reject long before it is awaited.
  waiting?.catch(() => {});
  await previous;
  try {
    await waiting;
  } catch (error) {
    return fail(error);
  }
  next();
}

/** Calls a function; returns `undefined` if it has already finished. */
function start(before: MaybeAsync): Promise<void> | undefined {
  try {
    const waiting = before();
    return isPromiseLike(waiting) ? Promise.resolve(waiting) : undefined;
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Returns whether a value has a method `then`, as promises and query builders have. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === "object" || typeof value === "function") &&
    value !== null && "then" in value && typeof value.then === "function";
}

/**
 * Calls a function with a value, synchronously unless the value is a promise.
 *
 * @param value The value, or a promise of it
 * @param next Called with the value
 * @returns What `next` returns; a promise of it if the value is a promise
 *
 * @throws What `next` throws, if the value is no promise
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
 * Returns whether a promise settles within a time, see {@linkcode Deadline}. It makes no
 * difference whether the promise resolves or rejects.
 *
 * @param promise The promise
 * @param timeout How long to wait, in milliseconds
 */
export async function settlesWithin(
  promise: Promise<unknown>,
  timeout: number,
): Promise<boolean> {
  const settled = promise.then(() => true, () => true);
  if (timeout === Infinity) return await settled;
  let deadline: Deadline | undefined;
  const expired = new Promise<boolean>((resolve) => {
    deadline = new Deadline(timeout, () => resolve(false));
  });
  try {
    return await Promise.race([settled, expired]);
  } finally {
    deadline?.cancel();
  }
}

/**
 * Waits for a promise, but not longer than a time. The promise goes on after it.
 *
 * @param promise The promise
 * @param timeout How long to wait, in milliseconds
 *
 * @throws What the promise rejects with in this time
 */
export async function atMost(
  promise: Promise<void>,
  timeout: number,
): Promise<void> {
  if (await settlesWithin(promise, timeout)) await promise;
}

/**
 * Waits for a promise until a signal aborts or a timeout expires.
 *
 * @param promise The promise
 * @param signal The signal of the caller, if there is one
 * @param timeout How long to wait, in milliseconds; no limit if omitted
 * @param reason Makes the error for the case that the timeout expires
 *
 * @throws The reason of the signal, or the error that `reason` makes
 */
export async function within<Value>(
  promise: Promise<Value>,
  signal: AbortSignal | undefined,
  timeout: number | undefined,
  reason: () => unknown,
): Promise<Value> {
  // Most requests have no limit, and a limit is expensive.
  if (signal === undefined && timeout === undefined) return await promise;
  const { signal: limited, cancel } = limit(signal, timeout, reason);
  try {
    return await Promise.race([promise, aborted(limited)]);
  } finally {
    cancel();
  }
}

/** A signal that aborts when the signal of the caller aborts, or after a timeout. */
export interface Limit {
  /** The signal */
  readonly signal: AbortSignal;
  /** Stops the timer and removes the listener from the signal of the caller. */
  cancel(): void;
}

/**
 * Combines a signal with a timeout.
 *
 * @param signal The signal of the caller, if there is one
 * @param timeout The timeout in milliseconds, which the caller has checked; no limit if
 * omitted
 * @param reason Makes the reason to abort with when the timeout expires
 */
export function limit(
  signal: AbortSignal | undefined,
  timeout: number | undefined,
  reason: () => unknown,
): Limit {
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal?.reason);
  const deadline = timeout === undefined
    ? undefined
    : new Deadline(timeout, () => controller.abort(reason()));
  signal?.addEventListener("abort", onAbort);
  if (signal?.aborted) onAbort();
  const cancel = () => {
    deadline?.cancel();
    signal?.removeEventListener("abort", onAbort);
  };
  return { signal: controller.signal, cancel };
}

/** Returns a promise that rejects when a signal aborts, and never resolves. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), {
      once: true,
    });
  });
}

/**
 * How long a runtime needs to read the input that has arrived, in milliseconds. Deno
 * reads 6 MB in this time. A timer that is later than this was delayed by a stall.
 */
const READING_TIME = 5;

/** The longest grace period, in milliseconds. */
const MAX_GRACE = 1_000;

/** The maximum number of grace periods, because a busy program is always late. */
const MAX_GRACES = 2;

/**
 * Calls a function when a time has passed and the input that arrived in this time was
 * handled. After a stall, the other side can need some messages to catch up. Therefore
 * a timer that was late gets a grace period as long as its delay.
 */
export class Deadline {
  readonly #onExpired: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the timer should fire */
  #due = 0;
  #graces = 0;

  /**
   * Constructs a `Deadline`, which starts at once.
   *
   * @param timeout The time in milliseconds; it never expires if this is `Infinity`
   * @param onExpired Called when the time has passed, unless the deadline was cancelled
   */
  constructor(timeout: number, onExpired: () => void) {
    this.#onExpired = onExpired;
    // A timer of this length would fire immediately.
    if (timeout !== Infinity) this.#start(timeout);
  }

  /** Stops the timer. */
  cancel(): void {
    clearTimeout(this.#timer);
  }

  #start(delay: number): void {
    this.#due = performance.now() + delay;
    this.#timer = setTimeout(() => this.#onTimer(), delay);
  }

  #onTimer(): void {
    const late = performance.now() - this.#due;
    if (!this.#deservesGrace(late)) return this.#onExpired();
    this.#graces++;
    this.#start(Math.min(Math.max(late, READING_TIME), MAX_GRACE));
  }

  /** The first grace period is unconditional, because input can just have arrived. */
  #deservesGrace(late: number): boolean {
    return this.#graces === 0 ||
      late > READING_TIME && this.#graces < MAX_GRACES;
  }
}

/**
 * Makes a connection with `Deno.connect`, until a signal aborts.
 *
 * If the signal aborts right after the connection was made, Deno 2.9 rejects without closing
 * it: its last step is `signal.throwIfAborted()`. The signal that `connect` gets does not throw.
 *
 * @param signal Ends the attempt
 * @param connect Calls `Deno.connect` with its signal
 *
 * @throws The reason of the signal, or the error of the system
 */
export async function dial<Connection extends { close(): void }>(
  signal: AbortSignal,
  connect: (signal: AbortSignal) => Promise<Connection>,
): Promise<Connection> {
  signal.throwIfAborted();
  const dialing = AbortSignal.any([signal]);
  dialing.throwIfAborted = () => {};
  try {
    const connection = await connect(dialing);
    if (signal.aborted) connection.close();
    return connection;
  } finally {
    signal.throwIfAborted();
  }
}
