/**
 * What all clients of a run have sent to rooms and received from them.
 *
 * @module
 */

import type { Data } from "./actions.ts";
import { type Payload, readFrame, type Rules } from "./model.ts";
import { Violation } from "./violation.ts";

/** The features of a client that sends messages to rooms */
const FEATURES = ["rooms", "batch"];

/** The largest ratio of the size of JSON to that of the frame which contained it */
const MAX_EXPANSION = 6;

/** The messages of all rooms. */
export class RoomRecords {
  /** The size of everything that was sent to rooms, in bytes at most */
  bytes = 0;
  readonly #sent = new Set<string>();
  /** The messages by their room and position */
  readonly #kept = new Map<string, string>();

  /**
   * Notes a frame that a client sends. Other clients can receive its messages before the
   * client knows that its login was accepted.
   */
  send(payload: Payload, rules: Rules): void {
    if (!String(payload).includes('"room"')) return;
    for (const reading of readFrame(payload, rules, FEATURES)) {
      if (reading.kind !== "room") continue;
      const { room, data: { message, data } } = reading;
      this.bytes += MAX_EXPANSION * payload.length;
      this.#sent.add(contentOf(room, message, data));
    }
  }

  /** Asserts that a client has sent a message, and that all clients get the same. */
  receive({ room, position, from, message, data }: Data): void {
    const content = contentOf(room, message, data);
    if (!this.#sent.has(content)) {
      throw new Violation(`nobody has sent the message ${content}`);
    }
    if (position === null) return;
    const place = `${position} ${room}`;
    const actual = `${from} ${content}`;
    const known = this.#kept.get(place) ?? actual;
    this.#kept.set(place, known);
    if (known === actual) return;
    throw new Violation(`position ${place} is ${known} and ${actual}`);
  }
}

function contentOf(room: string, message: unknown, data: unknown): string {
  return JSON.stringify([room, message, data]);
}
