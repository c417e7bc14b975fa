/**
 * The members of rooms, as applications and other servers see them, and the connections
 * that appear as members.
 *
 * @module
 */

import type { JsonObject } from "../common/json.ts";
import {
  encodeMember,
  type PresenceChanges,
} from "../protocol/success_frames.ts";
import type { RoomIdentity } from "./room_identities.ts";
import type { TimeoutQueue } from "./scheduler.ts";

/** How long a lost connection still appears in its rooms, in milliseconds. */
export const GRACE = 3_000;

/** A connection as other servers learn it. */
export interface Shown {
  readonly identity: RoomIdentity;
  /** What the server shows about it, as JSON; empty for nothing */
  readonly presence: string;
}

/** A member of a room: a user, or a connection without a user. */
export interface Member<Presence = JsonObject> {
  /** The public id of the member, which other members see */
  readonly id: string;
  /** The user that its login has named; `undefined` for a connection without a user */
  readonly user: string | undefined;
  /** What the server shows about each of its connections; `undefined` for nothing */
  readonly connections: readonly (Presence | undefined)[];
}

/** Returns the member that some connections are. */
export function memberOf(appearances: readonly Shown[]): Member {
  const { member, user } = appearances[0]!.identity;
  const connections = appearances.map(({ presence }) =>
    presence === "" ? undefined : JSON.parse(presence)
  );
  return { id: member, user, connections };
}

/** Ends the grace periods of all rooms. A timer for each connection would cost too much. */
export type Graces = TimeoutQueue<() => void>;

/** A connection that appears in a room. A server has very many of them. */
export interface Appearance {
  readonly identity: RoomIdentity;
  /** What the server shows about it, as JSON; empty for nothing */
  presence: string;
  /** Whether it is connected to this server, or was until a moment ago */
  isOwn: boolean;
  /** What another server shows about it; `undefined` if it is on none */
  foreign: string | undefined;
  /** The presence that the members know; `undefined` if they do not know the connection */
  known: string | undefined;
  /** Ends the grace period; `undefined` if the connection is not lost */
  grace: Grace | undefined;
}

/** The time in which a lost connection can come back. */
export interface Grace {
  /** Removes the connection after the grace period */
  readonly end: () => void;
  /** Called when the connection does not appear on this server any more */
  readonly onRemoved: () => void;
}

/** Receives the changes of the members of a room. */
export interface PresenceEvents {
  /** Called with the changes since the last call. */
  onChange(changes: PresenceChanges): void;
  /** Called when the first connection of a member has joined. */
  onJoin(member: Member): void;
  /** Called when the last connection of a member has left. */
  onLeave(member: Member): void;
  /** Called when a connection to this server has appeared, has changed or has left. */
  readonly onOwnChange?: ((connection: string) => void) | undefined;
}

/** Encodes a connection for the list of the members. */
export function encodeEntry({ identity, presence }: Appearance): string {
  const { member, connection } = identity;
  const entry = encodeMember({ member, connection });
  return presence === ""
    ? entry
    : `${entry.slice(0, -1)},"presence":${presence}}`;
}
