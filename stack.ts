/**
 * The stacks of errors that are made far from their caller.
 *
 * @module
 */

import { HoistError } from "./errors.ts";

type Callee = (...args: never[]) => unknown;

interface StackCapturing {
  captureStackTrace?: (target: object, callee: Callee) => void;
}

/**
 * Gives an error the stack of whoever called a function of ours: it was made where a
 * frame arrived or a timer fired, which tells the caller nothing.
 *
 * @param error What was thrown; only an error of ours gets another stack
 * @param callee The asynchronous function, from within which this one is called
 * @returns The error
 */
export function fromCaller(error: unknown, callee: Callee): unknown {
  // Not all engines have it.
  const { captureStackTrace }: StackCapturing = Error;
  if (error instanceof HoistError) captureStackTrace?.(error, callee);
  return error;
}
