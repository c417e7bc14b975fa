/**
 * The rooms of one client: joins and leaves them, as the client or the server wants.
 *
 * @module
 */

import { isPromiseLike } from "../common/async.ts";
import type { CloseInfo } from "../protocol/close.ts";
import type { LeftReason, PresenceClaim } from "../protocol/room_fields.ts";
import type { JoinRequest } from "../protocol/room_frames.ts";
import { encodeJoined, encodePutOut } from "../protocol/success_frames.ts";
import type { RoomTransport } from "./connection_rooms.ts";
import type { FeedStart } from "./feed_start.ts";
import {
  JoinDecisions,
  joinedFields,
  PresenceClaims,
} from "./join_decisions.ts";
import type { Client } from "./message.ts";
import { ListSpace, ReadBudget, Recoveries } from "./read_budget.ts";
import { forbidden, overtaken } from "./room_errors.ts";
import type { RoomIdentity } from "./room_identities.ts";
import type { MemberHost } from "./missed_messages.ts";
import { RoomMember } from "./room_member.ts";
import type { RoomRights } from "./room_options.ts";
import {
  canPublish,
  checkClaim,
  NOTHING,
  presenceOf,
  rightsOf,
  wantedOf,
} from "./room_rights.ts";
import type { DefinedRoom, Rooms } from "./rooms.ts";
import type { FairScheduler } from "./scheduler.ts";
import { SlowRooms } from "./waiting_events.ts";

/** The end of a connection that comes back as another client, or not at all. */
const FINAL_CODES: ReadonlySet<number> = new Set([1000, 1008]);

/** What the rooms of a client need of its connection. */
export interface RoomClientParts {
  readonly client: Client;
  readonly transport: RoomTransport;
  readonly scheduler: FairScheduler;
  /** The secret that the client has returned */
  readonly secret: string | undefined;
}

/** What a client can do in a room, and what it claims about itself. */
interface Admitted {
  readonly rights: RoomRights;
  readonly claimed: PresenceClaim;
}

/** The rooms of one client. */
export class RoomClient implements MemberHost {
  readonly client: Client;
  readonly transport: RoomTransport;
  readonly scheduler: FairScheduler;
  readonly identity: RoomIdentity;
  readonly #rooms: Rooms;
  readonly #members = new Map<string, RoomMember>();
  readonly #decisions: JoinDecisions;
  /** The rooms that the application puts the client into */
  readonly #puts = new Map<string, Promise<void>>();
  /** How much the client can make the server read */
  readonly budget: ReadBudget = new ReadBudget();
  /** How much the client can be sent about the members of its rooms */
  readonly lists: ListSpace;
  readonly slow: SlowRooms;
  readonly #recoveries = new Recoveries();
  readonly #claims = new PresenceClaims();
  #hasSecret: boolean;
  /** Whether the client does not come back as the same member */
  #isFinal = false;
  #isClosed = false;

  /** Constructs a `RoomClient`. */
  constructor(rooms: Rooms, parts: RoomClientParts) {
    const { client, transport, scheduler, secret } = parts;
    this.client = client;
    this.transport = transport;
    this.scheduler = scheduler;
    this.lists = new ListSpace(transport);
    this.slow = new SlowRooms(transport);
    this.#rooms = rooms;
    this.#decisions = new JoinDecisions(this.#members);
    this.identity = rooms.identities.claim(this, client.user, secret);
    this.#hasSecret = this.identity.isRecognized;
  }

  /** The names of the rooms that the client is in */
  get names(): readonly string[] {
    return [...this.#members.keys()];
  }

  /** Returns the membership in a room; `undefined` if the client is not in it. */
  member(name: string): RoomMember | undefined {
    return this.#members.get(name);
  }

  /** Sends what was sent to the rooms of the client before. */
  catchUp(): void {
    if (!this.#rooms.isBusy) return;
    for (const member of this.#members.values()) {
      member.room.broadcaster.catchUp(member);
    }
  }

  onRead(units: number): void {
    this.budget.take(units);
  }

  onReplaced(): void {
    this.transport.close(1001, "replaced by a new connection");
  }

  /** Ends the connection, because it belongs to another user now. */
  onUserChanged(): void {
    this.#isFinal = true;
    this.#rooms.identities.forget(this.identity);
    this.transport.close(1001, "the user has changed");
  }

  /**
   * Joins a room, as the client asks.
   *
   * @returns Resolves when the client has got the messages that it missed
   *
   * @throws {RequestError} If the client is not allowed to join, or is in too many rooms
   * @throws {PublishError} If the history cannot be read
   */
  async join(request: JoinRequest): Promise<void> {
    // Before the others, so that a client at the limit cannot find out which rooms exist.
    this.#decisions.assertPlaceFor(request.room);
    const found = this.#rooms.find(request.room);
    if (found?.definition.authorize === undefined) {
      throw forbidden("no definition lets clients join the room");
    }
    await this.#decisions.run(request, () => this.#join(found, request));
  }

  async #join(found: DefinedRoom, request: JoinRequest): Promise<void> {
    const decision = await this.#decide(found, request);
    // Nothing is awaited before the client is in the room: it could leave meanwhile.
    const { rights, claimed } = this.#admit(request, decision);
    const member = this.#enter(found);
    member.canPublish = canPublish(found.definition, rights);
    this.#show(member, claimed);
    let isAnswered = false;
    await this.#recover(member, request, rights, (start) => {
      isAnswered = true;
      const { since } = request;
      const isDenied = rights.history === false && since !== null;
      const lost = isDenied ? member.room.feed.lostSince(since) : start.lost;
      this.#answer(member, request, { ...start, lost });
    });
    if (!isAnswered && !this.#isClosed) throw overtaken();
  }

  /**
   * Leaves a room, as the client asks.
   *
   * @throws {RequestError} If the server has put the client into the room
   */
  leave(name: string): void {
    // A join that was sent before must not succeed after this.
    this.#decisions.abandon(name);
    const member = this.#members.get(name);
    if (member === undefined) return;
    if (member.isByServer) {
      throw forbidden("the server has put the client there");
    }
    this.#exit(member);
  }

  /** Puts the client into a room, as the application asks. */
  async put(found: DefinedRoom): Promise<void> {
    const { name } = found.info;
    const known = this.#members.get(name);
    if (known?.isByServer) return await this.#puts.get(name);
    const putting = this.#put(found, known === undefined);
    this.#puts.set(name, putting);
    try {
      await putting;
    } finally {
      if (this.#puts.get(name) === putting) this.#puts.delete(name);
    }
  }

  /** Puts the client out of a room, as the application asks. */
  putOut(name: string, reason: LeftReason = "removed"): void {
    this.#decisions.abandon(name);
    const member = this.#members.get(name);
    if (member === undefined) return;
    this.#exit(member);
    if (!member.isPlain) this.transport.send(encodePutOut(name, reason));
  }

  /**
   * Changes what the client claims about itself.
   *
   * @throws {RequestError} If the claim does not match its schema
   */
  async claim(member: RoomMember, claimed: PresenceClaim): Promise<void> {
    const { info, definition: { entry } } = member.room;
    const show = (checked: PresenceClaim) => this.#show(member, checked);
    const checking = checkClaim(entry, claimed);
    if (!isPromiseLike(checking)) return show(checking);
    await this.#claims.check(info.name, checking, show);
  }

  /** Shows the client to the other members, as the application decides. */
  #show({ room }: RoomMember, claimed: PresenceClaim): void {
    const { definition, info, presence } = room;
    const { client, transport: { log } } = this;
    this.#claims.drop(info.name);
    const shown = presenceOf({ client, log, info, definition }, claimed);
    // The function of the application can have closed the connection.
    if (this.#members.get(info.name)?.room !== room) return;
    if (shown === false) presence.remove(this.identity);
    else presence.show(this.identity, shown);
  }

  /** Called when the connection has ended. */
  close({ code }: CloseInfo): void {
    this.#isClosed = true;
    this.#isFinal ||= FINAL_CODES.has(code);
    this.#decisions.abandon();
    const members = [...this.#members.values()];
    this.#members.clear();
    for (const member of members) {
      this.#end(member);
      this.#hide(member);
      this.#rooms.release(member.room);
    }
    this.#rooms.identities.release(this, this.identity);
  }

  /** Ends a membership, and the check of what the client claims there. */
  #end(member: RoomMember): void {
    member.stop();
    this.#claims.drop(member.room.info.name);
  }

  /** Removes the client from the members of a room whose connection has ended. */
  #hide({ room }: RoomMember): void {
    if (this.#isFinal) return room.presence.remove(this.identity);
    room.presence.lose(this.identity, () => this.#rooms.release(room));
  }

  /** Asks the application what the client can do in a room, and checks what it claims. */
  #decide(
    { info, definition }: DefinedRoom,
    request: JoinRequest,
  ): Promise<() => Admitted> {
    // Without `this`.
    const authorize = definition.authorize!;
    return this.#decisions.decide(request, async () => {
      const rights = rightsOf(await authorize(this.client, info));
      // A client without the right must not find out what the room accepts.
      const claimed = await checkClaim(definition.entry, request.presence);
      return { rights, claimed };
    });
  }

  #admit(request: JoinRequest, decision: () => Admitted): Admitted {
    try {
      return decision();
    } catch (error) {
      // The later join decides whether the client stays in the room.
      if (this.#decisions.isLatest(request)) this.#refuse(request.room);
      throw error;
    }
  }

  /** Removes the client from a room that it is no longer allowed to join. */
  #refuse(name: string): void {
    const member = this.#members.get(name);
    if (member?.isByServer) return;
    if (member !== undefined) return this.#exit(member);
    // The client can still appear there after it has lost its connection.
    const room = this.#rooms.peek(name);
    room?.presence.remove(this.identity);
    if (room !== undefined) this.#rooms.release(room);
  }

  #enter(found: DefinedRoom): RoomMember {
    const { name } = found.info;
    const known = this.#members.get(name);
    if (known !== undefined) return known;
    if (this.#members.size === 0) this.transport.rooms = this;
    const member = new RoomMember(this.#rooms.open(found), this);
    this.#members.set(name, member);
    return member;
  }

  #exit(member: RoomMember): void {
    const { room } = member;
    this.#members.delete(room.info.name);
    this.#end(member);
    room.presence.remove(this.identity);
    this.#rooms.release(room);
  }

  async #put(found: DefinedRoom, isNew: boolean): Promise<void> {
    const member = this.#enter(found);
    member.isByServer = true;
    if (!isNew) return;
    member.canPublish = canPublish(found.definition, {});
    this.#show(member, null);
    const options = { echo: true, members: true };
    // A join of the client itself can have overtaken this, and must not begin anew.
    const isWanted = () => member.starts === 0;
    await this.#start(member, isWanted, NOTHING, options, (start) => {
      if (member.isPlain) return;
      const rest = { isRecovering: false, members: true };
      this.transport.send(this.#encodeJoined(null, member, start, rest));
    });
  }

  /** Sends what the client missed, after its other recoveries. */
  async #recover(
    member: RoomMember,
    request: JoinRequest,
    rights: RoomRights,
    onStart: (start: FeedStart) => void,
  ): Promise<void> {
    const { echo, members } = request;
    const wanted = wantedOf(request, rights);
    const options = { echo, members };
    const start = async () => {
      await this.budget.wait(() => !this.#isClosed);
      const isWanted = () => this.#decisions.isLatest(request);
      await this.#start(member, isWanted, wanted, options, onStart);
    };
    await (wanted === NOTHING ? start() : this.#recoveries.run(start));
  }

  /** Starts to send messages. If this fails, the client is not in the room. */
  async #start(
    member: RoomMember,
    isWanted: () => boolean,
    ...[wanted, options, onStart]: Parameters<RoomMember["start"]>
  ): Promise<void> {
    const hasList = options.members && !member.isPlain;
    const free = await this.lists.reserve(
      () => hasList ? member.room.presence.length : 0,
    );
    if (!isWanted()) return free();
    const number = member.starts + 1;
    try {
      await member.start(wanted, options, (start) => {
        free();
        onStart(start);
      });
    } catch (error) {
      const isCurrent = this.#members.get(member.room.info.name) === member;
      // Another join decides whether the client is there.
      if (!isCurrent || member.starts !== number) return;
      this.#fail(member);
      throw error;
    } finally {
      free();
    }
  }

  #fail(member: RoomMember): void {
    if (member.isByServer) return this.putOut(member.room.info.name, "closed");
    this.#exit(member);
  }

  #answer(member: RoomMember, request: JoinRequest, start: FeedStart): void {
    const { id, since, members } = request;
    const rest = { isRecovering: since !== null, members };
    this.transport.send(this.#encodeJoined(id, member, start, rest));
  }

  #encodeJoined(
    id: number | null,
    member: RoomMember,
    start: FeedStart,
    { isRecovering, members }: {
      readonly isRecovering: boolean;
      readonly members: boolean;
    },
  ): string {
    const { room, canPublish } = member;
    const fields = joinedFields({
      ...{ room: room.info.name, canPublish, isRecovering },
      ...{ identity: this.identity, needsSecret: !this.#hasSecret },
      missed: member.count(start.publications),
    }, start);
    this.#hasSecret = true;
    const list = members ? room.presence.encode() : undefined;
    if (list !== undefined) this.budget.take(list.length);
    return encodeJoined(id, fields, list);
  }
}
