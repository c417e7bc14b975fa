/**
 * The call whose handler runs, for the requests that the handler sends to clients.
 *
 * @module
 */

import type { AsyncLocalStorage } from "node:async_hooks";
import { detached } from "../common/telemetry.ts";

/** The parts of a call that the scope uses. */
export interface ScopedCall {
  /** When its time is over, in milliseconds of `performance.now()`; `undefined` if never */
  readonly due: number | undefined;
  /** Whether the handler still runs */
  readonly isRunning: boolean;
  readonly signal: AbortSignal;
  /** Runs the handler inside of the span of the call */
  readonly observed:
    | { run<Result>(handler: () => Result): Result }
    | undefined;
  /** Aborts the signal, because the time is over; returns the reason. */
  expire(): unknown;
}

/** Created by the first call with a deadline, because it takes time to load. */
let scope: AsyncLocalStorage<ScopedCall | undefined> | undefined;

/**
 * Runs the handler of a call. The requests that the handler sends inherit the time that is
 * left, if the call has a deadline, and the span of the call, if it has one.
 */
export function runInScope<Result>(
  call: ScopedCall,
  handler: () => Result,
): Result {
  const { observed } = call;
  if (call.due === undefined) {
    return observed === undefined ? handler() : observed.run(handler);
  }
  scope ??= new (loadStorage())<ScopedCall | undefined>();
  const storage = scope;
  return observed === undefined
    ? storage.run(call, handler)
    : observed.run(() => storage.run(call, handler));
}

/**
 * Runs code that does not belong to the call whose handler runs, and does not inherit its time
 * and its span: what the end of another client causes, because the handler can close its
 * connection, and the start of a timer that several calls or clients share.
 */
export function runOutOfScope<Result>(run: () => Result): Result {
  const current = scope;
  return detached(() =>
    // In Deno 2.9.6, `exit` ends at the first `await`.
    current === undefined ? run() : current.run(undefined, run)
  );
}

function loadStorage(): typeof AsyncLocalStorage {
  // `import()` would end Deno if no file descriptor is left.
  return globalThis.process.getBuiltinModule("node:async_hooks")
    .AsyncLocalStorage;
}

/** The options of a caller that limit a request. */
interface CallerLimits {
  readonly signal?: AbortSignal | undefined;
  readonly timeout?: number | undefined;
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
export function limitsOf(options: CallerLimits | undefined): RequestLimits {
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
