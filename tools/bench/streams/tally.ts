/**
 * Counting rows as they come, and stopping at some of them.
 *
 * @module
 */

import type { Row } from "./rows.ts";

/** Counts rows, and knows whether all of them came. */
export class Tally {
  readonly #stops: number[];
  readonly #onStop: (count: number) => Promise<void>;
  #count = 0;
  #sum = 0;
  #pause: Promise<void> | undefined;

  /**
   * Constructs a `Tally`.
   *
   * @param stops After how many rows to stop, the smallest number first
   * @param onStop What to do then; no row is asked for before it has done it
   */
  constructor(
    stops: readonly number[] = [],
    onStop: (count: number) => Promise<void> = () => Promise.resolve(),
  ) {
    this.#stops = [...stops];
    this.#onStop = onStop;
  }

  /** Takes a row; whoever takes one during a stop waits as well. */
  take({ n }: Row): void | Promise<void> {
    this.#count++;
    this.#sum += n;
    if (this.#count === this.#stops[0]) this.#stop();
    return this.#pause;
  }

  /** Throws unless these were the first so many rows, each once. */
  assertAll(count: number): void {
    const sum = count * (count - 1) / 2;
    if (this.#count === count && this.#sum === sum) return;
    throw new Error(`of ${count} rows, ${this.#count} came, or others`);
  }

  #stop(): void {
    this.#stops.shift();
    this.#pause = this.#onStop(this.#count).finally(() => {
      this.#pause = undefined;
    });
  }
}
