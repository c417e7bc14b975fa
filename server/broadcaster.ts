/**
 * Sending the same frames to many clients without making everything else wait, in an
 * order that is the same for each of them.
 *
 * The broadcasts that not all clients have yet are a log, and each client has a
 * cursor in it. Whoever sends something else to a client lets it catch up first, so
 * that nothing overtakes a broadcast.
 *
 * @module
 */

import { byteLength } from "../common/text.ts";
import { groupFrames, MAX_BATCH, textOf } from "../protocol/batch.ts";
/**
 * The fewest sends of a turn of the event loop. Each is a system call that is made
 * before anything else is read: a quarter of a millisecond for so many to thousands
 * of clients. Fewer cost more, as each turn wakes everything up.
 */
const MIN_SENDS = 32;

/**
 * The sends of a turn times the number of recipients. To a few hundred all is sent in
 * one turn: it is over soon, and for each of them a send takes half as long.
 */
const SPREAD = 100_000;

/** What became of a broadcast, in numbers of clients. */
export interface BroadcastResult {
  /** Those that it was handed to */
  readonly delivered: number;
  /** Those that read too slowly: see `onSlow` */
  readonly skipped: number;
  /** Those that left before it was their turn, or could not be reached */
  readonly failed: number;
}

/** A frame that carries one broadcast or several. */
export interface BroadcastFrame {
  readonly text: string;
  /** Its length in UTF-8 */
  readonly bytes: number;
  /** The number of its broadcasts */
  readonly count: number;
}

/** The broadcasts that a client lacks. */
export class BroadcastBatch {
  /** One frame for each broadcast, in their order */
  readonly single: readonly BroadcastFrame[];
  /** The same for a client that takes batches */
  readonly joined: readonly BroadcastFrame[];

  constructor(frames: readonly string[], maxBatch = MAX_BATCH) {
    this.single = frames.map((frame) => partOf([frame]));
    this.joined = groupFrames(frames, maxBatch).map(partOf);
  }
}

function partOf(group: readonly string[]): BroadcastFrame {
  const text = textOf(group);
  return { text, bytes: byteLength(text, Infinity), count: group.length };
}

/** What became of a batch that a recipient was to get. */
export interface Delivery {
  /** How many of its broadcasts the recipient got, the first ones */
  readonly delivered: number;
  /** What became of the others */
  readonly rest: "skipped" | "failed";
  /** How many frames that took */
  readonly sends: number;
}

/** Who gets broadcasts. */
export interface Recipient {
  /** The number of the first broadcast that it lacks; `Infinity` if it gets none. */
  cursor: number;
  /** Hands what it lacks to the socket, in one go. */
  deliver(batch: BroadcastBatch): Delivery;
}

/** A broadcast that some recipients do not have yet. */
interface Entry {
  readonly frame: string;
  /** How many recipients lack it */
  lacking: number;
  delivered: number;
  skipped: number;
  failed: number;
  readonly resolve: (result: BroadcastResult) => void;
}

const NOBODY: BroadcastResult = { delivered: 0, skipped: 0, failed: 0 };

const NOTHING = { from: 0, to: 0, value: new BroadcastBatch([]) };

/** The broadcasts of one server. */
export class Broadcaster<Client extends Recipient> {
  readonly #recipients = new Set<Client>();
  readonly #defer: (turn: () => void) => void;
  readonly #maxBatch: number;
  /** What somebody lacks, the oldest first. */
  #entries: Entry[] = [];
  /** The number of the oldest entry. */
  #start = 0;
  /**
   * Where the sending is. None while it rests: V8 keeps all that a set has held since
   * the oldest of its iterators was made.
   */
  #round: Iterator<Client> | undefined;
  #running = false;
  /** What the last recipient lacked: most of them lack the same. */
  #batch = NOTHING;

  /**
   * Constructs `Broadcaster`.
   *
   * @param defer Calls a function once whatever else is due has had its turn
   * @param maxBatch The most that a batch may have, in bytes
   */
  constructor(defer: (turn: () => void) => void, maxBatch = MAX_BATCH) {
    this.#defer = defer;
    this.#maxBatch = maxBatch;
  }

  /** Those who get the next broadcast */
  get recipients(): ReadonlySet<Client> {
    return this.#recipients;
  }

  /** From now on it gets broadcasts. */
  join(recipient: Client): void {
    recipient.cursor = this.#end;
    this.#recipients.add(recipient);
  }

  /** From now on it gets none, not even those that it lacks. */
  leave(recipient: Client): void {
    this.#recipients.delete(recipient);
    this.#settle(recipient.cursor, this.#end, "failed");
    recipient.cursor = Infinity;
  }

  /**
   * Sends a frame to all recipients.
   *
   * @returns Resolves to what became of it, once it has been everybody's turn
   */
  send(frame: string): Promise<BroadcastResult> {
    const lacking = this.#recipients.size;
    if (lacking === 0) return Promise.resolve(NOBODY);
    return new Promise((resolve) => {
      this.#entries.push({ frame, lacking, ...NOBODY, resolve });
      if (this.#running) return;
      this.#running = true;
      // After all that are sent in this tick.
      queueMicrotask(this.#turn);
    });
  }

  /** Sends what a recipient lacks, because something else is to be sent to it. */
  catchUp(recipient: Client): void {
    if (recipient.cursor < this.#end) this.#deliver(recipient);
  }

  get #end(): number {
    return this.#start + this.#entries.length;
  }

  readonly #turn = (): void => {
    const budget = Math.max(MIN_SENDS, SPREAD / this.#recipients.size);
    for (let sent = 0; this.#entries.length > 0;) {
      if (sent >= budget) return this.#defer(this.#turn);
      const recipient = this.#next();
      if (recipient.cursor < this.#end) sent += this.#deliver(recipient);
    }
    this.#running = false;
    this.#round = undefined;
    this.#batch = NOTHING;
  };

  /** The next one of this round or, as long as there are entries, of a further one. */
  #next(): Client {
    for (;;) {
      this.#round ??= this.#recipients.values();
      const { done, value } = this.#round.next();
      if (!done) return value;
      this.#round = undefined;
    }
  }

  #deliver(recipient: Client): number {
    const from = recipient.cursor;
    const to = this.#end;
    // Before anything is sent: a logger may be told of it, and do anything.
    recipient.cursor = to;
    const { delivered, rest, sends } = recipient.deliver(
      this.#batchOf(from, to),
    );
    this.#settle(from, from + delivered, "delivered");
    this.#settle(from + delivered, to, rest);
    // One that cannot be reached has cost a turn, too.
    return Math.max(sends, 1);
  }

  #batchOf(from: number, to: number): BroadcastBatch {
    if (this.#batch.from !== from || this.#batch.to !== to) {
      const entries = this.#entries.slice(from - this.#start, to - this.#start);
      const frames = entries.map(({ frame }) => frame);
      const value = new BroadcastBatch(frames, this.#maxBatch);
      this.#batch = { from, to, value };
    }
    return this.#batch.value;
  }

  /** A recipient does not lack these any more, and that is why. */
  #settle(from: number, to: number, outcome: keyof BroadcastResult): void {
    const start = this.#start;
    for (let number = from; number < to; number++) {
      const entry = this.#entries[number - start]!;
      entry.lacking--;
      entry[outcome]++;
    }
    while (this.#entries[0]?.lacking === 0) {
      const { resolve, delivered, skipped, failed } = this.#entries.shift()!;
      this.#start++;
      resolve({ delivered, skipped, failed });
    }
  }
}
