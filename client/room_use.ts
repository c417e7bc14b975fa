/**
 * What one caller does with a room: its joins, its listeners and its callbacks.
 *
 * @module
 */

import type { JsonObject } from "../common/json.ts";
import { type Listener, Listeners } from "../common/listeners.ts";
import { describeRoom } from "../common/text.ts";
import { encodePresence } from "../protocol/encode_room_frames.ts";
import type { PresenceClaim } from "../protocol/room_fields.ts";
import { type Callback, Callbacks } from "./callbacks.ts";
import type { ClientLog } from "./log.ts";
import { roomEnded } from "./room_errors.ts";
import type { MembersChange } from "./room_members.ts";
import type { RoomMessage } from "./room_message.ts";
import {
  checkPublishOptions,
  type JoinOptions,
  type JoinResult,
  type PublishOptions,
  type PublishResult,
  resolveJoinOptions,
  type RoomEnd,
  type RoomGap,
  type RoomNames,
} from "./room_options.ts";
import type { RoomSession } from "./room_session.ts";
import { EarlyEvents, type RoomUser } from "./room_users.ts";

/** The names of messages, or the listener to all of them */
export type Names = string | readonly string[] | Listener<RoomMessage>;

const SUBJECT = "Cannot add the listener";

/** Finds the session of a room. */
export interface RoomSessions {
  readonly log: ClientLog;
  /** The maximum length of the messages that wait for a listener, in UTF-16 units */
  readonly maxBuffered: number;
  /** The public id of the client as a member; `undefined` before the first join */
  readonly member: string | undefined;
  /** Returns the session of a room, if there is one. */
  find(name: string): RoomSession | undefined;
  /** Returns the session of a room, and creates it if there is none. */
  open(name: string): RoomSession;
  /** Forgets a session that nothing needs any more. */
  release(session: RoomSession): void;
}

/** Options of a {@linkcode RoomUse} */
export interface RoomUseOptions {
  /** The name of the room */
  readonly name: string;
  /** The names of its events */
  readonly names: RoomNames;
  readonly sessions: RoomSessions;
  /** Whether the listeners are removed when the caller leaves the room */
  readonly isScoped: boolean;
  /** Called when the application uses the room, possibly more than once. */
  onUsed?(): void;
  /** Called when the application does not use the room any more. */
  onUnused?(): void;
}

/** The use of a room by the callers that share one `ClientRoom`. */
export class RoomUse implements RoomUser {
  /** The name of the room */
  readonly name: string;
  joins = 0;
  readonly #options: RoomUseOptions;
  readonly #listeners = new Listeners<RoomMessage>();
  readonly #gaps: Callbacks<RoomGap>;
  readonly #members: Callbacks<MembersChange>;
  readonly #ends: Callbacks<RoomEnd>;
  /** The registrations of the application that were not disposed of */
  readonly #registered = new Set<Disposable>();
  /** The callbacks `onGap` of the joins */
  #joinGaps: Disposable[] = [];
  readonly #early: EarlyEvents;
  /** The session, while this use needs it, or after it has ended */
  #session: RoomSession | undefined;

  /** Constructs a `RoomUse`, which has no effect until the application uses it. */
  constructor(options: RoomUseOptions) {
    const { log, maxBuffered } = options.sessions;
    this.name = options.name;
    this.#options = options;
    this.#gaps = new Callbacks(log);
    this.#members = new Callbacks(log);
    this.#ends = new Callbacks(log);
    this.#early = new EarlyEvents(
      maxBuffered,
      () => this.#gaps.call({ reason: "slow" }),
    );
  }

  /** The public id of the client as a member; `undefined` before the first join */
  get member(): string | undefined {
    return this.#sessions.member;
  }

  get #sessions(): RoomSessions {
    return this.#options.sessions;
  }

  /** The session whose state the application sees, if there is one */
  get session(): RoomSession | undefined {
    return this.#session ?? this.#sessions.find(this.name);
  }

  /** Keeps the messages that arrive before the first listener is registered. */
  keepEarly(): void {
    this.#early.start();
  }

  /** Registers a listener to messages of the room. */
  receive(names: Names, listener?: Listener<RoomMessage>): Disposable {
    this.#options.names.assertEvents(names);
    const registered = this.#register(() =>
      this.#listeners.add(names, listener)
    );
    // Delayed, because the application can register more listeners in the same turn.
    if (this.#early.isKeeping) queueMicrotask(() => this.#early.stop());
    return registered;
  }

  /** Registers a callback for the gaps of the room. */
  listenToGaps(callback: Callback<RoomGap>): Disposable {
    return this.#register(() => this.#gaps.add(SUBJECT, callback));
  }

  /** Registers a callback for the members of the room. */
  listenToMembers(callback: Callback<MembersChange>): Disposable {
    return this.#register(() => this.#members.add(SUBJECT, callback));
  }

  /** Registers a callback for the end of the room. */
  listenToEnd(callback: Callback<RoomEnd>): Disposable {
    return this.#register(() => this.#ends.add(SUBJECT, callback));
  }

  /** Joins the room. */
  async join(options?: JoinOptions): Promise<JoinResult> {
    const subject = `Cannot join ${describeRoom(this.name)}`;
    const resolved = resolveJoinOptions(subject, options);
    const session = this.#attach();
    try {
      const result = session.join(this, resolved);
      const { onGap } = options ?? {};
      if (onGap !== undefined) {
        this.#joinGaps.push(this.#gaps.add(subject, onGap));
      }
      return await result;
    } finally {
      this.#detach();
    }
  }

  /** Undoes one join. If nothing needs the room any more, the client leaves it. */
  async leave(): Promise<void> {
    const session = this.#session;
    if (session === undefined || this.joins === 0) return;
    const left = session.leave(this);
    if (this.#options.isScoped && this.joins === 0) this.#clear();
    this.#detach();
    await left;
    this.#sessions.release(session);
  }

  /** Sends a message to the room. */
  async publish(
    name: string,
    data: JsonObject = {},
    options?: PublishOptions,
  ): Promise<PublishResult> {
    this.#options.names.assertPublishable(name);
    checkPublishOptions("Cannot publish the message", options);
    const session = this.#attach();
    try {
      return await session.publish(name, data, options);
    } finally {
      this.#detach();
      // The caller can have left the room meanwhile.
      this.#sessions.release(session);
    }
  }

  /** Changes what the client claims about itself. */
  async setPresence(presence: PresenceClaim): Promise<void> {
    const json = encodePresence(presence);
    const session = this.#attach();
    try {
      await session.setPresence(json);
    } finally {
      this.#detach();
    }
  }

  hears(name: string): boolean {
    return this.#early.isKeeping || this.#listeners.has(name);
  }

  onMessage(message: RoomMessage): void {
    const { log } = this.#sessions;
    this.#early.add(message, () => {
      void this.#listeners.dispatch(message, (error) => log.report(error));
    });
  }

  onGap(gap: RoomGap): void {
    const isHeard = this.#gaps.size > 0;
    this.#early.addGap(() => this.#gaps.call(gap), isHeard);
  }

  onMembers(change: MembersChange): void {
    this.#members.call(change);
  }

  onEnd(end: RoomEnd): void {
    this.#ends.call(end);
  }

  /** Returns the session, which then knows this use until it is not needed any more. */
  #attach(): RoomSession {
    const ended = this.#session?.ended;
    if (ended !== undefined) {
      throw roomEnded(`Cannot use ${describeRoom(this.name)}`, ended);
    }
    const session = this.#session ??= this.#sessions.open(this.name);
    session.users.add(this);
    this.#options.onUsed?.();
    return session;
  }

  #detach(): void {
    const session = this.#session;
    if (session === undefined) return;
    if (this.joins > 0) return;
    for (const gap of this.#joinGaps.splice(0)) gap[Symbol.dispose]();
    // A room that has ended cannot be used again.
    if (this.#registered.size > 0 || session.ended !== undefined) return;
    session.users.delete(this);
    this.#session = undefined;
    this.#options.onUnused?.();
    this.#sessions.release(session);
  }

  #register(add: () => Disposable): Disposable {
    this.#attach();
    try {
      const added = add();
      const registered = {
        [Symbol.dispose]: () => {
          added[Symbol.dispose]();
          this.#registered.delete(registered);
          this.#detach();
        },
      };
      this.#registered.add(registered);
      return registered;
    } finally {
      this.#detach();
    }
  }

  /** Removes the listeners of a caller that has left. */
  #clear(): void {
    this.#early.clear();
    for (const registered of this.#registered) registered[Symbol.dispose]();
  }
}
