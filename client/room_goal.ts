/**
 * What the callers of a room want: to be in it, with certain options.
 *
 * @module
 */

import type { RequestEncoder } from "../protocol/encode.ts";
import { encodeJoin } from "../protocol/encode_room_frames.ts";
import type { JoinedFrame } from "../protocol/success_frames.ts";
import type { JoinResult, ResolvedJoin } from "./room_options.ts";

/** The options whose values two callers can disagree about */
const SHARED = ["since", "last", "echo", "members"] as const;

/** The values of the options that were omitted */
const DEFAULTS: ResolvedJoin = {
  since: null,
  last: undefined,
  echo: true,
  members: true,
  presence: "null",
};

/** The stay of a client in a room, over any number of connections. */
export class RoomGoal {
  /** Settles when the server has answered the first join; nothing has to handle it */
  readonly result: Promise<JoinResult>;
  readonly presence: OwnPresence;
  readonly #options: ResolvedJoin;
  /** `undefined` until the client has a position to continue from */
  #position: string | null | undefined;
  #hasJoined = false;
  #resolve = (_result: JoinResult): void => {};
  #reject = (_error: unknown): void => {};

  /** Constructs a `RoomGoal`. */
  constructor(options: ResolvedJoin) {
    this.#options = options;
    this.presence = new OwnPresence(options.presence);
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.result.catch(() => {});
  }

  /** Whether the server has let the client in at least once */
  get hasJoined(): boolean {
    return this.#hasJoined;
  }

  /** Whether the client gets the changes of the members */
  get followsMembers(): boolean {
    return this.#options.members !== false;
  }

  /** The position of the newest message or gap; `null` if there is none */
  get position(): string | null {
    return this.#position ?? null;
  }

  /** The position that the next join asks for; `null` if it asks for none */
  get since(): string | null {
    return this.#position === undefined
      ? this.#options.since ?? null
      : this.#position;
  }

  /** Returns the name of an option that another caller wants to be different, if any. */
  conflictWith(other: ResolvedJoin): keyof ResolvedJoin | undefined {
    const differs = SHARED.find((key) => {
      const wanted = other[key];
      return wanted !== undefined &&
        wanted !== (this.#options[key] ?? DEFAULTS[key]);
    });
    if (differs !== undefined) return differs;
    const { presence } = other;
    const current = this.presence.json ?? DEFAULTS.presence;
    return presence === undefined || presence === current
      ? undefined
      : "presence";
  }

  /** Encodes the next join: the first one with the options, later ones with the position. */
  encode(room: string): RequestEncoder {
    const { echo, members } = this.#options;
    const isFirst = this.#position === undefined;
    return encodeJoin(room, {
      since: this.since ?? undefined,
      last: isFirst ? this.#options.last : undefined,
      echo: echo === false ? false : undefined,
      members: members === false ? false : undefined,
      presence: this.presence.json,
    });
  }

  /** The server has let the client in. */
  onJoined({ position, missed }: JoinedFrame, recovered: boolean | null): void {
    this.#hasJoined = true;
    // It is the position before the missed messages, which come next.
    this.#position = position;
    this.#resolve({ recovered, missed });
  }

  /** A message has arrived. Without a position, the previous one remains the newest. */
  onMessage(position: string | null): void {
    this.#position = position ?? this.#position;
  }

  /** Messages are missing. The position can go back. */
  onGap(position: string | null): void {
    this.#position = position;
  }

  /** Ends the goal. A join that waits for its answer rejects. */
  end(error: unknown): void {
    this.#reject(error);
    this.presence.refuse(Infinity, error);
  }
}

/** What the callers of a room want now, and what they want after the client has left it. */
export class RoomGoals {
  #current: RoomGoal | undefined;
  #next: RoomGoal | undefined;

  /** What the server was asked for, or is asked for when a link opens */
  get current(): RoomGoal | undefined {
    return this.#current;
  }

  /** The goal of the callers; `undefined` if they want nothing */
  get newest(): RoomGoal | undefined {
    return this.#next ?? this.#current;
  }

  /** Whether the client has to leave the room before it joins it with other options */
  get hasNext(): boolean {
    return this.#next !== undefined;
  }

  /**
   * Returns the goal for a caller.
   *
   * @param options What the caller wants
   * @param isLeaving Whether the client has asked to leave
   * @param onConflict Returns the error that ends the goal which the new one replaces. Throws
   * if other callers still rely on that goal
   */
  choose(
    options: ResolvedJoin,
    isLeaving: boolean,
    onConflict: (option: keyof ResolvedJoin) => unknown,
  ): RoomGoal {
    const shared = this.#next ?? (isLeaving ? undefined : this.#current);
    const conflict = shared?.conflictWith(options);
    if (shared !== undefined && conflict === undefined) return shared;
    const error = conflict === undefined ? undefined : onConflict(conflict);
    const goal = new RoomGoal(options);
    if (this.#current === undefined) this.#current = goal;
    else {
      this.#next?.end(error);
      this.#next = goal;
    }
    return goal;
  }

  /** Ends the current goal, so that the next one becomes the current one. */
  advance(error: unknown): void {
    this.#current?.end(error);
    this.#current = this.#next;
    this.#next = undefined;
  }

  /** Ends the next goal, because its callers have left. */
  dropNext(error: unknown): void {
    this.#next?.end(error);
    this.#next = undefined;
  }

  /** Ends all goals. */
  end(error: unknown): void {
    this.dropNext(error);
    this.advance(error);
  }
}

/** A caller that waits until the server knows a presence */
interface Waiting {
  readonly version: number;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Remembers what the client claims and what the server knows. Only the newest claim is sent:
 * a claim that was replaced before it was sent succeeds or fails with the newest one.
 */
class OwnPresence {
  #json: string | undefined;
  #version = 0;
  /** The newest version that the server has answered */
  #answered = 0;
  /** The presence that the server has accepted */
  #accepted: string | undefined;
  #waiting: Waiting[] = [];

  /** Constructs an `OwnPresence` with a presence as JSON; `undefined` claims nothing. */
  constructor(json: string | undefined) {
    this.#json = json;
    this.#accepted = json;
  }

  /** The newest claim as JSON */
  get json(): string | undefined {
    return this.#json;
  }

  /** The number of the newest claim */
  get version(): number {
    return this.#version;
  }

  /** Whether the server does not know the newest claim yet */
  get isPending(): boolean {
    return this.#version > this.#answered;
  }

  /** Replaces the claim. Resolves when the server has accepted this claim or a newer one. */
  set(json: string): Promise<void> {
    this.#json = json;
    const version = ++this.#version;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ version, resolve, reject });
    });
  }

  /** The server has accepted a version, and with it all earlier ones. */
  accept(version: number, json: string | undefined): void {
    this.#accepted = json;
    for (const { resolve } of this.#answer(version)) resolve();
  }

  /** The server has refused a version, so that a rejoin must not repeat it. */
  refuse(version: number, error: unknown): void {
    if (version === this.#version) this.#json = this.#accepted;
    for (const { reject } of this.#answer(version)) reject(error);
  }

  #answer(version: number): readonly Waiting[] {
    this.#answered = Math.max(this.#answered, version);
    const done = this.#waiting.filter((entry) => entry.version <= version);
    this.#waiting = this.#waiting.filter((entry) => entry.version > version);
    return done;
  }
}
