/**
 * The interface of the loggers that a server or a client can write to, and the levels.
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

/** The level of a line */
export type LineLevel = keyof Logger;

/** The minimum level of the lines that are logged; no line has the level `critical` */
export type LogLevel = keyof Logger | "critical";

/** The methods of a logger, from the lowest level to the highest. */
export const LINE_LEVELS: readonly LineLevel[] = [
  "debug",
  "info",
  "warn",
  "error",
];

/** The levels, from the lowest to the highest. */
export const LOG_LEVELS: readonly LogLevel[] = [...LINE_LEVELS, "critical"];

/** Returns whether a line is logged. */
export function isLogged(level: LineLevel, minimum: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(minimum);
}

/**
 * Reads a level: its name in lower or upper case, or its number in Python, from 10 for
 * `debug` to 50 for `critical`.
 *
 * @returns The level, or `undefined` if there is no such level
 */
export function parseLogLevel(value: unknown): LogLevel | undefined {
  if (typeof value === "number") return LOG_LEVELS[value / 10 - 1];
  const name = typeof value === "string" ? value.toLowerCase() : value;
  return LOG_LEVELS.find((level) => level === name);
}
