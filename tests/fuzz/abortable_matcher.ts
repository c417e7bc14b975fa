/**
 * Matches the answer to an operation that ends when its signal aborts:
 * docs/reference/protocol.md, "Extensions", `cancel`.
 *
 * @module
 */

import type { ResponseFrame, ResponseMatcher } from "./response_matcher.ts";

/** The longest timeout that can expire while the operation runs, in milliseconds. */
const MAX_EXPIRING = 60_000;

/** Matches the answer to an operation that ends when its signal aborts. */
export class AbortableMatcher implements ResponseMatcher {
  readonly hasBegun = false;
  /** The data of the answer as JSON; `undefined` if only an abort ends the operation */
  readonly #result: string | undefined;
  readonly #timeout: number | undefined;
  #isCancelled = false;
  #mayBeCancelled = false;

  /**
   * Constructs an `AbortableMatcher`.
   *
   * @param result The data of the answer as JSON; `undefined` if only an abort ends it
   * @param timeout The timeout of the client, in milliseconds
   */
  constructor(result: string | undefined, timeout: number | undefined) {
    this.#result = result;
    this.#timeout = timeout;
  }

  get isDue(): boolean {
    return this.mustEnd;
  }

  get mustEnd(): boolean {
    // The server aborts the operation at once if its time is over before it begins.
    return this.#result !== undefined || this.#isCancelled ||
      this.#timeout === 0;
  }

  /**
   * Notes that the client cancels the operation.
   *
   * @param isSure Whether no other request has the same id
   */
  cancel(isSure: boolean): void {
    this.#mayBeCancelled = true;
    if (isSure) this.#isCancelled = true;
  }

  take(response: ResponseFrame): "last" | undefined {
    return this.fits(response, true) ? "last" : undefined;
  }

  describe(): string {
    const end = this.#result === undefined ? "only an abort" : "a result";
    const cancel = this.#isCancelled ? "cancelled" : "not cancelled";
    return `${end}, ${cancel}, timeout ${this.#timeout}`;
  }

  fits(response: ResponseFrame, isLast: boolean): boolean {
    if (!isLast) return false;
    const { success, code, data } = response;
    if (success) return JSON.stringify(data) === this.#result;
    return code === 6
      ? this.#mayBeCancelled
      : isExpiry(response, this.#timeout);
  }
}

/** Whether a frame reports that the timeout of a request has expired, and it can have. */
export function isExpiry(
  { success, code, data }: ResponseFrame,
  timeout: number | undefined,
): boolean {
  if (timeout === undefined || timeout > MAX_EXPIRING) return false;
  return !success && code === 9 && data?.limit === "timeout" &&
    data.value === timeout;
}
