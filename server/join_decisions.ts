/**
 * Asks the application whether a client can join rooms: `authorize` of their definitions,
 * which can take any time.
 *
 * @module
 */

import type { Client } from "./message.ts";
import type { RoomDefinition, RoomInfo } from "./room_definitions.ts";
import { MAX_ROOMS, overtaken, tooManyRooms } from "./room_errors.ts";

/** A call of `authorize`. */
interface Decision {
  readonly room: string;
  /** Stops waiting for it. */
  abandon(): void;
}

/** A room whose definition has the function `authorize`. */
interface JoinableRoom {
  readonly definition: RoomDefinition;
  readonly info: RoomInfo;
}

/** Returns what `authorize` has returned, or throws what it has thrown. */
type Outcome = () => unknown;

/** The decisions about the joins of one client. */
export class JoinDecisions {
  readonly #client: Client;
  readonly #members: ReadonlyMap<string, unknown>;
  /** The calls that have not ended, even if nothing waits for them */
  readonly #calls = new Set<Decision>();

  /**
   * Constructs `JoinDecisions`.
   *
   * @param client The client
   * @param members The rooms that the client is in
   */
  constructor(client: Client, members: ReadonlyMap<string, unknown>) {
    this.#client = client;
    this.#members = members;
  }

  /**
   * Asks whether the client can join a room.
   *
   * @returns The result of `authorize`, as a function that throws what it has thrown
   *
   * @throws {RequestError} If the client is in too many rooms, or no longer wants to join
   */
  async decide(room: JoinableRoom): Promise<Outcome> {
    if (!this.#hasPlaceFor(room.info.name)) throw tooManyRooms();
    const outcome = await this.#call(room);
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
  #call({ definition, info }: JoinableRoom): Promise<Outcome | undefined> {
    const { promise, resolve } = Promise.withResolvers<Outcome | undefined>();
    const abandon = () => resolve(undefined);
    const decision: Decision = { room: info.name, abandon };
    const settle = (outcome: Outcome) => {
      this.#calls.delete(decision);
      resolve(outcome);
    };
    this.#calls.add(decision);
    // Without `this`, and in an async function, because it can throw.
    const authorize = definition.authorize!;
    (async () => await authorize(this.#client, info))().then(
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
