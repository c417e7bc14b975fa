/**
 * The stacks of errors that callers of asynchronous functions see.
 *
 * @module
 */

import { HoistError } from "./errors.ts";

interface StackCapturing {
  captureStackTrace?: (
    target: object,
    callee: (...args: never[]) => unknown,
  ) => void;
}

/**
 * Replaces the stack of an error by the stack of the caller of a public function. The
 * original stack starts at a frame or a timer and does not help the caller.
 *
 * @param error The error; only a {@linkcode HoistError} gets another stack
 * @param callee The asynchronous function that calls this one
 * @returns The error
 */
export function withCallerStack(
  error: unknown,
  callee: (...args: never[]) => unknown,
): unknown {
  // Some engines lack this method, and the library `esnext` of TypeScript does too.
  const { captureStackTrace }: StackCapturing = Object(Error);
  if (error instanceof HoistError) captureStackTrace?.(error, callee);
  return error;
}
