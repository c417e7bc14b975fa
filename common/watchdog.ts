/**
 * Notices that something which happens again and again is late.
 *
 * @module
 */

/** How often a late update is reported again, in milliseconds. */
const REPEAT = 1_000;

/** Reports how long nothing has arrived, once the next update is late. */
export class Watchdog implements Disposable {
  readonly #patience: number;
  readonly #onLate: (silence: number) => void;
  #last = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Constructs a `Watchdog`, which waits for the first update.
   *
   * @param patience How long the next update can take, in milliseconds
   * @param onLate Called with the time since the last update in milliseconds, and again each
   * second until the next one
   */
  constructor(patience: number, onLate: (silence: number) => void) {
    this.#patience = patience;
    this.#onLate = onLate;
    this.feed();
  }

  /** Notes that an update has arrived. */
  feed(): void {
    this.#last = performance.now();
    this.#wait(this.#patience);
  }

  /** Waits for no further update. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #wait(time: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#wait(REPEAT);
      this.#onLate(performance.now() - this.#last);
    }, time);
  }
}
