/**
 * The members of a room: as the server reports them, and on their way to the callers.
 *
 * @module
 */

import type { JsonObject } from "../common/json.ts";
import type { RequestEncoder } from "../protocol/encode.ts";
import { encodeMembersRequest } from "../protocol/encode_room_frames.ts";
import { isPresenceClaim, type MemberEntry } from "../protocol/room_fields.ts";
import type { MemberList } from "../protocol/success_frames.ts";
import type { RequestEvents } from "./link.ts";
import type { RoomContext } from "./room_context.ts";
import { SingleRequest } from "./room_request.ts";

/** A member of a room: a user, or a connection that belongs to no user */
export interface RoomMember<Presence = JsonObject> {
  /** The public id of the member, which the `from` of its messages contains */
  readonly id: string;
  /**
   * What the server shows about each connection of the member, the oldest connection first;
   * `undefined` for a connection about which the server shows nothing
   */
  readonly connections: readonly (Presence | undefined)[];
  /** What the server shows about the newest connection of the member */
  readonly presence: Presence | undefined;
}

/** How the members of a room have changed */
export interface MembersChange<Presence = JsonObject> {
  /** The members whose first connection has joined the room */
  readonly joined: readonly RoomMember<Presence>[];
  /** The members whose last connection has left the room, as they were before */
  readonly left: readonly RoomMember<Presence>[];
  /** The members that have other connections or another presence than before */
  readonly updated: readonly RoomMember<Presence>[];
}

/** How many connections of a room are kept, because a server can report any number. */
const MAX_CONNECTIONS = 10_000;

/**
 * How many connections of one member are kept, because each change of a connection copies them, and
 * one frame can contain thousands of changes.
 */
const MAX_OF_MEMBER = 1_000;

const TOO_LARGE =
  "ignored a part of the members of a room, because the server sent too many or too large ones";

/** The presence of each connection of one member */
type Connections = ReadonlyMap<string, JsonObject | undefined>;

/** Keeps the members of one room up to date. */
export class RoomMembers {
  readonly #onFault: (what: string) => void;
  readonly #members = new Map<string, RoomMember>();
  /** The connections of each member, by their ids */
  readonly #connections = new Map<
    string,
    Map<string, JsonObject | undefined>
  >();
  /** The id of the member that each connection belongs to */
  readonly #owners = new Map<string, string>();
  #count = 0;
  #isComplete = false;

  /**
   * Constructs `RoomMembers`.
   *
   * @param onFault Called with a sentence if the server reports more than the client keeps
   */
  constructor(onFault: (what: string) => void) {
    this.#onFault = onFault;
  }

  /** The known members by their ids */
  get all(): ReadonlyMap<string, RoomMember> {
    return this.#members;
  }

  /** The number of all members, including those that are not known */
  get count(): number {
    return this.#count;
  }

  /** Whether all members are known */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /**
   * Replaces the members by those of a list.
   *
   * @param list The members; `undefined` if the client did not ask for them
   * @returns What has changed
   */
  reset(list: MemberList | undefined): MembersChange {
    const { list: entries, count, complete } = list ?? NO_MEMBERS;
    const listed = new Set(entries.map(({ connection }) => connection));
    const gone = [...this.#owners.keys()].filter((id) => !listed.has(id));
    this.#isComplete = complete;
    return this.change(entries, gone, count);
  }

  /** Notes that changes are missing, until the next list. */
  invalidate(): void {
    this.#isComplete = false;
  }

  /**
   * Changes the members.
   *
   * @param join The connections that are new, or have a new presence
   * @param leave The ids of the connections that are gone
   * @param count The number of all members
   * @returns What has changed
   */
  change(
    join: readonly MemberEntry[],
    leave: readonly string[],
    count: number,
  ): MembersChange {
    this.#count = count;
    const touched = new Set<string>();
    for (const id of leave) this.#remove(id, touched);
    for (const entry of join) this.#add(entry, touched);
    return this.#update(touched);
  }

  #remove(connection: string, touched: Set<string>): void {
    const owner = this.#owners.get(connection);
    if (owner === undefined) return;
    touched.add(owner);
    this.#owners.delete(connection);
    this.#connections.get(owner)?.delete(connection);
  }

  #add(entry: MemberEntry, touched: Set<string>): void {
    const { member, connection } = entry;
    const owner = this.#owners.get(connection);
    if (owner !== member) this.#remove(connection, touched);
    const connections = this.#connections.get(member) ?? new Map();
    const isFull = this.#owners.size >= MAX_CONNECTIONS ||
      connections.size >= MAX_OF_MEMBER;
    if (isFull && !connections.has(connection)) {
      this.#isComplete = false;
      return this.#onFault(TOO_LARGE);
    }
    touched.add(member);
    this.#owners.set(connection, member);
    // A known connection keeps its place.
    connections.set(connection, this.#presenceOf(entry));
    this.#connections.set(member, connections);
  }

  #presenceOf({ presence }: MemberEntry): JsonObject | undefined {
    if (presence === undefined || isPresenceClaim(presence)) return presence;
    this.#onFault(TOO_LARGE);
    return undefined;
  }

  /** Updates the members whose connections were touched. */
  #update(touched: ReadonlySet<string>): MembersChange {
    const joined: RoomMember[] = [];
    const left: RoomMember[] = [];
    const updated: RoomMember[] = [];
    for (const id of touched) {
      const before = this.#members.get(id);
      const after = this.#replace(id);
      if (before === undefined) after !== undefined && joined.push(after);
      else if (after === undefined) left.push(before);
      else if (!isSame(before, after)) updated.push(after);
    }
    return { joined, left, updated };
  }

  #replace(id: string): RoomMember | undefined {
    const connections = this.#connections.get(id);
    if (connections === undefined || connections.size === 0) {
      this.#connections.delete(id);
      this.#members.delete(id);
      return undefined;
    }
    const member = memberOf(id, connections);
    this.#members.set(id, member);
    return member;
  }
}

const NO_MEMBERS: MemberList = { list: [], count: 0, complete: false };

function memberOf(id: string, connections: Connections): RoomMember {
  const all = [...connections.values()];
  return { id, connections: all, presence: all.at(-1) };
}

/** Whether the connections of a member show the same. Most of them are the same objects. */
function isSame(before: RoomMember, after: RoomMember): boolean {
  const { connections } = before;
  return connections.length === after.connections.length &&
    connections.every((presence, index) => {
      const other = after.connections[index];
      return presence === other ||
        JSON.stringify(presence) === JSON.stringify(other);
    });
}

/** Keeps the members of a room up to date, and reports how they change. */
export class MemberUpdates {
  /** The members that are known */
  readonly members: RoomMembers;
  readonly #onChange: (change: MembersChange) => void;
  readonly #request: SingleRequest;
  readonly #encode: RequestEncoder;
  /** Whether changes were missed after the last request was sent */
  #isOutdated = false;

  /**
   * Constructs `MemberUpdates`.
   *
   * @param room The name of the room
   * @param context The connection
   * @param onChange Called when the members or their number have changed
   */
  constructor(
    room: string,
    context: Pick<RoomContext, "link" | "onFault">,
    onChange: (change: MembersChange) => void,
  ) {
    this.members = new RoomMembers((what) => context.onFault(what));
    this.#onChange = onChange;
    this.#request = new SingleRequest(context, room, "members");
    this.#encode = encodeMembersRequest(room);
  }

  /** Changes the members, and reports the change. */
  change(apply: (members: RoomMembers) => MembersChange): void {
    const { count } = this.members;
    const change = apply(this.members);
    const hasChanged = this.members.count !== count ||
      Object.values(change).some(({ length }) => length > 0);
    if (hasChanged) this.#onChange(change);
  }

  /**
   * Asks for all members, because changes were missed. Until the answer arrives, they are not
   * complete. If the server refuses, they stay incomplete.
   *
   * @param isIn Returns whether the client is still in the room when the answer arrives
   */
  refresh(isIn: () => boolean): void {
    this.members.invalidate();
    // A server can report any number of gaps before it answers.
    this.#isOutdated = this.#request.isPending;
    if (this.#isOutdated) return;
    const onRoomAnswer: RequestEvents["onRoomAnswer"] = (frame) => {
      if (frame.kind === "members" && isIn()) this.#replace(frame);
    };
    const onEnd = () => {
      if (this.#isOutdated && isIn()) this.refresh(isIn);
    };
    this.#request.send(this.#encode, onEnd, { onRoomAnswer });
  }

  #replace(list: MemberList): void {
    this.change((members) => members.reset(list));
    if (this.#isOutdated) this.members.invalidate();
  }
}
