/**
 * Sends broadcasts to many clients in the same order, without blocking the event loop.
 *
 * The broadcasts that some clients still lack are kept in a log, and each client has a
 * cursor into it. Before anything else is sent to a client, the client catches up. For
 * this reason no other frame overtakes a broadcast.
 *
 * @module
 */

import { byteLength } from "../common/text.ts";
import { groupFrames, joinGroup, MAX_BATCH } from "../protocol/batch.ts";

/**
 * The minimum number of sends per turn of the event loop. Each send is a system call,
 * and 32 of them take a quarter of a millisecond. Fewer sends per turn cost more CPU
 * time, because each turn wakes the event loop.
 */
const MIN_SENDS = 32;

/**
 * The sends per turn are this number divided by the number of clients. Up to 316 clients
 * are served in one turn, which is short and halves the time per send. With more clients,
 * a turn has fewer sends, so that other events do not wait behind a long broadcast.
 */
const SPREAD = 100_000;

/** How many clients received, skipped or failed to receive a broadcast */
export interface BroadcastResult {
  /** Clients whose socket accepted the message */
  readonly delivered: number;
  /** Clients that missed the message because they read too slowly: see `onSlow` */
  readonly skipped: number;
  /** Clients that disconnected before the server sent the message, or sending failed */
  readonly failed: number;
}

/** A WebSocket frame that contains one broadcast or several. */
export interface BroadcastFrame {
  readonly data: string;
  /** Its length in bytes of UTF-8 */
  readonly bytes: number;
  /** The number of broadcasts in it */
  readonly count: number;
}

/** The broadcasts that a client lacks. */
export class BroadcastBatch {
  /** One frame for each broadcast, in their order */
  readonly single: readonly BroadcastFrame[];
  /** The same broadcasts for clients that support batches */
  readonly batched: readonly BroadcastFrame[];

  constructor(frames: readonly string[], maxBatch = MAX_BATCH) {
    this.single = frames.map((frame) => broadcastFrame([frame]));
    this.batched = groupFrames(frames, maxBatch).map(broadcastFrame);
  }
}

function broadcastFrame(group: readonly string[]): BroadcastFrame {
  const data = joinGroup(group);
  return { data, bytes: byteLength(data), count: group.length };
}

/** The result of sending a batch to one recipient. */
export interface Delivery {
  /** The number of broadcasts that were sent, counted from the first one */
  readonly delivered: number;
  /** What happened to the other broadcasts */
  readonly rest: "skipped" | "failed";
  /** The number of frames that were sent */
  readonly sends: number;
}

/** A connection that receives broadcasts. */
export interface Recipient {
  /** The number of the first broadcast that it lacks; `Infinity` if it receives none */
  cursor: number;
  /** Sends a batch, as far as the socket accepts it; does not throw. */
  deliver(batch: BroadcastBatch): Delivery;
}

/** A broadcast that some recipients lack. */
interface Entry {
  readonly frame: string;
  /** The number of recipients that lack it */
  lacking: number;
  delivered: number;
  skipped: number;
  failed: number;
  readonly resolve: (result: BroadcastResult) => void;
}

const NO_CLIENTS: BroadcastResult = { delivered: 0, skipped: 0, failed: 0 };

const EMPTY_BATCH = { from: 0, to: 0, value: new BroadcastBatch([]) };

/** Sends the broadcasts of one server. */
export class Broadcaster {
  readonly #recipients = new Set<Recipient>();
  readonly #defer: (turn: () => void) => void;
  readonly #maxBatch: number;
  /** The broadcasts that some recipient lacks, the oldest first */
  #entries: Entry[] = [];
  /** The number of the oldest entry */
  #start = 0;
  /**
   * The position in the current round. It is `undefined` between broadcasts, because V8
   * keeps every value that a set has held since its oldest live iterator was created.
   */
  #round: Iterator<Recipient> | undefined;
  #isRunning = false;
  /** The batch of the last recipient; most recipients lack the same broadcasts */
  #batch = EMPTY_BATCH;

  /**
   * Constructs a `Broadcaster`.
   *
   * @param defer Calls a function in a later turn of the event loop
   * @param maxBatch The maximum size of a batch, in bytes
   */
  constructor(defer: (turn: () => void) => void, maxBatch = MAX_BATCH) {
    this.#defer = defer;
    this.#maxBatch = maxBatch;
  }

  /** Adds a recipient. It receives the broadcasts that are sent from now on. */
  join(recipient: Recipient): void {
    recipient.cursor = this.#end;
    this.#recipients.add(recipient);
  }

  /** Removes a recipient. The broadcasts that it lacks count as failed. */
  leave(recipient: Recipient): void {
    this.#recipients.delete(recipient);
    this.#settle(recipient.cursor, this.#end, "failed");
    recipient.cursor = Infinity;
  }

  /**
   * Sends a frame to all recipients.
   *
   * @returns Resolves when every recipient has had its turn
   */
  send(frame: string): Promise<BroadcastResult> {
    const lacking = this.#recipients.size;
    if (lacking === 0) return Promise.resolve(NO_CLIENTS);
    return new Promise((resolve) => {
      this.#entries.push({
        frame,
        lacking,
        delivered: 0,
        skipped: 0,
        failed: 0,
        resolve,
      });
      if (this.#isRunning) return;
      this.#isRunning = true;
      // Wait for the broadcasts that the running code sends after this one.
      queueMicrotask(this.#turn);
    });
  }

  /** Sends the broadcasts that a recipient lacks, before another frame is sent to it. */
  catchUp(recipient: Recipient): void {
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
    this.#isRunning = false;
    this.#round = undefined;
    this.#batch = EMPTY_BATCH;
  };

  /** Returns the next recipient. While there are entries, rounds follow each other. */
  #next(): Recipient {
    for (;;) {
      this.#round ??= this.#recipients.values();
      const { done, value } = this.#round.next();
      if (!done) return value;
      this.#round = undefined;
    }
  }

  #deliver(recipient: Recipient): number {
    const from = recipient.cursor;
    const to = this.#end;
    // Move the cursor first: a logger that `deliver` calls can send other frames.
    recipient.cursor = to;
    const { delivered, rest, sends } = recipient.deliver(
      this.#batchOf(from, to),
    );
    this.#settle(from, from + delivered, "delivered");
    this.#settle(from + delivered, to, rest);
    // A recipient that cannot be reached has also taken time.
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

  /** Records that a recipient no longer lacks the broadcasts of a range. */
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
