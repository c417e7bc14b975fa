/**
 * The members of one room: which connections are there, and what the server shows about
 * them.
 *
 * @module
 */

import type { JsonObject } from "../common/json.ts";
import {
  encodeMember,
  encodeMemberList,
  type PresenceChanges,
} from "../protocol/room_messages.ts";
import type { RoomIdentity } from "./room_identities.ts";

/** How long changes are collected, in milliseconds. */
const WINDOW = 100;

/** The maximum length of a list of members, in UTF-16 units. */
const MAX_LIST = 262_144;

/** A connection that appears in a room. */
interface Appearance {
  readonly identity: RoomIdentity;
  presence: JsonObject | undefined;
  /** The connection as JSON */
  json: string;
  /** The JSON that the members know; `undefined` if they do not know the connection */
  known: string | undefined;
  /** Removes the connection when the grace period has passed; `undefined` if it is there */
  grace: ReturnType<typeof setTimeout> | undefined;
}

/** A member of a room: a user, or a connection without a user. */
export interface Member {
  /** The public id of the member, which other members see */
  readonly id: string;
  /** The user that its login has named; `undefined` for a connection without a user */
  readonly user: string | undefined;
  /** What the server shows about each of its connections; `undefined` for nothing */
  readonly connections: readonly (JsonObject | undefined)[];
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
  readonly #appearances = new Map<string, Appearance>();
  /** The connections of each member, by the public id of the member */
  readonly #members = new Map<string, Set<Appearance>>();
  /** The connections that are new to the members, or have changed */
  readonly #changed = new Set<Appearance>();
  /** The JSON of the connections that left, as the members know it */
  readonly #gone = new Map<string, string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Constructs a `Presence`. */
  constructor(events: PresenceEvents) {
    this.#events = events;
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
    clearTimeout(appearance.grace);
    appearance.grace = undefined;
    Object.assign(appearance, { presence, json });
    this.#report(appearance);
  }

  /** Removes a connection now. */
  remove({ connection }: RoomIdentity): void {
    const appearance = this.#appearances.get(connection);
    if (appearance === undefined) return;
    clearTimeout(appearance.grace);
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
   * Removes a connection that is lost, unless it comes back.
   *
   * @param grace The time that it has, in milliseconds
   * @param onRemoved Called when it has not come back
   */
  lose(identity: RoomIdentity, grace: number, onRemoved: () => void): void {
    const appearance = this.#appearances.get(identity.connection);
    if (appearance === undefined) return onRemoved();
    clearTimeout(appearance.grace);
    appearance.grace = setTimeout(() => {
      this.remove(identity);
      onRemoved();
    }, grace);
    appearance.grace.unref();
  }

  /** Encodes the members, or only their number if the list is too long. */
  encode(): string {
    const entries: string[] = [];
    let length = 0;
    for (const { json } of this.#appearances.values()) {
      length += json.length + 1;
      if (length > MAX_LIST) return encodeMemberList([], this.count, false);
      entries.push(json);
    }
    return encodeMemberList(entries, this.count, true);
  }

  /** Ends all timers. */
  close(): void {
    clearTimeout(this.#timer);
    for (const { grace } of this.#appearances.values()) clearTimeout(grace);
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
