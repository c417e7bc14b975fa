/**
 * When a client tries again, without a clock.
 *
 * @module
 */

import { CloseCode } from "../common/codes.ts";

/** The bounds of the delays */
export interface BackoffOptions {
  /** The upper limit of the first delay, in milliseconds */
  readonly minDelay: number;
  /** The upper limit of all delays, in milliseconds */
  readonly maxDelay: number;
}

/**
 * Returns the maximum delay before an attempt. It doubles with each attempt, up to a
 * bound.
 *
 * @param attempt The number of failed attempts before this one
 * @param options The bounds
 * @returns A delay in milliseconds
 */
export function longestDelay(
  attempt: number,
  { minDelay, maxDelay }: BackoffOptions,
): number {
  return Math.min(maxDelay, minDelay * 2 ** attempt);
}

/**
 * Returns a random delay before an attempt ("full jitter"), so that clients that were
 * disconnected together do not reconnect together.
 *
 * @param attempt The number of failed attempts before this one
 * @param options The bounds
 * @param random Returns random numbers from 0 to 1
 * @returns A whole number of milliseconds
 */
export function backoffDelay(
  attempt: number,
  options: BackoffOptions,
  random: () => number = Math.random,
): number {
  return Math.round(random() * longestDelay(attempt, options));
}

/**
 * Whether the server may have closed the connection because of a frame of this client.
 * It would close again if the client sent the frame again.
 */
export function isCausedByClient(code: number): boolean {
  return CLIENT_ERRORS.has(code);
}

const CLIENT_ERRORS: ReadonlySet<number> = new Set([
  CloseCode.UNSUPPORTED_DATA,
  CloseCode.POLICY_VIOLATION,
  CloseCode.MESSAGE_TOO_BIG,
]);
