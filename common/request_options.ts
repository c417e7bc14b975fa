/**
 * The options of a request, which the requests of the client and of the server share.
 *
 * @module
 */

import {
  checkKeys,
  checkNumber,
  checkSignal,
  type KnownKeys,
  TIMEOUT,
} from "./check.ts";

/** Options of a single request */
export interface RequestOptions {
  /**
   * Stops waiting for the response when aborted: the request rejects with the reason of the
   * signal. On the server, the signal of the handler or of the listeners aborts, too. The
   * listeners of a client finish what they have started. If omitted, only `timeout` limits
   * the time.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long to wait for the response, in milliseconds from 0 to 2,147,483,647, or
   * `Infinity`. A response that arrived in time is accepted, even if the program was busy or
   * stopped when the timeout expired. The handler of the server has the `deadline`, and its
   * signal aborts.
   *
   * @default {Infinity}
   */
  readonly timeout?: number | undefined;
}

/** The names of the options of a request. */
export const REQUEST_KEYS: KnownKeys & Record<keyof RequestOptions, true> = {
  signal: true,
  timeout: true,
};

/**
 * Checks the options of a request. It allocates nothing, because requests are frequent.
 *
 * @param subject What could not be done, such as `Cannot send the request`
 * @param options The options, as the caller passed them
 * @param known The names of all options, if there are more
 *
 * @throws {TypeError} If an option is unknown or has the wrong type
 * @throws {RangeError} If the timeout is out of range
 */
export function checkRequestOptions(
  subject: string,
  options: RequestOptions | undefined,
  known: KnownKeys = REQUEST_KEYS,
): void {
  if (options === undefined) return;
  checkKeys(subject, options, known);
  checkSignal(subject, "signal", options.signal);
  checkNumber(subject, "timeout", options.timeout, TIMEOUT);
}
