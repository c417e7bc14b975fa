/**
 * A room, as the application of a server uses it.
 *
 * @module
 */

import type { Publication, ReadFrom } from "../broker/broker.ts";
import {
  checkBoolean,
  checkKeys,
  checkNumber,
  checkString,
  invalidType,
  outOfRange,
} from "../common/check.ts";
import { isPublishKey, MAX_KEY } from "../protocol/room_fields.ts";
import { ignorable } from "../common/ignorable.ts";
import type { JsonObject } from "../common/json.ts";
import type { Contract } from "../contract/contract.ts";
import type { DataAndOptions, OpenContract } from "../contract/infer.ts";
import type {
  PresenceOf,
  RoomEventData,
  RoomEventName,
  RoomReceivedData,
} from "../contract/infer_rooms.ts";
import type { BroadcastResult } from "./broadcaster.ts";
import type { Client } from "./message.ts";
import type { Member } from "./member.ts";
import { READ_LIMITS } from "./room_feed.ts";
import { assertRoomEvent } from "./validate.ts";
import { decodeRoomMessage } from "./room_message.ts";
import type { RoomClients } from "./room_clients.ts";
import type { DefinedRoom, Rooms } from "./rooms.ts";

/** Options of `Room.broadcast` */
export interface RoomBroadcastOptions {
  /** The client that does not get the message, not even after a reconnect; by default none */
  readonly except?: Client | undefined;
  /**
   * The key of the message, 1 to 64 printable characters of ASCII. A message whose key was used
   * in the last 120 seconds is not sent again. By default there is none.
   */
  readonly key?: string | undefined;
  /**
   * Whether the counts include the members on all servers. Each server then sends an answer.
   * Without it, the counts are for this server.
   *
   * @default {false}
   */
  readonly ledger?: boolean | undefined;
}

/** Options of `Room.history` */
export interface RoomHistoryOptions {
  /** Returns only messages after this position; by default also the oldest one */
  readonly since?: string | undefined;
  /** The number of the newest messages; cannot be combined with `since` */
  readonly last?: number | undefined;
  /**
   * The maximum number of messages, from 1 to 1,000. If there are more, the newest ones are
   * returned
   *
   * @default {1_000}
   */
  readonly limit?: number | undefined;
}

/** A message in the history of a room */
export interface RoomHistoryMessage<
  Data = JsonObject,
  Name extends string = string,
> {
  /** The name of the message */
  readonly name: Name;
  /** The data of the message */
  readonly data: Data;
  /** The position of the message */
  readonly position: string;
  /** The public id of the member that sent it; `null` for the server */
  readonly from: string | null;
}

/** A message in the history of a room of a contract */
export type HistoryMessageOf<
  Of extends Contract,
  Name,
  Event extends string = RoomEventName<Of, Name>,
> = Event extends unknown
  ? RoomHistoryMessage<RoomReceivedData<Of, Name, Event>, Event>
  : never;

/** The data and the options of `Room.broadcast` */
export type RoomBroadcastArguments<Of extends Contract, Name, Event> =
  DataAndOptions<RoomEventData<Of, Name, Event>, RoomBroadcastOptions>;

const BROADCAST = "Cannot broadcast";

const BROADCAST_OPTIONS = { except: true, key: true, ledger: true };

const HISTORY_OPTIONS = { since: true, last: true, limit: true };

const LIMIT = { min: 1, max: READ_LIMITS.limit, integer: true };

const LAST = { ...LIMIT, min: 0 };

/** Identifies the broadcasts of the application, whose keys no client can use. */
const SERVER = "server";

/**
 * A room of a server, from `Server.room`. `Of` is the type of the contract, and `Name` is the
 * name of the room.
 */
export class Room<
  Of extends Contract = OpenContract,
  Name extends string = string,
> {
  /** The name of the room */
  readonly name: Name;
  readonly #rooms: Rooms;
  readonly #clients: RoomClients;
  readonly #room: DefinedRoom;

  /** @ignore Applications call `Server.room`. */
  constructor(clients: RoomClients, room: DefinedRoom) {
    this.name = room.info.name as Name;
    this.#rooms = clients.rooms;
    this.#clients = clients;
    this.#room = room;
  }

  /**
   * Sends a message to all members.
   *
   * Without a contract:
   * `broadcast(name: string, data?: JsonObject, options?: RoomBroadcastOptions)`.
   *
   * @param name The name of the message
   * @param dataAndOptions The data (by default an empty object), and optionally the client that
   * is excluded, the key, and whether the members on all servers are counted
   * @returns Resolves when every member on this server has received or missed the message. With
   * `latest`, this can take as long as a client reads slowly
   *
   * @throws {PublishError} If the broker did not store the message
   * @throws {TypeError} If the contract does not have the name, the data is not a JSON object, an
   * option is unknown, or `except` is not a client of this server
   * @throws {RangeError} If the message is larger than `limits.maxBuffered` or than the broker
   * accepts, or the key is invalid
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * server.defineRoom("news", { history: { size: 100 } });
   * const { position } = await server.room("news").broadcast("headline", { text: "Hello" });
   * console.log(position);
   * ```
   */
  broadcast<Event extends RoomEventName<Of, Name>>(
    name: Event,
    ...dataAndOptions: RoomBroadcastArguments<Of, Name, Event>
  ): Promise<BroadcastResult> {
    const [data = {}, options = {}] = dataAndOptions;
    const sending = this.#broadcast(name, data as JsonObject, options);
    return this.#rooms.log.ignorable("a broadcast to a room", sending);
  }

  async #broadcast(
    name: string,
    data: JsonObject,
    options: RoomBroadcastOptions,
  ): Promise<BroadcastResult> {
    checkKeys(BROADCAST, options, BROADCAST_OPTIONS);
    const { except: excluded, key } = options;
    const isCounted = checkBoolean(BROADCAST, "ledger", options.ledger);
    if (typeof name !== "string") {
      throw invalidType(BROADCAST, "the name", "a string", name);
    }
    if (key !== undefined) checkKey(key);
    assertRoomEvent(this.#room.definition.entry, this.name, name);
    const except = excluded === undefined
      ? null
      : this.#clients.connectionOf(BROADCAST, "'except'", excluded);
    const { position, delivered, count } = await this.#rooms.publish(
      this.#room,
      {
        ...{ name, data, from: null, publisher: null, except },
        key: key === undefined
          ? undefined
          : { publisher: SERVER, key, isRepeated: false },
      },
    );
    return { ...await (isCounted ? count() : delivered), position };
  }

  /**
   * Returns the members, in the order in which they joined. With the option `broker`, these are
   * the members on all servers if a client of this server is in the room, and otherwise none: see
   * `fetchMembers`.
   *
   * @example
   * ```ts
   * import { connect, serve } from "@hoist/cli";
   * import assert from "node:assert/strict";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * server.defineRoom("lobby", { authorize: () => true });
   * await using connection = await connect("test", { url: server.url });
   * await using _room = await connection.join("lobby");
   * assert.equal(server.room("lobby").members().length, 1);
   * ```
   */
  members(): readonly Member<PresenceOf<Of, Name>>[] {
    const members: readonly Member<unknown>[] =
      this.#rooms.peek(this.name)?.presence.members ?? [];
    return members as readonly Member<PresenceOf<Of, Name>>[];
  }

  /**
   * Returns the members on all servers. It asks the other servers if no client of this one is in
   * the room. The result lacks the members of servers that do not answer within 3 seconds. Each
   * answer has at most 128 KiB.
   *
   * @throws {PublishError} If a client of this server is in the room, and the server cannot get
   * its messages from the broker
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   * import assert from "node:assert/strict";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * server.defineRoom("lobby");
   * assert.deepEqual(await server.room("lobby").fetchMembers(), []);
   * ```
   */
  async fetchMembers(): Promise<readonly Member<PresenceOf<Of, Name>>[]> {
    const members: readonly Member<unknown>[] = await this.#rooms.fetchMembers(
      this.name,
    );
    return members as readonly Member<PresenceOf<Of, Name>>[];
  }

  /**
   * Reads the history.
   *
   * @param options Where to begin, and how much to read
   * @returns The newest messages, the oldest of them first, at most 1 MiB; none in a room without
   * history. Nothing shows whether older ones are missing
   *
   * @throws {PublishError} If the history cannot be read
   * @throws {TypeError} If an option is unknown or invalid, or `since` and `last` are set
   * @throws {RangeError} If a number is out of range
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   * import assert from "node:assert/strict";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * server.defineRoom("news", { history: { size: 100 } });
   * const room = server.room("news");
   * await room.broadcast("headline", { text: "Hello" });
   * const [newest] = await room.history({ last: 1 });
   * assert.deepEqual(newest?.data, { text: "Hello" });
   * ```
   */
  async history(
    options: RoomHistoryOptions = {},
  ): Promise<readonly HistoryMessageOf<Of, Name>[]> {
    const subject = "Cannot read the history";
    checkKeys(subject, options, HISTORY_OPTIONS);
    const { since, last, limit = READ_LIMITS.limit } = options;
    checkString(subject, "since", since);
    checkNumber(subject, "limit", limit, LIMIT);
    checkNumber(subject, "last", last, LAST);
    if (since !== undefined && last !== undefined) {
      throw new TypeError(`${subject}: pass either 'since' or 'last'.`);
    }
    const from = since === undefined ? { last: last ?? limit } : { since };
    const messages: readonly unknown[] = await this.#read(from, limit);
    return messages as readonly HistoryMessageOf<Of, Name>[];
  }

  /**
   * Deletes the history, which begins a new epoch: the members get a gap.
   *
   * @throws {PublishError} If the broker cannot be reached
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   * import assert from "node:assert/strict";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * server.defineRoom("news", { history: { size: 100 } });
   * const room = server.room("news");
   * await room.broadcast("headline", { text: "Hello" });
   * await room.clear();
   * assert.deepEqual(await room.history(), []);
   * ```
   */
  clear(): Promise<void> {
    return ignorable(this.#clear());
  }

  async #clear(): Promise<void> {
    const { history } = this.#room.definition;
    const broker = await this.#rooms.startedBroker();
    await broker.clear(this.name, history);
  }

  async #read(
    from: ReadFrom,
    limit: number,
  ): Promise<readonly RoomHistoryMessage[]> {
    const { history } = this.#room.definition;
    if (history === undefined) return [];
    const { maxBytes } = READ_LIMITS;
    const broker = await this.#rooms.startedBroker();
    const options = { history, limit, maxBytes };
    const { publications } = await broker.read(this.name, from, options);
    return publications.flatMap(toMessage);
  }
}

function checkKey(key: string): void {
  checkString(BROADCAST, "key", key);
  if (isPublishKey(key)) return;
  const needed = `1 to ${MAX_KEY} printable characters of ASCII`;
  throw outOfRange(BROADCAST, "'key'", needed, key);
}

function toMessage(
  { payload, position }: Publication,
): readonly RoomHistoryMessage[] {
  const message = decodeRoomMessage(payload);
  if (message === undefined || position === null) return [];
  const { name, data, from } = message;
  return [{ name, data, position, from }];
}
