/**
 * Log lines: their levels, their formats, and the interface of the loggers that a server or
 * a client can write to.
 *
 * @module
 */

import { escapeControls, escapeJson, escapeLines, truncate } from "./text.ts";

/** The format of the lines */
export type LogFormat = "text" | "json";

/** The formats. */
export const LOG_FORMATS: readonly LogFormat[] = ["text", "json"];

/** A line before it is formatted. */
export interface LogEntry {
  readonly level: LineLevel;
  /** A word of this package, such as `startup` */
  readonly event: string;
  /** What happened, in one line */
  readonly message: string;
  /** Details for programs, which only JSON contains */
  readonly fields?: LogFields | undefined;
  /** A thrown value with its stack, in several lines */
  readonly error?: string | undefined;
  /** The public function that caused the line, after `debug({ trace: true })` */
  readonly caller?: string | undefined;
}

/** Details of a line, by name. */
export type LogFields = Readonly<Record<string, string | number | undefined>>;

/** How many characters of a message are shown. */
const MAX_MESSAGE = 4_000;

/** How many characters of an error are shown. */
const MAX_ERROR = 16_000;

/** Formats a line as Python Hoist does, such as `startup: starting server`. */
export function formatText(entry: LogEntry): string {
  return `${callerPrefix(entry)}${entry.event}: ${formatDetails(entry)}`;
}

/** Returns what precedes the event of a line. */
export function callerPrefix({ caller }: LogEntry): string {
  return caller === undefined ? "" : `(${caller}) `;
}

/** Returns what follows the event of a line. Nothing in it begins at column 0. */
export function formatDetails({ message, error }: LogEntry): string {
  const escape = (text: string) => escapeControls(text, Infinity);
  const shown = showEscaped(message, MAX_MESSAGE, escape);
  return error === undefined ? shown : `${shown}${showError(`\n${error}`)}`;
}

/** Returns an error with its stack as it is shown: escaped and shortened. */
export function showError(error: string): string {
  return showEscaped(error, MAX_ERROR, escapeLines);
}

/** Escapes the start of a string, and shortens the result, which can be eight times as long. */
function showEscaped(
  text: string,
  length: number,
  escape: (text: string) => string,
): string {
  return truncate(escape(truncate(text, length)), length);
}

/** Shortens a string, and even more if its JSON is much longer because of escapes. */
function showInJson(text: string, length: number): string {
  const start = truncate(text, length);
  const { length: escaped } = escapeJson(JSON.stringify(start));
  return escaped <= 2 * length ? start : truncate(text, length / 6);
}

/**
 * Returns the function that formats the lines on standard error.
 *
 * @param format The format of the lines
 * @param isTerminal Whether standard error is a terminal
 */
export function formatterFor(
  format: LogFormat,
  isTerminal: boolean,
): (entry: LogEntry) => string {
  if (format === "json") return formatJson;
  return isTerminal ? formatText : formatTimed;
}

/** Formats a line for a file: with the time and the level. */
function formatTimed(entry: LogEntry): string {
  const { level } = entry;
  return `${timeOf()} ${level.toUpperCase()} ${formatText(entry)}`;
}

/** Formats a line as a JSON object. */
export function formatJson(entry: LogEntry): string {
  const { level, event, message, fields, error, caller } = entry;
  return escapeJson(JSON.stringify({
    time: timeOf(),
    level,
    event,
    message: showInJson(message, MAX_MESSAGE),
    ...fields,
    error: error && showInJson(error, MAX_ERROR),
    caller,
  }));
}

function timeOf(): string {
  return new Date().toISOString();
}

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
