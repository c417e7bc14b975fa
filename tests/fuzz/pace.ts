/**
 * How fast a server takes what one client sends: docs/protocol.md, "Limits".
 *
 * @module
 */

import type { Answer } from "./expectations.ts";
import type { Rules } from "./model.ts";
import { Violation } from "./outstanding.ts";

/** Counts the answers of one connection. */
export class Pace {
  readonly #rules: Rules;
  readonly #start = performance.now();
  /** Requests that were carried out */
  #done = 0;
  /** Requests that were answered, be it with a refusal */
  #answered = 0;

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  /** The server has answered; it must not have done so too often by now. */
  note({ success, message }: Answer): void {
    const isFinal = message !== "open" && message !== "newmsg" &&
      message !== "s_newmsg";
    if (!isFinal) return;
    this.#answered++;
    if (success) this.#done++;
    const { maxRate, maxBurst } = this.#rules;
    const seconds = (performance.now() - this.#start) / 1_000;
    // The login is none of them.
    const most = 1 + maxBurst + seconds * maxRate;
    if (this.#done <= most && this.#answered <= most + maxBurst) return;
    throw new Violation(
      `it has done ${this.#done} of ${this.#answered} requests, more than ${most}`,
    );
  }
}
