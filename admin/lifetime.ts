/**
 * How long a stream of the admin contract runs, and what waits for its reader.
 *
 * @module
 */

import { notAllowed } from "../protocol/request_error.ts";
import type { AdminGuard } from "../server/admin.ts";
import type { Client } from "../server/message.ts";

/** The call of a stream. */
interface StreamContext {
  readonly client: Client;
  readonly signal: AbortSignal;
}

/** The time until a stream ends: its reader has left, or is no admin any more. */
export class Lifetime implements Disposable {
  /** The reader of the stream */
  readonly client: Client;
  readonly #signal: AbortSignal;
  readonly #watching: Disposable;
  readonly #onAbort = () => this.wake();
  #isLost = false;
  #wake: (() => void) | undefined;

  /**
   * Constructs a `Lifetime`.
   *
   * @param guard Reports that the client is no admin any more
   * @param context The call
   */
  constructor(
    guard: Pick<AdminGuard<unknown>, "watch">,
    { client, signal }: StreamContext,
  ) {
    this.client = client;
    this.#signal = signal;
    signal.addEventListener("abort", this.#onAbort);
    this.#watching = guard.watch(client, () => {
      this.#isLost = true;
      this.wake();
    });
  }

  /**
   * Returns whether the stream goes on.
   *
   * @throws {RequestError} If the client is no admin any more
   */
  goesOn(): boolean {
    if (this.#isLost) throw notAllowed("the client is no admin any more");
    return !this.#signal.aborted;
  }

  /** Ends the current wait. */
  wake(): void {
    this.#wake?.();
  }

  /** Waits until `wake` is called, the stream ends, or a time in milliseconds is over. */
  wait(time = Infinity): Promise<void> {
    if (this.#isLost || this.#signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = time === Infinity ? undefined : setTimeout(resolve, time);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Ends all waits. */
  [Symbol.dispose](): void {
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.#watching[Symbol.dispose]();
    this.wake();
  }
}

/**
 * How long entries are collected, in milliseconds. A reader gets at most one item in this time,
 * because a busy server must not work for its admins instead of its clients.
 */
const WINDOW = 50;

/** How many entries wait for a slow reader. */
const MAX_WAITING = 1_000;

/** The length of the entries that wait for a slow reader, in UTF-16 units of JSON. */
const MAX_UNITS = 1_048_576;

/** How many entries one item has. */
const MAX_ENTRIES = 100;

/** The length of the entries of one item, in UTF-16 units of JSON. */
const MAX_ITEM_UNITS = 32_768;

/** The entries that are sent next, and how many were dropped before them. */
export interface Chunk<Entry> {
  readonly entries: readonly Entry[];
  readonly dropped: number;
}

/** An entry that waits, and the length of its JSON. */
interface Waiting<Entry> {
  readonly entry: Entry;
  readonly units: number;
}

/** Returns an entry whose JSON has at most so many UTF-16 units, or one that is still larger. */
export type Shorten<Entry> = (entry: Entry, maxUnits: number) => Entry;

/** Keeps entries for a reader that can be slow, and drops those that are too many. */
export class EntryQueue<Entry> {
  readonly #lifetime: Lifetime;
  readonly #shorten: Shorten<Entry>;
  readonly #maxItemUnits: number;
  #waiting: Waiting<Entry>[] = [];
  #units = 0;
  #dropped = 0;

  /**
   * Constructs an `EntryQueue`.
   *
   * @param lifetime The time until the stream ends
   * @param maxBuffered The limit of the server for what waits for a client, in bytes
   * @param shorten Cuts an entry that is too large for one item; it is dropped if omitted
   */
  constructor(
    lifetime: Lifetime,
    maxBuffered: number,
    shorten: Shorten<Entry> = (entry) => entry,
  ) {
    this.#lifetime = lifetime;
    this.#shorten = shorten;
    // A unit has up to three bytes, and half of the buffer is for other frames.
    this.#maxItemUnits = Math.min(MAX_ITEM_UNITS, maxBuffered / 8);
  }

  /** Whether the next entry would be dropped, so that the caller does not have to make it. */
  get isFull(): boolean {
    return this.#waiting.length >= MAX_WAITING;
  }

  /** Adds an entry. Does not throw. */
  add(entry: Entry): void {
    if (this.isFull) return this.drop();
    const waiting = this.#measure(entry);
    const { units } = waiting;
    if (units > this.#maxItemUnits || this.#units + units > MAX_UNITS) {
      return this.drop();
    }
    this.#waiting.push(waiting);
    this.#units += units;
    this.#wakeFirst();
  }

  #measure(entry: Entry): Waiting<Entry> {
    const units = JSON.stringify(entry).length;
    if (units <= this.#maxItemUnits) return { entry, units };
    const short = this.#shorten(entry, this.#maxItemUnits);
    return { entry: short, units: JSON.stringify(short).length };
  }

  /** Counts an entry that is not shown. */
  drop(): void {
    this.#dropped++;
    this.#wakeFirst();
  }

  /** Begins the window of the first entry, or of the first one that was dropped. */
  #wakeFirst(): void {
    if (this.#waiting.length + this.#dropped === 1) this.#lifetime.wake();
  }

  /** Yields the entries, until the stream ends. */
  async *chunks(): AsyncGenerator<Chunk<Entry>, void, void> {
    while (this.#lifetime.goesOn()) {
      if (this.#isEmpty) await this.#lifetime.wait();
      if (this.#isEmpty) continue;
      await this.#lifetime.wait(WINDOW);
      yield this.#take();
    }
  }

  get #isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#dropped === 0;
  }

  #take(): Chunk<Entry> {
    let units = 0;
    let count = 0;
    for (const each of this.#waiting.slice(0, MAX_ENTRIES)) {
      units += each.units;
      if (units > this.#maxItemUnits) break;
      count++;
    }
    const taken = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    for (const each of taken) this.#units -= each.units;
    const dropped = this.#dropped;
    this.#dropped = 0;
    return { entries: taken.map(({ entry }) => entry), dropped };
  }
}
