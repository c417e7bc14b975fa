/**
 * Counts frames without parsing them. A load generator that parsed every frame would be
 * the bottleneck of the measurement.
 *
 * @module
 */

import { Buffer } from "node:buffer";

const NOTHING = Buffer.alloc(0);
const CURLY = "}".charCodeAt(0);
const SQUARE = "]".charCodeAt(0);

/** Counts the occurrences of a string in a stream that arrives in chunks. */
export class Counter {
  readonly #needle: Buffer;
  #tail: Buffer = NOTHING;

  /** The needle must not contain a closing bracket. */
  constructor(needle: string) {
    this.#needle = Buffer.from(needle);
  }

  /** Adds a chunk, and returns the number of occurrences that it completes. */
  count(chunk: Buffer): number {
    const needle = this.#needle;
    const bytes = this.#tail.length === 0
      ? chunk
      : Buffer.concat([this.#tail, chunk]);
    let count = 0;
    let at = bytes.indexOf(needle);
    while (at !== -1) {
      count++;
      at = bytes.indexOf(needle, at + needle.length);
    }
    this.#keepTail(bytes);
    return count;
  }

  // The tail is shorter than the needle, so nothing counts twice. A chunk that ends with
  // a closing bracket, like a whole frame, does not end with a part of the needle.
  #keepTail(bytes: Buffer): void {
    const last = bytes[bytes.length - 1];
    const isWhole = last === CURLY || last === SQUARE;
    const start = Math.max(0, bytes.length - this.#needle.length + 1);
    this.#tail = isWhole ? NOTHING : bytes.subarray(start);
  }
}
