/**
 * The history of one room in memory, and the keys of its latest publications, so that a
 * publication can be repeated without a duplicate.
 *
 * @module
 */

import { byteLength } from "../common/text.ts";
import type {
  HistoryOptions,
  HistoryRead,
  LossReason,
  Publication,
  ReadFrom,
  ReadOptions,
} from "./broker.ts";
import {
  checkOf,
  comparePositions,
  formatPosition,
  parseClientPosition,
  type Position,
} from "./position.ts";

/** What an entry takes besides its payload, in bytes, as measured. */
const ENTRY_OVERHEAD = 350;

/** What an empty log takes, in bytes, as measured. */
const LOG_OVERHEAD = 600;

interface Entry extends Publication {
  readonly position: string;
  readonly offset: number;
  readonly check: string;
  readonly bytes: number;
  /** When it was added, in milliseconds */
  readonly time: number;
}

/** The kept publications of one room, and its position. */
export class RoomLog {
  readonly epoch: string;
  /** The position of the last publication that was dropped */
  #base: Position;
  #last: Position;
  /** The last position as a string, which two publications share */
  #top: string;
  /** The kept publications, the oldest first, from the index `#head` on */
  #entries: Entry[] = [];
  #head = 0;
  #bytes = 0;
  /** The options of the last publication, for `expire` */
  #history: HistoryOptions | undefined;

  /** Constructs an empty `RoomLog`. */
  constructor(epoch: string) {
    this.epoch = epoch;
    this.#base = this.#last = { epoch, offset: 0, check: "" };
    this.#top = formatPosition(this.#last);
  }

  /** The memory that the log takes, in bytes, roughly */
  get size(): number {
    return LOG_OVERHEAD + this.#bytes + ENTRY_OVERHEAD * this.#count;
  }

  /** The position of the last publication */
  get top(): string {
    return this.#top;
  }

  get #count(): number {
    return this.#entries.length - this.#head;
  }

  /**
   * Adds a publication, and drops those that the limits no longer allow.
   *
   * @param payload The payload
   * @param id A string that no other publication has
   * @param history How much is kept
   * @param time The current time, in milliseconds
   */
  add(
    payload: string,
    id: string,
    history: HistoryOptions,
    time: number,
  ): Publication {
    const previous = this.top;
    const { epoch } = this;
    const offset = this.#last.offset + 1;
    this.#last = { epoch, offset, check: checkOf(id) };
    const { check } = this.#last;
    this.#top = formatPosition(this.#last);
    const bytes = byteLength(payload);
    const position = this.top;
    this.#entries.push({
      ...{ position, previous, payload },
      ...{ offset, check, bytes, time },
    });
    this.#bytes += bytes;
    this.#history = history;
    this.expire(time);
    return { position, previous, payload };
  }

  /** Drops the publications that the limits no longer allow. */
  expire(now: number): void {
    if (this.#history === undefined) return;
    const { size, ttl, maxBytes } = this.#history;
    while (
      this.#count > size || this.#bytes > maxBytes ||
      (this.#oldest?.time ?? Infinity) + ttl <= now
    ) this.#drop();
  }

  /** Drops the oldest publication; returns whether there was one. */
  drop(): boolean {
    if (this.#count === 0) return false;
    this.#drop();
    return true;
  }

  /** Reads the publications after a position, or the last ones. */
  read(from: ReadFrom, { limit, maxBytes }: ReadOptions): HistoryRead {
    const wanted = "since" in from
      ? this.#after(from.since)
      : { start: this.#last.offset - Math.min(from.last, this.#count) };
    return this.#readFrom(wanted, limit, maxBytes, "since" in from);
  }

  /** Finds where to begin after a position of a client. */
  #after(since: string): { start: number; lost?: LossReason } {
    const start = this.#base.offset;
    const position = parseClientPosition(since);
    if (position?.epoch !== this.epoch) return { start, lost: "epoch" };
    if (position.offset < start) return { start, lost: "expired" };
    const known = this.#positionAt(position.offset);
    if (known === undefined || comparePositions(position, known) !== "same") {
      return { start, lost: "epoch" };
    }
    return { start: position.offset };
  }

  /** Returns the position of an offset that is kept, or of the last one that was dropped. */
  #positionAt(offset: number): Position | undefined {
    if (offset === this.#base.offset) return this.#base;
    const entry = this.#entryAt(offset);
    return entry && positionOf(this.epoch, entry);
  }

  #readFrom(
    { start, lost }: { readonly start: number; readonly lost?: LossReason },
    limit: number,
    maxBytes: number,
    isExact: boolean,
  ): HistoryRead {
    const publications: Entry[] = [];
    let bytes = 0;
    // Backwards, because the newest matter most if not all fit.
    for (let offset = this.#last.offset; offset > start; offset--) {
      const entry = this.#entryAt(offset)!;
      bytes += entry.bytes;
      if (publications.length >= limit || bytes > maxBytes) break;
      publications.push(entry);
    }
    publications.reverse();
    const isCut = publications.length < this.#last.offset - start;
    return {
      publications,
      from: publications[0]?.previous ?? this.top,
      top: this.top,
      lost: lost ?? (isCut && isExact ? "limit" : undefined),
    };
  }

  #entryAt(offset: number): Entry | undefined {
    return this.#entries[this.#head + offset - this.#base.offset - 1];
  }

  get #oldest(): Entry | undefined {
    return this.#entries[this.#head];
  }

  #drop(): void {
    const entry = this.#oldest!;
    this.#base = positionOf(this.epoch, entry);
    this.#bytes -= entry.bytes;
    this.#head++;
    // Moving all entries each time would make a long history slow.
    if (2 * this.#head < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }
}

function positionOf(
  epoch: string,
  { offset, check }: { readonly offset: number; readonly check: string },
): Position {
  return { epoch, offset, check };
}

/**
 * How long a key is kept, in milliseconds. A client repeats a publication for 120 seconds, and
 * the last repetition needs some time.
 */
export const KEY_TTL = 130_000;

/** The maximum number of keys of one publisher. */
const MAX_PER_PUBLISHER = 1_024;

/** The maximum number of keys of all publishers. */
const MAX_KEYS = 200_000;

interface KnownKey {
  readonly position: string | null;
  readonly time: number;
}

/** The keys of one publisher, the oldest first. */
interface Publisher {
  readonly keys: Map<string, KnownKey>;
  /** When it last published */
  usedAt: number;
  /** When a key was last dropped that could still be repeated */
  forgotAt: number;
}

/** The limits of the keys, which tests lower. */
export interface KeyLimits {
  readonly perPublisher: number;
  readonly total: number;
}

/** Remembers the keys of publications for {@linkcode KEY_TTL} milliseconds. */
export class PublicationKeys {
  readonly #limits: KeyLimits;
  /** The publishers, the one that published last at the end */
  readonly #publishers = new Map<string, Publisher>();
  #count = 0;
  /** When the keys of a publisher were last dropped as a whole, too early */
  #forgotAt = -Infinity;

  /** Constructs `PublicationKeys`. */
  constructor(
    limits: KeyLimits = { perPublisher: MAX_PER_PUBLISHER, total: MAX_KEYS },
  ) {
    this.#limits = limits;
  }

  /** The number of keys */
  get size(): number {
    return this.#count;
  }

  /** Returns the position that a publication got; `undefined` if its key is unknown. */
  find(
    publisher: string,
    key: string,
    now: number,
  ): { readonly position: string | null } | undefined {
    const known = this.#publishers.get(publisher)?.keys.get(key);
    return known === undefined || isOld(known, now) ? undefined : known;
  }

  /** Returns whether a key of a publisher can have been dropped too early. */
  hasForgotten(publisher: string, now: number): boolean {
    const own = this.#publishers.get(publisher);
    const forgotAt = own?.forgotAt ?? this.#forgotAt;
    return forgotAt + KEY_TTL > now;
  }

  /** Remembers the key of a publication. */
  add(
    publisher: string,
    key: string,
    position: string | null,
    now: number,
  ): void {
    const own = this.#publishers.get(publisher) ??
      { keys: new Map(), usedAt: now, forgotAt: this.#forgotAt };
    own.usedAt = now;
    // The publisher and the key move to the end of their maps.
    this.#publishers.delete(publisher);
    this.#publishers.set(publisher, own);
    if (!own.keys.delete(key)) this.#count++;
    own.keys.set(key, { position, time: now });
    this.#expireOwn(own, now);
    this.expire(now);
  }

  /** Drops old keys, and the keys of the publishers that have been silent for longest. */
  expire(now: number): void {
    for (const [name, publisher] of this.#publishers) {
      const isOver = publisher.usedAt + KEY_TTL <= now;
      if (!isOver && this.#count <= this.#limits.total) return;
      if (!isOver) this.#forgotAt = now;
      this.#count -= publisher.keys.size;
      this.#publishers.delete(name);
    }
  }

  #expireOwn(publisher: Publisher, now: number): void {
    const { keys } = publisher;
    for (const [key, known] of keys) {
      const isTooMany = keys.size > this.#limits.perPublisher;
      if (!isTooMany && !isOld(known, now)) return;
      if (!isOld(known, now)) publisher.forgotAt = now;
      keys.delete(key);
      this.#count--;
    }
  }
}

function isOld({ time }: KnownKey, now: number): boolean {
  return time + KEY_TTL <= now;
}
