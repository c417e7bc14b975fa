/**
 * Reports the end of one client to the application: `client.closed` and `client.signal`.
 *
 * @module
 */

import type { CloseInfo } from "../protocol/close.ts";

/** The end of a client. Created when the application first asks for it. */
export class ClientEnd {
  /** How the connection ended; `undefined` while it is open */
  #info: CloseInfo | undefined;
  #closing: PromiseWithResolvers<CloseInfo> | undefined;
  #controller: AbortController | undefined;

  /**
   * Constructs a `ClientEnd`.
   *
   * @param info How the connection has ended; `undefined` if it is open
   */
  constructor(info: CloseInfo | undefined) {
    this.#info = info;
  }

  /** Resolves when the connection has ended */
  get closed(): Promise<CloseInfo> {
    if (this.#closing === undefined) {
      this.#closing = Promise.withResolvers();
      if (this.#info !== undefined) this.#closing.resolve(this.#info);
    }
    return this.#closing.promise;
  }

  /** Aborts when the connection has ended */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#info !== undefined) this.#controller.abort(disconnected());
    }
    return this.#controller.signal;
  }

  /** Called once, when the connection has ended. */
  onClosed(info: CloseInfo): void {
    this.#info = info;
    this.#closing?.resolve(info);
    this.#controller?.abort(disconnected());
  }
}

/** Returns the reason with which the signals of a client abort. */
export function disconnected(): DOMException {
  return new DOMException("The client has disconnected", "AbortError");
}
