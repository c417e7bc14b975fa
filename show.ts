/**
 * Frames as a log shows them: without tokens, and without what a terminal would act on.
 *
 * @module
 */

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
  return printable(redact(shown).slice(0, MAX_SHOWN));
}

/** A text that somebody else chose, without what a terminal would act on. */
export function printable(text: string): string {
  return text.slice(0, MAX_SHOWN)
    .replaceAll(CONTROL, (character) => encodeURIComponent(character));
}

/** How many characters of a name are shown. */
const MAX_NAME = 100;

/** The start of a text that somebody else chose, who may choose one of any length. */
export function shorten(text: string, length: number = MAX_NAME): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
