/**
 * The callbacks that an application has registered for one kind of event.
 *
 * @module
 */

import { invalidType } from "../common/check.ts";
import type { ClientLog } from "./log.ts";

/**
 * Called with an event. If it returns a promise, nothing waits for it.
 *
 * @param event The event
 */
export type Callback<Event> = (event: Event) => unknown;

/** The callbacks for one kind of event. The same callback can be registered twice. */
export class Callbacks<Event> {
  readonly #log: ClientLog;
  // One object for each registration, so that each can be removed alone.
  readonly #entries = new Set<{ readonly callback: Callback<Event> }>();

  /**
   * Constructs `Callbacks`.
   *
   * @param log Logs the errors of the callbacks
   */
  constructor(log: ClientLog) {
    this.#log = log;
  }

  /** The number of registrations */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Registers a callback.
   *
   * @param subject What could not be done, such as `Cannot add the listener`
   * @param callback The callback
   * @returns An object that removes the callback when it is disposed of
   *
   * @throws {TypeError} If the callback is not a function
   */
  add(subject: string, callback: Callback<Event>): Disposable {
    if (typeof callback !== "function") {
      throw invalidType(subject, "the listener", "a function", callback);
    }
    const entry = { callback };
    this.#entries.add(entry);
    return { [Symbol.dispose]: () => void this.#entries.delete(entry) };
  }

  /** Calls the callbacks in the order of their registration; never throws. */
  call(event: Event): void {
    for (const entry of [...this.#entries]) {
      if (!this.#entries.has(entry)) continue;
      // Destructured, so that the entry is not the `this` of the callback.
      const { callback } = entry;
      void this.#log.run(() => callback(event));
    }
  }
}
