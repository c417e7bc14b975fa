/**
 * The rooms of one client: joins and leaves them, as the client or the server wants.
 *
 * @module
 */

import type { ReadFrom } from "../broker/broker.ts";
import { TokenBucket } from "../common/rate_limiter.ts";
import type { CloseInfo } from "../protocol/close.ts";
import type { LeftReason, PresenceClaim } from "../protocol/room_fields.ts";
import type { JoinRequest } from "../protocol/room_frames.ts";
import type { JoinedFields } from "../protocol/room_message_types.ts";
import { encodeJoined, encodePutOut } from "../protocol/room_messages.ts";
import type { RoomTransport } from "./connection_rooms.ts";
import type { Client } from "./message.ts";
import type { RoomRights } from "./room_definitions.ts";
import {
  forbidden,
  MAX_ROOMS,
  overtaken,
  tooManyRooms,
} from "./room_errors.ts";
import type { FeedStart } from "./room_feed.ts";
import type { RoomIdentity } from "./room_identities.ts";
import { type MemberHost, RoomMember } from "./room_member.ts";
import type { DefinedRoom, Rooms } from "./rooms.ts";
import type { FairScheduler } from "./scheduler.ts";

/**
 * How much history a client can read at once and per second, in UTF-16 units: once the
 * history of all its rooms. A join of 60 bytes can read a megabyte.
 */
const READS = { burst: 134_217_728, perSecond: 1_048_576 };

/** The interval in which a client waits that has read too much, in milliseconds. */
const READ_INTERVAL = 100;

/** How long a lost connection still appears in its rooms, in milliseconds. */
const GRACE = 3_000;

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

/** The rooms of one client. */
export class RoomClient implements MemberHost {
  readonly client: Client;
  readonly transport: RoomTransport;
  readonly scheduler: FairScheduler;
  readonly identity: RoomIdentity;
  readonly #rooms: Rooms;
  readonly #members = new Map<string, RoomMember>();
  /** The rooms that wait for a decision of the application */
  readonly #deciding = new Map<string, Promise<unknown>>();
  readonly #reads = new TokenBucket(READS.perSecond, READS.burst);
  /** The end of the last recovery, because they run one at a time */
  #recovered: Promise<unknown> | undefined;
  #hasSecret: boolean;
  #isClosed = false;

  /** Constructs a `RoomClient`. */
  constructor(rooms: Rooms, parts: RoomClientParts) {
    const { client, transport, scheduler, secret } = parts;
    this.client = client;
    this.transport = transport;
    this.scheduler = scheduler;
    this.#rooms = rooms;
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
    this.#reads.take(performance.now(), 0, units);
  }

  onReplaced(): void {
    this.transport.close(1001, "replaced by a new connection");
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
    const found = this.#rooms.find(request.room);
    if (found?.definition.authorize === undefined) {
      throw forbidden("no definition lets clients join the room");
    }
    const rights = await this.#decide(found);
    if (this.#isClosed) return;
    const member = this.#enter(found);
    member.isByClient = true;
    member.canPublish = canPublish(found, rights);
    this.#show(member, request.presence);
    let isAnswered = false;
    await this.#orExit(
      member,
      this.#recover(member, request, rights, (start) => {
        isAnswered = true;
        // To a client without the history, everything that it missed is lost.
        const isDenied = rights.history === false && request.since !== null;
        const lost = isDenied ? "expired" : start.lost;
        this.#answer(member, request, { ...start, lost });
      }),
    );
    if (!isAnswered && !this.#isClosed) throw overtaken();
  }

  /**
   * Leaves a room, as the client asks.
   *
   * @throws {RequestError} If the server has put the client into the room
   */
  async leave(name: string): Promise<void> {
    // A join that was sent before must not succeed after this.
    await this.#deciding.get(name)?.catch(() => {});
    const member = this.#members.get(name);
    if (member === undefined) return;
    if (member.isByServer) {
      throw forbidden("the server has put the client there");
    }
    this.#exit(member);
  }

  /** Puts the client into a room, as the application asks. */
  async put(found: DefinedRoom): Promise<void> {
    const member = this.#enter(found);
    member.isByServer = true;
    this.#show(member, null);
    if (member.isByClient) return;
    const options = { echo: true, members: true };
    const starting = member.start({ last: 0 }, options, (start) => {
      if (member.isPlain) return;
      const frame = this.#encodeJoined(null, member, start, {
        isRecovering: false,
        members: true,
      });
      this.transport.send(frame);
    });
    await this.#orExit(member, starting);
  }

  /** Puts the client out of a room, as the application asks. */
  putOut(name: string, reason: LeftReason = "removed"): void {
    const member = this.#members.get(name);
    if (member === undefined) return;
    this.#exit(member);
    if (!member.isPlain) this.transport.send(encodePutOut(name, reason));
  }

  /** Changes what the client claims about itself in a room. */
  claim(member: RoomMember, claimed: PresenceClaim): void {
    this.#show(member, claimed);
  }

  /** Called when the connection has ended. */
  close({ code }: CloseInfo): void {
    this.#isClosed = true;
    const grace = FINAL_CODES.has(code) ? 0 : GRACE;
    for (const member of this.#members.values()) {
      const { room } = member;
      member.stop();
      if (grace === 0) room.presence.remove(this.identity);
      else {
        room.presence.lose(
          this.identity,
          grace,
          () => this.#rooms.release(room),
        );
      }
      this.#rooms.release(room);
    }
    this.#members.clear();
    this.#rooms.identities.release(this, this.identity);
  }

  /** Asks the application whether the client can join. */
  async #decide({ definition, info }: DefinedRoom): Promise<RoomRights> {
    const { name } = info;
    const isNew = !this.#members.has(name) && !this.#deciding.has(name);
    const count = this.#members.size + this.#deciding.size;
    if (isNew && count >= MAX_ROOMS) throw tooManyRooms();
    // An async function, because `authorize` can throw.
    const deciding =
      (async () => await definition.authorize!(this.client, info))();
    this.#deciding.set(name, deciding);
    try {
      const decision: unknown = await deciding;
      if (decision === true) return {};
      if (typeof decision === "object" && decision !== null) return decision;
      throw forbidden("'authorize' refused it");
    } finally {
      if (this.#deciding.get(name) === deciding) this.#deciding.delete(name);
    }
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

  /** Waits for the start of a member. If it fails, the client is not in the room. */
  async #orExit(member: RoomMember, starting: Promise<void>): Promise<void> {
    try {
      await starting;
    } catch (error) {
      const { name } = member.room.info;
      const isCurrent = this.#members.get(name) === member;
      if (isCurrent && member.isByServer) this.putOut(name, "closed");
      else if (isCurrent) this.#exit(member);
      throw error;
    }
  }

  #exit(member: RoomMember): void {
    const { room } = member;
    this.#members.delete(room.info.name);
    member.stop();
    room.presence.remove(this.identity);
    this.#rooms.release(room);
  }

  /** Shows the client to the other members, as the application decides. */
  #show({ room }: RoomMember, claimed: PresenceClaim): void {
    const { definition: { presence }, info } = room;
    if (presence === undefined) {
      return room.presence.show(this.identity, undefined);
    }
    const shown = this.#rooms.call(info, () => presence(this.client, claimed));
    if (shown === false) room.presence.remove(this.identity);
    else room.presence.show(this.identity, shown);
  }

  /** Sends what the client missed, after its other recoveries. */
  async #recover(
    member: RoomMember,
    request: JoinRequest,
    rights: RoomRights,
    onStart: (start: FeedStart) => void,
  ): Promise<void> {
    const previous = this.#recovered;
    const { echo, members } = request;
    const wanted = wantedOf(request, rights);
    const recovering = (async () => {
      await previous;
      if (wanted !== NOTHING) await this.#mayRead();
      await member.start(wanted, { echo, members }, onStart);
    })();
    const ended = recovering.catch(() => {});
    this.#recovered = ended;
    await recovering;
    if (this.#recovered === ended) this.#recovered = undefined;
  }

  /** Waits while the client has read too much history. */
  async #mayRead(): Promise<void> {
    while (!this.#isClosed && !this.#reads.tryTake(performance.now())) {
      await new Promise((resolve) => setTimeout(resolve, READ_INTERVAL));
    }
  }

  #answer(member: RoomMember, request: JoinRequest, start: FeedStart): void {
    const { id, since, members } = request;
    const isRecovering = since !== null;
    const rest = { isRecovering, members };
    this.transport.send(this.#encodeJoined(id, member, start, rest));
  }

  #encodeJoined(
    id: number | null,
    member: RoomMember,
    { publications, from, lost }: FeedStart,
    { isRecovering, members }: {
      readonly isRecovering: boolean;
      readonly members: boolean;
    },
  ): string {
    const { secret, connection, member: memberId } = this.identity;
    const { room } = member;
    const recovery = lost === undefined || !isRecovering
      ? { recovered: isRecovering ? true as const : null }
      : { recovered: false as const, reason: lost };
    const fields: JoinedFields = {
      room: room.info.name,
      position: from,
      ...recovery,
      missed: member.count(publications),
      member: memberId,
      connection,
      publish: member.canPublish,
      ...this.#hasSecret ? {} : { secret },
    };
    this.#hasSecret = true;
    const list = members ? room.presence.encode() : undefined;
    return encodeJoined(id, fields, list);
  }
}

/** Where a client begins that wants no history. */
const NOTHING: ReadFrom = { last: 0 };

/** Returns where a client begins, as far as it can read the history. */
function wantedOf(
  { since, last }: JoinRequest,
  { history }: RoomRights,
): ReadFrom {
  if (history === false) return NOTHING;
  if (since !== null) return { since };
  return last === null || last === 0 ? NOTHING : { last };
}

function canPublish({ definition }: DefinedRoom, rights: RoomRights): boolean {
  return rights.publish ?? (definition.publish ?? false) !== false;
}
