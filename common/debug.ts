/**
 * The function `debug`, which applies to all servers and clients of a process.
 *
 * @module
 */

import { checkBoolean, checkKeys } from "./check.ts";

const DEBUG_KEYS: Readonly<Record<keyof DebugOptions, true>> = {
  trace: true,
  http: true,
};

/**
 * Enables debug lines for all servers and clients of this process, including running ones.
 * It overrides `logLevel`. The lines contain payloads, but no tokens.
 *
 * @param options Optional. Which additional details to log
 * @returns A `Disposable`: `using` or `[Symbol.dispose]()` restores the previous state
 *
 * @throws {TypeError} If an option is unknown or not a boolean
 *
 * @example
 * ```ts
 * import { debug } from "@hoist/cli";
 *
 * using _debugging = debug({ trace: true });
 * ```
 */
export function debug(options: DebugOptions = {}): Disposable {
  checkKeys("Cannot enable debug logging", options, DEBUG_KEYS);
  checkBoolean("Cannot enable debug logging", "trace", options.trace);
  checkBoolean("Cannot enable debug logging", "http", options.http);
  return pushDebugOptions({ ...options });
}

/** Options of `debug` */
export interface DebugOptions {
  /**
   * Whether each line begins with the public function that caused it, in parentheses.
   *
   * @default {false}
   */
  readonly trace?: boolean | undefined;
  /**
   * Whether to log the work of the HTTP server: its address, each HTTP request with its status
   * and time, rejected upgrades, and errors.
   *
   * @default {false}
   */
  readonly http?: boolean | undefined;
}

/** The calls of `debug` that are not disposed; the last one applies. */
let calls: readonly DebugOptions[] = [];

/** Applies options until the `Disposable` is disposed. */
function pushDebugOptions(options: DebugOptions): Disposable {
  calls = [...calls, options];
  const remove = () => calls = calls.filter((other) => other !== options);
  return { [Symbol.dispose]: () => void remove() };
}

/** Returns the options of the `debug` that applies, or `undefined` without one. */
export function debugOptions(): DebugOptions | undefined {
  return calls.at(-1);
}

/**
 * Returns what precedes a line: `(caller) ` after `debug({ trace: true })`, and an empty
 * string otherwise.
 *
 * @param caller Returns the name of the public function that caused the line
 */
export function tracePrefix(caller: () => string): string {
  return calls.at(-1)?.trace ? `(${caller()}) ` : "";
}
