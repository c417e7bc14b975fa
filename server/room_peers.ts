/**
 * The other servers that have members in a room, and what they know about the members.
 *
 * Each server reports only its own members. It numbers the changes, so that the others notice a
 * lost one, and read its whole list again.
 *
 * @module
 */

import type { JsonObject } from "../common/json.ts";
import { GRACE, type Shown } from "./member.ts";
import { encodeShown, type PresencePart } from "./presence_messages.ts";
import { Retry } from "./scheduler.ts";

/** How long changes are collected, in milliseconds. */
const WINDOW = 20;

/** How long a list is not requested, and a long one not sent again, in milliseconds. */
const REQUEST_INTERVAL = 1_000;

/** How many connections are in a list that another server can get at any time. */
const SMALL_LIST = 16;

/** The limit of the first number of a change. */
const MAX_FIRST = 2 ** 48;

/** How many connections one change names that have left, so that its message is not too long. */
const MAX_HIDDEN = 4_000;

/** How many connections the servers can claim to be in a room. */
const MAX_CONNECTIONS = 100_000;

/** The messages between the servers about a room. */
export const PRESENCE = "presence";
export const READ = "presence-read";
export const CLOSE = "presence-close";

/** What the servers of a room need of their server. */
export interface PeersHost {
  /** The id of this server */
  readonly id: string;
  /** Sends a message to another server, and logs if this fails. */
  send(node: string, kind: string, fields: JsonObject): void;
  warn(problem: string): void;
}

/** The members of a room, as other servers change them. */
export interface SharedPresence {
  /** The number of connections that appear */
  readonly size: number;
  own(): Iterable<Shown>;
  findOwn(connection: string): Shown | undefined;
  showForeign(shown: Shown): void;
  removeForeign(connection: string, isReporter: boolean): void;
}

/** Another server that has the room open. */
interface Peer {
  /** Its members */
  readonly shown: Map<string, Shown>;
  /** The number of the last change that is known; `undefined` if nothing is known */
  sequence: number | undefined;
  /** The list that is being read: its connections, and the number of its next part */
  arriving: { readonly connections: Set<string>; next: number } | undefined;
  /** When the list was last requested, in milliseconds */
  requestedAt: number;
  /** When the server last reported that it has the room open, in milliseconds */
  seenAt: number;
  /** Ends the time in which its clients can come to other servers, because it closes */
  leaving: Retry | undefined;
}

/** When another server has got the whole list of members. */
interface SentList {
  /** In milliseconds */
  at: number;
  /** Sends it again; `undefined` if it is not due */
  next: Retry | undefined;
}

/** The other servers of one room. */
export class RoomPeers {
  readonly #room: string;
  readonly #presence: SharedPresence;
  readonly #host: PeersHost;
  readonly #peers = new Map<string, Peer>();
  /** The lists of other servers, also of those that have closed the room since */
  readonly #lists = new Map<string, SentList>();
  /** The connections whose changes the others do not know */
  readonly #changed = new Set<string>();
  /** Begins at random, so that a room that is opened again continues no old numbers */
  #sequence = Math.floor(Math.random() * MAX_FIRST);
  #window: Retry | undefined;
  #isClosed = false;

  /** Constructs the `RoomPeers` of a room that no other server is known to have open. */
  constructor(room: string, presence: SharedPresence, host: PeersHost) {
    this.#room = room;
    this.#presence = presence;
    this.#host = host;
  }

  /** The number of the last change that was sent to the others */
  get sequence(): number {
    return this.#sequence;
  }

  /** Whether this is the server that reports the members of a server that has crashed. */
  get isReporter(): boolean {
    const { id } = this.#host;
    return [...this.#peers.keys()].every((peer) => id < peer);
  }

  /** The members of this server */
  own(): Iterable<Shown> {
    return this.#presence.own();
  }

  /** Whether another server has the room open */
  get hasPeers(): boolean {
    return this.#peers.size > 0;
  }

  /** Notes that another server has the room open, and sends it the members if it is new. */
  add(node: string): Peer {
    const known = this.#peers.get(node);
    const peer = known ?? {
      ...{ shown: new Map<string, Shown>(), sequence: undefined },
      ...{ arriving: undefined, leaving: undefined },
      ...{ requestedAt: -Infinity, seenAt: 0 },
    };
    peer.seenAt = performance.now();
    this.#peers.set(node, peer);
    if (known === undefined) this.#sendAll(node);
    return peer;
  }

  /** Notes that a connection to this server has appeared, has changed or has left. */
  note(connection: string): void {
    if (this.#isClosed) return;
    this.#changed.add(connection);
    this.#schedule();
  }

  /** Sends all members of this server to another one, which asks for them. */
  welcome(node: string): void {
    if (this.#peers.has(node)) this.#sendAll(node);
    this.add(node);
  }

  /**
   * Sends all members to another server. A client there that joins and leaves again and again can
   * open the room many times per second, so that a long list waits.
   */
  #sendAll(node: string): void {
    const list = this.#lists.get(node) ?? { at: -Infinity, next: undefined };
    this.#lists.set(node, list);
    const wait = list.at + REQUEST_INTERVAL - performance.now();
    if (wait <= 0 || this.#presence.size <= SMALL_LIST) {
      return this.#sendNow(node, list);
    }
    list.next ??= new Retry(wait, () => {
      if (this.#peers.has(node)) this.#sendNow(node, list);
      list.next = undefined;
    });
  }

  #sendNow(node: string, list: SentList): void {
    list.at = performance.now();
    list.next?.end();
    list.next = undefined;
    const parts = encodeShown(this.#presence.own());
    for (const [index, shown] of parts.entries()) {
      const isLast = index === parts.length - 1;
      this.#send(node, { shown, hidden: [], index, isLast });
    }
  }

  /** Notes what another server has sent about its members. */
  receive(node: string, part: PresencePart): void {
    const peer = this.add(node);
    if (part.index === 0) peer.arriving = { connections: new Set(), next: 0 };
    if (part.index !== undefined) return this.#receiveList(node, peer, part);
    // A list that has not ended was lost.
    peer.arriving = undefined;
    const isNext = peer.sequence !== undefined &&
      part.sequence === peer.sequence + 1;
    if (!isNext) return this.#request(node, peer);
    peer.sequence = part.sequence;
    this.#show(peer, part);
    for (const connection of part.hidden) this.#hide(peer, connection);
  }

  /** Compares what is known about the members of another server with its last change. */
  compare(node: string, sequence: number): void {
    const peer = this.add(node);
    if (peer.sequence !== sequence) this.#request(node, peer);
  }

  /** Called when other servers have ended or crashed. */
  drop(nodes: readonly string[]): void {
    // The clients of a server that closes have some time to come to other servers.
    const gone = nodes.filter((node) =>
      this.#peers.get(node)?.leaving === undefined
    );
    const peers = gone.flatMap((node) => this.#peers.get(node) ?? []);
    for (const node of gone) {
      this.#peers.delete(node);
      this.#endList(node);
    }
    for (const peer of peers) this.#hideAll(peer, this.isReporter);
  }

  /**
   * Called when another server closes the room.
   *
   * @param isShutdown Whether its members can come back to other servers
   */
  onClosed(node: string, isShutdown: boolean): void {
    const peer = this.#peers.get(node);
    if (peer === undefined) return;
    if (!isShutdown) return this.#forget(node, false);
    peer.leaving ??= new Retry(GRACE, () => this.#forget(node, true));
  }

  /**
   * Drops the servers that have not reported for a time that they have the room open.
   *
   * @param before Since when, in milliseconds
   * @param only The server; `undefined` for all
   */
  expire(before: number, only?: string): void {
    for (const [node, { seenAt, leaving }] of [...this.#peers]) {
      // The members of a server that closes have some time.
      if (seenAt >= before || leaving !== undefined) continue;
      if (only === undefined || only === node) this.#forget(node, false);
    }
  }

  /**
   * Ends everything, because no client of this server is in the room any more.
   *
   * @param isShutdown Whether the clients can come back to other servers
   */
  close(isShutdown: boolean): void {
    this.#isClosed = true;
    if (!isShutdown) this.#flush();
    this.#window?.end();
    for (const node of this.#lists.keys()) this.#endList(node);
    for (const [node, { leaving }] of this.#peers) {
      leaving?.end();
      this.#host.send(node, CLOSE, { room: this.#room, isShutdown });
    }
    this.#peers.clear();
  }

  #endList(node: string): void {
    this.#lists.get(node)?.next?.end();
    this.#lists.delete(node);
  }

  #receiveList(node: string, peer: Peer, part: PresencePart): void {
    const { arriving } = peer;
    if (arriving?.next !== part.index) return this.#readAgain(node, peer);
    arriving!.next++;
    this.#show(peer, part);
    for (const { identity: { connection } } of part.shown) {
      // If there are too many, the others are not shown.
      if (peer.shown.has(connection)) arriving!.connections.add(connection);
    }
    if (!part.isLast) return;
    for (const connection of [...peer.shown.keys()]) {
      if (!arriving!.connections.has(connection)) this.#hide(peer, connection);
    }
    peer.arriving = undefined;
    peer.sequence = part.sequence;
  }

  /** A part of a list was lost. If the next list is lost, too, the next comparison finds it. */
  #readAgain(node: string, peer: Peer): void {
    peer.arriving = undefined;
    peer.sequence = undefined;
    this.#request(node, peer);
  }

  #show({ shown: known }: Peer, { shown }: PresencePart): void {
    for (const each of shown) {
      if (this.#presence.size >= MAX_CONNECTIONS) {
        const problem = "ignored connections of another server";
        return this.#host.warn(`${problem}: too many are in one room`);
      }
      known.set(each.identity.connection, each);
      this.#presence.showForeign(each);
    }
  }

  /** Removes a connection to another server, unless it is on a third one. */
  #hide(peer: Peer, connection: string, isReporter = false): void {
    if (!peer.shown.delete(connection)) return;
    for (const { shown } of this.#peers.values()) {
      const other = shown.get(connection);
      if (other !== undefined) return this.#presence.showForeign(other);
    }
    this.#presence.removeForeign(connection, isReporter);
  }

  #hideAll(peer: Peer, isReporter: boolean): void {
    for (const connection of [...peer.shown.keys()]) {
      this.#hide(peer, connection, isReporter);
    }
  }

  #request(node: string, peer: Peer): void {
    const now = performance.now();
    // The list is on its way, unless the request or the list was lost.
    if (peer.requestedAt + REQUEST_INTERVAL > now) return;
    peer.requestedAt = now;
    this.#host.send(node, READ, { room: this.#room });
  }

  #forget(node: string, isGone: boolean): void {
    const peer = this.#peers.get(node);
    if (peer === undefined) return;
    peer.leaving?.end();
    this.#peers.delete(node);
    if (isGone) this.#endList(node);
    this.#hideAll(peer, isGone && this.isReporter);
  }

  /** Sends the first change at the end of the tick, and the others at the end of the window. */
  #schedule(): void {
    if (this.#window !== undefined) return;
    this.#window = new Retry(WINDOW, () => {
      this.#window = undefined;
      if (this.#changed.size > 0) this.#schedule();
    });
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    if (this.#changed.size === 0) return;
    const connections = [...this.#changed];
    this.#changed.clear();
    const shown = connections.flatMap((connection) =>
      this.#presence.findOwn(connection) ?? []
    );
    const there = new Set(shown.map(({ identity }) => identity.connection));
    const hidden = connections.filter((connection) => !there.has(connection));
    const parts = encodeShown(shown);
    const count = Math.max(parts.length, Math.ceil(hidden.length / MAX_HIDDEN));
    for (let index = 0; index < count; index++) {
      this.#sequence++;
      const part = {
        shown: parts[index] ?? [],
        hidden: hidden.slice(index * MAX_HIDDEN, (index + 1) * MAX_HIDDEN),
      };
      for (const node of this.#peers.keys()) this.#send(node, part);
    }
  }

  #send(node: string, fields: JsonObject): void {
    const room = this.#room;
    const sequence = this.#sequence;
    this.#host.send(node, PRESENCE, { room, sequence, ...fields });
  }
}
