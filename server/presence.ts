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

/** The maximum length of the entries in a list of members, in bytes of UTF-8. */
const MAX_LIST = 262_144;

/** How long a lost connection still appears in its rooms, in milliseconds. */
export const GRACE = 3_000;

/** Ends the grace periods of all rooms. A timer for each connection would cost too much. */
export type Graces = TimeoutQueue<() => void>;

/** A connection that appears in a room. */
interface Appearance {
  readonly identity: RoomIdentity;
  presence: JsonObject | undefined;
  /** The connection as JSON */
  json: string;
  /** The JSON that the members know; `undefined` if they do not know the connection */
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
  readonly #appearances = new Map<string, Appearance>();
  /** The connections of each member, by the public id of the member */
  readonly #members = new Map<string, Set<Appearance>>();
  /** The connections that are new to the members, or have changed */
  readonly #changed = new Set<Appearance>();
  /** The JSON of the connections that left, as the members know it */
  readonly #gone = new Map<string, string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /**
   * Constructs a `Presence`.
   *
   * @param events Receives the changes
   * @param graces Ends the grace periods, after {@linkcode GRACE}
   */
  constructor(events: PresenceEvents, graces: Graces) {
    this.#events = events;
    this.#graces = graces;
  }

  /** The number of members */
  get count(): number {
    return this.#members.size;
  }

  /** The members, the one that joined first at the begin */
  get members(): readonly Member[] {
    return [...this.#members.values()].map(memberOf);
  }

  /** Shows a connection, or changes what is shown about it. */
  show(identity: RoomIdentity, presence: JsonObject | undefined): void {
    const { connection, member } = identity;
    const json = encodeMember({
      member,
      connection,
      ...presence && { presence },
    });
    const appearance = this.#appearances.get(connection);
    if (appearance === undefined) return this.#add(identity, presence, json);
    this.#endGrace(appearance);
    Object.assign(appearance, { presence, json });
    this.#report(appearance);
  }

  /** Removes a connection now. */
  remove({ connection }: RoomIdentity): void {
    const appearance = this.#appearances.get(connection);
    if (appearance === undefined) return;
    this.#endGrace(appearance);
    this.#appearances.delete(connection);
    this.#changed.delete(appearance);
    if (appearance.known !== undefined) {
      this.#gone.set(connection, appearance.known);
      this.#schedule();
    }
    const { member } = appearance.identity;
    const connections = this.#members.get(member)!;
    connections.delete(appearance);
    if (connections.size > 0) return;
    this.#members.delete(member);
    this.#events.onLeave(memberOf(new Set([appearance])));
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
    const entries: string[] = [];
    let length = 0;
    for (const { json } of this.#appearances.values()) {
      length += byteLength(json) + 1;
      if (length > MAX_LIST) break;
      entries.push(json);
    }
    const isComplete = entries.length === this.#appearances.size;
    return encodeMemberList(entries, this.count, isComplete);
  }

  /** Ends all timers, and reports that all members have left. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const { identity } of [...this.#appearances.values()]) {
      this.remove(identity);
    }
  }

  #endGrace(appearance: Appearance): void {
    if (appearance.grace === undefined) return;
    this.#graces.delete(appearance.grace);
    appearance.grace = undefined;
  }

  #add(
    identity: RoomIdentity,
    presence: JsonObject | undefined,
    json: string,
  ): void {
    const { connection, member } = identity;
    // A connection that left and came back within the window has never left.
    const known = this.#gone.get(connection);
    this.#gone.delete(connection);
    const appearance = { identity, presence, json, known, grace: undefined };
    this.#appearances.set(connection, appearance);
    this.#report(appearance);
    const connections = this.#members.get(member);
    if (connections !== undefined) return void connections.add(appearance);
    const first = new Set<Appearance>([appearance]);
    this.#members.set(member, first);
    this.#events.onJoin(memberOf(first));
  }

  /** Reports a connection in the next window, if the members do not know it. */
  #report(appearance: Appearance): void {
    if (appearance.known === appearance.json) {
      this.#changed.delete(appearance);
    } else {
      this.#changed.add(appearance);
      this.#schedule();
    }
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#timer ??= setTimeout(() => this.#flush(), WINDOW);
  }

  #flush(): void {
    this.#timer = undefined;
    const join = [...this.#changed].map((appearance) => {
      appearance.known = appearance.json;
      return appearance.json;
    });
    const leave = [...this.#gone.keys()];
    this.#changed.clear();
    this.#gone.clear();
    if (join.length + leave.length === 0) return;
    this.#events.onChange({ join, leave, count: this.count });
  }
}

function memberOf(connections: ReadonlySet<Appearance>): Member {
  const [first] = connections;
  const { member, user } = first!.identity;
  const presences = [...connections].map(({ presence }) => presence);
  return { id: member, user, connections: presences };
}
