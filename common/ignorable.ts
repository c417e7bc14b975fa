/**
 * Promises that an application does not have to await.
 *
 * @module
 */

import { withCallerStack } from "./caller_stack.ts";
import { isDepthError, isNumberError } from "./encode_json.ts";
import { isLengthError } from "./text.ts";

/**
 * Waits for a request, like {@linkcode withCallerStack}. If nothing awaits the returned
 * promise, its failure does not end the program. Only an invalid argument ends it, because
 * that is a mistake in the program itself. Data that a handler can have from a peer does not
 * end it: a number that JSON changes, deep nesting, and a frame that is too large.
 *
 * @param promise The promise, which the public function returns through this function
 * @returns What the promise resolves to
 */
export function ignorable<Value>(
  promise: Value | PromiseLike<Value>,
): Promise<Value> {
  const result: Promise<Value> = withCallerStack(promise, (error) => {
    // A handler here changes nothing for a caller that awaits the promise.
    if (!isMistake(error)) result.catch(() => {});
  });
  return result;
}

/** Whether the arguments of the request caused an error. */
function isMistake(error: unknown): boolean {
  if (isNumberError(error) || isDepthError(error)) return false;
  if (isLengthError(error)) return false;
  return error instanceof TypeError || error instanceof RangeError;
}
