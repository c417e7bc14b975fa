/**
 * What a client learns when it is in a room: docs/reference/protocol.md, `rooms`.
 *
 * @module
 */

import type { JoinedFields } from "../protocol/room_message_types.ts";
import type { FeedStart } from "./room_feed.ts";
import type { RoomIdentity } from "./room_identities.ts";

/** A client that has joined a room. */
export interface Joined {
  /** The name of the room */
  readonly room: string;
  readonly identity: RoomIdentity;
  /** Whether the client does not have its secret yet */
  readonly needsSecret: boolean;
  /** How many of the missed messages are for the client */
  readonly missed: number;
  readonly canPublish: boolean;
  /** Whether the client has named a position */
  readonly isRecovering: boolean;
}

/** Returns the fields of the answer to a join, besides the members. */
export function joinedFields(
  { room, identity, needsSecret, missed, canPublish, isRecovering }: Joined,
  { from, lost }: FeedStart,
): JoinedFields {
  const { secret, connection, member } = identity;
  const recovery = lost === undefined || !isRecovering
    ? { recovered: isRecovering ? true as const : null }
    : { recovered: false as const, reason: lost };
  const rest = { missed, member, connection, publish: canPublish };
  const secrets = needsSecret ? { secret } : {};
  return { room, position: from, ...recovery, ...rest, ...secrets };
}
