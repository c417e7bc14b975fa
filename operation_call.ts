/**
 * A call of an operation as its handler sees it.
 *
 * @module
 */

import type { Client, OperationContext } from "./client_message.ts";

/** What the calls of one client hear of together: that it has left. */
export class Departure {
  /** Those whose handlers want to know. */
  readonly #calls = new Set<OperationCall>();
  #reason: unknown;

  /** Why the client has left; `undefined` as long as it has not */
  get reason(): unknown {
    return this.#reason;
  }

  /** The handler of a call wants to know. */
  watch(call: OperationCall): void {
    this.#calls.add(call);
  }

  /** The call is over. */
  forget(call: OperationCall): void {
    this.#calls.delete(call);
  }

  /** The client has left. */
  happen(reason: unknown): void {
    this.#reason = reason;
    for (const call of this.#calls) call.abort(reason);
  }
}

/** A call that is under way. */
export class OperationCall implements OperationContext {
  readonly client: Client;
  readonly #departure: Departure;
  #controller: AbortController | undefined;
  #hasEnded = false;

  /**
   * Constructs an `OperationCall`.
   *
   * @param client Who called
   * @param departure Tells when it leaves
   */
  constructor(client: Client, departure: Departure) {
    this.client = client;
    this.#departure = departure;
  }

  get signal(): AbortSignal {
    // Made when asked for: most handlers are done before anyone could leave.
    return this.#watched().signal;
  }

  /** Nobody waits for the result any more. */
  abort(reason: unknown): void {
    if (!this.#hasEnded) this.#watched().abort(reason);
  }

  /** The result is there. */
  end(): void {
    this.#hasEnded = true;
    this.#departure.forget(this);
  }

  /** Whether a handler has thrown because it was told to give up. */
  isReason(error: unknown): boolean {
    const signal = this.#controller?.signal;
    return signal?.aborted === true && stemsFrom(signal.reason, error);
  }

  #watched(): AbortController {
    if (this.#controller !== undefined) return this.#controller;
    const controller = this.#controller = new AbortController();
    const { reason } = this.#departure;
    // Whoever asks late must not wait for what has happened.
    if (reason !== undefined) controller.abort(reason);
    else if (!this.#hasEnded) this.#departure.watch(this);
    return controller;
  }
}

/** Whether an error is the reason of an abort, or what others make of it. */
function stemsFrom(reason: unknown, error: unknown): boolean {
  if (error === reason) return true;
  try {
    const { name, cause } = Object(error);
    return name === "AbortError" || cause === reason;
  } catch {
    // What a handler throws may throw by itself when somebody looks at it.
    return false;
  }
}
