/**
 * The members of one room: which connections are there, and what the server shows about
 * them.
 *
 * @module
 */

import type { JsonObject } from "../common/json.ts";
import { byteLength } from "../common/text.ts";
import {
  encodeMember,
  encodeMemberList,
  type PresenceChanges,
} from "../protocol/room_messages.ts";
import type { RoomIdentity } from "./room_identities.ts";
import type { TimeoutQueue } from "./scheduler.ts";

/** How long changes are collected, in milliseconds. */
const WINDOW = 100;

/**
 * How many connections get changes per millisecond: 1,000 in each window. In a larger room, the
 * windows are longer, because a single client that changes all the time would otherwise use
 * the whole CPU time.
 */
const PER_MILLISECOND = 10;

/** The maximum length of the entries in a list of members, in bytes of UTF-8. */
const MAX_LIST = 262_144;

/** How long an entry without presence is, in UTF-16 units, roughly. */
const ENTRY = 80;

/** The part of a list that the changes of one window can be as long as. */
const CHANGES_SHARE = 1 / 4;

/** How long a lost connection still appears in its rooms, in milliseconds. */
export const GRACE = 3_000;

/** Ends the grace periods of all rooms. A timer for each connection would cost too much. */
export type Graces = TimeoutQueue<() => void>;

/** Stands for a presence that only a part of the members know. It is no JSON. */
const PENDING = "?";

/** A connection that appears in a room. A server has very many of them. */
interface Appearance {
  readonly identity: RoomIdentity;
  /** What the server shows about it, as JSON; empty for nothing */
  presence: string;
  /** The presence that the members know; `undefined` if they do not know the connection */
  known: string | undefined;
  /** Removes the connection after the grace period; `undefined` if it is not lost */
  grace: (() => void) | undefined;
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

/** Receives the changes of the members of a room. */
export interface PresenceEvents {
  /** Called with the changes since the last call. */
  onChange(changes: PresenceChanges): void;
  /** Called when the first connection of a member has joined. */
  onJoin(member: Member): void;
  /** Called when the last connection of a member has left. */
  onLeave(member: Member): void;
}

/** The members of one room. */
export class Presence {
  readonly #events: PresenceEvents;
  readonly #graces: Graces;
  readonly #maxList: number;
  readonly #appearances = new Map<string, Appearance>();
  /** The number of the connections of each user, by the public id of the member */
  readonly #users = new Map<string, number>();
  #userConnections = 0;
  /** The length of what is shown about all connections, in UTF-16 units */
  #shown = 0;
  /** The connections that are new to the members, or have changed */
  readonly #changed = new Set<Appearance>();
  /** The presence that the members know of the connections that left */
  readonly #gone = new Map<string, string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /**
   * Constructs a `Presence`.
   *
   * @param events Receives the changes
   * @param graces Ends the grace periods, after {@linkcode GRACE}
   * @param maxBuffered How much can wait for a member, in bytes. A list takes at most half
   */
  constructor(
    events: PresenceEvents,
    graces: Graces,
    maxBuffered: number = Infinity,
  ) {
    this.#events = events;
    this.#graces = graces;
    this.#maxList = Math.min(MAX_LIST, maxBuffered / 2);
  }

  /** The number of members */
  get count(): number {
    return this.#appearances.size - this.#userConnections + this.#users.size;
  }

  /** The length of the list of the members, in UTF-16 units, roughly */
  get length(): number {
    const length = ENTRY * this.#appearances.size + this.#shown;
    return Math.min(this.#maxList, length);
  }

  /** The members, the one that joined first at the begin */
  get members(): readonly Member[] {
    const appearances = this.#appearances.values();
    const members = Map.groupBy(appearances, ({ identity }) => identity.member);
    return [...members.values()].map(memberOf);
  }

  /**
   * Shows a connection, or changes what is shown about it.
   *
   * @param identity The connection
   * @param presence What the server shows about it, as JSON; empty for nothing
   */
  show(identity: RoomIdentity, presence: string): void {
    const appearance = this.#appearances.get(identity.connection);
    if (appearance === undefined) return this.#add(identity, presence);
    this.#endGrace(appearance);
    this.#shown += presence.length - appearance.presence.length;
    appearance.presence = presence;
    this.#report(appearance);
  }

  /** Removes a connection now. */
  remove({ connection }: RoomIdentity): void {
    const appearance = this.#appearances.get(connection);
    if (appearance === undefined) return;
    this.#endGrace(appearance);
    this.#appearances.delete(connection);
    this.#shown -= appearance.presence.length;
    this.#changed.delete(appearance);
    if (appearance.known !== undefined) {
      this.#gone.set(connection, appearance.known);
      this.#schedule();
    }
    if (this.#count(appearance, -1) === 0) {
      this.#events.onLeave(memberOf([appearance]));
    }
  }

  /**
   * Removes a connection that is lost after the grace period, unless it comes back.
   *
   * @param identity The connection
   * @param onRemoved Called if it has not come back
   */
  lose(identity: RoomIdentity, onRemoved: () => void): void {
    const appearance = this.#appearances.get(identity.connection);
    if (appearance === undefined) return onRemoved();
    this.#endGrace(appearance);
    const end = () => {
      this.remove(identity);
      onRemoved();
    };
    appearance.grace = end;
    this.#graces.add(end);
  }

  /** Encodes the members. If they are too many, the list is a part of them. */
  encode(): string {
    this.#markPending();
    const entries: string[] = [];
    let length = 0;
    for (const appearance of this.#appearances.values()) {
      const entry = encodeEntry(appearance);
      length += byteLength(entry) + 1;
      if (length > this.#maxList) break;
      entries.push(entry);
    }
    const isComplete = entries.length === this.#appearances.size;
    return encodeMemberList(entries, this.count, isComplete);
  }

  /**
   * Returns how some connections are now, in parts of the length of one window.
   *
   * @param connections The public ids of connections, which can be gone
   */
  changesOf(connections: Iterable<string>): readonly PresenceChanges[] {
    this.#markPending();
    const parts: PresenceChanges[] = [];
    let space = 0;
    let [join, leave]: [string[], string[]] = [[], []];
    for (const connection of connections) {
      if (space <= 0) {
        [join, leave] = [[], []];
        parts.push({ join, leave, count: this.count });
        space = this.#maxList * CHANGES_SHARE;
      }
      const appearance = this.#appearances.get(connection);
      const entry = appearance && encodeEntry(appearance);
      if (entry === undefined) leave.push(connection);
      else join.push(entry);
      space -= byteLength(entry ?? connection) + 3;
    }
    return parts;
  }

  /** Ends all timers, and reports that all members have left. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const { identity } of [...this.#appearances.values()]) {
      this.remove(identity);
    }
  }

  /** Notes that a list has the next changes, which must be reported even if they are undone. */
  #markPending(): void {
    for (const appearance of this.#changed) appearance.known = PENDING;
    for (const connection of this.#gone.keys()) {
      this.#gone.set(connection, PENDING);
    }
  }

  #endGrace(appearance: Appearance): void {
    if (appearance.grace === undefined) return;
    this.#graces.delete(appearance.grace);
    appearance.grace = undefined;
  }

  #add(identity: RoomIdentity, presence: string): void {
    const { connection } = identity;
    // A connection that left and came back within the window has never left.
    const known = this.#gone.get(connection);
    this.#gone.delete(connection);
    const appearance = { identity, presence, known, grace: undefined };
    this.#appearances.set(connection, appearance);
    this.#shown += presence.length;
    this.#report(appearance);
    if (this.#count(appearance, 1) === 1) {
      this.#events.onJoin(memberOf([appearance]));
    }
  }

  /** Counts a connection of a member; returns the number of its connections. */
  #count({ identity: { member, user } }: Appearance, change: 1 | -1): number {
    // Without a user, each connection is a member.
    if (user === undefined) return Math.max(0, change);
    const count = (this.#users.get(member) ?? 0) + change;
    this.#userConnections += change;
    if (count === 0) this.#users.delete(member);
    else this.#users.set(member, count);
    return count;
  }

  /** Reports a connection in the next window, if the members do not know it. */
  #report(appearance: Appearance): void {
    if (appearance.known === appearance.presence) {
      this.#changed.delete(appearance);
    } else {
      this.#changed.add(appearance);
      this.#schedule();
    }
  }

  #schedule(): void {
    if (this.#isClosed) return;
    const window = Math.max(WINDOW, this.#appearances.size / PER_MILLISECOND);
    this.#timer ??= setTimeout(() => this.#flush(), window);
  }

  /** Reports the changes, and those that are too many in the next window. */
  #flush(): void {
    this.#timer = undefined;
    const join: string[] = [];
    const leave: string[] = [];
    let space = this.#maxList * CHANGES_SHARE;
    for (const connection of this.#gone.keys()) {
      if (space <= 0) break;
      space -= connection.length + 3;
      this.#gone.delete(connection);
      leave.push(connection);
    }
    for (const appearance of this.#changed) {
      if (space <= 0) break;
      const entry = encodeEntry(appearance);
      space -= byteLength(entry) + 1;
      appearance.known = appearance.presence;
      this.#changed.delete(appearance);
      join.push(entry);
    }
    if (join.length + leave.length === 0) return;
    if (this.#changed.size + this.#gone.size > 0) this.#schedule();
    this.#events.onChange({ join, leave, count: this.count });
  }
}

function encodeEntry({ identity, presence }: Appearance): string {
  const { member, connection } = identity;
  const entry = encodeMember({ member, connection });
  return presence === ""
    ? entry
    : `${entry.slice(0, -1)},"presence":${presence}}`;
}

function memberOf(appearances: readonly Appearance[]): Member {
  const { member, user } = appearances[0]!.identity;
  const connections = appearances.map(({ presence }) =>
    presence === "" ? undefined : JSON.parse(presence)
  );
  return { id: member, user, connections };
}
