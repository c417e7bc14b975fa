/**
 * Strings for errors and log lines: without tokens, and without characters that a
 * terminal interprets.
 *
 * @module
 */

/**
 * Returns the length of a string in bytes of UTF-8.
 *
 * @param text The string, which has no lone surrogates: `JSON.stringify` escapes them,
 * and a received frame is valid UTF-8
 */
export function byteLength(text: string): number {
  const { length } = text;
  let bytes = length;
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    // Each half of a surrogate pair counts two bytes: a pair has four in UTF-8.
    if (unit > 0x7f) {
      bytes += unit > 0x7ff && (unit & 0xf800) !== 0xd800 ? 2 : 1;
    }
  }
  return bytes;
}

/**
 * Returns whether a string has at most `limit` bytes of UTF-8.
 *
 * @param text The string, which has no lone surrogates
 * @param limit The maximum length in bytes
 */
export function fitsInto(text: string, limit: number): boolean {
  // A UTF-16 unit has one to three bytes, so that few strings have to be read.
  if (3 * text.length <= limit) return true;
  return text.length <= limit && byteLength(text) <= limit;
}

/**
 * Checks that a frame is small enough to be sent.
 *
 * @param frame The frame
 * @param limit The maximum length, in bytes of UTF-8
 * @param subject Returns what the error calls the frame, such as `message "hello"`
 * @param limitName The option that raises the limit, such as `limits.maxBuffered`
 *
 * @throws {RangeError} If the frame is larger
 */
export function assertLength(
  frame: string,
  limit: number,
  subject: () => string,
  limitName: string,
): void {
  if (fitsInto(frame, limit)) return;
  const length = byteLength(frame);
  const error = new RangeError(
    `Cannot send ${subject()}: it must be at most ${limit} bytes long. It has ${length} bytes. Send less data, or raise '${limitName}' of the server.`,
  );
  lengthErrors.add(error);
  throw error;
}

/** The errors about frames that are too large. A class would show its name in the log. */
const lengthErrors = new WeakSet<object>();

/**
 * Returns whether a frame was refused because of its length. Unlike other mistakes, the limit
 * can be one of a peer, and the data can result from the data of a peer.
 */
export function isLengthError(error: unknown): boolean {
  return typeof error === "object" && error !== null && lengthErrors.has(error);
}

/** Returns how errors and log lines name a message. */
export function describeMessage(name: string): string {
  return `message ${quote(name)}`;
}

/** Returns how errors and log lines name an operation. */
export function describeOperation(name: string): string {
  return `operation ${quote(name)}`;
}

/** Returns how errors and log lines name the stream of an operation. */
export function describeStream(name: string): string {
  return `stream ${quote(name)}`;
}

/** Returns how errors and log lines name a message that asks for a reply. */
export function describeRequest(name: string): string {
  return `request ${quote(name)}`;
}

/** Returns how errors and log lines name a room. */
export function describeRoom(name: string): string {
  return `room ${quote(name)}`;
}

/** Quotes, shortens and escapes the name of an option. */
export function quoteName(name: string): string {
  return `'${showName(name)}'`;
}

/** Shortens and escapes a name from outside that needs no quotes, such as a version. */
export function showName(name: string): string {
  return escapeControls(truncate(name));
}

/** Quotes, shortens and escapes a string; describes a value of another type. */
export function quote(name: unknown): string {
  if (typeof name !== "string") return showValue(name);
  return escapeControls(JSON.stringify(truncate(name)));
}

/**
 * Describes a value from outside for an error message. Strings are quoted, shortened
 * and escaped. Of objects, only the kind is shown.
 *
 * @param value The value
 * @returns The description, such as `"hello"`, `-1` or `an array`
 */
export function showValue(value: unknown): string {
  if (typeof value === "string") return value === "" ? "empty" : quote(value);
  if (typeof value === "bigint") return `${truncate(String(value))}n`;
  if (typeof value === "symbol") return "a symbol";
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  return Array.isArray(value) ? "an array" : "an object";
}

/** How many characters of a path are shown. */
const MAX_PATH = 200;

/** Formats the keys and the indexes of a path as in source code: `rows[3].name`. */
export function formatPath(path: readonly (string | number)[]): string {
  const steps = path.map((key, index) => {
    if (typeof key === "number") return `[${key}]`;
    if (!/^[\w$]+$/.test(key)) return `[${JSON.stringify(key)}]`;
    return index === 0 ? key : `.${key}`;
  });
  return escapeControls(truncate(steps.join(""), MAX_PATH));
}

/** How many characters of a string are shown. */
export const MAX_SHOWN = 1_000;

// Characters that move the cursor of a terminal, change the direction of the text or
// start a new line.
const CONTROL =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Escapes the characters of a string from outside that a terminal interprets.
 *
 * @param text The string, which can have any length
 * @param length How many characters are returned
 */
export function escapeControls(
  text: string,
  length: number = MAX_SHOWN,
): string {
  return text.slice(0, length).replaceAll(CONTROL, encodeURIComponent);
}

/**
 * Escapes the characters of a log line that a terminal interprets, except line breaks, and
 * indents each line after the first. No string from outside can then begin a line.
 */
export function escapeLines(text: string): string {
  return text.replaceAll(
    CONTROL,
    (character) => character === "\n" ? "\n  " : encodeURIComponent(character),
  );
}

/** Returns whether a string contains characters that a terminal interprets. */
export function hasControls(text: string): boolean {
  return text.search(CONTROL) !== -1;
}

/** Escapes the characters of JSON that a terminal interprets. The result is JSON, too. */
export function escapeJson(json: string): string {
  return json.replaceAll(
    CONTROL,
    (character) =>
      `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** How many characters of a name are shown. */
const MAX_NAME = 100;

/** Shortens a string from outside, which can have any length. */
export function truncate(text: string, length: number = MAX_NAME): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
