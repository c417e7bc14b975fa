/**
 * Pseudo-random choices, which are the same for the same seed.
 *
 * @module
 */

import { seededRandom } from "../support/random.ts";

/** A source of pseudo-random choices. */
export class Random {
  readonly #seed: number;
  readonly #next: () => number;

  constructor(seed: number) {
    this.#seed = seed;
    this.#next = seededRandom(seed);
  }

  /** Returns an independent source, which depends only on the seed and the key. */
  fork(key: number): Random {
    const next = seededRandom(this.#seed ^ Math.imul(key + 1, 0x9e3779b1));
    return new Random(Math.floor(next() * 2 ** 32));
  }

  /** Returns an integer from 0 (inclusive) to `limit` (exclusive). */
  below(limit: number): number {
    return Math.floor(this.#next() * limit);
  }

  /** Returns an integer from `least` to `most`, both inclusive. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** Returns `true` with this probability. */
  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  /** Returns an item of an array, which must not be empty. */
  pick<Item>(list: readonly Item[]): Item {
    return list[this.below(list.length)]!;
  }

  /** Returns an item of an array with the probability of its weight. */
  weigh<Item>(list: readonly (readonly [weight: number, item: Item])[]): Item {
    let left = this.#next() * list.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, item] of list) {
      left -= weight;
      if (left < 0) return item;
    }
    return list[0]![1];
  }

  /** Returns random bytes. */
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}
