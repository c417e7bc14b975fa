/**
 * The fields of the frames of rooms, and their limits: docs/reference/protocol.md, `rooms`.
 *
 * @module
 */

import { isId, isJsonObject, type JsonObject } from "../common/json.ts";
import { fitsInto } from "../common/text.ts";

/** How many kept messages a client can ask for when it joins. */
export const MAX_LAST = 1_000;

/** The largest presence, in bytes of its JSON. */
export const MAX_PRESENCE = 4_096;

/** The longest key of a publication, in characters. */
export const MAX_KEY = 64;

/** The longest position, and the longest id of a member or a connection, in characters. */
export const MAX_OPAQUE = 64;

/** The length of the secret of a member: 128 bits as base64url. */
export const SECRET_LENGTH = 22;

/** Why messages of a room are missing */
export type GapReason =
  /** They are older than the history that the room keeps. */
  | "expired"
  /** The history began anew, so that nothing connects it with the position. */
  | "epoch"
  /** There were more than a client can get at once. */
  | "limit"
  /** The client read too slowly, and the server skipped them. */
  | "slow"
  /** The broker of the server lost them. */
  | "broker";

/** The reasons of a gap. */
export const GAP_REASONS: readonly GapReason[] = [
  "expired",
  "epoch",
  "limit",
  "slow",
  "broker",
];

/** Why the server put a client out of a room */
export type LeftReason =
  /** The application removed the client. */
  | "removed"
  /** The room was closed. */
  | "closed";

/** The reasons why the server puts a client out of a room. */
const LEFT_REASONS: readonly LeftReason[] = ["removed", "closed"];

/**
 * The presence that a client claims: an object, `null` if it claims nothing, and `false` if
 * it asks not to appear
 */
export type PresenceClaim = JsonObject | null | false;

/** A connection of a member, as the other members see it */
export interface MemberEntry {
  /** The public id of the member */
  readonly member: string;
  /** The public id of the connection */
  readonly connection: string;
  /** What the server shows about the connection; absent if this is nothing */
  readonly presence?: JsonObject;
}

const OPAQUE = new RegExp(`^[\\w.-]{1,${MAX_OPAQUE}}$`);

const SECRET = new RegExp(`^[\\w-]{${SECRET_LENGTH}}$`);

const KEY = new RegExp(`^[ -~]{1,${MAX_KEY}}$`);

/**
 * Returns whether a value has the form of a position. Only the broker of the server can
 * read it.
 */
export function isPosition(value: unknown): value is string {
  return typeof value === "string" && OPAQUE.test(value);
}

/** Returns whether a value has the form of the public id of a member or a connection. */
export function isMemberId(value: unknown): value is string {
  return typeof value === "string" && OPAQUE.test(value);
}

/** Returns whether a value has the form of the secret of a member. */
export function isMemberSecret(value: unknown): value is string {
  return typeof value === "string" && SECRET.test(value);
}

/** Returns whether a value can be the key of a publication: 1 to 64 printable characters. */
export function isPublishKey(value: unknown): value is string {
  return typeof value === "string" && KEY.test(value);
}

/** Returns whether a value can be the number of kept messages that a client asks for. */
export function isLast(value: unknown): value is number {
  return isCount(value) && value <= MAX_LAST;
}

/** Returns whether a value counts something: a whole number of at least 0. */
export function isCount(value: unknown): value is number {
  return isId(value) && value >= 0;
}

/** Returns whether a value can be the presence that a client claims. */
export function isPresenceClaim(value: unknown): value is PresenceClaim {
  return value === null || value === false ||
    isJsonObject(value) && isSmallPresence(value);
}

function isSmallPresence(value: JsonObject): boolean {
  try {
    return fitsInto(JSON.stringify(value), MAX_PRESENCE);
  } catch {
    // A client can nest the value deeper than the stack allows.
    return false;
  }
}

/** Returns whether a value is one of the reasons of a gap. */
export function isGapReason(value: unknown): value is GapReason {
  return GAP_REASONS.includes(value as GapReason);
}

/** Returns whether a value is one of the reasons why a server puts a client out of a room. */
export function isLeftReason(value: unknown): value is LeftReason {
  return LEFT_REASONS.includes(value as LeftReason);
}
