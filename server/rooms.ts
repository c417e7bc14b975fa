/**
 * The rooms of one server: their definitions, and those that have members.
 *
 * @module
 */

import type { Broker, BrokerEvents, PublicationKey } from "../broker/broker.ts";
import { isPromiseLike, settlesWithin } from "../common/async.ts";
import { HoistError } from "../common/errors.ts";
import type { JsonObject } from "../common/json.ts";
import { LogThrottle } from "../common/rate_limiter.ts";
import { checkRoomName } from "../common/room_name.ts";
import { assertLength, describeMessage, quote } from "../common/text.ts";
import { messageOf } from "../common/thrown.ts";
import type { Contract } from "../contract/contract.ts";
import { requireRoom } from "../contract/find_room.ts";
import type { BroadcastCounts } from "./broadcaster.ts";
import { type LedgerResult, PublicationLedger } from "./ledger.ts";
import { LiveRoom, NOBODY, type RoomHost } from "./live_room.ts";
import type { Log } from "./log.ts";
import type { EventSink } from "./admin.ts";
import type { Metrics } from "./metrics.ts";
import { GRACE, type Member } from "./member.ts";
import type { ServerNode } from "./node.ts";
import { PresenceNetwork } from "./presence_network.ts";
import { RoomDefinitions } from "./room_definitions.ts";
import { lowLimit } from "./room_errors.ts";
import { type Identities, RoomIdentities } from "./room_identities.ts";
import {
  assertLatest,
  encodeRoomMessage,
  type Envelope,
} from "./room_message.ts";
import type { RoomDefinition, RoomInfo, RoomOptions } from "./room_options.ts";
import { TimeoutQueue, type Turns } from "./scheduler.ts";
import { SharedIdentities } from "./shared_identities.ts";

/** What the rooms of a server need. */
export interface RoomsOptions {
  readonly log: Log;
  /** The contract of the server, if it has one */
  readonly contract?: Contract | undefined;
  readonly broker: Broker;
  readonly metrics: Metrics;
  /** Shows admins the messages to rooms; `undefined` if the server has no admins */
  readonly admin?: { readonly sink: EventSink | undefined } | undefined;
  /** Connects the server to others; `undefined` if it is alone */
  readonly node?: ServerNode | undefined;
  readonly turns: Turns;
  readonly maxBatch: number;
  readonly maxBuffered: number;
  /** The maximum size of a frame of a client, in bytes */
  readonly maxPayload?: number;
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
  /** Resolves when every member on all servers has had its turn. */
  count(): Promise<LedgerResult>;
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

/** The number of exceptions of hooks, and of problems of rooms, that are logged at once. */
const MAX_LINES = 100;

const LINES_PER_SECOND = 1;

/** How long `onLeave` and the broker can take when the server closes, in milliseconds. */
const CLOSE_TIMEOUT = 1_000;

/** The rooms of one server. */
export class Rooms {
  readonly identities: Identities;
  readonly #options: RoomsOptions;
  readonly #network: PresenceNetwork | undefined;
  readonly #ledger: PublicationLedger | undefined;
  readonly #definitions: RoomDefinitions;
  readonly #host: RoomHost;
  readonly log: Log;
  /** The rooms that have members on this server */
  readonly #live = new Map<string, LiveRoom>();
  /** The ends of the subscriptions to rooms without members */
  readonly #closing = new Map<string, Promise<void>>();
  /** Begins the number of each publication */
  readonly #origin = crypto.randomUUID();
  /** The calls of `onJoin` and `onLeave` that have not ended */
  readonly #hooks = new Set<Promise<unknown>>();
  readonly #lines = new LogThrottle(LINES_PER_SECOND, MAX_LINES);
  readonly #problems = new LogThrottle(LINES_PER_SECOND, MAX_LINES);
  #published = 0;
  #started: Promise<void> | undefined;

  /**
   * Constructs `Rooms`. The broker of a server that is alone starts with the first definition.
   */
  constructor(options: RoomsOptions) {
    this.#options = options;
    this.log = options.log;
    const { contract, broker, node } = options;
    this.identities = node === undefined
      // All clients can come back at once.
      ? new RoomIdentities(2 * options.maxConnections)
      : new SharedIdentities(node);
    this.#network = node && new PresenceNetwork(node);
    this.#ledger = node && new PublicationLedger(
      node,
      (room) => this.#live.get(room)?.feed.isReady ?? false,
    );
    this.#definitions = new RoomDefinitions(
      contract,
      (history) => broker.define?.(history),
    );
    this.#host = {
      ...options,
      network: this.#network,
      ledger: this.#ledger,
      graces: new TimeoutQueue(GRACE, (end: () => void) => end()),
      run: (hook) => this.#run(hook),
      warn: (room, problem, error) => this.#warn(room, problem, error),
    };
  }

  /** Returns the broker, which carries the messages, when it has started. */
  async startedBroker(): Promise<Broker> {
    await this.#whenStarted();
    return this.#options.broker;
  }

  /** Whether messages to rooms wait for their turn */
  get isBusy(): boolean {
    return this.#options.turns.isBusy;
  }

  /** The number of rooms that have members on this server */
  get size(): number {
    return this.#live.size;
  }

  /** The number of members on this server, of all rooms together */
  get memberCount(): number {
    let count = 0;
    for (const room of this.#live.values()) count += room.size;
    return count;
  }

  /** The rooms of the contract that have no definition, by their patterns */
  get missing(): readonly string[] {
    return this.#definitions.missing;
  }

  /** Defines rooms. */
  define(pattern: string, options: RoomOptions | undefined): void {
    const { node } = this.#options;
    const isFirst = this.#definitions.isEmpty;
    this.#definitions.add(pattern, options, this.#live.values());
    if (!isFirst) return;
    if (node === undefined) this.start();
    else void node.started.then(() => this.#checkLimit(node));
  }

  /** Starts the broker. */
  start(): void {
    const { node, broker } = this.#options;
    const events: BrokerEvents = {
      onPublication: (room, publication) =>
        this.#live.get(room)?.feed.receive(publication),
      onStale: (room) => this.#onStale(room),
    };
    if (node !== undefined) return node.start(events);
    this.#started = broker.start(events);
    // The messages to rooms report it.
    this.#started.catch(() => {});
  }

  /** Warns if clients can send messages that the engine does not accept. */
  #checkLimit(node: ServerNode): void {
    const { broker: { limit }, maxPayload = 0 } = this.#options;
    if (limit === undefined || limit.value >= maxPayload) return;
    node.warn(lowLimit(limit, maxPayload));
  }

  /** Rejects if the broker has not started, and the last attempt failed. */
  #whenStarted(): Promise<void> | undefined {
    const { node } = this.#options;
    if (node === undefined) return this.#started;
    return node.isStarted ? undefined : node.ready();
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

  /** The rooms that have members on this server */
  get live(): Iterable<LiveRoom> {
    return this.#live.values();
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
    const before = Promise.all([this.#whenStarted(), this.#closing.get(name)]);
    const room = new LiveRoom(info, definition, this.#host, before);
    this.#live.set(name, room);
    return room;
  }

  /** Ends a room that no longer has members. Called whenever a client leaves. */
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
   * @throws {RangeError} If the message is larger than `limits.maxBuffered` or the broker allows
   */
  async publish(
    { definition: { history, entry }, info: { name: room } }: DefinedRoom,
    { name, data, key, publisher, except, from }: RoomPublication,
  ): Promise<RoomPublished> {
    const origin = `${this.#origin}.${++this.#published}`;
    const envelope = { origin, publisher, except, from };
    const payload = encodeRoomMessage(envelope, name, data);
    const { broker, maxBuffered, metrics: { publications } } = this.#options;
    assertLatest(entry, name, payload);
    const subject = () => describeMessage(name);
    // A frame that is too large for its members would end their connections.
    const limit = maxBuffered - MAX_FRAME_OVERHEAD;
    assertLength(payload, limit, subject, "limits.maxBuffered");
    let live: LiveRoom | undefined;
    let isStored = false;
    try {
      const starting = this.#whenStarted();
      if (starting !== undefined) await starting;
      live = this.#live.get(room);
      const delivered = live?.expect(origin) ?? NOBODY;
      const published = await broker.publish(room, payload, { history, key });
      isStored = !published.isDuplicate;
      publications[isStored ? "stored" : "duplicate"]++;
      this.#tap(room, name, data, isStored ? "ok" : "duplicate");
      if (isStored) live?.limit(origin);
      const count = () => this.#count(room, origin, delivered, isStored);
      return { ...published, delivered, count };
    } catch (error) {
      publications.failed++;
      this.#tap(room, name, data, "failed");
      throw error;
    } finally {
      // Nothing will come back.
      if (!isStored) live?.forget(origin);
    }
  }

  #tap(room: string, name: string, data: JsonObject, result: string): void {
    const sink = this.#options.admin?.sink;
    const kind = "publish";
    sink?.sent({ kind, name, data, client: null, room, result });
  }

  async #count(
    room: string,
    origin: string,
    delivered: Promise<BroadcastCounts>,
    isStored: boolean,
  ): Promise<LedgerResult> {
    // A message that the broker had already reaches nobody.
    return isStored && this.#ledger !== undefined
      ? await this.#ledger.collect(room, origin, delivered)
      : { ...await delivered, silentNodes: [] };
  }

  /** Returns the members of a room on all servers. */
  async fetchMembers(name: string): Promise<readonly Member[]> {
    const live = this.#live.get(name);
    await live?.feed.ready;
    return live?.presence.members ?? await this.#network?.list(name) ?? [];
  }

  /** Ends everything, because the server closes. */
  async close(): Promise<void> {
    this.#network?.beginShutdown();
    this.identities.close();
    const rooms = [...this.#live.values()];
    this.#live.clear();
    const closing = rooms.map((room) => room.close());
    // The rooms that close have called their hooks.
    const ended = [...closing, ...this.#closing.values(), ...this.#hooks];
    await settlesWithin(Promise.allSettled(ended), CLOSE_TIMEOUT);
    await this.#options.broker[Symbol.asyncDispose]();
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
      if (isPromiseLike(result)) this.#track(result);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Awaits a hook once, because each `then` of a query builder runs its query. */
  #track(hook: PromiseLike<unknown>): void {
    const ended = Promise.resolve(hook)
      .catch((error) => this.#fail(error))
      .finally(() => this.#hooks.delete(ended));
    this.#hooks.add(ended);
  }

  /** Logs an exception of a hook. Throttled, because clients can join again and again. */
  #fail(error: unknown): void {
    const line = this.#lines.pass("a hook of a room failed");
    if (line !== undefined) this.log.exception(line, error);
  }

  /** Logs a problem. Throttled, because all rooms can have it, and each message of the engine. */
  #warn(room: string, problem: string, error?: unknown): void {
    const rest = error === undefined ? "" : `: ${messageOf(error)}`;
    const { log } = this.#options;
    const name = quote(log.redact(room));
    const line = this.#problems.pass(`${name}: ${problem}${rest}`);
    if (line !== undefined) log.warn("room", line);
  }
}
