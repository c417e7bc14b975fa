/**
 * The members of one room: which connections are there, and what the server shows about
 * them.
 *
 * @module
 */

import { byteLength } from "../common/text.ts";
import {
  encodeMemberList,
  type PresenceChanges,
} from "../protocol/success_frames.ts";
import {
  type Appearance,
  encodeEntry,
  type Graces,
  type Member,
  memberOf,
  type PresenceEvents,
  type Shown,
} from "./member.ts";
import type { RoomIdentity } from "./room_identities.ts";

export type { Graces } from "./member.ts";

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

/** Stands for a presence that only a part of the members know. It is no JSON. */
const PENDING = "?";

/** The members of one room. */
export class Presence {
  readonly #events: PresenceEvents;
  readonly #graces: Graces;
  readonly #maxList: number;
  readonly #appearances = new Map<string, Appearance>();
  /** The number of the connections of each user, by the public id of the member */
  readonly #users = new Map<string, number>();
  #userConnections = 0;
  /** The number of the connections to this server */
  #own = 0;
  /** The members that `onJoin` was not called for, while the other servers are asked */
  #heldJoins: Set<string> | undefined;
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

  /** The number of connections that appear */
  get size(): number {
    return this.#appearances.size;
  }

  /** Whether no connection to this server appears */
  get hasNoOwn(): boolean {
    return this.#own === 0;
  }

  /** The connections to this server, as other servers learn them */
  *own(): Iterable<Shown> {
    for (const each of this.#appearances.values()) if (each.isOwn) yield each;
  }

  /** Returns a connection to this server; `undefined` if it does not appear. */
  findOwn(connection: string): Shown | undefined {
    const found = this.#appearances.get(connection);
    return found?.isOwn ? found : undefined;
  }

  /** The length of the list of the members, in UTF-16 units, roughly */
  get length(): number {
    const length = ENTRY * this.#appearances.size + this.#shown;
    return Math.min(this.#maxList, length);
  }

  /** The members, in the order in which they joined */
  get members(): readonly Member[] {
    const appearances = this.#appearances.values();
    const members = Map.groupBy(appearances, ({ identity }) => identity.member);
    return [...members.values()].map(memberOf);
  }

  /**
   * Shows a connection to this server, or changes what is shown about it.
   *
   * @param identity The connection
   * @param presence What the server shows about it, as JSON; empty for nothing
   */
  show(identity: RoomIdentity, presence: string): void {
    const appearance = this.#appearances.get(identity.connection);
    if (appearance === undefined) this.#add(identity, presence, true);
    else this.#takeOver(appearance, presence);
    this.#events.onOwnChange?.(identity.connection);
  }

  /**
   * Shows a connection to another server. It changes nothing while a connection to this server
   * with the same id is open.
   */
  showForeign({ identity, presence }: Shown): void {
    // The other server has called `onJoin`.
    this.#heldJoins?.delete(identity.member);
    const appearance = this.#appearances.get(identity.connection);
    if (appearance === undefined) return this.#add(identity, presence, false);
    appearance.foreign = presence;
    if (!appearance.isOwn) this.#change(appearance, presence);
    else if (appearance.grace !== undefined) this.#handOver(appearance);
  }

  /** Removes a connection to this server now. */
  remove({ connection }: RoomIdentity, isReporter = true): void {
    const appearance = this.#appearances.get(connection);
    if (!appearance?.isOwn) return;
    if (appearance.foreign !== undefined) return this.#handOver(appearance);
    this.#delete(appearance, isReporter);
    this.#events.onOwnChange?.(connection);
  }

  /**
   * Removes a connection to another server.
   *
   * @param connection The public id of the connection
   * @param isReporter Whether this server reports that the member has left
   */
  removeForeign(connection: string, isReporter: boolean): void {
    const appearance = this.#appearances.get(connection);
    if (appearance === undefined) return;
    appearance.foreign = undefined;
    if (!appearance.isOwn) this.#delete(appearance, isReporter);
  }

  /**
   * Removes a connection to this server that is lost after the grace period, unless it comes
   * back, here or to another server.
   *
   * @param identity The connection
   * @param onRemoved Called when it does not appear on this server any more
   */
  lose(identity: RoomIdentity, onRemoved: () => void): void {
    const appearance = this.#appearances.get(identity.connection);
    if (!appearance?.isOwn) return onRemoved();
    this.#endGrace(appearance);
    const end = () => {
      this.remove(identity);
      onRemoved();
    };
    appearance.grace = { end, onRemoved };
    if (appearance.foreign !== undefined) this.#handOver(appearance);
    else this.#graces.add(end);
  }

  /**
   * Calls `onJoin` later, because the members of the other servers are not known yet.
   *
   * @returns Calls it for the members that are on no other server
   */
  holdJoins(): () => void {
    const held = this.#heldJoins = new Set<string>();
    return () => {
      this.#heldJoins = undefined;
      if (held.size > 0) this.#reportJoins(held);
    };
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

  /**
   * Ends all timers, and reports that all members of this server have left.
   *
   * @param isReporter Whether no other server reports it
   */
  close(isReporter = true): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const { identity } of [...this.own()]) {
      this.remove(identity, isReporter);
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
    this.#graces.delete(appearance.grace.end);
    appearance.grace = undefined;
  }

  #add(identity: RoomIdentity, presence: string, isOwn: boolean): void {
    const { connection } = identity;
    // A connection that left and came back within the window has never left.
    const known = this.#gone.get(connection);
    this.#gone.delete(connection);
    const foreign = isOwn ? undefined : presence;
    const appearance = {
      ...{ identity, presence, isOwn, foreign, known, grace: undefined },
    };
    this.#appearances.set(connection, appearance);
    this.#own += Number(isOwn);
    this.#shown += presence.length;
    this.#report(appearance);
    const isFirst = this.#count(appearance, 1) === 1;
    if (!isFirst || !isOwn) return;
    if (this.#heldJoins !== undefined) this.#heldJoins.add(identity.member);
    else this.#events.onJoin(memberOf([appearance]));
  }

  #change(appearance: Appearance, presence: string): void {
    this.#shown += presence.length - appearance.presence.length;
    appearance.presence = presence;
    this.#report(appearance);
  }

  #setOwn(appearance: Appearance, isOwn: boolean): void {
    this.#own += Number(isOwn) - Number(appearance.isOwn);
    appearance.isOwn = isOwn;
  }

  #takeOver(appearance: Appearance, presence: string): void {
    this.#endGrace(appearance);
    this.#setOwn(appearance, true);
    this.#change(appearance, presence);
  }

  /** Notes that a connection has come back to another server. */
  #handOver(appearance: Appearance): void {
    const { grace, foreign, identity } = appearance;
    this.#endGrace(appearance);
    this.#setOwn(appearance, false);
    this.#change(appearance, foreign!);
    this.#events.onOwnChange?.(identity.connection);
    // The room can close now.
    grace?.onRemoved();
  }

  #delete(appearance: Appearance, isReporter: boolean): void {
    const { identity: { connection, member }, known } = appearance;
    this.#endGrace(appearance);
    this.#appearances.delete(connection);
    this.#setOwn(appearance, false);
    this.#shown -= appearance.presence.length;
    this.#changed.delete(appearance);
    if (known !== undefined) {
      this.#gone.set(connection, known);
      this.#schedule();
    }
    const isLast = this.#count(appearance, -1) === 0;
    // A member that `onJoin` was not called for has not left.
    if (!isLast || this.#heldJoins?.delete(member)) return;
    if (isReporter) this.#events.onLeave(memberOf([appearance]));
  }

  #reportJoins(held: ReadonlySet<string>): void {
    const isHeld = ({ identity }: Appearance) => held.has(identity.member);
    const appearances = [...this.#appearances.values()].filter(isHeld);
    const members = Map.groupBy(appearances, ({ identity }) => identity.member);
    for (const connections of members.values()) {
      this.#events.onJoin(memberOf(connections));
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
