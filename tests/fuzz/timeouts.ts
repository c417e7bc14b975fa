/**
 * Waits with a time limit.
 *
 * @module
 */

import { Violation } from "./violation.ts";

/** The maximum wait for an expected frame, in ticks. */
const MAX_TICKS = 20;

/** The interval of the ticks, in milliseconds. A stalled process runs at most one of them. */
const TICK = 1_000;

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
  let timer: ReturnType<typeof setInterval> | undefined;
  const tooLong = new Promise<void>((_, reject) => {
    let ticks = 0;
    timer = setInterval(() => {
      if (++ticks > MAX_TICKS) reject(new Violation(describe()));
    }, TICK);
  });
  try {
    await Promise.race([waiting, tooLong]);
  } finally {
    clearInterval(timer);
  }
}
