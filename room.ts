/**
 * The room that one client has for what can wait, and whose turn it is when there is
 * some.
 *
 * @module
 */

import type { TurnQueue } from "./turns.ts";

/** Something that waits for room. */
export interface Waiter {
  /** How much room it needs, in UTF-16 units */
  readonly units: number;
  /** There is room; does not throw. */
  enter(): void;
}

/** Who has the room. */
export interface RoomOwner {
  /** Whether so many UTF-16 units can be sent, with half of all room left for others. */
  hasSpareRoom(units: number): boolean;
  /** Waits a moment, in which there may be more room. */
  moment(): Promise<void>;
}

/**
 * Lets in those that wait for room in their order. However many there are, only the
 * first of them is looked at: a client that reads nothing costs next to nothing.
 */
export class Room {
  readonly #owner: RoomOwner;
  readonly #turns: Pick<TurnQueue, "add">;
  readonly #waiting = new Set<Waiter>();
  #isWatched = false;

  constructor(owner: RoomOwner, turns: Pick<TurnQueue, "add">) {
    this.#owner = owner;
    this.#turns = turns;
  }

  /** Whether there is room for so many units, and nobody waits for it. */
  isOpenFor(units: number): boolean {
    return this.#waiting.size === 0 && this.#owner.hasSpareRoom(units);
  }

  /** Enters when there is room, after all that wait already. */
  wait(waiter: Waiter): void {
    this.#waiting.add(waiter);
    if (!this.#isWatched) void this.#watch();
  }

  /** Waits no longer. */
  forget(waiter: Waiter): void {
    this.#waiting.delete(waiter);
  }

  async #watch(): Promise<void> {
    this.#isWatched = true;
    while (this.#waiting.size > 0) {
      await this.#owner.moment();
      await this.#admit();
    }
    this.#isWatched = false;
  }

  /** Lets in as many as there is room for, one in a turn: each may fill it. */
  async #admit(): Promise<void> {
    for (const waiter of this.#waiting) {
      if (!this.#owner.hasSpareRoom(waiter.units)) return;
      this.#waiting.delete(waiter);
      waiter.enter();
      await new Promise<void>((resolve) => this.#turns.add(resolve));
    }
  }
}
