/**
 * The publications of one room, as they reach this server: in order, and with a report of
 * each gap.
 *
 * The broker reports publications while they happen. It can repeat them, and lose them
 * while its connection is broken. Each publication names the one before it. If that is not
 * the last one here, the feed reads the history. What the history no longer has is a gap.
 *
 * @module
 */

import type {
  Broker,
  HistoryOptions,
  HistoryRead,
  LossReason,
  Publication,
  ReadFrom,
} from "../broker/broker.ts";
import { PublishError } from "../common/hoist_error.ts";
import { type FeedStart, isKnown, newestOf, startOf } from "./feed_start.ts";
import { PublicationQueue } from "./room_message.ts";
import { Retry } from "./scheduler.ts";

/** The maximum number of publications of one read, and their length in bytes. */
export const READ_LIMITS = { limit: 1_000, maxBytes: 1_048_576 };

/** How often the history is read for a client, if the broker is behind. */
const MAX_ATTEMPTS = 10;

/**
 * How often the history is read before the feed goes back to an older position. A broker can
 * be behind for a short time; one that was restored stays behind.
 */
const MAX_BEHIND = 5;

/** The delay before the history is read again after a failure, in milliseconds. */
const RETRY = { min: 50, max: 5_000 };

/** Receives the publications of a room. */
export interface FeedEvents {
  /** Called with each publication once, in order. */
  onPublication(publication: Publication): void;
  /**
   * Called when publications are lost.
   *
   * @param reason Why
   */
  onGap(reason: LossReason): void;
  /** Called when the history could not be read. The feed tries again. */
  onFailure(error: unknown): void;
}

/** The publications of one room. */
export class RoomFeed {
  /** Resolves when the broker reports every further publication */
  readonly ready: Promise<void>;
  readonly #room: string;
  readonly #broker: Broker;
  readonly #history: HistoryOptions | undefined;
  readonly #events: FeedEvents;
  /** The position of the last publication that was passed on */
  #at = "";
  /** The publications that wait while the history is read */
  readonly #queue = new PublicationQueue();
  /** What was passed on during each read for a client, since the last gap */
  readonly #tails = new Set<Publication[]>();
  #reading: Promise<void> | undefined;
  /** Whether publications can be missing that the current read does not return */
  #isStale = false;
  /** The number of reads in a row that brought nothing new */
  #failures = 0;
  #retry: Retry | undefined;
  #isReady = false;
  #isClosed = false;

  /**
   * Constructs a `RoomFeed`, which subscribes.
   *
   * @param room The name of the room
   * @param broker Carries the publications
   * @param history How much history the room keeps
   * @param events Receives the publications
   * @param before What the subscription waits for
   */
  constructor(
    room: string,
    broker: Broker,
    history: HistoryOptions | undefined,
    events: FeedEvents,
    before?: Promise<unknown>,
  ) {
    this.#room = room;
    this.#broker = broker;
    this.#history = history;
    this.#events = events;
    this.ready = this.#start(before);
    // The clients that join report it.
    this.ready.catch(() => {});
  }

  /** The position of the last publication that was passed on; `null` without history */
  get at(): string | null {
    return this.#history === undefined ? null : this.#at;
  }

  /** Whether every further publication is passed on */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Receives a publication from the broker. */
  receive(publication: Publication): void {
    if (this.#isClosed) return;
    if (this.#isNext(publication)) return this.#pass(publication);
    if (!this.#queue.add(publication)) this.#overflow();
    if (this.#reading === undefined) this.#drain();
  }

  /** Reads the history, because publications can be missing. */
  sync(): Promise<void> {
    if (this.#history === undefined || this.#isClosed) return Promise.resolve();
    this.#endRetry();
    // What is being read can be older than what the caller knows.
    this.#isStale = true;
    return this.#reading ??= this.#catchUp();
  }

  /**
   * Returns why messages are missing for a client that does not get the history, or that was in
   * a room that keeps none.
   *
   * @param since The position of the client
   */
  lostSince(since: string): LossReason | undefined {
    if (this.#history === undefined) return "expired";
    // A position without its check proves nothing.
    if (since === this.#at) return undefined;
    const order = this.#broker.order(since, this.#at);
    return order === "unrelated" ? "epoch" : "expired";
  }

  /**
   * Finds where a client begins.
   *
   * @param wanted Where the client wants to begin
   * @param use Called with the publications up to where the feed is. From then on, the feed
   * reports all that come later. It is not called if the feed is closed meanwhile
   *
   * @throws {PublishError} If the history cannot be read
   */
  async read(
    wanted: ReadFrom,
    use: (start: FeedStart) => void,
  ): Promise<void> {
    await this.ready;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      await this.#reading;
      if (this.#isClosed || await this.#tryRead(wanted, use)) return;
      // The broker knows another history than the feed.
      if (this.#retry === undefined) await this.sync();
      await this.#retry?.ended;
    }
    throw new PublishError(
      "Cannot read the history: the broker is behind its own messages. Try again later.",
      "none",
    );
  }

  /** Ends the subscription. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#endRetry();
    this.#queue.clear();
    await this.ready.catch(() => {});
    await this.#broker.unsubscribe(this.#room);
  }

  async #start(before: Promise<unknown> | undefined): Promise<void> {
    const starting = this.#begin(before);
    // Only `ready` reports the error.
    this.#reading = starting.catch(() => {});
    try {
      await starting;
    } finally {
      this.#reading = undefined;
    }
    this.#drain();
  }

  async #begin(before: Promise<unknown> | undefined): Promise<void> {
    await before;
    await this.#broker.subscribe(this.#room);
    if (this.#history !== undefined) {
      this.#at = (await this.#readHistory({ last: 0 })).top;
    }
    this.#isReady = true;
  }

  #readHistory(from: ReadFrom): Promise<HistoryRead> {
    const history = this.#history!;
    return this.#broker.read(this.#room, from, { history, ...READ_LIMITS });
  }

  /** Passes on the publications that wait, as long as none is missing. */
  #drain(): void {
    for (let next; (next = this.#queue.first) !== undefined;) {
      const isNext = next.position === null || this.#follows(next);
      if (!isNext && !this.#isKnown(next.position!)) return this.#miss();
      this.#queue.shift();
      if (isNext) this.#pass(next);
    }
    if (this.#isStale) this.#miss();
  }

  /** Reads the history, unless a retry is due anyway. */
  #miss(): void {
    if (this.#retry === undefined) void this.sync();
  }

  /** Whether nothing comes before a publication, which is nearly always so. */
  #isNext(publication: Publication): boolean {
    const isIdle = this.#reading === undefined && this.#queue.size === 0 &&
      !this.#isStale;
    return isIdle &&
      (publication.position === null || this.#follows(publication));
  }

  #follows({ previous }: Publication): boolean {
    if (previous === null) return false;
    return previous === this.#at ||
      this.#broker.order(previous, this.#at) === "same";
  }

  #isKnown(position: string): boolean {
    return isKnown(this.#broker, position, this.#at);
  }

  #pass(publication: Publication): void {
    this.#at = publication.position ?? this.#at;
    for (const tail of this.#tails) tail.push(publication);
    this.#events.onPublication(publication);
  }

  /** Notes that a publication did not fit into the queue. */
  #overflow(): void {
    this.#isStale = true;
    // Nothing can bring it back. No client has joined yet.
    if (this.#history === undefined) this.#events.onGap("limit");
  }

  async #catchUp(): Promise<void> {
    try {
      // The caller continues first, so that `#reading` is set.
      await undefined;
      this.#isStale = false;
      this.#replay(await this.#readHistory({ since: this.#at }));
    } catch (error) {
      this.#retryLater();
      this.#events.onFailure(error);
    } finally {
      this.#reading = undefined;
    }
    if (!this.#isClosed) this.#drain();
  }

  #replay(read: HistoryRead): void {
    if (this.#isClosed) return;
    const { publications, from, top } = read;
    const order = this.#broker.order(top, this.#at);
    if (order === "before" && this.#failures < MAX_BEHIND) {
      return this.#retryLater();
    }
    if (order !== "same") {
      const lost = read.lost ?? (order === "after" ? undefined : "epoch");
      if (lost !== undefined) this.#skip(lost, from);
      for (const publication of publications) this.#pass(publication);
      this.#at = top;
    }
    this.#dropKnown();
    const { first } = this.#queue;
    const isBehind = first !== undefined && !this.#follows(first);
    if (order !== "same" || !isBehind) this.#failures = 0;
    // Without a pause, a broker that is behind would be asked all the time.
    else if (this.#failures < MAX_BEHIND) this.#retryLater();
    else this.#giveUp();
  }

  /** Drops what waits: the broker has reported it, but its history does not have it. */
  #giveUp(): void {
    this.#failures = 0;
    this.#queue.clear();
    this.#isStale = true;
    this.#skip("epoch", this.#at);
  }

  /** Continues after a gap. */
  #skip(lost: LossReason, from: string): void {
    this.#at = from;
    for (const tail of this.#tails) tail.length = 0;
    this.#events.onGap(lost);
  }

  /** Drops what waits and was in the history. */
  #dropKnown(): void {
    this.#queue.keep(({ position }) => {
      if (position === null) return true;
      const order = this.#broker.order(position, this.#at);
      // It belongs to an older history, or to one that is newer than what was read.
      if (order === "unrelated") this.#isStale = true;
      return order === "after";
    });
  }

  #retryLater(): void {
    if (this.#isClosed) return;
    const delay = Math.min(RETRY.max, RETRY.min * 2 ** this.#failures++);
    this.#endRetry();
    // A random part, so that not all rooms try at once.
    this.#retry = new Retry(
      delay * (0.5 + Math.random()),
      () => void this.sync(),
    );
  }

  #endRetry(): void {
    this.#retry?.end();
    this.#retry = undefined;
  }

  /** Reads the history for a client; returns whether the feed is in the same place. */
  async #tryRead(
    wanted: ReadFrom,
    use: (start: FeedStart) => void,
  ): Promise<boolean> {
    const tail: Publication[] = [];
    this.#tails.add(tail);
    try {
      const read = this.#isAt(wanted)
        ? undefined
        : await this.#readHistory(wanted);
      // Nothing is awaited between this and `use`: the feed could go on meanwhile.
      const start = read === undefined
        ? { publications: [], from: this.at, lost: this.#lostAt(wanted) }
        : startOf(read, { broker: this.#broker, at: this.#at, tail });
      if (start !== undefined && !this.#isClosed) use(newestOf(start, wanted));
      return start !== undefined;
    } finally {
      this.#tails.delete(tail);
    }
  }

  /** Whether a client that begins there has missed nothing. */
  #isAt(wanted: ReadFrom): boolean {
    if (this.#history === undefined) return true;
    return "last" in wanted ? wanted.last === 0 : wanted.since === this.#at;
  }

  #lostAt(wanted: ReadFrom): LossReason | undefined {
    return "since" in wanted ? this.lostSince(wanted.since) : undefined;
  }
}
