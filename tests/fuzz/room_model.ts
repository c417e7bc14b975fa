/**
 * The rooms of one client, and the frames about them: docs/reference/protocol.md, `rooms`.
 *
 * @module
 */

import type { Data } from "./actions.ts";
import type { RoomRequest } from "./room_actions.ts";
import {
  isEntry,
  isPositionIn,
  keysOf,
  type Membership,
  RoomMatcher,
} from "./room_expectations.ts";
import type { Sequence } from "./messages.ts";
import type { RoomRecords } from "./room_records.ts";
import type { ResponseFrame } from "./response_matcher.ts";
import { testRoomOf } from "./test_rooms.ts";
import { Violation } from "./violation.ts";

/** A room of a client. */
interface RoomState {
  membership: Membership;
  /** The unanswered requests */
  readonly pending: Set<RoomMatcher>;
  /** The unanswered joins and leaves */
  changes: number;
  /** Whether a limit can have kept one of them from being handled */
  isUncertain: boolean;
  /** The last join or leave */
  last: RoomRequest | undefined;
  /** Whether the client gets its own messages; `undefined` if the model does not know it */
  echo: boolean | undefined;
  /** The positions since the client has joined */
  readonly seen: Set<unknown>;
  /** The positions of own messages that must still arrive */
  readonly owed: Set<unknown>;
  /** The first position of each key */
  readonly keys: Map<unknown, unknown>;
}

/** The frames about rooms that answer no request. */
const EVENTS: readonly unknown[] = ["r_newmsg", "presence", "gap"];

/** The rooms of one client. */
export class RoomModel {
  readonly #records: RoomRecords;
  readonly #note: (what: string) => void;
  readonly #rooms = new Map<string, RoomState>();
  /** The public ids of the client: of its member and of its connection */
  #ids: string | undefined;
  #member: unknown;
  /** Whether some answers are ambiguous, so that the memberships are unknown */
  #isLost = false;
  /** Whether the server has put the client into a room */
  #isGiven = false;
  readonly #given: Sequence;

  /**
   * Constructs a `RoomModel`.
   *
   * @param records What all clients have sent and received
   * @param given Checks the messages of the room that the server puts the client into
   * @param note Counts what has happened
   */
  constructor(
    records: RoomRecords,
    given: Sequence,
    note: (what: string) => void,
  ) {
    this.#records = records;
    this.#given = given;
    this.#note = note;
  }

  /** Whether all own messages have arrived */
  get isSettled(): boolean {
    return [...this.#rooms.values()].every(({ owed }) => owed.size === 0);
  }

  /** Describes what must still arrive. */
  describe(): string {
    const owed = [...this.#rooms].filter(([, { owed }]) => owed.size > 0);
    return owed.map(([name, { owed }]) => `${[...owed]} in ${name}`).join();
  }

  /** Notes a request, and returns the matcher of its answer. */
  send(request: RoomRequest): RoomMatcher {
    const { action, room: name } = request;
    const room = this.#stateOf(name);
    const membership = room.changes > 0 || this.#isLost
      ? undefined
      : room.membership;
    const matcher = new RoomMatcher(request, membership, () => this.#lose());
    if (action === "join" || action === "leave") {
      for (const other of room.pending) other.membership = undefined;
      room.changes++;
      room.last = request;
      room.owed.clear();
    }
    room.pending.add(matcher);
    return matcher;
  }

  /** Notes the answer to a request. */
  answer(matcher: RoomMatcher, { success, code, data }: ResponseFrame): void {
    const { request } = matcher;
    const room = this.#stateOf(request.room);
    room.pending.delete(matcher);
    if (request.action === "publish") {
      if (success) this.#published(room, matcher, data!);
    } else if (request.action === "join" || request.action === "leave") {
      room.isUncertain ||= code === LIMIT_EXCEEDED;
      if (--room.changes === 0) this.#settle(room);
    }
  }

  /** Reports whether a frame is about a room, and answers no request. */
  isEvent({ success, message, id }: ResponseFrame): boolean {
    return success && id === null && EVENTS.includes(message);
  }

  /** Checks a frame about the room that the server has put the client into. */
  takeGiven({ message, data }: ResponseFrame): void {
    const { recovered, missed, position, replying } = Object(data);
    if (message === "joined" && !this.#isGiven) {
      this.#isGiven = recovered === null && missed === 0 && position === null;
    } else if (message === "r_newmsg" && this.#isGiven) {
      if (replying !== null) throw wrong("a message is malformed", data);
      return this.#given.take(data!.data.n);
    } else throw wrong("unexpected", data);
  }

  /** Checks an event of a room. */
  take({ message, data }: ResponseFrame): void {
    const room = this.#rooms.get(data?.room);
    // After "left", no further frame about the room arrives.
    const isOut = room === undefined ||
      room.changes === 0 && room.membership === false && !this.#isLost;
    if (isOut) throw wrong("a frame about another room", data);
    if (message === "gap") throw wrong("messages are missing", data);
    if (message === "presence") takePresence(data!);
    else this.#takeMessage(room, data!);
  }

  /** Checks that a client is in a room, whatever it has asked for. */
  joined({ message, data }: ResponseFrame): void {
    if (message !== "joined" || data === null) return;
    const { room, member, connection, secret } = data;
    const ids = `${member} ${connection}`;
    if (ids !== (this.#ids ?? ids)) throw wrong("the ids have changed", data);
    const isFirst = this.#ids === undefined;
    if (isFirst !== (secret !== undefined)) {
      throw wrong("the secret belongs to the first join", data);
    }
    this.#ids = ids;
    this.#member = member;
    this.#stateOf(room).seen.clear();
  }

  #takeMessage(room: RoomState, data: Data): void {
    const keys = "data,from,id,message,position,replying,room";
    const { position, replying, from, id } = data;
    const keeps = testRoomOf(data.room).options.history !== undefined;
    const isRight = keysOf(data) === keys && replying === null &&
      Number.isSafeInteger(id) && id > 0 && isPositionIn(position, keeps);
    if (!isRight) throw wrong("a message is malformed", data);
    this.#records.receive(data);
    if (position !== null && room.seen.has(position)) {
      throw wrong("a message arrived twice", data);
    }
    room.seen.add(position);
    room.owed.delete(position);
    const isSure = room.changes === 0 && !this.#isLost;
    if (isSure && room.echo === false && from === this.#member) {
      throw wrong("an own message arrived", data);
    }
  }

  #published(
    room: RoomState,
    { membership, request }: RoomMatcher,
    { position, duplicate }: Data,
  ): void {
    if (this.#isLost) return;
    const { key } = request.data;
    const isKnown = room.keys.has(key);
    if (isKnown !== duplicate || isKnown && room.keys.get(key) !== position) {
      throw wrong(`the key ${key} is ${isKnown ? "known" : "new"}`, {
        position,
        duplicate,
      });
    }
    room.keys.set(key, position);
    if (duplicate) this.#note("publish: duplicate");
    if (position !== null && room.seen.has(position)) {
      this.#note("publish: arrived before the answer");
    }
    const isMissing = position !== null && !duplicate && membership === true &&
      room.changes === 0 && room.echo === true && !room.seen.has(position);
    if (!isMissing) return;
    this.#note("publish: must arrive");
    room.owed.add(position);
  }

  /** All joins and leaves were answered. */
  #settle(room: RoomState): void {
    const { action, room: name = "", data } = room.last ?? {};
    const isIn = action === "join" && testRoomOf(name).join === "accepted";
    room.membership = room.isUncertain ? undefined : isIn;
    room.echo = isIn && !room.isUncertain ? data?.echo !== false : undefined;
    // The next change is alone, so that its answer tells everything.
    room.isUncertain = false;
  }

  /** The model can no longer know which requests were answered. */
  #lose(): void {
    this.#isLost = true;
    for (const { pending, owed } of this.#rooms.values()) {
      owed.clear();
      for (const matcher of pending) matcher.membership = undefined;
    }
  }

  #stateOf(name: string): RoomState {
    const known = this.#rooms.get(name);
    if (known !== undefined) return known;
    const state: RoomState = {
      membership: false,
      pending: new Set(),
      changes: 0,
      isUncertain: false,
      last: undefined,
      echo: undefined,
      seen: new Set(),
      owed: new Set(),
      keys: new Map(),
    };
    this.#rooms.set(name, state);
    return state;
  }
}

const LIMIT_EXCEEDED = 9;

function takePresence(data: Data): void {
  const { join, leave, count } = data;
  const isRight = keysOf(data) === "count,join,leave,room" &&
    Array.isArray(join) && join.every(isEntry) && Array.isArray(leave) &&
    Number.isInteger(count) && count >= 0 && join.length + leave.length > 0;
  if (!isRight) throw wrong("the change of the members is malformed", data);
}

function wrong(problem: string, data: Data | null): Violation {
  return new Violation(`${problem}: ${JSON.stringify(data)}`);
}
