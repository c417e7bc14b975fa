/**
 * The rooms of one connection.
 *
 * @module
 */

import { CloseCode } from "../common/errors.ts";
import { checkRoomName } from "../common/room_name.ts";
import { describeRoom, quote } from "../common/text.ts";
import type { Contract } from "../contract/contract.ts";
import { requireRoom } from "../contract/find_room.ts";
import type { CloseInfo } from "../protocol/close.ts";
import type { WireMessage } from "../protocol/message.ts";
import type {
  JoinedFrame,
  LeftFrame,
  RoomFrame,
} from "../protocol/success_frames.ts";
import type { Link, RoomReceiver } from "./link.ts";
import type { ClientLog } from "./log.ts";
import { ClientRoom } from "./room.ts";
import { type RoomContext, WaitingBytes } from "./room_context.ts";
import { roomConnectionClosed } from "./room_errors.ts";
import { type JoinOptions, RoomNames } from "./room_options.ts";
import { RoomPublisher } from "./room_publisher.ts";
import { RoomSession } from "./room_session.ts";
import { type RoomSessions, RoomUse } from "./room_use.ts";
import type { StateNotifier } from "./status.ts";
import type { ContractChecks } from "./validate.ts";

/** What the rooms of a connection need */
export interface RoomsOptions {
  readonly log: ClientLog;
  /** The contract with the server */
  readonly contract: Contract | undefined;
  /** Validates what the server sends; `undefined` if the client trusts the server */
  readonly checks: ContractChecks | undefined;
  /** The option `maxBuffered`, in bytes */
  readonly maxBuffered: number;
  /** Whether the application has closed the connection */
  readonly status: Pick<StateNotifier, "isClosedHere">;
  /** Receives the messages of the rooms that the server has put the client into. */
  onMessage(message: WireMessage, room: string): void;
}

/** How many rooms a server can put the client into. */
const MAX_PUT_INTO = 10_000;

/** How the connection ends for the rooms if the server rejects a token. */
const REJECTED: CloseInfo = {
  code: CloseCode.POLICY_VIOLATION,
  reason: "login rejected",
};

/** Joins rooms, and passes each frame to the room that it belongs to. */
export class Rooms implements RoomReceiver, RoomContext, RoomSessions {
  readonly log: ClientLog;
  readonly checks: ContractChecks | undefined;
  readonly maxBuffered: number;
  readonly waiting: WaitingBytes;
  readonly #contract: Contract | undefined;
  readonly #status: RoomsOptions["status"];
  readonly #onMessage: RoomsOptions["onMessage"];
  readonly #sessions = new Map<string, RoomSession>();
  /** What `room()` returns for the rooms that are in use */
  readonly #shared = new Map<string, ClientRoom>();
  /** The rooms that the server has put the client into */
  readonly #putInto = new Set<string>();
  readonly #faults = new Set<string>();
  readonly #keyPrefix = randomPrefix();
  #keys = 0;
  #link: Link | undefined;
  #closed: CloseInfo | undefined;
  /** Who the client is for the server, since the last join */
  #identity: JoinedFrame | undefined;
  #secret: string | undefined;

  /** Constructs `Rooms`. */
  constructor(options: RoomsOptions) {
    const { log, contract, checks, maxBuffered, status, onMessage } = options;
    this.log = log;
    this.checks = checks;
    this.#contract = contract;
    this.maxBuffered = maxBuffered;
    this.waiting = new WaitingBytes(maxBuffered);
    this.#status = status;
    this.#onMessage = onMessage;
  }

  get link(): Link | undefined {
    return this.#link;
  }

  get closed(): CloseInfo | undefined {
    return this.#closed;
  }

  get isClosedHere(): boolean {
    return this.#status.isClosedHere;
  }

  get publisher(): string | undefined {
    return this.#identity?.connection;
  }

  get member(): string | undefined {
    return this.#identity?.member;
  }

  get secret(): string | undefined {
    return this.#secret;
  }

  /** Returns a room, as `Connection.room` does. */
  room(name: string): ClientRoom {
    const names = this.#namesOf("Cannot use the room", name);
    return this.#shared.get(name) ?? this.#createShared(name, names);
  }

  /** Joins a room, as `Connection.join` does. */
  async join(name: string, options?: JoinOptions): Promise<ClientRoom> {
    const names = this.#namesOf("Cannot join the room", name);
    const use = new RoomUse({ name, names, sessions: this, isScoped: true });
    use.keepEarly();
    await use.join(options);
    return ClientRoom.create(use);
  }

  find(name: string): RoomSession | undefined {
    return this.#sessions.get(name);
  }

  open(name: string): RoomSession {
    return this.#sessions.get(name) ?? this.#createSession(name);
  }

  release(session: RoomSession): void {
    if (session.isIdle) this.forget(session);
  }

  forget(session: { readonly name: string }): void {
    const { name } = session;
    if (this.#sessions.get(name) !== session) return;
    this.#sessions.delete(name);
    this.#shared.delete(name);
  }

  isPutInto(room: string): boolean {
    return this.#putInto.has(room);
  }

  notePutInto(room: string): void {
    if (this.#putInto.size < MAX_PUT_INTO) this.#putInto.add(room);
    else this.onFault(TOO_MANY_ROOMS);
  }

  onJoined(frame: JoinedFrame): void {
    this.#identity = frame;
    this.#secret = frame.secret ?? this.#secret;
  }

  nextKey(): string {
    return `${this.#keyPrefix}-${++this.#keys}`;
  }

  onFault(what: string): void {
    if (this.#faults.has(what)) return;
    this.#faults.add(what);
    this.log.warn(what);
  }

  onOpen(link: Link): void {
    this.#link = link;
    for (const session of [...this.#sessions.values()]) session.reconcile();
  }

  onLost(link: Link, close: CloseInfo): void {
    if (link !== this.#link) return;
    this.#link = undefined;
    this.#putInto.clear();
    for (const session of [...this.#sessions.values()]) session.onLost(close);
  }

  onRejected(): void {
    this.#identity = undefined;
    this.#secret = undefined;
    for (const session of [...this.#sessions.values()]) {
      session.onRejected(joinError(session, REJECTED));
    }
  }

  onEnd(close: CloseInfo): void {
    if (this.#closed !== undefined) return;
    this.#closed = close;
    this.#link = undefined;
    this.#putInto.clear();
    for (const session of [...this.#sessions.values()]) {
      session.end({ reason: "connection" }, joinError(session, close));
    }
  }

  onRoom(frame: RoomFrame): void {
    switch (frame.kind) {
      case "publication":
      case "gap":
      case "presence":
        return this.#onEvent(frame);
      case "joined":
        return this.#onPutInto(frame);
      case "left":
        return this.#onPutOut(frame);
    }
  }

  #createSession(name: string): RoomSession {
    const publisher = new RoomPublisher(name, this);
    const session = new RoomSession(name, this, publisher);
    this.#sessions.set(name, session);
    return session;
  }

  /** Checks the name of a room, and returns the names of its events. */
  #namesOf(subject: string, name: string): RoomNames {
    checkRoomName(subject, name);
    const { entry } =
      requireRoom(`${subject} ${quote(name)}`, this.#contract, name) ?? {};
    return new RoomNames(name, entry);
  }

  #createShared(name: string, names: RoomNames): ClientRoom {
    const use = new RoomUse({
      name,
      names,
      sessions: this,
      isScoped: false,
      onUsed: () => {
        if (!this.#shared.has(name)) this.#shared.set(name, room);
      },
      onUnused: () => {
        if (this.#shared.get(name) === room) this.#shared.delete(name);
      },
    });
    const room = ClientRoom.create(use);
    return room;
  }

  #onEvent(frame: RoomEvent): void {
    const session = this.#sessions.get(frame.room);
    if (session?.isIn) return passTo(session, frame);
    if (this.#putInto.has(frame.room)) return this.#onPutIntoEvent(frame);
    if (session?.isKnown !== true) this.onFault(UNKNOWN_ROOM);
  }

  /** The server put the client into the room, so that it has no position to continue from. */
  #onPutIntoEvent(frame: RoomEvent): void {
    const { kind, room } = frame;
    if (kind === "publication") this.#onMessage(frame.message, room);
    if (kind === "gap") {
      this.log.warn(`messages of ${describeRoom(room)} are missing`);
    }
  }

  #onPutInto(frame: JoinedFrame): void {
    this.onJoined(frame);
    this.notePutInto(frame.room);
    this.#sessions.get(frame.room)?.flush();
  }

  #onPutOut(frame: LeftFrame): void {
    const session = this.#sessions.get(frame.room);
    const wasPutInto = this.#putInto.delete(frame.room);
    if (session?.isKnown && "reason" in frame) {
      session.onPutOut(frame.reason);
    } else if (!wasPutInto) this.onFault(UNKNOWN_ROOM);
  }
}

/** A frame about what happens in a room */
type RoomEvent = Extract<
  RoomFrame,
  { readonly kind: "publication" | "gap" | "presence" }
>;

const UNKNOWN_ROOM = "ignored a frame about a room that this client is not in";

const TOO_MANY_ROOMS =
  `ignored that the server put this client into more than ${MAX_PUT_INTO} rooms`;

/** Returns the error for a join that waits for its answer. */
function joinError({ name }: RoomSession, close: CloseInfo): Error {
  return roomConnectionClosed(`the join of ${describeRoom(name)}`, close);
}

function passTo(session: RoomSession, frame: RoomEvent): void {
  if (frame.kind === "publication") session.onMessage(frame);
  else if (frame.kind === "gap") session.onGap(frame);
  else session.onPresence(frame);
}

/** Distinguishes the keys of the client from those that the application chooses. */
function randomPrefix(): string {
  const numbers = crypto.getRandomValues(new Uint32Array(2));
  return [...numbers].map((number) => number.toString(36)).join("");
}
