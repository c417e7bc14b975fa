/**
 * A call of an operation as its handler sees it.
 *
 * @module
 */

import type { Client, OperationContext } from "./client_message.ts";

/** A call that is under way. */
export class OperationCall implements OperationContext {
  readonly client: Client;
  readonly #watched: Set<OperationCall>;
  #controller: AbortController | undefined;
  #hasEnded = false;

  /**
   * Constructs an `OperationCall`.
   *
   * @param client Who called
   * @param watched Where a call is that wants to know when its client has left
   */
  constructor(client: Client, watched: Set<OperationCall>) {
    this.client = client;
    this.#watched = watched;
  }

  get signal(): AbortSignal {
    // Made when asked for: most handlers are done before anyone could leave.
    return this.#watch().signal;
  }

  /** Nobody waits for the result any more. */
  abort(reason: unknown): void {
    if (!this.#hasEnded) this.#watch().abort(reason);
  }

  /** The result is there. */
  end(): void {
    this.#hasEnded = true;
    this.#watched.delete(this);
  }

  /** Whether a handler has thrown because it was told to give up. */
  isReason(error: unknown): boolean {
    const signal = this.#controller?.signal;
    return signal?.aborted === true && signal.reason === error;
  }

  #watch(): AbortController {
    this.#controller ??= new AbortController();
    if (!this.#hasEnded) this.#watched.add(this);
    return this.#controller;
  }
}
