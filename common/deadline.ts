/**
 * Deadlines that do not beat input that arrived in time.
 *
 * A runtime calls timers before it reads from sockets. After a stall, for example a long
 * computation, SIGSTOP, or the sleep of a laptop, the timer of a request is called
 * although the response has been in the socket for a long time.
 *
 * @module
 */

/**
 * How long a runtime needs to read the input that has arrived, in milliseconds. Deno
 * reads 6 MB in this time. A timer that is later than this was delayed by a stall.
 */
const READING_TIME = 5;

/** The longest grace period, in milliseconds. */
const MAX_GRACE = 1_000;

/** The maximum number of grace periods, because a busy program is always late. */
const MAX_GRACES = 2;

/**
 * Calls a function when a time has passed and the input that arrived in this time was
 * handled. After a stall, the other side can need some messages to catch up. Therefore
 * a timer that was late gets a grace period as long as its delay.
 */
export class Deadline {
  readonly #onExpired: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the timer should fire */
  #due = 0;
  #graces = 0;

  /**
   * Constructs a `Deadline`, which starts at once.
   *
   * @param timeout The time in milliseconds; it never expires if this is `Infinity`
   * @param onExpired Called when the time has passed, unless the deadline was cancelled
   */
  constructor(timeout: number, onExpired: () => void) {
    this.#onExpired = onExpired;
    // A timer of this length would fire immediately.
    if (timeout !== Infinity) this.#start(timeout);
  }

  /** Stops the timer. */
  cancel(): void {
    clearTimeout(this.#timer);
  }

  #start(delay: number): void {
    this.#due = performance.now() + delay;
    this.#timer = setTimeout(() => this.#onTimer(), delay);
  }

  #onTimer(): void {
    const late = performance.now() - this.#due;
    if (!this.#deservesGrace(late)) return this.#onExpired();
    this.#graces++;
    this.#start(Math.min(Math.max(late, READING_TIME), MAX_GRACE));
  }

  /** The first grace period is unconditional, because input can just have arrived. */
  #deservesGrace(late: number): boolean {
    return this.#graces === 0 ||
      late > READING_TIME && this.#graces < MAX_GRACES;
  }
}
