/**
 * Strings: their length in bytes of UTF-8, and how people see them. They are shown without
 * characters that are invisible or that a terminal interprets, and with suggestions for misspelt
 * names.
 *
 * @module
 */

/** A UTF-16 unit with more than one byte in UTF-8. */
const MULTIBYTE = /[\u0080-\uffff]/;

/**
 * Returns the length of a string in bytes of UTF-8.
 *
 * @param text The string, which has no lone surrogates: `JSON.stringify` escapes them,
 * and a received frame is valid UTF-8
 */
export function byteLength(text: string): number {
  const { length } = text;
  // A loop reads the many representations of strings in V8 three times slower.
  const first = text.search(MULTIBYTE);
  if (first < 0) return length;
  let bytes = length;
  for (let index = first; index < length; index++) {
    const unit = text.charCodeAt(index);
    // Each half of a surrogate pair counts two bytes: a pair has four in UTF-8.
    if (unit > 0x7f) {
      bytes += unit > 0x7ff && (unit & 0xf800) !== 0xd800 ? 2 : 1;
    }
  }
  return bytes;
}

/**
 * Returns a string that does not keep another one in memory. V8 represents a part of a long
 * string by a reference to the long string.
 *
 * @param part A part of a string
 */
export function detach(part: string): string {
  // The new string refers to the short string that V8 makes for the whole.
  return ` ${part}`.slice(1);
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
  throw lengthError(
    `Cannot send ${subject()}: it must be at most ${limit} bytes long. It has ${length} bytes. Send less data, or raise '${limitName}' of the server.`,
  );
}

/** The errors about data that is too large. A class would show its name in the log. */
const lengthErrors = new WeakSet<object>();

/** Makes the error for data that is too large to be sent. */
export function lengthError(message: string): RangeError {
  const error = new RangeError(message);
  lengthErrors.add(error);
  return error;
}

/**
 * Returns whether data was refused because of its length. Unlike other mistakes, the limit
 * can be one of a peer, and the data can result from the data of a peer.
 */
export function isLengthError(error: unknown): error is RangeError {
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

// Invisible characters in emoji and words, with their neighbours: the joiner and the variation
// selector of emoji and keycaps, the non-joiner of Arabic script, the joiners after a virama.
const VISIBLE =
  /\p{Extended_Pictographic}\p{Emoji_Modifier}?\ufe0f?(?:\u200d\p{Extended_Pictographic}\p{Emoji_Modifier}?\ufe0f?)*|[0-9#*]\ufe0f\u20e3|\p{Script=Arabic}\u200c(?=\p{Script=Arabic})|[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca][\u200c\u200d]/u;

// All other characters that move the cursor of a terminal, start a new line, change the
// direction of the text, or are invisible: they hide a part of a string, or make two strings
// look the same. A lookbehind would be shorter, but older browsers do not load a module with it.
const HIDDEN = new RegExp(
  `${VISIBLE.source}|([\\p{Cc}\\p{Cf}\\p{Co}\\p{Cs}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}])`,
  "gu",
);

/** Most strings are: the search for hidden characters takes ten times as long. */
const PRINTABLE_ASCII = /^[ -~]*$/;

/** Replaces the characters that are invisible or that a terminal interprets. */
function replaceHidden(
  text: string,
  replace: (character: string) => string,
): string {
  if (PRINTABLE_ASCII.test(text)) return text;
  return text.replaceAll(
    HIDDEN,
    (match, hidden?: string) => hidden === undefined ? match : replace(hidden),
  );
}

/**
 * Escapes the characters of a string from outside that are invisible or that a terminal
 * interprets, such as `\u{202e}`. The terminal, the log and the dashboard use it.
 *
 * @param text The string, which can have any length
 * @param length How many characters are returned
 */
export function escapeControls(
  text: string,
  length: number = MAX_SHOWN,
): string {
  return replaceHidden(cut(text, length), escapeOne);
}

/**
 * Escapes the same characters of a log line, except line breaks, and indents each line after
 * the first. No string from outside can then begin a line.
 */
export function escapeLines(text: string): string {
  return replaceHidden(
    text,
    (character) => character === "\n" ? "\n  " : escapeOne(character),
  );
}

function escapeOne(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}

/** Returns whether a string contains characters that {@linkcode escapeControls} escapes. */
export function hasControls(text: string): boolean {
  return escapeControls(text, Infinity) !== text;
}

/** Escapes the same characters of JSON. The result is JSON, too. */
export function escapeJson(json: string): string {
  return replaceHidden(json, (character) =>
    // Outside the Basic Multilingual Plane, JSON needs two escapes.
    character.split("").map((unit) =>
      `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`
    ).join(""));
}

/** How many characters of a name are shown. */
const MAX_NAME = 100;

/** Shortens a string from outside, which can have any length. */
export function truncate(text: string, length: number = MAX_NAME): string {
  return text.length > length ? `${cut(text, length)}…` : text;
}

/** Returns the start of a string, without half a surrogate pair at its end. */
function cut(text: string, length: number): string {
  const isHalf = text.length > length &&
    (text.charCodeAt(length - 1) & 0xfc00) === 0xd800;
  return text.slice(0, isHalf ? length - 1 : length);
}

/** How many names a suggestion lists. */
const MAX_LISTED = 40;

/**
 * Writes the sentence that helps with a misspelt name.
 *
 * @param name The misspelt name
 * @param candidates The names that exist
 * @param kind What the names are, in the plural, such as `options`
 * @param quoted Quotes the suggestion in the same way as the sentence quotes the name
 * @returns `Did you mean 'timeout'?`, or the names if none is near
 */
export function suggestName(
  name: string,
  candidates: readonly string[],
  kind: string,
  quoted: (name: string) => string = quoteName,
): string {
  const nearest = nearestName(name, candidates);
  if (nearest !== undefined) return `Did you mean ${quoted(nearest)}?`;
  const listed = candidates.slice(0, MAX_LISTED).join(", ");
  const rest = candidates.length - MAX_LISTED;
  if (candidates.length === 0) return `There are no ${kind}.`;
  return `The ${kind} are ${escapeControls(listed)}${
    rest > 0 ? ` and ${rest} more` : ""
  }.`;
}

/** How many names are compared, because a server can have any number of them. */
const MAX_COMPARED = 10_000;

/**
 * Finds the name that was probably meant.
 *
 * @param name The misspelt name
 * @param candidates The names that exist. Those that are very long are never near
 * @returns The nearest of them; `undefined` if none is near
 */
export function nearestName(
  name: string,
  candidates: readonly string[],
): string | undefined {
  const wanted = normalize(truncate(name));
  const compared = candidates.filter(({ length }) => length <= 2 * MAX_NAME)
    .slice(0, MAX_COMPARED);
  return mistyped(wanted, compared) ?? related(wanted, compared);
}

/** How many pairs of letters are compared. All pairs of 10,000 long names would take seconds. */
const MAX_PAIRS = 4_000_000;

/** Returns the name that differs from another by a few letters. */
function mistyped(
  wanted: string,
  candidates: readonly string[],
): string | undefined {
  let nearest: string | undefined;
  let least = Infinity;
  let pairs = 0;
  for (const candidate of candidates) {
    const other = normalize(candidate);
    const limit = Math.max(wanted.length, other.length) / 3;
    const difference = Math.abs(wanted.length - other.length);
    if (difference > limit || difference >= least) continue;
    pairs += wanted.length * other.length;
    if (pairs > MAX_PAIRS) break;
    const distance = editDistance(wanted, other);
    if (distance > limit || distance >= least) continue;
    nearest = candidate;
    least = distance;
  }
  return nearest;
}

/** How many letters two names must share, because short ones occur in many names. */
const MIN_SHARED = 3;

/** Returns the name that another is a part of, or that is a part of the other. */
function related(
  wanted: string,
  candidates: readonly string[],
): string | undefined {
  const names = candidates.filter((each) =>
    Math.min(wanted.length, normalize(each).length) >= MIN_SHARED
  );
  const matches = (isMatch: (other: string) => boolean) =>
    names.filter((each) => isMatch(normalize(each)));
  return commonStart(matches((other) => other.startsWith(wanted))) ??
    commonStart(matches((other) => other.includes(wanted))) ??
    longest(matches((other) => wanted.includes(other)));
}

/** Returns the name that all others begin with; `undefined` if none is more probable. */
function commonStart(names: readonly string[]): string | undefined {
  return names.find((name) => names.every((other) => other.startsWith(name)));
}

function longest(names: readonly string[]): string | undefined {
  return names.toSorted((one, other) => other.length - one.length)[0];
}

/** Removes the differences between `max_payload`, `max-payload` and `maxPayload`. */
function normalize(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, "");
}

/** How many letters to insert, remove, replace or swap with their neighbour. */
function editDistance(one: string, other: string): number {
  let beforeLast: readonly number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwap = one[row - 1] === other[column - 2] &&
        one[row - 2] === other[column - 1];
      current.push(Math.min(
        last[column]! + 1,
        current[column - 1]! + 1,
        last[column - 1]! + (isSame ? 0 : 1),
        isSwap ? beforeLast[column - 2]! + 1 : Infinity,
      ));
    }
    [beforeLast, last] = [last, current];
  }
  return last[other.length]!;
}
