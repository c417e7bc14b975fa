/**
 * The events of a room that its contract allows.
 *
 * @module
 */

import { describeMessage, describeRoom } from "../common/text.ts";
import { assertNamed } from "../contract/checks.ts";
import {
  eventsOf,
  publishesOf,
  type RoomEntry,
} from "../contract/room_entry.ts";

/** Checks the names that the application passes, because JavaScript has no compiler. */
export class RoomNames {
  readonly #room: string;
  readonly #entry: RoomEntry | undefined;

  /**
   * Constructs `RoomNames`.
   *
   * @param room The name of the room
   * @param entry What the contract says about the room; without it, every name is allowed
   */
  constructor(room: string, entry: RoomEntry | undefined) {
    this.#room = room;
    this.#entry = entry;
  }

  /**
   * Checks the names of a listener.
   *
   * @throws {TypeError} If the room does not have an event
   */
  assertEvents(names: unknown): void {
    if (this.#entry === undefined || typeof names === "function") return;
    const events = eventsOf(this.#entry);
    for (const name of [names].flat() as string[]) {
      const message = describeMessage(name);
      const subject = `Cannot receive ${message} of ${
        describeRoom(this.#room)
      }`;
      assertNamed(subject, events, name);
    }
  }

  /**
   * Checks the name of a message that the client publishes.
   *
   * @throws {TypeError} If clients cannot publish it
   */
  assertPublishable(name: string): void {
    if (this.#entry === undefined) return;
    const message = describeMessage(name);
    const names = publishesOf(this.#entry).map((each) => [each, true]);
    assertNamed(
      `Cannot publish ${message} to ${describeRoom(this.#room)}`,
      Object.fromEntries(names),
      name,
    );
  }
}
