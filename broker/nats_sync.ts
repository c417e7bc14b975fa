/**
 * Looks for lost messages regularly. Nothing follows the last message of a room, so nothing
 * else shows that it is lost.
 *
 * @module
 */

/** Runs a check after about the same time, again and again. */
export class NatsSync {
  readonly #interval: number;
  readonly #check: () => Promise<void>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | undefined;
  #isEnded = true;

  /**
   * Constructs a `NatsSync`.
   *
   * @param interval The time between two checks, in milliseconds, plus or minus a half
   * @param check The check, which must not reject
   */
  constructor(interval: number, check: () => Promise<void>) {
    this.#interval = interval;
    this.#check = check;
  }

  /** Begins. */
  start(): void {
    this.#isEnded = false;
    this.#schedule();
  }

  /** Checks now, for example because the connection was lost. */
  run(): void {
    if (this.#isEnded) return;
    clearTimeout(this.#timer);
    this.#running ??= this.#check().finally(() => {
      this.#running = undefined;
      this.#schedule();
    });
  }

  /** Ends. */
  end(): void {
    this.#isEnded = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#isEnded) return;
    // A random part, so that not all servers read at once.
    const delay = this.#interval * (0.5 + Math.random());
    this.#timer = setTimeout(() => this.run(), delay);
  }
}
