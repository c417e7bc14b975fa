/**
 * The requests of one connection that have the same id, as long as one of them is not
 * answered.
 *
 * @module
 */

import type { Answer } from "./response_steps.ts";
import { type Expectation, refusal } from "./expectations.ts";
import { itemsOf, StreamCourse } from "./stream_responses.ts";
import { Violation } from "./violation.ts";

/** A request that waits for its answer. */
export interface Pending {
  readonly expectation: Expectation;
  /** How many requests of the connection came before it */
  readonly order: number;
  /** How many of these the client had no answer to when it sent this one */
  readonly ahead: number;
  /** How many frames were sent up to it, or 0 if it is answered whatever came before */
  readonly nth: number;
  /** Whether a limit cannot have stopped it */
  readonly isSafe: boolean;
  isDone: boolean;
  /** Whether nobody can tell its answers from those of another with the same id */
  isLoose: boolean;
}

/** What a frame has come to. */
export interface Taken {
  readonly isLast: boolean;
  /** Whose frame it is, if anybody can tell */
  readonly pending?: Pending;
}

/** How much is shown of a frame that is wrong. */
const MAX_SHOWN = 1_000;

/** Requests under one id. */
export class Group {
  readonly #members: Pending[] = [];
  #finals = 0;
  /** How many items the client takes, for all streams together. */
  #granted = 0;
  /** How many have come. */
  #taken = 0;
  #isLoose = false;

  /** Whether all of them are answered */
  get isOver(): boolean {
    return this.#finals === this.#members.length;
  }

  /** Whether something must come, even if the client says nothing more */
  get isDue(): boolean {
    if (!this.#isLoose) {
      return this.#members.some(({ isDone, expectation }) =>
        !isDone && expectation.course.isDue
      );
    }
    const ending = this.#members.filter(({ expectation }) =>
      expectation.course.mustEnd
    );
    return this.#finals < ending.length;
  }

  /** What must come for a request, given what there is under its id. */
  expectationFor(expectation: Expectation): Expectation {
    const { id, what, course, codes, isImmediate } = expectation;
    if (what !== "stream" || this.#members.length === 0) return expectation;
    if (codes !== undefined) {
      return refusal(id, [...codes, 2], what, isImmediate);
    }
    const { course: other } = this.#stream?.expectation ?? {};
    const isTaken = course instanceof StreamCourse &&
      other instanceof StreamCourse && !other.mayEnd;
    return isTaken
      ? refusal(id, [2], "stream under an id in use")
      : expectation;
  }

  /** Another request; returns those whose answers nobody can tell apart any more. */
  add(pending: Pending): readonly Pending[] {
    const { course } = pending.expectation;
    const isAlone = this.#members.length === 0 || this.#isApart(pending);
    this.#members.push(pending);
    if (course instanceof StreamCourse) this.#granted += course.granted;
    if (this.#isLoose) return loosen([pending]);
    if (isAlone) return [];
    this.#isLoose = true;
    return loosen(this.#members);
  }

  /** The client takes more items. */
  grant(credit: number): boolean {
    this.#granted += credit;
    return this.#tell((course) => course.grant(credit), !this.#isLoose);
  }

  /** The client takes no more items. */
  cancel(): boolean {
    return this.#tell((course) => course.cancel(), true);
  }

  /** Takes a frame of the server. */
  take(answer: Answer): Taken {
    this.#count(answer);
    if (this.#isLoose) return this.#takeLoosely(answer);
    const pending = this.#pick(answer);
    const taken = pending.expectation.course.take(answer);
    if (taken === undefined) throw unfit(answer, pending);
    if (taken === "more") return { isLast: false, pending };
    return this.#finish(pending);
  }

  /** The server has refused one of them for how many there are. */
  refuse(answer: Answer, maxPending: number): Taken {
    if (this.#members.every(({ ahead }) => ahead < maxPending)) {
      throw new Violation("it refused a request though few were under way");
    }
    if (this.#isLoose) return this.#finishOne();
    const pending = this.#pick(answer);
    if (pending.expectation.course.hasBegun) throw unfit(answer, pending);
    return this.#finish(pending);
  }

  /** The stream that has the id, if nobody else's answers can be taken for its own. */
  get #stream(): Pending | undefined {
    const [first] = this.#members;
    if (first === undefined || first.isDone || this.#isLoose) return undefined;
    const { course } = first.expectation;
    const isStream = course instanceof StreamCourse;
    return isStream && (first.isSafe || course.hasBegun) ? first : undefined;
  }

  /** Whether the answers to a request can be told from those of the stream. */
  #isApart({ expectation: { codes, isImmediate } }: Pending): boolean {
    if (this.#stream === undefined) return false;
    // A stream that fails ends with 6.
    return isImmediate && codes !== undefined && !codes.includes(6);
  }

  #tell(say: (course: StreamCourse) => void, counts: boolean): boolean {
    let isHeard = false;
    for (const { isDone, expectation: { course } } of this.#members) {
      if (isDone || !(course instanceof StreamCourse)) continue;
      isHeard = true;
      if (counts) say(course);
    }
    return isHeard;
  }

  /** However many streams there are: no more items than the client takes. */
  #count(answer: Answer): void {
    this.#taken += itemsOf(answer)?.length ?? 0;
    if (this.#taken <= this.#granted) return;
    throw new Violation(
      `${this.#taken} items came under id ${answer.id}, credit was ${this.#granted}`,
    );
  }

  /** Who is answered: those next to a stream in their order, and all with errors. */
  #pick(answer: Answer): Pending {
    const [first, ...rest] = this.#members.filter(({ isDone }) => !isDone);
    const next = rest[0];
    if (first === undefined) throw new Violation("nobody is left to answer");
    const isStream = first.expectation.course instanceof StreamCourse;
    const isOwn = answer.success || answer.code === 6;
    return isStream && !isOwn && next !== undefined ? next : first;
  }

  #takeLoosely(answer: Answer): Taken {
    const fits = (isLast: boolean) =>
      this.#members.some(({ expectation: { course } }) =>
        course.fits(answer, isLast)
      );
    if (fits(true)) return this.#finishOne();
    if (fits(false)) return { isLast: false };
    throw unfit(answer, this.#members[0]!);
  }

  #finish(pending: Pending): Taken {
    pending.isDone = true;
    this.#finals++;
    return { isLast: true, pending };
  }

  #finishOne(): Taken {
    this.#finals++;
    return { isLast: true };
  }
}

function loosen(members: readonly Pending[]): readonly Pending[] {
  for (const pending of members) pending.isLoose = true;
  return [...members];
}

function unfit(answer: Answer, { expectation }: Pending): Violation {
  const { id, what, course } = expectation;
  const came = JSON.stringify(answer).slice(0, MAX_SHOWN);
  return new Violation(
    `a frame to ${what} ${id} (${course.describe()}) is wrong: ${came}`,
  );
}
