/**
 * The state behind the function `debug`, which all servers and clients of a process share.
 *
 * @module
 */

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
export function pushDebugOptions(options: DebugOptions): Disposable {
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
