/**
 * A client in a room: gets the messages that it missed, and then the new ones.
 *
 * @module
 */

import type { Publication, ReadFrom } from "../broker/broker.ts";
import type { GapReason } from "../protocol/room_fields.ts";
import { isPresenceChanges } from "../protocol/success_frames.ts";
import type {
  Broadcast,
  BroadcastBatch,
  BroadcastFrame,
  Delivery,
  HeldBroadcast,
} from "./broadcaster.ts";
import type { FeedStart } from "./feed_start.ts";
import type { LiveRoom, RoomRecipient } from "./live_room.ts";
import type { RoomIdentity } from "./room_identities.ts";
import {
  type MemberHost,
  type MissingReader,
  pauseReading,
  sendFirst,
  sendRest,
} from "./missed_messages.ts";
import { HeldChanges, type SlowTask, WaitingEvents } from "./waiting_events.ts";

/** More than the frame about a gap needs, in UTF-16 units. */
const MAX_GAP_LENGTH = 1_000;

/** What a client wants in a room. */
export interface MemberOptions {
  /** Whether it gets its own messages */
  readonly echo: boolean;
  /** Whether it gets the changes of the members */
  readonly members: boolean;
}

/** How often a client that has joined waits for a broker that cannot be read. */
const MAX_FAILURES = 10;

const SKIPPED: Delivery = { delivered: 0, rest: "skipped", sends: 0 };

/** What is true of a member, as bits of one number: a server has very many members. */
const Flag = {
  CAN_PUBLISH: 1,
  IS_BY_SERVER: 2,
  ECHO: 4,
  MEMBERS: 8,
  IS_STOPPED: 16,
} as const;

/** A client in a room. */
export class RoomMember implements RoomRecipient, SlowTask {
  cursor = Infinity;
  readonly room: LiveRoom;
  readonly #host: MemberHost;
  #flags: number = Flag.ECHO;
  /** Why messages are missing that the client does not know of; `undefined` for none */
  #gap: GapReason | undefined;
  /** The changes of the members that have to wait for missed messages, or for a gap */
  #changes: HeldChanges | undefined;
  /** The events that wait because the client reads slowly; `undefined` if none do */
  #waiting: WaitingEvents | undefined;
  /** The number of the last start, because a new one ends the last one */
  #starts = 0;

  /** Constructs a `RoomMember`, which gets nothing before `start` is called. */
  constructor(room: LiveRoom, host: MemberHost) {
    this.room = room;
    this.#host = host;
    room.hold(this);
  }

  /** Whether the client can publish */
  get canPublish(): boolean {
    return this.#has(Flag.CAN_PUBLISH);
  }

  set canPublish(value: boolean) {
    this.#set(Flag.CAN_PUBLISH, value);
  }

  /** Whether the server has put the client into the room */
  get isByServer(): boolean {
    return this.#has(Flag.IS_BY_SERVER);
  }

  set isByServer(value: boolean) {
    this.#set(Flag.IS_BY_SERVER, value);
  }

  /** How often the client has started; a new start ends the last one */
  get starts(): number {
    return this.#starts;
  }

  /** The identity of the client in rooms */
  get identity(): RoomIdentity {
    return this.#host.identity;
  }

  get connection(): string {
    return this.identity.connection;
  }

  get echo(): boolean {
    return this.#has(Flag.ECHO);
  }

  get followsMembers(): boolean {
    return this.#has(Flag.MEMBERS) && !this.isPlain;
  }

  get isPlain(): boolean {
    return !this.#host.transport.features.has("rooms");
  }

  /**
   * Starts to receive.
   *
   * @param wanted Where the client wants to begin
   * @param options What the client wants
   * @param onStart Called once, before the first message is sent; not if `stop` is called, or
   * if the member starts again
   * @returns Resolves when the client has got the messages that it missed
   *
   * @throws {PublishError} If the history cannot be read
   */
  async start(
    wanted: ReadFrom,
    options: MemberOptions,
    onStart: (start: FeedStart) => void,
  ): Promise<void> {
    if (this.#has(Flag.IS_STOPPED)) return;
    const number = ++this.#starts;
    // Without the history, nothing would bring back what comes meanwhile.
    if (!isNothing(wanted)) this.#pause();
    let next = await this.#read(wanted, number, (start) => {
      this.#begin(options);
      onStart(start);
    });
    for (let failures = 0; next !== undefined;) {
      const from: ReadFrom = next;
      next = await this.#continue(from, number, failures < MAX_FAILURES);
      failures = next === from ? failures + 1 : 0;
    }
  }

  /** Stops to receive for ever. */
  stop(): void {
    this.#starts++;
    this.#set(Flag.IS_STOPPED, true);
    this.room.leave(this);
    this.#drop();
    this.#forgetGap();
  }

  /** Stops to receive until the history has brought what comes meanwhile. */
  #pause(): void {
    this.room.hold(this);
    this.#drop();
    this.#forgetGap();
  }

  /** Begins anew, behind everything that was sent to the client before. */
  #begin({ echo, members }: MemberOptions): void {
    this.room.broadcaster.catchUp(this);
    this.#flush();
    // The list of the members contains the changes.
    this.#changes = undefined;
    this.#set(Flag.ECHO, echo);
    this.#set(Flag.MEMBERS, members);
  }

  holds({ latest, frame }: Broadcast, units: number): boolean {
    const waiting = this.#waiting;
    // What follows an event that waits keeps its order behind it.
    const canWait = latest !== undefined || waiting !== undefined;
    if (!canWait || this.#gap !== undefined) return false;
    // Nothing would settle an event that waits for a client that has left.
    if (this.#has(Flag.IS_STOPPED)) return false;
    const { transport, slow } = this.#host;
    const { length } = frame;
    const before = units + (waiting?.units ?? 0);
    if (!transport.isSlow(before + length)) return false;
    const kept = slow.units - (waiting?.replacedBy(latest) ?? 0);
    return kept + length <= this.room.maxWaiting;
  }

  hold(event: HeldBroadcast): void {
    this.#waiting ??= new WaitingEvents(this.#host, () => this.#flush());
    this.#waiting.add(event);
  }

  deliver(batch: BroadcastBatch): Delivery {
    if (this.#waiting !== undefined) this.#flush();
    return this.#deliver(batch);
  }

  #deliver(batch: BroadcastBatch): Delivery {
    // Nothing can follow before the client knows of the gap.
    const delivery = this.#gap === undefined
      ? this.#host.transport.deliver(batch)
      : SKIPPED;
    const isCut = delivery.delivered < batch.count;
    if (isCut && delivery.rest === "skipped") {
      this.#holdChanges(batch.single.slice(delivery.delivered));
      this.#openGap("slow");
    }
    return delivery;
  }

  onGap(reason: GapReason): void {
    this.room.broadcaster.catchUp(this);
    this.#flush();
    this.#openGap(reason);
    // What the history still has after the gap follows at once.
    this.#closeGap();
  }

  onChanges(frame: string): void {
    if (this.followsMembers) this.#changes?.add(frame);
  }

  /** Returns the number of publications that are for the client. */
  count(publications: readonly Publication[]): number {
    return publications.filter((each) => this.room.isFor(this, each)).length;
  }

  /**
   * Reads and sends what came while the client got earlier messages.
   *
   * @param from Where to continue
   * @param number The number of the start
   * @param waits Whether to wait for a broker that cannot be read
   * @returns Where to continue; `from` if the broker could not be read
   */
  async #continue(
    from: ReadFrom,
    number: number,
    waits: boolean,
  ): Promise<ReadFrom | undefined> {
    let hasBegun = false;
    try {
      return await this.#read(from, number, (start) => {
        hasBegun = true;
        this.#reportLoss(start);
      });
    } catch {
      if (number !== this.#starts) return undefined;
      // The history has the messages when the broker is back.
      if (waits && !hasBegun) {
        await pauseReading();
        return from;
      }
      // The answer to the join is sent, so the client has to get a gap.
      this.#goLive();
      this.#openGap("broker");
    }
  }

  /**
   * Reads and sends messages. If there are none, the client gets the new ones from now on.
   *
   * @returns Where to continue; `undefined` if the client gets the new messages now
   */
  async #read(
    from: ReadFrom,
    number: number,
    report: (start: FeedStart) => void,
  ): Promise<ReadFrom | undefined> {
    let last: string | null | undefined;
    let rest: readonly Publication[] = [];
    await this.room.feed.read(from, (start) => {
      if (number !== this.#starts) return;
      report(start);
      rest = sendFirst(this.#reader, start.publications);
      // A client that reads too slowly can have been closed meanwhile.
      if (number !== this.#starts) return;
      if (rest.length === 0) return this.#goLive();
      this.#changes ??= new HeldChanges();
      last = start.publications.at(-1)?.position;
    });
    await sendRest(this.#reader, rest, () => number === this.#starts);
    return number === this.#starts && last ? { since: last } : undefined;
  }

  /** Sends the new messages from now on, after the changes of the members. */
  #goLive(): void {
    this.room.release(this);
    this.#sendChanges();
  }

  /** Keeps the changes of the members, because a gap only stands for messages. */
  #holdChanges(frames: readonly BroadcastFrame[]): void {
    for (const { data } of frames) {
      if (!isPresenceChanges(data)) continue;
      this.#changes ??= new HeldChanges();
      this.#changes.add(data);
    }
  }

  /** Sends the changes of the members that were held, perhaps after a gap that was reported. */
  #sendChanges(reported?: GapReason): void {
    const changes = this.#changes;
    this.#changes = undefined;
    if (changes === undefined || changes.connections.size === 0) return;
    if (changes.isIncomplete) {
      // After this reason, a client asks for all members.
      return reported === "slow" ? undefined : this.#sendGap("slow");
    }
    const frames = this.room.encodeChanges(changes.connections);
    this.deliver(this.room.batchOf(frames));
  }

  /** Messages were lost while the client got earlier ones. */
  #reportLoss({ lost, from }: FeedStart): void {
    if (lost === undefined) return;
    this.#host.transport.send(this.room.encodeGap(lost, from));
  }

  /** Sends the events that wait. */
  #flush(): void {
    const events = this.#takeWaiting();
    if (events.length === 0) return;
    const frames = events.map(({ frame }) => frame);
    const { delivered, rest } = this.#deliver(this.room.batchOf(frames));
    for (const [index, event] of events.entries()) {
      event.settle(index < delivered ? "delivered" : rest);
    }
  }

  /** Forgets the events that wait, because the client has left or starts again. */
  #drop(): void {
    for (const event of this.#takeWaiting()) event.settle("failed");
  }

  #takeWaiting(): readonly HeldBroadcast[] {
    const events = this.#waiting?.take() ?? [];
    this.#waiting = undefined;
    return events;
  }

  /** Reports a gap as soon as the client has read enough. */
  #openGap(reason: GapReason): void {
    if (this.#gap !== undefined || this.isPlain) return;
    this.#gap = reason;
    this.#host.slow.gaps.add(this);
  }

  tryToFinish(): boolean {
    this.#closeGap();
    return this.#gap === undefined;
  }

  #forgetGap(): void {
    this.#gap = undefined;
    this.#host.slow.gaps.remove(this);
  }

  #closeGap(): void {
    const reason = this.#gap;
    if (reason === undefined) return;
    if (!this.#host.transport.hasCapacity(MAX_GAP_LENGTH)) return;
    // What the client still lacks is a part of the gap.
    this.room.broadcaster.catchUp(this);
    this.#gap = undefined;
    this.#sendGap(reason);
    this.#sendChanges(reason);
  }

  #sendGap(reason: GapReason): void {
    const { room } = this;
    this.#host.transport.send(room.encodeGap(reason, room.feed.at));
  }

  get #reader(): MissingReader {
    const encode = (each: Publication) => this.room.frameFor(this, each);
    return { host: this.#host, encode };
  }

  #has(flag: number): boolean {
    return (this.#flags & flag) !== 0;
  }

  #set(flag: number, value: boolean): void {
    this.#flags = value ? this.#flags | flag : this.#flags & ~flag;
  }
}

/** Returns whether a client wants no history. */
function isNothing(wanted: ReadFrom): boolean {
  return "last" in wanted && wanted.last === 0;
}
