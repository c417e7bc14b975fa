/**
 * The rooms of one server: their definitions, and those that have members.
 *
 * @module
 */

import type { Broker, PublicationKey } from "../broker/broker.ts";
import { isPromiseLike, settlesWithin } from "../common/async.ts";
import { HoistError } from "../common/errors.ts";
import type { JsonObject } from "../common/json.ts";
import { LogThrottle } from "../common/rate_limiter.ts";
import { checkRoomName } from "../common/room_name.ts";
import { assertLength, describeMessage, quote } from "../common/text.ts";
import { type BroadcastCounts, NO_CLIENTS } from "./broadcaster.ts";
import type { Contract } from "../contract/contract.ts";
import { hasLatest, latestKeyOf, requireRoom } from "../contract/find_room.ts";
import type { RoomEntry } from "../contract/room_entry.ts";
import { LiveRoom, type RoomHost } from "./live_room.ts";
import type { Log } from "./log.ts";
import { GRACE } from "./presence.ts";
import { RoomDefinitions } from "./room_definitions.ts";
import { RoomIdentities } from "./room_identities.ts";
import {
  decodeRoomMessage,
  encodeRoomMessage,
  type Envelope,
} from "./room_message.ts";
import type { RoomDefinition, RoomInfo, RoomOptions } from "./room_options.ts";
import { TimeoutQueue } from "./scheduler.ts";
import type { Turns } from "./turns.ts";

/** What the rooms of a server need. */
export interface RoomsOptions {
  readonly log: Log;
  /** The contract of the server, if it has one */
  readonly contract?: Contract | undefined;
  readonly broker: Broker;
  readonly turns: Turns;
  readonly maxBatch: number;
  readonly maxBuffered: number;
  readonly maxConnections: number;
  nextMessageId(): number;
}

/** A message to a room. */
export interface RoomPublication extends Omit<Envelope, "origin"> {
  readonly name: string;
  readonly data: JsonObject;
  readonly key: PublicationKey | undefined;
}

/** What has become of a message to a room. */
export interface RoomPublished {
  /** The position of the message; `null` in a room without history */
  readonly position: string | null;
  /** Whether the broker had it already */
  readonly isDuplicate: boolean;
  /** Resolves when every member on this server has had its turn */
  readonly delivered: Promise<BroadcastCounts>;
}

/** A room and its definition. */
export interface DefinedRoom {
  readonly definition: RoomDefinition;
  readonly info: RoomInfo;
}

/** The part of the frame of a message that the broker does not carry, in bytes. */
const MAX_FRAME_OVERHEAD = 2_048;

/** How many rooms read their history at the same time, if all of them have to. */
const MAX_SYNCS = 64;

/** The number of exceptions of hooks that are logged at once. */
const MAX_LINES = 100;

const LINES_PER_SECOND = 1;

/** How long `onLeave` can take when the server closes, in milliseconds. */
const HOOK_TIMEOUT = 1_000;

/** The rooms of one server. */
export class Rooms {
  readonly identities: RoomIdentities;
  readonly #options: RoomsOptions;
  readonly #definitions: RoomDefinitions;
  readonly #host: RoomHost;
  /** The rooms that have members on this server */
  readonly #live = new Map<string, LiveRoom>();
  /** The ends of the subscriptions to rooms that nobody is in */
  readonly #closing = new Map<string, Promise<void>>();
  /** Begins the number of each publication */
  readonly #origin = crypto.randomUUID();
  /** The calls of `onJoin` and `onLeave` that have not ended */
  readonly #hooks = new Set<PromiseLike<unknown>>();
  readonly #lines = new LogThrottle(LINES_PER_SECOND, MAX_LINES);
  #published = 0;
  #started: Promise<void> | undefined;

  /** Constructs `Rooms`. The broker starts with the first definition. */
  constructor(options: RoomsOptions) {
    this.#options = options;
    // All clients can come back at once.
    this.identities = new RoomIdentities(2 * options.maxConnections);
    this.#definitions = new RoomDefinitions(options.contract);
    this.#host = {
      ...options,
      graces: new TimeoutQueue(GRACE, (end: () => void) => end()),
      run: (hook) => this.#run(hook),
      warn: (room, problem, error) => this.#warn(room, problem, error),
    };
  }

  /** Carries the messages */
  get broker(): Broker {
    return this.#options.broker;
  }

  /** Whether messages to rooms wait for their turn */
  get isBusy(): boolean {
    return this.#options.turns.isBusy;
  }

  /** The rooms of the contract that have no definition, by their patterns */
  get missing(): readonly string[] {
    return this.#definitions.missing;
  }

  /** Defines rooms. */
  define(pattern: string, options: RoomOptions | undefined): void {
    this.#definitions.add(pattern, options, this.#live.values());
    this.#started ??= this.#start();
    // The messages to rooms report it.
    this.#started.catch(() => {});
  }

  /** Finds the definition of a room; `undefined` if there is none. */
  find(name: string): DefinedRoom | undefined {
    return this.#definitions.find(name);
  }

  /**
   * Returns a room of the application.
   *
   * @throws {TypeError} If the name is invalid, or the contract does not have the room
   * @throws {HoistError} If no definition allows the room
   */
  get(name: string): DefinedRoom {
    checkRoomName("Cannot use the room", name);
    const subject = `Cannot use the room ${quote(name)}`;
    requireRoom(subject, this.#options.contract, name);
    const found = this.find(name);
    if (found !== undefined) return found;
    throw new HoistError(
      `${subject}: no definition matches it. Call server.defineRoom() first.`,
    );
  }

  /** Returns the room if it has members on this server. */
  peek(name: string): LiveRoom | undefined {
    return this.#live.get(name);
  }

  /** Returns the room, which has a member from now on. */
  open({ definition, info }: DefinedRoom): LiveRoom {
    const { name } = info;
    const known = this.#live.get(name);
    if (known !== undefined) return known;
    const previous = this.#closing.get(name);
    const room = new LiveRoom(info, definition, this.#host, previous);
    this.#live.set(name, room);
    return room;
  }

  /** Ends a room that nobody is in any more. Called whenever somebody leaves. */
  release(room: LiveRoom): void {
    const { name } = room.info;
    if (!room.isEmpty || this.#live.get(name) !== room) return;
    this.#live.delete(name);
    const closing = room.close().catch((error) =>
      this.#warn(name, "cannot end the subscription", error)
    );
    this.#closing.set(name, closing);
    void closing.then(() => {
      if (this.#closing.get(name) === closing) this.#closing.delete(name);
    });
  }

  /**
   * Publishes a message.
   *
   * @throws {PublishError} If the broker did not store it, or it is unknown whether it did
   * @throws {TypeError} If the data is not a JSON object, or its latest key is invalid
   * @throws {RangeError} If the message is larger than `limits.maxBuffered`
   */
  async publish(
    { definition: { history, entry }, info: { name: room } }: DefinedRoom,
    { name, data, key, ...envelope }: RoomPublication,
  ): Promise<RoomPublished> {
    const origin = `${this.#origin}.${++this.#published}`;
    const payload = encodeRoomMessage({ origin, ...envelope }, name, data);
    const { maxBuffered, broker } = this.#options;
    assertLatest(entry, name, payload);
    const subject = () => describeMessage(name);
    // A frame that is too large for its members would end their connections.
    const limit = maxBuffered - MAX_FRAME_OVERHEAD;
    assertLength(payload, limit, subject, "limits.maxBuffered");
    await this.#started;
    const live = this.#live.get(room);
    const delivered = live?.expect(origin) ?? Promise.resolve(NO_CLIENTS);
    let isStored = false;
    try {
      const published = await broker.publish(room, payload, { history, key });
      isStored = !published.isDuplicate;
      if (isStored) live?.limit(origin);
      return { ...published, delivered };
    } finally {
      // Nothing will come back.
      if (!isStored) live?.forget(origin);
    }
  }

  /** Ends everything, because the server closes. */
  async close(): Promise<void> {
    this.identities.close();
    const rooms = [...this.#live.values()];
    this.#live.clear();
    await Promise.allSettled(rooms.map((room) => room.close()));
    await settlesWithin(Promise.allSettled(this.#hooks), HOOK_TIMEOUT);
    await this.#options.broker[Symbol.asyncDispose]();
  }

  async #start(): Promise<void> {
    await this.#options.broker.start({
      onPublication: (room, publication) =>
        this.#live.get(room)?.feed.receive(publication),
      onStale: (room) => this.#onStale(room),
    });
  }

  #onStale(name: string | undefined): void {
    if (name === undefined) void this.#syncAll();
    else void this.#live.get(name)?.feed.sync();
  }

  /** Lets all rooms read their history, a few at the same time. */
  async #syncAll(): Promise<void> {
    const rooms = this.#live.values();
    const work = async () => {
      for (const { feed } of rooms) await feed.sync();
    };
    await Promise.all(Array.from({ length: MAX_SYNCS }, work));
  }

  #run(hook: () => unknown): void {
    try {
      const result = hook();
      if (isPromiseLike(result)) void this.#finish(result);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #finish(hook: PromiseLike<unknown>): Promise<void> {
    this.#hooks.add(hook);
    try {
      await hook;
    } catch (error) {
      this.#fail(error);
    }
    this.#hooks.delete(hook);
  }

  /** Logs an exception of a hook. Throttled, because clients can join again and again. */
  #fail(error: unknown): void {
    const line = this.#lines.pass("a hook of a room failed");
    if (line !== undefined) this.#options.log.exception(line, error);
  }

  #warn(room: string, problem: string, error?: unknown): void {
    const rest = error instanceof Error ? `: ${error.message}` : "";
    this.#options.log.warn("room", `${quote(room)}: ${problem}${rest}`);
  }
}

/**
 * Checks the latest key of a message while the sender can still get the error.
 *
 * @throws What the function `latest` of the contract throws
 */
function assertLatest(
  entry: RoomEntry | undefined,
  name: string,
  payload: string,
): void {
  if (entry === undefined || !hasLatest(entry, name)) return;
  // The function gets the data as clients receive it.
  const message = decodeRoomMessage(payload);
  if (message !== undefined) latestKeyOf(entry, name, message.data);
}
