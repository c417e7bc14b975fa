/**
 * The flow control of a stream on the client: docs/reference/protocol.md, `stream`.
 *
 * @module
 */

import { Queue } from "./queue.ts";

/** How many items a stream requests before it knows how long they are. */
const FIRST_ITEMS = 16;

/**
 * Decides how many items the server can send. The longer the items are, the fewer items
 * are requested in advance. With a buffer of 0, only the items that the caller waits for
 * are requested.
 */
export class StreamWindow {
  readonly #buffer: number;
  readonly #maxBuffered: number;
  readonly #first: number;
  /** How many items are requested and have not arrived */
  #inFlight = 0;
  /** The lengths of the items that wait, in UTF-16 units */
  readonly #lengths = new Queue<number>();
  #units = 0;
  #longest = 1;
  #received = 0;

  /**
   * Constructs a `StreamWindow`.
   *
   * @param buffer The maximum number of items that are in flight or wait; 0 to request
   * each item when the caller waits for it
   * @param maxBuffered The length of the items that can wait, in bytes
   */
  constructor(buffer: number, maxBuffered: number) {
    this.#buffer = buffer;
    this.#maxBuffered = maxBuffered;
    this.#first = maxBuffered === Infinity
      ? buffer
      : Math.min(buffer, FIRST_ITEMS);
  }

  /** Whether an item is requested only when the caller waits for it */
  get isStrict(): boolean {
    return this.#buffer === 0;
  }

  /**
   * Returns how many items a call of the stream requests with its first frame.
   *
   * @param waiting How many calls of `next()` wait for an item
   */
  opening(waiting: number): number {
    return Math.max(0, this.#size(waiting) - this.#lengths.size);
  }

  /** Records that a call of the stream was sent, with the credit of `opening`. */
  open(waiting: number): void {
    this.#inFlight = this.opening(waiting);
  }

  /** Whether more items arrived than were requested */
  get isExceeded(): boolean {
    return this.#inFlight < 0;
  }

  /**
   * Whether the items that wait are too long. Items that are longer than all earlier items
   * can be in flight, therefore twice the length is allowed.
   */
  get isFull(): boolean {
    return this.#units > 2 * this.#maxBuffered;
  }

  /** Adds an item that has arrived, with its length in UTF-16 units. */
  add(length: number): void {
    this.#inFlight--;
    this.#received++;
    this.#units += length;
    this.#longest = Math.max(this.#longest, length);
    this.#lengths.add(length);
  }

  /** Removes the first item that waits. */
  remove(): void {
    this.#units -= this.#lengths.remove() ?? 0;
  }

  /**
   * Returns how many items to request now; 0 until half of the window is free.
   *
   * @param waiting How many calls of `next()` wait for an item
   */
  grant(waiting: number): number {
    const size = this.#size(waiting);
    const free = size - this.#inFlight - this.#lengths.size;
    if (free <= 0 || (!this.isStrict && 2 * free < size)) return 0;
    this.#inFlight += free;
    return free;
  }

  /** Returns how many items can be in flight or wait. */
  #size(waiting: number): number {
    if (this.isStrict) return waiting;
    // A stream that ends after a few items needs no more.
    if (2 * this.#received < this.#first) return this.#first;
    const items = Math.floor(this.#maxBuffered / this.#longest);
    return Math.min(Math.max(1, items), this.#buffer);
  }
}
