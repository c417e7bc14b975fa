/**
 * The queue of the requests that wait until a client has connected.
 *
 * @module
 */

import { within } from "../common/async.ts";
import { CloseCode, ConnectionClosedError } from "../common/errors.ts";
import type { CloseInfo } from "../protocol/close.ts";
import type { Link } from "./link.ts";

/** A request that waits */
interface Entry {
  readonly subject: string;
  readonly bytes: number;
  start(link: Link): void;
  reject(error: Error): void;
}

/** The requests that wait until a link is open, in their order. */
export class OfflineQueue {
  readonly #entries = new Set<Entry>();
  #bytes = 0;

  /** The number of requests that wait */
  get size(): number {
    return this.#entries.size;
  }

  /** The length of the requests that wait, in bytes */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Waits for a link, then starts. Requests start in the order of the calls.
   *
   * @param subject The description of the request, such as `operation "add"`
   * @param signal Stops waiting when aborted
   * @param start Called with the link
   * @param bytes The length of the request, in bytes
   * @returns What `start` resolves to
   */
  async add<Result>(
    subject: string,
    signal: AbortSignal,
    start: (link: Link) => Promise<Result>,
    bytes: number = 0,
  ): Promise<Result> {
    let remove = (): void => {};
    const result = new Promise<Result>((resolve, reject) => {
      const entry: Entry = {
        subject,
        bytes,
        start: (link) => resolve(start(link)),
        reject,
      };
      this.#entries.add(entry);
      this.#bytes += bytes;
      remove = () => this.#remove(entry);
    });
    try {
      return await within(result, signal, undefined, () => undefined);
    } finally {
      remove();
    }
  }

  /** Starts all requests synchronously, so that no later request overtakes them. */
  start(link: Link): void {
    for (const entry of this.#removeAll()) entry.start(link);
  }

  /** Rejects all requests, because the connection does not come back. */
  abort(close: CloseInfo): void {
    for (const { subject, reject } of this.#removeAll()) {
      reject(closedError(subject, close));
    }
  }

  /** Rejects all requests, because the next login can be of another user. */
  drop(): void {
    for (const { subject, reject } of this.#removeAll()) {
      reject(droppedError(subject));
    }
  }

  #remove(entry: Entry): void {
    if (this.#entries.delete(entry)) this.#bytes -= entry.bytes;
  }

  #removeAll(): readonly Entry[] {
    const entries = [...this.#entries];
    this.#entries.clear();
    this.#bytes = 0;
    return entries;
  }
}

/** Includes the error of the last attempt to reconnect, which says more. */
function closedError(subject: string, close: CloseInfo): ConnectionClosedError {
  const { error } = close;
  const rest = error === undefined
    ? ""
    : `, and the client does not reconnect: ${error.message}`;
  return new ConnectionClosedError(subject, close, rest);
}

function droppedError(subject: string): ConnectionClosedError {
  const close = {
    code: CloseCode.POLICY_VIOLATION,
    reason: "login rejected",
  };
  const rest =
    ", and the next login can be of another user. Call again when the state is 'open'.";
  return new ConnectionClosedError(subject, close, rest);
}
