/**
 * The longest wait for the next item of a stream. A busy machine can need any time for the
 * whole stream.
 *
 * @module
 */

/** Aborts a stream that has brought no item for a time. */
export class StallLimit implements Disposable {
  readonly #limit: number;
  readonly #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Constructs a `StallLimit`.
   *
   * @param limit The longest wait, in milliseconds
   */
  constructor(limit: number) {
    this.#limit = limit;
    this.#start();
  }

  /** Aborts the stream */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Notes that an item has arrived. */
  progress(): void {
    clearTimeout(this.#timer);
    this.#start();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #start(): void {
    const error = new Error(`no item within ${this.#limit / 1_000} s`);
    this.#timer = setTimeout(() => this.#controller.abort(error), this.#limit);
  }
}
