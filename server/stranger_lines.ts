/**
 * Limits the log lines about clients that have not logged in, for all of them together: one
 * stranger can open any number of connections.
 *
 * @module
 */

import { LogThrottle } from "../common/rate_limiter.ts";

/** More than the clients that usually connect at once before one of them logs in. */
const MAX_LINES = 1_000;

const LINES_PER_SECOND = 1;

/** The limits of one server. */
export class StrangerLines {
  /** Limits the lines about connections. A login gives the line back. */
  readonly connects = new LogThrottle(LINES_PER_SECOND, MAX_LINES);
  /** Limits the warnings. */
  readonly warnings = new LogThrottle(LINES_PER_SECOND, MAX_LINES);
}
