/**
 * Requests that wait for a connection.
 *
 * @module
 */

import { ConnectionClosedError } from "./errors.ts";
import type { CloseInfo } from "./status.ts";
import { within } from "./timers.ts";

/** Something that waits. */
interface Entry<Carrier> {
  start(carrier: Carrier): void;
  fail(close: CloseInfo): void;
}

/** What waits for something to carry it, in its order. */
export class Backlog<Carrier> {
  readonly #entries = new Set<Entry<Carrier>>();

  /** How much waits */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Waits for a carrier, then starts, in the order of the calls.
   *
   * @param subject What errors call it, such as `operation "add"`
   * @param signal Gives up when it aborts
   * @param start What to do once there is a carrier
   * @returns What `start` resolves to
   */
  async add<Result>(
    subject: string,
    signal: AbortSignal,
    start: (carrier: Carrier) => Promise<Result>,
  ): Promise<Result> {
    let remove = (): void => {};
    const result = new Promise<Result>((resolve, reject) => {
      const entry: Entry<Carrier> = {
        start: (carrier) => resolve(start(carrier)),
        fail: (close) => reject(failureOf(subject, close)),
      };
      this.#entries.add(entry);
      remove = () => void this.#entries.delete(entry);
    });
    try {
      return await within(result, signal, undefined, () => undefined);
    } finally {
      remove();
    }
  }

  /** Starts everything that waits, at once: nothing that comes later overtakes it. */
  start(carrier: Carrier): void {
    for (const entry of this.#takeAll()) entry.start(carrier);
  }

  /** Rejects everything that waits: there will be no carrier. */
  fail(close: CloseInfo): void {
    for (const entry of this.#takeAll()) entry.fail(close);
  }

  #takeAll(): readonly Entry<Carrier>[] {
    const entries = [...this.#entries];
    this.#entries.clear();
    return entries;
  }
}

/** Why there will be no carrier: the last one is lost, and what came after it says more. */
function failureOf(subject: string, close: CloseInfo): ConnectionClosedError {
  const { error } = close;
  const rest = error === undefined
    ? ""
    : ` and does not come back: ${error.message}`;
  return new ConnectionClosedError(subject, close, rest);
}
