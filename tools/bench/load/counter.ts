/**
 * Counting what comes without reading it: a generator that parsed each frame would be
 * the bottleneck of what it measures.
 *
 * @module
 */

import { Buffer } from "node:buffer";

const NOTHING = Buffer.alloc(0);
const CURLY = "}".charCodeAt(0);
const SQUARE = "]".charCodeAt(0);

/** Counts how often a text occurs in a stream, across the borders of its chunks. */
export class Counter {
  readonly #needle: Buffer;
  #tail: Buffer = NOTHING;

  /** The needle may hold no closing bracket. */
  constructor(needle: string) {
    this.#needle = Buffer.from(needle);
  }

  /** How many more occurrences are complete with this chunk. */
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

  // Shorter than the needle, so that nothing is counted twice. What ends with a
  // closing bracket, as whole frames do, ends with no part of a needle.
  #keepTail(bytes: Buffer): void {
    const last = bytes[bytes.length - 1];
    const isWhole = last === CURLY || last === SQUARE;
    const start = Math.max(0, bytes.length - this.#needle.length + 1);
    this.#tail = isWhole ? NOTHING : bytes.subarray(start);
  }
}
