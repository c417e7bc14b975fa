/**
 * Why a WebSocket of this package did not open.
 *
 * @module
 */

/** The head of an HTTP response */
export interface ResponseHead {
  readonly status: number;
  readonly headers: Headers;
}

/** A server, or a proxy, did not open a WebSocket. */
export class UpgradeError extends Error {
  override readonly name: string = "UpgradeError";
  /** What the server answered; `undefined` if the response is invalid */
  readonly head: ResponseHead | undefined;

  /**
   * Constructs an `UpgradeError`.
   *
   * @param message Why the WebSocket did not open
   * @param head What the server answered
   */
  constructor(message: string, head?: ResponseHead) {
    super(message);
    this.head = head;
  }
}

/** There is no connection to the server. `cause` is the error of the system. */
export class DialError extends Error {
  override readonly name: string = "DialError";

  /** Constructs a `DialError`. */
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
