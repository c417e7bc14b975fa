/**
 * Waits with a time limit.
 *
 * @module
 */

import { Violation } from "./violation.ts";

/** The maximum wait for an expected frame, in milliseconds. */
const MAX_WAIT = 20_000;

/**
 * Waits for a promise.
 *
 * @param waiting The promise
 * @param describe Returns the message of the error
 *
 * @throws {Violation} If the promise does not settle in time
 */
export async function within(
  waiting: Promise<void>,
  describe: () => string,
): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<void>((_, reject) => {
    const fail = () => reject(new Violation(describe()));
    timer = setTimeout(fail, MAX_WAIT);
  });
  try {
    await Promise.race([waiting, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}
