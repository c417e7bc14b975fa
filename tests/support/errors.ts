/** Reads the errors of failed calls. */

import assert from "node:assert/strict";

/** Returns the error that a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    assert(error instanceof Error);
    return error;
  }
  throw new assert.AssertionError({ message: "The promise did not reject" });
}

/** Reports whether a function throws or rejects with a value. `assert` cannot print hostile values. */
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

/** Returns the error that a function throws or rejects with. */
export function rejectionOf(attempt: () => unknown): Promise<Error> {
  return rejection((async () => await attempt())());
}
