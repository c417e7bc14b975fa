/**
 * The newest messages of a history that is read from the oldest one on.
 *
 * @module
 */

import { byteLength } from "../common/text.ts";
import type { LossReason, ReadOptions } from "./broker.ts";
import type { StoredMessage } from "./nats_message.ts";

/** A kept message and the one before it. */
export interface TailEntry {
  readonly message: StoredMessage;
  /** The message before it; `undefined` if it is unknown */
  readonly before: StoredMessage | undefined;
}

/** Keeps the newest messages within the limits of a read. */
export class NatsTail {
  readonly #limits: ReadOptions;
  readonly #entries: (TailEntry & { readonly bytes: number })[] = [];
  #base: StoredMessage | undefined;
  #oldest = Infinity;
  #last: StoredMessage | undefined;
  #bytes = 0;
  #totalCount = 0;
  #totalBytes = 0;

  /**
   * Constructs a `NatsTail`.
   *
   * @param limits How many messages are kept, and their length
   */
  constructor(limits: ReadOptions) {
    this.#limits = limits;
  }

  /** The kept messages, without marks of a start */
  get entries(): readonly TailEntry[] {
    return this.#entries;
  }

  /** The last message, which can be the mark of a start */
  get last(): StoredMessage | undefined {
    return this.#last;
  }

  /** The number of all messages, without marks of a start */
  get count(): number {
    return this.#totalCount;
  }

  /** Why some messages were not kept; `undefined` if all were */
  get lost(): LossReason | undefined {
    const { history } = this.#limits;
    const isExpired = this.#totalCount > history.size ||
      this.#totalBytes > history.maxBytes;
    if (isExpired) return "expired";
    return this.#entries.length < this.#totalCount ? "limit" : undefined;
  }

  /** The number of the first message after the base; `Infinity` without one */
  get oldest(): number {
    return this.#oldest;
  }

  /** The message before all others, if it was there */
  get base(): StoredMessage | undefined {
    return this.#base;
  }

  /** Adds the message before all others, which is not kept. */
  begin(message: StoredMessage): void {
    this.#base = this.#last = withoutPayload(message);
  }

  /** Notes that messages were skipped before the next one. */
  skip(count: number): void {
    this.#totalCount += count;
    this.#entries.length = 0;
    this.#bytes = 0;
    this.#last = undefined;
  }

  /** Adds a message, and drops old ones. */
  add(message: StoredMessage): void {
    const before = this.#last;
    this.#last = withoutPayload(message);
    this.#oldest = Math.min(this.#oldest, message.sequence);
    if (message.isStart) return;
    const bytes = byteLength(message.payload);
    this.#entries.push({ message, before, bytes });
    this.#bytes += bytes;
    this.#totalBytes += bytes;
    this.#totalCount++;
    while (this.#isTooLong) this.#bytes -= this.#entries.shift()!.bytes;
  }

  get #isTooLong(): boolean {
    const { limit, maxBytes, history } = this.#limits;
    return this.#entries.length > Math.min(limit, history.size) ||
      this.#bytes > Math.min(maxBytes, history.maxBytes);
  }
}

/** The messages before others are kept only for their numbers. */
function withoutPayload(message: StoredMessage): StoredMessage {
  return { ...message, payload: "" };
}
