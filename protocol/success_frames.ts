/**
 * The success frames that a server sends, those about rooms included:
 * docs/reference/protocol.md, "Frames" and `rooms`. Members and lists of members are passed
 * as JSON strings, so that the same member is encoded only once.
 *
 * @module
 */

import type { WireMessage } from "./message.ts";
import type { GapReason, LeftReason, MemberEntry } from "./room_fields.ts";

/** The value of the key `message` of a success frame, which defines the kind of the frame. */
export type SuccessKind =
  | "open"
  | "newmsg"
  | "done"
  | "s_newmsg"
  | "request"
  | "renew"
  | "items"
  | "pong"
  | "joined"
  | "left"
  | "published"
  | "members"
  | "presence"
  | "r_newmsg"
  | "gap"
  | null;

/**
 * Encodes a success of the server.
 *
 * @param id The number of the request; `null` if there is none
 * @param kind What the frame is
 * @param data A JSON string, so that the same data is encoded only once
 */
export function encodeSuccess(
  id: number | null,
  kind: SuccessKind,
  data = "null",
): string {
  const message = kind === null ? "null" : `"${kind}"`;
  return `{"success":true,"data":${data},"error":null,"code":0,"message":${message},"desc":null,"id":${id}}`;
}

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
  // `JSON.stringify` of an object is several times slower.
  const data = `{"room":${JSON.stringify(room)},"position":${
    encodeText(position)
  },"from":${encodeText(from)},${message.slice(1)}`;
  return encodeSuccess(null, "r_newmsg", data);
}

function encodeText(text: string | null): string {
  return text === null ? "null" : JSON.stringify(text);
}

/** Encodes that messages of a room are missing. */
export function encodeGap(
  { room, position, reason }: Omit<GapFrame, "kind">,
): string {
  const data = JSON.stringify({ room, position, reason });
  return encodeSuccess(null, "gap", data);
}

/** The members of a room */
export interface MemberList {
  /** The connections of the members */
  readonly list: readonly MemberEntry[];
  /** The number of all members; a user with two connections counts once */
  readonly count: number;
  /** Whether the list contains all of them, because they are not too many */
  readonly complete: boolean;
}

/** What happened to the messages after the position of a client */
export type Recovery =
  /** The server sends all of them, or the client has asked for none, which is `null` */
  | { readonly recovered: true | null }
  /** Some are missing */
  | { readonly recovered: false; readonly reason: GapReason };

/** What a client learns when it is in a room, besides the members */
export type JoinedFields = Recovery & {
  /** The name of the room */
  readonly room: string;
  /** The position of the room; `null` if it keeps no history */
  readonly position: string | null;
  /** How many of the kept messages follow */
  readonly missed: number;
  /** The public id of the member that the client is */
  readonly member: string;
  /** The public id of the connection */
  readonly connection: string;
  /** The secret by which the server recognizes the member; only at the first join */
  readonly secret?: string;
  /** Whether the client can send messages to the room */
  readonly publish: boolean;
};

/** The client is in a room. Without an id, the server has put it there. */
export type JoinedFrame = JoinedFields & {
  /** The kind of the frame */
  readonly kind: "joined";
  /** The number of the request, or `null` */
  readonly id: number | null;
  /** The members, if the client asked for them */
  readonly members?: MemberList;
};

/** The client is no longer in a room. With a reason, the server has put it out. */
export type LeftFrame =
  & { readonly kind: "left"; readonly room: string }
  & (
    | { readonly id: number }
    | { readonly id: null; readonly reason: LeftReason }
  );

/** The server has accepted a message to a room. */
export interface PublishedFrame {
  /** The kind of the frame */
  readonly kind: "published";
  /** The number of the request */
  readonly id: number;
  /** The position of the message; `null` if the room keeps no history */
  readonly position: string | null;
  /** Whether the server had accepted the message before */
  readonly duplicate: boolean;
}

/** The members of a room, as a client asked for them. */
export interface MembersFrame extends MemberList {
  /** The kind of the frame */
  readonly kind: "members";
  /** The number of the request */
  readonly id: number;
}

/** The members of a room have changed. */
export interface PresenceFrame {
  /** The kind of the frame */
  readonly kind: "presence";
  /** The name of the room */
  readonly room: string;
  /** The connections that are new, or have a new presence */
  readonly join: readonly MemberEntry[];
  /** The public ids of the connections that are gone */
  readonly leave: readonly string[];
  /** The number of all members; a user with two connections counts once */
  readonly count: number;
}

/** A message of a room. */
export interface PublicationFrame {
  /** The kind of the frame */
  readonly kind: "publication";
  /** The name of the room */
  readonly room: string;
  /** The position of the message; `null` if the room keeps no history */
  readonly position: string | null;
  /** The public id of the member that sent it; `null` if the server did */
  readonly from: string | null;
  /** The message */
  readonly message: WireMessage;
}

/** Messages of a room are missing. */
export interface GapFrame {
  /** The kind of the frame */
  readonly kind: "gap";
  /** The name of the room */
  readonly room: string;
  /** The position after the gap; `null` if the room keeps no history */
  readonly position: string | null;
  /** Why they are missing */
  readonly reason: GapReason;
}

/** The answer to a request about a room, or what the server did with a client by itself */
export type RoomAnswer =
  | JoinedFrame
  | LeftFrame
  | PublishedFrame
  | MembersFrame;

/** A frame of a server about a room */
export type RoomFrame =
  | RoomAnswer
  | PresenceFrame
  | PublicationFrame
  | GapFrame;
