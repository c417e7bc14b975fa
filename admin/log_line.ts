/**
 * The lines of the log as admins see them.
 *
 * @module
 */

import {
  formatDetails,
  type LogEntry,
  showError,
} from "../common/log_format.ts";
import { truncate } from "../common/text.ts";
import type { AdminLogLine } from "./types.ts";

/** Returns what admins see of a line. */
export function lineOf(
  { level, event, message, error }: LogEntry,
): AdminLogLine {
  const shown = formatDetails({ level, event, message });
  const line = { time: Date.now(), level, event, message: shown };
  return error === undefined ? line : { ...line, error: showError(error) };
}

/** The length of the JSON of a line without its content, and with the marks of both parts. */
const MAX_FRAME = 200;

/**
 * Cuts a line that is too large, and marks where it was cut.
 *
 * @param line The line
 * @param maxUnits The length of its JSON, in UTF-16 units
 */
export function shortenLine(
  { error, ...line }: AdminLogLine,
  maxUnits: number,
): AdminLogLine {
  // No control character is left, so that JSON doubles a character at most.
  const space = Math.max(0, Math.floor((maxUnits - MAX_FRAME) / 2));
  if (error === undefined) {
    return { ...line, message: cut(line.message, space) };
  }
  const message = cut(line.message, Math.floor(space / 2));
  const rest = space - Math.min(space, message.length);
  return { ...line, message, error: cut(error, rest) };
}

function cut(text: string, length: number): string {
  const omitted = text.length - length;
  if (omitted <= 0) return text;
  return `${truncate(text, length)} (${omitted} more characters)`;
}
