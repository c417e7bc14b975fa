/**
 * The steps of a join that can take time, and its answer: the application decides about the
 * client (`authorize` of the room), and asynchronous schemas check its presence.
 *
 * @module
 */

import type { PresenceClaim } from "../protocol/room_fields.ts";
import type { JoinRequest } from "../protocol/room_frames.ts";
import type { JoinedFields } from "../protocol/success_frames.ts";
import type { FeedStart } from "./feed_start.ts";
import { MAX_ROOMS, overtaken, tooManyRooms } from "./room_errors.ts";
import type { RoomIdentity } from "./room_identities.ts";

/** A call of `authorize`. */
interface Decision {
  readonly room: string;
  /** Stops waiting for it. */
  abandon(): void;
}

/** Returns what the application has decided, or throws what it has thrown. */
type Outcome<Result> = () => Result;

/** The decisions about the joins of one client. */
export class JoinDecisions {
  readonly #members: ReadonlyMap<string, unknown>;
  /** The calls that have not ended, even if nothing waits for them */
  readonly #calls = new Set<Decision>();
  /** The latest join of each room that has not ended */
  readonly #latest = new Map<string, JoinRequest>();

  /**
   * Constructs `JoinDecisions`.
   *
   * @param members The rooms that the client is in
   */
  constructor(members: ReadonlyMap<string, unknown>) {
    this.#members = members;
  }

  /**
   * Runs a join until it has ended. A later join of the room replaces it.
   *
   * @param request The join
   * @param join Asks the application, and sends what the client missed
   */
  async run(request: JoinRequest, join: () => Promise<void>): Promise<void> {
    this.#latest.set(request.room, request);
    try {
      await join();
    } finally {
      if (this.isLatest(request)) this.#latest.delete(request.room);
    }
  }

  /** Whether the client has not asked again to join the room. */
  isLatest(request: JoinRequest): boolean {
    return this.#latest.get(request.room) === request;
  }

  /**
   * Checks that the client can be in one more room.
   *
   * @param name The name of the room, which the client can be in already
   *
   * @throws {RequestError} If the client is in too many rooms
   */
  assertPlaceFor(name: string): void {
    if (!this.#hasPlaceFor(name)) throw tooManyRooms();
  }

  /**
   * Asks whether the client can join a room.
   *
   * @param request The join
   * @param ask Asks the application; can throw
   * @returns The result of `ask`, as a function that the caller must call. It throws what `ask`
   * has thrown, or a `RequestError` if the client no longer wants this join
   *
   * @throws {RequestError} If the client no longer wants to join
   */
  async decide<Result>(
    request: JoinRequest,
    ask: () => Promise<Result>,
  ): Promise<Outcome<Result>> {
    const outcome = await this.#call(request, ask);
    if (outcome === undefined) throw overtaken();
    return outcome;
  }

  /** Ends the joins to a room that wait for a decision, or to all rooms. */
  abandon(name?: string): void {
    for (const { room, abandon } of this.#calls) {
      if (name === undefined || room === name) abandon();
    }
  }

  /** Resolves to `undefined` if nothing waits for the decision any more. */
  #call<Result>(
    request: JoinRequest,
    ask: () => Promise<Result>,
  ): Promise<Outcome<Result> | undefined> {
    const { promise, resolve } = Promise.withResolvers<
      Outcome<Result> | undefined
    >();
    let isAbandoned = false;
    const abandon = () => {
      isAbandoned = true;
      resolve(undefined);
    };
    const decision: Decision = { room: request.room, abandon };
    const settle = (outcome: Outcome<Result>) => {
      if (isAbandoned) this.#calls.delete(decision);
      // The client can still leave until the outcome is used.
      resolve(() => {
        this.#calls.delete(decision);
        // A later join replaces this one, although it can have been faster.
        if (isAbandoned || !this.isLatest(request)) throw overtaken();
        return outcome();
      });
    };
    this.#calls.add(decision);
    ask().then(
      (result) => settle(() => result),
      (error) => settle(() => rethrow(error)),
    );
    return promise;
  }

  #hasPlaceFor(name: string): boolean {
    // A client that leaves at once could otherwise start any number of calls.
    if (this.#calls.size >= MAX_ROOMS) return false;
    if (this.#members.size + this.#calls.size < MAX_ROOMS) return true;
    const names = new Set(this.#members.keys());
    for (const { room } of this.#calls) names.add(room);
    return names.has(name) || names.size < MAX_ROOMS;
  }
}

function rethrow(error: unknown): never {
  throw error;
}

/** A client that has joined a room. */
export interface Joined {
  /** The name of the room */
  readonly room: string;
  readonly identity: RoomIdentity;
  /** Whether the client does not have its secret yet */
  readonly needsSecret: boolean;
  /** How many of the missed messages are for the client */
  readonly missed: number;
  readonly canPublish: boolean;
  /** Whether the client has named a position */
  readonly isRecovering: boolean;
}

/** Returns the fields of the answer to a join, besides the members. */
export function joinedFields(
  { room, identity, needsSecret, missed, canPublish, isRecovering }: Joined,
  { from, lost }: FeedStart,
): JoinedFields {
  const { secret, connection, member } = identity;
  const recovery = lost === undefined || !isRecovering
    ? { recovered: isRecovering ? true as const : null }
    : { recovered: false as const, reason: lost };
  const rest = { missed, member, connection, publish: canPublish };
  const secrets = needsSecret ? { secret } : {};
  return { room, position: from, ...recovery, ...rest, ...secrets };
}

/** The newest claim of each room whose check has not ended. */
export class PresenceClaims {
  readonly #newest = new Map<string, PromiseLike<PresenceClaim>>();

  /** The number of claims */
  get size(): number {
    return this.#newest.size;
  }

  /** Drops the claim that is being checked: a newer one is shown, or the client has left. */
  drop(room: string): void {
    this.#newest.delete(room);
  }

  /**
   * Waits for the check of a claim.
   *
   * @param room The name of the room
   * @param checking Resolves to the claim
   * @param show Called with the claim, unless a newer one has overtaken it
   *
   * @throws What the check throws
   */
  async check(
    room: string,
    checking: PromiseLike<PresenceClaim>,
    show: (claim: PresenceClaim) => void,
  ): Promise<void> {
    this.#newest.set(room, checking);
    const isNewest = () => this.#newest.get(room) === checking;
    try {
      const claim = await checking;
      if (isNewest()) show(claim);
    } finally {
      if (isNewest()) this.#newest.delete(room);
    }
  }
}
