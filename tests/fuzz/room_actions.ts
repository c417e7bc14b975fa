/**
 * The actions of a client about rooms, implemented independently from
 * docs/reference/protocol.md, `rooms`.
 *
 * @module
 */

import type { Action, Data } from "./actions.ts";
import { isSendable } from "./json_strings.ts";

/** A frame about a room, which the server answers. */
export interface RoomRequest {
  readonly kind: "room";
  readonly action: "join" | "leave" | "publish" | "members" | "presence";
  readonly id: number;
  readonly room: string;
  /** The other fields, without the defaults */
  readonly data: Data;
}

/** The maximum size of a room name in bytes of UTF-8. */
const MAX_NAME = 200;

/** The maximum size of a presence in bytes of JSON. */
const MAX_PRESENCE = 4_096;

/** The validity of the fields of each action besides the room. */
const VALID: Readonly<
  Record<RoomRequest["action"], (data: Data) => boolean>
> = {
  join: ({ since = null, last = null, echo, members, presence = null }) =>
    (since === null || isPosition(since)) &&
    (last === null || Number.isInteger(last) && last >= 0 && last <= 1_000) &&
    (since === null || last === null) &&
    isFlag(echo) && isFlag(members) && isPresence(presence),
  leave: () => true,
  publish: ({ message, data, key, repeated }) =>
    typeof message === "string" && isObject(data) && isKey(key) &&
    isFlag(repeated),
  members: () => true,
  presence: ({ presence }) => isPresence(presence),
};

const NAMES = ["join", "leave", "publish", "members", "presence"] as const;

/** The actions, by their names. */
export const ROOM_ACTIONS: readonly (readonly [string, Action])[] = NAMES.map(
  (action) => [action, {
    features: ["rooms"],
    carries: true,
    carried: (data) => carriedBy(action, data),
    isValid: (data) => isRoomName(data.room) && VALID[action](data),
    read: (id, { room, ...data }) => ({ kind: "room", action, id, room, data }),
  }],
);

/** Returns the values whose depth is limited. */
function carriedBy(
  action: RoomRequest["action"],
  { data, presence }: Data,
): readonly unknown[] {
  if (action === "publish") return [data];
  return action === "join" || action === "presence" ? [presence] : [];
}

function isRoomName(value: unknown): boolean {
  if (typeof value !== "string") return false;
  const bytes = new TextEncoder().encode(value);
  return bytes.length >= 1 && bytes.length <= MAX_NAME &&
    new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes) === value;
}

/** Reports whether a value has the form of a position, or of a public id. */
export function isPosition(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9_.-]{1,64}$/.test(value);
}

/** Reports whether a value has the form of the secret of a client. */
export function isSecret(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9_-]{22}$/.test(value);
}

function isKey(value: unknown): boolean {
  return typeof value === "string" && /^[\x20-\x7e]{1,64}$/.test(value);
}

function isFlag(value: unknown): boolean {
  return value === undefined || typeof value === "boolean";
}

function isPresence(value: unknown): boolean {
  if (value === null || value === false) return true;
  return isObject(value) && isSendable(value) &&
    new TextEncoder().encode(JSON.stringify(value)).length <= MAX_PRESENCE;
}

function isObject(value: unknown): boolean {
  return Object.prototype.toString.call(value) === "[object Object]";
}
