/**
 * The calls of one client that can be aborted: by the client, by its timeout, or by the
 * end of its connection.
 *
 * @module
 */

import type { Call, CallOwner } from "./call.ts";
import { CallList, Expirations } from "./call_list.ts";
import { disconnected } from "./client_end.ts";
import type { Client } from "./message.ts";

/** The calls of all servers, because they can share a timer. */
const expirations = new Expirations();

/** The calls of one client that can be aborted. */
export class ActiveCalls implements CallOwner {
  readonly client: Client;
  /** The calls whose signal is in use */
  readonly #watched = new Set<Call>();
  /** The calls that the client can cancel */
  readonly #cancellable = new CallList<Call>();
  readonly #isCancellable: boolean;
  #abortReason: DOMException | undefined;

  /**
   * Constructs an `ActiveCalls`.
   *
   * @param client The client that calls
   * @param isCancellable Whether the client can cancel its requests
   */
  constructor(client: Client, isCancellable: boolean) {
    this.client = client;
    this.#isCancellable = isCancellable;
  }

  get abortReason(): DOMException | undefined {
    return this.#abortReason;
  }

  /** Lets the client cancel a call, until the call ends. */
  add(call: Call): void {
    if (this.#isCancellable) this.#cancellable.add(call);
  }

  /** Whether the client can cancel a request: it is in progress and not cancelled yet. */
  has(id: number): boolean {
    return this.#cancellable.find(id) !== undefined;
  }

  /** Aborts the signal of a call, because the client does not wait any longer. */
  cancel(id: number): void {
    const reason = "The client has cancelled the request";
    // A client that uses an id twice cancels its newest request.
    this.#cancellable.find(id)?.abort(abortError(reason));
  }

  watch(call: Call): void {
    this.#watched.add(call);
    expirations.add(call);
  }

  delete(call: Call): void {
    this.#cancellable.delete(call);
    if (this.#watched.delete(call)) expirations.delete(call);
  }

  /** Aborts the signals of all calls, because the connection has ended. */
  close(): void {
    this.#abortReason = disconnected();
    for (const call of this.#watched) call.abort(this.#abortReason);
  }
}

/** Makes the reason of an abort. */
export function abortError(message: string): DOMException {
  return new DOMException(message, "AbortError");
}
