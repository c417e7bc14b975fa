/**
 * A room of a connection, as the application uses it.
 *
 * @module
 */

import { ignorable } from "../common/ignorable.ts";
import type { JsonObject } from "../common/json.ts";
import type { Listener } from "../common/listeners.ts";
import type { Contract } from "../contract/contract.ts";
import type { DataAndOptions, OpenContract } from "../contract/infer.ts";
import type {
  ClaimsOf,
  ReceivedPresenceOf,
  RoomEventData,
  RoomEventName,
  RoomPublishName,
} from "../contract/infer_rooms.ts";
import type { PresenceClaim } from "../protocol/room_fields.ts";
import type { Callback } from "./callbacks.ts";
import type { MembersChange, RoomMember } from "./room_members.ts";
import type {
  AnyRoomEvent,
  ReceivedRoomEvent,
  RoomMessage,
} from "./room_message.ts";
import type {
  JoinOptions,
  JoinResult,
  PublishOptions,
  PublishResult,
  RoomEnd,
  RoomGap,
} from "./room_options.ts";
import type { Names, RoomUse } from "./room_use.ts";

/** The data and the options of `ClientRoom.publish` */
export type PublishArguments<Of extends Contract, Name, Event> = DataAndOptions<
  RoomEventData<Of, Name, Event>,
  PublishOptions
>;

const NO_MEMBERS: ReadonlyMap<string, RoomMember> = new Map();

/**
 * A room of a connection, from `Connection.room` or `Connection.join`. Register the
 * listeners, and then join the room.
 *
 * After a reconnect, the client joins the room again and first receives the messages that it
 * missed. If the server no longer lets the client in, the room ends: see `onLeft`. `Of` is the
 * type of the contract, and `Name` is the name of the room.
 *
 * @example
 * ```ts
 * import { connect, serve } from "@hoist/cli";
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * server.defineRoom("chat:{id}", {
 *   history: { size: 100 },
 *   authorize: () => true,
 *   publish: true,
 * });
 *
 * await using connection = await connect("test", { url: server.url, reconnect: true });
 * const room = connection.room("chat:1");
 * room.receive("say", (message) => {
 *   console.log(message.from, message.data.text);
 * });
 * await room.join({ last: 50, onGap: () => console.log("messages are missing") });
 * await room.publish("say", { text: "Hello" });
 * ```
 */
export class ClientRoom<
  Of extends Contract = OpenContract,
  Name extends string = string,
> implements AsyncDisposable {
  /** The name of the room */
  readonly name: Name;
  readonly #use: RoomUse;

  /** @ignore Applications call `Connection.room` or `Connection.join`. */
  private constructor(use: RoomUse) {
    this.name = use.name as Name;
    this.#use = use;
  }

  /** @ignore Applications call `Connection.room` or `Connection.join`. */
  static create(use: RoomUse): ClientRoom {
    return new ClientRoom(use);
  }

  /**
   * The members of the room by their ids, kept up to date. Empty before the client has joined
   * the room, with `members: false`, or if the server shows no members.
   */
  get members(): ReadonlyMap<string, RoomMember<ReceivedPresenceOf<Of, Name>>> {
    const members: ReadonlyMap<string, RoomMember<unknown>> =
      this.#use.session?.members.all ?? NO_MEMBERS;
    return members as typeof this.members;
  }

  /** The number of members in the room. A user with two connections counts once. */
  get count(): number {
    return this.#use.session?.members.count ?? 0;
  }

  /** Whether `members` contains all members. Large rooms are not listed completely. */
  get isComplete(): boolean {
    return this.#use.session?.members.isComplete ?? false;
  }

  /**
   * The position of the newest message that has arrived, or `null` if there is none or the
   * room keeps no history. Its content belongs to the server. An application that processes
   * messages later stores the `position` of the last message that it has processed instead.
   */
  get position(): string | null {
    return this.#use.session?.position ?? null;
  }

  /** The public id of this client as a member; `undefined` before the first join */
  get member(): string | undefined {
    return this.#use.member;
  }

  /**
   * Calls a listener with every message of the room.
   *
   * @param listener The listener
   * @returns A `Disposable`: `using` or `[Symbol.dispose]()` removes the listener
   */
  receive(listener: Listener<AnyRoomEvent<Of, Name>>): Disposable;
  /**
   * Calls a listener with each message of a name. A listener stays registered when the client
   * leaves the room, unless the room is from `Connection.join`.
   *
   * @param names The name, or an array of names
   * @param listener The listener. Errors that it throws are logged
   * @returns A `Disposable`: `using` or `[Symbol.dispose]()` removes the listener
   *
   * @throws {TypeError} If a name is not in the contract, or an argument is invalid
   * @throws {HoistError} If the room has ended
   *
   * @example
   * ```ts
   * import { connect, serve } from "@hoist/cli";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * server.defineRoom("chat:{id}", { authorize: () => true });
   *
   * await using connection = await connect("test", { url: server.url });
   * const room = connection.room("chat:1");
   * using _listener = room.receive("say", ({ from, data }) => {
   *   console.log(from, data.text);
   * });
   * await room.join();
   * await server.room("chat:1").broadcast("say", { text: "Hello" });
   * ```
   */
  receive<Event extends RoomEventName<Of, Name>>(
    names: Event | readonly Event[],
    listener: Listener<ReceivedRoomEvent<Of, Name, Event>>,
  ): Disposable;
  receive(
    names: string | readonly string[] | Listener<never>,
    listener?: Listener<never>,
  ): Disposable {
    return this.#use.receive(names as Names, listener as Listener<RoomMessage>);
  }

  /**
   * Joins the room. The first call sends a request. Further calls are counted, and resolve to
   * the same result, but bring no history. The client leaves the room when `leave` was called
   * as often.
   *
   * @param options Optional. Where to start, and who the client claims to be
   * @returns What happened to the messages that the client missed. They arrive next, in order
   *
   * @throws {ResponseError} If the server does not let the client in
   * @throws {FeatureError} If the server has no rooms
   * @throws {ConnectionClosedError} If the connection ends before the response arrives
   * @throws {HoistError} If the room has ended, or the application leaves it before the client
   * has asked to join
   * @throws {TypeError} If an option is invalid, or contradicts that of another caller
   * @throws {RangeError} If `last` or the presence is out of range
   *
   * @example
   * ```ts
   * import { connect, serve } from "@hoist/cli";
   * import assert from "node:assert/strict";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * server.defineRoom("chat:{id}", { history: { size: 100 }, authorize: () => true });
   * await server.room("chat:1").broadcast("say", { text: "Hello" });
   *
   * await using connection = await connect("test", { url: server.url });
   * const room = connection.room("chat:1");
   * room.receive("say", ({ data }) => console.log(data.text));
   * const { missed } = await room.join({ last: 50 });
   * assert.equal(missed, 1);
   * ```
   */
  join(options?: JoinOptions<ClaimsOf<Of, Name>>): Promise<JoinResult> {
    return ignorable(this.#use.join(options as JoinOptions));
  }

  /**
   * Publishes a message to all members of the room. If the connection is lost before the
   * response arrives, the client sends the message again after the reconnect, and the server
   * ignores a duplicate. The client does not do this after 120 seconds, or if the server does
   * not recognize the client. The message then counts as unknown.
   *
   * Without a contract: `publish(name: string, data?: JsonObject, options?: PublishOptions)`.
   *
   * @param name The name of the message
   * @param dataAndOptions The data (by default an empty object) and the options: the key of the
   * message, a timeout and a signal
   * @returns The position of the message, and whether it was a duplicate
   *
   * @throws {PublishError} If the message was not published (`outcome` is `none`), or it is
   * not known whether it was (`unknown`)
   * @throws {HoistError} If the room has ended
   * @throws {ResponseError} If the client is not allowed to publish, or the data does not match
   * its schema
   * @throws {TimeoutError} If no response arrives within `timeout`
   * @throws {BufferFullError} If too much data waits in the client: `maxBuffered`
   * @throws {TypeError} If clients cannot publish the name according to the contract, the data
   * is not a JSON object, or an option is invalid
   * @throws {RangeError} If the data is larger than the server accepts. Nothing is sent
   *
   * @example
   * ```ts
   * import { connect, serve } from "@hoist/cli";
   * import assert from "node:assert/strict";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * server.defineRoom("chat:{id}", { authorize: () => true, publish: true });
   *
   * await using connection = await connect("test", { url: server.url, reconnect: true });
   * await using room = await connection.join("chat:1");
   * const { duplicate } = await room.publish("say", { text: "Hello" }, { key: "m-1" });
   * assert.equal(duplicate, false);
   * ```
   */
  publish<Event extends RoomPublishName<Of, Name>>(
    name: Event,
    ...dataAndOptions: PublishArguments<Of, Name, Event>
  ): Promise<PublishResult> {
    const [data, options] = dataAndOptions;
    return ignorable(this.#use.publish(name, data as JsonObject, options));
  }

  /**
   * Changes what this client claims about itself. The client claims it again after a
   * reconnect.
   *
   * @param presence An object of at most 4,096 bytes of JSON, `null` to claim nothing, or
   * `false` to ask the server not to show this client
   * @returns Resolves when the server has accepted this claim or a newer one
   *
   * @throws {ResponseError} If the server refuses the claim
   * @throws {HoistError} If the client is not in the room
   * @throws {TypeError} If the presence is invalid
   * @throws {RangeError} If the presence is too large
   *
   * @example
   * ```ts
   * import { connect, serve } from "@hoist/cli";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * server.defineRoom("chat:{id}", {
   *   authorize: () => true,
   *   presence: (_client, claimed) => ({ status: claimed && claimed.status }),
   * });
   *
   * await using connection = await connect("test", { url: server.url });
   * await using room = await connection.join("chat:1");
   * room.onMembers(({ updated }) => {
   *   for (const { id, presence } of updated) console.log(id, presence?.status);
   * });
   * await room.setPresence({ status: "away" });
   * ```
   */
  setPresence(presence: ClaimsOf<Of, Name> | null | false): Promise<void> {
    return ignorable(this.#use.setPresence(presence as PresenceClaim));
  }

  /**
   * Calls a listener when members join, leave or change. The members that are in the room
   * when the client joins count as joined. If `members` is not complete, possibly only `count`
   * has changed.
   *
   * @param listener The listener. Errors that it throws are logged
   * @returns A `Disposable` that removes the listener
   *
   * @throws {TypeError} If the listener is not a function
   * @throws {HoistError} If the room has ended
   */
  onMembers(
    listener: Callback<MembersChange<ReceivedPresenceOf<Of, Name>>>,
  ): Disposable {
    return this.#use.listenToMembers(listener as Callback<MembersChange>);
  }

  /**
   * Calls a listener if messages of the room are missing, before the messages after the gap.
   *
   * @param listener The listener. Errors that it throws are logged
   * @returns A `Disposable` that removes the listener
   *
   * @throws {TypeError} If the listener is not a function
   * @throws {HoistError} If the room has ended
   */
  onGap(listener: Callback<RoomGap>): Disposable {
    return this.#use.listenToGaps(listener);
  }

  /**
   * Calls a listener when the client is no longer in the room although it did not leave, for
   * example because the server has removed it. The room cannot be used any more.
   * `Connection.room` then returns another one.
   *
   * @param listener The listener. Errors that it throws are logged
   * @returns A `Disposable` that removes the listener
   *
   * @throws {TypeError} If the listener is not a function
   * @throws {HoistError} If the room has ended
   */
  onLeft(listener: Callback<RoomEnd>): Disposable {
    return this.#use.listenToEnd(listener);
  }

  /**
   * Undoes one `join`. The client leaves the room when no caller needs it. Without a join,
   * this has no effect.
   *
   * @returns Resolves when the client has left the room, or when another caller needs it
   */
  leave(): Promise<void> {
    return ignorable(this.#use.leave());
  }

  /** Undoes one `join` at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }
}
