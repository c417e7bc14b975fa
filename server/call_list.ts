/**
 * The calls of one client in the order in which they began, and the deadlines of all calls.
 *
 * A client that gives up also sends `cancel`, so a deadline matters only if the client is
 * suspended or its connection is lost. A timer for each call would cost more than the call,
 * so one timer aborts the calls of all clients.
 *
 * @module
 */

import { Deadline } from "../common/async.ts";
import { runOutOfScope } from "./call_scope.ts";

/** A call that can be in a list. Only the list uses its neighbours. */
export interface ListedCall<Call> {
  /** The number of the request */
  readonly id: number;
  older: Call | undefined;
  newer: Call | undefined;
}

/**
 * The calls of one client. A `Map` would cost every request 0.5 µs, and few are ever looked
 * up. `limits.maxPending` bounds the length.
 */
export class CallList<Call extends ListedCall<Call>> {
  #newest: Call | undefined;

  /** Adds a call, which must not be in a list. */
  add(call: Call): void {
    const older = this.#newest;
    call.older = older;
    if (older !== undefined) older.newer = call;
    this.#newest = call;
  }

  /** Removes a call. Does nothing if it is not in the list. */
  delete(call: Call): void {
    const { newer, older } = call;
    if (newer !== undefined) newer.older = older;
    else if (this.#newest === call) this.#newest = older;
    else return;
    if (older !== undefined) older.newer = newer;
    // The call can be kept in memory, and must not keep others.
    call.newer = undefined;
    call.older = undefined;
  }

  /** Returns the newest call with an id. */
  find(id: number): Call | undefined {
    let call = this.#newest;
    while (call !== undefined && call.id !== id) call = call.older;
    return call;
  }
}

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
    return runOutOfScope(() => new Deadline(INTERVAL, () => this.#check()));
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
