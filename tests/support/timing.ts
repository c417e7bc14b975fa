/** Waiting in tests. No test depends on how fast the machine is. */

/** How long a test waits for what should happen, in milliseconds: it only ends a test that hangs. */
export const GUARD = 60_000;

/** Waits. Use it only to see that something does not happen, or to poll. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Waits until something is true. */
export async function until(
  isTrue: () => boolean | Promise<boolean>,
  what = "what the test waits for",
): Promise<void> {
  const end = performance.now() + GUARD;
  while (!await isTrue()) {
    if (performance.now() > end) {
      throw new Error(`Nothing has changed: ${what}`);
    }
    await pause(5);
  }
}

/** How many turns of the event loop `settlesAtOnce` waits for. */
const TURNS = 200;

/**
 * Returns whether a promise settles without waiting for a timeout of some seconds. It counts turns
 * of the event loop, which also turns slower if the machine is slow.
 */
export async function settlesAtOnce(
  promise: Promise<unknown>,
): Promise<boolean> {
  let isSettled = false;
  const onSettled = () => void (isSettled = true);
  promise.then(onSettled, onSettled);
  for (let turn = 0; turn < TURNS && !isSettled; turn++) await pause(1);
  return isSettled;
}

/** How often an attempt is repeated that a stall of the machine can have failed. */
const MAX_ATTEMPTS = 5;

/** How often {@linkcode unlessStalled} looks whether the process runs, in milliseconds. */
const LOOK = 50;

/**
 * Runs a test whose steps must follow each other within the time of another program, for example
 * before a lease ends. If it fails, and this process was stopped meanwhile, it runs again.
 *
 * @param stall How long the stops must have been together to explain the failure, in milliseconds
 * @param attempt The test, from its beginning
 */
export async function unlessStalled(
  stall: number,
  attempt: () => Promise<void>,
): Promise<void> {
  for (let n = 1;; n++) {
    let stalled = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      stalled += Math.max(0, now - last - LOOK);
      last = now;
    }, LOOK);
    try {
      return await attempt();
    } catch (error) {
      // The end of a stall can be the failure.
      stalled += Math.max(0, performance.now() - last - LOOK);
      if (stalled < stall || n === MAX_ATTEMPTS) throw error;
    } finally {
      clearInterval(timer);
    }
  }
}

/** Longer than any test, in milliseconds. */
const HOUR = 3_600_000;

/**
 * Lets no timer fire that is longer than a time, so that a test only sees what happens before,
 * however long it takes.
 *
 * @param longest The longest time, in milliseconds
 */
export function onlyTimersUpTo(longest: number): Disposable {
  const { setTimeout } = globalThis;
  const start = (callback: () => void, delay = 0) =>
    setTimeout(callback, delay > longest ? HOUR : delay);
  Object.assign(globalThis, { setTimeout: start });
  return {
    [Symbol.dispose]: () => void Object.assign(globalThis, { setTimeout }),
  };
}

/** Returns a promise and the function that resolves it, for handlers that a test holds. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => open = resolve);
  return { opened, open };
}

/** Waits until all pending microtasks and callbacks have run. */
export function endOfTick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
