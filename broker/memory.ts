/**
 * The broker of a server that is alone: it keeps the history in the memory of the process.
 *
 * @module
 */

import { PublishError } from "../common/publish_error.ts";
import type {
  Broker,
  BrokerEvents,
  HistoryOptions,
  HistoryRead,
  Publication,
  PublicationKey,
  Published,
  PublishOptions,
  ReadFrom,
  ReadOptions,
} from "./broker.ts";
import { comparePositions, type Order, parsePosition } from "./position.ts";
import { PublicationKeys } from "./publication_keys.ts";
import { RoomLog } from "./room_log.ts";

/** How often old publications of silent rooms are dropped, in milliseconds. */
const SWEEP_INTERVAL = 30_000;

/** What a {@linkcode MemoryBroker} needs. */
export interface MemoryBrokerOptions {
  /** The maximum memory of the history of all rooms, in bytes */
  readonly maxHistory: number;
  /** Begins the name of each epoch, and is new for each process; by default random */
  readonly epoch?: string;
  /** Returns the current time in milliseconds, which never goes back */
  readonly now?: () => number;
}

/** A broker in the memory of one process. Its history ends with the process. */
export class MemoryBroker implements Broker {
  readonly name = "memory";
  readonly #maxHistory: number;
  readonly #epoch: string;
  readonly #now: () => number;
  /** The history of the rooms, the most recently used one at the end */
  readonly #logs = new Map<string, RoomLog>();
  /** The rooms with a subscription that have no message yet. Dropping them would free nothing */
  readonly #unused = new Map<string, RoomLog>();
  readonly #keys = new PublicationKeys();
  readonly #subscribed = new Set<string>();
  #events: BrokerEvents | undefined;
  /** Makes the checks of this process differ from those of another with the same epoch */
  readonly #instance = randomName();
  /** The number of histories that were dropped; part of the next epoch */
  #dropped = 0;
  #size = 0;
  /** The number of publications without a key */
  #published = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Constructs a `MemoryBroker`. */
  constructor(
    { maxHistory, epoch = randomName(), now = () => performance.now() }:
      MemoryBrokerOptions,
  ) {
    this.#maxHistory = maxHistory;
    this.#epoch = epoch;
    this.#now = now;
  }

  /** The memory of the history of all rooms, in bytes, roughly */
  get size(): number {
    return this.#size;
  }

  start(events: BrokerEvents): Promise<void> {
    this.#events = events;
    this.#timer = setInterval(() => this.sweep(), SWEEP_INTERVAL);
    // The timer must not keep the program alive.
    this.#timer.unref();
    return Promise.resolve();
  }

  subscribe(room: string): Promise<void> {
    this.#subscribed.add(room);
    return Promise.resolve();
  }

  unsubscribe(room: string): Promise<void> {
    this.#subscribed.delete(room);
    this.#unused.delete(room);
    return Promise.resolve();
  }

  // deno-lint-ignore require-await -- an error must reject the promise
  async publish(
    room: string,
    payload: string,
    { history, key }: PublishOptions,
  ): Promise<Published> {
    const now = this.#now();
    const known = this.#find(room, key, now);
    if (known !== undefined) {
      return { position: known.position, isDuplicate: true };
    }
    const publication = history === undefined
      ? { position: null, previous: null, payload }
      : this.#add(room, payload, history, key);
    const { position } = publication;
    if (key !== undefined) {
      this.#keys.add(key.publisher, nameOf(room, key), position, now);
    }
    if (this.#subscribed.has(room)) {
      this.#events?.onPublication(room, publication);
    }
    return { position, isDuplicate: false };
  }

  read(
    room: string,
    from: ReadFrom,
    options: ReadOptions,
  ): Promise<HistoryRead> {
    const read = (log: RoomLog) => {
      log.expire(this.#now());
      return log.read(from, options);
    };
    return Promise.resolve(
      this.#logs.has(room)
        ? this.#use(room, read)
        : read(this.#unusedLog(room)),
    );
  }

  clear(room: string): Promise<void> {
    this.#unused.delete(room);
    this.#drop(room);
    return Promise.resolve();
  }

  order(a: string, b: string): Order {
    const [first, second] = [parsePosition(a), parsePosition(b)];
    return first === undefined || second === undefined
      ? "unrelated"
      : comparePositions(first, second);
  }

  [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#events = undefined;
    return Promise.resolve();
  }

  /** The epoch of the next history. No room gets the epoch of a history that was dropped. */
  get #nextEpoch(): string {
    return `${this.#epoch}-${this.#dropped.toString(36)}`;
  }

  /** Finds the publication with a key. */
  #find(
    room: string,
    key: PublicationKey | undefined,
    now: number,
  ): { readonly position: string | null } | undefined {
    if (key === undefined) return undefined;
    const known = this.#keys.find(key.publisher, nameOf(room, key), now);
    if (known !== undefined || !key.isRepeated) return known;
    if (!this.#keys.hasForgotten(key.publisher, now)) return undefined;
    throw new PublishError(
      "Cannot repeat the message: its publisher has sent too many since. It is unknown whether the first attempt succeeded.",
      "unknown",
    );
  }

  #add(
    room: string,
    payload: string,
    history: HistoryOptions,
    key: PublicationKey | undefined,
  ): Publication {
    const id = key === undefined
      ? `${this.#instance} ${++this.#published}`
      : `${key.publisher}.${key.key}`;
    return this.#use(
      room,
      (log) => log.add(payload, id, history, this.#now()),
    );
  }

  /** Returns an empty history. It is kept only while the room has a subscription. */
  #unusedLog(room: string): RoomLog {
    const log = this.#unused.get(room) ?? new RoomLog(this.#nextEpoch);
    if (this.#subscribed.has(room)) this.#unused.set(room, log);
    return log;
  }

  /** Uses the history of a room, which becomes the most recently used one. */
  #use<Result>(room: string, use: (log: RoomLog) => Result): Result {
    const log = this.#logs.get(room) ?? this.#unusedLog(room);
    const size = this.#logs.delete(room) ? log.size : 0;
    this.#unused.delete(room);
    this.#logs.set(room, log);
    const result = use(log);
    this.#size += log.size - size;
    this.#shrink(log);
    return result;
  }

  /** Drops the histories that were not used for longest, and then old publications. */
  #shrink(used: RoomLog): void {
    for (const [room, log] of this.#logs) {
      if (this.#size <= this.#maxHistory) return;
      if (log !== used) this.#drop(room);
    }
    for (let size = used.size; this.#size > this.#maxHistory;) {
      if (!used.drop()) return;
      this.#size += used.size - size;
      size = used.size;
    }
  }

  /** Ends the history of a room. */
  #drop(room: string): void {
    this.#dropped++;
    this.#forget(room);
    if (!this.#subscribed.has(room)) return;
    // The caller has not finished with the histories.
    queueMicrotask(() => this.#events?.onStale(room));
  }

  #forget(room: string): void {
    this.#size -= this.#logs.get(room)?.size ?? 0;
    this.#logs.delete(room);
  }

  /** Drops publications and keys that have expired. Called by a timer. */
  sweep(): void {
    const now = this.#now();
    this.#keys.expire(now);
    for (const log of this.#logs.values()) {
      const { size } = log;
      log.expire(now);
      this.#size += log.size - size;
    }
  }
}

/** The name of a key within its publisher. A room name can contain any character. */
function nameOf(room: string, { key }: PublicationKey): string {
  return `${room.length} ${room}${key}`;
}

function randomName(): string {
  return crypto.randomUUID().replaceAll("-", "").slice(0, 16);
}
