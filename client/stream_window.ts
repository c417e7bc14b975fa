/**
 * What a stream on the client remembers: how many items it has requested, the items that
 * wait, and where it continues: docs/reference/protocol.md, `stream` and `resume`.
 *
 * @module
 */

import { Queue } from "../common/queue.ts";
import { HoistError } from "../common/errors.ts";

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

/** The position of a stream with the option `resume`. */
export class StreamPosition {
  readonly #isRepeatable: boolean;
  #lastEventId: string | null = null;

  /**
   * Constructs a `StreamPosition`.
   *
   * @param isRepeatable Whether the items since the last id can arrive again
   */
  constructor(isRepeatable: boolean) {
    this.#isRepeatable = isRepeatable;
  }

  /** The id of the last item that has arrived and has one; `null` if there is none */
  get lastEventId(): string | null {
    return this.#lastEventId;
  }

  /**
   * Records an item that has arrived, whether or not the caller has read it.
   *
   * @param subject The stream in error messages, such as `stream "rows"`
   * @param id The id of the item, if it has one
   * @returns The error if the stream could not continue after the item
   */
  advance(
    subject: string,
    id: string | null | undefined,
  ): HoistError | undefined {
    if (typeof id === "string") this.#lastEventId = id;
    else if (!this.#isRepeatable) return noId(subject);
  }
}

/** The stream fails at once, and not only if the connection is lost after this item. */
function noId(subject: string): HoistError {
  return new HoistError(
    `Cannot resume ${subject}: the handler yielded an item without an id. Yield tracked(id, item) for each item, or set 'idempotent' if items can arrive twice.`,
  );
}
