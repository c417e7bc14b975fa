/**
 * The decoders of the frames about rooms that a server sends: docs/reference/protocol.md,
 * `rooms`.
 *
 * @module
 */

import { isJsonObject, type Json, type JsonObject } from "../common/json.ts";
import { isRoomName } from "../common/room_name.ts";
import { isWireMessage } from "./message.ts";
import {
  isCount,
  isGapReason,
  isLeftReason,
  isMemberId,
  isMemberSecret,
  isPosition,
  type MemberEntry,
} from "./room_fields.ts";
import type {
  GapFrame,
  JoinedFields,
  JoinedFrame,
  LeftFrame,
  MemberList,
  MembersFrame,
  PresenceFrame,
  PublicationFrame,
  PublishedFrame,
  Recovery,
  RoomAnswer,
  RoomFrame,
} from "./success_frames.ts";

/**
 * Reads a frame about a room.
 *
 * @param id The number of the request; `null` if the frame has none
 * @param kind The key `message` of the frame
 * @param data The data of the frame
 * @returns The frame; `null` if it is invalid, and `undefined` if it is not about a room
 */
export function readRoomFrame(
  id: number | null,
  kind: Json | undefined,
  data: Json | undefined,
): RoomFrame | null | undefined {
  const read = READERS.get(kind);
  if (read === undefined) return undefined;
  return isJsonObject(data) ? read(id, data) : null;
}

type Reader = (id: number | null, data: JsonObject) => RoomFrame | null;

const READERS: ReadonlyMap<Json | undefined, Reader> = new Map<
  Json | undefined,
  Reader
>([
  ["joined", readJoined],
  ["left", readLeft],
  ["published", readPublished],
  ["members", readMembers],
  ["presence", readPresence],
  ["r_newmsg", readPublication],
  ["gap", readGap],
]);

function readJoined(id: number | null, data: JsonObject): JoinedFrame | null {
  const fields = readJoinedFields(data);
  if (fields === null) return null;
  const frame = { kind: "joined", id, ...fields } as const;
  if (data.members === undefined) return frame;
  const members = isJsonObject(data.members) ? readList(data.members) : null;
  return members === null ? null : { ...frame, members };
}

function readJoinedFields(data: JsonObject): JoinedFields | null {
  const { room, position, missed, member, connection, secret, publish } = data;
  const recovery = readRecovery(data);
  if (
    recovery === null || !isRoomName(room) || !isRoomPosition(position) ||
    !isCount(missed) || !isMemberId(member) || !isMemberId(connection) ||
    typeof publish !== "boolean"
  ) return null;
  const fields = { room, position, missed, member, connection, publish };
  if (secret === undefined) return { ...recovery, ...fields };
  return isMemberSecret(secret) ? { ...recovery, ...fields, secret } : null;
}

function readRecovery({ recovered, reason }: JsonObject): Recovery | null {
  if (recovered === true || recovered === null) return { recovered };
  return recovered === false && isGapReason(reason)
    ? { recovered, reason }
    : null;
}

function readLeft(
  id: number | null,
  { room, reason }: JsonObject,
): LeftFrame | null {
  if (!isRoomName(room)) return null;
  if (id !== null) return { kind: "left", id, room };
  return isLeftReason(reason) ? { kind: "left", id, room, reason } : null;
}

function readPublished(
  id: number | null,
  { position, duplicate }: JsonObject,
): PublishedFrame | null {
  return id !== null && isRoomPosition(position) &&
      typeof duplicate === "boolean"
    ? { kind: "published", id, position, duplicate }
    : null;
}

function readMembers(
  id: number | null,
  data: JsonObject,
): MembersFrame | null {
  const members = readList(data);
  return id === null || members === null
    ? null
    : { kind: "members", id, ...members };
}

function readList({ list, count, complete }: JsonObject): MemberList | null {
  const members = readEntries(list);
  return members !== null && isCount(count) && typeof complete === "boolean"
    ? { list: members, count, complete }
    : null;
}

function readPresence(
  id: number | null,
  { room, join, leave, count }: JsonObject,
): PresenceFrame | null {
  const entries = readEntries(join);
  return id === null && isRoomName(room) && entries !== null &&
      Array.isArray(leave) && leave.every(isMemberId) && isCount(count)
    ? { kind: "presence", room, join: entries, leave, count }
    : null;
}

function readEntries(value: Json | undefined): readonly MemberEntry[] | null {
  if (!Array.isArray(value)) return null;
  const entries = value.map(readEntry);
  return entries.every((entry) => entry !== null) ? entries : null;
}

function readEntry(value: Json): MemberEntry | null {
  if (!isJsonObject(value)) return null;
  const { member, connection, presence } = value;
  if (!isMemberId(member) || !isMemberId(connection)) return null;
  if (presence === undefined) return { member, connection };
  return isJsonObject(presence) ? { member, connection, presence } : null;
}

function readPublication(
  number: number | null,
  data: JsonObject,
): PublicationFrame | null {
  const { room, position, from } = data;
  if (
    number !== null || !isRoomName(room) || !isRoomPosition(position) ||
    from !== null && !isMemberId(from) || !isWireMessage(data) ||
    data.replying !== null
  ) return null;
  const { message: name, data: payload, id } = data;
  const message = { message: name, data: payload, id, replying: null };
  return { kind: "publication", room, position, from, message };
}

function readGap(
  id: number | null,
  { room, position, reason }: JsonObject,
): GapFrame | null {
  return id === null && isRoomName(room) && isRoomPosition(position) &&
      isGapReason(reason)
    ? { kind: "gap", room, position, reason }
    : null;
}

/** Whether a value is a position, or `null` for a room that keeps no history. */
function isRoomPosition(value: Json | undefined): value is string | null {
  return value === null || isPosition(value);
}

/** Returns whether a frame of a server is about a room, and does not answer a request. */
export function isRoomEvent<Frame extends { readonly kind: string }>(
  frame: Frame | RoomFrame,
): frame is RoomFrame {
  switch (frame.kind) {
    case "publication":
    case "gap":
    case "presence":
      return true;
    case "joined":
    case "left":
      return (frame as RoomAnswer).id === null;
    default:
      return false;
  }
}
