/**
 * The requests of one connection that have the same id, until all of them are answered.
 *
 * @module
 */

import { GuardedMatcher } from "./guarded_matcher.ts";
import type { ResponseFrame, ResponseMatcher } from "./response_matcher.ts";
import { type Expectation, expectError } from "./expectations.ts";
import { AbortableMatcher } from "./abortable_matcher.ts";
import { itemsOf, StreamMatcher } from "./stream_matcher.ts";
import { Violation } from "./violation.ts";

/** An unanswered request. */
export interface PendingRequest {
  readonly expectation: Expectation;
  /** The number of earlier requests of the connection */
  readonly order: number;
  /** The number of unanswered requests when this one was sent */
  readonly ahead: number;
  /** The number of frames up to it, or 0 if no limit applies */
  readonly nth: number;
  /** Whether no limit can have rejected it */
  readonly isSafe: boolean;
  isDone: boolean;
  /** Whether its responses are ambiguous because another request has the same id */
  isAmbiguous: boolean;
}

/** The request to which a frame belongs. */
export interface MatchedFrame {
  readonly isLast: boolean;
  /** The request, if it is known */
  readonly pending?: PendingRequest;
}

/** The maximum length of a wrong frame in an error message. */
const MAX_SHOWN = 1_000;

/** The requests with one id. */
export class SameIdRequests {
  readonly #members: PendingRequest[] = [];
  #finals = 0;
  /** The credit of all streams together. */
  #granted = 0;
  /** The number of items so far. */
  #taken = 0;
  #isAmbiguous = false;

  /** Whether all requests are answered */
  get isOver(): boolean {
    return this.#finals === this.#members.length;
  }

  /** Whether a frame is expected even if the client sends nothing more */
  get isDue(): boolean {
    if (!this.#isAmbiguous) {
      return this.#members.some(({ isDone, expectation }) =>
        !isDone && expectation.matcher.isDue
      );
    }
    const ending = this.#members.filter(({ expectation }) =>
      expectation.matcher.mustEnd
    );
    return this.#finals < ending.length;
  }

  /** Describes the requests that are not answered. */
  describe(): string {
    const pending = this.#members.filter(({ isDone }) => !isDone);
    return pending.map(({ expectation: { what, matcher } }) =>
      `${what}: ${matcher.describe()}`
    ).join("; ");
  }

  /** Returns the expectation of a request, given the other requests with its id. */
  expectationFor(expectation: Expectation): Expectation {
    const { id, what, matcher, codes, isImmediate } = expectation;
    if (what !== "stream" || this.#members.length === 0) return expectation;
    if (codes !== undefined) {
      const error = expectError(id, [...codes, 2], what, isImmediate);
      return matcher instanceof GuardedMatcher
        ? { ...error, matcher: matcher.with(error.matcher) }
        : error;
    }
    const { matcher: other } = this.#stream?.expectation ?? {};
    const isTaken = matcher instanceof StreamMatcher &&
      other instanceof StreamMatcher && !other.mayEnd;
    return isTaken
      ? expectError(id, [2], "stream under an id in use")
      : expectation;
  }

  /** Adds a request. Returns the requests whose responses become ambiguous. */
  add(pending: PendingRequest): readonly PendingRequest[] {
    const { matcher } = pending.expectation;
    const isAlone = this.#members.length === 0 || this.#isDistinct(pending);
    this.#members.push(pending);
    if (matcher instanceof StreamMatcher) this.#granted += matcher.granted;
    if (this.#isAmbiguous) return markAmbiguous([pending]);
    if (isAlone) return [];
    this.#isAmbiguous = true;
    return markAmbiguous(this.#members);
  }

  /** Adds credit. */
  grant(credit: number): boolean {
    this.#granted += credit;
    return this.#forEachStream(
      (matcher) => matcher.grant(credit),
      !this.#isAmbiguous,
    );
  }

  /** Cancels the streams; without a stream, the other requests. */
  cancel(isAny: boolean): boolean {
    const isStream = this.#forEachStream((matcher) => matcher.cancel(), true);
    for (const { isDone, expectation: { matcher } } of this.#members) {
      if (isDone || !isCancellable(matcher, isAny)) continue;
      // Of several requests, the server cancels one.
      matcher.cancel(this.#members.length === 1);
    }
    return isAny || isStream;
  }

  /** Matches a frame of the server. */
  take(response: ResponseFrame): MatchedFrame {
    this.#count(response);
    if (this.#isAmbiguous) return this.#takeAmbiguous(response);
    const pending = this.#pick(response);
    const taken = pending.expectation.matcher.take(response);
    if (taken === undefined) throw mismatch(response, pending);
    if (taken === "more") return { isLast: false, pending };
    return this.#finish(pending);
  }

  /** Matches an error of `maxPending`. */
  reject(response: ResponseFrame, maxPending: number): MatchedFrame {
    if (this.#members.every(({ ahead }) => ahead < maxPending)) {
      throw new Violation(
        "the server rejected a request although few were pending",
      );
    }
    if (this.#isAmbiguous) return this.#finishOne();
    const pending = this.#pick(response);
    if (pending.expectation.matcher.hasBegun) throw mismatch(response, pending);
    return this.#finish(pending);
  }

  /** The stream with this id, if its responses are unambiguous. */
  get #stream(): PendingRequest | undefined {
    const [first] = this.#members;
    if (first === undefined || first.isDone || this.#isAmbiguous) {
      return undefined;
    }
    const { matcher } = first.expectation;
    const isStream = matcher instanceof StreamMatcher;
    return isStream && (first.isSafe || matcher.hasBegun) ? first : undefined;
  }

  /** Reports whether the responses to a request differ from the frames of the stream. */
  #isDistinct(
    { expectation: { codes, isImmediate } }: PendingRequest,
  ): boolean {
    if (this.#stream === undefined) return false;
    // A failed stream ends with code 6.
    return isImmediate && codes !== undefined && !codes.includes(6);
  }

  #forEachStream(
    say: (matcher: StreamMatcher) => void,
    counts: boolean,
  ): boolean {
    let isReceived = false;
    for (const { isDone, expectation: { matcher } } of this.#members) {
      if (isDone || !(matcher instanceof StreamMatcher)) continue;
      isReceived = true;
      if (counts) say(matcher);
    }
    return isReceived;
  }

  /** Asserts that there are no more items than the credit of all streams. */
  #count(response: ResponseFrame): void {
    this.#taken += itemsOf(response)?.length ?? 0;
    if (this.#taken <= this.#granted) return;
    throw new Violation(
      `${this.#taken} items arrived with the id ${response.id}, the credit was ${this.#granted}`,
    );
  }

  /** Returns the request to which a frame belongs. */
  #pick(response: ResponseFrame): PendingRequest {
    const [first, ...rest] = this.#members.filter(({ isDone }) => !isDone);
    const next = rest[0];
    if (first === undefined) {
      throw new Violation("all requests with this id are answered");
    }
    const isStream = first.expectation.matcher instanceof StreamMatcher;
    const isOwn = response.success || response.code === 6;
    return isStream && !isOwn && next !== undefined ? next : first;
  }

  #takeAmbiguous(response: ResponseFrame): MatchedFrame {
    const fits = (isLast: boolean) =>
      this.#members.some(({ expectation: { matcher } }) =>
        matcher.fits(response, isLast)
      );
    if (fits(true)) return this.#finishOne();
    if (fits(false)) return { isLast: false };
    throw mismatch(response, this.#members[0]!);
  }

  #finish(pending: PendingRequest): MatchedFrame {
    pending.isDone = true;
    this.#finals++;
    return { isLast: true, pending };
  }

  #finishOne(): MatchedFrame {
    this.#finals++;
    return { isLast: true };
  }
}

function markAmbiguous(
  members: readonly PendingRequest[],
): readonly PendingRequest[] {
  for (const pending of members) pending.isAmbiguous = true;
  return [...members];
}

function mismatch(
  response: ResponseFrame,
  { expectation }: PendingRequest,
): Violation {
  const { id, what, matcher } = expectation;
  const received = JSON.stringify(response).slice(0, MAX_SHOWN);
  return new Violation(
    `a frame to ${what} ${id} (${matcher.describe()}) is wrong: ${received}`,
  );
}

/** `isAny` is whether the client can cancel requests other than streams. */
function isCancellable(
  matcher: ResponseMatcher,
  isAny: boolean,
): matcher is AbortableMatcher | GuardedMatcher {
  if (matcher instanceof GuardedMatcher) return isAny || matcher.isStream;
  return isAny && matcher instanceof AbortableMatcher;
}
