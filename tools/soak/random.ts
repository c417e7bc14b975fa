/**
 * Random choices that all derive from one seed.
 *
 * @module
 */

import { seededRandom } from "../../tests/support/random.ts";

/** A source of random choices. */
export class Random {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = seededRandom(seed);
  }

  /** Returns one of several sources that share a seed. */
  static of(seed: number, ...path: readonly (string | number)[]): Random {
    return new Random(hash([seed, ...path].join("/")));
  }

  /** Returns an integer from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.#next() * (most - least + 1));
  }

  /** Returns true with a probability from 0 to 1. */
  happens(share: number): boolean {
    return this.#next() < share;
  }

  /** Returns one of several values. */
  pick<T>(values: readonly [T, ...T[]]): T {
    return values[this.between(0, values.length - 1)] ?? values[0];
  }
}

/** Returns the FNV-1a hash with 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) {
    value = Math.imul(value ^ character.charCodeAt(0), 0x01000193);
  }
  return value >>> 0;
}
