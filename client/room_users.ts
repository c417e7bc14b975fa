/**
 * The callers that use one room of a connection, and the events on their way to them: in
 * the order of their arrival, and kept until the first listener is registered.
 *
 * @module
 */

import { SerialQueue } from "../common/async.ts";
import type { PublicationFrame } from "../protocol/success_frames.ts";
import type { RoomContext } from "./room_context.ts";
import type { MembersChange } from "./room_members.ts";
import { RoomMessage } from "./room_message.ts";
import type { RoomEnd, RoomGap } from "./room_options.ts";
import type { Checking } from "./validate.ts";

/** A caller of a room, such as one hook of a page */
export interface RoomUser {
  /** How often the caller has joined the room, and not left it */
  joins: number;
  /** Whether a listener receives messages of a name */
  hears(name: string): boolean;
  /** Called with each message of the room. */
  onMessage(message: RoomMessage): void;
  /** Called if messages are missing. */
  onGap(gap: RoomGap): void;
  /** Called when members have joined, left or changed. */
  onMembers(change: MembersChange): void;
  /** Called when the client is no longer in the room. */
  onEnd(end: RoomEnd): void;
}

/** Passes on what happens in a room to all of its callers, and counts their joins. */
export class RoomUsers {
  readonly #users = new Set<RoomUser>();

  /** The number of callers */
  get size(): number {
    return this.#users.size;
  }

  /** How often the callers have joined the room together, and not left it */
  get joins(): number {
    let joins = 0;
    for (const user of this.#users) joins += user.joins;
    return joins;
  }

  /** Adds a caller. */
  add(user: RoomUser): void {
    this.#users.add(user);
  }

  /** Removes a caller. */
  delete(user: RoomUser): void {
    this.#users.delete(user);
  }

  /** Forgets the joins of all callers, because the client is not in the room. */
  clearJoins(): void {
    for (const user of this.#users) user.joins = 0;
  }

  /** Whether a listener receives messages of a name */
  hear(name: string): boolean {
    return [...this.#users].some((user) => user.hears(name));
  }

  /** Calls a function with each caller. A callback can add and remove callers. */
  each(callback: (user: RoomUser) => void): void {
    for (const user of [...this.#users]) callback(user);
  }
}

/** Passes on events in the order of their arrival, even if a schema is asynchronous. */
export class RoomEvents {
  readonly #context: Pick<RoomContext, "log" | "checks" | "isClosedHere">;
  readonly #users: RoomUsers;
  readonly #queue = new SerialQueue();

  /**
   * Constructs `RoomEvents`.
   *
   * @param context The log and the checks of the connection, and whether it is closed
   * @param users The callers of the room
   */
  constructor(
    context: Pick<RoomContext, "log" | "checks" | "isClosedHere">,
    users: RoomUsers,
  ) {
    this.#context = context;
    this.#users = users;
  }

  /** Validates a message, and passes it on after all earlier events. */
  add(frame: PublicationFrame): void {
    const { log, checks } = this.#context;
    this.#queue.add(
      (): Checking => checks?.roomEvent(frame.room, frame.message),
      () => this.#pass(frame),
      (error) => log.ignore(error),
    );
  }

  /** Calls a function with each caller, after all earlier events. */
  each(callback: (user: RoomUser) => void): void {
    const call = () => this.#users.each(callback);
    this.#queue.add(() => {}, call, call);
  }

  #pass({ message, ...source }: PublicationFrame): void {
    // An earlier listener can have closed the connection while a schema read the message.
    if (this.#context.isClosedHere) return;
    const { message: name } = message;
    if (!this.#users.hear(name)) this.#context.log.unheard(name);
    const received = new RoomMessage(message, source);
    this.#users.each((user) => user.onMessage(received));
  }
}

/** What a gap counts, in UTF-16 units. */
const GAP_LENGTH = 100;

/** Keeps messages and gaps, in their order, until the first listener is registered. */
export class EarlyEvents {
  readonly #max: number;
  readonly #onLost: () => void;
  #isKeeping = false;
  #events: (() => void)[] = [];
  /** The length of the messages and gaps, in UTF-16 units */
  #units = 0;
  #hasLost = false;

  /**
   * Constructs `EarlyEvents`, which keep nothing before `start` is called.
   *
   * @param max The maximum length of what is kept, in UTF-16 units
   * @param onLost Called in place of the messages and gaps if they are longer together
   */
  constructor(max: number, onLost: () => void) {
    this.#max = max;
    this.#onLost = onLost;
  }

  /** Whether messages wait for a listener */
  get isKeeping(): boolean {
    return this.#isKeeping;
  }

  /** Keeps what arrives from now on. */
  start(): void {
    this.#isKeeping = true;
  }

  /** Delivers a message, now or when a listener is registered. */
  add(message: RoomMessage, deliver: () => void): void {
    if (!this.#isKeeping) deliver();
    else if (!this.#hasLost) this.#keep(lengthOf(message), deliver);
  }

  /**
   * Delivers a gap, behind the messages that wait.
   *
   * @param deliver Delivers the gap
   * @param isHeard Whether a callback reports the gap; otherwise it waits for one
   */
  addGap(deliver: () => void, isHeard: boolean): void {
    if (this.#hasLost) return;
    const waits = this.#events.length > 0 || this.#isKeeping && !isHeard;
    if (waits) this.#keep(GAP_LENGTH, deliver);
    else deliver();
  }

  /** Delivers what was kept, and from now on everything at once. */
  stop(): void {
    const events = this.#hasLost ? [this.#onLost] : this.#events;
    this.clear();
    for (const deliver of events) deliver();
  }

  /** Forgets what was kept. */
  clear(): void {
    this.#isKeeping = false;
    this.#hasLost = false;
    this.#events = [];
    this.#units = 0;
  }

  /** Beyond the maximum, the application learns about one gap in place of all events. */
  #keep(units: number, deliver: () => void): void {
    this.#units += units;
    if (this.#units <= this.#max) return void this.#events.push(deliver);
    this.#hasLost = true;
    this.#events = [];
  }
}

/** Returns the length of a message; a huge one if it is nested too deeply to measure it. */
function lengthOf(message: RoomMessage): number {
  try {
    return JSON.stringify(message).length;
  } catch {
    return Infinity;
  }
}
