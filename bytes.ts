/**
 * The length of texts on the wire.
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
