/**
 * Consecutive numbers.
 *
 * @module
 */

/** Checks that numbers are consecutive, from any number on. */
export class Sequence {
  #last: number | undefined;

  /** Adds a number. Returns the problem, if there is one. */
  take(number: number): string | undefined {
    const last = this.#last;
    this.#last = number;
    if (last === undefined || number === last + 1) return undefined;
    return `${number} after ${last}`;
  }
}
