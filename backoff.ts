/**
 * When a client comes back: the waits between its attempts, and the hint of a server
 * that goes down. docs/protocol.md, "Extensions", `retry`.
 *
 * @module
 */

import { CloseCode } from "./errors.ts";

/** Between which bounds the waits grow. */
export interface BackoffOptions {
  /** The longest that the first wait may be, in milliseconds */
  readonly minDelay: number;
  /** The longest that any wait may be, in milliseconds */
  readonly maxDelay: number;
}

/**
 * The longest wait that a server may ask for, in milliseconds: it should not be able
 * to send a client away for good.
 */
export const MAX_RETRY_DELAY = 60_000;

/**
 * The longest that the wait before an attempt may be: twice as long each time, up to a
 * bound.
 *
 * @param attempt How many attempts came before in vain
 * @param options The bounds
 * @returns A time in milliseconds
 */
export function longestDelay(
  attempt: number,
  { minDelay, maxDelay }: BackoffOptions,
): number {
  return Math.min(maxDelay, minDelay * 2 ** attempt);
}

/**
 * The wait before an attempt: anything up to the longest one ("full jitter"), so that
 * clients that were lost together do not come back together.
 *
 * @param attempt How many attempts came before in vain
 * @param options The bounds
 * @param random A number from 0 up to 1, each time another
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
 * How long a server that goes down tells one of its clients to stay away: a
 * millisecond for each of them at most, so that about a thousand come back in a second
 * (more where there are more than a minute has room for).
 *
 * @param clients The number of clients that are connected
 * @param random A number from 0 up to 1, each time another
 * @returns A whole number of milliseconds
 */
export function retryDelay(
  clients: number,
  random: () => number = Math.random,
): number {
  return Math.round(random() * Math.min(clients, MAX_RETRY_DELAY));
}

/** The reason to close with, which tells a client when to come back. */
export function retryReason(delay: number): string {
  return `server closed, retry in ${delay} ms`;
}

/**
 * When the server that closed a connection wants the client back.
 *
 * @param close The close code and the reason
 * @returns A time in milliseconds, from 0 to {@linkcode MAX_RETRY_DELAY}; `undefined`
 * if the server does not say
 */
export function retryHint(
  { code, reason }: { readonly code: number; readonly reason: string },
): number | undefined {
  if (code !== CloseCode.SERVICE_RESTART) return undefined;
  const delay = /\bretry in (\d+) ms$/.exec(reason)?.[1];
  return delay === undefined
    ? undefined
    : Math.min(Number(delay), MAX_RETRY_DELAY);
}
