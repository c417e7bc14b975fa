/**
 * The rooms of the soak test, and consecutive numbers in each of them.
 *
 * @module
 */

import type { RoomOptions, Server } from "@hoist/cli";
import type { Problems } from "../problems.ts";
import { BRIEF_SIZE, ROOMS, TICK } from "../rooms.ts";

/** The time between two rounds, in milliseconds. */
const INTERVAL = 100;

/** The number of rooms in a round. */
const ROOMS_PER_ROUND = 15;

/** The numbers of messages to the rooms of a round. */
const BURSTS = [1, 1, 3, 1] as const;

/** More messages than a client can miss. */
const KEPT_SIZE = 1_000;

const OPEN: RoomOptions = {
  authorize: () => true,
  publish: true,
  presence: (_client, claimed) => claimed === null ? {} : claimed,
};

/** The rooms and their messages. */
export class RoomTicks {
  /** The number of messages */
  sent = 0;
  readonly #server: Server;
  readonly #problems: Problems;
  readonly #last = new Map<string, number>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #next = 0;

  constructor(server: Server, problems: Problems) {
    this.#server = server;
    this.#problems = problems;
    server.defineRoom("kept:{n}", { ...OPEN, history: { size: KEPT_SIZE } });
    server.defineRoom("brief:{n}", { ...OPEN, history: { size: BRIEF_SIZE } });
    server.operation("last tick", ({ nonce, room }) => {
      return { nonce, n: this.#last.get(String(room)) ?? 0 };
    });
    this.resume();
  }

  /** Resumes the messages. */
  resume(): void {
    this.#timer ??= setInterval(() => this.#round(), INTERVAL);
  }

  /** Pauses the messages. */
  pause(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Deletes the history of all rooms, when nobody is in them. */
  async clear(): Promise<void> {
    for (const room of ROOMS) await this.#server.room(room).clear();
  }

  #round(): void {
    if (this.#server.clients.size === 0) return;
    for (let rooms = 0; rooms < ROOMS_PER_ROUND; rooms++) {
      const round = this.#next++;
      const room = ROOMS[round % ROOMS.length]!;
      const count = BURSTS[round % BURSTS.length]!;
      for (let sent = 0; sent < count; sent++) void this.#send(room);
    }
  }

  async #send(room: string): Promise<void> {
    const n = (this.#last.get(room) ?? 0) + 1;
    this.#last.set(room, n);
    try {
      await this.#server.room(room).broadcast(TICK, { n });
      this.sent++;
    } catch (error) {
      this.#problems.add(`a tick failed: ${Deno.inspect(error)}`);
    }
  }
}
