/**
 * A room that has members on this server.
 *
 * @module
 */

import type { Broker, LossReason, Publication } from "../broker/broker.ts";
import { describeMessage } from "../common/text.ts";
import { latestKeyOf } from "../contract/find_room.ts";
import type { GapReason } from "../protocol/room_fields.ts";
import {
  encodeGap,
  encodePresenceChanges,
  encodePublication,
  encodeSuccess,
  type PresenceChanges,
} from "../protocol/success_frames.ts";
import {
  BroadcastBatch,
  type BroadcastCounts,
  Broadcaster,
  NO_CLIENTS,
  type Recipient,
} from "./broadcaster.ts";
import type { PublicationLedger } from "./ledger.ts";
import type { Metrics } from "./metrics.ts";
import { type Graces, Presence } from "./presence.ts";
import type { PresenceNetwork } from "./presence_network.ts";
import { RoomFeed } from "./room_feed.ts";
import {
  decodeEnvelope,
  decodeRoomMessage,
  type Envelope,
  type RoomMessage,
} from "./room_message.ts";
import type { RoomDefinition, RoomInfo } from "./room_options.ts";
import type { RoomPeers } from "./room_peers.ts";
import { TimeoutQueue, type Turns } from "./scheduler.ts";

/** A member as its room needs it. */
export interface RoomRecipient extends Recipient {
  /** The public id of the connection */
  readonly connection: string;
  /** Whether it gets its own messages */
  readonly echo: boolean;
  /** Whether it gets the changes of the members */
  readonly followsMembers: boolean;
  /** Called when publications are lost for all members. */
  onGap(reason: GapReason): void;
  /** Called with a change of the members while it does not get the new messages yet. */
  onChanges(frame: string): void;
}

/** What a room needs of its server. */
export interface RoomHost {
  readonly broker: Broker;
  readonly metrics: Metrics;
  readonly turns: Turns;
  readonly maxBatch: number;
  /** How much can wait for a member, in bytes */
  readonly maxBuffered: number;
  readonly graces: Graces;
  /** Shares the members with other servers; `undefined` if the server is alone */
  readonly network?: PresenceNetwork | undefined;
  /** Counts for other servers; `undefined` if the server is alone */
  readonly ledger?: PublicationLedger | undefined;
  /** Returns a message number that this server has not used yet. */
  nextMessageId(): number;
  /** Runs a hook of the application, which can throw and reject. */
  run(hook: () => unknown): void;
  /** Logs that something about a room failed. */
  warn(room: string, problem: string, error?: unknown): void;
}

/** How long a publication can need to come back from the broker, in milliseconds. */
const MAX_RETURN = 10_000;

/** The result of a publication that no member of this server gets. */
export const NOBODY: Promise<BroadcastCounts> = Promise.resolve(NO_CLIENTS);

/** How many bytes of UTF-8 one UTF-16 unit can need. */
const MAX_BYTES_PER_UNIT = 3;

/** A room that has members on this server. */
export class LiveRoom {
  readonly info: RoomInfo;
  readonly definition: RoomDefinition;
  readonly feed: RoomFeed;
  readonly broadcaster: Broadcaster;
  readonly presence: Presence;
  readonly #host: RoomHost;
  readonly #peers: RoomPeers | undefined;
  /** The recipients that do not get the new messages yet */
  readonly #waiting = new Set<RoomRecipient>();
  /** The publications of this server that have not come back from the broker */
  readonly #expected = new Map<
    string,
    (result: Promise<BroadcastCounts>) => void
  >();
  /** Those that the broker has accepted */
  readonly #returning = new TimeoutQueue<string>(
    MAX_RETURN,
    (origin) => this.forget(origin),
  );

  /**
   * Constructs a `LiveRoom`, which subscribes.
   *
   * @param before What the subscription waits for: the start of the broker, and the end of the
   * last subscription to the room
   */
  constructor(
    info: RoomInfo,
    definition: RoomDefinition,
    host: RoomHost,
    before?: Promise<unknown>,
  ) {
    const { name } = info;
    const { network } = host;
    const { history, onJoin, onLeave } = definition;
    this.info = info;
    this.definition = definition;
    this.#host = host;
    this.broadcaster = new Broadcaster(host.turns, host.maxBatch);
    this.presence = new Presence(
      {
        onChange: (changes) => this.#sendChanges(changes),
        onJoin: (member) => host.run(() => onJoin?.(member, info)),
        onLeave: (member) => host.run(() => onLeave?.(member, info)),
        onOwnChange: network && ((connection) => this.#peers?.note(connection)),
      },
      host.graces,
      host.maxBuffered,
    );
    this.#peers = network?.open(name, this.presence);
    this.feed = new RoomFeed(name, host.broker, history, {
      onPublication: (publication) => this.#deliver(publication),
      onGap: (reason) => this.#onGap(reason),
      onFailure: (error) => host.warn(name, "cannot read the history", error),
    }, network === undefined ? before : this.#prepare(network, before));
  }

  /** The number of connections in the room, on this server */
  get size(): number {
    return this.#waiting.size + this.broadcaster.size;
  }

  /** Whether the room has no members, not even one that can come back after a lost connection */
  get isEmpty(): boolean {
    return this.size === 0 && this.presence.hasNoOwn;
  }

  /** Adds a recipient, or stops to send it the new messages. */
  hold(recipient: RoomRecipient): void {
    this.broadcaster.leave(recipient);
    this.#waiting.add(recipient);
  }

  /** Starts to send a recipient the new messages. */
  release(recipient: RoomRecipient): void {
    this.#waiting.delete(recipient);
    this.broadcaster.join(recipient);
  }

  /** Removes a recipient. */
  leave(recipient: RoomRecipient): void {
    this.broadcaster.leave(recipient);
    this.#waiting.delete(recipient);
  }

  /** Returns the result of a publication of this server, once it has come back. */
  expect(origin: string): Promise<BroadcastCounts> {
    // What is published before the subscription begins does not come back.
    if (!this.feed.isReady) return NOBODY;
    return new Promise((resolve) => this.#expected.set(origin, resolve));
  }

  /** Waits only for a limited time for a publication that the broker has accepted. */
  limit(origin: string): void {
    if (this.#expected.has(origin)) this.#returning.add(origin);
  }

  /** Resolves the result of a publication that does not come back. */
  forget(origin: string): void {
    this.#settle(origin, NOBODY);
  }

  /** Ends the subscription and the timers. */
  close(): Promise<void> {
    // Nobody is left to get what is expected.
    for (const origin of this.#expected.keys()) this.forget(origin);
    // The other servers report the members that do not come back to them.
    this.presence.close(!this.#peers?.hasPeers);
    this.#host.network?.close(this.info.name);
    return this.feed.close();
  }

  /**
   * Returns the message of a publication, for a recipient that missed it.
   *
   * @returns `undefined` if it is invalid, or not for the recipient
   */
  frameFor(
    recipient: RoomRecipient,
    { payload, position }: Publication,
  ): string | undefined {
    const message = decodeRoomMessage(payload);
    return message === undefined || !isFor(message, recipient)
      ? undefined
      : this.#encode(message, position);
  }

  /** How much can wait until a client has read more: half of its buffer, in UTF-16 units */
  get maxWaiting(): number {
    return this.#host.maxBuffered / 2 / MAX_BYTES_PER_UNIT;
  }

  /** Makes a batch of frames for one recipient. */
  batchOf(frames: readonly string[]): BroadcastBatch {
    return new BroadcastBatch(frames, this.#host.maxBatch);
  }

  /** Encodes that messages are missing before a position. */
  encodeGap(reason: GapReason, position: string | null): string {
    return encodeGap({ room: this.info.name, position, reason });
  }

  /** Encodes how some connections of members are now. */
  encodeChanges(connections: Iterable<string>): readonly string[] {
    return this.presence.changesOf(connections)
      .map((changes) => encodePresenceChanges(this.info.name, changes));
  }

  /** Returns whether a recipient gets a publication. */
  isFor(recipient: RoomRecipient, { payload }: Publication): boolean {
    const envelope = decodeEnvelope(payload);
    return envelope !== undefined && isFor(envelope, recipient);
  }

  /** Learns the members of the other servers while the subscription begins. */
  async #prepare(
    network: PresenceNetwork,
    before: Promise<unknown> | undefined,
  ): Promise<void> {
    const release = this.presence.holdJoins();
    try {
      await before;
      await network.read(this.info.name);
    } finally {
      release();
    }
  }

  #deliver({ payload, position }: Publication): void {
    const message = decodeRoomMessage(payload);
    if (message === undefined) {
      const problem = "ignored an invalid message of the broker";
      return this.#host.warn(this.info.name, problem);
    }
    const result = this.broadcaster.send({
      frame: this.#encode(message, position),
      plain: () => this.#encodePlain(message),
      isFor: (recipient) => isFor(message, recipient as RoomRecipient),
      latest: this.#latestKeyOf(message),
      totals: this.#host.metrics.deliveries.room,
    });
    this.#host.ledger?.note(message.origin, result);
    this.#settle(message.origin, result);
  }

  #latestKeyOf({ name, data }: RoomMessage): string | undefined {
    const { entry } = this.definition;
    if (entry === undefined) return undefined;
    try {
      return latestKeyOf(entry, name, data);
    } catch (error) {
      const problem = `'latest' of ${describeMessage(name)} failed`;
      this.#host.warn(this.info.name, problem, error);
    }
  }

  #encode({ from, json }: RoomMessage, position: string | null): string {
    const room = this.info.name;
    return encodePublication({ room, position, from }, this.#messageOf(json));
  }

  /** Encodes a message for a client that knows no rooms. */
  #encodePlain({ json }: RoomMessage): string {
    return encodeSuccess(null, "s_newmsg", this.#messageOf(json));
  }

  #messageOf(json: string): string {
    return `{${json},"replying":null,"id":${this.#host.nextMessageId()}}`;
  }

  #sendChanges(changes: PresenceChanges): void {
    const frame = encodePresenceChanges(this.info.name, changes);
    const isFor = (recipient: Recipient) =>
      (recipient as RoomRecipient).followsMembers;
    void this.broadcaster.send({ frame, isFor });
    for (const recipient of this.#waiting) recipient.onChanges(frame);
  }

  /** All members on this server have missed the same publications. */
  #onGap(reason: LossReason): void {
    // A recipient that still gets missed messages finds the gap in the history.
    for (const recipient of this.broadcaster.recipients) {
      (recipient as RoomRecipient).onGap(reason);
    }
  }

  #settle(origin: string, result: Promise<BroadcastCounts>): void {
    const resolve = this.#expected.get(origin);
    if (resolve === undefined) return;
    this.#returning.delete(origin);
    this.#expected.delete(origin);
    resolve(result);
  }
}

/** Returns whether a recipient gets a message: not if it sent it, or was excluded. */
function isFor(
  { publisher, except }: Pick<Envelope, "publisher" | "except">,
  { connection, echo }: RoomRecipient,
): boolean {
  return connection !== except && (echo || connection !== publisher);
}
