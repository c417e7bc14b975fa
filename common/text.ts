/**
 * Frames as a log shows them: without tokens, and without what a terminal would act on.
 *
 * @module
 */

/**
 * The length of a text in UTF-8, in bytes; any number beyond the limit if it is longer
 * than that.
 *
 * @param text What is sent or was received: JSON.stringify escapes lone surrogates, and
 * what comes from the wire is UTF-8
 * @param limit The length from which on the exact one does not matter
 */
export function byteLength(text: string, limit: number): number {
  const { length } = text;
  if (length > limit) return length;
  let bytes = length;
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    // The halves of a pair are two bytes each: four, as the pair has in UTF-8.
    if (unit > 0x7f) {
      bytes += unit > 0x7ff && (unit & 0xf800) !== 0xd800 ? 2 : 1;
    }
  }
  return bytes;
}

/**
 * Refuses what is larger than a limit, so that nothing is sent of it.
 *
 * @param frame The text of the frame
 * @param limit How large it may be, in bytes
 * @param subject What the error calls it, such as `message "hello"`
 * @param limitName The option that would allow it, such as `limits.maxBuffered`
 *
 * @throws {RangeError} If it is larger
 */
export function assertLength(
  frame: string,
  limit: number,
  subject: () => string,
  limitName: string,
): void {
  // Most are that short: a UTF-16 unit has three bytes at most.
  if (3 * frame.length <= limit) return;
  const length = byteLength(frame, Infinity);
  if (length <= limit) return;
  throw new RangeError(
    `Cannot send ${subject()} as it must be at most ${limit} bytes: current length is ${length}; raise '${limitName}' of the server`,
  );
}

/** How a message is named in errors and logs. */
export function describeMessage(name: string): string {
  return `message ${quote(name)}`;
}

/** How an operation is named in errors and logs. */
export function describeOperation(name: string): string {
  return `operation ${quote(name)}`;
}

/** How the stream of an operation is named in errors and logs. */
export function describeStream(name: string): string {
  return `stream ${quote(name)}`;
}

/** How a message that asks for a reply is named in errors and logs. */
export function describeRequest(name: string): string {
  return `request ${quote(name)}`;
}

function quote(name: unknown): string {
  if (typeof name !== "string") return String(name);
  return escapeControls(JSON.stringify(truncate(name)));
}

/**
 * Describes a value from outside for an error message: strings are quoted, shortened
 * and escaped, and objects only named by their kind.
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

/** How many characters of a frame are shown. */
const MAX_SHOWN = 1_000;

const TOKEN_FIELD = /("token"\s*:\s*)"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$)/gs;

// What moves the cursor of a terminal, turns its text around or begins a line that is
// not ours.
const CONTROL =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * The start of a frame, fit to be shown.
 *
 * @param frame The frame
 * @param tokenLength The length of what `redact` looks for
 * @param redact Takes out the token of the server
 */
export function showFrame(
  frame: string,
  tokenLength: number,
  redact: (text: string) => string,
): string {
  // Cut first, as a frame may be long, and again, as a token may lie across the cut.
  const start = frame.slice(0, MAX_SHOWN + tokenLength);
  const shown = start.replaceAll(TOKEN_FIELD, '$1"[redacted]"');
  return escapeControls(redact(shown).slice(0, MAX_SHOWN));
}

/** A text that somebody else chose, without what a terminal would act on. */
export function escapeControls(text: string): string {
  return text.slice(0, MAX_SHOWN)
    .replaceAll(CONTROL, (character) => encodeURIComponent(character));
}

/** How many characters of a name are shown. */
const MAX_NAME = 100;

/** The start of a text that somebody else chose, who may choose one of any length. */
export function truncate(text: string, length: number = MAX_NAME): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
