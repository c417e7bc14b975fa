/**
 * The error for a request whose timeout expired.
 *
 * @module
 */

import { TimeoutError } from "./errors.ts";

/**
 * Makes the error for a request whose timeout expired.
 *
 * @param subject The request, such as `operation "add"`
 * @param timeout The timeout in milliseconds
 */
export function timedOut(
  subject: string,
  timeout: number | undefined,
): TimeoutError {
  return new TimeoutError(
    `Cannot finish ${subject}: no response within ${timeout} ms. Raise 'timeout' to wait longer.`,
  );
}
