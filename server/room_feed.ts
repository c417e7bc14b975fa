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

/** The maximum number of publications of one read, and their length in bytes. */
export const READ_LIMITS = { limit: 1_000, maxBytes: 1_048_576 };

/** The maximum number of publications that wait while the feed reads the history. */
const MAX_QUEUE = 1_000;

/** How often the history is read for a client, if the broker is behind. */
const MAX_ATTEMPTS = 10;

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
   * @param position The position after the gap
   */
  onGap(reason: LossReason, position: string): void;
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
  #queue: Publication[] = [];
  #hasOverflowed = false;
  #reading: Promise<void> | undefined;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
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

  /** Receives a publication from the broker. */
  receive(publication: Publication): void {
    if (this.#isClosed) return;
    if (this.#queue.length < MAX_QUEUE) this.#queue.push(publication);
    else this.#hasOverflowed = true;
    if (this.#reading === undefined) this.#drain();
  }

  /** Reads the history, because publications can be missing. */
  sync(): Promise<void> {
    if (this.#history === undefined || this.#isClosed) return Promise.resolve();
    clearTimeout(this.#timer);
    return this.#reading ??= this.#catchUp();
  }

  /**
   * Finds where a client begins.
   *
   * @param wanted Where the client wants to begin
   * @param use Called with the publications up to where the feed is. From then on, the feed
   * reports all that come later
   *
   * @throws {PublishError} If the history cannot be read
   */
  async read(
    wanted: ReadFrom,
    use: (start: FeedStart) => void,
  ): Promise<void> {
    await this.ready;
    await this.#reading;
    if (this.#isAt(wanted)) {
      return use({ publications: [], from: this.at, lost: undefined });
    }
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      await this.#reading;
      const read = await this.#readHistory(wanted);
      const start = this.#reading === undefined ? this.#cut(read) : undefined;
      if (start !== undefined) return use(start);
      // The broker knows another history than the feed.
      await this.sync();
    }
    throw new PublishError(
      "Cannot read the history: the broker is behind its own messages. Try again later.",
      "none",
    );
  }

  /** Whether a client that begins there has missed nothing. */
  #isAt(wanted: ReadFrom): boolean {
    if (this.#history === undefined) return true;
    return "last" in wanted
      ? wanted.last === 0
      : this.#broker.order(wanted.since, this.#at) === "same";
  }

  /** Ends the subscription. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#queue = [];
    await this.ready.catch(() => {});
    await this.#broker.unsubscribe(this.#room);
  }

  async #start(previous: Promise<void> | undefined): Promise<void> {
    const starting = this.#begin(previous);
    this.#reading = starting;
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
    if (this.#history === undefined) return;
    this.#at = (await this.#readHistory({ last: 0 })).top;
  }

  #readHistory(from: ReadFrom): Promise<HistoryRead> {
    const history = this.#history!;
    return this.#broker.read(this.#room, from, { history, ...READ_LIMITS });
  }

  /** Passes on the publications that wait, as long as none is missing. */
  #drain(): void {
    for (let next; (next = this.#queue.shift()) !== undefined;) {
      if (next.position === null) {
        this.#events.onPublication(next);
      } else if (this.#follows(next)) {
        this.#pass(next);
      } else if (!this.#isKnown(next.position)) {
        this.#queue.unshift(next);
        void this.sync();
        return;
      }
    }
    if (!this.#hasOverflowed) return;
    this.#hasOverflowed = false;
    void this.sync();
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
    this.#events.onPublication(publication);
  }

  async #catchUp(): Promise<void> {
    try {
      // The caller continues first, so that `#reading` is set.
      await undefined;
      const at = this.#at;
      this.#replay(await this.#readHistory({ since: at }));
      // A broker that is behind would be asked without a pause.
      if (this.#at === at && this.#queue.length > 0) return this.#retryLater();
      this.#failures = 0;
    } catch (error) {
      this.#retryLater();
      return this.#events.onFailure(error);
    } finally {
      this.#reading = undefined;
    }
    if (!this.#isClosed) this.#drain();
  }

  #replay({ publications, from, top, lost }: HistoryRead): void {
    if (this.#isClosed) return;
    if (lost !== undefined) {
      this.#at = from;
      this.#events.onGap(lost, from);
    }
    for (const publication of publications) this.#pass(publication);
    this.#at = top;
    // What waits can belong to the history before the gap.
    this.#queue = this.#queue.filter(({ position }) =>
      position === null || this.#broker.order(position, top) === "after"
    );
  }

  #retryLater(): void {
    if (this.#isClosed) return;
    const delay = Math.min(RETRY.max, RETRY.min * 2 ** this.#failures++);
    clearTimeout(this.#timer);
    // A random part, so that not all rooms try at once.
    this.#timer = setTimeout(
      () => void this.sync(),
      delay * (0.5 + Math.random()),
    );
  }

  /**
   * Leaves out what the feed will still pass on.
   *
   * @returns `undefined` if the broker is behind the feed, or has another history
   */
  #cut(read: HistoryRead): FeedStart | undefined {
    const order = this.#broker.order(read.top, this.#at);
    if (order === "before" || order === "unrelated") return undefined;
    const { from, lost } = read;
    if (this.#broker.order(from, this.#at) === "after") return undefined;
    const publications = order === "same"
      ? read.publications
      : read.publications.filter(({ position }) => this.#isKnown(position!));
    return { publications, from, lost };
  }
}
