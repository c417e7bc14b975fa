/**
 * The next attempt to connect to NATS.
 *
 * @module
 */

import { backoff } from "./backoff.ts";

/** How long a connection must last before the delay begins again, in milliseconds. */
const STABLE = 5_000;

/** Schedules attempts, with a delay that grows. */
export class NatsBackoff {
  readonly #run: () => void;
  #failures = 0;
  #connectedAt = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Constructs a `NatsBackoff`.
   *
   * @param run The attempt
   */
  constructor(run: () => void) {
    this.#run = run;
  }

  /** Notes that an attempt has succeeded. */
  onConnected(): void {
    this.#connectedAt = performance.now();
  }

  /** Schedules the next attempt. */
  schedule(): void {
    if (performance.now() - this.#connectedAt > STABLE) this.#failures = 0;
    this.#connectedAt = Infinity;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#run, backoff(this.#failures++));
  }

  /** Makes no further attempt. */
  end(): void {
    clearTimeout(this.#timer);
  }
}
