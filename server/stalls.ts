/**
 * Measures how long the event loop was stalled: by a long computation of the application,
 * by SIGSTOP, or by the sleep of the machine.
 *
 * @module
 */

/** The interval between two checks, in milliseconds. */
const INTERVAL = 250;

/** The delay of a check from which it counts as a stall, in milliseconds. */
const TOLERANCE = 50;

/**
 * The total time in which the event loop was stalled. In a stall, the server cannot read
 * the frames that clients send in time. They are not to blame for this.
 */
export class Stalls {
  #total = 0;
  #checked = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Starts the measurement; does nothing if it runs. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#checked = performance.now();
    this.#timer = setInterval(() => this.#check(), INTERVAL);
    // The timer must not keep the program alive.
    this.#timer.unref();
  }

  /** Stops the measurement. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /**
   * Returns the length of all stalls, in milliseconds.
   *
   * @param now The current time, from `performance.now()`
   */
  total(now: number): number {
    if (this.#timer === undefined) return this.#total;
    const late = now - this.#checked - INTERVAL;
    // After a stall, frames can be read before the check is called.
    return late > TOLERANCE ? this.#total + late : this.#total;
  }

  #check(): void {
    const now = performance.now();
    this.#total = this.total(now);
    this.#checked = now;
  }
}
