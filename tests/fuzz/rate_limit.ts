/**
 * How fast a server takes what one client sends: docs/protocol.md, "Limits".
 *
 * @module
 */

import type { Answer } from "./response_steps.ts";
import type { Rules } from "./model.ts";
import { Violation } from "./violation.ts";

/** What comes before the last frame to a request, or without one. */
const PARTS = ["open", "newmsg", "items", "s_newmsg", "request"];

/** Counts what one connection asks for, and the answers. */
export class Pace {
  readonly #rules: Rules;
  /** When the first was sent of what counts, or a little before. */
  #start = performance.now();
  /** Requests that were carried out */
  #done = 0;
  /** Requests that were answered, be it with a refusal */
  #answered = 0;

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  /** The first is sent of what counts. */
  begin(): void {
    this.#start = performance.now();
  }

  /** The server carries out a request, the nth of all that was sent. */
  assertInTime(nth: number): void {
    if (nth <= this.#most) return;
    throw new Violation(
      `it carries out request ${nth}, and may have taken ${this.#most}`,
    );
  }

  /** The server has answered; it must not have done so too often by now. */
  note({ success, message }: Answer): void {
    if (message !== null && PARTS.includes(message)) return;
    this.#answered++;
    if (success) this.#done++;
    const { maxBurst } = this.#rules;
    const most = this.#most;
    if (this.#done <= most && this.#answered <= most + maxBurst) return;
    throw new Violation(
      `it has done ${this.#done} of ${this.#answered} requests, more than ${most}`,
    );
  }

  /** How many frames the server may have taken by now. */
  get #most(): number {
    const { maxRate, maxBurst } = this.#rules;
    const seconds = (performance.now() - this.#start) / 1_000;
    // Neither the login nor what ends the connection counts.
    return 2 + maxBurst + seconds * maxRate;
  }
}
