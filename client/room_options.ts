/**
 * The options, the names and the results of the methods of a room, and their checks.
 *
 * @module
 */

import {
  checkBoolean,
  checkFunction,
  checkKeys,
  checkNumber,
  invalidType,
  type KnownKeys,
  type NumberRange,
} from "../common/check.ts";
import type { JsonObject } from "../common/json.ts";
import {
  checkRequestOptions,
  REQUEST_KEYS,
  type RequestOptions,
} from "../common/request_options.ts";
import { describeMessage, describeRoom } from "../common/text.ts";
import { assertNamed } from "../contract/checks.ts";
import {
  eventsOf,
  publishesOf,
  type RoomEntry,
} from "../contract/room_entry.ts";
import { encodePresence } from "../protocol/encode_room_frames.ts";
import {
  type GapReason,
  isPosition,
  isPublishKey,
  type LeftReason,
  MAX_KEY,
  MAX_LAST,
} from "../protocol/room_fields.ts";

/** Options of `ClientRoom.join`; `Claims` is the type of what the client claims */
export interface JoinOptions<Claims = JsonObject> {
  /**
   * A position that the application has stored, such as the `position` of a message. The
   * server sends the messages after it. If omitted or `null`, the client receives the
   * messages from now on, unless `last` is set.
   */
  readonly since?: string | null | undefined;
  /**
   * How many of the newest messages of the history the server sends, from 0 to 1,000. It
   * cannot be combined with `since`.
   *
   * @default {0}
   */
  readonly last?: number | undefined;
  /**
   * What the client claims about itself, at most 4,096 bytes of JSON. The server decides
   * what the other members see. `false` asks the server not to show this client.
   *
   * @default {null}
   */
  readonly presence?: Claims | null | false | undefined;
  /**
   * Whether the client receives the messages that it publishes itself.
   *
   * @default {true}
   */
  readonly echo?: boolean | undefined;
  /**
   * Whether the client receives the members of the room and their changes.
   *
   * @default {true}
   */
  readonly members?: boolean | undefined;
  /**
   * Called if messages are missing, before the messages after the gap. It stays registered
   * until all callers that share the `ClientRoom` have left the room. To remove it earlier,
   * use `ClientRoom.onGap` instead. If both are omitted, nothing reports the gap.
   *
   * @param gap Why messages are missing
   */
  readonly onGap?: ((gap: RoomGap) => unknown) | undefined;
}

/** What happened to the messages that the client missed before it joined a room */
export interface JoinResult {
  /**
   * Whether all messages since `since` follow; `null` if the client did not ask for them.
   * `false` means that messages are missing: see `onGap`.
   */
  readonly recovered: boolean | null;
  /** How many messages of the history follow */
  readonly missed: number;
}

/** Messages of a room are missing. */
export interface RoomGap {
  /**
   * Why they are missing: the history is too short (`expired`), has started again (`epoch`),
   * has more messages than the server sends at a join (`limit`), the client was too slow
   * (`slow`), or the server lost them (`broker`)
   */
  readonly reason: GapReason;
}

/** Why a client is no longer in a room */
export type RoomEndReason =
  /** `removed` or `closed`: the server has put the client out of the room */
  | LeftReason
  /** The server refused to let the client in again after a reconnect */
  | "refused"
  /** The server rejected the token at a reconnect, and the next token can be another user's */
  | "login"
  /** The connection has ended and does not reconnect */
  | "connection";

/** The client is no longer in a room, although the application has not left it. */
export interface RoomEnd {
  /** Why the client is no longer in the room */
  readonly reason: RoomEndReason;
  /** The error of the server, if it refused to let the client in */
  readonly error?: Error;
}

/** Options of `ClientRoom.publish` */
export interface PublishOptions extends RequestOptions {
  /**
   * The key of the message, 1 to 64 printable characters of ASCII. If this client publishes
   * two messages with the same key within 120 seconds, the server ignores the second one. If
   * omitted, the client makes a key of its own for each message.
   */
  readonly key?: string | undefined;
}

/** The result of `ClientRoom.publish` */
export interface PublishResult {
  /** The position of the message; `null` if the room keeps no history */
  readonly position: string | null;
  /** Whether the server had accepted a message with this key before */
  readonly duplicate: boolean;
}

/** {@linkcode JoinOptions} that were checked; `undefined` for an option that was omitted */
export interface ResolvedJoin {
  readonly since: string | null | undefined;
  readonly last: number | undefined;
  readonly echo: boolean | undefined;
  readonly members: boolean | undefined;
  /** The presence as JSON */
  readonly presence: string | undefined;
}

const JOIN_KEYS: KnownKeys & Record<keyof JoinOptions, true> = {
  since: true,
  last: true,
  presence: true,
  echo: true,
  members: true,
  onGap: true,
};

const PUBLISH_KEYS: KnownKeys & Record<keyof PublishOptions, true> = {
  ...REQUEST_KEYS,
  key: true,
};

const LAST: NumberRange = {
  min: 0,
  max: MAX_LAST,
  integer: true,
  unit: "messages",
};

/**
 * Checks the options of a join.
 *
 * @param subject What could not be done, such as `Cannot join room "chat:1"`
 * @param options The options, as the caller passed them
 *
 * @throws {TypeError} If an option is unknown or invalid, or `since` and `last` are set
 * @throws {RangeError} If `last` is out of range, or the presence is too large
 */
export function resolveJoinOptions(
  subject: string,
  options: JoinOptions = {},
): ResolvedJoin {
  checkKeys(subject, options, JOIN_KEYS);
  const { since, last, presence, echo, members, onGap } = options;
  assertPosition(subject, since);
  checkNumber(subject, "last", last, LAST);
  if (typeof since === "string" && last !== undefined) {
    throw new TypeError(
      `${subject}: 'since' and 'last' cannot be combined. Omit one of them.`,
    );
  }
  checkBoolean(subject, "echo", echo);
  checkBoolean(subject, "members", members);
  checkFunction(subject, "onGap", onGap);
  const claim = presence === undefined ? undefined : encodePresence(presence);
  return { since, last, echo, members, presence: claim };
}

function assertPosition(
  subject: string,
  since: string | null | undefined,
): void {
  if (since === undefined || since === null || isPosition(since)) return;
  throw invalidType(subject, "'since'", "a position of this room", since);
}

/**
 * Checks the options of a publication.
 *
 * @throws {TypeError} If an option is unknown or invalid
 * @throws {RangeError} If the timeout is out of range
 */
export function checkPublishOptions(
  subject: string,
  options: PublishOptions | undefined,
): void {
  if (options === undefined) return;
  checkRequestOptions(subject, options, PUBLISH_KEYS);
  const { key } = options;
  if (key === undefined || isPublishKey(key)) return;
  const needed = `a string of 1 to ${MAX_KEY} printable characters of ASCII`;
  throw invalidType(subject, "'key'", needed, key);
}

/** Checks the names that the application passes, because JavaScript has no compiler. */
export class RoomNames {
  readonly #room: string;
  readonly #entry: RoomEntry | undefined;

  /**
   * Constructs `RoomNames`.
   *
   * @param room The name of the room
   * @param entry What the contract says about the room; without it, every name is allowed
   */
  constructor(room: string, entry: RoomEntry | undefined) {
    this.#room = room;
    this.#entry = entry;
  }

  /**
   * Checks the names of a listener.
   *
   * @throws {TypeError} If the room does not have an event
   */
  assertEvents(names: unknown): void {
    if (this.#entry === undefined || typeof names === "function") return;
    const events = eventsOf(this.#entry);
    for (const name of [names].flat() as string[]) {
      const message = describeMessage(name);
      const subject = `Cannot receive ${message} of ${
        describeRoom(this.#room)
      }`;
      assertNamed(subject, events, name);
    }
  }

  /**
   * Checks the name of a message that the client publishes.
   *
   * @throws {TypeError} If clients cannot publish it
   */
  assertPublishable(name: string): void {
    if (this.#entry === undefined) return;
    const message = describeMessage(name);
    const names = publishesOf(this.#entry).map((each) => [each, true]);
    assertNamed(
      `Cannot publish ${message} to ${describeRoom(this.#room)}`,
      Object.fromEntries(names),
      name,
    );
  }
}
