/**
 * Checks the messages of one room: each author numbers its messages, and a client receives
 * every message once and in order, unless it has learned of a gap. It does not depend on a
 * connection.
 *
 * @module
 */

import { RoomSequence } from "../../lib/room_sequence.ts";

/** The options of a ledger. */
export interface RoomLedgerOptions {
  /** Whether the room keeps so little that messages can be missing */
  readonly isBrief: boolean;
  /** Called with each problem */
  readonly report: (problem: string) => void;
}

/** The messages of one room that a client has received. */
export class RoomLedger {
  /** The number of messages */
  received = 0;
  /** The position of the last message; `null` before the first one */
  position: string | null = null;
  readonly #options: RoomLedgerOptions;
  readonly #sequence = new RoomSequence();

  constructor(options: RoomLedgerOptions) {
    this.#options = options;
  }

  /** Returns the number of the last message of an author; 0 before the first one. */
  last(author: string): number {
    return this.#sequence.last(author);
  }

  /** Checks a message. */
  take(author: string, n: number, position: string | null): void {
    this.received++;
    this.position = position;
    if (position === null) this.#report(`message ${n} has no position`);
    const arrival = this.#sequence.take(author, n);
    if (arrival.kind === "next") return;
    const subject = `message ${n} of ${author} arrived after ${arrival.after}`;
    if (arrival.kind === "old") this.#report(subject);
    else if (!arrival.isFlagged) this.#report(`${subject} without a gap`);
  }

  /** Notes that messages are missing. */
  gap(reason: string): void {
    this.#sequence.gap();
    if (this.#options.isBrief && reason === "expired") return;
    this.#report(`messages are missing: ${reason}`);
  }

  /** Forgets all messages, because the client does not continue where it was. */
  forget(): void {
    this.#sequence.forget();
    this.position = null;
  }

  #report(problem: string): void {
    this.#options.report(problem);
  }
}
