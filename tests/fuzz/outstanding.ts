/**
 * The requests of one connection that are not answered yet.
 *
 * @module
 */

import type { Answer, Expectation, Told } from "./expectations.ts";

/** The server said what it must not say, or did not say what it must. */
export class Violation extends Error {
  override name = "Violation";
}

/** A request that waits for its answer. */
interface Pending {
  readonly expectation: Expectation;
  /** How many requests of the connection came before it */
  readonly order: number;
  /** How many of these the client had no answer to when it sent this one */
  readonly ahead: number;
  readonly told: Told;
  /** How many of its frames have come */
  taken: number;
  isDone: boolean;
  /** Whether another one has the same id, so that nobody can tell them apart */
  isLoose: boolean;
}

/** Requests under the same id, as long as one of them is not answered. */
interface Group {
  readonly members: Pending[];
  finals: number;
}

/** The requests of one connection that are not answered yet. */
export class Outstanding {
  /** Replies that must still come alone */
  lateRequired = 0;
  /** Replies that may still come alone */
  lateAllowed = 0;
  readonly #groups = new Map<number | null, Group>();
  /** Those that are answered in their order. */
  #queue: Pending[] = [];
  #count = 0;
  #unanswered = 0;

  /** Whether nothing is due any more */
  get isEmpty(): boolean {
    return this.#groups.size === 0 && this.lateRequired === 0;
  }

  /** Another request. */
  add(expectation: Expectation): void {
    const { id, isImmediate, isLate } = expectation;
    const group = this.#groups.get(id) ?? { members: [], finals: 0 };
    const isLoose = group.members.length > 0;
    const order = this.#count++;
    const ahead = this.#unanswered++;
    const state = { told: {}, taken: 0, isDone: false, isLoose };
    const pending: Pending = { expectation, order, ahead, ...state };
    if (group.members.length === 1) this.#loosen(group.members[0]!);
    if (isLoose && isLate) this.lateAllowed++;
    group.members.push(pending);
    this.#groups.set(id, group);
    if (isImmediate && !isLoose) this.#queue.push(pending);
  }

  /** The server has answered a request, or a part of it. */
  take(answer: Answer): void {
    const group = this.#groupOf(answer);
    const [pending] = group.members;
    if (pending === undefined || pending.isLoose) {
      return this.#takeLoosely(group, answer);
    }
    const { expectation, told } = pending;
    const { steps, isLate } = expectation;
    if (!steps[pending.taken]!(answer, told)) throw unfit(answer, pending);
    pending.taken++;
    if (pending.taken < steps.length) return;
    if (isLate) this.#expectLate();
    this.#finish(group, pending);
  }

  /** The server has refused a request for how many there are. */
  refuse(answer: Answer, maxPending: number): void {
    const group = this.#groupOf(answer);
    const pending = group.members[0]!;
    if (group.members.every(({ ahead }) => ahead < maxPending)) {
      throw new Violation("it refused a request though few were under way");
    }
    if (pending.isLoose) return this.#finishOne(group, answer.id);
    if (pending.taken > 0) throw unfit(answer, pending);
    pending.isDone = true;
    this.#finishOne(group, answer.id);
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
    const ids = [...this.#groups.keys()].slice(0, 10).join(", ");
    return `answers to ${ids || "none"}, ${this.lateRequired} late replies`;
  }

  #groupOf({ id, code }: Answer): Group {
    const group = this.#groups.get(id);
    if (group !== undefined) return group;
    throw new Violation(`nobody asked: id ${id}, code ${code}`);
  }

  #loosen(pending: Pending): void {
    pending.isLoose = true;
    if (pending.expectation.isLate) this.lateAllowed++;
  }

  #expectLate(): void {
    this.lateAllowed++;
    this.lateRequired++;
  }

  #takeLoosely(group: Group, answer: Answer): void {
    const fits = (last: boolean) =>
      group.members.some(({ expectation: { steps } }) =>
        steps.some((step, index) =>
          last === (index === steps.length - 1) && step(answer, {})
        )
      );
    if (fits(true)) return this.#finishOne(group, answer.id);
    if (!fits(false)) throw unfit(answer, group.members[0]!);
  }

  #finish(group: Group, pending: Pending): void {
    pending.isDone = true;
    this.#finishOne(group, pending.expectation.id);
    if (!pending.expectation.isImmediate) return;
    const first = this.#queue.findIndex(isStrict);
    const overtaken = this.#queue[first];
    if (overtaken !== undefined && overtaken.order < pending.order) {
      const { id } = overtaken.expectation;
      throw new Violation(`it passed over request ${id}`);
    }
    this.#queue = this.#queue.slice(first < 0 ? this.#queue.length : first);
  }

  #finishOne(group: Group, id: number | null): void {
    group.finals++;
    this.#unanswered--;
    if (group.finals === group.members.length) this.#groups.delete(id);
  }
}

function isStrict({ isDone, isLoose }: Pending): boolean {
  return !isDone && !isLoose;
}

function unfit(answer: Answer, { expectation, taken }: Pending): Violation {
  return new Violation(
    `frame ${
      taken + 1
    } of ${expectation.steps.length} to request ${expectation.id} is wrong: ${
      JSON.stringify(answer)
    }`,
  );
}
