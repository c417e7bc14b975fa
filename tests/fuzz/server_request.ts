/**
 * What the host asks a client, what that says to it, and what the host must therefore
 * be told: docs/protocol.md, "Extensions", `request`.
 *
 * @module
 */

import type { JsonObject } from "../../common/json.ts";

/** What a client says to a question. */
export type Saying =
  | "reply"
  /** Its listeners are done, and none failed */
  | "done"
  /** Its listeners are done, and one failed */
  | "failed"
  /** A reply to something else that has the same number */
  | "misnamed reply"
  /** A reply to something that was never said */
  | "stray reply"
  /** The listeners to something are done that nobody asked */
  | "stray done"
  /** A `done` that breaks a rule */
  | "broken done";

/** What a client does when it is asked. */
export interface Plan {
  readonly says: readonly Saying[];
  /** How long the host waits, in milliseconds */
  readonly timeout: number;
}

/** Longer than anything may take. */
export const LONG = 60_000;

/** Long enough, unless the reply is refused. */
const MEDIUM = 500;

const SILENCE: Plan = { says: [], timeout: 5 };

/** What a client may do when it is asked, by its name. */
export const PLANS: ReadonlyMap<unknown, Plan> = new Map<unknown, Plan>([
  ["silence", SILENCE],
  ["reply", { says: ["reply"], timeout: MEDIUM }],
  ["in vain", { says: ["reply", "done"], timeout: 0 }],
  ["both", { says: ["reply", "done"], timeout: LONG }],
  ["twice", { says: ["reply", "reply", "done", "done"], timeout: LONG }],
  ["done", { says: ["done"], timeout: LONG }],
  ["failed", { says: ["failed", "done"], timeout: LONG }],
  ["too late", { says: ["done", "reply"], timeout: LONG }],
  ["stray", { says: ["stray reply", "stray done", "done"], timeout: LONG }],
  ["misnamed", { says: ["misnamed reply", "reply", "done"], timeout: LONG }],
  ["broken", { says: ["broken done", "failed"], timeout: LONG }],
  ["mended", {
    says: ["broken done", "misnamed reply", "reply"],
    timeout: MEDIUM,
  }],
]);

/** What became of a question, as the host was told. */
export type Outcome =
  /** The reply with this number among those to the question, from 0 on */
  | { readonly kind: "reply"; readonly n: unknown }
  /** Nobody replied */
  | { readonly kind: "silence" }
  /** Nobody replied, and a listener failed */
  | { readonly kind: "failure" }
  /** It took too long; so long that was, in milliseconds */
  | { readonly kind: "timeout"; readonly elapsed: number }
  /** The connection ended; whether the client has left */
  | { readonly kind: "closed"; readonly hasLeft: boolean }
  /** The client does not speak that */
  | { readonly kind: "feature" }
  | { readonly kind: "other"; readonly text: string };

/** A timer may be a little early. */
const SLACK = 2;

/** Something that the host asks a client. */
export class Question {
  readonly plan: Plan;
  readonly #timeout: number;
  /** What the host may be told, given what the client has said. */
  readonly #answers: Outcome[] = [];
  #isHeard = false;
  #isSettled = false;

  /**
   * Constructs a `Question`.
   *
   * @param data What the client has called for it with
   * @param timeout How long the host waits in place of what the plan says
   */
  constructor(data: JsonObject, timeout?: number) {
    this.plan = PLANS.get(data.plan) ?? SILENCE;
    this.#timeout = timeout ?? this.plan.timeout;
  }

  /** How long the host waits, in milliseconds */
  get timeout(): number {
    return this.#timeout;
  }

  /** The client replies; a limit may stop that unless it is safe. */
  reply(n: unknown, isSafe: boolean): void {
    this.#add({ kind: "reply", n }, isSafe);
  }

  /** The client says that its listeners are done. */
  finish(hasFailed: boolean): void {
    this.#add({ kind: hasFailed ? "failure" : "silence" }, true);
  }

  /** The client hears of it, and has said nothing before that may have been meant for it. */
  hear(): void {
    this.#isHeard = true;
  }

  /** Whether the host was told what is right, as far as anybody knows what was said. */
  isRight(outcome: Outcome): boolean {
    switch (outcome.kind) {
      case "timeout":
        return outcome.elapsed >= this.#timeout - SLACK;
      case "closed":
        return outcome.hasLeft;
      case "feature":
        // Whoever calls for it knows.
        return true;
      default:
        return !this.#isHeard ||
          this.#answers.some((answer) =>
            JSON.stringify(answer) === JSON.stringify(outcome)
          );
    }
  }

  /** What comes first counts, unless the server may have refused it. */
  #add(answer: Outcome, settles: boolean): void {
    if (!this.#isSettled) this.#answers.push(answer);
    this.#isSettled ||= settles;
  }
}
