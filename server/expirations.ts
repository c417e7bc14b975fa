/**
 * Aborts the calls whose client does not wait any longer, with one timer for all calls.
 *
 * A client that gives up also sends `cancel`, so this matters only if the client is
 * suspended or its connection is lost. A timer for each call would cost more than the call.
 *
 * @module
 */

import { Deadline } from "../common/deadline.ts";

/** A call with a deadline. */
export interface Expiring {
  /** When the time is over, in milliseconds of `performance.now()`; `undefined` if never */
  readonly due: number | undefined;
  /** Called once, when the time is over; must not throw. */
  expire(): unknown;
}

/** How often the calls are checked, in milliseconds. */
const INTERVAL = 1_000;

/** The calls that wait for their deadline. */
export class Expirations {
  readonly #calls = new Set<Expiring>();
  #timer: Deadline | undefined;

  /** Adds a call. Does nothing if it has no deadline. */
  add(call: Expiring): void {
    if (call.due === undefined) return;
    this.#calls.add(call);
    this.#timer ??= this.#start();
  }

  /** Removes a call that has ended. */
  delete(call: Expiring): void {
    if (!this.#calls.delete(call) || this.#calls.size > 0) return;
    // A timer without calls would keep the process alive.
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #start(): Deadline {
    return new Deadline(INTERVAL, () => this.#check());
  }

  #check(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const call of this.#calls) {
      if (call.due! > now) continue;
      this.#calls.delete(call);
      call.expire();
    }
    // An abort listener can have added a call, which has started the timer.
    if (this.#calls.size > 0) this.#timer ??= this.#start();
  }
}
