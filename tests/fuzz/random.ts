/**
 * Choices that look random and are the same for the same seed.
 *
 * @module
 */

import { seededRandom } from "../support/random.ts";

/** A stream of choices. */
export class Random {
  readonly #seed: number;
  readonly #next: () => number;

  constructor(seed: number) {
    this.#seed = seed;
    this.#next = seededRandom(seed);
  }

  /** A stream of its own, which depends on this seed and the key alone. */
  fork(key: number): Random {
    const next = seededRandom(this.#seed ^ Math.imul(key + 1, 0x9e3779b1));
    return new Random(Math.floor(next() * 2 ** 32));
  }

  /** A whole number from 0 up to, and not including, the limit. */
  below(limit: number): number {
    return Math.floor(this.#next() * limit);
  }

  /** A whole number from one to the other, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** Whether something happens that does with this probability. */
  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  /** One of the list, which must not be empty. */
  pick<Item>(list: readonly Item[]): Item {
    return list[this.below(list.length)]!;
  }

  /** One of the list, each as likely as its weight says. */
  weigh<Item>(list: readonly (readonly [weight: number, item: Item])[]): Item {
    let left = this.#next() * list.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, item] of list) {
      left -= weight;
      if (left < 0) return item;
    }
    return list[0]![1];
  }

  /** So many bytes. */
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

/** A seed that nobody has chosen. */
export function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}
