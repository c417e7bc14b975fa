/**
 * Waiting for what is due, but not for ever.
 *
 * @module
 */

import { Violation } from "./violation.ts";

/** How long nothing may come that is due, in milliseconds: the server hangs. */
const PATIENCE = 20_000;

/**
 * Waits.
 *
 * @param waiting What is due
 * @param describe Says who waits for what
 *
 * @throws {Violation} If it does not come
 */
export async function within(
  waiting: Promise<void>,
  describe: () => string,
): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<void>((_, reject) => {
    const fail = () => reject(new Violation(describe()));
    timer = setTimeout(fail, PATIENCE);
  });
  try {
    await Promise.race([waiting, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}
