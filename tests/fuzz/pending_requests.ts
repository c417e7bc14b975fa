/**
 * The unanswered requests of one connection.
 *
 * @module
 */

import type { ResponseFrame } from "./response_matcher.ts";
import type { Expectation } from "./expectations.ts";
import { type PendingRequest, SameIdRequests } from "./same_id_requests.ts";
import { Violation } from "./violation.ts";

/** How a request was sent. */
export type Sent = Pick<PendingRequest, "nth" | "isSafe">;

const ALWAYS_ANSWERED: Sent = { nth: 0, isSafe: true };

/** The unanswered requests of one connection. */
export class PendingRequests {
  /** The number of late replies that must still arrive */
  lateRequired = 0;
  /** The number of late replies that can still arrive */
  lateAllowed = 0;
  readonly #groups = new Map<number | null, SameIdRequests>();
  /** The requests that are answered in order. */
  #queue: PendingRequest[] = [];
  /** Is called with the number of the frame that was answered. */
  readonly #onTaken: (nth: number) => void;
  #count = 0;
  #unanswered = 0;

  constructor(onTaken: (nth: number) => void = () => {}) {
    this.#onTaken = onTaken;
  }

  /** Whether no frame is expected unless the client sends more */
  get isSettled(): boolean {
    if (this.lateRequired > 0) return false;
    for (const group of this.#groups.values()) if (group.isDue) return false;
    return true;
  }

  /** The number of unanswered requests */
  get size(): number {
    return this.#unanswered;
  }

  /** Adds a request. */
  add(requested: Expectation, { nth, isSafe }: Sent = ALWAYS_ANSWERED): void {
    const { id } = requested;
    const group = this.#groups.get(id) ?? new SameIdRequests();
    const expectation = group.expectationFor(requested);
    const order = this.#count++;
    const ahead = this.#unanswered++;
    const state = { isDone: false, isAmbiguous: false };
    const pending = { expectation, order, ahead, nth, isSafe, ...state };
    const ambiguous = group.add(pending);
    this.lateAllowed +=
      ambiguous.filter(({ expectation }) => expectation.isLate).length;
    this.#groups.set(id, group);
    if (expectation.isImmediate && !pending.isAmbiguous) {
      this.#queue.push(pending);
    }
  }

  /** Adds credit to a stream. Returns `false` if there is no such stream. */
  grant(id: number, credit: number): boolean {
    return this.#groups.get(id)?.grant(credit) ?? false;
  }

  /**
   * Cancels a request.
   *
   * @param id The id of the request
   * @param isAny Whether the client can cancel requests other than streams
   * @returns Whether there is such a request
   */
  cancel(id: number, isAny: boolean): boolean {
    return this.#groups.get(id)?.cancel(isAny) ?? false;
  }

  /** Matches a response frame. Returns its expectation after the last frame, if it is known. */
  take(response: ResponseFrame): Expectation | undefined {
    const group = this.#groupOf(response);
    const { isLast, pending } = group.take(response);
    if (pending !== undefined) this.#onTaken(pending.nth);
    if (!isLast) return undefined;
    // A message that its client gave up before it started reaches no listener.
    const isAnswered = response.code === 0;
    if (isAnswered && pending?.expectation.isLate) this.#expectLate();
    this.#finish(group, response);
    if (pending?.expectation.isImmediate) this.#advance(pending);
    return pending?.expectation;
  }

  /** Matches an error of `maxPending`. Returns the rejected request, if it is known. */
  refuse(response: ResponseFrame, maxPending: number): Expectation | undefined {
    const group = this.#groupOf(response);
    const { pending } = group.reject(response, maxPending);
    this.#finish(group, response);
    return pending?.expectation;
  }

  /** Asserts that all immediate requests are answered. */
  assertPrompt(): void {
    const pending = this.#queue.find(isStrict);
    if (pending === undefined) return;
    const { id } = pending.expectation;
    throw new Violation(
      `the server closed without a response to request ${id}`,
    );
  }

  /** Describes the responses that are still expected. */
  describe(): string {
    const expected = [...this.#groups].filter(([, { isDue }]) => isDue);
    const shown = expected.slice(0, 10).map(([id, group]) =>
      `${id} (${group.describe()})`
    ).join(", ");
    return `responses to ${shown || "none"}, ${this.lateRequired} late replies`;
  }

  #groupOf({ id, code, message }: ResponseFrame): SameIdRequests {
    const group = this.#groups.get(id);
    if (group !== undefined) return group;
    throw new Violation(
      `no request matches: id ${id}, code ${code}, ${message}`,
    );
  }

  #expectLate(): void {
    this.lateAllowed++;
    this.lateRequired++;
  }

  #finish(group: SameIdRequests, { id }: ResponseFrame): void {
    this.#unanswered--;
    if (group.isOver) this.#groups.delete(id);
  }

  /** Asserts that no earlier immediate request is unanswered. */
  #advance(pending: PendingRequest): void {
    const first = this.#queue.findIndex(isStrict);
    const overtaken = this.#queue[first];
    if (overtaken !== undefined && overtaken.order < pending.order) {
      const { id } = overtaken.expectation;
      throw new Violation(`the server skipped request ${id}`);
    }
    this.#queue = this.#queue.slice(first < 0 ? this.#queue.length : first);
  }
}

function isStrict({ isDone, isAmbiguous }: PendingRequest): boolean {
  return !isDone && !isAmbiguous;
}
