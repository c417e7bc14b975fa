/**
 * The call whose handler runs, for the requests that the handler sends to clients.
 *
 * @module
 */

import type { AsyncLocalStorage } from "node:async_hooks";
import type { RequestOptions } from "../common/request_options.ts";
import type { Call } from "./call.ts";

/** Created by the first call with a deadline, because it takes time to load. */
let scope: AsyncLocalStorage<Call | undefined> | undefined;

/**
 * Runs the handler of a call with a deadline. The requests that the handler sends inherit
 * the time that is left.
 */
export function runInScope<Result>(call: Call, handler: () => Result): Result {
  scope ??= new (loadStorage())<Call | undefined>();
  return scope.run(call, handler);
}

/**
 * Runs code that does not belong to the call whose handler runs: the handler can close the
 * connection of another client, whose hooks and listeners do not inherit its time.
 */
export function runOutOfScope(run: () => void): void {
  if (scope === undefined) return run();
  // In Deno 2.9.6, `exit` ends at the first `await`.
  scope.run(undefined, run);
}

function loadStorage(): typeof AsyncLocalStorage {
  // `import()` would end Deno if no file descriptor is left.
  return globalThis.process.getBuiltinModule("node:async_hooks")
    .AsyncLocalStorage;
}

/** How long a request waits. */
export interface RequestLimits {
  readonly signal: AbortSignal | undefined;
  /** The timeout in milliseconds; no limit if `undefined` */
  readonly timeout: number | undefined;
  /** Returns the error if the time of a call is over; `undefined` for an own timeout */
  readonly onExpired: (() => unknown) | undefined;
}

/**
 * Returns the limits of a request: the options of its caller and, in the handler of a call
 * with a deadline, the limits of that call.
 */
export function limitsOf(options: RequestOptions | undefined): RequestLimits {
  const { signal, timeout } = options ?? {};
  const call = scope?.getStore();
  if (call?.due === undefined || !call.isRunning) {
    return { signal, timeout, onExpired: undefined };
  }
  const left = Math.max(0, call.due - performance.now());
  return {
    signal: signal === undefined
      ? call.signal
      : AbortSignal.any([signal, call.signal]),
    timeout: Math.min(timeout ?? Infinity, left),
    onExpired: timeout !== undefined && timeout < left
      ? undefined
      : () => call.expire(),
  };
}
