/**
 * The definitions of rooms: which rooms exist, and who can do what in them.
 *
 * @module
 */

import {
  checkFunction,
  checkKeys,
  checkNumber,
  checkObject,
  invalidType,
  TIMEOUT,
} from "../common/check.ts";
import { HoistError } from "../common/errors.ts";
import type { JsonObject } from "../common/json.ts";
import { RoomPattern } from "../common/room_name.ts";
import { quote } from "../common/text.ts";
import type { HistoryOptions } from "../broker/broker.ts";
import type { PresenceClaim } from "../protocol/room_fields.ts";
import type { Client } from "./message.ts";
import type { Member } from "./presence.ts";

/** A room, as the functions of its definition get it. */
export interface RoomInfo {
  /** The name of the room */
  readonly name: string;
  /** The values of the parameters of the pattern */
  readonly params: Readonly<Record<string, string>>;
}

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

/** A message that a client wants to publish. */
export interface PublishRequestInfo extends RoomInfo {
  /** The name of the message */
  readonly message: string;
  /** The data of the message */
  readonly data: JsonObject;
}

/** Options of `Server.defineRoom`. */
export interface RoomOptions {
  /** How many messages are kept. If omitted, none, and nothing is recovered. */
  readonly history?: RoomHistory | undefined;
  /**
   * Decides whether a client can join. It is called at each join, also after a reconnect.
   * Only `true` or an object with rights allows it. If omitted, no client can join by itself.
   * Without `{ history: false }`, a client that can join can read all the history that is kept.
   */
  readonly authorize?:
    | ((
      client: Client,
      room: RoomInfo,
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
      client: Client,
      message: PublishRequestInfo,
    ) => boolean | PromiseLike<boolean>)
    | undefined;
  /**
   * Returns what the server shows about a connection: an object of at most 4,096 bytes of
   * JSON, or `false` to hide it. It cannot return a promise. If the result is invalid or the
   * function throws, the server logs it and shows the member without presence. If omitted, a
   * member consists of its id, unless its client has asked not to appear.
   */
  readonly presence?:
    | ((client: Client, claimed: PresenceClaim) => JsonObject | false)
    | undefined;
  /**
   * Called when the first connection of a member has joined. A user with several connections
   * is one member. A client that `presence` hides is none.
   */
  readonly onJoin?: ((member: Member, room: RoomInfo) => unknown) | undefined;
  /**
   * Called when the last connection of a member has left: at once if it has closed its
   * connection, after 3 seconds if the connection was lost, and when the server closes.
   */
  readonly onLeave?: ((member: Member, room: RoomInfo) => unknown) | undefined;
}

/** The definition of rooms, with all defaults. */
export interface RoomDefinition extends Omit<RoomOptions, "history"> {
  readonly pattern: RoomPattern;
  readonly history: HistoryOptions | undefined;
}

const DEFINE = "Cannot define the room";

const KEYS: Readonly<Record<keyof RoomOptions, true>> = {
  history: true,
  authorize: true,
  publish: true,
  presence: true,
  onJoin: true,
  onLeave: true,
};

const HISTORY = { size: true, ttl: true, maxBytes: true };

const COUNT = { min: 1, max: 100_000, integer: true };

const BYTES = { min: 1, unit: "bytes", infinity: true };

/** Checks the options of a definition, and adds the defaults. */
export function resolveRoom(
  pattern: RoomPattern,
  options: RoomOptions = {},
): RoomDefinition {
  checkKeys(DEFINE, options, KEYS);
  const { authorize, publish, presence, onJoin, onLeave } = options;
  const hooks = { authorize, presence, onJoin, onLeave };
  for (const [name, hook] of Object.entries(hooks)) {
    checkFunction(DEFINE, name, hook);
  }
  if (typeof publish !== "boolean" && typeof publish !== "function") {
    if (publish !== undefined) {
      throw invalidType(
        DEFINE,
        "'publish'",
        "a boolean or a function",
        publish,
      );
    }
  }
  const history = resolveHistory(options.history);
  return { pattern, ...hooks, publish, history };
}

function resolveHistory(
  history: RoomHistory | undefined,
): HistoryOptions | undefined {
  if (history === undefined) return undefined;
  checkObject(DEFINE, "history", history);
  checkKeys(DEFINE, history, HISTORY, "history");
  const { size, ttl = Infinity, maxBytes = 1_048_576 } = history;
  checkNumber(DEFINE, "history.size", size, COUNT);
  checkNumber(DEFINE, "history.ttl", ttl, { ...TIMEOUT, min: 1 });
  checkNumber(DEFINE, "history.maxBytes", maxBytes, BYTES);
  return { size, ttl, maxBytes };
}

/** The definitions of one server. */
export class RoomDefinitions {
  readonly #definitions: RoomDefinition[] = [];

  /**
   * Adds a definition.
   *
   * @param text The name of a room, or a pattern
   * @param options What is kept, and what clients can do
   * @param used The rooms that have members
   *
   * @throws {TypeError} If the pattern or an option is invalid, or it ties with another
   * definition
   * @throws {RangeError} If a number is out of range
   * @throws {HoistError} If a room with members would get another definition
   */
  add(
    text: string,
    options: RoomOptions | undefined,
    used: Iterable<UsedRoom>,
  ): void {
    const pattern = RoomPattern.parse(text);
    for (const { pattern: other } of this.#definitions) {
      if (!pattern.ties(other)) continue;
      throw new TypeError(
        `${DEFINE} ${quote(text)}: it ties with ${
          quote(other.source)
        }, because the same names can match both. Make the part before the first parameter longer, or remove one of them.`,
      );
    }
    const definition = resolveRoom(pattern, options);
    for (const room of used) assertUnaffected(room, pattern);
    this.#definitions.push(definition);
    this.#definitions.sort(mostSpecificFirst);
  }

  /** Finds the definition of a room; `undefined` if no definition allows the room. */
  find(
    name: string,
  ):
    | { readonly definition: RoomDefinition; readonly info: RoomInfo }
    | undefined {
    for (const definition of this.#definitions) {
      const params = definition.pattern.match(name);
      if (params !== undefined) return { definition, info: { name, params } };
    }
  }
}

/** A room that has members. */
interface UsedRoom {
  readonly info: RoomInfo;
  readonly definition: RoomDefinition;
}

/** Checks that a room with members keeps its definition, which its members rely on. */
function assertUnaffected(
  { info: { name }, definition: { pattern: current } }: UsedRoom,
  pattern: RoomPattern,
): void {
  if (pattern.specificity <= current.specificity) return;
  if (pattern.match(name) === undefined) return;
  throw new HoistError(
    `${DEFINE} ${quote(pattern.source)}: the room ${
      quote(name)
    } has members, and another definition. Define all rooms before clients join.`,
  );
}

function mostSpecificFirst(
  { pattern: a }: RoomDefinition,
  { pattern: b }: RoomDefinition,
): number {
  // The difference of two infinities is no number.
  return a.specificity === b.specificity ? 0 : b.specificity - a.specificity;
}
