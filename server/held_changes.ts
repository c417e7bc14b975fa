/**
 * The changes of the members of a room that a client gets later, after the messages that it
 * missed.
 *
 * @module
 */

import { changedConnections } from "../protocol/room_messages.ts";

/** The maximum number of connections that have changed. */
const MAX_CONNECTIONS = 4_096;

/**
 * The connections that have changed until a client has got the messages that it missed, or a
 * gap. The client then gets only how they are, however often they have changed.
 */
export class HeldChanges {
  readonly connections = new Set<string>();

  /** Whether there were too many, so that the client cannot get all of them */
  get isIncomplete(): boolean {
    return this.connections.size > MAX_CONNECTIONS;
  }

  /** Adds the connections that a frame is about. */
  add(frame: string): void {
    for (const connection of changesIn(frame)) {
      if (this.isIncomplete) return;
      this.connections.add(connection);
    }
  }
}

let last: { readonly frame: string; readonly connections: readonly string[] } =
  { frame: "", connections: [] };

/** Returns the connections that a frame is about. Many clients can get the same frame. */
function changesIn(frame: string): readonly string[] {
  if (last.frame !== frame) {
    last = { frame, connections: changedConnections(frame) };
  }
  return last.connections;
}
