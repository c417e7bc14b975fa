/**
 * The history of all rooms in the memory of one process, and the brokers that use it.
 *
 * @module
 */

import { PublishError } from "../common/hoist_error.ts";
import type {
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
import { PublicationKeys, RoomLog } from "./room_log.ts";

/** How often old publications of silent rooms are dropped, in milliseconds. */
const SWEEP_INTERVAL = 30_000;

/** What a {@linkcode MemoryStore} needs. */
export interface MemoryStoreOptions {
  /** The maximum memory of the history of all rooms, in bytes */
  readonly maxHistory: number;
  /** Begins the name of each epoch, and is new for each process; by default random */
  readonly epoch?: string;
  /** Returns the current time in milliseconds, which never goes back */
  readonly now?: () => number;
  /**
   * Returns a string that no other publication has, not even the same one if it is sent again;
   * by default a number of this process
   */
  readonly createId?: () => string;
}

/** A broker that uses the store. */
export interface StoreUser {
  /** The rooms with a subscription */
  readonly rooms: ReadonlySet<string>;
  /** Receives the publications */
  readonly events: BrokerEvents;
}

/** The history of all rooms. It ends with the process. */
export class MemoryStore {
  readonly #maxHistory: number;
  readonly #epoch: string;
  readonly #now: () => number;
  readonly #createId: () => string;
  /** The history of the rooms, the most recently used one at the end */
  readonly #logs = new Map<string, RoomLog>();
  /** The rooms with a subscription that have no message yet. Dropping them would free nothing */
  readonly #unused = new Map<string, RoomLog>();
  readonly #keys = new PublicationKeys();
  readonly #users = new Set<StoreUser>();
  /** The number of histories that were dropped; part of the next epoch */
  #dropped = 0;
  #evictions = 0;
  #size = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Constructs an empty `MemoryStore`. */
  constructor(
    {
      maxHistory,
      epoch = randomName(),
      now = () => performance.now(),
      createId = idCreator(),
    }: MemoryStoreOptions,
  ) {
    this.#maxHistory = maxHistory;
    this.#epoch = epoch;
    this.#now = now;
    this.#createId = createId;
  }

  /** The memory of the history of all rooms, in bytes, roughly */
  get size(): number {
    return this.#size;
  }

  /** The number of histories that were dropped because of the limit */
  get evictions(): number {
    return this.#evictions;
  }

  /** Adds a broker, which gets the publications in its rooms from now on. */
  add(user: StoreUser): void {
    this.#users.add(user);
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.sweep(), SWEEP_INTERVAL);
    // The timer must not keep the program alive.
    this.#timer.unref();
  }

  /** Removes a broker. */
  remove(user: StoreUser): void {
    this.#users.delete(user);
    for (const room of user.rooms) this.release(room);
    if (this.#users.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Notes that a broker has no subscription to a room any more. */
  release(room: string): void {
    if (!this.#isSubscribed(room)) this.#unused.delete(room);
  }

  /**
   * Stores a publication, and reports it to the brokers with a subscription.
   *
   * @throws {PublishError} If it is unknown whether a repeated publication was stored
   */
  publish(
    room: string,
    payload: string,
    { history, key }: PublishOptions,
  ): Published {
    const now = this.#now();
    const known = this.#find(room, key, now);
    if (known !== undefined) {
      return { position: known.position, isDuplicate: true };
    }
    const publication = history === undefined
      ? { position: null, previous: null, payload }
      : this.#add(room, payload, history);
    const { position } = publication;
    if (key !== undefined) {
      this.#keys.add(key.publisher, nameOf(room, key), position, now);
    }
    for (const { rooms, events } of this.#users) {
      if (rooms.has(room)) events.onPublication(room, publication);
    }
    return { position, isDuplicate: false };
  }

  /** Reads the history of a room. */
  read(room: string, from: ReadFrom, options: ReadOptions): HistoryRead {
    const read = (log: RoomLog) => {
      log.expire(this.#now());
      return log.read(from, options);
    };
    return this.#logs.has(room)
      ? this.#use(room, read)
      : read(this.#unusedLog(room));
  }

  /** Deletes the history of a room, which begins a new epoch. */
  clear(room: string): void {
    this.#unused.delete(room);
    this.#drop(room);
  }

  #isSubscribed(room: string): boolean {
    for (const { rooms } of this.#users) if (rooms.has(room)) return true;
    return false;
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
  ): Publication {
    return this.#use(
      room,
      (log) => log.add(payload, this.#createId(), history, this.#now()),
    );
  }

  /** Returns an empty history. It is kept only while the room has a subscription. */
  #unusedLog(room: string): RoomLog {
    const log = this.#unused.get(room) ?? new RoomLog(this.#nextEpoch);
    if (this.#isSubscribed(room)) this.#unused.set(room, log);
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
      if (log === used) continue;
      this.#evictions++;
      this.#drop(room);
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
    if (!this.#isSubscribed(room)) return;
    // The caller has not finished with the histories.
    queueMicrotask(() => this.#reportStale(room));
  }

  #reportStale(room: string): void {
    for (const { rooms, events } of this.#users) {
      if (rooms.has(room)) events.onStale(room);
    }
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

/** Returns a function that numbers the publications of this process. */
function idCreator(): () => string {
  // Another process can have the same epoch.
  const instance = randomName();
  let created = 0;
  return () => `${instance} ${++created}`;
}

function randomName(): string {
  return crypto.randomUUID().replaceAll("-", "").slice(0, 16);
}
