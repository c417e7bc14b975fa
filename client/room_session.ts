/**
 * A room of a connection, over any number of links: joins it, leaves it, and joins it again.
 *
 * @module
 */

import type { JsonObject } from "../common/json.ts";
import { ConnectionClosedError } from "../common/errors.ts";
import { describeRoom } from "../common/text.ts";
import type { CloseInfo } from "../protocol/close.ts";
import {
  encodeLeave,
  encodePresenceRequest,
} from "../protocol/encode_room_frames.ts";
import type {
  GapFrame,
  JoinedFrame,
  PresenceFrame,
  PublicationFrame,
} from "../protocol/room_message_types.ts";
import { JoinRetry } from "./join_retry.ts";
import type { Link, RequestEvents } from "./link.ts";
import { isCausedByClient } from "./backoff.ts";
import type { RoomContext } from "./room_context.ts";
import {
  invalidAnswer,
  isTemporary,
  joinConflict,
  leftBefore,
  notInRoom,
  roomConnectionClosed,
  roomEnded,
  unsent,
} from "./room_errors.ts";
import { RoomEvents } from "./room_events.ts";
import { type RoomGoal, RoomGoals } from "./room_goal.ts";
import { type MembersChange, RoomMembers } from "./room_members.ts";
import { askMembers, describeJoin, sendRoomRequest } from "./room_request.ts";
import type {
  JoinResult,
  PublishOptions,
  PublishResult,
  ResolvedJoin,
  RoomEnd,
} from "./room_options.ts";
import type { RoomPublisher } from "./room_publisher.ts";
import { type RoomUser, RoomUsers } from "./room_users.ts";

/** What the server knows about the stay of the client in the room */
type Phase =
  /** Nothing */
  | "out"
  /** The client has asked to join */
  | "joining"
  /** The client is in the room */
  | "in"
  /** The client has asked to leave */
  | "leaving";

/**
 * Brings what the server knows about a room in line with what the callers want. At most one
 * join or leave is in progress at a time.
 */
export class RoomSession {
  /** The name of the room */
  readonly name: string;
  /** The callers that use the room */
  readonly users: RoomUsers = new RoomUsers();
  readonly members: RoomMembers;
  readonly #context: RoomContext;
  readonly #publisher: RoomPublisher;
  readonly #events: RoomEvents;
  readonly #goals = new RoomGoals();
  #phase: Phase = "out";
  #end: RoomEnd | undefined;
  /** Called when the client has left, or stays because another caller has joined */
  #onSettled: (() => void)[] = [];
  #isSettingPresence = false;
  readonly #retry = new JoinRetry();

  /** Constructs a `RoomSession`. */
  constructor(name: string, context: RoomContext, publisher: RoomPublisher) {
    this.name = name;
    this.#context = context;
    this.#publisher = publisher;
    this.#events = new RoomEvents(context, this.users);
    this.members = new RoomMembers((what) => context.onFault(what));
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
    return this.#phase === "in" && this.#isWanted;
  }

  /** Whether frames about the room can still arrive */
  get isKnown(): boolean {
    return this.#phase !== "out";
  }

  /** Whether nothing needs the room any more */
  get isIdle(): boolean {
    return this.users.size === 0 && this.#goals.current === undefined &&
      this.#phase === "out" && !this.#publisher.isBusy;
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
    const isLeaving = this.#phase === "leaving";
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
    if (this.#phase === "out") this.#reconcileOut();
    else if (this.#phase === "in") this.#reconcileIn();
    if (this.#phase === "out" || this.#isWanted) this.#settle();
  }

  /** The link is lost. If another link opens, the client joins the room again. */
  onLost(close: CloseInfo): void {
    const { current } = this.#goals;
    const isFirst = this.#phase === "joining" && current?.hasJoined === false;
    this.#phase = "out";
    this.#isSettingPresence = false;
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
    if (reason === "slow") this.#refreshMembers();
    this.#events.each((user) => user.onGap({ reason }));
  }

  /** The members of the room have changed. */
  onPresence({ join, leave, count }: PresenceFrame): void {
    this.#changeMembers(() => this.members.change(join, leave, count));
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
    this.#phase = "out";
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
    const { link } = this.#context;
    if (this.#goals.current !== undefined && !this.#isWanted) {
      this.#goals.advance(leftBefore(this.name));
      this.#retry.stop();
      this.members.reset(undefined);
    }
    const goal = this.#goals.current;
    if (goal === undefined || link === undefined) return;
    if (!this.#retry.isWaiting) this.#join(goal, link);
  }

  #reconcileIn(): void {
    const { link } = this.#context;
    const goal = this.#goals.current;
    if (link === undefined || goal === undefined) return;
    if (!this.#isWanted) this.#leave(link);
    else if (goal.presence.isPending) this.#sendPresence(goal, link);
  }

  #join(goal: RoomGoal, link: Link): void {
    this.#phase = "joining";
    const { version, json } = goal.presence;
    const hasPosition = goal.since !== null;
    let isAnswered = false;
    const onRoomAnswer: RequestEvents["onRoomAnswer"] = (frame) => {
      if (frame.kind !== "joined" || frame.room !== this.name) return;
      isAnswered = true;
      goal.presence.accept(version, json);
      this.#onJoined(goal, frame, hasPosition);
    };
    const encode = goal.encode(this.name);
    sendRoomRequest(link, this.name, "join", encode, { onRoomAnswer })
      .then(() => {
        if (!isAnswered) throw invalidAnswer(describeJoin(this.name));
      })
      .catch((error) => {
        const isOver = link !== this.#context.link || this.#phase !== "joining";
        if (!isOver) this.#onJoinFailed(goal, error);
      });
  }

  #onJoined(goal: RoomGoal, frame: JoinedFrame, hasPosition: boolean): void {
    this.#phase = "in";
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
    this.#changeMembers(() => this.members.reset(frame.members));
    this.flush();
    this.reconcile();
  }

  #onJoinFailed(goal: RoomGoal, error: Error): void {
    this.#phase = "out";
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

  #leave(link: Link): void {
    this.#phase = "leaving";
    const onAnswer = () => {
      if (link !== this.#context.link || this.#phase !== "leaving") return;
      this.#phase = "out";
      this.reconcile();
    };
    // If the server refuses, it has put the client into the room itself.
    const encode = encodeLeave(this.name);
    sendRoomRequest(link, this.name, "leave", encode).then(onAnswer, onAnswer);
  }

  #sendPresence(goal: RoomGoal, link: Link): void {
    if (this.#isSettingPresence) return;
    this.#isSettingPresence = true;
    const { version, json = "null" } = goal.presence;
    const onAnswer = (error?: unknown) => {
      if (link !== this.#context.link) return;
      this.#isSettingPresence = false;
      if (error === undefined) goal.presence.accept(version, json);
      else goal.presence.refuse(version, error);
      this.reconcile();
    };
    const encode = encodePresenceRequest(this.name, json);
    sendRoomRequest(link, this.name, "presence", encode)
      .then(() => onAnswer(), onAnswer);
  }

  /** Asks for all members. Until the answer arrives, they are not complete. */
  #refreshMembers(): void {
    const { link } = this.#context;
    if (link === undefined || !this.#goals.current?.followsMembers) return;
    this.members.invalidate();
    askMembers(link, this.name, (list) => {
      if (this.isIn) this.#changeMembers(() => this.members.reset(list));
    });
  }

  /** Changes the members, and reports this to the callers unless they have left. */
  #changeMembers(apply: () => MembersChange): void {
    const { count } = this.members;
    const change = apply();
    const hasChanged = this.members.count !== count ||
      Object.values(change).some(({ length }) => length > 0);
    if (!hasChanged || !this.#isWanted) return;
    this.users.each((user) => user.onMembers(change));
  }

  #settle(): void {
    const waiting = this.#onSettled;
    this.#onSettled = [];
    for (const resolve of waiting) resolve();
  }
}
