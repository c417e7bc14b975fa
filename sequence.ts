/**
 * Doing things in their order, although some have to wait for something first.
 *
 * @module
 */

import { isThenable } from "./thenable.ts";

/** Something that may be done at once, or later; it may throw or reject. */
export type Waiting = () => void | PromiseLike<void>;

/** What is done one after the other. */
export class Sequence {
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
    return isThenable(waiting) ? Promise.resolve(waiting) : undefined;
  } catch (error) {
    return Promise.reject(error);
  }
}
