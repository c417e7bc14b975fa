/**
 * The end of one client: how its connection has ended, and the report to the application
 * in `client.closed` and `client.signal`.
 *
 * @module
 */

import { CloseCode } from "../common/codes.ts";
import { type CloseInfo, describeClose } from "../protocol/close.ts";
import type { ServerContext } from "./context.ts";
import { silenceEnd } from "./silence.ts";

/** The event of a WebSocket that has ended */
export type SocketEnd = Pick<CloseEvent, "code" | "reason" | "wasClean">;

/**
 * Returns how a connection has ended that this package did not close.
 *
 * @param event The event of the WebSocket
 * @param context The state of the server
 * @returns The close code with the reason, and the end in words, for the log
 */
export function endOf(
  { code, reason, wasClean }: SocketEnd,
  { idleTimeout, log }: Pick<ServerContext, "idleTimeout" | "log">,
): { readonly info: CloseInfo; readonly how: string } {
  // After its idle timeout, Deno does not wait for the Close frame of the client.
  if (code === CloseCode.GOING_AWAY && !wasClean) {
    const info = silenceEnd(idleTimeout);
    return { info, how: info.reason };
  }
  // Deno reports code 0 if the connection broke.
  const info = { code: code || CloseCode.ABNORMAL, reason };
  // The client chooses the reason, which can contain a token.
  return { info, how: describeClose(code, log.redact(reason)) };
}

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
