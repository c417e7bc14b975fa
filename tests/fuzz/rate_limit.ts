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

/**
 * How much of a stall before the connection a server can take for one after it, in milliseconds:
 * it counts a stall from its beginning, once it has lasted for this time.
 */
const STALL_TOLERANCE = 50;

/** Checks that a server does not handle more requests than the limit allows. */
export class RateChecker {
  readonly #rules: Rules;
  /** A time before the connection. The tokens of a stall after it are added to the burst. */
  readonly #start = performance.now() - STALL_TOLERANCE;
  /** The number of successful requests */
  #done = 0;
  /** The number of answered requests */
  #answered = 0;

  constructor(rules: Rules) {
    this.#rules = rules;
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
