/**
 * The definition of rooms: its options, and what they are with all defaults.
 *
 * @module
 */

import type { HistoryOptions } from "../broker/broker.ts";
import type { RoomPattern } from "../common/room_name.ts";
import type { Contract } from "../contract/contract.ts";
import type { CheckedDataIn, OpenContract } from "../contract/infer.ts";
import type {
  CheckedClaimsOf,
  PresenceOf,
  RoomEventIn,
  RoomIn,
  RoomPublishNameIn,
} from "../contract/infer_rooms.ts";
import type { RoomEntry } from "../contract/room_entry.ts";
import type { NameOf, ParamsOf } from "../contract/rooms_types.ts";
import type { Client } from "./message.ts";
import type { Member } from "./member.ts";

/**
 * A room, as the functions of its definition get it. `Name` is the type of its name, and `Params`
 * is the type of the parameters of its pattern.
 */
export interface RoomInfo<
  Name extends string = string,
  Params = ParamsOf<string>,
> {
  /** The name of the room */
  readonly name: Name;
  /** The values of the parameters of the pattern */
  readonly params: Params;
}

/** A room with a pattern, as the functions of its definition get it */
export type RoomInfoOf<Pattern extends string> = RoomInfo<
  NameOf<Pattern>,
  ParamsOf<Pattern>
>;

/** What a client can do in a room. */
export interface RoomRights {
  /** `false` lets the client join without the history; otherwise it can read all of it */
  readonly history?: false | undefined;
  /** Whether the client can publish; by default as the definition says */
  readonly publish?: boolean | undefined;
}

/** How many messages of a room are kept. */
export interface RoomHistory {
  /** The maximum number of messages, from 1 to 100,000 */
  readonly size: number;
  /**
   * How long a message is kept, in milliseconds, or `Infinity`
   *
   * @default {Infinity}
   */
  readonly ttl?: number | undefined;
  /**
   * The maximum length of all messages together, in bytes of UTF-8
   *
   * @default {1_048_576}
   */
  readonly maxBytes?: number | undefined;
}

/** The message that a client wants to publish, and its room. */
export type PublishRequestInfo<
  Of extends Contract = OpenContract,
  Pattern extends string = string,
> = RoomInfoOf<Pattern> & PublishedIn<RoomIn<Of, Pattern>>;

/** A message that a client wants to publish, as the schema of the contract returns it */
export type PublishedIn<Room, Event = RoomPublishNameIn<Room>> = Event extends
  unknown ? {
    /** The name of the message */
    readonly message: Event;
    /** The data of the message */
    readonly data: CheckedDataIn<RoomEventIn<Room, Event>>;
  }
  : never;

/**
 * Options of `Server.defineRoom`. `Identity` is the type of `client.identity`, `Of` is the type
 * of the contract, `Pattern` is the name or the pattern, and `Data` is the type of `client.data`.
 */
export interface RoomOptions<
  Identity = unknown,
  Of extends Contract = OpenContract,
  Pattern extends string = string,
  Data = unknown,
> {
  /** How many messages are kept. If omitted, none, and nothing is recovered. */
  readonly history?: RoomHistory | undefined;
  /**
   * Decides whether a client can join. It is called at each join, also after a reconnect.
   * Only `true` or an object with rights allows it. If omitted, no client can join by itself.
   * Without `{ history: false }`, a client that can join can read all the history that is kept.
   */
  readonly authorize?:
    | ((
      client: Client<Identity, Of, Data>,
      room: RoomInfoOf<Pattern>,
    ) => boolean | RoomRights | PromiseLike<boolean | RoomRights>)
    | undefined;
  /**
   * Whether members can publish, or a function that decides about each message.
   *
   * @default {false}
   */
  readonly publish?:
    | boolean
    | ((
      client: Client<Identity, Of, Data>,
      message: PublishRequestInfo<Of, Pattern>,
    ) => boolean | PromiseLike<boolean>)
    | undefined;
  /**
   * Returns what the server shows about a connection: an object of at most 4,096 bytes of
   * JSON, or `false` to hide it. It cannot return a promise. If the result is invalid or the
   * function throws, the server logs it and shows the member without presence. If omitted, a
   * member consists of its id, unless its client has asked not to appear.
   */
  readonly presence?:
    | ((
      client: Client<Identity, Of, Data>,
      claimed: CheckedClaimsOf<Of, Pattern> | null | false,
    ) => PresenceOf<Of, Pattern> | false)
    | undefined;
  /**
   * Called when the first connection of a member has joined. A user with several connections
   * is one member. A client that `presence` hides is none.
   */
  readonly onJoin?:
    | ((
      member: Member<PresenceOf<Of, Pattern>>,
      room: RoomInfoOf<Pattern>,
    ) => unknown)
    | undefined;
  /**
   * Called when the last connection of a member has left: at once if it has closed its
   * connection, after 3 seconds if the connection was lost, and when the server closes.
   */
  readonly onLeave?:
    | ((
      member: Member<PresenceOf<Of, Pattern>>,
      room: RoomInfoOf<Pattern>,
    ) => unknown)
    | undefined;
}

/** The definition of rooms, with all defaults. */
export interface RoomDefinition extends Omit<RoomOptions, "history"> {
  readonly pattern: RoomPattern;
  readonly history: HistoryOptions | undefined;
  /** What the contract says about the rooms; `undefined` without a contract */
  readonly entry: RoomEntry | undefined;
}
