/**
 * Many things that all have the same time, watched by one timer.
 *
 * @module
 */

/** What is told when its time is up. */
export interface Expiring {
  /** The time is up. */
  expire(): void;
}

/**
 * The deadlines of things that each have the same time. A timer for each of them
 * would cost a connection more than its login does.
 */
export class Deadlines<Thing extends Expiring> {
  readonly #timeout: number;
  /** When each is due, in the order in which they are. */
  readonly #due = new Map<Thing, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Constructs `Deadlines`.
   *
   * @param timeout The time of each thing, in milliseconds; it may be `Infinity`
   */
  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  /** Starts the clock of something. */
  add(thing: Thing): void {
    // A timer would be up at once.
    if (this.#timeout === Infinity) return;
    this.#due.set(thing, performance.now() + this.#timeout);
    this.#timer ??= this.#start(this.#timeout);
  }

  /** Something is done, or does not matter any more. */
  delete(thing: Thing): void {
    // Nothing is left behind that would keep the process from ending.
    if (this.#due.delete(thing) && this.#due.size === 0) this.#stop();
  }

  #start(delay: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.#expire(), delay);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #expire(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const [thing, due] of this.#due) {
      if (due > now) {
        // The one that the timer was started for may be done since long ago.
        this.#timer = this.#start(due - now);
        return;
      }
      this.#due.delete(thing);
      thing.expire();
    }
  }
}
