/**
 * The interface between Hoist and the logger of the application.
 *
 * @module
 */

/**
 * Where the lines go. `console`, a logger of `@std/log`, LogTape and pino all fit.
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
 * assert.match(lines[0] ?? "", /^startup: starting server on 127\.0\.0\.1:\d+/);
 * ```
 */
export interface Logger {
  /** Takes a line that helps to find a mistake */
  debug(line: string): void;
  /** Takes a line about the normal course of things */
  info(line: string): void;
  /** Takes a line about something that is probably not wanted */
  warn(line: string): void;
  /** Takes a line about something that went wrong */
  error(line: string): void;
}

/** The lowest level of the lines that are written */
export type LogLevel = keyof Logger;

/** The levels, from the lowest on */
export const LOG_LEVELS: readonly LogLevel[] = [
  "debug",
  "info",
  "warn",
  "error",
];
