/**
 * The requests of one connection that are not answered yet.
 *
 * @module
 */

import type { Answer } from "./response_steps.ts";
import type { Expectation } from "./expectations.ts";
import { Group, type Pending } from "./same_id_requests.ts";
import { Violation } from "./violation.ts";

/** What is known of how a request was sent. */
export type Sent = Pick<Pending, "nth" | "isSafe">;

const ALWAYS_ANSWERED: Sent = { nth: 0, isSafe: true };

/** The requests of one connection that are not answered yet. */
export class Outstanding {
  /** Replies that must still come alone */
  lateRequired = 0;
  /** Replies that may still come alone */
  lateAllowed = 0;
  readonly #groups = new Map<number | null, Group>();
  /** Those that are answered in their order. */
  #queue: Pending[] = [];
  /** Is told which of all frames was taken. */
  readonly #onTaken: (nth: number) => void;
  #count = 0;
  #unanswered = 0;

  constructor(onTaken: (nth: number) => void = () => {}) {
    this.#onTaken = onTaken;
  }

  /** Whether nothing is due any more, unless the client says more */
  get isSettled(): boolean {
    if (this.lateRequired > 0) return false;
    for (const group of this.#groups.values()) if (group.isDue) return false;
    return true;
  }

  /** How many requests are not answered */
  get size(): number {
    return this.#unanswered;
  }

  /** Another request, and how it was sent. */
  add(wanted: Expectation, { nth, isSafe }: Sent = ALWAYS_ANSWERED): void {
    const { id } = wanted;
    const group = this.#groups.get(id) ?? new Group();
    const expectation = group.expectationFor(wanted);
    const order = this.#count++;
    const ahead = this.#unanswered++;
    const state = { isDone: false, isLoose: false };
    const pending = { expectation, order, ahead, nth, isSafe, ...state };
    const loosened = group.add(pending);
    this.lateAllowed +=
      loosened.filter(({ expectation }) => expectation.isLate).length;
    this.#groups.set(id, group);
    if (expectation.isImmediate && !pending.isLoose) this.#queue.push(pending);
  }

  /** The client takes more items of a stream; whether there can be one. */
  grant(id: number, credit: number): boolean {
    return this.#groups.get(id)?.grant(credit) ?? false;
  }

  /** The client takes no more items of a stream; whether there can be one. */
  cancel(id: number): boolean {
    return this.#groups.get(id)?.cancel() ?? false;
  }

  /** The server has answered a request, or a part of it: which, if that is known. */
  take(answer: Answer): Expectation | undefined {
    const group = this.#groupOf(answer);
    const { isLast, pending } = group.take(answer);
    if (pending !== undefined) this.#onTaken(pending.nth);
    if (!isLast) return undefined;
    if (pending?.expectation.isLate) this.#expectLate();
    this.#finish(group, answer);
    if (pending?.expectation.isImmediate) this.#advance(pending);
    return pending?.expectation;
  }

  /** The server has refused a request for how many there are: which, if that is known. */
  refuse(answer: Answer, maxPending: number): Expectation | undefined {
    const group = this.#groupOf(answer);
    const { pending } = group.refuse(answer, maxPending);
    this.#finish(group, answer);
    return pending?.expectation;
  }

  /** All that has its answer at once must have it. */
  assertPrompt(): void {
    const pending = this.#queue.find(isStrict);
    if (pending === undefined) return;
    const { id } = pending.expectation;
    throw new Violation(`it closed without an answer to request ${id}`);
  }

  /** What is still due, for a message. */
  describe(): string {
    const due = [...this.#groups].filter(([, { isDue }]) => isDue);
    const ids = due.slice(0, 10).map(([id]) => id).join(", ");
    return `answers to ${ids || "none"}, ${this.lateRequired} late replies`;
  }

  #groupOf({ id, code, message }: Answer): Group {
    const group = this.#groups.get(id);
    if (group !== undefined) return group;
    throw new Violation(`nobody asked: id ${id}, code ${code}, ${message}`);
  }

  #expectLate(): void {
    this.lateAllowed++;
    this.lateRequired++;
  }

  #finish(group: Group, { id }: Answer): void {
    this.#unanswered--;
    if (group.isOver) this.#groups.delete(id);
  }

  /** None that is answered at once may have been passed over. */
  #advance(pending: Pending): void {
    const first = this.#queue.findIndex(isStrict);
    const overtaken = this.#queue[first];
    if (overtaken !== undefined && overtaken.order < pending.order) {
      const { id } = overtaken.expectation;
      throw new Violation(`it passed over request ${id}`);
    }
    this.#queue = this.#queue.slice(first < 0 ? this.#queue.length : first);
  }
}

function isStrict({ isDone, isLoose }: Pending): boolean {
  return !isDone && !isLoose;
}
