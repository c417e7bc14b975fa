/**
 * Matches the response to a request that the server starts later, because its option
 * `authorize` is asynchronous: docs/reference/protocol.md, "Extensions", `cancel`.
 *
 * @module
 */

import type { CallRequest } from "./actions.ts";
import { AbortableMatcher, isExpiry } from "./abortable_matcher.ts";
import type { ResponseFrame, ResponseMatcher } from "./response_matcher.ts";

/** Matches the response of a request that the client can give up before it starts. */
export class GuardedMatcher implements ResponseMatcher {
  readonly #matcher: ResponseMatcher;
  readonly #request: CallRequest;
  readonly #timeout: number | undefined;
  /** Whether the request is for a stream. A stream that is cancelled ends without an error. */
  readonly isStream: boolean;
  #mayBeCancelled = false;

  /**
   * Constructs a `GuardedMatcher`.
   *
   * @param matcher Matches the response if the request starts
   * @param request The request
   */
  constructor(matcher: ResponseMatcher, request: CallRequest) {
    this.#matcher = matcher;
    this.#request = request;
    this.isStream = request.kind === "stream";
    this.#timeout = request.kind === "stream" ? undefined : request.timeout;
  }

  get hasBegun(): boolean {
    return this.#matcher.hasBegun;
  }

  get isDue(): boolean {
    return this.#matcher.isDue;
  }

  get mustEnd(): boolean {
    return this.#matcher.mustEnd;
  }

  /** Returns a matcher of the same request, whose response is another one if it starts. */
  with(matcher: ResponseMatcher): GuardedMatcher {
    return new GuardedMatcher(matcher, this.#request);
  }

  /** Notes that the client cancels the request. */
  cancel(isSure: boolean): void {
    this.#mayBeCancelled = true;
    if (this.#matcher instanceof AbortableMatcher) this.#matcher.cancel(isSure);
  }

  take(response: ResponseFrame): "more" | "last" | undefined {
    const isGivenUp = !this.hasBegun && this.#isGivenUp(response);
    return isGivenUp ? "last" : this.#matcher.take(response);
  }

  fits(response: ResponseFrame, isLast: boolean): boolean {
    return isLast && this.#isGivenUp(response) ||
      this.#matcher.fits(response, isLast);
  }

  describe(): string {
    return `${this.#matcher.describe()}, timeout ${this.#timeout}`;
  }

  #isGivenUp(response: ResponseFrame): boolean {
    const { success, message, code } = response;
    const isCancelled = this.isStream
      ? success && message === "done"
      : !success && code === 6;
    if (isCancelled) return this.#mayBeCancelled;
    return isExpiry(response, this.#timeout);
  }
}
