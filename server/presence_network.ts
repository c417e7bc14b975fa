/**
 * Lets the servers of a deployment know the members of each other's rooms.
 *
 * @module
 */

import type { JsonObject } from "../common/json.ts";
import { type Member, memberOf, type Shown } from "./member.ts";
import type { ServerNode } from "./node.ts";
import { countIn, DONE, stringIn } from "./node_messages.ts";
import {
  decodePart,
  decodeShown,
  decodeState,
  encodeShown,
  OPEN,
  openRooms,
  RoomSurvey,
} from "./presence_messages.ts";
import {
  CLOSE,
  PRESENCE,
  READ,
  RoomPeers,
  type SharedPresence,
} from "./room_peers.ts";
import { Retry } from "./scheduler.ts";

/** The messages that do not belong to one room. */
const LIST = "presence-list";
const STATE = "presence-state";

/** How long the other servers have to list their members, in milliseconds. */
const LIST_TIMEOUT = 3_000;

/** How often a server reports which rooms it has open, in milliseconds. */
const STATE_INTERVAL = 30_000;

/** After which silence another server has closed a room, in milliseconds. */
const MAX_SILENCE = 120_000;

/** How long the message about the open rooms can be on its way, in milliseconds. */
const STATE_AGE = 1_000;

/** In how much time all servers ask each other after the engine was down, in milliseconds. */
const SPREAD = 1_000;

/** How many rooms one message names. A name has at most 200 bytes. */
const ROOMS_PER_MESSAGE = 400;

/** Shares the members of the rooms of one server. */
export class PresenceNetwork {
  readonly #node: ServerNode;
  readonly #survey: RoomSurvey;
  readonly #rooms = new Map<string, RoomPeers>();
  #nodes: ReadonlySet<string> = new Set();
  /** The open rooms that another server has named, and the number of its next part */
  readonly #states = new Map<
    string,
    { readonly rooms: Set<string>; next: number }
  >();
  #timer: Retry | undefined;
  #comparison: Retry | undefined;
  #isShutdown = false;

  /** Constructs a `PresenceNetwork`, which handles the messages of other servers. */
  constructor(node: ServerNode) {
    this.#node = node;
    this.#survey = new RoomSurvey(node);
    node.handle(OPEN, (fields, from) => this.#onOpen(fields, from));
    node.handle(PRESENCE, (fields, from) => this.#onPart(fields, from));
    node.handle(READ, (fields, from) => this.#onRead(fields, from));
    node.handle(CLOSE, (fields, from) => this.#onClose(fields, from));
    node.handle(STATE, (fields, from) => this.#onState(fields, from));
    node.handle(LIST, (fields) => this.#onList(fields));
    node.onNodes((nodes) => this.#onNodes(nodes));
    // Messages can be lost while the engine is down, also those of servers that connect first.
    node.onConnected(() => Promise.resolve(this.#compare()));
    this.#schedule();
  }

  /**
   * Opens a room.
   *
   * @param room The name of the room
   * @param presence The members of the room
   * @returns The other servers of the room
   */
  open(room: string, presence: SharedPresence): RoomPeers {
    const peers = new RoomPeers(room, presence, {
      id: this.#node.id,
      send: (node, kind, fields) => this.#send(node, kind, fields),
      warn: (problem) => this.#node.warn(problem),
    });
    this.#rooms.set(room, peers);
    return peers;
  }

  /** Learns the members of the other servers. It waits only for a short time. */
  async read(room: string): Promise<void> {
    for (const node of await this.#survey.ask(room)) {
      this.#rooms.get(room)?.add(node);
    }
  }

  /** Closes a room. */
  close(room: string): void {
    this.#rooms.get(room)?.close(this.#isShutdown);
    this.#rooms.delete(room);
  }

  /** Lets the members of this server come back to others, because it closes. */
  beginShutdown(): void {
    this.#isShutdown = true;
    this.#timer?.end();
    this.#comparison?.end();
    this.#survey.end();
  }

  /**
   * Asks all other servers for the members of a room that is not open on this one.
   */
  async list(room: string): Promise<readonly Member[]> {
    const { answers } = await this.#node.survey(LIST, { room }, LIST_TIMEOUT);
    const connections = new Map<string, Shown>();
    for (const { shown } of answers.values()) {
      for (const each of decodeShown(shown) ?? []) {
        connections.set(each.identity.connection, each);
      }
    }
    const all = [...connections.values()];
    const members = Map.groupBy(all, ({ identity }) => identity.member);
    return [...members.values()].map(memberOf);
  }

  #send(node: string, kind: string, fields: JsonObject): void {
    this.#node.tell(node, kind, fields).catch(() => {
      // The numbers of the changes show that it was lost.
    });
  }

  #find(fields: JsonObject): RoomPeers | undefined {
    return this.#rooms.get(stringIn(fields, "room") ?? "");
  }

  /**
   * Whether a server is there. One that has crashed would get members again if its last messages
   * were late. One that this server does not know yet is compared when it appears.
   */
  #knows(node: string): boolean {
    return this.#nodes.has(node);
  }

  #onOpen({ rooms }: JsonObject, from: string): JsonObject | undefined {
    const open = openRooms(rooms, (room) => {
      const peers = this.#rooms.get(room);
      if (this.#knows(from)) peers?.welcome(from);
      return peers !== undefined;
    });
    return open && { open };
  }

  #onPart(fields: JsonObject, from: string): JsonObject | undefined {
    const peers = this.#find(fields);
    const part = decodePart(fields);
    if (part === undefined) return undefined;
    if (!this.#knows(from)) return DONE;
    if (peers !== undefined) peers.receive(from, part);
    // The message that this server has closed the room was lost.
    else this.#send(from, CLOSE, { room: stringIn(fields, "room") ?? "" });
    return DONE;
  }

  #onRead(fields: JsonObject, from: string): JsonObject {
    if (this.#knows(from)) this.#find(fields)?.welcome(from);
    return DONE;
  }

  #onClose(fields: JsonObject, from: string): JsonObject {
    this.#find(fields)?.onClosed(from, fields.isShutdown === true);
    return DONE;
  }

  #onState(fields: JsonObject, from: string): JsonObject | undefined {
    const rooms = decodeState(fields);
    const index = countIn(fields, "index");
    if (rooms === undefined || index === undefined) return undefined;
    if (!this.#knows(from)) return DONE;
    if (fields.isNew === true) this.#sendState(from);
    for (const [room, sequence] of rooms) {
      this.#rooms.get(room)?.compare(from, sequence);
    }
    const isLast = fields.isLast === true;
    this.#closeOthers(from, { rooms: rooms.keys(), index, isLast });
    return DONE;
  }

  /** Notices that another server has closed rooms, although its messages about it were lost. */
  #closeOthers(
    node: string,
    { rooms, index, isLast }: {
      readonly rooms: Iterable<string>;
      readonly index: number;
      readonly isLast: boolean;
    },
  ): void {
    if (index === 0) this.#states.set(node, { rooms: new Set(), next: 0 });
    const state = this.#states.get(node);
    if (state?.next !== index) return void this.#states.delete(node);
    state.next++;
    for (const room of rooms) {
      if (this.#rooms.has(room)) state.rooms.add(room);
    }
    if (!isLast) return;
    this.#states.delete(node);
    const before = performance.now() - STATE_AGE;
    for (const [room, peers] of this.#rooms) {
      if (!state.rooms.has(room)) peers.expire(before, node);
    }
  }

  #onList(fields: JsonObject): JsonObject {
    const peers = this.#find(fields);
    const [shown = []] = encodeShown(peers?.own() ?? []);
    return { shown };
  }

  #onNodes(nodes: ReadonlySet<string>): void {
    const before = this.#nodes;
    this.#nodes = new Set(nodes);
    const gone = [...before].filter((node) => !nodes.has(node));
    for (const node of gone) this.#states.delete(node);
    if (gone.length > 0) {
      for (const peers of this.#rooms.values()) peers.drop(gone);
    }
    // A server that was frozen does not know that the others have dropped its members.
    for (const node of nodes) {
      if (!before.has(node)) this.#sendState(node, true);
    }
  }

  /**
   * Reports which rooms are open on this server. There is at least one message, because a room
   * that is not named is closed.
   *
   * @param node The server that gets the report; `undefined` for all
   * @param isNew Whether that server should report its rooms, too
   */
  #sendState(node?: string, isNew = false): void {
    const rooms = [...this.#rooms].map(([room, { sequence }]) => [
      room,
      sequence,
    ]);
    const count = Math.max(1, Math.ceil(rooms.length / ROOMS_PER_MESSAGE));
    for (let index = 0; index < count; index++) {
      const start = index * ROOMS_PER_MESSAGE;
      const part = {
        ...{ rooms: rooms.slice(start, start + ROOMS_PER_MESSAGE), index },
        isLast: index === count - 1,
        // One answer is enough.
        isNew: isNew && index === 0,
      };
      this.#node.tell(node, STATE, part).catch(() => {
        // It is sent again when the engine is up.
      });
    }
  }

  /**
   * Asks all other servers for their open rooms. All of them do this after the engine was down, so
   * they do it at different times. A server that starts has no rooms, and need not wait.
   */
  #compare(): void {
    this.#comparison?.end();
    if (this.#isShutdown) return;
    const ask = () => this.#sendState(undefined, true);
    if (this.#rooms.size === 0) ask();
    else this.#comparison = new Retry(SPREAD * Math.random(), ask);
  }

  #schedule(): void {
    // A random part, so that not all servers do it at once.
    const delay = STATE_INTERVAL * (0.5 + Math.random());
    this.#timer = new Retry(delay, () => {
      this.#sendState();
      const before = performance.now() - MAX_SILENCE;
      for (const peers of this.#rooms.values()) peers.expire(before);
      this.#schedule();
    });
    // A server that never listened need not be closed.
    this.#timer.unref();
  }
}
