/**
 * Values that may have to be waited for, and are used at once where they have not:
 * most handlers only look something up, and waiting costs more than that.
 *
 * @module
 */

/** Whether `await` would wait for a value: promises of any make, query builders. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === "object" || typeof value === "function") &&
    value !== null && "then" in value && typeof value.then === "function";
}

/**
 * Goes on with a value, at once if it is there.
 *
 * @throws What `next` throws, if the value is there; the promise rejects otherwise
 */
export function chain<Value, Result>(
  value: Value | PromiseLike<Value>,
  next: (value: Value) => Result | PromiseLike<Result>,
): Result | PromiseLike<Result> {
  return isThenable(value)
    ? Promise.resolve(value as PromiseLike<Value>).then(next)
    : next(value as Value);
}
