/**
 * When a process that has ended is started again.
 *
 * @module
 */

/** A process that ran for this time has not failed at its start, in milliseconds. */
export const STABLE = 10_000;

/** How many failures in a row make a crash loop. */
export const MAX_FAILURES = 5;

/** The longest delay after the first failure, in milliseconds. It doubles with each one. */
const FIRST_DELAY = 500;

/** Counts the failures of a process that is started again and again. */
export class Restarts {
  #failures = 0;

  /**
   * Returns how long to wait until the process is started again, in milliseconds, or
   * `undefined` if it fails again and again.
   *
   * @param lifetime How long it ran, in milliseconds
   */
  next(lifetime: number): number | undefined {
    this.#failures = lifetime < STABLE ? this.#failures + 1 : 1;
    if (this.#failures >= MAX_FAILURES) return undefined;
    const delay = FIRST_DELAY * 2 ** (this.#failures - 1);
    // Processes that fail at the same time do not start at the same time.
    return delay * (1 + Math.random()) / 2;
  }
}
