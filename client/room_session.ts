/**
 * A room of a connection, over any number of links: joins it, leaves it, and joins it again.
 *
 * @module
 */

import { ConnectionClosedError } from "../common/errors.ts";
import type { JsonObject } from "../common/json.ts";
import { describeRoom } from "../common/text.ts";
import type { CloseInfo } from "../protocol/close.ts";
import { encodePresenceRequest } from "../protocol/encode_room_frames.ts";
import type { LeftReason } from "../protocol/room_fields.ts";
import type {
  GapFrame,
  JoinedFrame,
  PresenceFrame,
  PublicationFrame,
} from "../protocol/success_frames.ts";
import { isCausedByClient, JoinRetry } from "./backoff.ts";
import { invalidAnswer } from "./link.ts";
import type { RoomContext } from "./room_context.ts";
import {
  isForbidden,
  isTemporary,
  joinConflict,
  leftBefore,
  notInRoom,
  roomConnectionClosed,
  roomEnded,
  unsent,
} from "./room_errors.ts";
import { type RoomGoal, RoomGoals } from "./room_goal.ts";
import {
  type MembersChange,
  MemberUpdates,
  type RoomMembers,
} from "./room_members.ts";
import type {
  JoinResult,
  PublishOptions,
  PublishResult,
  ResolvedJoin,
  RoomEnd,
} from "./room_options.ts";
import type { RoomPublisher } from "./room_publisher.ts";
import { describeJoin, RoomStay, SingleRequest } from "./room_request.ts";
import { RoomEvents, type RoomUser, RoomUsers } from "./room_users.ts";

/** Brings what the server knows about a room in line with what the callers want. */
export class RoomSession {
  /** The name of the room */
  readonly name: string;
  /** The callers that use the room */
  readonly users: RoomUsers = new RoomUsers();
  readonly #context: RoomContext;
  readonly #publisher: RoomPublisher;
  readonly #events: RoomEvents;
  readonly #updates: MemberUpdates;
  readonly #presence: SingleRequest;
  readonly #goals = new RoomGoals();
  readonly #stay: RoomStay;
  #end: RoomEnd | undefined;
  /** Called when the client has left, or stays because another caller has joined */
  #onSettled: (() => void)[] = [];
  readonly #retry = new JoinRetry();

  /** Constructs a `RoomSession`. */
  constructor(name: string, context: RoomContext, publisher: RoomPublisher) {
    this.name = name;
    this.#context = context;
    this.#publisher = publisher;
    this.#events = new RoomEvents(context, this.users);
    const onMembers = (change: MembersChange) => this.#onMembers(change);
    this.#updates = new MemberUpdates(name, context, onMembers);
    this.#presence = new SingleRequest(context, name, "presence");
    this.#stay = new RoomStay(context, name);
  }

  /** The members of the room; none while the client is not in it */
  get members(): RoomMembers {
    return this.#updates.members;
  }

  /** Why the client is no longer in the room; `undefined` while the room can be used */
  get ended(): RoomEnd | undefined {
    return this.#end;
  }

  /** The position of the newest message; `null` if there is none */
  get position(): string | null {
    return this.#goals.current?.position ?? null;
  }

  /** Whether the client is in the room */
  get isIn(): boolean {
    return this.#stay.phase === "in" && this.#isWanted;
  }

  /** Whether frames about the room can still arrive */
  get isKnown(): boolean {
    return this.#stay.phase !== "out";
  }

  /** Whether nothing needs the room any more */
  get isIdle(): boolean {
    return this.users.size === 0 && this.#goals.current === undefined &&
      this.#stay.phase === "out" && !this.#publisher.isBusy;
  }

  /**
   * Joins the room for one of the users.
   *
   * @throws {TypeError} If the options contradict those of another caller
   */
  join(user: RoomUser, options: ResolvedJoin): Promise<JoinResult> {
    const { closed } = this.#context;
    if (closed !== undefined) {
      throw roomConnectionClosed(describeJoin(this.name), closed);
    }
    const isLeaving = this.#stay.phase === "leaving";
    const goal = this.#goals.choose(options, isLeaving, (option) => {
      if (this.users.joins === 0) return leftBefore(this.name);
      throw joinConflict(this.name, option);
    });
    user.joins++;
    this.reconcile();
    return goal.result;
  }

  /** Leaves the room if no caller needs it. Resolves when the server has answered. */
  async leave(user: RoomUser): Promise<void> {
    user.joins--;
    if (this.users.joins > 0) return;
    const settled = new Promise<void>((resolve) => {
      this.#onSettled.push(resolve);
    });
    // Another caller can join in this turn, for example a component that is mounted again.
    queueMicrotask(() => this.reconcile());
    await settled;
  }

  /** Sends a message to the room. */
  async publish(
    name: string,
    data: JsonObject,
    options?: PublishOptions,
  ): Promise<PublishResult> {
    const isMember = this.users.joins > 0 ||
      this.#context.isPutInto(this.name);
    if (!isMember) {
      const reason = "the client is not in the room. Call room.join() first";
      throw unsent(this.#publisher.subjectOf(name), reason);
    }
    const published = this.#publisher.add(name, data, options);
    this.flush();
    return await published;
  }

  /** Sends the messages that wait until the client is in the room. */
  flush(): void {
    if (this.isIn || this.#context.isPutInto(this.name)) {
      this.#publisher.flush();
    }
  }

  /** Changes what the client claims. Resolves when the server has accepted it. */
  async setPresence(json: string): Promise<void> {
    const goal = this.#goals.newest;
    if (goal === undefined || this.users.joins === 0) {
      throw notInRoom(`Cannot set the presence in ${describeRoom(this.name)}`);
    }
    const accepted = goal.presence.set(json);
    this.reconcile();
    await accepted;
  }

  /** Takes the next step towards what the callers want, for example over a new link. */
  reconcile(): void {
    if (this.users.joins === 0) this.#onUnwanted();
    // The next join replaces the join or the leave that is tried again later.
    if (this.#goals.hasNext && this.#retry.isWaiting) {
      this.#retry.stop();
      this.#stay.end();
    }
    if (this.#stay.phase === "out") this.#reconcileOut();
    else if (this.#stay.phase === "in") this.#reconcileIn();
    if (this.#stay.phase === "out" || this.#isWanted) this.#settle();
  }

  /** The link is lost. If another link opens, the client joins the room again. */
  onLost(close: CloseInfo): void {
    const { current } = this.#goals;
    const isFirst = this.#stay.phase === "joining" &&
      current?.hasJoined === false;
    this.#stay.end();
    this.#retry.stop();
    // The server would close the next connection, too.
    if (isFirst && isCausedByClient(close.code)) {
      const subject = describeJoin(this.name);
      this.#failJoin(new ConnectionClosedError(subject, close));
    }
    this.reconcile();
  }

  /** A message of the room has arrived. */
  onMessage(frame: PublicationFrame): void {
    this.#goals.current?.onMessage(frame.position);
    this.#events.add(frame);
  }

  /** Messages of the room are missing. */
  onGap({ position, reason }: GapFrame): void {
    this.#goals.current?.onGap(position);
    // The server can have skipped changes of the members, too.
    if (reason === "slow" && this.#goals.current?.followsMembers) {
      this.#updates.refresh(() => this.isIn);
    }
    this.#events.each((user) => user.onGap({ reason }));
  }

  /** The members of the room have changed. */
  onPresence({ join, leave, count }: PresenceFrame): void {
    this.#updates.change((members) => members.change(join, leave, count));
  }

  /** The server has put the client out of the room. */
  onPutOut(reason: LeftReason): void {
    // Otherwise the answer to the join or the leave follows.
    if (this.#stay.phase !== "in") return;
    if (this.#isWanted) return this.end({ reason });
    this.#stay.end();
    this.reconcile();
  }

  /** The server has rejected a token: the client must not join for the next one. */
  onRejected(error: Error): void {
    if (this.#goals.current?.hasJoined) {
      return this.end({ reason: "login" }, error);
    }
    this.#failJoin(error);
    this.reconcile();
  }

  /**
   * Ends the room, because the client is no longer in it.
   *
   * @param end Why
   * @param error The error for the joins that wait for their answers
   */
  end(
    end: RoomEnd,
    error: Error = roomEnded(`Cannot use ${describeRoom(this.name)}`, end),
  ): void {
    const wasIn = this.#goals.current?.hasJoined === true;
    this.#end = end;
    this.#context.forget(this);
    this.#stay.end();
    this.#retry.stop();
    this.#goals.end(error);
    this.members.reset(undefined);
    this.#publisher.end("the client is no longer in the room", error);
    this.users.clearJoins();
    if (wasIn) this.#events.each((user) => user.onEnd(end));
    this.#settle();
  }

  /** Whether the callers want what the server was asked for. */
  get #isWanted(): boolean {
    return !this.#goals.hasNext && this.users.joins > 0;
  }

  /** The callers have left. Without a goal, the server can have put the client into the room. */
  #onUnwanted(): void {
    if (this.#goals.newest === undefined) return;
    this.#goals.dropNext(leftBefore(this.name));
    this.#publisher.end("the application has left the room");
  }

  #reconcileOut(): void {
    if (this.#goals.current !== undefined && !this.#isWanted) {
      this.#goals.advance(leftBefore(this.name));
      this.#retry.stop();
      this.members.reset(undefined);
    }
    const goal = this.#goals.current;
    if (goal !== undefined && !this.#retry.isWaiting) this.#join(goal);
  }

  #reconcileIn(): void {
    const goal = this.#goals.current;
    if (goal === undefined) return;
    if (!this.#isWanted) this.#leave();
    else if (goal.presence.isPending) this.#sendPresence(goal);
  }

  #join(goal: RoomGoal): void {
    const { version, json } = goal.presence;
    const hasPosition = goal.since !== null;
    this.#stay.join(goal.encode(this.name), {
      onJoined: (frame) => {
        goal.presence.accept(version, json);
        this.#onJoined(goal, frame, hasPosition);
      },
      onFailed: (error = invalidAnswer(describeJoin(this.name))) =>
        this.#onJoinFailed(goal, error),
    });
  }

  #onJoined(goal: RoomGoal, frame: JoinedFrame, hasPosition: boolean): void {
    this.#retry.stop();
    this.#context.onJoined(frame);
    // A server that ignores the position has not recovered anything.
    const isIgnored = hasPosition && frame.recovered === null;
    const isGap = frame.recovered === false || isIgnored;
    goal.onJoined(frame, isGap ? false : frame.recovered);
    if (isGap && this.#isWanted) {
      const reason = frame.recovered === false ? frame.reason : "broker";
      this.#events.each((user) => user.onGap({ reason }));
    }
    this.#updates.change((members) => members.reset(frame.members));
    this.flush();
    this.reconcile();
  }

  #onJoinFailed(goal: RoomGoal, error: Error): void {
    if (!goal.hasJoined) this.#failJoin(error);
    else if (isTemporary(error)) this.#retry.start(() => this.reconcile());
    else return this.end({ reason: "refused", error });
    this.reconcile();
  }

  /** The callers that have joined are not in the room. They can try again. */
  #failJoin(error: Error): void {
    const { hasNext } = this.#goals;
    this.#goals.advance(error);
    // Other callers wait for a join with other options.
    if (hasNext) return;
    this.users.clearJoins();
    this.#publisher.end("the client could not join the room", error);
  }

  #leave(): void {
    this.#stay.leave((error) => {
      if (isTemporary(error) && !this.#goals.hasNext) {
        return this.#retry.start(() => this.#leave());
      }
      if (isForbidden(error)) this.#context.notePutInto(this.name);
      this.#stay.end();
      this.reconcile();
    });
  }

  #sendPresence(goal: RoomGoal): void {
    if (this.#presence.isPending) return;
    const { version, json = "null" } = goal.presence;
    const encode = encodePresenceRequest(this.name, json);
    this.#presence.send(encode, (error) => {
      if (error === undefined) goal.presence.accept(version, json);
      else goal.presence.refuse(version, error);
      this.reconcile();
    });
  }

  /** Reports that the members have changed, unless the callers have left. */
  #onMembers(change: MembersChange): void {
    if (this.#isWanted) this.users.each((user) => user.onMembers(change));
  }

  #settle(): void {
    const waiting = this.#onSettled;
    this.#onSettled = [];
    for (const resolve of waiting) resolve();
  }
}
