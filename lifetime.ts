/**
 * The end of a server: once, whoever asks for it.
 *
 * @module
 */

/** Ends something once, when it is asked to or a signal aborts. */
export class Lifetime {
  /** Resolves when it has ended */
  readonly finished: Promise<void>;
  readonly #signal: AbortSignal | undefined;
  readonly #end: (timeout: number | undefined) => Promise<void>;
  readonly #finishing = Promise.withResolvers<void>();
  readonly #onAbort = (): void => void this.end(undefined);
  #ending: Promise<void> | undefined;

  /**
   * Constructs a `Lifetime`.
   *
   * @param signal Ends it when aborted
   * @param end Does what has to be done, within the time that it is given; never rejects
   */
  constructor(
    signal: AbortSignal | undefined,
    end: (timeout: number | undefined) => Promise<void>,
  ) {
    this.#signal = signal;
    this.#end = end;
    this.finished = this.#finishing.promise;
  }

  /** Whether it has ended or is about to */
  get isEnding(): boolean {
    return this.#ending !== undefined;
  }

  /** Ends it, if nobody has before; resolves when it has ended. */
  end(timeout: number | undefined): Promise<void> {
    return this.#ending ??= this.#run(timeout);
  }

  /** Listens to the signal. */
  attach(): void {
    this.#signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (this.#signal?.aborted) this.#onAbort();
  }

  /** Lets go of the signal. */
  detach(): void {
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }

  async #run(timeout: number | undefined): Promise<void> {
    await this.#end(timeout);
    this.detach();
    this.#finishing.resolve();
  }
}
