/**
 * The interface of the loggers that a server or a client can write to.
 *
 * @module
 */

/**
 * Receives log lines. `console`, a logger of `@std/log`, LogTape and pino implement it.
 *
 * @example
 * ```ts
 * import { type Logger, serve } from "@hoist/cli";
 * import assert from "node:assert/strict";
 *
 * const lines: string[] = [];
 * const push = (line: string) => lines.push(line);
 * const logger: Logger = { debug: push, info: push, warn: push, error: push };
 * await using _server = serve("test", { hostname: "127.0.0.1", port: 0, logger });
 * assert.match(lines[0] ?? "", /127\.0\.0\.1:\d+/);
 * ```
 */
export interface Logger {
  /** Logs a line that helps to find a mistake. */
  debug(line: string): void;
  /** Logs a line about normal operation. */
  info(line: string): void;
  /** Logs a line about something that is probably not intended. */
  warn(line: string): void;
  /** Logs a line about a failure. */
  error(line: string): void;
}

/** The minimum level of the lines that are logged */
export type LogLevel = keyof Logger;

/** The levels, from the lowest to the highest. */
export const LOG_LEVELS: readonly LogLevel[] = [
  "debug",
  "info",
  "warn",
  "error",
];
