/** Reads the errors of failed calls. */

import assert from "node:assert/strict";

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    assert(error instanceof Error);
    return error;
  }
  throw new assert.AssertionError({ message: "The promise did not reject" });
}

/** Whether something throws, or rejects with, just that: also what no assertion can show. */
export async function throwsExactly(
  attempt: () => unknown,
  expected: unknown,
): Promise<boolean> {
  try {
    await attempt();
  } catch (error) {
    return error === expected;
  }
  return false;
}
