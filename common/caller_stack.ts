/**
 * The stacks of errors that callers of asynchronous functions see.
 *
 * @module
 */

import { HoistError } from "./hoist_error.ts";

interface StackCapturing {
  captureStackTrace?: (
    target: object,
    callee: (...args: never[]) => unknown,
  ) => void;
}

/**
 * Waits for a promise. If it rejects with a {@linkcode HoistError}, the error gets the
 * stack of the caller. Its original stack starts at a frame or a timer and does not help.
 *
 * @param promise The promise, which the public function returns through this function
 * @param onFailure Called with the error, before the returned promise rejects
 * @returns What the promise resolves to
 */
export async function withCallerStack<Value>(
  promise: Value | PromiseLike<Value>,
  onFailure?: (error: unknown) => void,
): Promise<Value> {
  try {
    return await promise;
  } catch (error) {
    // Some engines lack this method.
    const { captureStackTrace }: StackCapturing = Error;
    if (error instanceof HoistError) {
      captureStackTrace?.(error, withCallerStack);
    }
    onFailure?.(error);
    throw error;
  }
}
