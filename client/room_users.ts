/**
 * The callers that use one room of a connection.
 *
 * @module
 */

import type { MembersChange } from "./room_members.ts";
import type { RoomMessage } from "./room_message.ts";
import type { RoomEnd, RoomGap } from "./room_options.ts";

/** A caller of a room, such as one hook of a page */
export interface RoomUser {
  /** How often the caller has joined the room, and not left it */
  joins: number;
  /** Whether a listener receives messages of a name */
  hears(name: string): boolean;
  /** Called with each message of the room. */
  onMessage(message: RoomMessage): void;
  /** Called if messages are missing. */
  onGap(gap: RoomGap): void;
  /** Called when members have joined, left or changed. */
  onMembers(change: MembersChange): void;
  /** Called when the client is no longer in the room. */
  onEnd(end: RoomEnd): void;
}

/** Passes on what happens in a room to all of its callers, and counts their joins. */
export class RoomUsers {
  readonly #users = new Set<RoomUser>();

  /** The number of callers */
  get size(): number {
    return this.#users.size;
  }

  /** How often the callers have joined the room together, and not left it */
  get joins(): number {
    let joins = 0;
    for (const user of this.#users) joins += user.joins;
    return joins;
  }

  /** Adds a caller. */
  add(user: RoomUser): void {
    this.#users.add(user);
  }

  /** Removes a caller. */
  delete(user: RoomUser): void {
    this.#users.delete(user);
  }

  /** Forgets the joins of all callers, because the client is not in the room. */
  clearJoins(): void {
    for (const user of this.#users) user.joins = 0;
  }

  /** Whether a listener receives messages of a name */
  hear(name: string): boolean {
    return [...this.#users].some((user) => user.hears(name));
  }

  /** Calls a function with each caller. A callback can add and remove callers. */
  each(callback: (user: RoomUser) => void): void {
    for (const user of [...this.#users]) callback(user);
  }
}
