/**
 * What the status of an HTTP response means for a client that wants to connect.
 *
 * @module
 */

import { MAX_RETRY_DELAY } from "../protocol/close.ts";

/** Returns why a server or a proxy answered with a status, and what to do. */
export function describeStatus(status: number, retryAfter?: number): string {
  const meaning = MEANINGS.get(status) ??
    `the server or a proxy answered with the HTTP status ${status}. Check the URL.`;
  if (!TEMPORARY.has(status)) return meaning;
  const delay = retryAfter === undefined
    ? "later"
    : `in ${Math.ceil(retryAfter / 1_000)} s`;
  return `${meaning} This can be temporary: try again ${delay}.`;
}

const NO_ANSWER =
  "Check that the server is running, and that the proxy forwards to it.";

const MEANINGS: ReadonlyMap<number, string> = new Map([
  [
    401,
    "a proxy or the web server needs a login of its own (401). Let it forward requests below /hoist without one.",
  ],
  [
    403,
    "a proxy or the web server forbids the request (403). Let it forward requests below /hoist.",
  ],
  [
    404,
    "the path does not exist (404). Let the proxy forward requests below /hoist.",
  ],
  [
    429,
    "the server or a proxy received too many requests from this address (429).",
  ],
  [
    500,
    "the server or a proxy failed (500). Look at its log.",
  ],
  [502, `a proxy got no valid answer from the server (502). ${NO_ANSWER}`],
  [503, `the server or a proxy is not available (503). ${NO_ANSWER}`],
  [504, `a proxy got no answer from the server in time (504). ${NO_ANSWER}`],
]);

const TEMPORARY: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/**
 * Reads the header `Retry-After`: RFC 9110, section 10.2.3.
 *
 * @param headers The headers of the response; browsers can hide this one
 * @param now The current time, in milliseconds since 1970
 * @returns The delay in milliseconds, at most one minute; `undefined` if there is none
 */
export function readRetryAfter(
  headers: Headers,
  now: number = Date.now(),
): number | undefined {
  const value = headers.get("retry-after");
  if (value === null) return undefined;
  const delay = /^\d+$/.test(value)
    ? Number(value) * 1_000
    : Date.parse(value) - now;
  return delay >= 0 ? Math.min(delay, MAX_RETRY_DELAY) : undefined;
}
