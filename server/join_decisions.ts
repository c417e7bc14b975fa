/**
 * Asks the application whether a client can join rooms: `authorize` of their definitions,
 * which can take any time.
 *
 * @module
 */

import type { JoinRequest } from "../protocol/room_frames.ts";
import { MAX_ROOMS, overtaken, tooManyRooms } from "./room_errors.ts";

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
   * Asks whether the client can join a room.
   *
   * @param name The name of the room
   * @param ask Asks the application; can throw
   * @returns The result of `ask`, as a function that throws what it has thrown
   *
   * @throws {RequestError} If the client is in too many rooms, or no longer wants to join
   */
  async decide<Result>(
    name: string,
    ask: () => Promise<Result>,
  ): Promise<Outcome<Result>> {
    if (!this.#hasPlaceFor(name)) throw tooManyRooms();
    const outcome = await this.#call(name, ask);
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
    room: string,
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
    const decision: Decision = { room, abandon };
    const settle = (outcome: Outcome<Result>) => {
      if (isAbandoned) this.#calls.delete(decision);
      // The client can still leave until the outcome is used.
      resolve(() => {
        this.#calls.delete(decision);
        if (isAbandoned) throw overtaken();
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

  /** Whether the client can be in a room, which it can be in already. */
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
