/**
 * Counts rows, and pauses at some of them.
 *
 * @module
 */

import type { Row } from "./rows.ts";

/** Counts rows, and checks that each came once. */
export class Tally {
  readonly #stops: number[];
  readonly #onStop: (count: number) => Promise<void>;
  #count = 0;
  #sum = 0;
  #pause: Promise<void> | undefined;

  /**
   * Constructs a `Tally`.
   *
   * @param stops The numbers of rows after which to pause, in ascending order
   * @param onStop Called at each pause; no row is requested before its promise resolves
   */
  constructor(
    stops: readonly number[] = [],
    onStop: (count: number) => Promise<void> = () => Promise.resolve(),
  ) {
    this.#stops = [...stops];
    this.#onStop = onStop;
  }

  /** Counts a row. Returns a promise during a pause. */
  take({ n }: Row): void | Promise<void> {
    this.#count++;
    this.#sum += n;
    if (this.#count === this.#stops[0]) this.#stop();
    return this.#pause;
  }

  /** Throws an error unless the first `count` rows came, each once. */
  assertAll(count: number): void {
    const sum = count * (count - 1) / 2;
    if (this.#count === count && this.#sum === sum) return;
    throw new Error(
      `expected the first ${count} rows, got ${this.#count} rows with the sum ${this.#sum}`,
    );
  }

  #stop(): void {
    this.#stops.shift();
    this.#pause = this.#onStop(this.#count).finally(() => {
      this.#pause = undefined;
    });
  }
}
