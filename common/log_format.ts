/**
 * The format of log lines, as text and as JSON.
 *
 * @module
 */

import type { LineLevel } from "./logger.ts";
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
  return error === undefined
    ? shown
    : `${shown}${showEscaped(`\n${error}`, MAX_ERROR, escapeLines)}`;
}

/** Escapes the start of a string, and shortens the result, which can be nine times as long. */
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
