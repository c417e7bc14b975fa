/**
 * Holds what a server says once its client has logged in against what it must say.
 *
 * @module
 */

import { ACTIONS, type Control, type Request } from "./actions.ts";
import {
  assertLimit,
  describeAnswer,
  type Numbers,
  type Tally,
} from "./server_frames.ts";
import type { Answer } from "./response_steps.ts";
import { type Expectation, expectationOf, refusal } from "./expectations.ts";
import type { Host } from "./application.ts";
import { type Asked, Interview } from "./server_request_checker.ts";
import { Load } from "./load.ts";
import { Messages } from "./messages.ts";
import { NO_FEATURES, type Reading, type Rules } from "./model.ts";
import { Outstanding, type Sent } from "./pending_requests.ts";
import { Pace } from "./rate_limit.ts";
import { Violation } from "./violation.ts";

/** What is known of the server, apart from one client. */
export interface Surroundings {
  readonly rules: Rules;
  readonly numbers: Numbers;
  readonly tally: Tally;
  readonly host: Host;
}

/** What does not end the connection. */
export type Said = Exclude<Reading, { readonly kind: "goodbye" | "fatal" }>;

/** What one client and the server say to each other. */
export class Dialogue {
  /** What both sides have named */
  features = NO_FEATURES;
  readonly load: Load;
  readonly messages: Messages;
  readonly #outstanding: Outstanding;
  readonly #surroundings: Surroundings;
  readonly #interview: Interview;
  readonly #pace: Pace;
  /** What the server has asked and nobody has looked at. */
  readonly #asked: Asked[] = [];

  constructor(surroundings: Surroundings) {
    const { rules, numbers, host } = surroundings;
    this.#surroundings = surroundings;
    this.load = new Load(rules);
    this.#pace = new Pace(rules);
    this.#outstanding = new Outstanding((nth) => this.#pace.assertInTime(nth));
    this.messages = new Messages(numbers, this.#outstanding);
    this.#interview = new Interview(host.asking.questions);
  }

  /** Whether all that is due has come */
  get isSettled(): boolean {
    return this.#outstanding.isSettled;
  }

  /** What the server has asked since the last time. */
  takeAsked(): readonly Asked[] {
    return this.#asked.splice(0);
  }

  /** The client sends a frame, whatever that means. */
  send(): void {
    this.load.send();
    // The login does not count.
    if (this.load.sent === 2) this.#pace.begin();
  }

  /**
   * The client asks for something.
   *
   * @param said What
   * @param nth How many frames it has sent up to this one that the server has counted for sure
   * @returns How many frames must come for it
   */
  say(said: Said, nth: number): number {
    if (said.kind === "invalid") {
      const { id, codes, action } = said;
      const what = ACTIONS.has(action) ? String(action) : "frame";
      return this.refuse(id, codes, what);
    }
    const { maxPending } = this.#surroundings.rules;
    const isFew = this.#outstanding.size < maxPending;
    const isSafe = isFew && !this.load.mayBeRefused;
    this.#interview.send(said, isSafe);
    if (isControl(said)) {
      this.load.control();
      this.#control(said);
      return 0;
    }
    return this.#request(said, { nth, isSafe });
  }

  /** Something is refused, whatever else there is; returns how many frames must come. */
  refuse(id: number | null, codes: readonly number[], what: string): number {
    this.#outstanding.add(refusal(id, codes, what));
    return 1;
  }

  /** The server says something. */
  take(answer: Answer): void {
    if (answer.message === "s_newmsg") return this.#hear(answer);
    if (answer.message === "request") return this.#ask(answer);
    const expectation = this.#answer(answer);
    if (expectation === undefined) return;
    this.#tell(`${expectation.what}: ${describeAnswer(answer)}`);
  }

  /** Notes that the server says something, whatever it is. */
  note(answer: Answer): void {
    this.#surroundings.tally.note(describeAnswer(answer));
    this.#pace.note(answer);
    this.messages.note(answer);
  }

  /** All that has its answer at once must have it. */
  assertPrompt(): void {
    this.#outstanding.assertPrompt();
  }

  /** What is still due, for a message. */
  describe(): string {
    return this.#outstanding.describe();
  }

  #request(request: Request, sent: Sent): number {
    const { host, tally } = this.#surroundings;
    const witness = {
      fateOf: (mark: unknown) => host.fateOf(mark),
      note: (what: string) => tally.note(what),
    };
    const terms = { features: this.features, witness };
    const expectation = expectationOf(request, terms);
    if (request.kind === "stream") this.load.stream();
    this.#outstanding.add(expectation, sent);
    return expectation.length;
  }

  #control(control: Control): void {
    const { id, kind } = control;
    if (kind === "done") return;
    const isHeard = kind === "credit"
      ? this.#outstanding.grant(id, control.credit)
      : this.#outstanding.cancel(id);
    this.#tell(`${kind}: ${isHeard ? "taken" : "passed over"}`);
  }

  #hear({ id, data }: Answer): void {
    if (id !== null || data === null) {
      throw new Violation("a message without a request had an id");
    }
    this.messages.take(data);
  }

  #ask(answer: Answer): void {
    if (!this.features.includes("request")) {
      throw new Violation("it asked somebody who does not speak that");
    }
    this.#asked.push(this.#interview.take(answer));
  }

  #answer(answer: Answer): Expectation | undefined {
    const { rules } = this.#surroundings;
    if (answer.code !== 9) return this.#outstanding.take(answer);
    assertLimit(answer, rules);
    switch (answer.data?.limit) {
      case "maxPending":
        return this.#outstanding.refuse(answer, rules.maxPending);
      case "maxRate":
        this.#assertTooFast();
        return this.#outstanding.refuse(answer, 0);
      default:
        return this.#outstanding.take(answer);
    }
  }

  #assertTooFast(): void {
    if (this.load.mayBeRefused) return;
    throw new Violation(`it refused a request as one of ${this.load.sent}`);
  }

  #tell(what: string): void {
    this.#surroundings.tally.note(what);
  }
}

function isControl(said: Request | Control): said is Control {
  return said.kind === "credit" || said.kind === "cancel" ||
    said.kind === "done";
}
