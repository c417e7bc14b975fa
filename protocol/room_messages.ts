/**
 * The frames about rooms that a server sends: docs/reference/protocol.md, `rooms`.
 *
 * Members and lists of members are passed as JSON strings, so that the same member is
 * encoded only once.
 *
 * @module
 */

import { encodeSuccess } from "./encode_success.ts";
import type { LeftReason, MemberEntry } from "./room_fields.ts";
import type {
  GapFrame,
  JoinedFields,
  PresenceFrame,
  PublicationFrame,
} from "./room_message_types.ts";

/** Encodes a connection of a member, for the list of members and their changes. */
export function encodeMember(entry: MemberEntry): string {
  const { member, connection, presence } = entry;
  return JSON.stringify({ member, connection, presence });
}

/**
 * Encodes a list of members.
 *
 * @param members The connections of the members, from {@linkcode encodeMember}
 * @param count The number of all members
 * @param complete Whether the list contains all of them
 */
export function encodeMemberList(
  members: readonly string[],
  count: number,
  complete: boolean,
): string {
  return `{"list":[${
    members.join(",")
  }],"count":${count},"complete":${complete}}`;
}

/**
 * Encodes that a client is in a room.
 *
 * @param id The number of the request; `null` if the server has put the client there
 * @param fields What the client learns
 * @param members The members, from {@linkcode encodeMemberList}; omitted if the client does
 * not want them
 */
export function encodeJoined(
  id: number | null,
  fields: JoinedFields,
  members?: string,
): string {
  const json = JSON.stringify(fields);
  const data = members === undefined
    ? json
    : `${json.slice(0, -1)},"members":${members}}`;
  return encodeSuccess(id, "joined", data);
}

/** Encodes that a client has left a room, as it asked. */
export function encodeLeft(id: number, room: string): string {
  return encodeSuccess(id, "left", JSON.stringify({ room }));
}

/** Encodes that the server has put a client out of a room. */
export function encodePutOut(room: string, reason: LeftReason): string {
  return encodeSuccess(null, "left", JSON.stringify({ room, reason }));
}

/**
 * Encodes that the server has accepted a message of a client to a room.
 *
 * @param id The number of the request
 * @param position The position of the message; `null` if the room keeps no history
 * @param duplicate Whether the server had accepted the message before
 */
export function encodePublished(
  id: number,
  position: string | null,
  duplicate: boolean,
): string {
  const data = JSON.stringify({ position, duplicate });
  return encodeSuccess(id, "published", data);
}

/**
 * Encodes the answer to a client that asked for the members of a room.
 *
 * @param id The number of the request
 * @param members The members, from {@linkcode encodeMemberList}
 */
export function encodeMembers(id: number, members: string): string {
  return encodeSuccess(id, "members", members);
}

/** The changes of the members of a room, already encoded. */
export interface PresenceChanges {
  /** The connections that are new or have changed, from {@linkcode encodeMember} */
  readonly join: readonly string[];
  /** The public ids of the connections that are gone */
  readonly leave: readonly string[];
  /** The number of all members; a user with two connections counts once */
  readonly count: number;
}

/** Encodes the changes of the members of a room. */
export function encodePresenceChanges(
  room: string,
  { join, leave, count }: PresenceChanges,
): string {
  const data = `{"room":${JSON.stringify(room)},"join":[${
    join.join(",")
  }],"leave":${JSON.stringify(leave)},"count":${count}}`;
  return encodeSuccess(null, "presence", data);
}

/** The end of each frame about changes of the members. A JSON string cannot contain it. */
const PRESENCE_END = encodeSuccess(null, "presence", "").split('"data":')[1]!;

/** Returns whether a frame is from {@linkcode encodePresenceChanges}. */
export function isPresenceChanges(frame: string): boolean {
  return frame.endsWith(PRESENCE_END);
}

/**
 * Returns the public ids of the connections that a frame is about.
 *
 * @param frame The frame, from {@linkcode encodePresenceChanges}
 */
export function changedConnections(frame: string): readonly string[] {
  const { join, leave }: PresenceFrame = JSON.parse(frame).data;
  return [...join.map(({ connection }) => connection), ...leave];
}

/**
 * Encodes a message of a room.
 *
 * @param fields The room, the position of the message, and the member that sent it
 * @param message The message object, from `encodeMessage()`
 */
export function encodePublication(
  { room, position, from }: Omit<PublicationFrame, "kind" | "message">,
  message: string,
): string {
  const fields = JSON.stringify({ room, position, from });
  const data = `${fields.slice(0, -1)},${message.slice(1)}`;
  return encodeSuccess(null, "r_newmsg", data);
}

/** Encodes that messages of a room are missing. */
export function encodeGap(
  { room, position, reason }: Omit<GapFrame, "kind">,
): string {
  const data = JSON.stringify({ room, position, reason });
  return encodeSuccess(null, "gap", data);
}
