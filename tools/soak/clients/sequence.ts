/**
 * Numbers that come one after the other.
 *
 * @module
 */

/** A sequence without gaps that may begin anywhere. */
export class Sequence {
  #last: number | undefined;

  /** Takes a number; what is wrong with it, if anything is. */
  take(number: number): string | undefined {
    const last = this.#last;
    this.#last = number;
    if (last === undefined || number === last + 1) return undefined;
    return `${number} after ${last}`;
  }
}
