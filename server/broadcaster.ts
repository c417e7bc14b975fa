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
import { addDeliveries, type DeliveryTotals } from "./metrics.ts";
import type { Turns, TurnTaker } from "./scheduler.ts";

/** How many clients received or missed a broadcast */
export interface BroadcastCounts {
  /** Clients whose socket accepted the message */
  readonly delivered: number;
  /** Clients that missed the message because they read too slowly: see `onSlow` */
  readonly skipped: number;
  /** Clients that read slowly and got a newer message with the same key instead: see `latest` */
  readonly replaced: number;
  /** Clients that disconnected before the server sent the message, or sending failed */
  readonly failed: number;
}

/** What has become of a broadcast. Without `ledger`, the counts are for this server. */
export interface BroadcastResult extends BroadcastCounts {
  /** The position of the message in the history of its room; `null` if there is no history */
  readonly position: string | null;
  /**
   * With `ledger`: the ids of the servers that have not answered. It is unknown whether their
   * clients got the message, and the counts do not contain them.
   */
  readonly silentNodes?: readonly string[];
}

/** What has become of a broadcast without recipients. */
export const NO_CLIENTS: BroadcastCounts = Object.freeze({
  delivered: 0,
  skipped: 0,
  replaced: 0,
  failed: 0,
});

/** A WebSocket frame that contains one broadcast or several. */
export class BroadcastFrame {
  readonly data: string;
  /** The number of broadcasts in it */
  readonly count: number;
  #bytes: number | undefined;

  /** Constructs a `BroadcastFrame` of broadcasts that fit into one frame. */
  constructor(group: readonly string[]) {
    this.data = joinGroup(group);
    this.count = group.length;
  }

  /**
   * Returns whether it has at most `limit` bytes of UTF-8. Its length is measured once, and
   * only if it can be too long.
   */
  fitsInto(limit: number): boolean {
    if (3 * this.data.length <= limit) return true;
    return (this.#bytes ??= byteLength(this.data)) <= limit;
  }
}

/** The broadcasts that a client lacks. */
export class BroadcastBatch {
  /** The broadcasts for clients that support batches, in their order */
  readonly batched: readonly BroadcastFrame[];
  readonly #frames: readonly string[];
  #single: readonly BroadcastFrame[] | undefined;

  constructor(frames: readonly string[], maxBatch = MAX_BATCH) {
    this.#frames = frames;
    this.batched = groupFrames(frames, maxBatch)
      .map((group) => new BroadcastFrame(group));
  }

  /** The number of broadcasts */
  get count(): number {
    return this.#frames.length;
  }

  /** One frame for each broadcast, for other clients, which are few */
  get single(): readonly BroadcastFrame[] {
    this.#single ??= this.#frames.map((frame) => new BroadcastFrame([frame]));
    return this.#single;
  }
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

/** What is sent to the recipients. */
export interface Broadcast {
  /** The frame that most recipients get */
  readonly frame: string;
  /** Returns the frame for recipients that are plain; the same if omitted. Called once. */
  plain?(): string;
  /** Returns whether a recipient gets it; if omitted, all do */
  isFor?(recipient: Recipient): boolean;
  /** While a client reads slowly, a newer broadcast with the same key replaces it. */
  readonly latest?: string | undefined;
  /** What its counts are added to, if it is counted */
  readonly totals?: DeliveryTotals;
}

/** A broadcast that waits until a client has read more. The log no longer contains it. */
export interface HeldBroadcast extends Pick<Broadcast, "frame" | "latest"> {
  /** Called once, with what has become of it. */
  settle(outcome: keyof BroadcastCounts): void;
}

/** A connection that receives broadcasts. */
export interface Recipient {
  /** The number of the first broadcast that it lacks; `Infinity` if it receives none */
  cursor: number;
  /** Whether it only knows the frames of Hoist 1 */
  readonly isPlain?: boolean;
  /** Sends a batch, as far as the socket accepts it; does not throw. */
  deliver(batch: BroadcastBatch): Delivery;
  /**
   * Returns whether a broadcast has to wait. If omitted, none has to.
   *
   * @param broadcast The broadcast
   * @param units The length of the frames that are sent before it, in UTF-16 units
   */
  holds?(broadcast: Broadcast, units: number): boolean;
  /** Keeps a broadcast that has to wait, behind all earlier ones. */
  hold?(broadcast: HeldBroadcast): void;
}

/** A broadcast that some recipients lack. */
interface Entry {
  readonly broadcast: Broadcast;
  /** The frame for recipients that are plain, as soon as one needs it */
  plain: string | undefined;
  /** The number of recipients that have not had their turn */
  lacking: number;
  /** The number of recipients for which it waits */
  held: number;
  readonly counts: { -readonly [Key in keyof BroadcastCounts]: number };
  readonly resolve: (counts: BroadcastCounts) => void;
}

/** What happens to a broadcast that a recipient lacks. */
type Fate =
  /** It is sent now */
  | "send"
  /** It waits until the client has read more */
  | "hold"
  /** It is not for the recipient */
  | "drop";

/** The batch of the broadcasts with some numbers. */
interface NumberedBatch {
  readonly from: number;
  readonly to: number;
  readonly value: BroadcastBatch;
}

/** Sends broadcasts to the clients of a server, or to the members of a room. */
export class Broadcaster implements TurnTaker {
  readonly #recipients = new Set<Recipient>();
  readonly #turns: Turns;
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
  /** The batch of the last recipient; most recipients lack the same broadcasts */
  #batch: NumberedBatch | undefined;
  /** The same for recipients that are plain */
  #plainBatch: NumberedBatch | undefined;

  /**
   * Constructs a `Broadcaster`.
   *
   * @param turns Shares the event loop with other deliveries
   * @param maxBatch The maximum size of a batch, in bytes
   */
  constructor(turns: Turns, maxBatch: number = MAX_BATCH) {
    this.#turns = turns;
    this.#maxBatch = maxBatch;
  }

  /** The number of recipients */
  get size(): number {
    return this.#recipients.size;
  }

  /** The recipients */
  get recipients(): Iterable<Recipient> {
    return this.#recipients;
  }

  /** Adds a recipient, if it is new. It receives the broadcasts that are sent from now on. */
  join(recipient: Recipient): void {
    if (this.#recipients.has(recipient)) return;
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
   * Sends a broadcast to all recipients.
   *
   * @returns Resolves when every recipient has received or missed it
   */
  send(broadcast: Broadcast): Promise<BroadcastCounts> {
    const lacking = this.#recipients.size;
    if (lacking === 0) return Promise.resolve(NO_CLIENTS);
    return new Promise((resolve) => {
      this.#entries.push({
        broadcast,
        plain: undefined,
        lacking,
        held: 0,
        counts: { ...NO_CLIENTS },
        resolve,
      });
      this.#turns.add(this);
    });
  }

  /** Sends the broadcasts that a recipient lacks, before another frame is sent to it. */
  catchUp(recipient: Recipient): void {
    if (recipient.cursor < this.#end) this.#deliver(recipient);
  }

  get #end(): number {
    return this.#start + this.#entries.length;
  }

  take(budget: number): { readonly sends: number; readonly isDone: boolean } {
    let sends = 0;
    while (this.#entries.length > 0) {
      if (sends >= budget) return { sends, isDone: false };
      const recipient = this.#next();
      if (recipient.cursor < this.#end) sends += this.#deliver(recipient);
    }
    this.#round = undefined;
    this.#batch = this.#plainBatch = undefined;
    return { sends, isDone: true };
  }

  /** Returns the next recipient. While there are entries, rounds follow each other. */
  #next(): Recipient {
    for (;;) {
      this.#round ??= this.#recipients.values();
      const { done, value } = this.#round.next();
      if (!done) return value;
      this.#round = undefined;
    }
  }

  /** Sends a recipient what it lacks; returns the number of sends. */
  #deliver(recipient: Recipient): number {
    let from = recipient.cursor;
    const to = this.#end;
    // Move the cursor first: a logger that `deliver` calls can send other frames.
    recipient.cursor = to;
    let sends = 0;
    while (from < to) {
      const fate = this.#fateOf(recipient, from, 0);
      const end = this.#endOfRun(recipient, from, to, fate);
      if (fate === "send") sends += this.#deliverRun(recipient, from, end);
      else this.#settle(from, end, undefined);
      from = end;
    }
    // A recipient that cannot be reached has also taken time.
    return Math.max(sends, 1);
  }

  #deliverRun(recipient: Recipient, from: number, to: number): number {
    const batch = this.#batchOf(from, to, recipient.isPlain === true);
    const { delivered, rest, sends } = recipient.deliver(batch);
    this.#settle(from, from + delivered, "delivered");
    this.#settle(from + delivered, to, rest);
    return sends;
  }

  /** Returns the end of the broadcasts that have the same fate. */
  #endOfRun(
    recipient: Recipient,
    from: number,
    to: number,
    fate: Fate,
  ): number {
    let end = from;
    let units = 0;
    do {
      const entry = this.#entries[end++ - this.#start]!;
      if (fate === "hold") hold(recipient, entry);
      else units += entry.broadcast.frame.length;
    } while (end < to && this.#fateOf(recipient, end, units) === fate);
    return end;
  }

  /**
   * Returns what happens to a broadcast.
   *
   * @param units The length of the frames that are sent before it, in UTF-16 units
   */
  #fateOf(recipient: Recipient, number: number, units: number): Fate {
    const { broadcast } = this.#entries[number - this.#start]!;
    if (!(broadcast.isFor?.(recipient) ?? true)) return "drop";
    return recipient.holds?.(broadcast, units) ? "hold" : "send";
  }

  #batchOf(from: number, to: number, isPlain: boolean): BroadcastBatch {
    const last = isPlain ? this.#plainBatch : this.#batch;
    if (last?.from === from && last.to === to) return last.value;
    const entries = this.#entries.slice(from - this.#start, to - this.#start);
    const frames = entries.map((entry) => frameFor(entry, isPlain));
    const value = new BroadcastBatch(frames, this.#maxBatch);
    if (isPlain) this.#plainBatch = { from, to, value };
    else this.#batch = { from, to, value };
    return value;
  }

  /**
   * Records that a recipient no longer lacks the broadcasts of a range.
   *
   * @param outcome What happened to them; `undefined` if they wait, or were not for the recipient
   */
  #settle(
    from: number,
    to: number,
    outcome: keyof BroadcastCounts | undefined,
  ): void {
    const start = this.#start;
    for (let number = from; number < to; number++) {
      const entry = this.#entries[number - start]!;
      entry.lacking--;
      if (outcome !== undefined) entry.counts[outcome]++;
    }
    if (this.#entries[0]?.lacking !== 0) return;
    const rest = this.#entries.findIndex(({ lacking }) => lacking > 0);
    // All at once, because each removal moves those that follow.
    const settled = this.#entries.splice(0, rest < 0 ? Infinity : rest);
    this.#start += settled.length;
    for (const entry of settled) if (entry.held === 0) finish(entry);
  }
}

/** Returns the frame of a broadcast for recipients that are plain, or for the others. */
function frameFor(entry: Entry, isPlain: boolean): string {
  const { broadcast } = entry;
  if (!isPlain || broadcast.plain === undefined) return broadcast.frame;
  return entry.plain ??= broadcast.plain();
}

/** Reports a broadcast that every recipient has received or missed. */
function finish({ broadcast, counts, resolve }: Entry): void {
  if (broadcast.totals !== undefined) addDeliveries(broadcast.totals, counts);
  resolve(counts);
}

/** Lets a broadcast wait for a recipient. */
function hold(recipient: Recipient, entry: Entry): void {
  entry.held++;
  recipient.hold?.({
    frame: frameFor(entry, recipient.isPlain === true),
    latest: entry.broadcast.latest,
    settle: (outcome) => {
      entry.counts[outcome]++;
      entry.held--;
      if (entry.lacking + entry.held === 0) finish(entry);
    },
  });
}
