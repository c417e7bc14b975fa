/**
 * An attempt that is made later, for which others can wait.
 *
 * @module
 */

/** Calls a function after a delay. */
export class Retry {
  /** Resolves when the function is called, or will not be called */
  readonly ended: Promise<void>;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #resolve: () => void;

  /**
   * Constructs a `Retry`.
   *
   * @param delay The delay in milliseconds
   * @param run The function
   */
  constructor(delay: number, run: () => void) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#resolve = resolve;
    this.#timer = setTimeout(run, delay);
  }

  /** Does not call the function any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#resolve();
  }
}
