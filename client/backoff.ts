/**
 * When a client tries again: the delays between its attempts.
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
 * Whether the server can have closed the connection because of a frame of this client.
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

/** The bounds of the delays before a client tries to join or to leave a room again. */
const ROOM_DELAYS = { minDelay: 1_000, maxDelay: 30_000 };

/** Waits before the next attempt to join or leave a room, longer after each attempt. */
export class JoinRetry {
  #attempts = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Whether the next attempt has to wait */
  get isWaiting(): boolean {
    return this.#timer !== undefined;
  }

  /** Calls a function when it is time for the next attempt. */
  start(onTime: () => void): void {
    const delay = ROOM_DELAYS.minDelay +
      backoffDelay(this.#attempts++, ROOM_DELAYS);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      onTime();
    }, delay);
  }

  /** Forgets the attempts so far. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#attempts = 0;
  }
}
