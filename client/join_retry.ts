/**
 * Delays the joins that a server can accept later.
 *
 * @module
 */

import { backoffDelay } from "./backoff.ts";

/** The delays before an attempt, in milliseconds. */
const DELAYS = { minDelay: 1_000, maxDelay: 30_000 };

/** Waits before the next attempt to join one room, longer after each attempt. */
export class JoinRetry {
  #attempts = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Whether the next attempt has to wait */
  get isWaiting(): boolean {
    return this.#timer !== undefined;
  }

  /** Calls a function when it is time for the next attempt. */
  start(onTime: () => void): void {
    const delay = DELAYS.minDelay + backoffDelay(this.#attempts++, DELAYS);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      onTime();
    }, delay);
  }

  /** Forgets the attempts so far. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#attempts = 0;
  }
}
