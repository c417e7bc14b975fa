/**
 * The types of the frames about rooms that a server sends: docs/reference/protocol.md,
 * `rooms`.
 *
 * @module
 */

import type { WireMessage } from "./message.ts";
import type { GapReason, LeftReason, MemberEntry } from "./room_fields.ts";

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
