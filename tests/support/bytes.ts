/** Counts bytes. */

/** The length of a text on the wire, in bytes. */
export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
