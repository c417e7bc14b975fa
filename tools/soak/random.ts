/**
 * Chance that is the same each time: all of it derives from one seed.
 *
 * @module
 */

import { seededRandom } from "../../tests/support/random.ts";

/** A source of chance. */
export class Random {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = seededRandom(seed);
  }

  /** The source of one of several that share a seed. */
  static of(seed: number, ...path: readonly (string | number)[]): Random {
    return new Random(hash([seed, ...path].join("/")));
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.#next() * (most - least + 1));
  }

  /** Whether something happens that does in `share` of all cases. */
  happens(share: number): boolean {
    return this.#next() < share;
  }

  /** One of several. */
  pick<T>(values: readonly [T, ...T[]]): T {
    return values[this.between(0, values.length - 1)] ?? values[0];
  }
}

/** FNV-1a, in 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) {
    value = Math.imul(value ^ character.charCodeAt(0), 0x01000193);
  }
  return value >>> 0;
}
