/**
 * The function `debug`, which applies to all servers and clients of a process.
 *
 * @module
 */

import { checkBoolean, checkKeys } from "./check.ts";
import { type DebugOptions, pushDebugOptions } from "./debug_state.ts";

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
