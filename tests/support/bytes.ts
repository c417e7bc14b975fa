/** Counts bytes. */

/** Returns the length of a string in bytes of UTF-8. */
export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
