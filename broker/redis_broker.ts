/**
 * The broker in Redis: a history is a stream, and subscribers get messages by `PUBLISH`.
 *
 * @module
 */

import { PublishError } from "../common/hoist_error.ts";
import { byteLength, fitsInto } from "../common/text.ts";
import type {
  Broker,
  BrokerEvents,
  HistoryOptions,
  HistoryRead,
  Order,
  Published,
  PublishOptions,
  ReadFrom,
  ReadOptions,
} from "./broker.ts";
import { isPosition, orderPositions, parseClientPosition } from "./position.ts";
import type { RedisConnection, RedisUser } from "./redis_connection.ts";
import { parseHistory, parseRoomMessage } from "./redis_messages.ts";
import type { RedisNames } from "./redis_names.ts";
import { CHECK_LENGTH, CLEAR, PUBLISH, READ, SEND } from "./redis_scripts.ts";
import { KEY_TTL } from "./room_log.ts";
import { RoomSyncs } from "./room_syncs.ts";
import { type EngineLimit, tooLarge } from "./too_large.ts";

/**
 * How much longer the position of a room is kept than its messages, in milliseconds. Without
 * its position, a client that missed nothing would get a gap.
 */
const META_TTL = 30 * 86_400_000;

/** The longest TTL, in milliseconds. Redis refuses one that is much longer. */
const MAX_TTL = 100 * 365 * 86_400_000;

/** The length of a random epoch, in characters. */
const EPOCH_LENGTH = 17;

/** The length of what is sent before a payload that is not stored, in bytes. */
const MARK_LENGTH = 2;

const PUBLISHING = "Cannot publish";

const READING = "Cannot read the history";

const UNSTORED: Published = { position: null, isDuplicate: false };

/** A broker in Redis. */
export class RedisBroker implements Broker {
  readonly name = "Redis";
  readonly #connection: RedisConnection;
  readonly #names: RedisNames;
  readonly #syncs: RoomSyncs;
  readonly #user: RedisUser;
  #events: BrokerEvents | undefined;

  /**
   * Constructs a `RedisBroker`.
   *
   * @param connection The connection, which the cluster can share
   * @param names The names of the keys and channels
   * @param syncInterval How often each room reads its history, in milliseconds
   */
  constructor(
    connection: RedisConnection,
    names: RedisNames,
    syncInterval: number,
  ) {
    this.#connection = connection;
    this.#names = names;
    // Nothing follows the last publication, so nothing else shows that it was lost.
    this.#syncs = new RoomSyncs(syncInterval, (room) => this.#onStale(room));
    this.#user = {
      onUp: () => Promise.resolve(this.#onStale(undefined)),
      onDown: () => {},
    };
  }

  get limit(): EngineLimit | undefined {
    return this.#connection.limit;
  }

  async start(events: BrokerEvents): Promise<void> {
    await this.#connection.open(this.#user);
    this.#events = events;
    this.#syncs.start();
  }

  async subscribe(room: string): Promise<void> {
    await this.#connection.subscribe(
      this.#names.room(room).live,
      (message) => this.#receive(room, message),
    );
    this.#syncs.add(room);
  }

  async unsubscribe(room: string): Promise<void> {
    this.#syncs.delete(room);
    await this.#connection.unsubscribe(this.#names.room(room).live);
  }

  publish(
    room: string,
    payload: string,
    { history, key }: PublishOptions,
  ): Promise<Published> {
    const problem = this.#lengthProblem(payload);
    if (problem !== undefined) return Promise.reject(problem);
    const known = key && this.#names.key(room, key);
    if (history !== undefined) {
      return this.#store(room, payload, history, known).then(publishedOf);
    }
    const { live } = this.#names.room(room);
    if (known !== undefined) {
      const args = [live, payload, String(KEY_TTL)];
      return this.#connection.evaluate(PUBLISHING, SEND, [known], args)
        .then(publishedOf);
    }
    return this.#connection.run(PUBLISHING, "PUBLISH", live, `M ${payload}`)
      .then(() => UNSTORED);
  }

  async read(
    room: string,
    from: ReadFrom,
    { history, limit, maxBytes }: ReadOptions,
  ): Promise<HistoryRead> {
    const { meta, log } = this.#names.room(room);
    const reply = await this.#connection.evaluate(
      READING,
      READ,
      [meta, log],
      [
        ...[randomEpoch(), limitsOf(history)],
        ...[String(limit), String(maxBytes), ...argumentsOf(from)],
      ],
    );
    return parseHistory(reply) ?? refuse(READING);
  }

  async clear(room: string): Promise<void> {
    const { meta, log, live } = this.#names.room(room);
    await this.#connection.evaluate(
      "Cannot clear the history",
      CLEAR,
      [meta, log],
      [randomEpoch(), live],
    );
  }

  order(a: string, b: string): Order {
    return orderPositions(a, b);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#events = undefined;
    this.#syncs.stop();
    this.#connection.close(this.#user);
    return Promise.resolve();
  }

  /** Redis would end the connection, and with it all other messages. */
  #lengthProblem(payload: string): RangeError | undefined {
    const { limit } = this.#connection;
    if (limit === undefined) return undefined;
    if (fitsInto(payload, limit.value - MARK_LENGTH)) return undefined;
    return tooLarge(byteLength(payload) + MARK_LENGTH, limit);
  }

  #store(
    room: string,
    payload: string,
    history: HistoryOptions,
    known: string | undefined,
  ): Promise<unknown> {
    const { meta, log, live } = this.#names.room(room);
    const keys = [meta, log];
    // The client encodes each argument by itself.
    const args = [live, payload, `${randomPosition()} ${limitsOf(history)}`];
    if (known !== undefined) {
      keys.push(known);
      args.push(String(KEY_TTL));
    }
    return this.#connection.evaluate(PUBLISHING, PUBLISH, keys, args);
  }

  #receive(room: string, text: string): void {
    const message = parseRoomMessage(text);
    if (message === "stale" || message === undefined) this.#onStale(room);
    else this.#events?.onPublication(room, message);
  }

  #onStale(room: string | undefined): void {
    this.#events?.onStale(room);
  }
}

/** The limits of the histories, because each publication needs them. */
const LIMITS = new WeakMap<HistoryOptions, string>();

/**
 * The size, the TTL and the bytes of a history, and the TTL of its position, as the scripts get
 * them.
 */
function limitsOf(history: HistoryOptions): string {
  const known = LIMITS.get(history);
  if (known !== undefined) return known;
  const limits = encodeLimits(history);
  LIMITS.set(history, limits);
  return limits;
}

function encodeLimits({ size, ttl, maxBytes }: HistoryOptions): string {
  const isEndless = ttl > MAX_TTL;
  return [
    limitOf(size),
    isEndless ? "-1" : String(Math.ceil(ttl)),
    limitOf(maxBytes),
    // The stream is kept for an eighth longer.
    isEndless ? "-1" : String(Math.ceil(ttl * 9 / 8) + META_TTL),
  ].join(" ");
}

/** A limit, as the scripts get it; -1 for none. */
function limitOf(limit: number): string {
  return Number.isFinite(limit) ? String(Math.floor(limit)) : "-1";
}

/** Where a read begins, as the script gets it. No history has the epoch of an invalid position. */
function argumentsOf(from: ReadFrom): readonly string[] {
  if ("last" in from) return [String(from.last)];
  const { epoch, offset, check } = parseClientPosition(from.since) ??
    { epoch: "", offset: 0, check: "" };
  return [epoch, String(offset), check];
}

function publishedOf(reply: unknown): Published {
  // Only a duplicate is in an array.
  const isDuplicate = Array.isArray(reply);
  const [position] = isDuplicate ? reply : [reply];
  if (position === "") return { position: null, isDuplicate };
  if (typeof position !== "string" || !isPosition(position)) refuse(PUBLISHING);
  return { position, isDuplicate };
}

function refuse(subject: string): never {
  throw new PublishError(
    `${subject}: the answer of Redis is not one of this version. Check that all servers have the same version, and that no other program uses the same 'prefix'.`,
    "unknown",
  );
}

/** Returns 17 random characters. */
function randomEpoch(): string {
  return crypto.randomUUID().slice(-EPOCH_LENGTH);
}

/** Returns a random check and a random epoch, which have no character of the UUID in common. */
function randomPosition(): string {
  const uuid = crypto.randomUUID();
  return uuid.slice(0, CHECK_LENGTH) + uuid.slice(-EPOCH_LENGTH);
}
