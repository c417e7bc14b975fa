/**
 * The rate at which a server handles the frames of one client: docs/reference/protocol.md, "Limits".
 *
 * @module
 */

import type { ResponseFrame } from "./response_matcher.ts";
import type { Rules } from "./model.ts";
import { Violation } from "./violation.ts";

/** The frames before the last frame of a response, and frames without a request. */
const PARTS = [
  ...["open", "newmsg", "items", "s_newmsg", "request"],
  ...["r_newmsg", "presence", "gap"],
];

/** Checks that a server does not handle more requests than the limit allows. */
export class RateChecker {
  readonly #rules: Rules;
  /** The time of the first frame that counts, or slightly earlier. */
  #start = performance.now();
  /** The number of successful requests */
  #done = 0;
  /** The number of answered requests */
  #answered = 0;

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  /** Notes that the first frame is sent that counts. */
  begin(): void {
    this.#start = performance.now();
  }

  /** Asserts that the server can have handled the nth frame by now. */
  assertInTime(nth: number): void {
    if (nth <= this.#most) return;
    throw new Violation(
      `the server handled request ${nth}, the limit allows ${this.#most}`,
    );
  }

  /** Counts a response and asserts that the limit allows it. */
  note({ success, message, id }: ResponseFrame): void {
    if (message !== null && PARTS.includes(message)) return;
    // The server has put the client into a room.
    if (message === "joined" && id === null) return;
    this.#answered++;
    if (success) this.#done++;
    const { maxBurst } = this.#rules;
    const most = this.#most;
    if (this.#done <= most && this.#answered <= most + maxBurst) return;
    throw new Violation(
      `the server handled ${this.#done} of ${this.#answered} requests, the limit allows ${most}`,
    );
  }

  /** The number of frames that the limit allows by now. */
  get #most(): number {
    const { maxRate, maxBurst } = this.#rules;
    const seconds = (performance.now() - this.#start) / 1_000;
    // The login and the last frame do not count.
    return 2 + maxBurst + seconds * maxRate;
  }
}
