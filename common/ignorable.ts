/**
 * Promises that an application does not have to await, and the stacks of the errors with
 * which they reject.
 *
 * @module
 */

import { isDepthError, isNumberError } from "./encode_json.ts";
import { HoistError } from "./hoist_error.ts";
import { isLengthError } from "./text.ts";
import { readable } from "./thrown.ts";

/**
 * Waits for a request, like {@linkcode withCallerStack}. If nothing awaits the returned
 * promise, its failure does not end the program. Only an invalid argument ends it, because
 * that is a mistake in the program itself. Data that a handler can have from a peer does not
 * end it: a number that JSON changes, deep nesting, and a frame that is too large. Nor does a
 * schema that throws for what a peer has sent: see {@linkcode throwCausedByPeer}.
 *
 * @param promise The promise, which the public function returns through this function
 * @param onDataError Called with the error about such data, which nothing else can report
 * @returns What the promise resolves to
 */
export function ignorable<Value>(
  promise: Value | PromiseLike<Value>,
  onDataError?: (error: Error) => void,
): Promise<Value> {
  const result: Promise<Value> = withCallerStack(promise, (error) => {
    // A handler here changes nothing for a caller that awaits the promise.
    if (!isMistake(error)) result.catch(() => {});
    if (isDataError(error)) onDataError?.(error);
  });
  return result;
}

/**
 * Whether data was not sent because of itself, although a handler can have it from a peer: it
 * has a number that JSON changes, is nested too deeply, or is too large.
 */
function isDataError(error: unknown): error is Error {
  return isNumberError(error) || isDepthError(error) || isLengthError(error);
}

/** Whether the arguments of the request caused an error. */
function isMistake(error: unknown): boolean {
  if (isDataError(error) || causedByPeer.has(Object(error))) return false;
  return error instanceof TypeError || error instanceof RangeError;
}

/** What the functions of the application have thrown for what a peer has sent. */
const causedByPeer = new WeakSet<object>();

/** Throws what a function of the application has thrown for what a peer has sent. */
export function throwCausedByPeer(error: unknown): never {
  causedByPeer.add(Object(error));
  throw error;
}

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
    const failure = readable(error);
    if (failure instanceof HoistError) {
      captureStackTrace?.(failure, withCallerStack);
    }
    onFailure?.(failure);
    throw error;
  }
}
