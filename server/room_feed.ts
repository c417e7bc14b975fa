/**
 * The publications of one room, as they reach this server: in order, and without a gap
 * that nobody notices.
 *
 * The broker reports publications while they happen. It can repeat them, and lose them
 * while its connection is broken. Each publication names the one before it. If that is not
 * the last one here, the feed reads the history. What the history no longer has is a gap.
 *
 * @module
 */

import { PublishError } from "../common/publish_error.ts";
import type {
  Broker,
  HistoryOptions,
  HistoryRead,
  LossReason,
  Publication,
  ReadFrom,
} from "../broker/broker.ts";
import { PublicationQueue } from "./publication_queue.ts";
import { Retry } from "./retry.ts";

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

/** What a client that joins gets. */
export interface FeedStart {
  /** The publications before the next one that the feed reports */
  readonly publications: readonly Publication[];
  /** The position before the first of them; `null` in a room without history */
  readonly from: string | null;
  /** Why publications are missing */
  readonly lost: LossReason | undefined;
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
   * @param previous The end of the last subscription to the room
   */
  constructor(
    room: string,
    broker: Broker,
    history: HistoryOptions | undefined,
    events: FeedEvents,
    previous?: Promise<void>,
  ) {
    this.#room = room;
    this.#broker = broker;
    this.#history = history;
    this.#events = events;
    this.ready = this.#start(previous);
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

  async #start(previous: Promise<void> | undefined): Promise<void> {
    const starting = this.#begin(previous);
    // Only `ready` reports the error.
    this.#reading = starting.catch(() => {});
    try {
      await starting;
    } finally {
      this.#reading = undefined;
    }
    this.#drain();
  }

  async #begin(previous: Promise<void> | undefined): Promise<void> {
    await previous;
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

  #follows({ previous }: Publication): boolean {
    return previous !== null &&
      this.#broker.order(previous, this.#at) === "same";
  }

  #isKnown(position: string): boolean {
    const order = this.#broker.order(position, this.#at);
    return order === "same" || order === "before";
  }

  #pass(publication: Publication): void {
    this.#at = publication.position ?? this.#at;
    for (const tail of this.#tails) tail.push(publication);
    this.#events.onPublication(publication);
  }

  /** Notes that a publication did not fit into the queue. */
  #overflow(): void {
    this.#isStale = true;
    // Nothing can bring it back, and nobody is in the room yet.
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
      const start = this.#isAt(wanted)
        ? { publications: [], from: this.at, lost: this.#lostAt(wanted) }
        : this.#startOf(await this.#readHistory(wanted), tail);
      if (start !== undefined && !this.#isClosed) use(newestOf(start, wanted));
      return start !== undefined;
    } finally {
      this.#tails.delete(tail);
    }
  }

  /** Whether a client that begins there has missed nothing. */
  #isAt(wanted: ReadFrom): boolean {
    if (this.#history === undefined) return true;
    // A position without its check proves nothing.
    return "last" in wanted ? wanted.last === 0 : wanted.since === this.#at;
  }

  /** A room without history has kept nothing after the position of a client. */
  #lostAt(wanted: ReadFrom): LossReason | undefined {
    const isLost = this.#history === undefined && "since" in wanted;
    return isLost ? "expired" : undefined;
  }

  /**
   * Makes what was read end where the feed is.
   *
   * @param read What the broker returned
   * @param tail What the feed has passed on since the read began, after the last gap
   * @returns `undefined` if the broker has another history than the feed
   */
  #startOf(
    { publications, from, top, lost }: HistoryRead,
    tail: readonly Publication[],
  ): FeedStart | undefined {
    switch (this.#broker.order(top, this.#at)) {
      case "same":
        return { publications, from, lost };
      case "before": {
        const rest = this.#after(top, tail);
        return rest && { publications: [...publications, ...rest], from, lost };
      }
      case "after": {
        if (this.#broker.order(from, this.#at) === "after") return undefined;
        // The feed will still pass on the others.
        const known = publications.filter((each) =>
          this.#isKnown(each.position!)
        );
        return { publications: known, from, lost };
      }
    }
  }

  /** Returns the publications after a position; `undefined` if some can be missing. */
  #after(
    top: string,
    tail: readonly Publication[],
  ): readonly Publication[] | undefined {
    const start = tail.findIndex(({ previous }) =>
      previous !== null && this.#broker.order(previous, top) === "same"
    );
    return start < 0 ? undefined : tail.slice(start);
  }
}

/** Drops the oldest publications, if more came meanwhile than the client wants. */
function newestOf(start: FeedStart, wanted: ReadFrom): FeedStart {
  const { publications } = start;
  if ("since" in wanted || publications.length <= wanted.last) return start;
  const before = publications.at(-wanted.last - 1)!;
  const newest = publications.slice(-wanted.last);
  return { ...start, publications: newest, from: before.position };
}
